"""From scores to ranked columns: the part of recommending that must be fast and exact at once.

Used in chapter 10.  Sorting a whole catalogue for the sake of twenty places is wasteful, and a
partial sort breaks ties by accident; these functions do neither.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

# Numbers in one block of work: 32 MB in double precision.
BLOCK_NUMBERS = 4_000_000
# Shorter rows are ordered faster than they are looked through.
SHORTEST_STRIP = 4


def blocks_of(rows: np.ndarray, width: int) -> list[np.ndarray]:
    """Cut row numbers into pieces whose scores fit into a small, fixed amount of memory.

    Parameters
    ----------
    rows : ndarray of int
        Row numbers.
    width : int
        Numbers that each row will need.

    Returns
    -------
    list of ndarray
        The pieces in order; none if there are no rows.

    Examples
    --------
    >>> [len(block) for block in blocks_of(np.arange(10), 1_000_000)]
    [4, 4, 2]
    """
    size = max(1, BLOCK_NUMBERS // max(1, width))
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def top_columns(scores: np.ndarray, k: int) -> np.ndarray:
    """Columns of the k largest scores of each row, best first; ties go to the lower column.

    Parameters
    ----------
    scores : ndarray, shape (n_rows, n_columns)
        Scores without NaN; ``-inf`` never enters a list.
    k : int
        Length of the lists.

    Returns
    -------
    ndarray of int32, shape (n_rows, k)
        Column numbers; -1 where a row has no more to offer.

    Examples
    --------
    >>> top_columns(np.array([[1.0, 3.0, 3.0, -np.inf]]), 4).tolist()
    [[1, 2, 0, -1]]
    """
    n_rows, n_columns = scores.shape
    found = np.full((n_rows, k), -1, dtype=np.int32)
    places = min(k, n_columns)
    if n_rows == 0 or places == 0:
        return found
    threshold = _last_of_the_best(scores, places)
    # Where fewer than k scores are finite, the threshold is -inf, and all of the finite are taken.
    chosen = (scores >= threshold) & (scores > -np.inf)
    counts = np.count_nonzero(chosen, axis=1)
    tied = np.flatnonzero(counts > places)
    if tied.size:
        above, equal = scores[tied] > threshold[tied], scores[tied] == threshold[tied]
        room = places - np.count_nonzero(above, axis=1)[:, None]
        chosen[tied] = above | (equal & (equal.cumsum(axis=1) <= room))
        counts[tied] = places
    rows, columns = np.nonzero(chosen)
    # The columns ascend, so a stable sort leaves equal scores in the order of the columns.
    ranks = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    best = np.full((n_rows, places), np.inf)
    best[rows, ranks] = -scores[rows, columns]
    found[rows, ranks] = columns
    order = np.argsort(best, axis=1, kind="stable")
    found[:, :places] = np.take_along_axis(found[:, :places], order, axis=1)
    return found


def _last_of_the_best(scores: np.ndarray, places: int) -> np.ndarray:
    """The `places`-th largest score of each row, as a column.

    In a long row most numbers need not be ordered at all.  The row is cut into strips of every n-th
    number; as many strips as there are places have a maximum of at least some bound, so nothing
    below that bound can be the answer.
    """
    n_rows, n_columns = scores.shape
    n_strips = 8 * places
    length = n_columns // n_strips
    if length >= SHORTEST_STRIP:
        strips = scores[:, : length * n_strips].reshape(n_rows, length, n_strips).max(axis=1)
        near = scores >= _by_sorting(strips, places)
        counts = np.count_nonzero(near, axis=1)
        # Where nearly all numbers are equal the bound spares nothing.
        if counts.max() <= n_columns // 8:
            rows, columns = np.nonzero(near)
            few = np.full((n_rows, counts.max()), -np.inf, dtype=scores.dtype)
            few[rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)] = (
                scores[rows, columns]
            )
            scores = few
    return _by_sorting(scores, places)


def _by_sorting(scores: np.ndarray, places: int) -> np.ndarray:
    # Negated, because NumPy is many times slower for the largest of numbers that are often equal.
    return -np.partition(-scores, places - 1, axis=1)[:, places - 1, None]


def first_unseen(
    orders: np.ndarray,
    labels: np.ndarray,
    seen: sparse.csr_array,
    k: int,
    rows: np.ndarray | None = None,
) -> np.ndarray:
    """Walk down the list of each user's group and take the first k items that she has not seen.

    The items are ranked once per group, not once per user.  A user is first offered the top of the
    list only; the few who have seen too much of it get a longer one, so the result is exact.

    Parameters
    ----------
    orders : ndarray of int, shape (n_groups, length)
        Columns of each group, best first.
    labels : ndarray of int, shape (n_rows,)
        Group of each user who is asked for.
    seen : csr_array, shape (n_users, n_items)
        Stored cells are seen, whatever their value.
    k : int
        Length of the lists.
    rows : ndarray of int, shape (n_rows,), optional
        Row of each user in `seen`; by default all rows in order.

    Returns
    -------
    ndarray of int32, shape (n_rows, k)
        Column numbers; -1 where fewer are left.

    Examples
    --------
    >>> seen = sparse.csr_array(np.array([[0, 1, 0], [1, 1, 1]]))
    >>> first_unseen(np.array([[1, 2, 0]]), np.array([0, 0]), seen, 2).tolist()
    [[2, 0], [-1, -1]]
    """
    rows = np.arange(len(labels)) if rows is None else rows
    n_groups, length = orders.shape
    position = np.full((n_groups, seen.shape[1]), length, dtype=np.int32)
    np.put_along_axis(position, orders, np.arange(length, dtype=np.int32)[None], axis=1)
    found = np.full((len(rows), k), -1, dtype=np.int32)
    waiting, depth = np.arange(len(rows)), min(length, 4 * k)
    while waiting.size and depth:
        short = []
        for block in blocks_of(waiting, depth):
            free = _free_places(position, labels[block], take_rows(seen, rows[block]), depth)
            taken = np.cumsum(free, axis=1, dtype=np.int32)
            who, places = np.nonzero(free & (taken <= k))
            found[block[who], taken[who, places] - 1] = orders[labels[block[who]], places]
            short.append(block[taken[:, -1] < k])
        waiting = np.concatenate(short) if depth < length else np.empty(0, int)
        depth = min(length, 4 * depth)
    return found


def top_of_groups(
    group_scores: np.ndarray,
    labels: np.ndarray,
    seen: sparse.csr_array,
    k: int,
    rows: np.ndarray,
    allowed: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Best k unseen items of users whose scores are those of their group.

    Parameters
    ----------
    group_scores : ndarray, shape (n_groups, n_items)
        Scores of each group.
    labels, seen, k, rows
        As in `first_unseen`.
    allowed : ndarray of int, optional
        Columns that may be recommended, ascending; by default all.

    Returns
    -------
    columns : ndarray of int32, shape (n_rows, k)
        Column numbers, ties to the lower one; -1 where fewer are left.
    best : ndarray, shape (n_rows, k)
        Their scores; ``-inf`` where there is none.

    Raises
    ------
    ValueError
        If a score is not a number.
    """
    if np.isnan(group_scores).any():
        raise ValueError("A group has scores that are not numbers. Look for missing values.")
    allowed = np.arange(group_scores.shape[1]) if allowed is None else allowed
    orders = allowed[np.argsort(-group_scores[:, allowed], axis=1, kind="stable")]
    columns = first_unseen(orders, labels, seen, k, rows)
    best = np.asarray(group_scores[labels[:, None], columns], dtype=float)
    best[columns < 0] = -np.inf
    return columns, best


def take_rows(values: sparse.csr_array, rows: np.ndarray) -> sparse.csr_array:
    """Rows of a sparse matrix; a run of neighbours is sliced, which is faster.

    Parameters
    ----------
    values : csr_array
        Any matrix.
    rows : ndarray of int
        Row numbers.

    Returns
    -------
    csr_array
        The rows, in the order given.

    Examples
    --------
    >>> take_rows(sparse.csr_array(np.eye(3)), np.array([1, 2])).toarray().tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
        return values[rows[0] : rows[0] + len(rows)]
    return values[rows]


def _free_places(
    position: np.ndarray, labels: np.ndarray, cells: sparse.csr_array, depth: int
) -> np.ndarray:
    """Which of the first `depth` places of her group's list each user has not seen."""
    n_items = position.shape[1]
    starts = np.repeat(labels.astype(np.int64) * n_items, np.diff(cells.indptr))
    places = position.ravel()[starts + cells.indices]
    near = np.flatnonzero(places < depth)
    rows = np.searchsorted(cells.indptr, near, side="right") - 1
    free = np.ones((len(labels), depth), dtype=bool)
    free[rows, places[near]] = False
    return free
