"""The teacher's answer book: complete, by itself, and made of what the learners have."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import answers  # noqa: E402
import class_tests  # noqa: E402
import maintain  # noqa: E402

from recsys_tutorial.exercises import all_exercises, find_exercise, load_quiz  # noqa: E402

# Reading notebooks ----------------------------------------------------------------------------


def notebook(path, *cells):
    """Write a notebook of ("md" or tags, text)."""
    made = [
        {"cell_type": "markdown", "metadata": {}, "source": text}
        if kind == "md"
        else {"cell_type": "code", "metadata": {"tags": kind.split()}, "source": [text]}
        for kind, text in cells
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": made}), encoding="utf-8")
    return path


CHAPTER = (
    ("md", "## One\n\nProse before.\n\n### Exercise: what one user costs\n\n*Predict:* how much?"),
    ("code", "shown = 1"),
    ("exercise", "my_cost = ..."),
    ("check", 'check("03.1", my_cost)'),
    ("md", "Prose that goes on."),
    ("md", "### Exercise: the objective\n\n*Write* it."),
    ("exercise", "def my_objective(X, labels, centres): ..."),
    ("check", 'check("03.2", my_objective)'),
)
SOLVED = (
    ("md", "# Solutions: One\n\nThese are the answers."),
    ("remove-cell", "%pip install x"),
    ("", "import numpy as np"),
    ("md", "## What one user costs\n\nThe nearest centre."),
    (
        "solution",
        'my_cost = 0.2\n\nfeedback = check("03.1", my_cost)\nassert feedback.ok\nfeedback',
    ),
    ("md", "## The objective"),
    ("", "helper = 1"),
    ("solution", 'def my_objective():\n    return 1\n\n\ncheck("03.2", my_objective)'),
)


def test_questions_end_where_the_learner_writes(tmp_path):
    found = answers.questions(answers.read_cells(notebook(tmp_path / "a.ipynb", *CHAPTER)))
    assert list(found) == ["03.1", "03.2"]
    assert [cell.text for cell in found["03.1"]] == [
        "*Predict:* how much?",
        "shown = 1",
        "my_cost = ...",
    ]
    assert [cell.code for cell in found["03.2"]] == [False, True]


def test_solutions_come_with_their_words_and_without_the_check(tmp_path):
    cells = answers.read_cells(notebook(tmp_path / "a.ipynb", *SOLVED))
    shared, found = answers.solutions(cells)
    assert shared == "import numpy as np"
    assert [cell.text for cell in found["03.1"]] == ["The nearest centre.", "my_cost = 0.2"]
    assert [cell.text for cell in found["03.2"]] == [
        "helper = 1",
        "def my_objective():\n    return 1",
    ]


def test_an_answer_inside_the_check_is_kept():
    said = 'feedback = check("06.1", 4 / 9)\nassert feedback.ok\nfeedback'
    assert answers.without_check(said) == 'check("06.1", 4 / 9)'


def test_an_exercise_without_a_solution_stops_the_book(tmp_path):
    notebook(tmp_path / "notebooks/03_x.ipynb", *CHAPTER)
    solved = tmp_path / "notebooks/solutions/03_x_solutions.ipynb"
    notebook(solved, *SOLVED)
    assert [a.exercise.id for a in answers.answers_of("03_x", tmp_path)[1]] == ["03.1", "03.2"]
    notebook(solved, *SOLVED[:5])
    with pytest.raises(SystemExit, match=r"03_x: asked or solved, and not both: 03\.2"):
        answers.answers_of("03_x", tmp_path)


def test_values_are_written_for_a_teacher():
    assert answers.value_shown(1 / 3) == "0.333333"
    assert answers.value_shown({"D", "C"}) == "{'C', 'D'}"
    assert answers.value_shown(np.array([[1.0, 2.0]])) == "[[1. 2.]]"
    assert "a" in answers.value_shown(pd.Series({"a": 1}))
    assert answers.value_shown("x" * 999).endswith(" …")


# The book -------------------------------------------------------------------------------------


def complaints(page: str, wanted: list[str]) -> list[str]:
    """Say what is wrong with a book: something fetched, something missing, a formula left."""
    found = []
    book = BeautifulSoup(page, "html.parser")
    for tag in book.find_all(True):
        for name in ("src", "srcset", "data", "poster"):
            if tag.has_attr(name):
                found.append(f"<{tag.name} {name}> fetches something")
        if tag.name in ("script", "link", "iframe", "object", "img"):
            found.append(f"<{tag.name}> in the book")
        if tag.name == "a" and not str(tag.get("href", "")).startswith("#"):
            found.append(f"a link leads out: {tag.get('href')}")
    if re.search(r"@import|url\(", page):
        found.append("the style fetches something")
    ids = [tag["id"] for tag in book.find_all(id=True)]
    found += [f"two elements are called {name}" for name in set(ids) if ids.count(name) > 1]
    found += [f"{link['href']} leads nowhere" for link in book("a") if link["href"][1:] not in ids]
    entries = {article["id"].removeprefix("e"): article for article in book("article")}
    if list(entries) != wanted:
        found.append(f"exercises {sorted(set(wanted) ^ set(entries))} are missing or too many")
    for number, article in entries.items():
        exercise = find_exercise(number)
        text = " ".join(article.get_text(" ").split())
        names = [row.get_text() for row in article.select("th[scope=row]")]
        if names != [*(m.name for m in exercise.mistakes), "any other", "second try"]:
            found.append(f"{number}: its mistakes are {names}")
        hints = [exercise.hint, exercise.nudge, *(m.hint for m in exercise.mistakes)]
        found += [f"{number}: no hint {h[:30]!r}" for h in hints if " ".join(h.split()) not in text]
        if (exercise.probes is None) != bool(article.select(".right")):
            found.append(f"{number}: a value without its right value, or the other way round")
        if len(article("pre")) < 2:
            found.append(f"{number}: no stub, or no solution")
        if "feedback = check" in text:
            found.append(f"{number}: the check is shown")
    if re.search(r"\0|(?<![\w\\])\$[^$\s<]{1,30}\$", BeautifulSoup(page, "html.parser").get_text()):
        found.append("a formula was not typeset")
    if "noindex" not in page or answers.MARK not in page:
        found.append("the mark of the book is missing")
    return found


@pytest.fixture(scope="module")
def book():
    """The whole book."""
    return answers.write_book()


@pytest.mark.slow
def test_nothing_is_wrong_with_the_book(book):
    assert complaints(book, [exercise.id for exercise in ordered()]) == []
    assert len(book) < 3_000_000


@functools.cache
def ordered():
    """All exercises in the order of the chapters and of their notebooks."""
    return [
        answer.exercise
        for stem, _title in answers.chapters()
        for answer in answers.answers_of(stem)[1]
    ]


def test_the_book_has_every_exercise():
    assert {e.id for e in ordered()} == {e.id for e in all_exercises()}


@pytest.mark.slow
def test_the_book_has_every_question_of_every_quiz(book):
    page = BeautifulSoup(book, "html.parser")
    texts = " ".join(page.get_text(" ").split())
    options = page.select("section:not(:has(#test)) ul.options li")
    wanted = [
        answer
        for stem, _t in answers.chapters()
        for question in load_quiz(stem.split("_")[0])
        for answer in question["answers"]
    ]
    assert len(options) == len(wanted)
    assert [bool(o.get("class")) for o in options] == [a["correct"] for a in wanted]
    assert all(" ".join(a["feedback"].split()) in texts for a in wanted)


@pytest.mark.slow
def test_the_book_has_the_key_of_both_forms(book):
    page = BeautifulSoup(book, "html.parser")
    rows = [[td.get_text() for td in tr("td")][:2] for tr in page.select("#test ~ table")[0]("tr")]
    wanted = [[q.right.letter for q in item.forms.values()] for item in class_tests.the_items()]
    assert rows[1:] == wanted
    right = page.select("#test ~ ul.options li.good")
    assert len(right) == 2 * len(wanted)
    wrong = [o for o in page.select("#test ~ ul.options li") if not o.get("class")]
    named = [o.mistake for i in class_tests.the_items() for o in i.forms["A"].options if o.mistake]
    assert {o.get_text().split(": ", 1)[1] for o in wrong} == set(named)


@pytest.mark.slow
def test_a_right_value_is_the_computed_one(book):
    page = BeautifulSoup(book, "html.parser")
    assert page.find(id="e03.5").select_one(".right code").get_text() == "36"
    assert page.find(id="e03.1").select("td code")[0].get_text() == "4.6"


@pytest.fixture(scope="module")
def part():
    """One chapter."""
    return answers.write_book(["03"])


def test_a_part_has_its_chapter_alone(part):
    assert complaints(part, [e.id for e in ordered() if e.id.startswith("03")]) == []
    assert 'id="test"' not in part
    with pytest.raises(SystemExit, match="no chapter 99"):
        list(answers.chapters(["03", "99"]))
    assert answers.write_book(["test"]).count("<article") == 0


BREAKS = {
    "<img src> fetches": ("</h1>", "</h1><img src='https://example.org/a.png' alt=''>"),
    **{
        f"<{tag} {name}> fetches": ("</h1>", f"</h1><{tag} {name}='a'></{tag}>")
        for tag, name in (
            *(("source", "srcset"), ("object", "data"), ("video", "poster"), ("iframe", "src")),
        )
    },
    **{
        f"<{tag}> in the book": ("</h1>", f"</h1><{tag}></{tag}>")
        for tag in ("script", "link", "iframe", "object", "img")
    },
    "a link leads out": ("</h1>", '</h1><a href="../a.html">a</a>'),
    "the style fetches": ("<style>", "<style>@import 'a.css';"),
    "#nowhere leads nowhere": ("</h1>", '</h1><a href="#nowhere">a</a>'),
    "two elements are called c03": ("</h1>", '</h1><p id="c03">a</p>'),
    "are missing or too many": ('<article id="e03.2">', '<article id="e03.1">'),
    "03.1: its mistakes are": ("all centres</th>", "some centres</th>"),
    "03.1: no hint": ("You added the squared distances", "She added the squared distances"),
    "03.1: a value without": ('<p class="right">', "<p>"),
    "03.1: no stub": ('<pre tabindex="0">my_cost = ...</pre>', ""),
    "the check is shown": ("my_cost = 0.4", "feedback = check\nmy_cost = 0.4"),
    "a formula was not typeset": ("</h1>", "</h1><p>adds $J$</p>"),
    "the mark of the book": (answers.MARK, "BOOK"),
}


@pytest.mark.parametrize("said", BREAKS)
def test_the_check_sees_what_is_wrong(said, part):
    old, new = BREAKS[said]
    assert old in part
    wanted = [e.id for e in ordered() if e.id.startswith("03")]
    assert any(said in text for text in complaints(part.replace(old, new, 1), wanted))


def test_what_a_notebook_says_cannot_break_the_page():
    writer = answers.Writer()
    shown = writer.cells([answers.Cell(True, 'x = "<b>&"'), answers.Cell(False, "[a](b.md) *c*")])
    assert "&lt;b&gt;&amp;" in shown and "<a" not in shown and "<em>c</em>" in shown
    assert writer.typeset("no formula") == "no formula"
    assert '<span class="math' in writer.typeset(writer.html("adds $J$ to it"))


def test_the_book_is_written_where_it_is_asked_for(tmp_path, capsys):
    assert answers.main(["--only", "03", "--out", str(tmp_path / "x")]) == 0
    assert "answers" in capsys.readouterr().out
    assert answers.MARK in (tmp_path / "x/index.html").read_text(encoding="utf-8")
    assert answers.OUT == ROOT / "_build/answers"
    git = ["git", "-C", str(ROOT), "check-ignore", "-q", "_build/answers/index.html"]
    if (ROOT / ".git").exists():
        assert subprocess.run(git, check=False).returncode == 0


def test_the_kit_makes_slides_and_answers(monkeypatch):
    called = []
    monkeypatch.setattr(maintain, "with_course", lambda name, given: called.append((name, given)))
    maintain.main(["kit", "--only", "03"])
    assert called == [("slides", ["--only", "03"]), ("answers", ["--only", "03"])]


def test_the_slides_of_a_plan_are_made_without_answers(monkeypatch):
    called = []
    monkeypatch.setattr(maintain, "with_course", lambda name, given: called.append((name, given)))
    maintain.main(["kit", "--plan", "one_day"])
    assert called == [("slides", ["--plan", "one_day"])]
