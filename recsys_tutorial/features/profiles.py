"""Interest profiles: one row of numbers per user, from genres or from behaviour alone.

Used in chapters 3 and 10, deepened in chapter 7.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.preprocessing import UserItemMatrix, normalise_rows, user_item_matrix


def unit_rows(X: np.ndarray) -> np.ndarray:
    """Scale every row to length 1; a row of zeros stays as it is.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Vectors.

    Returns
    -------
    ndarray, shape (n_samples, n_features)
        Unit vectors: their squared Euclidean distance is 2 - 2 * cosine.

    Examples
    --------
    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    length = np.linalg.norm(X, axis=1, keepdims=True)
    return X / np.where(length > 0, length, 1)


def genre_matrix(interactions: Interactions) -> pd.DataFrame:
    """Which item has which genre.

    Parameters
    ----------
    interactions : Interactions
        A log whose item table has a column ``genres`` (names joined by ``|``).

    Returns
    -------
    DataFrame of float, shape (n_items, n_genres)
        1.0 or 0.0; indexed by item id in ascending order, columns in alphabetical order.

    Raises
    ------
    DataError
        If the item table has no genres.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> genre_matrix(load_movielens()).shape
    (9066, 19)
    """
    if "genres" not in interactions.items:
        raise DataError("The item table has no column 'genres'. user_factors needs none.")
    items = interactions.items.sort_values("item")
    table = items["genres"].fillna("").str.get_dummies("|").astype(float)
    return table.set_index(pd.Index(items["item"], name="item"))


def genre_profiles(interactions: Interactions) -> pd.DataFrame:
    """How each user divides her attention among the genres.

    A film with three genres gives a third to each.

    Parameters
    ----------
    interactions : Interactions
        A log whose item table has a column ``genres``.

    Returns
    -------
    DataFrame, shape (n_users, n_genres)
        Shares that sum to 1 per user (0 if none of her items has a genre).

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> profiles = genre_profiles(load_movielens())
    >>> profiles.shape, round(float(profiles.iloc[0].sum()), 9)
    ((671, 19), 1.0)
    """
    matrix = user_item_matrix(interactions)
    genres = normalise_rows(genre_matrix(interactions))
    counts = matrix.values @ genres.loc[matrix.items].to_numpy()
    index = pd.Index(matrix.users, name="user")
    return normalise_rows(pd.DataFrame(counts, index=index, columns=genres.columns))


def _svd(
    matrix: UserItemMatrix, n_factors: int, random_state: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Factorise the matrix after dividing every user's row by the root of its length."""
    limit = min(matrix.shape)
    if not 1 <= n_factors <= limit:
        raise ValueError(f"n_factors={n_factors} must be between 1 and {limit}.")
    length = np.asarray(matrix.values.sum(axis=1)).ravel()
    # Without this, users with thousands of events would decide alone what the factors mean.
    scaled = sparse.diags_array(1 / np.sqrt(np.where(length > 0, length, 1))) @ matrix.values
    return randomized_svd(scaled, n_factors, n_iter=5, random_state=random_state)


def user_factors(
    matrix: UserItemMatrix, n_factors: int = 20, *, random_state: int = 0
) -> np.ndarray:
    """Describe each user by a few numbers learnt from who met what (truncated SVD).

    Parameters
    ----------
    matrix : UserItemMatrix
        Training interactions.
    n_factors : int
        Numbers per user, at most the smaller side of the matrix.
    random_state : int
        Seed of the randomised SVD.

    Returns
    -------
    ndarray, shape (n_users, n_factors)
        Unit vectors: near means similar taste.  Signs of the columns are arbitrary.

    Raises
    ------
    ValueError
        If `n_factors` does not fit the matrix.

    References
    ----------
    Koren, Bell and Volinsky (2009), Matrix Factorization Techniques. [koren2009matrix]

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> user_factors(user_item_matrix(load_movielens())).shape
    (671, 20)
    """
    u, s, _ = _svd(matrix, n_factors, random_state)
    return unit_rows(u * s)


def fit_user_factors(
    matrix: UserItemMatrix,
    n_factors: int = 20,
    *,
    random_state: int = 0,
    max_users: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Factors of the users as in `user_factors`, and what it takes to describe somebody new.

    Parameters
    ----------
    matrix : UserItemMatrix
        Training interactions.
    n_factors : int
        Numbers per user, at most the smaller side of the matrix.
    random_state : int
        Seed of the randomised SVD, and of the sample.
    max_users : int, optional
        Learn the basis from a sample of this many users if there are more, and project everybody
        on it: one pass over the data in place of a dozen.

    Returns
    -------
    factors : ndarray, shape (n_users, n_factors)
        Unit vectors; in single precision if a sample was drawn.
    basis : ndarray, shape (n_items, n_factors)
        Directions in the space of the items: ``unit_rows(histories @ basis)`` describes people
        by what they met.

    Raises
    ------
    ValueError
        If `n_factors` does not fit the matrix.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> matrix = user_item_matrix(load_movielens())
    >>> factors, basis = fit_user_factors(matrix)
    >>> bool((unit_rows(matrix.values @ basis) * factors).sum(axis=1).min() > 0.95)
    True
    """
    n_users = len(matrix.users)
    if max_users is None or n_users <= max_users:
        u, s, v = _svd(matrix, n_factors, random_state)
        return unit_rows(u * s), v.T
    rows = np.random.default_rng(random_state).choice(n_users, max_users, replace=False)
    rows.sort()
    sample = UserItemMatrix(matrix.values[rows], matrix.users[rows], matrix.items)
    basis = _svd(sample, n_factors, random_state)[2].T
    factors = np.empty((n_users, n_factors), dtype=np.float32)
    # Block by block: the projection in double precision would need twice the memory of the result.
    for start in range(0, n_users, max_users):
        block = slice(start, start + max_users)
        factors[block] = unit_rows(matrix.values[block] @ basis)
    return factors, basis


def item_factors(
    matrix: UserItemMatrix, n_factors: int = 32, *, random_state: int = 0
) -> np.ndarray:
    """Describe each item by a few numbers learnt from who met it (truncated SVD).

    Parameters
    ----------
    matrix : UserItemMatrix
        Training interactions.
    n_factors : int
        Numbers per item, at most the smaller side of the matrix.
    random_state : int
        Seed of the randomised SVD.

    Returns
    -------
    ndarray, shape (n_items, n_factors)
        Unit vectors; an item that nobody met is all zeros.

    Raises
    ------
    ValueError
        If `n_factors` does not fit the matrix.
    """
    _, s, v = _svd(matrix, n_factors, random_state)
    factors = v.T * s
    met = np.asarray(matrix.values.sum(axis=0)).ravel() > 0
    return unit_rows(factors * met[:, None])
