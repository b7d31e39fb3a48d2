"""Reading a log from a CSV file that somebody else wrote.

Used by the command line; taught in chapter 17 and on the page "Your own data".
"""

from __future__ import annotations

import csv
import difflib
import warnings
from pathlib import Path

import pandas as pd

from recsys_tutorial.datasets.interactions import DataError, Interactions

# Excel writes a mark before UTF-8; this reads it and does not miss it.
ENCODING = "utf-8-sig"


def read_interactions(
    path: str | Path,
    *,
    user: str = "user",
    item: str = "item",
    rating: str | None = None,
    timestamp: str | None = None,
    timestamp_unit: str = "s",
    duplicates: str = "last",
    items: str | Path | None = None,
) -> Interactions:
    """Read a CSV file of events (comma, semicolon or tab; plain or compressed).

    Parameters
    ----------
    path : str or Path
        The file.
    user, item : str
        Names of the columns with the ids.
    rating, timestamp : str or None
        Names of the columns with ratings and times, if there are any.
    timestamp_unit : {"s", "ms", "us", "ns"}
        Unit of numeric times.
    duplicates : {"error", "last", "sum"}
        What to do when a user meets an item again.
    items : str or Path, optional
        A second CSV file that describes the items: a column with the ids (called ``item``, or as in
        `item`), and as far as known ``title``, ``year`` and ``genres`` (names joined by ``|``).

    Returns
    -------
    Interactions
        The validated log.

    Raises
    ------
    DataError
        If the file is missing, empty, not a text table, or lacks a column (the message offers the
        nearest name), or if `Interactions` refuses a row.  Rows are counted as in the file: the
        header is row 1, blank lines do not count.
    """
    path = Path(path)
    table = _read_table(path)
    for column in (user, item, rating, timestamp):
        if column is not None and column not in table.columns:
            raise DataError(f"{path.name}: {_no_such_column(column, list(table.columns))}")
    try:
        return Interactions.from_frame(
            table,
            None if items is None else _read_items(Path(items), item),
            user=user,
            item=item,
            rating=rating,
            timestamp=timestamp,
            timestamp_unit=timestamp_unit,
            duplicates=duplicates,
        )
    except DataError as error:
        raise DataError(f"{path.name}: {error}") from None


def _read_table(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise DataError(f"There is no file {path}. Check the path and the folder you are in.")
    if path.is_dir():
        raise DataError(f"{path} is a folder. Name the CSV file inside it.")
    try:
        table = _parse(path)
    except UnicodeDecodeError:
        raise DataError(f"{path.name} is not UTF-8 text. Save it as 'CSV UTF-8'.") from None
    except pd.errors.EmptyDataError:
        raise DataError(f"{path.name} is empty. It needs a header and one row per event.") from None
    except pd.errors.ParserWarning:
        problem = "rows are longer than the header. Give every column a name"
        raise DataError(f"{path.name} is not a table that can be read: {problem}.") from None
    except Exception as error:  # every kind of broken archive raises its own
        problem = str(error).strip()
        raise DataError(f"{path.name} is not a table that can be read: {problem}") from None
    if table.empty:
        raise DataError(f"{path.name} has a header but no rows. It needs one row per event.")
    return table


def _parse(path: Path) -> pd.DataFrame:
    """Read the table; its index holds the line of the file in which each row stands."""

    def read(skip_blank_lines: bool) -> pd.DataFrame:
        return pd.read_csv(
            path,
            sep=separator,
            skiprows=n_before,
            skip_blank_lines=skip_blank_lines,
            encoding=ENCODING,
            skipinitialspace=True,
            # A comma at the end of each row must not shift all columns by one.
            index_col=False,
            # A column of ids must not hold 7 in one block and "7" in the next.
            low_memory=False,
        )

    with warnings.catch_warnings():
        # Rows that are longer than the header are an error, not something to cut off.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        separator, n_before = _find_header(path)
        table = read(False)
        # People count lines of the file, from 1, and the header takes one.
        table.index = table.index + n_before + 2
        filled = table.notna().any(axis=1)
        if filled.all():
            return table
        # Empty rows turn whole numbers into fractions: read again without them.
        again = read(True).dropna(how="all").set_axis(table.index[filled])
    fractions = again.select_dtypes("float")
    whole = fractions.columns[(fractions % 1 == 0).all()]
    return again.astype(dict.fromkeys(whole, "int64"))


def _find_header(path: Path) -> tuple[str, int]:
    """Find the separator that the header uses most, and the number of empty lines before it.

    A header has no free text that could mislead.
    """
    # A separator that no text contains makes each line one cell.
    lines = pd.read_csv(
        path,
        sep="\x01",
        names=["text"],
        index_col=False,
        on_bad_lines="skip",
        nrows=100,
        quoting=csv.QUOTE_NONE,
        skip_blank_lines=False,
        encoding=ENCODING,
        dtype=str,
    )["text"].dropna()
    lines = lines[lines.str.strip() != ""]
    if lines.empty:
        raise pd.errors.EmptyDataError
    return max(",;\t|", key=lines.iloc[0].count), int(lines.index[0])


def _read_items(path: Path, item: str) -> pd.DataFrame:
    table = _read_table(path).rename(columns={item: "item"})
    if "item" not in table.columns:
        raise DataError(f"{path.name}: {_no_such_column(item, list(table.columns))}")
    return table


def _no_such_column(column: str, columns: list[str]) -> str:
    names = [str(c) for c in columns]
    near = difflib.get_close_matches(column.lower(), [n.lower() for n in names], 1)
    hint = next((f" Did you mean '{n}'?" for n in names if near and n.lower() == near[0]), "")
    return f"no column '{column}'.{hint} The file has: {', '.join(names)}."
