"""Variants of chapter 8 on a class's own table: splits, steps, stops and comparisons."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

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

UNITS = 16


@kept
def _tables(material: Material) -> list[tuple]:
    """The user of each event, in order of time: of a few busy people first, then of more."""
    events = material.events.sort_values(["timestamp", "user", "item"], kind="stable")
    rows = material.users.get_indexer(pd.Index(events["user"]))

    place = events.groupby("user").cumcount().to_numpy()

    def cut(n: int, most: int, start: int = 0) -> tuple[np.ndarray]:
        chosen = material.busiest[start : start + n]
        return (rows[np.isin(rows, chosen) & (place < most)],)

    candidates = [cut(3, 12), cut(2, 20, 1), cut(8, 25), cut(12, 30, 4), cut(1, 25), cut(40, 30)]
    return telling("08.1", candidates)


def _softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def _shares(counts: np.ndarray) -> np.ndarray:
    return np.asarray(counts / counts.sum(axis=-1, keepdims=True))


@kept
def _scored(material: Material) -> list[tuple]:
    before, after = mixes(material, 4)
    scores, targets = np.log(before + 1.0).round(2), _shares(after).round(3)
    targets[:, -1] = 1 - targets[:, :-1].sum(axis=1)
    return telling("08.2", [(scores[row], targets[row]) for row in some(range(len(scores)), 12)])


@kept
def _steps(material: Material) -> list[tuple]:
    """Six steps of Adam for one bias each of the softmax, as it learns the mix of the table."""
    before, after = mixes(material, 4)
    target, scores = _shares(after.sum(axis=0)), np.zeros(after.shape[1])
    gradients = _softmax(scores) - target
    candidates = []
    for topic in np.argsort(-np.abs(gradients), kind="stable")[:3]:
        weight, m, v = 0.0, 0.0, 0.0
        for t in range(1, 7):
            # One person each, as a batch of one would do it.
            gradient = float(_softmax(scores)[topic] - _shares(after[t - 1])[topic])
            candidates.append((round(weight, 4), round(gradient, 4), m, v, t))
            m, v = round(0.9 * m + 0.1 * gradient, 6), round(0.999 * v + 0.001 * gradient**2, 8)
            weight -= 0.1 * float(np.sign(gradient))
    # The second step first: at the first one, some mistakes do not show.
    return telling("08.3", [*candidates[1:], candidates[0]], 6)


@kept
def _curves(material: Material) -> list[list[float]]:
    """Validation losses of a softmax that forecasts the later mix from the older one."""
    before, after = mixes(material, 4)
    X, target = _shares(before + 0.5), _shares(after)
    order = material.rng("08.4").permutation(len(X))[:200]
    train, validation = np.array_split(order, [max(3, len(order) * 2 // 3)])
    found = []
    for rate in (8.0, 20.0, 40.0):
        rng, weights, losses = material.rng(f"08.4 {rate}"), np.zeros((X.shape[1],) * 2), []
        for _ in range(14):
            batch = rng.choice(train, min(4, len(train)), replace=False)
            error = _softmax(X[batch] @ weights) - target[batch]
            weights -= rate * X[batch].T @ error / len(batch)
            mix = np.maximum(_softmax(X[validation] @ weights), 1e-3)
            losses.append(float(-(target[validation] * np.log(mix)).sum(axis=1).mean()))
        found.append(np.round(losses, 2).tolist())
    return found


def _stops(material: Material) -> Iterator[tuple]:
    curves = _curves(material)
    for patience in (2, 1, 3):
        yield from ((curve, patience) for curve in curves)
    # The same curves, measured twice in each epoch; and trained on with a smaller rate.
    yield from ((np.repeat(curve, 2).tolist(), 2) for curve in curves)
    for patience in (1, 2, 3):
        for curve in curves:
            again = (np.array(curve) - np.ptp(curve) - 0.1).round(2).tolist()
            yield curve + again, patience
            yield curve[::-1] + again, patience
            # The best one first, by luck, and from then on a slow way back.
            yield [min(curve) - 0.01, *sorted(curve, reverse=True), *again], patience
            yield from ((curve[start:] + again[: start + 2], patience) for start in range(12))


@kept
def _losses(material: Material) -> list[tuple]:
    return telling("08.4", _stops(material))


def _memory(material: Material) -> tuple[int, int]:
    return material.n_items, UNITS


def _size_of_memory(n_inputs: int, n_units: int) -> int:
    return 3 * (n_units * (n_inputs + n_units) + 2 * n_units)


@kept
def _looks(material: Material) -> list[tuple]:
    """How alike the items of one history are: scores of an attention without weights."""
    vectors = item_vectors(material)
    long = [history for history in histories(material) if len(history) > 2][:12]
    need(len(long) >= 4, "Fewer than four people met three items or more: bring a longer table.")
    parts = [vectors[h[-n:]] for h, n in zip(long, (3, 4, 6, 8) * 3, strict=False)]
    return telling("08.6", [((4 * part @ part.T).round(2),) for part in parts])


@kept
def _two_losses(material: Material) -> list[tuple]:
    """Losses of two forecasts for every later event: everybody's mix, and her own older one."""
    before, after = mixes(material, 4)
    overall = _shares(before.sum(axis=0) + 1.0)
    own = (before + 2 * overall) / (before.sum(axis=1, keepdims=True) + 2)
    rows, groups = np.nonzero(after)
    repeats = np.minimum(after[rows, groups], 5)
    rows, groups = np.repeat(rows, repeats), np.repeat(groups, repeats)
    mine, theirs = -np.log(own[rows, groups]).round(3), -np.log(overall[groups]).round(3)

    def cut(users: list[int], *, uneven: bool = False) -> tuple:
        keep = np.isin(rows, users)
        if uneven:
            # Fewer events of every other person: else all might have equally many.
            place = np.arange(len(rows)) - np.searchsorted(rows, rows)
            keep &= (rows % 2 == 0) | (place == 0)
        return rows[keep], mine[keep], theirs[keep]

    everybody = range(len(before))
    parts = [some(everybody, 5), list(everybody[:4]), some(everybody, 12), some(everybody, 60)]
    return telling("08.7", [cut(p, uneven=u) for u in (False, True) for p in parts], 4)


@kept
def _in_order(material: Material) -> list[tuple]:
    """Histories of a few people, with the popularity of what they met."""
    events = material.events.assign(
        place=material.items.get_indexer(pd.Index(material.events["item"]))
    )
    events["fifth"] = 1 + 5 * events["place"] // material.n_items
    events = events.sort_values(["user", "timestamp", "item"], kind="stable")
    rng = material.rng("08.8")

    def cuts() -> Iterator[tuple]:
        for start, most in ((0, 6), (2, 9), (4, 20), (1, 40)):
            chosen = material.users[material.busiest[start : start + 4]]
            part = events[events["user"].isin(chosen)]
            part = part[part.groupby("user").cumcount() < most]
            # Rows as the log has them; and as they stand after a lottery.
            drawn = part.iloc[rng.permutation(len(part))].sort_values("user", kind="stable")
            gaps = part.groupby("user")["timestamp"].diff().dropna().to_numpy()
            if not len(gaps):
                continue
            near = [float(np.quantile(gaps, share, method="lower")) for share in (0.5, 0.25, 0.8)]
            # With the last one nothing but the person separates two rows.
            for seconds in (near[0], 0.0, *near[1:], float(np.ptp(events["timestamp"]))):
                for column in ("place", "fifth"):
                    for rows in (part, drawn):
                        table = rows[["user", "timestamp", "place", "fifth"]]
                        yield table.reset_index(drop=True), column, seconds

    return telling("08.8", cuts())


VARIANTS = (
    Variant(
        "08.1",
        "Write the split for your own table. The input holds the person of each event of a few "
        "people, all events in order of time; return the three ascending lists of row numbers, "
        "cut at n * 7 // 10 and n * 8 // 10 of each person's own n events.",
        first(_tables),
        others(_tables),
        needs=("times",),
        instead="If the rows of your file stand in the order in which things happened, number "
        "them and name that column: own_data(table, timestamp='number').",
    ),
    Variant(
        "08.2",
        "Write the gradient for a forecast about your own people. The items are in four groups "
        "that the same people met; the scores come from the older half of one person's history, "
        "and the target is the mix of the later half.",
        first(_scored),
        others(_scored),
    ),
    Variant(
        "08.3",
        "Write the step of Adam, with the rate 0.1 and the numbers of the chapter, for a weight "
        "that learns the mix of your table. The inputs are the weight, its gradient for one of "
        "your people, the two averages so far, and the number of the step.",
        first(_steps),
        others(_steps),
    ),
    Variant(
        "08.4",
        "Write early stopping for a small network that learns, on your table, what people meet "
        "next. The inputs are its validation losses, one for each epoch, and the patience.",
        first(_losses),
        others(_losses),
    ),
    Variant(
        "08.5",
        "A GRU is to read histories of your table; each event is a row with one number for each "
        "item. The inputs are the number of items and the number of units. Predict how many "
        "parameters it has in Keras, with two biases for each unit of each part.",
        _memory,
        expected=_size_of_memory,
        hint="Count one part first: a table from the items to the units, a table from the units "
        "to the units, and two biases for each unit. The length of a history plays no part.",
    ),
    Variant(
        "08.6",
        "Write the causal weights for a history of your own table. The input says how alike "
        "the items of one person's history are, each with each, oldest first; without times "
        "the most popular item takes the place of the oldest.",
        first(_looks),
        others(_looks),
    ),
    Variant(
        "08.7",
        "Compare two forecasts for your own people. The inputs are the person of each later "
        "event, the loss of a forecast from her own older events (mine), and that of "
        "everybody's mix (theirs). Return the mean gain over people and its standard error.",
        first(_two_losses),
        others(_two_losses),
    ),
    Variant(
        "08.8",
        "Look for an order that nobody meant in your own table. The inputs are the histories of a "
        "few people, with the place of each item in the order of popularity (0 is the most "
        "popular) and the fifth of the items in which it lies; a column; and how many seconds "
        "apart two rows may be.",
        first(_in_order),
        others(_in_order),
        needs=("times",),
        instead="Nothing can be near in time where there are no times; do the exercise of the "
        "chapter itself.",
    ),
)
