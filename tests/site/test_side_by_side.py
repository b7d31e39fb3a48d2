"""`book/_ext/course_runs.py`: notebooks run side by side, once each, and the cache has them."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from jupyter_cache import get_cache
from site_support import toc_pages
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from tests.notebooks import stranger

ROOT = Path(__file__).resolve().parents[2]
EXTENSIONS = ROOT / "book/_ext"
CONFIG = SimpleNamespace(nb_execution_timeout=60, nb_execution_allow_errors=False)
# Each of two notebooks waits for a word of the other: one after the other, both would fail.
MEET = """
import pathlib, time
pathlib.Path("{me}").touch()
end = time.monotonic() + 40
while not pathlib.Path("{other}").exists():
    assert time.monotonic() < end, "nobody ran beside me"
    time.sleep(0.05)
print("{me} met {other}")
"""
COUNT = """
with open("runs.txt", "a") as file:
    print({name!r}, file=file)
print("ran")
"""


@pytest.fixture(scope="module")
def runs():
    spec = importlib.util.spec_from_file_location("course_runs", EXTENSIONS / "course_runs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(path, source):
    cells = [nbformat.v4.new_markdown_cell(f"# {path.stem}"), nbformat.v4.new_code_cell(source)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)
    return path


def read(*paths):
    return {path: nbformat.read(path, as_version=4) for path in paths}


@pytest.mark.slow
def test_two_notebooks_run_at_the_same_time(runs, tmp_path):
    one = write(tmp_path / "one.ipynb", MEET.format(me="a", other="b"))
    two = write(tmp_path / "two.ipynb", MEET.format(me="b", other="a"))
    notebooks = read(one, two)
    ended = dict(runs.side_by_side(notebooks, 2, CONFIG))
    assert set(ended) == {one, two} and all(result.time > 0 for result in ended.values())
    assert notebooks[one].cells[1].outputs[0].text == "a met b\n"


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["1 / 0", "import os; os._exit(1)", "while True: pass"])
def test_a_notebook_that_fails_is_left_to_myst_nb(fault, runs, tmp_path):
    bad, good = write(tmp_path / "bad.ipynb", fault), write(tmp_path / "good.ipynb", "print(1)")
    config = SimpleNamespace(nb_execution_timeout=20, nb_execution_allow_errors=False)
    assert [path for path, _ in runs.side_by_side(read(bad, good), 2, config)] == [good]


def test_what_is_known_does_not_run(runs, tmp_path):
    one, known = (write(tmp_path / f"{name}.ipynb", f"print('{name}')") for name in ("one", "two"))
    cache = get_cache(str(tmp_path / "cache"))
    assert list(runs.to_run([one, known], cache)) == [one, known]
    cache.cache_notebook_file(path=str(known), check_validity=False)
    assert list(runs.to_run([one, known], cache)) == [one]


def test_the_cores_are_shared_out_unless_somebody_has_said_more(runs, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    with runs.threads(0):
        assert [os.environ[name] for name in runs.THREADS[:2]] == ["1", "7"]
    assert "OMP_NUM_THREADS" not in os.environ and os.environ["OPENBLAS_NUM_THREADS"] == "7"


def test_a_notebook_needs_here_what_the_tests_allow_it(runs):
    """Whoever runs notebooks agrees on their memory and on what sets the number of threads."""
    assert runs.NOTEBOOK_BYTES == stranger.BUDGET_BYTES and runs.THREADS == stranger.THREADS
    twice = stranger.load(ROOT / "tools/twice.py")
    others = [set(changes) for changes in twice.RUNS.values()]
    assert others == [{*runs.THREADS, "PYTHONHASHSEED"}] * 2


@pytest.mark.slow
def test_a_kernel_has_its_share_of_the_cores(runs, tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    path = write(tmp_path / "one.ipynb", "import os; print(os.environ['OMP_NUM_THREADS'])")
    notebooks = read(path)
    assert len(list(runs.side_by_side(notebooks, 2, CONFIG))) == 1
    assert notebooks[path].cells[1].outputs[0].text == "3\n"


@pytest.mark.parametrize(
    ("cores", "gigabytes", "expected"), [(2, 16, 2), (8, 5, 2), (8, 0.5, 1), (None, 16, 1)]
)
def test_memory_and_cores_set_the_number(cores, gigabytes, expected, runs, monkeypatch):
    free = SimpleNamespace(available=int(gigabytes * 2**30))
    monkeypatch.setattr(runs.psutil, "virtual_memory", lambda: free)
    monkeypatch.setattr(runs.os, "cpu_count", lambda: cores)
    assert runs.how_many() == expected


def build(folder, monkeypatch, **config):
    """Build three pages with Sphinx; give what it said."""
    (folder / "index.md").write_text(
        "# Book\n\n```{toctree}\none\ntwo\nalone\n```\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(EXTENSIONS))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with (folder / "said.txt").open("w+", encoding="utf-8") as said:
        overrides = {
            "extensions": ["myst_nb", "course_cache", "course_runs"],
            "nb_execution_mode": "cache",
            "nb_execution_cache_path": str(folder / "cache"),
            "course_runs_alone": ["alone"],
            **config,
        }
        places = [str(folder), None, str(folder / "out"), str(folder / "trees"), "html"]
        # Sphinx changes the directives of docutils for all tests of this process.
        with docutils_namespace():
            app = Sphinx(*places, confoverrides=overrides, status=said, warning=said)
            app.build()
        said.seek(0)
        return said.read()


@pytest.mark.slow
def test_a_build_runs_each_once_and_shows_what_came_out(tmp_path, monkeypatch, runs):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    for name in ("one", "two", "alone"):
        write(tmp_path / f"{name}.ipynb", COUNT.format(name=name))
    said = build(tmp_path, monkeypatch, course_runs_first=["two"])
    assert "running 2 notebooks, 2 at a time" in said and "WARNING" not in said, said
    # Who is alone comes after the others.
    names = (tmp_path / "runs.txt").read_text().split()
    assert sorted(names[:2]) == ["one", "two"] and names[2:] == ["alone"]
    for name in ("one", "two", "alone"):
        assert "ran" in (tmp_path / f"out/{name}.html").read_text(encoding="utf-8")
    build(tmp_path, monkeypatch)
    assert len((tmp_path / "runs.txt").read_text().split()) == 3


@pytest.mark.slow
def test_a_build_names_the_notebook_that_fails(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    for name in ("one", "alone"):
        write(tmp_path / f"{name}.ipynb", COUNT.format(name=name))
    write(tmp_path / "two.ipynb", "raise RuntimeError('by intent')")
    said = build(tmp_path, monkeypatch)
    assert "two.ipynb" in said and "Executing notebook failed" in said
    assert (tmp_path / "runs.txt").read_text().split().count("one") == 1


@pytest.mark.slow
def test_those_that_take_longest_begin(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    for name in ("one", "two", "three", "alone"):
        write(tmp_path / f"{name}.ipynb", COUNT.format(name=name) + "import time; time.sleep(1)")
    build(tmp_path, monkeypatch, course_runs_first=["two"], course_runs_alone=["one"])
    names = (tmp_path / "runs.txt").read_text().split()
    assert set(names[:2]) == {"two", "alone"} and names[2:] == ["three", "one"]


@pytest.mark.parametrize("which", ["course_runs_alone", "course_runs_first"])
def test_the_notebooks_that_are_named_are_pages(which):
    """One that is misspelt would run like the others, and nobody would notice."""
    config = yaml.safe_load((ROOT / "book/_config.yml").read_text(encoding="utf-8"))
    named = config["sphinx"]["config"][which]
    assert named and set(named) <= set(toc_pages())
