"""Exercises of chapter 16: costs that grow, indexes that miss, sums that can be put together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from recsys_tutorial.evaluation import growth_exponent
from recsys_tutorial.exercises.engine import Exercise, Mistake

# ------------------------------------------------------------------ the exponent


def _plain_slope(sizes: np.ndarray, costs: np.ndarray) -> float:
    return float(np.polyfit(sizes, costs, 1)[0])


def _half_logarithms(sizes: np.ndarray, costs: np.ndarray) -> float:
    return float(np.polyfit(sizes, np.log(costs), 1)[0])


def _other_way_round(sizes: np.ndarray, costs: np.ndarray) -> float:
    return float(np.polyfit(np.log(costs), np.log(sizes), 1)[0])


def _two_ends(sizes: np.ndarray, costs: np.ndarray) -> float:
    return float(np.log(costs[-1] / costs[0]) / np.log(sizes[-1] / sizes[0]))


def _intercept(sizes: np.ndarray, costs: np.ndarray) -> float:
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[1])


def _per_doubling(sizes: np.ndarray, costs: np.ndarray) -> float:
    return float(2 ** growth_exponent(sizes.tolist(), costs.tolist()))


def _exponent_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(162)
    probes = [
        (np.array([1.0, 10.0, 100.0]), np.array([1.0, 100.0, 1000.0])),
        (np.array([10.0, 100.0, 1000.0]), np.array([2.0, 3.0, 50.0])),
    ]
    for n_points, exponent in [(3, 1.0), (4, 2.0), (5, 0.3), (6, 3.0), (8, 1.4)]:
        sizes = 100.0 * 2 ** np.arange(n_points)
        noise = np.exp(rng.normal(0, 0.2, n_points))
        probes.append((sizes, 1e-4 * sizes**exponent * noise))
    return probes


# ------------------------------------------------------------------ far away

# Measured to 10,000 users, asked about 10 million: a thousand times as many.
TIMES = 1000.0


def _band(low: float, high: float) -> float:
    return float(TIMES**high / TIMES**low)


# ------------------------------------------------------------------ cells of an index

POINTS, PROBES = 1_000_000, 9


# ------------------------------------------------------------------ means from chunks

Chunks = list[pd.DataFrame]


def _by_item(chunk: pd.DataFrame) -> dict[str, list[float]]:
    return {str(name): rows.tolist() for name, rows in chunk.groupby("item")["rating"]}


def _item_means(chunks: Chunks) -> dict[str, float]:
    whole = pd.concat(chunks)
    return {name: float(np.mean(ratings)) for name, ratings in _by_item(whole).items()}


def _mean_of_means(chunks: Chunks) -> dict[str, float]:
    means = [{n: float(np.mean(r)) for n, r in _by_item(chunk).items()} for chunk in chunks]
    return {n: float(np.mean([m[n] for m in means if n in m])) for n in _item_means(chunks)}


def _missing_is_nought(chunks: Chunks) -> dict[str, float]:
    means = [{n: float(np.mean(r)) for n, r in _by_item(chunk).items()} for chunk in chunks]
    return {n: sum(m.get(n, 0.0) for m in means) / len(chunks) for n in _item_means(chunks)}


def _weighed_by_the_chunk(chunks: Chunks) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in _item_means(chunks):
        with_it = [chunk for chunk in chunks if name in _by_item(chunk)]
        total = sum(len(chunk) * np.mean(_by_item(chunk)[name]) for chunk in with_it)
        found[name] = float(total / sum(map(len, with_it)))
    return found


def _last_chunk_wins(chunks: Chunks) -> dict[str, float]:
    found: dict[str, float] = {}
    for chunk in chunks:
        found |= {name: float(np.mean(ratings)) for name, ratings in _by_item(chunk).items()}
    return found


def _running_half(chunks: Chunks) -> dict[str, float]:
    found: dict[str, float] = {}
    for chunk in chunks:
        for name, ratings in _by_item(chunk).items():
            mean = float(np.mean(ratings))
            found[name] = (found[name] + mean) / 2 if name in found else mean
    return found


def _sums_only(chunks: Chunks) -> dict[str, float]:
    return {name: float(np.sum(ratings)) for name, ratings in _by_item(pd.concat(chunks)).items()}


def _divided_by_all(chunks: Chunks) -> dict[str, float]:
    whole = pd.concat(chunks)
    return {name: float(np.sum(r)) / len(whole) for name, r in _by_item(whole).items()}


def _chunk_probes() -> list[tuple[Chunks]]:
    rng = np.random.default_rng(164)
    one = pd.DataFrame({"item": ["a", "a", "a", "b"], "rating": [1.0, 2.0, 3.0, 5.0]})
    two = pd.DataFrame({"item": ["a", "c"], "rating": [5.0, 2.0]})
    probes = [([one, two],), ([two, one],), ([one],)]
    for sizes in [(5, 2), (3, 8, 1), (9, 9, 4, 2), (1, 20)]:
        frames = [
            pd.DataFrame(
                {
                    "item": np.array(list("abcde"))[rng.integers(5, size=n)],
                    "rating": rng.integers(1, 11, size=n) / 2,
                }
            )
            for n in sizes
        ]
        probes.append((frames,))
    return probes


# ------------------------------------------------------------------ the first free places


def _free(seen: list[int], k: int) -> list[int]:
    places = [p for p in range(1, k + len(seen) + 1) if p not in set(seen)]
    return places[:k]


def _cut_then_dropped(seen: list[int], k: int) -> list[int]:
    return [p for p in range(1, k + 1) if p not in set(seen)]


def _from_nought(seen: list[int], k: int) -> list[int]:
    return [p for p in range(k + len(seen)) if p not in set(seen)][:k]


def _behind_all(seen: list[int], k: int) -> list[int]:
    start = max(seen, default=0) + 1
    return list(range(start, start + k))


def _seen_kept(seen: list[int], k: int) -> list[int]:
    return list(range(1, k + 1))


def _one_more_round(seen: list[int], k: int) -> list[int]:
    # As far as k places and those seen among them: the longer walk can meet seen ones again.
    far = k + sum(p <= k for p in seen)
    return [p for p in range(1, far + 1) if p not in set(seen)]


def _too_many(seen: list[int], k: int) -> list[int]:
    return [p for p in range(1, k + len(seen) + 1) if p not in set(seen)]


def _place_probes() -> list[tuple[list[int], int]]:
    rng = np.random.default_rng(165)
    probes: list[tuple[list[int], int]] = [([2, 3], 3), ([1, 4, 5], 3), ([], 4), ([9], 2)]
    for n_seen, k, size in [(5, 4, 12), (8, 3, 30), (10, 10, 20), (3, 6, 50)]:
        drawn = rng.choice(np.arange(1, size + 1), n_seen, replace=False)
        probes.append((sorted(drawn.tolist()), k))
    return probes


def _value(number: float) -> Callable[[], float]:
    return lambda: float(number)


EXERCISES = (
    Exercise(
        "16.1",
        "The slope of a cost",
        "write",
        growth_exponent,
        (
            Mistake(
                "without logarithms",
                _plain_slope,
                "You fitted a straight line to the numbers as they are. Its slope has a unit, "
                "seconds per user, and is no exponent: both axes must be logarithmic.",
            ),
            Mistake(
                "one logarithm only",
                _half_logarithms,
                "You took the logarithm of the costs alone. That line belongs to a cost that "
                "multiplies with every further user; here it multiplies with every doubling.",
            ),
            Mistake(
                "the other way round",
                _other_way_round,
                "Your axes are swapped: you explain the size by the cost.",
            ),
            Mistake(
                "first and last only",
                _two_ends,
                "You joined the first and the last point. A single slow run at one end then "
                "decides everything: use all points.",
            ),
            Mistake(
                "the height in place of the slope",
                _intercept,
                "You returned the other number of the line, its height. The exponent is the slope.",
            ),
            Mistake(
                "the factor of a doubling",
                _per_doubling,
                "You returned what a doubling multiplies the cost by. Return the exponent p.",
            ),
        ),
        "Take the logarithm of both sides of the formula. What kind of curve is left?",
        "After two logarithms it is a straight line: fit one by least squares, for example with "
        "numpy.polyfit of degree 1, and read off one of its two numbers.",
        probes=_exponent_probes,
    ),
    Exercise(
        "16.2",
        "A small error, a thousand times as far",
        "predict",
        lambda: _band(0.9, 1.1),
        (
            Mistake(
                "one side only",
                _value(TIMES**0.1),
                "That is the step from the middle to one end. Give the whole way, from the "
                "lower end to the upper.",
            ),
            Mistake(
                "exponents divided",
                _value(1.1 / 0.9),
                "You divided the exponents. They stand above the thousand: compare the two powers.",
            ),
            Mistake(
                "exponents multiplied with the size",
                _value(TIMES * 0.2),
                "You multiplied the difference by the thousand. An exponent says how often to "
                "multiply, not by what.",
            ),
            Mistake(
                "the whole growth",
                _value(TIMES**1.1),
                "That is how much the cost grows at the upper end. Say how many times it is "
                "the cost at the lower end.",
            ),
            Mistake(
                "a per cent of error",
                _value(1.2),
                "You added the error of the exponent to 1. An error above a power does not stay a "
                "percentage: it grows with the distance.",
            ),
        ),
        "Write down the cost at both ends as a power of the thousand, and divide.",
        "When powers of one number are divided, their exponents are subtracted; then take the "
        "root or the power on a calculator.",
        tolerance=0.005,
    ),
    Exercise(
        "16.3",
        "How many cells?",
        "predict",
        _value((PROBES * POINTS) ** 0.5),
        (
            Mistake(
                "probes forgotten",
                _value(POINTS**0.5),
                "That is the best number if one cell is opened. Here nine are, so that a cell "
                "costs more than a centre does.",
            ),
            Mistake(
                "probes outside the root",
                _value(PROBES * POINTS**0.5),
                "The number of opened cells belongs under the root: set the derivative to zero "
                "with it in its place.",
            ),
            Mistake(
                "divided by the probes",
                _value((POINTS / PROBES) ** 0.5),
                "You divided where the number of opened cells multiplies: more opened cells make "
                "small cells worth more.",
            ),
            Mistake(
                "the work in place of the cells",
                _value(2 * (PROBES * POINTS) ** 0.5),
                "That is the work at the best place, centres and members together. Give the "
                "number of cells.",
            ),
            Mistake(
                "half of the points",
                _value(POINTS / 2),
                "With so many cells the centres alone cost as much as half of an exact search.",
            ),
        ),
        "The work has two parts: one grows with the number of cells, the other falls. Where are "
        "they equal?",
        "Set the number of centres equal to the number of points in the opened cells, and solve.",
        tolerance=0.005,
    ),
    Exercise(
        "16.4",
        "Means that can be put together",
        "repair",
        _item_means,
        (
            Mistake(
                "mean of means",
                _mean_of_means,
                "You average the means of the chunks. A chunk with one rating of the item then "
                "counts as much as one with a hundred.",
            ),
            Mistake(
                "missing counted as 0",
                _missing_is_nought,
                "You divide by the number of chunks, also where a chunk does not know the item: "
                "an item that is missing there gets a 0 from it.",
            ),
            Mistake(
                "weighed by the size of the chunk",
                _weighed_by_the_chunk,
                "You weigh a chunk by all of its rows. What counts is its rows of *this* item.",
            ),
            Mistake(
                "last chunk wins",
                _last_chunk_wins,
                "Each chunk overwrites what the one before it said.",
            ),
            Mistake(
                "half old, half new",
                _running_half,
                "You take half of the old mean and half of the new one, so that the last chunk "
                "weighs as much as all before it together.",
            ),
            Mistake(
                "sums without counts",
                _sums_only,
                "These are the sums. Carry the counts along, and divide at the very end.",
            ),
            Mistake(
                "divided by all rows",
                _divided_by_all,
                "You divide by the rows of the whole log. Each item has a count of its own.",
            ),
        ),
        "Item a has the ratings 1, 2, 3 in one chunk and 5 in the next. What is its mean?",
        "Which two numbers per item can be added over chunks, and give the mean when all chunks "
        "are done?",
        probes=_chunk_probes,
    ),
    Exercise(
        "16.5",
        "The first places that are free",
        "repair",
        _free,
        (
            Mistake(
                "cut before the seen are dropped",
                _cut_then_dropped,
                "You take the first k places and drop the seen ones among them: whoever has seen "
                "much gets a short list. Cut last.",
            ),
            Mistake(
                "one round more",
                _one_more_round,
                "You go further by the number of seen places among the first k. On that longer way "
                "you can meet seen ones again.",
            ),
            Mistake(
                "counted from 0",
                _from_nought,
                "Your first place is 0. Places are counted from 1.",
            ),
            Mistake(
                "behind everything seen",
                _behind_all,
                "You begin behind the last seen place. The free ones before it are better.",
            ),
            Mistake(
                "seen ones kept",
                _seen_kept,
                "Your list holds places that were seen.",
            ),
            Mistake(
                "not cut",
                _too_many,
                "All your places are free, and there are more than k of them.",
            ),
        ),
        "Seen are places 2 and 3, and three free ones are wanted. Which are they?",
        "How far down must one look in the worst case, if every seen place stands in the way?",
        probes=_place_probes,
    ),
)
