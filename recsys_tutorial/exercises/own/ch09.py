"""Variants of chapter 9 on a class's own table: neighbours, bytes, recency, and lasting groups."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.cluster import KMeans

from recsys_tutorial.exercises.own.cutting import (
    first,
    histories,
    item_vectors,
    kept,
    mixes,
    others,
    telling,
)
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import Material, need, some

LARGEST = 127
# Two cosines that are nearer to each other than this are equal for a learner's sort.
CLOSE = 1e-5


@kept
def _neighbours(material: Material) -> list[tuple]:
    # The first number says how popular an item is; without it, cosines may be below 0.
    vectors = item_vectors(material, 5)[:, 1:] * np.sqrt(material.popularity)[:, None]
    X = _different(vectors[some(range(material.n_items), 40)].round(3))[:24]
    need(
        len(X) >= 6, "The items were met by nearly the same people: bring a table with more kinds."
    )

    def candidates() -> Iterator[tuple]:
        asked = [(i, n) for i in range(len(X)) if (n := _clear(X, i)) > 1]
        yield from ((X, i, n) for i, n in asked[:4])
        # A second edition, met twice as often by the same people, stands before it or after it.
        for i, n in asked[:4]:
            yield np.vstack([X[i] * 2, X]), i + 1, n
            yield np.vstack([X, X[i] * 2]), i, n
        yield from ((X, i, n) for i, n in asked[4:])
        few = X[:6]
        yield from ((few, i, _clear(few, i)) for i in range(len(few)) if _clear(few, i) > 1)

    return telling("09.1", candidates())


def _different(vectors: np.ndarray) -> np.ndarray:
    """Keep rows that are not 0 and of which no two have the same direction."""
    chosen: list[np.ndarray] = []
    for row in vectors[np.linalg.norm(vectors, axis=1) > 0.1]:
        unit = row / np.linalg.norm(row)
        if all(unit @ (other / np.linalg.norm(other)) < 1 - CLOSE for other in chosen):
            chosen.append(row)
    return np.array(chosen)


def _clear(X: np.ndarray, i: int) -> int:
    """How many neighbours of a row, at most five, have no rival that is equally near."""
    cosines = X @ X[i] / np.linalg.norm(X, axis=1) / np.linalg.norm(X[i])
    near = np.sort(np.delete(cosines, i))[::-1]
    ties = np.flatnonzero(near[:-1] - near[1:] < CLOSE)
    return min([5, len(near) - 1, *ties.tolist()])


@kept
def _row(material: Material) -> tuple[np.ndarray]:
    """Four numbers of an item, of which the largest is a negative one if that can be had."""
    rows = item_vectors(material, 4)[:200].round(2) + 0.0
    need((rows[:, 0] > 0.05).any(), "The items were met by nearly the same people: bring more.")
    steps = rows[:, 0] * LARGEST / np.maximum(np.abs(rows).max(axis=1), 0.01)
    rounded_down = (steps % 1 > 0.55) & (steps % 1 < 0.95)
    scores = 4 * (np.abs(rows).argmax(axis=1) > 0) + 2 * (rows.min(axis=1) < -rows.max(axis=1))
    return (rows[np.argmax((1 + scores + rounded_down) * (rows[:, 0] > 0.05))],)


def _whole_number(row: np.ndarray) -> int:
    return int(np.rint(row[0] * LARGEST / np.abs(row).max()))


@kept
def _memories(material: Material) -> list[tuple]:
    lengths = [min(len(history), 60) for history in histories(material)]
    lengths = list(dict.fromkeys(n for n in lengths if n > 1))
    need(lengths, "Nobody met two items: bring a table with longer histories.")
    chosen = some(lengths, 4)
    usual = max(2.0, float(np.median(lengths)) // 2)
    return telling("09.3", [(n, half) for half in (usual, 2.5, 0.5, 4 * usual) for n in chosen], 6)


@kept
def _descriptions(material: Material) -> list[tuple]:
    """What people met, in counts of groups of items; and how much, and how popular."""
    before, after = mixes(material, 4)
    kinds = (before + after).astype(float)
    rows = material.busiest[: len(kinds)]
    popular = material.popularity / material.n_users
    habits = np.column_stack([kinds.sum(axis=1), material.matrix[rows] @ popular])
    habits[:, 1] = (habits[:, 1] / np.maximum(material.activity[rows], 1)).round(3)
    parts = [some(range(len(kinds)), n) for n in (5, 8, 12)] + [list(range(4)), list(range(2, 9))]
    weights = (0.3, 0.6, 0.25, 0.8, 0.4)
    cut = [(kinds[part], habits[part], w) for part, w in zip(parts, weights, strict=True)]
    return telling("09.4", cut)


@kept
def _words(material: Material) -> list[tuple]:
    """How often each group of people met each of a few items."""
    n_groups = int(material.labels.max()) + 1
    member = np.eye(n_groups)[material.labels]
    counts = np.asarray((material.matrix.T @ member).T)
    starts = range(0, max(1, counts.shape[1] - 4), max(1, counts.shape[1] // 8))
    tables = [counts[:, :6], counts[:2, :4], *(counts[:, start : start + 5] for start in starts)]
    tables = [table[:, table.sum(axis=0) > 0] for table in tables]
    tables = [table[table.sum(axis=1) > 0] for table in tables]
    return telling("09.5", [(table,) for table in tables if min(table.shape) > 1], 4)


def _groupings(X: np.ndarray, k: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of groupings of the same people, by K-means with different starts."""
    for seed in range(0, 60, 2):
        pair = [
            KMeans(k, init="random", n_init=1, max_iter=2, random_state=s).fit_predict(X)
            for s in (seed, seed + 1)
        ]
        if all(len(np.unique(labels)) == k for labels in pair):
            yield pair[0].astype(int), pair[1].astype(int)


@kept
def _twice_grouped(material: Material) -> list[tuple]:
    X = material.vectors[material.sample(40, "09.6")]
    different = len(np.unique(X, axis=0))
    need(different >= 6, "Most people of this table met the same items: bring a longer one.")
    sizes = [k for k in (4, 3, 5) if k <= different // 2]
    return telling("09.6", (pair for k in sizes for pair in _groupings(X, k)))


VARIANTS = (
    Variant(
        "09.1",
        "Find the neighbours among items of your own table. The inputs are a table with a row for "
        "each of a few items (near means met by the same people; popular items have longer rows), "
        "the number of one row, and how many neighbours to return.",
        first(_neighbours),
        others(_neighbours),
    ),
    Variant(
        "09.2",
        "The input is a row of four numbers that describes an item of your table by the people "
        "who met it. Predict: which whole number from -127 to 127 stands for the first of the "
        "four, if the row has a scale of its own?",
        _row,
        expected=_whole_number,
        hint="Which of the four numbers has the largest absolute value? It becomes the outermost "
        "step, on its side; then round, do not cut off.",
    ),
    Variant(
        "09.3",
        "Write the weights for a history of your own table. The inputs are the number of items "
        "that one person met, and a half-life, counted in items.",
        first(_memories),
        others(_memories),
    ),
    Variant(
        "09.4",
        "Fuse two descriptions of your own people. The inputs are A, how many items of each of "
        "four groups a person met; B, how many items she met in all and how popular they were on "
        "average; and the weight of A.",
        first(_descriptions),
        others(_descriptions),
    ),
    Variant(
        "09.5",
        "Name groups of your own people by items: here the items are the words. The input counts "
        "how often each group of people (a row) met each of a few items (a column).",
        first(_words),
        others(_words),
    ),
    Variant(
        "09.6",
        "Your own people were grouped twice, with different starts. The inputs are the group of "
        "each person in the first and in the second run. What share keeps her number after the "
        "best renumbering? Write the function.",
        first(_twice_grouped),
        others(_twice_grouped),
    ),
)
