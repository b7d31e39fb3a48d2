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
