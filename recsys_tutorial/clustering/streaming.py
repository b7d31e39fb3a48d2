"""Clusters that keep up with a stream: of vectors, or of single events.

Taught in chapter 13.  One idea on two levels: a mean that forgets.  A user is the mean of what she
did, a centre the mean of its members; both move with every event, and cost a few multiplications.
A detector says when the movement is more than noise, and groups may be born and die without taking
another group's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys_tutorial.clustering.kmeans import (
    _as_points,
    assign_to_centres,
    kmeans,
    squared_distances,
    update_centres,
)

UNITS = ("events", "time")


def forgetting_lag(half_life: float, speed: float = 1.0) -> float:
    r"""Compute how far a mean that forgets stays behind something that moves evenly.

    Each new value keeps the share :math:`d = 2^{-1/h}` of the old weights, so the weights are a
    geometric series, and the mean age of what is remembered is :math:`d / (1 - d)` events.

    Parameters
    ----------
    half_life : float
        Number of later events after which an event counts half.
    speed : float
        Way made from one event to the next.

    Returns
    -------
    float
        Distance between the newest value and the mean, in the long run.

    Raises
    ------
    ValueError
        If `half_life` is not positive.

    Examples
    --------
    >>> round(forgetting_lag(1.0), 9), round(forgetting_lag(10.0), 1)
    (1.0, 13.9)
    """
    return speed / (2 ** (1 / _as_half_life(half_life)) - 1)


def _as_half_life(half_life: float | None) -> float:
    if half_life is None:
        return np.inf
    if not half_life > 0:
        raise ValueError(f"half_life={half_life} must be positive; None never forgets.")
    return float(half_life)


def _runs(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order rows by group, oldest first, and say where each group starts and ends."""
    order = np.argsort(groups, kind="stable")
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]])
    return order, starts, np.r_[starts[1:], len(groups)]


class OnlineKMeans:
    """K-means on vectors that come in batches and are not kept.

    Each vector pulls the nearest centre towards itself.  Without forgetting the step is 1/n for
    the n-th member, and the centre is the mean of all its members so far: MacQueen's K-means, or
    in batches that of Sculley.  Such a centre gets ever slower.  With a half-life its memory, and
    so its step, stays the same for ever.

    Parameters
    ----------
    n_clusters : int
        Number of clusters.
    half_life : float, optional
        Number of later *members of the same cluster* after which a vector counts half; by default
        nothing is forgotten.
    init : ndarray, shape (n_clusters, n_features), optional
        Centres to start from, for example yesterday's; by default K-means on the first batch.
    init_weight : float
        How many vectors each of the given centres stands for.  With 0 the first member takes
        its place.
    random_state : int
        Seed of the first K-means; nothing else is drawn.

    Attributes
    ----------
    centres_ : ndarray, shape (n_clusters, n_features)
        Present centres.
    weights_ : ndarray, shape (n_clusters,)
        Number of remembered vectors of each centre; the next step is 1 / (weight + 1).

    References
    ----------
    MacQueen (1967) for single vectors, [macqueen1967some]; Sculley (2010) for batches,
    [sculley2010web].

    Examples
    --------
    >>> model = OnlineKMeans(2, init=np.array([[0.0], [10.0]]))
    >>> model.partial_fit([[1.0], [8.0]]).partial_fit([[3.0], [2.0]]).centres_.tolist()
    [[2.0], [8.0]]
    """

    centres_: np.ndarray
    weights_: np.ndarray

    def __init__(
        self,
        n_clusters: int,
        *,
        half_life: float | None = None,
        init: np.ndarray | None = None,
        init_weight: float = 0.0,
        random_state: int = 0,
    ) -> None:
        _as_half_life(half_life)
        if n_clusters < 1 or not init_weight >= 0:
            raise ValueError(
                f"n_clusters={n_clusters} must be at least 1, init_weight={init_weight} at least 0."
            )
        self.n_clusters = n_clusters
        self.half_life = half_life
        self.init = init
        self.init_weight = init_weight
        self.random_state = random_state

    def partial_fit(self, X: np.ndarray) -> OnlineKMeans:
        """Learn from one batch; its vectors all go to the centre that was nearest before it.

        Parameters
        ----------
        X : ndarray, shape (n_samples, n_features)
            New vectors, oldest first.  The first batch must have `n_clusters` rows, unless centres
            were given.

        Returns
        -------
        OnlineKMeans
            Itself.

        Raises
        ------
        ValueError
            If a value is missing, the columns differ, or the first batch is too small.
        """
        X = _as_points(X)
        if hasattr(self, "centres_"):
            return self._follow(X, assign_to_centres(X, self.centres_))
        if self.init is None:
            first = kmeans(X, self.n_clusters, random_state=self.random_state)
            self.centres_, self.weights_ = first.centres, np.zeros(self.n_clusters)
            return self._follow(X, first.labels)
        centres = _as_points(self.init, "init").copy()
        labels = assign_to_centres(X, centres)
        if len(centres) != self.n_clusters:
            raise ValueError(f"init must hold {self.n_clusters} centres.")
        self.centres_ = centres
        self.weights_ = np.full(self.n_clusters, float(self.init_weight))
        return self._follow(X, labels)

    def _follow(self, X: np.ndarray, labels: np.ndarray) -> OnlineKMeans:
        order, starts, ends = _runs(labels)
        sizes, moved = ends - starts, labels[order][starts]
        # 0 for the newest member of a cluster in this batch, 1 for the one before, ...
        age = np.repeat(ends, sizes) - 1 - np.arange(len(X))
        half_life = _as_half_life(self.half_life)
        weight = np.exp2(-age / half_life)
        kept = self.weights_[moved] * np.exp2(-sizes / half_life)
        total = kept + np.add.reduceat(weight, starts)
        sums = np.add.reduceat(weight[:, None] * X[order], starts, axis=0)
        self.centres_[moved] = (kept[:, None] * self.centres_[moved] + sums) / total[:, None]
        self.weights_[moved] = total
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Send each vector to the nearest centre.

        Parameters
        ----------
        X : ndarray, shape (n_samples, n_features)
            Vectors.

        Returns
        -------
        ndarray of int, shape (n_samples,)
            Cluster of each row.

        Raises
        ------
        ValueError
            If nothing has been learnt yet, a value is missing, or the columns differ.
        """
        if not hasattr(self, "centres_"):
            raise ValueError("Nothing has been learnt yet. Call partial_fit first.")
        return assign_to_centres(X, self.centres_)


class ForgettingProfiles:
    """Describe each user by the mean of the vectors of what she did, the latest counting most.

    An event is added in the time of one multiplication; no event is kept.  In batches the result
    is the same as one by one.

    Parameters
    ----------
    item_vectors : ndarray, shape (n_items, n_features)
        A vector for each item: a row of the identity for a topic, or what chapter 9 knows of it.
        It must not change: old and new events would speak of different spaces.
    half_life : float, optional
        When an event counts half; by default nothing is forgotten.
    unit : {"events", "time"}
        Unit of `half_life`: later events of the same user, or the unit of the times.  While a
        user is away, her mean stays as it is; with "time", what she does afterwards counts more.

    Attributes
    ----------
    vectors_ : ndarray, shape (n_users, n_features)
        The mean of each user; zeros for a number that has had no event.
    weights_ : ndarray, shape (n_users,)
        How many events are remembered; 0 without an event.

    Examples
    --------
    >>> profiles = ForgettingProfiles(np.eye(2), half_life=1)
    >>> profiles.update([0, 0, 1], [0, 1, 0]).vectors_.round(2).tolist()
    [[0.33, 0.67], [1.0, 0.0]]
    """

    def __init__(
        self, item_vectors: np.ndarray, *, half_life: float | None = None, unit: str = "events"
    ) -> None:
        if unit not in UNITS:
            raise ValueError(f"unit must be one of {list(UNITS)}, not '{unit}'.")
        self.item_vectors = _as_points(item_vectors, "item_vectors")
        self.half_life = _as_half_life(half_life)
        self.unit = unit
        self._vectors = np.zeros((0, self.item_vectors.shape[1]))
        self._weights = np.zeros(0)
        self._latest = np.zeros(0)
        self.n_users = 0

    @property
    def vectors_(self) -> np.ndarray:
        """The mean of each user, shape (n_users, n_features)."""
        return self._vectors[: self.n_users]

    @property
    def weights_(self) -> np.ndarray:
        """How many events of each user are remembered, shape (n_users,)."""
        return self._weights[: self.n_users]

    def copy(self) -> ForgettingProfiles:
        """Copy what is known of the users; the vectors of the items are shared.

        Returns
        -------
        ForgettingProfiles
            Profiles that go their own way.
        """
        twin = ForgettingProfiles(self.item_vectors, half_life=self.half_life, unit=self.unit)
        twin._vectors, twin._weights = self._vectors.copy(), self._weights.copy()
        twin._latest, twin.n_users = self._latest.copy(), self.n_users
        return twin

    def update(
        self,
        users: Sequence[int] | np.ndarray,
        items: Sequence[int] | np.ndarray,
        times: Sequence[float] | np.ndarray | None = None,
    ) -> ForgettingProfiles:
        """Learn from a batch of events.

        Parameters
        ----------
        users : sequence of int
            Numbers of the users, from 0; a new number makes a new user.
        items : sequence of int
            Rows of `item_vectors`.
        times : sequence of float, optional
            Needed for the unit "time".

        Returns
        -------
        ForgettingProfiles
            Itself.

        Raises
        ------
        ValueError
            If the lengths differ, a number does not exist, times are missing or not finite, or an
            event of a user is older than one that she had before.
        """
        users, items = self._as_events(users, items)
        if len(users) == 0:
            return self
        order, starts, ends = _runs(users)
        sizes, touched = ends - starts, users[order][starts]
        if self.unit == "events":
            age = (np.repeat(ends, sizes) - 1 - np.arange(len(users))).astype(float)
            away = sizes.astype(float)
        else:
            age, away = self._ages(times, order, starts, ends, touched)
        self._make_room(int(touched[-1]) + 1)
        weight = np.exp2(-age / self.half_life)
        kept = self._weights[touched] * np.exp2(-away / self.half_life)
        total = kept + np.add.reduceat(weight, starts)
        vectors = weight[:, None] * self.item_vectors[items[order]]
        sums = np.add.reduceat(vectors, starts, axis=0)
        self._vectors[touched] = (kept[:, None] * self._vectors[touched] + sums) / total[:, None]
        self._weights[touched] = total
        if self.unit == "time":
            self._latest[touched] = np.asarray(times, dtype=float)[order[ends - 1]]
        return self

    def _as_events(self, users: object, items: object) -> tuple[np.ndarray, np.ndarray]:
        users, items = np.asarray(users), np.asarray(items)
        if users.ndim != 1 or users.shape != items.shape:
            raise ValueError(
                f"Give one item for each user; got shapes {users.shape} and {items.shape}."
            )
        if len(users) == 0:
            return users.astype(int), items.astype(int)
        if users.dtype.kind not in "iu" or items.dtype.kind not in "iu":
            raise ValueError("users and items must be whole numbers: rows, not names.")
        if users.min() < 0:
            raise ValueError(f"User {users.min()} does not exist: numbers start at 0.")
        if items.min() < 0 or items.max() >= len(self.item_vectors):
            wrong = items[(items < 0) | (items >= len(self.item_vectors))][0]
            raise ValueError(f"Item {wrong} has no vector; there are {len(self.item_vectors)}.")
        return users, items

    def _ages(
        self,
        times: object,
        order: np.ndarray,
        starts: np.ndarray,
        ends: np.ndarray,
        touched: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """How old each event is at its user's latest one, and how long each user was away."""
        if times is None:
            raise ValueError("Give the times of the events: the half-life is in units of time.")
        times = np.asarray(times, dtype=float)
        if times.shape != order.shape or not np.isfinite(times).all():
            raise ValueError("Give one finite time for each event.")
        sorted_times = times[order]
        latest = sorted_times[ends - 1]
        age = np.repeat(latest, ends - starts) - sorted_times
        known = touched < self.n_users
        before = np.full(len(touched), -np.inf)
        rows = touched[known]
        before[known] = np.where(self._weights[rows] > 0, self._latest[rows], -np.inf)
        backwards = np.diff(sorted_times) < 0
        backwards[starts[1:] - 1] = False
        if backwards.any() or (sorted_times[starts] < before).any():
            raise ValueError("An event is older than one before it: sort the events by time.")
        # Nothing is kept of a user without events, so any finite time away will do.
        away = np.where(np.isfinite(before), latest - np.where(before > -np.inf, before, 0), 0.0)
        return age, away

    def _make_room(self, n_users: int) -> None:
        """Grow by doubling, so that a thousand new users do not mean a thousand copies."""
        self.n_users = max(self.n_users, n_users)
        if self.n_users <= len(self._weights):
            return
        room = max(2 * len(self._weights), self.n_users) - len(self._weights)
        self._vectors = np.vstack([self._vectors, np.zeros((room, self._vectors.shape[1]))])
        self._weights = np.r_[self._weights, np.zeros(room)]
        self._latest = np.r_[self._latest, np.zeros(room)]


class StreamingKMeans:
    """Clusters of users that move with every event.

    After an event the user's vector has moved.  She is taken out of the mean of her old cluster,
    sent to the nearest centre, and added to the mean there.  So each centre is at all times the
    mean of the present vectors of its members: no step has to be chosen, and forgetting is left to
    the profiles.

    Parameters
    ----------
    profiles : ForgettingProfiles
        What is known of the users so far (a copy is kept).
    centres : ndarray, shape (n_clusters, n_features)
        Centres to start from, for example of K-means on ``profiles.vectors_``.

    Attributes
    ----------
    profiles_ : ForgettingProfiles
        The present vectors of the users.
    labels_ : ndarray of int, shape (n_users,)
        Row of the centre to which each user belongs; -1 for a number that has had no event.
    centres_ : ndarray, shape (n_clusters, n_features)
        Mean of the members; a centre without members stays where it was.
    sizes_ : ndarray of int, shape (n_clusters,)
        Number of members.
    numbers_ : ndarray of int, shape (n_clusters,)
        The number of each cluster, which it keeps for life and nobody gets after it.

    Examples
    --------
    >>> profiles = ForgettingProfiles(np.eye(2), half_life=1).update([0, 1], [0, 1])
    >>> clusters = StreamingKMeans(profiles, np.eye(2))
    >>> clusters.update([1, 1, 2], [0, 0, 0]).labels_.tolist()
    [0, 0, 0]
    """

    def __init__(self, profiles: ForgettingProfiles, centres: np.ndarray) -> None:
        self.profiles_ = profiles.copy()
        self._labels = np.zeros(0, dtype=int)
        self._restart(_as_points(centres, "centres"), np.arange(len(centres)))
        self._next_number = len(self.centres_)

    def _restart(self, centres: np.ndarray, numbers: np.ndarray) -> None:
        if centres.shape[1] != self.profiles_.item_vectors.shape[1]:
            raise ValueError(
                f"The centres have {centres.shape[1]} columns, the vectors of the items "
                f"{self.profiles_.item_vectors.shape[1]}."
            )
        self.centres_ = centres.copy()
        self.numbers_ = numbers
        self.relabel()

    @property
    def labels_(self) -> np.ndarray:
        """Row of the centre to which each user belongs, shape (n_users,)."""
        return self._labels[: self.profiles_.n_users]

    @property
    def user_numbers_(self) -> np.ndarray:
        """Lasting number of the cluster of each user, -1 without one, shape (n_users,)."""
        return np.where(self.labels_ >= 0, self.numbers_[self.labels_], -1)

    def update(
        self,
        users: Sequence[int] | np.ndarray,
        items: Sequence[int] | np.ndarray,
        times: Sequence[float] | np.ndarray | None = None,
    ) -> StreamingKMeans:
        """Learn from a batch of events.

        All users of the batch go to the centre that was nearest before it; a batch of one event
        is the exact online algorithm, a larger one is faster.

        Parameters
        ----------
        users, items, times
            As in `ForgettingProfiles.update`.

        Returns
        -------
        StreamingKMeans
            Itself.

        Raises
        ------
        ValueError
            As in `ForgettingProfiles.update`.
        """
        users, items = self.profiles_._as_events(users, items)
        touched = np.unique(users)
        known = touched[touched < self.profiles_.n_users]
        known = known[self._labels[known] >= 0]
        before = self.profiles_.vectors_[known]
        self.profiles_.update(users, items, times)
        self._make_room()
        after = self.profiles_.vectors_[touched]
        self._count(self._labels[known], before, sign=-1)
        self._labels[touched] = _nearest(after, self.centres_)
        self._count(self._labels[touched], after, sign=1)
        full = self.sizes_ > 0
        self.centres_[full] = self._sums[full] / self.sizes_[full, None]
        return self

    def _count(self, labels: np.ndarray, vectors: np.ndarray, *, sign: int) -> None:
        np.add.at(self._sums, labels, sign * vectors)
        self.sizes_ += sign * np.bincount(labels, minlength=len(self.sizes_))

    def _make_room(self) -> None:
        missing = len(self.profiles_._weights) - len(self._labels)
        if missing > 0:
            self._labels = np.r_[self._labels, np.full(missing, -1)]

    def relabel(self) -> StreamingKMeans:
        """Send everybody to the nearest centre, also those who have been away; then take the means.

        One iteration of K-means on all users.  It also clears away what rounding has left in the
        sums, so do it now and then, for example every night.

        Returns
        -------
        StreamingKMeans
            Itself.
        """
        active = self.profiles_._weights > 0
        self._labels = np.full(len(active), -1)
        self._labels[active] = _nearest(self.profiles_._vectors[active], self.centres_)
        self._sums = np.zeros_like(self.centres_)
        self.sizes_ = np.zeros(len(self.centres_), dtype=int)
        self._count(self._labels[active], self.profiles_._vectors[active], sign=1)
        full = self.sizes_ > 0
        self.centres_[full] = self._sums[full] / self.sizes_[full, None]
        return self

    def revise(self, *, birth_gain: float, death_loss: float) -> Revision:
        """Let one group be born and one die, if the users ask for it (see `revise_clusters`).

        Parameters
        ----------
        birth_gain, death_loss : float
            As in `revise_clusters`.

        Returns
        -------
        Revision
            What was done.

        Raises
        ------
        ValueError
            As in `revise_clusters`.
        """
        active = self.profiles_.weights_ > 0
        found = revise_clusters(
            self.profiles_.vectors_[active],
            self.centres_,
            self.numbers_,
            birth_gain=birth_gain,
            death_loss=death_loss,
            next_number=self._next_number,
        )
        if found.born is not None:
            self._next_number = found.born + 1
        self._restart(found.centres, found.numbers)
        return found


def _nearest(X: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Do as `assign_to_centres` does, by one matrix product and without looking at the input."""
    # |x - c|^2 = |x|^2 - 2 x.c + |c|^2, and |x|^2 is the same for all centres.
    return ((centres**2).sum(axis=1) - 2 * X @ centres.T).argmin(axis=1)


class FadingCounts:
    """Count what each group does, the latest counting most.

    With one group for everybody it is a popularity that forgets.  In batches the result is the
    same as one by one.

    Parameters
    ----------
    n_groups, n_items : int
        Sizes of the table.
    half_life : float, optional
        Number of later events, in all groups together, after which an event counts half; by
        default nothing is forgotten.

    Attributes
    ----------
    counts_ : ndarray, shape (n_groups, n_items)
        What is remembered.

    Examples
    --------
    >>> FadingCounts(2, 2, half_life=1).update([0, 0, 1], [0, 1, 1]).counts_.tolist()
    [[0.25, 0.5], [0.0, 1.0]]
    """

    def __init__(self, n_groups: int, n_items: int, *, half_life: float | None = None) -> None:
        if n_groups < 1 or n_items < 1:
            raise ValueError(f"n_groups={n_groups} and n_items={n_items} must be at least 1.")
        self.half_life = _as_half_life(half_life)
        self._raw = np.zeros((n_groups, n_items))
        self._clock = 0.0

    @property
    def counts_(self) -> np.ndarray:
        """What is remembered, shape (n_groups, n_items)."""
        return self._raw * np.exp2(-self._clock)

    def copy(self) -> FadingCounts:
        """Copy the table.

        Returns
        -------
        FadingCounts
            Counts that go their own way.
        """
        twin = FadingCounts(*self._raw.shape, half_life=self.half_life)
        twin._raw, twin._clock = self._raw.copy(), self._clock
        return twin

    def update(
        self, groups: Sequence[int] | np.ndarray, items: Sequence[int] | np.ndarray
    ) -> FadingCounts:
        """Count a batch of events.

        Parameters
        ----------
        groups : sequence of int
            Group of each event, oldest first.
        items : sequence of int
            Item of each event.

        Returns
        -------
        FadingCounts
            Itself.

        Raises
        ------
        ValueError
            If the lengths differ, or a number has no place in the table.
        """
        groups, items = np.asarray(groups, dtype=int), np.asarray(items, dtype=int)
        if groups.ndim != 1 or groups.shape != items.shape:
            raise ValueError(
                f"Give one item for each group; got shapes {groups.shape} and {items.shape}."
            )
        for name, numbers, size in zip(
            ("Group", "Item"), (groups, items), self._raw.shape, strict=True
        ):
            wrong = numbers[(numbers < 0) | (numbers >= size)]
            if len(wrong):
                raise ValueError(f"{name} {wrong[0]} has no place in a table of {size}.")
        # New events weigh more and more, in place of making all the old ones weigh less.
        ages = np.arange(1, len(groups) + 1) / self.half_life
        late = len(groups) / self.half_life
        if self._clock + late > 500:
            self._raw *= np.exp2(-self._clock - late)
            self._clock = -late
        np.add.at(self._raw, (groups, items), np.exp2(self._clock + ages))
        self._clock += late
        return self

    def shares(self, shrinkage: float = 0.0) -> np.ndarray:
        """Give the share of each item in what a group does, pulled towards everybody's.

        Parameters
        ----------
        shrinkage : float
            Weight of everybody's shares, in events: a group with so many remembered events trusts
            itself and everybody equally.

        Returns
        -------
        ndarray, shape (n_groups, n_items)
            Shares; all zeros where nothing is known.
        """
        counts = self.counts_
        everybody = counts.sum(axis=0) / max(counts.sum(), 1e-300)
        size = counts.sum(axis=1, keepdims=True) + shrinkage
        return (counts + shrinkage * everybody) / np.where(size > 0, size, 1)


# ------------------------------------------------------------------ drift


class PageHinkley:
    """Watch a number that is measured again and again, and call when its mean has risen.

    It adds up how far each value lies above the mean so far, less an allowance.  On a calm stream
    the sum sinks; when it has climbed from its lowest point by more than the threshold, the
    detector calls and starts anew.

    Parameters
    ----------
    threshold : float
        Height of the climb that is one too many; choose it with `choose_threshold`.
    delta : float
        The allowance: a rise of the mean by less than about this is no drift.
    min_checks : int
        Be silent for so many checks after each start, while the mean is guesswork.

    Attributes
    ----------
    climb : float
        How far the sum stands above its lowest point.
    n_checks : int
        Checks since the start.

    References
    ----------
    Page (1954), Continuous Inspection Schemes, [page1954continuous]; in this form in Gama et al.
    (2014), [gama2014survey].

    Examples
    --------
    >>> detector = PageHinkley(threshold=5, delta=0.5)
    >>> [detector.update(value) for value in [0.0] * 20 + [3.0] * 3]
    ... # doctest: +ELLIPSIS
    [False, ..., False, False, True]
    """

    def __init__(self, threshold: float, delta: float = 0.5, *, min_checks: int = 5) -> None:
        if not threshold > 0 or not delta >= 0:
            raise ValueError(
                f"threshold={threshold} must be positive, and delta={delta} not negative."
            )
        self.threshold = threshold
        self.delta = delta
        self.min_checks = min_checks
        self.reset()

    def reset(self) -> None:
        """Forget everything, as after an alarm."""
        self.n_checks = 0
        self.climb = 0.0
        self._mean = 0.0

    def update(self, value: float) -> bool:
        """Take in one value.

        Parameters
        ----------
        value : float
            For example the mean distance of the latest events to their centres.

        Returns
        -------
        bool
            Whether this value is the one too many.

        Raises
        ------
        ValueError
            If the value is not a finite number.
        """
        if not np.isfinite(value):
            raise ValueError(f"value={value} is not finite: leave out checks without data.")
        self.n_checks += 1
        self._mean += (value - self._mean) / self.n_checks
        # The climb above the lowest point so far, without keeping the sum and the lowest point.
        self.climb = max(0.0, self.climb + value - self._mean - self.delta)
        if self.climb > self.threshold and self.n_checks >= self.min_checks:
            self.reset()
            return True
        return False

    def alarms(self, values: Sequence[float] | np.ndarray) -> np.ndarray:
        """Take in many values.

        Parameters
        ----------
        values : sequence of float
            Measurements, oldest first.

        Returns
        -------
        ndarray of int
            Positions of the alarms.
        """
        return np.flatnonzero([self.update(value) for value in np.asarray(values, dtype=float)])


def choose_threshold(
    calm: Sequence[float] | np.ndarray,
    *,
    per_thousand: float = 1.0,
    delta: float = 0.5,
    min_checks: int = 5,
    n_checks: int = 20_000,
    random_state: int = 0,
) -> float:
    """Find the smallest threshold with which a calm stream is rarely called a drift.

    Makes a long calm stream by drawing from calm values with replacement, and halves the interval
    of thresholds.  It trusts that calm values do not depend on each other: values that go up and
    down together for hours cause more alarms than asked for.
    It also fits the threshold to the values that it is given: from 249 of them, chapter 13 measures
    0.5 to 3.5 alarms per 1,000 checks where it asked for 1.  A longer calm time helps.

    Parameters
    ----------
    calm : sequence of float
        Values of a time without drift, at least 20.
    per_thousand : float
        False alarms that may be raised in 1,000 checks.
    delta, min_checks
        As in `PageHinkley`.
    n_checks : int
        Length of the stream that is made.
    random_state : int
        Seed.

    Returns
    -------
    float
        Threshold for `PageHinkley`.

    Raises
    ------
    ValueError
        If there are too few values, one is not finite, or `per_thousand` is not positive.

    Examples
    --------
    >>> calm = np.random.default_rng(0).normal(size=200)
    >>> choose_threshold(calm, per_thousand=1) > choose_threshold(calm, per_thousand=10)
    True
    """
    calm = np.asarray(calm, dtype=float)
    if calm.ndim != 1 or len(calm) < 20 or not np.isfinite(calm).all():
        raise ValueError("Give at least 20 finite values of a calm time.")
    if not per_thousand > 0:
        raise ValueError(f"per_thousand={per_thousand} must be positive.")
    stream = np.random.default_rng(random_state).choice(calm, n_checks)
    low, high = 0.0, max(float(np.ptp(calm)), 1e-9) * 100
    for _ in range(18):
        middle = (low + high) / 2
        detector = PageHinkley(middle, delta, min_checks=min_checks)
        too_many = len(detector.alarms(stream)) * 1000 > per_thousand * n_checks
        low, high = (middle, high) if too_many else (low, middle)
    return high


# ------------------------------------------------------------------ births and deaths


@dataclass(frozen=True, eq=False)
class Revision:
    """Groups after a birth, a death, or neither.

    Attributes
    ----------
    centres : ndarray, shape (n_clusters, n_features)
        Centres of the groups that live.
    numbers : ndarray of int, shape (n_clusters,)
        Their numbers; those of the dead are not used again.
    born : int or None
        Number of the new group.
    parent : int or None
        Number of the group that it came from.
    died : int or None
        Number of the group that is no more.
    heir : int or None
        Number of the group that took its members in.
    gain : float
        Share of J that the best split would save (or has saved).
    loss : float
        Share of J that the cheapest merger would cost (or has cost); infinite for one group.
    """

    centres: np.ndarray
    numbers: np.ndarray
    born: int | None
    parent: int | None
    died: int | None
    heir: int | None
    gain: float
    loss: float


def split_gains(X: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Measure how much of J it would save to cut each cluster in two.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Vectors of the users; each belongs to the nearest centre.
    centres : ndarray, shape (n_clusters, n_features)
        Centres.

    Returns
    -------
    ndarray, shape (n_clusters,)
        Shares of J, each with the means of the members as centres; 0 for less than two members.

    Examples
    --------
    >>> split_gains([[0.0], [2.0], [9.0], [9.0]], [[1.0], [9.0]]).tolist()
    [1.0, 0.0]
    """
    X, labels, means, total = _around_means(X, centres)
    gains = np.zeros(len(means))
    for c in range(len(means)):
        members = X[labels == c]
        if total > 0 and len(np.unique(members, axis=0)) > 1:
            inside = ((members - means[c]) ** 2).sum()
            gains[c] = (inside - kmeans(members, 2, n_init=3).inertia) / total
    return gains.clip(min=0)


def merge_losses(X: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Measure how much of J it would cost to unite each pair of clusters.

    It is the price of Ward's method (chapter 5): ``n_a n_b / (n_a + n_b) |a - b|^2``.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Vectors of the users; each belongs to the nearest centre.
    centres : ndarray, shape (n_clusters, n_features)
        Centres.

    Returns
    -------
    ndarray, shape (n_clusters, n_clusters)
        Shares of J, each with the means of the members as centres; infinite on the diagonal, 0
        for a cluster without members.

    Examples
    --------
    >>> round(float(merge_losses([[0.0], [2.0], [9.0]], [[1.0], [9.0]])[0, 1]), 2)
    21.33
    """
    X, labels, means, total = _around_means(X, centres)
    sizes = np.bincount(labels, minlength=len(means)).astype(float)
    pairs = sizes[:, None] * sizes / np.maximum(sizes[:, None] + sizes, 1)
    losses = pairs * squared_distances(means, means)
    # Where every user sits on a centre, any merger of two places costs infinitely many times J.
    shares = losses / total if total > 0 else np.where(losses > 0, np.inf, 0.0)
    np.fill_diagonal(shares, np.inf)
    return shares


def _around_means(
    X: np.ndarray, centres: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Assign, take the means of those who have members, and add up J."""
    X, centres = _as_points(X), _as_points(centres, "centres")
    labels = assign_to_centres(X, centres)
    means = centres.copy()
    present, labels_of_present = np.unique(labels, return_inverse=True)
    means[present] = update_centres(X, labels_of_present, centres[present])
    return X, labels, means, float(((X - means[labels]) ** 2).sum())


def revise_clusters(
    X: np.ndarray,
    centres: np.ndarray,
    numbers: Sequence[int] | np.ndarray,
    *,
    birth_gain: float,
    death_loss: float,
    next_number: int | None = None,
) -> Revision:
    """Unite two groups that have become one, and cut one that has become two.

    A group dies if it can be united with another at less than the share `death_loss` of J; the
    larger of the two goes on under its number.  A group is born if the best split of any group
    saves more than the share `birth_gain`; the larger half keeps the number.  Choose both on a
    calm stream: `split_gains` and `merge_losses` say what is usual there.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Present vectors of the users.
    centres : ndarray, shape (n_clusters, n_features)
        Present centres.
    numbers : sequence of int
        The number of each centre.
    birth_gain, death_loss : float
        Shares of J.  `birth_gain` should be clearly larger, or what is united today is cut
        tomorrow.
    next_number : int, optional
        Number of the next new group; by default one more than the largest in `numbers`, which
        forgets the dead.

    Returns
    -------
    Revision
        At most one death, then at most one birth.

    Raises
    ------
    ValueError
        If `birth_gain` is not larger than `death_loss`, or there is not one number per centre.

    Examples
    --------
    >>> X = [[0.0], [0.2], [4.0], [4.2], [9.0], [9.2]]
    >>> found = revise_clusters(X, [[2.0], [9.1]], [3, 7], birth_gain=0.5, death_loss=0.1)
    >>> found.numbers.tolist(), found.born, found.parent, found.died
    ([3, 7, 8], 8, 3, None)
    """
    numbers = np.asarray(numbers)
    if numbers.shape != (len(centres),):
        raise ValueError(f"Give one number for each of the {len(centres)} centres.")
    if not birth_gain > death_loss:
        raise ValueError(
            f"birth_gain={birth_gain} must be larger than death_loss={death_loss}: "
            "otherwise groups are united and cut in turns."
        )
    fresh = int(numbers.max()) + 1 if next_number is None else next_number
    losses = merge_losses(X, centres)
    a, b = np.unravel_index(losses.argmin(), losses.shape)
    loss, died, heir = float(losses[a, b]), None, None
    if loss < death_loss:
        centres, numbers, died, heir = _unite(X, centres, numbers, (int(a), int(b)))
    gains = split_gains(X, centres)
    gain, born, parent = float(gains.max()), None, None
    if gain > birth_gain:
        row = int(gains.argmax())
        centres, numbers = _cut(X, centres, numbers, row, fresh)
        born, parent = fresh, int(numbers[row])
    return Revision(np.asarray(centres), numbers, born, parent, died, heir, gain, loss)


def _unite(
    X: np.ndarray, centres: np.ndarray, numbers: np.ndarray, pair: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, int, int]:
    X, labels, means, _ = _around_means(X, centres)
    sizes = np.bincount(labels, minlength=len(means))
    large, small = sorted(pair, key=lambda c: (-sizes[c], c))
    together = np.isin(labels, pair)
    if together.any():
        means[large] = X[together].mean(axis=0)
    alive = np.arange(len(means)) != small
    return means[alive], numbers[alive], int(numbers[small]), int(numbers[large])


def _cut(
    X: np.ndarray, centres: np.ndarray, numbers: np.ndarray, row: int, fresh: int
) -> tuple[np.ndarray, np.ndarray]:
    X, labels, means, _ = _around_means(X, centres)
    halves = kmeans(X[labels == row], 2, n_init=3)
    by_size = np.argsort(-np.bincount(halves.labels), kind="stable")
    means[row], new = halves.centres[by_size]
    return np.vstack([means, new]), np.r_[numbers, fresh]
