"""Is a difference more than luck?  Bootstrap intervals, paired comparisons, many comparisons.

Taught in chapter 11.  Users are what is drawn: the question is always what other users of the
same kind would have shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import pandas as pd

# Random numbers held in memory at once: 16 MB.
CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Interval:
    """A mean with the range in which it may plausibly lie.

    Attributes
    ----------
    mean, low, high : float
        The mean, and the ends of the interval.
    """

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return ``mean [low, high]``."""
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"


def bootstrap_interval(
    values: Sequence[float] | np.ndarray | pd.Series,
    *,
    level: float = 0.95,
    n_draws: int = 2000,
    random_state: int = 0,
) -> Interval:
    """Mean over users, with a percentile bootstrap interval.

    Users are drawn with replacement.  The interval speaks about other users of the same kind; it
    says nothing about other data sets or other splits.

    Parameters
    ----------
    values : sequence of float
        One value per user, or one *difference* per user to compare two recommenders in pairs.
    level : float
        Coverage of the interval, between 0 and 1.
    n_draws : int
        Bootstrap samples, at least 1.
    random_state : int
        Seed.

    Returns
    -------
    Interval
        Mean, lower and upper end.

    Raises
    ------
    ValueError
        If there are no values, one is missing, they are not a flat sequence, `level` is not
        between 0 and 1, or `n_draws` is less than 1.

    References
    ----------
    Efron and Tibshirani (1993). [efron1993bootstrap]

    Examples
    --------
    >>> bootstrap_interval([0.5, 0.5, 0.5])
    Interval(mean=0.5, low=0.5, high=0.5)
    """
    array = _one_number_per_user(values)
    return _interval(array.mean(), _means_of_draws(array, n_draws, random_state), level)


def _one_number_per_user(values: Sequence[float] | np.ndarray | pd.Series) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or array.size == 0 or np.isnan(array).any():
        raise ValueError("Give one number per user; there were none, or some were missing.")
    return array


def _means_of_draws(
    array: np.ndarray, n_draws: int, random_state: int | Sequence[int]
) -> np.ndarray:
    """Draw users with replacement `n_draws` times; the mean of each draw."""
    if n_draws < 1:
        raise ValueError(f"n_draws={n_draws} must be at least 1.")
    rng = np.random.default_rng(random_state)
    # Blocks keep the memory bounded; the stream of random numbers does not depend on them.
    block = max(1, CELLS_AT_ONCE // array.size)
    sizes = [min(block, n_draws - done) for done in range(0, n_draws, block)]
    draws = (rng.integers(array.size, size=(size, array.size)) for size in sizes)
    return np.concatenate([array[drawn].mean(axis=1) for drawn in draws])


def _interval(mean: float, means: np.ndarray, level: float) -> Interval:
    if not 0 < level < 1:
        raise ValueError(f"level={level} must lie between 0 and 1.")
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(mean), float(low), float(high))


def _comparison(mean: float, means: np.ndarray, level: float) -> Comparison:
    below = float(np.mean(means < 0) + np.mean(means == 0) / 2)
    return Comparison(_interval(mean, means, level), below, len(means))


@dataclass(frozen=True)
class Comparison:
    """What a bootstrap found: by how much the first is better than the second.

    Attributes
    ----------
    difference : Interval
        By how much, on average, with its interval.
    share_below : float
        Share of the draws in which the first was worse on average; a draw without a difference
        counts half.
    n_draws : int
        Number of draws.
    """

    difference: Interval
    share_below: float
    n_draws: int

    @property
    def p_value(self) -> float:
        """Two-sided bootstrap p-value; never 0, since more draws might have shown a worse one."""
        rarer = min(self.share_below, 1 - self.share_below) * self.n_draws
        return min(1.0, 2 * (rarer + 1) / (self.n_draws + 1))

    def __str__(self) -> str:
        """Return the difference with its interval, and the share of draws below 0."""
        return f"{self.difference}, {self.share_below:.1%} of the draws below 0"


def paired_bootstrap(
    a: Sequence[float] | np.ndarray | pd.Series,
    b: Sequence[float] | np.ndarray | pd.Series,
    *,
    level: float = 0.95,
    n_draws: int = 2000,
    random_state: int = 0,
) -> Comparison:
    """Compare two recommenders on the same users: bootstrap of the difference, user by user.

    Some users are hard for every recommender and some are easy.  In the difference within a user
    this cancels; in two separate intervals it does not, and they are far too wide.

    Parameters
    ----------
    a, b : sequence of float
        The metric of each user under either recommender.  Two Series are matched by user,
        whatever their order; other sequences by position.
    level : float
        Coverage of the interval, between 0 and 1.
    n_draws : int
        Bootstrap samples, at least 1.
    random_state : int
        Seed.

    Returns
    -------
    Comparison
        The interval of ``a - b``, and the share of draws below 0.

    Raises
    ------
    ValueError
        If the two are not about the same users, or as in `bootstrap_interval`.

    References
    ----------
    Efron and Tibshirani (1993). [efron1993bootstrap]

    Examples
    --------
    >>> found = paired_bootstrap([0.5, 0.7, 0.9], [0.4, 0.6, 0.8])
    >>> round(found.difference.mean, 6), found.share_below
    (0.1, 0.0)
    """
    differences = _one_number_per_user(_matched(a, b))
    means = _means_of_draws(differences, n_draws, random_state)
    return _comparison(differences.mean(), means, level)


def unpaired_bootstrap(
    a: Sequence[float] | np.ndarray | pd.Series,
    b: Sequence[float] | np.ndarray | pd.Series,
    *,
    level: float = 0.95,
    n_draws: int = 2000,
    random_state: int = 0,
) -> Comparison:
    """Compare two groups of different users: both sides are drawn anew, each from its own users.

    Parameters
    ----------
    a, b : sequence of float
        The metric of each user of either group; the groups may differ in size.
    level, n_draws, random_state
        As in `paired_bootstrap`.

    Returns
    -------
    Comparison
        The interval of the difference of the two means, and the share of draws below 0.

    Raises
    ------
    ValueError
        If a group is empty or a value is missing, or as in `bootstrap_interval`.

    Notes
    -----
    Chapter 15.  With a handful of users it is far too sure of itself; `group_gaps` asks for ten.

    References
    ----------
    Efron and Tibshirani (1993). [efron1993bootstrap]

    Examples
    --------
    >>> found = unpaired_bootstrap([0.5, 0.7, 0.9, 0.7], [0.2, 0.4])
    >>> round(found.difference.mean, 6), found.share_below
    (0.4, 0.0)
    """
    first, second = _one_number_per_user(a), _one_number_per_user(b)
    # Two streams: one and the same would draw both sides alike.
    means = _means_of_draws(first, n_draws, [random_state, 0])
    means = means - _means_of_draws(second, n_draws, [random_state, 1])
    return _comparison(first.mean() - second.mean(), means, level)


def _matched(
    a: Sequence[float] | np.ndarray | pd.Series, b: Sequence[float] | np.ndarray | pd.Series
) -> np.ndarray:
    if isinstance(a, pd.Series) and isinstance(b, pd.Series):
        if not (a.index.is_unique and b.index.is_unique):
            raise ValueError("A user stands twice in the index. Give one number per user.")
        if len(a) != len(b) or not a.index.isin(b.index).all():
            raise ValueError("The two are not about the same users. Evaluate both on one test.")
        b = b.loc[a.index]
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if first.shape != second.shape:
        raise ValueError(f"{first.shape} and {second.shape} numbers cannot be paired by user.")
    return first - second


@overload
def holm(p_values: pd.Series) -> pd.Series: ...
@overload
def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray: ...
def holm(p_values: Sequence[float] | np.ndarray | pd.Series) -> np.ndarray | pd.Series:
    """Adjust p-values for the number of comparisons (Holm's step-down method).

    The smallest of m p-values is multiplied by m, the next by m - 1, and so on; no adjusted value
    is smaller than one before it, and none exceeds 1.  Whoever then calls everything below 0.05 a
    finding makes, with a probability of at least 95 %, no false one at all.

    Parameters
    ----------
    p_values : sequence of float
        One p-value per comparison, *all* comparisons that were made.

    Returns
    -------
    ndarray or Series
        Adjusted p-values in the order given; a Series keeps its index.

    Raises
    ------
    ValueError
        If there are none, or one is not between 0 and 1.

    References
    ----------
    Holm (1979). [holm1979simple]

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=float)
    if values.ndim != 1 or values.size == 0 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("Give p-values, each between 0 and 1, in a flat sequence.")
    order = np.argsort(values, kind="stable")
    stepped = values[order] * np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1)
    return pd.Series(adjusted, p_values.index) if isinstance(p_values, pd.Series) else adjusted
