"""Recommending from groups of users: hard clusters, soft ones, and groups of your own.

Taught in chapter 10.  The article hands out the members of a cluster; these hand out items: the
centre of a cluster is a popularity of its own, shrunk towards everybody's where the cluster is
small.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.metrics import euclidean_distances

from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders.base import Recommender
from recsys_tutorial.recommenders.grouping import (
    describe_users,
    fit_groups,
    limit_clusters,
    one_hot,
    place,
)
from recsys_tutorial.recommenders.popularity import item_shares
from recsys_tutorial.recommenders.ranking import blocks_of, top_of_groups


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
    n_init : int
        Starts of K-means; one is ten times faster and a little worse.

    Attributes
    ----------
    membership_ : ndarray, shape (n_users, n_clusters)
        Share of each user in each cluster; rows sum to 1.
    centres_ : ndarray, shape (n_clusters, n_features)
        Mean of the features of each cluster.
    basis_ : ndarray of shape (n_items, n_factors), or None
        What describes somebody new by her history; None with `features` of your own.
    labels_ : ndarray of int, shape (n_users,)
        The cluster in which each user has the largest share.
    cluster_shares_ : ndarray, shape (n_clusters, n_items)
        Shrunken item shares: the centre of each cluster, in items.

    Notes
    -----
    With more than 30,000 users, factors and clusters are learnt from a random sample of that size,
    and everybody is then placed; counts and lists are always those of everybody.

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
        n_init: int = 10,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_factors = n_factors
        self.shrinkage = shrinkage
        self.features = features
        self.random_state = random_state
        self.n_init = n_init

    @property
    def membership_(self) -> np.ndarray:
        """Share of each user in each cluster: 1 in the column of her own."""
        return np.eye(len(self.centres_))[self.labels_]

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
        check_shrinkage(self.shrinkage)
        if self.n_clusters < 1 or self.n_init < 1:
            raise ValueError(
                f"n_clusters={self.n_clusters} and n_init={self.n_init} must be at least 1."
            )
        features, self.basis_ = describe_users(
            matrix, self.features, self.n_factors, self.random_state
        )
        n_clusters = limit_clusters(features, self.n_clusters)
        self.centres_, self.labels_ = fit_groups(
            features, n_clusters, n_init=self.n_init, random_state=self.random_state
        )
        self.cluster_shares_ = shrunken_shares(matrix, self._share_out(features), self.shrinkage)
        self.matrix_ = matrix
        return self

    def _share_out(self, features: np.ndarray) -> np.ndarray | sparse.csr_array:
        """Membership of the training users, for counting."""
        return one_hot(self.labels_, len(self.centres_))

    def _membership(self, features: np.ndarray) -> np.ndarray:
        nearest = euclidean_distances(features, self.centres_, squared=True).argmin(axis=1)
        return np.eye(len(self.centres_))[nearest]

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        return self.cluster_shares_[self.labels_[rows]]

    def _score_histories(self, histories: sparse.csr_array) -> np.ndarray:
        return self._membership(place(histories, self.basis_)) @ self.cluster_shares_

    def _top(
        self, rows: np.ndarray, k: int, allowed: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        seen = self.matrix_.values
        return top_of_groups(self.cluster_shares_, self.labels_[rows], seen, k, rows, allowed)


class SoftClusterPopularity(ClusterPopularity):
    """Recommend from all clusters, each weighted by how near the user is to it.

    A user between two groups is not forced into one: her membership is a softmax of the squared
    distances to the centres, ``exp(-d2 / temperature)``.

    Parameters
    ----------
    n_clusters, n_factors, features, random_state, n_init
        As in `ClusterPopularity`.
    shrinkage : float
        As in `ClusterPopularity`; less is needed, since soft clusters are larger.
    temperature : float
        Softness: near 0 is hard, large gives everybody the same list.

    Attributes
    ----------
    membership_, centres_, basis_, labels_, cluster_shares_
        As in `ClusterPopularity`; the label is the cluster with the largest share.

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
        n_init: int = 10,
    ) -> None:
        super().__init__(n_clusters, n_factors, shrinkage, features, random_state, n_init)
        self.temperature = temperature

    @property
    def membership_(self) -> np.ndarray:
        """Share of each user in each cluster; rows sum to 1."""
        return self.user_shares_

    def _share_out(self, features: np.ndarray) -> np.ndarray:
        # Block by block, in the precision of the features: a crowd must not need twice the memory.
        self.user_shares_ = np.empty((len(features), len(self.centres_)), features.dtype)
        for block in blocks_of(np.arange(len(features)), len(self.centres_)):
            self.user_shares_[block] = self._membership(features[block])
        self.labels_ = self.user_shares_.argmax(axis=1)
        return self.user_shares_

    def _membership(self, features: np.ndarray) -> np.ndarray:
        squared = euclidean_distances(features, self.centres_, squared=True)
        # Subtracting the smallest distance changes nothing but keeps exp from reaching 0 for all.
        weights = np.exp(-(squared - squared.min(axis=1, keepdims=True)) / self.temperature)
        return weights / weights.sum(axis=1, keepdims=True)

    def fit(self, matrix: UserItemMatrix) -> SoftClusterPopularity:
        """Describe the users, group them, soften, and count within each group.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        SoftClusterPopularity
            Itself.

        Raises
        ------
        ValueError
            As in `ClusterPopularity.fit`, or if `temperature` is not positive.
        """
        if not self.temperature > 0:
            raise ValueError(f"temperature={self.temperature} must be positive.")
        super().fit(matrix)
        return self

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        return self.user_shares_[rows] @ self.cluster_shares_

    # Everybody has a mixture of her own, so there is no list to share: back to the general way.
    _top = Recommender._top


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
    labels_ : ndarray of int, shape (n_users,)
        Number of each user's group, in ascending order of your labels; -1 without a group.
    n_groups_ : int
        Number of groups.
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
            If `shrinkage` is out of range, the labels are no numbers, or there is not one per user.
        """
        check_shrinkage(self.shrinkage)
        labels = np.asarray(self.labels)
        if labels.shape != (len(matrix.users),):
            raise ValueError(
                f"labels has shape {labels.shape}, the matrix has {len(matrix.users)} users."
            )
        if labels.dtype.kind not in "biuf":
            raise ValueError("labels must be numbers. pandas.factorize(names)[0] numbers names.")
        if not np.isfinite(labels).all():
            raise ValueError("labels holds missing values. Mark users without a group by -1.")
        groups, self.labels_ = np.unique(labels, return_inverse=True)
        # Negative labels, however many kinds of them, all mean: no group.
        self.labels_ = np.maximum(self.labels_ - np.sum(groups < 0), -1)
        self.n_groups_ = int(np.sum(groups >= 0))
        self.popularity_ = item_shares(matrix)
        membership = one_hot(self.labels_ % (self.n_groups_ + 1), self.n_groups_ + 1)
        shares = shrunken_shares(matrix, membership, self.shrinkage)
        self.cluster_shares_ = shares[: self.n_groups_]
        self.matrix_ = matrix
        return self

    @property
    def membership_(self) -> np.ndarray:
        """1 in the column of the user's group; a row of zeros for a user without a group."""
        return (self.labels_[:, None] == np.arange(self.n_groups_)).astype(float)

    def _lists(self) -> np.ndarray:
        """Scores of the groups, and in the last row of everybody, where label -1 finds them."""
        return np.vstack([self.cluster_shares_, self.popularity_])

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        return self._lists()[self.labels_[rows]]

    def _top(
        self, rows: np.ndarray, k: int, allowed: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        lists, seen = self._lists(), self.matrix_.values
        return top_of_groups(lists, self.labels_[rows] % len(lists), seen, k, rows, allowed)


def check_shrinkage(shrinkage: float) -> None:
    """Refuse a shrinkage that is negative, infinite or not a number.

    Parameters
    ----------
    shrinkage : float
        The setting.

    Raises
    ------
    ValueError
        Naming the value.
    """
    if not 0 <= shrinkage < np.inf:
        raise ValueError(f"shrinkage={shrinkage} must be a finite number, 0 or more.")


def shrunken_shares(
    matrix: UserItemMatrix, membership: np.ndarray | sparse.csr_array, shrinkage: float
) -> np.ndarray:
    """Item shares of each cluster, pulled towards everybody's shares where there is little data.

    This is the posterior mean under a Dirichlet prior with the global popularity as its mean.

    Parameters
    ----------
    matrix : UserItemMatrix
        Who met what.
    membership : ndarray or csr_array, shape (n_users, n_clusters)
        Share of each user in each cluster; sparse where each user has few.
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
    if sparse.issparse(membership):
        # As rows: SciPy would otherwise turn the whole matrix into columns first.
        counts = (membership.T.tocsr() @ matrix.values).toarray()
    else:
        counts = membership.T @ matrix.values
    totals = counts.sum(axis=1, keepdims=True) + shrinkage
    return (counts + shrinkage * item_shares(matrix)) / np.where(totals > 0, totals, 1)
