"""Curves over the number of clusters, and data without groups to hold them against.

Taught in chapter 6.  Every curve rises or falls on noise as well; what counts is by how much more
it does so on the data.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from recsys_tutorial.clustering.kmeans import _as_points, _need_k
from recsys_tutorial.clustering.library import fit_kmeans

NULLS = ("permuted", "uniform")
# Below this share of the total, J is rounding and its logarithm means nothing.
ZERO = 1e-12


def _fit(X: np.ndarray, n_clusters: int, random_state: int) -> KMeans:
    _need_k(n_clusters, X)
    return fit_kmeans(X, n_clusters, random_state=random_state)


def inertia_curve(X: np.ndarray, ks: Iterable[int], *, random_state: int = 0) -> pd.Series:
    """Inertia J for several numbers of clusters (the elbow plot).

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.
    ks : iterable of int
        Numbers of clusters to try.
    random_state : int
        Seed.

    Returns
    -------
    Series
        J, indexed by k.  It falls with k on any data, noise included.

    Raises
    ------
    ValueError
        If a value is missing or infinite, or a number of clusters does not fit the rows.

    Examples
    --------
    >>> inertia_curve(np.array([[0.0], [1.0], [9.0]]), [1, 3]).round(6).tolist()
    [48.666667, 0.0]
    """
    X = _as_points(X)
    curve = {k: float(_fit(X, k, random_state).inertia_) for k in ks}
    return pd.Series(curve, name="inertia").rename_axis("n_clusters")


def silhouette_curve(X: np.ndarray, ks: Iterable[int], *, random_state: int = 0) -> pd.Series:
    """Mean silhouette for several numbers of clusters.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.
    ks : iterable of int
        Numbers of clusters to try, each from 2 to n_samples - 1.
    random_state : int
        Seed.

    Returns
    -------
    Series
        Mean silhouette between -1 and 1, indexed by k.

    Raises
    ------
    ValueError
        If a value is missing or infinite, or a number of clusters is not from 2 to n_samples - 1.

    References
    ----------
    Rousseeuw (1987). [rousseeuw1987silhouettes]

    Examples
    --------
    >>> X = np.array([[0.0], [0.1], [5.0], [5.1]])
    >>> int(silhouette_curve(X, [2, 3]).idxmax())
    2
    """
    X, ks = _as_points(X), list(ks)
    for k in ks:
        if not 2 <= k < len(X):
            raise ValueError(f"k={k}: a silhouette needs 2 to {len(X) - 1} clusters of these rows.")
    curve = {k: float(silhouette_score(X, _fit(X, k, random_state).labels_)) for k in ks}
    return pd.Series(curve, name="silhouette").rename_axis("n_clusters")


def permute_columns(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make data without groups out of data: shuffle each column by itself.

    Every column keeps its values, so means, spreads and long tails stay; all that columns had to
    do with each other is gone.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points; they are left as they are.
    rng : Generator
        Source of chance.

    Returns
    -------
    ndarray, shape (n_samples, n_features)
        A new table of the same columns, each in an order of its own.

    Raises
    ------
    ValueError
        If a value is missing or infinite.

    Examples
    --------
    >>> X = np.array([[1, 10], [2, 20], [3, 30]])
    >>> np.sort(permute_columns(X, np.random.default_rng(0)), axis=0).tolist()
    [[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]
    """
    return rng.permuted(_as_points(X), axis=0)


def gap_statistic(
    X: np.ndarray,
    ks: Iterable[int],
    *,
    n_references: int = 10,
    null: str = "permuted",
    random_state: int = 0,
) -> pd.DataFrame:
    r"""By how much J is smaller than on data without groups, for several numbers of clusters.

    .. math:: \text{gap}(k) = \frac{1}{B} \sum_{b=1}^{B} \log J_b(k) - \log J(k)

    The sum runs over B reference tables without groups.  Their own authors take the smallest k
    with ``gap(k) >= gap(k + 1) - se(k + 1)``.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.
    ks : iterable of int
        Numbers of clusters to try, each smaller than the number of different rows.
    n_references : int
        Number B of reference tables, at least 2.
    null : {"permuted", "uniform"}
        How to make them: by `permute_columns`, or evenly within the range of each column.
    random_state : int
        Seed.

    Returns
    -------
    DataFrame
        Indexed by k: ``log_j`` of the data, ``null_log_j`` (mean over the references), ``gap``
        (their difference) and ``se``, the standard error of the gap: the standard deviation over
        the references times the root of ``1 + 1 / B``.

    Raises
    ------
    ValueError
        If a value is missing or infinite, the null is unknown, there are fewer than two references,
        or a number of clusters leaves J at 0.

    Notes
    -----
    The idea is that of Tibshirani, Walther and Hastie (2001), who draw the references uniformly.

    Examples
    --------
    >>> X = np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], 20, axis=0)
    >>> X += np.random.default_rng(0).normal(size=X.shape)
    >>> int(gap_statistic(X, range(1, 5))["gap"].idxmax())
    3
    """
    X = _as_points(X)
    if null not in NULLS:
        raise ValueError(f"null must be one of {list(NULLS)}, not {null!r}.")
    if n_references < 2:
        raise ValueError(f"n_references={n_references} must be at least 2, or there is no error.")
    rng = np.random.default_rng(random_state)
    low, high = X.min(axis=0), X.max(axis=0)
    references = [
        permute_columns(X, rng) if null == "permuted" else rng.uniform(low, high, X.shape)
        for _ in range(n_references)
    ]
    rows = {}
    for k in ks:
        theirs = np.array([_log_j(table, k, random_state) for table in references])
        mine = _log_j(X, k, random_state)
        error = float(theirs.std() * np.sqrt(1 + 1 / n_references))
        rows[k] = (mine, theirs.mean(), theirs.mean() - mine, error)
    columns = ["log_j", "null_log_j", "gap", "se"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("n_clusters")


def _log_j(X: np.ndarray, n_clusters: int, random_state: int) -> float:
    """Logarithm of J; an error where J is 0, because zero has none."""
    different = len(np.unique(X, axis=0))
    _need_k(n_clusters, X)
    total = float(((X - X.mean(axis=0)) ** 2).sum())
    # Asked before the fit, because K-means warns when it runs out of different rows.
    j = 0.0 if n_clusters >= different else float(_fit(X, n_clusters, random_state).inertia_)
    if j <= ZERO * total:
        raise ValueError(
            f"J is 0 at k={n_clusters}: there are {different} different rows. Try fewer clusters."
        )
    return float(np.log(j))
