"""Variants of chapter 17 on a class's own table: what is handed out, said, read and left open."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pandas as pd

from recsys_tutorial.evaluation import paired_bootstrap
from recsys_tutorial.exercises.own.cutting import first, kept, others, telling
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.judging import judged
from recsys_tutorial.exercises.own.material import Material, some

QUESTIONS = ["purpose", "people", "items", "events", "ratings", "times", "kinds", "contact"]


def _item_names(material: Material) -> list[str]:
    """Titles of the items, with the id where another one has the same title."""
    titles = material.titles
    counts = Counter(titles)
    pairs = zip(titles, material.items, strict=True)
    return [title if counts[title] == 1 else f"{title} ({item})" for title, item in pairs]


@kept
def _outputs(material: Material) -> list[tuple]:
    names, found = _item_names(material), []
    for n_users, length, k in [(3, 5, 2), (5, 6, 3), (4, 4, 9), (8, 8, 4), (12, 10, 3)]:
        rows = material.sample(n_users, f"17.1 {n_users}")
        users = [str(material.users[row]) for row in rows]
        ranked, seen = {}, {}
        for group in sorted(set(material.labels[rows].tolist())):
            counts = np.asarray(material.matrix[material.labels == group].sum(axis=0)).ravel()
            best = np.argsort(-counts, kind="stable")[:length]
            ranked[group] = [names[column] for column in best]
        shown = set().union(*ranked.values())
        for user, row in zip(users, rows, strict=True):
            met = {names[column] for column in material.matrix[row].indices}
            # Two or three are enough to see the point.
            seen[user] = set(sorted(met & shown)[:3])
        found.append((users, material.labels[rows].tolist(), ranked, seen, k))
    return telling("17.1", found)


@kept
def _verdicts(material: Material) -> list[tuple]:
    """Compare simple recommenders in pairs, on all people and on a few."""
    found = judged(material)
    order = material.rng("17.2").permutation(len(found.rows))
    pairs = [
        ("groups", "popularity"),
        ("groups by lot", "popularity"),
        ("item neighbours", "groups by lot"),
    ]
    candidates = []
    for size, (one, other) in product((len(order), 8, 20), pairs):
        mine, theirs = (found.ranks[name][2][order[:size]] for name in (one, other))
        gain = paired_bootstrap(mine, theirs, n_draws=500).difference
        means = [round(float(values.mean()), 4) for values in (mine, theirs)]
        ends = [round(float(end), 4) + 0.0 for end in (gain.low, gain.high)]
        candidates.append((*means, *ends))
        candidates.append((*means[::-1], -ends[1] + 0.0, -ends[0] + 0.0))
    return telling("17.2", candidates, n=8)


def _days(material: Material) -> tuple[list[str]]:
    """Write some days of the table as the shop did: day first."""
    when = pd.to_datetime(pd.Series(material.times), unit="s").dt.normalize().unique()
    days = sorted(pd.DatetimeIndex(when))
    # As many as fit with a day that could be a month.
    early = [day for day in days if day.day <= 12]
    late = [day for day in days if day.day > 12]
    chosen = [early[i] for i in some(range(len(early)), 5)] if early else []
    chosen += [late[i] for i in some(range(len(late)), 3)] if late else []
    order = material.rng("17.3").permutation(len(chosen))
    return ([chosen[i].strftime("%d/%m/%Y") for i in order],)


def _moved(dates: list[str]) -> int:
    parts = [(int(text[:2]), int(text[3:5])) for text in dates]
    return sum(day <= 12 and day != month for day, month in parts)


@kept
def _columns(material: Material) -> list[tuple]:
    """Ids and numbers of the table, as texts, some of them spoiled as files spoil them."""
    users, items = ([str(one) for one in ids[:5]] for ids in (material.users, material.items))
    counts = material.activity[material.busiest[:5]].tolist()
    plain = [str(count) for count in counts]
    more = [str(int(count - np.median(material.activity))) for count in counts[-4:]]
    candidates = [
        (users,),
        (plain,),
        ([f"{count:04d}" for count in counts],),
        ([*plain[:2], "guest", plain[2]],),
        ([*more, "-1", "0"],),
        (items,),
        (["0", *plain[:2]],),
        ([f"0{plain[0]}", plain[1], "x"],),
        ([f"{count}.0" for count in counts[:3]],),
    ]
    return telling("17.4", candidates, n=9)


@kept
def _cards(material: Material) -> list[tuple]:
    """Fill in a card as far as the table can answer."""
    ratings = material.events["rating"]
    answers = {
        "items": f"{material.n_items:,}",
        "people": f"{material.n_users:,}",
        "events": f"{len(material.events):,}",
        "ratings": f"{ratings.min():g} to {ratings.max():g}" if material.has("ratings") else " ",
        "contact": "",
        "year": "this one",
    }
    answers |= {"times": "known"} if material.has("times") else {}
    answers |= {"kinds": "known"} if material.has("items") else {}
    turned = {key: answers[key] for key in sorted(answers)}
    blank = {key: "   " for key in answers} | {"purpose": f"{material.n_users} people"}
    candidates = [
        (QUESTIONS, answers),
        (QUESTIONS[::-1], turned),
        (QUESTIONS[2:], blank),
        (["purpose", "contact"], answers),
        (QUESTIONS, {}),
        (QUESTIONS[:4], dict.fromkeys(QUESTIONS, f"{material.n_items} items")),
    ]
    return telling("17.5", candidates, n=6)


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "17.1",
        "`users` are some people of your table, `labels` their groups, `ranked` the items of each "
        "group, best first, and `seen` what each person has met. Write what should be handed out: "
        "for each person the pair of her group and her first `k` items that she has not met.",
        first(_outputs),
        others(_outputs),
    ),
    Variant(
        "17.2",
        "Two recommenders were compared on people of your table: `ndcg` and `popular` are their "
        "means (of 1 over the place of the first right item, in the place of nDCG), `low` and "
        "`high` the ends of the interval of the gain. Write the verdict: 'better', 'worse' or "
        "'cannot be told'.",
        first(_verdicts),
        others(_verdicts),
    ),
    Variant(
        "17.3",
        "`dates` are days of your table, the day written first. A program reads the month first "
        "wherever that gives a date, and otherwise the day first. How many of them end up on "
        "another day?",
        _days,
        expected=_moved,
        needs=("times",),
        instead="write down the birthdays of ten of you, the day first, and count by hand how many "
        "would move.",
        hint="Take them one by one: is the first number a month at all, and does the swap change "
        "it?",
        nudge="Strike out those whose first number is above twelve, and those with two equal "
        "numbers.",
    ),
    Variant(
        "17.4",
        "`cells` are ids of your table, as texts (and, later, numbers from it, as files spoil "
        "them). Write the rule: whole numbers if every cell is one in its plain form, otherwise "
        "all as they stand.",
        first(_columns),
        others(_columns),
    ),
    Variant(
        "17.5",
        "`answers` fills in a card about your table as far as the table itself can answer. Write "
        "which of the `questions` are still open, in their order.",
        first(_cards),
        others(_cards),
    ),
)
