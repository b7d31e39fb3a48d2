"""Exercises of chapter 1, the data of a recommender.

The mistakes are those of first readers of a log: counting events where people are meant, taking the
largest id for the number of items, and mixing up the empty and the filled share of a table.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from recsys_tutorial.datasets import load_movielens
from recsys_tutorial.exercises.engine import Exercise, Mistake

# MovieLens latest-small (2016): people, films and ratings, as `load_movielens` reports them.
N_USERS, N_ITEMS, N_EVENTS = 671, 9066, 100_004

PEOPLE = ("Ana", "Ben", "Cleo", "Dora", "Emil", "Finn")


def _log(rows: str) -> pd.DataFrame:
    """Turn "Ana-1 Ana-7" into a log; the rating of a row is its number, from 1."""
    pairs = [row.split("-") for row in rows.split()]
    users, items = zip(*pairs, strict=True)
    ratings = np.arange(1.0, len(pairs) + 1)
    return pd.DataFrame({"user": users, "item": [int(i) for i in items], "rating": ratings})


def _density(events: pd.DataFrame) -> float:
    return len(events) / (events["user"].nunique() * events["item"].nunique())


def _density_of_events_only(events: pd.DataFrame) -> float:
    return len(events) / len(events) ** 2


def _density_by_largest_id(events: pd.DataFrame) -> float:
    return float(len(events) / (events["user"].nunique() * events["item"].max()))


def _density_probes() -> list[tuple[pd.DataFrame]]:
    known = ["Ana-1 Ana-7 Ben-7 Cleo-9", "Ana-3 Ben-3 Ben-8 Cleo-3 Dora-20"]
    return [(_log(rows),) for rows in [*known, *_random_pairs(1, (5, 8, 14, 30))]]


def _random_pairs(seed: int, sizes: tuple[int, ...], *, repeats: bool = False) -> list[str]:
    """Rows of generated logs; the ids of the films have gaps, and repeats come on demand."""
    rng, logs = np.random.default_rng(seed), []
    pairs = [f"{user}-{item}" for user in PEOPLE for item in (2, 3, 5, 8, 13, 21, 34)]
    for size in sizes:
        logs.append(" ".join(rng.choice(pairs, size=size, replace=repeats)))
    return logs


def _jaccard(a: set, b: set) -> float:
    return len(a & b) / len(a | b)


def _jaccard_probes() -> list[tuple[set, set]]:
    return [
        ({"Alien", "Big", "Clue", "Dune"}, {"Clue", "Dune", "Emma"}),
        ({"Alien"}, {"Big", "Clue"}),
        ({"Alien", "Big"}, {"Big", "Alien", "Clue", "Dune", "Emma"}),
        ({"Alien", "Big"}, {"Alien", "Big"}),
        ({"Alien", "Big", "Clue"}, {"Big"}),
        (set("abcdefgh"), set("defghijklmn")),
        (set("abc"), set("xyz")),
    ]


def _viewers(events: pd.DataFrame) -> dict[Any, int]:
    return events.groupby("item")["user"].nunique().to_dict()


def _drop_whoever_came_twice(events: pd.DataFrame) -> dict[Any, int]:
    once = events.drop_duplicates(["user", "item"], keep=False)
    return once.groupby("item")["user"].size().to_dict()


def _one_film_per_user(events: pd.DataFrame) -> dict[Any, int]:
    return dict(Counter(events.drop_duplicates("user")["item"]))


def _viewer_probes() -> list[tuple[pd.DataFrame]]:
    twice = _log("Ana-1 Ana-1 Ben-1 Ben-2 Cleo-2 Ana-2 Ana-2")
    generated = [_log(rows) for rows in _random_pairs(3, (6, 12, 20, 60), repeats=True)]
    return [(_log("Ana-5 Ben-5 Ben-5 Cleo-5 Cleo-6"),), (twice,), *[(log,) for log in generated]]


@cache
def _ratings_per_film() -> np.ndarray:
    return load_movielens().events.groupby("item").size().to_numpy()


def _rare_films() -> float:
    return float((_ratings_per_film() < 5).mean())


def _ratings_of_rare_films() -> float:
    counts = _ratings_per_film()
    return float(counts[counts < 5].sum() / counts.sum())


EXERCISES = (
    Exercise(
        "01.1",
        "How full is the table?",
        "predict",
        lambda: N_EVENTS / (N_USERS * N_ITEMS),
        (
            Mistake(
                "upside down",
                lambda: N_USERS * N_ITEMS / N_EVENTS,
                "That is larger than 1, and a share cannot be. Which of the two is the part, "
                "and which the whole?",
            ),
            Mistake(
                "empty share",
                lambda: 1 - N_EVENTS / (N_USERS * N_ITEMS),
                "That is the share of the cells that are empty (the sparsity). "
                "The question asks for the filled ones.",
            ),
            Mistake(
                "number of cells",
                lambda: N_USERS * N_ITEMS,
                "That is how many cells the table has. How many of them hold a rating?",
            ),
            Mistake(
                "percent",
                lambda: 100 * N_EVENTS / (N_USERS * N_ITEMS),
                "That is in percent. Give the share, a number between 0 and 1.",
            ),
            Mistake(
                "ratings per user",
                lambda: N_EVENTS / N_USERS,
                "That is the mean number of ratings of a user. How many could she have given?",
            ),
            Mistake(
                "ratings per film",
                lambda: N_EVENTS / N_ITEMS,
                "That is the mean number of ratings of a film. How many could it have received?",
            ),
        ),
        "Count the cells of a table with one row per user and one column per film; "
        "then ask which share of them holds a rating.",
        "Write the number of cells as people times films. The ratings are the filled ones "
        "among them: the smaller number goes on top.",
        # 0.02 is right to one digit and counts; 0.01 does not.
        tolerance=4e-3,
    ),
    Exercise(
        "01.2",
        "Density of a log",
        "write",
        _density,
        (
            Mistake(
                "empty share",
                lambda events: 1 - _density(events),
                "That is the sparsity, the share of empty cells. Density is the filled share.",
            ),
            Mistake(
                "upside down",
                lambda events: 1 / _density(events),
                "Your share is larger than 1. Divide the filled cells by all cells.",
            ),
            Mistake(
                "largest id",
                _density_by_largest_id,
                "You took the largest film id for the number of films. Ids have gaps: "
                "count the different ones.",
            ),
            Mistake(
                "rows for users and items",
                _density_of_events_only,
                "The number of rows is the number of events. A user has many of them: "
                "count different users, and different films.",
            ),
            Mistake(
                "number of cells",
                lambda events: events["user"].nunique() * events["item"].nunique(),
                "That is the number of cells. Which share of them is filled?",
            ),
        ),
        "The table has one row per different user and one column per different film; nunique() "
        "counts what is different.",
        "Three numbers are enough: len(events), and the number of different values in each "
        "of two columns. Multiply two of them, then divide.",
        _density_probes,
    ),
    Exercise(
        "01.3",
        "How long is the tail?",
        "predict",
        _rare_films,
        (
            Mistake(
                "share of the ratings",
                _ratings_of_rare_films,
                "That is nearer to the share of the *ratings* that go to such films. "
                "The question asks for the share of the *films*.",
            ),
            Mistake(
                "the other films",
                lambda: 1 - _rare_films(),
                "That is nearer to the share of the films with five ratings or more.",
            ),
            Mistake(
                "percent",
                lambda: 100 * _rare_films(),
                "Give the share, a number between 0 and 1.",
            ),
            Mistake(
                "80 to 20",
                lambda: 0.8,
                "The rule of 80 to 20 speaks of events, and of other data. "
                "There are about eleven ratings per film here; read the picture once more.",
            ),
        ),
        "Look where the curve in the picture falls below five, and mind the logarithmic axis: "
        "most films lie in the last stretch of it.",
        "In code: count the ratings of each film with groupby('item').size(), compare the "
        "counts with 5, and take the mean of the trues and falses.",
        tolerance=0.05,
    ),
    Exercise(
        "01.4",
        "Viewers, not visits",
        "repair",
        _viewers,
        (
            Mistake(
                "users counted twice",
                lambda events: events.groupby("item").size().to_dict(),
                "A user who comes back is counted again. Count different users per film.",
            ),
            Mistake(
                "drops whoever came twice",
                _drop_whoever_came_twice,
                "Users who came twice are gone altogether. They are viewers: count them once.",
            ),
            Mistake(
                "one film per user",
                _one_film_per_user,
                "You kept one row per user, so each user counts for a single film. "
                "She may see many films: keep one row per user and film.",
            ),
            Mistake(
                "films per user",
                lambda events: events.groupby("user")["item"].nunique().to_dict(),
                "That counts the films of each user. Which column should the groups come from?",
            ),
            Mistake(
                "adds up ratings",
                lambda events: events.groupby("item")["rating"].sum().to_dict(),
                "You added the ratings. A viewer counts as one, whatever she thought of the film.",
            ),
        ),
        "Group by film, count different users, and return a dict from film to number.",
        "First keep one row for each pair of user and film (drop_duplicates takes a list of "
        "columns), then count rows per film.",
        _viewer_probes,
    ),
    Exercise(
        "01.5",
        "Jaccard similarity",
        "write",
        _jaccard,
        (
            Mistake(
                "divided by the smaller set",
                lambda a, b: len(a & b) / min(len(a), len(b)),
                "You divided by the smaller set (the overlap coefficient). Then whoever saw one "
                "film is the twin of everybody who saw it too. Jaccard divides by the union.",
            ),
            Mistake(
                "divided by the first set",
                lambda a, b: len(a & b) / len(a),
                "You divided by the size of the first set. Then Ana resembles Ben more than Ben "
                "resembles Ana. Jaccard divides by the union.",
            ),
            Mistake(
                "distance",
                lambda a, b: len(a ^ b) / len(a | b),
                "That is the share of films that only one of them saw: the Jaccard distance. "
                "Equal sets must give 1, not 0.",
            ),
            Mistake(
                "a count",
                lambda a, b: len(a & b),
                "That is how many films they share. Busy users share many films with everybody: "
                "divide by the films that either of them saw.",
            ),
            Mistake(
                "shared films counted twice",
                lambda a, b: len(a & b) / (len(a) + len(b)),
                "Adding the two sizes counts the shared films twice. How large is the union?",
            ),
            Mistake(
                "Dice",
                lambda a, b: 2 * len(a & b) / (len(a) + len(b)),
                "That is the Dice similarity, a cousin. Jaccard divides by the size of the union.",
            ),
            Mistake(
                "cosine",
                lambda a, b: len(a & b) / np.sqrt(len(a) * len(b)),
                "That is the cosine of the two sets. Jaccard divides by the size of the union.",
            ),
        ),
        "Python's sets know & (in both) and | (in either); len counts.",
        "Count two things: the films in a & b, and the films in a | b. The similarity is "
        "the first over the second.",
        _jaccard_probes,
    ),
)
