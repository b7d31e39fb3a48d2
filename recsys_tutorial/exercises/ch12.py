"""Exercises of chapter 12, cold start.

The first mistake is the source article's own: collaborative filtering offered as the remedy for
somebody of whom there is nothing to filter.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recsys_tutorial.exercises.engine import Exercise, Mistake

# Exercise 3. Columns: comedy, romance, horror.
HER_FILM = np.array([1.0, 1.0, 0.0])
NEW_FILM = np.array([1.0, 0.0, 0.0])


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


# Exercise 5.
VISITORS, OLD_RATE, NEW_RATE = 500, 0.10, 0.04


def _fallback(history: np.ndarray, similarity: np.ndarray, popularity: np.ndarray) -> np.ndarray:
    return history @ similarity if history.any() else popularity


def _filter_for_all(
    history: np.ndarray, similarity: np.ndarray, popularity: np.ndarray
) -> np.ndarray:
    return history @ similarity


def _popular_for_all(
    history: np.ndarray, similarity: np.ndarray, popularity: np.ndarray
) -> np.ndarray:
    return popularity


def _holes_filled(
    history: np.ndarray, similarity: np.ndarray, popularity: np.ndarray
) -> np.ndarray:
    scores = history @ similarity
    return np.where(scores == 0, popularity, scores)


def _unseen_filled(
    history: np.ndarray, similarity: np.ndarray, popularity: np.ndarray
) -> np.ndarray:
    return np.where(history == 0, popularity, history @ similarity)


def _always_added(
    history: np.ndarray, similarity: np.ndarray, popularity: np.ndarray
) -> np.ndarray:
    return history @ similarity + popularity


def _turned(history: np.ndarray, similarity: np.ndarray, popularity: np.ndarray) -> np.ndarray:
    return popularity if history.any() else history @ similarity


def _history_probes() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    similarity = np.array([[0.0, 0.5, 0.0], [0.5, 0.0, 0.2], [0.0, 0.2, 0.0]])
    popularity = np.array([7.0, 3.0, 9.0])
    rng = np.random.default_rng(120)
    probes = [
        (np.zeros(3), similarity, popularity),
        (np.array([1.0, 0.0, 0.0]), similarity, popularity),
        (np.array([0.0, 1.0, 1.0]), similarity, popularity),
    ]
    for n in (4, 5, 6):
        table = np.triu(rng.random((n, n)).round(2) * (rng.random((n, n)) < 0.6), 1)
        counts = rng.integers(1, 60, n).astype(float)
        history = np.zeros(n)
        history[rng.integers(n)] = 1.0
        probes += [(history, table + table.T, counts), (np.zeros(n), table + table.T, counts)]
    return probes


def _scaled(a: np.ndarray) -> np.ndarray:
    spread = a.std()
    return (a - a.mean()) / spread if spread > 0 else np.zeros(len(a))


def _fused(a: np.ndarray, b: np.ndarray, weight: float) -> np.ndarray:
    return weight * _scaled(a) + (1 - weight) * _scaled(b)


def _raw_sum(a: np.ndarray, b: np.ndarray, weight: float) -> np.ndarray:
    return weight * a + (1 - weight) * b


def _only_shifted(a: np.ndarray, b: np.ndarray, weight: float) -> np.ndarray:
    return weight * (a - a.mean()) + (1 - weight) * (b - b.mean())


def _between_0_and_1(a: np.ndarray, b: np.ndarray, weight: float) -> np.ndarray:
    def scaled(x: np.ndarray) -> np.ndarray:
        span = x.max() - x.min()
        return (x - x.min()) / span if span > 0 else np.zeros(len(x))

    return weight * scaled(a) + (1 - weight) * scaled(b)


def _silence_is_nan(a: np.ndarray, b: np.ndarray, weight: float) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = [(x - x.mean()) / x.std() for x in (a, b)]
    return weight * scaled[0] + (1 - weight) * scaled[1]


def _sample_spread(a: np.ndarray, b: np.ndarray, weight: float) -> np.ndarray:
    # pandas divides by n - 1 unless told otherwise.
    shares = [np.sqrt(1 - 1 / len(x)) * _scaled(x) for x in (a, b)]
    return weight * shares[0] + (1 - weight) * shares[1]


def _scaled_afterwards(a: np.ndarray, b: np.ndarray, weight: float) -> np.ndarray:
    return _scaled(weight * a + (1 - weight) * b)


def _fusion_probes() -> list[tuple[np.ndarray, np.ndarray, float]]:
    rng = np.random.default_rng(121)
    probes = [
        (np.array([0.2, 0.4, 0.9]), np.array([90.0, 10.0, 50.0]), 0.5),
        (np.array([1.0, 2.0, 3.0, 6.0]), np.array([5.0, 5.0, 5.0, 5.0]), 0.3),
        (np.array([2.0, 2.0, 2.0]), np.array([4.0, 1.0, 1.0]), 0.8),
    ]
    sizes = zip((4, 6, 9, 12), (0.1, 0.25, 0.6, 0.9), strict=True)
    return probes + [(rng.random(n), 100 * rng.random(n), weight) for n, weight in sizes]


def _borrowed(scores: np.ndarray, cosines: np.ndarray, n: int) -> float:
    near = np.argsort(-cosines, kind="stable")[:n]
    return float(scores[near] @ cosines[near] / cosines[near].sum())


def _unweighted(scores: np.ndarray, cosines: np.ndarray, n: int) -> float:
    return float(scores[np.argsort(-cosines, kind="stable")[:n]].mean())


def _not_divided(scores: np.ndarray, cosines: np.ndarray, n: int) -> float:
    near = np.argsort(-cosines, kind="stable")[:n]
    return float(scores[near] @ cosines[near])


def _divided_by_n(scores: np.ndarray, cosines: np.ndarray, n: int) -> float:
    return _not_divided(scores, cosines, n) / n


def _divided_by_all(scores: np.ndarray, cosines: np.ndarray, n: int) -> float:
    return _not_divided(scores, cosines, n) / float(cosines.sum())


def _farthest(scores: np.ndarray, cosines: np.ndarray, n: int) -> float:
    near = np.argsort(cosines, kind="stable")[:n]
    return float(scores[near] @ cosines[near] / cosines[near].sum())


def _from_all(scores: np.ndarray, cosines: np.ndarray, n: int) -> float:
    return float(scores @ cosines / cosines.sum())


def _best_scores(scores: np.ndarray, cosines: np.ndarray, n: int) -> float:
    best = np.argsort(-scores, kind="stable")[:n]
    return float(scores[best] @ cosines[best] / cosines[best].sum())


def _borrow_probes() -> list[tuple[np.ndarray, np.ndarray, int]]:
    rng = np.random.default_rng(122)
    return [
        (np.array([0.1, 0.8, 0.4, 0.9]), np.array([0.5, 0.25, 0.75, 0.05]), 2),
        (np.array([3.0, 1.0, 2.0, 4.0, 0.0]), np.array([0.2, 0.9, 0.4, 0.1, 0.6]), 3),
        *[
            (rng.random(size).round(2), 0.01 + rng.permutation(size) / size, n)
            for size, n in ((5, 2), (6, 4), (8, 3), (12, 5))
        ],
    ]


# Exercise 6. Who and what of each event, who is new, and which films are.
Parts = list[str]


def _parts(users: list, items: list, newcomers: set, new_items: set) -> Parts:
    names = {
        (False, False): "train",
        (True, False): "new person",
        (False, True): "new item",
        (True, True): "both",
    }
    pairs = zip(users, items, strict=True)
    return [names[user in newcomers, item in new_items] for user, item in pairs]


def _renamed(changes: dict[str, str]) -> Callable[..., Parts]:
    def parts(users: list, items: list, newcomers: set, new_items: set) -> Parts:
        right = _parts(users, items, newcomers, new_items)
        return [changes.get(part, part) for part in right]

    return parts


def _parts_probes() -> list[tuple[list, list, set, set]]:
    by_hand = (
        ["Ann", "Ann", "Bo", "Bo", "Cy", "Cy"],
        ["Alien", "Brazil", "Alien", "Evita", "Brazil", "Evita"],
        {"Cy"},
        {"Evita"},
    )
    rng = np.random.default_rng(126)
    probes = [by_hand]
    for n, n_users, n_items in [(12, 4, 4), (20, 5, 6), (30, 8, 5), (40, 6, 9), (60, 10, 10)]:
        users, items = rng.integers(n_users, size=n), 100 + rng.integers(n_items, size=n)
        newcomers = set(rng.permutation(n_users)[: n_users // 3].tolist())
        new_items = set((100 + rng.permutation(n_items)[: n_items // 3]).tolist())
        probes.append((users.tolist(), items.tolist(), newcomers, new_items))
    return probes


EXERCISES = (
    Exercise(
        "12.1",
        "A list from zeros",
        "repair",
        _fallback,
        (
            Mistake(
                "collaborative filtering for everybody",
                _filter_for_all,
                "That is the source article's version: for somebody without a history all scores "
                "are 0, and sorting zeros makes up a list.",
            ),
            Mistake(
                "popularity for everybody",
                _popular_for_all,
                "Now everybody gets the popular list, also those of whom you know something.",
            ),
            Mistake(
                "holes filled with counts",
                _holes_filled,
                "You put the popularity wherever a score is 0, also for people with a history. "
                "Counts in the tens then stand beside similarities below 1, and always win.",
            ),
            Mistake(
                "film by film",
                _unseen_filled,
                "You decide film by film: all films that she has not met get the popularity, and "
                "what she has met decides nothing. Decide once for the whole person.",
            ),
            Mistake(
                "always added",
                _always_added,
                "You add the popularity for everybody, in other units. Use it only where there is "
                "nothing else.",
            ),
            Mistake(
                "the wrong way round",
                _turned,
                "Your condition is turned round: the newcomer gets the zeros.",
            ),
        ),
        "Ask first whether the history holds anything at all; there are two cases, and each "
        "returns one of the two arrays.",
        "history.any() says whether she has met a film. If not, return one array; otherwise the "
        "product that the broken version has.",
        _history_probes,
    ),
    Exercise(
        "12.2",
        "Two opinions, one list",
        "write",
        _fused,
        (
            Mistake(
                "scores as they are",
                _raw_sum,
                "You added scores in different units: the model with the larger numbers decides "
                "alone.",
            ),
            Mistake(
                "only shifted",
                _only_shifted,
                "The means are 0 now, the spreads are as before: the larger numbers still decide.",
            ),
            Mistake(
                "squeezed between 0 and 1",
                _between_0_and_1,
                "You brought both between 0 and 1. Mean 0 and standard deviation 1 were asked for.",
            ),
            Mistake(
                "silence became NaN",
                _silence_is_nan,
                "A model that gives all films the same score has standard deviation 0, and you "
                "divided by it. It has no opinion: let it add 0.",
            ),
            Mistake(
                "scaled after adding",
                _scaled_afterwards,
                "You added first and scaled the sum. By then the larger numbers have decided: "
                "scale each opinion by itself.",
            ),
            Mistake(
                "divided by n - 1",
                _sample_spread,
                "Your standard deviation divides by n - 1, as pandas does (ddof=1). Take that of "
                "these scores themselves, as np.std does.",
            ),
            Mistake(
                "no weight",
                lambda a, b, weight: _fused(a, b, 0.5),
                "You gave both the same say. Use `weight`.",
            ),
            Mistake(
                "weights swapped",
                lambda a, b, weight: _fused(b, a, weight),
                "Your weights are swapped: `weight` belongs to `a`.",
            ),
        ),
        "Subtract the mean and divide by the standard deviation (np.std), for a and for b; then "
        "take weight times the one plus the rest times the other.",
        "Write a small function that brings one array to mean 0 and standard deviation 1, and "
        "returns zeros where the standard deviation is 0. Use it twice.",
        _fusion_probes,
    ),
    Exercise(
        "12.3",
        "A film without a viewer",
        "predict",
        lambda: _cosine(HER_FILM, NEW_FILM),
        (
            Mistake(
                "collaborative filtering",
                lambda: 0.0,
                "That is what collaborative filtering says about a film without a viewer. Content "
                "asks no viewers.",
            ),
            Mistake(
                "not divided by the lengths",
                lambda: float(HER_FILM @ NEW_FILM),
                "That is the number of common genres. The cosine divides it by the lengths of both "
                "vectors.",
            ),
            Mistake(
                "lengths not under the root",
                lambda: float(
                    HER_FILM @ NEW_FILM / ((HER_FILM @ HER_FILM) * (NEW_FILM @ NEW_FILM))
                ),
                "You divided by the squared lengths, or by the number of her genres. The length of "
                "a vector has a square root in it.",
            ),
            Mistake(
                "distance",
                lambda: 1 - _cosine(HER_FILM, NEW_FILM),
                "That is 1 minus the cosine, a distance. The cosine itself was asked for.",
            ),
        ),
        "Write both films as rows of zeros and ones, and divide their product by the product of "
        "their lengths. Three decimals are enough.",
        "Her film is (1, 1) in comedy and romance, the new one (1, 0). The length of a vector is "
        "the root of the sum of its squares.",
        tolerance=2e-3,
    ),
    Exercise(
        "12.4",
        "A borrowed score",
        "write",
        _borrowed,
        (
            Mistake(
                "not weighted",
                _unweighted,
                "You took the plain mean. The more similar film should count more.",
            ),
            Mistake(
                "not divided",
                _not_divided,
                "You added up and did not divide, so a film with many similar films gets a high "
                "score for that alone.",
            ),
            Mistake(
                "divided by n",
                _divided_by_n,
                "You divided by n. The weights do not add up to n: divide by what they add up to.",
            ),
            Mistake(
                "divided by all cosines",
                _divided_by_all,
                "You divided by the cosines of all old films. Only the neighbours spoke: divide "
                "by their weights.",
            ),
            Mistake(
                "the least similar",
                _farthest,
                "You asked the least similar films. argsort sorts upwards.",
            ),
            Mistake(
                "all films",
                _from_all,
                "You asked all old films. Only the n most similar should be asked.",
            ),
            Mistake(
                "her best films",
                _best_scores,
                "You took the films with her highest scores. The neighbours are chosen by cosine, "
                "whatever the scores.",
            ),
        ),
        "Find the n largest cosines; multiply these with the scores of the same films, add up, "
        "and divide by the sum of these cosines.",
        "np.argsort(-cosines)[:n] gives the positions of the neighbours. Pick scores and cosines "
        "at these positions; a weighted mean is a sum of products over a sum of weights.",
        _borrow_probes,
    ),
    Exercise(
        "12.5",
        "The price of a place",
        "predict",
        lambda: VISITORS * (OLD_RATE - NEW_RATE),
        (
            Mistake(
                "clicks on the new film",
                lambda: VISITORS * NEW_RATE,
                "That is how many clicked on the new film. What would the old one have earned in "
                "its place?",
            ),
            Mistake(
                "clicks of the old film",
                lambda: VISITORS * OLD_RATE,
                "That is what the old film would have earned. The new one earned something, too.",
            ),
            Mistake(
                "per visitor",
                lambda: OLD_RATE - NEW_RATE,
                "That is the loss per visitor. There were more of them than one.",
            ),
            Mistake(
                "a gain",
                lambda: VISITORS * (NEW_RATE - OLD_RATE),
                "The sign: the cost was asked for, and a cost is positive when something was lost.",
            ),
        ),
        "Compute the clicks that the place would have earned with the old film, and those that it "
        "did earn.",
        "Two products of visitors and rates, and a difference.",
    ),
    Exercise(
        "12.6",
        "Who has met whom?",
        "repair",
        _parts,
        (
            Mistake(
                "the corner only",
                _renamed({"new person": "train", "new item": "train"}),
                "You hide the events of newcomers with new films, and nothing else, as the broken "
                "version does. The newcomer's other events stay in the training, and so do the new "
                "film's other viewers: nobody is new any more.",
            ),
            Mistake(
                "new films learnt",
                _renamed({"new item": "train", "both": "new person"}),
                "You hold out the people, and the new films stay in the training through everybody "
                "else who watched them.",
            ),
            Mistake(
                "new people learnt",
                _renamed({"new person": "train", "both": "new item"}),
                "You hold out the films, and the newcomers stay in the training through all the "
                "other films that they watched.",
            ),
            Mistake(
                "the corner asked of people",
                _renamed({"both": "new person"}),
                "You ask about a newcomer's new films together with her old ones. Whoever fails "
                "there may have failed for the one reason or for the other: keep them apart.",
            ),
            Mistake(
                "the corner asked of films",
                _renamed({"both": "new item"}),
                "You ask about a new film's newcomers together with its known viewers. Whoever "
                "fails there may have failed for the one reason or for the other: keep them apart.",
            ),
            Mistake(
                "names exchanged",
                _renamed({"new person": "new item", "new item": "new person"}),
                "The two tests have each other's name. A known person with a new film: what is new "
                "there?",
            ),
            Mistake(
                "the corner learnt",
                _renamed({"both": "train"}),
                "You train on the newcomers' events with the new films. Of all events these belong "
                "there least.",
            ),
        ),
        "Draw a square: known and new people down, known and new films across. Which of its four "
        "fields may a model see, if nobody and nothing in the tests has been met before?",
        "Two questions for each event, both answered by `in`: is the person new, is the film new? "
        "Four pairs of answers, four names.",
        _parts_probes,
    ),
)
