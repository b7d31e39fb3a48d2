"""Exercises of chapter 18, on which tool to take and who says so.

The mistakes are those of published comparisons: tuned on the test, timed on a busy afternoon,
averaged over data sets that speak different languages, and a front from which ties were lost.
"""

from __future__ import annotations

import numpy as np

from recsys_tutorial.exercises.engine import Exercise, Mistake

# Exercise 3. Seconds to start a process and seconds for each fit; the first starts slowly.
STARTS, FITS = (4.5, 0.5), (0.2, 0.8)


def _honest(validation: np.ndarray, test: np.ndarray) -> np.ndarray:
    return test[np.arange(len(test)), validation.argmax(axis=1)]


def _one_for_all(validation: np.ndarray, test: np.ndarray) -> np.ndarray:
    return test[:, validation.mean(axis=0).argmax()]


def _every_choice(validation: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Index with the choices of all methods at once, which gives a table."""
    return test[:, validation.argmax(axis=1)]


def _tuning_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(31)
    probes = [
        (
            np.array([[0.30, 0.34, 0.31], [0.20, 0.28, 0.36]]),
            np.array([[0.33, 0.31, 0.29], [0.22, 0.35, 0.32]]),
        )
    ]
    for shape in [(2, 3), (3, 4), (4, 3), (5, 6), (6, 5)]:
        validation = rng.uniform(0.1, 0.5, shape).round(3)
        probes.append((validation, (validation + rng.normal(0, 0.05, shape)).round(3)))
    return probes


def _in_turn(seconds: np.ndarray, reference: np.ndarray) -> float:
    return float(np.median(seconds / reference))


def _time_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(32)
    # How busy the computer was in each round; in the first probe it is easily seen.
    probes = [(np.array([0.5, 4.0, 3.0]), np.array([1.0, 2.0, 6.0]))]
    for n in (3, 5, 5, 7, 9):
        busy, mine = rng.uniform(1, 6, n), rng.uniform(0.3, 3)
        noise = rng.uniform(0.8, 1.25, (2, n))
        probes.append(((mine * busy * noise[0]).round(3), (busy * noise[1]).round(3)))
    return probes


def _whole_rounds() -> int:
    """The first number of fits at which the tool that starts slowly is ahead."""
    return int(np.floor((STARTS[0] - STARTS[1]) / (FITS[1] - FITS[0]))) + 1


def _comparisons(cost: np.ndarray, quality: np.ndarray) -> tuple[np.ndarray, ...]:
    """For each point (row) and each other one (column): cheaper, as cheap, better, as good."""
    cheaper, better = cost[None, :] < cost[:, None], quality[None, :] > quality[:, None]
    return cheaper, cost[None, :] <= cost[:, None], better, quality[None, :] >= quality[:, None]


def _front(cost: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """Mark what nobody beats, by the definition: small inputs, all pairs."""
    cheaper, as_cheap, better, as_good = _comparisons(cost, quality)
    return ~(as_cheap & as_good & (cheaper | better)).any(axis=1)


def _ties_kept(cost: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """Call a point beaten only by one that is better in both."""
    cheaper, _, better, _ = _comparisons(cost, quality)
    return ~(cheaper & better).any(axis=1)


def _twins_out(cost: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """Let twins beat each other."""
    _, as_cheap, _, as_good = _comparisons(cost, quality)
    beaten = as_cheap & as_good
    np.fill_diagonal(beaten, False)
    return ~beaten.any(axis=1)


def _beaten_by_itself(cost: np.ndarray, quality: np.ndarray) -> np.ndarray:
    _, as_cheap, _, as_good = _comparisons(cost, quality)
    return ~(as_cheap & as_good).any(axis=1)


def _in_order_of_cost(cost: np.ndarray, quality: np.ndarray) -> np.ndarray:
    order = np.lexsort((-quality, cost))
    return _front(cost, quality)[order]


def _walk(order: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """Keep what is better than everything before it."""
    front, best = np.zeros(len(quality), dtype=bool), -np.inf
    for i in order:
        front[i] = quality[i] > best
        best = max(best, quality[i])
    return front


def _either(cost: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """Keep only what nobody beats in cost and what nobody beats in quality."""
    return (cost == cost.min()) | (quality == quality.max())


def _front_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(33)
    probes = [
        (np.array([3.0, 1.0, 2.0, 5.0]), np.array([0.3, 0.1, 0.3, 0.4])),
        # Twins stand on the front together.
        (np.array([4.0, 2.0, 2.0, 1.0]), np.array([0.5, 0.4, 0.4, 0.4])),
        (np.array([2.0, 2.0, 1.0, 3.0]), np.array([0.2, 0.2, 0.1, 0.3])),
    ]
    for n in (5, 7, 9, 12):
        probes.append((rng.integers(1, 7, n).astype(float), rng.integers(1, 7, n) / 10))
    return probes


def _overall(ndcg: np.ndarray, reference: np.ndarray) -> float:
    return float(np.exp(np.mean(np.log(ndcg / reference))))


def _ratio_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(34)
    probes = [
        (np.array([0.2, 0.2]), np.array([0.1, 0.4])),
        (np.array([0.3, 0.1, 0.8]), np.array([0.15, 0.2, 0.6])),
    ]
    for n in (3, 4, 4, 6):
        reference = rng.uniform(0.05, 0.8, n)
        probes.append(((reference * rng.uniform(0.4, 1.6, n)).round(3), reference.round(3)))
    return probes


# Exercise 8. What is wrong with each line of the listing; an empty text where nothing is.
LINES = {
    1: "the way a model is fitted, taken for a model",
    2: "",
    3: "films in the place of users",
    4: "",
    5: "an algorithm that the library has not",
    6: "models that the library has not",
    7: "",
    8: "many machines for a table of a thousand rows",
    9: "",
}
WRONG_LINES = {number for number, wrong in LINES.items() if wrong}


EXERCISES = (
    Exercise(
        "18.1",
        "Who may see the test?",
        "repair",
        _honest,
        (
            Mistake(
                "chosen on the test",
                lambda validation, test: test.max(axis=1),
                "You let every method choose its setting on the test, as the broken version does. "
                "Whoever tries more settings then looks better.",
            ),
            Mistake(
                "the validation figure reported",
                lambda validation, test: validation.max(axis=1),
                "You chose on the validation part, as you should, and reported its figure. The "
                "best of several tries flatters itself; report the test figure of that choice.",
            ),
            Mistake(
                "one setting for all",
                _one_for_all,
                "You took the same column for all methods. Each one makes its own choice.",
            ),
            Mistake(
                "the first setting",
                lambda validation, test: test[:, 0],
                "You took the first setting of each method, as if nothing had been tuned.",
            ),
            Mistake(
                "the mean over settings",
                lambda validation, test: test.mean(axis=1),
                "You averaged over all settings. Nobody would use the bad ones.",
            ),
            Mistake(
                "the number of the setting",
                lambda validation, test: validation.argmax(axis=1),
                "Those are the positions of the choices. Look the test figures up at them.",
            ),
            Mistake(
                "a table",
                _every_choice,
                "Your result is a table: each method was asked at the choices of all of them. "
                "Index the rows as well as the columns.",
            ),
        ),
        "Two steps for each row: choose with one table, look up in the other.",
        "argmax along axis 1 gives the choice of each method. To look up one cell in each row, "
        "index with the numbers of the rows and with the choices.",
        _tuning_probes,
    ),
    Exercise(
        "18.2",
        "The busy afternoon",
        "repair",
        _in_turn,
        (
            Mistake(
                "medians first",
                lambda seconds, reference: float(np.median(seconds) / np.median(reference)),
                "You took the two medians apart, as the broken version does; they may come from "
                "rounds in which the computer was not equally busy.",
            ),
            Mistake(
                "means first",
                lambda seconds, reference: float(seconds.mean() / reference.mean()),
                "You averaged the seconds first: the busiest round decides. Compare within each "
                "round.",
            ),
            Mistake(
                "mean of the ratios",
                lambda seconds, reference: float((seconds / reference).mean()),
                "You compare within each round, which is right. One odd round still pulls a mean "
                "far away; take what the median offers.",
            ),
            Mistake(
                "upside down",
                lambda seconds, reference: float(np.median(reference / seconds)),
                "Upside down: a method that is slower than the reference should get more than 1.",
            ),
            Mistake(
                "the fastest of each",
                lambda seconds, reference: float(seconds.min() / reference.min()),
                "The fastest run of one and the fastest run of the other come from two rounds.",
            ),
            Mistake(
                "the kindest round",
                lambda seconds, reference: float((seconds / reference).min()),
                "You kept the round that flatters the method most.",
            ),
            Mistake(
                "a difference",
                lambda seconds, reference: float(np.median(seconds - reference)),
                "That is a difference in seconds, and it grows when the computer is busy.",
            ),
        ),
        "Both tools met the same busy minutes: compare them there, before you sum up.",
        "Divide round by round; then take the median of the quotients.",
        _time_probes,
    ),
    Exercise(
        "18.3",
        "A slow start",
        "predict",
        _whole_rounds,
        (
            Mistake(
                "rounded down",
                lambda: _whole_rounds() - 1,
                "At this number of fits the first tool is still behind, though not by much.",
            ),
            Mistake(
                "not a whole number",
                lambda: (STARTS[0] - STARTS[1]) / (FITS[1] - FITS[0]),
                "There the two would take the same time. A fit is done whole or not at all.",
            ),
            Mistake(
                "not a whole number, rounded",
                lambda: round((STARTS[0] - STARTS[1]) / (FITS[1] - FITS[0]), 2),
                "There the two would take about the same time. A fit is done whole or not at all.",
            ),
            Mistake(
                "the start left out",
                lambda: 1,
                "You compared single fits. The first tool has its start to make up for.",
            ),
            Mistake(
                "one start only",
                lambda: int(np.floor(STARTS[0] / (FITS[1] - FITS[0]))) + 1,
                "You let the first tool make up for its whole start. The second one has to start "
                "as well.",
            ),
            Mistake(
                "starts divided",
                lambda: int(STARTS[0] / STARTS[1]),
                "You divided the two starts. What matters is how much each fit wins back.",
            ),
            Mistake(
                "fits divided",
                lambda: round(FITS[1] / FITS[0]),
                "You divided the times of a fit. That says how much faster one fit is, not when "
                "the start is made up for.",
            ),
        ),
        "Write the total of either tool for n fits, and find the smallest n for which one is "
        "below the other.",
        "The start costs the first tool a certain number of seconds more, and every fit wins some "
        "of them back. Answer with a whole number.",
    ),
    Exercise(
        "18.4",
        "Who is on the front?",
        "predict",
        lambda: {"A", "C", "E"},
        (
            Mistake(
                "the best alone",
                lambda: {"E"},
                "That is the best one. Somebody in a hurry may prefer another, and not be wrong.",
            ),
            Mistake(
                "the fastest and the best",
                lambda: {"A", "E"},
                "These two are on it. Is there one between them that nobody beats in both?",
            ),
            Mistake(
                "as good, but slower",
                lambda: {"A", "C", "D", "E"},
                "One too many. If another is as good and faster, why should anybody wait?",
            ),
            Mistake(
                "beaten by an equally fast one",
                lambda: {"A", "B", "C", "E"},
                "One too many. Two of these take the same time, and one of the two is better.",
            ),
            Mistake(
                "all that were measured",
                lambda: {"A", "B", "C", "D", "E"},
                "Not all of them: for some there is another that is at least as good and at least "
                "as fast, and better in one.",
            ),
            Mistake(
                "with the one that crashed",
                lambda: {"A", "C", "E", "F"},
                "One too many. What has no quality cannot be recommended for it.",
            ),
        ),
        "Go from fast to slow, and remember the best quality so far.",
        "A tool is on the front if it is better than everything that is at most as slow. Answer "
        "with a set of letters, such as {'X', 'Y'}.",
    ),
    Exercise(
        "18.5",
        "The front, in code",
        "write",
        _front,
        (
            Mistake(
                "ties kept",
                _ties_kept,
                "You call a tool beaten only if another is better in both. One that is as good "
                "and faster, or as fast and better, beats it too.",
            ),
            Mistake(
                "twins beat each other",
                _twins_out,
                "Two tools with equal numbers have thrown each other out. To beat, one must be "
                "better in at least one of the two.",
            ),
            Mistake(
                "one twin kept",
                lambda cost, quality: _walk(np.lexsort((-quality, cost)), quality),
                "Of two tools with equal numbers you keep the one that you meet first. Neither "
                "beats the other, so both stay.",
            ),
            Mistake(
                "sorted by cost alone",
                lambda cost, quality: _walk(np.argsort(cost, kind="stable"), quality),
                "You walk from cheap to dear. Among equally cheap tools a worse one may come "
                "first and slip through; and twins stay or go together.",
            ),
            Mistake(
                "beaten by itself",
                _beaten_by_itself,
                "Nothing is left: every tool is at least as good and as fast as itself.",
            ),
            Mistake(
                "slow is good",
                lambda cost, quality: _front(-cost, quality),
                "Your front prefers the slow ones. Of the cost, less is better.",
            ),
            Mistake(
                "bad is good",
                lambda cost, quality: _front(cost, -quality),
                "Your front prefers the bad ones. Of the quality, more is better.",
            ),
            Mistake(
                "the ends alone",
                _either,
                "You kept the fastest and the best ones. Between the ends there may be more, and "
                "among equally fast ones only the best counts.",
            ),
            Mistake(
                "in the order of cost",
                _in_order_of_cost,
                "The right marks, sorted by cost. Give them in the order of the input.",
            ),
            Mistake(
                "positions",
                lambda cost, quality: np.flatnonzero(_front(cost, quality)),
                "Those are positions. Return True or False for every tool.",
            ),
        ),
        "Compare every tool with every other one: is there any that is at least as good and at "
        "least as cheap, and better in one of the two?",
        "With cost[:, None] and cost[None, :] all pairs stand in one table. Make two tables, 'at "
        "least as good in both' and 'better in one', and ask each row for any pair in which both "
        "hold.",
        _front_probes,
    ),
    Exercise(
        "18.6",
        "One number for four tables",
        "write",
        _overall,
        (
            Mistake(
                "means first",
                lambda ndcg, reference: float(ndcg.mean() / reference.mean()),
                "You averaged the nDCG first: the data set with the highest level decides alone.",
            ),
            Mistake(
                "arithmetic mean of the shares",
                lambda ndcg, reference: float((ndcg / reference).mean()),
                "You took the arithmetic mean of the shares. Twice as good here and half as good "
                "there should come out as equal.",
            ),
            Mistake(
                "left in logarithms",
                lambda ndcg, reference: float(np.mean(np.log(ndcg / reference))),
                "That is the mean of the logarithms. One step leads back.",
            ),
            Mistake(
                "the product",
                lambda ndcg, reference: float(np.prod(ndcg / reference)),
                "That is the product of the shares. Which root of it belongs to n shares?",
            ),
            Mistake(
                "always the fourth root",
                lambda ndcg, reference: float(np.prod(ndcg / reference) ** 0.25),
                "You took the fourth root, whatever the number of tables. Which root belongs to n "
                "shares?",
            ),
            Mistake(
                "the median",
                lambda ndcg, reference: float(np.median(ndcg / reference)),
                "That is the median share. Every setting should have its say.",
            ),
            Mistake(
                "upside down",
                lambda ndcg, reference: _overall(reference, ndcg),
                "Upside down: a method that is better than the reference should get more than 1.",
            ),
            Mistake(
                "the reference forgotten",
                lambda ndcg, reference: float(np.exp(np.mean(np.log(ndcg)))),
                "You took the geometric mean of the nDCG. Divide by the reference, setting by "
                "setting.",
            ),
        ),
        "A share for each setting; then the mean under which 2 and one half make 1.",
        "The geometric mean of n numbers is the n-th root of their product, or the exponential of "
        "the mean of their logarithms.",
        _ratio_probes,
    ),
    Exercise(
        "18.7",
        "What would answer the question?",
        "predict",
        lambda: {"C", "E"},
        (
            Mistake(
                "against popularity",
                lambda: {"A"},
                "The hybrid beats the popular list even if the groups in it do nothing.",
            ),
            Mistake(
                "more tries than the rival",
                lambda: {"B"},
                "With so many more tries one would expect to be ahead, clusters or not.",
            ),
            Mistake(
                "drawn groups forgotten",
                lambda: {"C"},
                "One of two. Is there another comparison in which only the meaning of the groups "
                "is taken away?",
            ),
            Mistake(
                "genres forgotten",
                lambda: {"E"},
                "One of two. Is there another comparison in which as many numbers about the user "
                "come from elsewhere?",
            ),
            Mistake(
                "unequal budget let in",
                lambda: {"B", "C", "E"},
                "One too many. Count how often each side was allowed to try.",
            ),
            Mistake(
                "two splits let in",
                lambda: {"C", "D", "E"},
                "One too many. Are both sides asked the same question?",
            ),
            Mistake(
                "popularity let in",
                lambda: {"A", "C", "E"},
                "One too many. In one of these the rival lacks far more than the groups.",
            ),
        ),
        "Ask of each: if the groups meant nothing, could the hybrid still win?",
        "The two sides may differ in one thing only, the groups. Answer with a set of letters, "
        "such as {'X', 'Y'}.",
    ),
    Exercise(
        "18.8",
        "Which lines would you sign?",
        "predict",
        lambda: set(WRONG_LINES),
        (
            Mistake(
                "SGD taken for a model",
                lambda: WRONG_LINES - {1},
                "Correct so far, and one is missing. Is each of these a model, or is one of them "
                "the way a model is fitted?",
            ),
            Mistake(
                "rows and columns missed",
                lambda: WRONG_LINES - {3},
                "Correct so far, and one is missing. Who stands in the rows for implicit, in `fit` "
                "as in `recommend`?",
            ),
            Mistake(
                "an algorithm too many",
                lambda: WRONG_LINES - {5},
                "Correct so far, and one is missing. Which losses does LightFM have, and how does "
                "it fit them?",
            ),
            Mistake(
                "trained models believed",
                lambda: WRONG_LINES - {6},
                "Correct so far, and one is missing. What does the package of the towers contain, "
                "and what does it not?",
            ),
            Mistake(
                "the article's cluster of machines",
                lambda: WRONG_LINES - {8},
                "Correct so far, and one is missing. From how many events on is one machine too "
                "small?",
            ),
            Mistake(
                "SGD for a rival of SVD",
                lambda: WRONG_LINES | {2},
                "One too many. Stars are what Surprise is for, and SGD is how its SVD is fitted.",
            ),
            Mistake(
                "Keras for a rival of JAX",
                lambda: WRONG_LINES | {7},
                "One too many. Of the two layers one describes networks and the other computes: "
                "they go together.",
            ),
            Mistake(
                "scikit-learn cannot",
                lambda: WRONG_LINES | {9},
                "One too many. scikit-learn is no recommender library, and has the parts of one.",
            ),
            Mistake(
                "implicit cannot rank",
                lambda: WRONG_LINES | {4},
                "One too many. A model knows what it was fitted on; look at how it is asked, and "
                "not at what went wrong before.",
            ),
            Mistake(
                "everything struck out",
                lambda: set(LINES),
                "You strike them all out. Some are as the chapter writes them; keep those.",
            ),
        ),
        "Give a set of line numbers, such as {1, 2}. Ask of each line: does the library have this, "
        "is it meant for this, and does it get what it expects?",
        "Read the corrections below each library once more: a name, an orientation, an algorithm, "
        "a promise, a size.",
    ),
)
