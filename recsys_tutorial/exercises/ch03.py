"""Exercises of chapter 3, K-means.

Some of the mistakes are the source article's own: an objective that adds the distances to all
centres, and an update that averages the old centre in place of the points.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from recsys_tutorial.clustering import assign_to_centres, kmeans, squared_distances
from recsys_tutorial.exercises.engine import Exercise, Mistake

Update: TypeAlias = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

# The article's worked example: three centres, and one user at (2.4, 2.2).
CENTRES = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
USER = np.array([[2.4, 2.2]])
# Two users on the left, two on the right; the bad start draws its centres between them.
SQUARE = np.array([[0.0, 0.0], [0.0, 1.0], [6.0, 0.0], [6.0, 1.0]])
# Five viewers by hours a week; the chapter moves two centres by hand from the first two of them.
HOURS = np.array([[1.0], [2.0], [4.0], [7.0], [9.0]])
MINUTES_IN_AN_HOUR = 60
BAD_START = np.array([[3.0, 0.0], [3.0, 1.0]])


def _means(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.array([X[labels == i].mean(axis=0) for i in range(len(centres))])


def _with_old_centre(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    members = [np.vstack([X[labels == i], centres[i]]) for i in range(len(centres))]
    return np.array([m.mean(axis=0) for m in members])


def _divide_by_all(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.array([X[labels == i].sum(axis=0) / len(X) for i in range(len(centres))])


def _medians(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.array([np.median(X[labels == i], axis=0) for i in range(len(centres))])


def _one_number_each(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.array([X[labels == i].mean() for i in range(len(centres))])


def _update_probes() -> list[tuple[np.ndarray, ...]]:
    rng = np.random.default_rng(3)
    X, centres = rng.normal(size=(12, 2)), rng.normal(size=(3, 2))
    tiny = (SQUARE, np.array([0, 0, 1, 1]), BAD_START)
    wide = rng.normal(size=(40, 5))
    return [
        tiny,
        (X, np.arange(12) % 3, centres),
        (X, np.arange(12) // 5, centres),
        # Sizes far apart, duplicates, and as many clusters as users.
        (np.repeat(X[:4], 3, axis=0), np.repeat([0, 1, 1, 1], 3), centres[:2]),
        (wide, np.arange(40) * 7 // 80, rng.normal(size=(4, 5))),
        (wide[:3], np.array([2, 0, 1]), wide[5:8]),
    ]


def _objective(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> float:
    return float(((X - centres[labels]) ** 2).sum())


def _iterate(X: np.ndarray, start: np.ndarray, update: Update) -> np.ndarray:
    labels, centres = None, start
    while labels is None or (assign_to_centres(X, centres) != labels).any():
        labels = assign_to_centres(X, centres)
        centres = update(X, labels, centres)
    return centres


def _loop(X: np.ndarray, start: np.ndarray) -> np.ndarray:
    return kmeans(X, len(start), init=start).centres


def _one_round(X: np.ndarray, start: np.ndarray) -> np.ndarray:
    return _means(X, assign_to_centres(X, start), start)


def _loop_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    # In none of these does a cluster lose its last user: that is for later in the chapter.
    rng, probes = np.random.default_rng(6), [(HOURS, HOURS[:2])]
    for n_users, n_clusters, n_columns in [
        (9, 2, 2),
        (15, 3, 2),
        (30, 3, 4),
        (40, 4, 2),
        (6, 6, 1),
    ]:
        X = rng.normal(size=(n_users, n_columns)).round(2)
        probes.append((X, X[:n_clusters]))
    return probes


def _objective_probes() -> list[tuple[np.ndarray, ...]]:
    rng = np.random.default_rng(2)
    X, centres = rng.normal(size=(25, 3)), rng.normal(size=(6, 3))
    return [
        (SQUARE, np.array([0, 1, 0, 1]), BAD_START),
        (SQUARE, np.array([0, 0, 1, 1]), np.array([[6.0, 0.5], [0.0, 0.5]])),
        # One user; a centre without users; labels that are not the nearest.
        (X[:1], np.array([0]), centres[:1]),
        (X, np.arange(25) % 5, centres),
        (X, rng.integers(0, 6, size=25), centres),
        (np.repeat(X, 2, axis=0), np.repeat(np.arange(25) % 2, 2), centres[:2]),
    ]


def _all_centres(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> float:
    return float(squared_distances(X, centres).sum())


def _not_squared(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> float:
    return float(np.sqrt(((X - centres[labels]) ** 2).sum(axis=1)).sum())


def _per_user(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> float:
    return _objective(X, labels, centres) / len(X)


def _nearest_only(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> float:
    return float(squared_distances(X, centres).min(axis=1).sum())


def _safe_update(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    kept = centres.copy()
    for i in np.unique(labels):
        kept[i] = X[labels == i].mean(axis=0)
    return kept


def _nan_for_empty(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    lost = np.full_like(centres, np.nan)
    for i in np.unique(labels):
        lost[i] = X[labels == i].mean(axis=0)
    return lost


def _zero_for_empty(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.nan_to_num(_nan_for_empty(X, labels, centres))


def _drop_empty(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.array([X[labels == i].mean(axis=0) for i in np.unique(labels)])


def _empty_probes() -> list[tuple[np.ndarray, ...]]:
    one_user = (np.array([[1.2, 0.9]]), np.array([0]), CENTRES)
    rng = np.random.default_rng(4)
    X = rng.normal(size=(30, 3))
    return [
        one_user,
        (rng.normal(size=(6, 2)), np.array([0, 0, 2, 2, 2, 0]), CENTRES),
        # Nobody in the first, the last, or in two clusters, and a case without an empty one.
        (X[:6], np.array([1, 2, 1, 2, 1, 2]), X[10:13]),
        (X[:6], np.array([0, 1, 1, 0, 1, 0]), X[10:13]),
        (X, np.arange(30) % 2 * 3, X[:5]),
        (X, np.arange(30) % 4, X[:4]),
    ]


EXERCISES = (
    Exercise(
        "03.1",
        "What one user costs",
        "predict",
        lambda: float(squared_distances(USER, CENTRES).min()),
        (
            Mistake(
                "all centres",
                lambda: float(squared_distances(USER, CENTRES).sum()),
                "You added the squared distances to all three centres, as the source article does. "
                "A user belongs to one cluster: which term of the sum is hers?",
            ),
            Mistake(
                "not squared",
                lambda: float(np.sqrt(squared_distances(USER, CENTRES).min())),
                "That is the distance. What does the formula do with it?",
            ),
            Mistake(
                "wrong centre",
                lambda: float(squared_distances(USER, CENTRES)[0, 0]),
                "That is the squared distance to the first centre. Is it the nearest one?",
            ),
        ),
        "Find the nearest centre first, then take the squared distance to that one alone.",
        "Write down the three squared distances, then cross out those to centres that are "
        "not hers.",
    ),
    Exercise(
        "03.2",
        "The objective J",
        "write",
        _objective,
        (
            Mistake(
                "all centres",
                _all_centres,
                "Your J adds the squared distances to all centres, as the source article does. "
                "Each user counts once, with the centre of her own cluster.",
            ),
            Mistake(
                "not squared",
                _not_squared,
                "You added distances. J adds their squares; it is these that the mean minimises.",
            ),
            Mistake(
                "mean instead of sum",
                _per_user,
                "You divided by the number of users. J is a sum.",
            ),
            Mistake(
                "ignores the labels",
                _nearest_only,
                "You took the nearest centre. J takes the centre that `labels` says, "
                "even when another one is nearer.",
            ),
        ),
        "Pick each user's centre with centres[labels], subtract, square, sum over everything.",
        "In one line of algebra: for each row n, the sum of (X[n] - centres[labels[n]]) "
        "squared; then the sum over n. No mean, no root, no minimum.",
        _objective_probes,
    ),
    Exercise(
        "03.3",
        "Moving the centres",
        "write",
        _means,
        (
            Mistake(
                "old centres",
                lambda X, labels, centres: centres,
                "The centres did not move. The source article averages the old centre; "
                "the mean is taken over the users of the cluster.",
            ),
            Mistake(
                "old centre counted as a member",
                _with_old_centre,
                "You counted the old centre as one more user. It is not one.",
            ),
            Mistake(
                "divided by all users",
                _divide_by_all,
                "You divided by the number of all users. Divide by the size of the cluster.",
            ),
            Mistake(
                "one number for each cluster",
                _one_number_each,
                "Your result has shape (k,), one number for each cluster; a centre has as many "
                "columns as X. Take the mean down the rows of the cluster, column by column.",
            ),
            Mistake(
                "median",
                _medians,
                "You took medians. They minimise the sum of absolute distances, not of squares.",
            ),
        ),
        "For each cluster, select its users with labels == i and take the mean of their rows.",
        "Loop i over range(len(centres)). The rows X[labels == i] are the members; the mean "
        "over axis 0 is the new centre; the old one does not occur.",
        _update_probes,
    ),
    Exercise(
        "03.4",
        "The whole loop",
        "write",
        _loop,
        (
            Mistake(
                "one round",
                _one_round,
                "You assigned once and moved once. After the move somebody may be nearer to "
                "another centre: go on until nobody changes.",
            ),
            Mistake(
                "old centre counted as a member",
                lambda X, start: _iterate(X, start, _with_old_centre),
                "Your update counts the old centre as one more user, a relative of the source "
                "article's slip. Only the users of the cluster enter the mean.",
            ),
            Mistake(
                "centres never moved",
                lambda X, start: start,
                "You return the centres that you were given. The source article's example ends "
                "like this: its new centre is the old one.",
            ),
            Mistake(
                "labels",
                lambda X, start: assign_to_centres(X, _loop(X, start)),
                "You return who is in which cluster. The centres are wanted.",
            ),
            Mistake(
                "median",
                lambda X, start: _iterate(X, start, _medians),
                "You moved the centres to medians: that is k-medians, for another distance.",
            ),
            Mistake(
                "sorted",
                lambda X, start: np.sort(_loop(X, start), axis=0),
                "Your centres are right, but in another order. Centre number i begins at start[i].",
            ),
        ),
        "Repeat two moves: assign everybody to the nearest centre, then move each centre to the "
        "mean of its users. Stop when nobody has changed.",
        "Keep the labels of the last round beside the new ones, and leave the loop when the two "
        "are equal. The functions assign_to_centres and my_update do the two moves; while "
        "my_update has no answer, take update_centres of the package.",
        _loop_probes,
    ),
    Exercise(
        "03.5",
        "A bad start",
        "predict",
        lambda: kmeans(SQUARE, 2, init=BAD_START).inertia,
        (
            Mistake(
                "best possible",
                lambda: kmeans(SQUARE, 2).inertia,
                "That is the J of the best clustering. Does the algorithm get there "
                "from this start? Do one step by hand.",
            ),
            Mistake(
                "one cluster",
                lambda: kmeans(SQUARE, 1).inertia,
                "That is J for a single cluster. There are two centres; who goes to which?",
            ),
            Mistake(
                "one user",
                lambda: 9.0,
                "That is what one user costs. J sums over all four.",
            ),
        ),
        "Assign the four users to the centres, move the centres, and see whether anybody moves.",
        "Which two users are nearest to (3, 0)? Take their mean. Is it a new place? Then J "
        "is four times what one user costs.",
    ),
    Exercise(
        "03.6",
        "Other units",
        "predict",
        lambda: float(MINUTES_IN_AN_HOUR**2),
        (
            Mistake(
                "not squared",
                lambda: float(MINUTES_IN_AN_HOUR),
                "That is what a distance grows by. J adds squares of distances.",
            ),
            Mistake(
                "unchanged",
                lambda: 1.0,
                "The groups stay the same, but J is measured in the units of the data.",
            ),
            Mistake(
                "the wrong way",
                lambda: 1 / MINUTES_IN_AN_HOUR**2,
                "There are more minutes than hours, so every difference is a larger number.",
            ),
            Mistake(
                "per user and square",
                lambda: float(MINUTES_IN_AN_HOUR**4),
                "You squared twice. One square is in the formula of J, and no other.",
            ),
        ),
        "Follow one user who is one hour from her centre. What does she add to J in each unit?",
        "Every difference is multiplied by the same number. J adds squares of differences.",
    ),
    Exercise(
        "03.7",
        "Nobody is left",
        "repair",
        _safe_update,
        (
            Mistake(
                "still not a number",
                _nan_for_empty,
                "An empty cluster still becomes nan: the mean of no users does not exist.",
            ),
            Mistake(
                "zero",
                _zero_for_empty,
                "An empty cluster jumps to the origin. That is a place in the data like any "
                "other; let the centre stay where it was.",
            ),
            Mistake(
                "cluster dropped",
                _drop_empty,
                "The empty cluster has disappeared, and the numbers of the others have shifted. "
                "Return as many centres as you were given.",
            ),
        ),
        "Start from a copy of the old centres and overwrite only those that have users.",
        "Loop over np.unique(labels), which leaves out the clusters without users, and "
        "write into the copy.",
        _empty_probes,
    ),
)
