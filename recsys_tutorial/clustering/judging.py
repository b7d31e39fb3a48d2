"""Is this a good clustering?  Curves over k, stability, and agreement with a known truth.

Used from chapter 3 on and taught in chapter 6.  The measures come from scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score


def _fit(X: np.ndarray, n_clusters: int, random_state: int) -> KMeans:
    # n_init is written out: its default changed from 10 to 1 in scikit-learn 1.4.
    return KMeans(n_clusters, n_init=10, random_state=random_state).fit(X)


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

    Examples
    --------
    >>> inertia_curve(np.array([[0.0], [1.0], [9.0]]), [1, 3]).round(6).tolist()
    [48.666667, 0.0]
    """
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

    References
    ----------
    Rousseeuw (1987). [rousseeuw1987silhouettes]

    Examples
    --------
    >>> X = np.array([[0.0], [0.1], [5.0], [5.1]])
    >>> silhouette_curve(X, [2, 3]).idxmax()
    2
    """
    curve = {k: float(silhouette_score(X, _fit(X, k, random_state).labels_)) for k in ks}
    return pd.Series(curve, name="silhouette").rename_axis("n_clusters")


def agreement(labels: np.ndarray, truth: np.ndarray) -> float:
    """Compare two groupings by the adjusted Rand index: 1 for the same, about 0 for chance.

    The numbers of the clusters do not matter, only who is with whom.

    Parameters
    ----------
    labels, truth : ndarray of int, shape (n_samples,)
        Two groupings of the same rows.

    Returns
    -------
    float
        At most 1; below 0 when worse than chance.

    References
    ----------
    Hubert and Arabie (1985). [hubert1985comparing]

    Examples
    --------
    >>> agreement([0, 0, 1, 1], [5, 5, 3, 3])
    1.0
    """
    return float(adjusted_rand_score(truth, labels))


def stability(
    X: np.ndarray, n_clusters: int, *, n_repeats: int = 10, random_state: int = 0
) -> np.ndarray:
    """Test whether K-means finds the same groups again when other users are in the sample.

    K-means is fitted on bootstrap samples of the rows; every fit then labels all rows, and
    successive fits are compared.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.
    n_clusters : int
        Number of clusters.
    n_repeats : int
        Number of pairs compared.
    random_state : int
        Seed.

    Returns
    -------
    ndarray, shape (n_repeats,)
        Adjusted Rand index of each pair; near 1 means stable.

    Examples
    --------
    >>> X = np.repeat([[0.0], [9.0]], 20, axis=0)
    >>> stability(X, 2, n_repeats=3).tolist()
    [1.0, 1.0, 1.0]
    """
    X, rng = np.asarray(X, dtype=float), np.random.default_rng(random_state)
    labels = []
    for repeat in range(n_repeats + 1):
        sample = X[rng.integers(len(X), size=len(X))]
        labels.append(_fit(sample, n_clusters, random_state + repeat).predict(X))
    pairs = zip(labels[:-1], labels[1:], strict=True)
    return np.array([agreement(a, b) for a, b in pairs])
