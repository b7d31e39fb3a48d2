"""`Interactions`: every refusal names the column, the row and the mend; nothing else is refused."""

import datetime as dt
import time

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.datasets.interactions import to_seconds


def table(**columns) -> pd.DataFrame:
    """Give a valid log of three events in rows named 10, 20 and 30, with some columns replaced."""
    base = {
        "user": [1, 1, 2],
        "item": ["a", "b", "a"],
        "rating": [5.0, 3.0, 4.0],
        "timestamp": [100, 200, 300],
    }
    return pd.DataFrame(base | columns, index=[10, 20, 30])


def refusal(make) -> str:
    with pytest.raises(DataError) as caught:
        make()
    return str(caught.value)


FUTURE = time.time() + 10 * 86_400
# name: (columns to replace, column named, rows named, mend named)
BROKEN = {
    "missing user": ({"user": [1, None, 2]}, "'user'", "row 20", "Drop"),
    "missing item": ({"item": [None, "b", None]}, "'item'", "row 10, 30", "Drop"),
    "missing rating": ({"rating": [5, np.nan, 4]}, "'rating'", "row 20", "Drop"),
    "missing rating in Int64": (
        {"rating": pd.array([5, None, 4], dtype="Int64")},
        "'rating'",
        "row 20",
        "Drop",
    ),
    "infinite rating": ({"rating": [5, 1, -np.inf]}, "'rating'", "row 30", "correct"),
    "words as ratings": ({"rating": [5, "good", 4]}, "'rating'", "row 20", "'good' to 1"),
    "decimal commas": ({"rating": ["3,5", "4,0", "1"]}, "'rating'", "row 10, 20", "'3,5' to 3.5"),
    "numbers as text": ({"rating": ["5", "3", "4"]}, "'rating'", "text", "to_numeric"),
    "complex ratings": ({"rating": [5j, 3, 4]}, "'rating'", "row 10", "Convert"),
    "dates as ratings": (
        {"rating": pd.date_range("2020", periods=3)},
        "'rating'",
        "row",
        "Convert",
    ),
    "truth values as ratings": ({"rating": [True, False, True]}, "'rating'", "true", "rating=None"),
    "ids of two types": ({"user": [1, "1", 2]}, "'user'", "row 20", "astype(str)"),
    "items of two types": ({"item": ["a", 7, "b"]}, "'item'", "row 20", "astype(str)"),
    "missing time": ({"timestamp": [1, np.nan, 3]}, "'timestamp'", "row 20", "fill in"),
    "infinite time": ({"timestamp": [1, np.inf, 3]}, "'timestamp'", "row 20", "correct"),
    "time beyond 64 bits": ({"timestamp": [1, 1e300, 3]}, "'timestamp'", "row 20", "correct"),
    "time before 1970": ({"timestamp": [1, 2, -3]}, "'timestamp'", "row 30", "sign"),
    "date before 1970": ({"timestamp": ["1969-12-31"] * 3}, "'timestamp'", "row 10", "sign"),
    "time in the future": ({"timestamp": [1, FUTURE, 3]}, "'timestamp'", "row 20", "'ms'"),
    "milliseconds taken for seconds": (
        {"timestamp": [1_700_000_000_000] * 3},
        "'timestamp'",
        "row 10, 20, 30",
        "timestamp_unit='ms'",
    ),
    "not a time": ({"timestamp": ["2016-03-05", "soon", "2016"]}, "'timestamp'", "row 20", "YYYY"),
    "seconds as text": ({"timestamp": ["1260759144"] * 3}, "'timestamp'", "row 10", "numbers"),
    "truth values as times": ({"timestamp": [True, False, True]}, "'timestamp'", "row 10", "YYYY"),
    "repeated pair": ({"item": ["a", "a", "a"]}, "'user, item'", "row 20", "duplicates='last'"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_is_refused_with_column_row_and_mend(name):
    columns, column, rows, mend = BROKEN[name]
    message = refusal(lambda: Interactions.from_frame(table(**columns)))
    assert column in message and rows in message and mend in message, message


@pytest.mark.parametrize("name", BROKEN)
def test_the_constructor_refuses_the_same_faults(name):
    columns, column, rows, _ = BROKEN[name]
    items = pd.DataFrame({"item": ["a", "b", 7, None]}).drop_duplicates().dropna()
    message = refusal(lambda: Interactions(table(**columns), items))
    assert column in message, message


def test_a_long_list_of_bad_rows_is_counted():
    many = pd.DataFrame({"user": [None] * 1500, "item": 1, "rating": 1.0})
    message = refusal(lambda: Interactions.from_frame(many, timestamp=None))
    assert "row 0, 1, 2 and 1,497 more" in message


@pytest.mark.parametrize("column", ["user", "item", "rating", "timestamp"])
def test_a_missing_column_is_named_with_the_columns_there_are(column):
    message = refusal(lambda: Interactions.from_frame(table().drop(columns=column)))
    assert f"'{column}'" in message and "is missing" in message
    assert all(other in message for other in table().columns if other != column)
    assert f"{column}='your column'" in message
    assert (f"{column}=None" in message) == (column in ("rating", "timestamp"))


@pytest.mark.parametrize("column", ["user", "item", "rating"])
def test_the_constructor_names_a_missing_column_too(column):
    message = refusal(lambda: Interactions(table().drop(columns=column), pd.DataFrame()))
    assert f"Column '{column}' is missing" in message and "from_frame" in message


def test_a_column_that_stands_twice_is_refused():
    twice = pd.concat([table(), table()[["user"]]], axis="columns")
    assert "Column 'user' stands twice" in refusal(lambda: Interactions.from_frame(twice))


@pytest.mark.parametrize("empty", [table().iloc[:0], pd.DataFrame(columns=table().columns)])
def test_an_empty_table_is_refused(empty):
    assert "no rows" in refusal(lambda: Interactions.from_frame(empty))


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ({"item": ["a"]}, ["'item'", "not in the item table", "row 20", "Add these items"]),
        ({"item": ["a", "b", "a"]}, ["Item table", "described twice", "row 2", "one row"]),
        ({"item": ["a", "b", None]}, ["Item table", "missing item", "row 2", "Drop"]),
        ({"film": ["a", "b"]}, ["Item table", "'item' is missing", "Rename"]),
        ({"item": [1, 2]}, ["not in the item table", "'a'", "1", "one type"]),
    ],
)
def test_each_fault_of_the_item_table_is_refused(items, words):
    message = refusal(lambda: Interactions.from_frame(table(), pd.DataFrame(items)))
    assert all(word in message for word in words), message


def test_an_error_speaks_of_the_readers_columns():
    log = table(rating=[5, None, 4]).rename(columns={"user": "who", "rating": "stars"})
    message = refusal(lambda: Interactions.from_frame(log, user="who", rating="stars"))
    assert "Column 'stars' (rating): missing rating (row 20)" in message
    items = pd.DataFrame({"item": ["a", "b", "b"]})
    named = table().rename(columns={"item": "film"})
    message = refusal(lambda: Interactions.from_frame(named, items, item="film"))
    assert "Item table, column 'item'" in message


@pytest.mark.parametrize(
    "arguments", [{"timestamp_unit": "h"}, {"duplicates": "first"}, {"timestamp_unit": "S"}]
)
def test_an_unknown_option_lists_the_known_ones(arguments):
    message = refusal(lambda: Interactions.from_frame(table(), **arguments))
    (option,) = arguments
    assert message.startswith(option) and "'last'" in message or "'ms'" in message


def test_columns_are_renamed_and_others_left_behind():
    log = table().rename(columns={"user": "Kunde", "item": "Film", "rating": "Note"})
    log = log.rename(columns={"timestamp": "Zeit"}).assign(weather="rain")
    made = Interactions.from_frame(log, user="Kunde", item="Film", rating="Note", timestamp="Zeit")
    assert list(made.events.columns) == ["user", "item", "rating", "timestamp"]
    assert made.n_events == 3


def test_columns_may_be_named_by_numbers():
    log = table().set_axis([0, 1, 2, 3], axis="columns")
    made = Interactions.from_frame(log, user=0, item=1, rating=2, timestamp=3)
    assert made.events["rating"].tolist() == [5.0, 3.0, 4.0]


def test_events_are_sorted_by_user_time_and_item():
    log = pd.DataFrame(
        {
            "user": [2, 1, 1, 1],
            "item": ["a", "z", "b", "a"],
            "rating": 1.0,
            "timestamp": [1, 50, 9, 50],
        }
    )
    made = Interactions.from_frame(log).events
    assert made["user"].tolist() == [1, 1, 1, 2]
    assert made["item"].tolist() == ["b", "a", "z", "a"]
    assert made.index.tolist() == [0, 1, 2, 3]


def test_a_log_without_times_and_ratings():
    made = Interactions.from_frame(table(), rating=None, timestamp=None)
    assert not made.has_time and "timestamp" not in made.events
    assert made.events["rating"].tolist() == [1.0, 1.0, 1.0]


def test_figures_of_a_log():
    made = Interactions.from_frame(table())
    assert (made.n_events, made.n_users, made.n_items) == (3, 2, 2)
    assert made.density == 0.75 and made.has_time and made.n_merged == 0
    assert made.titles.to_dict() == {"a": "a", "b": "b"}


def test_the_item_table_keeps_what_it_knows():
    items = pd.DataFrame({"item": ["b", "a", "c"], "genres": ["x", "y", "z"]})
    made = Interactions.from_frame(table(), items)
    assert made.items["genres"].tolist() == ["x", "y", "z"]
    assert made.titles["c"] == "c" and made.n_items == 2
    assert "title" not in items


REPEATED = pd.DataFrame(
    {
        "user": [1, 1, 1, 2],
        "item": ["a", "a", "a", "a"],
        "rating": [5.0, 2.0, 1.0, 3.0],
        "timestamp": [300, 100, 200, 50],
    }
)


def test_last_keeps_the_latest_event():
    made = Interactions.from_frame(REPEATED, duplicates="last")
    assert made.events["rating"].tolist() == [5.0, 3.0] and made.n_merged == 2


def test_sum_adds_the_ratings_and_keeps_the_latest_time():
    made = Interactions.from_frame(REPEATED, duplicates="sum").events
    assert made["rating"].tolist() == [8.0, 3.0] and made["timestamp"].tolist() == [300, 50]


def test_without_times_the_last_row_is_the_latest():
    made = Interactions.from_frame(REPEATED, timestamp=None, duplicates="last")
    assert made.events["rating"].tolist() == [1.0, 3.0]


@pytest.mark.parametrize("rule", ["last", "sum"])
def test_merging_never_swallows_a_missing_rating(rule):
    log = REPEATED.assign(rating=[5.0, None, 1.0, 3.0])
    assert "row 1" in refusal(lambda: Interactions.from_frame(log, duplicates=rule))


@pytest.mark.parametrize("rule", ["last", "sum"])
def test_a_log_without_repeats_is_the_same_under_every_rule(rule):
    made = Interactions.from_frame(table(), duplicates=rule)
    pd.testing.assert_frame_equal(made.events, Interactions.from_frame(table()).events)


MOMENT = 1_457_198_400  # 2016-03-05 17:20 UTC
SAME_MOMENT = {
    "seconds": ([MOMENT], "s"),
    "float seconds": ([MOMENT + 0.9], "s"),
    "milliseconds": ([MOMENT * 1000 + 999], "ms"),
    "microseconds": ([MOMENT * 10**6], "us"),
    "nanoseconds": ([MOMENT * 10**9], "ns"),
    "nullable integers": (pd.array([MOMENT], dtype="Int64"), "s"),
    "text": (["2016-03-05 17:20"], "s"),
    "text with zone": (["2016-03-05T18:20:00+01:00"], "s"),
    "text with Z": (["2016-03-05T17:20:00.7Z"], "s"),
    "datetime": (pd.to_datetime(["2016-03-05 17:20"]), "s"),
    "datetime in Shanghai": (
        pd.to_datetime(["2016-03-06 01:20"]).tz_localize("Asia/Shanghai"),
        "s",
    ),
    "objects of Python": ([dt.datetime(2016, 3, 5, 17, 20)], "s"),
    "categories of text": (pd.Categorical(["2016-03-05 17:20"]), "s"),
}


@pytest.mark.parametrize("name", SAME_MOMENT)
def test_times_of_every_kind_become_the_same_second(name):
    times, unit = SAME_MOMENT[name]
    log = pd.DataFrame({"user": [1], "item": [1], "rating": [1.0], "timestamp": times})
    made = Interactions.from_frame(log, timestamp_unit=unit).events["timestamp"]
    assert made.tolist() == [MOMENT] and made.dtype == "int64"


def test_texts_of_several_formats_may_be_mixed():
    times = pd.Series(["1970-01-02", "1970-01-02 01:00", "1970-01-02T00:00+01:00"])
    assert to_seconds(times).tolist() == [86_400, 90_000, 82_800]


def test_seconds_keep_the_index():
    assert to_seconds(pd.Series([5, 6], index=["x", "y"])).index.tolist() == ["x", "y"]


@pytest.mark.parametrize("kind", ["int8", "uint8", "Int16", "uint64"])
def test_short_numbers_are_cut_by_long_ones(kind):
    """With pandas 2 they do not fit: 1000 is no int8."""
    assert to_seconds(pd.Series([0, 99], dtype=kind), "ms").tolist() == [0, 0]
    assert to_seconds(pd.Series([0, 99], dtype=kind), "ns").dtype == np.int64


@pytest.mark.parametrize(
    "ids",
    [
        pd.Series(["x", "x", "y"], dtype=object),
        pd.Series(["x", "x", "y"], dtype="str"),
        pd.Series(["x", "x", "y"], dtype="category"),
        pd.Series([7, 7, 9], dtype="int32"),
        pd.Series([7, 7, 9], dtype="Int64"),
        pd.Series([7.0, 7.0, 9.0]),
    ],
    ids=lambda ids: str(ids.dtype),
)
def test_ids_may_be_numbers_or_texts(ids):
    log = table().reset_index(drop=True).assign(user=ids, item=ids)
    made = Interactions.from_frame(log.drop(index=1), duplicates="sum")
    assert made.n_users == made.n_items == 2
    # Categories would bring users back who have no event.
    assert not isinstance(made.events["user"].dtype, pd.CategoricalDtype)


@pytest.mark.parametrize("duplicates", ["error", "last", "sum"])
def test_the_callers_frames_are_never_changed(duplicates):
    log = table(timestamp=["2016", "2017", "2018"]).iloc[::-1]
    items = pd.DataFrame({"item": ["b", "a"], "year": [1, 2]})
    kept_log, kept_items = log.copy(deep=True), items.copy(deep=True)
    Interactions.from_frame(log, items, duplicates=duplicates)
    Interactions.from_frame(log, items, timestamp=None, rating=None, duplicates=duplicates)
    pd.testing.assert_frame_equal(log, kept_log)
    pd.testing.assert_frame_equal(items, kept_items)


def test_an_index_with_repeated_labels_does_no_harm():
    assert Interactions.from_frame(table().set_axis([0, 0, 0])).n_events == 3


def test_with_events_keeps_items_and_clock_and_checks_again():
    made = Interactions.from_frame(table())
    part = made.with_events(made.events.iloc[1:])
    assert part.items is made.items and part.now == made.now
    assert part.events.index.tolist() == [0, 1]
    assert "no rows" in refusal(lambda: made.with_events(made.events.iloc[:0]))


def test_the_clock_decides_what_the_future_is():
    log, items = table(), pd.DataFrame({"item": ["a", "b"]})
    assert Interactions(log, items, now=300).n_events == 3
    # A day of tolerance, and not a second more.
    assert Interactions(log, items, now=300 - 86_400).n_events == 3
    assert "row 30" in refusal(lambda: Interactions(log, items, now=299 - 86_400))


def test_logs_are_compared_as_objects():
    made = Interactions.from_frame(table())
    assert made == made and made != Interactions.from_frame(table())
    assert len({made, made}) == 1


def test_one_bad_time_among_numbers_is_named_alone():
    times = pd.Series(["1260759144", "soon", "1260759179"], name="when")
    with pytest.raises(DataError, match=r"not a time \(row 1\)"):
        to_seconds(times)


# What pandas 2, which Colab has, cannot hold; on every pandas the words are the same.
DISTANT = [
    ("2999-01-01", "time in the future"),
    (" 2262-05-01 10:00", "time in the future"),
    ("1500-01-01", "time before 1970"),
]


@pytest.fixture
def as_pandas_2(monkeypatch):
    """Let pandas give up beyond what nanoseconds can count, as it did before version 3."""
    read = pd.to_datetime

    def give_up(times, **options):
        dates = read(times, **options)
        return dates.where((dates.dt.year > 1677) & (dates.dt.year < 2262))

    monkeypatch.setattr(pd, "to_datetime", give_up)


@pytest.mark.parametrize(("text", "problem"), DISTANT)
def test_a_day_centuries_away_is_called_by_its_name(text, problem, as_pandas_2):
    times = pd.Series(["2020-01-01", text], name="when")
    with pytest.raises(DataError, match=problem):
        Interactions.from_frame(pd.DataFrame({"user": 1, "item": [1, 2], "when": times}), **WHEN)
    with pytest.raises(DataError, match="not a time"):
        to_seconds(pd.Series(["2020-01-01", "2020-13-45"]))


WHEN = {"user": "user", "item": "item", "rating": None, "timestamp": "when"}


@pytest.mark.parametrize("first", ["03/04/2016", "03.04.2016", " 3-4-16 10:00"])
def test_dates_that_pandas_would_read_cell_by_cell_are_refused(first):
    """It takes 03/04 for March and 13/04 for April: the order of events would be lost."""
    with pytest.raises(DataError, match=r"'when'.*day or the month first.*row 1.*dayfirst"):
        to_seconds(pd.Series(["2016-04-01", first], name="when"))
