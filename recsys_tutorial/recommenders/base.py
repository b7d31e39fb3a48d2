"""The one interface of all recommenders.

Taught in chapter 10.  A recommender has two jobs of its own, `fit` and `scores`; masking what a
user has seen, ranking, and breaking ties are the same for all and live here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from recsys_tutorial.preprocessing import UserItemMatrix


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

    def recommend(self, users: Sequence[Hashable] | None = None, k: int = 10) -> pd.DataFrame:
        """Rank the items that each user has not met yet.

        Ties go to the item that comes first in the matrix.  A user who has fewer than k unseen
        items gets fewer rows.

        Parameters
        ----------
        users : sequence, optional
            User ids; by default all users of the training matrix.
        k : int
            Length of each list, at least 1.

        Returns
        -------
        DataFrame
            Columns ``user``, ``rank`` (from 1), ``item`` and ``score``.

        Raises
        ------
        KeyError
            If a user was not in the training data.
        ValueError
            If `k` is less than 1.
        """
        check_is_fitted(self, "matrix_")
        if k < 1:
            raise ValueError(f"k={k} must be at least 1.")
        rows = self._rows(users)
        # Users are taken in blocks, so that memory does not grow with their number.
        blocks = np.array_split(rows, max(1, len(rows) // 1000))
        return pd.concat([self._recommend_rows(block, k) for block in blocks], ignore_index=True)

    def _rows(self, users: Sequence[Hashable] | None) -> np.ndarray:
        if users is None:
            return np.arange(len(self.matrix_.users))
        return self.matrix_.user_rows(users)

    def _recommend_rows(self, rows: np.ndarray, k: int) -> pd.DataFrame:
        scores = np.array(self._score_rows(rows), dtype=float)
        # Not nonzero(): an item rated 0 has been seen.
        seen = self.matrix_.values[rows].tocoo()
        scores[seen.coords] = -np.inf
        top = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        best = np.take_along_axis(scores, top, axis=1)
        table = pd.DataFrame(
            {
                "user": np.repeat(self.matrix_.users[rows], top.shape[1]),
                "rank": np.tile(np.arange(1, top.shape[1] + 1), len(rows)),
                "item": self.matrix_.items[top.ravel()],
                "score": best.ravel(),
            }
        )
        return table[table["score"] > -np.inf]
