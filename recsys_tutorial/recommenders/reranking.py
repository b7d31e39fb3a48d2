"""Choosing twenty from a longer list: a mix of kinds that is like the user's own.

Taught in chapter 15.  A recommender ranks by what it expects to be chosen, and so shows most of all
what is chosen most.  Calibration asks that a list hold each kind of item in the proportion of her
history; what it costs in nDCG is measured, not promised.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders.ranking import blocks_of

# How far the mix of a list is moved towards the history, so that a missing kind is not infinite.
ALPHA = 0.01


def calibrated_rerank(
    candidates: pd.DataFrame,
    train: UserItemMatrix,
    kinds: pd.DataFrame,
    *,
    k: int = 20,
    weight: float = 0.5,
) -> pd.DataFrame:
    """Choose k of each user's candidates, with a mix of kinds that is close to her history.

    Greedy, as in the paper: item by item, the one that makes
    ``(1 - weight) * (sum of scores) - weight * KL(history || list)`` largest.  Scores are first
    scaled to 0 ... 1 within the candidates of each user, so that `weight` means the same for all.

    Parameters
    ----------
    candidates : DataFrame
        Columns ``user``, ``rank``, ``item`` and ``score``, as `Recommender.recommend` gives them,
        with more than k items per user.
    train : UserItemMatrix
        Histories of the users.
    kinds : DataFrame, shape (n_items, n_kinds)
        Which item is of which kind, indexed by item: genres (`genre_matrix`), or bands of
        popularity.  An item of several kinds gives each an equal part.
    k : int
        Length of the lists.
    weight : float
        0 ranks by score alone, 1 by the mix alone.

    Returns
    -------
    DataFrame
        Columns ``user``, ``rank``, ``item`` and ``score`` (the given one), users in the order in
        which they came.

    Raises
    ------
    ValueError
        If `k` or `weight` is out of range, a column is missing, or an item has no row in `kinds`.
    KeyError
        If a user is not in `train`.

    References
    ----------
    Steck (2018). [steck2018calibrated]

    Examples
    --------
    >>> train = UserItemMatrix(sparse.csr_array([[1.0, 1, 0, 0]]), pd.Index([7]), pd.RangeIndex(4))
    >>> kinds = pd.DataFrame({"War": [1, 0, 1, 0], "Comedy": [0, 1, 1, 1]})
    >>> pool = pd.DataFrame({"user": 7, "rank": [1, 2], "item": [2, 3], "score": [0.9, 0.8]})
    >>> calibrated_rerank(pool, train, kinds, k=1, weight=0.9)["item"].tolist()
    [2]
    """
    _check(candidates, k, weight)
    parts = kinds.reindex(train.items).to_numpy(float)
    if np.isnan(parts).any():
        raise ValueError("An item of the training data has no row in `kinds`. Add it, with 0s.")
    parts = _shares(parts)
    lists = candidates.sort_values(["user", "rank"], kind="stable")
    codes, users = pd.factorize(lists["user"], sort=False)
    place = np.arange(len(lists)) - np.searchsorted(codes, codes)
    columns = np.full((len(users), int(place.max(initial=-1)) + 1), -1)
    columns[codes, place] = train.items.get_indexer(pd.Index(lists["item"]))
    if (columns[codes, place] < 0).any():
        raise ValueError("A candidate is not among the items of the training data.")
    scores = np.full(columns.shape, np.nan)
    scores[codes, place] = lists["score"]
    met = train.values[train.user_rows(list(users))]
    met = sparse.csr_array((np.ones(met.nnz), met.indices, met.indptr), shape=met.shape)
    history = _shares(met @ parts)
    chosen = np.full((len(users), min(k, columns.shape[1])), -1)
    for block in blocks_of(np.arange(len(users)), columns.shape[1] * parts.shape[1]):
        chosen[block] = _greedy(
            columns[block], _to_unit(scores[block]), parts, history[block], chosen.shape[1], weight
        )
    return _as_table(chosen, columns, scores, users, train, candidates)


def _check(candidates: pd.DataFrame, k: int, weight: float) -> None:
    missing = {"user", "rank", "item", "score"} - set(candidates.columns)
    if missing:
        raise ValueError(f"candidates lacks the columns {sorted(missing)}.")
    if k < 1 or not 0 <= weight <= 1:
        raise ValueError(f"k={k} must be at least 1, and weight={weight} between 0 and 1.")


def _shares(table: np.ndarray) -> np.ndarray:
    sums = table.sum(axis=1, keepdims=True)
    return table / np.where(sums > 0, sums, 1)


def _to_unit(scores: np.ndarray) -> np.ndarray:
    low, high = (f(scores, axis=1, keepdims=True) for f in (np.nanmin, np.nanmax))
    return (scores - low) / np.where(high > low, high - low, 1)


def _greedy(
    columns: np.ndarray,
    scores: np.ndarray,
    parts: np.ndarray,
    history: np.ndarray,
    k: int,
    weight: float,
) -> np.ndarray:
    """Places among the candidates, in the order in which they are taken; -1 for none left."""
    rows, free = np.arange(len(columns)), columns >= 0
    of_candidate = parts[np.maximum(columns, 0)]
    taken = np.zeros((len(columns), parts.shape[1]))
    order = np.full((len(columns), k), -1)
    for step in range(k):
        mix = taken[:, None] + of_candidate
        mix /= np.maximum(mix.sum(axis=2, keepdims=True), 1e-12)
        mixed = (1 - ALPHA) * mix + ALPHA * history[:, None]
        logs = np.log(np.where(mixed > 0, mixed, 1))
        # The entropy of the history is the same for all candidates and is left out.
        divergence = -np.einsum("ug,ung->un", history, logs)
        worth = (1 - weight) * scores - weight * divergence
        worth[~free] = -np.inf
        best = worth.argmax(axis=1)
        some = free[rows, best]
        order[some, step] = best[some]
        free[rows, best] = False
        taken[some] += of_candidate[rows[some], best[some]]
    return order


def _as_table(
    chosen: np.ndarray,
    columns: np.ndarray,
    scores: np.ndarray,
    users: pd.Index,
    train: UserItemMatrix,
    candidates: pd.DataFrame,
) -> pd.DataFrame:
    user, place = np.nonzero(chosen >= 0)
    which = chosen[user, place]
    table = pd.DataFrame(
        {
            "user": users[user],
            "rank": place + 1,
            "item": train.items[columns[user, which]],
            "score": scores[user, which],
        }
    )
    came = {name: number for number, name in enumerate(candidates["user"].unique())}
    return table.sort_values("user", key=lambda c: c.map(came), kind="stable", ignore_index=True)
