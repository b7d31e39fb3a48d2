"""How a check works.

A wrong answer is most useful when it is recognised.  So an exercise carries not only the right
answer but also the usual wrong ones, as things that can be run: a learner's answer that behaves
like a known mistake gets the hint written for that mistake.  The same wrong answers are the tests
of the checker.

Hints come in two stages.  The first wrong try hears what went wrong; the second one also hears
which step to take next and, for a function, sees a small input to work through by hand.  Neither
stage holds the answer.
"""

from __future__ import annotations

import copy
import html
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, is_dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.exercises.progress import RECORD

UNANSWERED = "unanswered"
OTHER = "other"
CRASHED = "crashed"
CHANGED_INPUT = "changed input"
COMMA = "a comma in a number"
# What to say when a function trips over None, which nobody has handed it.
NOTHING_INSIDE = (
    "Something in it is None: does it call a function of yours that returns nothing yet, "
    "such as the answer to an exercise before this one?"
)
NOTHING_RETURNED = "If you have: your function returns nothing, or a function of yours in it does."
# An example for the second hint must be one that can be worked through on paper.
LONGEST_EXAMPLE = 400


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
    nudge : str
        The next step to take, for those whose second try is wrong as well; not the answer.
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
    nudge: str
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
        InputChangedError
            If the function changed its arguments.
        """
        if self.probes is None:
            return [answer]
        results = []
        for arguments in self.probes():
            # A copy, because a function that writes into its input must not spoil the next check.
            given = copy.deepcopy(arguments)
            results.append(answer(*given))
            if not _unchanged(arguments, given):
                raise InputChangedError
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


class InputChangedError(Exception):
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
    more : str
        The second hint; empty until the second wrong try.
    """

    exercise: str
    ok: bool
    mistake: str
    message: str
    more: str = ""

    def __repr__(self) -> str:
        """Return one line for a terminal, and a second one for the second hint."""
        mark = "right" if self.ok else "not yet"
        second = f"\nSecond hint: {self.more}" if self.more else ""
        return f"Exercise {self.exercise}: {mark}. {self.message}{second}"

    def _repr_html_(self) -> str:
        """Return a box; words, not only colour, say whether the answer is right."""
        colour, mark = ("#2a7f62", "right") if self.ok else ("#a3541a", "not yet")
        second = f"<br><strong>Second hint.</strong> {html.escape(self.more)}" if self.more else ""
        return (
            f'<div role="status" style="border-left:4px solid {colour};padding:.4em .8em;'
            f'margin:.3em 0"><strong>Exercise {self.exercise}: {mark}.</strong> '
            f"{html.escape(self.message)}{second}</div>"
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
        Whether it is right and, if not, a hint; from the second wrong try on, a second hint as
        well.  A check never raises because of a wrong answer.

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
    feedback, outcome = _examine(exercise, answer)
    if feedback.mistake == UNANSWERED:
        return feedback
    tries = RECORD.add(exercise.id, feedback.ok)
    if feedback.ok or tries < 2:
        return feedback
    more = " ".join(filter(None, [exercise.nudge, _example(exercise, outcome)]))
    return replace(feedback, more=more)


def examine(exercise: Exercise, answer: Any) -> Feedback:
    """Judge an answer as `check` does, but without counting the try.

    Parameters
    ----------
    exercise : Exercise
        The exercise.
    answer : object
        A value or a function.

    Returns
    -------
    Feedback
        Whether it is right and, if not, the first hint.

    Examples
    --------
    >>> examine(find_exercise("03.1"), ...).mistake
    'unanswered'
    """
    return _examine(exercise, answer)[0]


def _examine(exercise: Exercise, answer: Any) -> tuple[Feedback, list[Any]]:
    """Judge an answer without counting it; also give its outcome, empty if there is none."""
    if answer is None or answer is ...:
        return _unanswered(exercise), []
    if exercise.probes is None:
        answer = _unwrapped(exercise, answer)
        if isinstance(exercise.expected(), Real):
            message = _about_commas(answer)
            if message:
                return Feedback(exercise.id, False, COMMA, message), []
            if isinstance(answer, str):
                message = "Give a number, without quotation marks and without commas."
                return Feedback(exercise.id, False, OTHER, message), []
    elif not callable(answer):
        message = "Pass the function itself, without calling it: check(id, my_function)."
        return Feedback(exercise.id, False, OTHER, message), []
    try:
        outcome = exercise.outcome(answer)
    except InputChangedError:
        message = "Your function changes its input. Work on a copy: the caller still needs it."
        return Feedback(exercise.id, False, CHANGED_INPUT, message), []
    except (Exception, SystemExit) as error:  # a learner's code may raise anything
        message = f"Your function stopped with {type(error).__name__}: {error}"
        if "NoneType" in str(error):
            message += f". {NOTHING_INSIDE}"
        return Feedback(exercise.id, False, CRASHED, message), []
    return _judge(exercise, outcome), outcome


def _about_commas(answer: Any) -> str:
    """Say how to write a number that was written with a comma; empty if none was."""
    if isinstance(answer, str):
        # Quotation marks keep the digits as they were typed; without them 1,05 is no Python.
        found = re.fullmatch(r"\s*([-+]?\d+),(\d+)\s*", answer)
        parts = found.groups() if found else ()
    elif isinstance(answer, list | tuple) and all(type(part) is int for part in answer):
        parts = tuple(map(str, answer))
    else:
        parts = ()
    if len(parts) != 2 or not parts[1].isdigit():
        return ""
    whole, rest = parts
    point = f"{whole}.{rest}"
    outside = " and without quotation marks" if isinstance(answer, str) else ""
    if whole.lstrip("+-0") and (len(rest) == 3 or rest == "0"):
        # Without quotation marks 2,000 has become (2, 0).
        return (
            f"Write {point} with a point{outside}, or all digits without a comma if you mean "
            "thousands. Python takes a comma for the end of a number."
        )
    return f"Write {point} with a point{outside}. Python takes a comma for the end of a number."


def _unwrapped(exercise: Exercise, answer: Any) -> Any:
    """Take a list for a set where a set is wanted: a pair of brackets is no mistake."""
    if isinstance(answer, list | tuple) and isinstance(exercise.expected(), Set):
        try:
            return set(answer)
        except TypeError:  # what cannot be in a set
            return answer
    return answer


def _example(exercise: Exercise, outcome: list[Any]) -> str:
    """Show the first small input on which a function is wrong, with what it returned."""
    if exercise.probes is None or not outcome:
        return ""
    names = list(inspect.signature(exercise.expected).parameters)
    for arguments, mine, right in zip(exercise.probes(), outcome, exercise.right(), strict=True):
        if _matches([mine], [right], exercise.tolerance) or any(map(_is_large, arguments)):
            continue
        given = ", ".join(f"{n} = {_shown(a)}" for n, a in zip(names, arguments, strict=False))
        text = f"Work this one by hand: {given}. Yours returns {_shown(mine)}."
        if len(text) <= LONGEST_EXAMPLE:
            return text
    return ""


def _is_large(value: Any) -> bool:
    size = getattr(value, "size", 0)
    return isinstance(size, int) and size > LONGEST_EXAMPLE


def _shown(value: Any) -> str:
    """Write a value on one line, so that it can be copied into a cell."""
    try:
        if _is_large(value):  # writing it out would take seconds
            return f"a table of shape {value.shape}"
        if isinstance(value, pd.DataFrame | pd.Series):
            value = value.to_dict()
        elif isinstance(value, np.ndarray | np.generic):
            value = np.round(value, 4).tolist() if value.dtype.kind == "f" else value.tolist()
        return " ".join(repr(value).split())
    except Exception:  # an answer may refuse even to be shown
        return f"something of type {type(value).__name__}"


def _unanswered(exercise: Exercise) -> Feedback:
    message = "Replace the ... with your answer, then run the cell again."
    return Feedback(exercise.id, False, UNANSWERED, message)


def _judge(exercise: Exercise, outcome: list[Any]) -> Feedback:
    if all(result is None or result is ... for result in outcome):
        feedback = _unanswered(exercise)
        if exercise.probes is None:
            return feedback
        return replace(feedback, message=f"{feedback.message} {NOTHING_RETURNED}")
    if _matches(outcome, exercise.right(), exercise.tolerance):
        return Feedback(exercise.id, True, "", f"{exercise.title}: done.")
    mistake = _recognised(exercise, outcome)
    if mistake is None:
        return Feedback(exercise.id, False, OTHER, exercise.hint)
    return Feedback(exercise.id, False, mistake.name, mistake.hint)


def _recognised(exercise: Exercise, outcome: list[Any]) -> Mistake | None:
    """Find the mistake that an outcome shows.

    A learner who has mended an edge case but not her main slip is still recognised: the one
    mistake that explains every probe on which she is wrong.
    """
    right, explains = exercise.right(), []
    for mistake in exercise.mistakes:
        wrong = exercise.wrong(mistake)
        if _matches(outcome, wrong, exercise.tolerance):
            return mistake
        rows = zip(outcome, wrong, right, strict=True)
        bad = [(m, t) for m, t, good in rows if not _matches([m], [good], exercise.tolerance)]
        # One wrong probe is no pattern: too many mistakes look alike there.
        if len(bad) > 1 and all(_matches([m], [t], exercise.tolerance) for m, t in bad):
            explains.append(mistake)
    return explains[0] if len(explains) == 1 else None


def _matches(outcome: list[Any], other: list[Any], tolerance: float) -> bool:
    try:
        return same(outcome, other, tolerance)
    except Exception:  # an answer may hold things that refuse to be compared
        return False


def same(a: Any, b: Any, tolerance: float) -> bool:
    """Compare two answers the way a teacher would: by meaning, not by type.

    Lists, tuples and arrays with equal numbers are equal; texts, in sets too, ignore case and
    outer spaces; numbers may differ by the tolerance; missing equals missing.  Two frames must
    also agree in their labels; a series equals a mapping from its labels to its values.

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
    >>> same([1, 2.0], np.array([1, 2]), 1e-9), same("(K-Means) ", "k-means", 0), same(1, "1", 0)
    (True, True, False)
    """
    if isinstance(a, pd.DataFrame) and isinstance(b, pd.DataFrame):
        if not (list(a.index) == list(b.index) and list(a.columns) == list(b.columns)):
            return False
    if isinstance(a, pd.Series) and isinstance(b, Mapping):
        return same(a.to_dict(), b, tolerance)
    if isinstance(a, Mapping) and isinstance(b, pd.Series):
        return same(a, b.to_dict(), tolerance)
    a, b = _plain(a), _plain(b)
    if isinstance(a, str) and isinstance(b, str):
        return _letters(a) == _letters(b)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(a[key], b[key], tolerance) for key in a)
    if isinstance(a, list | np.ndarray) and isinstance(b, list | np.ndarray):
        # Lengths first: an answer may be huge.
        return len(a) == len(b) and all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if _is_missing(a) or _is_missing(b):
        return _is_missing(a) and _is_missing(b)
    if isinstance(a, Real) and isinstance(b, Real):
        return _close(a, b, tolerance)
    if isinstance(a, Set) and isinstance(b, Set):
        return set(map(_letters, a)) == set(map(_letters, b))
    return type(a) is type(b) and bool(a == b)


def _letters(value: Any) -> Any:
    """Read a text as a teacher does: a learner who copies the letter with its bracket means c."""
    return value.strip(" ().\t\n").lower() if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    """Turn whatever holds a sequence into a list or an array, and what holds one value into it."""
    if isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        return value.to_numpy()
    if sparse.issparse(value):
        return value.toarray()
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return value.item()
    return list(value) if isinstance(value, tuple | range) else value


def _is_missing(value: Any) -> bool:
    not_a_number = isinstance(value, Real) and value != value
    return value is None or value is pd.NA or value is pd.NaT or not_a_number


def _close(a: Real, b: Real, tolerance: float) -> bool:
    try:
        return bool(np.isclose(float(a), float(b), rtol=tolerance, atol=tolerance))
    except OverflowError:  # an integer too large for a float
        return a == b


def _unchanged(before: Any, after: Any) -> bool:
    """Whether an argument is as it was: to the letter, unlike `same`."""
    if type(before) is not type(after):
        return False
    if isinstance(before, pd.DataFrame | pd.Series | pd.Index):
        return before.equals(after)
    if isinstance(before, np.ndarray):
        nan = before.dtype.kind in "fc"
        return before.dtype == after.dtype and np.array_equal(before, after, equal_nan=nan)
    if sparse.issparse(before):
        return before.shape == after.shape and _unchanged(before.toarray(), after.toarray())
    if isinstance(before, Mapping):
        return _unchanged(list(before.items()), list(after.items()))
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(_unchanged, before, after))
    if is_dataclass(before):
        return _unchanged(vars(before), vars(after))
    # What cannot be compared, such as a generator of random numbers, is not held against anybody.
    return type(before).__eq__ is object.__eq__ or before != before or bool(before == after)


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
    >>> len(all_exercises()) >= 5
    True
    """
    package = importlib.import_module("recsys_tutorial.exercises")
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name[:2] == "ch")
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return [exercise for module in modules for exercise in module.EXERCISES]
