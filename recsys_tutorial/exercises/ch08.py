"""Exercises of chapter 8, training a network and judging it.

A split by time, the gradient of the loss, a step of Adam, early stopping, the size of a recurrent
layer, a causal mask, a comparison in pairs, and a search for an order that nobody meant.  All of
them are checked without TensorFlow.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd

from recsys_tutorial.exercises.engine import Exercise, Mistake

Cuts: TypeAlias = "list[list[int]]"
Step: TypeAlias = "tuple[float, float, float]"

# The memory of the chapter: 32 units that read 28 topics.
UNITS, TOPICS = 32, 28


def _cut(users: np.ndarray) -> Cuts:
    """Rows of the training, validation and test part; rows are in order of time."""
    parts: Cuts = [[], [], []]
    for user in np.unique(users):
        rows = np.flatnonzero(users == user)
        first, second = len(rows) * 7 // 10, len(rows) * 8 // 10
        for part, some in zip(parts, np.split(rows, [first, second]), strict=True):
            part.extend(some.tolist())
    return [sorted(part) for part in parts]


def _cut_all_at_once(users: np.ndarray) -> Cuts:
    first, second = len(users) * 7 // 10, len(users) * 8 // 10
    return [rows.tolist() for rows in np.split(np.arange(len(users)), [first, second])]


def _cut_by_chance(users: np.ndarray) -> Cuts:
    rows = np.random.default_rng(0).permutation(len(users))
    first, second = len(users) * 7 // 10, len(users) * 8 // 10
    return [part.tolist() for part in np.split(rows, [first, second])]


def _cut_unordered(users: np.ndarray) -> Cuts:
    """Viewer after viewer, as a loop over viewers leaves them."""
    part_of = {row: i for i, part in enumerate(_cut(users)) for row in part}
    by_viewer = [int(row) for row in np.argsort(users, kind="stable")]
    return [[row for row in by_viewer if part_of[row] == i] for i in range(3)]


def _cut_backwards(users: np.ndarray) -> Cuts:
    last = len(users) - 1
    parts = _cut(users[::-1])
    return [sorted(last - row for row in part) for part in parts]


def _cut_places(users: np.ndarray) -> Cuts:
    parts: Cuts = [[], [], []]
    for user in np.unique(users):
        size = int((users == user).sum())
        first, second = size * 7 // 10, size * 8 // 10
        for part, some in zip(parts, np.split(np.arange(size), [first, second]), strict=True):
            part.extend(some.tolist())
    return [sorted(part) for part in parts]


def _cut_overlapping(users: np.ndarray) -> Cuts:
    train, validation, test = _cut(users)
    return [train, validation, sorted(validation + test)]


def _cut_by_viewer(users: np.ndarray) -> Cuts:
    names = np.unique(users)
    first, second = len(names) * 7 // 10, len(names) * 8 // 10
    groups = np.split(names, [first, second])
    return [np.flatnonzero(np.isin(users, group)).tolist() for group in groups]


def _cut_probes() -> list[tuple[np.ndarray]]:
    rng = np.random.default_rng(8)
    small = [np.array([1] * 10), np.array([1, 2] * 10)]
    sizes = [(25, 2), (40, 3), (60, 4), (11, 1), (35, 12)]
    return [(users,) for users in [*small, *(rng.integers(k, size=n) + 1 for n, k in sizes)]]


def _softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


def _gradient(scores: np.ndarray, target: np.ndarray) -> np.ndarray:
    return _softmax(scores) - target


def _uphill(scores: np.ndarray, target: np.ndarray) -> np.ndarray:
    return target - _softmax(scores)


def _no_softmax(scores: np.ndarray, target: np.ndarray) -> np.ndarray:
    return scores - target


def _by_mix(scores: np.ndarray, target: np.ndarray) -> np.ndarray:
    return -target / _softmax(scores)


def _squared(scores: np.ndarray, target: np.ndarray) -> np.ndarray:
    mix = _softmax(scores)
    error = mix - target
    return 2 * mix * (error - (error * mix).sum())


def _loss_itself(scores: np.ndarray, target: np.ndarray) -> np.ndarray:
    return -target * np.log(_softmax(scores))


def _gradient_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(3)
    small = [
        (np.array([0.0, 0.0]), np.array([1.0, 0.0])),
        (np.log([1.0, 2.0, 1.0]), np.array([0.5, 0.5, 0.0])),
    ]
    return [*small, *[(rng.normal(size=k), rng.dirichlet(np.ones(k))) for k in (2, 3, 5, 10)]]


RATE, FADE, FADE_SQUARES, TINY = 0.1, 0.9, 0.999, 1e-8


def _adam(weight: float, gradient: float, m: float, v: float, t: int) -> Step:
    m = FADE * m + (1 - FADE) * gradient
    v = FADE_SQUARES * v + (1 - FADE_SQUARES) * gradient**2
    mean, square = m / (1 - FADE**t), v / (1 - FADE_SQUARES**t)
    return weight - RATE * mean / (np.sqrt(square) + TINY), m, v


def _adam_uncorrected(weight: float, gradient: float, m: float, v: float, t: int) -> Step:
    _, m, v = _adam(weight, gradient, m, v, t)
    return weight - RATE * m / (np.sqrt(v) + TINY), m, v


def _plain_descent(weight: float, gradient: float, m: float, v: float, t: int) -> Step:
    return weight - RATE * gradient, m, v


def _plain_step(weight: float, gradient: float, m: float, v: float, t: int) -> Step:
    _, m, v = _adam(weight, gradient, m, v, t)
    return weight - RATE * gradient, m, v


def _adam_uphill(weight: float, gradient: float, m: float, v: float, t: int) -> Step:
    new, m, v = _adam(weight, gradient, m, v, t)
    return 2 * weight - new, m, v


def _adam_no_root(weight: float, gradient: float, m: float, v: float, t: int) -> Step:
    _, m, v = _adam(weight, gradient, m, v, t)
    mean, square = m / (1 - FADE**t), v / (1 - FADE_SQUARES**t)
    return weight - RATE * mean / (square + TINY), m, v


def _adam_corrected_kept(weight: float, gradient: float, m: float, v: float, t: int) -> Step:
    new, m, v = _adam(weight, gradient, m, v, t)
    return new, m / (1 - FADE**t), v / (1 - FADE_SQUARES**t)


def _adam_swapped(weight: float, gradient: float, m: float, v: float, t: int) -> Step:
    m = (1 - FADE) * m + FADE * gradient
    v = (1 - FADE_SQUARES) * v + FADE_SQUARES * gradient**2
    mean, square = m / (1 - FADE**t), v / (1 - FADE_SQUARES**t)
    return weight - RATE * mean / (np.sqrt(square) + TINY), m, v


def _adam_probes() -> list[tuple[float, float, float, float, int]]:
    rng = np.random.default_rng(5)
    probes = [(1.0, 2.0, 0.0, 0.0, 1), (1.0, -2.0, 0.1, 0.02, 2)]
    for t in (1, 2, 3, 7, 40):
        weight, gradient, m = rng.normal(size=3).tolist()
        probes.append((weight, gradient, m, float(rng.random()) + 0.1, t))
    return probes


def _stop(losses: list[float], patience: int) -> tuple[int, int]:
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return best + 1, epoch + 1
    return best + 1, len(losses)


def _stop_keeps_last(losses: list[float], patience: int) -> tuple[int, int]:
    stopped = _stop(losses, patience)[1]
    return stopped, stopped


def _stop_looks_ahead(losses: list[float], patience: int) -> tuple[int, int]:
    return int(np.argmin(losses)) + 1, len(losses)


def _stop_counts_from_zero(losses: list[float], patience: int) -> tuple[int, int]:
    kept, stopped = _stop(losses, patience)
    return kept - 1, stopped - 1


def _stop_one_late(losses: list[float], patience: int) -> tuple[int, int]:
    return _stop(losses, patience + 1)


def _stop_never_resets(losses: list[float], patience: int) -> tuple[int, int]:
    best, worse = 0, 0
    for epoch, loss in enumerate(losses):
        if epoch == 0 or loss < losses[best]:
            best = epoch
        else:
            worse += 1
        if worse >= patience:
            return best + 1, epoch + 1
    return best + 1, len(losses)


def _stop_keeps_lowest_of_all(losses: list[float], patience: int) -> tuple[int, int]:
    return int(np.argmin(losses)) + 1, _stop(losses, patience)[1]


def _stop_compares_neighbours(losses: list[float], patience: int) -> tuple[int, int]:
    best, worse = 0, 0
    for epoch in range(1, len(losses)):
        worse = 0 if losses[epoch] < losses[epoch - 1] else worse + 1
        best = epoch if losses[epoch] < losses[best] else best
        if worse >= patience:
            return best + 1, epoch + 1
    return best + 1, len(losses)


def _stop_takes_ties(losses: list[float], patience: int) -> tuple[int, int]:
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return best + 1, epoch + 1
    return best + 1, len(losses)


def _stop_probes() -> list[tuple[list[float], int]]:
    rng = np.random.default_rng(11)
    probes = [
        ([3.0, 2.0, 2.5, 2.4, 1.0], 2),
        ([2.0, 1.0, 1.5, 1.25, 1.125, 0.5], 2),
        ([1.0, 1.0, 1.0, 0.5], 2),
        ([3.0, 2.0, 1.0], 2),
        ([2.0], 1),
        ([1.0, 2.0, 3.0, 4.0], 1),
    ]
    for n, patience in ((12, 1), (15, 3), (20, 4), (9, 2)):
        losses = (2 - 0.05 * np.arange(n) + rng.normal(0, 0.15, n)).round(2)
        probes.append((losses.tolist(), patience))
    return probes


def _weights(scores: np.ndarray) -> np.ndarray:
    """Causal attention: a softmax over the events up to and including the own one."""
    hidden = np.where(np.tri(len(scores), dtype=bool), scores, -np.inf)
    raised = np.exp(hidden - hidden.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _weights_open(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _weights_masked_late(scores: np.ndarray) -> np.ndarray:
    return np.tril(_weights_open(scores))


def _weights_zeroed(scores: np.ndarray) -> np.ndarray:
    return _weights_open(np.tril(scores))


def _weights_of_the_future(scores: np.ndarray) -> np.ndarray:
    return _weights(scores[::-1, ::-1])[::-1, ::-1]


def _weights_not_itself(scores: np.ndarray) -> np.ndarray:
    raised = np.tril(np.exp(scores - scores.max()), -1)
    return raised / np.maximum(raised.sum(axis=1, keepdims=True), 1e-300)


def _weights_by_column(scores: np.ndarray) -> np.ndarray:
    raised = np.tril(np.exp(scores - scores.max()))
    return raised / raised.sum(axis=0)


def _weights_probes() -> list[tuple[np.ndarray]]:
    rng = np.random.default_rng(13)
    small = [np.log([[1.0, 5.0], [1.0, 3.0]]), np.zeros((3, 3))]
    return [
        (s,) for s in [*small, *(rng.normal(size=(n, n)) for n in (2, 4, 6, 9)), np.ones((1, 1))]
    ]


def _paired(users: np.ndarray, mine: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """Mean over viewers of her mean difference, and its standard error."""
    gains = np.array([(theirs - mine)[users == user].mean() for user in np.unique(users)])
    return float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains)))


def _by_window(users: np.ndarray, mine: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    gains = theirs - mine
    return float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains)))


def _unpaired(users: np.ndarray, mine: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    names = np.unique(users)
    one, other = (np.array([x[users == u].mean() for u in names]) for x in (mine, theirs))
    error = np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / len(names))
    return float((other - one).mean()), float(error)


def _wrong_sign(users: np.ndarray, mine: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    return _paired(users, theirs, mine)


def _spread(users: np.ndarray, mine: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    mean, error = _paired(users, mine, theirs)
    return mean, error * np.sqrt(len(np.unique(users)))


def _population_spread(
    users: np.ndarray, mine: np.ndarray, theirs: np.ndarray
) -> tuple[float, float]:
    mean, error = _paired(users, mine, theirs)
    n = len(np.unique(users))
    return mean, float(error * np.sqrt((n - 1) / n))


def _windows_and_viewers(
    users: np.ndarray, mine: np.ndarray, theirs: np.ndarray
) -> tuple[float, float]:
    return float((theirs - mine).mean()), _paired(users, mine, theirs)[1]


def _number_of_windows(
    users: np.ndarray, mine: np.ndarray, theirs: np.ndarray
) -> tuple[float, float]:
    mean, error = _paired(users, mine, theirs)
    return mean, error * np.sqrt(len(np.unique(users)) / len(users))


def _paired_probes() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    small = (np.array([1, 1, 2]), np.array([1.0, 1.0, 1.0]), np.array([2.0, 4.0, 2.0]))
    rng = np.random.default_rng(17)
    probes = [small]
    for n_users, n in ((2, 8), (3, 12), (5, 30), (8, 60), (20, 100)):
        users = np.concatenate([np.arange(n_users), rng.integers(n_users, size=n - n_users)])
        hard = rng.normal(2, 0.5, n_users)[users]
        probes.append((users, hard + rng.normal(0, 0.1, n), hard + rng.normal(0.05, 0.1, n)))
    return probes


def _rises(
    events: pd.DataFrame, column: str, seconds: float, *, strict: bool = False
) -> tuple[pd.Series, pd.Series]:
    """Give the steps of a column between rows in a row of one viewer, and which are asked about."""
    hers = events.groupby("user")
    gap, step = hers["timestamp"].diff().abs(), hers[column].diff()
    near = gap < seconds if strict else gap <= seconds
    return step, near & step.notna()


def _rising(events: pd.DataFrame, column: str, seconds: float) -> float:
    step, asked = _rises(events, column, seconds)
    return float((step[asked & (step != 0)] > 0).mean())


def _rising_across_viewers(events: pd.DataFrame, column: str, seconds: float) -> float:
    return _rising(events.assign(user=0), column, seconds)


def _rising_at_any_distance(events: pd.DataFrame, column: str, seconds: float) -> float:
    return _rising(events, column, np.inf)


def _rising_or_equal(events: pd.DataFrame, column: str, seconds: float) -> float:
    step, asked = _rises(events, column, seconds)
    return float((step[asked] >= 0).mean())


def _equal_counts_against(events: pd.DataFrame, column: str, seconds: float) -> float:
    step, asked = _rises(events, column, seconds)
    return float((step[asked] > 0).mean())


def _falling(events: pd.DataFrame, column: str, seconds: float) -> float:
    return 1 - _rising(events, column, seconds)


def _rising_pairs(events: pd.DataFrame, column: str, seconds: float) -> int:
    step, asked = _rises(events, column, seconds)
    return int((step[asked] > 0).sum())


def _rising_of_all_rows(events: pd.DataFrame, column: str, seconds: float) -> float:
    return _rising_pairs(events, column, seconds) / len(events)


def _rising_after_sorting(events: pd.DataFrame, column: str, seconds: float) -> float:
    return _rising(events.sort_values(["user", "timestamp", column]), column, seconds)


def _rising_strictly_near(events: pd.DataFrame, column: str, seconds: float) -> float:
    step, asked = _rises(events, column, seconds, strict=True)
    return float((step[asked & (step != 0)] > 0).mean())


def _rising_backwards_too(events: pd.DataFrame, column: str, seconds: float) -> float:
    hers = events.groupby("user")
    gap, step = hers["timestamp"].diff(), hers[column].diff()
    return float((step[(gap <= seconds) & (step != 0)] > 0).mean())


def _rising_unknown_against(events: pd.DataFrame, column: str, seconds: float) -> float:
    hers = events.groupby("user")
    gap, step = hers["timestamp"].diff().abs(), hers[column].diff()
    return float((step[(gap <= seconds) & (step != 0)] > 0).mean())


def _rising_as_in_the_cell(events: pd.DataFrame, column: str, seconds: float) -> float:
    hers = events.groupby("user")
    gap, step = hers["timestamp"].diff(), hers[column].diff()
    return float((step[gap <= seconds] > 0).mean())


def _rising_probes() -> list[tuple[pd.DataFrame, str, float]]:
    rng = np.random.default_rng(88)

    def log(users: str, times: list[int], items: list[int]) -> pd.DataFrame:
        years = [1990 + 3 * (item % 4) for item in items]
        table = {"user": list(users), "timestamp": times, "item": items, "year": years}
        return pd.DataFrame(table)

    probes: list[tuple[pd.DataFrame, str, float]] = [
        (log("AAAABBB", [5, 5, 5, 90, 90, 90, 2], [2, 6, 4, 9, 3, 8, 1]), "item", 0),
        (log("AAAABBBC", [9, 5, 5, 70, 70, 75, 75, 75], [7, 2, 6, 4, 8, 9, 1, 5]), "year", 5),
        (log("AABB", [5, 8, 8, 20], [2, 6, 7, 4]), "item", 0),
    ]
    unknown = log("AAAAABB", [5, 5, 5, 5, 7, 9, 9], [1, 2, 3, 2, 5, 6, 7])
    unknown.loc[2, "year"] = np.nan
    probes.append((unknown, "year", 2))
    for size, seconds in [(12, 0), (16, 10), (25, 0), (40, 60)]:
        users = "".join(sorted(rng.choice(list("ABC"), size).tolist()))
        times = (rng.integers(0, 12, size) * 10).tolist()
        column = "year" if seconds == 10 else "item"
        probes.append((log(users, times, rng.integers(1, 9, size).tolist()), column, seconds))
    return probes


EXERCISES = (
    Exercise(
        "08.1",
        "A split by time, viewer by viewer",
        "repair",
        _cut,
        (
            Mistake(
                "windows drawn by chance",
                _cut_by_chance,
                "You drew rows by chance: events that followed those of the test now stand in "
                "training. Which rows of a viewer are her latest?",
            ),
            Mistake(
                "rows not in order of time",
                _cut_unordered,
                "The right rows in the right parts. Put each part in ascending order, so that its "
                "rows stand in order of time again.",
            ),
            Mistake(
                "one cut for everybody",
                _cut_all_at_once,
                "You cut the whole table once, so some viewers stand in one part only. "
                "Every viewer has her own first 70 %.",
            ),
            Mistake(
                "the past as the test",
                _cut_backwards,
                "Your test holds the oldest events. When the system is in use, which are unknown?",
            ),
            Mistake(
                "places instead of rows",
                _cut_places,
                "You return places within her history; the caller needs rows of the table. "
                "Where in the table is her third event?",
            ),
            Mistake(
                "validation inside the test",
                _cut_overlapping,
                "Some rows stand in two of your parts. What was used to stop cannot also judge.",
            ),
            Mistake(
                "split by viewer",
                _cut_by_viewer,
                "You put whole viewers into one part. That asks another question: how well do we "
                "do for strangers?",
            ),
        ),
        "Return three ascending lists of row numbers; every row stands in one of them. Cut at "
        "n * 7 // 10 and n * 8 // 10 of each viewer's own n rows.",
        "Loop over the viewers: find the rows of the table that are hers, count them, cut that "
        "list of rows at two places, and add the three pieces to the three parts; at the end, "
        "sort.",
        _cut_probes,
    ),
    Exercise(
        "08.2",
        "The gradient of the loss",
        "write",
        _gradient,
        (
            Mistake(
                "uphill",
                _uphill,
                "Right up to the sign. The gradient points to where the loss rises; "
                "the optimiser is the one who walks against it.",
            ),
            Mistake(
                "softmax forgotten",
                _no_softmax,
                "You compared the scores with the target. The scores become a mix first.",
            ),
            Mistake(
                "derivative by the mix",
                _by_mix,
                "That is the derivative by the forecast mix. One link of the chain is missing: "
                "how does the mix answer to the scores?",
            ),
            Mistake(
                "squared error",
                _squared,
                "That is the gradient of the squared error. The loss here is the cross-entropy.",
            ),
            Mistake(
                "the loss itself",
                _loss_itself,
                "Those are the terms of the loss. How does their sum change when a score does?",
            ),
        ),
        "Chain the two derivatives, of the cross-entropy by the mix and of the mix by the scores. "
        "Much cancels.",
        "Work with two scores of 0 and the target 1, 0: the mix is one half each. Raise the first "
        "score a little: by how much does the loss fall? Look for a difference of two mixes.",
        _gradient_probes,
    ),
    Exercise(
        "08.3",
        "A step of Adam",
        "repair",
        _adam,
        (
            Mistake(
                "no correction at the start",
                _adam_uncorrected,
                "Your averages begin at 0 and are too small in the first steps. "
                "What does the formula divide them by?",
            ),
            Mistake(
                "plain descent",
                _plain_descent,
                "That is plain gradient descent, and the two averages never change. "
                "Update them first; the step follows from them.",
            ),
            Mistake(
                "averages kept but not used",
                _plain_step,
                "The averages are right, the step is still that of plain descent: ten times the "
                "gradient, ten times the step. What does Adam divide by?",
            ),
            Mistake(
                "uphill",
                _adam_uphill,
                "Your weight moves with the gradient, so the loss rises.",
            ),
            Mistake(
                "root forgotten",
                _adam_no_root,
                "You divided by the mean square. Its root has the units of a gradient.",
            ),
            Mistake(
                "corrected averages kept",
                _adam_corrected_kept,
                "The weight is right. Keep the averages as they are, though: the correction is "
                "for this step only, and would be applied twice in the next.",
            ),
            Mistake(
                "fading the wrong way round",
                _adam_swapped,
                "You gave the new gradient the large share. The averages remember most of the "
                "past.",
            ),
        ),
        "Return three numbers: the new weight and the two averages, not corrected.",
        "For t = 1 and averages of 0, the corrected average is the gradient itself and the "
        "corrected square its square. By how much must the weight move, whatever the gradient is?",
        _adam_probes,
    ),
    Exercise(
        "08.4",
        "When to stop, and what to keep",
        "write",
        _stop,
        (
            Mistake(
                "the last weights kept",
                _stop_keeps_last,
                "You keep the weights of the epoch at which training stops. By then the loss has "
                "been worse for a while: which epoch was the best?",
            ),
            Mistake(
                "looks ahead",
                _stop_looks_ahead,
                "You searched all the losses. Whoever stops does not see what would have come.",
            ),
            Mistake(
                "keeps what it never saw",
                _stop_keeps_lowest_of_all,
                "You stop in time, and then keep an epoch that may come after the stop. "
                "Only epochs that were trained can be kept.",
            ),
            Mistake(
                "patience never restored",
                _stop_never_resets,
                "You count all bad epochs together. An improvement gives the full patience back.",
            ),
            Mistake(
                "counted from zero",
                _stop_counts_from_zero,
                "The first epoch is number 1.",
            ),
            Mistake(
                "one epoch late",
                _stop_one_late,
                "You wait one epoch longer than you were told to.",
            ),
            Mistake(
                "compared with the epoch before",
                _stop_compares_neighbours,
                "You compare with the epoch before. A loss that falls from bad to less bad is no "
                "improvement: with what should it be compared?",
            ),
            Mistake(
                "a tie taken for an improvement",
                _stop_takes_ties,
                "An equal loss is no improvement: the clock runs on, and the earlier weights stay.",
            ),
        ),
        "Return two numbers, the epoch that is kept and the epoch at which training ends, counted "
        "from 1; if patience never runs out, training ends with the list.",
        "Walk through the losses with two notes in hand: which epoch was the best so far, and how "
        "many epochs have passed since. Take [3, 2, 2.5, 2.4, 1] with a patience of 2.",
        _stop_probes,
    ),
    Exercise(
        "08.5",
        "The size of a memory",
        "predict",
        lambda: 3 * (UNITS * (TOPICS + UNITS) + 2 * UNITS),
        (
            Mistake(
                "a dense layer",
                lambda: TOPICS * UNITS + UNITS,
                "That is a dense layer. A memory also reads what it held before, three times over.",
            ),
            Mistake(
                "memory does not read itself",
                lambda: 3 * (UNITS * TOPICS + 2 * UNITS),
                "Each part reads the event and the memory. Which of the two tables did you leave "
                "out?",
            ),
            Mistake(
                "one part of three",
                lambda: UNITS * (TOPICS + UNITS) + 2 * UNITS,
                "That is one part. How many has a gated memory: two gates and a proposal?",
            ),
            Mistake(
                "no biases",
                lambda: 3 * UNITS * (TOPICS + UNITS),
                "Those are the weights. Every unit of every part has biases, too.",
            ),
            Mistake(
                "one bias per unit",
                lambda: 3 * (UNITS * (TOPICS + UNITS) + UNITS),
                "You counted one bias per unit. Keras keeps two, one for each of the two tables.",
            ),
            Mistake(
                "multiplied by the events",
                lambda: TOPICS * 3 * (UNITS * (TOPICS + UNITS) + 2 * UNITS),
                "You gave every event weights of its own. Would the memory have more to learn if "
                "the history were longer?",
            ),
        ),
        "Count one part: a table from the topics to the units, a table from the units to the "
        "units, and two biases for each unit.",
        "Each table has as many cells as its inputs times its outputs. Add the two tables and the "
        "biases, then ask how many parts there are.",
    ),
    Exercise(
        "08.6",
        "Nobody looks ahead",
        "repair",
        _weights,
        (
            Mistake(
                "no mask",
                _weights_open,
                "Every event sees every other, so it may look up what it is asked. "
                "Which columns must be 0 in the first row?",
            ),
            Mistake(
                "masked after the softmax",
                _weights_masked_late,
                "The forbidden weights are 0, but your rows no longer sum to 1: the softmax had "
                "already shared out something to them.",
            ),
            Mistake(
                "scores set to zero",
                _weights_zeroed,
                "A score of 0 is no mask: the softmax turns it into a weight above 0. "
                "Which score becomes nothing?",
            ),
            Mistake(
                "the past hidden",
                _weights_of_the_future,
                "You hid the past and show the future. Row t is the event that looks; it may look "
                "at columns up to t.",
            ),
            Mistake(
                "blind to itself",
                _weights_not_itself,
                "Your events do not see themselves, and the first one sees nothing at all.",
            ),
            Mistake(
                "softmax by column",
                _weights_by_column,
                "Your columns sum to 1. Each event that looks, a row, shares out one whole.",
            ),
        ),
        "Row t holds the weights of the event that looks, column s of the one looked at. Rows sum "
        "to 1, and weights with s > t are 0.",
        "Which score does the softmax turn into exactly 0? Take the scores log 1, log 5 in the "
        "first row and log 1, log 3 in the second, and work out both rows by hand.",
        _weights_probes,
    ),
    Exercise(
        "08.7",
        "A difference and its error",
        "write",
        _paired,
        (
            Mistake(
                "windows taken for viewers",
                _by_window,
                "You counted every window. Those of one viewer resemble each other: "
                "what is the unit that was drawn independently?",
            ),
            Mistake(
                "not in pairs",
                _unpaired,
                "The mean is right. For the error you forgot that both networks faced the same "
                "viewers: what varies is the difference.",
            ),
            Mistake(
                "wrong sign",
                _wrong_sign,
                "A lower loss is better, so my gain is theirs minus mine.",
            ),
            Mistake(
                "spread instead of error",
                _spread,
                "That is how much viewers differ. How much does their mean vary?",
            ),
            Mistake(
                "divided by n, not n - 1",
                _population_spread,
                "The mean is right, the error a little small: NumPy's standard deviation divides "
                "by n unless it is told otherwise (ddof).",
            ),
            Mistake(
                "mean of all windows, error of viewers",
                _windows_and_viewers,
                "Your error is right; the mean counts windows, so that a viewer with many of them "
                "weighs more. Take the mean of the same numbers as the error.",
            ),
            Mistake(
                "divided by the windows",
                _number_of_windows,
                "You divided by the root of the number of windows. There are as many "
                "independent differences as viewers.",
            ),
        ),
        "Who was drawn independently, the windows or the viewers? Make one number for each of "
        "those first. The standard error is a standard deviation of these, with n - 1, over a "
        "root.",
        "Take the viewers 1, 1, 2, with mine 1, 1, 1 and theirs 2, 4, 2: the first viewer's gain "
        "is the mean of two numbers, the second viewer's is one number. Go on from these two.",
        _paired_probes,
    ),
    Exercise(
        "08.8",
        "An order that nobody meant",
        "write",
        _rising,
        (
            Mistake(
                "across viewers",
                _rising_across_viewers,
                "You also compared the last row of one viewer with the first row of the next. "
                "A pair belongs to one history.",
            ),
            Mistake(
                "pairs at any distance",
                _rising_at_any_distance,
                "You took all pairs in a row. The suspicion is about those whose times are the "
                "same, or nearly: seconds says how near.",
            ),
            Mistake(
                "equal values called rising",
                _rising_or_equal,
                "Two films with the same value neither rise nor fall: leave such pairs out.",
            ),
            Mistake(
                "equal values count against",
                _equal_counts_against,
                "Pairs with equal values are in your denominator. They say nothing about an order "
                "by this column: leave them out.",
            ),
            Mistake(
                "falling",
                _falling,
                "That is the share of pairs that fall.",
            ),
            Mistake(
                "how many",
                _rising_pairs,
                "That is how many pairs rise. Among how many?",
            ),
            Mistake(
                "divided by the rows",
                _rising_of_all_rows,
                "You divided by the number of rows. Only pairs that are near and differ count.",
            ),
            Mistake(
                "sorted first",
                _rising_after_sorting,
                "You sorted by the very column you are testing, and found what you had made. "
                "Take the rows as the network would read them.",
            ),
            Mistake(
                "strictly nearer",
                _rising_strictly_near,
                "A pair exactly `seconds` apart counts as well; with 0 you look at nothing else.",
            ),
            Mistake(
                "steps back in time",
                _rising_backwards_too,
                "Where a day was drawn by lot the next row may be hours *earlier*, and you took "
                "every such pair for a near one. What counts is the size of the gap.",
            ),
            Mistake(
                "unknown values count against",
                _rising_unknown_against,
                "You counted pairs in which a value is missing. Nobody knows whether they rise.",
            ),
            Mistake(
                "as for numbers in order of time",
                _rising_as_in_the_cell,
                "That is right for film numbers in order of time, as in the chapter. Here the next "
                "row may be the earlier one, and two films may share a value, a year for example: "
                "such pairs neither rise nor fall.",
            ),
        ),
        "For each row and the one before it in the same history: how far apart are they, and does "
        "the column rise? Then a mean over the pairs that are near and differ.",
        "groupby('user')[...].diff() compares with the row before and leaves the first row of a "
        "history missing. Two conditions pick the pairs; the mean of the Trues among them is the "
        "answer, and of no pairs at all it is missing.",
        _rising_probes,
    ),
)
