"""All metrics of `lists` for all users at once, without a loop over users.

Taught in chapter 11.  Everything follows from one table: for every user and every place of her
list, is it a hit?
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from itertools import chain

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.datasets import Interactions
from recsys_tutorial.datasets.interactions import need_one_type
from recsys_tutorial.evaluation.lists import METRICS


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


def find_hits(top: np.ndarray, relevant: sparse.csr_array) -> np.ndarray:
    """Mark the places of ranked lists that hold a relevant item.

    Parameters
    ----------
    top : ndarray of int, shape (n_users, k)
        Column numbers, best first; -1 where a list is shorter (see `Recommender.top_k`).
    relevant : csr_array, shape (n_users, n_items)
        Not zero where the item is relevant; one row per row of `top`.

    Returns
    -------
    ndarray of bool, shape (n_users, k)
        The hits.

    Raises
    ------
    ValueError
        If the rows do not match, or a list holds a column number that does not exist or one twice.

    Examples
    --------
    >>> wanted = sparse.csr_array([[0, 1, 1], [1, 0, 0]])
    >>> find_hits(np.array([[2, 0], [1, -1]]), wanted).tolist()
    [[True, False], [False, False]]
    """
    n_users, n_items = relevant.shape
    if top.ndim != 2 or len(top) != n_users:
        raise ValueError(f"Lists of shape {top.shape} do not fit {n_users} users: one row each.")
    if top.size and not (-1 <= top.min() and top.max() < n_items):
        raise ValueError(f"A list holds a column that is not among the {n_items} items.")
    ordered = np.sort(top, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
        raise ValueError("A list recommends an item twice; a repeated item must not count twice.")
    if not top.size:
        return np.zeros(top.shape, dtype=bool)
    rows = np.repeat(np.arange(n_users), top.shape[1])
    found = np.asarray(relevant[rows, np.maximum(top, 0).ravel()]).reshape(top.shape)
    return (found != 0) & (top >= 0)


def metrics_from_hits(
    hits: np.ndarray, n_relevant: np.ndarray, k: int | None = None
) -> dict[str, np.ndarray]:
    """Compute every metric of `lists` from the table of hits.

    Parameters
    ----------
    hits : ndarray of bool, shape (n_users, n_places)
        Whether the item at each place is relevant; empty places are misses.
    n_relevant : ndarray of int, shape (n_users,)
        Relevant items of each user, also those that no list can hold; at least 1.
    k : int, optional
        Places that count; by default the width of the table.  A narrower table stands for lists
        whose other places are empty.

    Returns
    -------
    dict of str to ndarray, shape (n_users,)
        One array per name in `METRICS`.

    Raises
    ------
    ValueError
        If `k` is less than 1, or a user has no relevant item or more hits than relevant items.

    Examples
    --------
    >>> found = metrics_from_hits(np.array([[True, False, True, False]]), np.array([3]))
    >>> found["precision"].tolist(), found["average_precision"].round(4).tolist()
    ([0.5], [0.5556])
    """
    k = hits.shape[1] if k is None else k
    if k < 1:
        raise ValueError(f"k={k} must be at least 1.")
    if len(n_relevant) and n_relevant.min() < 1:
        raise ValueError("A user has no relevant item, so no metric is defined for her.")
    hits = hits[:, :k].astype(float)
    found, ranks = hits.sum(axis=1), np.arange(1, hits.shape[1] + 1)
    if (found > n_relevant).any():
        raise ValueError("A user has more hits than relevant items. Are the rows in one order?")
    reachable = np.minimum(n_relevant, k)
    # Not one array of k places: k may be far larger than any list.
    longest = int(reachable.max(initial=1))
    best = np.cumsum(1 / np.log2(np.arange(2, longest + 2)))[reachable - 1]
    any_hit = found > 0
    first = hits.argmax(axis=1) + 1 if hits.shape[1] else np.ones(len(hits))
    columns = (
        found / k,
        found / n_relevant,
        2 * found / (k + n_relevant),
        hits @ (1 / np.log2(ranks + 1)) / best,
        (hits * (hits.cumsum(axis=1) / ranks)).sum(axis=1) / reachable,
        any_hit / first,
        any_hit.astype(float),
    )
    return dict(zip(METRICS, columns, strict=True))


def per_user_metrics(
    recommendations: pd.DataFrame, relevant: Mapping[Hashable, Collection[Hashable]], k: int
) -> pd.DataFrame:
    """Every metric of `METRICS` at k, for every user who has a relevant item.

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
        Indexed by user, columns ``precision``, ``recall``, ``f1``, ``ndcg``,
        ``average_precision`` (its mean is MAP), ``reciprocal_rank`` (MRR) and ``hit_rate``.

    Raises
    ------
    ValueError
        As in `precision_at_k`, or if the ids of the two are numbers here and texts there.

    Examples
    --------
    >>> lists = pd.DataFrame({"user": [1], "rank": [1], "item": ["a"]})
    >>> per_user_metrics(lists, {1: {"a"}, 2: {"b"}}, k=1)["recall"].tolist()
    [1.0, 0.0]
    """
    if k < 1:
        raise ValueError(f"k={k} must be at least 1.")
    users = pd.Index(list(relevant), name="user", tupleize_cols=False)
    wanted = [set(items) for items in relevant.values()]
    n_relevant = np.fromiter(map(len, wanted), dtype=int, count=len(wanted))
    if len(users) and n_relevant.min() < 1:
        missing = users[n_relevant.argmin()]
        raise ValueError(f"User {missing} has no relevant item, so no metric is defined for her.")
    hits = _hit_table(recommendations, users, wanted, n_relevant, k)
    return pd.DataFrame(metrics_from_hits(hits, n_relevant, k), index=users)


def _hit_table(
    lists: pd.DataFrame,
    users: pd.Index,
    wanted: list[set[Hashable]],
    n_relevant: np.ndarray,
    k: int,
) -> np.ndarray:
    """Say for each user and each place of her list whether it holds a relevant item."""
    rows = users.get_indexer(pd.Index(np.asarray(lists["user"]), tupleize_cols=False))
    if len(rows) and (rows < 0).all():
        need_one_type("user", lists["user"].tolist()[:1], users)
    lists = lists.assign(_row=rows)[rows >= 0].sort_values(["_row", "rank"], kind="stable")
    shown = lists["item"].to_numpy(object)
    known = _objects(chain.from_iterable(wanted), int(n_relevant.sum()))
    codes, names = pd.factorize(np.concatenate([known, shown]), use_na_sentinel=False)
    known_codes, shown_codes = codes[: len(known)], codes[len(known) :]
    if len(shown) and not np.isin(shown_codes, known_codes).any():
        need_one_type("item", shown[:1].tolist(), known)
    row = lists["_row"].to_numpy()
    # One number for every pair of user and item.
    pairs = row * len(names) + shown_codes
    if len(np.unique(pairs)) < len(pairs):
        raise ValueError("A list recommends an item twice; a repeated item must not count twice.")
    relevant_pairs = np.repeat(np.arange(len(users)), n_relevant) * len(names) + known_codes
    place = np.arange(len(row)) - np.searchsorted(row, row)
    is_hit = np.isin(pairs, relevant_pairs) & (place < k)
    table = np.zeros((len(users), min(k, int(place.max(initial=-1)) + 1)), dtype=bool)
    table[row[is_hit], place[is_hit]] = True
    return table


def _objects(items: chain[Hashable], n_items: int) -> np.ndarray:
    """Put items into a flat array as they are; NumPy would turn 1 and "a" into two texts."""
    array = np.empty(n_items, dtype=object)
    array[:] = list(items)
    return array
