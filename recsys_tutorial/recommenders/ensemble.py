"""Many groupings in place of one: each is a little wrong, and they are wrong in different ways.

Taught in chapter 10.  K-means finds other groups from other starts and with other numbers of
groups; the average of their lists is better than any of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.metrics import euclidean_distances

from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders.base import Recommender
from recsys_tutorial.recommenders.clusters import check_shrinkage, shrunken_shares
from recsys_tutorial.recommenders.grouping import (
    describe_users,
    fit_groups,
    limit_clusters,
    one_hot,
    place,
)


def fit_groupings(
    features: np.ndarray, n_clusters: Sequence[int], n_repeats: int, random_state: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Group the same users again and again, with other starts and other numbers of clusters.

    Parameters
    ----------
    features : ndarray, shape (n_users, n_features)
        Description of the users.
    n_clusters : sequence of int
        Numbers of clusters, each at least 1; each is cut down to the number of different users.
    n_repeats : int
        Groupings for each number of clusters, at least 1.
    random_state : int
        Seed.

    Returns
    -------
    centres : ndarray, shape (n_groups, n_features)
        Centres of all groupings, one below the other.
    starts : ndarray of int, shape (n_groupings + 1,)
        Grouping g owns the rows ``starts[g]`` to ``starts[g + 1] - 1`` of the centres.
    labels : ndarray of int, shape (n_users, n_groupings)
        The user's group in each grouping, as a row of `centres`.

    Raises
    ------
    ValueError
        If there is nothing to fit.

    Examples
    --------
    >>> _, starts, labels = fit_groupings(np.array([[0.0], [0.1], [5.0]]), [1, 2], 1, 0)
    >>> starts.tolist(), labels[:, 0].tolist()
    ([0, 1, 3], [0, 0, 0])
    """
    if len(n_clusters) == 0 or min(n_clusters) < 1 or n_repeats < 1:
        raise ValueError(
            f"n_clusters={tuple(n_clusters)} and n_repeats={n_repeats} must all be at least 1."
        )
    sizes = [limit_clusters(features, k) for k in n_clusters for _ in range(n_repeats)]
    seeds = np.random.SeedSequence(random_state).generate_state(len(sizes)) % 2**31
    fits = [
        # One start each: the ensemble lives on the differences that ten starts would remove.
        fit_groups(features, k, n_init=1, random_state=int(seed))
        for k, seed in zip(sizes, seeds, strict=True)
    ]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    labels = np.stack([labels for _, labels in fits], axis=1) + starts[:-1]
    return np.vstack([centres for centres, _ in fits]), starts, labels.astype(np.int32)


def nearest_groups(features: np.ndarray, centres: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The nearest group of each grouping.

    Parameters
    ----------
    features : ndarray, shape (n_users, n_features)
        Description of the users.
    centres, starts : ndarray
        From `fit_groupings`.

    Returns
    -------
    ndarray of int, shape (n_users, n_groupings)
        Rows of `centres`.

    Examples
    --------
    >>> nearest_groups(np.array([[1.0]]), np.array([[0.0], [5.0], [1.1]]), np.array([0, 2, 3]))
    array([[0, 2]])
    """
    squared = euclidean_distances(features, centres, squared=True)
    spans = list(zip(starts[:-1], starts[1:], strict=True))
    return np.stack([start + squared[:, start:end].argmin(axis=1) for start, end in spans], axis=1)


class ClusterEnsemble(Recommender):
    """Recommend from many groupings of the users at once.

    The score of an item is the mean, over all groupings, of its shrunken share in the user's own
    group::

        score[u, i] = mean over g of shrunken_share[group of u in grouping g, i]

    Parameters
    ----------
    n_clusters : sequence of int
        Numbers of clusters; coarse groups know the popular items, fine ones the rare.
    n_repeats : int
        Groupings for each number of clusters.
    n_factors : int
        Numbers per user; cut down to what the matrix allows.
    shrinkage : float
        As in `ClusterPopularity`.
    features : ndarray, shape (n_users, n_features), optional
        Your own description of the users, in the order of the matrix.
    random_state : int
        Seed.

    Attributes
    ----------
    centres_ : ndarray, shape (n_groups, n_features)
        Centres of the groups of all groupings, one grouping below the other.
    starts_ : ndarray of int, shape (n_groupings + 1,)
        Where each grouping begins among the groups.
    labels_ : ndarray of int, shape (n_users, n_groupings)
        The user's group in each grouping, as a row of `cluster_shares_`.
    cluster_shares_ : ndarray of float32, shape (n_groups, n_items)
        Shrunken item shares of each group.
    basis_ : ndarray of shape (n_items, n_factors), or None
        As in `ClusterPopularity`.

    Notes
    -----
    Recipe R1 of the course's measurements: an average over starts is what bagging is for trees.
    Eighty factors, where one grouping does best with twenty: the average removes the noise that the
    additional factors bring, and keeps what they tell (chosen on validation parts of MovieLens).
    On data with clear groups (InstEval) take three times as many clusters and a tenth of the
    shrinkage; for people of whom little is known take more shrinkage (chapter 12).

    References
    ----------
    Strehl and Ghosh (2002), Cluster Ensembles. [strehl2002cluster]

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> model = ClusterEnsemble((5, 10), n_repeats=2).fit(user_item_matrix(load_movielens()))
    >>> model.labels_.shape, model.cluster_shares_.shape
    ((671, 4), (30, 9066))
    """

    def __init__(
        self,
        n_clusters: Sequence[int] = (20, 50, 80),
        n_repeats: int = 10,
        n_factors: int = 80,
        shrinkage: float = 100.0,
        features: np.ndarray | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_repeats = n_repeats
        self.n_factors = n_factors
        self.shrinkage = shrinkage
        self.features = features
        self.random_state = random_state

    def fit(self, matrix: UserItemMatrix) -> ClusterEnsemble:
        """Describe the users once, group them many times, and count within each group.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        ClusterEnsemble
            Itself.

        Raises
        ------
        ValueError
            If a setting is out of range, or `features` has a wrong number of rows.
        """
        check_shrinkage(self.shrinkage)
        features, self.basis_ = describe_users(
            matrix, self.features, self.n_factors, self.random_state
        )
        self.centres_, self.starts_, self.labels_ = fit_groupings(
            features, self.n_clusters, self.n_repeats, self.random_state
        )
        membership = one_hot(self.labels_, len(self.centres_))
        shares = shrunken_shares(matrix, membership, self.shrinkage)
        self.cluster_shares_ = shares.astype(np.float32)
        self.matrix_ = matrix
        return self

    def _mean_share(self, labels: np.ndarray) -> np.ndarray:
        sums = one_hot(labels, len(self.cluster_shares_)) @ self.cluster_shares_
        return sums / np.float32(labels.shape[1])

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        return self._mean_share(self.labels_[rows])

    def _score_histories(self, histories: sparse.csr_array) -> np.ndarray:
        features = place(histories, self.basis_)
        return self._mean_share(nearest_groups(features, self.centres_, self.starts_))
