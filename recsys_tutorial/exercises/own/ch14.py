"""Variants of chapter 14 on a class's own table: names, beliefs, rules, pairs, ties and ages."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pandas as pd

from recsys_tutorial.datasets import FieldLog
from recsys_tutorial.exercises.own.cutting import (
    cosine_table,
    first,
    histories,
    kept,
    others,
    telling,
)
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import SEED, Material, need, some
from recsys_tutorial.preprocessing import Split
from recsys_tutorial.recommenders import (
    ClusterPopularity,
    GuardedRecommender,
    Popularity,
    Recommender,
)
from recsys_tutorial.scenarios import Scenario, Trial, run_scenario

DAY = 86_400


def _largest_group(material: Material) -> int:
    return int(np.bincount(material.labels).argmax())


@kept
def _shares(material: Material) -> tuple[np.ndarray, np.ndarray]:
    """How many of the largest group, and of the others, have met each item."""
    inside = material.labels == _largest_group(material)
    need(inside.any() and not inside.all(), "All people of this table are alike: no groups.")
    member, other = (material.matrix[rows].mean(axis=0) for rows in (inside, ~inside))
    return np.asarray(member).ravel(), np.asarray(other).ravel()


def _named(material: Material) -> tuple[np.ndarray, np.ndarray, int]:
    inside, outside = _shares(material)
    # An item that all members have met would make a name that fits them all.
    partly = (inside > 0) & (inside < 1)
    need(
        partly.any(), "Whatever one of the largest group has met, all of them have: no name fails."
    )
    typical = int(np.argmax(np.where(partly, inside - outside, -np.inf)))
    has_met = np.asarray(material.matrix[:, [typical]].todense()).ravel() > 0
    return material.labels, has_met, _largest_group(material)


def _does_not_fit(labels: np.ndarray, has_met: np.ndarray, group: int) -> float:
    return float(1 - has_met[labels == group].mean())


@kept
def _beliefs(material: Material) -> list[tuple]:
    """Whether people have met the typical items of the largest group, one after another."""
    inside, outside = _shares(material)
    typical = np.argsort(-(inside - outside), kind="stable")[:5]
    start = round(float((material.labels == _largest_group(material)).mean()), 2)
    guess, slip = outside[typical].mean(), 1 - inside[typical].mean()
    guess, slip = (round(float(np.clip(share, 0.05, 0.95)), 2) for share in (guess, slip))
    met = material.matrix[:, typical].toarray().astype(int)
    # People of whom the answers say both, those with many different answers first.
    order = np.argsort(np.abs(met.mean(axis=1) - 0.5), kind="stable")
    rows = np.unique(met[order], axis=0, return_index=True)[1]
    patterns = met[order][np.sort(rows)]
    found = [(row[:n], start, guess, slip) for n in (3, 5, 4, 2) for row in patterns]
    return telling("14.2", sorted(found, key=lambda one: one[0].min() == one[0].max()))


def _two_items(material: Material) -> tuple[pd.DataFrame]:
    """Find two items of which the busy people make the simple share go wrong the most."""
    best, kept_people = 0.0, pd.DataFrame()
    dense = material.matrix[:, :12].toarray() > 0
    for a, b in product(range(dense.shape[1]), repeat=2):
        elsewhere = material.activity - dense[:, a] - dense[:, b]
        busy = elsewhere > np.median(elsewhere)
        people = pd.DataFrame({"busy": busy, "met_a": dense[:, a], "met_b": dense[:, b]})
        if a == b or min((busy & dense[:, a]).sum(), (~busy & dense[:, a]).sum()) < 2:
            continue
        apart = abs(_if_all_had(people) - float(people.loc[people["met_a"], "met_b"].mean()))
        if apart > best:
            best, kept_people = apart, people
    need(
        len(kept_people),
        "No item was met by two busy and two less busy people, so nothing can be weighed: bring "
        "a longer table.",
    )
    return (kept_people,)


def _if_all_had(people: pd.DataFrame) -> float:
    rates = people[people["met_a"]].groupby("busy")["met_b"].mean()
    shares = people["busy"].value_counts(normalize=True)
    return float((rates * shares).sum())


@kept
def _lists(material: Material) -> list[tuple]:
    """Items with what her group thinks of them, and how well known they are, from 1 to 5."""
    columns = some(range(material.n_items), 10)
    known = 5 - 5 * np.arange(len(columns)) // len(columns)
    found = []
    for group, capacity, k in product(range(material.labels.max() + 1), (3, 2, 4), (2, 3, 4)):
        liked = material.matrix[material.labels == group][:, columns].mean(axis=0)
        # No two scores are equal, so that ties need no rule.
        scores = np.asarray(liked).ravel().round(2) + 0.001 * np.arange(len(columns))[::-1]
        found.append((scores.round(3), known, capacity, k))
    return telling("14.4", found)


@kept
def _baskets(material: Material) -> list[tuple]:
    table = material.ratings if material.ratings is not None else material.matrix
    found = []
    for n in (12, 40, material.n_users):
        rows = material.sample(n, "14.5")
        baskets = table[rows][:, : min(5, material.n_items)].toarray()
        baskets = baskets.astype(int) if (baskets == baskets.astype(int)).all() else baskets
        sold = (baskets > 0).any(axis=0)
        pairs = combinations(np.flatnonzero(sold).tolist(), 2)
        found += [(baskets, a, b) for a, b in pairs]
    return telling("14.5", found)


@kept
def _ties(material: Material) -> list[tuple]:
    """Tie people to the one with whom they have met the most items in common."""
    found, rng = [], material.rng("14.6")
    for n in (6, 8, 9, 11, 12):
        people = material.matrix[np.sort(material.busiest[:n])]
        closest = cosine_table(people.T.tocsr()).argmax(axis=1)
        ties = sorted(
            {tuple(sorted((i, int(other)))) for i, other in enumerate(closest) if i != other}
        )
        # Somebody who is in two ties shows what happens to people, not to ties.
        ties += [tie for tie in ((0, 1), (0, 2)) if tie not in ties]
        rows = np.array([*ties, *((b, a) for a, b in ties)])
        held = [ties[int(i)] for i in rng.permutation(len(ties))[: max(1, len(ties) // 3)]]
        found.append((rows[rng.permutation(len(rows))], held))
    return telling("14.6", found)


@kept
def _ages(material: Material) -> list[tuple]:
    """Ages of somebody's events, in days or, without times, in events."""
    found: list[tuple] = []
    if material.has("times"):
        events = material.events.sort_values("timestamp", kind="stable")
        for _, times in list(events.groupby("user")["timestamp"])[:60]:
            ages = (times.to_numpy()[-1] - times.to_numpy()) / DAY
            ages = np.unique(ages.round(1))[::-1]
            ages = ages[some(range(len(ages)), 5)]
            half_life = float(np.median(ages).round(1))
            found += [(ages, half_life)] if half_life > 0 else []
    for history in histories(material)[:20]:
        ages = np.arange(min(len(history), 6), dtype=float)[::-1] if len(history) > 1 else None
        found += [(ages, 2.0), (ages, 3.0)] if ages is not None else []
    need(found, "Nobody met two items: bring a longer table.")
    # Where all happened in two minutes, every age is a whole number of half-lives.
    return telling("14.7", sorted(found, key=lambda one: len(one[0]) < 4))


# ------------------------------------------------------------------ 8: a field of one's own


def _too_well_known(trial: Trial) -> np.ndarray:
    """Mark the tenth of the items that most people have met already."""
    counts = np.asarray(trial.matrix.values.sum(axis=0)).ravel()
    n_hits = max(2, len(counts) // 10)
    return np.isin(np.arange(len(counts)), np.argsort(-counts, kind="stable")[:n_hits])


def _groups(trial: Trial, random_state: int) -> Recommender:
    n_clusters = 6 if len(trial.matrix.users) >= 60 else 3
    model = ClusterPopularity(n_clusters, 8, 20.0, random_state=random_state, n_init=3)
    return model.fit(trial.matrix)


def _without_hits(recommender: Recommender, trial: Trial) -> Recommender:
    return GuardedRecommender(recommender, ~_too_well_known(trial)).fit(recommender.matrix_)


def _hits_in(lists: pd.DataFrame, trial: Trial) -> float:
    columns = trial.matrix.items.get_indexer(pd.Index(lists["item"]))
    return float(_too_well_known(trial)[columns].mean())


def _field(material: Material) -> tuple[Scenario]:
    """Describe the class's table as a field of chapter 14."""
    split, people = material.split, pd.DataFrame(index=material.users)
    need(
        len(np.unique(split.test.events["user"])) >= 6,
        "Fewer than six people have an item held out: bring a longer table.",
    )

    def load(random_state: int) -> FieldLog:
        return FieldLog(material.log, people)

    def cut(field: FieldLog, random_state: int) -> Split:
        return split

    scenario = Scenario(
        name="your table",
        people="the people of your table",
        items="what they met",
        behaviour="events of your table",
        source="real: the class's own table",
        features="8 factors of who met what",
        grouping="K-means, 3 or 6 groups",
        recommendation="what the group met",
        harm="a hit that everybody knows takes the place of something new",
        rule="none of the best known tenth of the items",
        lesson="yours to find",
        load=load,
        split=cut,
        groups=_groups,
        guard=_without_hits,
        harm_of=_hits_in,
    )
    return (scenario,)


def _letters_gain(scenario: Scenario) -> float:
    def unknown_ones(trial: Trial, random_state: int) -> Recommender:
        return scenario.guard(Popularity().fit(trial.matrix), trial)

    letters = replace(scenario, k=3, metric="hit_rate", baseline=unknown_ones)
    found = run_scenario(letters, random_state=SEED)
    return float(found.against("groups, guarded").difference.mean)


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "14.1",
        "Group number `group` of your people (their groups are in `labels`) gets a name after its "
        "most typical item: 'those who have met it'; `has_met` says of each person whether she "
        "has. For which share of the group's members is the name wrong (within 0.005 is near "
        "enough)?",
        _named,
        expected=_does_not_fit,
        hint="The name is given to every member of the group: look at the members only, and count "
        "those whom it does not fit.",
        tolerance=0.005,
    ),
    Variant(
        "14.2",
        "`answers` says whether one person has met some typical items of a group of your table (1) "
        "or not (0). `start` is the share of people in that group, `guess` how often others have "
        "met such an item, `slip` how often members have not. Write the probability that she "
        "belongs to the group, after the last answer.",
        first(_beliefs),
        others(_beliefs),
    ),
    Variant(
        "14.3",
        "`people` says of each person whether she is busier than most (`busy`), and whether she "
        "has met two items (`met_a`, `met_b`). Suppose that being busy is the only thing that "
        "decides who meets A. Which share of all people would have met B, if all had met A "
        "(within 0.005 is near enough)?",
        _two_items,
        expected=_if_all_had,
        hint="Among those who met A there are more busy people than among all. Take the share who "
        "met B among the busy ones with A, and among the others with A, and weigh the two.",
        nudge="Weigh the two shares by how many busy and less busy people there are in all, "
        "whether they met A or not.",
        tolerance=0.005,
    ),
    Variant(
        "14.4",
        "Somebody is tired of hits: an item suits her if its class is at most "
        "`capacity`. `scores` says how much her group likes some items of your table, and `risk` "
        "how well known they are, from 1 to 5. Write the positions of the `k` best that suit her, "
        "best first.",
        first(_lists),
        others(_lists),
    ),
    Variant(
        "14.5",
        "`baskets` has a row for each of some people of your table and a column for each of your "
        "most popular items; above 0 means that she has met it. Write the lift of the items `a` "
        "and `b`.",
        first(_baskets),
        others(_baskets),
    ),
    Variant(
        "14.6",
        "People of your table who have much in common are tied: `rows` holds every tie in both "
        "directions, `held` some ties that are kept for the test, each in one direction. Write "
        "what may stay in the training log, in its order.",
        first(_ties),
        others(_ties),
    ),
    Variant(
        "14.7",
        "`ages` says how long before her latest event somebody's events happened, in days (or, "
        "without times, how many events came after them). Write their weights, a half after each "
        "`half_life`.",
        first(_ages),
        others(_ages),
    ),
    Variant(
        "14.8",
        "`scenario` describes your table as a field, with a rule: none of the best known tenth of "
        "the items. You send letters with three items each, today the most popular ones that obey "
        "the rule, and ask whether a letter holds anything that somebody met later. Replace what "
        "this changes, run it, and give the mean gain of groups that obey the rule over today's "
        "letters (within 0.005 is near enough).",
        _field,
        expected=_letters_gain,
        hint="Metric, length and baseline change: three parts of the scenario. And only letters "
        "that obey the rule may be compared with today's.",
        nudge="`dataclasses.replace` makes the new scenario; today's letter is Popularity, fitted "
        "on trial.matrix, under scenario.guard. Then run_scenario, and `against` with the name of "
        "a model.",
        tolerance=0.005,
    ),
)
