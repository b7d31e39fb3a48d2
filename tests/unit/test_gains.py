"""What a class learnt: the gain, the normalised gain, and how sure both are."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_tutorial.grading.gains import learning_gain

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def test_three_people_by_hand():
    found = learning_gain([0.2, 0.4, 0.6], [0.6, 0.7, 0.8])
    assert (found.before, found.after, found.n_people) == (
        pytest.approx(0.4),
        pytest.approx(0.7),
        3,
    )
    assert found.gain == pytest.approx(0.3)
    assert found.normalised == pytest.approx(0.3 / 0.6)
    assert found.low <= found.gain <= found.high
    assert found.normalised_low <= found.normalised <= found.normalised_high


def test_the_normalised_gain_is_that_of_the_class_and_not_a_mean_over_people():
    found = learning_gain([0.9, 0.0], [1.0, 0.5])
    assert found.normalised == pytest.approx(0.3 / 0.55)
    assert found.normalised != pytest.approx((0.1 / 0.1 + 0.5) / 2)


def test_the_interval_is_that_of_all_possible_draws():
    """With three people all 27 draws can be listed; quantiles of many draws are theirs."""
    before, after = np.array([0.1, 0.4, 0.5]), np.array([0.3, 0.4, 0.9])
    draws = [list(d) for d in itertools.product(range(3), repeat=3)]
    gains = [(after - before)[d].mean() for d in draws]
    shares = [(after - before)[d].mean() / (1 - before[d].mean()) for d in draws]
    found = learning_gain(before, after, n_draws=100_000, level=0.8)
    expected = np.quantile(gains, [0.1, 0.9]), np.quantile(shares, [0.1, 0.9])
    assert [found.low, found.high] == pytest.approx(expected[0], abs=0.03)
    assert [found.normalised_low, found.normalised_high] == pytest.approx(expected[1], abs=0.03)


def test_pairs_make_the_interval_narrow():
    """Everybody learns the same, from different beginnings: nothing is left to chance."""
    before = np.linspace(0, 0.5, 11)
    found = learning_gain(before, before + 0.25)
    assert found.low == pytest.approx(0.25) and found.high == pytest.approx(0.25)
    crossed = learning_gain(before, before[::-1] + 0.25)
    assert crossed.high - crossed.low > 0.2


def test_twenty_people_have_a_wider_interval_than_eighty():
    rng = np.random.default_rng(0)
    before, after = rng.binomial(16, 0.4, 20) / 16, rng.binomial(16, 0.7, 20) / 16
    few, many = learning_gain(before, after), learning_gain(np.tile(before, 4), np.tile(after, 4))
    assert few.gain == pytest.approx(many.gain)
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(2, rel=0.15)


def test_a_class_that_knew_everything_has_no_normalised_gain():
    found = learning_gain([1.0, 1.0], [1.0, 0.5])
    assert found.gain == -0.25
    assert np.isnan([found.normalised, found.normalised_low, found.normalised_high]).all()


def test_one_draw_of_those_who_knew_everything_does_no_harm():
    found = learning_gain([1.0, 0.0], [1.0, 1.0])
    assert found.normalised == 1 and found.normalised_low == 1 == found.normalised_high


@given(SHARES)
def test_nothing_learnt_is_nothing_gained(shares):
    found = learning_gain(shares, shares, n_draws=50)
    assert found.gain == found.low == found.high == 0


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([], [], "one share before"),
        ([0.1], [0.1, 0.2], "one share before"),
        ([[0.1]], [[0.1]], "one share before"),
        ([0.1], [1.1], "from 0 to 1"),
        ([-0.1], [1.0], "from 0 to 1"),
        ([float("nan")], [1.0], "none may be missing"),
    ],
)
def test_bad_input_is_named(before, after, said):
    with pytest.raises(ValueError, match=said):
        learning_gain(before, after)


@pytest.mark.parametrize("wrong", [{"level": 0}, {"level": 1}, {"n_draws": 0}])
def test_bad_settings_are_named(wrong):
    with pytest.raises(ValueError, match="level lies between"):
        learning_gain([0.1], [0.2], **wrong)


def test_the_input_is_not_changed_and_the_seed_counts():
    before, after = np.array([0.1, 0.5, 0.3]), np.array([0.2, 0.9, 0.3])
    kept = before.copy(), after.copy()
    one, same = learning_gain(before, after), learning_gain(before, after)
    assert one == same and (before == kept[0]).all() and (after == kept[1]).all()
