"""DBSCAN, short enough to read on one screen: dense places are clusters, lonely points are noise.

Taught in chapter 4, which derives each function before it uses it.  Labels equal scikit-learn's
``DBSCAN``, numbers included; speed does not, and is not the aim.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from recsys_tutorial.clustering.kmeans import _as_points

NOISE = -1


@dataclass(frozen=True, eq=False)
class DBSCANResult:
    """What DBSCAN found.

    Attributes
    ----------
    labels : ndarray of int, shape (n_samples,)
        Number of the cluster of each row; -1 is noise, a point without a cluster.
    core : ndarray of bool, shape (n_samples,)
        Whether each row is a core point.
    """

    labels: np.ndarray
    core: np.ndarray

    @property
    def n_clusters(self) -> int:
        """Count the clusters; noise is not one of them.

        Returns
        -------
        int
            Number of clusters, 0 or more.
        """
        return int(self.labels.max()) + 1

    @property
    def noise_share(self) -> float:
        """Say how many of the points have no cluster.

        Returns
        -------
        float
            Between 0 and 1.  Report it beside every other figure: a clustering that throws half of
            the users away can look excellent on the other half.
        """
        return float(np.mean(self.labels == NOISE))

    @property
    def kinds(self) -> np.ndarray:
        """Name the kind of each point.

        Returns
        -------
        ndarray of str, shape (n_samples,)
            ``"core"``, ``"border"`` (in a cluster, but not core) or ``"noise"``.
        """
        outside = np.where(self.labels == NOISE, "noise", "border")
        return np.where(self.core, "core", outside)


def _need_eps(eps: float) -> None:
    if not eps > 0:  # written so that nan is refused as well
        raise ValueError(f"eps={eps} must be positive: it is the radius of the neighbourhood.")


def _need_count(value: int, name: str, limit: int | None = None) -> None:
    if not isinstance(value, Integral) or value < 1 or (limit is not None and value > limit):
        upper = "" if limit is None else f" and at most {limit}, the rows of X"
        raise ValueError(f"{name}={value} must be a whole number, at least 1{upper}.")


def neighbourhoods(X: np.ndarray, eps: float) -> list[np.ndarray]:
    r"""Find the neighbours of every point, within the data set.

    .. math:: N_\varepsilon(x) = \{\, y \in D : d(x, y) \le \varepsilon \,\}

    The ball is closed, and a point is its own neighbour.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.
    eps : float
        Radius.

    Returns
    -------
    list of ndarray of int
        For each row the numbers of its neighbours, in ascending order, its own among them.

    Raises
    ------
    ValueError
        If a value is missing or infinite, or `eps` is not positive.

    References
    ----------
    Ester, Kriegel, Sander and Xu (1996), definition 1. [ester1996density]

    Examples
    --------
    >>> [found.tolist() for found in neighbourhoods([[0.0], [1.0], [2.5]], eps=1.5)]
    [[0, 1], [0, 1, 2], [1, 2]]
    """
    X = _as_points(X)
    _need_eps(eps)
    # Squares on both sides, as in scikit-learn's trees: the same ties fall on the same side.  One
    # row of distances at a time; the whole table would need n * n numbers.
    return [np.flatnonzero(((X - x) ** 2).sum(axis=1) <= eps * eps) for x in X]


def core_points(X: np.ndarray, eps: float, min_samples: int) -> np.ndarray:
    """Tell which points lie in a dense place: at least `min_samples` neighbours, itself included.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.
    eps : float
        Radius of the neighbourhood.
    min_samples : int
        How many points a neighbourhood must hold; Ester et al. call it MinPts.

    Returns
    -------
    ndarray of bool, shape (n_samples,)
        Whether each row is a core point.

    Raises
    ------
    ValueError
        If a value is missing or infinite, `eps` is not positive, or `min_samples` is below 1.

    References
    ----------
    Ester, Kriegel, Sander and Xu (1996), core point condition of definition 2. [ester1996density]

    Examples
    --------
    >>> core_points([[0.0], [1.0], [2.5]], eps=1.5, min_samples=3).tolist()
    [False, True, False]
    """
    _need_count(min_samples, "min_samples")
    return np.array([len(found) >= min_samples for found in neighbourhoods(X, eps)])


def dbscan(X: np.ndarray, eps: float = 0.5, min_samples: int = 5) -> DBSCANResult:
    """Cluster rows by density: core points that are neighbours share a cluster.

    Rows are visited in order.  The first core point without a cluster opens a new one, which grows
    from neighbour to neighbour as long as it meets core points.  A border point joins the first
    cluster that reaches it; a point that no cluster reaches is noise.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points; scale them first (chapter 2).
    eps : float
        Radius of the neighbourhood, in the units of the points.
    min_samples : int
        How many points, itself included, make a core point.

    Returns
    -------
    DBSCANResult
        Labels and core points.

    Raises
    ------
    ValueError
        If a value is missing or infinite, `eps` is not positive, or `min_samples` is below 1.

    References
    ----------
    Ester, Kriegel, Sander and Xu (1996). [ester1996density]

    Examples
    --------
    >>> found = dbscan([[0.0], [1.0], [2.5], [9.0]], eps=1.5, min_samples=3)
    >>> found.labels.tolist(), found.kinds.tolist()
    ([0, 0, 0, -1], ['border', 'core', 'border', 'noise'])
    """
    _need_count(min_samples, "min_samples")
    neighbours = neighbourhoods(X, eps)
    core = np.array([len(found) >= min_samples for found in neighbours])
    labels = np.full(len(core), NOISE)
    n_clusters = 0
    for row in np.flatnonzero(core).tolist():
        if labels[row] == NOISE:
            _grow(row, n_clusters, neighbours, core, labels)
            n_clusters += 1
    return DBSCANResult(labels, core)


def _grow(
    first: int, cluster: int, neighbours: list[np.ndarray], core: np.ndarray, labels: np.ndarray
) -> None:
    """Write the cluster of one core point into the labels."""
    labels[first] = cluster
    waiting = [first]
    while waiting:
        near = neighbours[waiting.pop()]
        new = near[labels[near] == NOISE]
        labels[new] = cluster
        # A border point is taken in, but nobody is reached through it.
        waiting.extend(new[core[new]])


def k_distances(X: np.ndarray, k: int) -> np.ndarray:
    """Compute the distance of every point to its k-th nearest, itself counted as the first.

    With ``k = min_samples`` this is the smallest `eps` at which the point is a core point, so the
    share of values up to some `eps` is the share of core points.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.
    k : int
        From 1 (the point itself, at distance 0) to the number of rows.

    Returns
    -------
    ndarray, shape (n_samples,)
        One distance per row, in the order of the rows; sort them to draw the curve.

    Raises
    ------
    ValueError
        If a value is missing or infinite, or `k` is not between 1 and the number of rows.

    References
    ----------
    Ester, Kriegel, Sander and Xu (1996), section 4.2, where the point itself is not counted.
    [ester1996density]

    Examples
    --------
    >>> k_distances([[0.0], [1.0], [2.5], [9.0]], k=3).tolist()
    [2.5, 1.5, 2.5, 8.0]
    """
    X = _as_points(X)
    _need_count(k, "k", len(X))
    squared = np.array([np.partition(((X - x) ** 2).sum(axis=1), k - 1)[k - 1] for x in X])
    distances = np.sqrt(squared)
    # The root of 3, squared, is a little less than 3: the point would not be core at its own value.
    return np.where(distances**2 < squared, np.nextafter(distances, np.inf), distances)
