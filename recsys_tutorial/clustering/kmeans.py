"""K-means, short enough to read on one screen.

Taught in chapter 3, which derives each function before it uses it.  The numbers agree with
scikit-learn's ``KMeans`` to 1e-9; speed does not, and is not the aim.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class KMeansResult:
    """What K-means found.

    Attributes
    ----------
    centres : ndarray, shape (n_clusters, n_features)
        Mean of the members of each cluster.
    labels : ndarray of int, shape (n_samples,)
        Number of the cluster of each row.
    inertia : float
        The objective J: sum of squared distances of the rows to their centres.
    history : tuple of float
        J after each iteration of the best start; it never rises.
    """

    centres: np.ndarray
    labels: np.ndarray
    inertia: float
    history: tuple[float, ...]


def _as_points(X: np.ndarray, name: str = "X") -> np.ndarray:
    points = np.asarray(X, dtype=float)
    if points.ndim != 2 or 0 in points.shape:
        raise ValueError(f"{name} must be a table with rows and columns, got {points.shape}.")
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if bad.size:
        raise ValueError(
            f"{name} has {bad.size} row(s) with missing or infinite values, "
            f"first row {bad[0]}. Impute or drop them first (chapter 2)."
        )
    return points


def _as_pair(X: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    X, centres = _as_points(X), _as_points(centres, "centres")
    if X.shape[1] != centres.shape[1]:
        # NumPy would stretch a single column and return a wrong number.
        raise ValueError(f"X has {X.shape[1]} columns, the centres have {centres.shape[1]}.")
    return X, centres


def _as_labels(labels: np.ndarray, X: np.ndarray, centres: np.ndarray) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.shape != (len(X),):
        raise ValueError(f"labels must hold one number for each of the {len(X)} rows of X.")
    strange = ~np.isin(labels, np.arange(len(centres)))
    if strange.any():
        # -1, the mark of noise, would silently count as the last cluster.
        row = int(strange.argmax())
        raise ValueError(f"Row {row} has label {labels[row]}; there are {len(centres)} centres.")
    return labels.astype(int)


def squared_distances(X: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Squared Euclidean distance of every row to every centre.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.
    centres : ndarray, shape (n_clusters, n_features)
        Centres.

    Returns
    -------
    ndarray, shape (n_samples, n_clusters)
        Squared distances.

    Raises
    ------
    ValueError
        If a value is missing or infinite, or `X` and the centres differ in their columns.

    Examples
    --------
    >>> squared_distances([[0, 0]], [[3, 4], [0, 1]]).tolist()
    [[25.0, 1.0]]
    """
    X, centres = _as_pair(X, centres)
    # One centre at a time: the three-dimensional difference would need n * k * d numbers at once.
    return np.stack([((X - centre) ** 2).sum(axis=1) for centre in centres], axis=1)


def assign_to_centres(X: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Send each row to its nearest centre (the lower number wins a tie).

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.
    centres : ndarray, shape (n_clusters, n_features)
        Centres.

    Returns
    -------
    ndarray of int, shape (n_samples,)
        Cluster of each row.

    Examples
    --------
    >>> assign_to_centres([[1.2, 0.9], [3, 3]], [[1, 1], [2, 2], [3, 3]]).tolist()
    [0, 2]
    """
    return squared_distances(X, centres).argmin(axis=1)


def update_centres(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Move each centre to the mean of its members.

    The mean is taken over the *points* of the cluster; the old centre is not one of them.  A
    cluster without members has no mean: it takes over the row that lies farthest from its own
    centre, as scikit-learn does.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.
    labels : ndarray of int, shape (n_samples,)
        Cluster of each row.
    centres : ndarray, shape (n_clusters, n_features)
        The old centres; their number is the number of clusters.

    Returns
    -------
    ndarray, shape (n_clusters, n_features)
        The new centres.

    Raises
    ------
    ValueError
        If `labels` does not fit the rows and the centres, or there are more clusters than rows.

    Examples
    --------
    >>> update_centres([[0, 0], [2, 0], [9, 9]], [0, 0, 1], [[1, 1], [8, 8]]).tolist()
    [[1.0, 0.0], [9.0, 9.0]]
    """
    X, centres = _as_pair(X, centres)
    labels = _fill_empty_clusters(X, _as_labels(labels, X, centres), centres)
    sums = np.zeros_like(centres)
    np.add.at(sums, labels, X)
    return sums / np.bincount(labels, minlength=len(centres))[:, None]


def _fill_empty_clusters(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Give every empty cluster the farthest row of a cluster that can spare one."""
    if len(centres) > len(X):
        raise ValueError(f"{len(X)} rows cannot fill {len(centres)} clusters. Use fewer clusters.")
    sizes = np.bincount(labels, minlength=len(centres))
    if sizes.all():
        return labels
    labels = labels.copy()
    far_first = np.argsort(-((X - centres[labels]) ** 2).sum(axis=1), kind="stable")
    for empty in np.flatnonzero(sizes == 0):
        row = next(r for r in far_first if sizes[labels[r]] > 1)
        sizes[labels[row]] -= 1
        sizes[empty] += 1
        labels[row] = empty
    return labels


def kmeans_objective(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> float:
    r"""Compute the K-means objective J, also called inertia.

    .. math:: J = \sum_{i=1}^{k} \sum_{x \in S_i} \lVert x - \mu_i \rVert^2

    Each row counts once, with the distance to the centre of *its* cluster.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.
    labels : ndarray of int, shape (n_samples,)
        Cluster of each row.
    centres : ndarray, shape (n_clusters, n_features)
        Centres.

    Returns
    -------
    float
        J, in squared units of the data.

    Raises
    ------
    ValueError
        If `labels` does not fit the rows and the centres.

    References
    ----------
    Lloyd (1982), Least Squares Quantization in PCM. [lloyd1982least]

    Examples
    --------
    >>> round(kmeans_objective([[1.2, 0.9]], [0], [[1, 1], [2, 2], [3, 3]]), 9)
    0.05
    """
    X, centres = _as_pair(X, centres)
    return float(((X - centres[_as_labels(labels, X, centres)]) ** 2).sum())


def _need_k(n_clusters: int, X: np.ndarray) -> None:
    if not 1 <= n_clusters <= len(X):
        raise ValueError(f"n_clusters={n_clusters} must be between 1 and {len(X)}, the rows of X.")


def kmeans_plus_plus(X: np.ndarray, n_clusters: int, rng: np.random.Generator) -> np.ndarray:
    """Choose starting centres that lie far apart.

    The first centre is a random row; each next one is a row drawn with a chance proportional to
    its squared distance to the nearest centre so far.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.
    n_clusters : int
        Number of centres, from 1 to the number of rows.
    rng : Generator
        Source of chance.

    Returns
    -------
    ndarray, shape (n_clusters, n_features)
        Rows of `X`; different ones, as long as `X` has enough different rows.

    Raises
    ------
    ValueError
        If `n_clusters` is not between 1 and the number of rows.

    References
    ----------
    Arthur and Vassilvitskii (2007), k-means++. [arthur2007kmeans]

    Examples
    --------
    >>> X = np.array([[0.0], [0.1], [9.0]])
    >>> kmeans_plus_plus(X, 3, np.random.default_rng(0)).shape
    (3, 1)
    """
    X = _as_points(X)
    _need_k(n_clusters, X)
    rows = [int(rng.integers(len(X)))]
    while len(rows) < n_clusters:
        nearest = squared_distances(X, X[rows]).min(axis=1)
        # All rows may coincide with a centre already; then any row is as good as another.
        chance = nearest / nearest.sum() if nearest.sum() > 0 else None
        rows.append(int(rng.choice(len(X), p=chance)))
    return X[rows]


def kmeans_step(X: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One iteration of Lloyd's algorithm: assign, then update.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.
    centres : ndarray, shape (n_clusters, n_features)
        Present centres.

    Returns
    -------
    labels : ndarray of int, shape (n_samples,)
        Cluster of each row under the *present* centres.  A cluster that would be empty has been
        given a row (see `update_centres`).
    centres : ndarray, shape (n_clusters, n_features)
        The new centres.

    Examples
    --------
    >>> labels, centres = kmeans_step([[0, 0], [1, 0], [9, 9]], [[0, 0], [5, 5]])
    >>> labels.tolist(), centres.tolist()
    ([0, 0, 1], [[0.5, 0.0], [9.0, 9.0]])
    """
    X, centres = _as_pair(X, centres)
    labels = _fill_empty_clusters(X, assign_to_centres(X, centres), centres)
    return labels, update_centres(X, labels, centres)


def kmeans(
    X: np.ndarray,
    n_clusters: int,
    *,
    init: np.ndarray | None = None,
    n_init: int = 10,
    max_iter: int = 300,
    random_state: int = 0,
) -> KMeansResult:
    """Cluster rows by K-means: Lloyd's algorithm from several starts; the lowest J wins.

    It finds a local minimum of J.  The global one is NP-hard to find [aloise2009np].

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points; scale them first (chapter 2).
    n_clusters : int
        Number of clusters, from 1 to the number of rows.
    init : ndarray, shape (n_clusters, n_features), optional
        Starting centres; then there is one start.  By default k-means++ chooses them.
    n_init : int
        Number of starts.
    max_iter : int
        Most iterations of one start.
    random_state : int
        Seed.

    Returns
    -------
    KMeansResult
        Centres, labels, inertia, and the course of J.

    Raises
    ------
    ValueError
        If a value is missing or infinite, or `n_clusters` is not between 1 and the number of rows.

    References
    ----------
    Lloyd (1982). [lloyd1982least]

    Examples
    --------
    >>> result = kmeans(np.array([[0, 0], [0, 1], [6, 0], [6, 1]]), 2)
    >>> result.inertia, sorted(np.bincount(result.labels).tolist())
    (1.0, [2, 2])
    """
    X = _as_points(X)
    _need_k(n_clusters, X)
    if n_init < 1 or max_iter < 1:
        raise ValueError(f"n_init={n_init} and max_iter={max_iter} must be at least 1.")
    rng = np.random.default_rng(random_state)
    if init is not None:
        if np.shape(init) != (n_clusters, X.shape[1]):
            raise ValueError(f"init must have shape {(n_clusters, X.shape[1])}.")
        return _lloyd(X, _as_points(init, "init"), max_iter)
    starts = (kmeans_plus_plus(X, n_clusters, rng) for _ in range(n_init))
    return min((_lloyd(X, start, max_iter) for start in starts), key=lambda r: r.inertia)


def _lloyd(X: np.ndarray, centres: np.ndarray, max_iter: int) -> KMeansResult:
    """Iterate from one start until no row changes its cluster."""
    labels, history = np.full(len(X), -1), []
    for _ in range(max_iter):
        new_labels, centres = kmeans_step(X, centres)
        history.append(kmeans_objective(X, new_labels, centres))
        if (new_labels == labels).all():
            break
        labels = new_labels
    labels = assign_to_centres(X, centres)
    return KMeansResult(centres, labels, kmeans_objective(X, labels, centres), tuple(history))
