"""The class report: three tables for a spreadsheet and one page for a person.

Every text that a learner could have written is escaped on the page and made harmless for a
spreadsheet, which would run a cell that begins like a formula.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from recsys_tutorial.datasets import DataError
from recsys_tutorial.exercises import all_exercises
from recsys_tutorial.grading.classes import ClassMarks, Paper
from recsys_tutorial.grading.marking import EMPTY, MISSING, RIGHT, STOPPED, WRONG
from recsys_tutorial.pipeline.reporting import without_formula
from recsys_tutorial.pipeline.templates import environment

FILES = ("report.html", "learners.csv", "marks.csv", "mistakes.csv")
SIGNS = {RIGHT: "✓", WRONG: "✗", STOPPED: "!", EMPTY: "…", MISSING: "–"}
OTHER_WRONG = "wrong in a way that has no name"


def check_class_folder(folder: str | Path, submissions: str | Path) -> None:
    """Refuse a folder that a class report must not be written to, before any work is done.

    Parameters
    ----------
    folder : str or Path
        The folder.
    submissions : str or Path
        Where the submissions are.

    Raises
    ------
    DataError
        If it is a file, holds anything but an earlier report, or lies in or around the submissions.
    """
    folder, submissions = Path(folder), Path(submissions)
    mine, theirs = folder.resolve(), submissions.resolve()
    if mine == theirs or theirs in mine.parents or mine in theirs.parents:
        raise DataError(f"{folder} and the submissions must be apart. Name another folder.")
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file. Name a folder for the report.")
    others = sorted(p.name for p in folder.glob("*") if p.name not in FILES)
    if others:
        raise DataError(
            f"{folder} holds other files ({', '.join(others[:3])}). "
            "Choose an empty or a new folder."
        )


def write_class_report(marks: ClassMarks, folder: str | Path) -> Path:
    """Write the report of a class.

    Parameters
    ----------
    marks : ClassMarks
        The marks.
    folder : str or Path
        Where to.

    Returns
    -------
    Path
        The page; beside it lie ``learners.csv``, ``marks.csv`` and ``mistakes.csv``.

    Raises
    ------
    DataError
        If the folder cannot be written.
    """
    folder = Path(folder)
    tables = {
        "learners": learner_rows(marks.papers),
        "marks": mark_rows(marks.papers),
        "mistakes": mistake_rows(marks.papers),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in tables.items():
            _write(folder / f"{name}.csv", rows)
        (folder / FILES[0]).write_text(_page(marks, tables["mistakes"]), encoding="utf-8")
    except OSError as error:
        raise DataError(f"Cannot write the report to {folder}: {error.strerror}.") from None
    return folder / FILES[0]


def learner_rows(papers: Iterable[Paper]) -> list[dict[str, Any]]:
    """Give one row per submission.

    Parameters
    ----------
    papers : iterable of Paper
        The papers.

    Returns
    -------
    list of dict
        By name of the column.
    """
    return [
        {
            "learner": paper.submission.learner,
            "file": paper.submission.file,
            "chapter": paper.marked.chapter if paper.marked else "",
            "solved": paper.solved,
            "exercises": paper.asked,
            "seconds": round(paper.marked.seconds, 1) if paper.marked else 0.0,
            "problem": paper.problem,
            "remarks": "; ".join(paper.remarks),
        }
        for paper in papers
    ]


def mark_rows(papers: Iterable[Paper]) -> list[dict[str, Any]]:
    """Give one row per answer; a submission without marks has one row with its problem.

    Parameters
    ----------
    papers : iterable of Paper
        The papers.

    Returns
    -------
    list of dict
        By name of the column.
    """
    titles = {exercise.id: exercise.title for exercise in all_exercises()}
    rows = []
    for paper in papers:
        who = {"learner": paper.submission.learner, "file": paper.submission.file}
        empty: dict[str, Any] = {"exercise": "", "title": "", "state": "not marked", "mistake": ""}
        if paper.marked is None:
            rows.append({**who, **empty, "note": paper.problem, "seconds": 0.0})
            continue
        for mark in paper.marked.marks:
            what = {"exercise": mark.exercise, "title": titles[mark.exercise]}
            how = {"state": mark.state, "mistake": mark.mistake, "note": mark.note}
            rows.append({**who, **what, **how, "seconds": round(mark.seconds, 2)})
    return rows


def mistake_rows(papers: Iterable[Paper]) -> list[dict[str, Any]]:
    """Count what the class got wrong, most frequent first.

    What nobody answered is in `unanswered_rows`.

    Parameters
    ----------
    papers : iterable of Paper
        The papers.

    Returns
    -------
    list of dict
        Exercise, mistake, how many papers made it out of how many, and the hint for it.
    """
    exercises = {exercise.id: exercise for exercise in all_exercises()}
    counts: Counter[tuple[str, str]] = Counter()
    asked: Counter[str] = Counter()
    notes: dict[tuple[str, str], str] = {}
    for paper in papers:
        for mark in paper.marked.marks if paper.marked else ():
            asked[mark.exercise] += 1
            if mark.state not in (WRONG, STOPPED):
                continue
            named = {"other": OTHER_WRONG}.get(mark.mistake, mark.mistake)
            key = (mark.exercise, named if mark.state == WRONG else mark.state)
            counts[key] += 1
            notes.setdefault(key, mark.note if mark.state == WRONG else "")
    rows = [
        {
            "exercise": exercise,
            "title": exercises[exercise].title,
            "mistake": mistake,
            "papers": count,
            "of": asked[exercise],
            "hint": notes[exercise, mistake],
        }
        for (exercise, mistake), count in counts.items()
    ]
    return sorted(rows, key=lambda row: (-row["papers"], row["exercise"], row["mistake"]))


def unanswered_rows(papers: Iterable[Paper]) -> list[dict[str, Any]]:
    """Count what was set and has no answer, most frequent first.

    Parameters
    ----------
    papers : iterable of Paper
        The papers.

    Returns
    -------
    list of dict
        Exercise, in how many papers the ``...`` is still there or the cell is gone, out of how
        many.
    """
    titles = {exercise.id: exercise.title for exercise in all_exercises()}
    states: dict[str, Counter[str]] = {}
    for paper in papers:
        for mark in paper.marked.marks if paper.marked else ():
            states.setdefault(mark.exercise, Counter())[mark.state] += 1
    rows = [
        {
            "exercise": exercise,
            "title": titles[exercise],
            "papers": found[EMPTY] + found[MISSING],
            "of": found.total(),
        }
        for exercise, found in states.items()
    ]
    left = [row for row in rows if row["papers"]]
    return sorted(left, key=lambda row: (-row["papers"], row["exercise"]))


def harmless(value: Any) -> Any:
    """Make a cell harmless for a spreadsheet.

    Parameters
    ----------
    value : object
        What belongs in the cell.

    Returns
    -------
    object
        A number as it is; a text without control characters, and with an apostrophe before what
        would be a formula, at its start or after a semicolon.

    Examples
    --------
    >>> harmless("=HYPERLINK(1)"), harmless(-3)
    ("'=HYPERLINK(1)", -3)
    """
    if not isinstance(value, str):
        return value
    # Cleaned first: a sign that does not show would hide the one behind it.
    return without_formula(_clean(value))


def _clean(text: str) -> str:
    """Keep what can be written in UTF-8 and shown on one line."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(letter if letter.isprintable() else " " for letter in whole)


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    # The mark at the beginning tells a spreadsheet that the letters are UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        if not rows:
            return
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({name: harmless(value) for name, value in row.items()} for row in rows)


def _page(marks: ClassMarks, mistakes: list[dict[str, Any]]) -> str:
    titles = {exercise.id: exercise.title for exercise in all_exercises()}
    marked = [paper for paper in marks.papers if paper.marked]
    chapters = sorted({paper.marked.chapter for paper in marked if paper.marked})
    text = (
        environment()
        .get_template("class_report.html.j2")
        .render(
            papers=marks.papers,
            problems=[paper for paper in marks.papers if paper.problem],
            remarked=[paper for paper in marks.papers if paper.remarks],
            chapters={
                chapter: [p for p in marked if p.marked and p.marked.chapter == chapter]
                for chapter in chapters
            },
            learners=len({paper.submission.learner for paper in marks.papers}),
            mistakes=mistakes,
            unanswered=unanswered_rows(marks.papers),
            titles=titles,
            signs=SIGNS,
            rails=marks.rails.in_words(),
        )
    )
    return text.encode("utf-8", "replace").decode("utf-8")


def summary(marks: ClassMarks) -> str:
    """Say in a line what came of it.

    Parameters
    ----------
    marks : ClassMarks
        The marks.

    Returns
    -------
    str
        Submissions, exercises solved, submissions without marks.
    """
    papers = marks.papers
    solved, asked = sum(p.solved for p in papers), sum(p.asked for p in papers)
    without = sum(bool(p.problem) for p in papers)
    return (
        f"{len(papers)} submission(s), {solved} of {asked} answers right, "
        f"{without} submission(s) that could not be marked."
    )
