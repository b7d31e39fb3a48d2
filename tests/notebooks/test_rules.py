"""Every chapter keeps the rules, and every rule notices when it is broken."""

import copy
import dataclasses
import re
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


def write_a_long_line(nb):
    rules.cells(nb, "code")[1].source += "\nx = 1" + " + 1" * 24


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
    (rules.line_lengths, write_a_long_line),
    (rules.clean, keep_output),
]


def lose_badge(nb):
    nb.cells[0].source = nb.cells[0].source.replace("Open in Colab", "Open")


def show_setup(nb):
    rules.cells(nb, "code")[0].metadata["tags"] = []


def swap_numbers(nb):
    for cell in rules.tagged(nb, "check"):
        swapped = cell.source.replace('"03.1"', '"03.x"').replace('"03.2"', '"03.1"')
        cell.source = swapped.replace('"03.x"', '"03.2"')


def ask_one_kind(nb):
    kinds = {i: rules.find_exercise(i).kind for i in rules.exercise_ids(nb)}
    writing = next(i for i, kind in kinds.items() if kind == "write")
    for cell in rules.tagged(nb, "check"):
        cell.source = re.sub(r'check\("[^"]+"', f'check("{writing}"', cell.source)


def check_first(nb):
    at = nb.cells.index(cell_with(nb, "exercise"))
    nb.cells.insert(at, nb.cells.pop(nb.cells.index(cell_with(nb, "check"))))


def lose_solutions(nb):
    for cell in rules.cells(nb, "markdown"):
        cell.source = cell.source.replace("_solutions.ipynb)", ".ipynb)")


def label_maths(nb):
    nb.cells[-1].source += "\n$$x$$ (eq-x)"


def fetch_picture(nb):
    nb.cells[-1].source += "\n![A cat](https://example.org/cat.png)"


def short_alt(nb):
    for cell in rules.cells(nb, "code"):
        if "mystnb" in cell.metadata:
            cell.metadata["mystnb"] = {"image": {"alt": "A plot."}}


def store_output(nb):
    rules.cells(nb, "code")[1].outputs = [{"output_type": "stream", "name": "stdout", "text": "1"}]


# Each complaint of a rule that has several.
SAID = [
    (rules.opening, lose_badge, "Colab badge"),
    (rules.opening, drop_question, "The question"),
    (rules.opening, number_title, "typed by hand"),
    (rules.setup_cell, show_setup, "remove-cell"),
    (rules.setup_cell, always_install, "look whether"),
    (rules.setup_cell, upgrade, "must not upgrade"),
    (rules.exercises, lose_stub, "stubs and"),
    (rules.exercises, swap_numbers, "not numbered in order"),
    (rules.exercises, ask_one_kind, "kinds of exercise missing"),
    (rules.exercises, check_first, "not followed by its check"),
    (rules.exercises, lose_quiz, "no quiz"),
    (rules.exercises, lose_progress, "progress is not shown"),
    (rules.exercises, lose_solutions, "no link to the solutions"),
    (rules.colab_markdown, directive, "directive"),
    (rules.colab_markdown, role, "role"),
    (rules.colab_markdown, label_maths, "labelled maths"),
    (rules.colab_markdown, fetch_picture, "remote picture"),
    (rules.alt_texts, short_alt, "no alt text"),
    (rules.clean, store_output, "outputs or counts"),
]


@pytest.mark.parametrize(("rule", "spoil", "said"), SAID, ids=[f.__name__ for _, f, _ in SAID])
def test_rule_names_the_fault(rule, spoil, said, notebook):
    spoil(notebook)
    assert any(said in complaint for complaint in rule(notebook))


def test_every_rule_is_fed_something_broken():
    assert {rule for rule, _ in BROKEN} == {*rules.CHAPTER_RULES, *rules.SOLUTION_RULES}


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


def test_solutions_of_another_chapter_and_without_a_tag_are_noticed(notebook):
    solutions = copy.deepcopy(rules.read(rules.solutions_of(EXAMPLE)))
    rules.tagged(solutions, "solution")[0].metadata["tags"] = []
    assert rules.solved(notebook, solutions) == ["a solution cell lacks its tag"]
    other = rules.read(rules.solutions_of(CHAPTERS["04_dbscan"]))
    assert "answer other exercises" in rules.solved(notebook, other)[0]
