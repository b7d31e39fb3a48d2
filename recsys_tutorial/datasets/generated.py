"""Users made by a program, so that the right answer is known.

Real users carry no label that says which group they belong to.  These do, and that is their only
merit: a clustering can be right or wrong about them.  Every function takes a seed and documents the
assumptions it makes.  Taught in chapters 2, 3, 7 and 13.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from recsys_tutorial.datasets.interactions import DataError, Interactions


@dataclass(frozen=True, eq=False)
class GeneratedTastes:
    """A table of users and topics, with the truth.

    Attributes
    ----------
    table : DataFrame
        Visits of each user to each topic, shape (n_users, n_topics); the index is the user id.
    groups : ndarray of int, shape (n_users,)
        The interest group that each user was drawn from.
    """

    table: pd.DataFrame
    groups: np.ndarray


@dataclass(frozen=True, eq=False)
class GeneratedSequences:
    """Histories of topics, oldest first, with the truth and what came next.

    Attributes
    ----------
    topics : ndarray of int, shape (n_users, n_events)
        The history of each user.
    next_topics : ndarray of int, shape (n_users, horizon)
        The events after the history: the target of a self-supervised model.
    groups : ndarray of int, shape (n_users,)
        The group that each user was drawn from.
    n_topics : int
        Topics are numbered 0 to n_topics - 1.
    """

    topics: np.ndarray
    next_topics: np.ndarray
    groups: np.ndarray
    n_topics: int


@dataclass(frozen=True, eq=False)
class GeneratedLog:
    """A log with planted faults, and how many of each were planted.

    Attributes
    ----------
    events : DataFrame
        Columns ``user``, ``item``, ``rating``, ``timestamp``, in no order.
    planted : dict of str to int
        Number of faults by kind: ``duplicates``, ``missing_ratings``, ``impossible_ratings``,
        ``future_times``.
    """

    events: pd.DataFrame
    planted: dict[str, int]


def make_static_tastes(
    n_users: int = 1000,
    n_topics: int = 10,
    n_groups: int = 10,
    *,
    visits: int = 60,
    focus: float = 0.5,
    random_state: int = 0,
) -> GeneratedTastes:
    """Draw users whose taste does not change: the "1000 users, 10 columns" of the source article.

    Each group keeps the share `focus` of its visits for two neighbouring topics and spreads the
    rest evenly over all topics, these two among them.  A user makes a Poisson number of visits,
    each to a topic drawn from the mix of her group.

    Parameters
    ----------
    n_users, n_topics, n_groups : int
        Sizes; at most one group per topic.
    visits : int
        Mean number of visits of a user.
    focus : float
        Share of the visits kept for the two topics of the group, between 0 and 1.
    random_state : int
        Seed.

    Returns
    -------
    GeneratedTastes
        The table of visits and the group of each user.

    Raises
    ------
    ValueError
        If there is no group, there are more groups than topics, or `focus` is outside [0, 1].

    Examples
    --------
    >>> users = make_static_tastes()
    >>> users.table.shape, int(users.groups.max())
    ((1000, 10), 9)
    """
    if not 1 <= n_groups <= n_topics:
        raise ValueError(f"n_groups={n_groups} must be between 1 and n_topics={n_topics}.")
    if not 0 <= focus <= 1:
        raise ValueError(f"focus={focus} must lie between 0 and 1.")
    rng = np.random.default_rng(random_state)
    mixes = np.full((n_groups, n_topics), (1 - focus) / n_topics)
    for group in range(n_groups):
        mixes[group, group] += focus / 2
        mixes[group, (group + 1) % n_topics] += focus / 2
    groups = rng.permutation(np.arange(n_users) % n_groups)
    counts = rng.poisson(visits * mixes[groups])
    columns = [f"topic_{t}" for t in range(n_topics)]
    index = pd.RangeIndex(1, n_users + 1, name="user")
    return GeneratedTastes(pd.DataFrame(counts, index=index, columns=columns), groups)


def _paired_topics(n_groups: int, n_topics: int) -> tuple[np.ndarray, np.ndarray]:
    """Topics (first, second) of each group; every pair is used in both directions.

    The mean profile of "A, then B" equals that of "B, then A": only the order tells them apart.
    """
    # An event one topic off must still lie inside the map, or the edges would give groups away.
    edge = n_topics // 8
    most = n_topics - 2 * edge
    if n_groups < 2 or n_groups % 2 or n_groups > most:
        raise ValueError(f"n_groups={n_groups} must be even, at least 2 and at most {most}.")
    topics = np.linspace(edge, n_topics - 1 - edge, n_groups).round().astype(int)
    low, high = topics[: n_groups // 2], topics[n_groups // 2 :]
    return np.concatenate([low, high]), np.concatenate([high, low])


def make_drifting_tastes(
    n_users: int = 1000,
    n_events: int = 28,
    *,
    horizon: int = 14,
    n_topics: int = 28,
    n_groups: int = 10,
    noise: float = 0.35,
    random_state: int = 0,
) -> GeneratedSequences:
    """Draw users who move slowly from one topic to another.

    The chance that an event belongs to the second topic follows a logistic curve with a midpoint
    drawn between 20 % and 80 % of the history.  The share `noise` of the events is uniform over all
    topics.

    Parameters
    ----------
    n_users, n_events : int
        Number of users and length of each history.
    horizon : int
        Events after the history.
    n_topics, n_groups : int
        Number of topics; groups come in pairs (A to B, B to A), so their number is even.
    noise : float
        Share of uniform events, between 0 and 1.
    random_state : int
        Seed.

    Returns
    -------
    GeneratedSequences
        Histories, what came next, and the groups.

    Raises
    ------
    ValueError
        If `n_groups` is odd, below 2 or too large for `n_topics`, or `noise` is outside [0, 1].

    Examples
    --------
    >>> make_drifting_tastes(50).topics.shape
    (50, 28)
    """
    if not 0 <= noise <= 1:
        raise ValueError(f"noise={noise} must lie between 0 and 1.")
    first, second = _paired_topics(n_groups, n_topics)
    rng = np.random.default_rng(random_state)
    groups = rng.permutation(np.arange(n_users) % n_groups)
    time = np.arange(n_events + horizon)
    midpoint = rng.uniform(0.2, 0.8, size=(n_users, 1)) * n_events
    moved = rng.random((n_users, time.size)) < 1 / (1 + np.exp(-(time - midpoint) / 3))
    topics = np.where(moved, second[groups, None], first[groups, None])
    random_topics = rng.integers(n_topics, size=topics.shape)
    topics = np.where(rng.random(topics.shape) < noise, random_topics, topics)
    return GeneratedSequences(topics[:, :n_events], topics[:, n_events:], groups, n_topics)


def make_bursts(
    n_users: int = 2000,
    n_events: int = 28,
    *,
    horizon: int = 14,
    n_topics: int = 28,
    n_groups: int = 10,
    burst: int = 5,
    random_state: int = 0,
) -> GeneratedSequences:
    """Draw users whose interest comes in a burst at a random time.

    A history is uniform noise, except for `burst` events of one topic followed at once by `burst`
    events of another, somewhere in it.  Each burst event is intact with chance 0.9 and, if so, off
    by at most one topic.  The topics of two groups can be two columns apart, so blurred bursts
    overlap.  Of the events after the history 60 % belong to the second topic.

    Parameters
    ----------
    n_users, n_events : int
        Number of users and length of each history.
    horizon : int
        Events after the history.
    n_topics, n_groups : int
        Number of topics; groups come in pairs (A then B, B then A), so their number is even.
    burst : int
        Length of each of the two bursts, in events.
    random_state : int
        Seed.

    Returns
    -------
    GeneratedSequences
        Histories, what came next, and the groups.

    Raises
    ------
    ValueError
        If `n_groups` is odd, below 2 or too large for `n_topics`, or the bursts are empty or do not
        fit into the history.

    Examples
    --------
    >>> make_bursts(50).next_topics.shape
    (50, 14)
    """
    if burst < 1 or 2 * burst > n_events:
        raise ValueError(f"Two bursts of {burst} events do not fit into {n_events} events.")
    first, second = _paired_topics(n_groups, n_topics)
    rng = np.random.default_rng(random_state)
    groups = rng.permutation(np.arange(n_users) % n_groups)
    topics = rng.integers(n_topics, size=(n_users, n_events))
    planted = np.hstack([np.tile(t[groups, None], burst) for t in (first, second)])
    planted = np.clip(planted + rng.integers(-1, 2, size=planted.shape), 0, n_topics - 1)
    places = rng.integers(n_events - 2 * burst + 1, size=(n_users, 1)) + np.arange(2 * burst)
    rows = np.arange(n_users)[:, None]
    intact = rng.random(planted.shape) < 0.9
    topics[rows, places] = np.where(intact, planted, topics[rows, places])
    future = rng.integers(n_topics, size=(n_users, horizon))
    leaning = rng.random(future.shape) < 0.6
    future = np.where(leaning, second[groups, None], future)
    return GeneratedSequences(topics, future, groups, n_topics)


def make_dirty_log(
    interactions: Interactions, *, share: float = 0.02, random_state: int = 0
) -> GeneratedLog:
    """Spoil a clean log the way real logs are spoiled, and keep count.

    Four faults, each in the share `share` of the rows and never two in one row: the row stands
    twice, the rating is missing, the rating is impossible (99), the time lies in the future.

    Parameters
    ----------
    interactions : Interactions
        A clean log with times.
    share : float
        Share of the rows hit by each fault, between 0 and 0.25.
    random_state : int
        Seed.

    Returns
    -------
    GeneratedLog
        The shuffled log and the number of planted faults.

    Raises
    ------
    DataError
        If the log has no times.
    ValueError
        If `share` is outside [0, 0.25].

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> dirty = make_dirty_log(load_movielens())
    >>> len(dirty.events), dirty.planted["duplicates"]
    (102004, 2000)
    """
    if not interactions.has_time:
        raise DataError("The log has no times, so no time can be spoilt. Use a log with times.")
    if not 0 <= share <= 0.25:
        raise ValueError(f"share={share} must lie between 0 and 0.25.")
    rng = np.random.default_rng(random_state)
    events = interactions.events.copy()
    count = int(share * len(events))
    twice, missing, impossible, future = rng.permutation(len(events))[: 4 * count].reshape(4, -1)
    columns = {name: events.columns.get_loc(name) for name in ("rating", "timestamp")}
    events.iloc[missing, columns["rating"]] = np.nan
    events.iloc[impossible, columns["rating"]] = 99.0
    events.iloc[future, columns["timestamp"]] += 100 * 365 * 86_400
    events = pd.concat([events, events.iloc[twice]])
    events = events.iloc[rng.permutation(len(events))].reset_index(drop=True)
    kinds = ("duplicates", "missing_ratings", "impossible_ratings", "future_times")
    return GeneratedLog(events, dict.fromkeys(kinds, count))


@dataclass(frozen=True, eq=False)
class GeneratedStream:
    """Events in the order in which they happened, with the truth about every day.

    Attributes
    ----------
    events : DataFrame
        Columns ``user`` and ``topic`` (numbers from 0) and ``day`` (a fraction; its whole part is
        the number of the day), oldest first.
    groups : ndarray of int, shape (n_days, n_users)
        The group of each user on each day.
    mixes : ndarray, shape (n_days, n_groups, n_topics)
        Chance of each topic in each group on each day; rows sum to 1.
    """

    events: pd.DataFrame
    groups: np.ndarray
    mixes: np.ndarray


def make_taste_stream(
    n_users: int = 1000,
    n_days: int = 30,
    *,
    events_per_day: float = 3.0,
    n_groups: int = 6,
    n_topics: int = 28,
    drift: float = 1.0,
    start: int = 10,
    end: int = 20,
    switching: float = 0.0,
    birth: int | None = None,
    death: int | None = None,
    noise: float = 0.3,
    random_state: int = 0,
) -> GeneratedStream:
    """Draw a stream of events whose groups move, exchange members, are born and die.

    Each group has two topics of its own, and two others to which it moves, evenly from day `start`
    to day `end`.  A user makes a Poisson number of events a
    day, at random hours.  The share `noise` of the events is uniform over all topics.

    Parameters
    ----------
    n_users, n_days : int
        Number of users and of days.
    events_per_day : float
        Mean number of events of a user in a day.
    n_groups, n_topics : int
        Number of groups, and of topics: at least ``4 * n_groups + 2``.
    drift : float
        Share of the way to its new topics that a group has made in the end; 0 for a calm stream.
    start, end : int
        The groups move from the one to the other; if both are the same day, at its end.
    switching : float
        Share of the users who go to another group, drawn anew each day.
    birth : int, optional
        Day on which a tenth of the users, from all groups, start a new group with topics of its
        own; it has the number `n_groups`.
    death : int, optional
        Day on which group 0 breaks up and its members go to others.
    noise : float
        Share of uniform events, between 0 and 1.
    random_state : int
        Seed.

    Returns
    -------
    GeneratedStream
        The events, and groups and chances day by day.

    Raises
    ------
    ValueError
        If there are too few topics or groups, a share is outside [0, 1], or a day does not exist.

    Examples
    --------
    >>> stream = make_taste_stream(100, n_days=4, start=1, end=2)
    >>> stream.events.columns.tolist(), stream.groups.shape, stream.mixes.shape
    (['user', 'topic', 'day'], (4, 100), (4, 6, 28))
    """
    if n_groups < 2 or n_topics < 4 * n_groups + 2:
        raise ValueError(f"n_groups={n_groups} need {4 * max(n_groups, 2) + 2} topics or more.")
    for name, share in (("drift", drift), ("switching", switching), ("noise", noise)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name}={share} must lie between 0 and 1.")
    if not 0 <= start <= end:
        raise ValueError(f"start={start} must be at least 0, and end={end} not before it.")
    for name, moment in (("birth", birth), ("death", death)):
        if moment is not None and not 0 <= moment < n_days:
            raise ValueError(f"{name}={moment} must be a day from 0 to {n_days - 1}.")
    rng = np.random.default_rng(random_state)
    way = drift * np.interp(np.arange(n_days), [start, max(end, start + 1e-9)], [0, 1])
    mixes = _moving_mixes(n_groups, n_topics, way, noise, newborn=birth is not None)
    groups = _moving_users(rng, n_users, n_groups, n_days, switching, birth, death)
    # Topics are drawn by comparing one random number with the running sum of the chances.
    counts = rng.poisson(events_per_day, size=(n_days, n_users)).ravel()
    day, user = np.divmod(np.repeat(np.arange(n_days * n_users), counts), n_users)
    ladder = mixes.cumsum(axis=2)[..., :-1][day, groups[day, user]]
    topic = (rng.random((len(day), 1)) > ladder).sum(axis=1)
    events = pd.DataFrame({"user": user, "topic": topic, "day": day + rng.random(len(day))})
    events = events.sort_values("day", kind="stable", ignore_index=True)
    return GeneratedStream(events, groups, mixes)


def _moving_mixes(
    n_groups: int, n_topics: int, way: np.ndarray, noise: float, *, newborn: bool
) -> np.ndarray:
    """Chances of the topics, day by day and group by group."""
    home, goal = np.zeros((2, n_groups + newborn, n_topics))
    for group in range(n_groups + newborn):
        # A newborn group has the last two topics, and stays there.
        first = 4 * group if group < n_groups else n_topics - 2
        home[group, first : first + 2] = 0.5
        second = first + 2 if group < n_groups else first
        goal[group, second : second + 2] = 0.5
    way = way[:, None, None]
    return (1 - noise) * ((1 - way) * home + way * goal) + noise / n_topics


def _moving_users(
    rng: np.random.Generator,
    n_users: int,
    n_groups: int,
    n_days: int,
    switching: float,
    birth: int | None,
    death: int | None,
) -> np.ndarray:
    """Group of each user, day by day."""
    today = rng.permutation(np.arange(n_users) % n_groups)
    alive = np.arange(n_groups)
    groups = np.empty((n_days, n_users), dtype=int)
    for day in range(n_days):
        if day == birth:
            today[rng.permutation(n_users)[: n_users // 10]] = n_groups
            alive = np.r_[alive, n_groups]
        if day == death:
            alive = alive[alive != 0]
            orphans = today == 0
            today[orphans] = rng.choice(alive, orphans.sum())
        leaving = rng.random(n_users) < switching
        today[leaving] = rng.choice(alive, leaving.sum())
        groups[day] = today
    return groups
