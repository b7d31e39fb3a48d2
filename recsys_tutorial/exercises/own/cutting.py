"""Histories, topics, maps and lists, cut from a class's table for the variants of chapters 7 to 12.

Everything is small, so that a learner can look at it, and the same every time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.cluster.hierarchy import leaves_list, linkage
from sklearn.cluster import KMeans

from recsys_tutorial.exercises.engine import find_exercise, same
from recsys_tutorial.exercises.own.material import SEED, Material, need

# A candidate is given up when nothing new was seen in so many.
PATIENCE = 600


def kept(make: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function of a material be computed once for each material.

    Parameters
    ----------
    make : callable
        Takes a material and, by position, what else it needs; its results are not to be changed.

    Returns
    -------
    callable
        The same, with a memory that lives as long as the material.
    """

    @wraps(make)
    def remembering(material: Material, *more: Any) -> Any:
        memory = vars(material).setdefault("_cut", {})
        key = (make.__module__, make.__name__, *more)
        if key not in memory:
            memory[key] = make(material, *more)
        return memory[key]

    return remembering


def telling(exercise_id: str, candidates: Iterable[tuple], n: int = 5) -> list[tuple]:
    """Choose inputs on which the usual mistakes of an exercise show.

    A table may be such that a wrong function is right on it: where all histories are equally
    long, two kinds of mean are one.  So the first candidates are taken, and then those that tell
    apart what the first ones did not.

    Parameters
    ----------
    exercise_id : str
        A function exercise.
    candidates : iterable of tuple
        Arguments for its function, the ones to be preferred first; those on which a known answer
        stops with an error are passed over.
    n : int
        How many are taken in any case.

    Returns
    -------
    list of tuple
        Some of the candidates.

    Raises
    ------
    UnfitError
        If there is not one, or if most of the mistakes show on none.
    """
    exercise = find_exercise(exercise_id)
    wrong = [mistake.wrong for mistake in exercise.mistakes]
    hidden, chosen = set(range(len(wrong))), list[tuple]()
    for tried, candidate in enumerate(candidates):
        shown = _shown(exercise.expected, wrong, candidate, exercise.tolerance)
        if shown is not None and (len(chosen) < n or shown & hidden):
            chosen.append(candidate)
            hidden -= shown
        if tried >= PATIENCE or (len(chosen) >= n and not hidden):
            break
    need(
        chosen and 2 * len(hidden) <= len(wrong),
        "The table is too small or too uniform for this exercise: most of the usual mistakes would "
        "pass for right. Bring a longer one.",
    )
    return chosen


def _shown(
    right: Callable, wrong: list[Callable], candidate: tuple, tolerance: float
) -> set[int] | None:
    """Numbers of the mistakes that an input tells from the right answer; None if one stops."""
    try:
        # An input by which the right function divides by 0 would puzzle a learner.
        with np.errstate(divide="raise", invalid="raise"):
            answer = right(*candidate)
        with np.errstate(all="ignore"):
            others = [one(*candidate) for one in wrong]
    except Exception:  # a mistake may stop in any way
        return None
    return {i for i, other in enumerate(others) if not same(answer, other, tolerance)}


def first(choose: Callable[[Material], list[tuple]]) -> Callable[[Material], tuple]:
    """Make the `inputs` of a variant from a function that lists all its argument tuples.

    Parameters
    ----------
    choose : callable
        Gives the argument tuples for a material.

    Returns
    -------
    callable
        Gives the first of them.
    """
    return lambda material: choose(material)[0]


def others(choose: Callable[[Material], list[tuple]]) -> Callable[[Material], list[tuple]]:
    """Make the `more` of a variant from the same function as `first`.

    Parameters
    ----------
    choose : callable
        Gives the argument tuples for a material.

    Returns
    -------
    callable
        Gives all but the first.
    """
    return lambda material: choose(material)[1:]


@kept
def histories(material: Material) -> list[np.ndarray]:
    """List what each user met, the longest history first.

    Parameters
    ----------
    material : Material
        The class's table.

    Returns
    -------
    list of ndarray of int
        Columns of ``material.matrix``: oldest first or, without times, the most popular first.
    """
    events = material.events.assign(
        column=material.items.get_indexer(pd.Index(material.events["item"]))
    )
    order = ["timestamp", "column"] if material.has("times") else ["column"]
    rows = material.users.get_indexer(pd.Index(events["user"]))
    events = events.assign(row=rows).sort_values(["row", *order], kind="stable")
    ends = np.cumsum(material.activity)[:-1]
    by_user = np.split(events["column"].to_numpy(), ends)
    return [by_user[row] for row in material.busiest]


@kept
def names(material: Material) -> list[str]:
    """Name each column of the matrix; where two items have one title, with the id.

    Parameters
    ----------
    material : Material
        The class's table.

    Returns
    -------
    list of str
        No two are the same.
    """
    counts = Counter(material.titles)
    named = zip(material.titles, material.items, strict=True)
    return [title if counts[title] == 1 else f"{title} ({item})" for title, item in named]


@kept
def item_vectors(material: Material, n: int = 8) -> np.ndarray:
    """Describe items by who met them; rows of length 1.

    Parameters
    ----------
    material : Material
        The class's table.
    n : int
        Numbers per item, at most.

    Returns
    -------
    ndarray of shape (n_items, n)
        Near means met by the same people.
    """
    scaled = sparse.diags(1 / np.sqrt(np.maximum(material.activity, 1))) @ material.matrix
    scaled = scaled @ sparse.diags(1 / np.sqrt(np.maximum(material.popularity, 1)))
    dense = np.asarray((scaled.T @ scaled).todense())
    values, directions = np.linalg.eigh(dense)
    short = directions[:, ::-1][:, :n] * np.sqrt(np.maximum(values[::-1][:n], 0))
    # Turned so that the largest entry is positive: the sign of an axis is a whim of libraries.
    largest = short[np.abs(short).argmax(axis=0), np.arange(short.shape[1])]
    short = short * np.where(largest < 0, -1, 1)
    lengths = np.linalg.norm(short, axis=1, keepdims=True)
    return np.asarray(np.round(short / np.where(lengths > 0, lengths, 1), 6))


@kept
def item_groups(material: Material, k: int = 5) -> np.ndarray:
    """Group items that the same people met.

    Parameters
    ----------
    material : Material
        The class's table.
    k : int
        Groups at most.

    Returns
    -------
    ndarray of int, shape (n_items,)
        Numbers from 0, every group has an item.
    """
    vectors = item_vectors(material)
    k = min(k, len(np.unique(vectors, axis=0)))
    labels = KMeans(k, n_init=1, random_state=SEED).fit_predict(vectors)
    return np.unique(labels, return_inverse=True)[1]


@kept
def mixes(material: Material, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Count, for each user, the groups of items in the older and the later half of her history.

    Parameters
    ----------
    material : Material
        The class's table.
    k : int
        Groups at most.

    Returns
    -------
    before, after : ndarray of int, shape (n, n_groups)
        The longest history first; users with one event are left out.
    """
    groups = item_groups(material, k)
    n = int(groups.max()) + 1
    long = [history for history in histories(material) if len(history) > 1]
    need(len(long) >= 6, "Fewer than six people met two items or more: bring a longer table.")
    halves = [(h[: len(h) // 2], h[len(h) // 2 :]) for h in long]
    before, after = (
        np.array([np.bincount(groups[pair[side]], minlength=n) for pair in halves])
        for side in (0, 1)
    )
    return before, after


@kept
def interest_maps(
    material: Material, n_users: int = 12, n_events: int = 8, n_topics: int = 6
) -> np.ndarray:
    """Draw interest maps of the users with the longest histories.

    Parameters
    ----------
    material : Material
        The class's table.
    n_users, n_events, n_topics : int
        Their number and size; a row is one event, a column one topic.

    Returns
    -------
    ndarray of shape (n_users, n_events, n_topics)
        Soft memberships, rows of sum 1; missing events are rows of zeros at the top.
    """
    member = _topics(item_vectors(material), n_topics)
    rows = [member[h[-n_events:]] for h in histories(material)[:n_users] if len(h) > 2]
    need(len(rows) >= 4, "Fewer than four people met three items or more: bring a longer table.")
    return np.array([np.pad(r, [(n_events - len(r), 0), (0, 0)]) for r in rows]).round(3)


def _topics(vectors: np.ndarray, n_topics: int, temperature: float = 0.3) -> np.ndarray:
    """Soft membership of every item in topics; neighbouring topics are alike."""
    k = min(n_topics, len(np.unique(vectors, axis=0)))
    need(k >= 4, "The items were met by nearly the same people: bring a table with more kinds.")
    found = KMeans(k, n_init=1, random_state=SEED).fit(vectors)
    order = leaves_list(linkage(found.cluster_centers_, "average"))
    weights = np.exp(-(found.transform(vectors)[:, order] ** 2) / temperature)
    member = weights / weights.sum(axis=1, keepdims=True)
    return np.pad(member, [(0, 0), (0, n_topics - k)])


@kept
def popular_lists(material: Material, k: int | None = None) -> dict[int, list[int]]:
    """Make everybody a list of what she has not met, the most popular first.

    Parameters
    ----------
    material : Material
        The class's table.
    k : int, optional
        Length at most; without it, the whole shelf.

    Returns
    -------
    dict
        Row of the user: columns of the items, ranked by the part to learn from.
    """
    train = material.train_matrix
    order = np.argsort(-np.asarray(train.sum(axis=0)).ravel(), kind="stable")
    seen = train.toarray()[:, order] > 0
    return {row: order[~seen[row]][:k].tolist() for row in range(material.n_users)}


@kept
def neighbour_lists(material: Material, k: int | None = None) -> dict[int, list[int]]:
    """Make everybody a list of what she has not met, by items that are alike.

    Parameters
    ----------
    material : Material
        The class's table.
    k : int, optional
        Length at most; without it, the whole shelf.

    Returns
    -------
    dict
        As in `popular_lists`.
    """
    train = material.train_matrix
    scores = train @ cosine_table(train)
    # Rounded, so that the last digit, which differs between machines, decides nothing.
    scores = np.where(train.toarray() > 0, -np.inf, scores.round(9))
    order = np.argsort(-scores, axis=1, kind="stable")
    unseen = np.asarray(material.n_items - train.getnnz(axis=1))
    return {row: order[row, : unseen[row]][:k].tolist() for row in range(material.n_users)}


def cosine_table(matrix: sparse.csr_matrix) -> np.ndarray:
    """Compare all items by who met them.

    Parameters
    ----------
    matrix : csr_matrix, shape (n_users, n_items)
        1 where a user met an item.

    Returns
    -------
    ndarray, shape (n_items, n_items)
        Cosines; 0 on the diagonal, and for items that nobody met.
    """
    lengths = np.sqrt(np.maximum(np.asarray(matrix.sum(axis=0)).ravel(), 1))
    table = np.asarray((matrix.T @ matrix).todense()) / lengths / lengths[:, None]
    np.fill_diagonal(table, 0)
    return table


@kept
def wanted(material: Material) -> dict[int, set[int]]:
    """List what was held out of each user.

    Parameters
    ----------
    material : Material
        The class's table.

    Returns
    -------
    dict
        Row of the user: columns of her test items; users without one are left out.
    """
    test = material.test_matrix
    rows = {row: set(test[row].indices.tolist()) for row in range(material.n_users)}
    found = {row: items for row, items in rows.items() if items}
    need(len(found) >= 6, "Fewer than six people have an item held out: bring a longer table.")
    return found
