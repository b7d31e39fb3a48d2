"""Every chapter keeps the rules, and every rule notices when it is broken."""

import copy
import dataclasses
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import notebook_rules as rules  # noqa: E402

CHAPTERS = {path.stem: path for path in rules.CHAPTERS}
EXAMPLE = CHAPTERS["03_kmeans"]


def names(functions):
    return [function.__name__ for function in functions]


@pytest.mark.parametrize("rule", rules.CHAPTER_RULES, ids=names(rules.CHAPTER_RULES))
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter(chapter, rule):
    assert rule(rules.read(CHAPTERS[chapter])) == []


@pytest.mark.parametrize("rule", rules.SOLUTION_RULES, ids=names(rules.SOLUTION_RULES))
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_solutions(chapter, rule):
    assert rule(rules.read(rules.solutions_of(CHAPTERS[chapter]))) == []


@pytest.mark.parametrize("rule", rules.PAIR_RULES, ids=names(rules.PAIR_RULES))
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter_and_solutions(chapter, rule):
    path = CHAPTERS[chapter]
    assert rule(rules.read(path), rules.read(rules.solutions_of(path))) == []


def test_every_solution_has_a_chapter():
    stems = {f"{stem}_solutions" for stem in CHAPTERS}
    assert {path.stem for path in rules.SOLUTIONS.glob("*.ipynb")} == stems


@pytest.fixture
def notebook():
    return copy.deepcopy(rules.read(EXAMPLE))


def cell_with(notebook, tag):
    return rules.tagged(notebook, tag)[0]


def drop_question(nb):
    nb.cells[0].source = nb.cells[0].source.replace("**The question.**", "")


def number_title(nb):
    nb.cells[0].source = nb.cells[0].source.replace("# K", "# 3. K")


def wrong_time(nb):
    nb.cells[0].source = nb.cells[0].source.replace("Reading", "Reading 1")


def upgrade(nb):
    rules.cells(nb, "code")[0].source += " --upgrade"


def always_install(nb):
    rules.cells(nb, "code")[0].source = "%pip install recsys-tutorial"


def lose_stub(nb):
    nb.cells.remove(cell_with(nb, "exercise"))


def lose_quiz(nb):
    for cell in rules.cells(nb, "code"):
        cell.source = cell.source.replace("show_quiz(", "print(")


def lose_progress(nb):
    nb.cells = [c for c in nb.cells if 'progress("03")' not in c.source]


def claim_nothing(nb):
    rules.cells(nb, "code")[-1].source = "print('all claims hold')"


def close_early(nb):
    nb.cells[-1].source = nb.cells[-1].source.replace("**Not shown:**", "")


def directive(nb):
    nb.cells[2].source = "text"
    nb.cells[-1].source += "\n```{note}\nx\n```"


def role(nb):
    nb.cells[-1].source += "\nSee {cite}`lloyd1982least`."


def two_sentences(nb):
    nb.cells[-1].source += "\nThis is one sentence. This is another."


def invent_a_reference(nb):
    nb.cells[-1].source += "\nSee [nobody1999nothing]."


def condescend(nb):
    nb.cells[-1].source += "\nThis is obviously true."


def lose_alt(nb):
    for cell in rules.cells(nb, "code"):
        cell.metadata.pop("mystnb", None)


def keep_output(nb):
    rules.cells(nb, "code")[1].execution_count = 3


BROKEN = [
    (rules.opening, drop_question),
    (rules.opening, number_title),
    (rules.times, wrong_time),
    (rules.setup_cell, upgrade),
    (rules.setup_cell, always_install),
    (rules.exercises, lose_stub),
    (rules.exercises, lose_quiz),
    (rules.exercises, lose_progress),
    (rules.claims, claim_nothing),
    (rules.closing, close_early),
    (rules.colab_markdown, directive),
    (rules.colab_markdown, role),
    (rules.sentences, two_sentences),
    (rules.references, invent_a_reference),
    (rules.voice, condescend),
    (rules.alt_texts, lose_alt),
    (rules.clean, keep_output),
]


@pytest.mark.parametrize(("rule", "spoil"), BROKEN, ids=[f.__name__ for _, f in BROKEN])
def test_rule_notices(rule, spoil, notebook):
    assert rule(notebook) == []
    spoil(notebook)
    assert rule(notebook) != []


def test_leak_is_noticed(notebook):
    solutions = rules.read(rules.solutions_of(EXAMPLE))
    notebook.cells[5].source += "\n" + rules.tagged(solutions, "solution")[2].source
    assert rules.no_leak(notebook, solutions) != []


def test_leak_into_a_hint_is_noticed(notebook, monkeypatch):
    solutions = rules.read(rules.solutions_of(EXAMPLE))
    line = "return ((X - centres[labels]) ** 2).sum()"
    assert line in solutions.cells[6].source
    talkative = dataclasses.replace(rules.find_exercise("03.2"), nudge=f"Write: {line}")
    monkeypatch.setattr(rules, "find_exercise", lambda _: talkative)
    assert rules.no_leak(notebook, solutions) != []


def test_missing_solution_is_noticed(notebook):
    solutions = copy.deepcopy(rules.read(rules.solutions_of(EXAMPLE)))
    solutions.cells.remove(rules.tagged(solutions, "solution")[0])
    assert rules.solved(notebook, solutions) != []


def test_unasserted_solution_is_noticed(notebook):
    solutions = copy.deepcopy(rules.read(rules.solutions_of(EXAMPLE)))
    cell = rules.tagged(solutions, "solution")[0]
    cell.source = cell.source.replace("assert feedback.ok", "")
    assert rules.solved(notebook, solutions) != []
