"""Exponents and extrapolations, against closed forms and their own limits."""

import numpy as np
import pytest

from recsys_tutorial.evaluation import extrapolate_growth, growth_exponent


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("factor", [1e-6, 7.0])
def test_a_pure_power_is_found_and_carried_on(exponent, factor):
    sizes = np.array([100, 300, 1000, 5000])
    costs = factor * sizes**exponent
    assert growth_exponent(sizes, costs) == pytest.approx(exponent, abs=1e-9)
    far = extrapolate_growth(sizes, costs, [1e6])
    assert np.allclose(far.to_numpy(), factor * 1e6**exponent)


def test_the_units_do_not_matter():
    sizes, costs = np.array([10, 20, 70]), np.array([3.0, 9.0, 20.0])
    plain = growth_exponent(sizes, costs)
    assert growth_exponent(np.multiply(sizes, 1000), np.multiply(costs, 1e3)) == pytest.approx(
        plain
    )


def test_the_slope_is_that_of_least_squares():
    rng = np.random.default_rng(0)
    x, y = rng.random(9), rng.random(9)
    want = np.cov(x, y, ddof=0)[0, 1] / x.var()
    assert growth_exponent(np.exp(x), np.exp(y)) == pytest.approx(want)


def test_the_range_is_that_of_the_lines_without_one_point():
    sizes, costs = np.array([1.0, 2, 4, 8]), np.array([1.0, 2.5, 4, 9])
    found = extrapolate_growth(sizes, costs, [64]).iloc[0]
    without = []
    for left_out in range(4):
        keep = np.arange(4) != left_out
        slope, start = np.polyfit(np.log2(sizes[keep]), np.log2(costs[keep]), 1)
        without.append(2 ** (start + slope * 6))
    assert found["low"] == pytest.approx(min(without))
    assert found["high"] == pytest.approx(max(without))
    assert found["low"] < found["cost"] < found["high"]


@pytest.mark.parametrize(
    ("sizes", "costs", "words"),
    [
        ([1, 1], [1, 2], "no slope"),
        ([1, 2], [0, 1], "positive"),
        ([0, 2], [1, 2], "positive"),
        ([1, 2], [1, np.nan], "positive"),
        ([1, 2, 3], [1, 2], "one cost for each size"),
        ([], [], "no slope"),
    ],
)
def test_bad_measurements_are_refused(sizes, costs, words):
    with pytest.raises(ValueError, match=words):
        growth_exponent(sizes, costs)


def test_two_points_have_no_range():
    with pytest.raises(ValueError, match="three sizes"):
        extrapolate_growth([1, 2], [1, 2], [4])
