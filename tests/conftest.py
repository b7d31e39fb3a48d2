"""What all tests share: no windows, reproducible random examples, and the data read once.

No test finds what another one did to the environment, whichever of them runs first.  And what keeps
them quick: a worker of xdist computes with one thread, the longest tests come first, and coverage
leaves out what reaches no line for the first time.
"""

import os

# Set before NumPy is imported.  There are as many workers as cores, or more: further threads would
# wait for each other, and waiting is work to a processor.  What tests start inherits it.  Whoever
# asks for more (tools/again.py does in half of its runs) gets it in all libraries.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
THREADS += ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.update(dict.fromkeys(THREADS, os.environ.get("OMP_NUM_THREADS", "1")))

import matplotlib  # noqa: E402
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

# Set before anything draws: a test machine has no screen.
matplotlib.use("Agg")

# The same examples in every run, so that a red test is never a matter of luck; and no deadline,
# because a busy machine is not a failure.
settings.register_profile(
    "course", max_examples=50, deadline=None, derandomize=True, database=None, print_blob=False
)
settings.load_profile("course")


# Modules of which most of the time goes into one thing that all their tests share.
LONG = {"test_grading_class", "test_grading_hostile", "test_spark"}

# Coverage is asked of the tests that reach the package's lines first. It makes a test take half as
# long again on Python 3.11, so these do without: tests of tools and pages, which are not of the
# package, and the slow ones that do on more data, and more often, what quick ones have reached.
OTHER_THINGS = {"notebooks", "site", "toolchain"}
REPEAT = {
    "test_exercises",
    "test_hostile",
    "test_hostile_reports",
    "test_own_cutting",
    "test_own_data",
    "test_private",
}


def pytest_collection_modifyitems(items):
    """Put the longest first, and leave what reaches no line for the first time out of the coverage.

    Workers take the tests in turn, and at the end half of what another one has left: a notebook at
    the end would keep one at work alone, and what a module makes for all its tests would be made by
    each worker that has some of them.
    """
    items.sort(key=lambda item: item.path.stem not in LONG and item.path.suffix != ".ipynb")
    for item in items:
        room = item.path.parent.name
        repeats = item.path.stem in REPEAT or room == "properties"
        if room in OTHER_THINGS or (repeats and item.get_closest_marker("slow")):
            item.add_marker(pytest.mark.no_cover)


def pytest_configure(config):
    """Hold every notebook that nbmake runs to what a stranger expects of it."""
    if config.getoption("nbmake", default=False):
        from nbmake import pytest_items

        from tests.notebooks.stranger import StrangersRun

        pytest_items.NotebookRun = StrangersRun


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call():
    """Take back what a test did to the environment, which all later ones of its worker inherit.

    One that had set MPLBACKEND left kernels of other tests without figures, in those runs alone in
    which the same worker came to them afterwards.
    """
    found = dict(os.environ)
    try:
        return (yield)
    finally:
        for name in set(os.environ) - set(found):
            del os.environ[name]
        os.environ.update(found)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session):
    """Leave a worker of xdist one tracer of coverage, which `no_cover` can pause.

    pytest-cov starts one while options are read and another here, on top of the first, which would
    go on tracing while the second is paused.
    """
    cov = session.config.pluginmanager.getplugin("_cov")
    if hasattr(session.config, "workerinput") and cov and cov.cov_controller:
        cov.cov_controller.cov.stop()


@pytest.fixture(scope="session")
def movielens():
    """Give the shipped ratings; read-only by convention, so one copy serves all tests."""
    from recsys_tutorial.datasets import load_movielens

    return load_movielens()
