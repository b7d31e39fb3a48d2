"""Every cell that a plan tells runs with the told cells before it alone, also if it is late."""

import json
import sys
from dataclasses import replace

import pytest
from site_support import ROOT

sys.path.insert(0, str(ROOT / "book/_ext"))
import course_minutes as minutes  # noqa: E402
import course_plans as plans  # noqa: E402
import told_cells  # noqa: E402
from told_cells import Known, left_out, missing_names, read_cells, run_cell  # noqa: E402

TIMES = minutes.read_times(ROOT)
PLANS = plans.read_plans(ROOT, TIMES)


@pytest.mark.parametrize("name", PLANS)
def test_every_told_cell_has_its_names(name):
    assert told_cells.plan_gaps(PLANS[name], TIMES, ROOT) == []


@pytest.mark.parametrize("number", TIMES)
def test_a_chapter_told_as_a_whole_has_its_names(number):
    """What the reader of names would miss in a sound notebook would be its own mistake."""
    cells = told_cells.chapter_cells(ROOT, TIMES[number])
    assert len(cells) == sum(section.cells for section in TIMES[number].sections.values())
    assert missing_names(cells, TIMES[number].sections) == []


# One cell -----------------------------------------------------------------------------------

# The text of a cell, and the names that it needs from cells before it.
CELLS = [
    ("x = 1\nprint(x)", ""),
    ("print(x)\nx = 1", "x"),
    ("x = x + 1", "x"),
    ("x += 1", "x"),
    ("import numpy as np\nfrom a.b import c\nnp.ones(c)", ""),
    ("import a.b\na.b.c()", ""),
    ("f(y for y in z)", "f z"),
    ("{k: v for k, v in z.items() if k in w}", "w z"),
    ("for i in many:\n    part = i\n    use = part", "many"),
    ("with open(file) as f:\n    f.read()", "file"),
    ("(a, b), *c = d", "d"),
    ("table.column = other", "other table"),
    ("table['x'] = 1", "table"),
    ("f'{x:.{n}f}'", "n x"),
    ("g = lambda x: x + y", "y"),
    ("x: int = y", "y"),
    ("(n := 3)\nprint(n)", ""),
    # A function may speak of what comes later, as long as nobody calls it before.
    ("def f(x):\n    return x + later", ""),
    ("def f(x):\n    return x + later\nlater = 1\nf(2)", ""),
    ("def f(x):\n    return x + later\nf(2)\nlater = 1", "later"),
    ("def f():\n    return g()\ndef g():\n    return h\nf()", "h"),
    ("def f(n):\n    return f(n - 1) if n else 0\nf(3)", ""),
    ("class A(B):\n    def m(self):\n        return y\nA().m()", "B y"),
    ("def my_f(x): ...", ""),
    ("my_value = ...", ""),
    ("try:\n    import a\nexcept ImportError:\n    %pip install -q a", ""),
    ("!ls\n%matplotlib inline\nprint(1)", ""),
]


@pytest.mark.parametrize(("text", "needs"), CELLS)
def test_the_names_that_a_cell_needs(text, needs):
    assert run_cell(text, Known()) == set(needs.split())
    assert run_cell(text, Known(names=set(needs.split()))) == set()


def test_a_function_remembers_its_needs_in_a_later_cell():
    known = Known()
    assert run_cell("def f(x):\n    return x + later", known) == set()
    assert run_cell("f(1)", known) == {"later"}
    assert run_cell("f = abs\nf(1)", known) == set()


# A chapter and a plan -----------------------------------------------------------------------


def tiny_cells():
    """A chapter whose section C needs A, and whose section D needs what the quiz makes."""
    sources = [
        ("markdown", "# Title"),
        ("code", "import numpy as np"),
        ("markdown", "Words.\n\n## A wrong attempt: a dog\n\nMore words."),
        ("code", ["dog = np.ones(3)\n", "cat = dog"]),
        ("markdown", "## The repair\n\n### Exercise: a stub"),
        ("code", "def my_f(x): ..."),
        ("code", 'check = print\ncheck("03.1", my_f)'),
        ("markdown", "## Three: *cats*"),
        ("code", "print(cat)"),
        ("code", "print(cat, dog)"),
        ("markdown", "## Quiz"),
        ("code", "asked = True"),
        ("markdown", "## Late"),
        ("code", "print(asked)"),
    ]
    return read_cells([{"cell_type": kind, "source": source} for kind, source in sources])


ALL = ["opening", "A wrong attempt: a dog", "The repair", "Three: cats"]


def test_cells_stand_in_their_sections():
    places = [(cell.number, cell.section) for cell in tiny_cells()]
    sections = [*ALL, "Quiz", "Late"]
    at = {1: 0, 3: 1, 5: 2, 6: 2, 8: 3, 9: 3, 11: 4, 13: 5}
    assert places == [(number, sections[section]) for number, section in at.items()]


def test_a_section_left_out_is_missed_once_for_each_name():
    cells = tiny_cells()
    assert missing_names(cells, ALL) == []
    needs = ["cell 8 in 'Three: cats' needs 'cat'", "cell 9 in 'Three: cats' needs 'dog'"]
    assert missing_names(cells, [ALL[0], *ALL[2:]]) == needs
    # Told too late is as bad as not told at all.
    assert missing_names(cells, [ALL[0], ALL[3], ALL[1]]) == needs
    # A stub that nobody has answered is there all the same.
    assert missing_names(cells, ALL[:3]) == []


def test_nobody_may_need_what_the_quiz_makes():
    told = [*ALL, "Quiz", "Late"]
    assert missing_names(tiny_cells(), told) == ["cell 13 in 'Late' needs 'asked'"]


LATES = [
    ("Leave out the wrong attempt.", ALL[1:2]),
    ("Leave out the wrong attempt, and 03.1.", ALL[1:2]),
    ("Skip the repair and cats.", ALL[2:]),
    ("Leave out 03.1.  The repair is told.", []),
    ("Leave out the repairs.", []),
    ("Leave out the dogma.", []),
    ("Run the wrong attempt, and show the last line only.", []),
    ("", []),
]


@pytest.mark.parametrize(("late", "gone"), LATES)
def test_what_a_block_leaves_out_if_it_is_late(late, gone):
    block = plans.Block("b", "teach", 9, "Tell.", late, "3", tuple(ALL))
    assert left_out(block) == gone


def test_home_has_no_late():
    assert left_out(plans.Home("3", tuple(ALL))) == []


def without(plan, title):
    """The plan, with one section neither told nor done at home."""

    def rows(some):
        kept = [tuple(t for t in row.sections if t != title) for row in some]
        return tuple(replace(row, sections=k) for row, k in zip(some, kept, strict=True))

    sessions = [replace(s, blocks=rows(s.blocks), home=rows(s.home)) for s in plan.sessions]
    return replace(plan, sessions=tuple(sessions))


def test_real_plans_that_lose_a_section_are_found():
    """What the trial of the workshop met: a cell was told, and its name was not made."""
    lost = "The first judge: accuracy"
    problems = told_cells.plan_gaps(without(PLANS["one_day"], lost), TIMES, ROOT)
    assert any("'Leaks' needs 'models'" in problem for problem in problems), problems
    lost = "Users whose groups we know"
    problems = told_cells.plan_gaps(without(PLANS["half_day"], lost), TIMES, ROOT)
    assert any("chapter 3: cell" in problem and "'users'" in problem for problem in problems)


def test_an_if_late_that_takes_too_much_is_found():
    plan = PLANS["two_days"]
    (session, *more) = plan.sessions
    late = "Leave out users whose groups we know."
    blocks = tuple(replace(b, late=late) if b.id == "objective" else b for b in session.blocks)
    changed = replace(plan, sessions=(replace(session, blocks=blocks), *more))
    problems = told_cells.plan_gaps(changed, TIMES, ROOT)
    wanted = "chapter 3, late in objective: cell"
    assert any(p.startswith(wanted) and "needs 'users'" in p for p in problems), problems


def test_a_chapter_that_makes_a_name_later_is_found(tmp_path):
    """Move the film log of chapter 2 back into its wrong attempt, and half a day breaks."""
    for chapter in TIMES.values():
        path = ROOT / f"{chapter.chapter.name}.ipynb"
        text = path.read_text(encoding="utf-8")
        if chapter.chapter.number == "2":
            notebook = json.loads(text)
            setup, wrong = notebook["cells"][2], notebook["cells"][4]
            line = "movielens = load_movielens()"
            setup["source"] = [text for text in setup["source"] if text.strip() != line]
            wrong["source"] = [line + "\n", *wrong["source"]]
            text = json.dumps(notebook)
        copy = tmp_path / f"{chapter.chapter.name}.ipynb"
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(text, encoding="utf-8")
    problems = told_cells.plan_gaps(PLANS["half_day"], TIMES, tmp_path)
    assert len(problems) == 1
    assert problems[0].startswith("chapter 2: cell") and "needs 'movielens'" in problems[0]
