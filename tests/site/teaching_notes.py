"""The rules that the teacher's page of every chapter keeps, as functions that return complaints.

A page is ``book/teach/notes/NN.md``.  Each rule gets the page (and the chapter where it needs it)
and returns a list of texts; an empty list means that the rule is kept.  `test_teach_notes.py`
applies them to every page, and feeds each of them something broken.

How solutions are kept out of the open site: a page may name an exercise and its mistakes, may link
to the solutions, and shows neither a line of them nor the right value of an exercise; nothing
that its live coding defines is accepted by a check.

``python tests/site/teaching_notes.py book/teach/notes/03.md`` writes what the live coding really
prints into the page.
"""

from __future__ import annotations

import ast
import contextlib
import html
import importlib.util
import io
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# As a script this file has only its own folder on the path.
sys.path[:0] = [str(ROOT / "tests/site"), str(ROOT / "tests/notebooks"), str(ROOT)]

import notebook_rules as chapter_rules  # noqa: E402
from site_checks import given_away  # noqa: E402

from recsys_tutorial.exercises import Exercise, all_exercises, engine  # noqa: E402

NOTES = ROOT / "book/teach/notes"
SECTIONS = [
    *("The one idea", "Why it matters here", "Misconceptions", "Live coding"),
    *("Questions to ask", "Board picture", "If time is short", "Minutes"),
]
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
MISTAKE = re.compile(r'(\w\d\.\d+) "([^"]+)"')
EXERCISE = re.compile(r"\b((?:\d\d|A\d)\.\d)\b(?![\d%])")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?%?(?![\w]|\.\d)")
ON_PURPOSE = "# wrong on purpose"


@dataclass(frozen=True)
class Notes:
    """One page for the teacher, and the chapter that it belongs to."""

    text: str
    key: str
    notebook: Path

    @property
    def sections(self) -> dict[str, str]:
        """Headings of the second level, each with the text below it; none inside a fence."""
        parts = re.split(r"^## (.+)$", FENCE.sub(_quiet, self.text), flags=re.MULTILINE)[1:]
        return dict(zip(parts[::2], parts[1::2], strict=True))

    @property
    def prose(self) -> str:
        """The page without code, outputs and drawings."""
        return FENCE.sub("", self.text)

    def section(self, name: str) -> str:
        """Give a section's text, nothing if there is none."""
        return self.sections.get(name, "")

    @property
    def exercises(self) -> list[Exercise]:
        """The chapter's exercises."""
        return [one for one in all_exercises() if one.id.startswith(f"{self.key}.")]


def _quiet(fence: re.Match) -> str:
    """A fence whose lines cannot be taken for headings."""
    return re.sub(r"^#", " #", fence[0], flags=re.MULTILINE)


def page_of(notebook: Path) -> Path:
    """Give the place of a chapter's page for the teacher."""
    return NOTES / f"{notebook.stem.split('_')[0]}.md"


def read_notes(notebook: Path) -> Notes:
    """Read a chapter's page."""
    page = page_of(notebook)
    return Notes(page.read_text(encoding="utf-8"), page.stem, notebook)


def _facts() -> Any:
    """The module of the site that reads a chapter's opening fields."""
    path = ROOT / "book/_ext/course_chapters.py"
    spec = importlib.util.spec_from_file_location("course_chapters", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules.setdefault("course_chapters", module)
    spec.loader.exec_module(module)
    return module


def stated_minutes(notebook: Path) -> tuple[int, int]:
    """Give the minutes of reading and of exercises that a chapter's opening states."""
    chapter = _facts().read_chapter(ROOT, f"notebooks/{notebook.stem}", "")
    return chapter.reading, chapter.exercises


def items(text: str) -> list[str]:
    """Top-level items of a list, each with the lines that belong to it."""
    found = re.split(r"^(?:- |\d+\. )", text, flags=re.MULTILINE)[1:]
    # What follows an empty line and is not indented belongs to the list no more.
    return [re.split(r"\n\n(?=\S)", item)[0] for item in found]


def shape(notes: Notes) -> list[str]:
    """All sections, in order, none of them empty; a title; chapter and solutions linked."""
    problems = []
    if list(notes.sections) != SECTIONS:
        problems.append(f"sections are {list(notes.sections)}, not {SECTIONS}")
    problems += [f"empty: {name}" for name, text in notes.sections.items() if len(text) < 40]
    if not re.match(r"# Teaching notes: \S", notes.text):
        problems.append("the title is not '# Teaching notes: ...'")
    stem = notes.notebook.stem
    for target in (f"notebooks/{stem}.ipynb", f"notebooks/solutions/{stem}_solutions.ipynb"):
        if f"](../../../{target})" not in notes.text.split("\n## ")[0]:
            problems.append(f"the opening does not link ../../../{target}")
    return problems


def one_idea(notes: Notes) -> list[str]:
    """One quoted sentence that a learner can say: at most forty words."""
    quoted = re.findall(r"^> (.+)$", notes.section("The one idea"), re.MULTILINE)
    if len(quoted) != 1:
        return [f"{len(quoted)} quoted sentences as the one idea, not 1"]
    words = len(quoted[0].split())
    whole = re.fullmatch(r"[^.?!]+(?:\.\d[^.?!]*)*[.?!]", quoted[0])
    return [] if words <= 40 and whole else [f"the one idea is not one sentence of <= 40: {words}"]


def misconceptions(notes: Notes) -> list[str]:
    """Three or more, each quoted in bold and tied to mistakes that the exercises know."""
    problems, listed = [], items(notes.section("Misconceptions"))
    if len(listed) < 3:
        problems.append(f"{len(listed)} misconceptions, fewer than 3")
    for item in listed:
        start = item.splitlines()[0]
        if not re.match(r'\*\*"[^"]+"\*\*', start):
            problems.append(f"a misconception is not quoted in bold: {start[:50]!r}")
        if len(re.findall(r"^ +\*Mistake\*: ", item, re.MULTILINE)) != 1:
            problems.append(f"a misconception needs one line '*Mistake*: ...': {start[:50]!r}")
    return problems


def named_mistakes(notes: Notes) -> list[str]:
    """Each mistake that a page names is one of that exercise's, in this chapter."""
    known = {exercise.id: {m.name for m in exercise.mistakes} for exercise in notes.exercises}
    problems = []
    for line in re.findall(r"\*Mistake\*: (.+)", notes.text):
        pairs = MISTAKE.findall(line)
        if ", ".join(f'{number} "{name}"' for number, name in pairs) != line:
            problems.append(f'not of the form 03.1 "name", 03.2 "name": {line}')
        for number, name in pairs:
            if name not in known.get(number, ()):
                problems.append(f"exercise {number} knows no mistake {name!r}")
    return problems


def named_exercises(notes: Notes) -> list[str]:
    """Each exercise that the prose names exists, and the chapter's own are among them."""
    known = {exercise.id for exercise in all_exercises()}
    named = set(EXERCISE.findall(notes.prose))
    problems = [f"there is no exercise {number}" for number in sorted(named - known)]
    if not any(number.startswith(notes.key) for number in named):
        problems.append("no exercise of the chapter is named")
    return problems


def live_coding(notes: Notes) -> list[str]:
    """Three or more cells to type, one wrong on purpose, and what the room then sees."""
    cells = [m for m in FENCE.finditer(notes.section("Live coding")) if m[2] == "python"]
    problems = []
    if len(cells) < 3:
        problems.append(f"{len(cells)} cells to type, fewer than 3")
    for step in items(notes.section("Live coding")):
        if not re.match(r"\*\*[^*]+\*\*\n", step):
            problems.append(f"a step does not begin with its name in bold: {step[:40]!r}")
    for cell in cells:
        try:
            ast.parse(dedented(cell))
        except SyntaxError as error:
            problems.append(f"a cell does not parse: {error}")
        problems += [f"too long to type: {ln}" for ln in dedented(cell).split("\n") if len(ln) > 96]
    if not any(ON_PURPOSE in cell[3] for cell in cells):
        problems.append(f"nothing is typed '{ON_PURPOSE}'")
    if "```text" not in notes.section("Live coding"):
        problems.append("the room sees no output")
    return problems


def dedented(fence: re.Match) -> str:
    """Code or output of a fence that stands in a list."""
    return re.sub(rf"^{fence[1]}", "", fence[3], flags=re.MULTILINE)


def questions(notes: Notes) -> list[str]:
    """Three to five, each with the right answer, and a wrong one with a reply."""
    problems, listed = [], items(notes.section("Questions to ask"))
    if not 3 <= len(listed) <= 5:
        problems.append(f"{len(listed)} questions, not 3 to 5")
    for item in listed:
        start = item.splitlines()[0]
        if not re.fullmatch(r"\*\*[^*]+\?\*\*", start):
            problems.append(f"not a question in bold: {start[:50]!r}")
        kinds = re.findall(r"^ +(?:- )?\*(Right|Heard|Reply)\*: \S", item, re.MULTILINE)
        if not re.fullmatch(r"Right (?:Heard Reply ?)+", " ".join(kinds)):
            problems.append(
                f"answers come as {kinds}, not Right, Heard, Reply, ...: {start[:40]!r}"
            )
    return problems


def board(notes: Notes) -> list[str]:
    """A picture in words and as a sketch."""
    text = notes.section("Board picture")
    drawn = any(m[2] == "text" for m in FENCE.finditer(text)) or re.search(
        r"!\[[^\]]{20,}\]\([^)]+\.svg\)", text
    )
    words = len(FENCE.sub("", text).split())
    problems = [] if drawn else ["no sketch: a fence 'text', or an SVG with its alt text"]
    return problems + ([] if words >= 12 else [f"the sketch is told in {words} words"])


def anchors(notebook: Path) -> set[str]:
    """Anchors of a chapter's headings, as the site makes them."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    prose = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    names = re.findall(r"^#{1,3} (.+)$", prose, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"[`*$]", "", n).lower()).replace(" ", "-") for n in names
    }


def links(notes: Notes) -> list[str]:
    """Each link leads to a file of the repository and, in a chapter, to a heading."""
    problems = []
    for target in LINK.findall(notes.prose):
        name, _, anchor = target.partition("#")
        path = (NOTES / name).resolve() if name else page_of(notes.notebook)
        if "://" in target or not path.is_relative_to(ROOT) or not path.is_file():
            problems.append(f"link leads nowhere: {target}")
        elif anchor and path.suffix == ".ipynb" and anchor not in anchors(path):
            problems.append(f"no such heading: {target}")
    return problems


def shortening(notes: Notes) -> list[str]:
    """What to skip and what never to skip, each with a section of the chapter."""
    text, problems = notes.section("If time is short"), []
    for mark in ("Skip", "Never skip"):
        part = next((item for item in items(text) if item.startswith(f"**{mark}**: ")), "")
        if f"{notes.notebook.name}#" not in part:
            problems.append(f"**{mark}** links no section of the chapter")
    return problems


def minutes(notes: Notes) -> list[str]:
    """The chapter's own minutes are repeated rightly, and the rows of the table add up."""
    text, (reading, practice) = notes.section("Minutes"), stated_minutes(notes.notebook)
    want = f"The chapter states {reading} minutes of reading and {practice} of exercises"
    problems = [] if want in text else [f"the minutes should begin: {want}"]
    rows = sum(map(int, re.findall(r"^\| *(\d+) *\|", text, re.MULTILINE)))
    total = re.search(r"it takes (\d+)\.$", text, re.MULTILINE)
    if total is None or int(total[1]) != rows:
        problems.append(f"the rows add up to {rows}, not to 'it takes N.': {total and total[0]}")
    return problems


def voice(notes: Notes) -> list[str]:
    """The chapters' own rules of prose: one sentence per line, and no 'simply'.

    What is said in the room may be several sentences in one breath.
    """
    spoken = r"^ *(?:- )?\*(?:Right|Heard|Reply)\*: .*$|^\d+\. \*\*.*\*\*$"
    text = re.sub(spoken, "", notes.prose, flags=re.MULTILINE)
    cell = chapter_rules.nbformat.v4.new_markdown_cell(text)
    page = chapter_rules.nbformat.v4.new_notebook(cells=[cell])
    return chapter_rules.sentences(page) + chapter_rules.voice(page)


def length(notes: Notes) -> list[str]:
    """Between one and two screens of prose: what a teacher reads before the lesson."""
    words = len(notes.prose.split())
    return [] if 450 <= words <= 1500 else [f"{words} words of prose, not 450 to 1500"]


# --- What must not be shown ---------------------------------------------------------------------


def shown_as(number: str) -> tuple[float, int, float]:
    """Give the value of a printed number, its significant digits, and half its last place."""
    digits = number.strip("%").replace(",", "")
    scale = 0.01 if number.endswith("%") else 1.0
    places = len(digits.partition(".")[2])
    significant = len(digits.replace(".", "").lstrip("-0"))
    return float(digits) * scale, significant, 0.5 * 10.0**-places * scale


def tells_number(text: str, right: float, near: bool) -> bool:
    """Tell whether a text prints a right value, rounded or not.

    Far from the exercise's number only a telling value counts: with one digit it may be anything.
    """
    for number in NUMBER.findall(text):
        value, significant, half = shown_as(number)
        enough = significant >= 2 or float(right).is_integer() or abs(value - right) < 1e-9
        if enough and abs(value - right) <= half * (not float(right).is_integer()) + 1e-9:
            if near or len(f"{right:g}".replace(".", "").strip("0")) >= 2 or abs(right) >= 1000:
                return True
    return False


def tells(text: str, right: Any, near: bool) -> bool:
    """Tell whether a text says the right value of an exercise that asks for one."""
    if isinstance(right, (int, float)):
        return tells_number(text, right, near)
    if not near:
        return False
    if isinstance(right, dict):
        return all(re.search(rf"{re.escape(k)}\W+{re.escape(v)}", text) for k, v in right.items())
    if isinstance(right, list):
        return re.search(r"\W+".join(map(re.escape, map(str, right))), text) is not None
    parts = [right] if isinstance(right, str) else map(str, right)
    return all(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) for part in parts)


def value_told(notes: Notes) -> list[str]:
    """No right value of an exercise stands on the page."""
    # Of a line of mistakes only the numbers stay: the names stand in the exercises' own file.
    text = re.sub(
        r"\*Mistake\*: .+", lambda m: " ".join(n for n, _ in MISTAKE.findall(m[0])), notes.text
    )
    # The plan's own minutes, and the numbers of the exercises, are no answers.
    text = re.sub(r"^(\|) *\d+ *\|", r"\1|", text, flags=re.MULTILINE)
    text = re.sub(r"^The chapter states .+$", "", text, flags=re.MULTILINE)
    blocks = re.split(r"\n\s*\n|\n(?= *(?:- |\d+\. |\|))", text)
    problems = []
    for exercise in notes.exercises:
        if exercise.probes is not None:
            continue
        right = exercise.expected()
        near = [EXERCISE.sub("", block) for block in blocks if exercise.id in block]
        if tells(EXERCISE.sub("", text), right, False) or any(tells(b, right, True) for b in near):
            problems.append(f"the right value of {exercise.id} stands on the page")
    return problems


def solution_shown(notes: Notes) -> list[str]:
    """No line of a solution stands on the page: the rule that the site's chapters keep."""
    solutions = chapter_rules.read(chapter_rules.solutions_of(notes.notebook))
    return given_away(notes.text, chapter_rules.answers(solutions))


def accepted(notes: Notes, names: dict[str, Any]) -> list[str]:
    """Nothing that the live coding defines is the right answer to an exercise with a function."""
    own = {n: v for n, v in names.items() if getattr(v, "__module__", "") == "live_coding"}
    return [
        f"{name} of the live coding is accepted as {exercise.id}"
        for exercise in notes.exercises
        if exercise.probes is not None
        for name, value in own.items()
        if callable(value) and engine._examine(exercise, value)[0].ok
    ]


# --- What the room sees -------------------------------------------------------------------------


def run_cell(code: str, names: dict[str, Any]) -> str:
    """Run a cell as a notebook would, and give what the room then reads below it."""
    tree = ast.parse(code)
    shown: ast.expr | None = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not code.rstrip().endswith(";"):
        shown = tree.body.pop().value
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(tree, "<live coding>", "exec"), names)
            value = None if shown is None else eval(_compiled(shown), names)
            if value is not None:
                print(repr(value))
        except Exception as error:
            print(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
    return out.getvalue()


def _compiled(expression: ast.expr) -> Any:
    return compile(ast.Expression(expression), "<live coding>", "eval")


def run_live(notes: Notes) -> tuple[list[tuple[re.Match | None, str]], dict[str, Any]]:
    """Run all cells of the live coding in order.

    Returns each cell's output fence (none, if the page shows no output) with what was printed,
    and the names that were defined.
    """
    names: dict[str, Any] = {"__name__": "live_coding"}
    start = notes.text.index("## Live coding")
    end = notes.text.index("## Questions to ask")
    fences = [m for m in FENCE.finditer(notes.text) if start < m.start() < end]
    results: list[tuple[re.Match | None, str]] = []
    for cell, after in zip(fences, [*fences[1:], None], strict=True):
        if cell[2] == "python":
            said = run_cell(dedented(cell), names)
            results.append((after if after is not None and after[2] == "text" else None, said))
    return results, names


def same_output(page: str, printed: str, tolerance: float = 0.05) -> bool:
    """Compare two outputs: the same words, and numbers that differ by 5 % or 0.05 at most."""
    number = re.compile(r"(?<![A-Za-z_])-?\d+(?:\.\d*)?(?:e[+-]?\d+)?")
    frame = [re.sub(r"\s+", "", number.sub("#", text)) for text in (page, printed)]
    if frame[0] != frame[1]:
        return False
    pairs = zip(number.findall(page), number.findall(printed), strict=True)
    return all(
        abs(float(a) - float(b)) <= max(tolerance, tolerance * abs(float(b))) for a, b in pairs
    )


def outputs(notes: Notes) -> list[str]:
    """What the page says the room sees is what the cells print; nothing solves an exercise."""
    results, names = run_live(notes)
    problems = [
        f"the page shows {dedented(fence)!r}, the cell prints {printed!r}"
        for fence, printed in results
        if fence is not None and not same_output(dedented(fence), printed)
    ]
    problems += [
        f"a cell prints what the page does not show: {printed[:80]!r}"
        for fence, printed in results
        if fence is None and printed.strip()
    ]
    return problems + accepted(notes, names)


def invented(notes: Notes, shown: Iterable[str]) -> list[str]:
    """Each line of a fence 'console' is one that the built page of the chapter shows.

    Numbers may differ as in `same_output`: a network trained elsewhere differs in a digit.
    """
    lines = {" ".join(line.split()) for line in shown}
    return [
        f"the chapter does not show: {line}"
        for fence in FENCE.finditer(notes.text)
        if fence[2] == "console"
        for line in dedented(fence).splitlines()
        if line.strip() and not any(same_output(line, printed) for printed in lines)
    ]


def loose_numbers(notes: Notes, shown: Iterable[str]) -> list[str]:
    """Each telling number of the prose stands on the chapter's page, or in a fence.

    Telling are decimals, percentages and whole numbers from 100 on.
    """
    known = "\n".join([*shown, *(fence[3] for fence in FENCE.finditer(notes.text))])
    values = {shown_as(number)[0] for number in NUMBER.findall(known)}
    # The minutes have a rule of their own.
    prose = LINK.sub("", notes.prose).split("\n## Minutes")[0]
    told = NUMBER.findall(EXERCISE.sub("", prose))
    telling = {n for n in told if "." in n or "%" in n or shown_as(n)[0] >= 100}
    return [
        f"a number that the chapter does not hold: {number}"
        for number in sorted(telling)
        if not any(abs(shown_as(number)[0] - v) <= shown_as(number)[2] + 1e-9 for v in values)
    ]


def page_lines(page: Path) -> list[str]:
    """Lines of a built page as a reader sees them, outputs and prose; a table's row is one."""
    text = re.sub(r"<(script|style)\b.*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.S)
    text = re.sub(r"<tr\b.*?</tr>", lambda row: " ".join(row[0].split()), text, flags=re.S)
    return html.unescape(re.sub(r"<[^>]*>", "", text)).splitlines()


def filled(notes: Notes) -> str:
    """Give the page with the outputs of its live coding written anew."""
    text = notes.text
    for fence, printed in reversed(run_live(notes)[0]):
        if fence is not None:
            lines = "".join(f"{fence[1]}{line.rstrip()}\n" for line in printed.splitlines())
            text = (
                text[: fence.start(3)] + lines.replace(f"{fence[1]}\n", "\n") + text[fence.end(3) :]
            )
    return text


RULES = (
    *(shape, one_idea, misconceptions, named_mistakes, named_exercises, live_coding),
    *(questions, board, links, shortening, minutes, voice, length, value_told, solution_shown),
)


def main(pages: list[str]) -> None:
    """Fill the outputs of these pages, and say what is wrong with them."""
    for page in map(Path, pages):
        (notebook,) = (ROOT / "notebooks").glob(f"{page.stem}_*.ipynb")
        page.write_text(filled(read_notes(notebook)), encoding="utf-8")
        notes = read_notes(notebook)
        problems = [p for rule in RULES for p in rule(notes)] + outputs(notes)
        built = ROOT / "_build/html/notebooks" / f"{notebook.stem}.html"
        if built.is_file():
            shown = page_lines(built)
            problems += invented(notes, shown) + loose_numbers(notes, shown)
        for problem in problems:
            print(f"{page.name}: {problem}")


if __name__ == "__main__":
    main(sys.argv[1:])
