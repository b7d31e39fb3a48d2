"""What keeps a worker of xdist quick is true in it; `tests/conftest.py` sees to it."""

import os
import sys

import numpy as np  # noqa: F401  (its libraries are what is counted)
import pytest
from threadpoolctl import threadpool_info

from tests.conftest import OTHER_THINGS, REPEAT
from tests.notebooks.notebook_rules import ROOT


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="this is no worker of xdist")
def test_a_worker_computes_with_as_many_threads_as_were_asked_for():
    """One, if nobody asked; of more than there are cores a library may take fewer."""
    asked = {os.environ[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL")}
    threads = [library["num_threads"] for library in threadpool_info()]
    assert len(asked) == 1 and threads and max(threads) <= int(asked.pop())


def test_what_is_left_out_of_the_coverage_has_no_tracer(request):
    """Two tracers on top of each other were there once: the lower one saw, and slowed, all."""
    assert request.node.get_closest_marker("no_cover")
    if not request.config.pluginmanager.hasplugin("_cov"):
        pytest.skip("coverage is not measured in this run")
    assert sys.gettrace() is None


def test_what_is_left_out_is_there():
    assert all((ROOT / "tests" / "unit" / f"{name}.py").is_file() for name in REPEAT)
    assert all((ROOT / "tests" / name).is_dir() for name in OTHER_THINGS)
