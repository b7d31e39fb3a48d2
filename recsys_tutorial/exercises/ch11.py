"""Exercises of chapter 11, on which recommender is better and whether one would bet on it.

Several of the mistakes are the source article's own: an F1 made from accuracy, and a test that
lets the future in.  Others are the usual slips of published metric code.
"""

from __future__ import annotations

import numpy as np

from recsys_tutorial.evaluation import holm
from recsys_tutorial.exercises.engine import Exercise, Mistake

# Exercise 1. A shop shows a tenth of its catalogue, and all that the customer wants is in it.
CATALOGUE, SHOWN, WANTED = 1000, 100, 20
PRECISION, RECALL = WANTED / SHOWN, 1.0
ACCURACY = 1 - (SHOWN - WANTED) / CATALOGUE

# Exercise 3. The rank of the first hit of each viewer; the last has none among her ten.
FIRST_HITS, PLACES = (1, 4), 10


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other)


def _average_precision(hits: np.ndarray, n_relevant: int, k: int) -> float:
    return float(_precisions(hits, k).sum() / min(k, n_relevant))


def _precisions(hits: np.ndarray, k: int) -> np.ndarray:
    """Precision at the rank of every hit, 0 elsewhere."""
    hits = hits[:k]
    return hits * hits.cumsum() / np.arange(1, len(hits) + 1)


def _by_hits(hits: np.ndarray, n_relevant: int, k: int) -> float:
    return float(_precisions(hits, k).sum() / max(1, hits[:k].sum()))


def _by_hits_or_nothing(hits: np.ndarray, n_relevant: int, k: int) -> float:
    """As above, and missing where there is no hit to divide by."""
    return _by_hits(hits, n_relevant, k) if hits[:k].any() else np.nan


def _every_rank(hits: np.ndarray, n_relevant: int, k: int) -> float:
    return float((hits[:k].cumsum() / np.arange(1, len(hits[:k]) + 1)).mean())


def _not_cut(hits: np.ndarray, n_relevant: int, k: int) -> float:
    return _average_precision(hits, n_relevant, len(hits))


def _rank_from_zero(hits: np.ndarray, n_relevant: int, k: int) -> float:
    hits = hits[:k]
    return float((hits * hits.cumsum() / (np.arange(len(hits)) + 2)).sum() / min(k, n_relevant))


def _precision(hits: np.ndarray, n_relevant: int, k: int) -> float:
    return float(hits[:k].mean())


def _hit_probes() -> list[tuple[np.ndarray, int, int]]:
    rng = np.random.default_rng(21)
    hits = np.array([1, 0, 1, 0, 0, 1])
    draws = [(rng.random(12) < 0.4).astype(int) for _ in range(4)]
    return [
        (hits, 4, 5),
        # Fewer places than films to find.
        (hits, 8, 3),
        (np.zeros(6, dtype=int), 3, 6),
        *[(drawn, int(drawn.sum()) + 2, k) for drawn, k in zip(draws, (4, 6, 8, 12), strict=True)],
    ]


def _paired(a: np.ndarray, b: np.ndarray, draws: np.ndarray) -> np.ndarray:
    return np.quantile((a - b)[draws].mean(axis=1), [0.025, 0.975])


def _unpaired(a: np.ndarray, b: np.ndarray, draws: np.ndarray) -> np.ndarray:
    return np.quantile(a[draws].mean(axis=1) - b[draws[::-1]].mean(axis=1), [0.025, 0.975])


def _two_intervals(a: np.ndarray, b: np.ndarray, draws: np.ndarray) -> np.ndarray:
    ends = [np.quantile(x[draws].mean(axis=1), [0.025, 0.975]) for x in (a, b)]
    return np.array([ends[0][0] - ends[1][1], ends[0][1] - ends[1][0]])


def _ends_apart(a: np.ndarray, b: np.ndarray, draws: np.ndarray) -> np.ndarray:
    ends = [np.quantile(x[draws].mean(axis=1), [0.025, 0.975]) for x in (a, b)]
    return ends[0] - ends[1]


def _of_users(a: np.ndarray, b: np.ndarray, draws: np.ndarray) -> np.ndarray:
    return np.quantile(a - b, [0.025, 0.975])


def _ninety(a: np.ndarray, b: np.ndarray, draws: np.ndarray) -> np.ndarray:
    return np.quantile((a - b)[draws].mean(axis=1), [0.05, 0.95])


def _of_columns(a: np.ndarray, b: np.ndarray, draws: np.ndarray) -> np.ndarray:
    return np.quantile((a - b)[draws].mean(axis=0), [0.025, 0.975])


def _pair_probes() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(22)
    probes = []
    for n_users, n_draws in [(6, 12), (8, 20), (12, 40), (20, 40), (30, 60), (50, 100)]:
        user = rng.random(n_users)
        a = (user + rng.normal(0.05, 0.1, n_users)).round(2)
        b = (user + rng.normal(0, 0.1, n_users)).round(2)
        probes.append((a, b, rng.integers(n_users, size=(n_draws, n_users))))
    return probes


def _no_memory(p_values: np.ndarray) -> np.ndarray:
    """Holm's factors without the rule that an adjusted value never falls below one before it."""
    order = np.argsort(p_values)
    adjusted = np.empty(len(p_values))
    adjusted[order] = p_values[order] * np.arange(len(p_values), 0, -1)
    return np.minimum(adjusted, 1)


def _above_one(p_values: np.ndarray) -> np.ndarray:
    order = np.argsort(p_values)
    adjusted = np.empty(len(p_values))
    stepped = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted[order] = np.maximum.accumulate(stepped)
    return adjusted


def _stepped_only(p_values: np.ndarray) -> np.ndarray:
    """Holm's factors and nothing else."""
    order = np.argsort(p_values)
    adjusted = np.empty(len(p_values))
    adjusted[order] = p_values[order] * np.arange(len(p_values), 0, -1)
    return adjusted


def _order_for_rank(p_values: np.ndarray) -> np.ndarray:
    """Undo the sorting by sorting once more with the same order."""
    return np.sort(holm(p_values))[np.argsort(p_values)]


def _as_given(p_values: np.ndarray) -> np.ndarray:
    stepped = p_values * np.arange(len(p_values), 0, -1)
    return np.minimum(np.maximum.accumulate(stepped), 1)


def _in_sorted_order(p_values: np.ndarray) -> np.ndarray:
    return np.sort(holm(p_values))


def _false_discoveries(p_values: np.ndarray) -> np.ndarray:
    """Benjamini and Hochberg: controls another thing, the share of false findings."""
    order = np.argsort(p_values)
    stepped = p_values[order] * len(p_values) / np.arange(1, len(p_values) + 1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1)
    return adjusted


def _p_probes() -> list[tuple[np.ndarray]]:
    rng = np.random.default_rng(23)
    return [
        (np.array([0.04, 0.01, 0.03]),),
        (np.array([0.2, 0.5, 0.9, 0.001]),),
        *[((rng.random(n) ** 2).round(4),) for n in (4, 6, 9, 20)],
    ]


# Exercise 7. The results table of the exercise: nDCG, coverage, novelty, diversity, calibration.
REPORT = {
    "popularity": (0.084, 0.02, 1.6, 0.74, 1.10),
    "groups": (0.121, 0.07, 2.1, 0.73, 0.85),
    "neighbours": (0.124, 0.09, 2.6, 0.72, 0.80),
    "ours, best of 40 tried on the test": (0.129, 0.11, 2.4, 0.72, 0.82),
    "by lot": (0.003, 0.91, 6.9, 0.78, 1.90),
}
# Neighbours minus groups, in pairs.
LOW, HIGH = -0.004, 0.010


def _supported() -> set[str]:
    """Letters of the sentences that the table carries."""
    popular, groups, neighbours = (REPORT[n] for n in ("popularity", "groups", "neighbours"))
    carried = {
        "A": False,  # the best of forty on the test
        "B": np.isclose(neighbours[2] - popular[2], 1),  # one bit: half as many viewers
        "C": groups[3] > popular[3],  # coverage says nothing about one list
        "D": LOW < 0 < HIGH,
        "E": groups[4] < popular[4],
        "F": False,  # traits are no goals
        "G": False,  # a split by viewer, offline
    }
    return {letter for letter, carries in carried.items() if carries}


EXERCISES = (
    Exercise(
        "11.1",
        "The F1 of a long list",
        "predict",
        lambda: _harmonic(PRECISION, RECALL),
        (
            Mistake(
                "accuracy in place of precision",
                lambda: _harmonic(ACCURACY, RECALL),
                "You combined accuracy and recall, as the source article does. Of the films that "
                "the shop shows, most are not wanted; your number does not see it.",
            ),
            Mistake(
                "arithmetic mean",
                lambda: (PRECISION + RECALL) / 2,
                "That is the arithmetic mean. The harmonic mean stays near the smaller of the two.",
            ),
            Mistake(
                "accuracy",
                lambda: ACCURACY,
                "That is the accuracy: it counts all the films that were rightly left out.",
            ),
            Mistake(
                "precision",
                lambda: PRECISION,
                "That is the precision, one of the two numbers that F1 combines.",
            ),
            Mistake(
                "factor two forgotten",
                lambda: PRECISION * RECALL / (PRECISION + RECALL),
                "You are half-way: if both were equal to 0.8, your formula would give 0.4.",
            ),
        ),
        "Write down the hits, the places and the films she wants; then precision, recall, and "
        "their harmonic mean.",
        "Precision divides the hits by the places of the list, recall by the films she wants. The "
        "harmonic mean is twice their product over their sum. Two decimals are enough.",
        tolerance=5e-3,
    ),
    Exercise(
        "11.2",
        "Average precision",
        "write",
        _average_precision,
        (
            Mistake(
                "divided by the hits",
                _by_hits,
                "You divide by the number of hits. Then a list with a single hit at rank 1 is "
                "perfect, however much it missed.",
            ),
            Mistake(
                "divided by the hits, even by none",
                _by_hits_or_nothing,
                "You divide by the number of hits, and a list may have none. Where there is one, "
                "a single hit at rank 1 would make a perfect list, however much it missed.",
            ),
            Mistake(
                "divided by all relevant films",
                lambda hits, n_relevant, k: float(_precisions(hits, k).sum() / n_relevant),
                "You divide by all films there were to find. If there are more of them than "
                "places, no list could reach 1.",
            ),
            Mistake(
                "divided by k",
                lambda hits, n_relevant, k: float(_precisions(hits, k).sum() / k),
                "You divide by k. If there are fewer films to find than places, no list could "
                "reach 1.",
            ),
            Mistake(
                "all ranks",
                _every_rank,
                "You average the precision over all ranks. Only ranks that hold a hit count.",
            ),
            Mistake(
                "precision",
                _precision,
                "That is precision at k; it does not see where in the list the hits are.",
            ),
            Mistake(
                "not cut at k",
                _not_cut,
                "Places after k should not count.",
            ),
            Mistake(
                "ranks shifted",
                _rank_from_zero,
                "Check the ranks: the first place is rank 1, and a hit there has precision 1.",
            ),
        ),
        "Cut at k; take the precision at the rank of every hit; add them; divide by the number of "
        "hits that the best possible list would have.",
        "hits.cumsum() counts the hits so far; divided by the rank it is the precision there. The "
        "best possible list has a hit in every place, until nothing is left to find.",
        _hit_probes,
    ),
    Exercise(
        "11.3",
        "The mean reciprocal rank",
        "predict",
        lambda: sum(1 / rank for rank in FIRST_HITS) / 3,
        (
            Mistake(
                "the viewer without a hit left out",
                lambda: sum(1 / rank for rank in FIRST_HITS) / 2,
                "You left out the viewer without a hit. She has films to find, so she counts.",
            ),
            Mistake(
                "reciprocal of the mean rank",
                lambda: 1 / (sum(FIRST_HITS) / 2),
                "You took the mean of the ranks first. It is the reciprocals that are averaged.",
            ),
            Mistake(
                "no hit counts as the last place",
                lambda: (sum(1 / rank for rank in FIRST_HITS) + 1 / PLACES) / 3,
                "You let the viewer without a hit count as if the last place were one.",
            ),
            Mistake(
                "the hit rate",
                lambda: 2 / 3,
                "That is the hit rate, the share of viewers with any hit. Where the hit stands "
                "should matter.",
            ),
            Mistake(
                "not divided",
                lambda: sum(1 / rank for rank in FIRST_HITS),
                "You added the three numbers. Now take their mean.",
            ),
        ),
        "One number for each of the three viewers, then their mean.",
        "A first hit at rank r is worth one over r, and a list without a hit is worth nothing. "
        "Two decimals are enough.",
        tolerance=5e-3,
    ),
    Exercise(
        "11.4",
        "Which steps leak?",
        "predict",
        lambda: {"B", "C", "E"},
        (
            Mistake(
                "B alone",
                lambda: {"B"},
                "One of them, and two are missing. A number need not look like a rating to carry "
                "news from the test, and a choice can carry them too.",
            ),
            Mistake(
                "the choice forgotten",
                lambda: {"B", "C"},
                "Two of the three. What else was decided with the test part open?",
            ),
            Mistake(
                "the scaling forgotten",
                lambda: {"B", "E"},
                "Two of the three. Means and standard deviations are learnt from data as well.",
            ),
            Mistake(
                "the factors forgotten",
                lambda: {"C", "E"},
                "Two of the three. Which step learns from who watched what, and from which part?",
            ),
            Mistake(
                "seen films left out",
                lambda: {"B", "C", "D", "E"},
                "One too many. What a viewer watched in the training part is known when the list "
                "is made.",
            ),
            Mistake(
                "all of them",
                lambda: {"A", "B", "C", "D", "E"},
                "Not all. A step that looks at the training part only cannot leak.",
            ),
        ),
        "Ask of every step: which events does it look at, and were they known when the list had to "
        "be made?",
        "Mark the steps whose result would change if somebody altered the test part. Answer "
        "with a set of letters, such as {'X', 'Y'}.",
    ),
    Exercise(
        "11.5",
        "Pairs, not crowds",
        "repair",
        _paired,
        (
            Mistake(
                "each by itself",
                _unpaired,
                "Your draws of the two recommenders contain different viewers, as in the broken "
                "version. Compare both on the same viewers in every draw.",
            ),
            Mistake(
                "farthest ends of two intervals",
                _two_intervals,
                "You made two intervals and took their farthest ends. One interval of the "
                "difference is far narrower.",
            ),
            Mistake(
                "ends subtracted",
                _ends_apart,
                "You subtracted the ends of two intervals from each other. Subtract viewer by "
                "viewer, and make one interval.",
            ),
            Mistake(
                "the spread of viewers",
                _of_users,
                "That is where single viewers lie. The interval is about the mean: use the draws.",
            ),
            Mistake(
                "the wrong axis",
                _of_columns,
                "You averaged across the draws. Each draw, a row, should give one mean.",
            ),
            Mistake(
                "90 per cent",
                _ninety,
                "Your interval leaves out a twentieth on either side, that is a tenth in all.",
            ),
            Mistake(
                "b minus a",
                lambda a, b, draws: _paired(b, a, draws),
                "The sign: a positive number should mean that the first is better.",
            ),
        ),
        "Take the difference of every viewer first; then draw viewers, and take the mean of each "
        "draw.",
        "draws holds one row of viewer numbers per draw. Index the differences with it, take the "
        "mean along each row, and then the two quantiles.",
        _pair_probes,
    ),
    Exercise(
        "11.6",
        "Holm's correction",
        "write",
        lambda p_values: holm(p_values),
        (
            Mistake(
                "not adjusted",
                lambda p_values: p_values,
                "These are the p-values as they came. Of twenty useless variants one will pass.",
            ),
            Mistake(
                "Bonferroni",
                lambda p_values: np.minimum(p_values * len(p_values), 1),
                "You multiplied all by the same number. That is Bonferroni's rule: not wrong, but "
                "stricter than need be. Holm's factor falls by one at each step.",
            ),
            Mistake(
                "Bonferroni, above 1",
                lambda p_values: p_values * len(p_values),
                "You multiplied all by the same number, which is Bonferroni's rule, and some of "
                "your values exceed 1. Holm's factor falls by one at each step.",
            ),
            Mistake(
                "factors only",
                _stepped_only,
                "The factors are right. Two rules are missing: some values exceed 1, and some "
                "fall below one that was adjusted before.",
            ),
            Mistake(
                "falling back",
                _no_memory,
                "Two p-values changed places: a larger one came out smaller. An adjusted value "
                "may not be smaller than one that was adjusted before it.",
            ),
            Mistake(
                "above 1",
                _above_one,
                "Some of your values exceed 1, and a probability cannot.",
            ),
            Mistake(
                "not sorted",
                _as_given,
                "You stepped through the p-values as they were given. Begin with the smallest.",
            ),
            Mistake(
                "sorted, and left so",
                _in_sorted_order,
                "The right numbers, in sorted order. Give them back in the order of the input.",
            ),
            Mistake(
                "sorted twice",
                _order_for_rank,
                "The right numbers, in the wrong places: indexing with the order a second time "
                "does not undo it.",
            ),
            Mistake(
                "false discovery rate",
                _false_discoveries,
                "That is the method of Benjamini and Hochberg, which allows a share of the "
                "findings to be false.",
            ),
        ),
        "Sort; multiply the smallest by m, the next by m minus 1, and so on; let no value fall "
        "below the one before it; cap; and undo the sorting.",
        "np.argsort gives the order, and np.maximum.accumulate carries the largest value so far. "
        "To undo the sorting, assign to an empty array at the positions of the order.",
        _p_probes,
    ),
    Exercise(
        "11.7",
        "Which sentence does the table carry?",
        "predict",
        _supported,
        (
            Mistake(
                "the winner believed",
                lambda: _supported() | {"A"},
                "One too many. How was the setting of the best row found, and on which part of "
                "the log?",
            ),
            Mistake(
                "coverage for diversity",
                lambda: _supported() | {"C"},
                "One too many. Which of the columns looks at one list, and which at the lists of "
                "all?",
            ),
            Mistake(
                "a trait for a goal",
                lambda: _supported() | {"F"},
                "One too many. What do lists that find nothing do for anybody?",
            ),
            Mistake(
                "the test for the service",
                lambda: _supported() | {"G"},
                "One too many. What was the split, and what does an offline test not know?",
            ),
            Mistake(
                "bits not read",
                lambda: _supported() - {"B"},
                "Correct so far, and one is missing. What does one bit more mean for the share of "
                "viewers?",
            ),
            Mistake(
                "larger is better",
                lambda: _supported() - {"E"},
                "Correct so far, and one is missing. For which column is 0 the best?",
            ),
            Mistake(
                "the interval not read",
                lambda: _supported() - {"D"},
                "Correct so far, and one is missing. What does an interval say that lies on both "
                "sides of 0?",
            ),
            Mistake(
                "everything believed",
                lambda: set("ABCDEFG"),
                "You believe them all. Hold each against the list of questions above.",
            ),
        ),
        "Take one sentence after the other: which column would have to say it, and does that "
        "column say it, for these lists, under this split?",
        "Novelty is a mean of minus log2 of a share; calibration is a distance; coverage is about "
        "all lists together. And nobody may choose on the part that judges.",
    ),
)
