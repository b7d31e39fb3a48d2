"""The driver of the changed code, on a toy package whose dead and living are known beforehand."""

from __future__ import annotations

import importlib.util
import json
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_tool():
    """Import `tools/mutants.py`, which is no package."""
    spec = importlib.util.spec_from_file_location("mutants", ROOT / "tools" / "mutants.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = module
    spec.loader.exec_module(module)
    return module


if sys.platform == "win32":
    pytest.skip("the driver forks, and the maintainer has Linux or macOS", allow_module_level=True)
mutants = load_tool()

SUMS = '''
LIMIT = 9

def total(numbers, start=0):
    """Add up.

    >>> total([1, 2])
    3
    """
    result = start
    for number in numbers:
        result = result + number
    return max(result, 0)

def lonely(n):
    return n + 1

def shared(n):
    return n * 2
'''
TESTS = """
import pytest
from toy.sums import LIMIT, shared, total

@pytest.fixture(scope="module")
def doubled():
    return shared(3)

def test_total():
    assert total([1, 2, 3]) == 6

def test_first(doubled):
    pass

def test_second(doubled):
    assert doubled == 6
"""
OTHERS = {
    "tests/test_by_room.py": "from toy import total\n\ndef test_it():\n    assert total([]) == 0\n",
    "tests/test_elsewhere.py": "from toy.other import total\n\ndef test_it():\n    assert 0\n",
    "tests/test_attribute.py": "import toy\n\ndef test_it():\n    assert toy.total([4]) == 4\n",
    "toy/__init__.py": "from toy.sums import total\n",
    "toy/other.py": "def total():\n    pass\n",
    "pytest.ini": "[pytest]\naddopts = --import-mode=importlib\npythonpath = .\n",
}
EVERYONE = "not slow"


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    root = tmp_path_factory.mktemp("toy")
    for name, text in {"toy/sums.py": SUMS, "tests/test_sums.py": TESTS, **OTHERS}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(scope="module")
def base(toy):
    file = toy / "toy/sums.py"
    found = mutants.measure(toy, file, mutants.tests_of(toy, file), EVERYONE)
    assert found.get("code") == 0 and found["used"], found
    return json.loads(json.dumps(found))


def change(before, after, key="k", whole=None):
    line = SUMS[: SUMS.index(before)].count("\n") + 1 if before else 1
    text = SUMS.replace(before, after, 1) if whole is None else whole
    assert text != SUMS
    return mutants.Mutant(
        key, "toy/sums.py", "", before, after, line, range(line, line + 1), lambda: text
    )


def test_the_tests_of_a_file_are_those_that_import_it(toy):
    found = [path.name for path in mutants.tests_of(toy, toy / "toy/sums.py")]
    assert found == ["test_attribute.py", "test_by_room.py", "test_sums.py"]


def test_who_tests_an_heir_tests_what_it_inherits(toy):
    (toy / "toy/base.py").write_text("class Base:\n    pass\n")
    (toy / "toy/heir.py").write_text("from toy.base import Base\n\nclass Heir(Base):\n    pass\n")
    (toy / "toy/user.py").write_text("from toy.base import Base\n\nused = Base()\n")
    assert mutants.heirs(toy / "toy/base.py") == {"heir"}
    assert mutants.heirs(toy / "toy/heir.py") == set()
    init = toy / "toy/__init__.py"
    init.write_text("from toy.heir import Heir\nfrom toy.user import used\n")
    for name in ("Heir", "used"):
        (toy / f"tests/test_{name}.py").write_text(f"from toy import {name}\n")
    found = [path.name for path in mutants.tests_of(toy, toy / "toy/base.py")]
    init.write_text(OTHERS["toy/__init__.py"])
    for name in ("Heir", "used"):
        (toy / f"tests/test_{name}.py").unlink()
    assert found == ["test_Heir.py"]


def test_who_reaches_a_line_is_known(base):
    def names(before):
        return {test.split("::")[-1] for test in mutants.choose(change(before, "0"), base)}

    everyone = {"test_total", "test_first", "test_second", "test_it", "toy.sums.total"}
    assert names("result + number") == {"test_total", "test_it", "toy.sums.total"}
    # A shared fixture counts for all who use it, though it ran once.
    assert names("n * 2") == {"test_first", "test_second"}
    assert names("n + 1") == set()
    on_import = change("LIMIT = 9", "LIMIT = 0")._replace(reached_by=None)
    assert {test.split("::")[-1] for test in mutants.choose(on_import, base)} == everyone


@pytest.mark.parametrize(
    ("mutant", "outcome", "by"),
    [
        (change("result + number", "result - number"), "killed", "test_"),
        (change("n * 2", "n * 3"), "killed", "test_second"),
        (change("max(result, 0)", "max(0, result)"), "survived", ""),
        (change("n + 1", "n + 2"), "survived", "no test gets there"),
        (change("result = start", "while True: pass"), "killed", "time"),
        (change("result = start", "__import__('time').sleep(9e9)"), "killed", "time"),
        (change("result = start", "__import__('os').abort()"), "killed", "crash (signal 6)"),
        (change("LIMIT = 9", "LIMIT = nothing")._replace(reached_by=None), "killed", ""),
        (change("LIMIT = 9", "LIMIT = 9.0")._replace(reached_by=None), "survived", ""),
    ],
    ids=lambda value: getattr(value, "after", None),
)
def test_a_mutant_meets_its_fate(toy, base, mutant, outcome, by):
    before = {path: path.read_bytes() for path in toy.rglob("*.py")}
    tests = mutants.choose(mutant, base)
    done = mutants.attempt(toy, mutant, tests, 3, EVERYONE)
    assert done["outcome"] == outcome and by in done["by"], done
    assert {path: path.read_bytes() for path in toy.rglob("*.py")} == before


def test_a_tool_that_is_loaded_by_its_path_is_changed_too(toy):
    tool = toy / "tools/tool.py"
    tool.parent.mkdir(exist_ok=True)
    tool.write_text("ONE = 1\n")
    test = toy / "tests/test_tool.py"
    test.write_text(
        "import importlib.util, pathlib\n"
        "path = pathlib.Path(__file__).parents[1] / 'tools' / 'tool.py'\n"
        "spec = importlib.util.spec_from_file_location('x', path)\n"
        "tool = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(tool)\n"
        "def test_it():\n    assert tool.ONE == 1\n"
    )
    assert mutants.tests_of(toy, tool) == [test]
    mutant = change("n + 1", "n + 2")._replace(path="tools/tool.py", text=lambda: "ONE = 2\n")
    done = mutants.attempt(toy, mutant, ["tests/test_tool.py"], 9, EVERYONE)
    assert done["outcome"] == "killed" and done["by"].endswith("test_it")


def test_a_function_named_like_its_module_can_be_tried(tmp_path):
    files = {
        "toy/sums.py": SUMS.replace("def total", "def sums").replace("total(", "sums("),
        "toy/__init__.py": "from toy.sums import sums\n",
        "tests/test_sums.py": "from toy import sums\n\ndef test_it():\n    assert sums([4]) == 4\n",
        "pytest.ini": OTHERS["pytest.ini"],
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    file = tmp_path / "toy/sums.py"
    found = mutants.measure(tmp_path, file, [tmp_path / "tests/test_sums.py"], EVERYONE)
    assert found["code"] == 0 and len(found["seconds"]) == 2, found


def test_a_changed_file_that_nobody_imports_is_no_result(toy):
    tests = ["tests/test_elsewhere.py"]
    (toy / tests[0]).write_text("def test_it():\n    pass\n")
    done = mutants.attempt(toy, change("n + 1", "n + 2"), tests, 9, EVERYONE)
    (toy / tests[0]).write_text(OTHERS[tests[0]])
    assert done["outcome"] == "unclear", done


def test_a_test_that_is_gone_kills_nobody(toy):
    tests = ["tests/test_sums.py::test_that_is_gone"]
    done = mutants.attempt(toy, change("n + 1", "n + 2"), tests, 9, EVERYONE)
    assert done["outcome"] == "unclear", done


def test_a_red_suite_is_not_measured(toy, capsys):
    broken = toy / "tests/test_red.py"
    broken.write_text("from toy.sums import total\n\ndef test_red():\n    assert total([1]) == 2\n")
    store = toy / "_build/mutants/results.jsonl"
    try:
        drawn = [change("n + 1", "n + 2")]
        assert mutants.run_file(toy, "toy/sums.py", drawn, store, 1e12, False) == 0
    finally:
        broken.unlink()
    assert "test_red" in capsys.readouterr().out and not store.exists()


def test_a_stopped_run_goes_on(toy, capsys):
    store = toy / "_build/mutants/results.jsonl"
    first, second = change("n * 2", "n * 3", "one"), change("n + 1", "n + 2", "two")
    args = (toy, "toy/sums.py")
    assert mutants.run_file(*args, [first], store, 1e12, False) == 1
    with store.open("a") as half:
        half.write('{"key": "two", "outc')
    half_way = store.read_text()
    assert mutants.run_file(*args, [first, second], store, 0.0, False) == 0
    assert store.read_text() == half_way
    assert mutants.run_file(*args, [first, second], store, 1e12, False) == 1
    results = mutants.read_results(store)
    assert {key: entry["outcome"] for key, entry in results.items()} == {
        "one": "killed",
        "two": "survived",
    }
    assert mutants.run_file(*args, [first, second], store, 1e12, False) == 0
    assert mutants.run_file(*args, [first, second], store, 1e12, True) == 1
    assert mutants.read_results(store)["two"]["thorough"]


def test_a_helper_of_the_tests_is_not_loaded_before_the_change(toy, base):
    helper, test = toy / "helper_of_tests.py", toy / "tests/test_by_helper.py"
    helper.write_text("from toy import total\n")
    test.write_text(
        "from toy.sums import LIMIT\nfrom helper_of_tests import total\n\n"
        "def test_it():\n    assert total([2]) == 2 and LIMIT\n"
    )
    try:
        file = toy / "toy/sums.py"
        found = mutants.measure(toy, file, mutants.tests_of(toy, file), EVERYONE)
    finally:
        helper.unlink(), test.unlink()
    assert found["code"] == 0 and "json" in found["modules"]
    assert "helper_of_tests" not in found["modules"]


def test_a_result_holds_as_long_as_what_it_came_from():
    dead = {"outcome": "killed", "source": "s", "tests": "t", "thorough": False}
    alive = {**dead, "outcome": "survived"}
    assert mutants.still_valid(dead, "s", "more tests", False)
    assert not mutants.still_valid(dead, "changed", "t", False)
    assert mutants.still_valid(alive, "s", "t", False)
    assert not mutants.still_valid(alive, "s", "more tests", False)
    assert not mutants.still_valid(alive, "s", "t", True)
    assert not mutants.still_valid({**dead, "outcome": "unclear"}, "s", "t", False)
    assert not mutants.still_valid(None, "s", "t", False)


def test_the_interval_is_wilsons():
    # Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for killed, tried, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        assert mutants.interval(killed, tried) == pytest.approx((low, high), abs=1e-4)
    assert mutants.interval(0, 0) == (0.0, 1.0)


def test_a_sample_grows_without_being_drawn_anew():
    all_of_them = [change("n + 1", f"n + {i + 2}", f"key{i}") for i in range(40)]
    small, large = (mutants.sample(all_of_them, size, 9) for size in (10, 25))
    assert large[:10] == small and len(large) == 25
    assert mutants.sample(all_of_them[::-1], 10, 9) == small
    assert mutants.sample(all_of_them, 10, 8) != small
    broken = change("n + 1", "n +", "key40")
    assert len(mutants.sample([*all_of_them, broken], 99, 9)) == 40


REASON = """
[[mutant]]
key = "two"
where = "toy/sums.py lonely"
change = "n + 1 -> n + 2"
kind = "{kind}"
why = "{why}"
"""


def judged(kind=None):
    drawn = [change("n + 1", f"n + {key}", key) for key in ("one", "two", "three", "four")]
    fates = {"one": "killed", "two": "survived", "three": "killed", "four": "unclear"}
    reasons = {"two": {"kind": kind}} if kind else {}
    return mutants.judge(drawn, {k: {"outcome": v} for k, v in fates.items()}, reasons)


def test_only_the_equivalent_are_left_out_of_the_score():
    assert judged()["score"] == judged("harmless")["score"] == pytest.approx(2 / 3)
    assert judged("equivalent")["score"] == 1.0
    assert judged("equivalent")["raw"] == pytest.approx(2 / 3)
    assert judged()["tried"] == 3 and judged()["drawn"] == 4
    assert [m.key for m in judged()["unexplained"]] == ["two"]
    assert judged("harmless")["unexplained"] == []


def test_the_report_asks_for_a_reason_and_for_the_goal(tmp_path, capsys):
    (tmp_path / "tests").mkdir()
    drawn = [change("n + 1", f"n + {i}", str(i)) for i in range(2, 9)] + [
        change("n + 1", "n + 1.0", "two")
    ]
    results = {m.key: {"outcome": "killed", "key": m.key, "by": "x"} for m in drawn}
    results["two"]["outcome"] = "survived"
    rooms = {"toy": drawn}
    assert mutants.report(tmp_path, rooms, rooms, results) == 1
    assert "unexplained: two" in capsys.readouterr().out
    page = tmp_path / "tests" / "mutants.toml"
    page.write_text(REASON.format(kind="harmless", why="a float is as good as an integer here"))
    assert mutants.report(tmp_path, rooms, rooms, results) == 0  # 7 of 8 are 87.5 %
    results["2"]["outcome"] = "unclear"
    assert mutants.report(tmp_path, rooms, rooms, results) == 1  # not all tried
    results["2"]["outcome"] = results["3"]["outcome"] = "survived"
    assert mutants.report(tmp_path, rooms, rooms, results) == 1
    results.update({k: {"outcome": "killed"} for k in ("2", "3", "two")})
    assert mutants.report(tmp_path, rooms, rooms, results) == 1
    assert "explained though killed: two" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (REASON.format(kind="fine", why="nobody can tell the two apart"), "neither"),
        (REASON.format(kind="equivalent", why="is ok"), "says nothing"),
        (REASON.format(kind="equivalent", why="nobody can tell the two apart") * 2, "twice"),
        ('[[mutant]]\nkey = "x"\n', "lacks"),
    ],
)
def test_a_poor_reason_is_refused(tmp_path, text, wrong):
    page = tmp_path / "mutants.toml"
    page.write_text(text)
    with pytest.raises(SystemExit, match=wrong):
        mutants.read_reasons(page)


def test_our_own_reasons_are_good():
    mutants.read_reasons(ROOT / "tests" / "mutants.toml")


def test_the_chapters_are_data_and_the_engine_is_code():
    found = mutants.sources(ROOT, "recsys_tutorial", ["exercises"])["exercises"]
    assert {path.name for path in found} == {"engine.py", "progress.py", "quiz.py"}
    assert set(mutants.sources(ROOT, "recsys_tutorial", [])) == set(mutants.ROOMS)
    with pytest.raises(SystemExit, match="there is no"):
        mutants.sources(ROOT, "recsys_tutorial", ["clusterin"])


def test_every_file_has_tests_of_its_own():
    asked = [*mutants.ROOMS, "checkers"]
    for files in mutants.sources(ROOT, "recsys_tutorial", asked).values():
        assert files and all(file.is_file() for file in files)
        assert [file.name for file in files if not mutants.tests_of(ROOT, file)] == []


# ------------------------------------------------------------------ what is changed (needs mutmut)


@pytest.fixture(scope="module")
def operators():
    try:
        return mutants.find_operators(ROOT / mutants.TOOL)
    except SystemExit as missing:
        pytest.skip(str(missing))


def changes(source, operators):
    found = mutants.find_mutants(textwrap.dedent(source), "a.py", operators)
    for mutant in found:
        compile(mutant.text(), "a.py", "exec")
    return {(m.where, m.before, m.after) for m in found}


def test_what_a_function_does_is_changed(operators):
    found = changes(
        """
        class A:
            @property
            def f(self, n=3):
                if n < 2 and self.x:
                    return n + 1
        """,
        operators,
    )
    assert {
        ("A.f", "n + 1", "n - 1"),
        ("A.f", "1", "2"),
        ("A.f", "3", "4"),
        ("A.f", "n < 2 and self.x", "n < 2 or self.x"),
        ("A.f", "< 2", "<= 2"),
    } <= found


@pytest.mark.parametrize(
    "source",
    [
        "raise ValueError(f'{1 + 1} is wrong')",
        "import numpy as np",
        "from a import b",
        "__all__ = ['a']",
        "x: 'int | None'",
        "warnings.warn('1' + 'b')",
        "if TYPE_CHECKING:\n    x = 1",
        'def f():\n    """Say 1 + 1."""',
        "@cache(1)\ndef f(): ...",
    ],
)
def test_prose_and_types_are_left_alone(operators, source):
    assert changes(source, operators) == set()


def test_a_mutant_keeps_its_name_when_its_line_moves(operators):
    code = "def f(a):\n    return a + a + a\n"
    first = mutants.find_mutants(code, "a.py", operators)
    moved = mutants.find_mutants("# new\n\nX = 1\n" + code, "a.py", operators)
    keys = [m.key for m in first]
    assert len(set(keys)) == len(keys) > 1
    assert set(keys) < {m.key for m in moved}


def test_the_lines_that_show_a_change(operators):
    code = "X = 1\ndef f(a=2):\n    b = a\n    return (\n        b\n        + 3\n    )\n"
    found = {m.before: m.reached_by for m in mutants.find_mutants(code, "a.py", operators)}
    assert found["1"] is None
    assert found["2"] == range(3, 8)
    assert 4 in found["3"] and 3 not in found["3"]
