"""The silhouette, short enough to read: how much nearer is a user to her own group.

Taught in chapter 6.  It agrees with scikit-learn's ``silhouette_samples``.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from recsys_tutorial.clustering.kmeans import _as_points


def silhouette_values(X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    r"""Silhouette of every row: near 1 deep in its group, 0 on the border, below 0 beyond it.

    .. math:: s = \frac{b - a}{\max(a, b)}

    Here a is the mean distance to the *other* members of the row's own cluster, and b the mean
    distance to the members of the nearest other cluster.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.
    labels : ndarray of int, shape (n_samples,)
        Cluster of each row.  A negative number is a cluster like any other here: treat noise with
        `split_noise` first.

    Returns
    -------
    ndarray, shape (n_samples,)
        Values between -1 and 1; 0 for a row that is alone in its cluster.

    Raises
    ------
    ValueError
        If a value is missing or infinite, `labels` does not fit, all rows are in one cluster, or
        every row is a cluster of its own.

    Notes
    -----
    All distances are in memory at once: 8 bytes times the square of the number of rows.

    References
    ----------
    Rousseeuw (1987). [rousseeuw1987silhouettes]

    Examples
    --------
    >>> silhouette_values([[0], [2], [7], [9]], [0, 0, 1, 1]).round(3).tolist()
    [0.75, 0.667, 0.667, 0.75]
    """
    X = _as_points(X)
    labels = np.asarray(labels)
    if labels.shape != (len(X),):
        raise ValueError(f"labels must hold one number for each of the {len(X)} rows of X.")
    names, group = np.unique(labels, return_inverse=True)
    if not 2 <= len(names) < len(X):
        raise ValueError(
            f"{len(names)} cluster(s) of {len(X)} row(s): a silhouette needs two clusters or more, "
            "and fewer clusters than rows."
        )
    member, row = np.eye(len(names))[group], np.arange(len(X))
    size = member.sum(axis=0)
    total = cdist(X, X) @ member  # distance of each row to all members of each cluster
    # The row itself is among its cluster's members, at distance 0: it must not be counted.
    a = total[row, group] / np.maximum(size[group] - 1, 1)
    others = total / size
    others[row, group] = np.inf
    b = others.min(axis=1)
    larger = np.maximum(a, b)
    value = (b - a) / np.where(larger > 0, larger, 1)
    return np.where(size[group] > 1, value, 0.0)
