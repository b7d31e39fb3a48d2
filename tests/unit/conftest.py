"""Fixtures of the unit tests alone."""

import pytest

from tests.unit.bad_days import open_server


@pytest.fixture(scope="module")
def network():
    """Build the article's network once for each file of tests."""
    from recsys_tutorial.features import build_interest_cnn

    return build_interest_cnn()


@pytest.fixture
def server(monkeypatch):
    """A server on this computer, which the course takes for that of GroupLens."""
    yield from open_server(monkeypatch)
