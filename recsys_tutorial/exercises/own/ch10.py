"""Variants of chapter 10 on a class's own table: lists, shares, groups and EASE."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np

from recsys_tutorial.clustering import kmeans
from recsys_tutorial.evaluation import ndcg_at_k, precision_at_k
from recsys_tutorial.exercises.own.cutting import (
    first,
    kept,
    names,
    others,
    popular_lists,
    telling,
    wanted,
)
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import SEED, Material, need, some


@kept
def _one_list(material: Material) -> tuple[list[str], set[str]]:
    """The popular list of somebody who finds a part of what she wants in it."""
    titles, relevant = names(material), wanted(material)
    lists = popular_lists(material, 5)

    def worth(row: int) -> tuple[int, ...]:
        hits = [item in relevant[row] for item in lists[row]]
        missed = len(relevant[row]) - sum(hits)
        # Some hits but not all, not on top, and few things to find: then all mistakes differ.
        return (0 < sum(hits) < 5, missed > 0, sum(hits) > 1, not hits[0], missed < 6)

    full = [row for row in relevant if len(lists[row]) == 5]
    need(full, "Nobody has five items left that she has not met: bring a table with more items.")
    row = max(full, key=worth)
    return [titles[item] for item in lists[row]], {titles[item] for item in relevant[row]}


def _precision(recommended: list[str], relevant: set[str]) -> float:
    return precision_at_k(recommended, relevant, 5)


def _ndcg(recommended: list[str], relevant: set[str]) -> float:
    return ndcg_at_k(recommended, relevant, 5)


def _of_halves(material: Material) -> tuple[dict[int, set[int]], dict[int, list[int]]]:
    """Half of what each person met, to be found; and popular lists of what is left."""
    rng, n = material.rng("10.3"), material.n_items
    known, relevant, lists = {}, {}, {}
    for row in range(material.n_users):
        met = rng.permutation(material.matrix[[row]].indices)
        known[row], relevant[row] = set(met[: len(met) // 2].tolist()), set(met[len(met) // 2 :])
        # The columns of the matrix stand in the order of popularity.
        lists[row] = [item for item in range(n) if item not in known[row]][:8]
    return relevant, lists


@kept
def _lists_of_some(material: Material) -> list[tuple]:
    """Lists and wishes of a few people, of whom some have no list and some have no wish."""
    titles = names(material)

    def cuts(relevant: dict[int, set[int]], lists: dict[int, list[int]]) -> Iterator[tuple]:
        hit = [row for row in relevant if set(lists[row][:3]) & relevant[row]]
        missed = [row for row in relevant if not set(lists[row][:3]) & relevant[row]]
        for k in (3, 5, 8):
            for start in some(range(max(1, len(hit) - 3)), 8):
                rows = sorted({*hit[start : start + 4], *missed[start : start + 4]})
                people = {row: str(material.users[row]) for row in rows}
                recommended = {
                    people[row]: [titles[item] for item in lists[row]]
                    for place, row in enumerate(rows)
                    if place % 4 != 1
                }
                wishes = {
                    people[row]: {titles[item] for item in relevant[row]}
                    for place, row in enumerate(rows)
                    if place % (4 + start % 4) != 3
                }
                if _finds(recommended, wishes, k):
                    yield recommended, wishes, k

    held_out = cuts(wanted(material), popular_lists(material, 8))
    # Where little is held out, everybody has one item to find, and two kinds of mean are one.
    return telling("10.3", chain(held_out, cuts(*_of_halves(material))))


def _finds(recommended: dict, relevant: dict, k: int) -> bool:
    return any(set(recommended.get(u, [])[:k]) & items for u, items in relevant.items())


@kept
def _shelves(material: Material) -> list[tuple]:
    """How popular a few items are, and which of them one person has met."""
    counts = np.asarray(material.train_matrix.sum(axis=0)).ravel()
    rows = some(material.busiest, 10)

    def cuts() -> Iterator[tuple]:
        for row in rows:
            seen = material.train_matrix[[row]].toarray()[0] > 0
            met, new = np.flatnonzero(seen), np.flatnonzero(~seen)
            # Half met and half not; and so few that are new that a list stays short.
            for n_met, n_new, k in ((4, 6, 3), (5, 2, 4), (3, 9, 5)):
                items = np.sort(np.concatenate([met[:n_met], new[:n_new]]))
                yield counts[items], seen[items], k
                # Not in the order of popularity.
                turned = np.roll(items[::-1], 3)
                yield counts[turned], seen[turned], k
                # From no star to five: then many are alike.
                yield np.floor(5 * counts[turned] / counts.max()), seen[turned], k

    return telling("10.4", cuts())


@kept
def _groups_counted(material: Material) -> tuple[np.ndarray, np.ndarray]:
    """How often each group met each of the ten most popular items; and the shares of all."""
    member = np.eye(int(material.labels.max()) + 1)[material.labels]
    counts = np.asarray((material.matrix.T @ member).T)[:, :10]
    overall = counts.sum(axis=0)
    return counts[counts.sum(axis=1) > 0], overall / overall.sum()


@kept
def _small_groups(material: Material) -> list[tuple]:
    counts, overall = _groups_counted(material)
    order = np.argsort(counts.sum(axis=1), kind="stable")
    candidates = [(counts[g], overall, s) for s in (10.0, 3.0, 100.0) for g in order]
    return telling("10.5", candidates, 6)


@kept
def _between(material: Material) -> list[tuple]:
    need(len(material.centres) > 1, "All people of this table are alike, so there is one group.")
    offsets = material.vectors[:, None] - material.centres[None]
    distances = np.linalg.norm(offsets, axis=2).round(3)
    parts = [material.sample(n, f"10.6 {n}") for n in (4, 6, 9, 3, 12)]
    return telling(
        "10.6", [(distances[p], t) for p, t in zip(parts, (0.3, 0.1, 1.0, 0.5, 2.0), strict=True)]
    )


@kept
def _many_groupings(material: Material) -> list[tuple]:
    popular = material.matrix[:, : min(8, material.n_items)].toarray()
    overall = popular.mean(axis=0)
    numbers, tables = [], []
    for seed, k in enumerate((3, 4, 5, 3)):
        found = kmeans(material.vectors, min(k, material.n_users // 3), random_state=SEED + seed)
        labels = np.unique(found.labels, return_inverse=True)[1]
        groups = [popular[labels == group] for group in range(labels.max() + 1)]
        # Five borrowed people, as in exercise 5.
        shares = [(g.sum(axis=0) + 5 * overall) / (len(g) + 5) for g in groups]
        numbers.append(labels)
        tables.append(np.array(shares).round(3))
    groups_of = np.array(numbers).T

    def cuts() -> Iterator[tuple]:
        for n in (2, 3, 4):
            for row in some(range(material.n_users), 12):
                yield groups_of[row, :n], tables[:n]

    return telling("10.7", cuts())


@kept
def _together(material: Material) -> list[tuple]:
    """How often a few items were met together."""
    matrix = material.matrix

    def gram(columns: list[int]) -> np.ndarray | None:
        table = np.asarray((matrix[:, columns].T @ matrix[:, columns]).todense())
        # Two items of the same people: without a ridge there is no inverse.
        return table if np.linalg.cond(table) < 1e6 else None

    n = material.n_items
    sets = [list(range(4)), list(range(6)), some(range(n), 5), list(range(1, 4)), [0, 2]]
    sets += [some(range(start, n), size) for size in (3, 4) for start in range(min(20, n - size))]
    tables = [table for columns in sets if (table := gram(columns)) is not None]
    ridges = (5.0, 1.0, 10.0, 2.0, 0.5)
    return telling("10.8", [(table, ridges[i % 5]) for i, table in enumerate(tables)])


def _known_of_her(material: Material) -> list[np.ndarray]:
    """What else is known of each person: how much, how popular and, with times, when."""
    met, popular = material.activity, material.matrix @ material.popularity
    values = [met.astype(float), (popular / np.maximum(met, 1)).round(1)]
    if material.has("times"):
        days = material.events.groupby("user")["timestamp"].mean() / 86_400
        values.insert(0, (days - days.min()).round(1).reindex(material.users).to_numpy())
    return values


@kept
def _suspects(material: Material) -> list[tuple]:
    rng = material.rng("10.9")

    def cuts() -> Iterator[tuple]:
        for n in (24, 12, 40, 60):
            people = material.sample(n, f"10.9 {n}")
            groups = material.labels[people]
            lots = [rng.permutation(groups) for _ in range(3)]
            for values in _known_of_her(material):
                if len(np.unique(groups)) > 1 and values[people].var() > 0:
                    yield groups, values[people], lots

    return telling("10.9", cuts())


VARIANTS = (
    Variant(
        "10.1",
        "The inputs are five items of your table, recommended in this order to one of your people "
        "by popularity, and the set of items that were held out because she met them later, or by "
        "lot without times. Predict the precision at 5 without running code; a guess within 0.01 "
        "is right.",
        _one_list,
        expected=_precision,
        hint="Mark the items of the list that are in the set. What the list could not hold plays "
        "no part; by how many places do you divide?",
        nudge="Go through the list from left to right and count the marks; the rest of the table "
        "does not matter.",
        tolerance=0.01,
    ),
    Variant(
        "10.2",
        "The inputs are the same list and the same set as in 10.1. Predict the nDCG at 5; a guess "
        "within 0.005 is right.",
        _one_list,
        expected=_ndcg,
        hint="Add what the ranks with a hit are worth. The best list has its hits at the first "
        "ranks, as many as there are items to find, but no more than five.",
        nudge="A hit at rank r is worth 1 over log2(r + 1). Add these for the list, then for the "
        "best list, and divide.",
        tolerance=0.005,
    ),
    Variant(
        "10.3",
        "Write the mean recall for a few of your own people. The inputs are the lists that "
        "popularity makes for them, the sets of items held out, and k. Somebody has no list, and "
        "somebody has nothing to find: whom does the rule of the course count?",
        first(_lists_of_some),
        others(_lists_of_some),
    ),
    Variant(
        "10.4",
        "Rank items of your own table for one of your people. The inputs say how many people met "
        "each of a few items, which of them she has met, and how many places her list has.",
        first(_shelves),
        others(_shelves),
    ),
    Variant(
        "10.5",
        "Shrink the shares of the groups of your own people. The inputs are how often one group "
        "met each of the most popular items, the shares of all people, and the shrinkage.",
        first(_small_groups),
        others(_small_groups),
    ),
    Variant(
        "10.6",
        "Let your own people stand between groups. The inputs are the distances of a few people "
        "to the centres of their groups, and a temperature.",
        first(_between),
        others(_between),
    ),
    Variant(
        "10.7",
        "Ask several groupings of your own people. The inputs are one person's group in each of "
        "them and, for each, a table with the shares of the most popular items in each group.",
        first(_many_groupings),
        others(_many_groupings),
    ),
    Variant(
        "10.8",
        "Write EASE for a few items of your own table. The inputs say how many people met each "
        "pair of them, and the regularisation.",
        first(_together),
        others(_together),
    ),
    Variant(
        "10.9",
        "Test the groups of your own people. The inputs are the groups of a few of them; something "
        "else that is known of each (the mean day of what she did or, without times, how much she "
        "met); and three groupings drawn by lot.",
        first(_suspects),
        others(_suspects),
    ),
)
