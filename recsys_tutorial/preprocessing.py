"""From a dirty log to a clean matrix and a split that does not leak.

Second step of the pipeline, taught in chapter 2: cleaning with a report, missing values, scaling
that is learnt on the training users only, the user-item matrix, and splits by time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.datasets.interactions import need_one_type


@dataclass(frozen=True)
class CleaningReport:
    """What a cleaning took away, fault by fault.

    Attributes
    ----------
    rows_before, rows_after : int
        Rows of the log before and after.
    removed : dict of str to int
        Rows removed for each reason, in the order in which the rules were applied.
    users_lost : int
        Users of whom no event is left.
    """

    rows_before: int
    rows_after: int
    removed: dict[str, int]
    users_lost: int

    def to_frame(self) -> pd.DataFrame:
        """Return the report as a table with one row per reason.

        Returns
        -------
        DataFrame
            Columns ``reason``, ``rows`` and ``share`` (of the rows before).
        """
        rows = pd.Series(self.removed, name="rows").rename_axis("reason").reset_index()
        return rows.assign(share=rows["rows"] / self.rows_before)


def clean_events(
    events: pd.DataFrame,
    *,
    rating_range: tuple[float, float] | None = (0.5, 5.0),
    now: float | None = None,
) -> tuple[pd.DataFrame, CleaningReport]:
    """Remove rows that cannot be trusted, and report each removal.

    Rules, in this order: a missing user or item; a missing rating; a rating outside the range; a
    time that is missing, before 1970 or in the future; a repeated pair of user and item (the latest
    is kept).

    Parameters
    ----------
    events : DataFrame
        Columns ``user``, ``item``, ``rating`` and ``timestamp`` (seconds since 1970).  Not changed.
    rating_range : tuple of float, or None
        Lowest and highest possible rating; None leaves ratings (counts, prices) as they are.
    now : float, optional
        The present, in seconds since 1970; by default the clock of the machine.

    Returns
    -------
    clean : DataFrame
        The rows that are left, sorted by user and time.
    report : CleaningReport
        What was removed and why.

    Raises
    ------
    DataError
        If a column is missing, ratings or times are not numbers, or the range is upside down.

    Examples
    --------
    >>> columns = ["user", "item", "rating", "timestamp"]
    >>> log = pd.DataFrame([(1, 7, 4, 10), (1, 7, 4, 20), (2, 7, None, 30)], columns=columns)
    >>> clean, report = clean_events(log)
    >>> len(clean), report.removed["repeated pair"], report.removed["missing rating"]
    (1, 1, 1)
    """
    _need_columns(events)
    now = time.time() if now is None else now
    low, high = rating_range or (np.finfo(float).min, np.finfo(float).max)
    if not low <= high:
        raise DataError(f"rating_range={rating_range} must name the lowest first.")
    rules = {
        "missing user or item": lambda t: t["user"].isna() | t["item"].isna(),
        "missing rating": lambda t: t["rating"].isna(),
        "impossible rating": lambda t: ~t["rating"].between(low, high).fillna(False),
        "impossible time": lambda t: ~t["timestamp"].between(0, now).fillna(False),
        "repeated pair": lambda t: t.duplicated(["user", "item"], keep="last"),
    }
    clean, removed = events.sort_values("timestamp", kind="stable"), {}
    for reason, is_bad in rules.items():
        bad = is_bad(clean)
        removed[reason], clean = int(bad.sum()), clean[~bad]
    clean = clean.sort_values(["user", "timestamp", "item"]).reset_index(drop=True)
    lost = events["user"].nunique() - clean["user"].nunique()
    return clean, CleaningReport(len(events), len(clean), removed, int(lost))


def _need_columns(events: pd.DataFrame) -> None:
    for column in ("user", "item", "rating", "timestamp"):
        if column not in events.columns:
            other = {"rating": 1.0, "timestamp": 0}.get(column)
            without = "" if other is None else f" Without any: events.assign({column}={other})."
            raise DataError(f"Column '{column}' is missing; rename yours to it.{without}")
    for column, mend in (("rating", "pandas.to_numeric"), ("timestamp", "seconds since 1970")):
        if not pd.api.types.is_any_real_numeric_dtype(events[column]):
            raise DataError(f"Column '{column}' does not hold numbers. Convert it: {mend}.")


def _need_same_columns(train: pd.DataFrame, others: tuple[pd.DataFrame, ...]) -> None:
    for other in others:
        strange = train.columns.symmetric_difference(other.columns)
        if len(strange):
            raise DataError(f"Column '{strange[0]}' is not in all tables. Give all the same ones.")


def impute_median(train: pd.DataFrame, *others: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """Fill missing cells with the median of each column, learnt from the training users only.

    Parameters
    ----------
    train : DataFrame
        Numeric columns, one row per user.
    *others : DataFrame
        Validation and test users with the same columns.

    Returns
    -------
    tuple of DataFrame
        The tables without missing cells, in the order given.

    Raises
    ------
    DataError
        If a column of `train` has no value at all, or the tables differ in their columns.

    Examples
    --------
    >>> train, test = pd.DataFrame({"a": [1.0, 3.0, np.nan]}), pd.DataFrame({"a": [np.nan]})
    >>> impute_median(train, test)[1]["a"].tolist()
    [2.0]
    """
    _need_same_columns(train, others)
    medians = train.median()
    if medians.isna().any():
        raise DataError(f"Column '{medians.index[medians.isna()][0]}' has no value. Drop it.")
    return tuple(table.fillna(medians) for table in (train, *others))


def standardise(train: pd.DataFrame, *others: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """Scale each column to mean 0 and standard deviation 1, learnt from the training users only.

    A column that never varies in `train` is only shifted: there it becomes 0.

    Parameters
    ----------
    train : DataFrame
        Numeric columns, one row per user.
    *others : DataFrame
        Validation and test users with the same columns.

    Returns
    -------
    tuple of DataFrame
        The scaled tables, in the order given.

    Raises
    ------
    DataError
        If the tables differ in their columns.

    Examples
    --------
    >>> (scaled,) = standardise(pd.DataFrame({"a": [1.0, 3.0]}))
    >>> scaled["a"].tolist()
    [-1.0, 1.0]
    """
    _need_same_columns(train, others)
    varies = train.max() > train.min()
    # The mean of equal fractions can miss them by a rounding error, which must not be blown up.
    mean, spread = train.mean().where(varies, train.min()), train.std(ddof=0).where(varies, 1.0)
    return tuple((table - mean) / spread for table in (train, *others))


def normalise_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Divide each row by its sum, so that busy and quiet users can be compared.

    Parameters
    ----------
    table : DataFrame
        Counts, one row per user.

    Returns
    -------
    DataFrame
        Shares; each row sums to 1, or to 0 if it was empty.

    Examples
    --------
    >>> normalise_rows(pd.DataFrame({"a": [1, 0], "b": [3, 0]})).to_numpy().tolist()
    [[0.25, 0.75], [0.0, 0.0]]
    """
    sums = table.sum(axis=1)
    return table.div(sums.where(sums > 0, 1), axis=0)


@dataclass(frozen=True, eq=False)
class UserItemMatrix:
    """A sparse matrix of users and items that remembers who is who.

    Attributes
    ----------
    values : csr_array, shape (n_users, n_items)
        1.0 where the user met the item (or the rating, if asked for).
    users, items : Index
        The id of each row and of each column.
    """

    values: sparse.csr_array
    users: pd.Index
    items: pd.Index

    @property
    def shape(self) -> tuple[int, int]:
        """Number of users and of items."""
        return len(self.users), len(self.items)

    def user_rows(self, users: Sequence[Hashable]) -> np.ndarray:
        """Row number of each user.

        Parameters
        ----------
        users : sequence
            User ids.

        Returns
        -------
        ndarray of int
            Row numbers.

        Raises
        ------
        KeyError
            Naming the users that are not in the matrix.
        """
        rows = self.users.get_indexer(pd.Index(list(users)))
        if (rows < 0).any():
            unknown = [u for u, row in zip(users, rows, strict=True) if row < 0][:3]
            raise KeyError(f"Users not in the training data: {unknown}. Chapter 12 is for them.")
        return rows


def user_item_matrix(
    interactions: Interactions,
    *,
    like: UserItemMatrix | None = None,
    use_ratings: bool = False,
) -> UserItemMatrix:
    """Build the matrix of who met what.

    Parameters
    ----------
    interactions : Interactions
        The log.
    like : UserItemMatrix, optional
        Use its users and items, so that a test matrix lines up with a training matrix; events of
        other users or items are left out.
    use_ratings : bool
        Store the ratings in place of 1.0.

    Returns
    -------
    UserItemMatrix
        Rows and columns in the order of the ids.

    Raises
    ------
    DataError
        If ids are numbers here and texts in `like`, or the other way round: none could be found.

    Examples
    --------
    >>> log = pd.DataFrame({"user": [1, 1, 2], "item": ["a", "b", "a"], "rating": [5, 3, 4]})
    >>> user_item_matrix(Interactions.from_frame(log, timestamp=None)).values.toarray().tolist()
    [[1.0, 1.0], [1.0, 0.0]]
    """
    events = interactions.events
    if like is not None:
        need_one_type("user", events["user"].tolist()[:1], like.users)
        need_one_type("item", events["item"].tolist()[:1], like.items)
    users = pd.Index(np.sort(events["user"].unique())) if like is None else like.users
    items = pd.Index(np.sort(interactions.items["item"].unique())) if like is None else like.items
    rows = users.get_indexer(pd.Index(events["user"]))
    columns = items.get_indexer(pd.Index(events["item"]))
    values = events["rating"].to_numpy(float) if use_ratings else np.ones(len(events))
    known = (rows >= 0) & (columns >= 0)
    cells = (values[known], (rows[known], columns[known]))
    shape = (len(users), len(items))
    return UserItemMatrix(sparse.csr_array(cells, shape=shape), users, items)


def matrix_from_chunks(chunks: Callable[[], Iterable[pd.DataFrame]]) -> UserItemMatrix:
    """Build the matrix of who met what from a log that is never in memory as a whole.

    The log is read three times: for the users, for the items, and for the cells.  A cell takes 8
    bytes while it waits, however long the ids and whatever else stands in the log.

    Parameters
    ----------
    chunks : callable
        Starts reading anew each time it is called, and gives tables with the columns ``user`` and
        ``item``: ``lambda: pd.read_csv(path, chunksize=100_000)``.

    Returns
    -------
    UserItemMatrix
        As `user_item_matrix` builds it from the whole log; a repeated pair counts once.

    Raises
    ------
    DataError
        If there is no row, an id is missing, or ids are numbers in one chunk and texts in another.

    Notes
    -----
    Chapter 16.

    Examples
    --------
    >>> parts = [pd.DataFrame({"user": [2, 1], "item": ["b", "a"]})] * 2
    >>> matrix = matrix_from_chunks(lambda: parts)
    >>> matrix.users.tolist(), matrix.values.toarray().tolist()
    ([1, 2], [[1.0, 0.0], [0.0, 1.0]])
    """
    users, items = _ids_of_chunks(chunks, "user"), _ids_of_chunks(chunks, "item")
    rows, columns = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    for chunk in chunks():
        rows.append(users.get_indexer(pd.Index(chunk["user"])).astype(np.int32))
        columns.append(items.get_indexer(pd.Index(chunk["item"])).astype(np.int32))
    places = (np.concatenate(rows), np.concatenate(columns))
    values = sparse.csr_array((np.ones(len(places[0])), places), shape=(len(users), len(items)))
    values.sum_duplicates()
    values.data[:] = 1.0
    return UserItemMatrix(values, users, items)


def _ids_of_chunks(chunks: Callable[[], Iterable[pd.DataFrame]], column: str) -> pd.Index:
    found: pd.Index | None = None
    for chunk in chunks():
        ids = pd.Index(chunk[column].unique())
        if ids.hasnans:
            raise DataError(f"Column '{column}': missing {column} in a chunk. Drop these rows.")
        if found is not None and len(ids) and (found.dtype.kind == "i") != (ids.dtype.kind == "i"):
            raise DataError(
                f"Column '{column}': numbers in one chunk, texts in another, and 7 is not '007'. "
                f"Read all of them as texts: dtype={{'{column}': str}}."
            )
        if len(ids):
            found = ids if found is None else found.union(ids)
    if found is None:
        raise DataError("The log has no rows. Check the file and the filters before it.")
    return found.sort_values()


class Split(NamedTuple):
    """A log cut in two: what the model may see, and what it is asked about."""

    train: Interactions
    test: Interactions


def split_latest(
    interactions: Interactions,
    test_share: float = 0.2,
    *,
    ties: str = "id",
    random_state: int = 0,
) -> Split:
    """Hold out the latest events of every user.

    Each user keeps the oldest part of her history; ``floor(test_share * n)`` of her n events, but
    at least one if she has two or more, go to the test.  No user is tested on her own past.  The
    calendar still leaks: one user's training events may be younger than another user's test events
    (`split_at` has no such leak).

    Parameters
    ----------
    interactions : Interactions
        A log with times.
    test_share : float
        Share of each history that is held out, strictly between 0 and 1.
    ties : {"id", "lot"}
        Which of a user's events of the same second count as the later ones: those with the larger
        item id, which is the same on every machine and may favour new items, or lots.
    random_state : int
        Seed of the lots.

    Returns
    -------
    Split
        Training and test logs with the same item table.

    Raises
    ------
    DataError
        If the log has no times or nothing is left to test on.
    ValueError
        If `test_share` is not between 0 and 1, or `ties` has another value.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> train, test = split_latest(load_movielens())
    >>> train.n_events, test.n_events
    (80251, 19753)
    """
    _need_time(interactions, test_share)
    if ties not in ("id", "lot"):
        raise ValueError(f"ties={ties!r} must be 'id' or 'lot'.")
    if ties == "id":
        events = interactions.events.sort_values(["user", "timestamp", "item"], kind="stable")
    else:
        events = interactions.events.sample(frac=1.0, random_state=random_state)
        events = events.sort_values(["user", "timestamp"], kind="stable")
    return _cut_each_user(interactions, events, test_share)


def split_random(
    interactions: Interactions, test_share: float = 0.2, random_state: int = 0
) -> Split:
    """Hold out random events of every user: what to do when the log has no times.

    The model may then see the future of the very user it is asked about, which flatters it.

    Parameters
    ----------
    interactions : Interactions
        Any log.
    test_share : float
        Share of each history that is held out, strictly between 0 and 1.
    random_state : int
        Seed.

    Returns
    -------
    Split
        Training and test logs with the same item table.

    Raises
    ------
    DataError
        If nothing is left to test on.
    ValueError
        If `test_share` is not between 0 and 1.
    """
    _need_share(test_share)
    events = interactions.events.sample(frac=1.0, random_state=random_state)
    return _cut_each_user(interactions, events.sort_values("user", kind="stable"), test_share)


def split_at(interactions: Interactions, test_share: float = 0.2) -> Split:
    """Cut the log at one moment for everybody: the only split without a leak in time.

    Parameters
    ----------
    interactions : Interactions
        A log with times.
    test_share : float
        Share of the events after the cut, strictly between 0 and 1.

    Returns
    -------
    Split
        Events up to the moment, and events after it.  Users who come later are in the test only.
        Events of the same second are never torn apart, so that the share may be missed.

    Raises
    ------
    DataError
        If the log has no times, or all events carry the same time.
    ValueError
        If `test_share` is not between 0 and 1.
    """
    _need_time(interactions, test_share)
    times = interactions.events["timestamp"]
    moment, latest = times.quantile(1 - test_share), times.max()
    # If the last second alone is larger than the share, it is the whole test.
    later = times > moment if moment < latest else times == latest
    if later.all():
        raise DataError("Column 'timestamp': all events carry the same time. Use split_random.")
    return Split(
        interactions.with_events(interactions.events[~later]),
        interactions.with_events(interactions.events[later]),
    )


def split_leave_one_out(interactions: Interactions, *, random_state: int | None = None) -> Split:
    """Hold out one event of every user: the latest, or one drawn at random.

    Users who have one event only keep it.  With a single item to find, recall and hit rate are the
    same, and one lucky hit decides about a user; with the latest event, users of all ages are asked
    about their last moment, and the calendar leaks as in `split_latest`.

    Parameters
    ----------
    interactions : Interactions
        A log; with times, unless a seed is given.
    random_state : int, optional
        Seed of the draw; by default the latest event is taken (among those of the same time the
        one with the largest item id).

    Returns
    -------
    Split
        Training and test logs with the same item table.

    Raises
    ------
    DataError
        If the latest event is wanted and the log has no times, or nothing is left to test on.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> train, test = split_leave_one_out(load_movielens())
    >>> train.n_events, test.n_events
    (99333, 671)
    """
    events = interactions.events
    if random_state is None:
        if not interactions.has_time:
            raise DataError("The log has no times. Give random_state to draw the event instead.")
        events = events.sort_values(["user", "timestamp", "item"], kind="stable")
    else:
        events = events.sample(frac=1.0, random_state=random_state)
        events = events.sort_values("user", kind="stable")
    others = events.duplicated("user", keep="last")
    alone = ~events.duplicated("user", keep=False)
    is_test = ~(others | alone)
    if not is_test.any():
        raise DataError("Every user has one event only: nothing is left to test on.")
    train, test = events[~is_test].sort_index(), events[is_test].sort_index()
    return Split(interactions.with_events(train), interactions.with_events(test))


def split_users(
    interactions: Interactions, test_share: float = 0.2, random_state: int = 0
) -> Split:
    """Hold out people: everything that the drawn users did goes to the test.

    The other splits ask what known users do next; this one asks about people whom the model has
    never met.  Show it a few of their events with `split_known`.

    Parameters
    ----------
    interactions : Interactions
        Any log.
    test_share : float
        Share of the *users* that is held out, strictly between 0 and 1; at least one user is, and
        at least one stays.
    random_state : int
        Seed.

    Returns
    -------
    Split
        Training and test logs without a common user, with the same item table.

    Raises
    ------
    DataError
        If the log has one user only.
    ValueError
        If `test_share` is not between 0 and 1.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> train, test = split_users(load_movielens())
    >>> train.n_users, test.n_users
    (537, 134)
    """
    return _hold_out(interactions, "user", test_share, random_state)


def split_items(
    interactions: Interactions, test_share: float = 0.2, random_state: int = 0
) -> Split:
    """Hold out items: everything that happened to the drawn items goes to the test.

    In the training log they stand in the item table only: a new film, of which the title and the
    genres are known, and nobody has seen it.  Users who met held-out items only vanish from the
    training log.

    Parameters
    ----------
    interactions : Interactions
        Any log.
    test_share : float
        Share of the *items* with events that is held out, strictly between 0 and 1; at least one
        item is, and at least one stays.
    random_state : int
        Seed.

    Returns
    -------
    Split
        Training and test logs without a common item in their events, with the same item table.

    Raises
    ------
    DataError
        If only one item has events.
    ValueError
        If `test_share` is not between 0 and 1.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> train, test = split_items(load_movielens())
    >>> train.n_items, test.n_items, len(set(train.events["item"]) & set(test.events["item"]))
    (7253, 1813, 0)
    """
    return _hold_out(interactions, "item", test_share, random_state)


def _hold_out(interactions: Interactions, column: str, share: float, random_state: int) -> Split:
    _need_share(share)
    ids = np.sort(interactions.events[column].unique())
    if len(ids) < 2:
        raise DataError(f"Column '{column}' has one value only: nothing can be held out.")
    size = int(np.clip(np.floor(len(ids) * share + 1e-9), 1, len(ids) - 1))
    drawn = np.random.default_rng(random_state).permutation(len(ids))[:size]
    is_test = interactions.events[column].isin(ids[drawn])
    return Split(
        interactions.with_events(interactions.events[~is_test]),
        interactions.with_events(interactions.events[is_test]),
    )


def split_known(
    interactions: Interactions, n_known: int, *, order: str = "random", random_state: int = 0
) -> Split:
    """Show the first few events of every user and hide the rest: a newcomer, a little later.

    With the same order and seed, the events shown for a smaller number are among those shown for a
    larger one, so that somebody can be watched while she becomes known.

    Parameters
    ----------
    interactions : Interactions
        A log, usually the test part of `split_users`; with times, if they are to decide.
    n_known : int
        Events that are shown of each user, at least 1.  A user who has no more than that is shown
        whole, and nothing of her is left to ask about.
    order : {"random", "earliest"}
        Which events come first.
    random_state : int
        Seed of the draw, and of the order of events that happened in the same second.

    Returns
    -------
    Split
        Known and hidden events with the same item table.

    Raises
    ------
    DataError
        If the earliest events are wanted and the log has no times, or nothing is left to hide.
    ValueError
        If `n_known` is less than 1, or `order` has another value.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> known, hidden = split_known(load_movielens(), 3)
    >>> known.n_events == 3 * known.n_users, known.n_events + hidden.n_events
    (True, 100004)
    """
    if n_known < 1:
        raise ValueError(f"n_known={n_known} must be at least 1.")
    if order not in ("random", "earliest"):
        raise ValueError(f"order={order!r} must be 'random' or 'earliest'.")
    if order == "earliest" and not interactions.has_time:
        raise DataError("The log has no times, so no event is the earliest. Use order='random'.")
    by = ["user", "timestamp"] if order == "earliest" else ["user"]
    # Shuffled first, so that events of one second are not sorted by the number of the item.
    events = interactions.events.sample(frac=1.0, random_state=random_state)
    is_known = events.sort_values(by, kind="stable").groupby("user").cumcount() < n_known
    if is_known.all():
        raise DataError(f"No user has more than {n_known} events: nothing is left to hide.")
    is_known = is_known.loc[interactions.events.index]
    return Split(
        interactions.with_events(interactions.events[is_known]),
        interactions.with_events(interactions.events[~is_known]),
    )


def _need_share(test_share: float) -> None:
    if not 0 < test_share < 1:
        raise ValueError(f"test_share={test_share} must lie between 0 and 1.")


def _need_time(interactions: Interactions, test_share: float) -> None:
    _need_share(test_share)
    if not interactions.has_time:
        raise DataError("The log has no times, so it has no latest events. Use split_random.")


def _cut_each_user(interactions: Interactions, events: pd.DataFrame, share: float) -> Split:
    """Send the last rows of each user to the test; `events` is grouped by user."""
    size = events.groupby("user")["item"].transform("size")
    # The small number mends products such as 0.29 * 100 = 28.999999999999996.
    held_out = np.floor(size * share + 1e-9).clip(lower=1).where(size > 1, 0)
    is_test = events.groupby("user").cumcount() >= size - held_out
    if not is_test.any():
        raise DataError("Every user has one event only: nothing is left to test on.")
    train, test = events[~is_test].sort_index(), events[is_test].sort_index()
    return Split(interactions.with_events(train), interactions.with_events(test))
