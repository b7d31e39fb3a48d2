"""What lists are like, whether right or wrong: coverage, novelty, diversity, calibration.

Taught in chapter 11.  None of these looks at the test, so none says that a list is good; a random
list is new, diverse and covers everything.  They are read beside nDCG, never alone.  Each returns
one number per user who got a list, except coverage, which belongs to all lists together.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.preprocessing import UserItemMatrix


def coverage_at_k(recommendations: pd.DataFrame, n_items: int, k: int) -> float:
    """Share of the catalogue that anybody gets to see in the first k places.

    Parameters
    ----------
    recommendations : DataFrame
        Columns ``user``, ``rank`` and ``item``.
    n_items : int
        Size of the catalogue.
    k : int
        Places that count.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If more items were recommended than the catalogue holds, or `k` or `n_items` is less than 1.

    Examples
    --------
    >>> lists = pd.DataFrame({"user": [1, 2], "rank": [1, 1], "item": ["a", "a"]})
    >>> coverage_at_k(lists, n_items=4, k=1)
    0.25
    """
    if k < 1 or n_items < 1:
        raise ValueError(f"k={k} and n_items={n_items} must be at least 1.")
    shown = recommendations.loc[recommendations["rank"] <= k, "item"].nunique()
    if shown > n_items:
        raise ValueError(f"{shown} different items recommended from a catalogue of {n_items}.")
    return shown / n_items


def novelty_at_k(recommendations: pd.DataFrame, train: UserItemMatrix, k: int) -> pd.Series:
    """Mean self-information of each list, in bits: how surprising its items are.

    An item that the share p of the training users met carries ``-log2(p)`` bits: 0 if everybody
    met it, 1 if every second one did.  An item that nobody met counts as if one user had.

    Parameters
    ----------
    recommendations : DataFrame
        Columns ``user``, ``rank`` and ``item``.
    train : UserItemMatrix
        Training interactions, which say how well known an item is.
    k : int
        Places that count.

    Returns
    -------
    Series
        Bits, at least 0, one number per user who got a list.

    Raises
    ------
    ValueError
        If an item is not in `train`, or `k` is less than 1.

    References
    ----------
    Zhou et al. (2010). [zhou2010solving]

    Examples
    --------
    >>> met = sparse.csr_array([[1.0, 1.0], [1.0, 0.0]])
    >>> train = UserItemMatrix(met, pd.Index([1, 2]), pd.Index(["a", "b"]))
    >>> lists = pd.DataFrame({"user": [8, 9], "rank": [1, 1], "item": ["a", "b"]})
    >>> novelty_at_k(lists, train, k=1).tolist()
    [0.0, 1.0]
    """
    users, shown = _shown(recommendations, train.items, k)
    # Cells, not values: an item rated 0 was met.
    met = np.bincount(train.values.tocoo().coords[1], minlength=len(train.items))
    bits = -np.log2(np.maximum(met, 1) / max(1, len(train.users)))
    sizes = np.diff(shown.indptr)
    return pd.Series((shown @ bits) / sizes, index=users, name="novelty")


def diversity_at_k(
    recommendations: pd.DataFrame, features: pd.DataFrame | UserItemMatrix, k: int
) -> pd.Series:
    """How different the items of each list are from each other: 1 minus their mean cosine.

    Parameters
    ----------
    recommendations : DataFrame
        Columns ``user``, ``rank`` and ``item``.
    features : DataFrame, shape (n_items, n_features), or UserItemMatrix
        What an item is like: a row of numbers per item (genres, a text embedding), or, with a
        matrix, the users who met it.  An item without any feature differs from every other.
    k : int
        Places that count.

    Returns
    -------
    Series
        One number per user who got a list: 0 for items that are all alike, 1 for items that share
        nothing (features of mixed signs reach up to 2).  A list of one item has the diversity 0.

    Raises
    ------
    ValueError
        If an item has no row in `features`, or `k` is less than 1.

    References
    ----------
    Ziegler et al. (2005). [ziegler2005improving]

    Examples
    --------
    >>> genres = pd.DataFrame({"War": [1, 1, 0], "Comedy": [0, 0, 1]}, index=["a", "b", "c"])
    >>> lists = pd.DataFrame({"user": 1, "rank": [1, 2, 3], "item": ["a", "b", "c"]})
    >>> (
    ...     diversity_at_k(lists, genres, k=2).item(),
    ...     diversity_at_k(lists, genres, k=3).round(3).item(),
    ... )
    (0.0, 0.667)
    """
    items, vectors = _item_vectors(features)
    users, shown = _shown(recommendations, items, k)
    squares = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
    length = np.sqrt(squares)
    unit = sparse.diags_array(1 / np.where(length > 0, length, 1)) @ vectors
    total = sparse.csr_array(shown @ unit)
    # |sum of unit vectors|^2 holds every cosine twice, and each item's cosine with itself.
    with_self = np.asarray(total.multiply(total).sum(axis=1)).ravel()
    twice = with_self - shown @ (length > 0).astype(float)
    sizes = np.diff(shown.indptr)
    pairs = sizes * (sizes - 1.0)
    # Rounding can leave a cosine a hair above 1.
    values = np.maximum(1 - twice / np.maximum(pairs, 1), 0)
    return pd.Series(np.where(pairs > 0, values, 0.0), index=users, name="diversity")


def calibration_at_k(
    recommendations: pd.DataFrame,
    train: UserItemMatrix,
    genres: pd.DataFrame,
    k: int,
    *,
    alpha: float = 0.01,
) -> pd.Series:
    """How far the mix of genres of each list is from that of the user's history.

    Kullback-Leibler divergence from the history's mix p to the list's mix q, which is first moved
    a little towards p, ``(1 - alpha) q + alpha p``, so that a genre that the list lacks costs much
    and not infinitely much.  Lower is better; 0 means the same mix.

    Parameters
    ----------
    recommendations : DataFrame
        Columns ``user``, ``rank`` and ``item``.
    train : UserItemMatrix
        Histories of the users.
    genres : DataFrame, shape (n_items, n_genres)
        Which item has which genre (see `genre_matrix`), indexed by item; an item with several
        genres gives each an equal part.
    k : int
        Places that count.
    alpha : float
        Between 0 and 1, both excluded.

    Returns
    -------
    Series
        Between 0 and ``-log(alpha)`` (natural logarithm), one number per user who got a list and
        whose history has a genre.

    Raises
    ------
    ValueError
        If an item has no row in `genres`, a genre is negative, or `k` or `alpha` is impossible.
    KeyError
        If a user who got a list is not in `train`.

    References
    ----------
    Steck (2018). [steck2018calibrated]

    Examples
    --------
    >>> train = UserItemMatrix(
    ...     sparse.csr_array([[1.0, 1.0, 0, 0]]), pd.Index([1]), pd.RangeIndex(4)
    ... )
    >>> genres = pd.DataFrame({"War": [1, 0, 1, 0], "Comedy": [0, 1, 0, 1]})
    >>> lists = pd.DataFrame({"user": 1, "rank": [1, 2], "item": [2, 3]})
    >>> calibration_at_k(lists, train, genres, k=2).item()
    0.0
    >>> round(calibration_at_k(lists, train, genres, k=1).item(), 2)
    1.96
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha={alpha} must lie between 0 and 1.")
    parts = genres.reindex(train.items).to_numpy(float)
    if np.isnan(parts).any():
        raise ValueError("An item of the training data has no row in `genres`. Add it, with 0s.")
    if (parts < 0).any():
        raise ValueError("A genre is negative. Give 1 where an item has the genre, otherwise 0.")
    parts = _shares(parts)
    users, shown = _shown(recommendations, train.items, k)
    met = train.values[train.user_rows(list(users))]
    # Cells, not values: a rating says how much she liked it, not how often she met it.
    met = sparse.csr_array((np.ones(met.nnz), met.indices, met.indptr), shape=met.shape)
    history, listed = _shares(met @ parts), _shares(shown @ parts)
    mixed = (1 - alpha) * listed + alpha * history
    # A genre outside the history costs nothing by itself, however large it is in the list.
    inside = history > 0
    ratio = np.divide(history, mixed, out=np.ones_like(history), where=inside)
    divergence = (history * np.log(ratio)).sum(axis=1)
    has_mix = inside.any(axis=1)
    return pd.Series(np.maximum(divergence, 0), index=users, name="calibration")[has_mix]


def _shares(table: np.ndarray) -> np.ndarray:
    sums = table.sum(axis=1, keepdims=True)
    return table / np.where(sums > 0, sums, 1)


def _item_vectors(
    features: pd.DataFrame | UserItemMatrix,
) -> tuple[pd.Index, sparse.csr_array]:
    if isinstance(features, UserItemMatrix):
        return features.items, sparse.csr_array(features.values.T)
    return features.index, sparse.csr_array(features.to_numpy(float))


def _shown(
    recommendations: pd.DataFrame, items: pd.Index, k: int
) -> tuple[pd.Index, sparse.csr_array]:
    """Give the users with a list, and which of the items stand in their first k places."""
    if k < 1:
        raise ValueError(f"k={k} must be at least 1.")
    lists = recommendations[recommendations["rank"] <= k]
    columns = items.get_indexer(pd.Index(np.asarray(lists["item"]), tupleize_cols=False))
    if (columns < 0).any():
        stranger = lists["item"].iloc[int(np.argmax(columns < 0))]
        raise ValueError(f"Item {stranger} was recommended, but nothing is known about it.")
    if lists.duplicated(["user", "item"]).any():
        raise ValueError("A list recommends an item twice; a repeated item must not count twice.")
    codes, names = pd.factorize(np.asarray(lists["user"]), sort=False)
    shape = (len(names), len(items))
    shown = sparse.csr_array((np.ones(len(codes)), (codes, columns)), shape=shape)
    return pd.Index(names, name="user", tupleize_cols=False), shown
