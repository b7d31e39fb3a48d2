"""Variants of chapter 11 on a class's own table: metrics, leaks, intervals and corrections."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import norm

from recsys_tutorial.evaluation import ndcg_at_k
from recsys_tutorial.exercises.own.cutting import (
    first,
    kept,
    neighbour_lists,
    others,
    popular_lists,
    telling,
    wanted,
)
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import Material, need, some

PLACES = 10
MOST_JUDGED = 120
# What the columns of exercise 4 claim to be, each computed from the part to learn from.
CLAIMS = {
    "people": "the number of people who met the item",
    "share": "the share of all events that are events of the item, in per cent",
    "busy": "the mean number of items met by the people who met the item",
    "place": "the place of the item, by the number of people, ties in order of the ids",
    "alone": "how many of the people who met the item met no more than two items in all",
}


# About the results table of exercise 7.
SENTENCES = {
    "A": "Neighbours find more than popularity does.",
    "B": "Whether neighbours or popularity find more is left open by this test.",
    "C": "The items in neighbours' lists were met by at most half as many people as those in the "
    "popular lists (in the geometric mean).",
    "D": "One person's list from neighbours is more varied than her popular list, as the coverage "
    "says.",
    "E": "All neighbours' lists together show more different items than all popular lists do.",
    "F": "Who wants news should draw by lot, as the novelty says.",
    "G": "Next year, with other people, neighbours will reach this nDCG again.",
}


@kept
def _long_list(material: Material) -> tuple[int, int, int]:
    """A popular list of a quarter of the shelf, for somebody who finds something in it."""
    n_shown = max(5, material.n_items // 4)
    relevant, lists = wanted(material), popular_lists(material, n_shown)
    full = [row for row in relevant if len(lists[row]) == n_shown]
    need(full, "Nobody has enough items left for a long list: bring a table with more items.")
    hits = {row: len(set(lists[row]) & relevant[row]) for row in full}
    # Several things to find, of which the list holds some.
    row = max(full, key=lambda r: (0 < hits[r] < len(relevant[r]), min(hits[r], 9)))
    return n_shown, len(relevant[row]), hits[row]


def _f1(n_shown: int, n_wanted: int, n_hits: int) -> float:
    # The harmonic mean of hits / shown and hits / wanted; 0 if there is no hit.
    return 2 * n_hits / (n_shown + n_wanted)


@kept
def _hit_lists(material: Material) -> list[tuple]:
    relevant = wanted(material)

    def cuts() -> Iterator[tuple]:
        for lists in (neighbour_lists(material, 12), popular_lists(material, 12)):
            for row in relevant:
                hits = np.array([int(item in relevant[row]) for item in lists[row]])
                yield from ((hits, len(relevant[row]), k) for k in (6, 4, 2) if len(hits) >= k)
        # One list for everybody, of whom nothing is known yet: there is more to find.
        for row in material.sample(60, "11.2"):
            hits = material.matrix[[row]].toarray()[0, :6].astype(int)
            yield from ((hits, int(material.activity[row]), k) for k in (5, 3, 2, 1))

    cut = list(cuts())
    with_hits, without = [c for c in cut if c[0].any()], [c for c in cut if not c[0].any()]
    need(with_hits, "No list found anything that was held out: bring a longer table.")
    return telling("11.2", [*_some_of(with_hits, 4), *without[:1], *with_hits, *without])


def _some_of(sequence: list, n: int) -> list:
    """Take at most n members, evenly."""
    return [sequence[place] for place in some(range(len(sequence)), n)]


@kept
def _first_hits(material: Material) -> tuple[list[int | None]]:
    """Where the first hit stands for five people; None if it is not among the ten."""
    relevant, lists = wanted(material), neighbour_lists(material, PLACES)
    ranks = {
        row: next((r for r, item in enumerate(lists[row], 1) if item in relevant[row]), None)
        for row in relevant
    }
    found = sorted((rank, row) for row, rank in ranks.items() if rank)
    none = [row for row, rank in ranks.items() if rank is None]
    need(found, "No list found anything that was held out: bring a longer table.")
    rows = [row for _, row in _some_of(found, 5 - bool(none))] + none[:1]
    return ([ranks[row] for row in sorted(rows)],)


def _mean_reciprocal(first_hits: list[int | None]) -> float:
    return float(np.mean([1 / rank if rank else 0.0 for rank in first_hits]))


def _notes(events: pd.DataFrame) -> pd.DataFrame:
    """What the columns of exercise 4 should hold, made from some events."""
    met = events.groupby("user")["item"].size()
    per_event = events.assign(met=events["user"].map(met))
    of_item = per_event.groupby("item")["met"]
    people = of_item.size()
    order = people.sort_values(ascending=False, kind="stable")
    return pd.DataFrame(
        {
            "people": people,
            "share": (100 * people / len(events)).round(3),
            "busy": of_item.mean().round(3),
            "place": pd.Series(range(1, len(order) + 1), index=order.index),
            "alone": (per_event["met"] <= 2).groupby(per_event["item"]).sum(),
        }
    )


@kept
def _with_leaks(material: Material) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict]:
    """Events to learn from, those held out, five columns of which two have seen both, claims."""
    columns = ["user", "item"]
    train = material.train.events[columns].reset_index(drop=True)
    test = material.test.events[columns].reset_index(drop=True)
    need(len(test) > 5, "Hardly anything can be held out of this table: bring a longer one.")
    honest, leaky = _notes(train), _notes(pd.concat([train, test]))
    items = honest["place"].sort_values().index[:12]
    honest, leaky = honest.loc[items], leaky.loc[items]
    rng = material.rng("11.4")
    differ = [kind for kind in CLAIMS if not honest[kind].equals(leaky[kind])]
    need(differ, "What is held out of this table changes nothing that can be counted.")
    lying = set(rng.permutation(differ)[:2])
    letters = dict(zip("ABCDE", rng.permutation(list(CLAIMS)), strict=True))
    notes = {x: (leaky if kind in lying else honest)[kind] for x, kind in letters.items()}
    return train, test, pd.DataFrame(notes), {x: CLAIMS[kind] for x, kind in letters.items()}


def _lying(
    train: pd.DataFrame, test: pd.DataFrame, notes: pd.DataFrame, claims: dict[str, str]
) -> set[str]:
    honest, kind_of = _notes(train).loc[notes.index], {text: kind for kind, text in CLAIMS.items()}
    return {
        letter
        for letter, claim in claims.items()
        if not np.allclose(notes[letter], honest[kind_of[claim]])
    }


@kept
def _judged_pairs(material: Material) -> list[tuple]:
    """The nDCG of each person's whole shelf, by items that are alike and by popularity."""
    relevant = wanted(material)
    rows = some(list(relevant), MOST_JUDGED)
    shelves = neighbour_lists(material), popular_lists(material)
    a, b = (
        np.array([ndcg_at_k(lists[row], relevant[row], len(lists[row])) for row in rows]).round(3)
        for lists in shelves
    )
    rng = material.rng("11.5")

    def cut(n: int, n_draws: int) -> tuple:
        people = some(range(len(rows)), n)
        return a[people], b[people], rng.integers(len(people), size=(n_draws, len(people)))

    return telling("11.5", [cut(*size) for size in ((6, 12), (8, 20), (12, 40), (30, 60), (6, 15))])


@kept
def _p_values(material: Material) -> list[tuple]:
    """Test whether one half of the people, drawn by lot, meets an item more often.

    Groups made from the same table would not do: that they differ is how they were made.
    """
    rng, n = material.rng("11.6"), material.n_users
    lots = np.array([rng.permutation(np.arange(n) < n // 2) for _ in range(8)]).astype(float)
    inside, size = np.asarray((material.matrix.T @ lots.T).T), n // 2
    gap = inside / size - (material.popularity - inside) / (n - size)
    share = material.popularity / n
    error = np.sqrt(share * (1 - share) * (1 / size + 1 / (n - size)))
    p = (2 * norm.sf(np.abs(gap) / np.where(error > 0, error, 1))).round(4)

    def cuts() -> Iterator[tuple]:
        for n, row in ((4, row) for row in p):
            yield (row[some(range(min(material.n_items, 40)), n)],)
        # Items with like p-values, out of order: there the rules differ.
        for n, step in ((4, 3), (3, 2), (6, 5), (9, 2)):
            for row in p:
                order = np.argsort(row, kind="stable")
                starts = some(range(len(row) - n + 1), 16) if len(row) >= n else []
                yield from (
                    (row[order[start : start + n][np.arange(n) * step % n]],) for start in starts
                )

    return telling("11.6", cuts(), 5)


@kept
def _results(material: Material) -> tuple[pd.DataFrame, tuple[float, float], dict[str, str]]:
    """A results table for lists of ten, an interval in pairs, and sentences about both."""
    relevant = wanted(material)
    rows = some(list(relevant), MOST_JUDGED)
    rng = material.rng("11.7")
    popular, alike = popular_lists(material), neighbour_lists(material)
    shelves = {
        "popularity": {row: popular[row][:PLACES] for row in rows},
        "neighbours": {row: alike[row][:PLACES] for row in rows},
        "by lot": {row: rng.permutation(popular[row])[:PLACES].tolist() for row in rows},
    }
    bits = -np.log2(material.popularity / material.n_users)
    found, table = {}, {}
    for name, lists in shelves.items():
        found[name] = [ndcg_at_k(lists[row], relevant[row], PLACES) for row in rows]
        shown = [item for row in rows for item in lists[row]]
        table[name] = (np.mean(found[name]), len({*shown}) / material.n_items, bits[shown].mean())
    gain = np.array(found["neighbours"]) - found["popularity"]
    means = gain[rng.integers(len(rows), size=(1000, len(rows)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975]).round(3)
    report = pd.DataFrame(table, index=["nDCG", "coverage", "novelty"]).T.round(3)
    return report, (float(low), float(high)), SENTENCES


def _carried(
    report: pd.DataFrame, interval: tuple[float, float], sentences: dict[str, str]
) -> set[str]:
    popular, alike = report.loc["popularity"], report.loc["neighbours"]
    low, high = interval
    carries = {
        "A": low > 0,
        "B": low <= 0 <= high,
        "C": alike["novelty"] - popular["novelty"] >= 1,
        "D": False,  # coverage says nothing about one list
        "E": alike["coverage"] > popular["coverage"],
        "F": False,  # traits are no goals
        "G": False,  # one split, offline
    }
    return {letter for letter in sentences if carries[letter]}


VARIANTS = (
    Variant(
        "11.1",
        "One of your people is shown a quarter of all items of your table, the most popular ones "
        "that she has not met. The inputs are how many she is shown, how many were held out "
        "because she met them, and how many of these she is shown. Predict F1; a guess within "
        "0.005 is right.",
        _long_list,
        expected=_f1,
        hint="Precision divides the hits by the items shown, recall by the items held out. F1 is "
        "their harmonic mean, not the arithmetic one.",
        nudge="The harmonic mean is twice the product of the two over their sum; it lies near the "
        "smaller one.",
        tolerance=0.005,
    ),
    Variant(
        "11.2",
        "Write the average precision of lists for your own people. The inputs are 1 or 0 for each "
        "place of one person's list, best first, the number of items held out of her history, "
        "and k.",
        first(_hit_lists),
        others(_hit_lists),
    ),
    Variant(
        "11.3",
        "Five of your people got lists of ten; the input is the rank of each one's first hit, and "
        "None where there is none. Predict the mean reciprocal rank; a guess within 0.005 is "
        "right.",
        _first_hits,
        expected=_mean_reciprocal,
        hint="One number for each person, then their mean. What is a list without a hit worth?",
        tolerance=0.005,
    ),
    Variant(
        "11.4",
        "Your table was split into events to learn from (train) and events held out (test). The "
        "columns of notes describe items, and claims says what each column claims to be, computed "
        "from train alone. Which columns have seen the test? Answer with a set of letters.",
        _with_leaks,
        expected=_lying,
        hint="Compute one column after the other from train, and compare. A column that has seen "
        "the test comes out right only with both parts together.",
        nudge="train.groupby('item') counts the people of each item, and train.groupby('user') "
        "the items of each person; begin with the column that is easiest to count.",
    ),
    Variant(
        "11.5",
        "Write the interval in pairs for two recommenders of your table. The inputs are the nDCG "
        "of a few people under neighbours of items (a) and under popularity (b), and the draws.",
        first(_judged_pairs),
        others(_judged_pairs),
    ),
    Variant(
        "11.6",
        "Your people were divided into two halves by lot, and for each of a few items it was "
        "tested whether one half meets it more often; the input holds the p-values. Correct them: "
        "what is small among many is small by chance.",
        first(_p_values),
        others(_p_values),
    ),
    Variant(
        "11.7",
        "The inputs are a results table of your own data, for lists of ten (novelty in bits); the "
        "95 % interval of the nDCG of neighbours minus that of popularity, in pairs; and seven "
        "sentences. Which of them do the table and the interval carry? Answer with a set of "
        "letters.",
        _results,
        expected=_carried,
        hint="Take one sentence after the other: which number would have to say it, and does it? "
        "No interval, no claim about who finds more; coverage is about all lists together.",
        nudge="One bit more of novelty means half as many people. An interval with 0 in it leaves "
        "the question open. What was never measured is not carried.",
    ),
)
