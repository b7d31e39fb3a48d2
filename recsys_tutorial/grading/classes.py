"""A whole class: every submission marked, copies pointed out, nothing lost.

This is what ``recsys-tutorial grade`` does.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from recsys_tutorial.datasets import DataError
from recsys_tutorial.exercises import all_exercises
from recsys_tutorial.grading.collecting import Submission, collect
from recsys_tutorial.grading.fence import Rails, find_rails
from recsys_tutorial.grading.marking import RIGHT, Limits, Marked, mark_cells
from recsys_tutorial.grading.session import StartError
from recsys_tutorial.grading.slicing import TooMuchCodeError

PACKAGE = Path(__file__).resolve().parents[1]
# Where a clone of the course keeps answers; an installed package has only the first.
ANSWERS = (
    PACKAGE / "exercises",
    *(PACKAGE.parent / name for name in ("notebooks", "instructors", "tests", "_build", ".git")),
)


@dataclass(frozen=True)
class Paper:
    """A submission and its marks.

    Attributes
    ----------
    submission : Submission
        What was handed in.
    marked : Marked or None
        The marks; None if it could not be marked, for the reason in `problem`.
    problem : str
        Why there are no marks; empty if there are.
    remarks : tuple of str
        What the teacher should look at herself.
    """

    submission: Submission
    marked: Marked | None = None
    problem: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def solved(self) -> int:
        """Number of exercises solved."""
        return sum(mark.state == RIGHT for mark in self.marked.marks) if self.marked else 0

    @property
    def asked(self) -> int:
        """Number of exercises that were set in the chapter; 0 if no chapter is known."""
        return len(self.marked.marks) if self.marked else 0

    @property
    def in_words(self) -> str:
        """How many answers are right, or why there are no marks; one harmless line."""
        words = self.problem or f"{self.solved} of {self.asked} right"
        return "".join(letter if letter.isprintable() else "?" for letter in words)


@dataclass(frozen=True)
class ClassMarks:
    """The marks of a class.

    Attributes
    ----------
    papers : tuple of Paper
        Sorted by learner and file.
    rails : Rails
        What fenced the notebooks.
    """

    papers: tuple[Paper, ...]
    rails: Rails


def grade_class(
    place: str | Path,
    *,
    seconds: float = 20.0,
    memory_mb: int = 2048,
    chapter: str | None = None,
    exercises: Collection[str] | None = None,
    jobs: int | None = None,
    unfenced: bool = False,
    keep_away: tuple[str | Path, ...] = (),
    say: Callable[[Paper], object] = lambda paper: None,
) -> ClassMarks:
    """Mark a class.

    Parameters
    ----------
    place : str or Path
        Folder with the submissions, or a zip of it.
    seconds : float
        Most time for one answer, with the cells that it needs; a notebook may take five times that.
    memory_mb : int
        Most memory of a notebook, in megabytes.
    chapter : str, optional
        Mark every notebook as this chapter; by default each tells its own.
    exercises : collection of str, optional
        Ids of the exercises that were set; nothing else is looked at or counted.  By default all.
    jobs : int, optional
        Notebooks at a time; by default two, or one where there is one processor.
    unfenced : bool
        Whether to go on where the kernel cannot keep notebooks off the teacher's files.
    keep_away : tuple of str or Path
        More folders that no notebook may read.
    say : callable
        Called with each paper, as soon as it is marked.

    Returns
    -------
    ClassMarks
        A paper per submission.

    Raises
    ------
    DataError
        If there are no submissions, no such chapter or exercise, or no fence and `unfenced` is
        not set.
    """
    chapters = sorted({exercise.id.split(".")[0] for exercise in all_exercises()})
    if chapter is not None and chapter not in chapters:
        raise DataError(f"There is no chapter {chapter!r}. There are: {', '.join(chapters)}.")
    only = _asked_for(exercises, chapter)
    rails = find_rails()
    if not rails.files and not unfenced:
        raise DataError(
            "The kernel of this computer cannot keep a learner's code off your files. Grade in a "
            "container or a virtual machine on Linux, or accept the risk with --unfenced."
        )
    hidden = tuple(str(Path(p).resolve()) for p in (*ANSWERS, place, *keep_away))
    _stay_apart(Path(place).resolve())
    submissions = collect(place)
    limits = Limits(seconds, memory_mb, rails, hidden)

    def paper(submission: Submission) -> Paper:
        done = _paper(submission, limits, chapter or "", only)
        say(done)
        return done

    workers = jobs or min(2, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        papers = list(pool.map(paper, submissions))
    return ClassMarks(tuple(_with_remarks(papers)), rails)


def _asked_for(exercises: Collection[str] | None, chapter: str | None) -> frozenset[str]:
    """Check the ids of the exercises that were set."""
    if exercises is None:
        return frozenset()
    known = [exercise.id for exercise in all_exercises()]
    for wanted in exercises:
        if wanted not in known:
            start = f"{wanted.split('.')[0]}."
            near = [i for i in known if i.startswith(start)]
            mend = f"There are: {', '.join(near)}." if near else "Write it as 03.1 or A1.2."
            raise DataError(f"There is no exercise {wanted!r}. {mend}")
        if chapter is not None and not wanted.startswith(f"{chapter}."):
            raise DataError(f"Exercise {wanted} is not in chapter {chapter}. Leave out one option.")
    if not exercises:
        raise DataError("No exercise is named. Write them with commas, such as 03.1,03.3.")
    return frozenset(exercises)


def _stay_apart(place: Path) -> None:
    """Refuse to hide a folder without which Python could not start."""
    for root in filter(None, (sys.prefix, sys.base_prefix, *sys.path)):
        there = Path(root).resolve()
        if place in (there, *there.parents):
            raise DataError(
                f"{place} lies around the Python that marks ({root}). Put the submissions in a "
                "folder of their own."
            )


def _paper(submission: Submission, limits: Limits, chapter: str, only: frozenset[str]) -> Paper:
    if submission.problem:
        return Paper(submission, problem=submission.problem)
    try:
        marked = mark_cells(submission.cells, limits, chapter, only)
    except TooMuchCodeError as error:
        return Paper(submission, problem=f"not marked: {error}")
    except StartError as error:
        return Paper(submission, problem=f"not marked: {error}")
    except Exception as error:  # a slip of ours: it must not cost the class its report
        problem = f"not marked, and it is the autograder's fault: {type(error).__name__}: {error}"
        return Paper(submission, problem=problem)
    if not marked.chapter:
        return Paper(submission, problem="a notebook, but without an answer to any exercise")
    if not marked.marks:
        problem = f"a notebook of chapter {marked.chapter}, of which no exercise was set"
        return Paper(submission, problem=problem)
    return Paper(submission, marked)


def _with_remarks(papers: list[Paper]) -> list[Paper]:
    """Point out copies, and learners with more than one notebook of a chapter."""
    return [replace(paper, remarks=tuple(_remarks(paper, papers))) for paper in papers]


def _remarks(paper: Paper, papers: list[Paper]) -> list[str]:
    mine, marked = paper.submission, paper.marked
    others = [p for p in papers if p.submission.learner != mine.learner]
    looks = _looks(mine.learner)
    namesakes = _names(p for p in others if _looks(p.submission.learner) == looks)
    same_file = _names(p for p in others if mine.digest and p.submission.digest == mine.digest)
    found = [f"the same file as {same_file}"] if same_file else []
    if namesakes:
        found.append(f"a name that looks like {namesakes}: is it one person or two?")
    if marked is None:
        return found
    alike = _names(
        p
        for p in others
        if p.marked is not None
        and marked.functions
        and p.marked.functions == marked.functions
        and p.submission.digest != mine.digest
    )
    if alike:
        found.append(f"the same functions, comments and spacing apart, as {alike}")
    own = [
        p
        for p in papers
        if p.submission.learner == mine.learner
        and p.marked is not None
        and p.marked.chapter == marked.chapter
    ]
    if len(own) > 1:
        found.append(f"one of {len(own)} notebooks of this learner for chapter {marked.chapter}")
    return found


def _looks(name: str) -> str:
    """Give a name as an eye reads it: without case, width, spaces and letters that do not show."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(letter for letter in folded if letter.isprintable() and not letter.isspace())


def _names(papers: Iterable[Paper]) -> str:
    return ", ".join(sorted({paper.submission.learner for paper in papers}))
