"""Exercises of chapter 1, the data of a recommender.

The mistakes are those of first readers of a log: counting events where people are meant, taking the
largest id for the number of items, mixing up the empty and the filled share of a table, and
reading an empty cell as a dislike.
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

# What the rows of a film say: the share of the people who chose it, and their mean opinion.
Reading = dict[Any, tuple[float, float]]


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


def _reading(table: pd.DataFrame) -> Reading:
    return {f: (float(table[f].notna().mean()), float(table[f].mean())) for f in table.columns}


def _holes_are_zeros(table: pd.DataFrame) -> Reading:
    means = table.fillna(0).mean()
    return {film: (share, float(means[film])) for film, (share, _) in _reading(table).items()}


def _as_printed(table: pd.DataFrame) -> Reading:
    return {film: (1.0, mean) for film, (_, mean) in _holes_are_zeros(table).items()}


def _holes_are_average(table: pd.DataFrame) -> Reading:
    return _reading(table.fillna(table.mean()))


def _no_opinion_is_zero(table: pd.DataFrame) -> Reading:
    return {
        film: (share, 0.0 if share == 0 else mean)
        for film, (share, mean) in _reading(table).items()
    }


def _disliked_is_not_chosen(table: pd.DataFrame) -> Reading:
    return _reading(table.where(table >= 3))


def _shares_of_the_ratings(table: pd.DataFrame) -> Reading:
    n_ratings = float(table.notna().to_numpy().sum())
    counts = table.notna().sum() / n_ratings
    return {film: (float(counts[film]), mean) for film, (_, mean) in _reading(table).items()}


def _counts_of_people(table: pd.DataFrame) -> Reading:
    return {film: (share * len(table), mean) for film, (share, mean) in _reading(table).items()}


def _reading_probes() -> list[tuple[pd.DataFrame]]:
    gap, rng = np.nan, np.random.default_rng(6)

    def table(rows: list[list[float]]) -> pd.DataFrame:
        films = ["Alien", "Big", "Clue", "Dune", "Emma"][: len(rows[0])]
        return pd.DataFrame(rows, index=list(PEOPLE[: len(rows)]), columns=films)

    probes = [
        table([[5, 2, gap], [4, gap, gap], [gap, 1, gap]]),
        table([[5, 5, 1, gap], [1, 1, 5, gap], [5, gap, gap, gap], [2, 4, 3, 5]]),
    ]
    for n_people, n_films in [(4, 3), (5, 4), (6, 5), (6, 4)]:
        marks = rng.integers(1, 6, size=(n_people, n_films)).astype(float)
        marks[rng.random(marks.shape) < 0.4] = gap
        marks[0], marks[:, -1] = 4, gap  # somebody saw nearly all, and one film was never chosen
        probes.append(table(marks.tolist()))
    return [(probe,) for probe in probes]


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
    Exercise(
        "01.6",
        "What was chosen, and what was liked",
        "repair",
        _reading,
        (
            Mistake(
                "holes as zeros",
                _holes_are_zeros,
                "A hole became a rating of zero: everybody who never met a film now hates it. "
                "Opinions are the ratings that were given, and no others.",
            ),
            Mistake(
                "the version that was to be mended",
                _as_printed,
                "This is the version in the notebook: it lets everybody choose everything, and "
                "makes a zero of every hole. Both numbers of the pair are still to be mended.",
            ),
            Mistake(
                "disliked is not chosen",
                _disliked_is_not_chosen,
                "You left the low ratings out. Whoever gives a 2 has chosen the film all the same: "
                "a rating is a behaviour before it is an opinion.",
            ),
            Mistake(
                "people with a hole thrown away",
                lambda table: _reading(table.dropna()),
                "Everybody with a single hole is gone, and in a real log that is everybody. "
                "The holes belong to films, one by one.",
            ),
            Mistake(
                "holes filled with the mean",
                _holes_are_average,
                "You filled the holes, so everybody has chosen everything. "
                "Of people who never met a film we know neither that they chose it nor an opinion.",
            ),
            Mistake(
                "no opinion is a zero",
                _no_opinion_is_zero,
                "A film that nobody chose got the opinion 0, the worst of all. "
                "It has none: leave the mean missing.",
            ),
            Mistake(
                "share of the ratings",
                _shares_of_the_ratings,
                "You divided by the number of all ratings. Ask how many of the *people* chose it.",
            ),
            Mistake(
                "a count",
                _counts_of_people,
                "That is how many people chose the film. Which share of all of them is it?",
            ),
            Mistake(
                "exchanged",
                lambda table: {film: pair[::-1] for film, pair in _reading(table).items()},
                "You may have exchanged the two: first the share who chose it, then the opinion.",
            ),
        ),
        "Ask of each column twice: how many of the people have a number there at all, and what is "
        "the mean of the numbers that are there?",
        "notna() says who chose; mean() skips the holes unless somebody has filled them, and of "
        "a column without numbers it is missing. A dict with one pair per film holds both.",
        _reading_probes,
    ),
)
