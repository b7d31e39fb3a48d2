"""Exercises of chapter 6, judging clusters.

Two of the mistakes are the source article's own: a number of clusters that nothing chose, and the
rule that a smaller J means better clusters.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from recsys_tutorial.clustering import adjusted_rand, rand_index, silhouette_values
from recsys_tutorial.exercises.engine import Exercise, Mistake

# Five viewers by hours a week, in two groups; the chapter asks about the third of them.
HOURS = np.array([[1.0], [2.0], [4.0], [8.0], [9.0]])
GROUPS = np.array([0, 0, 0, 1, 1])
# Eight viewers in an even row and one far away, grouped in three ways.
ROW = np.array([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [7.0], [8.0], [40.0]])
WAYS = {
    "halves": np.array([0, 0, 0, 0, 1, 1, 1, 1, 1]),
    "pairs": np.array([0, 0, 1, 1, 2, 2, 3, 3, 4]),
    "outsider": np.array([0, 0, 0, 0, 0, 0, 0, 0, 1]),
}


# ------------------------------------------------------------------ silhouettes


def _distances(X: np.ndarray, i: int) -> np.ndarray:
    return np.sqrt(((X - X[i]) ** 2).sum(axis=1))


def _a_and_b(
    X: np.ndarray, labels: np.ndarray, i: int, distances: np.ndarray | None = None
) -> tuple[float, float]:
    d = _distances(X, i) if distances is None else distances
    mine = labels == labels[i]
    mine[i] = False
    a = float(d[mine].mean()) if mine.any() else 0.0
    return a, min(float(d[labels == c].mean()) for c in np.unique(labels) if c != labels[i])


def _alone(labels: np.ndarray, i: int) -> bool:
    return int((labels == labels[i]).sum()) == 1


def _silhouette(X: np.ndarray, labels: np.ndarray, i: int) -> float:
    return float(silhouette_values(X, labels)[i])


def _own_point_counted(X: np.ndarray, labels: np.ndarray, i: int) -> float:
    if _alone(labels, i):
        return 0.0
    a = float(_distances(X, i)[labels == labels[i]].mean())
    b = _a_and_b(X, labels, i)[1]
    return (b - a) / max(a, b)


def _divided_by(which: int, X: np.ndarray, labels: np.ndarray, i: int) -> float:
    if _alone(labels, i):
        return 0.0
    pair = _a_and_b(X, labels, i)
    return (pair[1] - pair[0]) / pair[which]


def _all_others(X: np.ndarray, labels: np.ndarray, i: int) -> float:
    if _alone(labels, i):
        return 0.0
    a = _a_and_b(X, labels, i)[0]
    b = float(_distances(X, i)[labels != labels[i]].mean())
    return (b - a) / max(a, b)


def _squares(X: np.ndarray, labels: np.ndarray, i: int) -> float:
    if _alone(labels, i):
        return 0.0
    a, b = _a_and_b(X, labels, i, _distances(X, i) ** 2)
    return (b - a) / max(a, b)


def _to_centres(X: np.ndarray, labels: np.ndarray, i: int) -> float:
    if _alone(labels, i):
        return 0.0
    gaps = {c: np.linalg.norm(X[labels == c].mean(axis=0) - X[i]) for c in np.unique(labels)}
    a = float(gaps.pop(labels[i]))
    b = float(min(gaps.values()))
    return (b - a) / max(a, b)


def _nan_if_alone(X: np.ndarray, labels: np.ndarray, i: int) -> float:
    return float("nan") if _alone(labels, i) else _silhouette(X, labels, i)


def _alone_is_one(X: np.ndarray, labels: np.ndarray, i: int) -> float:
    a, b = _a_and_b(X, labels, i)
    return (b - a) / max(a, b)


def _silhouette_probes() -> list[tuple[np.ndarray, np.ndarray, int]]:
    rng = np.random.default_rng(6)
    X = rng.normal(size=(14, 2)).round(2)
    thirds, chance = np.arange(14) % 3, rng.integers(0, 4, size=14)
    chance[:4] = np.arange(4)
    apart = np.array([[0.0, 0.0], [0.0, 2.0], [3.0, 0.0], [9.0, 0.0]])
    return [
        (HOURS, GROUPS, 2),
        (apart, np.array([0, 0, 1, 2]), 0),
        (apart, np.array([0, 0, 1, 2]), 3),
        # Badly grouped rows, labels that are not 0, 1, 2, duplicates, and a wide table.
        (HOURS, np.array([0, 1, 1, 0, 1]), 1),
        *[(X, thirds, i) for i in (0, 5, 13)],
        *[(X, chance * 5 + 2, i) for i in (1, 8)],
        (np.repeat(X[:5], 2, axis=0), np.arange(10) // 4, 6),
        (rng.normal(size=(20, 5)), np.arange(20) // 7, 3),
    ]


# ------------------------------------------------------------------ the null


def _null(X: np.ndarray, orders: np.ndarray) -> np.ndarray:
    return np.take_along_axis(X, orders, axis=0)


def _back_to_front(X: np.ndarray, orders: np.ndarray) -> np.ndarray:
    moved = np.empty_like(X)
    np.put_along_axis(moved, orders, X, axis=0)
    return moved


def _evenly_spread(X: np.ndarray, orders: np.ndarray) -> np.ndarray:
    low, high = X.min(axis=0), X.max(axis=0)
    return low + (high - low) * orders / max(len(X) - 1, 1)


def _null_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(63)
    small = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 50.0]])
    probes = [(small, np.array([[1, 2], [2, 0], [0, 1]]))]
    for n_rows, n_columns in [(4, 2), (7, 3), (12, 5), (30, 2), (6, 6)]:
        X = rng.normal(size=(n_rows, n_columns)).round(2)
        rows = np.tile(np.arange(n_rows)[:, None], (1, n_columns))
        probes.append((X, rng.permuted(rows, axis=0)))
    # Duplicates, and one column.
    probes.append((np.repeat(small, 2, axis=0), rng.permuted(np.tile(range(6), (2, 1)).T, axis=0)))
    probes.append((small[:, :1], np.array([[2], [0], [1]])))
    return probes


# ------------------------------------------------------------------ two groupings


def _pairs(labels: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = np.array(list(combinations(range(len(labels)), 2)))
    first, second = rows[:, 0], rows[:, 1]
    return labels[first] == labels[second], truth[first] == truth[second]


def _number_by_number(labels: np.ndarray, truth: np.ndarray) -> float:
    return float((labels == truth).mean())


def _with_herself(labels: np.ndarray, truth: np.ndarray) -> float:
    same, really = labels[:, None] == labels, truth[:, None] == truth
    return float((same == really).mean())


def _together_only(labels: np.ndarray, truth: np.ndarray) -> float:
    same, really = _pairs(labels, truth)
    return float((same & really).mean())


def _of_the_true_pairs(labels: np.ndarray, truth: np.ndarray) -> float:
    same, really = _pairs(labels, truth)
    return float((same & really).sum() / max(really.sum(), 1))


def _pair_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(64)
    probes = [
        (np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0])),
        (np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])),
        # Numbers that are not 0, 1, 2, all alone, all together, and two viewers.
        (np.array([7, 7, 2, 9, 9]), np.array([0, 1, 1, 2, 2])),
        (np.arange(5), np.array([0, 0, 0, 1, 1])),
        (np.zeros(5, dtype=int), np.array([0, 0, 0, 1, 2])),
        (np.array([0, 1]), np.array([0, 0])),
    ]
    for n_rows, n_groups in [(9, 2), (16, 3), (25, 5)]:
        pair = rng.integers(0, n_groups, size=(2, n_rows))
        probes.append((pair[0], pair[1]))
    return probes


# ------------------------------------------------------------------ choosing k


def _row(table: pd.DataFrame, k: Any, column: str = "test") -> list[float]:
    return [float(k), float(table[column][k])]


def _report(table: pd.DataFrame) -> list[float]:
    return _row(table, table["validation"].idxmax())


def _reports_validation(table: pd.DataFrame) -> list[float]:
    return _row(table, table["validation"].idxmax(), "validation")


def _best_of_both(table: pd.DataFrame) -> list[float]:
    return [_report(table)[0], float(table["test"].max())]


def _table(ks: list[int], rng: np.random.Generator) -> pd.DataFrame:
    n = len(ks)
    columns = {
        "J": np.sort(rng.uniform(50, 90, n))[::-1].round(1),
        "silhouette": rng.uniform(0, 0.6, n).round(3),
        "validation": rng.uniform(0.08, 0.13, n).round(4),
        "test": rng.uniform(0.08, 0.13, n).round(4),
    }
    return pd.DataFrame(columns, index=pd.Index(ks, name="k"))


def _report_probes() -> list[tuple[pd.DataFrame]]:
    rng = np.random.default_rng(66)
    small = pd.DataFrame(
        {
            "J": [90.0, 70.0, 50.0, 30.0],
            "silhouette": [0.6, 0.2, 0.1, 0.1],
            "validation": [0.1, 0.12, 0.14, 0.13],
            "test": [0.09, 0.13, 0.11, 0.12],
        },
        index=pd.Index([2, 5, 10, 20], name="k"),
    )
    tied = small.assign(validation=[0.1, 0.1, 0.14, 0.14])
    grids = [[2, 5, 10], [5, 10, 20, 40], [2, 3, 4, 5, 6], [5, 50], [2, 5, 10, 20, 50, 100]]
    return [(small,), (tied,), *[(_table(ks, rng),) for ks in grids]]


EXERCISES = (
    Exercise(
        "06.1",
        "A silhouette by hand",
        "predict",
        lambda: _silhouette(HOURS, GROUPS, 2),
        (
            Mistake(
                "own point counted",
                lambda: _own_point_counted(HOURS, GROUPS, 2),
                "You divided the distances within her group by three. She is one of the three, "
                "and her distance to herself says nothing: there are two others.",
            ),
            Mistake(
                "divided by a",
                lambda: _divided_by(0, HOURS, GROUPS, 2),
                "You divided by a. The larger of a and b belongs below the line.",
            ),
            Mistake(
                "sign flipped",
                lambda: -_silhouette(HOURS, GROUPS, 2),
                "The sign is the wrong way round: a viewer who is nearer to her own group has a "
                "positive silhouette.",
            ),
            Mistake(
                "not divided",
                lambda: float(np.subtract(*_a_and_b(HOURS, GROUPS, 2)[::-1])),
                "That is b minus a, in hours. The silhouette has no unit: divide.",
            ),
            Mistake(
                "nearest member",
                lambda: 1.5 / 4,
                "You took b as the distance to the nearest member of the other group. "
                "It is the mean over all members.",
            ),
        ),
        "Write down her distances to the two others of her group and to the two of the other "
        "group, and take the two means.",
        "The first mean is a, the second is b. Subtract a from b, and divide by the larger one.",
        tolerance=6e-3,
    ),
    Exercise(
        "06.2",
        "The silhouette of one viewer",
        "write",
        _silhouette,
        (
            Mistake(
                "own point counted",
                _own_point_counted,
                "Your a counts the viewer herself, at distance 0, so it is too small. "
                "Average over the others of her group.",
            ),
            Mistake(
                "distances to centres",
                _to_centres,
                "You measured distances to the centres of the groups. The silhouette averages "
                "the distances to their members.",
            ),
            Mistake(
                "nobody beside her",
                _nan_if_alone,
                "A viewer who is alone in her group has no a, so yours is not a number. Her "
                "silhouette is set to 0.",
            ),
            Mistake(
                "divided by b only",
                lambda X, labels, i: _divided_by(1, X, labels, i),
                "You always divide by b. For a viewer in the wrong group a is larger, and your "
                "value falls below -1.",
            ),
            Mistake(
                "divided by a only",
                lambda X, labels, i: _divided_by(0, X, labels, i),
                "You always divide by a. For a viewer deep in her group b is larger, and your "
                "value rises above 1.",
            ),
            Mistake(
                "all others",
                _all_others,
                "Your b is the mean over everybody outside her group. Take the mean for each "
                "other group, then the smallest of these means.",
            ),
            Mistake(
                "sign flipped",
                lambda X, labels, i: -_silhouette(X, labels, i),
                "The sign is flipped: near her own group means near +1.",
            ),
            Mistake(
                "squared distances",
                _squares,
                "You averaged squared distances. J does so; the silhouette takes the distances.",
            ),
            Mistake(
                "alone is perfect",
                _alone_is_one,
                "A viewer who is alone in her group has no a. Her silhouette is set to 0, or "
                "groups of one would look perfect.",
            ),
        ),
        "Compute the distance of row i to every row, then average these distances group by group.",
        "With d for the distances: add up d[labels == labels[i]], and divide by the size of her "
        "group minus one. For b, loop over the other groups and keep the smallest mean.",
        _silhouette_probes,
    ),
    Exercise(
        "06.3",
        "Data without groups",
        "write",
        _null,
        (
            Mistake(
                "rows as a whole",
                lambda X, orders: X[orders[:, 0]],
                "You moved whole rows, with one order for all columns. Every viewer is still "
                "there, in another place: all groups survive.",
            ),
            Mistake(
                "unchanged",
                lambda X, orders: X.copy(),
                "You return the table that you were given. Column j should follow orders[:, j].",
            ),
            Mistake(
                "sorted",
                lambda X, orders: np.sort(X, axis=0),
                "You sorted each column. That ties the columns together more closely than before.",
            ),
            Mistake(
                "evenly spread",
                _evenly_spread,
                "You spread numbers evenly over the range of each column. That is another null; "
                "here each column keeps its own values.",
            ),
            Mistake(
                "the other way round",
                _back_to_front,
                "You sent row i to row orders[i, j]. Fetch it from there instead.",
            ),
        ),
        "Go through the columns one by one, and give each the order that stands in its column of "
        "orders.",
        "For one column: the values X[:, j], taken in the order orders[:, j]. Collect the new "
        "columns in a table of the same shape.",
        _null_probes,
    ),
    Exercise(
        "06.4",
        "The same groups under other numbers",
        "repair",
        rand_index,
        (
            Mistake(
                "number by number",
                _number_by_number,
                "You still compare the numbers of the groups. The next fit may swap them, and "
                "nobody has changed company. Compare pairs of viewers.",
            ),
            Mistake(
                "paired with herself",
                _with_herself,
                "You counted each viewer as a pair with herself, and such pairs always agree. "
                "Count the pairs of two different viewers.",
            ),
            Mistake(
                "together only",
                _together_only,
                "You counted the pairs that are together in both. A pair that is apart in both "
                "is an agreement as well.",
            ),
            Mistake(
                "of the true pairs",
                _of_the_true_pairs,
                "You divided by the pairs that are truly together. A grouping that puts everybody "
                "in one group would be perfect then.",
            ),
            Mistake(
                "adjusted",
                adjusted_rand,
                "That is the adjusted index, which the chapter comes to next. Here the plain "
                "share of pairs is asked for.",
            ),
        ),
        "For every two different viewers ask two questions: are they together here, and are they "
        "together there? Then count how often the answers are the same.",
        "Two loops, j running over the rows after i: the answers are labels[i] == labels[j] and "
        "truth[i] == truth[j]. Divide the number of equal answers by the number of pairs.",
        _pair_probes,
    ),
    Exercise(
        "06.5",
        "What the silhouette likes",
        "predict",
        lambda: max(WAYS, key=lambda name: float(silhouette_values(ROW, WAYS[name]).mean())),
        (
            Mistake(
                "even sizes",
                lambda: "halves",
                "Even sizes are no aim of the silhouette. How near are 4 and 5 hours, and in "
                "which groups are they?",
            ),
            Mistake(
                "small and tight",
                lambda: "pairs",
                "These groups are tight, so a is small; but the next pair is very near as well, "
                "so b is small, too.",
            ),
            Mistake(
                "one group",
                lambda: "everybody",
                "Everybody in one group has no silhouette: there is no other group to compare "
                "with. It is not among the three.",
            ),
        ),
        "Ask for each grouping how large b is beside a, for most of the viewers.",
        "Take a viewer in the middle of the row, and compute a and b for her in each of the "
        "three groupings.",
    ),
    Exercise(
        "06.6",
        "An honest report",
        "repair",
        _report,
        (
            Mistake(
                "nobody chose",
                lambda table: _row(table, 5),
                "You took five clusters whatever the table says, as the source article's code "
                "does. Let a measurement choose.",
            ),
            Mistake(
                "the later of two",
                lambda table: _row(table, table["validation"][::-1].idxmax()),
                "Two rows share the largest validation score, and you took the later one. "
                "The first wins.",
            ),
            Mistake(
                "smallest J",
                lambda table: _row(table, table["J"].idxmin()),
                "You took the smallest J. The source article calls that the better clustering, "
                "but J falls with every cluster, so this rule takes the largest k of any table.",
            ),
            Mistake(
                "chosen on the test",
                lambda table: _row(table, table["test"].idxmax()),
                "You let the test choose, and then report the same test. Its score is then the "
                "luckiest one, not an honest one.",
            ),
            Mistake(
                "best silhouette",
                lambda table: _row(table, table["silhouette"].idxmax()),
                "You took the best silhouette. These clusters are for recommending: choose by "
                "what they are for.",
            ),
            Mistake(
                "reports the validation",
                _reports_validation,
                "You chose well, but report the score by which you chose. It is the largest of "
                "several, so it flatters; report the test.",
            ),
            Mistake(
                "best of both",
                _best_of_both,
                "You report the best test score of any k. Report that of the k that you chose.",
            ),
        ),
        "Two columns are needed: one to choose k, another to report its score.",
        "Find the index of the largest entry in the validation column; then look up, in that "
        "row, the score on data that took no part in the choice.",
        _report_probes,
    ),
)
