"""Reading a log from a table that somebody else wrote.

Used by the command line; taught in chapter 17 and on the page "Your own data".  Three steps, one a
file: `decoding` (bytes to text), `parsing` (text to cells), `cells` (cells to values).  What had to
be found out is reported in words, and every finding can be overruled.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from recsys_tutorial.datasets.interactions import DataError, Interactions
from recsys_tutorial.datasets.reading.cells import Column, read_ids, read_numbers, read_times
from recsys_tutorial.datasets.reading.decoding import open_text
from recsys_tutorial.datasets.reading.parsing import SEPARATORS, Table, read_table

__all__ = ["read_interactions"]

MISSING_MEND = (
    "Fill in what you know, or leave these rows out with --drop-bad-rows (bad_rows='drop')."
)
DESCRIBING = ("title", "year", "genres")


def read_interactions(
    path: str | Path,
    *,
    user: str = "user",
    item: str = "item",
    rating: str | None = None,
    timestamp: str | None = None,
    timestamp_unit: str = "auto",
    duplicates: str = "last",
    items: str | Path | None = None,
    separator: str | None = None,
    encoding: str | None = None,
    header: bool = True,
    date_order: str | None = None,
    decimal: str | None = None,
    rating_range: tuple[float, float] | None = None,
    bad_rows: str = "error",
    report: Callable[[str], object] = lambda sentence: None,
) -> Interactions:
    r"""Read a table of events, one a row, as other programs write it.

    Parameters
    ----------
    path : str or Path
        A text table, plain or compressed (gz, bz2, xz, or a zip archive that holds one file).
    user, item : str
        Names of the columns with the ids; without a header the number of the column, from "1".
        Ids are whole numbers if all of the column are, in plain form; else text ("007" keeps its
        zeros).
    rating, timestamp : str or None
        Names of the columns with ratings and times, if there are any.
    timestamp_unit : {"auto", "s", "ms", "us", "ns"}
        Unit of times that are numbers; by default it follows from their size.
    duplicates : {"error", "last", "sum", "max"}
        What to do when a user meets an item again (see `Interactions.from_frame`).
    items : str or Path, optional
        A second table that describes the items: a column with the ids (called ``item``, or as in
        `item`), and as far as known ``title``, ``year`` and ``genres`` (names joined by ``|``).
        Its separator and encoding are found out anew.
    separator : str, optional
        What stands between columns (``","``, ``";"``, ``"tab"``, ``"|"``, ``"::"`` or any other
        character); by default it is found out.
    encoding : str, optional
        Name of the codec of the events; by default it is found out.
    header : bool
        Whether the first line holds the names of the columns.
    date_order : {"dmy", "mdy"}, optional
        How to read dates such as 03/04/2024; by default a day above 12 decides.
    decimal : {".", ","}, optional
        What stands before decimals; by default the cells decide.
    rating_range : tuple of float, optional
        Lowest and highest possible rating; others are bad cells.
    bad_rows : {"error", "drop"}
        Whether a row with a missing or bad cell is refused or left out; how many is reported.
    report : callable, optional
        Called with sentences on what was found out: separator, encoding, order of dates and so on.

    Returns
    -------
    Interactions
        The validated log.

    Raises
    ------
    DataError
        If the file is missing, empty, not a text table, lacks a column (the message offers the
        nearest name) or allows two readings, or if a row cannot be used.  Rows are named by the
        line of the file in which they begin, from 1, the header included.

    Notes
    -----
    Chapter 17.  Times without a zone count as UTC.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log.csv"
    >>> _ = path.write_text("who;what;when\n007;Alien;31.12.2023\n008;Big;01.02.2024\n")
    >>> log = read_interactions(path, user="who", item="what", timestamp="when", report=print)
    log.csv: 2 rows, semicolon between columns, plain ASCII.
    Column 'who': kept as text, with leading zeros.
    Column 'when': dates with the day first.
    >>> log.events["user"].tolist()
    ['007', '008']
    """
    path = Path(path)
    if bad_rows not in ("error", "drop"):
        raise DataError(f"bad_rows must be 'error' or 'drop', not '{bad_rows}'.")
    if decimal not in (None, ".", ","):
        raise DataError(f"The decimal mark must be '.' or ',', not {decimal!r}.")
    _check_range(rating_range, rating)
    names = {"user": user, "item": item, "rating": rating, "timestamp": timestamp}
    wanted = {ours: theirs for ours, theirs in names.items() if theirs is not None}
    if strange := [name for name in wanted.values() if not isinstance(name, str)]:
        raise DataError(
            f"A column is named by a text, not by {strange[0]!r}; without a header its number is "
            f'a text, too: "{strange[0]}".'
        )
    text = open_text(path, encoding)
    table = read_table(text, list(wanted.values()), separator=separator, header=header)
    report(_described(path, table, text.described))
    try:
        columns = {
            "user": read_ids(table.cells[user]),
            "item": read_ids(table.cells[item]),
        }
        if rating is not None:
            columns["rating"] = _within(read_numbers(table.cells[rating], decimal), rating_range)
        if timestamp is not None:
            columns["timestamp"] = read_times(table.cells[timestamp], timestamp_unit, date_order)
        for ours, column in columns.items():
            if column.said:
                report(f"Column '{wanted[ours]}': {column.said}.")
        bad = _bad_rows(columns, wanted, bad_rows)
        events = pd.DataFrame({wanted[ours]: column.values for ours, column in columns.items()})
        events = _without_bad(events, bad, report)
        if rating is not None:
            report(_range_in_words(rating, events[rating]))
        described = None
        if items is not None:
            described, events[item] = _read_items(Path(items), item, events[item], report)
        return Interactions.from_frame(
            events,
            described,
            user=user,
            item=item,
            rating=rating,
            timestamp=timestamp,
            duplicates=duplicates,
        )
    except DataError as error:
        shown = str(error)
        known = [path.name]
        if items is not None:
            known += [Path(items).name, str(Path(items)), f"There is no file {Path(items)}"]
        named = shown.startswith(tuple(known))
        raise DataError(shown if named else f"{path.name}: {shown}") from None


def _described(path: Path, table: Table, encoding: str) -> str:
    between = SEPARATORS.get(table.separator, repr(table.separator))
    short = f"; {table.n_short:,} rows are shorter than the header" if table.n_short else ""
    rows = f"{len(table.cells):,} rows, {between} between columns, {encoding}"
    return f"{path.name}: {rows}{short}."


def _check_range(limits: tuple[float, float] | None, rating: str | None) -> None:
    if limits is None:
        return
    low, high = limits
    if not low <= high:
        raise DataError(f"The rating range must name the lowest first, not {low:g} and {high:g}.")
    if rating is None:
        raise DataError("A rating range needs a column: say --rating NAME (rating= in Python).")


def _within(column: Column, limits: tuple[float, float] | None) -> Column:
    if limits is None:
        return column
    low, high = limits
    outside = column.values.notna() & ~column.values.between(low, high)
    if column.bad.any() or not outside.any():
        return column
    problem = f"outside the range from {low:g} to {high:g}"
    mend = "Correct these rows, or leave them out with --drop-bad-rows (bad_rows='drop')."
    return Column(column.values, outside, problem, mend, column.said)


def _bad_rows(columns: dict[str, Column], names: dict[str, str], rule: str) -> pd.Series:
    """Mark rows that cannot be used; refuse them here if they hold something that is no value."""
    marked = pd.Series(False, index=columns["user"].values.index)
    for ours, column in columns.items():
        if rule == "drop":
            marked |= column.bad | column.values.isna()
        elif column.bad.any():
            raise _bad_cells(ours, names[ours], column.bad, column.problem, column.mend)
    for ours, column in columns.items():
        if rule != "drop" and column.values.isna().any():
            what = "missing time" if ours == "timestamp" else f"missing {ours}"
            raise _bad_cells(ours, names[ours], column.values.isna(), what, MISSING_MEND)
    return marked


def _bad_cells(ours: str, name: str, bad: pd.Series, problem: str, mend: str) -> DataError:
    rows = bad.index[bad.to_numpy()]
    more = f" and {len(rows) - 3:,} more" if len(rows) > 3 else ""
    where = f"row {', '.join(map(str, rows[:3]))}{more}"
    shown = f"'{name}'" + (f" ({ours})" if name != ours else "")
    return DataError(f"Column {shown}: {problem} ({where}). {mend}")


def _without_bad(
    events: pd.DataFrame, bad: pd.Series, report: Callable[[str], object]
) -> pd.DataFrame:
    if not bad.any():
        return events
    if bad.all():
        raise DataError("Every row has a missing or bad cell, so nothing is left. Look at one.")
    report(
        f"{int(bad.sum()):,} of {len(events):,} rows had a missing or bad cell and were dropped."
    )
    return events[~bad].infer_objects()


def _range_in_words(name: str, ratings: pd.Series) -> str:
    below = ", some below zero" if ratings.min() < 0 else ""
    return f"Column '{name}': numbers from {ratings.min():g} to {ratings.max():g}{below}."


def _read_items(
    path: Path, item: str, ids: pd.Series, report: Callable[[str], object]
) -> tuple[pd.DataFrame, pd.Series]:
    """Read the item table, and bring the ids of both tables to one type."""
    text = open_text(path)
    try:
        column, table = item, read_table(text, [item], optional=DESCRIBING)
    except DataError as error:
        if item == "item" or "no column" not in str(error):
            raise
        try:
            column, table = "item", read_table(text, ["item"], optional=DESCRIBING)
        except DataError:
            raise error from None
    report(_described(path, table, text.described))
    if len(table.cells.columns) == 1:
        report(
            f"{path.name}: ids only. Titles, years and genres are read from columns of the names "
            "'title', 'year' and 'genres': rename yours."
        )
    described = table.cells.rename(columns={column: "item"})
    theirs = read_ids(described["item"]).values
    if pd.api.types.is_numeric_dtype(theirs) != pd.api.types.is_numeric_dtype(ids):
        return described, ids.map(str, na_action="ignore").astype(object)
    described["item"] = theirs
    if "year" in described:
        described["year"] = pd.to_numeric(described["year"], errors="coerce")
    if "title" in described:
        described["title"] = described["title"].fillna(described["item"].map(str))
    return described, ids
