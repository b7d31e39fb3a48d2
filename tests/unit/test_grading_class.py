"""The autograder on a class with everything in it: right marks for all, nothing lost or harmed."""

import csv
import os
import subprocess
import tempfile
import threading
import time
from html.parser import HTMLParser

import pytest

from recsys_tutorial.cli import main
from recsys_tutorial.grading import session
from recsys_tutorial.grading.collecting import learner_of
from recsys_tutorial.grading.fence import find_rails
from recsys_tutorial.grading.session import Session
from tests.unit import grading_class as made

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_rails().files, reason="this kernel has no fence for files"),
]
NAMES = list(made.build(made.ROOT / "hand-ins", made.ROOT / "precious.txt"))


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    base = tmp_path_factory.mktemp("class")
    folder, target, out = base / "hand-ins", base / "precious.txt", base / "report"
    folder.mkdir()
    target.write_text("the teacher's", encoding="utf-8")
    cases = made.build(folder, target)
    made.write(folder, cases)
    before = {p: p.read_bytes() for p in base.rglob("*") if p.is_file()}
    began = time.monotonic()
    scratch = tmp_path_factory.mktemp("scratch")
    with made.scratch_in(scratch):
        code = main(["grade", str(folder), "--out", str(out), "--timeout", "5", "--jobs", "2"])
    seconds = time.monotonic() - began
    return {"base": base, "out": out, "cases": cases, "before": before, "code": code} | {
        "seconds": seconds,
        "scratch": scratch,
        "tables": {name: table(out / f"{name}.csv") for name in ("learners", "marks", "mistakes")},
        "page": (out / "report.html").read_text(encoding="utf-8"),
    }


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def plain(text):
    return text.removeprefix("'")


def of(graded, name):
    """Rows of marks for a file of the class; a zip's row names the file inside it."""
    rows = [r for r in graded["tables"]["marks"] if plain(r["file"]).startswith(name)]
    assert rows, f"{name} has no row"
    return rows


@pytest.mark.parametrize("name", NAMES)
def test_everybody_gets_the_right_marks(graded, name):
    wanted, rows = graded["cases"][name][1], of(graded, name)
    if isinstance(wanted, str):
        assert [row["state"] for row in rows] == ["not marked"] and wanted in rows[0]["note"]
        return
    assert [row["exercise"] for row in rows] == list(made.IDS)
    for row in rows:
        state, mistake = wanted[row["exercise"]]
        if state is not None:
            assert (row["state"], row["mistake"]) == (state, mistake), row


def test_nothing_is_lost(graded):
    assert graded["code"] == 0
    learners = {plain(row["learner"]) for row in graded["tables"]["learners"]}
    assert learners == {learner_of(tuple(name.split("/"))) for name in graded["cases"]}
    assert len(graded["tables"]["learners"]) == len(graded["cases"]) >= 30


def test_nothing_is_harmed(graded):
    now = {p: p.read_bytes() for p in graded["base"].rglob("*") if p in graded["before"]}
    assert now == graded["before"]
    assert sorted(p.name for p in graded["base"].iterdir()) == [
        "hand-ins",
        "precious.txt",
        "report",
    ]


def test_no_process_lives_on(graded):
    assert made.processes_left(graded["scratch"]) == []


def processes_soon(folder):
    """Find them as above; one that has just begun has no environment to read, for a moment."""
    until = time.monotonic() + 10
    while not made.processes_left(folder) and time.monotonic() < until:
        time.sleep(0.01)
    return made.processes_left(folder)


def test_a_process_that_lives_on_is_noticed(tmp_path):
    with made.scratch_in(tmp_path):
        scratch = tempfile.mkdtemp(prefix="recsys-grade-")
    env = {**os.environ, "TMPDIR": scratch}
    with subprocess.Popen(["sleep", "60"], env=env) as process:
        try:
            assert processes_soon(tmp_path) == [str(process.pid)]
            assert made.processes_left(tmp_path / "other") == []
        finally:
            process.kill()


def test_a_process_that_marks_is_found_while_it_lives(tmp_path):
    with made.scratch_in(tmp_path), Session(find_rails(), (), 2048, 60):
        assert processes_soon(tmp_path)
    assert made.processes_left(tmp_path) == []


@pytest.mark.parametrize(("held", "waits"), [(0.6, 0.6), (30, 1)])
def test_the_end_of_all_processes_is_waited_for_but_not_for_ever(monkeypatch, held, waits):
    monkeypatch.setattr(session, "END_SECONDS", 1)
    learner = Session(find_rails(), (), 2048, 60)
    # As if a process of the learner's, killed but not yet ended, still had the pipe.
    pipe = os.open(f"/proc/{learner._process.pid}/fd/1", os.O_WRONLY)
    release = threading.Timer(held, os.close, [pipe])
    release.start()
    began = time.monotonic()
    learner.close()
    seconds = time.monotonic() - began
    if release.is_alive():
        release.cancel()
        os.close(pipe)
    assert waits - 0.05 <= seconds < waits + 20
    assert not learner.scratch.exists()


def test_a_cheat_gains_nothing(graded):
    rows = of(graded, "talks to the pipe.ipynb")
    assert rows[1]["state"] != "right"


def test_copies_are_pointed_out_to_the_teacher(graded):
    remarks = {plain(r["learner"]): r["remarks"] for r in graded["tables"]["learners"]}
    assert "the same file as" in remarks["ana"] and "copy" in remarks["ana"]
    assert "same functions" in remarks["copy retouched"] and "ana" in remarks["copy retouched"]
    assert remarks["untouched"] == "" == remarks["partly"]


def test_why_an_answer_stopped_is_said_in_a_line(graded):
    notes = {n: of(graded, f"{n}.ipynb")[1]["note"] for n in ("hangs", "leaves", "wants memory")}
    assert "did not finish in 5 seconds" in notes["hangs"]
    assert "ended its process (exit code 0)" in notes["leaves"]
    assert "MemoryError" in notes["wants memory"]
    assert "ended its process (SIGSEGV)" in of(graded, "breaks Python.ipynb")[1]["note"]
    assert "cell" in of(graded, "syntax.ipynb")[1]["note"]
    for row in graded["tables"]["marks"]:
        assert "\n" not in row["note"]


def test_what_the_class_got_wrong_is_counted(graded):
    counts = {(r["exercise"], r["mistake"]): int(r["papers"]) for r in graded["tables"]["mistakes"]}
    rows = graded["tables"]["marks"]
    made_it = sum(r["exercise"] == "05.2" and r["mistake"] == "minimum" for r in rows)
    assert counts["05.2", "minimum"] == made_it >= 5
    assert list(counts.values()) == sorted(counts.values(), reverse=True)


def test_no_cell_of_the_tables_is_a_formula(graded):
    for rows in graded["tables"].values():
        for row in rows:
            assert not any(value.startswith(("=", "+", "-", "@")) for value in row.values())


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_the_page_runs_nothing_of_a_learners(graded):
    parser = Tags()
    parser.feed(graded["page"])
    tags = {tag for tag, _ in parser.tags}
    assert not tags & {"script", "img", "iframe", "link", "object"}
    assert not any(key.startswith("on") for _, attributes in parser.tags for key in attributes)
    assert "&lt;img src=x" in graded["page"]


def test_a_class_takes_less_than_ten_minutes(graded):
    assert graded["seconds"] < 600
