"""The interest map: 28 latest events by 28 topics, a picture that a convolution can read.

Taught in chapter 7.  Rows are time, oldest first; columns are topics, ordered by the leaves of a
dendrogram so that neighbours are alike.  The target is the mix of coarse topics in what the user
does next: nobody has to label anything.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import leaves_list, linkage
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.features.profiles import genre_matrix, item_factors, unit_rows
from recsys_tutorial.preprocessing import user_item_matrix


@dataclass(frozen=True)
class ItemTopics:
    """Topics of every item: soft and fine for the map, hard and coarse for the target.

    Attributes
    ----------
    items : Index
        Item ids, one per row of the arrays.
    membership : ndarray, shape (n_items, n_topics)
        Soft membership; each row sums to 1.  Neighbouring columns are similar topics.
    coarse : ndarray of int, shape (n_items,)
        The coarse topic of each item.
    n_coarse : int
        Number of coarse topics.
    """

    items: pd.Index
    membership: np.ndarray
    coarse: np.ndarray
    n_coarse: int

    def rows(self, items: pd.Series) -> np.ndarray:
        """Row number of each item in the arrays.

        Parameters
        ----------
        items : Series
            Item ids.

        Returns
        -------
        ndarray of int
            Row numbers.

        Raises
        ------
        KeyError
            If an item has no topics.
        """
        found = self.items.get_indexer(pd.Index(items))
        if (found < 0).any():
            unknown = items[found < 0].unique().tolist()[:3]
            raise KeyError(f"Items without topics: {unknown}. Add them to the item table.")
        return found


@dataclass(frozen=True)
class InterestWindows:
    """Training examples cut from histories.

    Attributes
    ----------
    maps : ndarray of float32, shape (n_windows, n_events, n_topics)
        Interest maps; missing events at the start are rows of zeros.
    targets : ndarray of float32, shape (n_windows, n_coarse)
        Mix of coarse topics in the next events; each row sums to 1.
    shown : ndarray of float32, shape (n_windows, n_coarse)
        How many of the events in the map belong to each coarse topic: all that a guess needs that
        ignores the order.
    users : ndarray, shape (n_windows,)
        The user of each window.
    """

    maps: np.ndarray
    targets: np.ndarray
    shown: np.ndarray
    users: np.ndarray


def fit_item_topics(
    train: Interactions,
    *,
    n_topics: int = 28,
    n_coarse: int = 10,
    n_factors: int = 32,
    temperature: float = 0.15,
    random_state: int = 0,
) -> ItemTopics:
    """Find the topics of all items from their genres and from who met them in training.

    Parameters
    ----------
    train : Interactions
        The training part of the log; its item table (with genres) lists all items.
    n_topics, n_coarse : int
        Number of columns of the map, and of topics in the target.
    n_factors : int
        Numbers per item from the interactions (`item_factors`).
    temperature : float
        Softness of the membership ``exp(-d2 / temperature)``; small is nearly hard.
    random_state : int
        Seed.

    Returns
    -------
    ItemTopics
        Topics of every item of the item table.

    Notes
    -----
    Chapter 7.  Only training events are used: topics learnt from the future would leak it.
    """
    matrix = user_item_matrix(train)
    genres = unit_rows(genre_matrix(train).loc[matrix.items].to_numpy())
    # On one thread, sums are made in one order: topics must not depend on the computer.
    with threadpool_limits(limits=1):
        vectors = np.hstack([genres, item_factors(matrix, n_factors, random_state=random_state)])
        fine = KMeans(n_topics, n_init=3, random_state=random_state).fit(vectors)
        # The leaves of the dendrogram put similar topics side by side, for a 3x3 filter.
        tree = linkage(fine.cluster_centers_, "average", optimal_ordering=True)
        distances = fine.transform(vectors)[:, leaves_list(tree)]
        weights = np.exp(-(distances**2) / temperature)
        coarse = KMeans(n_coarse, n_init=3, random_state=random_state).fit_predict(vectors)
    membership = weights / weights.sum(axis=1, keepdims=True)
    return ItemTopics(matrix.items, membership.astype("float32"), coarse, n_coarse)


def _histories(interactions: Interactions) -> tuple[pd.Series, dict[Hashable, np.ndarray]]:
    """Items in order of user and time, and the places of each user's events in that order."""
    if not interactions.has_time:
        raise DataError("The log has no times, so its events have no order. Use genre_profiles.")
    order = ["user", "timestamp", "item"]
    events = interactions.events.sort_values(order, kind="stable").reset_index(drop=True)
    return events["item"], events.groupby("user").indices


def _cut(share: float, n_events: int) -> int:
    """Where a share of a history ends: at the same event as in `split_latest`."""
    # 1 - 0.7 is a little more than 0.3 for a computer; the rounding undoes that.
    return n_events - int(round((1 - share) * n_events, 9))


def _pad(history: np.ndarray, n_events: int) -> np.ndarray:
    """Put rows of zeros before a history that is too short."""
    return np.pad(history, [(n_events - len(history), 0), (0, 0)])


def interest_windows(
    interactions: Interactions,
    topics: ItemTopics,
    *,
    part: tuple[float, float] = (0.0, 0.7),
    n_events: int = 28,
    horizon: int = 14,
    min_history: int = 10,
    min_target: int = 5,
    stride: int = 5,
) -> InterestWindows:
    """Cut every history into maps and what came next.

    A window at position t shows the latest events before t and asks for the events from t on.  The
    events asked for lie inside `part` of the user's own history; those shown may lie before it.

    Parameters
    ----------
    interactions : Interactions
        The whole log, with times.
    topics : ItemTopics
        Topics of the items.
    part : tuple of float
        Share of each history to ask about, e.g. ``(0.0, 0.7)`` for training: what
        ``split_latest(interactions, 0.3)`` calls train.
    n_events : int
        Rows of a map.
    horizon : int
        Most events asked for.
    min_history, min_target : int
        Fewest events shown, and asked for.
    stride : int
        Events between two windows.

    Returns
    -------
    InterestWindows
        Maps, targets, topics shown, and users.

    Raises
    ------
    DataError
        If the log has no times.
    ValueError
        If `part` is no part of a history, or no history is long enough for a single window.
    """
    if not 0 <= part[0] < part[1] <= 1:
        raise ValueError(f"part={part} must be two shares in ascending order, between 0 and 1.")
    items, histories = _histories(interactions)
    rows = topics.rows(items)
    one_hot = np.eye(topics.n_coarse, dtype="float32")[topics.coarse[rows]]
    windows = []
    for user, places in histories.items():
        start, stop = (_cut(share, len(places)) for share in part)
        for t in range(max(start, min_history), stop - min_target + 1, stride):
            before, after = places[max(0, t - n_events) : t], places[t : min(t + horizon, stop)]
            interest_map = _pad(topics.membership[rows[before]], n_events)
            windows.append((interest_map, one_hot[after].mean(0), one_hot[before].sum(0), user))
    if not windows:
        raise ValueError(
            f"No history has {min_history} events and then {min_target} in part {part}. "
            "Ask for fewer, or for a longer part."
        )
    maps, targets, shown, users = map(np.array, zip(*windows, strict=True))
    return InterestWindows(maps, targets, shown, users)


def maps_of_latest(
    interactions: Interactions, topics: ItemTopics, n_events: int = 28
) -> tuple[np.ndarray, np.ndarray]:
    """One interest map per user, from her latest events.

    Parameters
    ----------
    interactions : Interactions
        A log with times.
    topics : ItemTopics
        Topics of the items.
    n_events : int
        Rows of a map.

    Returns
    -------
    maps : ndarray of float32, shape (n_users, n_events, n_topics)
        The maps.
    users : ndarray, shape (n_users,)
        The user of each map.

    Raises
    ------
    DataError
        If the log has no times.
    """
    rows, users = latest_rows(interactions, topics, n_events)
    return maps_of_rows(topics, rows), users


def latest_rows(
    interactions: Interactions, topics: ItemTopics, n_events: int = 28
) -> tuple[np.ndarray, np.ndarray]:
    """Which items stand in each user's map: 28 whole numbers instead of 784 decimals.

    Parameters
    ----------
    interactions : Interactions
        A log with times.
    topics : ItemTopics
        Topics of the items.
    n_events : int
        Events per user.

    Returns
    -------
    rows : ndarray of int32, shape (n_users, n_events)
        Row numbers of the latest items in `topics`, oldest first, right-aligned; -1 where the
        history is too short.
    users : ndarray, shape (n_users,)
        The user of each row, in ascending order.

    Raises
    ------
    DataError
        If the log has no times.
    KeyError
        If an item has no topics.
    ValueError
        If `n_events` is less than 1.
    """
    if n_events < 1:
        raise ValueError(f"n_events={n_events} must be at least 1.")
    items, histories = _histories(interactions)
    item_rows = topics.rows(items).astype("int32")
    lengths = np.array([len(places) for places in histories.values()])
    # Histories lie one behind the other, so the place before the end of one is counted back.
    places = np.cumsum(lengths)[:, None] + np.arange(-n_events, 0)
    missing = n_events - lengths[:, None] > np.arange(n_events)
    rows = np.where(missing, -1, item_rows[np.where(missing, 0, places)])
    return rows.astype("int32"), np.array(list(histories))


def maps_of_rows(topics: ItemTopics, rows: np.ndarray) -> np.ndarray:
    """Draw the maps of some users from the row numbers of their items.

    Parameters
    ----------
    topics : ItemTopics
        Topics of the items.
    rows : ndarray of int, shape (n_users, n_events)
        As `latest_rows` gives them.

    Returns
    -------
    ndarray of float32, shape (n_users, n_events, n_topics)
        The maps; -1 becomes a row of zeros.

    Raises
    ------
    IndexError
        If a row number does not exist.

    Examples
    --------
    >>> two = ItemTopics(pd.Index(["a", "b"]), np.eye(2, dtype="float32"), np.array([0, 1]), 2)
    >>> maps_of_rows(two, np.array([[-1, 1]])).tolist()
    [[[0.0, 0.0], [0.0, 1.0]]]
    """
    maps = topics.membership[rows]
    maps[rows < 0] = 0
    return maps


def one_hot_maps(sequences: np.ndarray, n_topics: int) -> np.ndarray:
    """Interest maps of generated users, whose events belong to one topic each.

    Parameters
    ----------
    sequences : ndarray of int, shape (n_users, n_events)
        Topic of each event, oldest first.
    n_topics : int
        Number of topics.

    Returns
    -------
    ndarray of float32, shape (n_users, n_events, n_topics)
        1.0 where an event meets its topic.

    Examples
    --------
    >>> one_hot_maps(np.array([[1, 0]]), 3).tolist()
    [[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]]
    """
    return np.eye(n_topics, dtype="float32")[sequences]
