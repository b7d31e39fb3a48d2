"""What the variants on a class's own table are cut from: one log, bounded and repeatable.

The exercises of the course run on prepared numbers; their variants run on whatever a class brings.
`Material` makes from any log what the variants need: a matrix, short vectors, groups, a split.  It
keeps the most popular items and a seeded sample of users, so that no table is too large for a
classroom, and it gives the same numbers every time.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.decomposition import TruncatedSVD

from recsys_tutorial.clustering import kmeans
from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.preprocessing import Split, split_latest, split_random

MOST_USERS, MOST_ITEMS, MOST_EVENTS = 2_000, 1_000, 200_000
# With fewer there are no groups to speak of, and a hint would name the wrong mistake.
LEAST_USERS, LEAST_ITEMS = 12, 6
SEED = 0
MOST_COLUMNS = 8


class UnfitError(DataError):
    """A table that cannot serve; the message says why, and what to do.

    In a notebook only the message is shown: to a class, the lines of a traceback say nothing.

    Parameters
    ----------
    message : str
        What is missing in the table, and what to do.
    """

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Material:
    """A log, cut down to what a classroom can compute, and what follows from it.

    Everything is made when it is first asked for, kept, and the same every time.

    Parameters
    ----------
    log : Interactions
        The class's table.

    Attributes
    ----------
    whole : Interactions
        The table as it came.
    log : Interactions
        The table with at most 1,000 items, 2,000 users and 200,000 events.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_insteval
    >>> material = Material(load_insteval())
    >>> material.matrix.shape, material.has("ratings"), material.has("times")
    ((2000, 1000), True, False)
    """

    def __init__(self, log: Interactions) -> None:
        self.whole = log
        self.log = _bounded(log)

    def rng(self, name: str) -> np.random.Generator:
        """Give random numbers that are the same every time for one purpose and one table.

        Parameters
        ----------
        name : str
            The purpose, such as the id of an exercise.

        Returns
        -------
        Generator
            A fresh one.
        """
        sizes = (self.whole.n_events, self.whole.n_users, self.whole.n_items)
        # The sizes, so that one class cannot copy another one's answer.
        return np.random.default_rng([SEED, *sizes, zlib.crc32(name.encode())])

    def has(self, need: str) -> bool:
        """Whether the table has something that a variant needs.

        Parameters
        ----------
        need : {"ratings", "times", "items"}
            Ratings (not all alike), times (not all alike), or genres of the items.

        Returns
        -------
        bool
            Whether it is there.

        Raises
        ------
        ValueError
            If nobody knows what is meant.
        """
        events = self.log.events
        if need == "ratings":
            return bool(events["rating"].nunique() > 1)
        if need == "times":
            return self.log.has_time and bool(events["timestamp"].nunique() > 1)
        if need == "items":
            items = self.log.items
            return "genres" in items and bool(
                items["genres"].fillna("").astype(str).str.len().sum()
            )
        raise ValueError(f"A table may need ratings, times or items, not {need!r}.")

    # Who and what --------------------------------------------------------------------------

    @property
    def events(self) -> pd.DataFrame:
        """The events: ``user``, ``item``, ``rating`` and, if there are times, ``timestamp``."""
        return self.log.events

    @cached_property
    def users(self) -> pd.Index:
        """Ids of the users, sorted: the rows of `matrix`."""
        return pd.Index(np.unique(self.events["user"].to_numpy()), name="user")

    @cached_property
    def items(self) -> pd.Index:
        """Ids of the items, the most popular first: the columns of `matrix`."""
        counts = self.events.groupby("item").size().sort_values(ascending=False, kind="stable")
        return pd.Index(counts.index, name="item")

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.items)

    @cached_property
    def titles(self) -> list[str]:
        """A title for each column of `matrix`; the id if there is no other."""
        known = self.log.items.set_index("item")
        names = known["title"] if "title" in known else pd.Series(dtype=object)
        return [str(names.get(item, item)) for item in self.items]

    # Tables --------------------------------------------------------------------------------

    def table_of(self, events: pd.DataFrame, column: str | None = None) -> sparse.csr_matrix:
        """Spread events over the users and items of this material.

        Parameters
        ----------
        events : DataFrame
            Rows of `events`.
        column : str, optional
            What stands in the cells; by default 1 for every event.

        Returns
        -------
        csr_matrix of shape (n_users, n_items)
            Zero where nothing happened.
        """
        values = np.ones(len(events)) if column is None else events[column].to_numpy(dtype=float)
        rows = self.users.get_indexer(pd.Index(events["user"]))
        columns = self.items.get_indexer(pd.Index(events["item"]))
        shape = (self.n_users, self.n_items)
        return sparse.csr_matrix((values, (rows, columns)), shape=shape)

    @cached_property
    def matrix(self) -> sparse.csr_matrix:
        """1 where a user met an item: users x items."""
        return self.table_of(self.events)

    @cached_property
    def ratings(self) -> sparse.csr_matrix | None:
        """The ratings, users x items; None if all are alike."""
        return self.table_of(self.events, "rating") if self.has("ratings") else None

    @cached_property
    def times(self) -> np.ndarray | None:
        """Seconds since 1970 of each event; None without times."""
        return self.events["timestamp"].to_numpy() if self.has("times") else None

    @cached_property
    def popularity(self) -> np.ndarray:
        """How many users each item has, the largest first."""
        return np.asarray(self.matrix.sum(axis=0)).ravel().astype(int)

    @cached_property
    def activity(self) -> np.ndarray:
        """How many items each user has."""
        return np.asarray(self.matrix.sum(axis=1)).ravel().astype(int)

    @cached_property
    def busiest(self) -> np.ndarray:
        """Rows of the users, the one with the most items first."""
        return np.argsort(-self.activity, kind="stable")

    def sample(self, n: int, name: str = "sample") -> np.ndarray:
        """Draw some users, the same every time.

        Parameters
        ----------
        n : int
            How many at most.
        name : str
            Another name draws other users.

        Returns
        -------
        ndarray of int
            Rows of `matrix`, ascending.
        """
        drawn = self.rng(name).permutation(self.n_users)[:n]
        return np.sort(drawn)

    def small(self, n_users: int = 12, n_items: int = 8) -> np.ndarray:
        """Give a table for paper: the busiest users and the most popular items.

        Parameters
        ----------
        n_users, n_items : int
            Its size at most.

        Returns
        -------
        ndarray of int
            1 where a user met an item.
        """
        rows = np.sort(self.busiest[:n_users])
        return self.matrix[rows][:, :n_items].toarray().astype(int)

    # Descriptions --------------------------------------------------------------------------

    @cached_property
    def vectors(self) -> np.ndarray:
        """At most eight numbers per user, rows of length 1: what she met, shortened by an SVD."""
        lengths = np.sqrt(np.maximum(self.activity, 1))
        scaled = sparse.diags(1 / lengths) @ self.matrix
        columns = max(1, min(MOST_COLUMNS, *(n - 1 for n in self.matrix.shape)))
        with np.errstate(all="ignore"):  # of a table in which all users are alike
            short = TruncatedSVD(columns, random_state=SEED).fit_transform(scaled)
        norms = np.linalg.norm(short, axis=1, keepdims=True)
        return np.asarray(np.round(short / np.where(norms > 0, norms, 1), 6))

    @cached_property
    def points(self) -> np.ndarray:
        """A map of the users: two numbers each, from 0 to 10, rounded to one decimal."""
        centred = self.vectors - self.vectors.mean(axis=0)
        rotation = np.linalg.svd(centred, full_matrices=False)[2][:2]
        # Turned so that the largest entry is positive: the sign of an axis is a whim of libraries.
        signs = np.sign(rotation[np.arange(len(rotation)), np.abs(rotation).argmax(axis=1)])
        flat = centred @ (rotation * signs[:, None]).T
        if flat.shape[1] < 2:
            flat = np.column_stack([flat, np.zeros(len(flat))])
        low, width = flat.min(axis=0), np.ptp(flat, axis=0)
        return np.asarray(np.round(10 * (flat - low) / np.where(width > 0, width, 1), 1))

    @cached_property
    def labels(self) -> np.ndarray:
        """Group of each user, by seeded K-means on `vectors`; every group has somebody."""
        found = kmeans(self.vectors, self.n_groups, random_state=SEED).labels
        return np.unique(found, return_inverse=True)[1].astype(int)

    @cached_property
    def n_groups(self) -> int:
        """How many groups `labels` was asked for: four, or two in a very small table."""
        return 4 if self.n_users >= 24 else 2

    @cached_property
    def centres(self) -> np.ndarray:
        """Mean of `vectors` in each group of `labels`."""
        groups = range(self.labels.max() + 1)
        return np.array([self.vectors[self.labels == group].mean(axis=0) for group in groups])

    @cached_property
    def habits(self) -> pd.DataFrame:
        """Two habits of each user: how many things she has, and how many people these have."""
        fame = np.asarray(self.matrix @ self.popularity).ravel() / np.maximum(self.activity, 1)
        columns = {"things": self.activity.astype(float), "fame": np.round(fame, 1)}
        return pd.DataFrame(columns, index=self.users)

    def distinct(self, X: np.ndarray, n: int, name: str) -> np.ndarray:
        """Draw rows of a table that differ from each other, the same every time.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
            The table.
        n : int
            How many rows at most.
        name : str
            Another name draws other rows.

        Returns
        -------
        ndarray of int
            Their places in `X`.
        """
        _, first = np.unique(X, axis=0, return_index=True)
        return np.asarray(self.rng(name).permutation(np.sort(first))[:n])

    @cached_property
    def topics(self) -> pd.DataFrame:
        """How often each user met each of at most six kinds of items.

        The kinds are the genres, if there are some; else the items fall into equal parts by
        popularity, from the best known to the least known.
        """
        if self.has("items"):
            genres = self.log.items.set_index("item")["genres"].fillna("").astype(str)
            kinds = genres.str.split("|").str[0].reindex(self.items).fillna("").to_numpy()
            kinds = np.where(kinds == "", "none", kinds)
        else:
            parts = np.arange(self.n_items) * min(5, self.n_items) // self.n_items
            kinds = np.array([f"part_{part + 1}" for part in parts])
        weight = pd.Series(self.popularity).groupby(kinds).sum().sort_values(ascending=False)
        names = sorted(weight.index[:6])
        member = sparse.csr_matrix(np.array([kinds == name for name in names], dtype=float).T)
        counts = (self.matrix @ member).toarray().astype(int)
        return pd.DataFrame(counts, index=self.users, columns=names)

    # Splits --------------------------------------------------------------------------------

    @cached_property
    def split(self) -> Split:
        """Each user's latest fifth held out; without times, a seeded random fifth."""
        if self.has("times"):
            return split_latest(self.log)
        return split_random(self.log, random_state=SEED)

    @property
    def train(self) -> Interactions:
        """The part to learn from."""
        return self.split.train

    @property
    def test(self) -> Interactions:
        """The part that is held out."""
        return self.split.test

    @cached_property
    def train_matrix(self) -> sparse.csr_matrix:
        """As `matrix`, of the part to learn from."""
        return self.table_of(self.train.events)

    @cached_property
    def test_matrix(self) -> sparse.csr_matrix:
        """As `matrix`, of the part that is held out."""
        return self.table_of(self.test.events)


def need(condition: object, sentence: str) -> None:
    """Refuse a table in one sentence; for the `inputs` of a variant.

    Parameters
    ----------
    condition : object
        What must be true.
    sentence : str
        Why the table cannot serve, and what to do.

    Raises
    ------
    UnfitError
        If it is not.

    Examples
    --------
    >>> need(3 > 2, "Three users are needed.")
    """
    if not condition:
        raise UnfitError(sentence)


def some(items: Sequence[int] | np.ndarray, n: int) -> list[int]:
    """Take at most some numbers, evenly over a sequence.

    Parameters
    ----------
    items : sequence of int
        Where from.
    n : int
        How many at most.

    Returns
    -------
    list of int
        In their order.

    Examples
    --------
    >>> some(range(10), 3)
    [0, 4, 9]
    """
    places = np.unique(np.linspace(0, len(items) - 1, min(n, len(items))).astype(int))
    return [int(items[place]) for place in places]


def _bounded(log: Interactions) -> Interactions:
    """Keep the most popular items, and a seeded sample of their users."""
    events = log.events
    popular = events.groupby("item").size().sort_values(ascending=False, kind="stable")
    if len(popular) > MOST_ITEMS:
        events = events[events["item"].isin(popular.index[:MOST_ITEMS])]
    counts = events.groupby("user").size()
    drawn = np.random.default_rng(SEED).permutation(len(counts))[:MOST_USERS]
    within = counts.to_numpy()[drawn].cumsum() <= MOST_EVENTS
    within[0] = True
    if within.sum() < len(counts):
        events = events[events["user"].isin(counts.index[drawn[within]])]
    return log if len(events) == len(log.events) else log.with_events(events)
