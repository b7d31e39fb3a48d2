"""Variants of chapter 13 on a class's own table: means that forget, alarms, test before train."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from recsys_tutorial.clustering import adjusted_rand
from recsys_tutorial.exercises.ch13 import NEVER, NEWEST, SCRATCH, WARM, score
from recsys_tutorial.exercises.own.cutting import first, kept, others, telling
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import Material, need

# The climb of an alarm must not meet its threshold exactly: the last digit would decide.
CLOSE = 1e-6


@kept
def _steps(material: Material) -> list[tuple]:
    rows, taste = material.busiest, material.vectors[:, :3]
    counts = [n for n in (4, 9, 2, 6) if n < len(rows)]
    tastes = [(taste[rows[:n]].mean(axis=0).round(4), n, taste[rows[n]].round(4)) for n in counts]
    events = material.activity[rows]
    numbers = [(round(float(events[:n].mean()), 2), n, float(events[n])) for n in counts]
    return telling("13.1", [*tastes, *numbers], n=6)


def _growth(material: Material) -> tuple[float, float]:
    return round(len(material.events) / material.n_users, 2), 0.8


def _behind(speed: float, kept_share: float) -> float:
    return speed * kept_share / (1 - kept_share)


@kept
def _batches(material: Material) -> list[tuple]:
    rng, taste = material.rng("13.3"), material.vectors
    order = rng.permutation(material.n_users)
    cuts = [(4, 3, 2, 2.0), (5, 4, 2, 1.0), (3, 7, 3, 5.0), (6, 2, 1, 0.5), (4, 6, 2, 10.0)]
    found = []
    for n, rows, columns, half_life in cuts:
        old, new = taste[order[:n], :columns], taste[order[n : n + rows], :columns].round(2)
        found.append((old.mean(axis=0).round(2), n - 0.5, new, half_life))
    return telling("13.3", found)


def _climbs(values: np.ndarray, delta: float) -> np.ndarray:
    """How far the sum stands above its lowest point, value by value."""
    means = values.cumsum() / np.arange(1, len(values) + 1)
    sums = (values - means - delta).cumsum()
    return np.asarray(sums - np.minimum(np.minimum.accumulate(sums), 0))


@kept
def _streams(material: Material) -> list[tuple]:
    rng = material.rng("13.4")
    events = material.activity / np.median(material.activity)
    many = np.sort(events)[-max(4, len(events) // 4) :]
    found = []
    for calm, busy, allowance, wait in product((12, 30, 5), (10, 4, 0), (0.3, 0.5), (3.0, 1.5)):
        parts = [rng.choice(events, calm), rng.choice(many, busy) if busy else np.zeros(0)]
        values = np.concatenate(parts).round(2)
        spread = max(float(events.std()), 0.1)
        delta, threshold = round(allowance * spread, 2), round(wait * spread, 2)
        for stream in (values, values[::-1].copy()):
            if np.abs(_climbs(stream, delta) - threshold).min() > CLOSE:
                found.append((stream, delta, threshold))
    return telling("13.4", found, n=8)


def _watch(material: Material) -> tuple[int, int, int, int]:
    return material.n_items, 24, 30, 2000


def _for_nothing(watched: int, checks: int, days: int, one_in: int) -> float:
    return watched * checks * days / one_in


@kept
def _blocks(material: Material) -> list[tuple]:
    """Cut the events with the most popular items into blocks of unequal length."""
    events = material.events
    if material.has("times"):
        events = events.sort_values(["timestamp", "user", "item"], kind="stable")
    else:
        events = events.iloc[material.rng("13.6").permutation(len(events))]
    columns = material.items.get_indexer(events["item"])
    columns = columns[columns < 12][:2000]
    need(len(columns) >= 16, "There are too few events for blocks: bring a longer table.")
    found = []
    for size, n_blocks, k in product((16, 60, 300, 2000), (3, 4, 6), (2, 3, 1)):
        some = columns[:size]
        ends = (len(some) * (np.arange(1, n_blocks) / n_blocks) ** 1.5).astype(int)
        blocks = [block.copy() for block in np.split(some, ends)]
        if min(map(len, blocks)) > 0:
            found.append((blocks, k, score))
    return telling("13.6", found)


def _described(events: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Mean direction of what each user met, in rows of length 1; rows of zeros without events."""
    rows = events @ directions
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1))


def _nearest(rows: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.asarray(((rows[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1))


def _newest(material: Material, met: np.ndarray) -> np.ndarray:
    """Mark the newest events: by time or by lot, as many as leave some people without one."""
    events = material.events
    order = material.rng("13.7").permutation(len(events))
    if material.has("times"):
        order = order[np.argsort(events["timestamp"].to_numpy()[order], kind="stable")]
    newest = np.zeros_like(met)
    for share in (0.3, 0.1, 0.03, 0.01, 0.003):
        late = events.iloc[order[int(len(order) * (1 - share)) :]]
        newest = material.table_of(late).toarray() > 0
        if not newest.any(axis=1).all():
            break
    need(
        8 <= newest.any(axis=1).sum() < len(met),
        "Fewer than eight people, or all of them, have one of the newest events: bring a longer "
        "table.",
    )
    return newest


@kept
def _dashboard(material: Material) -> tuple[pd.DataFrame]:
    """Let four programs group the people on two nights, without and with the newest events."""
    met = material.matrix.toarray() > 0
    newest, k = _newest(material, met), material.n_groups
    directions = material.matrix.T @ material.vectors
    yesterday, today = (_described(part, directions) for part in (met & ~newest, met))
    monday = KMeans(k, n_init=5, random_state=0).fit(yesterday)
    start = monday.cluster_centers_
    tuesday = {WARM: KMeans(k, init=start, n_init=1).fit(today)}
    for seed in range(1, 30):
        tuesday[SCRATCH] = KMeans(k, n_init=5, random_state=seed).fit(today)
        if np.mean(tuesday[SCRATCH].labels_ == monday.labels_) < 0.3:
            break
    here = newest.any(axis=1)
    batch = _described(newest[here], directions)
    tuesday[NEWEST] = KMeans(min(k, len(batch)), n_init=5, random_state=0).fit(batch)
    figures = {NEVER: (0.0, monday.labels_, _nearest(today, start), 0.0)}
    for name, found in tuesday.items():
        shape = found.cluster_centers_.shape
        moved = np.linalg.norm(found.cluster_centers_ - start[: shape[0]], axis=1).mean()
        before = monday.labels_[here] if name == NEWEST else monday.labels_
        figures[name] = (moved, before, found.labels_, 1 - here.mean() if name == NEWEST else 0.0)
    need(figures[WARM][0] > 5e-5, "The newest events change nothing here: bring a longer table.")
    order = material.rng(f"13.7 {len(material.events)}").permutation(list(figures))
    rows = [
        (moved, adjusted_rand(a, b), np.mean(a == b), without)
        for moved, a, b, without in (figures[str(name)] for name in order)
    ]
    columns = ["centres moved by", "same grouping", "same number", "without a group"]
    return (pd.DataFrame(rows, index=list("PQRS"), columns=columns).round(4),)


def _programs(dashboard: pd.DataFrame) -> dict[str, str]:
    newest = dashboard["without a group"].idxmax()
    never = dashboard["centres moved by"].idxmin()
    scratch = dashboard.drop([newest, never])["same number"].idxmin()
    names = {newest: NEWEST, never: NEVER, scratch: SCRATCH}
    return {str(letter): names.get(letter, WARM) for letter in dashboard.index}


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "13.1",
        "`mean` describes the taste of `n` people of your table, on average, and `x` that of one "
        "more. Write the mean of all of them; it should work for numbers, such as events per "
        "person, as well.",
        first(_steps),
        others(_steps),
    ),
    Variant(
        "13.2",
        "Take your people one after another and count all events so far: from each person to the "
        "next the count rises by `speed`, on average. A mean of these counts multiplies its older "
        "weights by `kept_share` with every new count. How far behind the newest count is it, in "
        "the long run (within 1 % is near enough)?",
        _growth,
        expected=_behind,
        hint="How many people old, on average, is what the mean remembers? The newest count has "
        "no age. Then ask how far the count goes in that time.",
        nudge="The mean age is d / (1 - d) people, d being what is kept of the weights.",
        tolerance=0.01,
    ),
    Variant(
        "13.3",
        "`mean` is the mean taste of some people of your table, who weigh `weight` in all; the "
        "rows of `X` are the people who come next, oldest first. Write the mean after them, if "
        "somebody weighs half when `half_life` newer people have come.",
        first(_batches),
        others(_batches),
    ),
    Variant(
        "13.4",
        "`values` goes through some people of your table and says how many items each has met, as "
        "a multiple of what is usual; towards the end the busiest ones may come. Write the "
        "detector: the position of the first value at which it calls, or -1.",
        first(_streams),
        others(_streams),
    ),
    Variant(
        "13.5",
        "A detector watches each of the `watched` items in your table, `checks` times a day; "
        "one check in `one_in` gives a false alarm. How many false alarms are there in `days` "
        "days in which nothing happens (within 2 % is near enough)?",
        _watch,
        expected=_for_nothing,
        hint="Count the checks of the whole time, over all items, first.",
        nudge="Items times checks a day times days; then one in so many of them.",
        tolerance=0.02,
    ),
    Variant(
        "13.6",
        "`blocks` holds the events with your most popular items, in the order of time (or of a "
        "lottery, if the table has no times): numbers of the items that were met. Write the "
        "replay: ask `score(seen, block, k)` about each block before it is a lesson, the first "
        "left out, and return the mean over blocks.",
        first(_blocks),
        others(_blocks),
    ),
    Variant(
        "13.7",
        "Four programs grouped the people of your table on two nights, before and after its newest "
        "events came (drawn by lot, if the table has no times); `dashboard` shows how far their "
        "centres moved from one night to the next, how well the groupings agree (ARI), the share "
        "of people who kept their number, and of those without a group. Which is which? Answer "
        "with a dictionary from the letters to 'never again', 'from scratch', 'newest day' and "
        "'warm start'.",
        _dashboard,
        expected=_programs,
        hint="One program has forgotten the people who did nothing lately, one never learns "
        "anything, and one gives its numbers anew. In which column does each of them show?",
        nudge="Begin with the last column, then look for centres that stand still, and then for "
        "numbers that changed more than the groupings did.",
    ),
)
