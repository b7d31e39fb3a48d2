"""Exercises of chapter 15, on trust: reasons, gaps between groups, privacy, and live tests.

The mistakes are those of published code and of everyday argument: noise whose scale forgets what
one user can do, a gap that compares a group with itself, a promise that is not added up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations, product

import numpy as np

from recsys_tutorial.clustering import adjusted_rand
from recsys_tutorial.exercises.engine import Exercise, Mistake

# Exercise 2. Mean popularity of the histories and of the lists of two viewers.
HISTORIES, LISTS = np.array([0.05, 0.15]), np.array([0.20, 0.30])

# Exercise 5. Three releases about the same users, and a fourth computed from them.
EPSILONS = (0.5, 0.5, 0.5)

# Exercise 8. Users per half, and by how much smaller the effect is to be.
USERS, TIMES_SMALLER = 10_000, 2


def _effect(rank_after: float, control_ranks: np.ndarray) -> float:
    return float(np.log2(rank_after) - np.mean(np.log2(control_ranks)))


def _effect_probes() -> list[tuple[float, np.ndarray]]:
    rng = np.random.default_rng(51)
    draws = [(int(rng.integers(2, 60)), rng.integers(1, 40, size=5)) for _ in range(5)]
    return [(8, np.array([1, 4])), *draws]


def _gaps(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    names = np.unique(groups)
    return np.array([values[groups == n].mean() - values[groups != n].mean() for n in names])


def _against_all(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    return np.array([values[groups == n].mean() - values.mean() for n in np.unique(groups)])


def _against_group_means(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The other groups count equally, however small they are."""
    means = np.array([values[groups == n].mean() for n in np.unique(groups)])
    return means - (means.sum() - means) / (len(means) - 1)


def _against_best(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    means = np.array([values[groups == n].mean() for n in np.unique(groups)])
    return means - means.max()


def _medians(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    names = np.unique(groups)
    inside = np.array([np.median(values[groups == n]) for n in names])
    return inside - np.array([np.median(values[groups != n]) for n in names])


def _gap_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(52)
    probes = [(np.array([0.1, 0.3, 0.6, 0.8, 1.0]), np.array([0, 0, 1, 1, 2]))]
    for n_users, n_groups in [(8, 2), (10, 3), (15, 3), (20, 4), (30, 5)]:
        groups = np.r_[np.arange(n_groups), rng.integers(n_groups, size=n_users - n_groups)]
        probes.append((rng.random(n_users).round(2), groups))
    return probes


def _private_sum(numbers: np.ndarray, cap: float, epsilon: float, unit_noise: float) -> float:
    return float(np.clip(numbers, 0, cap).sum() + cap / epsilon * unit_noise)


def _not_clipped(numbers: np.ndarray, cap: float, epsilon: float, unit_noise: float) -> float:
    return float(numbers.sum() + cap / epsilon * unit_noise)


def _clipped_above(numbers: np.ndarray, cap: float, epsilon: float, unit_noise: float) -> float:
    return float(np.minimum(numbers, cap).sum() + cap / epsilon * unit_noise)


def _sum_clipped(numbers: np.ndarray, cap: float, epsilon: float, unit_noise: float) -> float:
    return float(np.clip(numbers.sum(), 0, cap) + cap / epsilon * unit_noise)


def _largest(numbers: np.ndarray, cap: float, epsilon: float, unit_noise: float) -> float:
    """The largest number in the data for a sensitivity: it tells who is there."""
    kept = np.clip(numbers, 0, cap)
    return float(kept.sum() + kept.max() / epsilon * unit_noise)


def _scaled(factor: str) -> Callable[..., float]:
    def wrong(numbers: np.ndarray, cap: float, epsilon: float, unit_noise: float) -> float:
        scale = {
            "cap forgotten": 1 / epsilon,
            "upside down": cap * epsilon,
            "mean": cap / epsilon / len(numbers),
            "every user": cap / epsilon * len(numbers),
            "half": cap / epsilon / 2,
            "none": 0.0,
        }[factor]
        return float(np.clip(numbers, 0, cap).sum() + scale * unit_noise)

    return wrong


def _sum_probes() -> list[tuple[np.ndarray, float, float, float]]:
    rng = np.random.default_rng(53)
    probes = [(np.array([1.0, 2.0, 9.0]), 5.0, 0.5, 1.0)]
    for n, cap, epsilon in [
        (4, 3.0, 1.5),
        (6, 2.0, 0.3),
        (8, 4.0, 2.0),
        (5, 6.0, 0.1),
        (9, 2.5, 4.0),
    ]:
        probes.append(
            (rng.normal(2.5, 3, n).round(1), cap, epsilon, round(float(rng.laplace()), 2))
        )
    return probes


def _totals(rows: np.ndarray, labels: np.ndarray, n_clusters: int) -> np.ndarray:
    member = np.eye(n_clusters)[labels]
    return np.column_stack([member.T @ rows, member.sum(axis=0)])


def _shortened(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)


def _step(rows: np.ndarray, labels: np.ndarray, n_clusters: int, noise: np.ndarray) -> np.ndarray:
    return _totals(_shortened(rows), labels, n_clusters) + noise


def _exact_numbers(
    rows: np.ndarray, labels: np.ndarray, n_clusters: int, noise: np.ndarray
) -> np.ndarray:
    quiet = noise.copy()
    quiet[:, -1] = 0
    return _totals(_shortened(rows), labels, n_clusters) + quiet


def _both_leaks(
    rows: np.ndarray, labels: np.ndarray, n_clusters: int, noise: np.ndarray
) -> np.ndarray:
    quiet = noise.copy()
    quiet[:, -1] = 0
    return _totals(rows, labels, n_clusters) + quiet


def _long_rows(
    rows: np.ndarray, labels: np.ndarray, n_clusters: int, noise: np.ndarray
) -> np.ndarray:
    return _totals(rows, labels, n_clusters) + noise


def _stretched(
    rows: np.ndarray, labels: np.ndarray, n_clusters: int, noise: np.ndarray
) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return _totals(rows / np.where(lengths > 0, lengths, 1), labels, n_clusters) + noise


def _each_number(
    rows: np.ndarray, labels: np.ndarray, n_clusters: int, noise: np.ndarray
) -> np.ndarray:
    return _totals(np.clip(rows, -1, 1), labels, n_clusters) + noise


def _sums_shortened(
    rows: np.ndarray, labels: np.ndarray, n_clusters: int, noise: np.ndarray
) -> np.ndarray:
    table = _totals(rows, labels, n_clusters)
    table[:, :-1] = _shortened(table[:, :-1])
    return table + noise


def _empty_left_alone(
    rows: np.ndarray, labels: np.ndarray, n_clusters: int, noise: np.ndarray
) -> np.ndarray:
    """No noise where nobody is: the zeros tell that nobody is."""
    table = _totals(_shortened(rows), labels, n_clusters)
    return np.where(table[:, -1:] > 0, table + noise, 0.0)


def _means_of_rows(
    rows: np.ndarray, labels: np.ndarray, n_clusters: int, noise: np.ndarray
) -> np.ndarray:
    table = _totals(_shortened(rows), labels, n_clusters)
    table[:, :-1] /= np.maximum(table[:, -1:], 1)
    return table + noise


def _no_noise(
    rows: np.ndarray, labels: np.ndarray, n_clusters: int, noise: np.ndarray
) -> np.ndarray:
    return _totals(_shortened(rows), labels, n_clusters)


def _step_probes() -> list[tuple[np.ndarray, np.ndarray, int, np.ndarray]]:
    rng = np.random.default_rng(54)
    small = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 2.0]])
    probes = [(small, np.array([0, 0, 1]), 3, np.full((3, 3), 0.5))]
    for n, d, k in [(5, 2, 2), (6, 3, 3), (8, 2, 4), (9, 3, 2), (12, 2, 5)]:
        labels = rng.integers(k, size=n)
        labels[labels == 1] = 0
        probes.append((rng.normal(size=(n, d)), labels, k, rng.normal(size=(k, d + 1))))
    return probes


# Exercise 9. Groupings of one log, each from another seed; what was added stands below the rest.
Groupings = list[np.ndarray]


def _mean_agreement(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    return float(np.mean([adjusted_rand(one, other) for one, other in pairs]))


def _luck(clean: Groupings) -> float:
    return _mean_agreement(combinations(clean, 2))


def _kept(clean: Groupings, spoiled: Groupings) -> float:
    n = len(clean[0])
    return _mean_agreement((one, other[:n]) for one, other in product(clean, spoiled))


def _damage(clean: Groupings, spoiled: Groupings) -> float:
    return _luck(clean) - _kept(clean, spoiled)


def _same_numbers(clean: Groupings, spoiled: Groupings) -> float:
    n = len(clean[0])
    luck = np.mean([np.mean(one == other) for one, other in combinations(clean, 2)])
    return float(luck - np.mean([np.mean(a == b[:n]) for a, b in product(clean, spoiled)]))


def _last_rows(clean: Groupings, spoiled: Groupings) -> float:
    n = len(clean[0])
    return _luck(clean) - _kept(clean, [labels[-n:] for labels in spoiled])


def _damage_probes() -> list[tuple[Groupings, Groupings]]:
    rng = np.random.default_rng(159)

    def regrouped(truth: np.ndarray, moved: float, added: int = 0) -> np.ndarray:
        """Other numbers, some members elsewhere, and rows that were not there before."""
        k = truth.max() + 1
        labels = np.where(rng.random(len(truth)) < moved, rng.integers(k, size=len(truth)), truth)
        return np.r_[rng.permutation(k)[labels], rng.integers(k, size=added)]

    # Eight viewers, two seeds each; the spoiled log has two fakes, its last rows.
    by_hand = (
        [np.array([0, 0, 0, 1, 1, 1, 2, 2]), np.array([1, 1, 1, 0, 0, 2, 2, 2])],
        [np.array([0, 0, 1, 1, 1, 1, 2, 2, 2, 0]), np.array([2, 2, 2, 1, 1, 0, 0, 1, 1, 1])],
    )
    probes = [by_hand]
    for n, k, luck, loss, added in [
        *((12, 3, 0.1, 0.5, 3), (20, 4, 0.4, 0.4, 0), (30, 3, 0.2, 0.7, 5)),
        *((40, 5, 0.5, 0.5, 8), (60, 4, 0.0, 0.3, 6)),
    ]:
        truth = np.arange(n) % k
        clean = [regrouped(truth, luck) for _ in range(3)]
        probes.append((clean, [regrouped(truth, loss, added) for _ in range(2)]))
    return probes


EXERCISES = (
    Exercise(
        "15.1",
        "The effect of a deletion",
        "write",
        _effect,
        (
            Mistake(
                "logarithm of the mean",
                lambda rank_after, control_ranks: float(
                    np.log2(rank_after) - np.log2(np.mean(control_ranks))
                ),
                "You averaged the ranks and took the logarithm afterwards. One control that falls "
                "very far would then rule the mean.",
            ),
            Mistake(
                "upside down",
                lambda rank_after, control_ranks: -_effect(rank_after, control_ranks),
                "The sign: a film that falls farther than the controls should have a positive "
                "effect, and a larger rank is farther down.",
            ),
            Mistake(
                "natural logarithm",
                lambda rank_after, control_ranks: _effect(rank_after, control_ranks) * np.log(2),
                "You took the natural logarithm. An effect of 1 should mean twice the rank.",
            ),
            Mistake(
                "difference of ranks",
                lambda rank_after, control_ranks: float(rank_after - np.mean(control_ranks)),
                "You subtracted ranks. From 1 to 11 is a long way, from 501 to 511 is none; work "
                "on the scale of the logarithm.",
            ),
            Mistake(
                "no control",
                lambda rank_after, control_ranks: float(np.log2(rank_after)),
                "You left the controls out. Whoever loses any five films loses something.",
            ),
            Mistake(
                "ratio",
                lambda rank_after, control_ranks: float(
                    rank_after / 2 ** np.mean(np.log2(control_ranks))
                ),
                "That is the ratio of the ranks. One logarithm is missing.",
            ),
        ),
        "Take base-2 logarithms of all ranks; average those of the controls; subtract.",
        "np.log2 works on arrays. If the named deletion and the controls lead to the same rank, "
        "the effect must be 0.",
        _effect_probes,
    ),
    Exercise(
        "15.2",
        "A lift",
        "predict",
        lambda: float(LISTS.mean() / HISTORIES.mean() - 1),
        (
            Mistake(
                "one not subtracted",
                lambda: float(LISTS.mean() / HISTORIES.mean()),
                "That is how many times as popular the lists are. With lists as popular as the "
                "histories the lift should be 0.",
            ),
            Mistake(
                "mean of the lifts",
                lambda: float((LISTS / HISTORIES - 1).mean()),
                "You computed a lift for each viewer and averaged. The definition takes the means "
                "of the group first; otherwise one viewer with a tiny history rules.",
            ),
            Mistake(
                "divided by the lists",
                lambda: float(1 - HISTORIES.mean() / LISTS.mean()),
                "You divided by the popularity of the lists. What she chose is the measure.",
            ),
            Mistake(
                "a difference",
                lambda: float(LISTS.mean() - HISTORIES.mean()),
                "That is the difference of the two means. The lift is relative to the histories.",
            ),
        ),
        "Mean of the lists, mean of the histories, their ratio, minus 1.",
        "Average over the two viewers before you divide.",
        tolerance=5e-3,
    ),
    Exercise(
        "15.3",
        "Compared with whom?",
        "repair",
        _gaps,
        (
            Mistake(
                "compared with everybody",
                _against_all,
                "You compare each group with a mean that contains it, as the broken version does. "
                "A group of nine in ten would hardly differ from itself.",
            ),
            Mistake(
                "mean of group means",
                _against_group_means,
                "You averaged the means of the other groups, so that a group of two counts as "
                "much as one of two thousand. Take the mean over the other users.",
            ),
            Mistake(
                "sign reversed",
                lambda values, groups: -_gaps(values, groups),
                "The sign: a group that is served better should have a positive gap.",
            ),
            Mistake(
                "compared with the best",
                _against_best,
                "You compared with the best group. Somebody is always best by luck.",
            ),
            Mistake(
                "medians",
                _medians,
                "You took medians. The chapter compares means.",
            ),
        ),
        "For each group: the mean of its users, minus the mean of the users who are not in it.",
        "groups != name marks all others.",
        _gap_probes,
    ),
    Exercise(
        "15.4",
        "What did the sum tell?",
        "predict",
        lambda: "watched",
        (
            Mistake(
                "protected by the rule",
                lambda: "nobody can know",
                "Both numbers obey the rule, and still you may subtract one from the other. What "
                "is the only thing that changed?",
            ),
            Mistake(
                "the wrong way round",
                lambda: "not watched",
                "Would the number have fallen if she had never been among those who are counted?",
            ),
            Mistake(
                "yes is not one of the answers",
                lambda: "yes",
                "Choose one of the three answers of the question, word for word.",
            ),
        ),
        "Subtract the second number from the first: who makes the difference?",
        "Write down who is counted in 57, and who in 56, and which rule would have to hide that.",
    ),
    Exercise(
        "15.5",
        "Adding up",
        "predict",
        lambda: float(sum(EPSILONS)),
        (
            Mistake(
                "the largest",
                lambda: float(max(EPSILONS)),
                "Each table by itself keeps that promise. Somebody who holds all of them knows "
                "more.",
            ),
            Mistake(
                "the top ten counted",
                lambda: float(sum(EPSILONS) + EPSILONS[0]),
                "The top ten was computed from numbers that were released already. It cannot tell "
                "more than they do.",
            ),
            Mistake(
                "multiplied",
                lambda: float(np.prod(EPSILONS)),
                "You multiplied. More releases would then protect better.",
            ),
            Mistake(
                "root of the squares",
                lambda: float(np.sqrt(np.sum(np.square(EPSILONS)))),
                "Errors add up like that, promises of pure differential privacy do not.",
            ),
        ),
        "How many times did somebody look at the users' data?",
        "Releases from the data add up, and what is computed from releases is free.",
        tolerance=5e-3,
    ),
    Exercise(
        "15.6",
        "A private sum",
        "write",
        _private_sum,
        (
            Mistake(
                "numbers not limited",
                _not_clipped,
                "You did not limit the numbers. A single user with an enormous number would show "
                "through the noise.",
            ),
            Mistake(
                "limited from above only",
                _clipped_above,
                "You limited the numbers from above only. With a very negative one a user could "
                "move the sum as far as she likes.",
            ),
            Mistake(
                "limited to plus and minus the cap",
                lambda numbers, cap, epsilon, unit_noise: float(
                    np.clip(numbers, -cap, cap).sum() + cap / epsilon * unit_noise
                ),
                "You let a user contribute less than 0. The least is 0.",
            ),
            Mistake(
                "the sum limited",
                _sum_clipped,
                "You limited the sum. It is each user's contribution that must be limited.",
            ),
            Mistake(
                "sensitivity from the data",
                _largest,
                "You scaled the noise by the largest number in the data. Then the noise tells "
                "whether the user with the largest number is there; take what was fixed before.",
            ),
            Mistake(
                "cap forgotten",
                _scaled("cap forgotten"),
                "Your noise is made for users who move the sum by 1. How far can one move it here?",
            ),
            Mistake(
                "epsilon upside down",
                _scaled("upside down"),
                "With your scale a stronger promise has less noise.",
            ),
            Mistake(
                "scale of a mean",
                _scaled("mean"),
                "You divided the noise by the number of users. That is right for a mean, and this "
                "is a sum.",
            ),
            Mistake(
                "noise for every user",
                _scaled("every user"),
                "You made the noise larger with every user. One noise hides any one of them.",
            ),
            Mistake(
                "half the noise",
                _scaled("half"),
                "Half the noise that is needed: an audit would find twice the epsilon.",
            ),
            Mistake(
                "no noise",
                _scaled("none"),
                "The sum is right, and exact. Add the noise.",
            ),
        ),
        "Limit each number to what a user may contribute; add up; add the unit noise, scaled by "
        "sensitivity over epsilon.",
        "One user who comes or goes moves the sum by the cap at most: that is the sensitivity. "
        "np.clip limits from both sides.",
        _sum_probes,
    ),
    Exercise(
        "15.7",
        "A step that leaks",
        "repair",
        _step,
        (
            Mistake(
                "both leaks",
                _both_leaks,
                "This still does what the broken version did: long rows, and exact numbers in the "
                "last column.",
            ),
            Mistake(
                "exact numbers",
                _exact_numbers,
                "The last column is still exact. Compare it with her and without her.",
            ),
            Mistake(
                "long rows",
                _long_rows,
                "The noise is made for rows of length 1 at most, and some are longer.",
            ),
            Mistake(
                "short rows stretched",
                _stretched,
                "You gave every row the length 1. Only those that are longer should change.",
            ),
            Mistake(
                "each number limited",
                _each_number,
                "You limited each number of a row. A row of many numbers can still be long; it is "
                "the length that counts.",
            ),
            Mistake(
                "sums shortened",
                _sums_shortened,
                "You shortened the sums. It is each user's row that must be short.",
            ),
            Mistake(
                "empty clusters left alone",
                _empty_left_alone,
                "Clusters without users got no noise. An exact 0 tells that nobody is there.",
            ),
            Mistake(
                "means instead of sums",
                _means_of_rows,
                "You divided by the numbers before the noise came in. The noise is made for sums: "
                "one user moves the mean of a large cluster far less than it covers, and the "
                "mean drowns.",
            ),
            Mistake(
                "no noise",
                _no_noise,
                "Rows are short and sums are right, and they leave the house as they are. Without "
                "noise nothing is promised.",
            ),
        ),
        "Shorten rows whose length exceeds 1; sum and count; then add the noise to every number.",
        "Divide a row by its length only where that is above 1: np.maximum(lengths, 1) helps. The "
        "noise has a last column as well.",
        _step_probes,
    ),
    Exercise(
        "15.8",
        "Half the effect",
        "predict",
        lambda: USERS * TIMES_SMALLER**2,
        (
            Mistake(
                "twice as many",
                lambda: USERS * TIMES_SMALLER,
                "Twice as many is not enough: look at the power of the effect in the formula.",
            ),
            Mistake(
                "fewer",
                lambda: USERS // TIMES_SMALLER,
                "A smaller difference is harder to see, not easier.",
            ),
            Mistake(
                "a quarter",
                lambda: USERS // TIMES_SMALLER**2,
                "The factor is right, and upside down: a smaller difference is harder to see.",
            ),
            Mistake(
                "root",
                lambda: round(USERS * TIMES_SMALLER**0.5),
                "You took the root. It is the other way: the error shrinks with the root of the "
                "number of users.",
            ),
            Mistake(
                "as many",
                lambda: USERS,
                "The same number of users finds the same effect, not a smaller one.",
            ),
        ),
        "The effect stands in the denominator of the formula; with which power?",
        "Write the formula for both effects, and divide one by the other.",
        tolerance=5e-3,
    ),
    Exercise(
        "15.9",
        "Damage, or luck?",
        "repair",
        _damage,
        (
            Mistake(
                "one seed, and luck forgotten",
                lambda clean, spoiled: 1 - _kept(clean[:1], spoiled[:1]),
                "You call all disagreement damage, as the broken version does. By how much do two "
                "groupings of the clean log disagree, if only the seed is another?",
            ),
            Mistake(
                "luck forgotten",
                lambda clean, spoiled: 1 - _kept(clean, spoiled),
                "You compare with perfect agreement. The clean log does not agree perfectly with "
                "itself either; that is the mark to compare with.",
            ),
            Mistake(
                "each grouping with itself",
                lambda clean, spoiled: (
                    _mean_agreement(product(clean, clean)) - _kept(clean, spoiled)
                ),
                "In your luck each grouping meets itself, too, and agrees perfectly. Compare "
                "different seeds only.",
            ),
            Mistake(
                "one seed",
                lambda clean, spoiled: _luck(clean[:2]) - _kept(clean[:1], spoiled[:1]),
                "You use the first seeds only. Luck is measured with all of them.",
            ),
            Mistake(
                "the spoiled log with itself",
                lambda clean, spoiled: (
                    _luck(clean) - _luck([labels[: len(clean[0])] for labels in spoiled])
                ),
                "You ask how well the groups of the spoiled log agree with each other. They may "
                "agree, and be other groups than before.",
            ),
            Mistake(
                "numbers compared",
                _same_numbers,
                "You count who has the same number in both. Numbers are names that each run gives "
                "anew; `adjusted_rand` does not mind.",
            ),
            Mistake(
                "the wrong rows",
                _last_rows,
                "You compare with the last rows of the spoiled log. What was added stands below "
                "the viewers, so theirs are the first.",
            ),
            Mistake(
                "turned round",
                lambda clean, spoiled: -_damage(clean, spoiled),
                "The sign: damage is positive where the spoiled log agrees less than luck does.",
            ),
        ),
        "Two means of the ARI: one over all pairs of different clean groupings, one over all pairs "
        "of a clean and a spoiled grouping, cut to the viewers who are in both. Then a difference.",
        "itertools has `combinations` for the pairs within one list and `product` for the pairs "
        "between two. Cut each spoiled grouping to the length of a clean one.",
        _damage_probes,
    ),
)
