"""The autograder against people who want to see it fall: right marks, nothing lost or harmed.

Only the hand-ins that are asked for are graded, so that one can be tried by itself:
``pytest tests/unit/test_grading_hostile.py -k "asks_back or Kim"``.
"""

import csv
import os

import pytest

from recsys_tutorial.cli import main
from recsys_tutorial.grading.fence import find_rails
from tests.unit import grading_class, grading_hostile

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_rails().files, reason="this kernel has no fence for files"),
]
NAMES = list(grading_hostile.build(grading_class.ROOT / "x", grading_class.ROOT / "y.txt"))
MARKED = "test_everybody_gets_the_right_marks"


def ids(name):
    return "".join(letter if letter.isalnum() else "_" for letter in name)[:40]


@pytest.fixture(scope="module")
def graded(request, tmp_path_factory):
    base = tmp_path_factory.mktemp("hostile")
    folder, target, out = base / "hand-ins", base / "precious.txt", base / "report"
    folder.mkdir()
    target.write_text("the teacher's", encoding="utf-8")
    wanted = {i.callspec.params["name"] for i in request.session.items if is_mine(i)} or NAMES
    built = grading_hostile.build(folder, target)
    cases = {name: case for name, case in built.items() if name in wanted}
    grading_class.write(folder, cases)
    before = {p: p.read_bytes() for p in base.rglob("*") if p.is_file()}
    words = ["grade", str(folder), "--out", str(out), "--timeout", "3", "--jobs", "2"]
    scratch = tmp_path_factory.mktemp("scratch")
    with grading_class.scratch_in(scratch):
        code = main(words)
    tables = {}
    for name in ("learners", "marks", "mistakes"):
        with (out / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            tables[name] = list(csv.DictReader(file))
    now = {p: p.read_bytes() for p in base.rglob("*") if p in before}
    seen = {"cases": cases, "code": code, "tables": tables, "unchanged": now == before}
    return {**seen, "out": out, "scratch": scratch}


def is_mine(item):
    return item.name.startswith(f"{MARKED}[") and item.module.__name__ == __name__


def as_written(name):
    """Give a name as a table holds it."""
    return "".join(letter if letter.isprintable() else " " for letter in name)


def of(graded, name):
    rows = [
        row
        for row in graded["tables"]["marks"]
        if row["file"].replace("'", "").startswith(as_written(name).replace("'", ""))
    ]
    assert rows, f"{name!r} has no row"
    return rows


@pytest.mark.parametrize("name", NAMES, ids=ids)
def test_everybody_gets_the_right_marks(graded, name):
    wanted, rows = graded["cases"][name][1], of(graded, name)
    if isinstance(wanted, str):
        assert [row["state"] for row in rows] == ["not marked"] and wanted in rows[0]["note"]
        return
    assert [row["exercise"] for row in rows] == list(grading_class.IDS), rows[0]
    for row in rows:
        state, mistake = wanted[row["exercise"]]
        assert state in (None, row["state"]) and mistake in (None, row["mistake"]), row
        assert "\n" not in row["note"] and "autograder's fault" not in row["note"]


def test_nothing_is_lost_or_harmed(graded):
    assert graded["code"] == 0 and graded["unchanged"]
    assert len(graded["tables"]["learners"]) == len(graded["cases"])
    assert not os.path.exists("/tmp/owned-by-hand-in")


def test_who_spoils_the_pipe_gains_nothing(graded):
    for name in ("answers before it is asked.ipynb", "a deep error.ipynb"):
        if name in graded["cases"]:
            assert of(graded, name)[1]["state"] != "right"


def test_no_process_lives_on(graded):
    assert grading_class.processes_left(graded["scratch"]) == []


def test_names_that_look_alike_are_pointed_out(graded):
    remarks = {row["file"]: row["remarks"] for row in graded["tables"]["learners"]}
    for name in ("Kim.ipynb", "KIM.ipynb"):
        if {"Kim.ipynb", "KIM.ipynb"} <= set(graded["cases"]):
            assert "looks like K" in remarks[name]
