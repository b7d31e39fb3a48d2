"""Exercises of chapter A1, debugging the article.

Nearly all mistakes here are the article's own.  None of the checks needs TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from recsys_tutorial.exercises.engine import Exercise, Mistake

Pair: TypeAlias = "tuple[pd.DataFrame, pd.DataFrame]"
Lists: TypeAlias = "dict[int, list[int]]"

# Lines of the numbered listing in the chapter.
READS, CONVOLVES, COMPILES, TRAINS, TAKES_INPUT, PREDICTS = 1, 3, 8, 9, 11, 12
GUILTY = {5, 6, 8, 9}
# Numbers that enter and leave the layers of the article's second network.
WIDTHS = [10, 64, 32, 10]
# Points of the printed output: point i sits at (i, i).
PRINTED = [[1, 2, 3], [4, 5], [6], [7, 8], [9]]
BEST = [[1, 2], [3, 4], [5, 6], [7, 8], [9]]


def _parameters(widths: list[int], bias: int = 1) -> int:
    return sum((a + bias) * b for a, b in zip(widths[:-1], widths[1:], strict=True))


def _j(clusters: list[list[int]]) -> float:
    return float(sum(2 * ((np.array(c) - np.mean(c)) ** 2).sum() for c in clusters))


def _not_squared(clusters: list[list[int]]) -> float:
    return float(sum(np.sqrt(2) * np.abs(np.array(c) - np.mean(c)).sum() for c in clusters))


# ------------------------------------------------------------------ A1.3: the same groups?


def _same_groups(first: np.ndarray, second: np.ndarray) -> bool:
    pairs = set(zip(np.asarray(first).tolist(), np.asarray(second).tolist(), strict=True))
    return len(pairs) == len(set(first.tolist())) == len(set(second.tolist()))


def _same_numbers(first: np.ndarray, second: np.ndarray) -> bool:
    return bool(np.all(first == second))


def _same_sizes(first: np.ndarray, second: np.ndarray) -> bool:
    sizes = [
        sorted(np.unique(labels, return_counts=True)[1].tolist()) for labels in (first, second)
    ]
    return sizes[0] == sizes[1]


def _same_count(first: np.ndarray, second: np.ndarray) -> bool:
    return len(np.unique(first)) == len(np.unique(second))


def _one_direction(first: np.ndarray, second: np.ndarray) -> bool:
    return all(len(np.unique(second[first == group])) == 1 for group in np.unique(first))


def _other_direction(first: np.ndarray, second: np.ndarray) -> bool:
    return _one_direction(second, first)


def _group_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(1)
    some, moved = rng.integers(0, 4, 40), np.zeros(40, int)
    moved[:] = some
    moved[7] = (moved[7] + 1) % 4
    small = [
        ([0, 0, 1], [1, 1, 0]),
        ([0, 1, 1], [0, 0, 1]),
        ([0, 1, 2, 2], [0, 0, 1, 1]),
        ([0, 0, 1, 1], [0, 1, 2, 2]),
        ([2, 0, 1], [2, 0, 1]),
        ([5, 5, 7], [0, 0, 3]),
        ([0, 0, 0, 1], [0, 0, 1, 1]),
        ([3], [0]),
    ]
    large = [(some, np.array([2, 3, 0, 1])[some]), (some, moved), (some, rng.permutation(some))]
    return [*((np.array(a), np.array(b)) for a, b in small), *large]


# ------------------------------------------------------------------ A1.4: preprocessing


def _preprocessing(
    *, drop: bool = False, fill: str = "train", scale: str = "train", ddof: int = 0
) -> Callable[[pd.DataFrame, pd.DataFrame], Pair]:
    """Make a way to preprocess: where medians and scales are learnt from makes the difference.

    "train" learns from the training users, "own" from each table by itself, "all" from both.
    """

    def preprocess(train: pd.DataFrame, new: pd.DataFrame) -> Pair:
        if drop:
            train, new = train.dropna(), new.dropna()
        tables = [table.iloc[:, 1:].to_numpy(float) for table in (train, new)]
        sources = _sources(tables, fill)
        tables = [
            np.where(np.isnan(cells), 0 if fill == "zero" else np.nanmedian(source, axis=0), cells)
            for cells, source in zip(tables, sources, strict=True)
        ]
        sources = _sources(tables, scale)
        scaled = [
            (cells - source.mean(axis=0)) / source.std(axis=0, ddof=ddof)
            for cells, source in zip(tables, sources, strict=True)
        ]
        return _as_frame(scaled[0], train), _as_frame(scaled[1], new)

    return preprocess


def _sources(tables: list[np.ndarray], name: str) -> list[np.ndarray]:
    """Give, for each table, the rows from which it learns."""
    train, new = tables
    both = np.vstack(tables)
    return {"own": [train, new], "all": [both, both]}.get(name, [train, train])


def _as_frame(cells: np.ndarray, table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(cells, index=table["user_id"], columns=table.columns[1:])


def _as_printed(train: pd.DataFrame, new: pd.DataFrame) -> Pair:
    known, others = train.dropna().set_index("user_id"), new.dropna().set_index("user_id")
    return (known - known.mean()) / known.std(), (others - others.mean()) / others.std()


def _preprocess_probes() -> list[Pair]:
    gap = np.nan
    first = pd.DataFrame({"user_id": [7, 3, 9, 4], "visits": [1.0, gap, 3.0, 8.0]})
    newcomers = pd.DataFrame({"user_id": [5, 8], "visits": [5.0, gap]})
    probes = [(first, newcomers)]
    for seed, (n, n_new, share) in enumerate(
        [(6, 3, 0.2), (12, 5, 0.1), (30, 10, 0.05), (9, 4, 0.3), (20, 2, 0.0)]
    ):
        rng = np.random.default_rng(seed)
        ids = rng.permutation(100)[: n + n_new]
        cells = rng.normal([0, 50, 3], [1, 10, 0.1], size=(n + n_new, 3)).round(3)
        holes = rng.random(cells.shape) < share
        # A column without any value has no median; and somebody must always have a hole.
        holes[[0, 1, n, n + 1]] = False
        holes[2, 1] = holes[-1, 0] = n_new > 2
        table = pd.DataFrame(np.where(holes, gap, cells), columns=["a", "b", "c"])
        table.insert(0, "user_id", ids)
        probes.append((table.iloc[:n], table.iloc[n:]))
    return probes


# ------------------------------------------------------------------ A1.6: recommendations


def _ranked(counts: np.ndarray, allowed: np.ndarray, k: int) -> list[int]:
    order = np.argsort(-counts, kind="stable")
    return [int(item) for item in order if allowed[item]][:k]


def _counts(seen: np.ndarray, labels: np.ndarray, user: int) -> np.ndarray:
    return seen.sum(axis=0) if labels[user] == -1 else seen[labels == labels[user]].sum(axis=0)


def _recommend(seen: np.ndarray, labels: np.ndarray, k: int) -> Lists:
    return {
        user: _ranked(_counts(seen, labels, user), seen[user] == 0, k) for user in range(len(seen))
    }


def _keeps_seen(seen: np.ndarray, labels: np.ndarray, k: int) -> Lists:
    everything = np.ones(seen.shape[1], bool)
    return {u: _ranked(_counts(seen, labels, u), everything, k) for u in range(len(seen))}


def _seen_at_the_end(seen: np.ndarray, labels: np.ndarray, k: int) -> Lists:
    lists = {}
    for user in range(len(seen)):
        counts = np.where(seen[user] == 1, -np.inf, _counts(seen, labels, user))
        lists[user] = [int(item) for item in np.argsort(-counts, kind="stable")[:k]]
    return lists


def _one_list(seen: np.ndarray, labels: np.ndarray, k: int) -> Lists:
    return {u: _ranked(seen.sum(axis=0), seen[u] == 0, k) for u in range(len(seen))}


def _loses_noise(seen: np.ndarray, labels: np.ndarray, k: int) -> Lists:
    return {user: items for user, items in _recommend(seen, labels, k).items() if labels[user] >= 0}


def _noise_as_a_cluster(seen: np.ndarray, labels: np.ndarray, k: int) -> Lists:
    return {
        u: _ranked(seen[labels == labels[u]].sum(axis=0), seen[u] == 0, k) for u in range(len(seen))
    }


def _rarest_first(seen: np.ndarray, labels: np.ndarray, k: int) -> Lists:
    return {u: _ranked(-_counts(seen, labels, u), seen[u] == 0, k) for u in range(len(seen))}


def _cut_too_early(seen: np.ndarray, labels: np.ndarray, k: int) -> Lists:
    lists = {}
    for user in range(len(seen)):
        top = np.argsort(-_counts(seen, labels, user), kind="stable")[:k]
        lists[user] = [int(item) for item in top if not seen[user, item]]
    return lists


def _ties_backwards(seen: np.ndarray, labels: np.ndarray, k: int) -> Lists:
    lists = {}
    for user in range(len(seen)):
        order = np.argsort(_counts(seen, labels, user), kind="stable")[::-1]
        lists[user] = [int(item) for item in order if not seen[user, item]][:k]
    return lists


def _the_articles_rows(seen: np.ndarray, labels: np.ndarray, k: int) -> dict[int, np.ndarray]:
    return {group: seen[labels == group] for group in range(labels.max() + 1)}


def _recommend_probes() -> list[tuple[np.ndarray, np.ndarray, int]]:
    small = np.array([[1, 0, 0, 1], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 0]])
    probes = [(small, np.array([0, 0, 1, -1]), 2)]
    for seed, (n, m, k) in enumerate([(6, 5, 3), (10, 8, 4), (12, 6, 6), (20, 12, 5), (5, 4, 1)]):
        rng = np.random.default_rng(seed)
        seen = (rng.random((n, m)) < 0.4).astype(int)
        seen[0] = 1  # somebody has seen everything
        labels = rng.integers(-1, 3, n)
        labels[:4] = [0, 1, 2, -1]
        probes.append((seen, labels, k))
    return probes


def _constant(value: float) -> Callable[[], float]:
    return lambda: value


Reference: TypeAlias = "dict[str, Any]"
FIELDS = ("title", "authors", "venue", "year")


def _disagreements(cited: Reference, found: Reference | None) -> set[str]:
    return {name for name in FIELDS if found is None or cited[name] != found[name]}


def _missing_agrees(cited: Reference, found: Reference | None) -> set[str]:
    wrong = _disagreements(cited, found)
    return wrong if found is None else {name for name in wrong if cited[name] is not None}


def _others_let_in(cited: Reference, found: Reference | None) -> set[str]:
    """Let "et al." stand for authors that are not named."""
    wrong = _disagreements(cited, found)
    given = cited["authors"]
    if found and given[-1] == "et al." and given[:-1] == found["authors"][: len(given) - 1]:
        return wrong - {"authors"}
    return wrong


def _as_the_chapter(cited: Reference, found: Reference | None) -> set[str]:
    """What the chapter's own judge lets pass: omissions, "et al.", and any venue."""
    return _missing_agrees(cited, found) & _others_let_in(cited, found) - {"venue"}


def _first_author(cited: Reference, found: Reference | None) -> set[str]:
    wrong = _disagreements(cited, found)
    same = found is not None and cited["authors"][0] == found["authors"][0]
    return wrong - {"authors"} if same else wrong


def _any_order(cited: Reference, found: Reference | None) -> set[str]:
    wrong = _disagreements(cited, found)
    same = found is not None and set(cited["authors"]) == set(found["authors"])
    return wrong - {"authors"} if same else wrong


def _title_enough(cited: Reference, found: Reference | None) -> set[str]:
    wrong = _disagreements(cited, found)
    return wrong if "title" in wrong else set()


def _not_found_passes(cited: Reference, found: Reference | None) -> set[str]:
    return set() if found is None else _disagreements(cited, found)


def _what_agrees(cited: Reference, found: Reference | None) -> set[str]:
    return set(FIELDS) - _disagreements(cited, found)


def _reference_probes() -> list[tuple[Reference, Reference | None]]:
    def entry(title: str, authors: str, venue: str | None, year: int | None) -> Reference:
        names = authors.split(", ")
        return {"title": title, "authors": names, "venue": venue, "year": year}

    youtube = "Deep Neural Networks for YouTube Recommendations"
    neural, learning = "Neural Collaborative Filtering", "Deep Learning"
    textbook = "Recommender Systems: The Textbook"
    covington = entry(youtube, "Covington, Adams, Sargin", "RecSys", 2016)
    he = entry(neural, "He, Liao, Zhang, Nie, Hu, Chua", "WWW", 2017)
    goodfellow = entry(learning, "Goodfellow, Bengio, Courville", "MIT Press", 2016)
    aggarwal = entry(textbook, "Aggarwal", "Springer", 2016)
    nowhere = "Collaborative Filtering for Cold-Start Problems: A Model-Based Approach"
    return [
        (entry(learning, "Goodfellow, Bengio, Courville", None, None), goodfellow),
        (entry(youtube, "Shum, et al.", None, None), covington),
        (entry(youtube, "Covington, et al.", "RecSys", 2016), covington),
        (entry(neural, "He, Chen, Xie, Liu, Liu, Xiong", None, 2018), he),
        (entry(neural, "He, Liao, Nie, Zhang, Hu, Chua", "WWW", 2017), he),
        (entry(neural, "He, Liao, Zhang, Nie, Hu, Chua", "SIGIR", 2017), he),
        (entry(textbook, "Ricci, Rokach, Shapira", None, None), aggarwal),
        (entry(textbook, "Aggarwal", "Springer", 2016), aggarwal),
        (entry(youtube, "Covington, Adams, Sargin", "RecSys", 2018), covington),
        (entry("Deep Learning for YouTube", "Covington, Adams, Sargin", "RecSys", 2016), covington),
        (entry(nowhere, "Li, He", None, None), None),
    ]


EXERCISES = (
    Exercise(
        "A1.1",
        "Which line stops first?",
        "predict",
        _constant(TRAINS),
        (
            Mistake(
                "the file",
                _constant(READS),
                "That would be so without the file. We have made one, and this line runs.",
            ),
            Mistake(
                "the convolution is declared",
                _constant(CONVOLVES),
                "Adding a layer is a declaration. Has the network seen any data by then?",
            ),
            Mistake(
                "compiling",
                _constant(COMPILES),
                "Compiling notes the loss and the optimiser. Which line brings the data?",
            ),
            Mistake(
                "model.input",
                _constant(TAKES_INPUT),
                "This line does stop, in Keras 3, but an earlier one stops before it.",
            ),
            Mistake(
                "predicting",
                _constant(PREDICTS),
                "Here the data meet the network for the second time. And the first time?",
            ),
        ),
        "Go down the lines and ask of each: does it only declare something, or does it use the "
        "data?",
        "Python notices a wrong shape when numbers flow, not when a layer is declared. Look for "
        "the first line in which the table meets the network.",
    ),
    Exercise(
        "A1.2",
        "How large is the large model?",
        "predict",
        lambda: _parameters(WIDTHS),
        (
            Mistake(
                "no biases",
                lambda: _parameters(WIDTHS, bias=0),
                "Those are the weights. Each unit also adds a number of its own, its bias.",
            ),
            Mistake(
                "four inputs",
                lambda: _parameters([4, *WIDTHS[1:]]),
                "You began with the four columns of the table. This network is fed with what the "
                "first network hands out.",
            ),
            Mistake(
                "units counted",
                lambda: sum(WIDTHS[1:]),
                "You counted the units. Each of them has a weight for every number that it gets.",
            ),
            Mistake(
                "the last layer forgotten",
                lambda: _parameters(WIDTHS[:-1]),
                "The softmax layer has weights too.",
            ),
            Mistake(
                "the hidden layers only",
                lambda: _parameters(WIDTHS[1:]),
                "The first layer has weights for the features that come in.",
            ),
        ),
        "For each layer: numbers that come in, plus one, times the units. Then add up.",
        "Three layers; what comes in has as many columns as the softmax of the first network.",
    ),
    Exercise(
        "A1.3",
        "The same groups?",
        "write",
        _same_groups,
        (
            Mistake(
                "number by number",
                _same_numbers,
                "You compared the numbers. They are arbitrary: what is group 0 in one run may be "
                "group 3 in the next. Who is together with whom?",
            ),
            Mistake(
                "sizes",
                _same_sizes,
                "You compared the sizes of the groups. Two groupings can have equal sizes and "
                "other members.",
            ),
            Mistake(
                "number of groups",
                _same_count,
                "You compared how many groups there are, and not who is in them.",
            ),
            Mistake(
                "one direction",
                _one_direction,
                "You asked whether users who are together in the first are together in the "
                "second. The second may have merged two groups. What about the other direction?",
            ),
            Mistake(
                "the other direction",
                _other_direction,
                "You asked whether users who are together in the second are together in the "
                "first. The second may have split a group. What about the other direction?",
            ),
        ),
        "Return True if, for every two users, the two runs agree on whether they are together.",
        "Pair up the labels, user by user, and look at which different pairs occur. How many "
        "may there be if each group of one run is one group of the other?",
        _group_probes,
    ),
    Exercise(
        "A1.4",
        "Nobody gets lost",
        "repair",
        _preprocessing(),
        (
            Mistake(
                "the article's version",
                _as_printed,
                "That is the source article's version. It drops users, and scales the new ones "
                "by themselves. Begin with the users: fill instead of dropping.",
            ),
            Mistake(
                "users dropped",
                _preprocessing(drop=True),
                "You dropped the users with a hole, as the source article does: they will never "
                "get a recommendation. Fill the hole instead.",
            ),
            Mistake(
                "a scaler for each table",
                _preprocessing(scale="own"),
                "You scaled the new users by their own mean. That is what happens when the scaler "
                "is thrown away, as in the source article: the same visits mean something else "
                "in each table.",
            ),
            Mistake(
                "learnt from everybody",
                _preprocessing(fill="all", scale="all"),
                "Your medians or means have seen the new users, as the source article's scaler "
                "has. In use they are not there yet.",
            ),
            Mistake(
                "filled with zero",
                _preprocessing(fill="zero"),
                "You wrote 0 into the holes. An empty cell does not say that she visited nothing; "
                "which value is typical of the column?",
            ),
            Mistake(
                "filled from the new users",
                _preprocessing(fill="own"),
                "The holes of the new users are filled with the new users' median. "
                "Which table may you learn from?",
            ),
            Mistake(
                "divided by n - 1",
                _preprocessing(ddof=1),
                "Nearly: pandas divides by n - 1 when it computes a standard deviation, and "
                "StandardScaler divides by n. Look for the argument ddof.",
            ),
        ),
        "Learn medians, means and standard deviations from the training users, in this order, "
        "and use them on both tables. Keep every user.",
        "Set user_id as the index first. Then: medians of train, fill both tables; means and "
        "standard deviations (ddof=0) of the filled train, scale both tables.",
        _preprocess_probes,
    ),
    Exercise(
        "A1.5",
        "J of the printed output",
        "predict",
        lambda: _j(PRINTED),
        (
            Mistake(
                "another partition",
                lambda: _j(BEST),
                "That is what a better partition reaches. Which points stand together in the "
                "printed one?",
            ),
            Mistake(
                "one column",
                lambda: _j(PRINTED) / 2,
                "You counted one column. Each point has two.",
            ),
            Mistake(
                "not squared",
                lambda: _not_squared(PRINTED),
                "You added distances. What does K-means do with them?",
            ),
            Mistake(
                "a mean",
                lambda: _j(PRINTED) / 9,
                "You divided by the number of users. J is a sum.",
            ),
            Mistake(
                "one centre for all",
                lambda: _j([[i for cluster in PRINTED for i in cluster]]),
                "You measured from the mean of everybody. Each user pays for the centre of her "
                "own cluster.",
            ),
        ),
        "For each cluster: its mean, then the squared distance of each member to it, over both "
        "columns. Then add up.",
        "Clusters of one point cost nothing. In a cluster of two neighbours each of them is half "
        "a step away from the mean, in both columns.",
    ),
    Exercise(
        "A1.6",
        "A list for every user",
        "repair",
        _recommend,
        (
            Mistake(
                "rows instead of items",
                _the_articles_rows,
                "You return the rows of each cluster, as the source article does. A user asks "
                "for items: give a list for each user.",
            ),
            Mistake(
                "seen items stay",
                _keeps_seen,
                "Your lists hold what the user has seen already.",
            ),
            Mistake(
                "seen items fill the list",
                _seen_at_the_end,
                "Where a user has fewer than k unseen items, your list is filled up with seen "
                "ones. A shorter list is right; for somebody who has seen everything, none.",
            ),
            Mistake(
                "cut before the seen items left",
                _cut_too_early,
                "You cut the list at k first and removed the seen items afterwards, so some users "
                "get too few. Remove first, then cut.",
            ),
            Mistake(
                "one list for all",
                _one_list,
                "You counted all users for everybody. What are the clusters for?",
            ),
            Mistake(
                "noise users lost",
                _loses_noise,
                "Users with the label -1 are missing, as with the source article's "
                "range(num_clusters). They get a list from everybody's counts.",
            ),
            Mistake(
                "noise as a cluster",
                _noise_as_a_cluster,
                "You treat the label -1 as a cluster. These users have nothing in common but that "
                "they fit nowhere: count everybody for them.",
            ),
            Mistake(
                "rarest first",
                _rarest_first,
                "Your lists begin with what the cluster likes least. Which way does argsort sort?",
            ),
            Mistake(
                "ties backwards",
                _ties_backwards,
                "Where two items have equal counts, the smaller number comes first. Sorting "
                "upwards and turning the result round turns the ties round, too.",
            ),
        ),
        "Return a dictionary. For each user: count who in her cluster has seen each item, remove "
        "what she has seen, and sort by the counts, largest first.",
        "np.argsort(-counts, kind='stable') sorts downwards and leaves ties in order. Then keep "
        "the items that are 0 in her row of seen, and cut the list at k.",
        _recommend_probes,
    ),
    Exercise(
        "A1.7",
        "Find the guilty lines",
        "predict",
        lambda: set(GUILTY),
        (
            Mistake(
                "K-means accused",
                lambda: GUILTY | {7},
                "One of your lines is innocent: the call of K-means has its seed, several starts, "
                "and the estimator is kept.",
            ),
            Mistake(
                "the circle missed",
                lambda: GUILTY - {5},
                "Correct so far, and one is missing. What is the network trained to say, and by "
                "what are the groups judged later?",
            ),
            Mistake(
                "the idle model missed",
                lambda: GUILTY - {6},
                "Correct so far, and one is missing. Which result does nobody use?",
            ),
            Mistake(
                "the comparison missed",
                lambda: GUILTY - {8},
                "Correct so far, and one is missing. Are the numbers of clusters names?",
            ),
            Mistake(
                "the result missed",
                lambda: GUILTY - {9},
                "Correct so far, and one is missing. Could you watch what is recommended here?",
            ),
            Mistake(
                "everything accused",
                lambda: set(range(1, 10)),
                "You accuse them all. Some are the repairs of this chapter; keep those.",
            ),
        ),
        "Give a set of line numbers, such as {1, 2}. Ask of each line: is its result used, is it "
        "what its name says, and could it have come out otherwise?",
        "Go through the errors of this part one by one: softmax and circle, unused model, "
        "labels, recommendations, seeds, lost users. Which of them have been repaired?",
    ),
    Exercise(
        "A1.8",
        "Before you cite it",
        "repair",
        _disagreements,
        (
            Mistake(
                "as mild as our judge",
                _as_the_chapter,
                "That passes everything which `judge` passes. Hold it against the rule: what does "
                "the rule say of an author, a year or a venue that is not given?",
            ),
            Mistake(
                "an omission agrees",
                _missing_agrees,
                "You let pass what is not given. A year that is missing cannot be looked up, and "
                "agrees with nothing.",
            ),
            Mistake(
                "et al. agrees",
                _others_let_in,
                "You let 'et al.' stand for the rest. The rule asks for all authors: behind these "
                "words the article hid names that it did not know.",
            ),
            Mistake(
                "the first author is enough",
                _first_author,
                "You compare the first author only. One of the article's references begins with "
                "the right name and goes on with five wrong ones.",
            ),
            Mistake(
                "in any order",
                _any_order,
                "You do not mind the order of the authors. It is part of the reference, and a "
                "list that was copied has it right.",
            ),
            Mistake(
                "the title is enough",
                _title_enough,
                "Where the title is right you let everything pass. Whoever invents references "
                "begins with a title that is well known.",
            ),
            Mistake(
                "not found is no objection",
                _not_found_passes,
                "What could not be found has passed your test. Nothing of it agrees with a source "
                "that you have opened: nothing of it may be cited.",
            ),
            Mistake(
                "what agrees",
                _what_agrees,
                "You return what agrees. Return what does not.",
            ),
        ),
        "Four fields, one comparison each; a field that the citation does not give is not equal to "
        "what the source says. If there is no source, no field has been checked.",
        "Loop over the names of the four fields and collect those whose two values differ. For a "
        "source that is None, begin with all four.",
        _reference_probes,
    ),
)
