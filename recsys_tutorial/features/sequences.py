"""The next film: histories as rows of item numbers, and a chain of successors to beat.

Taught in chapter 8.  A history is chopped into rows; at every place of a row a network has seen the
items so far and is asked for the next one.  Item 0 stands for "nothing here": rows of short
histories begin with zeros.  The networks stand in `networks`, the ranks of answers in `evaluation`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.datasets import DataError, Interactions

TIES = ("item", "random")


@dataclass(frozen=True)
class NextItemQuestions:
    """Places of histories at which the next item is asked for.

    Attributes
    ----------
    contexts : ndarray of int32, shape (n_questions, n_events)
        The latest items before the question, oldest first; zeros on the left where there are fewer.
    targets : ndarray of int32, shape (n_questions,)
        The item that came next.
    users : ndarray, shape (n_questions,)
        Whose history it is.
    seen : csr_array of bool, shape (n_questions, n_items + 1)
        All items before the question, also those too old for the context.
    """

    contexts: np.ndarray
    targets: np.ndarray
    users: np.ndarray
    seen: sparse.csr_array

    def as_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets for a network that answers at every place: only the last one counts.

        Returns
        -------
        inputs, targets : ndarray of int32, shape (n_questions, n_events)
            The contexts, and targets that are 0 except in the last column.
        """
        targets = np.zeros_like(self.contexts)
        targets[:, -1] = self.targets
        return self.contexts, targets


@dataclass(frozen=True)
class NextItemData:
    """Histories as item numbers, split by time inside each of them.

    Attributes
    ----------
    items : Index
        The known items; item number ``i`` is ``items[i - 1]``, and 0 means "nothing here".
    histories : list of ndarray of int32
        The training part of each history, oldest first.
    inputs, targets : ndarray of int32, shape (n_rows, n_events)
        The training histories chopped into rows.  ``targets[r, t]`` follows ``inputs[r, t]``; a
        target of 0 asks nothing.
    validation, test : NextItemQuestions
        Questions from the later parts of the histories.
    """

    items: pd.Index
    histories: list[np.ndarray]
    inputs: np.ndarray
    targets: np.ndarray
    validation: NextItemQuestions
    test: NextItemQuestions

    @property
    def popularity(self) -> np.ndarray:
        """How often each item number occurs in training, shape (n_items + 1,); 0 for "nothing"."""
        counts = np.bincount(np.concatenate(self.histories), minlength=len(self.items) + 1)
        return counts.astype(float)


def order_events(
    interactions: Interactions,
    *,
    ties: str = "random",
    resolution: int = 1,
    random_state: int = 0,
) -> pd.DataFrame:
    """Put every user's events in order, and say what happens to those at the same time.

    Parameters
    ----------
    interactions : Interactions
        A log with times.
    ties : {"random", "item"}
        Order of a user's events at the same time: by chance, or by item id, which is what sorting
        by user, time and item does unasked.
    resolution : int
        Seconds that count as the same time; 86,400 forgets the order within a day.
    random_state : int
        Seed of the chance.

    Returns
    -------
    DataFrame
        The events, ordered by user and time.

    Raises
    ------
    DataError
        If the log has no times.
    ValueError
        If `ties` or `resolution` is unknown.

    Examples
    --------
    >>> log = pd.DataFrame({"user": [1, 1, 1], "item": [7, 3, 5], "timestamp": [60, 60, 0]})
    >>> log = Interactions.from_frame(log, rating=None)
    >>> order_events(log, ties="item")["item"].tolist()
    [5, 3, 7]
    """
    if not interactions.has_time:
        raise DataError("The log has no times, so its events have no order.")
    if ties not in TIES:
        raise ValueError(f"ties={ties!r} must be one of {TIES}.")
    if resolution < 1:
        raise ValueError(f"resolution={resolution} must be at least one second.")
    events = interactions.events.sort_values(["user", "timestamp", "item"], kind="stable")
    lot = np.arange(len(events))
    if ties == "random":
        lot = np.random.default_rng(random_state).permutation(len(events))
    moment = events["timestamp"] // resolution
    keyed = events.assign(_moment=moment, _lot=lot)
    ordered = keyed.sort_values(["user", "_moment", "_lot"], kind="stable")
    return ordered.drop(columns=["_moment", "_lot"]).reset_index(drop=True)


def next_item_data(
    events: pd.DataFrame,
    *,
    n_events: int = 28,
    min_ratings: int = 20,
    parts: tuple[float, float] = (0.7, 0.8),
    max_questions: int = 10,
) -> NextItemData:
    """Chop ordered histories into training rows, and cut questions from their later parts.

    Parameters
    ----------
    events : DataFrame
        Columns ``user`` and ``item``, ordered (see `order_events`).
    n_events : int
        Items per row.
    min_ratings : int
        Events that an item needs in training; the others are left out of all histories.
    parts : tuple of float
        Where the validation and the test part of each history begin.
    max_questions : int
        Most questions per user and part: the first ones of the part.

    Returns
    -------
    NextItemData
        Item numbers, training rows and questions.

    Raises
    ------
    ValueError
        If the parts are not in order, or no item has enough events.

    Examples
    --------
    >>> log = pd.DataFrame({"user": [1] * 10 + [2] * 10, "item": list("abababcacd") * 2})
    >>> data = next_item_data(log, n_events=4, min_ratings=2)
    >>> data.items.tolist(), data.inputs[:2].tolist(), data.targets[:2].tolist()
    (['a', 'b', 'c'], [[0, 0, 1, 2], [1, 2, 1, 2]], [[0, 0, 2, 1], [2, 1, 2, 3]])
    """
    begin, end = parts
    if not 0 < begin < end < 1:
        raise ValueError(f"parts={parts} must be two shares in ascending order, between 0 and 1.")
    place = events.groupby("user").cumcount()
    share = place / events.groupby("user")["item"].transform("size")
    counts = events.loc[share < begin, "item"].value_counts()
    items = pd.Index(np.sort(counts.index[counts >= min_ratings].to_numpy()), name="item")
    if len(items) == 0:
        raise ValueError(f"No item has {min_ratings} events in training. Ask for fewer.")
    known = events.assign(number=items.get_indexer(pd.Index(events["item"])) + 1, share=share)
    known = known[known["number"] > 0]
    histories: list[np.ndarray] = []
    rows: list[tuple[np.ndarray, np.ndarray]] = []
    later: dict[float, list[tuple[np.ndarray, int, object]]] = {begin: [], end: []}
    for user, hers in known.groupby("user"):
        numbers = hers["number"].to_numpy("int32")
        stops = np.searchsorted(hers["share"].to_numpy(), [begin, end, 1.0])
        histories.append(numbers[: stops[0]])
        rows += _chop(numbers[: stops[0]], n_events)
        for part, start, stop in zip(parts, stops, stops[1:], strict=False):
            asked = range(max(start, 1), min(stop, start + max_questions))
            later[part] += [(numbers[:t], numbers[t], user) for t in asked]
    inputs, targets = map(np.array, zip(*rows, strict=True))
    questions = [_questions(later[part], n_events, len(items)) for part in parts]
    return NextItemData(items, histories, inputs, targets, *questions)


def _pad(numbers: np.ndarray, n_events: int) -> np.ndarray:
    latest = numbers[-n_events:]
    return np.pad(latest, (n_events - len(latest), 0)).astype("int32")


def _chop(numbers: np.ndarray, n_events: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut a history into rows from its end, so that only the first row is padded."""
    stops = range(len(numbers), 1, -n_events)
    pieces = [numbers[max(0, stop - n_events - 1) : stop] for stop in stops]
    return [(_pad(piece[:-1], n_events), _pad(piece[1:], n_events)) for piece in pieces][::-1]


def _questions(
    asked: list[tuple[np.ndarray, int, object]], n_events: int, n_items: int
) -> NextItemQuestions:
    contexts = np.array([_pad(before, n_events) for before, _, _ in asked])
    lengths = [len(before) for before, _, _ in asked]
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(int)
    columns = np.concatenate([before for before, _, _ in asked] or [np.array([], dtype=int)])
    shape = (len(asked), n_items + 1)
    seen = sparse.csr_array((np.ones(len(columns), dtype=bool), columns, ends), shape=shape)
    targets = np.array([target for _, target, _ in asked], dtype="int32")
    return NextItemQuestions(contexts, targets, np.array([user for _, _, user in asked]), seen)


def transition_counts(histories: list[np.ndarray], n_items: int) -> sparse.csr_array:
    """Count what followed what: a first-order Markov chain, before it is divided by its row sums.

    Parameters
    ----------
    histories : list of ndarray of int
        Item numbers from 1 on, oldest first.
    n_items : int
        Number of items.

    Returns
    -------
    csr_array, shape (n_items + 1, n_items + 1)
        Cell (i, j): how often item j came directly after item i.

    Examples
    --------
    >>> transition_counts([np.array([1, 2, 1, 2])], 2).toarray().tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 2.0], [0.0, 1.0, 0.0]]
    """
    first = np.concatenate([history[:-1] for history in histories])
    second = np.concatenate([history[1:] for history in histories])
    shape = (n_items + 1, n_items + 1)
    return sparse.csr_array((np.ones(len(first)), (first, second)), shape=shape)
