"""The exercises on a table that the class brings: `own_data("class.csv")`.

Each exercise has a variant: the same skill, on inputs cut from that table.  A function is compared
with the exercise's own right function, and its usual mistakes are recognised as in `check`; a guess
is compared with what the table says.  Nothing here counts in `progress()`, and nothing leaves the
computer.
"""

from __future__ import annotations

import copy
import html
import importlib
import inspect
import pkgutil
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.exercises.engine import (
    OTHER,
    UNANSWERED,
    Exercise,
    Feedback,
    Mistake,
    _examine,
    _example,
    _matches,
    find_exercise,
)
from recsys_tutorial.exercises.own.material import (
    LEAST_ITEMS,
    LEAST_USERS,
    MOST_EVENTS,
    MOST_ITEMS,
    MOST_USERS,
    Material,
    UnfitError,
    need,
)
from recsys_tutorial.exercises.own.reading import read_class_table

NEEDS = {"ratings": "ratings", "times": "times", "items": "genres of the things"}
# How `own_data` is told in which column they stand.
COLUMNS = {"ratings": "rating", "times": "timestamp"}
UNFIT = "no variant"
# Said when a variant itself fails on a table that it should serve or refuse.
BROKEN = "could not be cut from your table"


@dataclass(frozen=True)
class Variant:
    """An exercise on a class's own table.

    Attributes
    ----------
    exercise : str
        Id of the exercise, for example ``"03.2"``.
    task : str
        What to do, in one to three sentences without the answer.  If a guess need not be exact, it
        says how near is near enough.
    inputs : callable
        From the material to the tuple that the learner works with; for a function it is one tuple
        of arguments.  It may refuse the table with `need`.
    more : callable, optional
        For a function: further tuples of arguments on which it is compared.
    expected : callable, optional
        For a value: from the inputs to the right value.  Without it the answer is a function, and
        the exercise's own function is the right one.
    needs : tuple of str
        Of "ratings", "times" and "items".
    instead : str
        What a class can do whose table lacks something.
    hint : str
        For a value: what to look at again.
    nudge : str
        For a value: the next step, where that of the exercise speaks of the course's own numbers.
    tolerance : float
        For a value: relative (and, near 0, absolute) difference that still counts as equal.
    least : tuple of int
        The fewest users and items with which the variant makes sense.
    none : str
        Why there is no variant at all; empty if there is one.
    """

    exercise: str
    task: str
    inputs: Callable[[Material], tuple[Any, ...]]
    more: Callable[[Material], list[tuple[Any, ...]]] | None = None
    expected: Callable[..., Any] | None = None
    needs: tuple[str, ...] = ()
    instead: str = ""
    hint: str = ""
    nudge: str = ""
    tolerance: float = 1e-6
    least: tuple[int, int] = (LEAST_USERS, LEAST_ITEMS)
    none: str = ""

    @property
    def names(self) -> list[str]:
        """What the inputs are called: the parameters of the right function."""
        right = self.expected or find_exercise(self.exercise).expected
        return list(inspect.signature(right).parameters)


@dataclass(frozen=True)
class Task:
    """What to do, with the line that fetches the inputs.

    Attributes
    ----------
    exercise : str
        Id of the exercise.
    title : str
        Its title.
    line : str
        The line of Python that fetches the inputs; empty if the table cannot serve.
    text : str
        What to do, or why the table cannot serve.
    """

    exercise: str
    title: str
    line: str
    text: str

    def __repr__(self) -> str:
        """Return the task as text."""
        line = f"\n    {self.line}" if self.line else ""
        return f"Exercise {self.exercise} on your table, {self.title}{line}\n{self.text}"

    def _repr_html_(self) -> str:
        line = f"<pre>{html.escape(self.line)}</pre>" if self.line else ""
        return (
            f"<p><strong>Exercise {self.exercise} on your table, {html.escape(self.title)}"
            f"</strong></p>{line}<p>{_with_code(self.text)}</p>"
        )


@dataclass(frozen=True)
class OwnReport:
    """Which variants a table can serve.

    Attributes
    ----------
    said : tuple of str
        How the table was read.
    rows : tuple of (str, str, str)
        Id, title and state of each exercise: "ready", "solved", or why not.
    """

    said: tuple[str, ...]
    rows: tuple[tuple[str, str, str], ...]

    @property
    def ready(self) -> int:
        """Number of variants that the table can serve."""
        return sum(state in ("ready", "solved") for _, _, state in self.rows)

    @property
    def summary(self) -> str:
        """One sentence."""
        return f"{self.ready} of {len(self.rows)} variants run on this table."

    def __repr__(self) -> str:
        """Return a table for a terminal."""
        lines = [f"{i:6s} {title}: {state}" for i, title, state in self.rows]
        return "\n".join([*self.said, self.summary, *lines])

    def _repr_html_(self) -> str:
        said = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.said)
        rows = "".join(
            f"<tr><td>{html.escape(i)}</td><td style='text-align:left'>{html.escape(title)}</td>"
            f"<td style='text-align:left'>{html.escape(state)}</td></tr>"
            for i, title, state in self.rows
        )
        return (
            f"<ul>{said}</ul><p>{self.summary}</p><table><thead><tr><th>exercise</th>"
            f"<th>title</th><th>on this table</th></tr></thead><tbody>{rows}</tbody></table>"
        )


@dataclass(frozen=True)
class _Cut:
    """Inputs of one variant, and the judge that compares answers on them."""

    inputs: tuple[Any, ...]
    judge: Exercise


@dataclass(frozen=True)
class _OwnExercise(Exercise):
    """An exercise whose right and wrong outcomes are computed once: tables may be large."""

    known: dict[str, list[Any]] = field(default_factory=dict, compare=False, repr=False)

    def right(self) -> list[Any]:
        return self._once("", super().right)

    def wrong(self, mistake: Mistake) -> list[Any]:
        return self._once(f"mistake {mistake.name}", lambda: Exercise.wrong(self, mistake))

    def _once(self, name: str, compute: Callable[[], list[Any]]) -> list[Any]:
        if name not in self.known:
            self.known[name] = compute()
        return self.known[name]


class OwnData:
    """A class's table, and the variants of the exercises that run on it.

    Made by `own_data`.

    Parameters
    ----------
    log : Interactions
        The table.
    said : sequence of str
        How it was read.

    Attributes
    ----------
    said : tuple of str
        How the table was read, and what was left out.
    tries : dict of str to int
        Wrong tries since the last right answer, by exercise; `progress()` knows nothing of them.
    """

    def __init__(self, log: Interactions, said: tuple[str, ...] = ()) -> None:
        self.material = Material(log)
        self.tries: dict[str, int] = {}
        self._solved: set[str] = set()
        self._cuts: dict[str, _Cut | UnfitError] = {}
        self.said = (*said, *_in_words(self.material))

    def __repr__(self) -> str:
        """Say how the table was read."""
        return "\n".join([*self.said, "own.report() lists the exercises that run on it."])

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.said)
        return f"<ul>{lines}</ul><p><code>own.report()</code> lists the exercises that run on it."

    def task(self, exercise_id: str) -> Task:
        """Say what to do.

        Parameters
        ----------
        exercise_id : str
            Chapter and number, for example ``"03.2"``.

        Returns
        -------
        Task
            The line that fetches the inputs, and what to do with them; or why the table cannot
            serve.

        Raises
        ------
        UnfitError
            If there is no such exercise.
        """
        title = _exercise(exercise_id).title
        variant = find_variant(exercise_id)
        cut = self._cut(variant)
        if isinstance(cut, UnfitError):
            return Task(exercise_id, title, "", str(cut))
        return Task(exercise_id, title, fetching(variant), variant.task)

    def inputs(self, exercise_id: str) -> Any:
        """Cut the inputs of an exercise from the table.

        Parameters
        ----------
        exercise_id : str
            Chapter and number.

        Returns
        -------
        object
            The inputs as a tuple, in the order that `task` names; a single input by itself.  It is
            a copy.

        Raises
        ------
        UnfitError
            If there is no such exercise, or the table cannot serve; the message says why.
        """
        cut = self._cut(find_variant(exercise_id))
        if isinstance(cut, UnfitError):
            raise UnfitError(str(cut))
        given = copy.deepcopy(cut.inputs)
        return given[0] if len(given) == 1 else given

    def check(self, exercise_id: str, answer: Any) -> Feedback:
        """Check an answer on the class's table; `progress()` does not change.

        Parameters
        ----------
        exercise_id : str
            Chapter and number.
        answer : object
            A function, or a value, as the task says.

        Returns
        -------
        Feedback
            As of `exercises.check`: whether it is right and, if not, a hint; from the second wrong
            try on a second hint as well.

        Raises
        ------
        UnfitError
            If there is no such exercise.
        """
        variant = find_variant(exercise_id)
        cut = self._cut(variant)
        if isinstance(cut, UnfitError):
            return Feedback(exercise_id, False, UNFIT, str(cut))
        feedback, outcome = _examine(cut.judge, answer)
        if feedback.mistake == UNANSWERED:
            return feedback
        if feedback.ok:
            self.tries[exercise_id] = 0
            self._solved.add(exercise_id)
            return replace(feedback, message=f"{cut.judge.title}: done, on your own table.")
        self.tries[exercise_id] = self.tries.get(exercise_id, 0) + 1
        if outcome and variant.expected is None:
            feedback = _told_apart(feedback, cut.judge, outcome, answer)
        if self.tries[exercise_id] < 2:
            return feedback
        example = _example(cut.judge, outcome)
        return replace(feedback, more=" ".join(filter(None, [cut.judge.nudge, example])))

    def report(self) -> OwnReport:
        """List which variants the table can serve, and what is missing for the others.

        Returns
        -------
        OwnReport
            All exercises with their state; the inputs of each have been cut, to be sure.
        """
        rows = []
        for variant in all_variants():
            cut = self._cut(variant)
            state = "solved" if variant.exercise in self._solved else "ready"
            state = str(cut) if isinstance(cut, UnfitError) else state
            rows.append((variant.exercise, _exercise(variant.exercise).title, state))
        return OwnReport(self.said, tuple(rows))

    def _cut(self, variant: Variant) -> _Cut | UnfitError:
        """Cut the inputs once; a table that cannot serve is remembered with its reason."""
        if variant.exercise not in self._cuts:
            try:
                self._cuts[variant.exercise] = _made(variant, self.material)
            except DataError as error:
                self._cuts[variant.exercise] = UnfitError(str(error))
            except Exception as error:  # a class must never see a traceback that is not its own
                what = f"{type(error).__name__}: {error}"
                self._cuts[variant.exercise] = UnfitError(
                    f"Exercise {variant.exercise} {BROKEN} ({what}). Please tell us, with the "
                    "first ten rows of the table."
                )
        return self._cuts[variant.exercise]

    @cached_property
    def users(self) -> pd.Index:
        """The users in the variants, in the order of the rows."""
        return self.material.users

    @cached_property
    def items(self) -> pd.Index:
        """The items in the variants, in the order of the columns."""
        return self.material.items


def own_data(
    table: str | Path | pd.DataFrame | Interactions,
    *,
    user: str | None = None,
    item: str | None = None,
    rating: str | None = None,
    timestamp: str | None = None,
    items: str | Path | pd.DataFrame | None = None,
    **reading: Any,
) -> OwnData:
    """Take a class's own table of who did what, for variants of all exercises.

    Parameters
    ----------
    table : str, Path, DataFrame or Interactions
        One row per event.  Names and e-mail addresses of people are replaced by pseudonyms.
    user, item : str, optional
        Columns with who and what; by default found by their names.
    rating, timestamp : str, optional
        Columns with ratings and times, if there are any; by default found by their names.
    items : str, Path or DataFrame, optional
        A table that describes the items: ``item``, ``title``, ``genres`` (joined by ``|``).
    **reading : object
        Further options of `recsys_tutorial.datasets.read_interactions`, for a file.

    Returns
    -------
    OwnData
        With `task`, `inputs`, `check` and `report`; shown, it says how the table was read.

    Raises
    ------
    UnfitError
        If the table cannot be read; in a notebook only the message is shown.

    Notes
    -----
    Page "Your class's own data" of the teachers' part.

    Examples
    --------
    >>> import pandas as pd
    >>> met = [(f"p{u}", f"t{(u * k) % 11}") for u in range(30) for k in range(1, 6)]
    >>> own = own_data(pd.DataFrame(met, columns=["who", "what"]))
    >>> events = own.inputs("01.2")
    >>> list(events.columns), len(events)
    (['user', 'item', 'rating'], 138)
    >>> own.check("01.1", 418)
    Exercise 01.1: right. How full is the table?: done, on your own table.
    """
    log, said = read_class_table(
        table, user=user, item=item, rating=rating, timestamp=timestamp, items=items, **reading
    )
    return OwnData(log, said)


def all_variants() -> list[Variant]:
    """All variants, in the order of the chapters.

    Returns
    -------
    list of Variant
        Those of every chapter module.

    Examples
    --------
    >>> all_variants()[0].exercise
    '01.1'
    """
    package = importlib.import_module("recsys_tutorial.exercises.own")
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name[:2] == "ch")
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return [variant for module in modules for variant in module.VARIANTS]


def find_variant(exercise_id: str) -> Variant:
    """Look a variant up.

    Parameters
    ----------
    exercise_id : str
        Chapter and number.

    Returns
    -------
    Variant
        The variant.

    Raises
    ------
    UnfitError
        If there is no such exercise, or it has no variant.

    Examples
    --------
    >>> find_variant("03.2").names
    ['X', 'labels', 'centres']
    """
    title = _exercise(exercise_id).title
    found = {variant.exercise: variant for variant in all_variants()}
    if exercise_id not in found:
        raise UnfitError(f"Exercise {exercise_id}, {title}, has no variant on other tables yet.")
    return found[exercise_id]


def fetching(variant: Variant) -> str:
    """Write the line that fetches the inputs of a variant.

    Parameters
    ----------
    variant : Variant
        The variant.

    Returns
    -------
    str
        One line of Python.

    Examples
    --------
    >>> fetching(find_variant("03.2"))
    'X, labels, centres = own.inputs("03.2")'
    """
    return f'{", ".join(variant.names)} = own.inputs("{variant.exercise}")'


def _with_code(text: str) -> str:
    """Set what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def _exercise(exercise_id: str) -> Exercise:
    try:
        return find_exercise(exercise_id)
    except KeyError as error:
        raise UnfitError(str(error.args[0])) from None


def _in_words(material: Material) -> tuple[str, ...]:
    """Say what the variants will see of the table."""
    whole, kept = material.whole, material.log
    size = f"{whole.n_events:,} events of {whole.n_users:,} people with {whole.n_items:,} things"
    parts = [f"{size}; {100 * whole.density:.3g} % of the table is filled."]
    if kept is not whole:
        parts.append(
            f"The exercises use {kept.n_events:,} events of {kept.n_users:,} people with the "
            f"{kept.n_items:,} most popular things (at most {MOST_USERS:,}, {MOST_ITEMS:,} and "
            f"{MOST_EVENTS:,})."
        )
    missing = [name for name in NEEDS if not material.has(name)]
    alike = {name: value for name in missing if (value := _alike(name, material))}
    none = [_none(name) for name in missing if name not in alike]
    if none:
        parts.append(f"The table has {', '.join(none)}: some exercises need that.")
    parts += [
        f"All {NEEDS[name]} are {value}: some exercises need {NEEDS[name]} that differ."
        for name, value in alike.items()
    ]
    if material.n_users < LEAST_USERS or material.n_items < LEAST_ITEMS:
        parts.append(
            f"That is too small for most exercises: bring at least {LEAST_USERS} people and "
            f"{LEAST_ITEMS} things."
        )
    return tuple(parts)


def _made(variant: Variant, material: Material) -> _Cut:
    _need_all(variant, material)
    with warnings.catch_warnings():
        # People with the same things make K-means and the SVD complain; a learner did not ask them.
        warnings.simplefilter("ignore")
        inputs = variant.inputs(material)
        return _Cut(inputs, _judge_for(variant, material, inputs))


def _need_all(variant: Variant, material: Material) -> None:
    if variant.none:
        raise UnfitError(variant.none)
    users, items = variant.least
    if material.n_users < users or material.n_items < items:
        raise UnfitError(
            f"This exercise needs a table of at least {users} people and {items} things; yours "
            f"has {material.n_users} and {material.n_items}. Collect more, or join the tables of "
            "several classes."
        )
    missing = [name for name in variant.needs if not material.has(name)]
    if missing:
        instead = f" Instead: {variant.instead}" if variant.instead else ""
        raise UnfitError(" ".join(_lack(name, material) for name in missing) + instead)


def _alike(name: str, material: Material) -> str:
    """Give the one value that all ratings or all times have; empty if there are none of them."""
    if name == "times" and material.log.has_time:
        return "the same"
    rating = f"{material.events['rating'].iloc[0]:g}"
    # A table without ratings has this one everywhere.
    return rating if name == "ratings" and rating != "1" else ""


def _none(name: str) -> str:
    """Say that something is not there, as far as anybody can tell."""
    return f"no {NEEDS[name]}" + (" (or all are 1)" if name == "ratings" else "")


def _lack(name: str, material: Material) -> str:
    """Say what an exercise needs, what the table has instead, and where to look for it."""
    what, value = NEEDS[name], _alike(name, material)
    if name not in COLUMNS or not (value or name == "ratings"):
        return f"This exercise needs {what}; your table has none."
    found = f"all of yours are {value}" if value else "your table has none, or all are 1"
    named = f"own_data(table, {COLUMNS[name]}='your column')"
    return (
        f"This exercise needs {what} that differ; {found}. If another column holds them, name it: "
        f"{named}."
    )


def _judge_for(variant: Variant, material: Material, inputs: tuple[Any, ...]) -> Exercise:
    """Make the exercise that compares answers on these inputs."""
    exercise = find_exercise(variant.exercise)
    if variant.expected is not None:
        value, hint = variant.expected(*copy.deepcopy(inputs)), variant.hint or exercise.hint
        return replace(
            exercise,
            expected=lambda: value,
            mistakes=(),
            hint=hint,
            nudge=variant.nudge or exercise.nudge,
            probes=None,
            tolerance=variant.tolerance,
        )
    probes = [inputs, *(variant.more(material) if variant.more else [])]
    judge = _OwnExercise(
        exercise.id,
        exercise.title,
        exercise.kind,
        exercise.expected,
        exercise.mistakes,
        exercise.hint,
        exercise.nudge,
        lambda: probes,
        exercise.tolerance,
    )
    shown = tuple(mistake for mistake in exercise.mistakes if _shows(judge, mistake))
    need(
        shown,
        "On this table the usual mistakes of this exercise would pass for right answers: too many "
        "of your people have the same things. Bring a longer table.",
    )
    return replace(judge, mistakes=shown)


def _shows(judge: Exercise, mistake: Mistake) -> bool:
    """Whether a mistake can be made on these inputs: it runs, and it comes out wrong."""
    try:
        return not _matches(judge.wrong(mistake), judge.right(), judge.tolerance)
    except Exception:  # on other people's ids a wrong function may stop
        return False


def _told_apart(feedback: Feedback, judge: Exercise, outcome: list[Any], answer: Any) -> Feedback:
    """Where two mistakes look alike on this table, ask the course's own inputs which one it is."""
    alike = [m for m in judge.mistakes if _matches(outcome, judge.wrong(m), judge.tolerance)]
    if len(alike) == 1:
        return feedback
    second = _examine(find_exercise(judge.id), answer)[0]
    named = {m.name for m in (alike or judge.mistakes)}
    if second.mistake in named:
        return replace(feedback, mistake=second.mistake, message=second.message)
    return feedback if not alike else replace(feedback, mistake=OTHER, message=judge.hint)
