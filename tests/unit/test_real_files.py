r"""Files as other programs write them: each is read right, or refused in one line.

How the programs write was looked up in their manuals: pandas' ``to_csv`` (an index column without a
name), R's ``write.csv`` and ``write.csv2`` (row names in quotes, NA, a decimal comma in the
second), Excel's "CSV UTF-8" (a mark), its CSV for Europe (semicolons, decimal commas, cp1252) and
"Unicode text" (UTF-16, tabs), MySQL's ``--tab`` and PostgreSQL's ``COPY`` (tabs, no quotes,
``\N``), and the files of MovieLens 100K and 1M.
"""

import csv
import gzip
import io
import os
import stat
import zipfile

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial.cli import main
from recsys_tutorial.datasets import DataError, read_interactions
from recsys_tutorial.datasets.reading import cells, parsing
from recsys_tutorial.datasets.reading.decoding import open_text
from recsys_tutorial.datasets.reading.parsing import SEPARATORS, read_table

DAY = 86_400
MARCH_5 = 1_457_136_000  # 2016-03-05 in UTC
ALL = {"user": "user", "item": "item", "rating": "rating", "timestamp": "time"}
IDS = {"user": "user", "item": "item"}
NUMBERED = {"user": "1", "item": "2", "rating": "3", "timestamp": "4", "header": False}
# What most files below say: two people, two things, two ratings, two days.
TWO = [("ann", "Alien", 4.0, MARCH_5), ("bo", "Big", 3.5, MARCH_5 + DAY)]
NAMELESS = [(user, item) for user, item, _, _ in TWO]


def frame():
    return pd.DataFrame(
        {
            "user": ["ann", "bo"],
            "item": ["Alien", "Big"],
            "rating": [4.0, 3.5],
            "time": pd.to_datetime(["2016-03-05", "2016-03-06"]),
        }
    )


def packed(name, *members):
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as archive:
        for member, text in members:
            archive.writestr(member, text)
    return box.getvalue()


COMMA = "user,item,rating,time\nann,Alien,4,2016-03-05\nbo,Big,3.5,2016-03-06\n"
EUROPE = "user;item;rating;time\nann;Alien;4;05.03.2016\nbo;Big;3,5;06.03.2016\n"
MYSQL = "ann\tAlien\t4\t2016-03-05 00:00:00\nbo\tBig\t3.5\t2016-03-06 00:00:00\n"
ML_1M = "1::1193::5::978300760\n1::661::3::978302109\n2::1193::4::978298413\n"
ML_100K = "196\t242\t3\t881250949\n186\t302\t3\t891717742\n196\t377\t1\t878887116\n"
TIMES = "user,item,time\n1,2,{}\n3,4,{}\n"


def dated(first, second):
    return TIMES.format(first, second)


TIMED = {**IDS, "timestamp": "time"}


def days(first, second):
    seconds = (pd.to_datetime([first, second]) - pd.Timestamp("1970-01-01")).total_seconds()
    return [(1, 2, int(seconds[0])), (3, 4, int(seconds[1]))]


# name: (content, options, rows of user, item and, if asked for, rating and time, words reported)
RIGHT = {
    "pandas, default": (frame().to_csv(), ALL, TWO, ["comma"]),
    "pandas, no index": (frame().to_csv(index=False), ALL, TWO, []),
    "pandas, tabs": (frame().to_csv(sep="\t"), ALL, TWO, ["tab"]),
    "pandas, ids turned to fractions by a gap": (
        "user,item\n7.0,1\n8.0,2\n",
        IDS,
        [(7, 1), (8, 2)],
        ["'7.0' was read as 7, and all others likewise"],
    ),
    "years": (dated("2019", "2024"), TIMED, days("2019-01-01", "2024-01-01"), ["such as 2019"]),
    "years, turned to fractions by a gap": (
        dated("2019.0", "2024.0"),
        TIMED,
        days("2019-01-01", "2024-01-01"),
        ["2019.0 as dates: 2019-01-01"],
    ),
    "months without marks": (
        dated("201912", "202401"),
        TIMED,
        days("2019-12-01", "2024-01-01"),
        ["201912 as dates: 2019-12-01"],
    ),
    "dates and clocks without marks": (
        dated("20191231000000", "20240101000000"),
        TIMED,
        days("2019-12-31", "2024-01-01"),
        ["00:00:00"],
    ),
    "R write.csv": (
        '"","user","item","rating","time"\n"1","ann","Alien",4,"2016-03-05"\n'
        '"2","bo","Big",3.5,"2016-03-06"\n',
        ALL,
        TWO,
        ["comma"],
    ),
    "R write.csv2": (
        '"";"user";"item";"rating";"time"\n"1";"ann";"Alien";4;"2016-03-05"\n'
        '"2";"bo";"Big";3,5;"2016-03-06"\n',
        ALL,
        TWO,
        ["semicolon", "decimal comma"],
    ),
    "Excel CSV UTF-8": (
        ("\ufeff" + COMMA).replace("\n", "\r\n"),
        ALL,
        TWO,
        ["UTF-8 with a mark"],
    ),
    "Excel in Europe": (
        EUROPE.replace("\n", "\r\n").replace("Alien", "Amélie").encode("cp1252"),
        ALL,
        [("ann", "Amélie", 4.0, MARCH_5), TWO[1]],
        ["semicolon", "cp1252 (a guess", "decimal comma", "day first"],
    ),
    "Excel Unicode text": (COMMA.replace(",", "\t").encode("utf-16"), ALL, TWO, ["UTF-16", "tab"]),
    "UTF-16, big end first": (
        b"\xfe\xff" + COMMA.encode("utf-16-be"),
        ALL,
        TWO,
        ["UTF-16"],
    ),
    "UTF-16 without a mark": (COMMA.encode("utf-16-le"), ALL, TWO, ["without a mark"]),
    "UTF-32": (COMMA.encode("utf-32"), ALL, TWO, ["UTF-32"]),
    "Excel's line sep=": ("sep=;\r\n" + EUROPE, ALL, TWO, ["semicolon"]),
    "MySQL --tab": (MYSQL, NUMBERED, TWO, ["tab"]),
    "MySQL --tab, nothing in an unused column": (
        "ann\t\\N\tAlien\nbo\tx\tBig\n",
        {"user": "1", "item": "3", "header": False},
        NAMELESS,
        [],
    ),
    "MySQL --tab, a quotation mark is a letter": (
        'ann\t"Alien" and more\nbo\tBig\n',
        {"user": "1", "item": "2", "header": False},
        [("ann", '"Alien" and more'), ("bo", "Big")],
        [],
    ),
    "PostgreSQL COPY": (MYSQL.replace(" 00:00:00", " 00:00:00+00"), NUMBERED, TWO, ["tab"]),
    "PostgreSQL COPY CSV HEADER": (COMMA, ALL, TWO, []),
    "PostgreSQL with a zone": (
        dated("2016-03-05 01:00:00+01", "2016-03-05 05:30:00+05:30"),
        {**IDS, "timestamp": "time"},
        [(1, 2, MARCH_5), (3, 4, MARCH_5)],
        [],
    ),
    "MovieLens 1M": (ML_1M, NUMBERED, [(1, 661, 3.0, 978302109)], ["double colon"]),
    "MovieLens 100K": (ML_100K, NUMBERED, [(196, 242, 3.0, 881250949)], ["tab", "in s"]),
    "MovieLens 25M": (
        "userId,movieId,rating,timestamp\n1,296,5.0,1147880044\n",
        {"user": "userId", "item": "movieId", "rating": "rating", "timestamp": "timestamp"},
        [(1, 296, 5.0, 1147880044)],
        [],
    ),
    "BigQuery": (
        dated("2016-03-05 00:00:00 UTC", "2016-03-06 00:00:00.250000 UTC"),
        {**IDS, "timestamp": "time"},
        [(1, 2, MARCH_5), (3, 4, MARCH_5 + DAY)],
        [],
    ),
    "JavaScript": (
        dated("2016-03-05T00:00:00.000Z", "2016-03-06T00:00:00.000Z"),
        {**IDS, "timestamp": "time"},
        [(1, 2, MARCH_5), (3, 4, MARCH_5 + DAY)],
        [],
    ),
    "milliseconds": (
        dated(1457136000000, 1457222400000),
        {**IDS, "timestamp": "time"},
        [(1, 2, MARCH_5), (3, 4, MARCH_5 + DAY)],
        ["in ms"],
    ),
    "microseconds": (
        dated(1457136000000000, 1457222400000000),
        {**IDS, "timestamp": "time"},
        [(1, 2, MARCH_5), (3, 4, MARCH_5 + DAY)],
        ["in us"],
    ),
    "nanoseconds": (
        dated(1457136000000000000, 1457222400000000000),
        {**IDS, "timestamp": "time"},
        [(1, 2, MARCH_5), (3, 4, MARCH_5 + DAY)],
        ["in ns"],
    ),
    "seconds with fractions": (
        dated("1457136000.75", "1457222400.5"),
        {**IDS, "timestamp": "time"},
        [(1, 2, MARCH_5), (3, 4, MARCH_5 + DAY)],
        [],
    ),
    "dates without marks": (
        dated("20160305", "20160306"),
        {**IDS, "timestamp": "time"},
        [(1, 2, MARCH_5), (3, 4, MARCH_5 + DAY)],
        [],
    ),
    "day first": (
        dated("05/03/2016", "31/03/2016"),
        {**IDS, "timestamp": "time"},
        [(1, 2, MARCH_5), (3, 4, MARCH_5 + 26 * DAY)],
        ["day first"],
    ),
    "month first, with a clock of twelve hours": (
        dated("3/5/2016 2:30 PM", "3/31/2016 12:05 AM"),
        {**IDS, "timestamp": "time"},
        [(1, 2, MARCH_5 + 52_200), (3, 4, MARCH_5 + 26 * DAY + 300)],
        ["month first"],
    ),
    "an order that was said": (
        dated("05/03/2016", "06/03/2016"),
        {**IDS, "timestamp": "time", "date_order": "dmy"},
        [(1, 2, MARCH_5), (3, 4, MARCH_5 + DAY)],
        ["day first"],
    ),
    "years of two digits": (
        dated("05.03.16 9:05", "31.12.99"),
        {**IDS, "timestamp": "time"},
        [(1, 2, MARCH_5 + 32_700), (3, 4, 946_598_400)],
        ["day first"],
    ),
    "Chinese marks in dates": (
        dated("2016/3/5", "2016/3/6 00:00"),
        {**IDS, "timestamp": "time"},
        [(1, 2, MARCH_5), (3, 4, MARCH_5 + DAY)],
        [],
    ),
    "months in words": (
        dated("5 Mar 2016", '"Mar 6, 2016"'),
        {**IDS, "timestamp": "time"},
        [(1, 2, MARCH_5), (3, 4, MARCH_5 + DAY)],
        [],
    ),
    "Chinese letters of the 1990s": (
        "user,item\n王小明,肖申克的救赎\n李雷,霸王别姬\n".encode("gb18030"),
        IDS,
        [("王小明", "肖申克的救赎"), ("李雷", "霸王别姬")],
        ["gb18030 (a guess"],
    ),
    "an encoding that was said": (
        "user,item\nИванов,Сталкер\n".encode("cp1251"),
        {**IDS, "encoding": "cp1251"},
        [("Иванов", "Сталкер")],
        ["as you said"],
    ),
    "UTF-8, letters of all kinds": (
        "user,item\n王,Amélie\n😀,Сталкер\n",
        IDS,
        [("王", "Amélie"), ("😀", "Сталкер")],
        ["UTF-8"],
    ),
    "packed by gzip": (gzip.compress(COMMA.encode()), ALL, TWO, ["packed as gz"]),
    "a zip archive with one member": (
        packed("x.zip", ("log.csv", COMMA), ("__MACOSX/._log.csv", "junk")),
        ALL,
        TWO,
        ["packed as zip"],
    ),
    "a zip archive that a Mac has packed": (
        packed("x.zip", ("log/log.csv", COMMA), ("log/.DS_Store", "junk")),
        ALL,
        TWO,
        ["packed as zip"],
    ),
    "a line with the sum at the end": (
        "user,item\n" + "".join(f"{user},7\n" for user in range(1, 20)) + "Total,19\n",
        IDS,
        [(str(user), 7) for user in range(1, 20)] + [("Total", 19)],
        ["kept as text, because 'Total' (row 21) is no whole number"],
    ),
    "a name that looks like a power of ten": (
        "user,item\n12E5,1\n7,2\n",
        IDS,
        [("12E5", 1), ("7", 2)],
        [],
    ),
    "leading zeros": (
        "user,item\n007,0012\n08,5\n",
        IDS,
        [("007", "0012"), ("08", "5")],
        ["leading zeros"],
    ),
    "ids of 19 digits": (
        "user,item\n1234567890123456789,1\n1234567890123456788,1\n",
        IDS,
        [("1234567890123456789", 1), ("1234567890123456788", 1)],
        [],
    ),
    "thousands with commas": (
        'user,item,rating\n1,2,"1,234.50"\n1,3,12\n',
        {**IDS, "rating": "rating"},
        [(1, 2, 1234.5), (1, 3, 12.0)],
        ["from 12 to 1234.5"],
    ),
    "thousands with points": (
        "user;item;rating\n1;2;1.234,5\n1;3;2.000\n",
        {**IDS, "rating": "rating"},
        [(1, 2, 1234.5), (1, 3, 2000.0)],
        ["decimal comma"],
    ),
    "thousands with narrow spaces": (
        "user;item;rating\n1;2;1\u202f234,5\n",
        {**IDS, "rating": "rating"},
        [(1, 2, 1234.5)],
        [],
    ),
    "three decimals are decimals": (
        "user,item,rating\n1,2,0.125\n1,3,1.500\n",
        {**IDS, "rating": "rating"},
        [(1, 2, 0.125), (1, 3, 1.5)],
        [],
    ),
    "a mark that was said": (
        'user,item,rating\n1,2,"1,234"\n',
        {**IDS, "rating": "rating", "decimal": ","},
        [(1, 2, 1.234)],
        [],
    ),
    "negative ratings": (
        "user,item,rating\n1,2,-3\n1,3,4\n",
        {**IDS, "rating": "rating"},
        [(1, 2, -3.0), (1, 3, 4.0)],
        ["some below zero"],
    ),
    "only events": ("user,item\nann,Alien\nbo,Big\n", IDS, NAMELESS, []),
    "line breaks in quotes": (
        'user,item,note\nann,Alien,"first\nsecond\r\n\r\nthird"\nbo,Big,x\n',
        IDS,
        NAMELESS,
        [],
    ),
    "quotes and separators in quotes": (
        'user,item\n"Ann, B.","say ""hi""; then"\n',
        IDS,
        [("Ann, B.", 'say "hi"; then')],
        ["comma"],
    ),
    "more commas than semicolons": (
        "user;item;note\nann;Alien;a, b, c, d\nbo;Big;e, f, g, h\n",
        IDS,
        NAMELESS,
        ["semicolon"],
    ),
    "bars": (COMMA.replace(",", "|"), ALL, TWO, ["bar"]),
    "another separator that was said": (
        COMMA.replace(",", "^"),
        {**ALL, "separator": "^"},
        TWO,
        ["'^'"],
    ),
    "rows that end early, in columns that nobody asked for": (
        "user,item,note\nann,Alien\nbo,Big,x\n",
        IDS,
        NAMELESS,
        ["1 rows are shorter"],
    ),
    "a comma at the end of every row": ("user,item\nann,Alien,\nbo,Big,\n", IDS, NAMELESS, []),
    "duplicates: the latest counts": (
        "user,item,rating,time\n1,2,3,2016-03-06\n1,2,5,2016-03-05\n",
        ALL,
        [(1, 2, 3.0, MARCH_5 + DAY)],
        [],
    ),
    "duplicates: counts are added": (
        "user,item,rating\n1,2,3\n1,2,5\n",
        {**IDS, "rating": "rating", "duplicates": "sum"},
        [(1, 2, 8.0)],
        [],
    ),
    "bad rows are left out": (
        "user,item,rating,time\n,Big,3,2016-03-05\nann,Alien,4,2016-03-05\nbo,Big,good,2016-03-05\n"
        "cy,Clue,3,yesterday\ndi,Dune,NA,2016-03-05\nbo,Big,3.5,2016-03-06\n",
        {**ALL, "bad_rows": "drop"},
        TWO,
        ["4 of 6 rows"],
    ),
    "ratings out of scale are left out": (
        "user,item,rating\n1,2,99\n1,3,4\n",
        {**IDS, "rating": "rating", "rating_range": (1, 5), "bad_rows": "drop"},
        [(1, 3, 4.0)],
        ["1 of 2 rows"],
    ),
    "one user": ("user,item\n1,2\n1,3\n", IDS, [(1, 2), (1, 3)], []),
    "one item": ("user,item\n1,2\n3,2\n", IDS, [(1, 2), (3, 2)], []),
    "spaces around everything": (" user , item \n ann , Alien \n bo , Big \n", IDS, NAMELESS, []),
    "a very long line": (
        "user,item,note\n1,2," + "x" * 100_000 + "\n3,4,y\n",
        IDS,
        [(1, 2), (3, 4)],
        [],
    ),
    "numbers of a year as ids": ("user,item\n2016,1984\n", IDS, [(2016, 1984)], []),
}


@pytest.fixture
def write(tmp_path):
    def write(content, name="log.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


@pytest.mark.parametrize("name", RIGHT)
def test_a_file_is_read_right_and_how_is_said(write, name):
    content, options, rows, words = RIGHT[name]
    said = []
    log = read_interactions(write(content), **options, report=said.append)
    columns = ["user", "item"]
    columns += ["rating"] if options.get("rating") else []
    columns += ["timestamp"] if options.get("timestamp") else []
    found = [tuple(row) for row in log.events[columns].itertuples(index=False)]
    whole = content.count("\n") if isinstance(content, str) else 0
    assert found[: len(rows)] == rows or found[1:2] == rows or rows[0] in found
    # The excerpts of MovieLens hold more rows than are compared.
    assert len(found) == (len(rows) if "MovieLens" not in name else whole - ("25M" in name))
    assert all(word in " ".join(said) for word in words), said


# name: (content, options, words of the message)
REFUSED = {
    "JSON lines": ('{"user": 1, "item": 2}\n{"user": 3, "item": 4}\n', IDS, ["JSON", "read_json"]),
    "a JSON list": (
        '[{"user": 1, "item": 2}]',
        IDS,
        ["JSON", "read_json(path, dtype=False, convert_dates=False).to_csv"],
    ),
    "a title above the header": (
        "Export of 2024, shop\n\nuser;item\n1;2\n",
        IDS,
        ["no column 'user'", "Line 3 has the columns: delete the lines above it"],
    ),
    "a title above a header in another case": (
        "Export of 2024, shop\n\n Kunde ;ARTIKEL;tag\n1;2;3\n",
        {"user": "kunde", "item": "ARTIKEL"},
        ["no column 'kunde'", "Line 3 has the columns", "Its names are 'Kunde': mind the case"],
    ),
    "names in another case": (
        "Kunde;Artikel\n1;2\n",
        {"user": "kunde", "item": "artikel"},
        ["Did you mean 'Kunde'?", "Its names are 'Kunde', 'Artikel': mind the case"],
    ),
    "a time beyond all numbers": (
        "user,item,when\n1,2,1e400\n",
        {**IDS, "timestamp": "when"},
        ["'when'", "infinite time"],
    ),
    "a time of 400 digits": (
        "user,item,when\n1,2," + "9" * 400 + "\n",
        {**IDS, "timestamp": "when"},
        ["'when'", "infinite time"],
    ),
    "a range that runs backwards": (
        "user,item,rating\n1,2,3\n",
        {**IDS, "rating": "rating", "rating_range": (5, 1)},
        ["lowest first", "5 and 1"],
    ),
    "a range of no column": (
        "user,item,rating\n1,2,3\n",
        {**IDS, "rating_range": (1, 5)},
        ["--rating NAME"],
    ),
    "round ids that a spreadsheet rounded": (
        "user,item\n1E+15,2\n",
        IDS,
        ["rounded by a spreadsheet", "row 2"],
    ),
    "a web page": ("<!DOCTYPE html>\n<html><body>Sign in</body></html>", IDS, ["web page"]),
    "an Excel workbook": (
        packed("x", ("[Content_Types].xml", "x"), ("xl/workbook.xml", "y")),
        IDS,
        ["Excel workbook", "CSV UTF-8"],
    ),
    "an old Excel workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), IDS, ["old Excel"]),
    "a PDF": (b"%PDF-1.7\n...", IDS, ["PDF"]),
    "Parquet": (b"PAR1\x15\x04" + bytes(50), IDS, ["Parquet"]),
    "a pickle": (b"\x80\x04\x95\x1a\x00", IDS, ["pickle"]),
    "binary garbage": (bytes(np.random.default_rng(0).integers(0, 256, 5000, np.uint8)), IDS, []),
    "zero bytes": (b"user,item\n1,2\n\x00\x00\x003,4\n", IDS, ["zero bytes"]),
    "a zip archive with two members": (
        packed("x", ("a.csv", COMMA), ("b.csv", COMMA)),
        IDS,
        ["2 files", "a.csv", "b.csv"],
    ),
    "an empty zip archive": (packed("x"), IDS, ["0 files"]),
    "an encoding nobody can guess": (
        "user,item\nИванов,Сталкер\nПетров,Солярис\n".encode("cp1251"),
        IDS,
        ["--encoding"],
    ),
    "Japanese of the 1990s": (
        "user,item\nたなか,となりのトトロ\n".encode("euc_jp"),
        IDS,
        ["--encoding"],
    ),
    "a wrong encoding": ("user,item\nAmélie,1\n", {**IDS, "encoding": "ascii"}, ["not text in"]),
    "an unknown encoding": (COMMA, {**IDS, "encoding": "klingon"}, ["no encoding 'klingon'"]),
    "a separator of two characters": (COMMA, {**IDS, "separator": "ab"}, ["one character"]),
    "no header, not said": (ML_100K, IDS, ["no column 'user'", "--no-header"]),
    "a column too high": (ML_100K, {**NUMBERED, "user": "9"}, ["no column '9'", "from 1"]),
    "one column for two purposes": (COMMA, {"user": "user", "item": "user"}, ["two purposes"]),
    "a name that stands twice": ("user,item,item\n1,2,3\n", IDS, ["stands twice"]),
    "a name with a slip": (
        "customer,product\n1,2\n",
        {"user": "costumer", "item": "product"},
        ["Did you mean 'customer'?"],
    ),
    "day or month first": (
        dated("03/04/2016", "05/06/2016"),
        {**IDS, "timestamp": "time"},
        ["03/04/2016", "--date-order"],
    ),
    "day and month first": (
        dated("31/01/2016", "01/31/2016"),
        {**IDS, "timestamp": "time"},
        ["31/01/2016", "01/31/2016"],
    ),
    "an order that does not fit": (
        dated("31/01/2016", "02/01/2016"),
        {**IDS, "timestamp": "time", "date_order": "mdy"},
        ["31/01/2016", "mdy"],
    ),
    "days of a spreadsheet": (
        dated("42434", "42435.5"),
        {**IDS, "timestamp": "time"},
        ["spreadsheet"],
    ),
    "a day that does not exist": (
        dated("2016-02-30", "2016-03-01"),
        {**IDS, "timestamp": "time"},
        ["not a time", "row 2"],
    ),
    "one date among numbers": (
        "user,item,time\n1,2,1457136000\n1,3,1457136001\n1,4,monday\n",
        {**IDS, "timestamp": "time"},
        ["not a time", "row 4"],
    ),
    "times in the future": (
        dated("2016-03-05", "2916-03-05"),
        {**IDS, "timestamp": "time"},
        ["future", "row 3"],
    ),
    "times before 1970": (dated(-5, 1457136000), {**IDS, "timestamp": "time"}, ["before 1970"]),
    "a thousand or one and a bit": (
        'user,item,rating\n1,2,"1,234"\n1,3,12\n',
        {**IDS, "rating": "rating"},
        ["1,234", "--decimal"],
    ),
    "two marks for decimals": (
        'user,item,rating\n1,2,"1,5"\n1,3,2.5\n',
        {**IDS, "rating": "rating"},
        ["decimal comma", "decimal point"],
    ),
    "ratings in words": (
        "user,item,rating\n1,2,5\n1,3,very good\n",
        {**IDS, "rating": "rating"},
        ["not a number", "row 3"],
    ),
    "ratings out of scale": (
        "user,item,rating\n1,2,5\n1,3,99\n",
        {**IDS, "rating": "rating", "rating_range": (1, 5)},
        ["outside the range from 1 to 5", "row 3"],
    ),
    "endless ratings": (
        "user,item,rating\n1,2,inf\n",
        {**IDS, "rating": "rating"},
        ["infinite", "row 2"],
    ),
    "ids that a spreadsheet rounded": (
        "user,item\n1.23457E+15,2\n",
        IDS,
        ["rounded by a spreadsheet", "row 2"],
    ),
    "a missing user": ("user,item\nann,Alien\n\\N,Big\n", IDS, ["missing user", "row 3"]),
    "a missing item, after a cell of three lines": (
        'user,note,item\n1,"a\nb\nc",2\n3,x,\n',
        IDS,
        ["missing item", "row 5"],
    ),
    "a row that moved": ("user,item,note\n1,2,a\n3,4, really, b\n", IDS, ["line 3", "longer"]),
    "R write.table, names of rows without a name": (
        'user,item\n"1",7,8\n"2",9,10\n',
        IDS,
        ["line 2", "longer than the header"],
    ),
    "a quote that is never closed": ('user,item\n1,"2\n3,4\n', IDS, ["line 2", "never closed"]),
    "nothing": ("", IDS, ["is empty"]),
    "only a header": ("user,item\n", IDS, ["header but no rows"]),
    "only Excel's line": ("sep=;\n", IDS, ["is empty"]),
    "nothing left": (
        "user,item\n,1\n2,\n",
        {**IDS, "bad_rows": "drop"},
        ["nothing is left"],
    ),
    "duplicates that are not allowed": (
        "user,item\n1,2\n1,2\n",
        {**IDS, "duplicates": "error"},
        ["again", "row 3"],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_is_refused_in_one_line(write, name):
    content, options, words = REFUSED[name]
    with pytest.raises(DataError) as caught:
        read_interactions(write(content), **options)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message


def test_the_corpus_is_as_large_as_promised():
    assert len(RIGHT) + len(REFUSED) >= 60


def test_a_row_that_moved_is_seen_anywhere(write):
    # Readers that work in blocks forget the width of the table at the border of a block.
    for place in (2, 4_095, 8_192, 20_000):
        lines = ["user,item"] + [f"{n},{n}" for n in range(20_001)]
        lines[place - 1] += ",x"
        with pytest.raises(DataError, match=f"line {place} "):
            read_interactions(write("\n".join(lines)))


def test_the_fast_way_and_the_careful_way_read_the_same(write, monkeypatch):
    cells = ["7", "007", " x ", "NA", '"a, b"', '"say ""hi"""', "é", "-1"]
    rng = np.random.default_rng(0)
    rows = ["user,note,item", *(",".join(rng.choice(cells, 3)) for _ in range(500))]
    path = write("\n".join(rows) + "\n")
    monkeypatch.setattr(parsing, "BLOCK_OF_ROWS", 64)
    fast = read_table(open_text(path), ["item", "user"]).cells
    monkeypatch.setattr(parsing, "_read_even_rows", lambda *arguments: None)
    pd.testing.assert_frame_equal(read_table(open_text(path), ["item", "user"]).cells, fast)
    assert len(fast) == 500 and fast.index[-1] == 501


def test_ids_of_two_files_meet_in_one_type(write):
    events = write("user,item\nann,7\nbo,x8\n")
    items = write("item;title\n7;Alien\nx8;Amélie\n".encode("cp1252"), "items.csv")
    assert read_interactions(events, items=items).titles.to_dict() == {"7": "Alien", "x8": "Amélie"}
    events = write("user,item\nann,7\n")
    log = read_interactions(events, items=items)
    assert log.events["item"].tolist() == ["7"]


def test_items_without_a_title_are_their_own(write):
    items = write("item,title,year\n1,Alien,1979\n2,,unknown\n", "items.csv")
    log = read_interactions(write("user,item\n5,1\n5,2\n"), items=items)
    assert log.titles.to_dict() == {1: "Alien", 2: "2"}
    assert log.items["year"].iloc[0] == 1979 and np.isnan(log.items["year"].iloc[1])


# ------------------------------------------------------------------ the separator, and the rival


def sniffed(path):
    """What Python's own detector says."""
    try:
        with open_text(path).open() as stream:
            return csv.Sniffer().sniff(stream.read(4096)).delimiter
    except csv.Error:
        return ""


def test_the_separator_is_found_more_often_than_by_the_sniffer(write):
    ours = theirs = n_files = 0
    for content, options, _, words in RIGHT.values():
        truth = next((mark for mark, word in SEPARATORS.items() if word in words), None)
        if truth is None:
            continue
        wanted = [options["user"], options["item"]]
        path = write(content)
        found = read_table(
            open_text(path, options.get("encoding")), wanted, header=options.get("header", True)
        )
        ours += found.separator == truth
        theirs += sniffed(path) == truth
        n_files += 1
    # When this was written: 14 of 14, against 12 (it knows neither 'sep=' nor '::').
    assert n_files >= 12 and ours == n_files and theirs < n_files


# ------------------------------------------------------------------ the command line


def fails(words, capsys):
    assert main(list(map(str, words))) == 2
    said = capsys.readouterr()
    last = said.err.strip().splitlines()[-1]
    assert last.startswith("recsys-tutorial: ") and "Traceback" not in said.err
    return last


OPTIONS = {
    "separator": "--sep",
    "encoding": "--encoding",
    "date_order": "--date-order",
    "decimal": "--decimal",
    "duplicates": "--duplicates",
    "rating": "--rating",
    "timestamp": "--time",
    "user": "--user",
    "item": "--item",
}


def as_words(options):
    words = []
    for name, value in options.items():
        if name in OPTIONS:
            words += [OPTIONS[name], value]
        elif name == "header":
            words += ["--no-header"]
        elif name == "rating_range":
            words += ["--rating-range", *value]
        elif name == "bad_rows":
            words += ["--drop-bad-rows"]
    return words


@pytest.mark.parametrize("name", REFUSED)
def test_the_command_refuses_with_code_2_and_writes_nothing(write, tmp_path, capsys, name):
    content, options, words = REFUSED[name]
    path, out = write(content), tmp_path / "report"
    said = fails(["run", path, *as_words(options), "--out", out], capsys)
    assert all(word in said for word in words)
    assert not out.exists() and sorted(p.name for p in tmp_path.iterdir()) == ["log.csv"]


@pytest.mark.parametrize(
    "name",
    [
        "Excel in Europe",
        "Excel Unicode text",
        "MySQL --tab",
        "MovieLens 1M",
        "Chinese letters of the 1990s",
        "leading zeros",
        "a zip archive with one member",
        "bad rows are left out",
        "one user",
        "one item",
        "negative ratings",
    ],
)
def test_the_command_reads_and_says_how(write, tmp_path, capsys, name):
    content, options, _, words = RIGHT[name]
    out = tmp_path / "report"
    assert main(["run", str(write(content)), *map(str, as_words(options)), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Read: log.csv" in said and all(word in said for word in words)
    assert (out / "report.html").exists() and (out / "model_card.md").exists()


def test_a_folder_and_a_missing_file(tmp_path, capsys):
    assert "is a folder" in fails(["run", tmp_path], capsys)
    assert "There is no file" in fails(["run", tmp_path / "no.csv"], capsys)


def test_no_permission_to_read(write, capsys, monkeypatch):
    path = write(COMMA)
    if os.geteuid() == 0 if hasattr(os, "geteuid") else True:
        # Nothing is forbidden to root, so the system's answer is given here.
        def forbidden(self, *arguments, **options):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("pathlib.Path.open", forbidden)
    else:
        path.chmod(0)
    assert "no permission" in fails(["run", path], capsys)


def test_an_output_folder_that_cannot_be_written(write, tmp_path, capsys, monkeypatch):
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(stat.S_IRUSR | stat.S_IXUSR)
    if os.geteuid() == 0 if hasattr(os, "geteuid") else True:

        def forbidden(*arguments, **options):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("tempfile.TemporaryFile", forbidden)
    said = fails(["run", write(COMMA), "--out", locked / "report"], capsys)
    assert "Cannot write to" in said
    locked.chmod(stat.S_IRWXU)
    assert list(locked.iterdir()) == []


@pytest.mark.slow
def test_a_file_that_grows_unreadable_in_the_middle(write, tmp_path, capsys):
    # The first megabytes are fine; the fault comes after the encoding has been decided.
    good = "user,item\n" + "".join(f"{n},{n % 7}\n" for n in range(300_000))
    path = write(good.encode() + "é,1\n".encode("cp1252"))
    said = []
    log = read_interactions(path, report=said.append)
    assert "cp1252 (a guess" in said[0] and "é" in set(log.events["user"])
    with pytest.raises(DataError, match="not text in the encoding"):
        read_interactions(path, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2262-05-01 10:00", 9_225_014_400.0),
        ("1500-01-01", -14_831_769_600.0),
        ("2999-13-01", None),
        ("2020-01-01 nonsense", None),
        ("299-01-01", None),
        ("never", None),
    ],
)
def test_a_day_that_pandas_2_cannot_hold(text, seconds):
    found = cells._distant(text)
    assert found == seconds or (seconds is None and np.isnan(found))
