"""The baseline that every recommender has to beat.

Taught in chapter 10.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders.base import Recommender
from recsys_tutorial.recommenders.ranking import top_of_groups


class Popularity(Recommender):
    """Recommend what most people chose; the same list for everybody, minus what she has seen.

    Attributes
    ----------
    popularity_ : ndarray, shape (n_items,)
        Share of all training interactions that went to each item; sums to 1.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> movielens = load_movielens()
    >>> best = Popularity().fit(user_item_matrix(movielens)).recommend([1], k=1)
    >>> movielens.titles[best["item"].iloc[0]]
    'Forrest Gump'
    """

    def fit(self, matrix: UserItemMatrix) -> Popularity:
        """Count.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        Popularity
            Itself.
        """
        self.matrix_ = matrix
        self.popularity_ = item_shares(matrix)
        return self

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        return np.tile(self.popularity_, (len(rows), 1))

    def _score_histories(self, histories: sparse.csr_array) -> np.ndarray:
        return np.tile(self.popularity_, (histories.shape[0], 1))

    def _top(
        self, rows: np.ndarray, k: int, allowed: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        one_list, seen = self.popularity_[None], self.matrix_.values
        return top_of_groups(one_list, np.zeros(len(rows), int), seen, k, rows, allowed)


def item_shares(matrix: UserItemMatrix) -> np.ndarray:
    """Share of all interactions that each item received.

    Parameters
    ----------
    matrix : UserItemMatrix
        Who met what.

    Returns
    -------
    ndarray, shape (n_items,)
        Shares that sum to 1, or to 0 if nobody met anything.

    Examples
    --------
    >>> import pandas as pd
    >>> from scipy import sparse
    >>> values = sparse.csr_array(np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]]))
    >>> item_shares(UserItemMatrix(values, pd.Index([1, 2, 3]), pd.Index(["a", "b"]))).tolist()
    [0.75, 0.25]
    """
    counts = np.asarray(matrix.values.sum(axis=0)).ravel()
    total = counts.sum()
    return counts / (total if total > 0 else 1)
