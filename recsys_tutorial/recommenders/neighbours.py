"""Neighbours: the classics that need no groups, and that groups are measured against.

Taught in chapter 10.  Two items are near when the same users met them; two users are near when
they met the same items.  Similarities are computed in blocks, and only the nearest are kept.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders.base import Recommender
from recsys_tutorial.recommenders.ranking import blocks_of, top_columns

ROWS_AT_ONCE = 64


def cosine_neighbours(
    values: sparse.csr_array,
    by_column: sparse.csr_array,
    n_neighbors: int,
    shrinkage: float,
    power: float,
    own: np.ndarray | None = None,
) -> sparse.csr_array:
    """Similarities of rows to the rows of another matrix, the largest only.

    The similarity is ``(x @ y / (|x| |y| + shrinkage)) ** power``: shrinkage distrusts what rests
    on few common entries, and a power above 1 lets the nearest neighbours outvote the rest.

    Parameters
    ----------
    values : csr_array, shape (n_rows, n_columns)
        Rows that look for neighbours.
    by_column : csr_array, shape (n_columns, n_others)
        Rows that may be neighbours, transposed.
    n_neighbors : int
        Neighbours kept per row; ties go to the lower row number.
    shrinkage, power : float
        See above.
    own : ndarray of int, shape (n_rows,), optional
        Where each row stands itself among the others; nobody is a neighbour of her own.

    Returns
    -------
    csr_array, shape (n_rows, n_others)
        Positive similarities.

    Examples
    --------
    >>> x = sparse.csr_array(np.array([[1.0, 1.0], [1.0, 0.0]]))
    >>> near = cosine_neighbours(x, x.T.tocsr(), 1, 0.0, 2.0, own=np.arange(2))
    >>> near.toarray().round(2).tolist()
    [[0.0, 0.5], [0.5, 0.0]]
    """
    size = np.sqrt((values * values).sum(axis=1))
    other_size = np.sqrt((by_column * by_column).sum(axis=0))
    rows, columns, strengths = [], [], []
    for block in blocks_of(np.arange(values.shape[0]), by_column.shape[1]):
        similar = values[block] @ by_column
        # Ties go to the lower number, so the order must not depend on how SciPy multiplies.
        similar.sort_indices()
        row = block[np.repeat(np.arange(len(block)), np.diff(similar.indptr))]
        strength = similar.data / (size[row] * other_size[similar.indices] + shrinkage)
        usable = similar.data > 0
        if own is not None:
            usable &= similar.indices != own[row]
        strength[~usable] = -np.inf
        for nearest in _largest_cells(strength, similar.indptr, n_neighbors):
            rows.append(row[nearest])
            columns.append(similar.indices[nearest])
            strengths.append(strength[nearest] ** power)
    shape = (values.shape[0], by_column.shape[1])
    if not rows:
        return sparse.csr_array(shape)
    places = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array((np.concatenate(strengths), places), shape=shape)


def _largest_cells(values: np.ndarray, indptr: np.ndarray, n_largest: int) -> Iterator[np.ndarray]:
    """Where the largest values of each sparse row stand, some rows at a time."""
    counts = np.diff(indptr)
    # Rows of similar length share a table, so that a long row does not make a short one wide.
    for some in np.array_split(np.argsort(counts), len(counts) // ROWS_AT_ONCE + 1):
        place = np.arange(counts[some].max(initial=0))
        filled = place < counts[some, None]
        cells = np.where(filled, indptr[some, None] + place, 0)
        table = np.full(cells.shape, -np.inf)
        table[filled] = values[cells[filled]]
        nearest = top_columns(table, n_largest)
        row, rank = np.nonzero(nearest >= 0)
        yield cells[row, nearest[row, rank]]


class _Neighbours(Recommender):
    """What both kinds of neighbours share: three settings and their bounds."""

    n_neighbors: int
    shrinkage: float
    power: float

    def _check(self) -> None:
        fine = self.n_neighbors >= 1 and 0 <= self.shrinkage < np.inf and 0 < self.power < np.inf
        if not fine:
            raise ValueError(
                f"n_neighbors={self.n_neighbors} must be at least 1, shrinkage={self.shrinkage} "
                f"at least 0, power={self.power} positive."
            )


class ItemKNN(_Neighbours):
    """Recommend the items that are most similar to what the user met.

    Parameters
    ----------
    n_neighbors : int
        Similar items kept for each item.
    shrinkage : float
        Distrust of similarities that rest on few users, in users.
    power : float
        Exponent of the similarities.

    Attributes
    ----------
    similarity_ : csr_array, shape (n_items, n_items)
        Row i holds the items similar to item i.

    References
    ----------
    Sarwar et al. (2001), Item-Based Collaborative Filtering. [sarwar2001item]

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> ItemKNN().fit(user_item_matrix(load_movielens())).top_k([1], k=5).shape
    (1, 5)
    """

    def __init__(self, n_neighbors: int = 200, shrinkage: float = 20.0, power: float = 1.0) -> None:
        self.n_neighbors = n_neighbors
        self.shrinkage = shrinkage
        self.power = power

    def fit(self, matrix: UserItemMatrix) -> ItemKNN:
        """Compare every item with every other, and keep the nearest.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        ItemKNN
            Itself.

        Raises
        ------
        ValueError
            If a setting is out of range.
        """
        self._check()
        by_item = matrix.values.T.tocsr()
        own = np.arange(by_item.shape[0])
        self.similarity_ = cosine_neighbours(
            by_item, matrix.values, self.n_neighbors, self.shrinkage, self.power, own
        )
        self.matrix_ = matrix
        return self

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        return self._score_histories(self.matrix_.values[rows])

    def _score_histories(self, histories: sparse.csr_array) -> np.ndarray:
        # Item i asks its own neighbours, how many of them the user has met.
        return (histories @ self.similarity_.T).toarray()


class UserKNN(_Neighbours):
    """Recommend what the most similar users met.

    Parameters
    ----------
    n_neighbors : int
        Similar users who are asked.
    shrinkage : float
        Distrust of similarities that rest on few common items, in items.
    power : float
        Exponent of the similarities.

    Attributes
    ----------
    by_item_ : csr_array, shape (n_items, n_users)
        Who met each item.

    References
    ----------
    Herlocker et al. (1999). [herlocker1999algorithmic]

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> UserKNN().fit(user_item_matrix(load_movielens())).top_k([1], k=5).shape
    (1, 5)
    """

    def __init__(self, n_neighbors: int = 50, shrinkage: float = 0.0, power: float = 2.0) -> None:
        self.n_neighbors = n_neighbors
        self.shrinkage = shrinkage
        self.power = power

    def fit(self, matrix: UserItemMatrix) -> UserKNN:
        """Remember everybody; the work is done when somebody asks.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        UserKNN
            Itself.

        Raises
        ------
        ValueError
            If a setting is out of range.
        """
        self._check()
        self.by_item_ = matrix.values.T.tocsr()
        self.matrix_ = matrix
        return self

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        return self._ask(self.matrix_.values[rows], own=rows)

    def _score_histories(self, histories: sparse.csr_array) -> np.ndarray:
        return self._ask(histories)

    def _ask(self, histories: sparse.csr_array, own: np.ndarray | None = None) -> np.ndarray:
        near = cosine_neighbours(
            histories, self.by_item_, self.n_neighbors, self.shrinkage, self.power, own
        )
        return (near @ self.matrix_.values).toarray()
