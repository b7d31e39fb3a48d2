"""The interest map: 28 latest events by 28 topics, a picture that a convolution can read.

Taught in chapter 7.  Rows are time, oldest first; columns are topics, ordered by the leaves of a
dendrogram so that neighbours are alike.  The target is the mix of coarse topics in what the user
does next: nobody has to label anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import leaves_list, linkage
from sklearn.cluster import KMeans

from recsys_tutorial.datasets import Interactions
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
        found = self.items.get_indexer(items)
        if (found < 0).any():
            raise KeyError(f"Items without topics: {items[found < 0].tolist()[:3]}.")
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
    users : ndarray, shape (n_windows,)
        The user of each window.
    """

    maps: np.ndarray
    targets: np.ndarray
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
    vectors = np.hstack([genres, item_factors(matrix, n_factors, random_state=random_state)])
    fine = KMeans(n_topics, n_init=3, random_state=random_state).fit(vectors)
    # The leaves of the dendrogram put similar topics side by side: a 3x3 filter needs neighbours.
    tree = linkage(fine.cluster_centers_, "average", optimal_ordering=True)
    distances = fine.transform(vectors)[:, leaves_list(tree)]
    weights = np.exp(-(distances**2) / temperature)
    coarse = KMeans(n_coarse, n_init=3, random_state=random_state).fit_predict(vectors)
    membership = weights / weights.sum(axis=1, keepdims=True)
    return ItemTopics(matrix.items, membership.astype("float32"), coarse, n_coarse)


def interest_windows(
    interactions: Interactions,
    topics: ItemTopics,
    *,
    part: tuple[float, float] = (0.0, 0.7),
    n_events: int = 28,
    horizon: int = 14,
    min_history: int = 10,
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
        Share of each history to ask about, e.g. ``(0.0, 0.7)`` for training.
    n_events : int
        Rows of a map.
    horizon : int
        Most events asked for.
    min_history : int
        Fewest events shown.
    stride : int
        Events between two windows.

    Returns
    -------
    InterestWindows
        Maps, targets and users.

    Raises
    ------
    ValueError
        If no history is long enough for a single window.
    """
    events = interactions.events
    rows = topics.rows(events["item"])
    one_hot = np.eye(topics.n_coarse, dtype="float32")[topics.coarse[rows]]
    maps, targets, users = [], [], []
    for user, places in events.groupby("user").indices.items():
        start, stop = (int(share * len(places)) for share in part)
        for t in range(max(start, min_history), stop, stride):
            maps.append(_pad(topics.membership[rows[places[max(0, t - n_events) : t]]], n_events))
            targets.append(one_hot[places[t : min(t + horizon, stop)]].mean(axis=0))
            users.append(user)
    if not maps:
        raise ValueError(f"No history has {min_history} events before part {part}.")
    return InterestWindows(np.stack(maps), np.stack(targets), np.array(users))


def _pad(history: np.ndarray, n_events: int) -> np.ndarray:
    """Put rows of zeros before a history that is too short."""
    return np.pad(history, [(n_events - len(history), 0), (0, 0)])


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
    """
    rows = topics.rows(interactions.events["item"])
    histories = interactions.events.groupby("user").indices
    maps = [_pad(topics.membership[rows[p[-n_events:]]], n_events) for p in histories.values()]
    return np.stack(maps), np.array(list(histories))


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
