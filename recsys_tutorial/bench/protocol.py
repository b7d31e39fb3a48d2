"""The rules of the bench: which people, what is held out, what is counted.

Used by ``python course.py bench``; chapters 11 and 18 read what came out.  Every method, ours or
another library's, is asked the same question: of the items that these users have not met, which
twenty would they meet next?
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.datasets import Interactions, load_insteval, load_movielens
from recsys_tutorial.datasets.shipped import read_checked
from recsys_tutorial.evaluation import find_hits, metrics_from_hits
from recsys_tutorial.features import genre_profiles
from recsys_tutorial.preprocessing import (
    Split,
    UserItemMatrix,
    split_latest,
    split_random,
    user_item_matrix,
)

K = 20
MIN_EVENTS = 20
DATASETS = ("movielens", "insteval")
SPLITS = ("latest", "random")
SEEDS = (0, 1, 2)


@dataclass(frozen=True, eq=False)
class Task:
    """One question: what a method may see, and what it is asked about.

    Attributes
    ----------
    train : UserItemMatrix
        1.0 where a user met an item.
    ratings : UserItemMatrix
        The ratings of the same events, for libraries that predict ratings.
    test : csr_array, shape (n_users, n_items)
        The held-out events, aligned with `train`.
    genres : ndarray, shape (n_users, n_genres)
        Genre profile of each user, from the training events: a description that needs no clusters.
    """

    train: UserItemMatrix
    ratings: UserItemMatrix
    test: sparse.csr_array
    genres: np.ndarray


@lru_cache(maxsize=2)
def load_log(data: str) -> Interactions:
    """Load a shipped data set, people with at least 20 events only.

    InstEval has no times, but says how many semesters ago a lecture was; that gives the order, and
    within a semester chance does.

    Parameters
    ----------
    data : {"movielens", "insteval"}
        Name of the data set.

    Returns
    -------
    Interactions
        With times.

    Raises
    ------
    ValueError
        If there is no such data set.

    Examples
    --------
    >>> load_log("insteval").n_users, load_log("insteval").n_events
    (1682, 58217)
    """
    if data not in DATASETS:
        raise ValueError(f"There is no data set {data!r}. Take one of {', '.join(DATASETS)}.")
    log = load_movielens() if data == "movielens" else _insteval_in_order()
    n_events = log.events.groupby("user")["item"].transform("size")
    return log.with_events(log.events[n_events >= MIN_EVENTS].reset_index(drop=True))


def _insteval_in_order() -> Interactions:
    raw = read_checked("insteval/ratings.csv.gz")
    semester = (raw["lectage"].max() - raw["lectage"]).to_numpy()
    chance = np.random.default_rng(0).permutation(len(raw))
    order = np.lexsort((chance, semester)).argsort()
    return Interactions.from_frame(raw.assign(timestamp=order), load_insteval().items)


def cut(log: Interactions, split: str, seed: int) -> Split:
    """Hold out a fifth of each user's events.

    Parameters
    ----------
    log : Interactions
        Events with times.
    split : {"latest", "random"}
        Which fifth.
    seed : int
        Seed of the random split; the latest events need none.

    Returns
    -------
    Split
        Training and test logs.

    Raises
    ------
    ValueError
        If there is no such split.

    Examples
    --------
    >>> [part.n_events for part in cut(load_log("movielens"), "latest", 0)]
    [80251, 19753]
    """
    if split not in SPLITS:
        raise ValueError(f"There is no split {split!r}. Take one of {', '.join(SPLITS)}.")
    return split_latest(log) if split == "latest" else split_random(log, random_state=seed)


def make_task(data: str, split: str, seed: int = 0, *, validation: bool = False) -> Task:
    """Build the question for one data set, split and seed.

    Parameters
    ----------
    data, split, seed
        As in `load_log` and `cut`.
    validation : bool
        Cut the training part once more by the same rule: for tuning, which may not see the test.

    Returns
    -------
    Task
        The question.

    Examples
    --------
    >>> task = make_task("movielens", "latest", validation=True)
    >>> task.train.values.nnz, task.test.nnz, task.train.shape
    (64455, 15796, (671, 9066))
    """
    parts = cut(load_log(data), split, seed)
    if validation:
        # Another seed: the same one would shuffle the two cuts alike.
        parts = cut(parts.train, split, seed + 1000)
    train = user_item_matrix(parts.train)
    profiles = genre_profiles(parts.train).reindex(train.users)
    return Task(
        train,
        user_item_matrix(parts.train, like=train, use_ratings=True),
        user_item_matrix(parts.test, like=train).values,
        profiles.to_numpy(float),
    )


def small_task(task: Task, n_users: int = 60) -> Task:
    """Keep the first users only: enough to warm a library up before the clock starts.

    Parameters
    ----------
    task : Task
        Any question.
    n_users : int
        How many users to keep.

    Returns
    -------
    Task
        The same question for fewer people.

    Examples
    --------
    >>> small_task(make_task("insteval", "latest")).train.shape
    (60, 1128)
    """

    def first(matrix: UserItemMatrix) -> UserItemMatrix:
        return UserItemMatrix(matrix.values[:n_users], matrix.users[:n_users], matrix.items)

    return Task(first(task.train), first(task.ratings), task.test[:n_users], task.genres[:n_users])


def judge(top: np.ndarray, task: Task) -> pd.DataFrame:
    """Measure lists with the metrics of chapter 11, the same code for every library.

    Parameters
    ----------
    top : ndarray of int, shape (n_users, k)
        Column numbers, best first; -1 for an empty place.
    task : Task
        The question that the lists answer.

    Returns
    -------
    DataFrame
        One row per user who has something held out; columns ``ndcg``, ``recall``, ``precision``.

    Raises
    ------
    ValueError
        If a list recommends what its user has met already, or an item twice.

    Examples
    --------
    >>> from recsys_tutorial.recommenders import Popularity
    >>> task = make_task("movielens", "latest")
    >>> float(judge(Popularity().fit(task.train).top_k(), task)["ndcg"].mean().round(4))
    0.0845
    """
    if find_hits(top, task.train.values).any():
        raise ValueError("A list holds an item that its user has met already.")
    n_relevant = np.diff(task.test.indptr)
    found = metrics_from_hits(
        find_hits(top, task.test)[n_relevant > 0], n_relevant[n_relevant > 0], K
    )
    users = task.train.users[n_relevant > 0]
    return pd.DataFrame({name: found[name] for name in ("ndcg", "recall", "precision")}, users)
