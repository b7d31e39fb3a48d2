"""Whatever somebody calls a log: it becomes a valid one, or is refused in one sentence.

Nothing else may happen: no other exception, no warning, no change of the table that was given.
"""

import datetime as dt
import decimal
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys_tutorial.datasets import DataError, Interactions, read_interactions

# Slow computers make no hostile input; what hangs is longer than this.
LONGEST = dt.timedelta(seconds=5)
careful = settings(
    deadline=LONGEST,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
LONGEST_SENTENCE = 1000


def refused_or_right(make):
    """Give the log or None; anything but a log or a sentence fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            log = make()
        except DataError as error:
            said = str(error)
            assert said and said.splitlines() == [said], said
            assert len(said) <= LONGEST_SENTENCE, len(said)
            return None
    check_valid(log)
    return log


def check_valid(log):
    """Ask of a log what every later step takes for granted."""
    events = log.events
    ratings = events["rating"].to_numpy(dtype=float)
    assert len(events) == log.n_events > 0 and np.isfinite(ratings).all()
    assert not events[["user", "item"]].isna().any(axis=None)
    assert not events.duplicated(["user", "item"]).any()
    assert events["item"].isin(log.items["item"]).all() and log.items["item"].is_unique
    for column in ("user", "item"):
        # Ids are sorted, hashed and shown again and again.
        assert len(events[column].sort_values()) == len(set(events.index))
        assert len(set(events[column])) > 0 and all(map(str, map(repr, events[column])))
    if log.has_time:
        seconds = events["timestamp"]
        assert pd.api.types.is_integer_dtype(seconds.dtype) and (seconds >= 0).all()
    assert 0 < log.density <= 1 and log.titles.notna().all()


# Frames -----------------------------------------------------------------------------------------


class Strange:
    """An object that no table should hold."""


class Touchy:
    """An object that minds being compared or shown."""

    def __eq__(self, other):
        raise RuntimeError("compared")

    def __repr__(self):
        raise RuntimeError("shown")

    __hash__ = object.__hash__


good_ids = st.one_of(st.integers(0, 5), st.sampled_from(["a", "b", "7", "ü"]))
odd_cells = st.sampled_from(
    [
        *(
            None,
            pd.NA,
            pd.NaT,
            math.nan,
            math.inf,
            -math.inf,
            1e308,
            -0.0,
            2**63,
            -(2**70),
            10**400,
        ),
        *(True, "", " ", "nan", "\x00", "\ud800", "a\nb", "\u202e", "=1", "x" * 3000, b"bytes"),
        *(1j, complex(math.nan, 1), decimal.Decimal("1.5"), decimal.Decimal("sNaN")),
        *([1, 2], {"a": 1}, (1, 2), {3}, np.array([1, 2]), range(3), Strange(), Strange, len),
        *(Touchy(), "2020-01-01" * 9),
        *(dt.date(2020, 1, 1), dt.datetime(1, 1, 1), dt.time(1), dt.timedelta(1)),
        *(pd.Timestamp("2020-01-01", tz="Asia/Tokyo"), pd.Timestamp("1677-09-22")),
        *(pd.Period("2020"), pd.Interval(0, 1), np.float16(1), np.datetime64("NaT", "s")),
        *("2020-01-01", "2020-01-01T00:00+25:00", "9999-12-31", "-1", "1e999", "٣", "0x10"),
    ]
)
cells = st.one_of(good_ids, good_ids, odd_cells)


def column(n):
    """Columns of every kind, `n` cells long."""
    whole = st.lists(st.integers(0, 5), min_size=n, max_size=n)
    texts = st.lists(st.text(max_size=5), min_size=n, max_size=n)
    huge = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=n, max_size=n)
    floats = st.lists(st.floats(width=32), min_size=n, max_size=n)
    moments = st.lists(
        st.datetimes(dt.datetime(1960, 1, 1), dt.datetime(2040, 1, 1)), min_size=n, max_size=n
    )
    maybe = st.lists(st.one_of(st.integers(0, 5), st.just(pd.NA)), min_size=n, max_size=n)

    def kind(values, dtype):
        return values.map(lambda cells: pd.Series(cells, dtype=dtype))

    return st.one_of(
        *(kind(whole, name) for name in ("int64", "int8", "uint64", "float32", "object", "str")),
        *(kind(whole, name) for name in ("category", "bool", "complex128", "float16")),
        kind(st.lists(st.booleans(), min_size=n, max_size=n), "boolean"),
        *(kind(whole, name) for name in ("timedelta64[ns]", "Sparse[int]")),
        whole.map(lambda cells: pd.Series(pd.to_datetime(cells, unit="D")).dt.to_period("D")),
        *(kind(maybe, name) for name in ("Int64", "UInt8", "Float64", "string", "object")),
        *(kind(texts, name) for name in ("object", "string", "category")),
        *(kind(moments, name) for name in ("datetime64[ns]", "object", "datetime64[s]")),
        moments.map(
            lambda cells: pd.Series(pd.to_datetime(cells, utc=True)).dt.tz_convert("Japan")
        ),
        kind(huge, "int64"),
        kind(floats, "float64"),
        st.lists(cells, min_size=n, max_size=n).map(as_objects),
        whole.map(lambda cells: pd.Series(pd.IntervalIndex.from_breaks([*range(len(cells) + 1)]))),
        whole.map(lambda cells: pd.Series(cells, dtype="Int64").astype("category")),
    )


def as_objects(values):
    """Keep each cell as it is: pandas would take a list for several."""
    array = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        array[place] = value
    return pd.Series(array, dtype=object)


@st.composite
def tables(draw):
    n = draw(st.integers(0, 6))
    parts = [draw(column(n)).reset_index(drop=True) for _ in range(4)]
    table = pd.concat(parts, axis=1) if n else pd.DataFrame([], columns=range(4))
    names = ["user", "item", "rating", "timestamp"]
    kind = draw(st.sampled_from(["plain"] * 12 + ["twice", "missing", "levels", "odd", "empty"]))
    if kind == "twice":
        names[draw(st.integers(0, 3))] = "user"
    elif kind == "missing":
        table, names = table.iloc[:, :3], names[:3]
    elif kind == "odd":
        names[3] = draw(st.sampled_from([None, 3, ("user",), math.nan, "timestamp\n", b"x"]))
    elif kind == "empty":
        table, names = pd.DataFrame(index=range(n)), []
    table.columns = pd.Index(names, dtype=object)
    if kind == "levels":
        table.columns = pd.MultiIndex.from_product([["user"], names])
    rows = draw(st.sampled_from(["range", "twice", "texts", "missing", "levels"]))
    if n and rows != "range":
        kinds = {
            "twice": [0] * n,
            "texts": ["a\nb"] * n,
            "missing": [math.nan] * n,
            "levels": pd.MultiIndex.from_tuples([("a", 1)] * n),
        }
        table.index = pd.Index(kinds[rows])
    return table


@pytest.mark.slow
@careful
@given(
    tables(),
    st.sampled_from(["rating", None]),
    st.sampled_from(["timestamp", None]),
    st.sampled_from(["error", "last", "sum"]),
    st.sampled_from(["s", "ms", "us", "ns"]),
)
def test_any_frame_is_a_log_or_refused(table, rating, timestamp, duplicates, unit):
    before, shape = table.copy(), table.shape
    refused_or_right(
        lambda: Interactions.from_frame(
            table, rating=rating, timestamp=timestamp, duplicates=duplicates, timestamp_unit=unit
        )
    )
    assert table.shape == shape and same_frame(table, before)


def same_frame(one, other):
    """Whether two frames hold the very same cells, without asking the cells."""
    if list(map(repr, one.columns)) != list(map(repr, other.columns)):
        return False
    if list(one.dtypes) != list(other.dtypes) or not one.index.equals(other.index):
        return False
    for place in range(one.shape[1]):
        first, second = one.iloc[:, place], other.iloc[:, place]
        if first.dtype == object:
            if any(a is not b for a, b in zip(first, second, strict=True)):
                return False
        elif not first.equals(second):
            return False
    return True


@pytest.mark.parametrize(
    "cell",
    [[1], {"a": 1}, {1}, np.array([1, 2]), Strange(), Touchy(), decimal.Decimal("sNaN"), 10**5000],
    ids=lambda cell: type(cell).__name__,
)
@pytest.mark.parametrize("name", ["user", "item", "rating", "timestamp"])
def test_objects_that_no_table_should_hold_are_named_with_their_row(cell, name):
    table = pd.DataFrame({"user": [1, 2], "item": [1, 2], "rating": 1.0, "timestamp": 5})
    table[name] = as_objects([cell, 1])
    for duplicates in ("error", "sum"):
        with pytest.raises(DataError, match=rf"'{name}'.*\(row 0"):
            Interactions.from_frame(table, duplicates=duplicates)


def test_a_sentence_stays_a_sentence_whatever_the_names():
    wide = pd.DataFrame([[1] * 5000], columns=[f"a\nb{n}" * 50 for n in range(5000)])
    assert refused_or_right(lambda: Interactions.from_frame(wide)) is None
    rows = pd.DataFrame({"user": [1, None], "item": 1}, index=["x\ny" * 999, "\u2028" * 999])
    assert refused_or_right(lambda: Interactions.from_frame(rows, rating=None)) is None


def test_counts_that_do_not_fit_into_whole_numbers_do_not_begin_again_from_below():
    table = pd.DataFrame({"user": 1, "item": 1, "rating": [2**62, 2**62, 2**62]})
    log = Interactions.from_frame(table, timestamp=None, duplicates="sum")
    assert log.events["rating"].tolist() == [3.0 * 2**62]


# Files ------------------------------------------------------------------------------------------

VALID = (
    "user,item,rating,time,note\n"
    + "".join(
        f'{n % 7},film {n % 11},{1 + n % 5},{1_500_000_000 + 977 * n},"a, ""b"""\n'
        for n in range(40)
    )
).encode()
PIECES = [
    *(b",", b";", b"\t", b"|", b"::", b'"', b'""', b"'", b"\n", b"\r", b"\r\n", b"\x00", b"\xff"),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\x1a", b"\x1f", b"\xe2\x80\xa8", b"\x85"),
    *(b"nan", b"inf", b"-1", b"1e400", b"9" * 400, b"NULL", b"0x10", b"=1+1", b"\xd9\xa3"),
    *(b"2020-02-30", b"01/02/2020", b"1,5", b"1.234", b"sep=;\n", b"user", b"#", b"\\", b" "),
    *(b"12:00 pm", b"Feb 31 2020", b"0000-01-01", b"99999-01-01", b"1" * 19, b"\xb2", b"x" * 9000),
]


@st.composite
def files(draw):
    """A valid file after some accidents."""
    content = VALID
    for _ in range(draw(st.integers(1, 4))):
        act = draw(st.sampled_from(["flip", "cut", "put", "swap", "twice", "turn"]))
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        other = draw(st.integers(0, max(len(content), 0)))
        if act == "flip" and content:
            letter = bytes([content[place] ^ (1 << draw(st.integers(0, 7)))])
            content = content[:place] + letter + content[place + 1 :]
        elif act == "cut":
            content = content[: min(place, other)] + content[max(place, other) :]
        elif act == "put":
            content = content[:place] + draw(st.sampled_from(PIECES)) + content[place:]
        elif act == "swap":
            old = draw(st.sampled_from([b",", b"\n", b'"', b"1", b" ", b"film"]))
            content = content.replace(old, draw(st.sampled_from(PIECES)), draw(st.integers(1, 99)))
        elif act == "twice":
            content += content[place:]
        else:
            content = content[::-1]
    return content


@careful
@given(
    content=files(),
    rating=st.sampled_from([None, "rating", "note"]),
    timestamp=st.sampled_from([None, "time", "rating"]),
    more=st.fixed_dictionaries(
        {},
        optional={
            "bad_rows": st.just("drop"),
            "header": st.just(False),
            "separator": st.sampled_from([",", ";", "tab", "::", "x", "\x00", "é", "''", ""]),
            "encoding": st.sampled_from(
                ["utf-8", "latin-1", "utf-16", "utf-7", "idna", "punycode"]
            ),
            "decimal": st.sampled_from([",", "."]),
            "date_order": st.sampled_from(["dmy", "mdy"]),
            "timestamp_unit": st.sampled_from(["s", "ms", "ns"]),
            "rating_range": st.sampled_from([(1, 5), (5, 1), (-math.inf, math.inf), (math.nan, 1)]),
            "duplicates": st.sampled_from(["error", "sum"]),
        },
    ),
)
def test_any_file_is_a_log_or_refused(tmp_path_factory, content, rating, timestamp, more):
    path = tmp_path_factory.mktemp("hostile") / "log.csv"
    path.write_bytes(content)
    said = []
    names = {"user": "1", "item": "2"} if more.get("header") is False else {}
    if names:
        rating, timestamp = rating and "3", timestamp and "4"
    refused_or_right(
        lambda: read_interactions(
            path, rating=rating, timestamp=timestamp, report=said.append, **names, **more
        )
    )
    assert path.read_bytes() == content
    for sentence in said:
        assert sentence.splitlines() == [sentence] and len(sentence) <= LONGEST_SENTENCE


def test_the_file_without_accidents_is_a_log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(VALID)
    log = refused_or_right(lambda: read_interactions(path, rating="rating", timestamp="time"))
    assert log.n_events == 40 and log.n_users == 7
