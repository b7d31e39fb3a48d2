"""A game for chapter A1: find out which statements of the article are right.

``suspects()`` shows the line-up, ``accuse(7, "right")`` gives a verdict and answers at once,
``case_score()`` counts.  Many of the suspects are innocent, so calling everything wrong does not
pay.  They stand in ``suspects.json`` beside this file; the score lives in the running kernel and
nowhere else.
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from numbers import Integral
from typing import Any

VERDICTS = ("right", "wrong")


@dataclass(frozen=True)
class Suspect:
    """A statement or a line of code from the article.

    Attributes
    ----------
    section : str
        Section of the article, for example ``"4.1"``.
    statement : str
        What it says, translated.
    verdict : {"right", "wrong"}
        What the course found out.
    why : str
        The reason in one sentence.
    erratum : str
        Id of the error, for example ``"B4"``; empty for the innocent.
    """

    section: str
    statement: str
    verdict: str
    why: str
    erratum: str


@cache
def all_suspects() -> tuple[Suspect, ...]:
    """Read the suspects, with their secrets; `suspects` shows them without.

    Returns
    -------
    tuple of Suspect
        In the order of the article.

    Examples
    --------
    >>> len(all_suspects())
    28
    """
    file = resources.files("recsys_tutorial.article") / "suspects.json"
    return tuple(Suspect(**entry) for entry in json.loads(file.read_text(encoding="utf-8")))


@dataclass
class Case:
    """The verdicts given in this kernel.

    Attributes
    ----------
    first : dict of int to bool
        Whether the first verdict on a suspect was correct.
    solved : set of int
        Suspects on whom a correct verdict was given, the first or a later one.
    wrong : int
        Number of wrong verdicts.
    """

    first: dict[int, bool] = field(default_factory=dict)
    solved: set[int] = field(default_factory=set)
    wrong: int = 0

    def add(self, number: int, ok: bool) -> None:
        """Note a verdict.

        Parameters
        ----------
        number : int
            Of the suspect.
        ok : bool
            Whether the verdict is correct.
        """
        self.first.setdefault(number, ok)
        if ok:
            self.solved.add(number)
        else:
            self.wrong += 1


CASE = Case()


@dataclass(frozen=True)
class LineUp:
    """The numbered suspects.

    Attributes
    ----------
    rows : tuple of (int, str, str, str)
        Number, section, statement, and the state: open, solved, or wrong so far.
    """

    rows: tuple[tuple[int, str, str, str], ...]

    def __len__(self) -> int:
        """Count the suspects."""
        return len(self.rows)

    def __repr__(self) -> str:
        """Return a table for a terminal."""
        return "\n".join(
            f"{n:2d}  {where:5s} {state:13s} {text}" for n, where, text, state in self.rows
        )

    def _repr_html_(self) -> str:
        """Return a table; the state is a word, not only a colour."""
        names = ("number", "section", "statement", "state")
        head = "".join(f'<th style="text-align:left">{name}</th>' for name in names)
        body = "".join(
            "<tr>"
            + "".join(f'<td style="text-align:left">{html.escape(str(cell))}</td>' for cell in row)
            + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


@dataclass(frozen=True)
class Answer:
    """What the course says to a verdict.

    Attributes
    ----------
    number : int
        Of the suspect.
    ok : bool
        Whether the verdict is correct.
    message : str
        The truth, and why, in a sentence.
    hint : str
        How to see the proof; empty for the innocent.
    given : bool
        Whether there was a verdict at all, and not a stub.
    """

    number: int
    ok: bool
    message: str
    hint: str = ""
    given: bool = True

    def __repr__(self) -> str:
        """Return one line for a terminal."""
        text = f"Suspect {self.number}: {self._mark()}. {self.message}"
        return f"{text} {self.hint}" if self.hint else text

    def _repr_html_(self) -> str:
        """Return a box; words, not only colour, say whether the verdict is correct."""
        colour = "#2a7f62" if self.ok else "#a3541a"
        more = f" <em>{html.escape(self.hint)}</em>" if self.hint else ""
        return (
            f'<div role="status" style="border-left:4px solid {colour};padding:.4em .8em;'
            f'margin:.3em 0"><strong>Suspect {self.number}: {self._mark()}.</strong> '
            f"{html.escape(self.message)}{more}</div>"
        )

    def _mark(self) -> str:
        if not self.given:
            return "no verdict yet"
        return "your verdict is correct" if self.ok else "your verdict is not correct"


@dataclass(frozen=True)
class Score:
    """How the case stands.

    Attributes
    ----------
    solved : int
        Suspects on whom a correct verdict was given.
    wrong : int
        Wrong verdicts.
    points : int
        Suspects whose first verdict was correct.
    total : int
        All suspects.
    """

    solved: int
    wrong: int
    points: int
    total: int

    @property
    def summary(self) -> str:
        """One sentence."""
        verdicts = "1 wrong verdict" if self.wrong == 1 else f"{self.wrong} wrong verdicts"
        return (
            f"{self.solved} of {self.total} suspects solved, {verdicts}, "
            f"{self.points} of {self.total} points."
        )

    def __repr__(self) -> str:
        """Return one line for a terminal."""
        return self.summary

    def _repr_html_(self) -> str:
        """Return a paragraph."""
        return f'<p role="status"><strong>{html.escape(self.summary)}</strong></p>'


def suspects() -> LineUp:
    """Show the line-up.

    Returns
    -------
    LineUp
        One row per suspect; shown as a table in a notebook.

    Examples
    --------
    >>> len(suspects())
    28
    """
    return LineUp(
        tuple(
            (number, suspect.section, suspect.statement, _state(number))
            for number, suspect in enumerate(all_suspects(), start=1)
        )
    )


def _state(number: int) -> str:
    if number in CASE.solved:
        return "solved"
    return "not solved" if number in CASE.first else "open"


def accuse(number: int, verdict: Any) -> Answer:
    """Say whether a suspect is right or wrong, and hear at once whether that is correct.

    Parameters
    ----------
    number : int
        Of the suspect, as in `suspects`.
    verdict : {"right", "wrong"}
        Whether the article's statement is right or wrong.

    Returns
    -------
    Answer
        Whether the verdict is correct, why, and for a wrong statement how to see its proof.
        A stub, ``...`` or None, is answered and not counted.

    Raises
    ------
    ValueError
        If there is no such suspect, or the verdict is another word.

    Examples
    --------
    >>> forget_case()
    >>> accuse(7, "right").ok
    True
    >>> case_score()
    1 of 28 suspects solved, 0 wrong verdicts, 1 of 28 points.
    >>> forget_case()
    """
    suspect = _find(number)
    if verdict is None or verdict is ...:
        return Answer(int(number), False, 'Replace the ... with "right" or "wrong".', given=False)
    word = verdict.strip().lower() if isinstance(verdict, str) else verdict
    if not isinstance(word, str) or word not in VERDICTS:
        raise ValueError(f'a verdict is "right" or "wrong", not {verdict!r}')
    ok = word == suspect.verdict
    CASE.add(int(number), ok)
    message = f"The statement is {suspect.verdict}. {suspect.why}"
    hint = f'See for yourself: prove("{suspect.erratum}").' if suspect.erratum else ""
    return Answer(int(number), ok, message, hint)


def _find(number: int) -> Suspect:
    """Look a suspect up by number."""
    known = all_suspects()
    # True is an integer for Python, and no number of a suspect.
    whole = isinstance(number, Integral) and not isinstance(number, bool)
    if not whole or not 1 <= number <= len(known):
        raise ValueError(
            f"there is no suspect {number!r}; the numbers go from 1 to {len(known)}, see suspects()"
        )
    return known[int(number) - 1]


def case_score() -> Score:
    """Count what has been solved in this kernel.

    A point is given for a correct first verdict; whoever changes her mind solves the suspect and
    earns no point.

    Returns
    -------
    Score
        Suspects solved, wrong verdicts, points.

    Examples
    --------
    >>> forget_case()
    >>> case_score()
    0 of 28 suspects solved, 0 wrong verdicts, 0 of 28 points.
    """
    return Score(len(CASE.solved), CASE.wrong, sum(CASE.first.values()), len(all_suspects()))


def forget_case() -> None:
    """Start anew: forget all verdicts given in this kernel.

    Examples
    --------
    >>> forget_case()
    >>> case_score().points
    0
    """
    CASE.first.clear()
    CASE.solved.clear()
    CASE.wrong = 0
