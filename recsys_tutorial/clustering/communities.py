"""Groups and key people of a network: modularity, communities, PageRank.

Taught in chapter 14.  Clusters of interests know nothing about who is tied to whom; these read the
ties, and nothing else.  They answer two different questions: which people belong together, and
which people hold the network together.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse


def _as_ties(adjacency: np.ndarray | sparse.sparray) -> sparse.csr_array:
    shape = adjacency.shape if sparse.issparse(adjacency) else np.shape(adjacency)
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"adjacency has shape {shape}; one row and one column per person.")
    ties = sparse.csr_array(adjacency, dtype=float)
    if not np.isfinite(ties.data).all() or (ties.data < 0).any():
        raise ValueError("adjacency holds missing or negative strengths. Drop these ties.")
    return ties


def _as_undirected(adjacency: np.ndarray | sparse.sparray) -> sparse.csr_array:
    ties = _as_ties(adjacency)
    # Strengths that were summed in another order differ in the last digit.
    if abs(ties - ties.T).sum() > 1e-9 * ties.sum():
        raise ValueError("adjacency is not symmetric. Add its transpose if ties have no direction.")
    if ties.sum() == 0:
        raise ValueError("There is no tie, so there is nothing to group.")
    return ties


def modularity(adjacency: np.ndarray | sparse.sparray, labels: np.ndarray) -> float:
    """How many more ties lie within groups than if ties were drawn anew by degree.

    The sum over groups of the share of all tie ends that lie within the group, minus the square of
    the share of tie ends that the group has at all.

    Parameters
    ----------
    adjacency : array, shape (n_people, n_people)
        Strength of the tie of each pair, symmetric, not negative.
    labels : ndarray of int, shape (n_people,)
        Group of each person.

    Returns
    -------
    float
        At most 1; 0 if everybody is in one group.

    Raises
    ------
    ValueError
        If the table is not square, symmetric and non-negative, has no tie, or the labels do not
        fit or are missing.

    References
    ----------
    Clauset, Newman and Moore (2004). [clauset2004finding]

    Examples
    --------
    >>> two_pairs = np.kron(np.eye(2), [[0, 1], [1, 0]])
    >>> modularity(two_pairs, np.array([0, 0, 1, 1]))
    0.5
    """
    shares = _shares_between(_as_undirected(adjacency), labels)
    return float(np.trace(shares) - (shares.sum(axis=1) ** 2).sum())


def _shares_between(ties: sparse.csr_array, labels: np.ndarray) -> np.ndarray:
    """Share of all tie ends that run from each group to each other."""
    labels = np.asarray(labels)
    if labels.shape != (ties.shape[0],):
        raise ValueError(f"labels has shape {labels.shape}; there are {ties.shape[0]} people.")
    if pd.isna(labels).any():
        raise ValueError("labels holds missing values. Give everybody a group.")
    numbers = np.unique(labels, return_inverse=True)[1]
    member = np.eye(numbers.max() + 1)[numbers]
    return member.T @ (ties @ member) / ties.sum()


def find_communities(adjacency: np.ndarray | sparse.sparray) -> np.ndarray:
    """Group the people of a network, without being told how many groups there are.

    Everybody begins alone.  The two groups whose union raises the modularity most are united, until
    no union raises it.  For networks of up to some thousand people: every step looks at all pairs
    of groups.

    Parameters
    ----------
    adjacency : array, shape (n_people, n_people)
        As in `modularity`.

    Returns
    -------
    ndarray of int, shape (n_people,)
        Groups, numbered from the largest; somebody without a tie is a group of her own.

    Raises
    ------
    ValueError
        As in `modularity`.

    References
    ----------
    Clauset, Newman and Moore (2004). [clauset2004finding]

    Examples
    --------
    >>> two_pairs = np.kron(np.eye(2), [[0, 1], [1, 0]])
    >>> find_communities(two_pairs).tolist()
    [0, 0, 1, 1]
    """
    ties = _as_undirected(adjacency)
    labels = np.arange(ties.shape[0])
    shares = _shares_between(ties, labels)
    while len(shares) > 1:
        ends = shares.sum(axis=1)
        # Only the pairs above the diagonal: each union once, and nobody with herself.
        gains = np.where(np.tri(len(shares), dtype=bool), -np.inf, shares - np.outer(ends, ends))
        a, b = np.unravel_index(gains.argmax(), gains.shape)
        if gains[a, b] <= 0:
            break
        shares[a] += shares[b]
        shares[:, a] += shares[:, b]
        shares = np.delete(np.delete(shares, b, axis=0), b, axis=1)
        labels[labels == b] = a
        labels[labels > b] -= 1
    order = np.argsort(-np.bincount(labels), kind="stable")
    return np.argsort(order)[labels]


def pagerank(
    adjacency: np.ndarray | sparse.sparray, *, damping: float = 0.85, tolerance: float = 1e-12
) -> np.ndarray:
    """How central everybody is: the share of time that a wanderer along the ties spends with her.

    At every step the wanderer follows one of the ties from where she is, by strength, with the
    chance `damping`; otherwise, or where no tie leads on, she begins again at somebody drawn at
    random.

    Parameters
    ----------
    adjacency : array, shape (n_people, n_people)
        Strength of the tie from each row to each column, not negative.
    damping : float
        At least 0 and below 1.
    tolerance : float
        The steps end when the shares change by less, in sum.

    Returns
    -------
    ndarray, shape (n_people,)
        Shares that sum to 1.

    Raises
    ------
    ValueError
        If the table is empty, not square or has negative strengths, or `damping` is out of range.

    References
    ----------
    Brin and Page (1998). [brin1998anatomy]

    Examples
    --------
    >>> star = np.array([[0, 1, 1], [1, 0, 0], [1, 0, 0]])
    >>> pagerank(star).round(3).tolist()
    [0.486, 0.257, 0.257]
    """
    ties = _as_ties(adjacency)
    n_people = ties.shape[0]
    if not (n_people and 0 <= damping < 1):
        raise ValueError(f"{n_people} people and damping={damping}: give people, and 0 <= d < 1.")
    out = ties.sum(axis=1)
    onward = sparse.diags_array(1 / np.where(out > 0, out, 1)) @ ties
    shares, change = np.full(n_people, 1 / n_people), np.inf
    while change > tolerance:
        lost = shares[out == 0].sum()
        new = damping * (shares @ onward + lost / n_people) + (1 - damping) / n_people
        change, shares = np.abs(new - shares).sum(), new
    return shares
