"""Recommending from groups of users: hard clusters, soft ones, and groups of your own.

Taught in chapter 10.  The article hands out the members of a cluster; these hand out items: the
centre of a cluster is a popularity of its own, shrunk towards everybody's where the cluster is
small.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.cluster import KMeans

from recsys_tutorial.clustering import fit_kmeans
from recsys_tutorial.features import user_factors
from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders.base import Recommender
from recsys_tutorial.recommenders.popularity import item_shares


class ClusterPopularity(Recommender):
    """Recommend what is popular in the user's own cluster.

    Users are described by `user_factors` (or by your own `features`), grouped by K-means, and each
    group's item shares are shrunk towards the global shares::

        share[c, i] = (count[c, i] + shrinkage * popularity[i]) / (count[c] + shrinkage)

    Parameters
    ----------
    n_clusters : int
        Number of clusters; with fewer users than that, one cluster per user.
    n_factors : int
        Numbers per user; cut down to what the matrix allows.
    shrinkage : float
        Weight of the global popularity, in interactions: a cluster with that many interactions
        trusts itself and everybody equally.
    features : ndarray, shape (n_users, n_features), optional
        Your own description of the users, in the order of the matrix (chapters 7 and 9).
    random_state : int
        Seed.

    Attributes
    ----------
    membership_ : ndarray, shape (n_users, n_clusters)
        Share of each user in each cluster; rows sum to 1.
    labels_ : ndarray of int, shape (n_users,)
        The cluster in which each user has the largest share.
    cluster_shares_ : ndarray, shape (n_clusters, n_items)
        Shrunken item shares: the centre of each cluster, in items.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> matrix = user_item_matrix(load_movielens())
    >>> ClusterPopularity(n_clusters=10).fit(matrix).recommend([1, 2], k=3).shape
    (6, 4)
    """

    def __init__(
        self,
        n_clusters: int = 50,
        n_factors: int = 20,
        shrinkage: float = 1000.0,
        features: np.ndarray | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_factors = n_factors
        self.shrinkage = shrinkage
        self.features = features
        self.random_state = random_state

    def fit(self, matrix: UserItemMatrix) -> ClusterPopularity:
        """Describe the users, group them, and count within each group.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        ClusterPopularity
            Itself.

        Raises
        ------
        ValueError
            If `n_clusters` or `shrinkage` is out of range, or `features` has a wrong number of
            rows.
        """
        features = self._describe(matrix)
        # Rounded, because the SVD leaves equal users different in the last digit.
        n_different = len(np.unique(features.round(8), axis=0))
        n_clusters = min(self.n_clusters, n_different)
        kmeans = fit_kmeans(features, n_clusters, random_state=self.random_state)
        self.membership_ = self._membership(kmeans, features)
        self.labels_ = self.membership_.argmax(axis=1)
        self.cluster_shares_ = shrunken_shares(matrix, self.membership_, self.shrinkage)
        self.matrix_ = matrix
        return self

    def _describe(self, matrix: UserItemMatrix) -> np.ndarray:
        _check_shrinkage(self.shrinkage)
        if self.n_clusters < 1:
            raise ValueError(f"n_clusters={self.n_clusters} must be at least 1.")
        if self.features is None:
            n_factors = min(self.n_factors, *matrix.shape)
            return user_factors(matrix, n_factors, random_state=self.random_state)
        if len(self.features) != len(matrix.users):
            raise ValueError(
                f"features has {len(self.features)} rows, the matrix has {len(matrix.users)} users."
            )
        return np.asarray(self.features)

    def _membership(self, kmeans: KMeans, features: np.ndarray) -> np.ndarray:
        return np.eye(kmeans.n_clusters)[kmeans.labels_]

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        return self.membership_[rows] @ self.cluster_shares_


class SoftClusterPopularity(ClusterPopularity):
    """Recommend from all clusters, each weighted by how near the user is to it.

    A user between two groups is not forced into one: her membership is a softmax of the squared
    distances to the centres, ``exp(-d2 / temperature)``.

    Parameters
    ----------
    n_clusters, n_factors, features, random_state
        As in `ClusterPopularity`.
    shrinkage : float
        As in `ClusterPopularity`; less is needed, since soft clusters are larger.
    temperature : float
        Softness: near 0 is hard, large gives everybody the same list.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> soft = SoftClusterPopularity(n_clusters=10).fit(user_item_matrix(load_movielens()))
    >>> soft.membership_.shape
    (671, 10)
    """

    def __init__(
        self,
        n_clusters: int = 50,
        n_factors: int = 20,
        shrinkage: float = 200.0,
        temperature: float = 0.12,
        features: np.ndarray | None = None,
        random_state: int = 0,
    ) -> None:
        super().__init__(n_clusters, n_factors, shrinkage, features, random_state)
        self.temperature = temperature

    def _membership(self, kmeans: KMeans, features: np.ndarray) -> np.ndarray:
        if self.temperature <= 0:
            raise ValueError(f"temperature={self.temperature} must be positive.")
        squared = kmeans.transform(features) ** 2
        # Subtracting the smallest distance changes nothing but keeps exp from reaching 0 for all.
        weights = np.exp(-(squared - squared.min(axis=1, keepdims=True)) / self.temperature)
        return weights / weights.sum(axis=1, keepdims=True)


class GroupPopularity(Recommender):
    """Recommend what is popular in a group that you made yourself.

    The groups may come from any clustering, or from no clustering at all (a department, a country,
    the year of joining).  A user without a group gets everybody's popularity, not an empty list.

    Parameters
    ----------
    labels : ndarray of int, shape (n_users,)
        The group of each user, in the order of the matrix; negative means no group (the noise of
        DBSCAN).
    shrinkage : float
        As in `ClusterPopularity`.

    Attributes
    ----------
    membership_ : ndarray, shape (n_users, n_groups)
        1 in the column of the user's group, groups in ascending order; a row of zeros for a user
        without a group.
    cluster_shares_ : ndarray, shape (n_groups, n_items)
        Shrunken item shares of each group.
    popularity_ : ndarray, shape (n_items,)
        Share of all training interactions that went to each item.

    Examples
    --------
    >>> import pandas as pd
    >>> from scipy import sparse
    >>> seen = np.array([[1.0, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1], [0, 1, 0]])
    >>> matrix = UserItemMatrix(sparse.csr_array(seen), pd.RangeIndex(5), pd.Index(["a", "b", "c"]))
    >>> grouped = GroupPopularity([0, 0, 1, 1, -1], shrinkage=1).fit(matrix)
    >>> grouped.recommend([1, 3, 4], k=1)["item"].tolist()
    ['b', 'b', 'a']
    """

    def __init__(self, labels: Sequence[int] | np.ndarray, shrinkage: float = 1000.0) -> None:
        self.labels = labels
        self.shrinkage = shrinkage

    def fit(self, matrix: UserItemMatrix) -> GroupPopularity:
        """Count within each group.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        GroupPopularity
            Itself.

        Raises
        ------
        ValueError
            If `shrinkage` is out of range, or there is not one label per user.
        """
        _check_shrinkage(self.shrinkage)
        labels = np.asarray(self.labels)
        if labels.shape != (len(matrix.users),):
            raise ValueError(
                f"labels has shape {labels.shape}, the matrix has {len(matrix.users)} users."
            )
        groups = np.unique(labels[labels >= 0])
        self.membership_ = (labels[:, None] == groups).astype(float)
        self.cluster_shares_ = shrunken_shares(matrix, self.membership_, self.shrinkage)
        self.popularity_ = item_shares(matrix)
        self.matrix_ = matrix
        return self

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        mine = self.membership_[rows]
        left_over = 1 - mine.sum(axis=1, keepdims=True)
        return mine @ self.cluster_shares_ + left_over * self.popularity_


def _check_shrinkage(shrinkage: float) -> None:
    if not 0 <= shrinkage < np.inf:
        raise ValueError(f"shrinkage={shrinkage} must be a finite number, 0 or more.")


def shrunken_shares(matrix: UserItemMatrix, membership: np.ndarray, shrinkage: float) -> np.ndarray:
    """Item shares of each cluster, pulled towards everybody's shares where there is little data.

    This is the posterior mean under a Dirichlet prior with the global popularity as its mean.

    Parameters
    ----------
    matrix : UserItemMatrix
        Who met what.
    membership : ndarray, shape (n_users, n_clusters)
        Share of each user in each cluster.
    shrinkage : float
        Weight of the prior, in interactions; 0 trusts the cluster alone.

    Returns
    -------
    ndarray, shape (n_clusters, n_items)
        Each row sums to 1 (or to 0, for an empty cluster without shrinkage).

    Examples
    --------
    >>> import pandas as pd
    >>> from scipy import sparse
    >>> values = sparse.csr_array(np.array([[1.0, 0.0], [1.0, 1.0]]))
    >>> two = UserItemMatrix(values, pd.Index([1, 2]), pd.Index(["a", "b"]))
    >>> shrunken_shares(two, np.eye(2), 0.0).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    counts = membership.T @ matrix.values
    totals = counts.sum(axis=1, keepdims=True) + shrinkage
    return (counts + shrinkage * item_shares(matrix)) / np.where(totals > 0, totals, 1)
