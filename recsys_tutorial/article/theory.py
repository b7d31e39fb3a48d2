"""Proofs of the errors in the article's mathematics, B1 to B20.

Each runs the article's formula, example or claim beside the right one, on data small enough to
check by hand where that is possible.  Chapters 3 and 4 treat most of them; chapter A1 shows how
to run one: ``prove("B1")``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import product

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist
from sklearn.cluster import DBSCAN, HDBSCAN, KMeans
from sklearn.preprocessing import MinMaxScaler

from recsys_tutorial.article.proving import Proof
from recsys_tutorial.clustering import (
    agreement,
    assign_to_centres,
    dbscan,
    inertia_curve,
    kmeans,
    kmeans_objective,
    silhouette_curve,
    update_centres,
)
from recsys_tutorial.preprocessing import normalise_rows, standardise

# The article's example of K-means (section 4.3).
CENTRES = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
# Users x, y1, y2 and y3 as in its example of DBSCAN, with coordinates that fit it.
X_AND_NEIGHBOURS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])


def _core(X: np.ndarray, eps: float, min_samples: int) -> np.ndarray:
    """Say of each row whether scikit-learn calls it a core point."""
    core = np.zeros(len(X), dtype=bool)
    core[DBSCAN(eps=eps, min_samples=min_samples).fit(X).core_sample_indices_] = True
    return core


def _b1() -> Proof:
    on_centre, far = np.array([1.0, 1.0]), np.array([3.0, 3.0])
    printed = [float(((x - CENTRES) ** 2).sum()) for x in (on_centre, far)]
    right = [_cost(x[None], CENTRES) for x in CENTRES]
    shows = (
        f"Users on the centres (1, 1) and (3, 3): the article's sum charges {printed[0]:.0f} and "
        f"{printed[1]:.0f}; the objective charges {right[0]:.0f} to a user on any centre."
    )
    return Proof("B1", shows, min(printed) > 0 and max(right) == 0)


def _cost(users: np.ndarray, centres: np.ndarray) -> float:
    """Compute the objective when every user is with her nearest centre."""
    return kmeans_objective(users, assign_to_centres(users, centres), centres)


def _b2() -> Proof:
    user = np.array([[3.0, 3.0]])
    printed = CENTRES.copy()  # its first centre is (1, 1) again, as in the article
    mended = CENTRES.copy()
    mended[0] = update_centres(user, np.array([0]), CENTRES[:1])[0]
    moves_to = int(assign_to_centres(user, printed)[0]) + 1
    stays = int(assign_to_centres(user, mended)[0]) + 1
    shows = (
        f"User (3, 3), assigned to c1: with the article's centre (1, 1) she leaves for "
        f"c{moves_to}; with the mean of the members, {tuple(mended[0].tolist())}, she stays in "
        f"c{stays}."
    )
    return Proof("B2", shows, moves_to == 3 and stays == 1)


def _b3() -> Proof:
    users, labels = np.array([[1.2, 0.9]]), np.array([0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        printed = np.array([users[labels == i].sum(axis=0) / np.sum(labels == i) for i in range(3)])
    undefined = int(np.isnan(printed).any(axis=1).sum())
    refused = _refuses(lambda: KMeans(3, n_init=1).fit(users))
    refused_here = _refuses(lambda: update_centres(users, labels, CENTRES))
    three = np.repeat(users, 3, axis=0)
    mended = bool(np.isfinite(update_centres(three, np.zeros(3, int), CENTRES)).all())
    shows = (
        f"Three centres and one user: {undefined} of the 3 new centres are 0/0. "
        "scikit-learn and our own code refuse more clusters than users; with three users in one "
        "cluster, the rule for empty clusters gives three centres."
    )
    return Proof("B3", shows, undefined == 2 and refused and refused_here and mended)


def _refuses(attempt: Callable[[], object]) -> bool:
    """Say whether an attempt ends in a ValueError."""
    try:
        attempt()
    except ValueError:
        return True
    return False


def _b4() -> Proof:
    rng = np.random.default_rng(0)
    middles = np.repeat([[0.0, 0.0], [8.0, 0.0], [4.0, 7.0]], 40, axis=0)
    users = middles + rng.normal(size=middles.shape)
    ks = [2, 3, 4, 10, 120]
    j = inertia_curve(users, ks)
    silhouettes = silhouette_curve(users, ks[:-1])
    other_units = inertia_curve(users / 1000, [3])[3] / j[3]
    shows = (
        f"Three groups of 40: J is {j[3]:.0f} at k = 3, {j[10]:.0f} at k = 10 and {j[120]:.0f} at "
        f"k = 120, and {other_units:.0e} times as large in units of 1000; the silhouette is "
        f"highest at k = {silhouettes.idxmax()}."
    )
    falls = j.is_monotonic_decreasing and j[120] < 1e-9
    return Proof("B4", shows, bool(falls and silhouettes.idxmax() == 3 and other_units < 1e-5))


def _b5() -> Proof:
    users = np.array([[0.0, 0.0], [0.0, 1.0], [6.0, 0.0], [6.0, 1.0]])
    unlucky = kmeans(users, 2, init=np.array([[3.0, 0.0], [3.0, 1.0]])).inertia
    best = kmeans(users, 2, n_init=10).inertia
    shows = (
        f"Four users, two on the left and two on the right: from a start in the middle the "
        f"algorithm stops at J = {unlucky:.0f}; ten starts reach J = {best:.0f}."
    )
    return Proof("B5", shows, unlucky > 10 * best)


def _b6() -> Proof:
    line = np.array([0.0, 0.0, 1.0, 1.0, 20.0])
    mean, median = line.mean(), np.median(line)
    squares = [float(((line - c) ** 2).sum()) for c in (mean, median)]
    absolute = [float(np.abs(line - c).sum()) for c in (mean, median)]
    shows = (
        f"Five users on a line, mean {mean:.1f}, median {median:.0f}: the mean has the smaller sum "
        f"of squares ({squares[0]:.0f} against {squares[1]:.0f}), the median the smaller sum of "
        f"distances ({absolute[1]:.0f} against {absolute[0]:.0f})."
    )
    return Proof("B6", shows, squares[0] < squares[1] and absolute[1] < absolute[0])


def _b7() -> Proof:
    users = np.array([[0, 0], [3, 0], [0, 3], [1, 1]], dtype=float)  # counts of visits
    distance = np.linalg.norm(users - users[0], axis=1)
    is_open, closed = int((distance < 3).sum()), int((distance <= 3).sum())
    library = bool(_core(users, 3, closed)[0])
    shows = (
        f"Counts of visits, ε = 3: the open ball around the first user holds {is_open} users, the "
        f"closed one {closed}. With MinPts = {closed}, scikit-learn "
        f"{'calls' if library else 'does not call'} her a core point: it counts the closed ball."
    )
    return Proof("B7", shows, is_open < closed and library)


def _b8() -> Proof:
    users = X_AND_NEIGHBOURS
    size = int((np.linalg.norm(users - users[0], axis=1) <= 1.5).sum())
    at_least = bool(_core(users, 1.5, size)[0])
    more = bool(_core(users, 1.5, size + 1)[0])
    shows = (
        f"x has {size} points in her ball. With MinPts = {size}, '>' denies that she is a core "
        f"point and '≥' affirms it. scikit-learn {'affirms' if at_least else 'denies'} it, and "
        f"{'affirms' if more else 'denies'} it with MinPts = {size + 1}."
    )
    return Proof("B8", shows, at_least and not more)


def _b9() -> Proof:
    min_pts, printed = 3, 3
    by_own_rule, as_it_should = printed > min_pts, printed >= min_pts
    library = bool(_core(X_AND_NEIGHBOURS, 1.5, min_pts)[0])
    shows = (
        f"3 > 3 is {by_own_rule}, 3 ≥ 3 is {as_it_should}; on coordinates that fit the example, "
        f"scikit-learn says that x {'is' if library else 'is not'} a core point."
    )
    return Proof("B9", shows, not by_own_rule and as_it_should and library)


def _b10() -> Proof:
    distance = np.linalg.norm(X_AND_NEIGHBOURS - X_AND_NEIGHBOURS[0], axis=1)
    inside = int((distance <= 1.5).sum())
    library = bool(_core(X_AND_NEIGHBOURS, 1.5, 4)[0])
    shows = (
        f"x is at distance {distance[0]:.0f} from herself, so N(x, 1.5) holds {inside} points, not "
        f"3. With MinPts = 4, scikit-learn {'calls' if library else 'does not call'} her a core "
        "point: it counts her, too."
    )
    return Proof("B10", shows, distance[0] == 0 and inside == 4 and library)


def _b11() -> Proof:
    labels = dbscan(X_AND_NEIGHBOURS, 1.5, 3).labels
    library = DBSCAN(eps=1.5, min_samples=3).fit_predict(X_AND_NEIGHBOURS)
    clusters = len(set(labels.tolist()))
    shows = (
        f"The example with coordinates: x, y1, y2 and y3 get the labels {labels.tolist()}, "
        f"{clusters} cluster, from our DBSCAN and from scikit-learn's. The article's cluster of x "
        "alone would have 1 member where MinPts = 3."
    )
    same = bool((labels == library).all())
    return Proof("B11", shows, same and clusters == 1 and int(labels[0]) >= 0)


def _b12() -> Proof:
    users = np.array([[0.0, 0.0], [5.0, 5.0], [9.0, 1.0]])
    rng = np.random.default_rng(0)
    space = [rng.uniform(-2, 2, size=(n, 2)) for n in (1000, 100_000)]
    counts = [int((np.linalg.norm(points, axis=1) <= 1.5).sum()) for points in space]
    in_data = int((np.linalg.norm(users - users[0], axis=1) <= 1.5).sum())
    shows = (
        f"Around the first of three users: {in_data} user (herself) within ε = 1.5, but "
        f"{counts[0]:,} and {counts[1]:,} points of the space when 1000 and 100,000 are drawn; "
        "there is no end to it."
    )
    return Proof("B12", shows, in_data == 1 and counts[1] > 50 * counts[0] > 0)


def _b13() -> Proof:
    chain = np.arange(6.0)[:, None]  # six users in a row, each a step from the next
    core = _core(chain, 1.0, 2)
    close = np.abs(chain - chain.T) <= 1
    # The text allows this: one cluster per core point, made of what lies in its ball.
    one_each = len({tuple(row) for row in close[core].tolist()})
    linked = dbscan(chain, 1.0, 2).n_clusters
    both_ways = {bool(_core(chain, 1.0, m)[2]) for m in (3, 4)}
    shows = (
        f"Six users in a row: one cluster per core point gives {one_each} clusters, linking core "
        f"points gives {linked}; the article's text excludes neither. And C(x, ε) has two values "
        "for one x and one ε, with MinPts = 3 and with 4."
    )
    return Proof("B13", shows, one_each > linked == 1 and len(both_ways) == 2)


def _b14() -> Proof:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"visits": rng.normal(20, 3, 201), "spent": rng.normal(100, 15, 201)})
    table.loc[200] = [60, 2000]  # the customer who spends most
    (scaled,) = standardise(table)
    found = dbscan(scaled.to_numpy(), 0.15, 5)
    typical = float(found.core[:200].mean())
    share = 2000 / table["spent"].sum()
    shows = (
        f"One customer of 201 brings {share:.0%} of the money and is noise (label "
        f"{found.labels[200]}); {typical:.0%} of the ordinary ones are core points."
    )
    return Proof("B14", shows, bool(found.labels[200] == -1 and typical > 0.5))


def _b15() -> Proof:
    left = np.array([[-1.0, 0.0], [-1.4, 0.3], [-1.4, -0.3], [-1.7, 0.0]])
    border, right = np.array([[0.0, 0.0]]), left * [-1, 1]
    joined, cores = [], []
    for blocks in ((left, border, right), (right, border, left)):
        users = np.vstack(blocks)
        found = dbscan(users, 1.0, 4)
        mates = users[(found.labels == found.labels[4]) & (np.arange(9) != 4)]
        joined.append("left" if mates[:, 0].mean() < 0 else "right")
        cores.append(int(found.core.sum()))
    shows = (
        f"One border point between two clusters: it joins the {joined[0]} one in one order of the "
        f"rows and the {joined[1]} one in the other. Both times {cores[0]} points are core points."
    )
    return Proof("B15", shows, joined[0] != joined[1] and cores[0] == cores[1])


def _b16() -> Proof:
    rng = np.random.default_rng(0)
    spread = ((0.0, 0.15), (1.2, 0.15), (8.0, 1.5))
    users = np.vstack([rng.normal((x, 0), s, size=(100, 2)) for x, s in spread])
    truth = np.repeat([0, 1, 2], 100)
    settings = list(product(np.arange(0.05, 2, 0.05), (3, 5, 10, 20)))
    results = [DBSCAN(eps=e, min_samples=m).fit_predict(users) for e, m in settings]
    good = sum(_keeps_all_groups(labels, truth) for labels in results)
    flattered = sum(agreement(labels, truth) >= 0.95 for labels in results)
    uneven = _keeps_all_groups(HDBSCAN(min_cluster_size=20, copy=True).fit_predict(users), truth)
    shows = (
        f"Two dense groups and a sparse one: {good} of {len(settings)} settings keep all three; "
        f"HDBSCAN, made for uneven density, {'does' if uneven else 'does not'}. (The adjusted Rand "
        f"index praises {flattered} of the settings, since it takes noise for a cluster.)"
    )
    return Proof("B16", shows, good == 0 and flattered > 0 and uneven)


def _keeps_all_groups(labels: np.ndarray, truth: np.ndarray) -> bool:
    """Say whether each group has 80 % of its members in a cluster of its own."""
    homes = []
    for group in np.unique(truth):
        names, counts = np.unique(labels[truth == group], return_counts=True)
        names, counts = names[names >= 0], counts[names >= 0]
        if not counts.size or counts.max() < 0.8 * np.sum(truth == group):
            return False
        homes.append(int(names[counts.argmax()]))
    return len(set(homes)) == len(homes)


def _b17() -> Proof:
    sizes = (500, 1000, 2000)
    rng = np.random.default_rng(0)
    of_pairs = [pdist(rng.normal(size=(n, 8))).nbytes for n in sizes]
    to_centres = [10 * n * 8 for n in sizes]
    growth, linear = of_pairs[2] / of_pairs[0], to_centres[2] / to_centres[0]
    million = 1_000_000 * 999_999 / 2 * 8
    shows = (
        f"From 500 to 2000 users the distances of all pairs grow {growth:.0f}-fold, the distances "
        f"to ten centres {linear:.0f}-fold; for a million users the pairs take "
        f"{million / 1e12:.0f} TB, the centres {10 * 8e6 / 1e6:.0f} MB."
    )
    same_rule = of_pairs == [n * (n - 1) // 2 * 8 for n in sizes]
    return Proof("B17", shows, same_rule and growth > 15 and linear == 4)


def _b18() -> Proof:
    rng = np.random.default_rng(0)
    contrast = {}
    for n_columns in (2, 1000):
        users = rng.uniform(size=(300, n_columns))
        distance = np.linalg.norm(users[1:] - users[0], axis=1)
        contrast[n_columns] = float(distance.max() / distance.min())
    truth = np.arange(300) % 3
    signal = 4 * np.eye(3)[truth] + rng.normal(size=(300, 3))
    noisy = np.hstack([signal, rng.normal(size=(300, 3000))])
    found = [agreement(kmeans(X, 3, n_init=3).labels, truth) for X in (signal, noisy)]
    shows = (
        f"Farthest divided by nearest neighbour: {contrast[2]:.0f} in 2 dimensions, "
        f"{contrast[1000]:.1f} in 1000. Three useful columns give K-means an agreement of "
        f"{found[0]:.2f} with the truth, 3000 columns of noise beside them {found[1]:.2f}."
    )
    holds = contrast[2] > 5 > 2 > contrast[1000] and found[0] > 0.9 and found[1] < 0.5
    return Proof("B18", shows, holds)


def _b19() -> Proof:
    # The loss (3w - 1)^2 at w = 2; the chain rule, which is back-propagation, gives its slope.
    w = 2.0
    gradient = 2 * (3 * w - 1) * 3
    numeric = ((3 * (w + 1e-6) - 1) ** 2 - (3 * (w - 1e-6) - 1) ** 2) / 2e-6
    untouched = w
    small, large = w - 0.01 * gradient, w - 0.05 * gradient
    adam = w - 0.01 * gradient / abs(gradient)  # its first step has the size of the learning rate
    shows = (
        f"After back-propagation the gradient is {gradient:.0f} and the weight still "
        f"{untouched:.0f}. From the same gradient, descent with two learning rates moves it to "
        f"{small:.2f} and {large:.2f}, and Adam to {adam:.2f}."
    )
    agree = abs(gradient - numeric) < 1e-3
    return Proof("B19", shows, agree and untouched == 2 and len({small, large, adam}) == 3)


def _b20() -> Proof:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 400)
    table = pd.DataFrame(
        {"visits": rng.normal(5 + 6 * truth, 1), "spent": rng.lognormal(6, 1.2, 400)}
    )
    ways = {
        "standardised": standardise(table)[0].to_numpy(),
        "from 0 to 1": MinMaxScaler().fit_transform(table),
        "shares of the row": normalise_rows(table).to_numpy(),
    }
    found = {name: agreement(kmeans(X, 2).labels, truth) for name, X in ways.items()}
    figures = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
    shows = f"Two groups that differ in their visits; agreement with the truth: {figures}."
    return Proof("B20", shows, max(found.values()) > 0.9 and min(found.values()) < 0.5)


PROOFS: dict[str, Callable[[], Proof]] = {
    "B1": _b1,
    "B2": _b2,
    "B3": _b3,
    "B4": _b4,
    "B5": _b5,
    "B6": _b6,
    "B7": _b7,
    "B8": _b8,
    "B9": _b9,
    "B10": _b10,
    "B11": _b11,
    "B12": _b12,
    "B13": _b13,
    "B14": _b14,
    "B15": _b15,
    "B16": _b16,
    "B17": _b17,
    "B18": _b18,
    "B19": _b19,
    "B20": _b20,
}
