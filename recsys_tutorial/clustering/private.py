"""Clusters that keep a secret: small groups merged, noise with an account, and attacks to test it.

Taught in chapter 15.  A published table of groups is a table about persons as soon as a group is
small, or as soon as somebody can take one table from another.  Here are the attacks, and what
stands against them: groups of at least k people, and differential privacy at the level of the
user.  **Neighbouring** data sets differ by one user, with all of her events, added or removed.

The account is kept in zero-concentrated differential privacy (zCDP): its parameter ``rho`` adds up
over releases, and is translated into (epsilon, delta) once, at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse, stats

from recsys_tutorial.clustering.kmeans import assign_to_centres, squared_distances


def merge_small_clusters(features: np.ndarray, labels: np.ndarray, min_size: int) -> np.ndarray:
    """Merge every cluster of fewer than `min_size` users into the nearest other one.

    The smallest cluster goes first, into the cluster whose mean is nearest to its own; sizes and
    means are then taken anew, until no cluster is too small or one is left.

    Parameters
    ----------
    features : ndarray, shape (n_users, n_features)
        Description of the users, which says what is near.
    labels : ndarray of int, shape (n_users,)
        Cluster of each user.
    min_size : int
        The k of k-anonymity.

    Returns
    -------
    ndarray of int, shape (n_users,)
        New labels, numbered from 0 without gaps in the order of the old ones.

    Raises
    ------
    ValueError
        If `min_size` is less than 1 or exceeds the number of users, or the rows do not match.

    Examples
    --------
    >>> places = np.array([[0.0], [0.1], [0.9], [5.0], [5.1]])
    >>> merge_small_clusters(places, np.array([0, 0, 1, 2, 2]), min_size=2).tolist()
    [0, 0, 0, 1, 1]
    """
    features, labels = np.asarray(features, dtype=float), np.asarray(labels)
    if labels.shape != (len(features),):
        raise ValueError(f"{labels.shape} labels do not fit {len(features)} users: one each.")
    if not 1 <= min_size <= max(1, len(labels)):
        raise ValueError(f"min_size={min_size} must lie between 1 and {len(labels)} users.")
    _, labels, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    while len(sizes) > 1 and sizes.min() < min_size:
        sums = np.zeros((len(sizes), features.shape[1]))
        np.add.at(sums, labels, features)
        means, smallest = sums / sizes[:, None], int(sizes.argmin())
        distance = squared_distances(means[[smallest]], means)[0]
        distance[smallest] = np.inf
        merged = np.where(labels == smallest, distance.argmin(), labels)
        _, labels, sizes = np.unique(merged, return_inverse=True, return_counts=True)
    return labels


# ------------------------------------------------------------------ the account


def laplace_scale(sensitivity: float, epsilon: float) -> float:
    """Scale of the Laplace noise that makes a release epsilon-differentially private.

    Parameters
    ----------
    sensitivity : float
        The most that one user can change the release: the sum of the absolute changes of all its
        numbers.
    epsilon : float
        The promise, positive.

    Returns
    -------
    float
        The scale b of the density ``exp(-|x| / b) / (2 b)``.

    Raises
    ------
    ValueError
        If either is not positive and finite.

    References
    ----------
    Dwork and Roth (2014). [dwork2014algorithmic]

    Examples
    --------
    >>> laplace_scale(sensitivity=1, epsilon=0.5)
    2.0
    """
    _need_positive(sensitivity=sensitivity, epsilon=epsilon)
    return sensitivity / epsilon


def gaussian_scale(sensitivity: float, rho: float) -> float:
    """Standard deviation of the normal noise that makes a release rho-zCDP.

    Parameters
    ----------
    sensitivity : float
        The most that one user can move the release, as a Euclidean length.
    rho : float
        The part of the budget that the release may use, positive.

    Returns
    -------
    float
        ``sensitivity / sqrt(2 rho)``.

    Raises
    ------
    ValueError
        If either is not positive and finite.

    References
    ----------
    Bun and Steinke (2016). [bun2016concentrated]

    Examples
    --------
    >>> gaussian_scale(sensitivity=3, rho=0.5)
    3.0
    """
    _need_positive(sensitivity=sensitivity, rho=rho)
    return float(sensitivity / np.sqrt(2 * rho))


def rho_to_epsilon(rho: float, delta: float) -> float:
    """Translate a zCDP budget into the epsilon of (epsilon, delta)-differential privacy.

    Parameters
    ----------
    rho : float
        The sum of all parts that were spent.
    delta : float
        Between 0 and 1; choose it far below one over the number of users.

    Returns
    -------
    float
        ``rho + 2 sqrt(rho log(1 / delta))``: a bound that holds for every rho-zCDP release.

    Raises
    ------
    ValueError
        If `rho` is not positive, or `delta` not between 0 and 1.

    Notes
    -----
    On the safe side: for normal noise the exact epsilon is smaller, 0.74 in the example below.

    References
    ----------
    Bun and Steinke (2016), proposition 1.3. [bun2016concentrated]

    Examples
    --------
    >>> round(rho_to_epsilon(0.0207, 1e-5), 2)
    1.0
    """
    _need_positive(rho=rho)
    _need_delta(delta)
    return float(rho + 2 * np.sqrt(rho * np.log(1 / delta)))


def epsilon_to_rho(epsilon: float, delta: float) -> float:
    """Find the zCDP budget that amounts to (epsilon, delta): the inverse of `rho_to_epsilon`.

    Parameters
    ----------
    epsilon : float
        The promise, positive.
    delta : float
        Between 0 and 1.

    Returns
    -------
    float
        The largest rho that keeps the promise.

    Raises
    ------
    ValueError
        If `epsilon` is not positive, or `delta` not between 0 and 1.

    Examples
    --------
    >>> round(rho_to_epsilon(epsilon_to_rho(2.0, 1e-5), 1e-5), 12)
    2.0
    """
    _need_positive(epsilon=epsilon)
    _need_delta(delta)
    log = np.log(1 / delta)
    # The difference of the roots, written so that a tiny epsilon does not cancel.
    return float((epsilon / (np.sqrt(log + epsilon) + np.sqrt(log))) ** 2)


@dataclass
class PrivacyBudget:
    """An account: what was promised, what was spent, and a refusal to spend more.

    Attributes
    ----------
    epsilon, delta : float
        The promise for everything that is released under this budget together.
    spent : list of tuple
        What was released, and how much of rho it used.

    Examples
    --------
    >>> budget = PrivacyBudget(epsilon=1.0, delta=1e-5)
    >>> part = budget.spend("centres", share=0.4)
    >>> rest = budget.spend("counts", share=0.6)
    >>> round(budget.epsilon_spent, 6)
    1.0
    """

    epsilon: float
    delta: float
    spent: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check the promise."""
        epsilon_to_rho(self.epsilon, self.delta)

    @property
    def rho(self) -> float:
        """The whole budget, in zCDP."""
        return epsilon_to_rho(self.epsilon, self.delta)

    @property
    def rho_spent(self) -> float:
        """The part of the budget that was spent, in zCDP."""
        return float(sum(rho for _, rho in self.spent))

    @property
    def epsilon_spent(self) -> float:
        """What all releases so far amount to, at the delta of the budget; 0 before the first."""
        return rho_to_epsilon(self.rho_spent, self.delta) if self.spent else 0.0

    def spend(self, what: str, share: float) -> float:
        """Take a share of the whole budget for one release.

        Parameters
        ----------
        what : str
            Name of the release, for the account.
        share : float
            Part of the whole budget, above 0 and at most 1.

        Returns
        -------
        float
            The rho that the release may use.

        Raises
        ------
        ValueError
            If the share is out of range, or more than what is left.
        """
        if not 0 < share <= 1:
            raise ValueError(f"share={share} must be above 0 and at most 1.")
        rho = share * self.rho
        # Thirds must add up to one in spite of rounding.
        if self.rho_spent + rho > self.rho * (1 + 1e-9):
            left = 1 - self.rho_spent / self.rho
            raise ValueError(
                f"'{what}' asks for {share:.0%} of the budget, and {left:.0%} is left. "
                "Release less, or make a weaker promise before anything is released."
            )
        self.spent.append((what, rho))
        return rho

    def table(self) -> pd.DataFrame:
        """List what was released.

        Returns
        -------
        DataFrame
            Columns ``release``, ``rho`` and ``share`` of the whole budget.
        """
        table = pd.DataFrame(self.spent, columns=["release", "rho"])
        return table.assign(share=table["rho"] / self.rho)


# ------------------------------------------------------------------ what bounds one user


def clip_rows(features: np.ndarray, max_norm: float = 1.0) -> np.ndarray:
    """Shorten the rows that are longer than `max_norm`; the others stay as they are.

    Parameters
    ----------
    features : ndarray, shape (n_users, n_features)
        One row per user.
    max_norm : float
        The greatest length, chosen without looking at the data.

    Returns
    -------
    ndarray, shape (n_users, n_features)
        Rows of at most that length.

    Raises
    ------
    ValueError
        If `max_norm` is not positive, or a value is missing or infinite.

    Examples
    --------
    >>> clip_rows(np.array([[3.0, 4.0], [0.3, 0.4]])).round(2).tolist()
    [[0.6, 0.8], [0.3, 0.4]]
    """
    _need_positive(max_norm=max_norm)
    features = np.asarray(features, dtype=float)
    if features.ndim != 2 or not np.isfinite(features).all():
        raise ValueError("features must be a table of finite numbers, one row per user.")
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return features * (max_norm / np.maximum(lengths, max_norm))


def limit_items(
    values: sparse.csr_array, max_items: int, *, random_state: int = 0
) -> sparse.csr_array:
    """Keep at most `max_items` events of each user, drawn by lot, and count each as one.

    Parameters
    ----------
    values : csr_array, shape (n_users, n_items)
        Who met what; a stored cell is an event.
    max_items : int
        Events that a user may contribute, at least 1.
    random_state : int
        Seed of the lots.

    Returns
    -------
    csr_array, shape (n_users, n_items)
        Ones.

    Raises
    ------
    ValueError
        If `max_items` is not a whole number of at least 1.

    Examples
    --------
    >>> many = sparse.csr_array(np.array([[1, 1, 1, 1], [5, 0, 0, 0]]))
    >>> limit_items(many, 2).sum(axis=1).tolist()
    [2.0, 1.0]
    """
    # With 1.5 two events would be kept, and the noise made for fewer.
    if not (max_items >= 1 and max_items == int(max_items)):
        raise ValueError(f"max_items={max_items} must be a whole number, at least 1.")
    values = sparse.csr_array(values)
    if not values.has_canonical_format:
        # A cell that is stored twice would count twice.
        values = values.copy()
        values.sum_duplicates()
    rows = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
    order = np.lexsort((np.random.default_rng(random_state).random(values.nnz), rows))
    place = np.arange(values.nnz) - values.indptr[rows[order]]
    kept = np.sort(order[place < max_items])
    cells = (np.ones(len(kept)), (rows[kept], values.indices[kept]))
    return sparse.csr_array(cells, shape=values.shape)


# ------------------------------------------------------------------ private releases


@dataclass(frozen=True)
class PrivateClusters:
    """What a private K-means releases; the labels of the users are not part of it.

    Attributes
    ----------
    centres : ndarray, shape (n_clusters, n_features)
        The centres after the last step.
    sizes : ndarray, shape (n_clusters,)
        Noisy numbers of users, from the last step; may be negative.
    scale : float
        Standard deviation of the noise on every number of every step.
    rho : float
        The budget that was used, all steps together.
    """

    centres: np.ndarray
    sizes: np.ndarray
    scale: float
    rho: float


def private_kmeans(
    features: np.ndarray,
    init: np.ndarray,
    *,
    rho: float,
    n_iter: int = 4,
    max_norm: float = 1.0,
    random_state: int | None = None,
) -> PrivateClusters:
    """K-means whose centres are differentially private for each user (add or remove one).

    Every step releases, for each cluster, the sum of its rows and their number, with normal noise.
    One user sits in one cluster, and moves the sum by at most `max_norm` and the number by 1: the
    sensitivity of a step is ``sqrt(max_norm**2 + 1)``.  The steps share the budget equally.

    Parameters
    ----------
    features : ndarray, shape (n_users, n_features)
        One row per user, made from *her own* events and public facts alone; rows longer than
        `max_norm` are shortened.  A basis learnt from all users (an SVD) would leak past the
        account.
    init : ndarray, shape (n_clusters, n_features)
        Starting centres, **chosen without looking at the data**.
    rho : float
        The budget in zCDP (see `epsilon_to_rho`).
    n_iter : int
        Number of steps, chosen beforehand: to stop when the centres stand still would look.
    max_norm : float
        Greatest length of a row.
    random_state : int, optional
        Seed, for teaching and tests; a release that protects anybody must not have a known one.
        Costs add up only if every release draws noise of its own: never use a seed twice.

    Returns
    -------
    PrivateClusters
        Centres, noisy sizes, and what they cost.

    Raises
    ------
    ValueError
        If a setting is out of range, or `init` does not fit `features`.

    Notes
    -----
    Not hardened: noise from floating-point numbers can be attacked through its last digits.  For a
    real release take a library that is (OpenDP).  Whatever is computed from the released numbers,
    such as a user's own label, costs nothing more.

    References
    ----------
    Su et al. (2016) for private Lloyd steps [su2016differentially]; Bun and Steinke (2016) for the
    account [bun2016concentrated].

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> users = np.vstack(
    ...     [rng.normal([0.8, 0], 0.1, (500, 2)), rng.normal([0, 0.8], 0.1, (500, 2))]
    ... )
    >>> found = private_kmeans(users, np.eye(2), rho=epsilon_to_rho(1.0, 1e-5), random_state=0)
    >>> bool(np.abs(found.centres - 0.8 * np.eye(2)).max() < 0.2)
    True
    """
    init = np.asarray(init, dtype=float)
    if n_iter < 1:
        raise ValueError(f"n_iter={n_iter} must be at least 1.")
    rows = clip_rows(features, max_norm)
    if init.ndim != 2 or len(init) < 1 or init.shape[1] != rows.shape[1]:
        raise ValueError(
            f"init has the shape {init.shape}, the users have {rows.shape[1]} numbers."
        )
    _need_positive(rho=rho)
    rng, centres = np.random.default_rng(random_state), init.copy()
    scale = gaussian_scale(float(np.hypot(max_norm, 1.0)), rho / n_iter)
    for _ in range(n_iter):
        table = cluster_totals(rows, assign_to_centres(rows, centres), len(centres))
        table += rng.normal(0, scale, table.shape)
        sums, sizes = table[:, :-1], table[:, -1]
        # A cluster that the noise could have made up keeps its place.  All of this looks at noisy
        # numbers only, and so is free.
        heard = sizes > 2 * scale
        centres[heard] = clip_rows(sums[heard] / sizes[heard, None], max_norm)
    return PrivateClusters(centres, sizes.copy(), scale, rho)


def cluster_totals(rows: np.ndarray, labels: np.ndarray, n_clusters: int) -> np.ndarray:
    """Sum the rows of each cluster, and count them: what a step of K-means needs to know.

    Parameters
    ----------
    rows : ndarray, shape (n_users, n_features)
        One row per user.
    labels : ndarray of int, shape (n_users,)
        Cluster of each user.
    n_clusters : int
        Number of clusters.

    Returns
    -------
    ndarray, shape (n_clusters, n_features + 1)
        Sums, and in the last column the numbers of users.

    Examples
    --------
    >>> cluster_totals(np.array([[1.0], [3.0], [5.0]]), np.array([0, 0, 1]), 2).tolist()
    [[4.0, 2.0], [5.0, 1.0]]
    """
    table = np.zeros((n_clusters, rows.shape[1] + 1))
    np.add.at(table, labels, np.hstack([rows, np.ones((len(rows), 1))]))
    return table


def private_counts(
    values: sparse.csr_array,
    labels: np.ndarray,
    n_groups: int,
    *,
    rho: float,
    max_items: int,
    random_state: int | None = None,
) -> np.ndarray:
    """Count how often each group met each item, with noise that hides any one user.

    A user contributes at most `max_items` events, each worth one, to the row of her own group; her
    sensitivity is ``sqrt(max_items)``.

    Parameters
    ----------
    values : csr_array, shape (n_users, n_items)
        Who met what.  The items must be a public catalogue: a column that is there because one
        user met the item tells of her, whatever the noise.
    labels : ndarray of int, shape (n_users,)
        Group of each user.  It must follow from her own events and from what is public or already
        released.
    n_groups : int
        Number of groups.
    rho : float
        The budget in zCDP.
    max_items : int
        Events per user; more of them are drawn by lot.
    random_state : int, optional
        Seed, for teaching and tests; another one than that of any other release, as the same seed
        would repeat the same noise.

    Returns
    -------
    ndarray, shape (n_groups, n_items)
        Noisy counts; some are negative.

    Raises
    ------
    ValueError
        If a setting is out of range, or a label is not between 0 and `n_groups` - 1.

    Examples
    --------
    >>> met = sparse.csr_array(np.ones((400, 2)))
    >>> labels = np.repeat([0, 1], 200)
    >>> counts = private_counts(met, labels, 2, rho=0.1, max_items=2, random_state=0)
    >>> bool(np.abs(counts - 200).max() < 15)
    True
    """
    labels = np.asarray(labels)
    if labels.shape != (values.shape[0],) or (
        len(labels) and not (0 <= labels.min() and labels.max() < n_groups)
    ):
        raise ValueError(f"Give each user a label between 0 and {n_groups - 1}.")
    rng = np.random.default_rng(random_state)
    kept = limit_items(values, max_items, random_state=int(rng.integers(2**32)))
    scale = gaussian_scale(float(np.sqrt(max_items)), rho)
    membership = sparse.csr_array(
        (np.ones(len(labels)), (labels, np.arange(len(labels)))), shape=(n_groups, len(labels))
    )
    counts = (membership @ kept).toarray()
    return counts + rng.normal(0, scale, counts.shape)


# ------------------------------------------------------------------ attacks, which test all this


def empirical_epsilon(
    present: np.ndarray,
    absent: np.ndarray,
    *,
    delta: float = 0.0,
    confidence: float = 0.95,
) -> float:
    """How well can outputs with one user be told from outputs without?  A lower bound on epsilon.

    A release that is (epsilon, delta)-private satisfies, for every set S of outputs,
    ``P(S | present) <= exp(epsilon) P(S | absent) + delta``, and the same with the two exchanged.
    The sets "above a threshold" and "below" are tried; the threshold is chosen on one half of the
    outputs, and judged on the other half with exact binomial bounds.

    Parameters
    ----------
    present, absent : ndarray, shape (n_draws,)
        One number per repetition of the release, with the user and without her.
    delta : float
        The delta that was promised.
    confidence : float
        The bound holds with at least this probability.

    Returns
    -------
    float
        Whoever promised less has broken the promise.  0 if nothing can be told.

    Raises
    ------
    ValueError
        If there are fewer than 20 outputs of either kind, one of them is missing or infinite, or a
        setting is out of range.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> absent, present = rng.laplace(0, 1, 20_000), 1 + rng.laplace(0, 1, 20_000)
    >>> 0.8 < empirical_epsilon(present, absent) <= 1.0
    True
    """
    if not 0 <= delta < 1 or not 0 < confidence < 1:
        raise ValueError(f"delta={delta} and confidence={confidence} must be probabilities.")
    present, absent = np.asarray(present, dtype=float), np.asarray(absent, dtype=float)
    if min(len(present), len(absent)) < 20:
        raise ValueError("Repeat the release at least 20 times with her and 20 times without.")
    if not (np.isfinite(present).all() and np.isfinite(absent).all()):
        raise ValueError("An output is missing or infinite; that alone may tell the two apart.")
    # Either world may be the likelier one, above a threshold or below it: four tries, and in each
    # of them two proportions, share what may go wrong.
    risk = (1 - confidence) / 8
    pairs = ((present, absent), (absent, present), (-present, -absent), (-absent, -present))
    bounds = [_bound(first, second, delta, risk) for first, second in pairs]
    return max(0.0, *bounds)


def _bound(first: np.ndarray, second: np.ndarray, delta: float, risk: float) -> float:
    """Bound epsilon from below by how often each exceeds a threshold."""
    choosing, judging = (first[::2], second[::2]), (first[1::2], second[1::2])
    thresholds = np.quantile(np.concatenate(choosing), np.linspace(0.02, 0.98, 49))
    tried = [_ratio(*choosing, threshold, delta, risk) for threshold in thresholds]
    return _ratio(*judging, thresholds[int(np.argmax(tried))], delta, risk)


def _ratio(a: np.ndarray, b: np.ndarray, threshold: float, delta: float, risk: float) -> float:
    more, less = int((a > threshold).sum()), int((b > threshold).sum())
    # Clopper and Pearson: what the two probabilities are at least, and at most.
    low = stats.beta.ppf(risk, more, len(a) - more + 1) if more else 0.0
    high = stats.beta.ppf(1 - risk, less + 1, len(b) - less) if less < len(b) else 1.0
    return float(np.log((low - delta) / high)) if low > delta else -np.inf


def membership_scores(
    histories: sparse.csr_array,
    labels: np.ndarray,
    shares: np.ndarray,
    background: np.ndarray,
    *,
    floor: float = 1e-6,
) -> np.ndarray:
    """Guess who was in the training data, from published shares of groups: an attack.

    Somebody who knows what a person met looks it up in the row of the group where that person
    would belong.  The score is the mean over her items of ``log(share / background)``: how much
    commoner they are in this group than among people at large.

    Parameters
    ----------
    histories : csr_array, shape (n_people, n_items)
        What the attacker knows about each person.
    labels : ndarray of int, shape (n_people,)
        The group where each would belong.
    shares : ndarray, shape (n_groups, n_items)
        What was published.
    background : ndarray, shape (n_items,)
        How common each item is among people at large.
    floor : float
        Stands in for shares and backgrounds of 0 or less.

    Returns
    -------
    ndarray, shape (n_people,)
        Higher means: more likely a member.

    References
    ----------
    The idea is that of Homer et al. (2008), who found persons in published sums of genomes.
    [homer2008resolving]

    Examples
    --------
    >>> known = sparse.csr_array(np.array([[1, 1, 0], [0, 1, 1]]))
    >>> published, usual = np.array([[0.5, 0.5, 0.0]]), np.full(3, 1 / 3)
    >>> scores = membership_scores(known, np.array([0, 0]), published, usual)
    >>> bool(scores[0] > scores[1])
    True
    """
    known = sparse.csr_array(histories)
    rows = np.repeat(np.arange(known.shape[0]), np.diff(known.indptr))
    inside = np.maximum(shares[np.asarray(labels)[rows], known.indices], floor)
    outside = np.maximum(background[known.indices], floor)
    sums = np.bincount(rows, np.log(inside / outside), minlength=known.shape[0])
    return sums / np.maximum(np.diff(known.indptr), 1)


def identified_share(
    values: sparse.csr_array, n_known: int, *, random_state: int = 0
) -> tuple[float, int]:
    """How many users are the only ones with a handful of their events?  A linking attack.

    Parameters
    ----------
    values : csr_array, shape (n_users, n_items)
        A log without names: who met what.
    n_known : int
        Events of one person that the attacker knows from elsewhere, drawn by lot.
    random_state : int
        Seed of the lots.

    Returns
    -------
    share : float
        Of the users with at least that many events, those who are the only match.
    n_users : int
        How many users that is.

    Raises
    ------
    ValueError
        If `n_known` is less than 1, or no user has so many events.

    References
    ----------
    Narayanan and Shmatikov (2008). [narayanan2008robust]

    Examples
    --------
    >>> met = sparse.csr_array(np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1]]))
    >>> share, n_users = identified_share(met, 2)
    >>> round(share, 2), n_users
    (0.33, 3)
    """
    if n_known < 1:
        raise ValueError(f"n_known={n_known} must be at least 1.")
    values = sparse.csr_array(values)
    met = sparse.csr_array((np.ones(values.nnz), values.indices, values.indptr), values.shape)
    active = np.flatnonzero(np.diff(met.indptr) >= n_known)
    if not active.size:
        raise ValueError(f"No user has {n_known} events.")
    known = limit_items(met[active], n_known, random_state=random_state)
    matches = sparse.csr_array(known @ met.T)
    found = np.add.reduceat(matches.data >= n_known, matches.indptr[:-1], dtype=int)
    return float((found == 1).mean()), len(active)


def _need_positive(**settings: float) -> None:
    for name, value in settings.items():
        if not 0 < value < np.inf:
            raise ValueError(f"{name}={value} must be positive and finite.")


def _need_delta(delta: float) -> None:
    if not 0 < delta < 1:
        raise ValueError(f"delta={delta} must lie between 0 and 1.")
