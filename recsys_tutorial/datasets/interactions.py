"""The table every other module trusts: who did what, with which item, and when.

Taught in chapter 1.  A table that enters here is checked once, so that no later step has to ask
whether a rating is missing or an item is unknown.
"""

from __future__ import annotations

import datetime as dt
import decimal
import numbers
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

EVENT_COLUMNS = ("user", "item", "rating", "timestamp")
# What a cell may be: it can be compared, hashed and shown, and none of that runs foreign code.
CELLS: tuple[type, ...] = (str, bytes, tuple, numbers.Number, np.generic, uuid.UUID)
CELLS += (dt.date, dt.time, dt.timedelta, pd.Period, pd.Interval)
# What is wrong with a time, and what to do.
PAST = ("time before 1970", "Check the unit and the sign.")
FUTURE = (
    "time in the future",
    "If these are milliseconds, pass timestamp_unit='ms'; otherwise correct the rows.",
)
# A sentence that lists more, or longer, names is no longer one.
MOST_NAMES, LONGEST_NAME, LONGEST_MESSAGE = 12, 40, 900


class DataError(ValueError):
    r"""Data that cannot be used as they are; the message says where and what to do.

    Parameters
    ----------
    message : str
        What is wrong.  It may name what the data hold: signs that do not show become spaces, and
        the middle of what is longer than a screen is left out, so it stays one line.

    Examples
    --------
    >>> print(DataError("Column 'a\nb' is missing."))
    Column 'a b' is missing.
    """

    def __init__(self, message: str = "") -> None:
        shown = "".join(letter if letter.isprintable() else " " for letter in message)
        if len(shown) > LONGEST_MESSAGE:
            # What to do stands at the end.
            half = LONGEST_MESSAGE // 2 - 3
            shown = f"{shown[:half]} ... {shown[-half:]}"
        super().__init__(shown)


def need_one_type(
    what: str, ids: Sequence[object] | pd.Index, known: pd.Index | np.ndarray
) -> None:
    """Refuse ids that can never be found: 7 is not "7", and all would be unknown without a word.

    Parameters
    ----------
    what : str
        What they name: "user" or "item".
    ids : sequence
        Those that are looked for, of one type.
    known : Index or ndarray
        Those that there are, of one type.

    Raises
    ------
    DataError
        If one of both is numbers and the other is not.

    Examples
    --------
    >>> need_one_type("item", ["7"], pd.Index([7, 8]))
    Traceback (most recent call last):
    recsys_tutorial.datasets.interactions.DataError: The item '7' cannot be among those that are \
    known, such as 7: one is a number and one is not. Convert all to one type.
    """
    if not len(ids) or not len(known):
        return
    ours, theirs = ids[0], known[0]
    if isinstance(ours, numbers.Number) != isinstance(theirs, numbers.Number):
        shown = [
            _short(repr(getattr(one, "item", lambda one=one: one)())) for one in (ours, theirs)
        ]
        raise DataError(
            f"The {what} {shown[0]} cannot be among those that are known, such as {shown[1]}: "
            "one is a number and one is not. Convert all to one type."
        )


def _where(bad: pd.Series) -> str:
    """Name the first bad rows by their index labels, and how many there are in all."""
    rows = [_short(label) for label in bad.index[bad.to_numpy()][:3]]
    total = int(bad.sum())
    return f"row {', '.join(rows)}" + (f" and {total - 3:,} more" if total > 3 else "")


def _short(name: object) -> str:
    """Show a name on a part of one line, whatever is in it."""
    shown = " ".join(str(name).split())
    return shown if len(shown) <= LONGEST_NAME else f"{shown[: LONGEST_NAME - 3]}..."


def _listed(names: Sequence[object]) -> str:
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return f"{[_short(name) for name in names[:MOST_NAMES]]}{more}"


def _check_cells(table: pd.DataFrame) -> None:
    """Refuse objects of other programs before anything compares, hashes or shows them."""
    for column in table.columns:
        cells = table[column]
        if cells.dtype != object or pd.api.types.infer_dtype(cells, skipna=False) == "string":
            continue
        mend = f"Make them texts: table['{column}'].astype(str)."
        _fail(~cells.map(_is_plain), str(column), "not a number, a text or a date", mend)
        _fail(cells.map(_is_endless), str(column), "a number of more than 64 bits", mend)


def _is_plain(cell: object) -> bool:
    if isinstance(cell, tuple):
        return all(map(_is_plain, cell))
    # A signalling NaN stops whoever looks at it.
    signals = isinstance(cell, decimal.Decimal) and cell.is_snan()
    return not signals and (cell is None or cell is pd.NA or isinstance(cell, CELLS))


def _is_endless(cell: object) -> bool:
    return isinstance(cell, int) and not -(2**63) <= cell < 2**64


def _is_number(cell: Any) -> bool:
    try:
        number = float(cell)
    except (TypeError, ValueError, OverflowError):
        return False
    return number == number


def _fail(bad: pd.Series, column: str, problem: str, mend: str, table: str = "Column") -> None:
    """Raise a `DataError` that names column, rows and mend if any row is bad."""
    if bad.any():
        raise DataError(f"{table} '{column}': {problem} ({_where(bad)}). {mend}")


def _check_ids(events: pd.DataFrame) -> None:
    for column in ("user", "item"):
        ids = events[column]
        mend = f"Drop these rows, or fill in the {column} they belong to."
        _fail(ids.isna(), column, f"missing {column}", mend)
        if pd.api.types.infer_dtype(ids) in ("mixed", "mixed-integer"):
            # Numbers beside texts have no order, and 7 is not "7": a join would lose events.
            other = ids.map(type) != ids.map(type).iloc[0]
            mend = f"Make them all texts: table['{column}'].astype(str)."
            _fail(other, column, "ids of several types", mend)


def _check_ratings(events: pd.DataFrame) -> None:
    rating = events["rating"]
    if pd.api.types.is_bool_dtype(rating):
        raise DataError(
            "Column 'rating': true or false is not a number. "
            "Keep the rows that are true and pass rating=None to from_frame."
        )
    if not pd.api.types.is_any_real_numeric_dtype(rating):
        bad = ~rating.astype(object).map(_is_number)
        mend = "Convert the ratings to numbers, e.g. 'good' to 1, '3,5' to 3.5."
        _fail(bad, "rating", "not a number", mend)
        raise DataError("Column 'rating': numbers stored as text. Use pandas.to_numeric first.")
    _fail(rating.isna(), "rating", "missing rating", "Drop these rows; a guess is not a rating.")
    _fail(np.isinf(rating), "rating", "infinite rating", "Drop or correct these rows.")


def _check_timestamps(events: pd.DataFrame, now: float) -> None:
    seconds = events["timestamp"]
    if not pd.api.types.is_any_real_numeric_dtype(seconds):
        raise DataError(
            "Column 'timestamp': not whole seconds since 1970. "
            "Use Interactions.from_frame, which converts dates and texts."
        )
    _fail(seconds.isna(), "timestamp", "missing time", "Drop these rows or fill in the time.")
    _fail(seconds < 0, "timestamp", *PAST)
    # A day of tolerance: clocks of servers in other time zones run ahead of ours.
    _fail(
        seconds > now + 86_400,
        "timestamp",
        *FUTURE,
    )


def _check_items(events: pd.DataFrame, items: pd.DataFrame) -> None:
    table = "Item table, column"
    if "item" not in items.columns:
        raise DataError(f"{table} 'item' is missing. Rename the column with the ids.")
    ids = items["item"]
    _fail(ids.isna(), "item", "missing item", "Drop these rows of the item table.", table)
    _fail(ids.duplicated(), "item", "item described twice", "Keep one row per item.", table)
    unknown = ~events["item"].isin(ids)
    mend = "Add these items to the item table, drop the events, or go without the table."
    if unknown.all() and len(ids):
        samples = [series.tolist()[0] for series in (events["item"], ids)]
        shown = [_short(repr(sample)) for sample in samples]
        mend = "The log has {}, the item table {}: are both of one type?".format(*shown)
    _fail(unknown, "item", "item that is not in the item table", mend)


# Two logs are equal only if they are one object: `==` of frames has no single answer.
@dataclass(frozen=True, eq=False)
class Interactions:
    """A validated log of events, with a table that describes the items.

    Build it with `from_frame`, which renames and converts columns; the constructor only checks.

    Parameters
    ----------
    events : DataFrame
        One row per event, columns ``user``, ``item``, ``rating`` (a number; 1.0 for a click or a
        purchase) and ``timestamp`` (whole seconds since 1970, or the column is absent when the log
        has no times).  A user and an item meet at most once.
    items : DataFrame
        One row per item: ``item`` and, as far as known, ``title``, ``year`` and ``genres`` (names
        joined by ``|``).
    now : float, optional
        The present, in seconds since 1970; events may not lie more than a day after it.
    n_merged : int
        Repeated events that `from_frame` merged.

    Raises
    ------
    DataError
        With the column, the rows and the mend, if the table is empty, a column is missing or of
        the wrong type, a value is missing, infinite, negative in time or from the future, a pair
        of user and item stands twice, or an item is unknown.

    Notes
    -----
    Chapter 1.  The frames are shared, not copied: treat them as read-only.

    Examples
    --------
    >>> log = pd.DataFrame({"user": [1, 1, 2], "item": ["a", "b", "a"], "rating": [5, 3, 4]})
    >>> events = Interactions.from_frame(log, timestamp=None)
    >>> events.n_users, events.n_items, events.density
    (2, 2, 0.75)
    """

    events: pd.DataFrame
    items: pd.DataFrame
    now: float = field(default_factory=time.time, repr=False)
    n_merged: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        """Check the tables."""
        missing = [c for c in EVENT_COLUMNS[:3] if c not in self.events.columns]
        if missing:
            raise DataError(
                f"Column '{missing[0]}' is missing; the table has "
                f"{_listed(list(self.events.columns))}. "
                f"Name it: Interactions.from_frame(table, {missing[0]}='your column')."
            )
        if self.events.empty:
            raise DataError("The table has no rows. Check the file and the filters before it.")
        _check_ids(self.events)
        _check_ratings(self.events)
        if self.has_time:
            _check_timestamps(self.events, self.now)
        repeated = self.events.duplicated(["user", "item"])
        mend = "Say duplicates='last' or 'sum' (--duplicates last, or sum), or remove them."
        _fail(repeated, "user, item", "the same user and item again", mend)
        _check_items(self.events, self.items)

    @classmethod
    def from_frame(
        cls,
        events: pd.DataFrame,
        items: pd.DataFrame | None = None,
        *,
        user: str = "user",
        item: str = "item",
        rating: str | None = "rating",
        timestamp: str | None = "timestamp",
        timestamp_unit: str = "s",
        duplicates: str = "error",
    ) -> Interactions:
        """Build a log from any table by naming its columns; the table itself is not changed.

        Parameters
        ----------
        events : DataFrame
            The raw log.
        items : DataFrame, optional
            The item table, with a column ``item``; without it every item is its own title.
        user, item : str
            Names of the columns with the ids.
        rating : str or None
            Name of the column with the ratings; None gives every event the rating 1.0.
        timestamp : str or None
            Name of the column with the times; None if the log has none.
        timestamp_unit : {"s", "ms", "us", "ns"}
            Unit of numeric times.  Years and dates that are written as numbers (2019, 20190131)
            would be seconds of 1970: make dates of them first, with `pandas.to_datetime`.
        duplicates : {"error", "last", "sum", "max"}
            What to do when a user meets an item again: refuse, keep the latest event, add the
            ratings (counts) and keep the latest time, or keep the event with the highest rating
            (the latest of equals).

        Returns
        -------
        Interactions
            The validated log, sorted by user and time.

        Raises
        ------
        DataError
            See the class.
        """
        wanted = {"user": user, "item": item, "rating": rating, "timestamp": timestamp}
        names = {ours: theirs for ours, theirs in wanted.items() if theirs is not None}
        table = _select_columns(events, names)
        order = ["user", "timestamp", "item"] if timestamp is not None else ["user", "item"]
        try:
            _check_cells(table)
            if timestamp is not None:
                table["timestamp"] = to_seconds(table["timestamp"], timestamp_unit)
            n_rows, table = len(table), _merge_duplicates(table, duplicates)
            # Errors must name the reader's rows, so the index is kept until all checks have passed.
            checked = cls(table, _item_table(table, items))
        except DataError as error:
            raise DataError(_in_their_words(str(error), names)) from None
        ordered = checked.events.sort_values(order).reset_index(drop=True)
        return cls(ordered, checked.items, checked.now, n_rows - len(table))

    @property
    def has_time(self) -> bool:
        """Whether the log knows when things happened."""
        return "timestamp" in self.events.columns

    @property
    def n_events(self) -> int:
        """Number of events."""
        return len(self.events)

    @property
    def n_users(self) -> int:
        """Number of users with at least one event."""
        return int(self.events["user"].nunique())

    @property
    def n_items(self) -> int:
        """Number of items with at least one event."""
        return int(self.events["item"].nunique())

    @property
    def density(self) -> float:
        """Share of the user-item table that is filled, between 0 and 1."""
        return self.n_events / (self.n_users * self.n_items)

    @property
    def titles(self) -> pd.Series:
        """Title of each item, indexed by item id."""
        return self.items.set_index("item")["title"]

    def with_events(self, events: pd.DataFrame) -> Interactions:
        """Keep the item table and the clock, replace the events (a split, a filter).

        Parameters
        ----------
        events : DataFrame
            Rows with the same columns as ``self.events``.

        Returns
        -------
        Interactions
            The new log, validated again.
        """
        return Interactions(events.reset_index(drop=True), self.items, self.now)


def to_seconds(times: pd.Series, unit: str = "s") -> pd.Series:
    """Convert times (numbers, dates or texts) to whole seconds since 1970, in UTC.

    Parameters
    ----------
    times : Series
        Numbers in the given unit, datetimes, or texts such as ``"2016-03-05 17:20"``.
    unit : {"s", "ms", "us", "ns"}
        Unit of the numbers.

    Returns
    -------
    Series
        int64 seconds, same index.

    Raises
    ------
    DataError
        If a value is missing, cannot be read as a time or can be read as two, with its row.

    Examples
    --------
    >>> to_seconds(pd.Series(["1970-01-02"])).tolist()
    [86400]
    """
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
    if unit not in per_second:
        raise DataError(f"timestamp_unit must be one of {list(per_second)}, not '{unit}'.")
    _fail(times.isna(), str(times.name), "missing time", "Drop these rows or fill in the time.")
    if pd.api.types.is_any_real_numeric_dtype(times):
        if pd.api.types.is_float_dtype(times):
            times = times.astype("float64")  # a short float cannot be compared with a long number
        # Larger numbers, infinity among them, do not fit into 64 bits.
        endless = (times >= 2.0**63) | (times < -(2.0**63))
        _fail(endless, str(times.name), "infinite time", "Drop or correct these rows.")
        if pd.api.types.is_integer_dtype(times):
            times = times.astype("int64")  # a short number cannot be divided by a long one
        return (times // per_second[unit]).astype("int64")
    _refuse_two_readings(times)
    dates = pd.to_datetime(times, errors="coerce", utc=True, format="mixed")
    mend = "Use numbers (not texts that look like them), or dates as YYYY-MM-DD HH:MM."
    # One bad cell turns a column of numbers into texts; then it is the bad cell that must be named.
    odd = dates.isna() & ~times.astype(object).map(_is_number)
    # Before version 3, pandas counts in nanoseconds, and cannot read what is centuries away.
    texts = times[odd].astype(str)
    years = texts.str.extract(r"^\s*(\d{4})-\d\d-\d\d", expand=False).astype(float)
    _fail(years > 2261, str(times.name), *FUTURE)
    _fail(years < 1678, str(times.name), *PAST)
    _fail(odd if odd.any() else dates.isna(), str(times.name), "not a time", mend)
    return (dates - pd.Timestamp("1970-01-01", tz="UTC")) // pd.Timedelta(seconds=1)


def _refuse_two_readings(times: pd.Series) -> None:
    """Refuse dates with the year last: pandas would take 03/04 for March and 13/04 for April."""
    if pd.api.types.is_datetime64_any_dtype(times):
        return
    texts = times.astype(object).map(lambda cell: cell if isinstance(cell, str) else "")
    mend = "Say which comes first: pandas.to_datetime(column, dayfirst=True), or dayfirst=False."
    problem = "a date with the year last may have the day or the month first"
    _fail(texts.str.match(r"\s*\d{1,2}([./-])\d{1,2}\1\d"), str(times.name), problem, mend)


def _select_columns(events: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Copy the columns that are needed and give them our names."""
    columns = list(events.columns)
    for ours, theirs in names.items():
        if theirs not in columns:
            optional = f", or {ours}=None if there is none" if ours in EVENT_COLUMNS[2:] else ""
            raise DataError(
                f"Column '{theirs}' (for {ours}) is missing; the table has "
                f"{_listed(columns)}. Name it: {ours}='your column'{optional}."
            )
        if columns.count(theirs) > 1:
            raise DataError(f"Column '{theirs}' stands twice in the table. Rename one of them.")
    table = pd.DataFrame({ours: events[theirs] for ours, theirs in names.items()})
    for column in ("user", "item"):
        if isinstance(table[column].dtype, pd.CategoricalDtype):
            # Grouping by categories would bring back users who are not in the table.
            table[column] = table[column].astype(table[column].cat.categories.dtype)
        if table[column].dtype == np.float16 or _holds_floats(table[column]):
            # Short floats cannot be grouped, neither as a column nor one by one.
            table[column] = table[column].astype("float64")
    return table if "rating" in names else table.assign(rating=1.0)


def _holds_floats(cells: pd.Series) -> bool:
    return cells.dtype == object and pd.api.types.infer_dtype(cells, skipna=False) == "floating"


def _in_their_words(message: str, names: dict[str, str]) -> str:
    """Name the reader's column in an error about ours."""
    for ours, theirs in names.items():
        if theirs != ours:
            message = message.replace(f"Column '{ours}'", f"Column '{theirs}' ({ours})")
    return message


def _merge_duplicates(table: pd.DataFrame, rule: str) -> pd.DataFrame:
    if rule not in ("error", "last", "sum", "max"):
        raise DataError(f"duplicates must be 'error', 'last', 'sum' or 'max', not '{rule}'.")
    if rule == "error" or not table.duplicated(["user", "item"]).any():
        return table
    # A missing rating must be refused, not swallowed by a sum or by a later row.
    _check_ids(table)
    _check_ratings(table)
    if "timestamp" in table:
        table = table.sort_values("timestamp", kind="stable")
    if rule == "max":
        table = table.sort_values("rating", kind="stable")
    last = table.drop_duplicates(["user", "item"], keep="last")
    if rule == "sum":
        if float(table["rating"].abs().max()) * len(table) >= 2.0**63:
            # Whole numbers would begin again from below.
            table = table.astype({"rating": "float64"})
        sums = table.groupby(["user", "item"])["rating"].sum()
        pairs = pd.MultiIndex.from_frame(last[["user", "item"]])
        last = last.assign(rating=sums.reindex(pairs).to_numpy())
    return last


def _item_table(events: pd.DataFrame, items: pd.DataFrame | None) -> pd.DataFrame:
    if items is None:
        # The same item may carry a missing id here; the checks that follow name its row.
        items = pd.DataFrame({"item": events["item"].dropna().unique()})
    if "item" in items.columns and "title" not in items.columns:
        items = items.assign(title=items["item"].astype(str))
    return items
