"""Rules that stand above taste: what must not be in a list, and what must.

Taught in chapter 14.  A rule filters *before* the ranking: taken from a finished list of ten, three
forbidden items leave seven.  Both classes stand around any other recommender and speak its
interface.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import clone

from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders.base import Recommender
from recsys_tutorial.recommenders.ranking import blocks_of


class _Around(Recommender):
    """A recommender inside another one."""

    recommender: Recommender

    def _fit_inner(self, matrix: UserItemMatrix) -> None:
        # One that has learnt from this very matrix is used as it is: learning takes time.
        ready = getattr(self.recommender, "matrix_", None) is matrix
        self.recommender_ = self.recommender if ready else clone(self.recommender).fit(matrix)
        self.matrix_ = matrix

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        return self.recommender_._score_rows(rows)


class GuardedRecommender(_Around):
    """Rank only what is allowed for this user; first whatever she must see.

    Parameters
    ----------
    recommender : Recommender
        Who ranks.  If it was fitted on the very matrix that `fit` gets, it is used as it is;
        otherwise a copy is fitted.
    allowed : ndarray of bool, shape (n_users, n_items) or (n_items,)
        Whether an item may be shown to a user, or to anybody.
    first : ndarray of bool, same shapes, optional
        Items that come before all others, whatever the taste says; they must be allowed.

    Attributes
    ----------
    recommender_ : Recommender
        The fitted recommender.

    Examples
    --------
    >>> from scipy import sparse
    >>> from recsys_tutorial.recommenders import Popularity
    >>> met = np.array([[1.0, 0, 0], [1, 1, 0], [1, 1, 0]])
    >>> matrix = UserItemMatrix(sparse.csr_array(met), pd.RangeIndex(3), pd.Index(["a", "b", "c"]))
    >>> Popularity().fit(matrix).recommend([0], k=2)["item"].tolist()
    ['b', 'c']
    >>> no_b = GuardedRecommender(Popularity(), np.array([True, False, True]))
    >>> no_b.fit(matrix).recommend([0], k=2)["item"].tolist()
    ['c']
    """

    def __init__(
        self, recommender: Recommender, allowed: np.ndarray, first: np.ndarray | None = None
    ) -> None:
        self.recommender = recommender
        self.allowed = allowed
        self.first = first

    def fit(self, matrix: UserItemMatrix) -> GuardedRecommender:
        """Fit the recommender inside, unless it has learnt from this matrix already.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        GuardedRecommender
            Itself.

        Raises
        ------
        ValueError
            If a table does not fit the matrix or is not of truth values, or an item that comes
            first is not allowed.
        """
        self.allowed_ = _truth_table(self.allowed, matrix, "allowed")
        self.first_ = None
        if self.first is not None:
            self.first_ = _truth_table(self.first, matrix, "first")
            if (self.first_ & ~self.allowed_).any():
                raise ValueError("An item that comes first is not allowed. Decide which it is.")
        self._fit_inner(matrix)
        return self

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        scores = np.array(self.recommender_._score_rows(rows), dtype=float)
        if self.first_ is not None:
            finite = np.where(np.isfinite(scores), scores, 0)
            above = finite.max(axis=1, keepdims=True) - finite.min(axis=1, keepdims=True) + 1
            scores = np.where(self.first_[rows], finite + above, scores)
        return np.where(self.allowed_[rows], scores, -np.inf)


def _truth_table(table: np.ndarray, matrix: UserItemMatrix, name: str) -> np.ndarray:
    table = np.asarray(table)
    if table.dtype != bool:
        raise ValueError(f"{name} must hold True and False, not {table.dtype}.")
    if table.shape not in (matrix.shape, matrix.shape[1:]):
        raise ValueError(
            f"{name} has shape {table.shape}, the matrix {matrix.shape}: one value per user and "
            "item, or one per item."
        )
    return np.broadcast_to(table, matrix.shape)


class CappedRecommender(_Around):
    """Keep each list from being of one kind: at most so many items of one topic in it.

    The ranking is walked down as it is; an item is passed over if the list already holds
    `at_most` of its topic.  So the list is as long as without the cap, unless the catalogue has
    too few topics.

    Parameters
    ----------
    recommender : Recommender
        As in `GuardedRecommender`.
    topics : sequence, length n_items
        Topic of each item of the matrix, in its order; items without a topic (None or NaN) count
        as one more topic.
    at_most : int
        Items of one topic in a list, at least 1.

    Attributes
    ----------
    recommender_ : Recommender
        The fitted recommender.

    Notes
    -----
    The scores are those of the recommender inside: the cap is about lists.

    Examples
    --------
    >>> from scipy import sparse
    >>> from recsys_tutorial.recommenders import Popularity
    >>> met = np.array([[0.0, 0, 0], [1, 1, 0], [1, 1, 1]])
    >>> matrix = UserItemMatrix(sparse.csr_array(met), pd.RangeIndex(3), pd.Index(["a", "b", "c"]))
    >>> mixed = CappedRecommender(Popularity(), ["cats", "cats", "dogs"], at_most=1)
    >>> mixed.fit(matrix).recommend([0], k=2)["item"].tolist()
    ['a', 'c']
    """

    def __init__(self, recommender: Recommender, topics: Sequence, at_most: int = 3) -> None:
        self.recommender = recommender
        self.topics = topics
        self.at_most = at_most

    def fit(self, matrix: UserItemMatrix) -> CappedRecommender:
        """Fit the recommender inside, unless it has learnt from this matrix already.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        CappedRecommender
            Itself.

        Raises
        ------
        ValueError
            If there is not one topic per item, or `at_most` is less than 1.
        """
        if self.at_most < 1:
            raise ValueError(f"at_most={self.at_most} must be at least 1.")
        if len(self.topics) != len(matrix.items):
            raise ValueError(
                f"{len(self.topics)} topics for {len(matrix.items)} items. Give one per item."
            )
        topics = pd.Series(list(self.topics), dtype=object)
        self.topics_ = pd.factorize(topics, use_na_sentinel=False)[0]
        self._fit_inner(matrix)
        return self

    def _top(
        self, rows: np.ndarray, k: int, allowed: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        n_items = len(self.matrix_.items)
        columns = np.full((len(rows), k), -1, dtype=np.int32)
        best = np.full((len(rows), k), -np.inf)
        # Most lists are full after a few steps down the ranking; the others look further.
        waiting, depth = np.arange(len(rows)), min(n_items, 4 * k)
        while waiting.size:
            for block in blocks_of(waiting, depth):
                found, scores = self.recommender_._top(rows[block], depth, allowed)
                keep = self._kept(found, k)
                row, place = np.nonzero(keep)
                rank = keep.cumsum(axis=1)[row, place] - 1
                columns[block[row], rank] = found[row, place]
                best[block[row], rank] = scores[row, place]
            short = waiting[columns[waiting, -1] < 0]
            waiting = short if depth < n_items else short[:0]
            depth = min(n_items, 4 * depth)
        return columns, best

    def _kept(self, ranked: np.ndarray, k: int) -> np.ndarray:
        """Which places of a ranking the capped list of k takes, shape of `ranked`."""
        topic = np.where(ranked >= 0, self.topics_[np.maximum(ranked, 0)], -1)
        keep = np.zeros(ranked.shape, dtype=bool)
        for one in range(int(self.topics_.max(initial=-1)) + 1):
            mine = topic == one
            keep |= mine & (mine.cumsum(axis=1) <= self.at_most)
        return keep & (keep.cumsum(axis=1) <= k)


def seen_of_kind(
    matrix: UserItemMatrix, kinds: Sequence, met: np.ndarray | None = None
) -> np.ndarray:
    """Mark the items whose kind a user has met already: a second washing machine.

    Parameters
    ----------
    matrix : UserItemMatrix
        Who met what.
    kinds : sequence, length n_items
        Kind of each item, in the order of the matrix; None or NaN for items of no kind.
    met : ndarray of bool, shape (n_cells,), optional
        Which stored cells of the matrix count, in its order; by default all.

    Returns
    -------
    ndarray of bool, shape (n_users, n_items)
        True where the user has met an item of the same kind, the item itself included.

    Raises
    ------
    ValueError
        If there is not one kind per item, or `met` has not one value per stored cell.

    Examples
    --------
    >>> from scipy import sparse
    >>> met = sparse.csr_array(np.array([[1.0, 0, 0]]))
    >>> matrix = UserItemMatrix(met, pd.RangeIndex(1), pd.Index(["a", "b", "c"]))
    >>> seen_of_kind(matrix, ["bicycle", "bicycle", None]).tolist()
    [[True, True, False]]
    """
    if len(kinds) != len(matrix.items):
        raise ValueError(f"{len(kinds)} kinds for {len(matrix.items)} items. Give one per item.")
    codes, names = pd.factorize(pd.Series(list(kinds), dtype=object))
    cells = matrix.values.tocoo()
    rows, columns = cells.coords
    counts = codes[columns] >= 0
    if met is not None:
        met = np.asarray(met, dtype=bool)
        if met.shape != counts.shape:
            raise ValueError(f"met has shape {met.shape}; the matrix stores {len(counts)} cells.")
        counts &= met
    # One column more, always False, for the items of no kind, whose code is -1.
    has = np.zeros((len(matrix.users), len(names) + 1), dtype=bool)
    has[rows[counts], codes[columns[counts]]] = True
    return has[:, codes]
