"""What a class learnt between two tests, and how sure that is.

For the class test before and after a workshop (`tools/class_tests.py`); chapter 11 teaches the
bootstrap.  People are what is drawn, and each stays a pair: her share before and after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LearningGain:
    """A class before and after.

    Attributes
    ----------
    before, after : float
        Mean shares of right answers.
    gain, low, high : float
        ``after - before`` and its interval.
    normalised, normalised_low, normalised_high : float
        ``gain / (1 - before)`` of the class and its interval; nan if everything was right before.
    n_people : int
        People with both tests.
    """

    before: float
    after: float
    gain: float
    low: float
    high: float
    normalised: float
    normalised_low: float
    normalised_high: float
    n_people: int


def learning_gain(
    before: Sequence[float] | np.ndarray,
    after: Sequence[float] | np.ndarray,
    *,
    level: float = 0.95,
    n_draws: int = 4000,
    random_state: int = 0,
) -> LearningGain:
    """Gain and normalised gain of a class, with percentile bootstrap intervals over people.

    Parameters
    ----------
    before, after : sequence of float
        Share of right answers of each person, from 0 to 1, in the same order.
    level : float
        Coverage of the intervals, between 0 and 1.
    n_draws : int
        Bootstrap samples, at least 1.
    random_state : int
        Seed.

    Returns
    -------
    LearningGain
        Means, gain, normalised gain and their intervals.

    Raises
    ------
    ValueError
        If there is nobody, the lengths differ, a share is missing or not from 0 to 1, `level` is
        not between 0 and 1, or `n_draws` is less than 1.

    Notes
    -----
    The normalised gain is taken of the means, not averaged over people: one person who had nearly
    everything right before would otherwise outweigh all others.

    References
    ----------
    Efron and Tibshirani (1993). [efron1993bootstrap]

    Examples
    --------
    >>> found = learning_gain([0.2, 0.4, 0.6], [0.6, 0.7, 0.8])
    >>> round(found.gain, 2), round(found.normalised, 2), found.n_people
    (0.3, 0.5, 3)
    """
    one, other = (np.asarray(shares, dtype=float) for shares in (before, after))
    if one.ndim != 1 or one.shape != other.shape or not len(one):
        raise ValueError("give one share before and one after for each person, in the same order")
    if not all(((shares >= 0) & (shares <= 1)).all() for shares in (one, other)):
        raise ValueError("shares of right answers go from 0 to 1, and none may be missing")
    if not 0 < level < 1 or n_draws < 1:
        raise ValueError("level lies between 0 and 1, and n_draws is at least 1")
    rng = np.random.default_rng(random_state)
    drawn = rng.integers(0, len(one), size=(n_draws, len(one)))
    starts, gains = one[drawn].mean(axis=1), (other - one)[drawn].mean(axis=1)
    ends = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(gains, ends)
    start, gain = one.mean(), (other - one).mean()
    # A class that had everything right cannot be divided by what it lacked.
    known = starts < 1
    shares = gains[known] / (1 - starts[known])
    whole = bool(start < 1) and len(shares) > 0
    g_low, g_high = np.quantile(shares, ends) if whole else (np.nan, np.nan)
    return LearningGain(
        before=float(start),
        after=float(other.mean()),
        gain=float(gain),
        low=float(low),
        high=float(high),
        normalised=float(gain / (1 - start)) if whole else float("nan"),
        normalised_low=float(g_low),
        normalised_high=float(g_high),
        n_people=len(one),
    )
