"""Clustering again when behaviour has changed, without losing who is who.

Taught in chapter 9, used for streams in chapter 13.  A second run of K-means numbers its clusters
anew, so whatever hangs on the old numbers (names, lists, statistics) would change owners.  Match
the two runs, or start the second one where the first one ended.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans

from recsys_tutorial.clustering.kmeans import _as_pair, assign_to_centres, squared_distances


@dataclass(frozen=True, eq=False)
class Reclustering:
    """New clusters under old numbers.

    Attributes
    ----------
    labels : ndarray of int, shape (n_samples,)
        Cluster of each row; number c continues the old cluster c.
    centres : ndarray, shape (n_clusters, n_features)
        The new centres, to start from next time.
    moved : float
        Share of the rows with an old label whose cluster has changed; NaN if there is none.
    shifts : ndarray, shape (n_clusters,)
        How far each centre has moved.  One that moved much farther than the others may have lost
        its members and started elsewhere: then its old name is no longer true.
    """

    labels: np.ndarray
    centres: np.ndarray
    moved: float
    shifts: np.ndarray


def match_clusters(old: np.ndarray, new: np.ndarray) -> dict[int, int]:
    """Give each new cluster the number of the old cluster with which it shares its members.

    The pairs are chosen so that as many rows as possible keep their number (the Hungarian
    algorithm); a new cluster that is left over gets a number that no old cluster had.

    Parameters
    ----------
    old, new : ndarray of int, shape (n_samples,)
        Labels of the same rows in two runs; rows that are negative in either do not count.

    Returns
    -------
    dict of int to int
        New number to old number.

    Raises
    ------
    ValueError
        If the labels are not two flat arrays of the same length.

    References
    ----------
    Kuhn (1955), The Hungarian Method for the Assignment Problem. [kuhn1955hungarian]

    Examples
    --------
    >>> match_clusters([0, 0, 0, 1, 1], [1, 1, 0, 0, 0])
    {0: 1, 1: 0}
    """
    old, new = _as_label_pair(old, new)
    known = (old >= 0) & (new >= 0)
    old_numbers, new_numbers = np.unique(old[old >= 0]), np.unique(new[new >= 0])
    together = np.zeros((len(new_numbers), len(old_numbers)))
    rows = np.searchsorted(new_numbers, new[known])
    np.add.at(together, (rows, np.searchsorted(old_numbers, old[known])), 1)
    return _numbered(together, new_numbers, old_numbers)


def match_centres(old: np.ndarray, new: np.ndarray) -> dict[int, int]:
    """Give each new centre the number of an old one, so that the centres move as little as can be.

    Needs no common rows, but a common space: factors that were learnt twice are two spaces.

    Parameters
    ----------
    old, new : ndarray, shape (n_clusters, n_features)
        Centres of two runs; their numbers may differ.

    Returns
    -------
    dict of int to int
        New number to old number; the sum of the squared distances is as small as possible.

    Raises
    ------
    ValueError
        If a value is missing, or the columns differ.

    Examples
    --------
    >>> match_centres([[0.0], [5.0]], [[5.2], [0.1], [9.0]])
    {0: 1, 1: 0, 2: 2}
    """
    cost = squared_distances(new, old)
    return _numbered(-cost, np.arange(len(cost)), np.arange(cost.shape[1]))


def _numbered(gain: np.ndarray, new: np.ndarray, old: np.ndarray) -> dict[int, int]:
    """Pair rows with columns for the largest total gain; left-over rows get fresh numbers."""
    pairs = dict(zip(*linear_sum_assignment(gain, maximize=True), strict=True))
    fresh = iter(range(int(old.max(initial=-1)) + 1, int(old.max(initial=-1)) + 1 + len(new)))
    return {
        int(number): int(old[pairs[row]]) if row in pairs else next(fresh)
        for row, number in enumerate(new)
    }


def renumber(labels: np.ndarray, numbers: dict[int, int]) -> np.ndarray:
    """Write the matched numbers; negative labels (nobody's) stay as they are.

    Parameters
    ----------
    labels : ndarray of int, shape (n_samples,)
        Labels of the new run.
    numbers : dict of int to int
        From `match_clusters` or `match_centres`.

    Returns
    -------
    ndarray of int, shape (n_samples,)
        The same groups under the numbers of the old run.

    Raises
    ------
    ValueError
        If a label is not in `numbers`.

    Examples
    --------
    >>> renumber([1, 1, 0, -1], {0: 1, 1: 0}).tolist()
    [0, 0, 1, -1]
    """
    labels = np.asarray(labels)
    strange = sorted({int(label) for label in labels if label >= 0} - set(numbers))
    if strange:
        raise ValueError(f"Label {strange[0]} has no partner; match the same labels first.")
    return np.array([numbers[int(c)] if c >= 0 else int(c) for c in labels], dtype=int)


def recluster(X: np.ndarray, centres: np.ndarray, labels: np.ndarray | None = None) -> Reclustering:
    """Run K-means from the old centres, so that cluster c stays cluster c.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        New vectors of the users, in the same space and on the same scale as the old centres.
    centres : ndarray, shape (n_clusters, n_features)
        The old centres.
    labels : ndarray of int, shape (n_samples,), optional
        The old label of each row, negative for a user who had none; by default the nearest old
        centre, which counts only those whom the *centres* left behind.

    Returns
    -------
    Reclustering
        Labels, centres, the share that moved, and how far each centre went.

    Raises
    ------
    ValueError
        If a value is missing, the columns differ, there are fewer rows than centres, or there is
        not one label per row.

    Examples
    --------
    >>> found = recluster([[0.0], [1.0], [9.0], [10.0]], [[8.0], [1.0]], [1, 1, 1, 0])
    >>> found.labels.tolist(), found.centres.ravel().tolist(), found.moved
    ([1, 1, 0, 0], [9.5, 0.5], 0.25)
    """
    X, centres = _as_pair(X, centres)
    if len(X) < len(centres):
        raise ValueError(f"There are {len(X)} rows for {len(centres)} centres: use fewer centres.")
    before = assign_to_centres(X, centres) if labels is None else np.asarray(labels)
    if before.shape != (len(X),):
        raise ValueError(f"labels must hold one number for each of the {len(X)} rows of X.")
    model = KMeans(len(centres), init=centres, n_init=1).fit(X)
    after = model.labels_.astype(int)
    known = before >= 0
    moved = float((after != before)[known].mean()) if known.any() else float("nan")
    shifts = np.linalg.norm(model.cluster_centers_ - centres, axis=1)
    return Reclustering(after, model.cluster_centers_, moved, shifts)


def _as_label_pair(old: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    old, new = np.asarray(old), np.asarray(new)
    if old.ndim != 1 or old.shape != new.shape:
        raise ValueError(
            f"Two labels for each row are needed; got shapes {old.shape} and {new.shape}."
        )
    return old, new
