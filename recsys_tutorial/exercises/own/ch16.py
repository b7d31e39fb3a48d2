"""Variants of chapter 16 on a class's own table: growth, cells, chunks and free places."""

from __future__ import annotations

from itertools import product

import numpy as np

from recsys_tutorial.evaluation import growth_exponent
from recsys_tutorial.exercises.own.cutting import first, kept, others, telling
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import Material, need

FAR = 10_000_000


@kept
def _growth(material: Material) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Count work on a quarter, a half, three quarters and all of the people."""
    order = material.rng("16.1").permutation(material.n_users)
    sizes = np.unique([max(2, material.n_users * part // 4) for part in (1, 2, 3, 4)])
    matrix = material.matrix[order].toarray().astype(np.float32)
    parts = [matrix[:n] for n in sizes]
    costs = {
        "pairs of people": [np.count_nonzero(part @ part.T) for part in parts],
        "events": [np.count_nonzero(part) for part in parts],
        "items": [np.count_nonzero(part.any(axis=0)) for part in parts],
        "pairs of items": [(part.sum(axis=1) ** 2).sum() for part in parts],
    }
    return {name: (sizes.astype(float), np.array(c, dtype=float)) for name, c in costs.items()}


@kept
def _costs(material: Material) -> list[tuple]:
    # Where nothing grows there is no exponent to find.
    own = [costs for costs in _growth(material).values() if np.ptp(costs[1]) > 0]
    short = [(sizes[:3], costs[:3]) for sizes, costs in own if np.ptp(costs[:3]) > 0]
    return telling("16.1", [*own, *short], n=6)


def _ends(material: Material) -> tuple[int, float, float]:
    slope = growth_exponent(*(c.tolist() for c in _growth(material)["pairs of people"]))
    return FAR // material.n_users, round(slope - 0.08, 2), round(slope + 0.08, 2)


def _band(times: int, low: float, high: float) -> float:
    return float(times ** (high - low))


def _index(material: Material) -> tuple[int, int]:
    return material.whole.n_events, 4


def _cells(points: int, opened: int) -> float:
    return float((points * opened) ** 0.5)


@kept
def _chunks(material: Material) -> list[tuple]:
    """Cut the ratings of the most popular items into chunks of unequal length."""
    events = material.events[material.events["item"].isin(material.items[:5])]
    events = events.iloc[material.rng("16.4").permutation(len(events))]
    # Without ratings their place is taken by how busy the person is.
    busy = material.activity[material.users.get_indexer(events["user"])].astype(float)
    table = events[["item"]].assign(
        item=events["item"].map(str),
        rating=events["rating"].astype(float) if material.has("ratings") else busy,
    )
    table = table.reset_index(drop=True)
    found, start = [], 0
    for sizes in [(5, 2), (3, 8, 1), (9, 9, 4, 2), (1, 20), (4, 4, 4), (30, 6)]:
        if start + sum(sizes) > len(table):
            start = 0
        ends = start + np.cumsum((0, *sizes))
        found.append([table.iloc[a:b].reset_index(drop=True) for a, b in zip(ends, ends[1:])])
        start = int(ends[-1])
    return telling("16.4", [(chunks,) for chunks in found if all(map(len, chunks))])


@kept
def _places(material: Material) -> list[tuple]:
    """Where the ranking of her group holds what somebody has met already."""
    found = []
    for group, k in product(range(material.labels.max() + 1), (3, 5, 8)):
        members = np.flatnonzero(material.labels == group)
        counts = np.asarray(material.matrix[members].sum(axis=0)).ravel()
        ranking = np.argsort(-counts, kind="stable")[:30]
        for row in members[:12]:
            seen = np.flatnonzero(material.matrix[row].toarray().ravel()[ranking]) + 1
            found.append((seen.tolist()[:10], k))
    need(found, "The table has too few items for places.")
    # First those who have met something at the top, and who are quickly read.
    found.sort(key=lambda one: (min(one[0], default=99) > one[1], len(one[0]) < 2, len(one[0])))
    return telling("16.5", found, n=6)


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "16.1",
        "`sizes` counts people of your table, and `costs` the work that they make (pairs of people "
        "who share an item, at first; then other kinds of work). Write the exponent that fits "
        "best, by least squares on two logarithmic axes.",
        first(_costs),
        others(_costs),
    ),
    Variant(
        "16.2",
        "On your table the work for pairs of people grows with an exponent between `low` and "
        f"`high`. With {FAR:,} people, who are `times` times as many as yours, how many times the "
        "lower end of the range is the upper end (within 1 % is near enough)?",
        _ends,
        expected=_band,
        hint="Write down the work at both ends as a power of `times`, and divide.",
        nudge="When powers of one number are divided, their exponents are subtracted.",
        tolerance=0.01,
    ),
    Variant(
        "16.3",
        "An inverted file shall hold one point for each of the `points` events of your table, and "
        "each query opens `opened` cells. Which number of cells, all of equal size, makes the work "
        "smallest (within 1 % is near enough)?",
        _index,
        expected=_cells,
        hint="The work has two parts: one grows with the number of cells, the other falls. Where "
        "are they equal?",
        nudge="Set the number of centres equal to the number of points in the opened cells, and "
        "solve.",
        tolerance=0.01,
    ),
    Variant(
        "16.4",
        "`chunks` holds pieces of your table, with the columns item and rating (if the table has "
        "no ratings, the number is how many items that person has met). Write the mean for each "
        "item, over all chunks: a dictionary or a series.",
        first(_chunks),
        others(_chunks),
    ),
    Variant(
        "16.5",
        "`seen` holds the places, counted from 1, at which the ranking of her group shows somebody "
        "of your table what she has met already. Write the first `k` places that are free.",
        first(_places),
        others(_places),
    ),
)
