"""Who runs notebooks as a stranger does notices what a stranger would not bear."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.notebooks import stranger

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def on_a_desk(monkeypatch):
    """Where everything is made anew, a notebook that the book does not show is a fault."""
    monkeypatch.delenv("CI", raising=False)


def run(folder, source, name="tiny"):
    """Run a notebook of one cell; give nbmake's result and what was printed of it."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return stranger.StrangersRun(path, 60).execute()


@pytest.mark.slow
def test_a_connection_is_noticed(tmp_path):
    source = "import urllib.request\nurllib.request.urlopen('http://example.com')"
    assert "the network was used" in run(tmp_path, source).error.trace


@pytest.mark.slow
def test_a_false_claim_is_noticed(tmp_path):
    assert "AssertionError" in run(tmp_path, "assert 1 == 2").error.trace


@pytest.mark.slow
def test_the_repository_is_out_of_reach(tmp_path):
    source = "import os\nassert not os.path.exists('pyproject.toml') and 'course' in os.getcwd()"
    assert run(tmp_path, source).error is not None
    assert run(tmp_path, source.split(" and ")[0]).error is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "value", "told", "runs"),
    [
        # Time is measured once more before anybody is accused.
        ("BUDGET_SECONDS", 0, "s of processor, more than 0", 2),
        ("BUDGET_BYTES", 1000, "GB, more than", 1),
    ],
)
def test_who_takes_too_much_is_named(tmp_path, monkeypatch, limit, value, told, runs):
    monkeypatch.setattr(stranger, limit, value)
    seen, metered = [], stranger.StrangersRun.metered
    monkeypatch.setattr(
        stranger.StrangersRun, "metered", lambda self: seen.append(1) or metered(self)
    )
    assert told in run(tmp_path, "x = sum(range(10**7))").error.summary
    assert len(seen) == runs


@pytest.mark.slow
def test_a_chapter_that_solves_its_exercise_is_noticed(tmp_path):
    source = 'from recsys_tutorial.exercises import check\ncheck("03.1", {})'
    wrong = source.replace("{}", "None")
    assert run(tmp_path, wrong).error is None
    told = run(tmp_path, wrong, "tiny_solutions").error.summary
    assert "exercise 03.1 is 'not yet', not 'right'" in told


def test_a_check_that_says_nothing_is_noticed():
    cell = nbformat.v4.new_code_cell('check("03.1", answer)', outputs=[])
    meter = stranger.Meter()
    meter.cpu, meter.peak = 1.0, 2**20
    notebook = nbformat.v4.new_notebook(cells=[cell])
    assert "checks spoke of []" in next(stranger.complaints("x", notebook, meter))


def of_the_book(folder, text, source="print('inertia', inertia)"):
    """A cache with one notebook, and what it says."""
    shown = nbformat.v4.new_output("stream", text=text)
    cell = nbformat.v4.new_code_cell(source, outputs=[shown])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    (folder / "executed/1").mkdir(parents=True)
    nbformat.write(notebook, folder / "executed/1/base.ipynb")
    return notebook


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("inertia 12.5\n", 0),
        ("inertia 12.6\n", 1),
        ("inertia 12.5\nand more\n", 1),
    ],
)
def test_another_figure_than_in_the_book_is_noticed(tmp_path, text, problems):
    of_the_book(tmp_path, text)
    mine = of_the_book(tmp_path / "mine", "inertia 12.5\n")
    found = list(stranger.contradictions("03_kmeans", mine, tmp_path / "executed"))
    assert len(found) == problems
    assert all("03_kmeans, cell 0 (print('inertia', inertia))" in line for line in found)


def test_a_book_of_another_processor_is_not_asked(tmp_path, capsys):
    of_the_book(tmp_path, "inertia 12.4\n")
    mine = of_the_book(tmp_path / "mine", "inertia 12.5\n")
    runs = stranger.load(ROOT / "book/_ext/course_runs.py")
    runs.note_processor(tmp_path)
    runs.note_processor(tmp_path)
    assert len(list(stranger.contradictions("03_kmeans", mine, tmp_path / "executed"))) == 1
    with (tmp_path / runs.PROCESSORS).open("a", encoding="utf-8") as file:
        file.write("another one\n")
    assert list(stranger.contradictions("03_kmeans", mine, tmp_path / "executed")) == []
    assert "made on another processor" in capsys.readouterr().out


def test_what_an_engine_logs_is_no_contradiction(tmp_path):
    of_the_book(tmp_path, "inertia 1\n")
    mine = of_the_book(tmp_path / "mine", "inertia 1\n")
    mine.cells[0].outputs.append(nbformat.v4.new_output("stream", name="stderr", text="a log\n"))
    assert list(stranger.contradictions("03_kmeans", mine, tmp_path / "executed")) == []


@pytest.mark.parametrize(("where", "problems"), [("true", 1), ("", 0)])
def test_who_is_not_in_the_book_is_named_where_the_book_is_new(
    tmp_path, monkeypatch, where, problems
):
    monkeypatch.setenv("CI", where)
    of_the_book(tmp_path, "1\n", "print(2 - 1)")
    mine = of_the_book(tmp_path / "mine", "1\n", "print(1)")
    found = list(stranger.contradictions("03_kmeans", mine, tmp_path / "executed"))
    assert len(found) == problems
    assert all("the book shows no run of it" in line for line in found)


@pytest.mark.slow
def test_without_a_book_there_is_nothing_to_contradict(tmp_path, monkeypatch):
    monkeypatch.setenv("CI", "true")
    mine = of_the_book(tmp_path, "1\n", "print(1)")
    assert list(stranger.contradictions("03_kmeans", mine, tmp_path / "none/key/executed")) == []


@pytest.mark.slow
def test_a_run_that_contradicts_the_book_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(stranger, "folder_of_the_book", lambda: tmp_path / "executed")
    of_the_book(tmp_path, "inertia 1\n", "print('inertia', 2)")
    error = run(tmp_path, "print('inertia', 2)").error
    assert "other: inertia 1" in error.trace and "one:   inertia 2" in error.trace


def test_the_book_s_notebooks_are_looked_for_where_it_puts_them():
    folder = stranger.folder_of_the_book()
    assert folder.parent.parent == ROOT / "_build/.jupyter_cache" and folder.name == "executed"


@pytest.mark.slow
def test_nbmake_runs_notebooks_like_this(tmp_path):
    """As `course.py test` does: through the conftest of the tests."""
    path = tmp_path / "unwanted.ipynb"
    source = "import socket\nsocket.create_connection(('example.com', 80))"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)
    words = ["-m", "pytest", "-n0", "-p", "no:cacheprovider", "--nbmake", __file__, path]
    words += ["-k", "unwanted.ipynb"]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "the network was used" in done.stdout


@pytest.mark.slow
def test_the_meter_measures(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(stranger, "complaints", lambda name, nb, meter: seen.append(meter) or [])
    run(tmp_path, "x = bytearray(300 * 2**20)\nfor i in range(10**7): pass")
    (meter,) = seen
    assert meter.peak > 300 * 2**20 and meter.cpu > 0.1 and meter.wall > 0
    assert len(meter.pulses) > 1 and 0 < meter.idle_seconds <= meter.cpu


@pytest.mark.parametrize(
    ("slower", "idle"), [(0.5, 100.0), (1.0, 100.0), (2.0, 50.0)], ids=["fast", "idle", "busy"]
)
def test_a_busy_machine_is_forgiven_and_a_fast_one_gives_no_credit(slower, idle):
    meter = stranger.Meter()
    meter.cpu, meter.pulses = 100.0, [slower * stranger.IDLE_PULSE] * 3
    assert meter.idle_seconds == pytest.approx(idle)
