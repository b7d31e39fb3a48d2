"""Measuring a ranked list, and being honest about it.

Sixth step of the pipeline, used in chapter 10 and taught in chapter 11.

**Who is averaged.**  One rule for every metric: all users who have at least one relevant item in
the test.  A user for whom nothing was recommended, or nothing was hit, counts as 0; she is not left
out.  (Leaving her out is the most common error in published metric code.)
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recsys_tutorial.datasets import Interactions
from recsys_tutorial.recommenders import Recommender

METRICS = ("precision", "recall", "f1", "ndcg")


def _hits(recommended: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> np.ndarray:
    if k < 1:
        raise ValueError(f"k={k} must be at least 1.")
    if len(relevant) == 0:
        raise ValueError("This user has no relevant item, so no metric is defined for her.")
    if len(set(recommended)) < len(recommended):
        raise ValueError("The list recommends an item twice; a repeated item must not count twice.")
    wanted = set(relevant)
    return np.array([item in wanted for item in list(recommended)[:k]], dtype=float)


def precision_at_k(
    recommended: Sequence[Hashable], relevant: Collection[Hashable], k: int
) -> float:
    """Of the k places, the share that holds a relevant item.

    Empty places count: a list shorter than k is divided by k all the same.

    Parameters
    ----------
    recommended : sequence
        Items for one user, best first, without repeats.
    relevant : collection
        The user's test items, at least one.
    k : int
        Places that count.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If `relevant` is empty, an item is recommended twice, or `k` is less than 1.

    Examples
    --------
    >>> precision_at_k(["a", "b", "c", "d"], {"a", "c", "x"}, 4)
    0.5
    """
    return float(_hits(recommended, relevant, k).sum() / k)


def recall_at_k(recommended: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """Of the relevant items, the share that is among the first k.

    Parameters
    ----------
    recommended, relevant, k
        As in `precision_at_k`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        As in `precision_at_k`.

    Examples
    --------
    >>> recall_at_k(["a", "b", "c", "d"], {"a", "c", "x"}, 4)
    0.6666666666666666
    """
    return float(_hits(recommended, relevant, k).sum() / len(set(relevant)))


def f1_at_k(recommended: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """Harmonic mean of precision and recall at k; 0 if both are 0.

    Parameters
    ----------
    recommended, relevant, k
        As in `precision_at_k`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        As in `precision_at_k`.

    Examples
    --------
    >>> round(f1_at_k(["a", "b", "c", "d"], {"a", "c", "x"}, 4), 4)
    0.5714
    """
    hits = _hits(recommended, relevant, k).sum()
    return float(2 * hits / (k + len(set(relevant))))


def ndcg_at_k(recommended: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """Discounted gain of the list, divided by that of the best possible list.

    A hit at rank r is worth ``1 / log2(r + 1)``; the best list has its hits at the first
    ``min(k, number of relevant items)`` ranks.

    Parameters
    ----------
    recommended, relevant, k
        As in `precision_at_k`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        As in `precision_at_k`.

    References
    ----------
    Järvelin and Kekäläinen (2002). [jarvelin2002cumulated]

    Examples
    --------
    >>> ndcg_at_k(["a", "b"], {"a"}, 2), round(ndcg_at_k(["b", "a"], {"a"}, 2), 4)
    (1.0, 0.6309)
    """
    hits = _hits(recommended, relevant, k)
    worth = 1 / np.log2(np.arange(2, k + 2))
    best = worth[: len(set(relevant))].sum()
    return float(hits @ worth[: len(hits)] / best)


_FUNCTIONS = dict(zip(METRICS, (precision_at_k, recall_at_k, f1_at_k, ndcg_at_k), strict=True))


def coverage_at_k(recommendations: pd.DataFrame, n_items: int, k: int) -> float:
    """Share of the catalogue that anybody gets to see in the first k places.

    Parameters
    ----------
    recommendations : DataFrame
        Columns ``user``, ``rank`` and ``item``.
    n_items : int
        Size of the catalogue.
    k : int
        Places that count.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If more items were recommended than the catalogue holds, or `k` or `n_items` is less than 1.

    Examples
    --------
    >>> lists = pd.DataFrame({"user": [1, 2], "rank": [1, 1], "item": ["a", "a"]})
    >>> coverage_at_k(lists, n_items=4, k=1)
    0.25
    """
    if k < 1 or n_items < 1:
        raise ValueError(f"k={k} and n_items={n_items} must be at least 1.")
    shown = recommendations.loc[recommendations["rank"] <= k, "item"].nunique()
    if shown > n_items:
        raise ValueError(f"{shown} different items recommended from a catalogue of {n_items}.")
    return shown / n_items


def relevant_items(
    test: Interactions, *, min_rating: float | None = None
) -> dict[Hashable, set[Hashable]]:
    """Collect what each test user turned out to want.

    Parameters
    ----------
    test : Interactions
        The held-out events.
    min_rating : float, optional
        Count an event only if its rating is at least this; by default every event counts.

    Returns
    -------
    dict
        User id to set of item ids; users without a relevant item are absent.

    Examples
    --------
    >>> log = pd.DataFrame({"user": [1, 1], "item": ["a", "b"], "rating": [5, 2]})
    >>> relevant_items(Interactions.from_frame(log, timestamp=None), min_rating=4)
    {1: {'a'}}
    """
    events = test.events
    if min_rating is not None:
        events = events[events["rating"] >= min_rating]
    return {user: set(items) for user, items in events.groupby("user", observed=True)["item"]}


def per_user_metrics(
    recommendations: pd.DataFrame, relevant: Mapping[Hashable, Collection[Hashable]], k: int
) -> pd.DataFrame:
    """Precision, recall, F1 and nDCG at k of every user who has a relevant item.

    Parameters
    ----------
    recommendations : DataFrame
        Columns ``user``, ``rank`` and ``item``; users may be missing, which costs them everything.
    relevant : mapping
        User id to relevant items (see `relevant_items`).
    k : int
        Places that count.

    Returns
    -------
    DataFrame
        Indexed by user, columns ``precision``, ``recall``, ``f1`` and ``ndcg``.

    Raises
    ------
    ValueError
        As in `precision_at_k`.

    Examples
    --------
    >>> lists = pd.DataFrame({"user": [1], "rank": [1], "item": ["a"]})
    >>> per_user_metrics(lists, {1: {"a"}, 2: {"b"}}, k=1)["recall"].tolist()
    [1.0, 0.0]
    """
    ranked = recommendations.sort_values("rank").groupby("user")["item"].agg(list).to_dict()
    rows = {
        user: {name: metric(ranked.get(user, []), items, k) for name, metric in _FUNCTIONS.items()}
        for user, items in relevant.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(METRICS))
    return table.rename_axis("user")


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
        Bootstrap samples.
    random_state : int
        Seed.

    Returns
    -------
    Interval
        Mean, lower and upper end.

    Raises
    ------
    ValueError
        If there are no values, one is missing, they are not a flat sequence, or `level` is not
        between 0 and 1.

    Examples
    --------
    >>> bootstrap_interval([0.5, 0.5, 0.5])
    Interval(mean=0.5, low=0.5, high=0.5)
    """
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or array.size == 0 or np.isnan(array).any():
        raise ValueError("Give one number per user; there were none, or some were missing.")
    if not 0 < level < 1:
        raise ValueError(f"level={level} must lie between 0 and 1.")
    rng = np.random.default_rng(random_state)
    means = [array[rng.integers(array.size, size=array.size)].mean() for _ in range(n_draws)]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(array.mean()), float(low), float(high))


def leaderboard(
    recommenders: Mapping[str, Recommender],
    test: Interactions,
    *,
    k: int = 20,
    min_rating: float | None = None,
    baseline: str | None = None,
) -> pd.DataFrame:
    """Compare fitted recommenders on the same test.

    Parameters
    ----------
    recommenders : mapping of str to Recommender
        Fitted on the same training matrix.
    test : Interactions
        The held-out events.
    k : int
        Places that count.
    min_rating : float, optional
        As in `relevant_items`.
    baseline : str, optional
        Name of the recommender to compare with; by default the first.

    Returns
    -------
    DataFrame
        One row per recommender: the mean of each metric, ``coverage``, ``ndcg_ratio`` (to the
        baseline), and ``gain_low``, ``gain_high``: a 95 % interval of the paired nDCG difference.

    Raises
    ------
    ValueError
        If there are no recommenders, or no user has a relevant item.
    KeyError
        If `baseline` is not among the recommenders.

    Examples
    --------
    >>> from recsys_tutorial.preprocessing import split_random, user_item_matrix
    >>> from recsys_tutorial.recommenders import Popularity
    >>> log = pd.DataFrame({"user": [1, 1, 2, 2], "item": ["a", "b", "a", "b"]})
    >>> train, test = split_random(Interactions.from_frame(log, rating=None, timestamp=None))
    >>> leaderboard({"popularity": Popularity().fit(user_item_matrix(train))}, test, k=1)["recall"]
    recommender
    popularity    1.0
    Name: recall, dtype: float64
    """
    if not recommenders:
        raise ValueError("Give at least one fitted recommender.")
    first = next(iter(recommenders)) if baseline is None else baseline
    if first not in recommenders:
        raise KeyError(f"baseline={first!r} is not among {list(recommenders)}.")
    relevant = relevant_items(test, min_rating=min_rating)
    if not relevant:
        raise ValueError("No user has a relevant item in the test. Lower min_rating.")
    tables, rows = {}, {}
    for name, recommender in recommenders.items():
        known = [user for user in relevant if user in recommender.matrix_.users]
        lists = recommender.recommend(known, k)
        tables[name] = per_user_metrics(lists, relevant, k)
        coverage = coverage_at_k(lists, len(recommender.matrix_.items), k)
        rows[name] = {**tables[name].mean(), "coverage": coverage}
    reference = tables[first]["ndcg"]
    for name, table in tables.items():
        gain = bootstrap_interval(table["ndcg"] - reference)
        ratio = table["ndcg"].mean() / reference.mean() if reference.mean() > 0 else np.nan
        rows[name] |= {"ndcg_ratio": ratio, "gain_low": gain.low, "gain_high": gain.high}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("recommender")
