"""Hierarchical clustering, short enough to read on one screen: all levels of grouping at once.

Taught in chapter 5.  The trees agree with SciPy's ``linkage`` wherever no two pairs of groups are
equally near; speed does not, and is not the aim.  A tree is a table in SciPy's format, so SciPy's
functions read ours and ours read SciPy's.
"""

from __future__ import annotations

import numpy as np

from recsys_tutorial.clustering.kmeans import _as_points, squared_distances

LINKAGES = ("single", "complete", "average", "ward")
# Two distances that differ by less than rounding explains are a tie, on every machine.
TIE = 1e-9


def merge_tree(X: np.ndarray, linkage: str = "average") -> np.ndarray:
    r"""Join the two nearest groups, again and again, until one group is left.

    The distance of two groups is the smallest (``single``), the largest (``complete``) or the mean
    (``average``) distance of their members; with ``ward`` it is the root of twice the amount by
    which joining them raises the K-means objective J.  The table of distances is updated after each
    merge by the rule of Lance and Williams, so the rows are looked at once only.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points; scale them first (chapter 2).
    linkage : {"single", "complete", "average", "ward"}
        How far two groups are apart.

    Returns
    -------
    ndarray, shape (n_samples - 1, 4)
        One row per merge, in order of height: the numbers of the two groups (the lower first), the
        height, and how many points the new group has.  Points are groups 0 to n_samples - 1; row i
        makes group n_samples + i.  One point makes a table without rows.

    Raises
    ------
    ValueError
        If a value is missing, infinite or too large to be squared, or the linkage is unknown.

    Notes
    -----
    Ties: a group is known by its first row.  Of the pairs that are equally near (to nine digits),
    the pair with the lowest first row is joined; if there are several, the one whose other group
    has the lowest first row.  SciPy breaks ties in other ways, so its tree may differ then.
    Memory grows with the square of the number of rows, time with its third power.

    References
    ----------
    Müllner (2011), Modern hierarchical, agglomerative clustering algorithms. [mullner2011modern]

    Examples
    --------
    >>> merge_tree([[0], [1], [5]], "single").tolist()
    [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 4.0, 3.0]]
    """
    X = _as_points(X)
    if linkage not in LINKAGES:
        raise ValueError(f"linkage must be one of {list(LINKAGES)}, not {linkage!r}.")
    table = _distance_table(X, linkage)
    group, size = np.arange(len(X)), np.ones(len(X))
    tree = np.empty((len(X) - 1, 4))
    for step in range(len(X) - 1):
        a, b = _nearest_pair(table)
        tree[step] = (*sorted((group[a], group[b])), table[a, b], size[a] + size[b])
        merged = _merged_row(table[a], table[b], table[a, b], size, a, b, linkage)
        table[a], table[:, a] = merged, merged
        table[b], table[:, b], table[a, a] = np.inf, np.inf, np.inf
        group[a], size[a] = len(X) + step, size[a] + size[b]
    # Heights never fall; without this, rounding might lower one in its last digit.
    heights = np.maximum.accumulate(tree[:, 2])
    tree[:, 2] = np.sqrt(heights) if linkage == "ward" else heights
    return tree


def _distance_table(X: np.ndarray, linkage: str) -> np.ndarray:
    """Distances of all pairs, squared for Ward; nobody is joined with herself."""
    with np.errstate(over="ignore"):
        table = squared_distances(X, X)
    if not np.isfinite(table).all():
        raise ValueError("X holds numbers so large that their squares overflow. Scale X first.")
    table = table if linkage == "ward" else np.sqrt(table)
    np.fill_diagonal(table, np.inf)
    return table


def _nearest_pair(table: np.ndarray) -> tuple[int, int]:
    """First pair, in order of the rows, that is as near as the nearest."""
    a, b = np.unravel_index(np.argmax(table <= table.min() * (1 + TIE)), table.shape)
    return int(a), int(b)


def _merged_row(
    to_a: np.ndarray,
    to_b: np.ndarray,
    a_to_b: float,
    size: np.ndarray,
    a: int,
    b: int,
    linkage: str,
) -> np.ndarray:
    """Distances of all groups to the union of groups a and b (Lance and Williams)."""
    if linkage == "single":
        return np.minimum(to_a, to_b)
    if linkage == "complete":
        return np.maximum(to_a, to_b)
    if linkage == "average":
        return (size[a] * to_a + size[b] * to_b) / (size[a] + size[b])
    weighted = (size[a] + size) * to_a + (size[b] + size) * to_b - size * a_to_b
    return weighted / (size[a] + size[b] + size)


def _as_tree(tree: np.ndarray) -> np.ndarray:
    """Check that a table is a merge tree whose heights never fall."""
    tree = np.asarray(tree, dtype=float)
    if tree.ndim != 2 or tree.shape[1] != 4:
        raise ValueError(f"tree must have one row per merge and 4 columns, got {tree.shape}.")
    children, ids = tree[:, :2], np.arange(2 * len(tree))
    made = len(tree) + 1 + np.arange(len(tree))[:, None]
    if not np.array_equal(np.sort(children, axis=None), ids) or (children >= made).any():
        raise ValueError("In a tree every group but the last is joined once, after it was made.")
    if not (np.isfinite(tree[:, 2]).all() and (np.diff(tree[:, 2]) >= 0).all()):
        raise ValueError("The heights of a tree must be numbers that never fall, row by row.")
    return tree


def _members(tree: np.ndarray) -> list[list[int]]:
    """Points of every group, by the number of the group; the left group's points come first."""
    members = [[point] for point in range(len(tree) + 1)]
    for left, right in tree[:, :2].astype(int):
        members.append(members[left] + members[right])
    return members


def cut_tree(tree: np.ndarray, n_clusters: int) -> np.ndarray:
    """Cut a tree into a number of groups by leaving out the latest merges.

    Parameters
    ----------
    tree : ndarray, shape (n_samples - 1, 4)
        From `merge_tree` or SciPy's ``linkage``.
    n_clusters : int
        Number of groups, from 1 to n_samples.

    Returns
    -------
    ndarray of int, shape (n_samples,)
        Group of each point.  Groups are numbered in the order of their first points.  There are
        always `n_clusters` of them, even if the cut falls between two merges of equal height.

    Raises
    ------
    ValueError
        If the table is no tree, or `n_clusters` is not between 1 and the number of points.

    Examples
    --------
    >>> cut_tree(merge_tree([[0], [9], [1], [8]]), 2).tolist()
    [0, 1, 0, 1]
    """
    tree = _as_tree(tree)
    n_points = len(tree) + 1
    if not 1 <= n_clusters <= n_points:
        raise ValueError(f"n_clusters={n_clusters} must be between 1 and {n_points}, the points.")
    first = np.arange(n_points)
    for points in _members(tree)[n_points : 2 * n_points - n_clusters]:
        first[points] = min(points)
    return np.unique(first, return_inverse=True)[1]


def leaf_order(tree: np.ndarray) -> np.ndarray:
    """Points from left to right, as a dendrogram draws them.

    Parameters
    ----------
    tree : ndarray, shape (n_samples - 1, 4)
        From `merge_tree` or SciPy's ``linkage``.

    Returns
    -------
    ndarray of int, shape (n_samples,)
        One of the 2 ** (n_samples - 1) orders that the tree allows: in each merge the group named
        first stands on the left.

    Raises
    ------
    ValueError
        If the table is no tree.

    Examples
    --------
    >>> leaf_order(merge_tree([[0], [9], [1], [8]])).tolist()
    [0, 2, 1, 3]
    """
    return np.array(_members(_as_tree(tree))[-1])


def cophenetic_distances(tree: np.ndarray) -> np.ndarray:
    """Height at which each pair of points is joined.

    Parameters
    ----------
    tree : ndarray, shape (n_samples - 1, 4)
        From `merge_tree` or SciPy's ``linkage``.

    Returns
    -------
    ndarray, shape (n_samples * (n_samples - 1) / 2,)
        Condensed, in the order of SciPy's ``pdist``: the pairs (0, 1), (0, 2), ..., (1, 2), ...
        ``scipy.spatial.distance.squareform`` makes it square.

    Raises
    ------
    ValueError
        If the table is no tree.

    Examples
    --------
    >>> cophenetic_distances(merge_tree([[0], [1], [5]], "single")).tolist()
    [1.0, 4.0, 4.0]
    """
    tree = _as_tree(tree)
    n_points, members = len(tree) + 1, _members(tree)
    table = np.zeros((n_points, n_points))
    for left, right, height, _ in tree:
        pairs = np.ix_(members[int(left)], members[int(right)])
        table[pairs] = height
    return (table + table.T)[np.triu_indices(n_points, k=1)]


def cophenetic_correlation(X: np.ndarray, tree: np.ndarray) -> float:
    """Say how well a tree keeps the distances: 1 if heights and distances rise together.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        The points from which the tree was made.
    tree : ndarray, shape (n_samples - 1, 4)
        From `merge_tree` or SciPy's ``linkage``.

    Returns
    -------
    float
        Correlation (Pearson) of the distances of all pairs with their cophenetic distances; nan if
        either of them is the same for all pairs, as with one or two points.

    Raises
    ------
    ValueError
        If a value is missing or infinite, the table is no tree, or it is a tree of other points.

    Examples
    --------
    >>> X = [[0], [1], [5]]
    >>> round(cophenetic_correlation(X, merge_tree(X)), 3)
    0.971
    """
    X, joined = _as_points(X), cophenetic_distances(tree)
    if len(X) != len(tree) + 1:
        raise ValueError(f"X has {len(X)} rows, the tree has {len(tree) + 1} points.")
    distances = np.sqrt(squared_distances(X, X))[np.triu_indices(len(X), k=1)]
    if len(joined) < 2 or np.ptp(joined) == 0 or np.ptp(distances) == 0:
        return float("nan")
    return float(np.corrcoef(distances, joined)[0, 1])


def distance_bytes(n_points: int) -> int:
    """Count the bytes of a table with the distance of every pair.

    Parameters
    ----------
    n_points : int
        Number of points, at least 1.

    Returns
    -------
    int
        ``n_points * (n_points - 1) / 2`` pairs of 8 bytes each.

    Raises
    ------
    ValueError
        If there is no point.

    Examples
    --------
    >>> distance_bytes(671), f"{distance_bytes(1_000_000) / 1e12:.1f} TB"
    (1798280, '4.0 TB')
    """
    if n_points < 1:
        raise ValueError(f"n_points={n_points} must be at least 1.")
    return n_points * (n_points - 1) // 2 * 8
