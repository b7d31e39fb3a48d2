"""Spoiling a log on purpose, to see what it does to groups and lists.

Taught in chapter 15.  Each function returns a new matrix with one kind of damage of a stated size;
the users and items of the old one keep their places, and fake users stand at the end.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.preprocessing import UserItemMatrix


def add_random_events(
    matrix: UserItemMatrix, share: float, *, random_state: int = 0
) -> UserItemMatrix:
    """Add events that mean nothing: random items, for users in proportion to their activity.

    Parameters
    ----------
    matrix : UserItemMatrix
        Who met what.
    share : float
        Random events per true event, 0 or more.
    random_state : int
        Seed.

    Returns
    -------
    UserItemMatrix
        With up to that many new cells of the value 1; a draw that hits a filled cell adds nothing.

    Raises
    ------
    ValueError
        If `share` is negative or not finite.

    Examples
    --------
    >>> small = UserItemMatrix(sparse.csr_array(np.eye(3)), pd.RangeIndex(3), pd.RangeIndex(3))
    >>> add_random_events(small, 1.0).values.nnz > 3
    True
    """
    if not 0 <= share < np.inf:
        raise ValueError(f"share={share} must be 0 or more.")
    rng, values = np.random.default_rng(random_state), matrix.values
    rows = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
    drawn = rng.choice(rows, round(share * values.nnz)) if values.nnz else np.zeros(0, int)
    columns = rng.integers(values.shape[1], size=len(drawn))
    noise = sparse.csr_array((np.ones(len(drawn)), (drawn, columns)), shape=values.shape)
    new = noise - noise.multiply(values != 0)
    new.eliminate_zeros()
    new.data[:] = 1.0
    return UserItemMatrix(sparse.csr_array(values + new), matrix.users, matrix.items)


def push_item(
    matrix: UserItemMatrix,
    item: Hashable,
    *,
    n_fakes: int,
    n_fillers: int = 30,
    among: Sequence[Hashable] | None = None,
    random_state: int = 0,
) -> UserItemMatrix:
    """Let fake users push one item: each met it, and beside it other items as a disguise.

    Parameters
    ----------
    matrix : UserItemMatrix
        Who met what.
    item : hashable
        Id of the item that is to be pushed.
    n_fakes : int
        Fake users.
    n_fillers : int
        Other items of each fake user, drawn in proportion to their popularity.
    among : sequence, optional
        Items that serve as a disguise; by default all (the bandwagon attack).  With the favourites
        of one group, the fakes pose as its members (the segment attack).
    random_state : int
        Seed.

    Returns
    -------
    UserItemMatrix
        With `n_fakes` rows more; their ids are ``"fake 1"``, ``"fake 2"`` and so on.

    Raises
    ------
    KeyError
        If an item is unknown.
    ValueError
        If a number is out of range.

    References
    ----------
    Mobasher et al. (2007). [mobasher2007toward]

    Examples
    --------
    >>> small = UserItemMatrix(
    ...     sparse.csr_array(np.ones((3, 4))), pd.RangeIndex(3), pd.RangeIndex(4)
    ... )
    >>> push_item(small, 2, n_fakes=5, n_fillers=1).values.sum(axis=0)[2].item()
    8.0
    """
    disguise = matrix.items.get_indexer(matrix.items if among is None else pd.Index(list(among)))
    if item not in matrix.items or (disguise < 0).any():
        raise KeyError(f"Item {item}, or one of the disguise, is not in the matrix.")
    column = matrix.items.get_loc(item)
    met = np.bincount(matrix.values.indices, minlength=matrix.shape[1])
    weights = np.zeros(matrix.shape[1])
    weights[disguise] = met[disguise]
    weights[column] = 0
    if n_fakes < 0 or not 0 <= n_fillers <= np.count_nonzero(weights):
        raise ValueError(f"n_fakes={n_fakes} or n_fillers={n_fillers} is out of range.")
    rng = np.random.default_rng(random_state)
    total = max(weights.sum(), 1)
    fillers = [
        rng.choice(len(weights), n_fillers, replace=False, p=weights / total)
        for _ in range(n_fakes if n_fillers else 0)
    ]
    rows = np.concatenate([np.repeat(np.arange(len(fillers)), n_fillers), np.arange(n_fakes)])
    cells = np.concatenate([*fillers, np.full(n_fakes, column)])
    fakes = sparse.csr_array((np.ones(len(rows)), (rows, cells)), (n_fakes, matrix.shape[1]))
    names = pd.Index([*matrix.users, *(f"fake {n + 1}" for n in range(n_fakes))], dtype=object)
    values = sparse.csr_array(sparse.vstack([matrix.values, fakes]))
    return UserItemMatrix(values, names, matrix.items)


def repeat_events(
    matrix: UserItemMatrix, user_share: float, times: int, *, random_state: int = 0
) -> UserItemMatrix:
    """Let the log of some users arrive several times, as a retry without a check would.

    Parameters
    ----------
    matrix : UserItemMatrix
        Who met what.
    user_share : float
        Share of the users it happens to.
    times : int
        How often each of their events is counted.
    random_state : int
        Seed.

    Returns
    -------
    UserItemMatrix
        With larger values in the rows of these users.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> small = UserItemMatrix(
    ...     sparse.csr_array(np.ones((4, 2))), pd.RangeIndex(4), pd.RangeIndex(2)
    ... )
    >>> float(repeat_events(small, 0.5, times=3).values.sum())
    16.0
    """
    if not 0 <= user_share <= 1 or times < 1:
        raise ValueError(f"user_share={user_share} or times={times} is out of range.")
    hit = _some(len(matrix.users), user_share, np.random.default_rng(random_state))
    values = matrix.values.copy()
    values.data = values.data * np.repeat(np.where(hit, times, 1), np.diff(values.indptr))
    return UserItemMatrix(values, matrix.users, matrix.items)


def lose_block(
    matrix: UserItemMatrix, user_share: float, item_share: float, *, random_state: int = 0
) -> UserItemMatrix:
    """Lose all events between some users and some items, as an outage of one region would.

    Parameters
    ----------
    matrix : UserItemMatrix
        Who met what.
    user_share, item_share : float
        Shares of the users and of the items on the two sides of the hole.
    random_state : int
        Seed.

    Returns
    -------
    UserItemMatrix
        With fewer cells.

    Raises
    ------
    ValueError
        If a share is not between 0 and 1.

    Examples
    --------
    >>> small = UserItemMatrix(
    ...     sparse.csr_array(np.ones((4, 4))), pd.RangeIndex(4), pd.RangeIndex(4)
    ... )
    >>> lose_block(small, 0.5, 0.5).values.nnz
    12
    """
    if not (0 <= user_share <= 1 and 0 <= item_share <= 1):
        raise ValueError("user_share and item_share must lie between 0 and 1.")
    rng = np.random.default_rng(random_state)
    users, items = (
        _some(n, s, rng) for n, s in zip(matrix.shape, (user_share, item_share), strict=True)
    )
    values = matrix.values
    rows = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
    kept = ~(users[rows] & items[values.indices])
    cells = (values.data[kept], (rows[kept], values.indices[kept]))
    return UserItemMatrix(sparse.csr_array(cells, shape=values.shape), matrix.users, matrix.items)


def _some(n: int, share: float, rng: np.random.Generator) -> np.ndarray:
    chosen = np.zeros(n, dtype=bool)
    chosen[rng.permutation(n)[: round(share * n)]] = True
    return chosen
