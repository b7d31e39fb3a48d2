"""One door to scikit-learn's clusterings, with the settings that this course recommends.

Chapters 4 and 5 open the other two algorithms; until then this is all that a reader needs.
"""

from __future__ import annotations

import numpy as np
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans


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
    models = {
        "kmeans": lambda: KMeans(n_clusters, n_init=10, random_state=random_state),
        "dbscan": lambda: DBSCAN(eps=eps, min_samples=min_samples),
        "hierarchical": lambda: AgglomerativeClustering(n_clusters, linkage="ward"),
    }
    if method not in models:
        raise ValueError(f"method must be one of {list(models)}, not '{method}'.")
    if method != "dbscan" and not 1 <= n_clusters <= len(X):
        raise ValueError(f"n_clusters={n_clusters} must be between 1 and {len(X)}, the rows of X.")
    return models[method]().fit_predict(X)
