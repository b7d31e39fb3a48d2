"""From text to cells: which character separates the columns, where the table starts, which rows.

Taught in chapter 17.  The separator is the one under which the columns that are asked for exist and
the rows are equally long; `csv.Sniffer`, which looks at letters only, is right less often.  Every
row is counted: a row that is longer than the header is refused, because something in it has moved.
"""

from __future__ import annotations

import csv
import difflib
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from recsys_tutorial.datasets.interactions import DataError
from recsys_tutorial.datasets.reading.decoding import TextFile

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", "::": "double colon"}
# What programs write for "nothing": pandas, R, MySQL and PostgreSQL, Excel.
MISSING = frozenset(
    ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", r"\N", "#N/A", "#NULL!"]
)
# The csv module takes one character; this one stands in no text.
STAND_IN = "\x1f"
LINES_TO_LOOK_AT = 200
LONGEST_LINE = 1 << 20
BLOCK_OF_ROWS = 50_000


@dataclass(frozen=True)
class Table:
    """Cells of the columns that were asked for, as text.

    Attributes
    ----------
    cells : DataFrame of str
        Missing cells are None; the index is the line of the file in which the row begins.
    separator : str
        What stands between columns.
    n_short : int
        Rows that are shorter than the header.
    """

    cells: pd.DataFrame
    separator: str
    n_short: int


@dataclass(frozen=True)
class _Layout:
    separator: str
    quoting: int
    skip: int
    names: list[str]
    header: bool


def read_table(
    text: TextFile,
    wanted: Sequence[str],
    *,
    separator: str | None = None,
    header: bool = True,
    optional: Sequence[str] = (),
) -> Table:
    r"""Read some columns of a table.

    Parameters
    ----------
    text : TextFile
        From `open_text`.
    wanted : sequence of str
        Names of columns that must be there; without a header their numbers, from "1".
    separator : str, optional
        What stands between columns; by default it is found out.
    header : bool
        Whether the first line holds names.
    optional : sequence of str
        Names of columns that are read if they are there.

    Returns
    -------
    Table
        The cells.

    Raises
    ------
    DataError
        If there is no header or no row, a column is missing (the message offers the nearest name)
        or stands twice, a row is longer than the header, or a quote is never closed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from recsys_tutorial.datasets.reading.decoding import open_text
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "log.csv"
    >>> _ = path.write_text("user;note;item\n007;a, b;Alien\n")
    >>> read_table(open_text(path), ["user", "item"]).cells.to_numpy().tolist()
    [['007', 'Alien']]
    """
    layout = _find_layout(text, wanted, _checked_separator(separator), header)
    _check_names(text, wanted, layout)
    picked = list(dict.fromkeys([*wanted, *(name for name in optional if name in layout.names)]))
    places = [layout.names.index(name) for name in picked]
    try:
        lines, columns, n_short = _read_rows(text, layout, places)
    except _LoneQuoteError:
        # Databases write tabs without quotes: there a quotation mark is a letter like any other.
        layout = _Layout(layout.separator, csv.QUOTE_NONE, layout.skip, layout.names, header)
        lines, columns, n_short = _read_rows(text, layout, places)
    if not len(lines):
        what = "a header but no rows" if header else "no rows"
        raise DataError(f"{text.path.name} has {what}. It needs one row per event.")
    index = pd.Index(np.array(lines, dtype=np.int64))
    cells = {name: np.array(column, dtype=object) for name, column in zip(picked, columns)}
    return Table(pd.DataFrame(cells, index=index, dtype=object), layout.separator, n_short)


def no_such_column(column: str, names: Sequence[str]) -> str:
    """Say that a column is missing, and which name comes nearest.

    Parameters
    ----------
    column : str
        What was asked for.
    names : sequence of str
        What there is.

    Returns
    -------
    str
        One or two sentences.

    Examples
    --------
    >>> no_such_column("costumer", ["customer", "product"])
    "no column 'costumer'. Did you mean 'customer'? The file has: customer, product."
    """
    near = difflib.get_close_matches(column.casefold(), [n.casefold() for n in names], 3)
    found = [n for n in dict.fromkeys(names) if n.casefold() in near]
    hint = f" Did you mean {' or '.join(map(repr, found))}?" if found else ""
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"no column '{column}'.{hint} The file has: {shown}."


def _checked_separator(separator: str | None) -> str | None:
    named = {"tab": "\t", r"\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "space": " "}
    separator = None if separator is None else named.get(separator, separator)
    if (
        separator is not None
        and separator != "::"
        and (len(separator) != 1 or separator in '"\r\n')
    ):
        raise DataError(f"The separator must be one character, '::' or 'tab', not {separator!r}.")
    return separator


def _find_layout(
    text: TextFile, wanted: Sequence[str], separator: str | None, header: bool
) -> _Layout:
    with text.open() as stream:
        short = (line for line in iter(lambda: stream.readline(LONGEST_LINE), ""))
        head = list(itertools.islice(short, LINES_TO_LOOK_AT))
    filled = [n for n, line in enumerate(head) if line.strip()]
    if not filled:
        raise DataError(f"{text.path.name} is empty. It needs a header and one row per event.")
    skip = filled[0]
    said = re.fullmatch(r'"?sep=(.)"?\s*', head[skip].lstrip("\ufeff"), re.DOTALL)
    if said:
        # Excel's own way of saying it.
        separator, skip = separator or said.group(1), skip + 1
    lines = [line for line in head[skip:] if line.strip()]
    if not lines:
        raise DataError(f"{text.path.name} is empty. It needs a header and one row per event.")
    _refuse_other_formats(text, lines[0])
    best = separator or max(SEPARATORS, key=lambda s: _fitness(lines, s, wanted, header))
    first = next(_rows_to_look_at(lines, best), [])
    names = [name.strip().strip("\ufeff") for name in first]
    if not header:
        names = [str(n + 1) for n in range(len(first))]
    quoting = csv.QUOTE_NONE if best == "::" else csv.QUOTE_MINIMAL
    return _Layout(best, quoting, skip, names, header)


def _refuse_other_formats(text: TextFile, line: str) -> None:
    start = line.lstrip()
    if re.match(r'[{\[]\s*["{\[\]}]', start):
        by_line = ", lines=True" if start.startswith("{") else ""
        raise DataError(
            f"{text.path.name} is JSON, not CSV. Convert it: "
            f"pandas.read_json(path{by_line}, dtype=False, convert_dates=False)"
            ".to_csv('log.csv', index=False)."
        )
    if re.match(r"<(!doctype|html|\?xml|table)", start, re.IGNORECASE):
        raise DataError(
            f"{text.path.name} is a web page or XML, not CSV. Download the table itself."
        )


def _fitness(
    lines: list[str], separator: str, wanted: Sequence[str], header: bool
) -> tuple[int, bool, float, int]:
    """How well a separator fits: names found, more than one column, even rows, many columns."""
    # The last line may be cut; a quoted cell may span several.
    rows = [row for row in _rows_to_look_at(lines[:-1] or lines, separator) if any(row)]
    widths = [len(row) for row in rows]
    names = _folded(rows[0]) if rows and header else set()
    even = sum(width == widths[0] for width in widths) / max(len(widths), 1)
    n_columns = widths[0] if widths else 0
    return len(names & _folded(wanted)), n_columns > 1, round(even, 1), n_columns


def _rows(
    lines: Iterable[str], separator: str, quoting: Any = csv.QUOTE_MINIMAL, *, strict: bool = True
) -> Any:
    if separator == "::":
        lines, separator = (line.replace("::", STAND_IN) for line in lines), STAND_IN
    return csv.reader(
        lines,
        delimiter=separator,
        quoting=quoting,
        skipinitialspace=separator != " ",
        strict=strict,
    )


def _rows_to_look_at(lines: list[str], separator: str) -> Iterator[list[str]]:
    """Rows, up to the first that the csv module refuses: its cells are too long for a table's."""
    with suppress(csv.Error):
        yield from _rows(lines, separator, strict=False)


def _check_names(text: TextFile, wanted: Sequence[str], layout: _Layout) -> None:
    name = text.path.name
    for column in wanted:
        if column not in layout.names:
            message = no_such_column(column, layout.names)
            later, spelled = _header_further_down(text, wanted, layout)
            # Line 1 has them already, if the case of the letters does not count.
            if later and not _folded(wanted) <= _folded(layout.names):
                message += f" Line {later} has the columns: delete the lines above it."
            if spelled:
                message += f" Its names are {', '.join(map(repr, spelled))}: mind the case."
            elif not layout.header:
                message += " Without a header, columns are named by their numbers, from 1."
            elif any(re.fullmatch(r"[\d.:/\- ]+", found) for found in layout.names):
                message += (
                    " If this is no header but data, say --no-header (header=False in Python) "
                    "and give the numbers of the columns, from 1."
                )
            raise DataError(f"{name}: {message}")
        if layout.names.count(column) > 1:
            raise DataError(f"{name}: column '{column}' stands twice. Rename one of them.")
    twice = [column for column in wanted if list(wanted).count(column) > 1]
    if twice:
        raise DataError(f"{name}: column '{twice[0]}' is named for two purposes. Name another.")


def _header_further_down(
    text: TextFile, wanted: Sequence[str], layout: _Layout
) -> tuple[int, list[str]]:
    """Find the line with the names below a title or a comment; 0 if there is none.

    Case does not count; names that were asked for in another case come back as the file has them.
    """
    if not layout.header:
        return 0, []
    with text.open() as stream:
        short = (line for line in iter(lambda: stream.readline(LONGEST_LINE), ""))
        for number, line in enumerate(itertools.islice(short, LINES_TO_LOOK_AT), start=1):
            for separator in SEPARATORS:
                row = next(_rows_to_look_at([line], separator), [])
                if _folded(wanted) <= _folded(row):
                    names = [cell.strip() for cell in row]
                    other = [n for n in names if _folded([n]) <= _folded(wanted)]
                    return number, [n for n in other if n not in wanted]
    return 0, []


def _folded(names: Iterable[str]) -> set[str]:
    """Give names as a person compares them: without case and outer spaces."""
    return {name.strip().casefold() for name in names}


class _LoneQuoteError(Exception):
    """A quotation mark that means itself, in a table that is separated by tabs."""


def _read_rows(
    text: TextFile, layout: _Layout, places: list[int]
) -> tuple[Sequence[int], list[list[str | None]], int]:
    """Collect the wanted cells, with the line of each row and the number of short rows."""
    even = _read_even_rows(text, layout, places)
    return (*even, 0) if even is not None else _read_odd_rows(text, layout, places)


def _read_even_rows(
    text: TextFile, layout: _Layout, places: list[int]
) -> tuple[Sequence[int], list[list[str | None]]] | None:
    """Read a table in which each row is one line, none is empty and all are equally long.

    Most large files are such, and block by block they are read three times as fast.  At the first
    row that is not, None comes back, and the careful way begins anew.
    """
    # Equal cells become one text in memory, and what stands for nothing becomes None; no step here
    # is a step of Python, because there are millions of cells.
    known: list[dict[str, str | None]] = [dict.fromkeys(MISSING) for _ in places]
    columns: list[list[str | None]] = [[] for _ in places]
    with text.open() as stream:
        for _ in range(layout.skip):
            stream.readline()
        reader = _rows(stream, layout.separator, layout.quoting)
        try:
            if layout.header:
                next(reader)
            before, n_rows = reader.line_num, 0
            while rows := list(itertools.islice(reader, BLOCK_OF_ROWS)):
                n_rows += len(rows)
                is_even = set(map(len, rows)) == {len(layout.names)}
                if not is_even or reader.line_num - before != n_rows:
                    return None
                for place, memory, column in zip(places, known, columns, strict=True):
                    cells = list(map(str.strip, map(itemgetter(place), rows)))
                    column.extend(map(memory.setdefault, cells, cells))
        except (csv.Error, StopIteration):
            return None
    if all(None in column for column in columns):
        # A row may be empty in all columns.
        return None
    start = layout.skip + before + 1
    return range(start, start + n_rows), columns


def _meaning(cell: str) -> str | None:
    stripped = cell.strip()
    return None if stripped in MISSING else stripped


def _read_odd_rows(
    text: TextFile, layout: _Layout, places: list[int]
) -> tuple[Sequence[int], list[list[str | None]], int]:
    """Read any table, row by row."""
    width, n_short, lines = len(layout.names), 0, []
    known: list[dict[str, str | None]] = [{} for _ in places]
    columns: list[list[str | None]] = [[] for _ in places]
    slots = list(zip(places, known, columns, strict=True))
    for start, row in _numbered(text, layout):
        if len(row) > width:
            if any(cell.strip() for cell in row[width:]):
                raise _too_long(text, layout, start, len(row))
        elif len(row) < width:
            row += [""] * (width - len(row))
            n_short += 1
        lines.append(start)
        for place, memory, column in slots:
            cell = row[place]
            if cell not in memory:
                memory[cell] = _meaning(cell)
            column.append(memory[cell])
    return lines, columns, n_short


def _numbered(text: TextFile, layout: _Layout) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, each with the line in which it begins; the header is left out."""
    with text.open() as stream:
        for _ in range(layout.skip):
            stream.readline()
        reader = _rows(stream, layout.separator, layout.quoting)
        line, in_header = layout.skip, layout.header
        while True:
            start = line + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if layout.separator == "\t" and layout.quoting != csv.QUOTE_NONE:
                    raise _LoneQuoteError from None
                raise _bad_quote(text, start, error) from None
            line = layout.skip + reader.line_num
            if not any(row) or not any(map(str.strip, row)):
                continue
            if in_header:
                in_header = False
                continue
            yield start, row


def _too_long(text: TextFile, layout: _Layout, line: int, n_cells: int) -> DataError:
    what = "the header" if layout.header else "the first row"
    return DataError(
        f"{text.path.name} is not a table that can be read: line {line} is longer than {what} "
        f"({n_cells} cells, not {len(layout.names)}). Put quotes around cells that hold "
        f"{layout.separator!r}, give every column a name, or name the separator with --sep."
    )


def _bad_quote(text: TextFile, line: int, error: csv.Error) -> DataError:
    if "field larger" in str(error):
        problem = f"a cell in line {line} is longer than any name; is the quote before it closed?"
        return DataError(f"{text.path.name} is not a table that can be read: {problem}")
    if "unexpected end" in str(error):
        problem = f'the quote opened in line {line} is never closed. Write "" for a quote in a cell'
    else:
        problem = f"line {line}: {error}"
    return DataError(f"{text.path.name} is not a table that can be read: {problem}.")
