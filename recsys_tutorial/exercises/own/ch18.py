"""Variants of chapter 18 on a class's own table: tuned, timed, weighed, and signed.

Seconds would differ from computer to computer, so steps of work and kept numbers stand for them.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from recsys_tutorial.exercises.own.cutting import first, kept, others, telling
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.judging import METHODS, THIRD, judged, reciprocal_ranks
from recsys_tutorial.exercises.own.material import Material, need

TRIES = 4
# From here on one machine may be too small.
MANY_EVENTS = 100_000_000


@kept
def _tuned(material: Material) -> list[tuple]:
    """Figures of five methods in four settings, on two halves of the people."""
    found, candidates = judged(material), []
    for cut in range(12):
        order = material.rng(f"18.1 {cut}").permutation(len(found.rows))
        halves = np.array_split(order, 2)
        validation, test = (found.figures(half) for half in halves)
        best = validation.max(axis=1, keepdims=True)
        # Where two settings are equally good, nobody can say which one is chosen.
        clear = (validation == best).sum(axis=1) == 1
        if clear.sum() > 1:
            candidates.append((validation[clear], test[clear]))
            candidates.append((validation[clear][:, :3], test[clear][:, :3]))
    clear_ones = [one for one in candidates if not _has_ties(one[0])]
    need(clear_ones, "On this table all settings are equally good: bring a longer one.")
    return telling("18.1", clear_ones)


def _has_ties(validation: np.ndarray) -> bool:
    best = validation.max(axis=1, keepdims=True)
    return bool(((validation == best).sum(axis=1) > 1).any())


@kept
def _rounds(material: Material) -> list[tuple]:
    """Count steps of work of three methods on parts of the table, large and small."""
    found = []
    for n_rounds in (3, 5, 7):
        rng = material.rng(f"18.2 {n_rounds}")
        order = rng.permutation(material.n_users)
        ends = (len(order) * (np.arange(1, n_rounds) / n_rounds) ** 2).astype(int)
        parts = np.split(order, np.unique(np.maximum(ends, 1)))
        rng.shuffle(parts)
        activity = [material.activity[part] for part in parts]
        work = {
            "pairs": [float((a * (a + 1) // 2).sum()) for a in activity],
            "events": [float(a.sum()) for a in activity],
            "people": [float(len(a)) for a in activity],
        }
        for one, other in (("pairs", "events"), ("events", "people"), ("pairs", "people")):
            found.append((np.array(work[one]), np.array(work[other])))
    return telling("18.2", found)


def _two_tools(material: Material) -> tuple[tuple[int, int], tuple[int, int]]:
    """One tool prepares pairs of items once, the other one goes through all events each time."""
    events, items = len(material.events), material.n_items
    pairs = int((material.activity.astype(np.int64) ** 2).sum())
    return (events + pairs, events), (items, items + events)


def _ahead_from(starts: tuple[int, int], fits: tuple[int, int]) -> int:
    return (starts[0] - starts[1]) // (fits[1] - fits[0]) + 1


def _tools(material: Material) -> tuple[pd.DataFrame]:
    found = judged(material)
    everybody = np.arange(len(found.rows))
    quality = found.figures(everybody)[:, 1].round(2)
    # Two digits are enough to compare costs; so ties show as ties.
    cost = [float(f"{found.numbers[name][1]:.2g}") for name in METHODS]
    table = pd.DataFrame({"tool": METHODS, "numbers kept": cost, "quality": quality})
    order = material.rng(f"18.4 {len(material.events)}").permutation(len(table))
    table = table.iloc[order]
    return (table.set_axis(list("ABCDE"), axis=0),)


def _on_the_front(tools: pd.DataFrame) -> set[str]:
    cost, quality = tools["numbers kept"].to_numpy(), tools["quality"].to_numpy()
    at_least = (cost[None] <= cost[:, None]) & (quality[None] >= quality[:, None])
    better = (cost[None] < cost[:, None]) | (quality[None] > quality[:, None])
    beaten = (at_least & better).any(axis=1)
    return {str(letter) for letter in tools.index[~np.asarray(beaten, dtype=bool)]}


@kept
def _fronts(material: Material) -> list[tuple]:
    found, candidates = judged(material), []
    orders = [material.rng(f"18.5 {i}").permutation(len(found.rows)) for i in range(6)]
    for order, size in zip(orders, (len(found.rows), 8, 12, 8, 20, 8), strict=True):
        figures = found.figures(order[:size])
        numbers = np.array([found.numbers[name] for name in METHODS], dtype=float)
        for columns, digits in product(([1], [0, 2], [0, 1, 2, 3]), (2, 1)):
            cost = numbers[:, columns].ravel()
            candidates.append((cost, figures[:, columns].ravel().round(digits)))
    return telling("18.5", candidates)


@kept
def _shares(material: Material) -> list[tuple]:
    """Mean reciprocal rank of a method and of the reference, on parts of the people."""
    found, candidates = judged(material), []
    busy = np.argsort(material.activity[found.rows], kind="stable")
    for n, (one, other) in product(
        (4, 3, 2), (("groups", "popularity"), ("item neighbours", "groups"))
    ):
        parts = np.array_split(busy, n)
        mine, theirs = (
            np.array([found.ranks[name][THIRD][part].mean() for part in parts]).round(4)
            for name in (one, other)
        )
        candidates.append((np.maximum(mine, 1e-4), np.maximum(theirs, 1e-4)))
    return telling("18.6", candidates)


@kept
def _comparisons(material: Material) -> tuple[pd.DataFrame]:
    """Set a hybrid of neighbours and groups beside rivals, fairly and unfairly."""
    found = judged(material)
    known = material.train_matrix[found.rows].toarray() > 0
    wanted = material.test_matrix[found.rows].toarray() > 0
    half = np.arange(len(known)) < len(known) // 2
    everybody = np.ones(len(known), dtype=bool)
    base = found.scores["item neighbours"]
    base = base / max(base.max(), 1e-9)

    def best(second: str | None, people: np.ndarray, tries: int = TRIES) -> float:
        """Reach of neighbours with something added to them, best of some weights."""
        extra = found.scores[second] if second else np.zeros_like(base)
        extra = extra / max(extra.max(), 1e-9)
        # Whoever can leave the addition out is no weaker than the neighbours alone.
        weights = (0.3, 0.1, 1.0, 0.0)[:tries]
        tried = [reciprocal_ranks(base + weight * extra, known, wanted) for weight in weights]
        return float(max(ranks[people].mean() for ranks in tried))

    alone = float(found.ranks["item neighbours"][THIRD].mean())
    popular = float(found.ranks["popularity"][0].mean())
    hybrid, everyone = best("groups", everybody), "all of them"
    rows = [
        ("the popular list", TRIES, 1, everyone, everyone, hybrid, popular),
        ("the same, with groups by lot", TRIES, TRIES, everyone, everyone, hybrid,
         best("groups by lot", everybody)),
        ("neighbours without groups", TRIES, 1, everyone, everyone, hybrid, alone),
        ("the same, with popularity for groups", TRIES, TRIES, "one half", "the other half",
         best("groups", half), best("popularity", ~half)),
        ("the same, with popularity for groups", TRIES, TRIES, everyone, everyone, hybrid,
         best("popularity", everybody)),
        ("the same, with groups by lot", TRIES, 1, everyone, everyone, hybrid,
         best("groups by lot", everybody, tries=1)),
    ]  # fmt: skip
    columns = ["rival of the hybrid", "tries of the hybrid", "tries of the rival"]
    columns += ["people of the hybrid", "people of the rival", "hybrid", "rival"]
    order = material.rng(f"18.7 {len(material.events)}").permutation(len(rows))
    table = pd.DataFrame([rows[i] for i in order], columns=columns, index=list("ABCDEF"))
    return (table.round(3),)


def _would_show(comparisons: pd.DataFrame) -> set[str]:
    alike = comparisons["rival of the hybrid"].str.startswith("the same")
    tries = comparisons["tries of the hybrid"] == comparisons["tries of the rival"]
    people = comparisons["people of the hybrid"] == comparisons["people of the rival"]
    return {str(letter) for letter in comparisons.index[alike & tries & people]}


def _advice(material: Material) -> tuple[dict[int, str], dict[str, object]]:
    """Nine lines of advice about tools, and what the table has."""
    users, items, events = material.n_users, material.n_items, material.whole.n_events
    lines = {
        1: f"implicit: fit it on the matrix with {items:,} rows, one per item, and ask for users",
        2: f"implicit: fit it on the matrix with {users:,} rows, one per person, and ask for users",
        3: "Surprise: let SVD predict the stars that are missing in this table",
        4: "LightFM: loss='warp' learns from who met what, without stars",
        5: "LightFM: give it the genres of this table's items as features",
        6: f"Spark: {events:,} events need a group of machines",
        7: "scikit-learn: NearestNeighbors(metric='cosine') finds people who are alike",
        8: "TensorFlow Recommenders: load its trained towers for these items",
        9: "hold out the latest fifth of each history for the test",
    }
    facts: dict[str, object] = {
        "people": users,
        "items": items,
        "events": events,
        "ratings": material.has("ratings"),
        "genres": material.has("items"),
        "times": material.has("times"),
    }
    return lines, facts


def _not_to_sign(lines: dict[int, str], facts: dict[str, object]) -> set[int]:
    wrong = {1, 8}
    wrong |= set() if facts["ratings"] else {3}
    wrong |= set() if facts["genres"] else {5}
    wrong |= set() if int(str(facts["events"])) >= MANY_EVENTS else {6}
    return wrong | (set() if facts["times"] else {9})


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "18.1",
        "Simple methods (rows) in some settings (columns) were judged on your table by 1 over the "
        "place of the first right item: `validation` on one half of the people, `test` on the "
        "other. Write what should be reported for each method.",
        first(_tuned),
        others(_tuned),
    ),
    Variant(
        "18.2",
        "Two methods worked on parts of your table, large and small: one part is one round. "
        "`seconds` and `reference` count their steps of work (in the place of seconds, which "
        "differ from computer to computer). Write the time ratio.",
        first(_rounds),
        others(_rounds),
    ),
    Variant(
        "18.3",
        "For your table one tool prepares all pairs of items once and then needs few steps for a "
        "list; the other one starts quickly and goes through all events for each list. `starts` "
        "and `fits` hold their steps to start, and for each list. From how many lists on is the "
        "first tool ahead?",
        _two_tools,
        expected=_ahead_from,
        hint="Write the total of either tool for n lists, and find the smallest n for which one is "
        "below the other.",
        nudge="The start costs the first tool a certain number of steps more, and every list wins "
        "some of them back. Answer with a whole number.",
    ),
    Variant(
        "18.4",
        "`tools` shows five simple methods on your table: how many numbers each has to keep (the "
        "cost), and its quality. Which are on the front? Answer with a set of letters.",
        _tools,
        expected=_on_the_front,
        hint="Go from few numbers to many, and remember the best quality so far; mind those that "
        "are equal in one of the two.",
        nudge="A tool is beaten if another one is at least as good and at least as cheap, and "
        "better in one of the two. Two that are equal in both do not beat each other.",
    ),
    Variant(
        "18.5",
        "`cost` counts the numbers that simple methods keep for your table, `quality` says how "
        "well they do. Write the front: True or False for each, in the order of the input.",
        first(_fronts),
        others(_fronts),
    ),
    Variant(
        "18.6",
        "`ndcg` and `reference` say how well a method and the reference serve parts of your "
        "people, from the least to the most busy (by 1 over the place of the first right item, in "
        "the place of nDCG). Write the one number for all parts.",
        first(_shares),
        others(_shares),
    ),
    Variant(
        "18.7",
        "`comparisons` sets a hybrid of item neighbours and groups of your people beside rivals, "
        "with what was reached on your table; whoever has four tries may also leave the addition "
        "out. Which of these comparisons could show that the groups help, or that they do not? "
        "Answer with a set of letters.",
        _comparisons,
        expected=_would_show,
        hint="Ask of each: if the groups meant nothing, could the hybrid still win?",
        nudge="The two sides may differ in one thing only, the groups: look at what the rival "
        "lacks, at how often each side could try, and at whom they were asked about.",
    ),
    Variant(
        "18.8",
        "A colleague who knows `facts` about your table wrote down which tools to use, in `lines`. "
        "Which lines would you not sign? Answer with a set of line numbers.",
        _advice,
        expected=_not_to_sign,
        hint="Ask of each line: does the library have this, is it meant for this, and does your "
        "table have what it needs?",
        nudge="Look up the orientation that implicit wants, what the towers come with, how many "
        "events one machine can take; then go through the facts one by one.",
    ),
)
