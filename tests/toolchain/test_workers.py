"""What keeps a worker of xdist quick is true in it; `tests/conftest.py` sees to it."""

import os
import sys

import numpy as np  # noqa: F401  (its libraries are what is counted)
import pytest
from threadpoolctl import threadpool_info

from tests.conftest import OTHER_THINGS, REPEAT
from tests.notebooks.notebook_rules import ROOT


def is_worker():
    return "PYTEST_XDIST_WORKER" in os.environ


@pytest.mark.skipif("OMP_NUM_THREADS" in os.environ and not is_worker(), reason="set by hand")
def test_a_worker_computes_with_one_thread():
    threads = {library["num_threads"] for library in threadpool_info()}
    assert threads
    if is_worker():
        assert threads <= {int(os.environ[f"{name}_NUM_THREADS"]) for name in ("OMP", "OPENBLAS")}


def test_what_is_left_out_of_the_coverage_has_no_tracer(request):
    """Two tracers on top of each other were there once: the lower one saw, and slowed, all."""
    assert request.node.get_closest_marker("no_cover")
    assert sys.gettrace() is None


def test_what_is_left_out_is_there():
    assert all((ROOT / "tests" / "unit" / f"{name}.py").is_file() for name in REPEAT)
    assert all((ROOT / "tests" / name).is_dir() for name in OTHER_THINGS)
