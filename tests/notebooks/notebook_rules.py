"""The rules that every chapter keeps, as functions that return complaints.

Each rule gets a notebook (and, where it needs one, its solutions) and returns a list of texts; an
empty list means that the rule is kept.  `test_rules.py` applies them to every chapter, and feeds
each of them something broken.
"""

import math
import re
from pathlib import Path

import nbformat

from recsys_tutorial.exercises import find_exercise, load_quiz

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "notebooks").glob("[0-9A]*.ipynb"))
SOLUTIONS = ROOT / "notebooks" / "solutions"
BIBLIOGRAPHY = ROOT / "book" / "references.bib"
LINE = 100
MINUTES = {"predict": 3, "write": 8, "repair": 8}


def read(path):
    return nbformat.read(path, as_version=4)


def solutions_of(path):
    return SOLUTIONS / f"{path.stem}_solutions.ipynb"


def cells(notebook, kind):
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def prose(notebook):
    return "\n\n".join(cell.source for cell in cells(notebook, "markdown"))


def exercise_ids(notebook):
    return [
        found
        for cell in cells(notebook, "code")
        for found in re.findall(r'check\("([^"]+)"', cell.source)
    ]


def opening(notebook):
    """Title, badge, question, outcomes, needs and time stand in the first cell."""
    first = notebook.cells[0].source
    wanted = ["**The question.**", "**Afterwards you can**", "**You need**", "**Time.**"]
    complaints = [f"opening without {text}" for text in wanted if text not in first]
    if not re.match(r"# \D", first):
        complaints.append("the first line is no title, or its number was typed by hand")
    if "Open in Colab" not in first:
        complaints.append("opening without a Colab badge")
    return complaints


def times(notebook):
    """The minutes follow from the words, the cells, the exercises and the quiz."""
    words = len(prose(notebook).split())
    reading = words / 150 + 0.5 * len(cells(notebook, "code"))
    ids = exercise_ids(notebook)
    practice = sum(MINUTES[find_exercise(i).kind] for i in ids) + len(load_quiz(ids[0][:2]))
    want = [5 * math.ceil(minutes / 5) for minutes in (reading, practice)]
    text = "**Time.** Reading {} minutes, exercises {} minutes.".format(*want)
    return [] if text in notebook.cells[0].source else [f"the opening should say: {text}"]


def setup_cell(notebook):
    """The first code cell installs the package only where it is missing, and upgrades nothing."""
    first = cells(notebook, "code")[0]
    complaints = []
    if "remove-cell" not in first.metadata.get("tags", []):
        complaints.append("the setup cell lacks the tag remove-cell")
    if not re.search(r"try:\s+import recsys_tutorial\s+except ImportError:", first.source):
        complaints.append("the setup cell does not look whether the package is there")
    if "%pip install" not in first.source or re.search(r"--upgrade|-U\b|==", first.source):
        complaints.append("the setup cell must install, and must not upgrade or pin")
    return complaints


def exercises(notebook):
    """Three or more exercises, each a stub and a check, all kinds, a quiz, and solutions linked."""
    ids, stubs = exercise_ids(notebook), tagged(notebook, "exercise")
    complaints = []
    if len(ids) < 3 or len(ids) != len(stubs):
        complaints.append(f"{len(stubs)} stubs and {len(ids)} checks; three or more pairs wanted")
    if ids != [f"{ids[0][:2]}.{n + 1}" for n in range(len(ids))] if ids else True:
        complaints.append(f"checks are not numbered in order: {ids}")
    kinds = {find_exercise(i).kind for i in ids}
    if kinds != set(MINUTES):
        complaints.append(f"kinds of exercise missing: {set(MINUTES) - kinds}")
    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    if [t for t in tags if t in ("exercise", "check")] != ["exercise", "check"] * len(ids):
        complaints.append("a stub is not followed by its check")
    code = "\n".join(cell.source for cell in cells(notebook, "code"))
    if ids and f'show_quiz("{ids[0][:2]}")' not in code:
        complaints.append("no quiz")
    if ids and f'progress("{ids[0][:2]}")' not in code:
        complaints.append("the reader's progress is not shown")
    if "_solutions.ipynb)" not in prose(notebook):
        complaints.append("no link to the solutions")
    return complaints


def claims(notebook):
    """The last code cell asserts what the chapter claimed."""
    count = len(re.findall(r"^assert ", cells(notebook, "code")[-1].source, re.M))
    return [] if count >= 4 else [f"the last code cell asserts {count} claims; four or more wanted"]


def closing(notebook):
    """The last cell says what was shown, what was not, where to go, and names references."""
    last = notebook.cells[-1].source
    wanted = ["**Shown:**", "**Not shown:**", "**Next:**", "**References**"]
    return [f"closing without {text}" for text in wanted if text not in last]


def references(notebook):
    """Every work that is named by its key stands on the references page."""
    known = set(re.findall(r"^@\w+\{([^,]+),", BIBLIOGRAPHY.read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"\[([a-z]+\d{4}[a-z]*)\](?!\()", prose(notebook)))
    return [f"[{key}] is not in book/references.bib" for key in sorted(named - known)]


def colab_markdown(notebook):
    """Nothing that Colab or JupyterLab would show raw."""
    text = re.sub(r"`[^`\n]+`", "", prose(notebook))
    patterns = {"directive": r"(```|:::)\{", "role": r"\{(cite|term|ref|eq|doc|glue)[:}]"}
    patterns |= {"labelled maths": r"\$\$ *\(", "remote picture": r"!\[[^\]]*\]\(http"}
    return [f"{name} in Markdown" for name, pattern in patterns.items() if re.search(pattern, text)]


def sentences(notebook):
    """One sentence per source line: good diffs, easy translation."""
    complaints = []
    for line in prose(notebook).splitlines():
        text = re.sub(r"`[^`]*`|\$[^$]*\$|\*\*[^*]+[.:]\*\*|\(\.?\.?[^)]*\)|\[[^\]]*\]", "x", line)
        text = re.sub(r"\b(e\.g|i\.e|vs|cf|Eq|Fig|al)\.", "x", text)
        if not line.startswith("|") and re.search(r"[a-z0-9x*\"')][.!?][\"')*]* +[A-Z]", text):
            complaints.append(f"two sentences in one line: {line[:70]}")
    return complaints


def voice(notebook):
    """Words that tell a reader who struggles that she should not."""
    text = re.sub(r"`[^`]*`", "", prose(notebook))
    found = re.findall(r"\b(simply|obviously|trivially|of course)\b", text, re.I)
    return [f"'{word}' in prose" for word in found]


def alt_texts(notebook):
    """A cell that draws says in its metadata what the picture shows."""
    draws = re.compile(r"plt\.subplots|plt\.figure|= ?(plot_|scatter_)|^(plot_|scatter_)", re.M)
    complaints = []
    for cell in cells(notebook, "code"):
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if draws.search(cell.source) and len(alt) < 40:
            complaints.append(f"no alt text: {cell.source[:50]!r}")
    return complaints


def line_lengths(notebook):
    """No line of code is longer than the site's column on a laptop; the set-up cell is hidden."""
    return [
        f"{len(line)} characters in a line of code: {line.strip()[:50]!r}"
        for cell in cells(notebook, "code")
        for line in cell.source.splitlines()
        if len(line) > LINE and not line.lstrip().startswith("%pip")
    ]


def clean(notebook):
    """No outputs, no counts, no stray metadata."""
    complaints = []
    for cell in cells(notebook, "code"):
        if cell.outputs or cell.execution_count:
            complaints.append(f"outputs or counts stored: {cell.source[:40]!r}")
    return complaints


def _significant(source):
    """Lines that would give an answer away, without spaces and comments."""
    lines = (re.sub(r"#.*|\s+", "", line) for line in source.splitlines())
    frame = ("def", "feedback", "assert")
    return {line for line in lines if len(line) > 25 and not line.startswith(frame)}


def answers(solutions):
    """Lines of code that only a solution may show."""
    return set().union(*(_significant(c.source) for c in tagged(solutions, "solution")))


def no_leak(notebook, solutions):
    """No line of a solution stands in the chapter, nor in a hint of its checks."""
    texts = [cell.source for cell in notebook.cells]
    for exercise in map(find_exercise, exercise_ids(notebook)):
        texts += [exercise.hint, exercise.nudge, *(m.hint for m in exercise.mistakes)]
    shown = "".join(re.sub(r"\s+", "", text) for text in texts)
    return [f"solution given away: {line}" for line in sorted(answers(solutions)) if line in shown]


def solved(notebook, solutions):
    """The solutions answer the same exercises, and assert that the check accepts them."""
    complaints = []
    if exercise_ids(notebook) != exercise_ids(solutions):
        complaints.append("the solutions answer other exercises than the chapter asks")
    for cell in tagged(solutions, "solution"):
        if "assert feedback.ok" not in cell.source:
            complaints.append(f"a solution is not asserted: {cell.source[:40]!r}")
    if len(tagged(solutions, "solution")) != len(exercise_ids(solutions)):
        complaints.append("a solution cell lacks its tag")
    return complaints


# What chapters and solutions have in common.
TEXT_RULES = (references, colab_markdown, sentences, voice, alt_texts, line_lengths, clean)
CHAPTER_RULES = (opening, times, setup_cell, exercises, claims, closing, *TEXT_RULES)
SOLUTION_RULES = (setup_cell, *TEXT_RULES)
PAIR_RULES = (no_leak, solved)
