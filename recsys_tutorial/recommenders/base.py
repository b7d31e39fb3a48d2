"""The one interface of all recommenders.

Taught in chapter 10.  A recommender has two jobs of its own, `fit` and `scores`; masking what a
user has seen, ranking, breaking ties and keeping memory small are the same for all and live here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from recsys_tutorial.datasets import DataError
from recsys_tutorial.datasets.interactions import need_one_type
from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders.ranking import blocks_of, take_rows, top_columns


class Recommender(BaseEstimator, ABC):
    """Base class: learns from a user-item matrix, then ranks unseen items for its users.

    Attributes
    ----------
    matrix_ : UserItemMatrix
        The training interactions, after `fit`.
    """

    matrix_: UserItemMatrix

    @abstractmethod
    def fit(self, matrix: UserItemMatrix) -> Recommender:
        """Learn from training interactions.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        Recommender
            Itself.
        """

    @abstractmethod
    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Score all items for some rows of the training matrix: shape (n_rows, n_items)."""

    def _score_histories(self, histories: sparse.csr_array) -> np.ndarray:
        """Score all items for people who were not there when the model learnt."""
        raise NotImplementedError(
            f"{type(self).__name__} cannot place people who were not in the training data. "
            "Fit it again with them, or use a recommender that can (ClusterEnsemble, EASE)."
        )

    def scores(self, users: Sequence[Hashable] | None = None) -> np.ndarray:
        """Score every item for some users; higher means recommended sooner.

        Parameters
        ----------
        users : sequence, optional
            User ids; by default all users of the training matrix, in its order.

        Returns
        -------
        ndarray, shape (n_users, n_items)
            Scores, seen items included.

        Raises
        ------
        KeyError
            If a user was not in the training data.
        """
        check_is_fitted(self, "matrix_")
        return self._score_rows(self._rows(users))

    def score_histories(self, histories: sparse.csr_array | UserItemMatrix) -> np.ndarray:
        """Score every item for people who were *not* in the training data, from what they met.

        Nothing is learnt anew: the new people are placed among the old ones (fold-in).

        Parameters
        ----------
        histories : csr_array of shape (n_people, n_items), or UserItemMatrix
            What they met, with the columns of the training matrix.  The columns of a
            `UserItemMatrix` are matched by item id, and items that were not in the training data
            are left out: nothing is known about them.

        Returns
        -------
        ndarray, shape (n_people, n_items)
            Scores, items of the history included.

        Raises
        ------
        ValueError
            If an array is no table, has a wrong number of columns, or holds missing or infinite
            values; or if items are numbers in the history and texts in the training data, or the
            other way round.
        NotImplementedError
            If the model needs more than a history (features or labels of your own).
        """
        check_is_fitted(self, "matrix_")
        if isinstance(histories, UserItemMatrix):
            histories = _align(histories, self.matrix_.items)
        histories = sparse.csr_array(histories)
        if histories.ndim != 2:
            raise ValueError("histories must be a table with one row per person: [history], say.")
        if histories.shape[1] != len(self.matrix_.items):
            raise ValueError(
                f"histories has {histories.shape[1]} columns, the training matrix has "
                f"{len(self.matrix_.items)} items. Give a UserItemMatrix to match them by id."
            )
        if not np.isfinite(histories.data).all():
            raise ValueError("histories holds missing or infinite values. Drop these events.")
        if not histories.shape[0]:
            return np.zeros(histories.shape)
        return self._score_histories(histories)

    def top_k(
        self,
        users: Sequence[Hashable] | None = None,
        k: int = 20,
        *,
        items: Sequence[Hashable] | None = None,
    ) -> np.ndarray:
        """Rank the unseen items of each user, as column numbers: the fast way for evaluation.

        Parameters
        ----------
        users : sequence, optional
            User ids; by default all users of the training matrix.
        k : int
            Length of each list, at least 1.
        items : sequence, optional
            Candidates; by default every item of the training matrix.

        Returns
        -------
        ndarray of int32, shape (n_users, k)
            Columns of the training matrix, best first; ties go to the lower column, and -1 stands
            where fewer items are left.

        Raises
        ------
        KeyError
            If a user or a candidate was not in the training data.
        ValueError
            If `k` is less than 1, or the model gave a score that is not a number.

        Examples
        --------
        >>> from recsys_tutorial.datasets import load_movielens
        >>> from recsys_tutorial.preprocessing import user_item_matrix
        >>> from recsys_tutorial.recommenders import Popularity
        >>> Popularity().fit(user_item_matrix(load_movielens())).top_k(k=20).shape
        (671, 20)
        """
        check_is_fitted(self, "matrix_")
        return self._top(self._rows(users), *self._checked(k, items))[0]

    def recommend(
        self,
        users: Sequence[Hashable] | None = None,
        k: int = 10,
        *,
        items: Sequence[Hashable] | None = None,
    ) -> pd.DataFrame:
        """Rank the items that each user has not met yet.

        Ties go to the item that comes first in the matrix.  A user who has fewer than k unseen
        items gets fewer rows.

        Parameters
        ----------
        users : sequence, optional
            User ids; by default all users of the training matrix.
        k : int
            Length of each list, at least 1.
        items : sequence, optional
            Candidates; by default every item of the training matrix.

        Returns
        -------
        DataFrame
            Columns ``user``, ``rank`` (from 1), ``item`` and ``score``.

        Raises
        ------
        KeyError
            If a user or a candidate was not in the training data.
        ValueError
            If `k` is less than 1, or the model gave a score that is not a number.
        """
        check_is_fitted(self, "matrix_")
        return self._table(self._rows(users), *self._checked(k, items))

    def stream(
        self,
        users: Sequence[Hashable] | None = None,
        k: int = 10,
        *,
        batch_size: int = 1000,
        items: Sequence[Hashable] | None = None,
    ) -> Iterator[pd.DataFrame]:
        """Recommend batch by batch, so that the lists of a million users never meet in memory.

        Parameters
        ----------
        users, k, items
            As in `recommend`.
        batch_size : int
            Users per table, at least 1.

        Returns
        -------
        iterator of DataFrame
            The tables of `recommend`, each numbered from 0.

        Raises
        ------
        KeyError
            If a user or a candidate was not in the training data.
        ValueError
            If `k` or `batch_size` is less than 1.

        Examples
        --------
        >>> from recsys_tutorial.datasets import load_movielens
        >>> from recsys_tutorial.preprocessing import user_item_matrix
        >>> from recsys_tutorial.recommenders import Popularity
        >>> model = Popularity().fit(user_item_matrix(load_movielens()))
        >>> [len(table) for table in model.stream(k=2, batch_size=400)]
        [800, 542]
        """
        check_is_fitted(self, "matrix_")
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size} must be at least 1.")
        # Checked here and not in the generator: a mistake should show at the call.
        rows, (k, allowed) = self._rows(users), self._checked(k, items)
        starts = range(0, len(rows), batch_size)
        return (self._table(rows[start : start + batch_size], k, allowed) for start in starts)

    def _rows(self, users: Sequence[Hashable] | None) -> np.ndarray:
        if users is None:
            return np.arange(len(self.matrix_.users))
        hint = "Score people who were not there from what they met: score_histories."
        return _positions(self.matrix_.users, users, "Users", hint)

    def _columns(self, items: Sequence[Hashable]) -> np.ndarray:
        hint = "Leave them out: nothing is known about them."
        return _positions(self.matrix_.items, items, "Items", hint)

    def _checked(self, k: int, items: Sequence[Hashable] | None) -> tuple[int, np.ndarray | None]:
        if k < 1:
            raise ValueError(f"k={k} must be at least 1.")
        if items is None:
            return k, None
        return k, np.unique(self._columns(items))

    def _top(
        self, rows: np.ndarray, k: int, allowed: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Columns and scores of the best k unseen items, both of shape (n_rows, k)."""
        columns = np.full((len(rows), k), -1, dtype=np.int32)
        best = np.full((len(rows), k), -np.inf)
        start = 0
        for block in blocks_of(rows, len(self.matrix_.items)):
            # A copy, because a recommender may hand out a table of its own.
            scores = np.array(self._score_rows(block))
            if not np.issubdtype(scores.dtype, np.floating):
                scores = scores.astype(float)
            if np.isnan(scores).any():
                raise ValueError(
                    f"{type(self).__name__} gave scores that are not numbers (NaN). "
                    "Look for missing values in the matrix or the features."
                )
            hide(scores, take_rows(self.matrix_.values, block), allowed)
            here = slice(start, start + len(block))
            columns[here] = top_columns(scores, k)
            found = np.take_along_axis(scores, np.maximum(columns[here], 0), axis=1)
            best[here] = np.where(columns[here] >= 0, found, -np.inf)
            start += len(block)
        return columns, best

    def _table(self, rows: np.ndarray, k: int, allowed: np.ndarray | None) -> pd.DataFrame:
        columns, best = self._top(rows, k, allowed)
        filled = columns >= 0
        user, place = np.nonzero(filled)
        return pd.DataFrame(
            {
                "user": self.matrix_.users[rows[user]],
                "rank": place + 1,
                "item": self.matrix_.items[columns[filled]],
                "score": best[filled],
            }
        )


def hide(scores: np.ndarray, seen: sparse.csr_array, allowed: np.ndarray | None = None) -> None:
    """Set the scores of seen items, and of all but the candidates, to ``-inf``, in place.

    Parameters
    ----------
    scores : ndarray of float, shape (n_users, n_items)
        Changed.
    seen : csr_array, shape (n_users, n_items)
        Stored cells are seen: an item rated 0 has been seen.
    allowed : ndarray of int, optional
        Columns that may be recommended; by default all.

    Examples
    --------
    >>> scores = np.ones((1, 3))
    >>> hide(scores, sparse.csr_array(np.array([[1, 0, 0]])), np.array([0, 1]))
    >>> scores.tolist()
    [[-inf, 1.0, -inf]]
    """
    scores[np.repeat(np.arange(len(scores)), np.diff(seen.indptr)), seen.indices] = -np.inf
    if allowed is not None:
        barred = np.ones(scores.shape[1], dtype=bool)
        barred[allowed] = False
        scores[:, barred] = -np.inf


def _positions(index: pd.Index, ids: Sequence[Hashable], what: str, hint: str) -> np.ndarray:
    if isinstance(ids, str | bytes):
        raise TypeError(f"{what} must be a list of ids, not one text: write [{ids!r}].")
    ids = list(ids)
    found = index.get_indexer(pd.Index(ids))
    if (found < 0).any():
        unknown = [one for one, place in zip(ids, found) if place < 0]
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        if (found < 0).all():
            try:
                need_one_type(what[:-1].lower(), ids, index)
            except DataError as error:
                raise KeyError(str(error)) from None
        raise KeyError(f"{what} not in the training data: {unknown[:3]}{more}. {hint}")
    return found


def _align(histories: UserItemMatrix, items: pd.Index) -> sparse.csr_array:
    """Give the histories the columns of the training matrix."""
    cells = histories.values.tocoo()
    need_one_type("item", histories.items, items)
    columns = items.get_indexer(histories.items)[cells.coords[1]]
    known = columns >= 0
    places = (cells.coords[0][known], columns[known])
    return sparse.csr_array((cells.data[known], places), shape=(len(histories.users), len(items)))
