"""The figures in the questions of the class test, right and wrong: nothing is typed in by hand.

One function an item of `instructors/tests.yml` that says ``compute``.  It takes what the question
gives and returns the right value, and what each misconception makes of the same figures.  Wherever
an exercise has the misconception as a function, that function is used.  `tools/class_tests.py`
calls them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from recsys_tutorial.clustering import core_points, kmeans, neighbourhoods, silhouette_values
from recsys_tutorial.evaluation import precision_at_k, recall_at_k
from recsys_tutorial.exercises import find_exercise
from recsys_tutorial.preprocessing import impute_median, normalise_rows, standardise

RIGHT = "right"
Values = dict[str, Any]
Given = Mapping[str, Any]


def by_exercise(number: str, names: Sequence[str], *arguments: Any) -> Values:
    """Let an exercise answer: its right function, and those of some of its named mistakes."""
    exercise = find_exercise(number)
    wrong = {mistake.name: mistake.wrong for mistake in exercise.mistakes}
    answers = {f"{number} {name}": wrong[name](*arguments) for name in names}
    return {RIGHT: exercise.expected(*arguments), **answers}


def frame(table: Given) -> pd.DataFrame:
    """Make a table of what a question prints."""
    return pd.DataFrame(table["rows"], columns=table["columns"])


def column(numbers: Iterable[float]) -> np.ndarray:
    """Put numbers below each other: one row a user."""
    return np.array(list(numbers), dtype=float)[:, None]


def words(names: Iterable[str]) -> str:
    """Write names one after the other."""
    return ", ".join(names) or "none of them"


# Data -----------------------------------------------------------------------------------------


def viewers(log: Given, film: str) -> Values:
    """Count the viewers of a film in a log in which people come back."""
    events = frame(log).rename(columns={"film": "item", "song": "item", "listener": "user"})
    names = ("users counted twice", "drops whoever came twice", "one film per user")
    answers = by_exercise("01.4", names, events)
    return {name: int(counts.get(film, 0)) for name, counts in answers.items()}


def density(log: Given) -> Values:
    """Say which share of the cells of user and item is filled."""
    names = ("empty share", "largest id", "rows for users and items")
    return by_exercise("01.2", names, frame(log).set_axis(["user", "item"], axis=1))


def lost(table: Given) -> Values:
    """Count who is lost when every row with a hole is deleted."""
    users = frame(table).drop(columns="user").replace("–", np.nan)
    holes = int(users.isna().sum().sum())
    stay = len(users.dropna())
    return {
        RIGHT: len(users) - stay,
        "02.1 added up": holes,
        "02.1 those who stay": stay,
        "02.1 share of the cells": round(holes / users.shape[1]),
    }


STEPS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "fill the holes of a column with its median": lambda users: impute_median(users)[0],
    "divide each user's row by its sum": normalise_rows,
    "standardise the columns": lambda users: standardise(users)[0],
    "delete ratings of 99, which is no mark": lambda users: users.mask(users == 99),
    "divide each column by its largest value": lambda users: users / users.max(),
    "write 1 for every count above 0": lambda users: (users > 0).astype(float).mask(users.isna()),
    "fill the holes of a column with its mean": lambda users: users.fillna(users.mean()),
    "delete what robots on a fixed list did": lambda users: users.drop(index="robot"),
}


def looks_at_others(step: Callable[[pd.DataFrame], pd.DataFrame]) -> bool:
    """Try whether a step does something else to Ana when somebody else is different."""
    ana, robot = [1.0, np.nan, 3.0], [7.0, 7.0, 7.0]
    rows = [[[2.0, 4.0, 9.0], [5.0, 1.0, 2.0]], [[60.0, 40.0, 90.0], [50.0, 10.0, 20.0]]]
    tables = [pd.DataFrame([ana, *r, robot], index=["Ana", "b", "c", "robot"]) for r in rows]
    one, other = (step(table).loc["Ana"] for table in tables)
    return not one.equals(other)


def wait(steps: Sequence[str]) -> Values:
    """Say which steps must wait for the split: those that look at other users."""
    late = [looks_at_others(STEPS[step]) for step in steps]
    letters = "PQRS"

    def chosen(flags: Iterable[bool]) -> str:
        return words(letter for letter, flag in zip(letters, flags, strict=True) if flag)

    only = [flag and not any(late[:i]) for i, flag in enumerate(late)]
    return {
        RIGHT: chosen(late),
        "02.5 everything waits": chosen([True] * len(late)),
        "02.5 the other way round": chosen([not flag for flag in late]),
        "02.5 scaling forgotten": chosen(only),
    }


def latest(log: Given) -> Values:
    """Name the rows that the latest event of each user makes the test."""
    events = frame(log).drop(columns="row").set_axis(["user", "item", "timestamp"], axis=1)
    names = ("last rows", "oldest", "latest of the whole log")
    answers = by_exercise("02.4", names, events)
    return {name: words(str(row + 1) for row in np.flatnonzero(a)) for name, a in answers.items()}


# Clusters -------------------------------------------------------------------------------------


def objective(hours: Sequence[float], groups: Sequence[int], centres: Sequence[float]) -> Values:
    """Add up the K-means objective."""
    names = ("all centres", "not squared", "mean instead of sum")
    return by_exercise("03.2", names, column(hours), np.array(groups) - 1, column(centres))


def centre(hours: Sequence[float], groups: Sequence[int], centres: Sequence[float]) -> Values:
    """Move the centre of group 1."""
    names = ("old centre counted as a member", "divided by all users", "median")
    answers = by_exercise("03.3", names, column(hours), np.array(groups) - 1, column(centres))
    return {name: float(moved[0, 0]) for name, moved in answers.items()}


def loop(hours: Sequence[float], start: Sequence[float]) -> Values:
    """Run K-means by hand until nobody moves."""
    names = ("one round", "centres never moved", "old centre counted as a member")
    answers = by_exercise("03.4", names, column(hours), column(start))
    return {
        name: " and ".join(f"{place:.3g}" for place in moved.ravel())
        for name, moved in answers.items()
    }


def start(wide: float, high: float) -> Values:
    """Give J where K-means ends that starts between the left and the right pair."""
    users = np.array([[0, 0], [0, high], [wide, 0], [wide, high]], dtype=float)
    between = np.array([[wide / 2, 0], [wide / 2, high]])
    ended = kmeans(users, 2, init=between)
    return {
        RIGHT: ended.inertia,
        "03.5 best possible": kmeans(users, 2).inertia,
        "03.5 one cluster": kmeans(users, 1).inertia,
        "03.5 one user": ended.inertia / len(users),
    }


def kinds(places: Sequence[float], eps: float, least: int) -> Values:
    """Count core, border and noise points of DBSCAN."""
    users = column(places)

    def counted(eps: float, least: int) -> np.ndarray:
        near = neighbourhoods(users, eps)
        core = core_points(users, eps, least)
        beside = np.array([core[list(ids)].any() for ids in near])
        return np.array([core.sum(), (beside & ~core).sum(), (~beside & ~core).sum()])

    def told(counts: np.ndarray) -> str:
        return "{} core, {} border, {} noise".format(*counts)

    right = counted(eps, least)
    return {
        RIGHT: told(right),
        "04.3 strictly more than min_samples": told(counted(eps, least + 1)),
        "04.3 only strict neighbours": told(counted(eps * (1 - 1e-9), least)),
        "04.3 border called noise": told(right @ np.array([[1, 0, 0], [0, 0, 1], [0, 0, 1]])),
    }


def silhouette(hours: Sequence[float], groups: Sequence[int], who: int) -> Values:
    """Work out the silhouette of one viewer; the package must agree."""
    users, labels = column(hours), np.array(groups) - 1
    answers = by_exercise(
        "06.2", ("own point counted", "divided by a only", "sign flipped"), users, labels, who - 1
    )
    if not np.isclose(answers[RIGHT], silhouette_values(users, labels)[who - 1]):
        raise ValueError("exercise 06.2 and the package disagree about a silhouette")
    return answers


# Lists ----------------------------------------------------------------------------------------


def precision(shown: Sequence[str], watched: Sequence[str], catalogue: int) -> Values:
    """Give the precision of one list."""
    k, hits = len(shown), len(set(shown) & set(watched))
    wrong = len(shown) + len(watched) - 2 * hits
    return {
        RIGHT: precision_at_k(shown, set(watched), k),
        "10.1 recall": recall_at_k(shown, set(watched), k),
        "10.1 accuracy": 1 - wrong / catalogue,
        "10.1 divided by hits": hits / hits,
    }


def unseen(table: Given, k: int) -> Values:
    """Give the best films that she has not seen, best first."""
    films = frame(table).set_axis(["item", "score", "seen"], axis=1)
    names = ("seen films", "worst first", "best last")
    seen = (films["seen"] == "yes").to_numpy()
    answers = by_exercise("10.4", names, films["score"].to_numpy(), seen, k)
    return {name: words(films["item"].iloc[list(rows)]) for name, rows in answers.items()}


def shrunken(views: int, of: int, everybody: float, borrowed: int) -> Values:
    """Shrink the share of a film in a small group towards everybody's."""
    names = ("no shrinkage", "weights swapped", "borrowed viewings not counted")
    counts, overall = np.array([views, of - views]), np.array([everybody, 1 - everybody])
    answers = by_exercise("10.5", names, counts.astype(float), overall, float(borrowed))
    return {name: float(shares[0]) for name, shares in answers.items()}


def f1(hits: int, places: int, watched: int) -> Values:
    """Give the F1 of one list."""
    p, r = hits / places, hits / watched
    right = 2 * p * r / (p + r)
    return {
        RIGHT: right,
        "11.1 arithmetic mean": (p + r) / 2,
        "11.1 precision": p,
        "11.1 factor two forgotten": right / 2,
    }


COMPUTE: dict[str, Callable[..., Values]] = {
    function.__name__: function
    for function in (
        *(viewers, density, lost, wait, latest),
        *(objective, centre, loop, start, kinds, silhouette),
        *(precision, unseen, shrunken, f1),
    )
}
