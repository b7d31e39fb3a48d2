"""Marks: each answer of each notebook, judged by the checks of `exercises` on this side.

A value is handed over and compared here.  A function stays where it is: the check calls it through
the pipe on the exercise's own probes, and compares what comes back.
"""

from __future__ import annotations

import ast
import hashlib
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from recsys_tutorial.exercises import Exercise, Feedback, all_exercises
from recsys_tutorial.exercises.engine import CRASHED, UNANSWERED, InputChangedError, examine
from recsys_tutorial.grading.fence import Rails
from recsys_tutorial.grading.session import GoneError, Session
from recsys_tutorial.grading.slicing import Target, Unit, chapter_of, find_targets, read_units
from recsys_tutorial.grading.wire import WireError, decode, encode

RIGHT, WRONG, STOPPED = "right", "wrong", "stopped"
EMPTY, MISSING = "unanswered", "missing"
# A whole notebook may take so many times what one answer may.
WHOLE = 5
# Packages that are loaded before the clock runs; whoever imports another one pays for it.
LOADED_FIRST = frozenset(
    ["keras", "matplotlib", "numpy", "pandas", "recsys_tutorial", "scipy", "sklearn", "tensorflow"]
)
# Short functions are alike without anybody having copied.
TELLING_LETTERS = 200


@dataclass(frozen=True)
class Limits:
    """What a notebook may use.

    Attributes
    ----------
    seconds : float
        Most time for one answer, with the cells that it needs; a notebook may take five times that.
    memory_mb : int
        Most memory, in megabytes.
    rails : Rails
        What this computer can fence.
    hidden : tuple of str
        Folders that no notebook may read.
    """

    seconds: float
    memory_mb: int
    rails: Rails
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mark:
    """The mark for one answer.

    Attributes
    ----------
    exercise : str
        Id of the exercise.
    state : {"right", "wrong", "stopped", "unanswered", "missing"}
        What became of it.  Stopped: an error, the time limit or the end of the process came first.
        Missing: the notebook neither checks nor makes such an answer.
    mistake : str
        Name of a recognised mistake; empty if there is none.
    note : str
        One line for the teacher.
    seconds : float
        Time from the first cell that it needed to the mark, without the loading of packages.
    """

    exercise: str
    state: str
    mistake: str = ""
    note: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Marked:
    """The marks for a notebook.

    Attributes
    ----------
    chapter : str
        Its chapter; empty if nothing in it belongs to one.
    marks : tuple of Mark
        One per exercise of the chapter, or per exercise that was set.
    functions : str
        A fingerprint of the functions that answer, to find copies; empty if they are too short to
        tell anything.
    seconds : float
        Time in all.
    """

    chapter: str
    marks: tuple[Mark, ...]
    functions: str = ""
    seconds: float = 0.0


def mark_cells(
    cells: Sequence[str], limits: Limits, chapter: str = "", only: Collection[str] = ()
) -> Marked:
    """Mark the code cells of a notebook.

    Parameters
    ----------
    cells : sequence of str
        Their sources, in order.
    limits : Limits
        What it may use.
    chapter : str, optional
        The chapter to mark; by default the one that the notebook belongs to.
    only : collection of str, optional
        Ids of the exercises that were set; by default all of the chapter.

    Returns
    -------
    Marked
        One mark per exercise of the chapter that was set.

    Raises
    ------
    StartError
        If no process can be started here.
    """
    began = time.monotonic()
    units = read_units(cells)
    chapter = chapter or chapter_of(units)
    own = [e for e in all_exercises() if e.id.split(".")[0] == chapter]
    exercises = {e.id: e for e in own if not only or e.id in only}
    targets = find_targets(units, exercises)
    found = _Run(units, exercises, limits).mark(targets)
    marks = tuple(_best(i, [m for m in found if m.exercise == i]) for i in exercises)
    print_of = _fingerprint(units, targets, exercises, {m.exercise: m for m in marks})
    return Marked(chapter, marks, print_of, time.monotonic() - began)


def packages(units: Iterable[Unit]) -> list[tuple[str, str]]:
    """Find what statements import from the packages of the course.

    Parameters
    ----------
    units : iterable of Unit
        Statements of a notebook.

    Returns
    -------
    list of (module, name)
        As in ``from module import name``; the name is empty for ``import module``.

    Examples
    --------
    >>> packages(read_units(["import numpy as np, this", "from sklearn import cluster"]))
    [('numpy', ''), ('sklearn', 'cluster')]
    """
    found: list[tuple[str, str]] = []
    for unit in units:
        if unit.broken or "import" not in unit.source:
            continue
        for node in ast.parse(unit.source).body:
            if isinstance(node, ast.Import):
                found += [(alias.name, "") for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found += [(node.module, alias.name) for alias in node.names]
    ours = [pair for pair in found if pair[0].split(".")[0] in LOADED_FIRST]
    return list(dict.fromkeys(ours))


def _best(exercise: str, tries: list[Mark]) -> Mark:
    """Once solved is solved, as for the learner; otherwise the last try counts."""
    if not tries:
        return Mark(exercise, MISSING, note="no such answer in the notebook")
    return next((mark for mark in tries if mark.state == RIGHT), tries[-1])


def _fingerprint(
    units: Sequence[Unit],
    targets: Sequence[Target],
    exercises: dict[str, Exercise],
    marks: dict[str, Mark],
) -> str:
    texts = {}
    for target in targets:
        answered = marks[target.exercise].state in (RIGHT, WRONG, STOPPED)
        if exercises[target.exercise].probes is not None and answered:
            made = [units[n].source for n in target.needs if target.expression in units[n].makes]
            texts[target.exercise] = "\n".join(made)
    whole = "\n".join(text for _, text in sorted(texts.items()))
    if len(texts) < 2 or len(whole) < TELLING_LETTERS:
        return ""
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()


@dataclass
class _Run:
    """One notebook, in as many processes as it takes: whoever falls takes no other answer along."""

    units: Sequence[Unit]
    exercises: dict[str, Exercise]
    limits: Limits
    fatal: dict[int, str] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    ran: set[int] = field(default_factory=set)
    used: float = 0.0
    loads: bool = True

    def mark(self, targets: Sequence[Target]) -> list[Mark]:
        whole, waiting = WHOLE * self.limits.seconds, list(targets)
        marks: list[Mark] = []
        while waiting:
            if self.used >= whole:
                note = f"not reached: the notebook had used up its {whole:.0f} seconds"
                return marks + [Mark(target.exercise, STOPPED, note=note) for target in waiting]
            self.ran, self.failed = set(), {}
            with Session(
                self.limits.rails, self.limits.hidden, self.limits.memory_mb, whole
            ) as session:
                alive = self._load(session, waiting)
                while waiting and alive and self.used < whole:
                    mark, alive = self._one(session, waiting[0], waiting[1:])
                    if mark is not None:
                        marks.append(mark)
                        del waiting[0]
        return marks

    def _load(self, session: Session, waiting: Sequence[Target]) -> bool:
        """Load what the answers import; also tell whether the process is still fit for them."""
        needed = sorted({n for target in waiting for n in target.needs})
        wanted = packages(self.units[n] for n in needed)
        if not self.loads or not wanted:
            return True
        try:
            session.load(wanted)
        except GoneError:
            # Whoever needs what does not load is told so when her own cell asks for it.
            self.loads = False
        return self.loads

    def _one(
        self, session: Session, target: Target, later: list[Target]
    ) -> tuple[Mark | None, bool]:
        """Mark an answer; also tell whether the process is still fit for another.

        There is no mark yet if the process fell over a statement that only a later answer needs.
        """
        began = time.monotonic()
        session.begin()
        for place in target.needs:
            if place in self.fatal:
                return Mark(target.exercise, STOPPED, note=self.fatal[place]), True
        known = set(self.fatal)
        try:
            self._prepare(session, target, later)
            state, mistake, note = self._judge(session, target)
            alive = True
        except GoneError as error:
            if set(self.fatal) - known - set(target.needs):
                return None, False
            state, mistake, note, alive = STOPPED, "", str(error), False
        finally:
            self.used += session.charged()
        return Mark(target.exercise, state, mistake, note, time.monotonic() - began), alive

    def _prepare(self, session: Session, target: Target, later: list[Target]) -> None:
        # In the order of the notebook: what a later answer needs from above must not come after.
        wanted = {n for t in (target, *later) for n in t.needs if n < target.position}
        for place in sorted(wanted - self.ran - set(self.fatal)):
            unit = self.units[place]
            self.ran.add(place)
            if unit.broken:
                self.failed[place] = f"cell {unit.cell}: {unit.broken}"
                continue
            try:
                order = {"run": unit.source, "cell": unit.cell}
                reply = session.ask(order, self.limits.seconds)
            except GoneError as error:
                self.fatal[place] = f"cell {unit.cell} {error}"
                raise GoneError(self.fatal[place]) from None
            if "error" in reply:
                self.failed[place] = f"cell {unit.cell}: {_words(reply['error'])}"

    def _judge(self, session: Session, target: Target) -> tuple[str, str, str]:
        exercise, allowed = self.exercises[target.exercise], self.limits.seconds
        reply = session.ask({"answer": target.expression}, allowed)
        if "error" in reply:
            causes = [self.failed[n] for n in target.needs if n in self.failed]
            return STOPPED, "", (causes or [_words(reply["error"])])[0]
        last: list[str] = []

        def remote(*arguments: Any) -> Any:
            functions: list[Any] = []
            order = {"call": encode(arguments, functions)}
            said = session.ask(order, allowed, functions)
            if "error" in said:
                last.append(_words(said["error"]))
                raise RuntimeError(last[-1])
            if said.get("changed") is not False:
                raise InputChangedError
            return decode(said.get("value"))

        try:
            by_call = exercise.probes is not None and reply.get("callable") is True
            answer = remote if by_call else decode(reply.get("value"))
        except WireError as error:
            return STOPPED, "", f"the answer is {error}"
        return _in_words(examine(exercise, answer), last)


def _in_words(feedback: Feedback, errors: list[str]) -> tuple[str, str, str]:
    if feedback.ok:
        return RIGHT, "", ""
    if feedback.mistake == UNANSWERED:
        return EMPTY, "", ""
    if feedback.mistake == CRASHED:
        return STOPPED, "", f"the function stopped with {(errors or [feedback.message])[-1]}"
    return WRONG, feedback.mistake, feedback.message


def _words(error: Any) -> str:
    words = error if isinstance(error, str) else "an error that is no text"
    return " ".join(words.split())[:300]
