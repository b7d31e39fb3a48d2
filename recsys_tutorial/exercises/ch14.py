"""Exercises of chapter 14, ten industries.

The first mistakes are the source article's own: a stereotype as a name, a treatment chosen because
it went well more often, the product that the group likes, whether it suits or not.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from recsys_tutorial.exercises.engine import Exercise, Mistake
from recsys_tutorial.recommenders import Popularity, Recommender
from recsys_tutorial.scenarios import SCENARIOS, Trial, run_scenario

# Exercise 1: members of a group, members at home in it, at home elsewhere, all shoppers.
MEMBERS, HOME_INSIDE, HOME_OUTSIDE, ALL = 200, 24, 36, 800

# Exercise 3: (patients, recovered) by treatment and severity.
MILD_A, SEVERE_A = (80, 76), (160, 96)
MILD_B, SEVERE_B = (320, 288), (40, 20)


def _share(*cells: tuple[int, int]) -> float:
    return sum(good for _, good in cells) / sum(n for n, _ in cells)


def _if_all(mild: tuple[int, int], severe: tuple[int, int]) -> float:
    n_mild, n_severe = MILD_A[0] + MILD_B[0], SEVERE_A[0] + SEVERE_B[0]
    return (n_mild * _share(mild) + n_severe * _share(severe)) / (n_mild + n_severe)


# ------------------------------------------------------------------ 2: mastery


def _mastery(answers: np.ndarray, start: float, guess: float, slip: float) -> float:
    known = start
    for right in answers:
        if_known, if_not = (1 - slip, guess) if right else (slip, 1 - guess)
        known = known * if_known / (known * if_known + (1 - known) * if_not)
    return float(known)


def _share_right(answers: np.ndarray, start: float, guess: float, slip: float) -> float:
    return float(np.mean(answers))


def _no_guessing(answers: np.ndarray, start: float, guess: float, slip: float) -> float:
    return 1.0 if np.any(answers) else 0.0


def _not_divided(answers: np.ndarray, start: float, guess: float, slip: float) -> float:
    known = start
    for right in answers:
        known *= (1 - slip) if right else slip
    return float(known)


def _only_last(answers: np.ndarray, start: float, guess: float, slip: float) -> float:
    return _mastery(answers[-1:], start, guess, slip)


def _swapped(answers: np.ndarray, start: float, guess: float, slip: float) -> float:
    return _mastery(answers, start, slip, guess)


def _wrong_ignored(answers: np.ndarray, start: float, guess: float, slip: float) -> float:
    return _mastery(answers[answers == 1], start, guess, slip)


def _mastery_probes() -> list[tuple[np.ndarray, float, float, float]]:
    rng = np.random.default_rng(142)
    probes = [
        (np.array([1]), 0.5, 0.25, 0.1),
        (np.array([0]), 0.5, 0.25, 0.1),
        (np.array([1, 1, 0]), 0.4, 0.2, 0.1),
    ]
    for n in (2, 3, 4, 5, 6):
        answers = rng.integers(2, size=n)
        answers[:2] = 1, 0
        start, guess, slip = rng.uniform([0.2, 0.1, 0.02], [0.7, 0.3, 0.09])
        probes.append((answers, float(start), float(guess), float(slip)))
    return probes


# ------------------------------------------------------------------ 4: filter, then rank


def _filtered(scores: np.ndarray, risk: np.ndarray, capacity: int, k: int) -> np.ndarray:
    suits = np.flatnonzero(risk <= capacity)
    return suits[np.argsort(-scores[suits], kind="stable")[:k]]


def _rank_then_filter(scores: np.ndarray, risk: np.ndarray, capacity: int, k: int) -> np.ndarray:
    best = np.argsort(-scores, kind="stable")[:k]
    return best[risk[best] <= capacity]


def _no_rule(scores: np.ndarray, risk: np.ndarray, capacity: int, k: int) -> np.ndarray:
    return np.argsort(-scores, kind="stable")[:k]


def _strict(scores: np.ndarray, risk: np.ndarray, capacity: int, k: int) -> np.ndarray:
    return _filtered(scores, risk, capacity - 1, k)


def _safest_first(scores: np.ndarray, risk: np.ndarray, capacity: int, k: int) -> np.ndarray:
    return np.lexsort((-scores, risk))[:k]


def _wrong_numbers(scores: np.ndarray, risk: np.ndarray, capacity: int, k: int) -> np.ndarray:
    # Positions within the filtered products, not of all products.
    return np.argsort(-scores[risk <= capacity], kind="stable")[:k]


def _own_class_only(scores: np.ndarray, risk: np.ndarray, capacity: int, k: int) -> np.ndarray:
    suits = np.flatnonzero(risk == capacity)
    return suits[np.argsort(-scores[suits], kind="stable")[:k]]


def _filter_probes() -> list[tuple[np.ndarray, np.ndarray, int, int]]:
    rng = np.random.default_rng(144)
    probes = [
        (np.array([0.9, 0.8, 0.3, 0.2]), np.array([5, 2, 1, 3]), 2, 2),
        (np.array([0.4, 0.9, 0.7, 0.1, 0.5]), np.array([1, 4, 3, 2, 2]), 3, 3),
    ]
    for n, capacity, k in ((6, 3, 3), (8, 2, 2), (9, 3, 4), (12, 4, 5), (12, 2, 3)):
        risk = rng.permutation(np.arange(n) % 5 + 1)
        probes.append((rng.permutation(n) / n, risk, capacity, k))
    return probes


# ------------------------------------------------------------------ 5: lift


def _lift(baskets: np.ndarray, a: int, b: int) -> float:
    with_a, with_b = baskets[:, a] > 0, baskets[:, b] > 0
    return float((with_a & with_b).mean() / (with_a.mean() * with_b.mean()))


def _support(baskets: np.ndarray, a: int, b: int) -> float:
    return float(((baskets[:, a] > 0) & (baskets[:, b] > 0)).mean())


def _confidence(baskets: np.ndarray, a: int, b: int) -> float:
    return _support(baskets, a, b) / float((baskets[:, a] > 0).mean())


def _confidence_back(baskets: np.ndarray, a: int, b: int) -> float:
    return _confidence(baskets, b, a)


def _without_total(baskets: np.ndarray, a: int, b: int) -> float:
    with_a, with_b = baskets[:, a] > 0, baskets[:, b] > 0
    return float((with_a & with_b).sum() / (with_a.sum() * with_b.sum()))


def _pieces(baskets: np.ndarray, a: int, b: int) -> float:
    return float(
        (baskets[:, a] * baskets[:, b]).mean() / (baskets[:, a].mean() * baskets[:, b].mean())
    )


def _either(baskets: np.ndarray, a: int, b: int) -> float:
    with_a, with_b = baskets[:, a] > 0, baskets[:, b] > 0
    return float((with_a & with_b).sum() / (with_a | with_b).sum())


def _basket_probes() -> list[tuple[np.ndarray, int, int]]:
    rng = np.random.default_rng(145)
    probes = [
        (np.array([[1, 2, 0], [3, 1, 0], [1, 0, 1], [0, 0, 1], [0, 1, 1]]), 0, 1),
        (np.array([[1, 1], [1, 0], [1, 0], [2, 1], [0, 1], [0, 0]]), 0, 1),
    ]
    for n, products in ((8, 3), (12, 4), (20, 5), (30, 5)):
        table = rng.integers(1, 4, (n, products)) * (rng.random((n, products)) < 0.5)
        table[0, :2], table[1, 0], table[2, 1] = (2, 1), 1, 3
        probes.append((table, 0, 1))
    return probes


# ------------------------------------------------------------------ 6: ties


def _both_ways(rows: np.ndarray, held: list[tuple[int, int]]) -> np.ndarray:
    out = {frozenset(tie) for tie in held}
    return rows[[frozenset(row.tolist()) not in out for row in rows]]


def _one_way(rows: np.ndarray, held: list[tuple[int, int]]) -> np.ndarray:
    return rows[[tuple(row.tolist()) not in set(held) for row in rows]]


def _other_way(rows: np.ndarray, held: list[tuple[int, int]]) -> np.ndarray:
    return _one_way(rows, [(b, a) for a, b in held])


def _people_out(rows: np.ndarray, held: list[tuple[int, int]]) -> np.ndarray:
    gone = {person for tie in held for person in tie}
    return rows[[not gone & set(row.tolist()) for row in rows]]


def _held_kept(rows: np.ndarray, held: list[tuple[int, int]]) -> np.ndarray:
    out = {frozenset(tie) for tie in held}
    return rows[[frozenset(row.tolist()) in out for row in rows]]


def _each_once(rows: np.ndarray, held: list[tuple[int, int]]) -> np.ndarray:
    kept = _both_ways(rows, held)
    return kept[kept[:, 0] < kept[:, 1]]


def _tie_probes() -> list[tuple[np.ndarray, list[tuple[int, int]]]]:
    rng = np.random.default_rng(146)
    probes = []
    for n in (4, 5, 6, 7, 8, 9):
        ring = [(i, (i + 1) % n) for i in range(n)]
        ties = ring + [(0, 2)]
        rows = np.array(ties + [(b, a) for a, b in ties])
        held = [ties[int(i)] for i in rng.permutation(n)[: n // 3]]
        probes.append((rows[rng.permutation(len(rows))], held))
    return probes


# ------------------------------------------------------------------ 7: freshness


def _fresh(ages: np.ndarray, half_life: float) -> np.ndarray:
    return 0.5 ** (ages / half_life)


def _by_e(ages: np.ndarray, half_life: float) -> np.ndarray:
    return np.exp(-ages / half_life)


def _window(ages: np.ndarray, half_life: float) -> np.ndarray:
    return (ages <= half_life).astype(float)


def _straight(ages: np.ndarray, half_life: float) -> np.ndarray:
    return np.maximum(1 - ages / (2 * half_life), 0)


def _older_is_heavier(ages: np.ndarray, half_life: float) -> np.ndarray:
    return 2.0 ** (ages / half_life)


def _whole_steps(ages: np.ndarray, half_life: float) -> np.ndarray:
    return 0.5 ** np.floor(ages / half_life)


def _times_half_life(ages: np.ndarray, half_life: float) -> np.ndarray:
    return 0.5 ** (ages * half_life)


def _hyperbola(ages: np.ndarray, half_life: float) -> np.ndarray:
    return 1 / (1 + ages / half_life)


def _age_probes() -> list[tuple[np.ndarray, float]]:
    rng = np.random.default_rng(147)
    probes = [(np.array([0.0, 3.0, 6.0, 12.0]), 6.0), (np.array([1.0, 4.0]), 2.0)]
    return probes + [
        (rng.uniform(0, 48, n).round(1), h) for n, h in ((3, 5), (4, 8), (5, 12), (6, 24))
    ]


# ------------------------------------------------------------------ 8: a field of one's own


@cache
def _branch_gain(
    k: int = 3,
    metric: str = "hit_rate",
    compared: str = "groups, guarded",
    suits_today: bool = True,
) -> float:
    """Run the savings bank of the exercise, or something that was taken for it."""
    bank = SCENARIOS["finance"]

    def suitable(trial: Trial, random_state: int) -> Recommender:
        return bank.guard(Popularity().fit(trial.matrix), trial)

    field = replace(
        bank,
        name="a savings bank",
        people="savers",
        behaviour="contracts signed in the branch",
        k=k,
        metric=metric,
        baseline=suitable if suits_today else None,
        reference="the most popular products that suit",
    )
    return run_scenario(field).against(compared).difference.mean


EXERCISES = (
    Exercise(
        "14.1",
        "A name that does not fit",
        "predict",
        lambda: 1 - HOME_INSIDE / MEMBERS,
        (
            Mistake(
                "the share for whom it is right",
                lambda: HOME_INSIDE / MEMBERS,
                "That is the share of members for whom the name is right. Give that of the others.",
            ),
            Mistake(
                "turned round",
                lambda: HOME_INSIDE / (HOME_INSIDE + HOME_OUTSIDE),
                "You divided by all people who keep a house. That says how many of *them* are in "
                "the group; the name is given to the members.",
            ),
            Mistake(
                "turned round, the others",
                lambda: HOME_OUTSIDE / (HOME_INSIDE + HOME_OUTSIDE),
                "That is the share of those who keep a house and are *not* in the group. Divide by "
                "the members.",
            ),
            Mistake(
                "of all shoppers",
                lambda: 1 - HOME_INSIDE / ALL,
                "You divided by all shoppers. Only the members get the name.",
            ),
            Mistake(
                "in per cent",
                lambda: 100 * (1 - HOME_INSIDE / MEMBERS),
                "You counted well and answered in per cent. Give the share as a number "
                "between 0 and 1: 12 per cent would be 0.12.",
            ),
        ),
        "The name is given to every member of the group: count the members whom it does not fit, "
        "and divide by the number of members.",
        "A share between 0 and 1, one minus another share; the people outside the group play no "
        "part.",
    ),
    Exercise(
        "14.2",
        "What she knows, from her answers",
        "write",
        _mastery,
        (
            Mistake(
                "share of right answers",
                _share_right,
                "That is her mark. It forgets that some right answers are guessed, some wrong ones "
                "are slips, and that you believed something before.",
            ),
            Mistake(
                "nobody guesses",
                _no_guessing,
                "One right answer is no proof: `guess` of those who do not know are right, too.",
            ),
            Mistake(
                "not divided",
                _not_divided,
                "You multiplied and did not divide by the chance of the answer among all learners, "
                "so the result is no probability.",
            ),
            Mistake(
                "the last answer only",
                _only_last,
                "You began anew with `start` for each answer. What one answer leaves is what the "
                "next one begins with.",
            ),
            Mistake(
                "guess and slip swapped",
                _swapped,
                "You swapped them: whoever knows is wrong with chance `slip`; whoever does not is "
                "right with chance `guess`.",
            ),
            Mistake(
                "wrong answers passed over",
                _wrong_ignored,
                "You used the right answers only. A wrong one says something, too.",
            ),
        ),
        "Bayes' rule, once for each answer: multiply what you believed by the chance of this "
        "answer if she knows, and divide by the chance of this answer from somebody of whom you "
        "know as little.",
        "For a right answer the two chances are 1 - slip and guess, for a wrong one slip and "
        "1 - guess.",
        _mastery_probes,
    ),
    Exercise(
        "14.3",
        "If all had got it",
        "predict",
        lambda: _if_all(MILD_A, SEVERE_A),
        (
            Mistake(
                "as it was given",
                lambda: _share(MILD_A, SEVERE_A),
                "That is the share among those who got A, and they are mostly severe cases. The "
                "question is about everybody.",
            ),
            Mistake(
                "both rates alike",
                lambda: (_share(MILD_A) + _share(SEVERE_A)) / 2,
                "You took the mean of the two rates. There are twice as many mild cases as severe "
                "ones: weigh the rates.",
            ),
            Mistake(
                "the other treatment, as it was given",
                lambda: _share(MILD_B, SEVERE_B),
                "That is the rate of treatment B, and of those who happened to get it.",
            ),
            Mistake(
                "the other treatment",
                lambda: _if_all(MILD_B, SEVERE_B),
                "That is right for treatment B. The question is about A.",
            ),
            Mistake(
                "weighed by who got it not",
                lambda: (MILD_B[0] * _share(MILD_A) + SEVERE_B[0] * _share(SEVERE_A)) / 360,
                "You weighed the rates of A by the patients who got B. Weigh by all patients.",
            ),
            Mistake(
                "in per cent",
                lambda: 100 * _if_all(MILD_A, SEVERE_A),
                "You weighed well and answered in per cent. Give the share as a number "
                "between 0 and 1: 12 per cent would be 0.12.",
            ),
        ),
        "Compute the rate of A among the mild cases and among the severe ones; then weigh the two "
        "rates by how many patients of each kind there are in all.",
        "There are 400 mild and 200 severe patients, whatever they were given.",
        tolerance=2e-3,
    ),
    Exercise(
        "14.4",
        "Filter first, rank second",
        "repair",
        _filtered,
        (
            Mistake(
                "ranked, then filtered",
                _rank_then_filter,
                "You cut the list to k before you looked at the risk: whatever is then taken out "
                "leaves a hole. Filter before you rank.",
            ),
            Mistake(
                "no rule",
                _no_rule,
                "That is the source article's version: what the group likes, whether it suits or "
                "not.",
            ),
            Mistake(
                "below the capacity",
                _strict,
                "A product whose class equals her capacity suits her, too.",
            ),
            Mistake(
                "safest first",
                _safest_first,
                "You sorted by risk. The rule says what may be shown; among that, her taste "
                "decides.",
            ),
            Mistake(
                "numbers of the short table",
                _wrong_numbers,
                "Your numbers count the products that are left after the filter. Return positions "
                "in the whole table.",
            ),
            Mistake(
                "only her own class",
                _own_class_only,
                "You allow only products of exactly her class. Less risk suits her as well.",
            ),
        ),
        "Find the positions of the products that suit her, order *these* by score, and only then "
        "cut to k.",
        "np.flatnonzero(condition) gives positions in the whole table; use them to pick from the "
        "scores, and use the order to pick from them.",
        _filter_probes,
    ),
    Exercise(
        "14.5",
        "How surprising is a pair?",
        "write",
        _lift,
        (
            Mistake(
                "support",
                _support,
                "That is the share of baskets with both. Two products that are in every basket "
                "have the highest, and no connection.",
            ),
            Mistake(
                "confidence",
                _confidence,
                "That is how often b is there if a is. Compare it with how often b is there "
                "anyway.",
            ),
            Mistake(
                "confidence from b to a",
                _confidence_back,
                "That is how often a is there if b is, and not compared with anything.",
            ),
            Mistake(
                "counts instead of shares",
                _without_total,
                "You divided counts by counts. Shares of all baskets are meant, or the number of "
                "baskets has to come in once.",
            ),
            Mistake(
                "pieces",
                _pieces,
                "You multiplied numbers of pieces. Three jars in a basket are one basket with "
                "jars.",
            ),
            Mistake(
                "overlap",
                _either,
                "You divided by the baskets with either (the Jaccard index). Lift compares with "
                "what chance would give.",
            ),
        ),
        "The share of baskets with both, divided by the share that you would expect if the two had "
        "nothing to do with each other.",
        "First turn pieces into True and False. For two things that have nothing to do with each "
        "other, shares multiply.",
        _basket_probes,
    ),
    Exercise(
        "14.6",
        "A tie has two ends",
        "repair",
        _both_ways,
        (
            Mistake(
                "one direction only",
                _one_way,
                "The other direction of every held-out tie is still in the training log, and says "
                "the answer aloud.",
            ),
            Mistake(
                "the other direction only",
                _other_way,
                "You took out the rows that run backwards and left those that run forwards.",
            ),
            Mistake(
                "the people taken out",
                _people_out,
                "You took out everything about the people at both ends. Only the tie is held out.",
            ),
            Mistake(
                "the test returned",
                _held_kept,
                "You returned the held-out ties. Return what is left to learn from.",
            ),
            Mistake(
                "every tie once",
                _each_once,
                "You kept one row per tie. The log needs both: each of the two has met the other.",
            ),
        ),
        "A row must go if it equals a held-out tie, or a held-out tie read backwards.",
        "Write each tie so that both directions look the same: a frozenset of its two ends, or the "
        "smaller number first. Then compare.",
        _tie_probes,
    ),
    Exercise(
        "14.7",
        "Half as much with every half-life",
        "write",
        _fresh,
        (
            Mistake(
                "powers of e",
                _by_e,
                "After one half-life your weight is 1/e. It should be a half.",
            ),
            Mistake(
                "a window",
                _window,
                "You count everything within one half-life fully and nothing after. The weight "
                "should fall smoothly.",
            ),
            Mistake(
                "a straight line",
                _straight,
                "Your weight falls on a straight line and ends at 0. It should halve again and "
                "again.",
            ),
            Mistake(
                "older is heavier",
                _older_is_heavier,
                "Your weight grows with age. Look at the sign of the exponent.",
            ),
            Mistake(
                "whole steps",
                _whole_steps,
                "You let the weight jump at whole half-lives. Half a half-life counts, too.",
            ),
            Mistake(
                "multiplied",
                _times_half_life,
                "You multiplied age and half-life. How many half-lives fit into the age?",
            ),
            Mistake(
                "a hyperbola",
                _hyperbola,
                "After one half-life yours is a half, after two it is a third. It should be a "
                "quarter.",
            ),
        ),
        "How many half-lives old is each read? The weight is a half, to the power of that number.",
        "The exponent is a fraction of two times, in the same unit; NumPy raises a number to a "
        "whole array of powers.",
        _age_probes,
    ),
    Exercise(
        "14.8",
        "A field of your own",
        "predict",
        _branch_gain,
        (
            Mistake(
                "the list's length forgotten",
                lambda: _branch_gain(k=10),
                "Your lists are longer than the letter. Which part of a scenario says how long?",
            ),
            Mistake(
                "another metric",
                lambda: _branch_gain(metric="ndcg"),
                "You measured nDCG, as the field that you began with does. The bank asks whether "
                "the letter holds anything that the saver signs later.",
            ),
            Mistake(
                "today's letters unruled",
                lambda: _branch_gain(suits_today=False),
                "Your baseline is the popular list as it is. Today's letters hold products that "
                "suit, and the new ones must beat those.",
            ),
            Mistake(
                "new letters unruled",
                lambda: _branch_gain(compared="groups"),
                "That is the gain of groups without the rule. Nobody may send these letters; which "
                "of the models may be sent?",
            ),
            Mistake(
                "no rule at all",
                lambda: _branch_gain(compared="groups", suits_today=False),
                "On neither side is the rule kept. The bank may send neither of these letters.",
            ),
            Mistake(
                "the field as it was",
                lambda: _branch_gain(k=10, metric="ndcg", compared="groups", suits_today=False),
                "That is the gain of the chapter's bank, with the chapter's answers. Replace the "
                "answers that the story changes.",
            ),
            Mistake(
                "turned round",
                lambda: -_branch_gain(),
                "The sign: say by how much the new letters are better than today's.",
            ),
        ),
        "Four answers of the bank change: the metric, the length, what everybody gets today, and "
        "which of the models is compared with it. Three are parts of the scenario, one is a name.",
        "Today's letter is a recommender that is fitted on trial.matrix and then put under the "
        "guard that the scenario of finance has already. The result's method `against` takes the "
        "names of two models.",
        tolerance=2e-3,
    ),
)
