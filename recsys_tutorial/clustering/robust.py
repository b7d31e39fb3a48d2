"""Clusters that a few strange users cannot move.

Taught in chapter 15.  A mean follows every row, and one row that is far enough takes it anywhere;
a trimmed mean leaves out the farthest.
"""

from __future__ import annotations

import numpy as np

from recsys_tutorial.clustering.kmeans import squared_distances


def trimmed_kmeans(
    features: np.ndarray,
    n_clusters: int,
    *,
    trim: float = 0.1,
    n_init: int = 10,
    max_iter: int = 50,
    random_state: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """K-means that leaves the share `trim` of the rows farthest from any centre out of the means.

    Parameters
    ----------
    features : ndarray, shape (n_users, n_features)
        Description of the users.
    n_clusters : int
        Number of clusters.
    trim : float
        Share left out, at least 0 and below 1; 0 is K-means.
    n_init : int
        Starts; the one with the smallest sum of squares over the rows that are kept wins.
    max_iter : int
        Steps of each start, at most.
    random_state : int
        Seed.

    Returns
    -------
    centres : ndarray, shape (n_clusters, n_features)
        Means of the kept rows.
    labels : ndarray of int, shape (n_users,)
        Nearest centre of each row, or -1 for those that were left out.

    Raises
    ------
    ValueError
        If `trim` is out of range, or fewer rows are kept than there are clusters.

    References
    ----------
    Cuesta-Albertos, Gordaliza and Matrán (1997). [cuesta1997trimmed]

    Examples
    --------
    >>> rows = np.array([[0.0], [0.2], [10.0], [10.2], [999.0]])
    >>> centres, labels = trimmed_kmeans(rows, 2, trim=0.2)
    >>> np.sort(centres.ravel()).round(1).tolist(), int(labels[-1])
    ([0.1, 10.1], -1)
    """
    features = np.asarray(features, dtype=float)
    if not 0 <= trim < 1:
        raise ValueError(f"trim={trim} must be at least 0 and below 1.")
    n_kept = len(features) - int(trim * len(features))
    if not 1 <= n_clusters <= n_kept or n_init < 1 or max_iter < 1:
        raise ValueError(f"n_clusters={n_clusters} must lie between 1 and the {n_kept} kept rows.")
    rng, best = np.random.default_rng(random_state), (np.inf, features[:0], np.zeros(0, int))
    for _ in range(n_init):
        # Not k-means++: it prefers far rows, and so begins with the very ones to leave out.
        centres = features[rng.choice(len(features), n_clusters, replace=False)]
        labels = np.full(len(features), -2)
        for _ in range(max_iter):
            before, labels, cost = labels, *_assign_and_trim(features, centres, n_kept)
            if np.array_equal(labels, before):
                break
            for cluster in np.unique(labels[labels >= 0]):
                centres[cluster] = features[labels == cluster].mean(axis=0)
        if cost < best[0]:
            best = (cost, centres, labels)
    return best[1], best[2]


def _assign_and_trim(
    features: np.ndarray, centres: np.ndarray, n_kept: int
) -> tuple[np.ndarray, float]:
    squared = squared_distances(features, centres)
    labels, nearest = squared.argmin(axis=1), squared.min(axis=1)
    order = np.argsort(nearest, kind="stable")
    labels[order[n_kept:]] = -1
    return labels, float(nearest[order[:n_kept]].sum())
