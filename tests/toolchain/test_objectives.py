"""Every promise of a chapter is taught, practised and asked for, and the page says where."""

from __future__ import annotations

import copy
import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_tool():
    """Import `tools/objectives.py`, which is no package."""
    spec = importlib.util.spec_from_file_location("objectives", ROOT / "tools/objectives.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["objectives"] = module
    spec.loader.exec_module(module)
    return module


objectives = load_tool()
MAP, FACTS = objectives.read_map(), objectives.read_all_facts(ROOT)
TESTS = objectives.read_tests(ROOT)


@pytest.mark.parametrize("stem", FACTS)
def test_every_promise_is_kept(stem):
    assert stem in MAP
    assert objectives.chapter_complaints(MAP[stem], FACTS[stem], TESTS) == []


def test_the_map_has_the_chapters_and_no_others():
    assert objectives.all_complaints(MAP, FACTS, TESTS) == []
    assert list(MAP) == list(FACTS)


def test_the_page_is_written_from_the_map():
    page = objectives.PAGE.read_text(encoding="utf-8")
    assert page == objectives.write_page(MAP, FACTS, TESTS), "run: python tools/objectives.py"


# What the check sees --------------------------------------------------------------------------

FUNCTION = "clustering.kmeans_objective"
SMALL = objectives.Facts(
    title="A chapter",
    outcomes=["write the objective $J$", "say why"],
    sections=["The sum", "Why"],
    exercises=["03.1", "03.2"],
    questions=["What does she add?", "What follows from this?"],
    code="kmeans_objective(X)",
)
GOOD = [
    {
        "objective": "write the objective",
        "sections": ["The sum"],
        "exercises": ["03.1"],
        "questions": ["What does"],
        "functions": [FUNCTION],
    },
    {
        "objective": "say why",
        "sections": ["Why"],
        "exercises": ["03.2"],
        "questions": ["What follows"],
    },
]
USED = {"test_a.py": "kmeans_objective", "test_b.py": "kmeans_objective(kmeans_objective)"}


def test_a_good_map_raises_no_complaint():
    assert objectives.chapter_complaints(GOOD, SMALL, USED) == []


BROKEN = {
    "no section teaches it": {"sections": []},
    "no section 'The product'": {"sections": ["The product"]},
    "no exercise for it": {"exercises": []},
    "no exercise '03.9'": {"exercises": ["03.1", "03.9"]},
    "no question for it": {"questions": []},
    "0 questions begin with": {"questions": ["Who"]},
    "2 questions begin with": {"questions": ["What"]},
    "no function 'clustering.kmean'": {"functions": ["clustering.kmean"]},
    "no function 'nowhere.kmeans'": {"functions": ["nowhere.kmeans"]},
    "does not use clustering.dbscan": {"functions": ["clustering.dbscan"]},
    "unknown key 'gap'": {"gap": "exercise"},
    "unknown key 'exercise'": {"exercise": ["03.1"]},
    "the chapter promises": {"objective": "write the product"},
    "exercise 03.1 practises no promise": {"exercises": ["03.2"]},
    "'What does she add?' asks for no promise": {"questions": ["What follows"]},
}


@pytest.mark.parametrize("said", BROKEN)
def test_the_check_sees_what_is_wrong(said):
    broken = copy.deepcopy(GOOD)
    broken[0].update(BROKEN[said])
    assert any(said in text for text in objectives.chapter_complaints(broken, SMALL, USED))


def test_the_check_sees_a_function_without_a_test():
    (said,) = objectives.chapter_complaints(GOOD, SMALL, {"test_a.py": "kmeans_objectives"})
    assert said.endswith(f"no test uses {FUNCTION}")


def test_the_check_sees_another_order_and_a_new_promise():
    assert objectives.chapter_complaints(GOOD[::-1], SMALL, USED)
    more = copy.deepcopy(SMALL)
    more.outcomes.append("a third one")
    assert "a third one" in objectives.chapter_complaints(GOOD, more, USED)[0]
    more.outcomes.clear()
    assert "the chapter promises nothing" in objectives.chapter_complaints([], more, USED)


@pytest.mark.parametrize("key", ["sections", "exercises", "questions"])
def test_a_promise_that_is_not_kept_cannot_be_excused(key):
    broken = copy.deepcopy(GOOD)
    # What it had serves the other promise, so that nothing else is wrong.
    broken[0][key] += broken[1].pop(key)
    for excuse in ({}, {"gap": key.removesuffix("s")}):
        broken[1].update(excuse)
        said = objectives.chapter_complaints(broken, SMALL, USED)
        assert any(text.startswith("'say why': no ") for text in said)
        assert len(said) == 1 + len(excuse)


def test_a_promise_stands_on_the_page():
    page = objectives.write_page({"03_x": GOOD}, {"03_x": SMALL}, USED)
    assert "| say why | Why | 03.2 | 2 | – | – |" in page
    assert f"| The sum | 03.1 | 1 | `{FUNCTION}` | `test_b.py` |" in page
    assert "each of these 2 promises" in page


def test_the_check_sees_chapters_that_are_missing_or_too_many():
    said = objectives.all_complaints({"03_x": GOOD}, {"04_y": SMALL}, USED)
    assert said == ["04_y: not on the map", "03_x: on the map, and no chapter"]


def test_promises_are_read_from_the_opening():
    opening = "# T\n\n**Afterwards you can**\n- one;\n- two.\n\n**You need** x"
    assert objectives.outcomes(opening) == ["one", "two"]
    assert objectives.outcomes("# T\n\n- one") == []
