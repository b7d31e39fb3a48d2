"""Finding neighbours without looking at everybody: clusters as an index, and random hyperplanes.

Taught in chapter 16.  Both are written to be read and to count their work; libraries do the same
in C++ (`faiss`, `hnswlib`, `usearch`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from recsys_tutorial.clustering.kmeans import assign_to_centres, squared_distances
from recsys_tutorial.clustering.library import fit_kmeans


class Found(NamedTuple):
    """What a search found, and what it cost.

    Attributes
    ----------
    neighbours : ndarray of int, shape (n_queries, k)
        Row numbers, nearest first; -1 where fewer than k were looked at.
    work : ndarray of int, shape (n_queries,)
        Distances and projections computed for each query: full passes over one vector.
    """

    neighbours: np.ndarray
    work: np.ndarray


def exact_neighbours(points: np.ndarray, queries: np.ndarray, k: int) -> Found:
    """Compare every query with every point.

    Parameters
    ----------
    points : ndarray, shape (n_points, n_features)
        Where to look.
    queries : ndarray, shape (n_queries, n_features)
        What to look for.
    k : int
        Neighbours per query.

    Returns
    -------
    Found
        Neighbours by Euclidean distance, ties to the lower row; the work is n_points each.

    Raises
    ------
    ValueError
        If `k` is less than 1, or the numbers of columns differ.

    Examples
    --------
    >>> exact_neighbours(np.array([[0.0], [2.0], [9.0]]), np.array([[8.0]]), 2).neighbours.tolist()
    [[2, 1]]
    """
    _check(points, queries, k)
    everywhere = np.arange(len(points))
    return _search(points, queries, k, lambda _: everywhere, 0)


class InvertedFile:
    """Clusters as an index: look only into the clusters nearest to the query.

    Parameters
    ----------
    n_cells : int
        Number of clusters; near the root of the number of points, the work is least.
    random_state : int
        Seed of K-means.

    Attributes
    ----------
    centres_ : ndarray, shape (n_cells, n_features)
        Centres of the clusters.
    members_ : list of ndarray of int
        Rows of each cluster: the inverted file.

    References
    ----------
    Jégou, Douze and Schmid (2011), Product Quantization for Nearest Neighbor Search.
    [jegou2011product]

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> index = InvertedFile(2).fit(points)
    >>> found = index.search(np.array([[8.0]]), k=2, n_probe=1)
    >>> found.neighbours.tolist(), found.work.tolist()
    ([[2, 3]], [4])
    """

    def __init__(self, n_cells: int = 100, random_state: int = 0) -> None:
        self.n_cells = n_cells
        self.random_state = random_state

    def fit(self, points: np.ndarray, centres: np.ndarray | None = None) -> InvertedFile:
        """Cluster the points, or share them out among centres that you have.

        Parameters
        ----------
        points : ndarray, shape (n_points, n_features)
            Where to look.
        centres : ndarray, shape (n_cells, n_features), optional
            Known centres; then nothing is learnt.

        Returns
        -------
        InvertedFile
            Itself.

        Raises
        ------
        ValueError
            If `n_cells` is not between 1 and the number of points, or the centres are not as many.
        """
        if not 1 <= self.n_cells <= len(points):
            raise ValueError(f"n_cells={self.n_cells} must be between 1 and {len(points)} points.")
        if centres is None:
            model = fit_kmeans(points, self.n_cells, n_init=1, random_state=self.random_state)
            centres, cells = model.cluster_centers_, model.labels_
        elif centres.shape != (self.n_cells, points.shape[1]):
            raise ValueError(
                f"centres has shape {centres.shape}, not {(self.n_cells, points.shape[1])}."
            )
        else:
            cells = assign_to_centres(points, centres)
        self.points_, self.centres_ = points, centres
        self.members_ = [np.flatnonzero(cells == cell) for cell in range(self.n_cells)]
        return self

    def search(self, queries: np.ndarray, k: int = 10, *, n_probe: int = 1) -> Found:
        """Look into the `n_probe` clusters whose centres are nearest.

        Parameters
        ----------
        queries : ndarray, shape (n_queries, n_features)
            What to look for.
        k : int
            Neighbours per query.
        n_probe : int
            Clusters to look into; all of them give the exact answer.

        Returns
        -------
        Found
            Neighbours; the work counts the centres too.

        Raises
        ------
        ValueError
            If `k` is less than 1, the columns differ, or `n_probe` is not between 1 and `n_cells`.
        """
        _check(self.points_, queries, k)
        if not 1 <= n_probe <= self.n_cells:
            raise ValueError(f"n_probe={n_probe} must be between 1 and n_cells={self.n_cells}.")
        distance = squared_distances(queries, self.centres_)
        cells = np.argsort(distance, axis=1, kind="stable")[:, :n_probe]

        def candidates(row: int) -> np.ndarray:
            return np.sort(np.concatenate([self.members_[cell] for cell in cells[row]]))

        return _search(self.points_, queries, k, candidates, self.n_cells)


class HyperplaneHash:
    """Random hyperplanes: points on the same side of all planes of a table share a bucket.

    Two vectors at the angle a are on the same side of a random plane through 0 with the chance
    ``1 - a / pi``, so near ones share buckets more often than far ones (locality-sensitive
    hashing).

    Parameters
    ----------
    n_bits : int
        Planes per table: more of them make smaller buckets.
    n_tables : int
        Tables: more of them give a near point another chance.
    random_state : int
        Seed.

    Attributes
    ----------
    planes_ : ndarray, shape (n_tables, n_features, n_bits)
        Normal vectors of the planes.

    References
    ----------
    Charikar (2002), Similarity Estimation Techniques from Rounding Algorithms.
    [charikar2002similarity]

    Examples
    --------
    >>> points = np.array([[1.0, 0.1], [1.0, 0.2], [-1.0, 0.0]])
    >>> index = HyperplaneHash(n_bits=2, n_tables=1).fit(points)
    >>> index.search(np.array([[1.0, 0.15]]), k=3).neighbours.tolist()
    [[0, 1, -1]]
    """

    def __init__(self, n_bits: int = 8, n_tables: int = 8, random_state: int = 0) -> None:
        self.n_bits = n_bits
        self.n_tables = n_tables
        self.random_state = random_state

    def fit(self, points: np.ndarray) -> HyperplaneHash:
        """Put every point into its bucket of every table.

        Parameters
        ----------
        points : ndarray, shape (n_points, n_features)
            Where to look; centre them, if they all point into one direction.

        Returns
        -------
        HyperplaneHash
            Itself.

        Raises
        ------
        ValueError
            If `n_bits` is not between 1 and 62, or `n_tables` is less than 1.
        """
        if not 1 <= self.n_bits <= 62 or self.n_tables < 1:
            raise ValueError(
                f"n_bits={self.n_bits} must be between 1 and 62, n_tables={self.n_tables} positive."
            )
        rng = np.random.default_rng(self.random_state)
        self.planes_ = rng.normal(size=(self.n_tables, points.shape[1], self.n_bits))
        self.points_ = points
        self.buckets_: list[dict[int, np.ndarray]] = []
        for codes in self._codes(points):
            order = np.argsort(codes, kind="stable")
            names, starts = np.unique(codes[order], return_index=True)
            parts = np.split(order, starts[1:])
            self.buckets_.append(dict(zip(names.tolist(), parts, strict=True)))
        return self

    def _codes(self, vectors: np.ndarray) -> np.ndarray:
        """Write the sides of all planes of a table as one whole number: (n_tables, n_vectors)."""
        return np.array([(vectors @ p > 0) @ (1 << np.arange(self.n_bits)) for p in self.planes_])

    def search(self, queries: np.ndarray, k: int = 10) -> Found:
        """Look into the bucket of the query in every table.

        Parameters
        ----------
        queries : ndarray, shape (n_queries, n_features)
            What to look for.
        k : int
            Neighbours per query.

        Returns
        -------
        Found
            Neighbours; the work counts each projection on a plane like a distance.

        Raises
        ------
        ValueError
            If `k` is less than 1, or the columns differ.
        """
        _check(self.points_, queries, k)
        codes, nobody = self._codes(queries).T.tolist(), np.empty(0, dtype=int)

        def candidates(row: int) -> np.ndarray:
            tables = zip(self.buckets_, codes[row], strict=True)
            return np.unique(np.concatenate([table.get(code, nobody) for table, code in tables]))

        return _search(self.points_, queries, k, candidates, self.n_bits * self.n_tables)


def recall_of(found: Found, truth: Found) -> float:
    """Share of the true neighbours that were found.

    Parameters
    ----------
    found : Found
        From an index.
    truth : Found
        From `exact_neighbours`, with the same k.

    Returns
    -------
    float
        Between 0 and 1.

    Examples
    --------
    >>> one, two = (Found(np.array([rows]), np.array([0])) for rows in ([3, -1], [3, 4]))
    >>> recall_of(one, two)
    0.5
    """
    pairs = zip(found.neighbours, truth.neighbours, strict=True)
    return float(np.mean([np.isin(right, mine).mean() for mine, right in pairs]))


def _check(points: np.ndarray, queries: np.ndarray, k: int) -> None:
    if k < 1:
        raise ValueError(f"k={k} must be at least 1.")
    if queries.ndim != 2 or queries.shape[1] != points.shape[1]:
        raise ValueError(
            f"queries has shape {queries.shape}, points has {points.shape[1]} columns."
        )


def _search(
    points: np.ndarray,
    queries: np.ndarray,
    k: int,
    candidates: Callable[[int], np.ndarray],
    before: int,
) -> Found:
    """Rank the candidates of each query; a loop over queries, since each has others."""
    neighbours = np.full((len(queries), k), -1)
    work = np.zeros(len(queries), dtype=int)
    for row, query in enumerate(queries):
        rows = candidates(row)
        distance = ((points[rows] - query) ** 2).sum(axis=1)
        best = rows[np.argsort(distance, kind="stable")[:k]]
        neighbours[row, : len(best)] = best
        work[row] = before + len(rows)
    return Found(neighbours, work)
