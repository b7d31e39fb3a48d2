"""How a check works.

A wrong answer is most useful when it is recognised.  So an exercise carries not only the right
answer but also the usual wrong ones, as things that can be run: a learner's answer that behaves
like a known mistake gets the hint written for that mistake.  The same wrong answers are the tests
of the checker.
"""

from __future__ import annotations

import copy
import html
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

UNANSWERED = "unanswered"
OTHER = "other"
CRASHED = "crashed"
CHANGED_INPUT = "changed input"


@dataclass(frozen=True)
class Mistake:
    """A usual wrong answer.

    Attributes
    ----------
    name : str
        What went wrong, in a few words.
    wrong : callable
        For a function exercise the wrong function; otherwise a function without arguments that
        returns the wrong value.
    hint : str
        What to look at again.  It must not contain the answer.
    """

    name: str
    wrong: Callable[..., Any]
    hint: str


@dataclass(frozen=True)
class Exercise:
    """An exercise and all that is needed to check an answer.

    Attributes
    ----------
    id : str
        Chapter and number, for example ``"03.2"``.
    title : str
        A few words.
    kind : {"predict", "write", "repair"}
        What the learner does.
    expected : callable
        For a function exercise the right function; otherwise a function without arguments that
        returns the right value.
    mistakes : tuple of Mistake
        The usual wrong answers.
    hint : str
        For wrong answers that nobody foresaw.
    probes : callable, optional
        Returns a list of argument tuples on which functions are compared.  Without it the answer
        is a value.
    tolerance : float
        Relative (and, near 0, absolute) difference that still counts as equal.
    """

    id: str
    title: str
    kind: str
    expected: Callable[..., Any]
    mistakes: tuple[Mistake, ...]
    hint: str
    probes: Callable[[], list[tuple[Any, ...]]] | None = None
    tolerance: float = 1e-6

    def outcome(self, answer: Any) -> list[Any]:
        """Run a function on all probes; a value is its own outcome.

        Parameters
        ----------
        answer : object
            The learner's function or value.

        Returns
        -------
        list
            One result per probe, or the value alone.

        Raises
        ------
        InputChanged
            If the function changed its arguments.
        """
        if self.probes is None:
            return [answer]
        results = []
        for arguments in self.probes():
            kept = copy.deepcopy(arguments)
            results.append(answer(*arguments))
            if not same(list(kept), list(arguments), 0.0):
                raise InputChanged
        return results

    def right(self) -> list[Any]:
        """Return the outcome of the right answer.

        Returns
        -------
        list
            As in `outcome`.
        """
        return self.outcome(self.expected if self.probes else self.expected())

    def wrong(self, mistake: Mistake) -> list[Any]:
        """Return the outcome of a usual mistake.

        Parameters
        ----------
        mistake : Mistake
            One of ``self.mistakes``.

        Returns
        -------
        list
            As in `outcome`.
        """
        return self.outcome(mistake.wrong if self.probes else mistake.wrong())


class InputChanged(Exception):
    """The learner's function changed its arguments."""


@dataclass(frozen=True)
class Feedback:
    """What a check says.

    Attributes
    ----------
    exercise : str
        Id of the exercise.
    ok : bool
        Whether the answer is right.
    mistake : str
        Name of the recognised mistake; empty if the answer is right.
    message : str
        Praise or hint.
    """

    exercise: str
    ok: bool
    mistake: str
    message: str

    def __repr__(self) -> str:
        """Return one line for a terminal."""
        mark = "right" if self.ok else "not yet"
        return f"Exercise {self.exercise}: {mark}. {self.message}"

    def _repr_html_(self) -> str:
        """Return a box; words, not only colour, say whether the answer is right."""
        colour, mark = ("#2a7f62", "right") if self.ok else ("#a3541a", "not yet")
        return (
            f'<div role="status" style="border-left:4px solid {colour};padding:.4em .8em;'
            f'margin:.3em 0"><strong>Exercise {self.exercise}: {mark}.</strong> '
            f"{html.escape(self.message)}</div>"
        )


def check(exercise_id: str, answer: Any) -> Feedback:
    """Check an answer.

    Parameters
    ----------
    exercise_id : str
        Chapter and number, for example ``"03.2"``.
    answer : object
        The learner's value or function.

    Returns
    -------
    Feedback
        Whether it is right and, if not, a hint.  A check never raises because of a wrong answer.

    Raises
    ------
    KeyError
        If there is no such exercise.

    Examples
    --------
    >>> check("03.1", ...)
    Exercise 03.1: not yet. Replace the ... with your answer, then run the cell again.
    """
    exercise = find_exercise(exercise_id)
    if answer is None or answer is ...:
        return _unanswered(exercise)
    if exercise.probes is not None and not callable(answer):
        message = "Pass the function itself, without calling it: check(id, my_function)."
        return Feedback(exercise.id, False, OTHER, message)
    try:
        outcome = exercise.outcome(answer)
    except InputChanged:
        message = "Your function changes its input. Work on a copy: the caller still needs it."
        return Feedback(exercise.id, False, CHANGED_INPUT, message)
    except Exception as error:  # a learner's code may raise anything
        message = f"Your function stopped with {type(error).__name__}: {error}"
        return Feedback(exercise.id, False, CRASHED, message)
    return _judge(exercise, outcome)


def _unanswered(exercise: Exercise) -> Feedback:
    message = "Replace the ... with your answer, then run the cell again."
    return Feedback(exercise.id, False, UNANSWERED, message)


def _judge(exercise: Exercise, outcome: list[Any]) -> Feedback:
    if all(result is None or result is ... for result in outcome):
        return _unanswered(exercise)
    if same(outcome, exercise.right(), exercise.tolerance):
        return Feedback(exercise.id, True, "", f"{exercise.title}: done.")
    for mistake in exercise.mistakes:
        if same(outcome, exercise.wrong(mistake), exercise.tolerance):
            return Feedback(exercise.id, False, mistake.name, mistake.hint)
    return Feedback(exercise.id, False, OTHER, exercise.hint)


def same(a: Any, b: Any, tolerance: float) -> bool:
    """Compare two answers the way a teacher would: by meaning, not by type.

    Lists, tuples and arrays with equal numbers are equal; texts ignore case and outer spaces;
    numbers may differ by the tolerance; missing equals missing.

    Parameters
    ----------
    a, b : object
        Numbers, texts, arrays, frames, sets, mappings, or nested lists of them.
    tolerance : float
        Relative (and, near 0, absolute) difference that still counts as equal.

    Returns
    -------
    bool
        Whether they are the same.

    Examples
    --------
    >>> same([1, 2.0], np.array([1, 2]), 1e-9), same("K-Means ", "k-means", 0), same(1, "1", 0)
    (True, True, False)
    """
    if isinstance(a, str) and isinstance(b, str):
        return a.strip().lower() == b.strip().lower()
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(a[key], b[key], tolerance) for key in a)
    if isinstance(a, set | frozenset) or isinstance(b, set | frozenset):
        both = isinstance(a, set | frozenset) and isinstance(b, set | frozenset)
        return both and a == b
    if _is_frame(a) and _is_frame(b):
        labels = all(list(x) == list(y) for x, y in zip(a.axes, b.axes, strict=False))
        return labels and same(a.to_numpy(), b.to_numpy(), tolerance)
    a, b = _plain(a), _plain(b)
    if isinstance(a, list) or isinstance(b, list):
        both = isinstance(a, list) and isinstance(b, list) and len(a) == len(b)
        return both and all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if _is_number(a) and _is_number(b):
        return bool(np.isclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True))
    return type(a) is type(b) and bool(a == b)


def _is_frame(value: Any) -> bool:
    return isinstance(value, pd.DataFrame)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number)


def _plain(value: Any) -> Any:
    """Turn arrays, series, indexes and tuples into lists, numpy scalars into Python's."""
    if isinstance(value, np.ndarray | pd.Series | pd.Index):
        return value.tolist()
    if hasattr(value, "to_numpy") and hasattr(value, "columns"):
        return value.to_numpy().tolist()
    if isinstance(value, np.generic):
        return value.item()
    return list(value) if isinstance(value, tuple | range) else value


def find_exercise(exercise_id: str) -> Exercise:
    """Look an exercise up.

    Parameters
    ----------
    exercise_id : str
        Chapter and number.

    Returns
    -------
    Exercise
        The exercise.

    Raises
    ------
    KeyError
        If there is none of that name; the message lists the chapter's exercises.

    Examples
    --------
    >>> find_exercise("03.1").kind
    'predict'
    """
    found = {exercise.id: exercise for exercise in all_exercises()}
    if exercise_id not in found:
        chapter = str(exercise_id).split(".")[0]
        near = [i for i in found if i.startswith(f"{chapter}.")] or list(found)
        raise KeyError(f"There is no exercise {exercise_id!r}. There are: {', '.join(near)}.")
    return found[exercise_id]


def all_exercises() -> list[Exercise]:
    """All exercises, in the order of the chapters.

    Returns
    -------
    list of Exercise
        The exercises of every chapter module.

    Examples
    --------
    >>> len(all_exercises()) >= 15
    True
    """
    package = importlib.import_module("recsys_tutorial.exercises")
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name[:2] == "ch")
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return [exercise for module in modules for exercise in module.EXERCISES]
