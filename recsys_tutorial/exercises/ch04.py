"""Exercises of chapter 4, DBSCAN.

The usual mistakes begin with the source article's: its ball is open, its count must exceed MinPts,
the point itself is not counted, and its loop over clusters forgets the users without one.  The last
exercise cuts a viewer's times into visits, where density is the right idea.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recsys_tutorial.clustering import dbscan, k_distances, neighbourhoods
from recsys_tutorial.exercises.engine import Exercise, Mistake

# Hours of films and of series a week; the first viewer has neighbours at distance 5 exactly.
WEEKS = np.array(
    [[10, 10], [13, 14], [10, 5], [12, 12], [7, 10], [11, 10], [14, 14], [2, 3]], dtype=float
)
# Nine viewers by hours a week, for paper: eps is 1.5, and three make a crowd.
HOURS = np.array([[1.0], [2.0], [2.5], [4.0], [8.0], [9.0], [10.0], [14.0], [15.0]])


def _gaps(X: np.ndarray, i: int) -> np.ndarray:
    return np.sqrt(((X - X[i]) ** 2).sum(axis=1))


def _others(X: np.ndarray, i: int) -> np.ndarray:
    return np.arange(len(X)) != i


# ------------------------------------------------------------------ neighbours


def _neighbours(X: np.ndarray, i: int, eps: float) -> np.ndarray:
    return neighbourhoods(X, eps)[i]


def _strict(X: np.ndarray, i: int, eps: float) -> np.ndarray:
    return np.flatnonzero(_gaps(X, i) < eps)


def _without_itself(X: np.ndarray, i: int, eps: float) -> np.ndarray:
    return np.flatnonzero((_gaps(X, i) <= eps) & _others(X, i))


def _strict_without_itself(X: np.ndarray, i: int, eps: float) -> np.ndarray:
    return np.flatnonzero((_gaps(X, i) < eps) & _others(X, i))


def _squares_against_eps(X: np.ndarray, i: int, eps: float) -> np.ndarray:
    return np.flatnonzero(_gaps(X, i) ** 2 <= eps)


def _rows_themselves(X: np.ndarray, i: int, eps: float) -> np.ndarray:
    return X[_gaps(X, i) <= eps]


def _strict_squares(X: np.ndarray, i: int, eps: float) -> np.ndarray:
    return np.flatnonzero(_gaps(X, i) ** 2 < eps)


def _in_a_box(X: np.ndarray, i: int, eps: float) -> np.ndarray:
    return np.flatnonzero((np.abs(X - X[i]) <= eps).all(axis=1))


def _mask(X: np.ndarray, i: int, eps: float) -> np.ndarray:
    return _gaps(X, i) <= eps


def _in_a_tuple(X: np.ndarray, i: int, eps: float) -> tuple[np.ndarray]:
    return (_neighbours(X, i, eps),)


def _how_many(X: np.ndarray, i: int, eps: float) -> int:
    return len(_neighbours(X, i, eps))


def _neighbour_probes() -> list[tuple[np.ndarray, int, float]]:
    rng = np.random.default_rng(41)
    grid, cloud = rng.integers(0, 6, size=(20, 2)).astype(float), rng.normal(size=(30, 3))
    return [
        (np.array([[0.0, 0.0], [3.0, 4.0], [4.0, 4.0], [1.0, 1.0]]), 0, 5.0),
        (WEEKS, 2, 5.0),
        # Ties and copies; three columns; somebody alone; one viewer; all copies of one.
        (grid, 7, 2.0),
        (grid, 19, 1.0),
        (cloud, 4, 1.2),
        (np.vstack([cloud, [[50.0, 50.0, 50.0]]]), 30, 2.0),
        (cloud[:1], 0, 0.5),
        (np.ones((5, 2)), 3, 0.1),
    ]


# ------------------------------------------------------------------ kinds


def _kinds() -> list[str]:
    return [str(kind) for kind in dbscan(HOURS, eps=1.5, min_samples=3).kinds]


def _kinds_with(min_samples: int, eps: float = 1.5) -> list[str]:
    return [str(kind) for kind in dbscan(HOURS, eps, min_samples).kinds]


def _all_core() -> list[str]:
    return ["core" if kind == "border" else kind for kind in _kinds()]


def _no_border() -> list[str]:
    return ["noise" if kind == "border" else kind for kind in _kinds()]


def _pair_as_border() -> list[str]:
    # Each of the two has a neighbour, but no core point near.
    return ["border" if kind == "noise" else kind for kind in _kinds()]


# ------------------------------------------------------------------ the core condition


def _core_test(closed: bool, missing: int) -> Callable[[np.ndarray, int, float, int], bool]:
    """Make a core test that wants `missing` points more than it should."""

    def is_core(X: np.ndarray, i: int, eps: float, min_samples: int) -> bool:
        near = _gaps(X, i) <= eps if closed else _gaps(X, i) < eps
        return bool(near.sum() >= min_samples + missing)

    return is_core


def _core_by_squares(X: np.ndarray, i: int, eps: float, min_samples: int) -> bool:
    return bool((_gaps(X, i) ** 2 <= eps).sum() >= min_samples)


def _core_probes() -> list[tuple[np.ndarray, int, float, int]]:
    rng = np.random.default_rng(44)
    probes = [
        # The article's example: x, y1, y2, y3.
        (np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]), 0, 1.5, 3),
        # Exactly enough; exactly at eps; both; one too few; alone.
        (np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), 0, 1.5, 3),
        (np.array([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0], [0.0, 1.0]]), 0, 5.0, 4),
        (np.array([[0.0], [2.0], [-2.0], [1.0], [0.5]]), 0, 2.0, 3),
        (np.array([[0.0], [2.0], [-2.0], [1.0], [0.5]]), 0, 2.0, 4),
        (np.array([[0.0], [2.0], [-2.0], [1.0], [0.5]]), 0, 2.0, 6),
        (np.array([[7.0, 7.0]]), 0, 0.5, 1),
        (np.array([[7.0, 7.0]]), 0, 0.5, 2),
    ]
    grid, cloud = rng.integers(0, 5, size=(24, 2)).astype(float), rng.normal(size=(24, 3))
    probes += [(grid, i, 1.0, m) for i, m in ((0, 2), (5, 3), (11, 4), (17, 5))]
    probes += [(cloud, i, 1.1, m) for i, m in ((0, 2), (5, 3), (11, 4), (17, 5))]
    return probes


# ------------------------------------------------------------------ k-distances


def _sorted_gaps(X: np.ndarray) -> np.ndarray:
    return np.sort([_gaps(X, i) for i in range(len(X))], axis=1)


def _one_further(X: np.ndarray, k: int) -> np.ndarray:
    return _sorted_gaps(X)[:, min(k, len(X) - 1)]


def _k_of_the_mean(X: np.ndarray, k: int) -> np.ndarray:
    return _sorted_gaps(X)[:, :k].mean(axis=1)


def _k_squared(X: np.ndarray, k: int) -> np.ndarray:
    return k_distances(X, k) ** 2


def _k_sorted(X: np.ndarray, k: int) -> np.ndarray:
    return np.sort(k_distances(X, k))


def _k_farthest(X: np.ndarray, k: int) -> np.ndarray:
    return _sorted_gaps(X)[:, -k]


def _k_row_of_the_table(X: np.ndarray, k: int) -> np.ndarray:
    # Sorted down the columns of distances that were never sorted along the rows.
    return np.array([_gaps(X, i) for i in range(len(X))])[:, k - 1]


def _k_probes() -> list[tuple[np.ndarray, int]]:
    rng = np.random.default_rng(45)
    cloud = rng.normal(size=(15, 3)).round(2)
    return [
        (np.array([[9.0], [0.0], [1.0], [2.5]]), 2),
        (np.array([[9.0], [0.0], [1.0], [2.5]]), 3),
        (cloud, 1),
        (cloud, 4),
        (cloud, 14),
        # Copies: the nearest other viewer may be at distance 0.
        (np.repeat(cloud[:4], [3, 1, 2, 1], axis=0), 3),
        # Never all the rows: whoever counts from 1 should be told so, not stop with an IndexError.
        (rng.integers(0, 4, size=(20, 2)).astype(float), 5),
        (cloud[:2], 1),
    ]


# ------------------------------------------------------------------ recommending to noise


def _top(watched: np.ndarray, n: int) -> list[int]:
    ranked: list[int] = np.argsort(-watched.sum(axis=0), kind="stable")[:n].tolist()
    return ranked


def _lists(
    watched: np.ndarray, labels: np.ndarray, n: int, noise: Callable[[int], list[int] | None]
) -> dict[int, list[int]]:
    """Serve every cluster from its members, and each user without one by a rule."""
    lists = {}
    for user, label in enumerate(labels):
        mine = _top(watched[labels == label], n) if label >= 0 else noise(user)
        if mine is not None:
            lists[user] = mine
    return lists


def _served(watched: np.ndarray, labels: np.ndarray, n: int) -> dict[int, list[int]]:
    return _lists(watched, labels, n, lambda user: _top(watched, n))


def _lost(watched: np.ndarray, labels: np.ndarray, n: int) -> dict[int, list[int]]:
    return _lists(watched, labels, n, lambda user: None)


def _noise_as_cluster(watched: np.ndarray, labels: np.ndarray, n: int) -> dict[int, list[int]]:
    return _lists(watched, labels, n, lambda user: _top(watched[labels < 0], n))


def _last_cluster(watched: np.ndarray, labels: np.ndarray, n: int) -> dict[int, list[int]]:
    last = watched[labels == labels.max()]
    return _lists(watched, labels, n, lambda user: _top(last, n))


def _empty_lists(watched: np.ndarray, labels: np.ndarray, n: int) -> dict[int, list[int]]:
    return _lists(watched, labels, n, lambda user: [])


def _own_history(watched: np.ndarray, labels: np.ndarray, n: int) -> dict[int, list[int]]:
    return _lists(watched, labels, n, lambda user: _top(watched[[user]], n))


def _same_for_all(watched: np.ndarray, labels: np.ndarray, n: int) -> dict[int, list[int]]:
    return {user: _top(watched, n) for user in range(len(labels))}


def _clustered_only(watched: np.ndarray, labels: np.ndarray, n: int) -> dict[int, list[int]]:
    return _lists(watched, labels, n, lambda user: _top(watched[labels >= 0], n))


def _serving_probes() -> list[tuple[np.ndarray, np.ndarray, int]]:
    rng = np.random.default_rng(46)
    tiny = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1], [0, 1, 0, 1]])
    seen = (rng.random((14, 8)) < 0.4).astype(int)
    return [
        (tiny, np.array([0, 0, 1, 1, -1]), 2),
        (tiny, np.array([-1, 0, 0, -1, 0]), 1),
        # Nobody is noise; everybody is; two clusters and several lonely users; one user.
        (seen, np.arange(14) % 3, 3),
        (seen[:5], np.full(5, -1), 3),
        (seen, np.array([0, 0, 0, -1, -1, 1, 1, 1, 1, -1, 0, -1, 1, -1]), 4),
        (seen, np.array([-1, 2, 2, 1, 1, 0, 0, 0, 2, -1, 0, 1, -1, 0]), 2),
        (seen[:1], np.array([-1]), 2),
    ]


# ------------------------------------------------------------------ visits


def _visits(times: np.ndarray, pause: float) -> np.ndarray:
    """Number the visits of one viewer: a new one begins after a pause longer than `pause`."""
    order = np.argsort(times, kind="stable")
    labels = np.empty(len(times), dtype=int)
    labels[order] = _numbered(np.diff(times[order]) > pause)
    return labels


def _numbered(cuts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(cuts)]).astype(int)


def _visits_cut_at_eps(times: np.ndarray, pause: float) -> np.ndarray:
    order = np.argsort(times, kind="stable")
    labels = np.empty(len(times), dtype=int)
    labels[order] = _numbered(np.diff(times[order]) >= pause)
    return labels


def _visits_of_the_clock(times: np.ndarray, pause: float) -> np.ndarray:
    return np.unique(times // pause, return_inverse=True)[1]


def _visits_from_their_start(times: np.ndarray, pause: float) -> np.ndarray:
    labels, number, start = np.zeros(len(times), dtype=int), 0, float(times.min())
    for i in np.argsort(times, kind="stable"):
        if times[i] - start > pause:
            number, start = number + 1, float(times[i])
        labels[i] = number
    return labels


def _visits_in_row_order(times: np.ndarray, pause: float) -> np.ndarray:
    return _numbered(np.diff(times) > pause)


def _visits_in_row_order_both_ways(times: np.ndarray, pause: float) -> np.ndarray:
    return _numbered(np.abs(np.diff(times)) > pause)


def _visits_in_order_of_time(times: np.ndarray, pause: float) -> np.ndarray:
    return np.sort(_visits(times, pause))


def _visits_and_noise(times: np.ndarray, pause: float) -> np.ndarray:
    return dbscan(np.sort(times)[:, None], pause, 2).labels[np.argsort(np.argsort(times))]


def _number_of_visits(times: np.ndarray, pause: float) -> int:
    return int(_visits(times, pause).max()) + 1


def _visit_probes() -> list[tuple[np.ndarray, float]]:
    rng = np.random.default_rng(47)
    probes = [
        # In no order, a pause of an hour to the letter, and one rating that is a visit of its own.
        (np.array([30.5, 1.0, 2.0, 30.0, 3.0, 9.5]), 1.0),
        (np.array([0.8, 1.4, 5.0, 5.5, 1.9, 2.4]), 1.0),
        (np.array([7.0]), 1.0),
    ]
    for n_visits, n_ratings, pause in [(3, 12, 1.0), (5, 20, 2.0), (4, 30, 0.5)]:
        starts = np.cumsum(rng.integers(10, 60, n_visits))
        times = rng.choice(starts, n_ratings) + rng.integers(0, 9, n_ratings) * pause / 2
        probes.append((rng.permutation(times), pause))
    return probes


EXERCISES = (
    Exercise(
        "04.1",
        "Who is a neighbour",
        "predict",
        lambda: float(_how_many(WEEKS, 0, 5.0)),
        (
            Mistake(
                "only strict neighbours",
                lambda: float(len(_strict(WEEKS, 0, 5.0))),
                "You left out the viewers who are exactly eps away: the source article's slip. "
                "The ball is closed, so its rim belongs to it.",
            ),
            Mistake(
                "does not count the point itself",
                lambda: float(len(_without_itself(WEEKS, 0, 5.0))),
                "How far is the viewer from herself? The source article's example forgets her.",
            ),
            Mistake(
                "strict and without itself",
                lambda: float(len(_strict_without_itself(WEEKS, 0, 5.0))),
                "Both slips of the source article at once: the rim of the ball belongs to it, and "
                "so does its centre.",
            ),
            Mistake(
                "compares squared distance with eps",
                lambda: float(len(_squares_against_eps(WEEKS, 0, 5.0))),
                "You compared the sum of squares with eps. Take the root first, or square eps.",
            ),
            Mistake(
                "box instead of ball",
                lambda: float(len(_in_a_box(WEEKS, 0, 5.0))),
                "You compared each column with eps on its own: that is a square. The neighbourhood "
                "is round; combine the two differences by Pythagoras.",
            ),
            Mistake(
                "everybody",
                lambda: float(len(WEEKS)),
                "That is everybody. Look at the last viewer of the list: how far away is she?",
            ),
        ),
        "Write the distance beside each of the viewers, hers from herself included, and count "
        "those of at most eps.",
        "The difference (3, 4) has length 5 by Pythagoras. Do the same for the others, and mind "
        "those that come out at eps to the letter.",
    ),
    Exercise(
        "04.2",
        "The neighbourhood",
        "write",
        _neighbours,
        (
            Mistake(
                "only strict neighbours",
                _strict,
                "You ask for distances below eps, as the source article does. A point at distance "
                "eps exactly is a neighbour, too.",
            ),
            Mistake(
                "does not count the point itself",
                _without_itself,
                "Row i is missing from its own neighbourhood, as in the source article's example. "
                "Its distance to itself is zero.",
            ),
            Mistake(
                "strict and without itself",
                _strict_without_itself,
                "Two slips of the source article: points at distance eps belong to the "
                "neighbourhood, and so does row i itself.",
            ),
            Mistake(
                "compares squared distance with eps",
                _squares_against_eps,
                "You compare a squared distance with eps. Take the root, or square eps as well.",
            ),
            Mistake(
                "squared distance, and strict",
                _strict_squares,
                "Two slips: a squared distance is compared with eps, and points at distance eps "
                "exactly are left out.",
            ),
            Mistake(
                "the points themselves",
                _rows_themselves,
                "You return the points. Their row numbers are wanted: index nothing, look for "
                "where the condition holds.",
            ),
            Mistake(
                "box instead of ball",
                _in_a_box,
                "You compare each column with eps on its own, which gives a box. One distance per "
                "row is wanted.",
            ),
            Mistake(
                "true and false",
                _mask,
                "You return a True or False for every row. Which function turns that into row "
                "numbers?",
            ),
            Mistake(
                "inside a tuple",
                _in_a_tuple,
                "Your numbers are right, but they sit inside a tuple, as np.where returns them: "
                "take its first part, or use np.flatnonzero.",
            ),
            Mistake(
                "how many",
                _how_many,
                "You return how many neighbours there are. Their row numbers are wanted.",
            ),
        ),
        "Subtract row i from all rows, square, sum along the columns, take the root; then ask "
        "which are at most eps.",
        "X - X[i] has one row per point; sum its squares with axis=1. np.flatnonzero turns a "
        "column of True and False into row numbers in ascending order.",
        _neighbour_probes,
    ),
    Exercise(
        "04.3",
        "Three kinds of viewers",
        "predict",
        _kinds,
        (
            Mistake(
                "strictly more than min_samples",
                lambda: _kinds_with(4),
                "You wanted more than min_samples neighbours, or did not count the viewer herself: "
                "the source article does both. Exactly min_samples, herself included, is enough.",
            ),
            Mistake(
                "only strict neighbours",
                lambda: _kinds_with(3, 1.49),
                "You left out neighbours at distance eps exactly, the source article's slip.",
            ),
            Mistake(
                "nobody",
                lambda: ["noise"] * len(HOURS),
                "You find no dense place at all. Count again for the viewer with 2 hours: the ball "
                "is closed, she counts herself, and three are enough.",
            ),
            Mistake(
                "border called core",
                _all_core,
                "Somebody in a cluster need not be dense herself. Count the neighbours of the "
                "viewer with 4 hours.",
            ),
            Mistake(
                "border called noise",
                _no_border,
                "Somebody with few neighbours is still in the cluster if one of those few is a "
                "core point.",
            ),
            Mistake(
                "a pair called border",
                _pair_as_border,
                "The two viewers with most hours have only each other. Is either of them near a "
                "core point?",
            ),
        ),
        "First count the neighbours of all nine, and mark those with three or more. Only then "
        "look at the others.",
        "Make three columns: viewer, her neighbours, how many. Those who are not dense themselves "
        "are decided by one question: is a dense one among her neighbours?",
    ),
    Exercise(
        "04.4",
        "The article's core condition",
        "repair",
        _core_test(closed=True, missing=0),
        (
            Mistake(
                "nothing repaired",
                _core_test(closed=False, missing=2),
                "This is still the source article's condition. It has three slips: the ball, the "
                "comparison with min_samples, and who is counted.",
            ),
            Mistake(
                "strictly more, or without the point itself",
                _core_test(closed=True, missing=1),
                "The ball is right. But you want one point too many: either you ask for more than "
                "min_samples, or the point itself is not counted. The source article does both.",
            ),
            Mistake(
                "only the ball repaired",
                _core_test(closed=True, missing=2),
                "The ball is right. Two of the source article's slips are left: the comparison "
                "with min_samples, and the point itself.",
            ),
            Mistake(
                "only strict neighbours",
                _core_test(closed=False, missing=0),
                "The counting is right. But a point at distance eps exactly is a neighbour, too.",
            ),
            Mistake(
                "one of two counts repaired",
                _core_test(closed=False, missing=1),
                "One of the source article's slips is mended. The ball is still open, and you "
                "still want one point too many.",
            ),
            Mistake(
                "compares squared distance with eps",
                _core_by_squares,
                "You compare a squared distance with eps. Take the root, or square eps as well.",
            ),
        ),
        "Compare three places with the definitions: which distances count, which points count, "
        "and how many are enough.",
        "Ester et al. say it in words: at least MinPts points of the data set, the point itself "
        "among them, at a distance of at most eps. Each comparison has an equals sign in it.",
        _core_probes,
    ),
    Exercise(
        "04.5",
        "The k-distance",
        "write",
        k_distances,
        (
            Mistake(
                "does not count the point itself",
                _one_further,
                "You went one neighbour too far. The point itself, at distance zero, is the first.",
            ),
            Mistake(
                "squared",
                _k_squared,
                "These are squared distances. The curve is read in the units of eps.",
            ),
            Mistake(
                "sorted",
                _k_sorted,
                "Your numbers are right, but sorted. Keep the order of the rows here; sorting is "
                "for the picture.",
            ),
            Mistake(
                "mean of the k nearest",
                _k_of_the_mean,
                "You averaged over the k nearest. The distance to the k-th alone is wanted.",
            ),
            Mistake(
                "k-th farthest",
                _k_farthest,
                "You counted from the far end. Sort so that the nearest comes first.",
            ),
            Mistake(
                "not sorted by distance",
                _k_row_of_the_table,
                "You took the distance to row number k of the table. Sort the distances of each "
                "point first.",
            ),
        ),
        "For each row: the distances to all rows, sorted, and of these the k-th.",
        "Python counts from 0: the k-th of a sorted list has another number there. The first, at "
        "distance zero, is the point itself.",
        _k_probes,
    ),
    Exercise(
        "04.6",
        "Nobody goes home without a list",
        "repair",
        _served,
        (
            Mistake(
                "noise users lost",
                _lost,
                "The users with label -1 have no list at all: range never reaches -1. This is the "
                "source article's slip.",
            ),
            Mistake(
                "noise as a cluster",
                _noise_as_cluster,
                "You treat the users with label -1 as one more cluster. They have nothing in "
                "common but that they are alone. Use what everybody watched.",
            ),
            Mistake(
                "the last cluster's list",
                _last_cluster,
                "The users with label -1 get the list of the last cluster: an index of -1 counts "
                "from the end.",
            ),
            Mistake(
                "empty lists",
                _empty_lists,
                "The users with label -1 have a list, but nothing in it.",
            ),
            Mistake(
                "her own history",
                _own_history,
                "You rank by what the user herself has watched: she knows those films.",
            ),
            Mistake(
                "the same for all",
                _same_for_all,
                "Now everybody gets the same list. Keep the cluster's list for those who have a "
                "cluster.",
            ),
            Mistake(
                "popular among the clustered",
                _clustered_only,
                "You counted only users who have a cluster. Those without one watch films, too.",
            ),
        ),
        "Keep the loop for the clusters, and serve the users with label -1 afterwards, from the "
        "counts over all users.",
        "np.flatnonzero(labels == -1) finds them. Their list is made as a cluster's is, with all "
        "rows of watched in place of the members.",
        _serving_probes,
    ),
    Exercise(
        "04.7",
        "Cut where nothing happens",
        "write",
        _visits,
        (
            Mistake(
                "cut at the radius itself",
                _visits_cut_at_eps,
                "A pause of exactly the given length still belongs to the visit: the ball is "
                "closed, here as everywhere in the chapter.",
            ),
            Mistake(
                "hours of the clock",
                _visits_of_the_clock,
                "You cut at full hours of the clock. An evening that runs across one is torn in "
                "two; ask for the pause between two ratings in a row.",
            ),
            Mistake(
                "measured from the start of the visit",
                _visits_from_their_start,
                "You end a visit when it has lasted too long. DBSCAN walks from neighbour to "
                "neighbour: a visit may be long, if no pause in it is.",
            ),
            Mistake(
                "rows taken for the order of time",
                _visits_in_row_order,
                "The times stand in no order, and a step back in time was taken for no pause. "
                "Neighbours in the table are not neighbours on the clock.",
            ),
            Mistake(
                "rows taken for the order of time, steps back counted",
                _visits_in_row_order_both_ways,
                "You compared each row with the row before it. The times stand in no order: "
                "sort before you look for pauses.",
            ),
            Mistake(
                "in the order of time",
                _visits_in_order_of_time,
                "The visits are right, but in the order of time. Give each row its own visit, in "
                "the order of the rows you were given.",
            ),
            Mistake(
                "a visit of one rating called noise",
                _visits_and_noise,
                "Somebody who rates a single film has paid a visit as well: here one rating is "
                "enough for a crowd.",
            ),
            Mistake(
                "counted from 1",
                lambda times, pause: _visits(times, pause) + 1,
                "The visits are right. Count them from 0, as DBSCAN does.",
            ),
            Mistake(
                "how many",
                _number_of_visits,
                "That is the number of visits. To which of them does each rating belong?",
            ),
        ),
        "Put the times in order, look at the pauses between neighbours, and begin a new visit "
        "after each pause that is too long.",
        "np.argsort gives the order and np.diff the pauses of the sorted times. A running sum "
        "(np.cumsum) of the Trues numbers the visits; then put the numbers back where they "
        "belong.",
        _visit_probes,
    ),
)
