"""Write the teacher's answer book: exercises, quizzes and tests with their answers, in one file.

python tools/answers.py [--only NN ... | test] [--out FOLDER]

`python course.py kit` calls it with the Python of .venv.  It writes `_build/answers/index.html`,
which holds everything it shows, needs no network and prints on A4.  Nothing in it is kept twice:

- questions and stubs are read from the chapters, words and code of the answers from the solutions;
- right values, and what the named mistakes yield, are computed, and hints are the checks' own;
- quizzes are those of the package, the class test is `instructors/tests.yml` (`class_tests`).

The book is for the teacher.  It is no part of the website, its zips or the package, and
`tests/site/test_teach_tests.py` looks for it there.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "book/_ext")]

import class_tests  # noqa: E402
import static_maths  # noqa: E402
from course_chapters import read_chapters  # noqa: E402
from course_minutes import MINUTES  # noqa: E402
from static_maths import Formula  # noqa: E402
from whole import write_text  # noqa: E402

from recsys_tutorial.exercises import Exercise, find_exercise, load_quiz  # noqa: E402

OUT, ASSETS = ROOT / "_build/answers", ROOT / "tools/answers_assets"
# Every answer book, and no other page, holds this line: the leak tests look for it.
MARK = "TEACHERS-ANSWER-BOOK"
CHECKED = re.compile(r'^(?:feedback = )?check\("(\w+\.\d+)"', re.MULTILINE)
LONGEST_VALUE = 400
# The name of the class test on the command line.
TEST = "test"


# 1. The notebooks -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook."""

    code: bool
    text: str
    tags: tuple[str, ...] = ()


@dataclass
class Answer:
    """One exercise as the book shows it; questions and solutions are lists of cells."""

    exercise: Exercise
    question: list[Cell]
    solution: list[Cell] = field(default_factory=list)


def read_cells(path: Path) -> list[Cell]:
    """Read a notebook's cells."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        Cell(
            cell["cell_type"] == "code",
            "".join(cell["source"]),
            tuple(cell["metadata"].get("tags", ())),
        )
        for cell in cells
        if cell["cell_type"] in ("code", "markdown")
    ]


def questions(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """Give the cells of each exercise, from its heading to the cell that the learner fills in."""
    found: dict[str, list[Cell]] = {}
    open_: list[Cell] | None = None
    for cell in cells:
        heading = None if cell.code else re.search(r"^### Exercise: .+\n", cell.text + "\n", re.M)
        if heading:
            open_ = [Cell(False, cell.text[heading.end() :].strip())]
            continue
        checked = CHECKED.search(cell.text) if cell.code else None
        if open_ is not None and checked:
            found[checked[1]], open_ = [part for part in open_ if part.text], None
        elif open_ is not None:
            open_.append(cell)
    return found


def without_check(code: str) -> str:
    """Take out the lines that ask the check, unless the answer itself stands in them."""
    asked = r"(feedback = )?check\(\"[^\"]+\", \w+\)|assert feedback\.ok|feedback$"
    lines = [line for line in code.splitlines() if not re.match(asked, line)]
    return "\n".join(line.removeprefix("feedback = ") for line in lines).strip("\n")


def solutions(cells: Sequence[Cell]) -> tuple[str, dict[str, list[Cell]]]:
    """Give what all solutions of a chapter import, and the cells that belong to each exercise."""
    start = next((i for i, c in enumerate(cells) if re.match(r"## ", c.text)), len(cells))
    shared = [c.text for c in cells[:start] if c.code and "remove-cell" not in c.tags]
    found: dict[str, list[Cell]] = {}
    parts: list[Cell] = []
    for cell in cells[start:]:
        text = re.sub(r"^## .+\n?", "", cell.text) if not cell.code else without_check(cell.text)
        if text.strip():
            parts.append(Cell(cell.code, text.strip("\n")))
        checked = CHECKED.search(cell.text) if cell.code else None
        if checked:
            found[checked[1]], parts = parts, []
    return "\n\n".join(shared), found


# 2. Texts -------------------------------------------------------------------------------------


class Writer:
    """Turns Markdown into HTML; formulas are typeset all at once, at the end."""

    def __init__(self) -> None:
        self.formulas: list[Formula] = []
        markdown = MarkdownIt("commonmark").enable("table")
        markdown.use(dollarmath_plugin, renderer=self._note)
        markdown.add_render_rule("link_open", lambda *_given: "")
        markdown.add_render_rule("link_close", lambda *_given: "")
        self.markdown = markdown

    def _note(self, tex: str, options: dict[str, Any]) -> str:
        self.formulas.append(Formula(tex.strip(), options["display_mode"]))
        return f"\0{len(self.formulas) - 1}\0"

    def html(self, text: str) -> str:
        """Write Markdown as HTML; links lead nowhere on paper, so their words alone are kept."""
        return self.markdown.render(text)

    def line(self, text: str) -> str:
        """Write a line of Markdown as HTML, without a paragraph around it."""
        return self.markdown.renderInline(text)

    def cells(self, cells: Iterable[Cell]) -> str:
        """Write cells below each other."""
        return "\n".join(
            f'<pre tabindex="0">{escape(cell.text)}</pre>' if cell.code else self.html(cell.text)
            for cell in cells
        )

    def typeset(self, page: str) -> str:
        """Put the formulas where they belong."""
        if not self.formulas:
            return page
        kinds = list(dict.fromkeys(self.formulas))
        pictures = dict(zip(kinds, static_maths.run_mathjax(kinds)))

        def markup(place: re.Match) -> str:
            formula = self.formulas[int(place[1])]
            kind = "div" if formula.display else "span"
            made = static_maths.markup(formula, pictures[formula])
            wide = " math-wide" if static_maths.is_wide(pictures[formula]) else ""
            return f'<{kind} class="math nohighlight{wide}">{made}</{kind}>'

        return re.sub("\0(\\d+)\0", markup, page)


def value_shown(value: Any) -> str:
    """Write a value as a teacher reads it."""
    if isinstance(value, pd.DataFrame | pd.Series):
        return value.to_string()
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(map(repr, value))) + "}"
    if isinstance(value, np.ndarray):
        return " ".join(np.array2string(value, precision=4).split())
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]} …"


# 3. The book ----------------------------------------------------------------------------------


def exercise_entry(answer: Answer, writer: Writer) -> dict[str, Any]:
    """Give the template what it shows of one exercise."""
    exercise = answer.exercise
    is_value = exercise.probes is None
    return {
        "id": exercise.id,
        "title": exercise.title,
        "kind": exercise.kind,
        "minutes": MINUTES[exercise.kind],
        "question": writer.cells(answer.question),
        "solution": writer.cells(answer.solution),
        "right": value_shown(exercise.expected()) if is_value else "",
        "tolerance": exercise.tolerance if is_value and exercise.tolerance > 1e-6 else None,
        "mistakes": [
            {
                "name": mistake.name,
                "value": value_shown(mistake.wrong()) if is_value else "",
                "hint": mistake.hint,
            }
            for mistake in exercise.mistakes
        ],
        "hint": exercise.hint,
        "nudge": exercise.nudge,
    }


def answers_of(stem: str, root: Path = ROOT) -> tuple[str, list[Answer]]:
    """Read one chapter and its solutions; an exercise without one of them stops everything."""
    asked = questions(read_cells(root / f"notebooks/{stem}.ipynb"))
    shared, solved = solutions(read_cells(root / f"notebooks/solutions/{stem}_solutions.ipynb"))
    if set(asked) != set(solved):
        different = ", ".join(sorted(set(asked) ^ set(solved)))
        raise SystemExit(f"{stem}: asked or solved, and not both: {different}")
    return shared, [
        Answer(find_exercise(number), cells, solved[number]) for number, cells in asked.items()
    ]


def chapter_entry(stem: str, title: str, writer: Writer) -> dict[str, Any]:
    """Give the template what it shows of one chapter."""
    number = stem.split("_")[0]
    shared, answers = answers_of(stem)
    return {
        "number": number,
        "title": title,
        "shared": shared,
        "exercises": [exercise_entry(answer, writer) for answer in answers],
        "quiz": [
            {"question": writer.html(q["question"]), "options": q["answers"]}
            for q in load_quiz(number)
        ],
    }


def test_entries(writer: Writer) -> list[dict[str, Any]]:
    """Give the template the two forms of the class test, with the key."""
    return [
        {
            "number": item.number,
            "chapter": item.chapter.split("_")[0],
            "promise": writer.line(class_tests.promise(item)),
            "sections": item.sections,
            "forms": [
                {
                    "name": name,
                    "question": writer.html(question.text),
                    "options": question.options,
                    "right": question.right.letter,
                    "why": writer.line(question.why),
                }
                for name, question in item.forms.items()
            ],
        }
        for item in class_tests.the_items()
    ]


def chapters(only: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Give stem and title of the chapters; an unknown number is named."""
    known = {Path(n).name: chapter.title for n, chapter in read_chapters(ROOT).items()}
    numbers = [*(stem.split("_")[0] for stem in known), TEST]
    unknown = sorted(set(only) - set(numbers))
    if unknown:
        raise SystemExit(f"no chapter {', '.join(unknown)}; there are {' '.join(numbers)}")
    for stem, title in known.items():
        if not only or stem.split("_")[0] in only:
            yield stem, title


def write_book(only: Sequence[str] = ()) -> str:
    """Write the whole book, or some of its parts."""
    writer = Writer()
    pages = Environment(
        loader=FileSystemLoader(ASSETS), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    page = pages.get_template("answers.html.j2").render(
        mark=MARK,
        chapters=[chapter_entry(stem, title, writer) for stem, title in chapters(only)],
        items=test_entries(writer) if not only or TEST in only else [],
        forms=class_tests.FORMS,
        maths=(ROOT / "book/_ext/static_maths.css").read_text(encoding="utf-8"),
    )
    return writer.typeset(page)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the book; return 0."""
    parser = argparse.ArgumentParser(prog="answers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NN", default=(), help="chapters, or test")
    parser.add_argument("--out", type=Path, default=OUT, help="where the book goes")
    given = parser.parse_args(argv)
    page = write_book(given.only)
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / "index.html"
    write_text(path, page)
    print(f"{page.count('<article')} answers, {len(page.encode()) / 1e6:.1f} MB  {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
