"""`read_interactions`: tables as people have them, and refusals that name file, line and mend."""

import bz2
import gzip
import lzma
import warnings
import zipfile

import pandas as pd
import pytest

from recsys_tutorial.datasets import DataError, read_interactions


@pytest.fixture
def write(tmp_path):
    """Write text or bytes to a file and give its path."""

    def write(content: str | bytes, name: str = "log.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


def refusal(*arguments, **options) -> str:
    with pytest.raises(DataError) as caught:
        read_interactions(*arguments, **options)
    return str(caught.value)


PLAIN = "user,item\n1,2\n3,4\n"
SAME_TABLE = {
    "comma": PLAIN,
    "semicolon": PLAIN.replace(",", ";"),
    "tab": PLAIN.replace(",", "\t"),
    "bar": PLAIN.replace(",", "|"),
    "mark of Excel": "\ufeff" + PLAIN,
    "lines of Windows": PLAIN.replace("\n", "\r\n"),
    "lines of an old Mac": PLAIN.replace("\n", "\r"),
    "no last line end": PLAIN.rstrip(),
    "quotes": '"user","item"\n"1","2"\n"3","4"\n',
    "spaces": "user, item\n1, 2\n3, 4\n",
    "comma at the end of each row": "user,item\n1,2,\n3,4,\n",
    "comma at the end of each line": "user,item,\n1,2,\n3,4,\n",
    "empty lines": "\n \nuser,item\n1,2\n\n3,4\n\n\n",
    "empty rows": "user,item\n1,2\n,\n3,4\n,\n",
    "another column": "user,note,item\n1,hello,2\n3,a;b;c,4\n",
}


@pytest.mark.parametrize("name", SAME_TABLE)
def test_tables_as_people_have_them(write, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = read_interactions(write(SAME_TABLE[name]))
    assert made.events[["user", "item"]].to_numpy().tolist() == [[1, 2], [3, 4]]
    assert made.events["user"].dtype == made.events["item"].dtype == "int64"
    assert made.events["rating"].tolist() == [1.0, 1.0] and not made.has_time


@pytest.mark.parametrize(
    ("suffix", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
)
def test_compressed_tables(write, suffix, pack):
    assert read_interactions(write(pack(PLAIN.encode()), f"log.csv.{suffix}")).n_events == 2


def test_a_table_in_a_zip_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "log.zip", "w") as archive:
        archive.writestr("log.csv", PLAIN)
    assert read_interactions(tmp_path / "log.zip").n_events == 2


def test_all_columns_under_other_names(write):
    path = write("who;what;stars;when\nAnn;Alien;5;2016-03-05 17:20\nBo;Big;3;2016-03-06\n")
    made = read_interactions(path, user="who", item="what", rating="stars", timestamp="when")
    assert made.events["rating"].tolist() == [5, 3] and made.has_time
    assert made.events["timestamp"].iloc[0] == 1_457_198_400


def test_numeric_times_have_a_unit(write):
    path = write("user,item,t\n1,2,1457198400000\n")
    made = read_interactions(path, timestamp="t", timestamp_unit="ms")
    assert made.events["timestamp"].tolist() == [1_457_198_400]


def test_quoted_cells_may_hold_separators_quotes_and_letters_of_any_language(write):
    made = read_interactions(write('user,item\n"Ann, B.","say ""hi"""\n王,Amélie\n'))
    assert made.events["user"].tolist() == ["Ann, B.", "王"]
    assert made.events["item"].tolist() == ['say "hi"', "Amélie"]


def test_a_repeated_pair_is_merged_unless_told_otherwise(write):
    path = write("user,item,rating\n1,2,3\n1,2,5\n")
    made = read_interactions(path, rating="rating")
    assert made.events["rating"].tolist() == [5] and made.n_merged == 1
    message = refusal(path, rating="rating", duplicates="error")
    assert "log.csv" in message and "row 3" in message


def test_ids_keep_their_type_in_a_large_file(write):
    # pandas reads in blocks, of 4096 rows for so many columns, and would guess anew in each.
    header = "user,item," + ",".join(f"note{n}" for n in range(200))
    rows = "".join(f"{n},{n}{',' * 200}\n" for n in range(5000))
    made = read_interactions(write(f"{header}\n{rows}guest,1{',' * 200}\n"))
    assert {type(user) for user in made.events["user"]} == {str}


def test_64_bit_ids_survive_empty_lines(write):
    made = read_interactions(write("user,item\n9007199254740993,1\n\n9007199254740992,1\n"))
    assert made.events["user"].tolist() == [9007199254740992, 9007199254740993]


def test_an_item_table_comes_from_a_second_file(write):
    log = write("user;film\n1;7\n")
    items = write("film,title,genres\n7,Alien,Horror|Sci-Fi\n8,Big,\n", "films.csv")
    made = read_interactions(log, item="film", items=items)
    assert made.titles.to_dict() == {7: "Alien", 8: "Big"}
    assert "films.csv: no column 'film'" in refusal(
        log, item="film", items=write("a\n1\n", "films.csv")
    )
    missing = write("film,title\n9,Clue\n", "films.csv")
    assert "not in the item table (row 2)" in refusal(log, item="film", items=missing)


# name: (content, words of the message)
REFUSED = {
    "nothing": ("", ["is empty", "header"]),
    "only a mark": ("\ufeff", ["is empty", "header"]),
    "only empty lines": ("\n\n \n", ["is empty", "header"]),
    "only a header": ("user,item\n", ["header but no rows"]),
    "only a header and empty lines": ("user,item\n\n\n", ["header but no rows"]),
    "one column": ("user\n1\n2\n", ["no column 'item'", "The file has: user."]),
    "near match": ("users,item\n1,2\n", ["no column 'user'", "Did you mean 'users'?"]),
    "near match in capitals": ("USER,item\n1,2\n", ["Did you mean 'USER'?", "USER, item"]),
    "no match": ("a,b\n1,2\n", ["no column 'user'. The file has: a, b."]),
    "missing user": ("user,item\n1,2\n,3\n", ["'user'", "row 3", "--drop-bad-rows"]),
    "missing item after empty lines": ("\nuser,item\n\n1,2\n\n3,\n", ["'item'", "row 6"]),
    "NA is missing": ("user,item\nNA,2\n", ["missing user", "row 2"]),
    "short row": ("user,item\n1\n", ["'item'", "row 2"]),
    "long row": ("user,item\n1,2\n1,2,3\n", ["not a table", "line 3"]),
    "long rows": ("user,item\n1,2,3\n1,2,3\n", ["not a table", "longer than the header"]),
    "open quote": ('user,item\n"1,2\n3,4\n', ["not a table"]),
    "letters that cannot be guessed": ("user,item\nИван,1\n".encode("cp1251"), ["--encoding"]),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), ["picture"]),
    "control characters": (bytes(range(32)) * 9, []),
}


@pytest.mark.parametrize("name", REFUSED)
def test_each_broken_file_is_refused_in_words(write, name):
    content, words = REFUSED[name]
    message = refusal(write(content))
    assert "log.csv" in message and all(word in message for word in words), message


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zip"])
@pytest.mark.parametrize("content", [b"not an archive", b""])
def test_a_file_that_only_pretends_to_be_compressed(write, suffix, content):
    assert f"log.csv.{suffix}" in refusal(write(content, f"log.csv.{suffix}"))


@pytest.mark.parametrize("cut", [20, 40])
def test_an_archive_that_broke_off(write, cut):
    packed = gzip.compress(("user,item\n" + "1,2\n3,4\n" * 3000).encode())
    assert "not a table that can be read" in refusal(write(packed[:cut], "log.csv.gz"))
    assert "not a table that can be read" in refusal(write(packed[:cut] + b"x" * 40, "log.csv.gz"))


def test_a_missing_file_and_a_folder(tmp_path):
    assert "There is no file" in refusal(tmp_path / "nowhere.csv")
    assert "is a folder" in refusal(tmp_path)


@pytest.mark.parametrize("option", ["rating", "timestamp"])
def test_a_missing_optional_column_is_named(write, option):
    message = refusal(write("user,item,stars\n1,2,3\n"), **{option: "star"})
    assert "no column 'star'" in message and "Did you mean 'stars'?" in message


def test_rows_are_counted_as_lines_of_the_file(write):
    path = write("user,item,stars\n1,2,3\n\n\n2,3,\n")
    message = refusal(path, rating="stars")
    assert message.startswith("log.csv: Column 'stars' (rating): missing rating (row 5)")


def test_the_file_is_only_read(write):
    path = write(PLAIN)
    read_interactions(str(path))
    assert path.read_text() == PLAIN
    assert pd.read_csv(path).shape == (2, 2)


# ------------------------------------------------------------------ what a shop's export holds


@pytest.mark.parametrize(
    "word", ["Größe", "süß", "Süßigkeit", "Fußgänger", "naïve", "crème brûlée"]
)
def test_western_letters_are_guessed_though_two_stand_together(write, word):
    path = write(f"user,item\n1,{word}\n2,Tee\n".encode("cp1252"))
    assert read_interactions(path).events["item"].tolist()[0] == word


@pytest.mark.parametrize("codec", ["cp1251", "koi8-r"])
def test_cyrillic_words_are_not_taken_for_western_ones(write, codec):
    path = write("user,item\n1,на\n2,чай и ёж\n".encode(codec))
    assert "--encoding NAME" in refusal(path) and "cp1252 (Western Europe)" in refusal(path)


def test_times_that_stand_for_never_are_bad_cells(write):
    path = write("user,item,when\n1,2,2024-01-01\n3,4,1900-01-01\n5,6,9999-12-31\n7,8,soon\n")
    said = refusal(path, timestamp="when")
    assert "'1900-01-01' is not a possible time (row 3, 4, 5)" in said and "unit" not in said
    seen = []
    kept = read_interactions(path, timestamp="when", bad_rows="drop", report=seen.append)
    assert kept.events["user"].tolist() == [1]
    assert any(line.startswith("3 of 4 rows had a missing or bad cell") for line in seen)
    only = write("user,item,when\n1,2,2024-01-01\n3,4,1900-01-01\n", "two.csv")
    said = refusal(only, timestamp="when")
    assert "'1900-01-01' is a time before 1970 or in the future (row 3)" in said
    assert "--drop-bad-rows" in said
    # Where no time can be, it is the unit that is wrong.
    none = write("user,item,when\n1,2,1704067200000\n3,4,1704067200001\n", "ms.csv")
    assert "timestamp_unit" in refusal(none, timestamp="when", timestamp_unit="s")


def test_the_first_bad_cell_is_quoted(write):
    path = write("user;item;price\n1;2;3,50\n3;4;12,50 €\n")
    said = refusal(path, rating="price")
    assert "'12,50 €' is not a number (row 3)" in said and "'12.50 €' to 12.50" in said
    path = write("user,item,when\n1,2,2024-01-01\n3,4,soon\n")
    assert "'soon' is not a time (row 3)" in refusal(path, timestamp="when")


def test_ids_that_differ_in_case_only_are_said(write):
    seen = []
    text = "user,item\nAnna,tea\nanna,Tea\nBEN,tea\nben,Milk\n"
    read_interactions(write(text), report=seen.append)
    assert any(
        "'Anna' and 'anna' (and 1 more) differ in the case of letters only" in s for s in seen
    )
    assert any("'tea' and 'Tea' differ in the case of letters only" in s for s in seen)
    seen.clear()
    read_interactions(write("user,item\n007,a\nx7,b\nX7,c\n"), report=seen.append)
    assert any("with leading zeros; 'x7' and 'X7' differ" in line for line in seen)
    seen.clear()
    read_interactions(write("user,item\nAnna,tea\nBen,Milk\n"), report=seen.append)
    assert not any("differ" in line for line in seen)


def test_the_highest_of_repeated_events_is_kept(write):
    text = "user,item,stage,when\n1,a,3,30\n1,a,1,40\n1,a,3,20\n2,a,1,10\n"
    log = read_interactions(write(text), rating="stage", timestamp="when", duplicates="max")
    assert log.events.to_numpy().tolist() == [[1, "a", 3.0, 30], [2, "a", 1.0, 10]]
    assert log.n_merged == 2
    log = read_interactions(write(text), rating="stage", duplicates="max")
    assert log.events["rating"].tolist() == [3.0, 1.0]


def test_an_item_table_without_known_columns_is_said(write):
    items = write("item,name,category\n2,Tea,Drinks\n4,Bread,Food\n", "items.csv")
    seen = []
    log = read_interactions(write(PLAIN), items=items, report=seen.append)
    assert log.titles.tolist() == ["2", "4"]
    assert any("items.csv: ids only" in line and "rename yours" in line for line in seen)


def test_a_column_that_is_named_by_a_number_is_refused_with_the_text(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("1,2\n1,3\n2,3\n", encoding="utf-8")
    with pytest.raises(DataError, match=r'not by 1; .*its number is a text, too: "1"'):
        read_interactions(path, header=False, user=1, item=2)
