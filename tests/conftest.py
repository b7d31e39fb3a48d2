"""What all tests share: no windows, reproducible random examples, and the data read once."""

import matplotlib
import pytest
from hypothesis import settings

# Set before anything draws: a test machine has no screen.
matplotlib.use("Agg")

# The same examples in every run, so that a red test is never a matter of luck; and no deadline,
# because a busy machine is not a failure.
settings.register_profile(
    "course", max_examples=50, deadline=None, derandomize=True, database=None, print_blob=False
)
settings.load_profile("course")

# The slow tests of these files do on more data, and more often, what quick ones have reached.
# Coverage is not asked of them: on Python 3.11 it makes a test take half as long again.
REPEAT = {
    *("test_bands", "test_exercises", "test_hostile", "test_hostile_reports", "test_own_cutting"),
    *("test_own_data", "test_private"),
}


def pytest_collection_modifyitems(items):
    """Leave what repeats out of the coverage."""
    for item in items:
        repeats = item.path.stem in REPEAT or item.path.parent.name == "properties"
        if repeats and item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.no_cover)


def pytest_configure(config):
    """Hold every notebook that nbmake runs to what a stranger expects of it."""
    if config.getoption("nbmake", default=False):
        from nbmake import pytest_items

        from tests.notebooks.stranger import StrangersRun

        pytest_items.NotebookRun = StrangersRun


@pytest.fixture(scope="session")
def movielens():
    """Give the shipped ratings; read-only by convention, so one copy serves all tests."""
    from recsys_tutorial.datasets import load_movielens

    return load_movielens()
