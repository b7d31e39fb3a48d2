"""Who is served less well, and who is shown: gaps between groups of users, exposure of items.

Taught in chapter 15.  A mean over all users is an average over groups of very different sizes, and
a recommender learns most from the largest.  Gaps come with intervals and with a correction for the
number of groups; the group that looks worst is often only the smallest.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from recsys_tutorial.evaluation.resampling import bootstrap_interval, holm, unpaired_bootstrap

# A bootstrap of fewer users is too sure of itself: with five users a gap that is not there has
# p < 0.05 in about one case of six, with two in every other one.
MIN_USERS = 10


def group_gaps(
    values: pd.Series,
    groups: pd.Series,
    *,
    n_draws: int = 2000,
    level: float = 0.95,
    random_state: int = 0,
) -> pd.DataFrame:
    """Compare each group of users with everybody else, honestly.

    The users of a group and the others are different people, so the bootstrap is unpaired: both
    sides are drawn anew, each from its own users.  With fewer than ten users on a side there is a
    mean and a gap, but no interval and no p-value (NaN).

    Parameters
    ----------
    values : Series
        A metric per user, or the difference of two recommenders per user (then a gap says who
        gains more), indexed by user.
    groups : Series
        The group of each user, indexed by user; every user of `values` needs one.
    n_draws : int
        Bootstrap samples.
    level : float
        Coverage of the intervals.
    random_state : int
        Seed.

    Returns
    -------
    DataFrame
        Indexed by group in the order of their names: ``n_users``; ``mean`` with ``low`` and
        ``high``; ``gap`` (mean of the group minus mean of all others) with ``gap_low`` and
        ``gap_high``; ``p_value`` of the gap, and ``p_holm``, adjusted for the number of p-values.

    Raises
    ------
    ValueError
        If a user has no group or no value, or there is only one group.

    Examples
    --------
    >>> users = pd.RangeIndex(40)
    >>> served = pd.Series([0.2, 0.4] * 10 + [0.7, 0.9] * 10, users)
    >>> kind = pd.Series(["few"] * 20 + ["many"] * 20, users)
    >>> group_gaps(served, kind)["gap"].round(2).to_dict()
    {'few': -0.5, 'many': 0.5}
    """
    if not values.index.is_unique or not groups.index.is_unique:
        raise ValueError("A user stands twice in the index. Give one number per user.")
    of_user = groups.reindex(values.index)
    if of_user.isna().any() or values.isna().any():
        raise ValueError("A user has no group or no value. Leave her out, or give her a group.")
    names = sorted(of_user.unique())
    if len(names) < 2:
        raise ValueError("One group has nobody to be compared with.")
    rows = {}
    for name in names:
        inside = (of_user == name).to_numpy()
        ours, others = values[inside].to_numpy(float), values[~inside].to_numpy(float)
        own = bootstrap_interval(ours, n_draws=n_draws, level=level, random_state=random_state)
        apart = unpaired_bootstrap(
            ours, others, n_draws=n_draws, level=level, random_state=random_state
        )
        rows[name] = {
            "n_users": len(ours),
            "mean": own.mean,
            "low": own.low,
            "high": own.high,
            "gap": apart.difference.mean,
            "gap_low": apart.difference.low,
            "gap_high": apart.difference.high,
            "p_value": apart.p_value,
        }
        if len(ours) < MIN_USERS:
            rows[name].update(low=np.nan, high=np.nan)
        if min(len(ours), len(others)) < MIN_USERS:
            rows[name].update(gap_low=np.nan, gap_high=np.nan, p_value=np.nan)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")
    table["n_users"] = table["n_users"].astype(int)
    tested = table["p_value"].dropna()
    return table.assign(p_holm=holm(tested) if len(tested) else np.nan)


def item_exposure(recommendations: pd.DataFrame, items: pd.Index, k: int) -> pd.Series:
    """How much attention each item gets from all lists together.

    A place at rank r is worth ``1 / log2(r + 1)``, as in nDCG.

    Parameters
    ----------
    recommendations : DataFrame
        Columns ``user``, ``rank`` and ``item``.
    items : Index
        The catalogue, shown or not.
    k : int
        Places that count.

    Returns
    -------
    Series
        Share of all attention, indexed by item; sums to 1, or to 0 if nothing was shown.

    Raises
    ------
    ValueError
        If `k` is less than 1, or an item is not in the catalogue.

    References
    ----------
    Singh and Joachims (2018). [singh2018fairness]

    Examples
    --------
    >>> lists = pd.DataFrame({"user": [1, 1, 2], "rank": [1, 2, 1], "item": ["a", "b", "a"]})
    >>> item_exposure(lists, pd.Index(["a", "b", "c"]), k=2).round(2).tolist()
    [0.76, 0.24, 0.0]
    """
    if k < 1:
        raise ValueError(f"k={k} must be at least 1.")
    shown = recommendations[recommendations["rank"] <= k]
    places = items.get_indexer(pd.Index(shown["item"]))
    if (places < 0).any():
        raise ValueError("An item was recommended that is not in the catalogue.")
    worth = 1 / np.log2(shown["rank"].to_numpy(float) + 1)
    exposure = np.bincount(places, worth, minlength=len(items))
    total = exposure.sum()
    return pd.Series(exposure / (total if total > 0 else 1), items, name="exposure")


def gini(values: np.ndarray | pd.Series) -> float:
    """Inequality of non-negative numbers: 0 if all are equal, near 1 if one has everything.

    Parameters
    ----------
    values : ndarray or Series
        Exposure, income, counts: at least one positive number.

    Returns
    -------
    float
        Mean absolute difference of two values drawn at random, divided by twice their mean.

    Raises
    ------
    ValueError
        If a value is negative or missing, or all are 0.

    Examples
    --------
    >>> gini(np.array([1, 1, 1])), gini(np.array([0, 0, 0, 1]))
    (0.0, 0.75)
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    if ordered.size == 0 or not (ordered >= 0).all() or ordered.sum() == 0:
        raise ValueError("Give numbers of 0 or more, at least one of them positive.")
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum()))
