"""Fixtures of the unit tests alone."""

import pytest


@pytest.fixture(scope="module")
def network():
    """Build the article's network once for each file of tests."""
    from recsys_tutorial.features import build_interest_cnn

    return build_interest_cnn()
