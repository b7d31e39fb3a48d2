"""Grouping users at any scale, and finding the group of somebody new.

Used by the cluster models of chapter 10.  Factors and centres of a crowd can be learnt from a
sample of it; everybody else is then placed, which takes one pass over the data.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys_tutorial.clustering import fit_kmeans
from recsys_tutorial.features import fit_user_factors, unit_rows
from recsys_tutorial.preprocessing import UserItemMatrix

# With more users than this, factors and centres are learnt from a sample of this size.
SAMPLE = 30_000


def describe_users(
    matrix: UserItemMatrix, features: np.ndarray | None, n_factors: int, random_state: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Describe each user by factors, or by features that somebody brought along.

    Parameters
    ----------
    matrix : UserItemMatrix
        Who met what.
    features : ndarray, shape (n_users, n_features), or None
        Your own description.
    n_factors : int
        Numbers per user otherwise; cut down to what the matrix allows.
    random_state : int
        Seed.

    Returns
    -------
    features : ndarray, shape (n_users, n_features)
        The description.
    basis : ndarray of shape (n_items, n_features), or None
        What describes somebody new: ``unit_rows(history @ basis)``.  None for features of your own.

    Raises
    ------
    ValueError
        If `features` does not have one row of finite numbers per user, or `n_factors` is less
        than 1.
    """
    if features is None:
        if n_factors < 1:
            raise ValueError(f"n_factors={n_factors} must be at least 1.")
        n_factors = min(n_factors, *matrix.shape)
        return fit_user_factors(matrix, n_factors, random_state=random_state, max_users=SAMPLE)
    if len(features) != len(matrix.users):
        raise ValueError(
            f"features has {len(features)} rows, the matrix has {len(matrix.users)} users."
        )
    features = np.asarray(features)
    if features.ndim != 2 or not np.isfinite(features).all():
        raise ValueError("features must be a table of finite numbers. Impute first (chapter 2).")
    return features, None


def limit_clusters(features: np.ndarray, n_clusters: int) -> int:
    """Cut the number of clusters down to the number of different users.

    Parameters
    ----------
    features : ndarray, shape (n_users, n_features)
        Description of the users.
    n_clusters : int
        The wish.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> limit_clusters(np.zeros((6, 2)), 5)
    1
    """
    # A prefix that is different enough settles it; sorting a million rows takes seconds.
    for some in (features[: 2 * n_clusters], features):
        # Rounded, because the SVD leaves equal users different in the last digit.
        n_different = len(np.unique(some.round(8), axis=0))
        if n_different >= n_clusters:
            break
    return min(n_clusters, n_different)


def fit_groups(
    features: np.ndarray, n_clusters: int, *, n_init: int = 10, random_state: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Group users by K-means; a crowd is grouped by the centres of a sample of it.

    Parameters
    ----------
    features : ndarray, shape (n_users, n_features)
        Description of the users.
    n_clusters : int
        Number of clusters, at most the number of different users.
    n_init : int
        Starts of K-means.
    random_state : int
        Seed.

    Returns
    -------
    centres : ndarray, shape (n_clusters, n_features)
        Means of the clusters.
    labels : ndarray of int, shape (n_users,)
        Cluster of each user.

    Examples
    --------
    >>> centres, labels = fit_groups(np.array([[0.0], [0.1], [5.0]]), 2)
    >>> bool(labels[0] == labels[1] != labels[2])
    True
    """
    sample = features
    if len(features) > SAMPLE:
        rng = np.random.default_rng(random_state)
        sample = features[np.sort(rng.choice(len(features), SAMPLE, replace=False))]
    model = fit_kmeans(sample, n_clusters, n_init=n_init, random_state=random_state)
    labels = model.labels_ if sample is features else model.predict(features)
    return model.cluster_centers_, labels


def one_hot(labels: np.ndarray, n_groups: int) -> sparse.csr_array:
    """Membership of one group each, as a sparse matrix.

    Parameters
    ----------
    labels : ndarray of int, shape (n_users,) or (n_users, n_groupings)
        Group numbers; with several groupings the user has a 1 for each.
    n_groups : int
        Number of columns.

    Returns
    -------
    csr_array, shape (n_users, n_groups)
        Ones.

    Examples
    --------
    >>> one_hot(np.array([[0, 2], [1, 2]]), 3).toarray().tolist()
    [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]
    """
    per_user = 1 if labels.ndim == 1 else labels.shape[1]
    starts = np.arange(len(labels) + 1) * per_user
    ones = np.ones(labels.size, dtype=np.float32)
    return sparse.csr_array((ones, labels.ravel(), starts), shape=(len(labels), n_groups))


def place(histories: sparse.csr_array, basis: np.ndarray | None) -> np.ndarray:
    """Describe people who were not in the training data.

    Parameters
    ----------
    histories : csr_array, shape (n_people, n_items)
        What they met.
    basis : ndarray of shape (n_items, n_features), or None
        From `describe_users`.

    Returns
    -------
    ndarray, shape (n_people, n_features)
        Unit vectors; zeros for an empty history.

    Raises
    ------
    NotImplementedError
        If there is no basis, because the users were described by features of your own.

    Examples
    --------
    >>> place(sparse.csr_array(np.array([[2.0, 0.0]])), np.eye(2)).tolist()
    [[1.0, 0.0]]
    """
    if basis is None:
        raise NotImplementedError(
            "The groups were made from features of your own, which new people do not have here. "
            "Fit without features to place people by what they met."
        )
    return unit_rows(histories @ basis)
