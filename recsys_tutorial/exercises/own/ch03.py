"""Chapter 3 on a class's own table: the objective, the update, the loop, bad starts."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from recsys_tutorial.clustering import assign_to_centres, kmeans, squared_distances
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import Material, need

ALIKE = "Too many of your people have the same things, so they cannot be told apart. Bring more."
Grouping = tuple[np.ndarray, np.ndarray, np.ndarray]
# Three of the columns are enough for a learner to look at.
COLUMNS = 3


def _farthest(material: Material) -> tuple[np.ndarray, np.ndarray]:
    """Three centres on the map of the people, and the one who is farthest from her own."""
    need(len(np.unique(material.points, axis=0)) >= 4, ALIKE)
    centres = np.round(kmeans(material.points, 3, random_state=0).centres, 1)
    nearest = squared_distances(material.points, centres).min(axis=1)
    return material.points[[int(nearest.argmax())]], centres


def _cost(user: np.ndarray, centres: np.ndarray) -> float:
    return float(squared_distances(user, centres).min())


def _crowd(material: Material, n: int, n_centres: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Draw people, and some of them as centres; all these differ."""
    X = material.vectors[:, :COLUMNS]
    drawn = material.distinct(X, n, name)
    need(len(drawn) > n_centres, ALIKE)
    return X[drawn], X[drawn[:n_centres]]


def _grouped(material: Material, n: int, n_centres: int, name: str) -> Grouping:
    """Put everybody with the nearest centre, except that every fifth person is in another group."""
    X, centres = _crowd(material, n, n_centres, name)
    labels = assign_to_centres(X, centres)
    labels[n_centres::5] = (labels[n_centres::5] + 1) % n_centres
    return X, labels, centres


def _nearest(material: Material, n: int, n_centres: int, name: str) -> Grouping:
    X, centres = _crowd(material, n, n_centres, name)
    return X, assign_to_centres(X, centres), centres


def _loses_somebody(X: np.ndarray, start: np.ndarray) -> bool:
    """Whether a cluster becomes empty on the way: that is for later in the chapter."""
    labels, centres = None, start
    while labels is None or (assign_to_centres(X, centres) != labels).any():
        labels = assign_to_centres(X, centres)
        if len(np.unique(labels)) < len(start):
            return True
        centres = np.array([X[labels == i].mean(axis=0) for i in range(len(start))])
    return False


def _starts(material: Material) -> list[tuple[np.ndarray, np.ndarray]]:
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for attempt in range(20):
        sizes = [(40, 3), (25, 2), (15, 3)]
        n, k = sizes[len(found) % 3]
        X, start = _crowd(material, n, k, f"03.4 {attempt}")
        if not _loses_somebody(X, start):
            found.append((X, start))
        if len(found) == 4:
            break
    need(found, ALIKE)
    return found


def _stuck(material: Material) -> tuple[np.ndarray, np.ndarray]:
    """Four people, and a start between the wrong pairs that K-means never leaves."""
    drawn = material.distinct(material.points, 12, "03.5")
    need(len(drawn) >= 4, ALIKE)
    best_ratio, found = 0.0, None
    for four in combinations(drawn, 4):
        X = material.points[list(four)]
        ends = []
        for pairs in ([0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0]):
            labels = np.array(pairs)
            start = np.array([X[labels == group].mean(axis=0) for group in (0, 1)])
            to = ((X[:, None] - start) ** 2).sum(axis=2)
            # Stays as it is, and nobody stands halfway.
            if ((to[:, 1] - to[:, 0]) * (1 - 2 * labels) > 0.1).all():
                ends.append((float(to.min(axis=1).sum()), start))
        if len(ends) > 1:
            ends.sort(key=lambda end: end[0])
            ratio = ends[-1][0] / max(ends[0][0], 0.1)
            if ratio > best_ratio:
                best_ratio, found = ratio, (X, ends[-1][1])
    need(found is not None, ALIKE)
    assert found is not None
    return found


def _end(X: np.ndarray, start: np.ndarray) -> float:
    return float(kmeans(X, len(start), init=start).inertia)


def _deserted(material: Material, empty: tuple[int, ...], n: int) -> Grouping:
    """Four centres, and nobody in some of their groups."""
    X, centres = _crowd(material, n, 4, f"03.7 {empty}")
    open_groups = np.array([group for group in range(4) if group not in empty])
    return X, open_groups[np.arange(len(X)) % len(open_groups)], centres


VARIANTS = (
    Variant(
        "03.1",
        "`user` is one of your people on a map of your table, and `centres` are three places on "
        "it. What does she add to J? A number within 1 percent counts.",
        _farthest,
        expected=_cost,
        hint="Find her nearest centre, and square the distance to that one alone: the other two "
        "centres have nothing to do with her.",
        tolerance=0.01,
    ),
    Variant(
        "03.2",
        "`X` describes some of your people; `labels` and `centres` say who is in which group. "
        "Write the objective J.",
        lambda material: _grouped(material, 40, 4, "03.2"),
        lambda material: [_grouped(material, n, 3, f"03.2 {n}") for n in (6, 20)],
    ),
    Variant(
        "03.3",
        "Your people `X` have been put with the nearest of `centres`. Move the centres.",
        lambda material: _nearest(material, 40, 3, "03.3"),
        lambda material: [_nearest(material, n, 2, f"03.3 {n}") for n in (8, 25)],
    ),
    Variant(
        "03.4",
        "Group your people `X` from the centres `start`: the whole loop, until nobody moves.",
        lambda material: _starts(material)[0],
        lambda material: _starts(material)[1:],
    ),
    Variant(
        "03.5",
        "`X` are four of your people on the map, and `start` are two centres. Guess, then work it "
        "out on paper: at which J does K-means end? A number within 1 percent counts.",
        _stuck,
        expected=_end,
        hint="Who is nearest to which centre? Move the centres to the means and ask again whether "
        "anybody changes. J then adds the squares for all four.",
        tolerance=0.01,
    ),
    Variant(
        "03.6",
        "Describe each person by the share of your `n_things` things that she has; then by how "
        "many it is. By which factor does J grow, if the groups stay the same?",
        lambda material: (material.n_items,),
        expected=lambda n_things: float(n_things**2),
        hint="By how much does one person's distance from her centre grow? J adds squares.",
    ),
    Variant(
        "03.7",
        "Nobody of your people `X` is in one of the groups. Mend the update, so that the centre of "
        "an empty group stays where it was.",
        lambda material: _deserted(material, (1,), 20),
        lambda material: [_deserted(material, *case) for case in (((0,), 12), ((2, 3), 9))],
    ),
)
