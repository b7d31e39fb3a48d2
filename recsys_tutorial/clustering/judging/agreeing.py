"""Are two groupings the same?  Pairs of users decide, never the numbers of the clusters.

Used from chapter 3 on and taught in chapter 6.  `rand_index` and `adjusted_rand` are written here
to be read; `agreement` is scikit-learn's, for work.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import adjusted_rand_score

from recsys_tutorial.clustering.judging.curves import _fit
from recsys_tutorial.clustering.kmeans import _as_points


def _pairs_in(sizes: np.ndarray) -> float:
    """Count the pairs within groups of these sizes."""
    return float((sizes * (sizes - 1) / 2).sum())


def _pair_counts(labels: np.ndarray, truth: np.ndarray) -> tuple[float, float, float, float]:
    """Pairs that are together in both groupings, in the first, in the second; and all pairs."""
    labels, truth = np.asarray(labels), np.asarray(truth)
    if labels.ndim != 1 or labels.shape != truth.shape:
        raise ValueError(
            f"Both groupings need one label per row, got shapes {labels.shape} and {truth.shape}."
        )
    if len(labels) < 2:
        raise ValueError("There are no pairs: give the labels of two rows or more.")
    rows = np.unique(labels, return_inverse=True)[1]
    columns = np.unique(truth, return_inverse=True)[1]
    table = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(table, (rows, columns), 1)
    first, second = _pairs_in(table.sum(axis=1)), _pairs_in(table.sum(axis=0))
    return _pairs_in(table), first, second, _pairs_in(table.sum())


def rand_index(labels: np.ndarray, truth: np.ndarray) -> float:
    """Share of the pairs of rows on which two groupings agree: together in both, or in neither.

    Parameters
    ----------
    labels, truth : ndarray of int, shape (n_samples,)
        Two groupings of the same rows, at least two of them.

    Returns
    -------
    float
        Between 0 and 1; 1 means the same groups.  Chance alone can score high.

    Raises
    ------
    ValueError
        If the groupings do not hold one label for each of the same rows, or there is no pair.

    Examples
    --------
    >>> rand_index([0, 0, 1, 1], [5, 5, 3, 3])
    1.0
    >>> round(rand_index([0, 0, 1, 1], [0, 0, 0, 1]), 3)
    0.5
    """
    both, first, second, pairs = _pair_counts(labels, truth)
    return (pairs + 2 * both - first - second) / pairs


def adjusted_rand(labels: np.ndarray, truth: np.ndarray) -> float:
    """Rand index, rescaled so that chance scores about 0: (index - expected) / (best - expected).

    The index is the number of pairs that are together in both groupings.  Expected is its mean if
    one grouping is shuffled, best the mean of the pairs that are together in either.

    Parameters
    ----------
    labels, truth : ndarray of int, shape (n_samples,)
        Two groupings of the same rows, at least two of them.

    Returns
    -------
    float
        At most 1; below 0 when worse than chance.

    Raises
    ------
    ValueError
        As in `rand_index`.

    References
    ----------
    Hubert and Arabie (1985). [hubert1985comparing]

    Examples
    --------
    >>> adjusted_rand([0, 0, 1, 1], [0, 0, 0, 1])
    0.0
    """
    both, first, second, pairs = _pair_counts(labels, truth)
    expected, best = first * second / pairs, (first + second) / 2
    # No room above chance: both are one group, or both are all singletons, so they are the same.
    return 1.0 if best == expected else (both - expected) / (best - expected)


def agreement(labels: np.ndarray, truth: np.ndarray) -> float:
    """Compare two groupings by the adjusted Rand index: 1 for the same, about 0 for chance.

    The numbers of the clusters do not matter, only who is with whom.

    Parameters
    ----------
    labels, truth : ndarray of int, shape (n_samples,)
        Two groupings of the same rows.  Noise (-1) counts as one cluster: see `split_noise`.

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


def split_noise(labels: np.ndarray) -> np.ndarray:
    """Give every noise row a cluster of its own, so that no judge takes the noise for one group.

    Parameters
    ----------
    labels : ndarray of int, shape (n_samples,)
        Clusters; negative numbers mark noise (DBSCAN).

    Returns
    -------
    ndarray of int, shape (n_samples,)
        A copy in which each noise row has a new number, above all the others.

    Raises
    ------
    ValueError
        If `labels` is not a flat sequence of whole numbers.

    Examples
    --------
    >>> split_noise([0, -1, 1, -1]).tolist()
    [0, 2, 1, 3]
    """
    split = np.array(labels)
    if split.ndim != 1 or not np.issubdtype(split.dtype, np.integer):
        raise ValueError("labels must be a flat sequence of whole numbers, one for each row.")
    noise = split < 0
    split[noise] = split.max(initial=-1) + 1 + np.arange(noise.sum())
    return split


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
        Number of pairs compared, at least 1.
    random_state : int
        Seed.

    Returns
    -------
    ndarray, shape (n_repeats,)
        Adjusted Rand index of each pair; near 1 means stable.

    Raises
    ------
    ValueError
        If a value is missing or infinite, or `n_clusters` or `n_repeats` does not fit.

    Examples
    --------
    >>> X = np.repeat([[0.0], [9.0]], 20, axis=0)
    >>> stability(X, 2, n_repeats=3).tolist()
    [1.0, 1.0, 1.0]
    """
    X, rng = _as_points(X), np.random.default_rng(random_state)
    if n_repeats < 1:
        raise ValueError(f"n_repeats={n_repeats} must be at least 1.")
    labels = []
    for repeat in range(n_repeats + 1):
        sample = X[rng.integers(len(X), size=len(X))]
        labels.append(_fit(sample, n_clusters, random_state + repeat).predict(X))
    pairs = zip(labels[:-1], labels[1:], strict=True)
    return np.array([agreement(a, b) for a, b in pairs])
