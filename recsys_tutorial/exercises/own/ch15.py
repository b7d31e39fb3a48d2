"""Variants of chapter 15 on a class's own table: reasons, gaps, noise, budgets and luck."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from recsys_tutorial.exercises.own.cutting import cosine_table, first, kept, others, telling
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.judging import judged
from recsys_tutorial.exercises.own.material import Material, need

TABLE = "the table"


@kept
def _deletions(material: Material) -> list[tuple]:
    """Rank an item for somebody again, after some of her items were deleted."""
    alike, rng = cosine_table(material.matrix), material.rng("15.1")
    found = []
    # The longest histories of at most 40 items, and only then longer ones.
    long = [row for row in material.busiest if material.activity[row] >= 4]
    long = sorted(long, key=lambda row: material.activity[row] > 40)[:20]
    for row, place in product(long, (0, 2, 5)):
        history = material.matrix[row].indices
        unseen = np.setdiff1d(np.arange(material.n_items), history)
        scores = alike[np.ix_(unseen, history)].round(6)
        if len(unseen) <= place + 1:
            continue
        wanted = np.argsort(-scores.sum(axis=1), kind="stable")[place]
        n_deleted = max(1, len(history) // 3)

        def rank(deleted: np.ndarray, scores: np.ndarray = scores, wanted: int = wanted) -> int:
            left = np.delete(scores, deleted, axis=1).sum(axis=1).round(6)
            return 1 + int((left > left[wanted]).sum())

        named = np.argsort(-scores[wanted], kind="stable")[:n_deleted]
        drawn = [rng.permutation(len(history))[:n_deleted] for _ in range(5)]
        found.append((float(rank(named)), np.array([rank(deleted) for deleted in drawn])))
    need(
        found,
        "Nobody met four items or more and left others unmet, so nothing can be deleted and "
        "ranked again: bring a longer table.",
    )
    # First those where the named items mattered, and chance as well.
    return telling("15.1", sorted(found, key=lambda one: one[0] < 3 or np.ptp(one[1]) == 0))


def _lists(material: Material) -> tuple[np.ndarray, np.ndarray]:
    """Mean popularity of what eight people met, and of what their groups recommend."""
    found, train = judged(material), material.train_matrix
    share = np.asarray(train.sum(axis=0)).ravel() / material.n_users
    drawn = np.sort(material.rng("15.2").permutation(len(found.rows))[:8])
    histories, lists = [], []
    for place in drawn:
        met = train[found.rows[place]].indices
        scores = np.delete(found.scores["groups"][place], met)
        left = np.delete(share, met)
        histories.append(share[met].mean())
        lists.append(left[np.argsort(-scores, kind="stable")[:10]].mean() if len(left) else 0.0)
    return np.array(histories).round(4), np.array(lists).round(4)


def _lift(histories: np.ndarray, lists: np.ndarray) -> float:
    return float(lists.mean() / histories.mean() - 1)


@kept
def _served(material: Material) -> list[tuple]:
    """How well groups serve people, and their group by taste or by how busy they are."""
    found = judged(material)
    values = found.ranks["groups"][2].round(3)
    busy = material.activity[found.rows]
    thirds = np.searchsorted(np.quantile(busy, [1 / 3, 2 / 3]), busy)
    order = material.rng("15.3").permutation(len(values))
    candidates = []
    for size, names in product((10, 20, len(values)), (thirds, material.labels[found.rows])):
        rows = np.sort(order[:size])
        if len(np.unique(names[rows])) > 1:
            candidates.append((values[rows], names[rows]))
    need(candidates, "All people of this table are in one group.")
    return telling("15.3", candidates, n=6)


def _two_evenings(material: Material) -> tuple[int, int, int]:
    """Publish how many people met an item, before and after somebody deletes her account."""
    chances = material.rng(f"15.4 {len(material.events)}")
    column = int(chances.integers(min(5, material.n_items)))
    met = material.matrix[:, [column]].toarray().ravel() > 0
    leaves = int(chances.integers(material.n_users))
    before = int(met.sum())
    return before, before - int(met[leaves]), min(3, before - 1)


def _told(before: int, after: int, at_least: int) -> str:
    return "met" if before > after else "not met"


def _releases(material: Material) -> tuple[pd.DataFrame]:
    rows = [
        (f"people per item ({material.n_items} numbers)", TABLE, 0.4),
        ("the ten most popular items", "release 1", 0.4),
        (f"people per group ({material.labels.max() + 1} numbers)", TABLE, 0.25),
    ]
    if material.has("ratings"):
        rows.append(("mean rating of each item", TABLE, 0.2))
    if material.has("times"):
        rows.append(("events per month", TABLE, 0.1))
    rows.append(("the larger half of the groups", "release 3", 0.25))
    columns = ["release", "computed from", "epsilon of its noise"]
    return (pd.DataFrame(rows, columns=columns, index=range(1, len(rows) + 1)),)


def _promised(releases: pd.DataFrame) -> float:
    from_the_table = releases["computed from"] == TABLE
    return float(releases.loc[from_the_table, "epsilon of its noise"].sum())


@kept
def _sums(material: Material) -> list[tuple]:
    rng = material.rng("15.6")
    usual = float(np.median(material.activity))
    found = []
    for n, share, epsilon in [
        (3, 1, 0.5),
        (5, 0.5, 1.5),
        (6, 1.5, 0.3),
        (8, 1, 2.0),
        (4, 0.7, 0.1),
    ]:
        numbers = material.activity[rng.permutation(material.n_users)[:n]].astype(float)
        cap, noise = max(1.0, round(share * usual, 1)), round(float(rng.laplace()), 2)
        found += [(numbers, cap, epsilon, noise), (numbers - usual, cap, epsilon, noise)]
    return telling("15.6", found, n=6)


@kept
def _steps(material: Material) -> list[tuple]:
    """0.7 points for each of some popular items: some rows are longer than 1, some shorter."""
    rng, found = material.rng("15.7"), []
    busy = material.busiest[: max(12, material.n_users // 2)]
    for n, columns, k in [(4, 5, 2), (8, 6, 3), (10, 5, 4), (12, 6, 3), (9, 6, 2)]:
        people = np.sort(rng.permutation(busy)[:n])
        met = material.matrix[people].toarray()
        common = np.sort(np.argsort(-met.sum(axis=0), kind="stable")[:columns])
        rows = 0.7 * met[:, common]
        # One number more than there are: a group may be empty.
        labels = np.unique(material.labels[people] % k, return_inverse=True)[1].astype(int)
        n_clusters = int(labels.max()) + 2
        noise = rng.normal(size=(n_clusters, rows.shape[1] + 1)).round(2)
        found.append((rows, labels, n_clusters, noise))
    return telling("15.7", found)


def _needed(material: Material) -> tuple[int, int]:
    return material.n_users, 3


def _users_for(users: int, times_smaller: int) -> int:
    return users * times_smaller**2


@kept
def _groupings(material: Material) -> list[tuple]:
    """Group some people several times, and again with noise and with people who are made up."""
    rng, found = material.rng("15.9"), []
    for n, k, fakes, amount in [(10, 3, 2, 0.4), (12, 3, 3, 0.8), (30, 4, 0, 0.3), (60, 4, 8, 0.5)]:
        rows = material.vectors[material.sample(n, f"15.9 {n}")]
        k = min(k, len(np.unique(rows, axis=0)))
        made_up = rng.normal(size=(fakes, rows.shape[1]))
        noisy = np.vstack([rows + amount * rng.normal(size=rows.shape), made_up])
        clean, spoiled = (
            [KMeans(k, n_init=1, random_state=seed).fit(X).labels_.astype(int) for seed in seeds]
            for X, seeds in ((rows, (0, 1, 2)), (noisy, (3, 4)))
        )
        found.append((clean, spoiled))
    return telling("15.9", found)


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "15.1",
        "Somebody was recommended an item of your table, and the items that the model named as its "
        "reason were deleted from her history: afterwards the item has rank `rank_after`. "
        "`control_ranks` are its ranks after as many of her items, drawn by lot, were deleted. "
        "Write the effect of the deletion.",
        first(_deletions),
        others(_deletions),
    ),
    Variant(
        "15.2",
        "For eight people of your table `histories` says how popular the items are that each one "
        "has met, on average (as a share of all people), and `lists` the same for ten items that "
        "her group recommends. What is the lift of these eight people as one group, by the "
        "chapter's definition (within 0.005, or half a per cent, is near enough)?",
        _lists,
        expected=_lift,
        hint="Mean of the lists, mean of the histories, their ratio, minus 1.",
        nudge="Average over all people before you divide, so that nobody's short history rules.",
        tolerance=0.005,
    ),
    Variant(
        "15.3",
        "`values` says how well some people of your table are served by lists of their groups "
        "(1 over the place of the first item that was held out), `groups` to which part of your "
        "people each belongs. Write the gap of each part to all others, in the order of np.unique.",
        first(_served),
        others(_served),
    ),
    Variant(
        "15.4",
        "Each evening you publish how many people of your table have met a certain item, exactly, "
        "if at least `at_least` have. Today the number is `before`; overnight one thing changes, "
        "somebody whom you know deletes her account, and tomorrow it is `after`. Had she met the "
        "item? Answer 'met', 'not met' or 'nobody can know'.",
        _two_evenings,
        expected=_told,
        hint="Subtract the second number from the first: who makes the difference?",
        nudge="Write down who is counted on either evening, and which rule would have to hide it. "
        "Answer with one of the three texts, word for word.",
    ),
    Variant(
        "15.5",
        "You publish what stands in `releases`, all about the people of your table: what each "
        "release was computed from, and for which epsilon its noise was made (a release that "
        "was computed from another one has only the noise of that one). What epsilon have you "
        "promised in all?",
        _releases,
        expected=_promised,
        hint="How many times did you look at the people's own data?",
        nudge="Releases from the table add up, and what is computed from releases is free.",
        tolerance=1e-3,
    ),
    Variant(
        "15.6",
        "`numbers` holds a number for each of some people of your table, their events (or how many "
        "more they have than most). Write the private sum: each may contribute from 0 to `cap`, "
        "the promise is `epsilon`, and `unit_noise` is one draw of Laplace noise of scale 1.",
        first(_sums),
        others(_sums),
    ),
    Variant(
        "15.7",
        "`rows` gives people of your table 0.7 points for each of some popular items that they "
        "have met, `labels` their groups, out of `n_clusters` (one of them may be empty). "
        "Write the private step: sums and, in the last column, numbers of people, all with the "
        "`noise`, which is made for rows of length 1 at most.",
        first(_steps),
        others(_steps),
    ),
    Variant(
        "15.8",
        "A live test with all `users` people of your table in each half would just find a certain "
        "improvement. How many people does each half need for one that is `times_smaller` times "
        "smaller, everything else as before?",
        _needed,
        expected=_users_for,
        hint="The effect stands in the denominator of the formula; with which power?",
    ),
    Variant(
        "15.9",
        "People of your table were grouped three times, each time from another seed (`clean`), and "
        "twice after noise was added to their tastes and some invented people below theirs "
        "(`spoiled`). Write the damage: by how much less the spoiled groupings agree with the "
        "clean ones (ARI, from `recsys_tutorial.clustering.adjusted_rand`) than these with each "
        "other.",
        first(_groupings),
        others(_groupings),
    ),
)
