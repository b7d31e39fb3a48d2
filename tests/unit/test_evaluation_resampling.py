"""Intervals, paired comparisons and many comparisons."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_tutorial.evaluation import (
    Interval,
    bootstrap_interval,
    holm,
    paired_bootstrap,
    resampling,
    unpaired_bootstrap,
)


@pytest.mark.parametrize(("level", "z"), [(0.95, 1.95996), (0.8, 1.28155)])
def test_bootstrap_agrees_with_the_standard_error_of_the_mean(level, z):
    values = np.random.default_rng(7).normal(3, 2, size=500)
    found = bootstrap_interval(values, level=level, n_draws=8000)
    error = values.std(ddof=0) / math.sqrt(len(values))
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - z * error, abs=0.08 * error)
    assert found.high == pytest.approx(values.mean() + z * error, abs=0.08 * error)


def test_bootstrap_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    samples = rng.exponential(1.0, size=(200, 100))
    intervals = [bootstrap_interval(s, n_draws=300) for s in samples]
    covered = np.mean([i.low <= 1 <= i.high for i in intervals])
    assert 0.88 < covered < 0.99


def test_bootstrap_of_one_user_and_of_equal_users():
    assert bootstrap_interval([0.3]) == Interval(0.3, 0.3, 0.3)
    assert bootstrap_interval(pd.Series([2.0] * 5)) == Interval(2.0, 2.0, 2.0)


def test_bootstrap_is_reproducible_and_follows_the_seed():
    values = np.arange(30.0)
    assert bootstrap_interval(values) == bootstrap_interval(values)
    assert bootstrap_interval(values) != bootstrap_interval(values, random_state=1)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20), st.floats(-3, 3))
def test_bootstrap_moves_with_the_values(values, shift):
    here = bootstrap_interval(values, n_draws=50)
    there = bootstrap_interval(np.array(values) + shift, n_draws=50)
    for end in ("mean", "low", "high"):
        assert getattr(there, end) == pytest.approx(getattr(here, end) + shift, abs=1e-9)
    assert here.low <= here.high


def test_a_wider_level_gives_a_wider_interval():
    values = np.random.default_rng(1).random(40)
    narrow, wide = (bootstrap_interval(values, level=level) for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("values", [[], [1.0, np.nan], [[1.0, 2.0], [3.0, 4.0]]])
def test_values_that_are_not_one_number_per_user_are_refused(values):
    with pytest.raises(ValueError, match="one number per user"):
        bootstrap_interval(values)


@pytest.mark.parametrize("level", [0, 1, -0.5, 95])
def test_impossible_levels_are_refused(level):
    with pytest.raises(ValueError, match="level"):
        bootstrap_interval([1.0, 2.0], level=level)


def test_interval_in_print():
    assert str(Interval(0.5, 0.25, 0.75)) == "0.5000 [0.2500, 0.7500]"


def test_the_draws_are_those_of_a_loop_over_draws():
    """Results that chapters quote must not move when the loop becomes an array."""
    values = np.random.default_rng(2).random(37)
    rng = np.random.default_rng(0)
    means = [values[rng.integers(37, size=37)].mean() for _ in range(500)]
    found = bootstrap_interval(values, n_draws=500)
    assert [found.low, found.high] == np.quantile(means, [0.025, 0.975]).tolist()


@pytest.mark.parametrize("cells", [1, 100, 130])  # 1, 2, 3 draws at once; 3 does not divide 2000
def test_the_size_of_the_blocks_changes_nothing(monkeypatch, cells):
    values = np.random.default_rng(3).random(41)
    at_once = bootstrap_interval(values)
    monkeypatch.setattr(resampling, "CELLS_AT_ONCE", cells)
    assert bootstrap_interval(values) == at_once


def test_one_draw_is_an_interval_without_width():
    found = bootstrap_interval([1.0, 3.0], n_draws=1)
    assert found.low == found.high and found.low in (1, 2, 3) and found.mean == 2


def test_no_draws_are_refused():
    with pytest.raises(ValueError, match="n_draws=0"):
        bootstrap_interval([1.0], n_draws=0)


# ------------------------------------------------------------------ pairs


def test_a_comparison_is_the_interval_of_the_differences():
    rng = np.random.default_rng(4)
    a, b = rng.random(60), rng.random(60)
    found = paired_bootstrap(a, b)
    assert found.difference == bootstrap_interval(a - b)
    draws = np.random.default_rng(0).integers(60, size=(2000, 60))
    assert found.share_below == np.mean((a - b)[draws].mean(axis=1) < 0)


def test_pairs_are_far_narrower_than_two_intervals():
    rng = np.random.default_rng(5)
    user = rng.normal(0, 1, 400)
    a, b = user + rng.normal(0.05, 0.1, 400), user + rng.normal(0, 0.1, 400)
    one, other = bootstrap_interval(a), bootstrap_interval(b)
    assert one.low < other.high  # Apart, nothing can be told.
    found = paired_bootstrap(a, b)
    assert found.difference.low > 0 and found.share_below < 0.01
    assert found.difference.high - found.difference.low < 0.25 * (one.high - one.low)


def test_a_comparison_turned_round():
    rng = np.random.default_rng(6)
    a, b = rng.random(50), rng.random(50)
    here, there = paired_bootstrap(a, b), paired_bootstrap(b, a)
    assert here.difference.mean == pytest.approx(-there.difference.mean)
    assert here.difference.low == pytest.approx(-there.difference.high)
    assert here.share_below == pytest.approx(1 - there.share_below)
    assert here.p_value == pytest.approx(there.p_value)


def test_a_recommender_against_itself():
    found = paired_bootstrap([0.1, 0.9, 0.4], [0.1, 0.9, 0.4])
    assert found.difference == Interval(0, 0, 0) and found.share_below == 0.5
    assert found.p_value == 1


def test_the_p_value_is_never_zero():
    found = paired_bootstrap([1.0, 2.0, 3.0], [0.0, 1.0, 2.0], n_draws=99)
    assert found.share_below == 0 and found.p_value == pytest.approx(0.02)


def test_p_values_of_useless_variants_are_spread_evenly():
    rng = np.random.default_rng(8)
    p = [
        paired_bootstrap(rng.normal(size=80), rng.normal(size=80), n_draws=400).p_value
        for _ in range(300)
    ]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.1
    assert 0.4 < np.mean(np.array(p) < 0.5) < 0.6


def test_series_are_matched_by_user():
    a = pd.Series([0.1, 0.5, 0.9], index=[1, 2, 3])
    b = pd.Series([0.9, 0.1, 0.5], index=[3, 1, 2])
    assert paired_bootstrap(a, b).difference == Interval(0, 0, 0)


@pytest.mark.parametrize("users", [[1, 2, 4], [1, 2], [1, 2, 3, 4]])
def test_other_users_are_refused(users):
    a = pd.Series([0.1, 0.5, 0.9], index=[1, 2, 3])
    with pytest.raises(ValueError, match="not about the same users"):
        paired_bootstrap(a, pd.Series(0.5, index=users))


def test_a_user_twice_is_refused():
    a = pd.Series([0.1, 0.5], index=[1, 1])
    with pytest.raises(ValueError, match="twice"):
        paired_bootstrap(a, a)


def test_other_numbers_of_users_are_refused():
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_bootstrap([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="one number per user"):
        paired_bootstrap([np.nan], [1.0])


def test_comparison_in_print():
    text = str(paired_bootstrap([1.0, 1.0], [0.5, 0.5]))
    assert text == "0.5000 [0.5000, 0.5000], 0.0% of the draws below 0"


# ------------------------------------------------------------------ many comparisons


def holm_by_definition(p_values):
    """Reject step by step at each possible level; the adjusted p is the lowest that rejects."""
    m = len(p_values)
    ranked = sorted(range(m), key=lambda i: p_values[i])
    adjusted, so_far = [0.0] * m, 0.0
    for step, i in enumerate(ranked):
        so_far = max(so_far, min(1.0, (m - step) * p_values[i]))
        adjusted[i] = so_far
    return adjusted


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_equals_its_definition(p_values):
    assert holm(p_values).tolist() == pytest.approx(holm_by_definition(p_values))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_no_correction_and_bonferroni(p_values):
    adjusted, raw = holm(p_values), np.array(p_values)
    assert (adjusted >= raw).all()
    assert (adjusted <= np.minimum(1, len(raw) * raw) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(raw, kind="stable")]) >= 0).all()


def test_holm_of_one_and_of_equal_ones():
    assert holm([0.03]).tolist() == [0.03]
    assert holm([0.02, 0.02, 0.02]).tolist() == pytest.approx([0.06] * 3)


def test_holm_keeps_names():
    found = holm(pd.Series({"b": 0.04, "a": 0.01}))
    assert found.to_dict() == {"b": 0.04, "a": 0.02}


def test_holm_finds_a_false_one_in_at_most_one_family_of_twenty():
    families = np.random.default_rng(1).random((2000, 20))
    alarms = np.mean([holm(p).min() < 0.05 for p in families])
    assert 0.035 < alarms < 0.065
    assert np.mean(families.min(axis=1) < 0.05) > 0.6


@pytest.mark.parametrize("bad", [[], [0.5, np.nan], [-0.1], [1.2], [[0.1, 0.2]]])
def test_impossible_p_values_are_refused(bad):
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm(bad)


# ------------------------------------------------------------------ different users


def test_unpaired_is_the_difference_of_means_and_changes_sign_with_the_sides():
    a, b = np.random.default_rng(1).random(60) + 0.1, np.random.default_rng(2).random(25)
    here, there = unpaired_bootstrap(a, b), unpaired_bootstrap(b, a)
    assert here.difference.mean == pytest.approx(a.mean() - b.mean())
    assert there.difference.mean == pytest.approx(-here.difference.mean)
    assert here.difference.low < here.difference.mean < here.difference.high
    spread = np.sqrt(a.var() / 60 + b.var() / 25)
    width = here.difference.high - here.difference.low
    assert width == pytest.approx(2 * 1.96 * spread, rel=0.1)


def test_the_two_sides_are_not_drawn_alike():
    same = np.random.default_rng(0).random(40)
    apart = unpaired_bootstrap(same, same)
    assert apart.difference.high - apart.difference.low > 0.1, "one stream would cancel itself"
    assert apart.p_value > 0.5


def test_unpaired_calls_a_difference_that_is_not_there_about_as_often_as_it_says():
    rng = np.random.default_rng(4)
    p = [
        unpaired_bootstrap(rng.normal(size=50), rng.normal(size=30), n_draws=400).p_value
        for _ in range(200)
    ]
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.11


@pytest.mark.parametrize(("a", "b"), [([], [1.0]), ([1.0], []), ([1.0, np.nan], [1.0])])
def test_unpaired_refuses_an_empty_side_and_missing_values(a, b):
    with pytest.raises(ValueError, match="one number per user"):
        unpaired_bootstrap(a, b)
