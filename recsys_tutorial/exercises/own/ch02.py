"""Chapter 2 on a class's own table: holes, shares, scaling, the latest event, what leaks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import Material, need, some
from recsys_tutorial.preprocessing import normalise_rows, standardise

LOST = 0.04
Tables = tuple[pd.DataFrame, pd.DataFrame]


def _losses(material: Material) -> tuple[int, int, float]:
    return material.n_users, material.topics.shape[1], LOST


def _lost_people(n_people: int, n_columns: int, share: float) -> float:
    return float(n_people * (1 - (1 - share) ** n_columns))


def _counts(material: Material, name: str, size: int) -> tuple[pd.DataFrame]:
    table = material.topics.iloc[material.sample(size, name)].copy()
    need(table.shape[1] > 1, "All things are of one kind, so there are no shares to compare.")
    # Somebody who has just arrived: rows of zeros are what the exercise is about.
    table.iloc[0] = 0
    return (table,)


def _two_crowds(material: Material, name: str, n_train: int, n_test: int) -> Tables:
    drawn = material.rng(name).permutation(material.n_users)
    n_train = min(n_train, material.n_users * 2 // 3)
    train = material.habits.iloc[drawn[:n_train]]
    test = material.habits.iloc[drawn[n_train : n_train + n_test]]
    spread = train.std(ddof=0) > 0
    need(spread.any(), "Everybody has equally many things, so there is nothing to scale.")
    return train.loc[:, spread], test.loc[:, spread]


def _history(material: Material, name: str, n_people: int) -> tuple[pd.DataFrame]:
    """Some people's events in no order; some people are left with a single one."""
    rows = material.sample(n_people, name)
    events = material.events[material.events["user"].isin(material.users[rows])]
    # Two events of one second have no order.
    events = events.drop_duplicates(["user", "timestamp"]).sample(frac=1.0, random_state=0)
    lonely = set(some(range(len(rows)), 3))
    single = events["user"].isin(material.users[[rows[place] for place in lonely]])
    most = np.where(single, 1, 6)
    events = events[events.groupby("user").cumcount().to_numpy() < most]
    repeated = events.groupby("user").size().max() > 1
    need(repeated, "Nobody came back at another time, so nobody has a latest event to hold out.")
    return (events[["user", "item", "timestamp"]].reset_index(drop=True),)


def _prepared(counts: pd.DataFrame, things: pd.Series, order: np.ndarray) -> pd.DataFrame:
    """Prepare people in five ways; two of them look at everybody in the table."""
    columns = [
        normalise_rows(counts)[counts.columns[0]],
        standardise(things.to_frame())[0]["things"],
        np.log1p(things),
        things.rank(pct=True),
        np.minimum(things, 10.0),
    ]
    named = {letter: columns[place] for letter, place in zip("ABCDE", order, strict=True)}
    return pd.DataFrame(named).round(6)


def _before_and_after(material: Material) -> Tables:
    rows = material.sample(60, "02.5")
    counts, things = material.topics.iloc[rows], material.habits["things"].iloc[rows]
    need(things.nunique() > 1, "Everybody has equally many things, so nothing is to be scaled.")
    order, kept = material.rng("02.5").permutation(5), rows.size * 2 // 3
    everybody = _prepared(counts, things, order).iloc[:kept]
    return everybody, _prepared(counts.iloc[:kept], things.iloc[:kept], order)


def _changed(before_the_split: pd.DataFrame, after_the_split: pd.DataFrame) -> set[str]:
    differ = (before_the_split != after_the_split).any()
    return set(differ.index[differ])


def _soiled(material: Material, name: str, size: int) -> tuple[pd.DataFrame, float, float]:
    """Draw rows of the log, and spoil some: holes, impossible ratings, repeated pairs."""
    events, rng = material.events[["user", "item", "rating"]], material.rng(name)
    low, high = (float(limit) for limit in events["rating"].agg(["min", "max"]))
    drawn = events.iloc[rng.permutation(len(events))[:size]].astype({"rating": float})
    n = len(drawn)
    again = drawn.iloc[: n // 3].assign(rating=rng.choice([low, high, high + 94], size=n // 3))
    # What is spoilt comes first, so that the order of the rules matters.
    dirty = pd.concat([again, drawn, drawn.iloc[n // 2 : n // 2 + n // 6]], ignore_index=True)
    dirty.loc[rng.permutation(len(dirty))[: max(1, n // 8)], "rating"] = np.nan
    return dirty, low, high


VARIANTS = (
    Variant(
        "02.1",
        "Describe your `n_people` people by `n_columns` counts each, and let a `share` of the "
        "cells get lost at random. How many people have a hole in their row, on average, and would "
        "be dropped? A number within 2 percent counts.",
        _losses,
        expected=_lost_people,
        hint="How likely is it that one person keeps all of her cells? Multiply the chances of "
        "cells that stay; the others are lost.",
        tolerance=0.02,
    ),
    Variant(
        "02.2",
        "`table` counts what some of your people met, by kind; the first of them has just arrived. "
        "Write the function that turns each row into shares.",
        lambda material: _counts(material, "02.2", 30),
        lambda material: [_counts(material, f"02.2 {size}", size) for size in (6, 15)],
    ),
    Variant(
        "02.3",
        "`train` and `test` describe two crowds of your people by how many things they have and by "
        "how many people have these. Standardise both without peeking.",
        lambda material: _two_crowds(material, "02.3", 40, 12),
        lambda material: [_two_crowds(material, f"02.3 {n}", 20, n) for n in (1, 4)],
    ),
    Variant(
        "02.4",
        "`events` are some people's events, in no order. Mark each person's latest event, but "
        "leave those alone who have only one.",
        lambda material: _history(material, "02.4", 40),
        lambda material: [_history(material, f"02.4 {n}", n) for n in (6, 15)],
        needs=("times",),
        instead="If the rows of the file stand in the order in which things happened, number them "
        "and name that column: own_data(table, timestamp='number').",
    ),
    Variant(
        "02.5",
        "The same people of your table were prepared in five ways (columns A to E), once with "
        "everybody in the table and once after the test people had left it. Which columns must "
        "wait for the split? Give a set of letters.",
        _before_and_after,
        expected=_changed,
        hint="Compare the two tables column by column. Nobody touched these people: a column that "
        "differs has learnt from others.",
    ),
    Variant(
        "02.6",
        "`events` are rows of your table, spoilt on purpose: holes, repeated pairs, ratings beyond "
        "`low` and `high`. Write the cleaning, with a report that accounts for every row.",
        lambda material: _soiled(material, "02.6", 200),
        lambda material: [_soiled(material, f"02.6 {size}", size) for size in (12, 40)],
    ),
)
