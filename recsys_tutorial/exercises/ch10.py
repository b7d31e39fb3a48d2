"""Exercises of chapter 10, from a group to a list for one person.

Several of the mistakes are the source article's own: handing out rows of the data in place of
items, calling precision accuracy, and giving nothing to people whom a loop forgot.
"""

from __future__ import annotations

import math

import numpy as np

from recsys_tutorial.evaluation import ndcg_at_k, precision_at_k, recall_at_k
from recsys_tutorial.exercises.engine import Exercise, Mistake

# Five films were recommended; of a catalogue of 20 the viewer watched two others and two of these.
RECOMMENDED = ["Brazil", "Alien", "Casablanca", "Evita", "Dumbo"]
RELEVANT = {"Brazil", "Evita", "Fargo", "Gandhi"}
CATALOGUE = 20


def _hit_ranks() -> list[int]:
    return [rank for rank, film in enumerate(RECOMMENDED, start=1) if film in RELEVANT]


def _dcg(ranks: list[int] | range) -> float:
    return sum(1 / math.log2(rank + 1) for rank in ranks)


def _accuracy() -> float:
    hits = len(_hit_ranks())
    wrong = len(RECOMMENDED) - hits + len(RELEVANT) - hits
    return 1 - wrong / CATALOGUE


def _one_over_rank() -> float:
    return sum(1 / rank for rank in _hit_ranks()) / sum(1 / rank for rank in range(1, 5))


# Exercise 3. Lists and test items of a few people, by name.
Lists = dict[str, list[str]]
Wanted = dict[str, set[str]]


def _mean_recall(recommended: Lists, relevant: Wanted, k: int) -> float:
    hits = [len(set(recommended.get(u, [])[:k]) & items) for u, items in relevant.items()]
    sizes = [len(items) for items in relevant.values()]
    return float(np.mean([h / size for h, size in zip(hits, sizes, strict=True)]))


def _only_with_hits(recommended: Lists, relevant: Wanted, k: int) -> float:
    hit = {u: x for u, x in relevant.items() if set(recommended.get(u, [])[:k]) & x}
    return _mean_recall(recommended, hit, k)


def _only_with_list(recommended: Lists, relevant: Wanted, k: int) -> float:
    return _mean_recall(recommended, {u: x for u, x in relevant.items() if u in recommended}, k)


def _pooled(recommended: Lists, relevant: Wanted, k: int) -> float:
    hits = sum(len(set(recommended.get(u, [])[:k]) & items) for u, items in relevant.items())
    return hits / sum(len(items) for items in relevant.values())


def _divided_by_lists(recommended: Lists, relevant: Wanted, k: int) -> float:
    return _mean_recall(recommended, relevant, k) * len(relevant) / len(recommended)


def _mean_precision(recommended: Lists, relevant: Wanted, k: int) -> float:
    hits = [len(set(recommended.get(u, [])[:k]) & items) for u, items in relevant.items()]
    return float(np.mean(hits)) / k


def _evaluation_probes() -> list[tuple[Lists, Wanted, int]]:
    # Bo hits nothing, Cy got no list, and Di, who got one, wanted nothing.
    recommended = {
        "Ann": ["a", "b", "c"],
        "Bo": ["a", "b", "c"],
        "Di": ["d", "e", "f"],
        "Eva": ["e", "f", "a"],
        "Flo": ["c", "a", "b"],
    }
    relevant = {
        "Ann": {"a", "c", "x"},
        "Bo": {"y", "z"},
        "Cy": {"a", "b", "c", "d"},
        "Eva": {"f"},
    }
    rng = np.random.default_rng(10)
    generated = [_generated_lists(rng) for _ in range(4)]
    return [
        (recommended, relevant, 3),
        (recommended, relevant, 2),
        *[(lists, wanted, k) for (lists, wanted), k in zip(generated, (1, 2, 3, 4), strict=True)],
    ]


def _generated_lists(rng: np.random.Generator) -> tuple[Lists, Wanted]:
    """Ten people, of whom some have no list and some want nothing."""
    items, people = list("abcdefghij"), [f"user {n}" for n in range(10)]
    lists = {u: rng.permutation(items)[:4].tolist() for u in people[:8]}
    wanted = {u: set(rng.permutation(items)[: rng.integers(1, 6)].tolist()) for u in people[2:]}
    return lists, wanted


def _top_unseen(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    order = np.argsort(-scores, kind="stable")
    return order[~seen[order]][:k]


def _rows_not_items(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    return scores[_top_unseen(scores, seen, k)]


def _every_row(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    return scores[~seen]


def _seen_too(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-scores, kind="stable")[:k]


def _seen_and_reversed(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(scores, kind="stable")[::-1][:k]


def _filled_with_seen(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-np.where(seen, -np.inf, scores), kind="stable")[:k]


def _cut_before_mask(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    best = np.argsort(-scores, kind="stable")[:k]
    return best[~seen[best]]


def _worst_first(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    order = np.argsort(scores, kind="stable")
    return order[~seen[order]][:k]


def _best_last(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    return _top_unseen(scores, seen, k)[::-1]


def _last_wins_ties(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    order = np.argsort(scores, kind="stable")[::-1]
    return order[~seen[order]][:k]


def _places_moved(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-scores[~seen], kind="stable")[:k]


def _top_probes() -> list[tuple[np.ndarray, np.ndarray, int]]:
    scores = np.array([0.1, 0.5, 0.3, 0.5, 0.9, 0.3, 0.2])
    seen = np.array([False, False, False, False, True, False, True])
    # Scores in tenths, so that ties are common; at least k films are unseen.
    rng = np.random.default_rng(11)
    draws = [(rng.integers(0, 8, size=n) / 10, rng.random(n) < 0.4) for n in (9, 15, 30)]
    return [
        (scores[:4], seen[:4], 2),
        (scores, seen, 3),
        (scores, seen, 4),
        # Fewer unseen films than places.
        (scores, ~seen, 3),
        *[(s, mask, min(4, int((~mask).sum()))) for s, mask in draws],
    ]


def _shrunken(counts: np.ndarray, overall: np.ndarray, shrinkage: float) -> np.ndarray:
    return (counts + shrinkage * overall) / (counts.sum() + shrinkage)


def _raw(counts: np.ndarray, overall: np.ndarray, shrinkage: float) -> np.ndarray:
    return counts / counts.sum()


def _towards_uniform(counts: np.ndarray, overall: np.ndarray, shrinkage: float) -> np.ndarray:
    return _shrunken(counts, np.full(len(counts), 1 / len(counts)), shrinkage)


def _swapped(counts: np.ndarray, overall: np.ndarray, shrinkage: float) -> np.ndarray:
    own = shrinkage / (counts.sum() + shrinkage)
    return own * counts / counts.sum() + (1 - own) * overall


def _as_share(counts: np.ndarray, overall: np.ndarray, shrinkage: float) -> np.ndarray:
    return (1 - shrinkage) * counts / counts.sum() + shrinkage * overall


def _denominator_forgotten(counts: np.ndarray, overall: np.ndarray, shrinkage: float) -> np.ndarray:
    return (counts + shrinkage * overall) / counts.sum()


def _shrink_probes() -> list[tuple[np.ndarray, np.ndarray, float]]:
    rng = np.random.default_rng(12)
    overall = np.array([0.5, 0.3, 0.2, 0.0])
    return [
        (np.array([1.0, 0.0, 3.0, 0.0]), overall, 10.0),
        (np.array([40.0, 20.0, 30.0, 10.0]), overall, 25.0),
        *[
            (rng.integers(0, 50, n).astype(float) + 1, rng.dirichlet(np.ones(n)), shrinkage)
            for n, shrinkage in [(3, 1.0), (5, 100.0), (8, 0.5), (12, 1000.0)]
        ],
    ]


def _softmax(weights: np.ndarray, axis: int = 1) -> np.ndarray:
    return weights / weights.sum(axis=axis, keepdims=True)


def _membership(distances: np.ndarray, temperature: float) -> np.ndarray:
    return _softmax(np.exp(-(distances**2) / temperature))


def _hard(distances: np.ndarray, temperature: float) -> np.ndarray:
    return np.eye(distances.shape[1])[distances.argmin(axis=1)]


def _membership_probes() -> list[tuple[np.ndarray, float]]:
    distances = np.array([[0.5, 0.6, 1.1], [0.9, 0.4, 0.7], [0.8, 0.8, 0.2]])
    rng = np.random.default_rng(13)
    sizes = [(1, 2), (4, 3), (6, 5), (9, 4)]
    return [
        (distances, 0.12),
        (distances[:2], 0.5),
        *[(rng.random(size), t) for size, t in zip(sizes, (0.2, 1.0, 0.3, 2.0), strict=True)],
    ]


def _ensemble_probes() -> list[tuple]:
    rng = np.random.default_rng(3)

    def case(sizes: tuple[int, ...], n_items: int) -> tuple:
        shares = [rng.dirichlet(np.ones(n_items), size=size) for size in sizes]
        groups = np.array([rng.integers(size) for size in sizes])
        groups[-1] = (groups[0] + 1) % sizes[-1]
        return groups, shares

    by_hand = (np.array([0, 1]), [np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([[1.0, 0], [0, 1]])])
    return [by_hand, *(case((3,) * n, 4) for n in (2, 3, 4)), case((3, 5, 4), 6), case((4, 6), 5)]


def _ensemble(groups: np.ndarray, shares: list[np.ndarray]) -> np.ndarray:
    return np.mean([table[group] for group, table in zip(groups, shares, strict=True)], axis=0)


def _ease_probes() -> list[tuple[np.ndarray, float]]:
    rng = np.random.default_rng(5)
    seen = [(rng.random((12, n)) < 0.5).astype(float) for n in (2, 3, 4, 5, 6, 8)]
    return [(X.T @ X, ridge) for X, ridge in zip(seen, (1.0, 2, 5, 0.5, 10, 3), strict=True)]


def _inverse(gram: np.ndarray, regularisation: float) -> np.ndarray:
    return np.linalg.inv(gram + regularisation * np.eye(len(gram)))


def _ease(gram: np.ndarray, regularisation: float) -> np.ndarray:
    P = _inverse(gram, regularisation)
    return _without_diagonal(-P / np.diag(P))


def _without_diagonal(table: np.ndarray) -> np.ndarray:
    return table * (1 - np.eye(len(table)))


def _ridge(gram: np.ndarray, regularisation: float) -> np.ndarray:
    return _inverse(gram, regularisation) @ gram


# Exercise 9. Groups drawn by lot, with the sizes of the real ones.
Lots = list[np.ndarray]


def _explained(groups: np.ndarray, values: np.ndarray) -> float:
    """Share of the variance that lies between the groups."""
    _, own = np.unique(groups, return_inverse=True)
    means = np.bincount(own, values) / np.bincount(own)
    return float(means[own].var() / values.var())


def _by_lot(shuffled: Lots, values: np.ndarray) -> list[float]:
    return [_explained(groups, values) for groups in shuffled]


def _beyond_chance(groups: np.ndarray, values: np.ndarray, shuffled: Lots) -> float:
    return _explained(groups, values) - float(np.mean(_by_lot(shuffled, values)))


def _numbers_as_amounts(groups: np.ndarray, values: np.ndarray, shuffled: Lots) -> float:
    return float(np.corrcoef(groups, values)[0, 1] ** 2)


def _groups_weigh_alike(groups: np.ndarray, values: np.ndarray, shuffled: Lots) -> float:
    def share(labels: np.ndarray) -> float:
        means = [values[labels == name].mean() for name in np.unique(labels)]
        return float(np.var(means) / values.var())

    return share(groups) - float(np.mean([share(labels) for labels in shuffled]))


def _chance_probes() -> list[tuple[np.ndarray, np.ndarray, Lots]]:
    # The numbers of the groups do not follow the years; the groups do.
    groups, years = np.array([1, 1, 2, 2, 0, 0]), np.array([1996.0, 1998, 2004, 2006, 2014, 2016])
    lots = [np.array([0, 1, 2, 1, 0, 2]), np.array([2, 0, 1, 2, 1, 0])]
    rng = np.random.default_rng(14)
    probes = [(groups, years, lots)]
    for n, k, pull in [(8, 2, 3.0), (12, 3, 0.0), (20, 4, 1.0), (30, 10, 0.5), (60, 5, 2.0)]:
        labels = np.r_[np.arange(k), rng.integers(k, size=n - k)]
        values = (2000 + pull * rng.permutation(k)[labels] + rng.normal(0, 2, n)).round(1)
        probes.append((labels, values, [rng.permutation(labels) for _ in range(3)]))
    return probes


EXERCISES = (
    Exercise(
        "10.1",
        "Precision by hand",
        "predict",
        lambda: precision_at_k(RECOMMENDED, RELEVANT, 5),
        (
            Mistake(
                "accuracy",
                _accuracy,
                "That is accuracy, which also counts every film that was rightly left out. "
                "The source article asks for it; precision looks at the list alone.",
            ),
            Mistake(
                "recall",
                lambda: recall_at_k(RECOMMENDED, RELEVANT, 5),
                "That is recall: hits divided by what she watched. Precision divides by something "
                "else.",
            ),
            Mistake(
                "divided by hits",
                lambda: 1.0,
                "Hits divided by hits are always 1. How many places did the list have?",
            ),
            Mistake(
                "hits, not a share",
                lambda: float(len(_hit_ranks())),
                "That is the number of hits. Precision is a share of the places.",
            ),
        ),
        "Count the recommended films that she watched, and divide by the number of places.",
        "Go through the list from left to right and mark each film that she watched. The "
        "catalogue and the films she watched elsewhere play no part.",
    ),
    Exercise(
        "10.2",
        "nDCG by hand",
        "predict",
        lambda: ndcg_at_k(RECOMMENDED, RELEVANT, 5),
        (
            Mistake(
                "not divided by the best list",
                lambda: _dcg(_hit_ranks()),
                "That is the gain of this list. Divide it by the gain of the best possible list.",
            ),
            Mistake(
                "best list has only the hits found",
                lambda: _dcg(_hit_ranks()) / _dcg(range(1, len(_hit_ranks()) + 1)),
                "You compared with the same hits moved to the top. The best possible list would "
                "also have found the films that this one missed.",
            ),
            Mistake(
                "best list has a hit in every place",
                lambda: _dcg(_hit_ranks()) / _dcg(range(1, len(RECOMMENDED) + 1)),
                "Your best list has a hit in every place. She watched fewer films than that.",
            ),
            Mistake(
                "one over the rank",
                _one_over_rank,
                "You discounted by 1 / rank. The discount is 1 / log2(rank + 1).",
            ),
            Mistake(
                "order ignored",
                lambda: precision_at_k(RECOMMENDED, RELEVANT, 5),
                "That is precision: it does not see at which ranks the hits are.",
            ),
        ),
        "Add the worth of the ranks that hold a hit. The best list has its hits at the first "
        "ranks, as many as she watched films. Three decimals are enough.",
        "A hit at rank r is worth 1 over log2(r + 1). Add these for the hits of the list; "
        "add them for ranks 1, 2, 3, ... up to the number of films she watched; divide.",
        tolerance=2e-3,
    ),
    Exercise(
        "10.3",
        "Whom the average forgets",
        "repair",
        _mean_recall,
        (
            Mistake(
                "only people with hits",
                _only_with_hits,
                "You average over people with hits only, as the broken version does. "
                "A list without a hit is a failure, and failures count.",
            ),
            Mistake(
                "people without a list dropped",
                _only_with_list,
                "Somebody who wanted films and got no list is missing from your average. "
                "Which of the two dictionaries says who is to be averaged?",
            ),
            Mistake(
                "divided by the number of lists",
                _divided_by_lists,
                "You divide by the number of lists. The rule of this course: everybody with at "
                "least one relevant film counts, and nobody else.",
            ),
            Mistake(
                "pooled",
                _pooled,
                "You added up all hits and all relevant films first. Then a person with many films "
                "weighs more than one with few; take each person's recall, then the mean.",
            ),
            Mistake(
                "precision",
                _mean_precision,
                "You divide by k: that is precision. Recall divides by what the person wanted.",
            ),
        ),
        "Loop over the people in `relevant`. Whoever has no list gets an empty one: "
        "recommended.get(user, []).",
        "Collect one recall for everybody in `relevant`, zeros too, then take the plain "
        "mean of these numbers.",
        _evaluation_probes,
    ),
    Exercise(
        "10.4",
        "The best k that she has not seen",
        "write",
        _top_unseen,
        (
            Mistake(
                "rows instead of items",
                _rows_not_items,
                "You return numbers out of the data, as the source article does. "
                "Return the positions of the films.",
            ),
            Mistake(
                "rows, and not even ranked",
                _every_row,
                "You hand out the data of all films that are left, as the source article does "
                "with its members. Rank them, cut at k, and return their positions.",
            ),
            Mistake(
                "seen films",
                _seen_too,
                "Your list contains films that she has seen already.",
            ),
            Mistake(
                "seen films and reversed ties",
                _seen_and_reversed,
                "Your list contains films that she has seen already; and reversing a sorted order "
                "lets the last of equal scores win.",
            ),
            Mistake(
                "filled up with seen films",
                _filled_with_seen,
                "When fewer than k films are left, your list is filled up with films that she has "
                "seen. A shorter list is the better answer.",
            ),
            Mistake(
                "cut before the seen films are out",
                _cut_before_mask,
                "You cut at k first and took the seen films out afterwards, so every film that "
                "she has seen costs her a place. In which order do the two steps give k films?",
            ),
            Mistake(
                "worst first",
                _worst_first,
                "Your list holds the worst films. argsort sorts upwards; which end do you want?",
            ),
            Mistake(
                "best last",
                _best_last,
                "The right films, but the best comes last.",
            ),
            Mistake(
                "ties",
                _last_wins_ties,
                "Among equal scores the film that comes first should win; yours takes the last. "
                "Reversing a sorted order reverses the ties as well.",
            ),
            Mistake(
                "places moved",
                _places_moved,
                "You cut the seen films out before ranking, so your positions belong to the "
                "shortened array and name other films.",
            ),
        ),
        "First rank all films, best first, with a stable sort; then keep those that are not seen; "
        "then cut at k.",
        "order = np.argsort(-scores, kind='stable') gives film numbers, best first. "
        "seen[order] tells, in that order, which of them to leave out.",
        _top_probes,
    ),
    Exercise(
        "10.5",
        "Shares of a small group",
        "write",
        _shrunken,
        (
            Mistake(
                "no shrinkage",
                _raw,
                "These are the raw shares. Where does `overall` come in?",
            ),
            Mistake(
                "towards equal shares",
                _towards_uniform,
                "You pull towards equal shares for all films. Pull towards what everybody watches.",
            ),
            Mistake(
                "weights swapped",
                _swapped,
                "Your weights are swapped: the larger the group, the less you trust it.",
            ),
            Mistake(
                "shrinkage as a share",
                _as_share,
                "You used the shrinkage as a share between 0 and 1. It is a number of viewings; "
                "how much it weighs depends on how many the group has.",
            ),
            Mistake(
                "borrowed viewings not counted",
                _denominator_forgotten,
                "Your shares add up to more than 1. The borrowed viewings belong in the "
                "denominator, too.",
            ),
        ),
        "Give the group `shrinkage` extra viewings, spread over the films as everybody's are, and "
        "divide by the new total.",
        "On top: counts plus shrinkage times overall. Below: what the top adds up to. The "
        "result must add up to 1.",
        _shrink_probes,
    ),
    Exercise(
        "10.6",
        "Standing between groups",
        "write",
        _membership,
        (
            Mistake(
                "hard groups",
                _hard,
                "You put everybody into the nearest group alone, as hard clusters do. "
                "The other groups should keep a part of her.",
            ),
            Mistake(
                "distances not squared",
                lambda d, temperature: _softmax(np.exp(-d / temperature)),
                "You used the distances. The formula squares them.",
            ),
            Mistake(
                "not normalised",
                lambda d, temperature: np.exp(-(d**2) / temperature),
                "Your rows do not add up to 1. Divide each row by its sum.",
            ),
            Mistake(
                "far groups win",
                lambda d, temperature: _softmax(np.exp(d**2 / temperature)),
                "Your farthest group gets the largest part. Check the sign.",
            ),
            Mistake(
                "columns add up to 1",
                lambda d, temperature: _softmax(np.exp(-(d**2) / temperature), axis=0),
                "Your columns add up to 1. It is each viewer, a row, who is divided among groups.",
            ),
        ),
        "Square the distances, turn them into positive weights that fall with distance, then "
        "divide each row by its own sum (axis=1, keepdims=True).",
        "A weight that is largest for the nearest group: e to the power of minus the squared "
        "distance over the temperature. What is left to do so that each row adds up to 1?",
        _membership_probes,
    ),
    Exercise(
        "10.7",
        "The opinion of many",
        "write",
        _ensemble,
        (
            Mistake(
                "one number for all groupings",
                lambda groups, shares: np.mean([t[groups[0] % len(t)] for t in shares], axis=0),
                "You look up the number of her first group in every table. Group 3 of one grouping "
                "has nothing to do with group 3 of another: each table has a number of its own.",
            ),
            Mistake(
                "numbers averaged",
                lambda groups, shares: shares[0][round(float(np.mean(groups))) % len(shares[0])],
                "You averaged the numbers of her groups. They are names; average the shares.",
            ),
            Mistake(
                "first grouping only",
                lambda groups, shares: shares[0][groups[0]],
                "That is the opinion of the first grouping alone. What do the others say?",
            ),
            Mistake(
                "all groups of all groupings",
                lambda groups, shares: np.vstack(shares).mean(axis=0),
                "You averaged over all groups; that is the same for everybody. "
                "Take the group in which she is.",
            ),
            Mistake(
                "multiplied",
                lambda groups, shares: np.prod(
                    [t[g] for g, t in zip(groups, shares, strict=True)], axis=0
                ),
                "You multiplied the shares: a single 0 then silences all other groupings. "
                "The formula has a mean.",
            ),
            Mistake(
                "added",
                lambda groups, shares: _ensemble(groups, shares) * len(shares),
                "You added the shares and did not divide by the number of groupings.",
            ),
            Mistake(
                "one number for all films",
                lambda groups, shares: float(np.mean(_ensemble(groups, shares))),
                "You took the mean over the films as well. Each film keeps a score of its own: "
                "the mean runs over the groupings alone (axis=0).",
            ),
        ),
        "For each grouping take one row of its table: that of her group there. Then one mean over "
        "these rows, film by film.",
        "zip(groups, shares) goes through numbers and tables side by side; each pair gives "
        "one row. The result has one number per film.",
        _ensemble_probes,
    ),
    Exercise(
        "10.8",
        "A film must not predict itself",
        "repair",
        _ease,
        (
            Mistake(
                "predicts itself",
                _ridge,
                "Your diagonal is not 0: this is plain ridge regression, and each film predicts "
                "itself. What she has seen would stand at the top.",
            ),
            Mistake(
                "minus one on the diagonal",
                lambda gram, ridge: _ease(gram, ridge) - np.eye(len(gram)),
                "The weights between films are right, but the diagonal holds -1. The fraction is "
                "meant for i ≠ j alone; what stands where i = j?",
            ),
            Mistake(
                "ridge everywhere",
                lambda gram, ridge: _ease(gram + ridge, 0.0),
                "You added the regularisation to every element of gram. The formula adds it times "
                "I: to the diagonal alone.",
            ),
            Mistake(
                "diagonal wiped afterwards",
                lambda gram, ridge: _without_diagonal(_ridge(gram, ridge)),
                "You solved without the condition and wiped the diagonal afterwards. The other "
                "weights must know that the film itself is missing: use the formula with P.",
            ),
            Mistake(
                "sign",
                lambda gram, ridge: -_ease(gram, ridge),
                "All signs are turned: films that go together should predict each other. "
                "Look for the minus in the formula.",
            ),
            Mistake(
                "divided by the wrong diagonal element",
                lambda gram, ridge: _ease(gram, ridge).T,
                "Column j predicts film j and is divided by the j-th diagonal element of P. "
                "Yours divides row i by the i-th.",
            ),
            Mistake(
                "not divided",
                lambda gram, ridge: _without_diagonal(-_inverse(gram, ridge)),
                "You forgot to divide each column by its diagonal element of P.",
            ),
            Mistake(
                "no ridge",
                lambda gram, ridge: _ease(gram, 0.0),
                "Where did the regularisation go? It stands on the diagonal of what is inverted.",
            ),
        ),
        "Invert the sum of gram and the ridge on its diagonal; divide each column by its diagonal "
        "element, change the sign, and set the diagonal to 0.",
        "With P for the inverse, np.diag(P) holds the divisors, one for each column; dividing a "
        "table by such a row divides column by column.",
        _ease_probes,
    ),
    Exercise(
        "10.9",
        "Beyond chance",
        "repair",
        _beyond_chance,
        (
            Mistake(
                "numbers as amounts",
                _numbers_as_amounts,
                "You compute with the numbers of the groups, as the broken version does. Group 7 "
                "is not more than group 3: the numbers are names, and only the members count.",
            ),
            Mistake(
                "chance forgotten",
                lambda groups, values, shuffled: _explained(groups, values),
                "That is what the groups explain. Fifty groups explain a part of anything; how "
                "much do groups drawn by lot explain?",
            ),
            Mistake(
                "one lot only",
                lambda groups, values, shuffled: (
                    _explained(groups, values) - _explained(shuffled[0], values)
                ),
                "You drew lots once, and once may be luck. Take the mean over all of them.",
            ),
            Mistake(
                "the luckiest lot",
                lambda groups, values, shuffled: (
                    _explained(groups, values) - max(_by_lot(shuffled, values))
                ),
                "You subtract the luckiest of the lots. Take what chance explains on average.",
            ),
            Mistake(
                "a ratio",
                lambda groups, values, shuffled: (
                    _explained(groups, values) / float(np.mean(_by_lot(shuffled, values)))
                ),
                "You divided by what chance explains. Take the difference of the two shares.",
            ),
            Mistake(
                "what is left",
                lambda groups, values, shuffled: -_beyond_chance(groups, values, shuffled),
                "That is turned round: you compare what the groups leave unexplained, the variance "
                "inside them. Take the variance between them.",
            ),
            Mistake(
                "groups weigh alike",
                _groups_weigh_alike,
                "Each group counts once in your variance of means. Each viewer should: a group of "
                "forty says more about the variance than a group of two.",
            ),
        ),
        "Give every viewer the mean of her group; the variance of these numbers, divided by the "
        "variance of the values, is the share explained. Then do the same for each lot.",
        "A small function that takes labels and values and returns the share is called once for "
        "the groups and once for each element of `shuffled`.",
        _chance_probes,
    ),
)
