"""The catalogue of the article's errors: 80 of them, in five parts.

A is the code, B the mathematics, C the concepts and applications, D evaluation and cold start,
E the tools.  Chapter A1 teaches how they were found; ``book/errata.md`` is made from this
catalogue.  The entries themselves stand in ``errata.json`` beside this file.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources

import pandas as pd

SEVERITIES = {
    "stop": "the code ends in an exception",
    "silent": "the code runs and its result is wrong",
    "maths": "a formula or a worked example is wrong",
    "fact": "a statement is false, empty or misleading",
    "stale": "it was right once",
    "gap": "something promised or needed is missing",
    "text": "a slip of editing",
}


@dataclass(frozen=True)
class Erratum:
    """One error of the source article.

    Attributes
    ----------
    id : str
        Part and number, for example ``"B9"``.
    severity : {"stop", "silent", "maths", "fact", "stale", "gap", "text"}
        What kind of harm it does; `SEVERITIES` explains the words.
    lines : str
        Lines of the article, for example ``"139-146"``.
    claim : str
        A short quotation of the article: Chinese, or its code.
    problem : str
        What is wrong with it.
    correction : str
        What is right.
    sources : tuple of str
        Keys of works in the course's list of references; empty where running it is the source.
    chapter : str
        Stem of the notebook in which the reader meets it.
    """

    id: str
    severity: str
    lines: str
    claim: str
    problem: str
    correction: str
    sources: tuple[str, ...]
    chapter: str


@cache
def _catalogue() -> dict[str, Erratum]:
    """Read the entries once."""
    file = resources.files("recsys_tutorial.article") / "errata.json"
    entries = json.loads(file.read_text(encoding="utf-8"))
    return {e["id"]: Erratum(**{**e, "sources": tuple(e["sources"])}) for e in entries}


def errata() -> list[Erratum]:
    """List all errors, in the order A1 to E11.

    Returns
    -------
    list of Erratum
        80 entries.

    Examples
    --------
    >>> len(errata()), errata()[0].id, errata()[-1].id
    (80, 'A1', 'E11')
    """
    return list(_catalogue().values())


def find_erratum(erratum_id: str) -> Erratum:
    """Give one error by its id.

    Parameters
    ----------
    erratum_id : str
        Part and number, for example ``"B9"``.

    Returns
    -------
    Erratum
        The entry.

    Raises
    ------
    KeyError
        If there is no such error; the message lists the ids that there are.

    Examples
    --------
    >>> find_erratum("B9").lines
    '216'
    """
    if erratum_id not in _catalogue():
        raise KeyError(f"there is no erratum {erratum_id!r}; {_which_there_are()}")
    return _catalogue()[erratum_id]


def errata_table() -> pd.DataFrame:
    """Put all errors into one table.

    Returns
    -------
    pandas.DataFrame
        One row per error, its id in the index, the attributes of `Erratum` in the columns.

    Examples
    --------
    >>> table = errata_table()
    >>> table.shape
    (80, 7)
    >>> int((table["severity"] == "stop").sum())
    7
    """
    return pd.DataFrame([asdict(e) for e in errata()]).set_index("id")


def _which_there_are() -> str:
    """Name the first and last id of each part."""
    parts: dict[str, list[str]] = {}
    for name in _catalogue():
        parts.setdefault(name[0], []).append(name)
    return "there are " + ", ".join(f"{ids[0]} to {ids[-1]}" for ids in parts.values())
