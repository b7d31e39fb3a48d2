"""Simple recommenders on a class's own table, judged: for the variants of chapters 15, 17 and 18.

Five methods with four settings each, all in a few lines of matrix algebra.  The measure is the
reciprocal rank: 1 over the place of the first held-out item among all that a user has not met.  It
is never 0, so that shares and geometric means exist for every table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import sparse
from sklearn.decomposition import TruncatedSVD

from recsys_tutorial.clustering import kmeans
from recsys_tutorial.exercises.own.cutting import cosine_table, kept
from recsys_tutorial.exercises.own.material import SEED, Material, need

MOST_JUDGED, LEAST_JUDGED = 200, 8
METHODS = ("popularity", "groups", "groups by lot", "item neighbours", "user neighbours")
THIRD = 2
Settings: TypeAlias = "Iterator[tuple[np.ndarray, int]]"


@dataclass(frozen=True)
class Judged:
    """What five simple methods reached on a table.

    Attributes
    ----------
    rows : ndarray of int
        The judged users: rows of the material's matrix that have a held-out item.
    ranks : dict of str to ndarray of shape (4, n_judged)
        Reciprocal rank of each method, setting and user.
    numbers : dict of str to list of int
        How many numbers each method keeps for its lists, setting by setting.
    scores : dict of str to ndarray of shape (n_judged, n_items)
        Scores of each method's third setting.
    """

    rows: np.ndarray
    ranks: dict[str, np.ndarray]
    numbers: dict[str, list[int]]
    scores: dict[str, np.ndarray]

    def figures(self, users: np.ndarray) -> np.ndarray:
        """Mean reciprocal rank of each method and setting.

        Parameters
        ----------
        users : ndarray of bool or int
            Which of the judged users.

        Returns
        -------
        ndarray, shape (5, 4)
            Rounded to four decimals.
        """
        return np.array([self.ranks[name][:, users].mean(axis=1) for name in METHODS]).round(4)


def reciprocal_ranks(scores: np.ndarray, known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Compute 1 over the place of the first wanted item of each user.

    Parameters
    ----------
    scores : ndarray, shape (n_users, n_items)
        Higher is better; in a tie the smaller column comes first.
    known, wanted : ndarray of bool, same shape
        What a user has met, which takes no place, and what she should find; at least one of each
        row is wanted, and none of these is known.

    Returns
    -------
    ndarray, shape (n_users,)
        Above 0, at most 1.

    Examples
    --------
    >>> known, wanted = np.array([[True, False, False]]), np.array([[False, False, True]])
    >>> reciprocal_ranks(np.array([[9.0, 5.0, 3.0]]), known, wanted)
    array([0.5])
    """
    order = np.argsort(-np.where(known, -np.inf, scores), axis=1, kind="stable")
    return np.asarray(1 / (1 + np.take_along_axis(wanted, order, axis=1).argmax(axis=1)))


@kept
def judged(material: Material) -> Judged:
    """Judge five simple methods on the material's split.

    Parameters
    ----------
    material : Material
        The class's table.

    Returns
    -------
    Judged
        Of at most 300 users.

    Raises
    ------
    UnfitError
        If fewer than eight users have something held out.
    """
    train, test = material.train_matrix, material.test_matrix
    with_test = np.flatnonzero((test.getnnz(axis=1) > 0) & (train.getnnz(axis=1) > 0))
    need(
        len(with_test) >= LEAST_JUDGED,
        "Fewer than eight people met two items or more, so nothing can be held out and judged: "
        "bring a longer table.",
    )
    drawn = material.rng("judged").permutation(with_test)[:MOST_JUDGED]
    rows = np.sort(drawn)
    known, wanted = train[rows].toarray() > 0, test[rows].toarray() > 0
    ranks, numbers, scores = {}, {}, {}
    for name, make in zip(METHODS, _MAKERS, strict=True):
        made = list(make(train, rows))
        ranks[name] = np.array([reciprocal_ranks(found, known, wanted) for found, _ in made])
        numbers[name] = [kept_numbers for _, kept_numbers in made]
        scores[name] = made[THIRD][0]
    return Judged(rows, ranks, numbers, scores)


# Each of the following gives, for four settings, the scores of some users and how many numbers are
# kept.  Scores are rounded: the last digit differs between machines, and should decide nothing.


def _popularity(train: sparse.csr_matrix, rows: np.ndarray) -> Settings:
    """Count users, busy ones for less and less."""
    activity = np.maximum(train.getnnz(axis=1), 1).astype(float)
    for power in (0, 0.5, 1, 1.5):
        counts = np.asarray(train.T @ activity ** (-power)).ravel()
        yield np.tile(counts.round(9), (len(rows), 1)), train.shape[1]


def _group_counts(
    train: sparse.csr_matrix, labels: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, int]:
    """Count within groups; a little of everybody's counts settles ties."""
    member = sparse.csr_matrix(np.eye(labels.max() + 1)[labels])
    counts = np.asarray((member.T @ train).todense())
    everybody = np.asarray(train.sum(axis=0)).ravel() / (train.shape[0] + 1)
    return (counts + everybody)[labels[rows]].round(9), int(counts.size)


def _group_sizes(train: sparse.csr_matrix) -> list[int]:
    return [min(n, max(2, train.shape[0] // 5)) for n in (2, 4, 8, 16)]


def _groups(train: sparse.csr_matrix, rows: np.ndarray) -> Settings:
    lengths = np.sqrt(np.maximum(train.getnnz(axis=1), 1))
    columns = max(1, min(8, *(n - 1 for n in train.shape)))
    with np.errstate(all="ignore"):  # of a table in which all users are alike
        svd = TruncatedSVD(columns, random_state=SEED)
        short = svd.fit_transform(sparse.diags(1 / lengths) @ train).round(6)
    different = len(np.unique(short, axis=0))
    for n in _group_sizes(train):
        labels = kmeans(short, min(n, different), n_init=3, random_state=SEED).labels
        yield _group_counts(train, np.unique(labels, return_inverse=True)[1], rows)


def _groups_by_lot(train: sparse.csr_matrix, rows: np.ndarray) -> Settings:
    for seed, n in enumerate(_group_sizes(train)):
        labels = np.random.default_rng(seed).permutation(np.arange(train.shape[0]) % n)
        yield _group_counts(train, labels, rows)


def _strongest(table: np.ndarray, n: int) -> tuple[np.ndarray, int]:
    """Keep the n largest numbers of each row."""
    n = min(n, table.shape[1])
    kth = -np.partition(-table, n - 1, axis=1)[:, n - 1]
    strong = np.where(table >= kth[:, None], table, 0)
    return strong, int(np.count_nonzero(strong))


def _item_neighbours(train: sparse.csr_matrix, rows: np.ndarray) -> Settings:
    alike = cosine_table(train)
    for n in (3, 10, 30, train.shape[1]):
        strong, numbers = _strongest(alike, n)
        yield np.asarray(train[rows] @ strong).round(9), numbers


def _user_neighbours(train: sparse.csr_matrix, rows: np.ndarray) -> Settings:
    alike = cosine_table(train.T.tocsr())[rows]
    for n in (3, 10, 30, 100):
        strong, numbers = _strongest(alike, n)
        yield np.asarray(strong @ train).round(9), numbers + train.nnz


_MAKERS: tuple[Callable[[sparse.csr_matrix, np.ndarray], Settings], ...] = (
    _popularity,
    _groups,
    _groups_by_lot,
    _item_neighbours,
    _user_neighbours,
)
