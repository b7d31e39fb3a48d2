"""Exercises of chapter 13, means that forget, alarms, and tests that come before the lesson."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recsys_tutorial.exercises.engine import Exercise, Mistake

# ------------------------------------------------------------------ a running mean


def _step(mean: np.ndarray, n: int, x: np.ndarray) -> np.ndarray:
    return np.asarray(mean + (x - mean) / (n + 1))


def _too_large(mean: np.ndarray, n: int, x: np.ndarray) -> np.ndarray:
    return np.asarray(mean + (x - mean) / n)


def _half_way(mean: np.ndarray, n: int, x: np.ndarray) -> np.ndarray:
    return np.asarray((mean + x) / 2)


def _not_from_the_mean(mean: np.ndarray, n: int, x: np.ndarray) -> np.ndarray:
    return np.asarray(mean + x / (n + 1))


def _other_way(mean: np.ndarray, n: int, x: np.ndarray) -> np.ndarray:
    return np.asarray(mean - (x - mean) / (n + 1))


def _old_count(mean: np.ndarray, n: int, x: np.ndarray) -> np.ndarray:
    return np.asarray((n * mean + x) / n)


def _step_probes() -> list[tuple[np.ndarray | float, int, np.ndarray | float]]:
    rng = np.random.default_rng(131)
    probes: list[tuple[np.ndarray | float, int, np.ndarray | float]] = [
        (np.array([1.0, 5.0]), 4, np.array([6.0, 0.0])),
        (4.0, 3, 8.0),
        (2.0, 1, -1.0),
    ]
    for n in (2, 9, 50, 1000):
        mean, x = rng.normal(size=(2, 3)).round(2)
        probes.append((mean, n, x))
    return probes


# ------------------------------------------------------------------ the lag

SPEED, KEPT = 2.0, 0.75


def _lag() -> float:
    return SPEED * KEPT / (1 - KEPT)


# ------------------------------------------------------------------ forgetting in a batch


def _batch(
    mean: np.ndarray, weight: float, X: np.ndarray, ages: np.ndarray, kept: float
) -> np.ndarray:
    shares = ages[:, None]
    return np.asarray(
        (kept * weight * mean + (shares * X).sum(axis=0)) / (kept * weight + ages.sum())
    )


def _forgetting(mean: np.ndarray, weight: float, X: np.ndarray, half_life: float) -> np.ndarray:
    d = 0.5 ** (1 / half_life)
    return _batch(mean, weight, X, d ** np.arange(len(X))[::-1], d ** len(X))


def _backwards(mean: np.ndarray, weight: float, X: np.ndarray, half_life: float) -> np.ndarray:
    d = 0.5 ** (1 / half_life)
    return _batch(mean, weight, X, d ** np.arange(len(X)), d ** len(X))


def _past_kept(mean: np.ndarray, weight: float, X: np.ndarray, half_life: float) -> np.ndarray:
    d = 0.5 ** (1 / half_life)
    return _batch(mean, weight, X, d ** np.arange(len(X))[::-1], 1.0)


def _faded_once(mean: np.ndarray, weight: float, X: np.ndarray, half_life: float) -> np.ndarray:
    d = 0.5 ** (1 / half_life)
    return _batch(mean, weight, X, d ** np.arange(len(X))[::-1], d)


def _all_alike(mean: np.ndarray, weight: float, X: np.ndarray, half_life: float) -> np.ndarray:
    return _batch(mean, weight, X, np.ones(len(X)), 1.0)


def _natural(mean: np.ndarray, weight: float, X: np.ndarray, half_life: float) -> np.ndarray:
    d = np.exp(-1 / half_life)
    return _batch(mean, weight, X, d ** np.arange(len(X))[::-1], d ** len(X))


def _newest_only(mean: np.ndarray, weight: float, X: np.ndarray, half_life: float) -> np.ndarray:
    d = 0.5 ** (1 / half_life)
    return _batch(mean, 0.0, X, d ** np.arange(len(X))[::-1], 1.0)


def _newest_aged(mean: np.ndarray, weight: float, X: np.ndarray, half_life: float) -> np.ndarray:
    d = 0.5 ** (1 / half_life)
    return _batch(mean, weight, X, d ** np.arange(1, len(X) + 1)[::-1], d ** len(X))


def _smallest_step(mean: np.ndarray, weight: float, X: np.ndarray, half_life: float) -> np.ndarray:
    d = 0.5 ** (1 / half_life)
    return _forgetting(mean, 1 / (1 - d), X, half_life)


def _turned_half_life(
    mean: np.ndarray, weight: float, X: np.ndarray, half_life: float
) -> np.ndarray:
    return _forgetting(mean, weight, X, 1 / half_life)


def _divided_by_counts(
    mean: np.ndarray, weight: float, X: np.ndarray, half_life: float
) -> np.ndarray:
    d = 0.5 ** (1 / half_life)
    faded = (d ** np.arange(len(X))[::-1])[:, None] * X
    return np.asarray((d ** len(X) * weight * mean + faded.sum(axis=0)) / (weight + len(X)))


def _forgetting_probes() -> list[tuple[np.ndarray, float, np.ndarray, float]]:
    rng = np.random.default_rng(133)
    probes = [
        (np.array([4.0]), 2.0, np.array([[8.0], [0.0]]), 1.0),
        (np.array([1.0, 3.0]), 1.5, np.array([[2.0, 2.0]]), 2.0),
    ]
    for n, columns, half_life in [
        (3, 1, 2.0),
        (4, 2, 0.5),
        (7, 3, 10.0),
        (12, 2, 4.0),
        (5, 1, 1.0),
    ]:
        X, weight = (
            rng.normal(2, 3, size=(n, columns)).round(2),
            float(rng.uniform(1, 6).__round__(1)),
        )
        probes.append((rng.normal(size=columns).round(2), weight, X, half_life))
    return probes


# ------------------------------------------------------------------ Page-Hinkley


def _page_hinkley(
    values: np.ndarray,
    delta: float,
    threshold: float,
    *,
    allowance: bool = True,
    lowest: bool = True,
    sign: int = 1,
    mean: Callable[[np.ndarray, int], float] = lambda v, t: float(v[: t + 1].mean()),
) -> int:
    total = minimum = 0.0
    for t, value in enumerate(values):
        total += sign * (value - mean(values, t)) - (delta if allowance else 0)
        minimum = min(minimum, total) if lowest else 0.0
        if total - minimum > threshold:
            return t
    return -1


def _right_alarm(values: np.ndarray, delta: float, threshold: float) -> int:
    return _page_hinkley(values, delta, threshold)


def _future(values: np.ndarray, delta: float, threshold: float) -> int:
    return _page_hinkley(values, delta, threshold, mean=lambda v, t: float(v.mean()))


def _before(values: np.ndarray, delta: float, threshold: float) -> int:
    def mean(v: np.ndarray, t: int) -> float:
        return float(v[:t].mean()) if t else float(v[0])

    return _page_hinkley(values, delta, threshold, mean=mean)


def _one_value(values: np.ndarray, delta: float, threshold: float) -> int:
    for t, value in enumerate(values):
        if value - values[: t + 1].mean() - delta > threshold:
            return t
    return -1


def _from_one(values: np.ndarray, delta: float, threshold: float) -> int:
    found = _right_alarm(values, delta, threshold)
    return found + 1 if found >= 0 else -1


def _alarm_probes() -> list[tuple[np.ndarray, float, float]]:
    rng = np.random.default_rng(134)
    probes = [
        (np.array([1.0, 1.0, 1.0, 5.0, 5.0]), 0.5, 4.0),
        (np.array([2.0, 2.0, 2.0, 2.0]), 0.1, 1.0),
        # A long calm sinks the sum, so that only the lowest point lets the alarm come in time.
        (np.r_[np.zeros(30), np.full(6, 2.0)], 0.5, 3.0),
        # A fall is not an alarm.
        (np.r_[np.full(10, 5.0), np.zeros(10)], 0.2, 3.0),
        # Small excesses add up long before one value is large enough by itself.
        (np.r_[np.zeros(8), np.full(6, 2.0), 30.0], 0.3, 4.0),
        # The climb is exactly the threshold, and not more.
        (np.array([0.0, 4.0, 2.0]), 0.0, 2.0),
    ]
    for rise, delta, threshold in [
        (1.0, 0.3, 4.0),
        (2.0, 0.5, 5.0),
        (0.0, 0.2, 3.0),
        (3.0, 1.0, 6.0),
    ]:
        values = rng.normal(size=40).round(2) + np.repeat([0.0, rise], 20)
        probes.append((values, delta, threshold))
    return probes


# ------------------------------------------------------------------ test, then train


def score(seen: np.ndarray, block: np.ndarray, k: int) -> float:
    """Share of the block that is among the k most frequent items of what has been seen.

    Parameters
    ----------
    seen : ndarray of int
        Items chosen so far.
    block : ndarray of int
        Items chosen now.
    k : int
        Length of the list; ties go to the smaller number.

    Returns
    -------
    float
        A share, from 0 to 1.
    """
    items, counts = np.unique(np.asarray(seen, dtype=int), return_counts=True)
    best = items[np.argsort(-counts, kind="stable")[:k]]
    return float(np.isin(block, best).mean())


Score = Callable[[np.ndarray, np.ndarray, int], float]


def _replay(blocks: list[np.ndarray], k: int, score: Score) -> float:
    scores = [score(np.concatenate(blocks[:b]), blocks[b], k) for b in range(1, len(blocks))]
    return float(np.mean(scores))


def _leaking(blocks: list[np.ndarray], k: int, score: Score) -> float:
    scores = [score(np.concatenate(blocks[: b + 1]), blocks[b], k) for b in range(len(blocks))]
    return float(np.mean(scores))


def _leaking_without_the_first(blocks: list[np.ndarray], k: int, score: Score) -> float:
    scores = [score(np.concatenate(blocks[: b + 1]), blocks[b], k) for b in range(1, len(blocks))]
    return float(np.mean(scores))


def _first_is_zero(blocks: list[np.ndarray], k: int, score: Score) -> float:
    return _replay(blocks, k, score) * (len(blocks) - 1) / len(blocks)


def _first_never_taught(blocks: list[np.ndarray], k: int, score: Score) -> float:
    return _replay(blocks[1:], k, score) * (len(blocks) - 2) / (len(blocks) - 1)


def _never_updated(blocks: list[np.ndarray], k: int, score: Score) -> float:
    return float(np.mean([score(blocks[0], block, k) for block in blocks[1:]]))


def _last_block(blocks: list[np.ndarray], k: int, score: Score) -> float:
    return float(np.mean([score(blocks[b - 1], blocks[b], k) for b in range(1, len(blocks))]))


def _all_at_once(blocks: list[np.ndarray], k: int, score: Score) -> float:
    everything = np.concatenate(blocks)
    return float(np.mean([score(everything, block, k) for block in blocks[1:]]))


def _by_events(blocks: list[np.ndarray], k: int, score: Score) -> float:
    hits = [
        score(np.concatenate(blocks[:b]), blocks[b], k) * len(blocks[b])
        for b in range(1, len(blocks))
    ]
    return float(np.sum(hits) / sum(map(len, blocks[1:])))


def _replay_probes() -> list[tuple[list[np.ndarray], int, Score]]:
    rng = np.random.default_rng(136)
    small = [np.array([1, 1, 2]), np.array([1, 2, 2, 3]), np.array([3, 3])]
    probes: list[tuple[list[np.ndarray], int, Score]] = [(small, 1, score), (small[::-1], 2, score)]
    for n_blocks, n_items, k in [(3, 5, 1), (4, 6, 2), (6, 8, 3), (8, 5, 2)]:
        # What is popular moves on, so that old and new lists differ.
        blocks = [
            (rng.poisson(0.5 * b, size=int(rng.integers(3, 9))) % n_items) for b in range(n_blocks)
        ]
        probes.append((blocks, k, score))
    return probes


# ------------------------------------------------------------------ which program is it?

# Measured on make_taste_stream(noise=0.5, switching=0.01, random_state=1), with the chapter's
# code; the groups of the newest day keep their numbers by match_clusters.  Hits of days 6 to 10
# and 24 to 29; then, for one night and the next, the ARI and the share of users with the same
# number; then the share of users without a group.
DASHBOARD = {
    "P": (0.42, 0.41, 0.12, 0.46, 0.05),
    "Q": (0.56, 0.10, 0.73, 0.87, 0.00),
    "R": (0.21, 0.14, 0.97, 0.16, 0.00),
    "S": (0.56, 0.55, 0.97, 0.99, 0.00),
}
NEVER, SCRATCH, NEWEST, WARM = "never again", "from scratch", "newest day", "warm start"


def _program(figures: tuple[float, ...]) -> str:
    """Say from its figures what a program does at night."""
    early, late, same_grouping, same_number, without = figures
    if without > 0:
        return NEWEST
    if same_grouping > 0.9 and same_number < 0.5:
        return SCRATCH
    return NEVER if late < early / 2 else WARM


def _programs() -> dict[str, str]:
    return {letter: _program(figures) for letter, figures in DASHBOARD.items()}


def _exchanged(one: str, other: str) -> dict[str, str]:
    turned = {one: other, other: one}
    return {letter: turned.get(name, name) for letter, name in _programs().items()}


EXERCISES = (
    Exercise(
        "13.1",
        "One step of a running mean",
        "write",
        _step,
        (
            Mistake(
                "step 1/n",
                _too_large,
                "Your step is one n-th. With the new value there is one more than n: with n = 1 "
                "your mean would forget the old value altogether.",
            ),
            Mistake(
                "half-way",
                _half_way,
                "You took the mean of two numbers. The old mean stands for n values, the new "
                "value for one.",
            ),
            Mistake(
                "not from the mean",
                _not_from_the_mean,
                "You add a part of the value itself. What moves the mean is how far the value "
                "lies from it.",
            ),
            Mistake(
                "the other way",
                _other_way,
                "Your mean runs away from the new value. Look at the sign.",
            ),
            Mistake(
                "divided by the old count",
                _old_count,
                "You added the value to the sum and divided by the old number of values. Count "
                "the new one as well.",
            ),
        ),
        "How many values are in the mean afterwards, and what is their sum?",
        "The sum of the old values is n times their mean. Add x, divide by how many there are "
        "now, and you may leave it at that.",
        _step_probes,
    ),
    Exercise(
        "13.2",
        "How far behind?",
        "predict",
        _lag,
        (
            Mistake(
                "one step too far",
                lambda: SPEED / (1 - KEPT),
                "You added 1 + d + d² + ... times the speed. The newest value has no age: the sum "
                "of the ages starts with d.",
            ),
            Mistake(
                "one value only",
                lambda: SPEED * KEPT,
                "That counts the last value only. The older ones are remembered as well, ever "
                "more faintly.",
            ),
            Mistake(
                "speed forgotten",
                lambda: KEPT / (1 - KEPT),
                "That is the mean age, in values. In each of them the truth moved on.",
            ),
            Mistake(
                "upside down",
                lambda: SPEED * (1 - KEPT) / KEPT,
                "You turned the fraction round: the more is kept, the farther behind it is.",
            ),
            Mistake(
                "no lag",
                lambda: 0.0,
                "A mean that remembers anything of a journey lies behind its end.",
            ),
            Mistake(
                "without end",
                lambda: float("inf"),
                "It is the running mean that falls behind without end. This one forgets, and its "
                "lag settles.",
            ),
        ),
        "How old, on average, is what the mean remembers? Then ask how far the truth goes in that "
        "time.",
        "The mean age is d / (1 - d) values; put in what is kept of the weights, and multiply by "
        "the way from one value to the next.",
        tolerance=1e-3,
    ),
    Exercise(
        "13.3",
        "Forgetting in a batch",
        "write",
        _forgetting,
        (
            Mistake(
                "newest fades most",
                _backwards,
                "Your weights fall towards the end of the batch. The last row is the newest, and "
                "counts in full.",
            ),
            Mistake(
                "the past is kept",
                _past_kept,
                "The old mean keeps all of its weight, however many values have come. It fades "
                "with each of them, too.",
            ),
            Mistake(
                "faded once",
                _faded_once,
                "You let the past fade once for the whole batch. It fades once for each row.",
            ),
            Mistake(
                "nothing fades",
                _all_alike,
                "All values count the same: that is the running mean, which freezes.",
            ),
            Mistake(
                "base e",
                _natural,
                "You used exp(-age / half_life). After a half-life it leaves 37 per cent, not "
                "half.",
            ),
            Mistake(
                "newest batch only",
                _newest_only,
                "The old mean has gone altogether. Learning only from the newest batch is the "
                "third of the chapter's failed attempts.",
            ),
            Mistake(
                "newest has faded",
                _newest_aged,
                "The last row has faded by one step already. Nothing newer than it has come yet.",
            ),
            Mistake(
                "always the smallest step",
                _smallest_step,
                "You moved by 1 - d each time, whatever the mean weighs. That is the step in the "
                "long run; a mean of little weight moves faster.",
            ),
            Mistake(
                "half-life upside down",
                _turned_half_life,
                "Your d is a half to the power of the half-life itself: a longer half-life would "
                "forget faster.",
            ),
            Mistake(
                "divided by counts",
                _divided_by_counts,
                "The sum has faded, the number by which you divide it has not. Divide by the sum "
                "of the weights.",
            ),
        ),
        "Give each row a weight by the number of rows after it, and the old mean its old weight, "
        "faded by the whole batch. Then take the weighted mean.",
        "With d for what one newer value leaves: the last row weighs 1, the one before d, and so "
        "on; the past weighs weight times d to the number of rows.",
        _forgetting_probes,
    ),
    Exercise(
        "13.4",
        "An alarm",
        "write",
        _right_alarm,
        (
            Mistake(
                "mean of the future",
                _future,
                "Your mean runs over all values, also those that come later. A detector in a "
                "stream cannot know them.",
            ),
            Mistake(
                "mean without the newest",
                _before,
                "Your mean ends with the value before. Here it takes in the newest, too.",
            ),
            Mistake(
                "lowest point forgotten",
                lambda v, d, t: _page_hinkley(v, d, t, lowest=False),
                "You compare the sum itself with the threshold. After a calm time it lies deep "
                "below zero; count from its lowest point.",
            ),
            Mistake(
                "no allowance",
                lambda v, d, t: _page_hinkley(v, d, t, allowance=False),
                "You left out delta, so that the sum does not sink while all is calm.",
            ),
            Mistake(
                "allowance added",
                lambda v, d, t: _page_hinkley(v, -d, t),
                "You added delta to each excess: the sum climbs by itself, and calls when nothing "
                "happens. The allowance is taken off.",
            ),
            Mistake(
                "falls count",
                lambda v, d, t: _page_hinkley(v, d, t, sign=-1),
                "Your detector calls when the values fall. Here a rise is wanted.",
            ),
            Mistake(
                "one value",
                _one_value,
                "You compare each value by itself. Many small excesses should add up.",
            ),
            Mistake(
                "at the threshold",
                lambda v, d, t: _page_hinkley(v, d, t - 1e-9),
                "You call as soon as the climb equals the threshold. It has to be more.",
            ),
            Mistake(
                "counted from one",
                _from_one,
                "Positions start at 0 here.",
            ),
        ),
        "Keep two numbers, the sum so far and the lowest it has been, and go through the values "
        "one by one.",
        "For each position t: take the mean of values[:t + 1], add the value's excess over it less "
        "delta to the sum, update the lowest point, and compare the climb with the threshold.",
        _alarm_probes,
    ),
    Exercise(
        "13.5",
        "How many for nothing?",
        "predict",
        lambda: 25 * 96 * 7 / 1000,
        (
            Mistake(
                "one group",
                lambda: 96 * 7 / 1000,
                "That is one group's share. All the groups are watched.",
            ),
            Mistake(
                "one day",
                lambda: 25 * 96 / 1000,
                "That is a day. A week was asked for.",
            ),
            Mistake(
                "one check a day",
                lambda: 25 * 7 / 1000,
                "You counted one check a day. There are many.",
            ),
            Mistake(
                "one in a thousand",
                lambda: 1.0,
                "One in 1,000 checks is a rate. How many checks are there in a week?",
            ),
            Mistake(
                "checks, not alarms",
                lambda: 25 * 96 * 7.0,
                "That is the number of checks. One in a thousand of them is a false alarm.",
            ),
        ),
        "Count the checks of the whole week, over all groups, first.",
        "Groups times checks a day times days; then one in 1,000 of them.",
        tolerance=0.02,
    ),
    Exercise(
        "13.6",
        "Test, then train",
        "repair",
        _replay,
        (
            Mistake(
                "still leaks",
                _leaking,
                "The block is still in what has been seen when it is asked about. Its own items "
                "are then known to be popular.",
            ),
            Mistake(
                "leaks, first left out",
                _leaking_without_the_first,
                "You left the first block out, but each later one still teaches before it tests.",
            ),
            Mistake(
                "first block counts zero",
                _first_is_zero,
                "Your mean counts the first block as a zero. Nothing could be known there, so it "
                "is left out.",
            ),
            Mistake(
                "first block never taught",
                _first_never_taught,
                "You left the first block out altogether. It is no test, but it is a lesson: the "
                "second block is asked with the first one known.",
            ),
            Mistake(
                "never updated",
                _never_updated,
                "You learn from the first block only. Each block, once tested, is a lesson.",
            ),
            Mistake(
                "last block only",
                _last_block,
                "You learn from the block before only. Here everything earlier counts.",
            ),
            Mistake(
                "everything at once",
                _all_at_once,
                "You learnt from all blocks and then tested on all of them: the whole future has "
                "leaked.",
            ),
            Mistake(
                "mean over events",
                _by_events,
                "You let large blocks count more. The mean over blocks is wanted.",
            ),
        ),
        "Two lines are in the wrong order, and the first block needs a rule of its own.",
        "Begin with the first block as what has been seen. For each later one: score it, keep the "
        "score, and only then add it to what has been seen.",
        _replay_probes,
    ),
    Exercise(
        "13.7",
        "Whose dashboard is it?",
        "predict",
        _programs,
        (
            Mistake(
                "scratch and newest day exchanged",
                lambda: _exchanged(SCRATCH, NEWEST),
                "You exchanged two of them. K-means on all vectors leaves nobody out; who has no "
                "vector at the end of a day?",
            ),
            Mistake(
                "scratch and never again exchanged",
                lambda: _exchanged(SCRATCH, NEVER),
                "You exchanged two of them. With centres that stand still, a number is the same "
                "place for ever. Which program gives its numbers anew every night?",
            ),
            Mistake(
                "never again and warm start exchanged",
                lambda: _exchanged(NEVER, WARM),
                "You exchanged two of them. One of the two still hits when the groups have moved.",
            ),
            Mistake(
                "never again and newest day exchanged",
                lambda: _exchanged(NEVER, NEWEST),
                "You exchanged two of them. A program without a memory is as good at the end of "
                "the month as at its beginning; one that never learns is not.",
            ),
            Mistake(
                "scratch and warm start exchanged",
                lambda: _exchanged(SCRATCH, WARM),
                "You exchanged two of them. Both find the same grouping as the night before; for "
                "which of them does a list of yesterday still reach the right people?",
            ),
            Mistake(
                "newest day and warm start exchanged",
                lambda: _exchanged(NEWEST, WARM),
                "You exchanged two of them. Three visits are no description: whose groups change "
                "from night to night?",
            ),
        ),
        "Take the three losses one by one: lists that no longer fit, lists that reach the wrong "
        "people, and groups of noise. In which column does each of them show?",
        "Begin with the last column, then look for a row in which the grouping stays and the "
        "numbers do not; for the two that are left, compare the beginning of the month with its "
        "end.",
    ),
)
