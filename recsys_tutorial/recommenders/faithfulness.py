"""Is the reason the reason?  A test of explanations by taking away what they name.

Taught in chapter 15.  An explanation can be true of the item, pleasant to read, and have nothing to
do with why the item was shown.  If it names the cause, the item must lose its place once the cause
is gone, and lose it by more than when something else of the same size is taken away.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.recommenders.base import Recommender
from recsys_tutorial.recommenders.clusters import SoftClusterPopularity
from recsys_tutorial.recommenders.ranking import blocks_of


def group_evidence(
    recommender: SoftClusterPopularity, recommendations: pd.DataFrame, n: int = 5
) -> list[list[Hashable]]:
    """Name the films in each user's history that speak most for a recommended item.

    A user's factors decide how much she belongs to each group, and the groups decide the score.
    The score is linear in small changes of the factors; each film of the history adds its own row
    of the basis to them, and so its contribution to the score can be read off.
    That the sum is brought to length 1 afterwards is left out: on MovieLens it would change one
    named film in ten, and the effect of the deletion no more than its interval is wide.

    Parameters
    ----------
    recommender : SoftClusterPopularity
        Fitted, without features of your own.
    recommendations : DataFrame
        Columns ``user`` and ``item``.
    n : int
        Items per recommendation; fewer if the history is shorter.

    Returns
    -------
    list of list
        Items of the history, the strongest first, one list per row.

    Raises
    ------
    TypeError
        If the recommender has no soft groups made from histories.
    ValueError
        If `n` is less than 1.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> model = SoftClusterPopularity(n_clusters=10).fit(user_item_matrix(load_movielens()))
    >>> [len(named) for named in group_evidence(model, model.recommend([1, 2], k=1), n=3)]
    [3, 3]
    """
    if not isinstance(recommender, SoftClusterPopularity) or recommender.basis_ is None:
        raise TypeError("Evidence needs soft groups that were made from histories.")
    if n < 1:
        raise ValueError(f"n={n} must be at least 1.")
    rows = recommender._rows(recommendations["user"].tolist())
    columns = recommender._columns(recommendations["item"].tolist())
    membership, centres = recommender.membership_[rows], recommender.centres_
    # The slope of the score: sum over groups of membership * share * (centre - mean centre).
    weighted = membership * recommender.cluster_shares_[:, columns].T
    total = weighted.sum(axis=1, keepdims=True)
    slopes = weighted @ centres - total * (membership @ centres)
    values, basis, items = recommender.matrix_.values, recommender.basis_, recommender.matrix_.items
    found = []
    for row, slope in zip(rows, slopes, strict=True):
        cells = slice(values.indptr[row], values.indptr[row + 1])
        met = values.indices[cells]
        order = np.argsort(-(values.data[cells] * (basis[met] @ slope)), kind="stable")[:n]
        found.append(items[met[order]].tolist())
    return found


def deletion_test(
    recommender: Recommender,
    recommendations: pd.DataFrame,
    evidence: Sequence[Collection[Hashable]],
    *,
    n_controls: int = 5,
    random_state: int = 0,
) -> pd.DataFrame:
    """Take the named evidence out of each history, and see how far the item falls.

    The model is not fitted again; the shortened history is scored by `score_histories`.  The
    control takes as many items out of the same history by lot.  In all cases everything that the
    user has met, deleted or not, stays out of the ranking.

    Parameters
    ----------
    recommender : Recommender
        Fitted, and able to score histories.
    recommendations : DataFrame
        Columns ``user`` and ``item``: what is explained, one row each.
    evidence : sequence of collections of items
        For each row what the explanation names, all of it in that user's history.
    n_controls : int
        Random deletions per row, at least 1.
    random_state : int
        Seed.

    Returns
    -------
    DataFrame
        Same index, columns ``user``, ``item``, ``n_removed``, ``rank_before``, ``rank_after``,
        ``rank_control`` (geometric mean over the controls) and ``effect``: the base-2 logarithm
        of ``rank_after / rank_control``.  An effect of 1 says that the item falls to twice the
        rank that a random deletion would give it; an unfaithful explanation has 0 or less.

    Raises
    ------
    ValueError
        If there is not one piece of evidence per row, it is empty or not in the history, or
        `n_controls` is less than 1.

    References
    ----------
    The idea is that of the deletion tests for explanations of text classifiers, DeYoung et al.
    (2020). [deyoung2020eraser]

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> model = SoftClusterPopularity(n_clusters=10).fit(user_item_matrix(load_movielens()))
    >>> top = model.recommend(k=1)
    >>> table = deletion_test(model, top, group_evidence(model, top))
    >>> bool(table["effect"].mean() > 0)
    True
    """
    if n_controls < 1:
        raise ValueError(f"n_controls={n_controls} must be at least 1.")
    if len(evidence) != len(recommendations):
        raise ValueError(f"{len(evidence)} pieces of evidence for {len(recommendations)} rows.")
    rows = recommender._rows(recommendations["user"].tolist())
    columns = recommender._columns(recommendations["item"].tolist())
    values, rng = recommender.matrix_.values, np.random.default_rng(random_state)
    removed = [recommender._columns(list(named)) for named in evidence]
    controls = []
    for row, named in zip(rows, removed, strict=True):
        met = values.indices[values.indptr[row] : values.indptr[row + 1]]
        if not len(named) or not np.isin(named, met).all():
            user = recommender.matrix_.users[row]
            raise ValueError(f"The evidence for user {user} is empty or not in her history.")
        controls.append([rng.choice(met, len(named), replace=False) for _ in range(n_controls)])
    before = _ranks(recommender, rows, columns, [np.zeros(0, int)] * len(rows))
    after = _ranks(recommender, rows, columns, removed)
    logs = [
        np.log2(_ranks(recommender, rows, columns, [drawn[c] for drawn in controls]))
        for c in range(n_controls)
    ]
    control = np.mean(logs, axis=0)
    return pd.DataFrame(
        {
            "user": recommendations["user"],
            "item": recommendations["item"],
            "n_removed": [len(named) for named in removed],
            "rank_before": before,
            "rank_after": after,
            "rank_control": 2.0**control,
            "effect": np.log2(after) - control,
        },
        index=recommendations.index,
    )


def _ranks(
    recommender: Recommender, rows: np.ndarray, columns: np.ndarray, removed: list[np.ndarray]
) -> np.ndarray:
    """Rank of one item per row among the unseen ones, after some items left the history."""
    ranks = np.empty(len(rows), dtype=int)
    for block in blocks_of(np.arange(len(rows)), len(recommender.matrix_.items)):
        seen = recommender.matrix_.values[rows[block]]
        left = _without(seen, [removed[place] for place in block])
        scores = np.array(recommender.score_histories(left), dtype=float)
        own = scores[np.arange(len(block)), columns[block]]
        who = np.repeat(np.arange(len(block)), np.diff(seen.indptr))
        scores[who, seen.indices] = -np.inf
        ranks[block] = 1 + (scores > own[:, None]).sum(axis=1)
    return ranks


def _without(seen: sparse.csr_array, removed: list[np.ndarray]) -> sparse.csr_array:
    who = np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr))
    gone = np.repeat(np.arange(len(removed)), [len(named) for named in removed])
    keys = gone * seen.shape[1] + np.concatenate([*removed, np.zeros(0, int)])
    kept = ~np.isin(who * seen.shape[1] + seen.indices, keys)
    cells = (seen.data[kept], (who[kept], seen.indices[kept]))
    return sparse.csr_array(cells, shape=seen.shape)
