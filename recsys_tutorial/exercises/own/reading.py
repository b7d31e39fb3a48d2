"""Reading a class's table: which column says who, and no names of people.

Teachers bring what they have.  The columns are found by their usual names, and what was found is
said.  Names and e-mail addresses of people are replaced by pseudonyms before anything is shown.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recsys_tutorial.datasets import DataError, Interactions, read_interactions
from recsys_tutorial.datasets.reading.decoding import open_text
from recsys_tutorial.datasets.reading.parsing import (
    LINES_TO_LOOK_AT,
    SEPARATORS,
    no_such_column,
)
from recsys_tutorial.exercises.own.material import SEED, UnfitError

# In the order in which they are tried; whole words of a column's name, small letters.
USUAL = {
    "user": "user users userid uid who person people pupil student learner member customer client "
    "reader viewer listener patient visitor name pseudonym 用户",
    "item": "item items itemid iid what thing film movie book song track artist product article "
    "course title game video page shop place lecturer 物品",
    "rating": "rating ratings stars star score grade points value count quantity 评分",
    "timestamp": "timestamp time date datetime when day ts created visited 时间",
}
E_MAILS, NAMES = "e-mail addresses", "names of people"
WORDS = "words, perhaps names"
E_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}")
# Little words inside names, which begin with a small letter.
LITTLE = {"de", "da", "di", "del", "van", "von", "der", "den", "el", "al", "bin", "la", "le"}
CHINESE_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}")
ROWS_TO_LOOK_AT = 200


def read_class_table(
    table: str | Path | pd.DataFrame | Interactions,
    *,
    user: str | None = None,
    item: str | None = None,
    rating: str | None = None,
    timestamp: str | None = None,
    items: str | Path | pd.DataFrame | None = None,
    **reading: Any,
) -> tuple[Interactions, tuple[str, ...]]:
    """Read a table of who did what, and say how.

    Parameters
    ----------
    table : str, Path, DataFrame or Interactions
        One row per event.
    user, item, rating, timestamp : str, optional
        Names of columns; by default found.
    items : str, Path or DataFrame, optional
        A table of the items.
    **reading : object
        Further options of `read_interactions`, for a file.

    Returns
    -------
    tuple of Interactions and tuple of str
        The log, with pseudonyms where people were named, and sentences on how it was read.

    Raises
    ------
    UnfitError
        If it cannot be read; the message says why and what to do.

    Examples
    --------
    >>> rows = [("Ana Berg", "Alien"), ("Ben Ott", "Alien"), ("Ben Ott", "Big")]
    >>> log, said = read_class_table(pd.DataFrame(rows, columns=["who", "film"]))
    >>> sorted(log.events["user"].unique())
    ['person 1', 'person 2']
    """
    said: list[str] = []
    given = {"user": user, "item": item, "rating": rating, "timestamp": timestamp}
    try:
        if isinstance(table, Interactions):
            log = table
        elif isinstance(table, pd.DataFrame):
            log = _from_frame(table, given, items, said)
        elif isinstance(table, str | Path):
            log = _from_file(Path(table), given, items, said, reading)
        else:
            raise DataError(
                "own_data takes the path of a file, a DataFrame or Interactions, not "
                f"{type(table).__name__}."
            )
        log = _with_pseudonyms(log, said)
    except (DataError, OSError, TypeError) as error:
        raise UnfitError(str(error)) from None
    if log.n_users < 2:
        raise UnfitError(
            "All events belong to one person. Is the right column read as who? Name it: "
            "own_data(table, user='your column')."
        )
    return log, tuple(said)


def find_columns(names: Sequence[str], given: dict[str, str | None]) -> dict[str, str | None]:
    """Find the columns by their usual names.

    Parameters
    ----------
    names : sequence of str
        The columns of the table.
    given : dict of str to str or None
        What the reader has named: ``user``, ``item``, ``rating``, ``timestamp``.

    Returns
    -------
    dict of str to str or None
        A column for each; None for ratings and times that are not there.

    Raises
    ------
    DataError
        If nothing looks like who or like what.

    Examples
    --------
    >>> none = dict.fromkeys(["user", "item", "rating", "timestamp"])
    >>> find_columns(["student_id", "course", "grade"], none)
    {'user': 'student_id', 'item': 'course', 'rating': 'grade', 'timestamp': None}
    """
    for asked in given.values():
        if asked is not None and asked not in names:
            shown = no_such_column(asked, [str(name) for name in names])
            raise DataError(f"There is {shown}")
    found, free = dict(given), [name for name in names if name not in given.values()]
    for ours, usual in USUAL.items():
        if found[ours] is None:
            found[ours] = _first_like(usual.split(), free)
            free = [name for name in free if name != found[ours]]
    # A table of two columns leaves no choice.
    if len(names) == 2 and not (found["rating"] or found["timestamp"]):
        for ours in ("user", "item"):
            if found[ours] is None and free:
                found[ours] = free.pop(0)
    for ours, word in (("user", "who"), ("item", "what")):
        if found[ours] is None:
            shown = ", ".join(map(str, names))
            raise DataError(
                f"No column is named as if it said {word}. The table has: {shown}. Name it: "
                f"own_data(table, {ours}='your column')."
            )
    return found


def _first_like(usual: Sequence[str], names: Sequence[str]) -> str | None:
    """Prefer a column called just so (userId) to one that mentions the word (user_comment)."""
    bare = {name: re.sub(r"[\W_]+", "", str(name).lower()) for name in names}
    words = {name: re.split(r"[\W_]+", _spaced(str(name)).lower()) for name in names}
    for word in usual:
        for name in names:
            if bare[name] in (word, f"{word}id", f"{word}no", f"{word}name"):
                return name
    for word in usual:
        for name in names:
            if word in words[name] and word not in ("name", "value"):
                return name
    return None


def _spaced(name: str) -> str:
    """Part userId into user Id."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def _said_columns(columns: dict[str, str | None]) -> str:
    words = {"user": "who", "item": "what", "rating": "ratings", "timestamp": "times"}
    parts = [f"{words[ours]} = '{name}'" for ours, name in columns.items() if name is not None]
    return f"Columns: {', '.join(parts)}."


def _from_frame(
    table: pd.DataFrame,
    given: dict[str, str | None],
    items: str | Path | pd.DataFrame | None,
    said: list[str],
) -> Interactions:
    if table.empty:
        raise DataError("The table has no rows. It needs one row per event.")
    columns = find_columns(list(table.columns), given)
    _warn_of_others(table, columns, said)
    described = _described(items, columns["item"])

    def read(names: dict[str, str | None], report: list[str]) -> Interactions:
        return Interactions.from_frame(table, described, duplicates="last", **names)  # type: ignore

    return _without_what_fails(read, columns, given, said)


def _described(items: str | Path | pd.DataFrame | None, name: str | None) -> pd.DataFrame | None:
    """Read the table of the items; its ids may be called as in the table of events."""
    if isinstance(items, str | Path):
        if not Path(items).is_file():
            raise DataError(f"There is no file {items}. Check the path and the folder you are in.")
        items = pd.read_csv(items)
    if items is None or "item" in items.columns:
        return items
    return items.rename(columns={name: "item"})


def _without_what_fails(
    read: Callable[[dict[str, str | None], list[str]], Interactions],
    columns: dict[str, str | None],
    given: dict[str, str | None],
    said: list[str],
) -> Interactions:
    """Leave out ratings or times that nobody asked for and that cannot be read, and say so."""
    columns, left_out = dict(columns), []
    while True:
        report: list[str] = []
        try:
            log = read(columns, report)
        except DataError as error:
            guessed = [
                ours
                for ours in ("rating", "timestamp")
                if given[ours] is None and columns[ours] is not None
            ]
            bad = [ours for ours in guessed if f"Column '{columns[ours]}'" in str(error)]
            if not bad:
                raise
            left_out.append(f"Left out, because it cannot be read. {error}")
            columns[bad[0]] = None
        else:
            said += [*left_out, *report, _said_columns(columns)]
            return log


def _from_file(
    path: Path,
    given: dict[str, str | None],
    items: str | Path | pd.DataFrame | None,
    said: list[str],
    reading: dict[str, Any],
) -> Interactions:
    if isinstance(items, pd.DataFrame):
        raise DataError("With a file, name the file of the items as well: items='items.csv'.")
    if reading.get("header", True):
        names, sample = _head(path, reading)
        try:
            columns = find_columns(names, given)
        except DataError:
            _refuse_what_is_no_table(path, reading)
            if line := _line_of_header(path, given, reading):
                raise DataError(
                    f"{path.name}: line {line} has the columns: delete the lines above it."
                ) from None
            raise
        _warn_of_others(sample, columns, said)
    else:
        columns = {**given, "user": given["user"] or "1", "item": given["item"] or "2"}

    def read(names: dict[str, str | None], report: list[str]) -> Interactions:
        return read_interactions(path, items=items, report=report.append, **{**names, **reading})

    return _without_what_fails(read, columns, given, said)


def _refuse_what_is_no_table(path: Path, reading: dict[str, Any]) -> None:
    """Let the reader of tables complain about JSON, a spreadsheet or a picture, but no column."""
    try:
        read_interactions(path, **reading)
    except DataError as error:
        if "no column" not in str(error):
            raise


def _line_of_header(
    path: Path, given: dict[str, str | None], reading: dict[str, Any]
) -> int | None:
    """Find the line that names who and what, below a title; the first line is none."""
    for number, line in enumerate(_first_lines(path, reading)[:LINES_TO_LOOK_AT], start=1):
        for separator in SEPARATORS:
            names = [name.strip() for name in next(iter(_split([line], separator)), [])]
            with suppress(DataError):
                # Two words of a title are no table of two columns.
                if number > 1 and len(find_columns([*names, ""], given)) and len(names) > 1:
                    return number
    return None


def _first_lines(path: Path, reading: dict[str, Any]) -> list[str]:
    with open_text(path, reading.get("encoding")).open() as stream:
        lines = (stream.readline(1 << 16) for _ in range(ROWS_TO_LOOK_AT))
        return [line.lstrip("\ufeff") for line in lines if line]


def _head(path: Path, reading: dict[str, Any]) -> tuple[list[str], pd.DataFrame]:
    """Give the names of the columns, and some rows, under the likeliest separator."""
    lines = _first_lines(path, reading)
    lines = [line for line in lines if line.strip()]
    lines = [line for line in lines if not re.fullmatch(r'"?sep=."?\s*', line)]
    if not lines:
        raise DataError(f"{path.name} is empty. It needs a header and one row per event.")
    given = reading.get("separator")
    separators = [{"tab": "\t"}.get(given, given)] if given else [*SEPARATORS]
    best = max((_split(lines, mark) for mark in separators), key=lambda rows: len(rows[0]))
    names = [name.strip() for name in best[0]]
    rows = [row[: len(names)] + [""] * (len(names) - len(row)) for row in best[1:]]
    return names, pd.DataFrame(rows, columns=pd.Index(names))


def _split(lines: list[str], separator: str) -> list[list[str]]:
    if len(separator) > 1:
        return [line.rstrip("\r\n").split(separator) for line in lines]
    return list(csv.reader(lines, delimiter=separator))


# ------------------------------------------------------------------ people


def _warn_of_others(table: pd.DataFrame, columns: dict[str, str | None], said: list[str]) -> None:
    """Name the columns that nobody needs but that tell who somebody is."""
    head, who = table.iloc[:ROWS_TO_LOOK_AT], columns["user"]
    for place, name in enumerate(table.columns):
        if name in columns.values():
            continue
        what = _personal(head.iloc[:, place])
        # The title of a film looks like a name; but it is not the same in all rows of a person.
        steady = head.iloc[:, place].groupby(head[who].to_numpy()).nunique().max() <= 1
        if what == E_MAILS or (what == NAMES and steady):
            said.append(
                f"Column '{name}' is not read, but it holds {what}: take it out of the table "
                "before you hand it to anybody."
            )


def _personal(cells: pd.Series) -> str:
    """Say in words what of a person a column holds; nothing if it holds nothing."""
    texts = cells.dropna().astype(str).str.strip()
    if not len(texts):
        return ""
    if texts.str.contains(E_MAIL).mean() > 0.2:
        return E_MAILS
    return NAMES if texts.map(_looks_like_a_name).mean() > 0.5 else ""


def _looks_like_a_name(text: str) -> bool:
    """Whether a text is like Ana Berg, Berg, Ana or a Chinese name; person 7 and Ana are not."""
    words = [word for word in re.split(r"[\s,]+", text) if word.lower() not in LITTLE]
    if CHINESE_NAME.fullmatch(text):
        return True
    plain = all(re.fullmatch(r"[^\W\d_](?:[^\W\d_]|['.’-])*", word) for word in words)
    return 2 <= len(words) <= 4 and plain and all(word[0].isupper() for word in words)


def _with_pseudonyms(log: Interactions, said: list[str]) -> Interactions:
    """Replace names and addresses in the column of the users."""
    users = np.unique(log.events["user"].to_numpy())
    # A first name alone is a word like any other; a word in the place of a person may be one.
    has_digit = pd.Series(users).astype(str).str.contains(r"\d")
    what = _personal(pd.Series(users)) or ("" if has_digit.mean() >= 0.5 else WORDS)
    if not what:
        return log
    # Drawn by lot: the order of the names must not show in the numbers.
    order = np.random.default_rng(SEED).permutation(len(users)) + 1
    width = len(str(len(users)))
    known = {user: f"person {number:0{width}d}" for user, number in zip(users, order, strict=True)}
    said.append(
        f"The users are {what}. Here they are called person 1, person 2 and so on; the table "
        "itself still holds them, so replace them there before you hand it to anybody."
    )
    return log.with_events(log.events.assign(user=log.events["user"].map(known)))
