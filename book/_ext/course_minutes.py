"""How long things take: sections, exercises and quizzes by a stated rule, cells by measurement.

The rule is the one that the opening of every chapter keeps: 150 words a minute (a calm voice is as
fast as a calm eye), half a minute for a code cell, and fixed minutes for an exercise of each kind.
Nothing here knows Sphinx.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from course_chapters import Chapter, plain, read_chapters

from recsys_tutorial.exercises import find_exercise, load_quiz

WORDS_A_MINUTE, MINUTES_A_CELL, MINUTES_A_QUESTION = 150, 0.5, 1
MINUTES = {"predict": 3, "write": 8, "repair": 8}
# What stands above the first heading of a chapter.
OPENING = "opening"
# Sections that every chapter has and that teach nothing new: nobody has to plan or to skip them.
STANDING = ("Quiz", "Claims, checked")

HEADING = re.compile(r"^(?=##? )", re.MULTILINE)
CHECK = re.compile(r'check\("([^"]+)"')


@dataclass(frozen=True)
class Exercise:
    """One exercise of a chapter."""

    name: str
    kind: str
    title: str
    section: str

    @property
    def minutes(self) -> int:
        """Give the minutes of its kind."""
        return MINUTES[self.kind]


@dataclass
class Section:
    """What stands below one heading of a chapter."""

    title: str
    words: int = 0
    cells: int = 0
    exercises: list[Exercise] = field(default_factory=list)

    @property
    def minutes(self) -> float:
        """Give the minutes of reading or of telling, not rounded."""
        return self.words / WORDS_A_MINUTE + self.cells * MINUTES_A_CELL


@dataclass(frozen=True)
class Times:
    """A chapter with its sections in their order, and the questions of its quiz."""

    chapter: Chapter
    sections: dict[str, Section]
    questions: int

    @property
    def exercises(self) -> dict[str, Exercise]:
        """Give the exercises of all sections by their names."""
        return {e.name: e for section in self.sections.values() for e in section.exercises}

    @property
    def reading(self) -> float:
        """Give the minutes of reading, not rounded."""
        return sum(section.minutes for section in self.sections.values())

    @property
    def practice(self) -> float:
        """Give the minutes of all exercises and of the quiz."""
        quiz = self.questions * MINUTES_A_QUESTION
        return quiz + sum(exercise.minutes for exercise in self.exercises.values())


def rounded(minutes: float) -> int:
    """Round up to five minutes, as the chapters do."""
    return 5 * math.ceil(minutes / 5)


def read_sections(cells: list[dict]) -> dict[str, Section]:
    """Divide a notebook at its headings of the first two levels."""
    sections = {OPENING: Section(OPENING)}
    section, title = sections[OPENING], ""
    for cell in cells:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            section.cells += 1
            for name in CHECK.findall(text):
                kind = find_exercise(name).kind
                section.exercises.append(Exercise(name, kind, title, section.title))
            continue
        for part in HEADING.split(text):
            heading = re.match(r"## (.+)", part)
            if heading:
                section = Section(plain(heading[1]))
                if section.title in sections:
                    raise ValueError(f"two sections are called {section.title!r}")
                sections[section.title] = section
            for found in re.findall(r"^### (.+)", part, re.MULTILINE):
                title = plain(found)
            section.words += len(part.split())
    return sections


def read_times(root: Path) -> dict[str, Times]:
    """Read all chapters with their sections; the keys are the chapters' numbers: 3, A1."""
    times = {}
    for name, chapter in read_chapters(root).items():
        cells = json.loads((root / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
        sections = read_sections(cells)
        first = next(e.name for section in sections.values() for e in section.exercises)
        questions = len(load_quiz(first.split(".")[0]))
        times[chapter.number] = Times(chapter, sections, questions)
    return times


def run_seconds(cache: Path) -> dict[str, float]:
    """Tell how long each notebook ran when the site was built: ``notebooks/03_kmeans``: seconds.

    `cache` is the folder of jupyter-cache, which keeps the clock of the run that made the outputs.
    Without a cache nothing has been measured, and the answer is empty.
    """
    database = cache / "global.db"
    if not database.is_file():
        return {}
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute("select uri, data from nbcache order by created").fetchall()
    seconds = {}
    for uri, data in rows:
        below = uri.replace("\\", "/").rpartition("/notebooks/")[2]
        if "execution_seconds" in json.loads(data or "{}"):
            # Later rows are later runs.
            seconds[f"notebooks/{below.removesuffix('.ipynb')}"] = json.loads(data)[
                "execution_seconds"
            ]
    return seconds


def clock(seconds: float) -> str:
    """Say how long something ran: ``24 s``, ``3 min``."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
