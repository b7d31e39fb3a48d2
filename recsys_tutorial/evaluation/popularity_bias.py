"""Whether lists show what is popular more than their readers ever asked for.

Taught in chapter 15.  Whether popular items are *good* is no question here; the question is whether
a user is shown more of the crowd's taste than is in her own history.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.evaluation.describing import _shown
from recsys_tutorial.preprocessing import UserItemMatrix


def popularity_bands(train: UserItemMatrix, *, head_share: float = 0.2) -> pd.Series:
    """Call the best-known items the head, and the rest the tail.

    Parameters
    ----------
    train : UserItemMatrix
        Who met what.
    head_share : float
        Share of all interactions that the head holds, between 0 and 1: the fewest items that hold
        as many.

    Returns
    -------
    Series of str
        ``"head"``, ``"middle"`` or ``"tail"`` for each item.  The tail is the mirror image of the
        head: the least-known items that together hold that share.

    Raises
    ------
    ValueError
        If `head_share` is not above 0 and at most one half.

    References
    ----------
    Abdollahpouri et al. (2019) cut the catalogue in this way. [abdollahpouri2019unfairness]

    Examples
    --------
    >>> met = sparse.csr_array(np.tril(np.ones((6, 4))))
    >>> train = UserItemMatrix(met, pd.RangeIndex(6), pd.Index(list("abcd")))
    >>> popularity_bands(train, head_share=0.3).tolist()
    ['head', 'middle', 'middle', 'tail']
    """
    if not 0 < head_share <= 0.5:
        raise ValueError(f"head_share={head_share} must be above 0 and at most 0.5.")
    met = np.bincount(train.values.indices, minlength=len(train.items))
    order = np.argsort(-met, kind="stable")
    before = np.empty(len(met))
    before[order] = np.cumsum(met[order]) - met[order]
    total = max(1, met.sum())
    # An item is in the head if those before it do not hold the share yet.
    bands = np.where(before / total < head_share, "head", "middle")
    bands[(before >= (1 - head_share) * total) & (bands != "head")] = "tail"
    return pd.Series(bands, train.items, name="band")


def list_popularity(
    recommendations: pd.DataFrame, train: UserItemMatrix, k: int, *, head_share: float = 0.2
) -> pd.DataFrame:
    """Popularity of each user's list beside that of her history.

    The popularity of an item is the share of the training users who met it.

    Parameters
    ----------
    recommendations : DataFrame
        Columns ``user``, ``rank`` and ``item``.
    train : UserItemMatrix
        Histories of the users.
    k : int
        Places that count.
    head_share : float
        As in `popularity_bands`.

    Returns
    -------
    DataFrame
        One row per user who got a list, columns ``history`` and ``list`` (mean popularity), and
        ``tail_history`` and ``tail_list`` (share of items from the tail).

    Raises
    ------
    ValueError
        If an item is not in `train`, or `k` is less than 1.
    KeyError
        If a user who got a list is not in `train`.

    Examples
    --------
    >>> met = sparse.csr_array([[1.0, 0, 0], [1.0, 1.0, 0], [1.0, 0, 1.0], [1.0, 0, 0]])
    >>> train = UserItemMatrix(met, pd.Index([1, 2, 3, 4]), pd.Index(["a", "b", "c"]))
    >>> lists = pd.DataFrame({"user": [2], "rank": [1], "item": ["c"]})
    >>> list_popularity(lists, train, k=1)[["history", "list"]].values.tolist()
    [[0.625, 0.25]]
    """
    users, shown = _shown(recommendations, train.items, k)
    popularity = np.bincount(train.values.indices, minlength=len(train.items)) / len(train.users)
    tail = (popularity_bands(train, head_share=head_share) == "tail").to_numpy(float)
    met = train.values[train.user_rows(list(users))]
    met = sparse.csr_array((np.ones(met.nnz), met.indices, met.indptr), shape=met.shape)
    traits, columns = np.column_stack([popularity, tail]), {}
    for name, cells in (("history", met), ("list", shown)):
        sizes = np.maximum(np.diff(cells.indptr), 1)[:, None]
        columns[name], columns[f"tail_{name}"] = ((cells @ traits) / sizes).T
    order = ["history", "list", "tail_history", "tail_list"]
    return pd.DataFrame(columns, index=users)[order]


def popularity_lift(
    table: pd.DataFrame,
    groups: pd.Series | None = None,
    *,
    n_draws: int = 2000,
    level: float = 0.95,
    random_state: int = 0,
) -> pd.DataFrame:
    """How many times as popular lists are as histories, for each group of users, with intervals.

    Parameters
    ----------
    table : DataFrame
        From `list_popularity`.
    groups : Series, optional
        Group of each user, indexed by user; by default all users are one group.
    n_draws : int
        Bootstrap samples of the users of a group.
    level : float
        Coverage of the intervals.
    random_state : int
        Seed.

    Returns
    -------
    DataFrame
        Indexed by group: ``n_users``, ``history``, ``list`` (means), ``lift`` (list / history - 1:
        0 means as popular as what she chose, 1 twice as popular) with ``low`` and ``high``.

    Raises
    ------
    ValueError
        If a user has no group.

    References
    ----------
    Abdollahpouri et al. (2019) call it the change of group average popularity.
    [abdollahpouri2019unfairness]

    Examples
    --------
    >>> table = pd.DataFrame({"history": [0.1, 0.3], "list": [0.2, 0.6]}, index=[1, 2])
    >>> popularity_lift(table)["lift"].round(2).tolist()
    [1.0]
    """
    groups = pd.Series("all", table.index) if groups is None else groups.reindex(table.index)
    if groups.isna().any():
        raise ValueError("A user who got a list has no group.")
    rows = {}
    for number, (name, part) in enumerate(table.groupby(groups, observed=True)):
        pairs = part[["history", "list"]].to_numpy(float)
        rng = np.random.default_rng([random_state, number])
        draws = [
            pairs[rng.integers(len(pairs), size=len(pairs))].mean(axis=0) for _ in range(n_draws)
        ]
        ratios = np.array(draws)[:, 1] / np.array(draws)[:, 0] - 1
        low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
        history, listed = pairs.mean(axis=0)
        rows[name] = {
            "n_users": len(pairs),
            "history": history,
            "list": listed,
            "lift": listed / history - 1,
            "low": low,
            "high": high,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")
