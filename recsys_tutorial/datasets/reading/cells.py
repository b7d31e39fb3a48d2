"""From cells to values: ids that keep their zeros, numbers of two conventions, dates of three.

Taught in chapter 17.  One rule for all: a column is read as a whole, and if its cells allow two
readings the reader asks, because a program that guesses is right in most rows and silent about the
others.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recsys_tutorial.datasets.interactions import DataError

UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
# 12E5 may be the name of a thing; only a spreadsheet writes 1E+15.
ROUNDED = re.compile(r"\d[.,]\d+E\+?\d+|\dE\+\d+", re.IGNORECASE)
WHOLE = re.compile(r"0|-?[1-9]\d{0,17}")
WHOLE_WITH_POINT = re.compile(r"(0|-?[1-9]\d{0,14})\.0")
# A date without marks: the year, and month, day, hour, minute and second as far as they go.  As
# numbers of seconds, years and months would all be in the first days of 1970, where no log is.
COMPACT = re.compile(
    r"(19[7-9]\d|20\d\d)(?:(0[1-9]|1[0-2])(?:(0[1-9]|[12]\d|3[01])"
    r"(?:([01]\d|2[0-3])([0-5]\d)([0-5]\d)?)?)?)?(?:\.0)?"
)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
YEAR_FIRST = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)")
YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?!\d)[,]?\s*(.*)", re.DOTALL)
# Clocks as programs write them; ISO 8601 is tried first.
CLOCKS = ("%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %I:%M %p", "%Y-%m-%d %H.%M", "%Y-%m-%d %H.%M.%S")


@dataclass(frozen=True)
class Column:
    """Values of one column, and which cells are none.

    Attributes
    ----------
    values : Series
        Same index as the cells; missing and bad cells are missing.
    bad : Series of bool
        Cells that hold something, but no value.
    problem, mend : str
        What is wrong with the bad ones, and what to do.
    said : str
        How the column was read, if a reader should know; else empty.
    """

    values: pd.Series
    bad: pd.Series
    problem: str = ""
    mend: str = ""
    said: str = ""


def read_ids(cells: pd.Series) -> Column:
    """Read ids: whole numbers if all are, in their plain form; else text, as it stands.

    Parameters
    ----------
    cells : Series of str
        Cells; None is missing.

    Returns
    -------
    Column
        int64 or str.

    Raises
    ------
    DataError
        If a spreadsheet has rounded the ids.

    Examples
    --------
    >>> read_ids(pd.Series(["7", "12"])).values.tolist()
    [7, 12]
    >>> read_ids(pd.Series(["007", "12"])).values.tolist()
    ['007', '12']
    """
    codes, texts = _distinct(cells)
    rounded = [text for text in texts if ROUNDED.fullmatch(text)]
    if rounded:
        where = cells.index[codes == texts.index(rounded[0])][0]
        raise DataError(
            f"Column '{cells.name}': {rounded[0]} (row {where}) was rounded by a spreadsheet, so "
            "different ids may have become one. Export anew, with this column as text."
        )
    none = pd.Series(False, index=cells.index)
    alike = _alike(texts)
    if all(map(WHOLE.fullmatch, texts)):
        return Column(_spread(codes, np.array(list(map(int, texts)), np.int64), cells), none)
    if all(map(WHOLE_WITH_POINT.fullmatch, texts)):
        # What pandas makes of whole numbers when one of them was missing.
        numbers = np.array([int(text[:-2]) for text in texts], np.int64)
        said = f"{texts[0]!r} was read as {numbers[0]}, and all others likewise"
        return Column(_spread(codes, numbers, cells), none, said=said)
    zeros = any(re.fullmatch(r"0\d+", text) for text in texts)
    if zeros:
        return Column(
            cells, none, said="kept as text, with leading zeros" + (alike and f"; {alike}")
        )
    odd = [text for text in texts if not WHOLE.fullmatch(text)]
    if len(odd) > len(texts) / 10:
        return Column(cells, none, said=alike)
    # A line such as "Total" at the end of an export would become a user.
    where = cells.index[codes == texts.index(odd[0])][0]
    said = f"kept as text, because {_short(odd[0])} (row {where}) is no whole number" + (
        alike and f"; {alike}"
    )
    return Column(cells, none, said=said)


def _alike(texts: list[str]) -> str:
    """Say how many ids differ in the case of their letters only: they may be one."""
    first: dict[str, str] = {}
    pairs = [
        (known, text)
        for text in texts
        if (known := first.setdefault(text.casefold(), text)) != text
    ]
    if not pairs:
        return ""
    some = " and ".join(map(_short, pairs[0]))
    more = f" (and {len(pairs) - 1:,} more)" if len(pairs) > 1 else ""
    return f"{some}{more} differ in the case of letters only, and count as different"


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


def read_numbers(cells: pd.Series, decimal: str | None = None) -> Column:
    """Read numbers, with a point or a comma before the decimals and marks between thousands.

    Parameters
    ----------
    cells : Series of str
        Cells; None is missing.
    decimal : {".", ","}, optional
        What stands before the decimals; by default the cells decide.

    Returns
    -------
    Column
        float64.

    Raises
    ------
    DataError
        If cells such as ``1,234`` allow two readings and no other cell decides.

    Examples
    --------
    >>> read_numbers(pd.Series(["1.234,5", "12"])).values.tolist()
    [1234.5, 12.0]
    """
    codes, texts = _distinct(cells)
    bare = [re.sub(r"(?<=\d)[ '\u00a0\u202f\u2019](?=\d{3})", "", text) for text in texts]
    if decimal is None:
        decimal = _decimal_mark(cells.name, bare)
    thousands = "." if decimal == "," else ","
    grouped = re.compile(rf"[+-]?\d{{1,3}}({re.escape(thousands)}\d{{3}})+(?!\d)")
    plain = [
        (text.replace(thousands, "") if grouped.match(text) else text).replace(",", ".")
        if thousands == "." or grouped.match(text)
        else text
        for text in bare
    ]
    good = [bool(NUMBER.fullmatch(text)) or text.lower().strip("+-") == "inf" for text in plain]
    numbers = np.array([float(t) if ok else np.nan for t, ok in zip(plain, good)], float)
    bad = _spread(codes, ~np.array(good, bool), cells, missing=False)
    mend = "Convert the ratings to numbers, e.g. 'good' to 1, '3/5' to 3, '12.50 €' to 12.50."
    said = "decimal comma" if decimal == "," else _guessed_point(bare)
    problem = _first_bad(texts, good) + "not a number"
    return Column(_spread(codes, numbers, cells), bad, problem, mend, said)


def _first_bad(texts: list[str], good: Iterable[bool]) -> str:
    """Quote the first cell that is no value: to see it is to know what to mend."""
    return next((f"{_short(text)} is " for text, is_good in zip(texts, good) if not is_good), "")


def _guessed_point(texts: list[str]) -> str:
    """Say so if nothing but the custom of programs speaks for a decimal point."""
    marked = [text for text in texts if "." in text or "," in text]
    if marked and all(re.fullmatch(r"[+-]?[1-9]\d{0,2}\.\d{3}", text) for text in marked):
        return f"{marked[0]} was taken for a number with a decimal point, not for a thousand"
    return ""


def _decimal_mark(name: object, texts: list[str]) -> str:
    """Find what stands before the decimals, from the cells that have one reading only."""
    comma = point = unclear = ""
    for text in texts:
        if re.fullmatch(r"[+-]?\d*,\d+", text):
            if re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", text):
                unclear = text
            else:
                comma = text
        elif re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+,\d+|[+-]?\d{1,3}(\.\d{3}){2,}", text):
            comma = text
        elif re.fullmatch(r"[+-]?\d*\.\d+", text) and not re.fullmatch(
            r"[+-]?[1-9]\d{0,2}\.\d{3}", text
        ):
            point = text
        elif re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+\.\d+|[+-]?\d{1,3}(,\d{3}){2,}", text):
            point = text
    if comma and point:
        raise DataError(
            f"Column '{name}': {comma} has a decimal comma and {point} a decimal point. "
            "Write all numbers in one way."
        )
    if unclear and not (comma or point):
        raise DataError(
            f"Column '{name}': {unclear} may be a thousand or a fraction, and no cell decides. "
            "Say --decimal , or --decimal . (decimal= in Python)."
        )
    return "," if comma else "."


def read_times(cells: pd.Series, unit: str = "auto", date_order: str | None = None) -> Column:
    """Read times: numbers since 1970, or dates with the year first, or last, or months in words.

    Parameters
    ----------
    cells : Series of str
        Cells; None is missing.
    unit : {"auto", "s", "ms", "us", "ns"}
        Unit of times that are numbers; by default it follows from their size.
    date_order : {"dmy", "mdy"}, optional
        How to read dates such as 03/04/2024; by default a date with a day above 12 decides.

    Returns
    -------
    Column
        Whole seconds since 1970 in UTC (float64 if some are missing); times without a zone count as
        UTC.

    Raises
    ------
    DataError
        If dates or numbers allow two readings and no cell decides.

    Examples
    --------
    >>> read_times(pd.Series(["31/12/1970", "01/02/1970"])).values.tolist()
    [31449600, 2678400]
    """
    if unit not in ("auto", *UNITS):
        raise DataError(f"timestamp_unit must be one of {['auto', *UNITS]}, not '{unit}'.")
    if date_order not in (None, "dmy", "mdy"):
        raise DataError(f"date_order must be 'dmy' or 'mdy', not '{date_order}'.")
    codes, texts = _distinct(cells)
    numeric = [text.isdecimal() or bool(NUMBER.fullmatch(text)) for text in texts]
    numbers = [text for text, is_number in zip(texts, numeric) if is_number]
    are_dates = unit == "auto" and all(map(COMPACT.fullmatch, numbers))
    # One bad cell does not turn a column of numbers into dates.
    if len(numbers) > len(texts) / 2 and not are_dates:
        seconds, said = _from_numbers(cells.name, texts, numeric, unit)
    else:
        seconds, said = _from_dates(cells.name, texts, date_order)
    values = _spread(codes, seconds, cells)
    good, what, mend = _possible_times(seconds)
    problem = _first_bad(texts, good) + what
    bad = _spread(codes, ~good, cells, missing=False)
    if not np.isnan(values).any():
        values = values.astype("int64")
    return Column(values, bad, problem, mend, said)


def _possible_times(seconds: np.ndarray) -> tuple[np.ndarray, str, str]:
    """Which times can be, what the others are, and what to do about them."""
    are_times = ~np.isnan(seconds)
    # A day of tolerance, as for all logs.
    can_be = (seconds >= 0) & (seconds <= time.time() + 86_400)
    if can_be.any() and (are_times & ~can_be).any():
        # Not the unit, or none could be: 1900-01-01 and 9999-12-31 are how programs write "never".
        what = "a time before 1970 or in the future" if are_times.all() else "not a possible time"
        mend = "Correct these rows, or leave them out with --drop-bad-rows (bad_rows='drop')."
        return can_be, what, mend
    mend = "Use numbers (not texts that look like them), or dates as YYYY-MM-DD HH:MM."
    return are_times, "not a time", mend


def _from_numbers(
    name: object, texts: list[str], numeric: list[bool], unit: str
) -> tuple[np.ndarray, str]:
    # As whole numbers where they are: nanoseconds do not fit into the digits of a float.
    if all(map(str.isdecimal, texts)) and max(map(len, texts)) < 19:
        numbers = np.fromiter(map(int, texts), np.int64, len(texts))
    else:
        numbers = np.array(
            [
                (int(t) if t.lstrip("-").isdecimal() else float(t)) if ok else np.nan
                for t, ok in zip(texts, numeric)
            ],
            dtype=object,
        )
    with np.errstate(invalid="ignore"):  # a missing time is not infinite
        is_infinite = bool((abs(numbers) >= 2.0**63).any())
    if is_infinite:
        raise DataError(f"Column '{name}': infinite time. Drop or correct these rows.")
    rough = numbers.astype(float)
    middle = float(np.nanmedian(rough))
    if unit == "auto":
        if ((rough >= 20_000) & (rough <= 80_000) | np.isnan(rough)).all():
            raise DataError(
                f"Column '{name}': numbers such as {texts[0]} look like a spreadsheet's days since "
                "1900. Format the column as YYYY-MM-DD HH:MM, or say --time-unit s if they are "
                "seconds."
            )
        steps = {"s": 1e11, "ms": 1e14, "us": 1e17, "ns": np.inf}
        unit = next(name for name, limit in steps.items() if abs(middle) < limit)
    per_second = UNITS[unit]
    if numbers.dtype == object:
        seconds = np.array([number // per_second for number in numbers], float)
    else:
        seconds = (numbers // per_second).astype(float)
    return seconds, f"numbers since 1970 in {unit}"


def _from_dates(name: object, texts: list[str], order: str | None) -> tuple[np.ndarray, str]:
    parts = [YEAR_LAST.fullmatch(text) for text in texts]
    compact = next((text for text in texts if COMPACT.fullmatch(text)), "")
    said = f"numbers such as {compact} as dates: {_in_marks(compact)}" if compact else ""
    if any(parts):
        order, said = _day_or_month_first(name, [part for part in parts if part], order)
        day, month = (1, 3) if order == "dmy" else (3, 1)
        texts = [
            f"{_year(part[4])}-{int(part[month]):02d}-{int(part[day]):02d} {part[5]}".strip()
            if part
            else text
            for part, text in zip(parts, texts)
        ]
    tidy = pd.Series([_tidy(text) for text in texts], dtype=object)
    dates = pd.to_datetime(tidy, format="ISO8601", errors="coerce", utc=True)
    for clock in CLOCKS:
        rest = dates.isna()
        if rest.any():
            found = pd.to_datetime(tidy[rest], format=clock, errors="coerce", utc=True)
            dates = dates.fillna(found)
    rest = dates.isna() & tidy.str.contains(r"[A-Za-z]{3}").fillna(False)
    if rest.any():
        # Months in words cannot be mistaken for days.
        worded = tidy[rest].where(tidy[rest].str.contains(r"\d{4}"))
        found = pd.to_datetime(worded, format="mixed", errors="coerce", utc=True)
        dates = dates.fillna(found)
    span = (dates - pd.Timestamp("1970-01-01", tz="UTC")) // pd.Timedelta(seconds=1)
    seconds = span.to_numpy(float, copy=True, na_value=np.nan)
    for place in np.flatnonzero(np.isnan(seconds)):
        seconds[place] = _distant(str(tidy[place]))
    return seconds, said


def _distant(text: str) -> float:
    """Read a day that is centuries away, which pandas cannot before version 3; else give NaN.

    It is a mistake, but one that should be called by its name: a time in the future.
    """
    day = re.match(r"(\d{4})-\d\d-\d\d", text)
    if not day or 1678 <= int(day[1]) <= 2261:
        return np.nan
    try:
        return 86_400.0 * (dt.date.fromisoformat(day[0]) - dt.date(1970, 1, 1)).days
    except ValueError:
        return np.nan


def _day_or_month_first(
    name: object, parts: list[re.Match[str]], order: str | None
) -> tuple[str, str]:
    firsts = {int(part[1]) for part in parts}
    seconds = {int(part[3]) for part in parts}
    day_first, month_first = max(firsts) > 12, max(seconds) > 12
    example = parts[0][0]
    if day_first and month_first:
        raise DataError(
            f"Column '{name}': some dates have the day first and some the month "
            f"({next(p[0] for p in parts if int(p[1]) > 12)}, "
            f"{next(p[0] for p in parts if int(p[3]) > 12)}). Write all in one way."
        )
    if order is None and not (day_first or month_first):
        if all(part[2] == "." for part in parts):
            return "dmy", "dates with points, day first"
        raise DataError(
            f"Column '{name}': {example} may have the day or the month first, and no date decides. "
            "Say --date-order dmy or --date-order mdy (date_order= in Python)."
        )
    found = order or ("dmy" if day_first else "mdy")
    if (found == "dmy" and month_first) or (found == "mdy" and day_first):
        odd = next(p[0] for p in parts if int(p[3 if found == "dmy" else 1]) > 12)
        raise DataError(f"Column '{name}': {odd} does not fit the order {found}. Correct it.")
    return found, "dates with the day first" if found == "dmy" else "dates with the month first"


def _year(text: str) -> str:
    return text if len(text) == 4 else f"{'20' if int(text) < 70 else '19'}{text}"


def _tidy(text: str) -> str:
    """Bring a date near to ISO 8601: one kind of mark, and the letters that databases add."""
    if COMPACT.fullmatch(text):
        return _in_marks(text)
    if YEAR_FIRST.match(text):
        text = re.sub(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", _padded, text)
    text = re.sub(r"\s+(UTC|GMT)$", "Z", text)
    # PostgreSQL writes a zone as +02, Excel an hour as 9:05.
    text = re.sub(r"(?<=\d)([+-]\d{2})$", r"\1:00", text) if ":" in text else text
    text = re.sub(r"(?<=[ T])(\d)(?=:)", r"0\1", text)
    return re.sub(r"\b([ap])\.?m\.?$", r"\1m", text, flags=re.IGNORECASE)


def _in_marks(text: str) -> str:
    """Write a date without marks with them; a year or a month alone begins with its first day."""
    year, month, day, *clock = COMPACT.fullmatch(text).groups()  # type: ignore[union-attr]
    date = f"{year}-{month or '01'}-{day or '01'}"
    return f"{date} {':'.join(filter(None, clock))}" if clock[0] else date


def _padded(found: re.Match[str]) -> str:
    return f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}"


def _distinct(cells: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Give each cell a number (-1 is missing), and the different texts in that order."""
    codes, texts = pd.factorize(cells.to_numpy(object))
    return codes, [str(text) for text in texts]


def _spread(
    codes: np.ndarray, values: np.ndarray, cells: pd.Series, missing: float | bool | None = np.nan
) -> pd.Series:
    """Put the value of each different text into every cell that holds it."""
    if (codes >= 0).all():
        spread = values[codes]
    elif len(values) == 0:
        spread = np.full(len(codes), missing)
    else:
        kind = bool if values.dtype == bool else object if values.dtype == np.int64 else float
        spread = values[codes].astype(kind)
        spread[codes < 0] = missing
    return pd.Series(spread, index=cells.index, name=cells.name)
