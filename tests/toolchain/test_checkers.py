"""Who checks the checks?  Each of them, switched off, must turn at least one quick test red.

`checks_off.py` is the switch.  Checks that only a browser can feed are not among them: their broken
pages are in test_using_pages.py, test_weight.py and test_site_checks.py.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


def files(folder, names):
    return [f"{folder}/{name}.py" for name in names.split()]


# The files with checks, and the tests in which these meet something broken.
ROOMS = {
    "pages": (
        files("tests/site", "site_checks look_checks site_weighing book_checks glossary_checks")
        + files(
            "tests/site", "leak_checks slide_checks test_sources test_launch test_teach_sheets"
        ),
        files("tests/site", "test_site_checks test_look_checks test_weight test_formats")
        + files("tests/site", "test_glossary_links test_teach_tests test_slides test_sources")
        + files("tests/site", "test_launch test_teach_sheets"),
    ),
    "teaching": (
        files("tests/site", "teaching_notes told_cells test_teach_learners")
        + files("book/_ext", "course_plans course_paths")
        + files("tools", "class_tests"),
        files("tests/site", "test_teach_notes test_teach_names test_teach_plans test_teach_tests")
        + files("tests/site", "test_teach_learners"),
    ),
    "chapters": (
        files("tests/notebooks", "notebook_rules test_hosts")
        + files("tests/unit", "exercise_rules test_quizzes"),
        files("tests/notebooks", "test_rules test_hosts")
        + files("tests/unit", "test_quizzes")
        # The others try every answer to every exercise.
        + ["tests/unit/test_exercises.py::test_a_broken_exercise_is_noticed"],
    ),
    "package": (
        files("tests/unit", "test_architecture test_documentation test_article_detective"),
        files("tests/unit", "test_architecture test_documentation test_article_detective"),
    ),
    "repository": (
        files("tests/toolchain", "test_versions test_supply test_repository test_binder")
        + files("tools", "supply objectives own_data_page"),
        files("tests/toolchain", "test_versions test_supply test_repository test_binder")
        + files("tests/toolchain", "test_objectives test_own_data_page"),
    ),
}


def switched_off(root, checks, tests, folder):
    """Run tests with every check switched off in turn; give the checks, and who noticed which."""
    told = folder / "told.json"
    environment = {
        **os.environ,
        "CHECK_FILES": json.dumps([str(root / file) for file in checks]),
        "CHECKS_TOLD": str(told),
        "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["-p", "checks_off", "-m", "not slow and not site", *tests]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    found = json.loads(told.read_text(encoding="utf-8"))
    return found["checks"], found["vouched"]


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_a_check_that_is_switched_off_is_missed(room, tmp_path):
    checks, vouched = switched_off(ROOT, *ROOMS[room], tmp_path)
    assert checks and [check for check in checks if check not in vouched] == []


def test_no_file_of_checks_is_forgotten():
    known = {file for checks, _ in ROOMS.values() for file in checks}
    named = {
        path.relative_to(ROOT).as_posix()
        for kind in ("checks", "rules")
        for path in ROOT.glob(f"tests/*/*_{kind}.py")
        if not path.name.startswith("test_")
    }
    tree = ast.parse((ROOT / "tools/mutants.py").read_text(encoding="utf-8"))
    (value,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CHECKERS"
    ]
    changed = {node.value for node in ast.walk(value) if isinstance(node, ast.Constant)}
    assert len(named) >= 5 and len(changed) >= 10 and named | changed <= known


# The switch, on a toy ---------------------------------------------------------------------------

TOY = """
def held(text: str) -> list[str]:
    return ["no dot"] if "." not in text else []

def told(text: str) -> list[str]:
    return ["no dot"] if "." not in text else []

def never(text: str) -> list[str]:
    return ["no dot"] if "." not in text else []

def one_by_one(text):
    if "." not in text:
        yield "no dot"

def unnamed(text):
    return [word for word in text.split() if word == "bad"]

def by_table(text: str) -> list[str]:
    return ["no dot"] if "." not in text else []

def size(text):
    return len(text)

RULES = (by_table,)
"""
TESTS = """
import importlib.util
from pathlib import Path
import pytest
spec = importlib.util.spec_from_file_location("toy", Path(__file__).with_name("toy.py"))
toy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(toy)

@pytest.fixture
def bad(tmp_path):
    return "bad"

def test_held(bad):
    assert toy.held("a.") == [] and toy.held(bad) == ["no dot"]

def test_told():
    toy.told("bad"), toy.never("good.")
    assert toy.size("bad") == 3

def test_one_by_one(bad):
    assert list(toy.one_by_one(".")) == [] and list(toy.one_by_one(bad)) == ["no dot"]

def test_unnamed(bad):
    assert toy.unnamed("good") == []
    assert {UNNAMED}

@pytest.mark.parametrize("rule", toy.RULES)
def test_by_table(rule, bad):
    assert rule(bad)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("look", "missed"), [("toy.unnamed(bad)", []), ("bad", ["toy.unnamed"])])
def test_the_switch_tells_who_is_held_to_its_word(look, missed, tmp_path):
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    (tmp_path / "test_toy.py").write_text(TESTS.replace("{UNNAMED}", look), encoding="utf-8")
    checks, vouched = switched_off(tmp_path, ["toy.py"], ["test_toy.py"], tmp_path)
    everyone = ["held", "told", "never", "one_by_one", "unnamed", "by_table"]
    assert checks == [f"toy.{name}" for name in everyone]
    assert [name for name in checks if name not in vouched] == ["toy.told", "toy.never", *missed]
    assert vouched["toy.held"] == "test_toy.py::test_held"
