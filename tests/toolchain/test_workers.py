"""What `tests/conftest.py` sees to holds in a worker of xdist.

It is quick, and no test in it finds what another one did to the environment.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np  # noqa: F401  (its libraries are what is counted)
import pytest
from threadpoolctl import threadpool_info

from tests.conftest import (
    LONG,
    OTHER_THINGS,
    REPEAT,
    THREADS,
    pytest_collection_modifyitems,
    pytest_runtest_call,
)
from tests.notebooks import stranger
from tests.notebooks.notebook_rules import ROOT


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="this is no worker of xdist")
def test_a_worker_computes_with_as_many_threads_as_were_asked_for():
    """One, if nobody asked; of more than there are cores a library may take fewer."""
    asked = {os.environ[name] for name in THREADS}
    threads = [library["num_threads"] for library in threadpool_info()]
    assert len(asked) == 1 and threads and max(threads) <= int(asked.pop())


def test_the_same_libraries_are_told_everywhere():
    twice = stranger.load(ROOT / "tools/twice.py")
    runs = stranger.load(ROOT / "book/_ext/course_runs.py")
    assert THREADS == stranger.THREADS == runs.THREADS
    assert all(set(THREADS) == set(run) - {"PYTHONHASHSEED"} for run in twice.RUNS.values())


def test_the_longest_come_first_and_the_others_keep_their_order():
    """Workers share out the tail: what is long must not be in it, and one has all of Spark's."""
    names = ["tests/site/test_a.py", "tests/unit/test_spark.py", "tests/unit/test_b.py"]
    names += ["tests/unit/test_spark.py", "notebooks/01_x.ipynb", "recsys_tutorial/cli.py"]
    items = [
        SimpleNamespace(path=Path(n), add_marker=lambda m: None, get_closest_marker=lambda m: None)
        for n in names
    ]
    pytest_collection_modifyitems(items)
    wanted = [names[1], names[3], names[4], names[0], names[2], names[5]]
    assert [item.path.as_posix() for item in items] == wanted
    assert all((ROOT / "tests/unit" / f"{name}.py").is_file() for name in LONG)


def test_what_is_left_out_of_the_coverage_has_no_tracer(request):
    """Two tracers on top of each other were there once: the lower one saw, and slowed, all."""
    assert request.node.get_closest_marker("no_cover")
    if not request.config.pluginmanager.hasplugin("_cov"):
        pytest.skip("coverage is not measured in this run")
    assert sys.gettrace() is None


def test_what_is_left_out_is_there():
    assert all((ROOT / "tests" / "unit" / f"{name}.py").is_file() for name in REPEAT)
    assert all((ROOT / "tests" / name).is_dir() for name in OTHER_THINGS)


@pytest.mark.parametrize("fails", [False, True])
def test_what_a_test_does_to_the_environment_ends_with_it(monkeypatch, fails):
    monkeypatch.setenv("COURSE_CHANGED", "before")
    monkeypatch.setenv("COURSE_REMOVED", "before")
    around = pytest_runtest_call()
    next(around)
    os.environ.update(COURSE_CHANGED="after", COURSE_ADDED="after")
    del os.environ["COURSE_REMOVED"]
    with pytest.raises(ValueError if fails else StopIteration):
        around.throw(ValueError()) if fails else around.send("result")
    assert os.environ["COURSE_CHANGED"] == os.environ["COURSE_REMOVED"] == "before"
    assert "COURSE_ADDED" not in os.environ


def test_the_next_test_does_not_find_what_one_left_behind(tmp_path):
    leaves = "import os\ndef test_one():\n    os.environ['COURSE_LEFT'] = 'behind'\n"
    looks = "def test_two():\n    assert 'COURSE_LEFT' not in os.environ\n"
    (tmp_path / "test_pair.py").write_text(leaves + looks, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # without the settings of the course
    for closing in ("1 failed, 1 passed", "2 passed"):
        command = [sys.executable, "-m", "pytest", str(tmp_path)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert closing in done.stdout, done.stdout + done.stderr
        shutil.copy(ROOT / "tests/conftest.py", tmp_path)
