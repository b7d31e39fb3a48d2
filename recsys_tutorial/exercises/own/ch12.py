"""Variants of chapter 12 on a class's own table: newcomers, fusion, borrowed scores and prices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from recsys_tutorial.exercises.own.cutting import (
    cosine_table,
    first,
    histories,
    item_vectors,
    kept,
    names,
    others,
    telling,
)
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import Material, need, some

# Items that a newcomer names.
NAMED = 3
# Two cosines that are nearer to each other than this are equal for a learner's sort.
CLOSE = 0.002


@kept
def _similar(material: Material, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Similarity and popularity of the n most popular items."""
    return cosine_table(material.matrix)[:n, :n].round(3), material.popularity[:n].astype(float)


@kept
def _with_and_without(material: Material) -> list[tuple]:
    """Histories of a few people over popular items, and newcomers who have none."""

    def cuts() -> Iterator[tuple]:
        for n in (5, 6, 4):
            similarity, popularity = _similar(material, n)
            rows = material.matrix[:, :n].toarray()
            some_met = np.flatnonzero((rows.sum(axis=1) > 0) & (rows.sum(axis=1) < n))
            chosen = [rows[some_met[place]] for place in some(range(len(some_met)), 4)]
            yield from ((row, similarity, popularity) for row in chosen[:2])
            yield np.zeros(n), similarity, popularity
            yield from ((row, similarity, popularity) for row in chosen[2:])
            # Somebody who met one item.
            yield from ((row, similarity, popularity) for row in np.eye(n)[:2])

    return telling("12.1", cuts())


@kept
def _two_opinions(material: Material) -> list[tuple]:
    """How popular a few items are, and how much they resemble what one person has met."""
    n = min(8, material.n_items)
    similarity, popularity = _similar(material, n)
    rows = some(material.busiest, 6)
    scores = [(material.matrix[[row]].toarray()[0, :n] @ similarity).round(3) for row in rows]
    weights = (0.3, 0.7, 0.2, 0.9, 0.4, 0.6)
    pairs = [(popularity, score, w) for score, w in zip(scores, weights, strict=False)]
    # Of a newcomer the second model knows nothing.
    pairs.insert(1, (popularity, np.zeros(n), 0.3))
    return telling("12.2", [*pairs, (np.ones(n), scores[0], 0.8)])


@kept
def _newcomer(material: Material) -> tuple[set[str], set[str]]:
    """What somebody met, and three items that a newcomer names; one or two are in both."""
    titles, long = names(material), [h for h in histories(material) if len(h) >= NAMED]
    need(len(long) > 1, "Fewer than two people met three items: bring a longer table.")
    size = int(np.clip(np.median(material.activity), 4, 9))
    usual = sorted(long, key=lambda history: (abs(len(history) - size), history.tolist()))[:30]
    pairs = [(a, b[:NAMED]) for a in usual for b in usual if a is not b]

    def worth(pair: tuple[np.ndarray, np.ndarray]) -> tuple[bool, bool]:
        common = len(np.intersect1d(*pair))
        return common in (1, 2), common == 2

    her, named = max(pairs, key=worth)
    return {titles[item] for item in her}, {titles[item] for item in named}


def _cosine(her_items: set[str], newcomers_items: set[str]) -> float:
    common = len(her_items & newcomers_items)
    return common / float(np.sqrt(len(her_items) * len(newcomers_items)))


@kept
def _borrowing(material: Material) -> list[tuple]:
    """One person's scores of a few items, and how near each is to an item that is hardly known."""
    vectors = item_vectors(material, 4)
    table = cosine_table(material.matrix)
    rows = some(material.busiest, 8)

    def cuts() -> Iterator[tuple]:
        for place, row in enumerate(rows * 3):
            new = material.n_items - 1 - place % min(12, material.n_items - 1)
            cosines = (vectors @ vectors[new]).round(3)
            old = _apart(cosines, [i for i in range(material.n_items) if i != new])[:8]
            if len(old) >= 4:
                scores = (material.matrix[[row]].toarray()[0] @ table)[old].round(3)
                yield scores, cosines[old], 2 + place % 3

    return telling("12.4", cuts())


def _apart(cosines: np.ndarray, items: list[int]) -> list[int]:
    """Keep items with a positive cosine, no two of them equally near."""
    chosen: list[int] = []
    for item in items:
        rivals = [abs(cosines[item] - cosines[other]) for other in chosen]
        if cosines[item] > CLOSE and all(gap > CLOSE for gap in rivals):
            chosen.append(item)
    return chosen


def _place(material: Material) -> tuple[int, float, float]:
    """How many people there are, and how many of them meet a popular item and a rare one."""
    shares = (material.popularity / material.n_users).round(3)
    return material.n_users, float(shares[min(4, len(shares) - 1)]), float(shares[-1])


def _price(n_visitors: int, old_rate: float, new_rate: float) -> float:
    return n_visitors * (old_rate - new_rate)


@kept
def _cut_out(material: Material) -> list[tuple]:
    """Events of a few people, of whom some are new, with items of which some are new."""
    titles, long = names(material), histories(material)
    people = [str(user) for user in material.users[material.busiest]]
    rng = material.rng("12.6")

    def cuts() -> Iterator[tuple]:
        for start, n_people, n_met in ((0, 4, 4), (1, 6, 5), (0, 9, 8), (2, 12, 12), (0, 12, 6)):
            # The most popular of what each met: then the new items have met several people.
            met = [np.sort(h)[:n_met] for h in long[start : start + n_people]]
            events = [(people[start + i], titles[item]) for i, h in enumerate(met) for item in h]
            users, items = map(list, zip(*events, strict=True))
            newcomers = rng.permutation(sorted({*users}))[: max(1, n_people // 3)]
            new_items = rng.permutation(sorted({*items}))[: max(1, len({*items}) // 3)]
            yield users, items, set(newcomers.tolist()), set(new_items.tolist())

    return telling("12.6", [*cuts(), *cuts()])


VARIANTS = (
    Variant(
        "12.1",
        "Write the scores for your own people, and for somebody who comes new to them. The inputs "
        "are one person's 0 or 1 for each of the most popular items, how alike these are, and how "
        "many people met each.",
        first(_with_and_without),
        others(_with_and_without),
    ),
    Variant(
        "12.2",
        "Fuse two opinions about items of your own table. The inputs are a, how many people met "
        "each of the most popular items; b, how much each resembles what one person has met; and "
        "the weight of a. The check also asks for a newcomer.",
        first(_two_opinions),
        others(_two_opinions),
    ),
    Variant(
        "12.3",
        "The other cold start: somebody new to your table names three items. The inputs are the "
        "items that one of your people met, and the three. Predict the cosine of the two people, "
        "each described by 1 for what she met and 0 for the rest; a guess within 0.005 is right.",
        _newcomer,
        expected=_cosine,
        hint="Count the items in both sets. Then divide by the lengths of both rows: the length "
        "of a row of zeros and ones is the root of the number of ones.",
        nudge="Above the line: how many items are in both sets. Below: the root of one number of "
        "items times the root of the other.",
        tolerance=0.005,
    ),
    Variant(
        "12.4",
        "Let an item that hardly anybody of your table knows borrow its score. The inputs are one "
        "person's scores of a few other items, how near each of them is to the item, and how many "
        "neighbours are asked.",
        first(_borrowing),
        others(_borrowing),
    ),
    Variant(
        "12.5",
        "For a week, each of your people sees one place of a list. The inputs are how many people "
        "there are, the share of them that clicks on the fifth most popular item of your table, "
        "and the share that clicks on its rarest one. Predict how many clicks it costs to show "
        "the rarest in its place; a guess within one in a hundred is right.",
        _place,
        expected=_price,
        hint="How many clicks would the place have earned with the popular item, and how many did "
        "it earn? A cost is positive when something was lost.",
        tolerance=0.01,
    ),
    Variant(
        "12.6",
        "Cut your own table for a test of newcomers and new items. The inputs say, event by event, "
        "who met what; and which people and which items are held out.",
        first(_cut_out),
        others(_cut_out),
    ),
)
