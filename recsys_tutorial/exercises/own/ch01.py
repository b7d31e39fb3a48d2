"""Chapter 1 on a class's own table: density, the tail, viewers, Jaccard, choices and opinions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import Material, need, some

VISITS = 300


def _sizes(material: Material) -> tuple[int, int, int]:
    return material.n_users, material.n_items, len(material.events)


def _filled_of_a_thousand(n_people: int, n_things: int, n_events: int) -> float:
    return 1000 * n_events / (n_people * n_things)


def _parts(material: Material) -> list[tuple[pd.DataFrame]]:
    """Smaller tables cut from the same log: half of the users, the ten most popular items."""
    events = material.events
    half = events["user"].isin(material.users[::2])
    popular = events["item"].isin(material.items[:10])
    few = events["user"].isin(material.users[material.sample(5, "01.2")])
    return [(events[rows].reset_index(drop=True),) for rows in (half, popular, few)]


def _tail(material: Material) -> tuple[np.ndarray, int]:
    # The whole table: the material has no tail, because it keeps the popular items.
    counts = np.sort(material.whole.events.groupby("item").size().to_numpy())[::-1]
    few = max(2, round(float(counts.mean()) / 2))
    return counts, few


def _share_below(counts: np.ndarray, few: int) -> float:
    return float((counts < few).mean())


def _visits(material: Material, name: str, size: int) -> tuple[pd.DataFrame]:
    """Draw rows with repeats, as if some people had come back."""
    events = material.events
    drawn = material.rng(name).integers(0, len(events), size=size)
    crowded = events[events["item"].isin(material.items[:8])]
    again = crowded.iloc[material.rng(name).integers(0, len(crowded), size=size)]
    visits = pd.concat([events.iloc[drawn], again, again.iloc[: size // 3]], ignore_index=True)
    columns = ["user", "item", "rating"]
    return (visits[columns].sample(frac=1.0, random_state=0).reset_index(drop=True),)


def _seen(material: Material, row: int) -> set[Any]:
    return set(material.items[material.matrix[row].indices])


def _pairs(material: Material) -> list[tuple[set, set]]:
    need(material.n_users >= 4, "Two people are compared: bring at least four.")
    rows = some(material.busiest, 9)
    pairs = zip(rows[:-1], rows[1:], strict=True)
    return [(_seen(material, a), _seen(material, b)) for a, b in pairs]


def _opinions(material: Material, name: str, n_people: int) -> tuple[pd.DataFrame]:
    """Some people's ratings of popular and of rare things, one of which none of them has met."""
    ratings = material.table_of(material.events, "rating")
    met = material.matrix
    rows = np.sort(material.rng(name).permutation(material.busiest[: 3 * n_people])[:n_people])
    known = np.asarray(met[rows].sum(axis=0)).ravel() > 0
    columns = [*some(np.flatnonzero(known), 5), *np.flatnonzero(~known)[:1]]
    people, things = material.users[rows], material.items[columns]
    marks = ratings[rows][:, columns].toarray()
    marks[met[rows][:, columns].toarray() == 0] = np.nan
    return (pd.DataFrame(marks, index=people, columns=things),)


VARIANTS = (
    Variant(
        "01.1",
        "Make the table of your class: a row for each person, a column for each thing. Of 1,000 of "
        "its cells, how many are filled, on average? A number within 5 percent counts.",
        _sizes,
        expected=_filled_of_a_thousand,
        hint="Count the cells of the table first: people times things. The events are the filled "
        "ones among them; their share, times 1,000, is asked for.",
        tolerance=0.05,
    ),
    Variant(
        "01.2",
        "Write a function of `events` (columns user and item) that returns the density of the log. "
        "Is yours fuller or emptier than MovieLens?",
        lambda material: (material.events,),
        _parts,
    ),
    Variant(
        "01.3",
        "`counts` says how many people each thing has, the most popular first. Draw it, then "
        "guess: which share of the things has fewer than `few` people? A guess within 0.05 counts.",
        _tail,
        expected=_share_below,
        hint="Things, not events: look where the curve falls below `few`, and ask which part of "
        "its length lies to the right. In code, compare the counts with `few` and average.",
        tolerance=0.05,
    ),
    Variant(
        "01.4",
        "`events` are visits drawn from your table, as if some people had come back. Mend the "
        "function: how many different people does each thing have, as a dict?",
        lambda material: _visits(material, "01.4", VISITS),
        lambda material: [_visits(material, f"01.4 {size}", size) for size in (20, 60)],
    ),
    Variant(
        "01.5",
        "`a` and `b` are the things of two busy people of your table. Write the function that "
        "gives their Jaccard similarity; it is tried on other pairs as well.",
        lambda material: _pairs(material)[0],
        lambda material: _pairs(material)[1:],
    ),
    Variant(
        "01.6",
        "`table` shows what some of your people think of some things, with holes. Mend the "
        "function: which share of the people chose each thing, and what is their mean opinion?",
        lambda material: _opinions(material, "01.6", 20),
        lambda material: [_opinions(material, f"01.6 {n}", n) for n in (5, 10)],
        needs=("ratings",),
        instead="Let everybody in the room rate five of the things from 1 to 5, and add the marks "
        "as a column.",
    ),
)
