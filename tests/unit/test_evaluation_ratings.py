"""The two measures that mislead do what their definitions say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, mean_squared_error

from recsys_tutorial.evaluation import classification_accuracy, rating_rmse
from tests.unit.evaluation_oracles import films, frame, places, wanted


@given(
    st.dictionaries(st.integers(0, 3), films, max_size=4),
    st.dictionaries(st.integers(0, 5), wanted, min_size=1, max_size=6),
    places,
)
def test_accuracy_agrees_with_scikit_learn_over_the_catalogue(lists, relevant, k):
    found = classification_accuracy(frame(lists), relevant, 15, k)
    assert set(found.index) == set(relevant)
    for user, items in relevant.items():
        shown = lists.get(user, [])[:k]
        truth, said = ([i in chosen for i in range(15)] for chosen in (items, shown))
        assert found[user] == pytest.approx(accuracy_score(truth, said))


def test_the_audits_demonstration():
    """Demonstration d01: 10,000 items of which 20 are wanted."""
    relevant = {1: set(range(20))}
    for shown, expected in [([], 0.9980), (range(100, 110), 0.9970), (range(15, 25), 0.9980)]:
        found = classification_accuracy(frame({1: list(shown)}), relevant, 10_000, 10)
        assert found[1] == pytest.approx(expected)
    dump = classification_accuracy(frame({1: list(range(500))}), relevant, 10_000, 500)
    assert dump[1] == pytest.approx(0.9520)


def test_a_catalogue_that_is_too_small():
    with pytest.raises(ValueError, match="than the 2 there are"):
        classification_accuracy(frame({1: ["a", "b"]}), {1: {"c"}}, 2, 2)


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), min_size=1, max_size=9))
def test_rmse_agrees_with_scikit_learn(pairs):
    predicted, actual = np.array(pairs).T
    expected = mean_squared_error(actual, predicted) ** 0.5
    assert rating_rmse(predicted, actual) == pytest.approx(expected)


def test_rmse_takes_lists_and_series():
    assert rating_rmse([1.0, 2.0], pd.Series([2.0, 4.0], index=[7, 3])) == pytest.approx(2.5**0.5)


@pytest.mark.parametrize(
    ("predicted", "actual", "message"),
    [
        ([], [], "give one each"),
        ([1.0], [1.0, 2.0], "give one each"),
        ([1.0, np.nan], [1.0, 2.0], "missing"),
        ([1.0, 2.0], [np.nan, 2.0], "missing"),
    ],
)
def test_ratings_that_do_not_line_up_are_refused(predicted, actual, message):
    with pytest.raises(ValueError, match=message):
        rating_rmse(predicted, actual)
