"""Write book/teach/objectives.md: where each promise of a chapter is taught, practised and asked.

python tools/objectives.py [--check]

The promises are the points below "Afterwards you can" in the notebooks.  The map from a promise to
sections, exercises, quiz questions and functions is kept by hand in book/teach/objectives.yml; all
else on the page is looked up.  `--check` says what is wrong with the map and writes nothing.  The
course must be installed.

In the map, promises and questions are named by their first words, so that a text is written once
and a new order of questions changes nothing.  A promise that no section teaches, that no exercise
practises, or that no question asks for, is an error.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from recsys_tutorial.exercises import load_quiz

ROOT = Path(__file__).resolve().parent.parent
MAP, PAGE = ROOT / "book/teach/objectives.yml", ROOT / "book/teach/objectives.md"
PACKAGE = "recsys_tutorial"
KEPT_BY = {"exercise": "exercises", "question": "questions"}
KEYS = {"objective", "sections", "exercises", "questions", "functions"}


@dataclass
class Facts:
    """What a chapter really has."""

    title: str
    outcomes: list[str]
    sections: list[str]
    exercises: list[str]
    questions: list[str]
    code: str = field(repr=False, default="")


# What is there --------------------------------------------------------------------------------


def cells(path: Path) -> list[tuple[str, str]]:
    """Give kind and text of a notebook's cells."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]


def outcomes(opening: str) -> list[str]:
    """Give the points below "Afterwards you can"."""
    found = re.search(r"\*\*Afterwards you can\*\*\n((?:- .+\n)+)", opening + "\n")
    return [line[2:].rstrip(";.") for line in found[1].splitlines()] if found else []


def read_facts(root: Path, stem: str) -> Facts:
    """Read what a chapter promises and has; its solutions count as its code."""
    chapter = cells(root / f"notebooks/{stem}.ipynb")
    solved = cells(root / f"notebooks/solutions/{stem}_solutions.ipynb")
    text = "\n\n".join(text for kind, text in chapter if kind == "markdown")
    code = "\n".join(text for kind, text in [*chapter, *solved] if kind == "code")
    return Facts(
        title=text.splitlines()[0].removeprefix("# "),
        outcomes=outcomes(chapter[0][1]),
        sections=re.findall(r"^##+ +(.+?) *$", text, re.M),
        exercises=re.findall(r'^check\("([^"]+)"', code, re.M),
        questions=[question["question"] for question in load_quiz(stem.split("_")[0])],
        code=code,
    )


def read_all_facts(root: Path) -> dict[str, Facts]:
    """Read what all chapters have."""
    stems = [path.stem for path in sorted((root / "notebooks").glob("*_*.ipynb"))]
    return {stem: read_facts(root, stem) for stem in stems}


def read_tests(root: Path) -> dict[str, str]:
    """Read the tests of the package."""
    paths = [*sorted(root.glob("tests/unit/test_*.py")), *root.glob("tests/properties/test_*.py")]
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


def beginning(start: str, texts: Sequence[str]) -> list[int]:
    """Give the places of the texts that begin so."""
    return [place for place, text in enumerate(texts) if text.startswith(start)]


def exists(function: str) -> bool:
    """Tell whether the package has a function: `clustering.kmeans`."""
    room, _, name = function.rpartition(".")
    try:
        return hasattr(importlib.import_module(f"{PACKAGE}.{room}"), name)
    except ImportError:
        return False


def tests_of(function: str, tests: Mapping[str, str]) -> list[str]:
    """Name the test files that use a function, the one that uses it most first."""
    name = function.rpartition(".")[2]
    word = re.compile(rf"\b{re.escape(name)}\b")
    # Looking for the letters first is ten times as fast.
    counts = {file: len(word.findall(text)) for file, text in tests.items() if name in text}
    return sorted(filter(counts.get, counts), key=lambda file: (-counts[file], file))


# The check ------------------------------------------------------------------------------------


def entry_complaints(entry: Mapping[str, Any], facts: Facts, tests: Mapping[str, str]) -> list[str]:
    """Say what is wrong with one promise of the map."""
    complaints = [f"unknown key {key!r}" for key in sorted(set(entry) - KEYS)]
    if not entry.get("sections"):
        complaints.append("no section teaches it")
    complaints += [
        f"no section {section!r}"
        for section in entry.get("sections", [])
        if section not in facts.sections
    ]
    complaints += [
        f"no exercise {number!r}"
        for number in entry.get("exercises", [])
        if number not in facts.exercises
    ]
    for start in entry.get("questions", []):
        found = beginning(start, facts.questions)
        if len(found) != 1:
            complaints.append(f"{len(found)} questions begin with {start!r}")
    for function in entry.get("functions", []):
        if not exists(function):
            complaints.append(f"no function {function!r} in the package")
        elif not re.search(rf"\b{function.rpartition('.')[2]}\b", facts.code):
            complaints.append(f"the chapter does not use {function}")
        elif not tests_of(function, tests):
            complaints.append(f"no test uses {function}")
    complaints += [f"no {name} for it" for name, key in KEPT_BY.items() if not entry.get(key)]
    return complaints


def chapter_complaints(
    entries: Sequence[Mapping[str, Any]], facts: Facts, tests: Mapping[str, str]
) -> list[str]:
    """Say what is wrong with the map of one chapter."""
    starts = [entry.get("objective", "") for entry in entries]
    complaints = []
    if not facts.outcomes:
        complaints.append("the chapter promises nothing")
    if [beginning(start, facts.outcomes) for start in starts] != [
        [place] for place in range(len(facts.outcomes))
    ]:
        complaints.append(f"the map has {starts}, the chapter promises {facts.outcomes}")
    for entry in entries:
        for said in entry_complaints(entry, facts, tests):
            complaints.append(f"{entry.get('objective', '?')!r}: {said}")
    used = {number for entry in entries for number in entry.get("exercises", [])}
    starts = [start for entry in entries for start in entry.get("questions", [])]
    asked = {place for start in starts for place in beginning(start, facts.questions)}
    complaints += [f"exercise {n} practises no promise" for n in facts.exercises if n not in used]
    complaints += [
        f"the question {question!r} asks for no promise"
        for place, question in enumerate(facts.questions)
        if place not in asked
    ]
    return complaints


def all_complaints(
    mapped: Mapping[str, Sequence[Mapping[str, Any]]],
    facts: Mapping[str, Facts],
    tests: Mapping[str, str],
) -> list[str]:
    """Say what is wrong with the whole map."""
    complaints = [f"{stem}: not on the map" for stem in facts if stem not in mapped]
    complaints += [f"{stem}: on the map, and no chapter" for stem in mapped if stem not in facts]
    for stem in (stem for stem in facts if stem in mapped):
        found = chapter_complaints(mapped[stem], facts[stem], tests)
        complaints += [f"{stem}: {said}" for said in found]
    return complaints


# The page -------------------------------------------------------------------------------------

INTRODUCTION = """# What each chapter promises, and where it is kept

Each chapter begins with what you can do *afterwards*.
This page says, for each of these {n_outcomes} promises, which sections teach it, which exercises practise it, which questions of the quiz ask for it, and which functions of the package do the same work, with the tests that hold them to it.
Use it to choose exercises for a class, or to see what a class may skip.

All of it is checked: a promise without a section, an exercise or a question, and a name that does not exist, stops the course's tests, and so does an exercise or a question that serves no promise.
The answers to all exercises are checked by `tests/unit/test_exercises.py`, and the quizzes by `tests/unit/test_quizzes.py`.
"""  # noqa: E501


def cell_of(parts: Sequence[str]) -> str:
    """Put a cell of a table together."""
    return "; ".join(parts).replace("|", r"\|")


def row(entry: Mapping[str, Any], facts: Facts, tests: Mapping[str, str]) -> str:
    """Write one promise as a line of the table."""
    promise = facts.outcomes[beginning(entry["objective"], facts.outcomes)[0]]
    asked = [str(beginning(start, facts.questions)[0] + 1) for start in entry["questions"]]
    functions = entry.get("functions", [])
    files = dict.fromkeys(tests_of(function, tests)[0] for function in functions)
    parts = [
        promise,
        cell_of(entry["sections"]),
        ", ".join(entry["exercises"]),
        ", ".join(asked),
        ", ".join(f"`{name}`" for name in functions) or "–",
        ", ".join(f"`{file}`" for file in files) or "–",
    ]
    return f"| {' | '.join(parts)} |"


def write_page(
    mapped: Mapping[str, Sequence[Mapping[str, Any]]],
    facts: Mapping[str, Facts],
    tests: Mapping[str, str],
) -> str:
    """Write the whole page."""
    count = sum(len(chapter.outcomes) for chapter in facts.values())
    parts = ["% Written by tools/objectives.py from book/teach/objectives.yml and the notebooks.\n"]
    parts.append(INTRODUCTION.format(n_outcomes=count))
    for stem, chapter in facts.items():
        number = stem.split("_")[0].lstrip("0")
        lines = [
            f"## {number} · {chapter.title}\n",
            f"[The chapter](../../notebooks/{stem}.ipynb)\n",
            "| afterwards you can | sections | exercises | questions | functions | tests |",
            "|---|---|---|---|---|---|",
            *(row(entry, chapter, tests) for entry in mapped[stem]),
        ]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def read_map(path: Path = MAP) -> dict[str, list[dict[str, Any]]]:
    """Read the map."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def main(argv: Sequence[str]) -> int:
    """Check the map and, unless told to check only, write the page."""
    mapped, facts, tests = read_map(), read_all_facts(ROOT), read_tests(ROOT)
    wrong = all_complaints(mapped, facts, tests)
    print("\n".join(wrong) or f"{sum(map(len, mapped.values()))} promises, all kept")
    if not wrong and "--check" not in argv:
        PAGE.write_text(write_page(mapped, facts, tests), encoding="utf-8", newline="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
