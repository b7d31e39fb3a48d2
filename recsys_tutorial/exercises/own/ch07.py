"""Variants of chapter 7 on a class's own table: windows, maps, filters and layers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD

from recsys_tutorial.exercises.own.cutting import (
    first,
    histories,
    interest_maps,
    kept,
    names,
    others,
    telling,
)
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import SEED, Material, need

# A history in a hint should fit on a line or two.
LONGEST = 14
# Items on the lists of groups; the first is the one that the task names.
PLACES = (5, 3, 8, 1)
# It answers to three events running of one topic, and to a turn of the taste.
RUNS = np.array([[-1.0, 2.0, -1.0]] * 3)
TURNS = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0], [-3.0, 0.0, 1.0]])


@kept
def _windows(material: Material) -> list[tuple]:
    titles = np.array(names(material), dtype=object)
    own = [titles[history[-LONGEST:]].tolist() for history in histories(material)[:8]]
    own = [history for history in own if len(history) >= 6]
    need(own, "Nobody met six items or more: bring a table with longer histories.")
    lengths = [len(history) for history in own]
    # In the middle, near the start, near the end, and where place and number are one.
    cuts = [[(n // 2 + 1, 3, 2), (2, 4, 2), (n - 1, 3, 4), (3, 3, 3), (1, 2, 2)] for n in lengths]
    return telling(
        "07.1", [(h, *cut[i]) for i in range(5) for h, cut in zip(own, cuts, strict=True)]
    )


@kept
def _filtered(material: Material) -> list[tuple]:
    maps = interest_maps(material)
    filters = [TURNS, RUNS, TURNS - 0.5]
    return telling("07.2", [(one, weights) for weights in filters for one in maps[:4]])


def _sides(material: Material) -> tuple[int, int]:
    """How large a map of this table would be: events of a usual history, and topics."""
    n_events = int(np.clip(np.median(material.activity), 9, 40))
    n_topics = int(np.clip(material.n_items // 3, 6, 28))
    return n_events, n_topics


def _after_two_layers(n_events: int, n_topics: int) -> tuple[int, int]:
    return (n_events - 2) // 2, (n_topics - 2) // 2


def _learnt(n_events: int, n_topics: int) -> tuple[int, int]:
    return 16 * (3 * 3 * 2 + 1), 64 * (n_events * n_topics * 2 + 1)


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def _pooled(pictures: np.ndarray) -> np.ndarray:
    n, height, width, filters = pictures.shape
    blocks = pictures[:, : height // 2 * 2, : width // 2 * 2]
    return blocks.reshape(n, height // 2, 2, width // 2, 2, filters).max(axis=(2, 4))


def _network(material: Material, maps: np.ndarray, *, dropout: bool, deep: bool) -> list[tuple]:
    """Send maps through a small network that has learnt nothing yet."""
    rng = material.rng("07.5")
    places = np.lib.stride_tricks.sliding_window_view(maps, (3, 3), axis=(1, 2))
    filters = _relu(np.einsum("nijab,fab->nijf", places, rng.normal(size=(3, 3, 3))))
    layers = [("filters", filters), ("pooled", _pooled(filters))]
    if deep:
        # Filters of 1 by 1: the maps of a class are small.
        second = _relu(layers[-1][1] @ rng.normal(size=(3, 2)))
        layers += [("filters_2", second), ("pooled_2", second[:, ::2])]
    flat = layers[-1][1].reshape(len(maps), -1)
    features = _relu(flat @ rng.normal(size=(flat.shape[1], 6)) + 0.1)
    layers += [("flat", flat), ("features", features)]
    silenced = features * (rng.random(features.shape) < 0.6) / 0.6
    layers += [("dropout", silenced)] if dropout else []
    scores = features @ rng.normal(size=(6, 4))
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    mix = ("mix", raised / raised.sum(axis=1, keepdims=True))
    return [(name, values.round(4)) for name, values in [*layers, mix]]


@kept
def _networks(material: Material) -> list[tuple]:
    maps = interest_maps(material)
    shapes = [(True, False), (False, False), (True, True), (False, True)]
    return telling(
        "07.5",
        [
            (_network(material, maps[start:end], dropout=dropout, deep=deep),)
            for start, end in ((0, 3), (2, 7))
            for dropout, deep in shapes
        ],
    )


@kept
def _orders(material: Material) -> tuple[np.ndarray, np.ndarray]:
    """Interest maps, and an order of its own for the rows of each."""
    maps, rng = interest_maps(material), material.rng("07.7")
    return maps, np.array([rng.permutation(maps.shape[1]) for _ in maps])


@kept
def _two_shuffles(material: Material) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    maps, orders = _orders(material)
    return maps, orders, material.rng("07.6").permutation(maps.shape[2]), RUNS


def _changed(
    maps: np.ndarray, orders: np.ndarray, columns: np.ndarray, weights: np.ndarray
) -> dict[str, int]:
    """In how many maps a sorted mean, and the largest response, change with either shuffle."""
    moved = {
        "rows": np.take_along_axis(maps, orders[:, :, None], axis=1),
        "columns": maps[:, :, columns],
    }

    def mean(x: np.ndarray) -> np.ndarray:
        return np.sort(x.mean(axis=1), axis=1)

    def response(x: np.ndarray) -> np.ndarray:
        places = np.lib.stride_tricks.sliding_window_view(x, weights.shape, axis=(1, 2))
        return (places * weights).sum(axis=(3, 4)).max(axis=(1, 2))[:, None]

    return {
        f"{name}, {axis}": int((np.abs(of(new) - of(maps)) > 1e-9).any(axis=1).sum())
        for name, of in (("mean", mean), ("response", response))
        for axis, new in moved.items()
    }


@kept
def _shuffles(material: Material) -> list[tuple]:
    maps, orders = _orders(material)
    # Histories that fill the whole map: what is missing cannot be seen to move.
    parts = [slice(0, 3), slice(1, 4), slice(0, 2), slice(2, 7), slice(0, None)]
    return telling("07.7", [(maps[part], orders[part]) for part in parts])


@kept
def _scores_and_costs(
    material: Material,
) -> tuple[list[dict[str, list[float]]], dict[str, float]]:
    """How often lists of groups find something, for groups made from five descriptions."""
    rows = material.busiest[:300]
    train, test = material.train_matrix[rows].toarray(), material.test_matrix[rows].toarray()
    need(test.any(axis=1).sum() >= 6, "Fewer than six people have an item held out: bring more.")
    # From the part to learn from alone: a description that has seen the test finds too much.
    lengths = np.sqrt(np.maximum(train.sum(axis=1, keepdims=True), 1))
    with np.errstate(all="ignore"):  # of a table in which all people are alike
        svd = TruncatedSVD(min(8, train.shape[1] - 1), random_state=SEED)
        short = svd.fit_transform(train / lengths).round(6)
    popular = np.argsort(-train.sum(axis=0), kind="stable")[:4]
    described = {
        "all items": train,
        "short vectors": short,
        "popular items": train[:, popular],
        "two numbers": short[:, :2],
        "how much": train.sum(axis=1, keepdims=True),
    }
    found = {name: [_found(X, train, test, s) for s in range(2)] for name, X in described.items()}
    costs = {name: float(X.shape[1]) for name, X in described.items()}
    scores = [
        {name: [runs[place] for runs in found[name]] for name in found}
        for place in range(len(PLACES))
    ]
    return scores, costs


def _found(X: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int) -> list[float]:
    """Share of people who find something among the best of their group, for lists of each size."""
    k = min(4, len(np.unique(X, axis=0)))
    labels = KMeans(k, n_init=1, random_state=seed).fit_predict(X)
    counts = (np.eye(k)[labels].T @ train)[labels] + train.mean(axis=0)
    order = np.argsort(-np.where(train > 0, -np.inf, counts.round(9)), axis=1, kind="stable")
    hits = np.take_along_axis(test, order, axis=1)[test.sum(axis=1) > 0]
    shares = [(hits[:, :n].sum(axis=1) > 0).mean() for n in PLACES]
    # In 64ths, so that sums are exact and nobody misses a margin by a rounding error.
    return [float(np.round(64 * share) / 64) for share in shares]


@kept
def _choices(material: Material) -> list[tuple]:
    by_size, costs = _scores_and_costs(material)
    full = list(costs)
    few = [list(part) for n in (3, 2) for part in combinations(full, n)]

    def cuts() -> Iterator[tuple]:
        for scores, chosen in product(by_size, [full, full[::-1], full[1:], full[:4], *few]):
            means = {name: sum(scores[name]) / 2 for name in chosen}
            # A margin as of chapter 7, and those that one of them meets to the letter.
            for margin in [1 / 16, *sorted({max(means.values()) - x for x in means.values()})]:
                part = {name: scores[name] for name in chosen}
                yield part, {name: costs[name] for name in chosen}, margin

    return telling("07.8", cuts())


VARIANTS = (
    Variant(
        "07.1",
        "Write the window of the exercise for histories of your own table. The inputs are one "
        "person's latest items, oldest first, and t, n_events and horizon.",
        first(_windows),
        others(_windows),
        needs=("times",),
        instead="If the rows of your file stand in the order in which things happened, number "
        "them and name that column: own_data(table, timestamp='number').",
    ),
    Variant(
        "07.2",
        "Write the convolution for interest maps of your own people: rows are one person's latest "
        "items (in order of time if there are times), columns are groups of items that the same "
        "people met. The inputs are one map and a filter of 3 by 3.",
        first(_filtered),
        others(_filtered),
    ),
    Variant(
        "07.3",
        "For your table a map might have n_events rows, a usual history but nine at least, and "
        "n_topics columns; the inputs are these two numbers. Predict the two sides, as a pair "
        "(rows, columns), after a filter of 3 by 3 without padding and pooling by 2 by 2.",
        _sides,
        expected=_after_two_layers,
        hint="Take the two sides one by one: on how many places does a window of 3 fit, and how "
        "many whole blocks of 2 are there then?",
    ),
    Variant(
        "07.4",
        "Give the map of your table, n_events by n_topics, a second channel: how recent each "
        "event is. The inputs are these two numbers. Predict two numbers, as a pair: how much "
        "does Conv2D(16, (3, 3)) learn on this map, and how much does Dense(64) learn that reads "
        "the whole map, with both channels, as one row?",
        _sides,
        expected=_learnt,
        hint="A filter has a weight for each of its cells in each channel; a dense unit has one "
        "for each number that it reads. Filters and units have one number more each.",
    ),
    Variant(
        "07.5",
        "Write the function that finds the right layer. The input is the list of layers, as pairs "
        "of name and output, of a small network with fresh weights that has read maps of your own "
        "people; the check also tries it on other networks.",
        first(_networks),
        others(_networks),
    ),
    Variant(
        "07.6",
        "The inputs are interest maps of your own people, an order of the rows for each map, one "
        "order of the columns for all, and a filter. In how many maps do two things change: the "
        "mean of the rows, as a sorted list of numbers, and the largest response of the filter? "
        'Guess first, then count. Answer with {"mean, rows": ..., "mean, columns": ..., '
        '"response, rows": ..., "response, columns": ...}; a count within a tenth of the right '
        "one is right.",
        _two_shuffles,
        expected=_changed,
        hint="Do it with one map: shuffle its rows and take the mean over the rows again; then "
        "permute its columns and sort the mean. What does a filter see that a mean does not? "
        "Differences below a billionth are rounding, not change.",
        nudge="A mean adds up all rows, in whatever order; a filter multiplies three rows and "
        "three columns that lie side by side. After which shuffle do the same ones do so?",
        tolerance=0.1,
    ),
    Variant(
        "07.7",
        "Write the shuffle for interest maps of your own people. The inputs are the maps and one "
        "order of the rows for each; nothing may move to another person or to another topic.",
        first(_shuffles),
        others(_shuffles),
    ),
    Variant(
        "07.8",
        "Choose a description of your own people. Groups were made from several descriptions, and "
        "scores says, for two starts of K-means, what share of people finds something among five "
        "items of their group; costs says how many numbers describe one person. The margin comes "
        "third.",
        first(_choices),
        others(_choices),
    ),
)
