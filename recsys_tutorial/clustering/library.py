"""One door to scikit-learn's clusterings, with the settings that this course recommends.

Chapters 3, 4 and 5 take the three algorithms apart; this is the way to use them for work.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from threadpoolctl import threadpool_limits

# Tables with at most this many numbers are clustered faster by one thread than by several.
SMALL = 1_000_000


def fit_kmeans(
    X: np.ndarray, n_clusters: int, *, n_init: int = 10, random_state: int = 0
) -> KMeans:
    """Fit scikit-learn's K-means with ten starts, on one thread if the table is small.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        One row per user, scaled.
    n_clusters : int
        Number of clusters, at most n_samples.
    n_init : int
        Starts; the best of them is kept.
    random_state : int
        Seed.

    Returns
    -------
    KMeans
        The fitted model.

    Examples
    --------
    >>> round(float(fit_kmeans(np.array([[0.0], [0.1], [5.0]]), 2).inertia_), 3)
    0.005
    """
    # n_init is written out: its default changed from 10 to 1 in scikit-learn 1.4.
    model = KMeans(n_clusters, n_init=n_init, random_state=random_state)
    # On small tables the threads of OpenMP spend their time waiting for each other.
    with threadpool_limits(limits=1 if np.size(X) <= SMALL else None, user_api="openmp"):
        return model.fit(X)


def cluster_users(
    X: np.ndarray,
    method: str = "kmeans",
    *,
    n_clusters: int = 10,
    eps: float = 0.5,
    min_samples: int = 5,
    random_state: int = 0,
) -> np.ndarray:
    """Group rows by K-means, DBSCAN or hierarchical (Ward) clustering.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        One row per user, scaled.
    method : {"kmeans", "dbscan", "hierarchical"}
        The algorithm.
    n_clusters : int
        For K-means and hierarchical clustering; at most n_samples.
    eps, min_samples : float, int
        For DBSCAN: radius of the neighbourhood, and how many points (the point itself included)
        make a core point.
    random_state : int
        Seed for K-means.

    Returns
    -------
    ndarray of int, shape (n_samples,)
        Labels; -1 is noise (DBSCAN only), a user without a group.

    Raises
    ------
    ValueError
        If the method is unknown or `n_clusters` does not fit the number of rows.

    Examples
    --------
    >>> X = np.array([[0.0], [0.1], [5.0], [5.1]])
    >>> [
    ...     len(set(cluster_users(X, m, n_clusters=2, min_samples=2).tolist()))
    ...     for m in ("kmeans", "dbscan", "hierarchical")
    ... ]
    [2, 2, 2]
    """
    fits: dict[str, Callable[[], np.ndarray]] = {
        "kmeans": lambda: fit_kmeans(X, n_clusters, random_state=random_state).labels_,
        "dbscan": lambda: DBSCAN(eps=eps, min_samples=min_samples).fit_predict(X),
        "hierarchical": lambda: AgglomerativeClustering(n_clusters, linkage="ward").fit_predict(X),
    }
    if method not in fits:
        raise ValueError(f"method must be one of {list(fits)}, not '{method}'.")
    if method != "dbscan" and not 1 <= n_clusters <= len(X):
        raise ValueError(f"n_clusters={n_clusters} must be between 1 and {len(X)}, the rows of X.")
    return fits[method]()
