"""The next film: histories as rows of item numbers, networks that read them, and what to beat.

Taught in chapter 8.  A history is chopped into rows; at every place of a row the network has seen
the items so far and is asked for the next one.  Item 0 stands for "nothing here": rows of short
histories begin with zeros.  TensorFlow is imported only when a network is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.datasets import DataError, Interactions

if TYPE_CHECKING:
    import keras

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


def target_ranks(
    scores: np.ndarray, questions: NextItemQuestions, *, places: slice = slice(None)
) -> np.ndarray:
    """Rank of the item that came next among all items that the user had not met before.

    Parameters
    ----------
    scores : ndarray, shape (n, n_items + 1)
        One row per question, higher is better; column 0, "nothing", never takes part.
    questions : NextItemQuestions
        The questions.
    places : slice
        Which questions the scores belong to; by default all.

    Returns
    -------
    ndarray of float, shape (n,)
        1 is best.  Items with the same score as the target count half: a score that says nothing
        must not win by the order of the items.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> asked = NextItemQuestions(
    ...     np.array([[0, 1]]), np.array([2]), np.array([7]), sparse.csr_array([[0, 1, 0, 0]])
    ... )
    >>> target_ranks(np.array([[9.0, 8.0, 1.0, 2.0]]), asked)
    array([2.])
    """
    targets, seen = questions.targets[places], questions.seen[places]
    if scores.shape != (len(targets), seen.shape[1]):
        raise ValueError(f"Scores of shape {scores.shape}; {(len(targets), seen.shape[1])} wanted.")
    blocked = seen.toarray() != 0
    blocked[:, 0] = True
    own = np.take_along_axis(scores, targets[:, None], axis=1)
    better = ((scores > own) & ~blocked).sum(axis=1)
    level = ((scores == own) & ~blocked).sum(axis=1)
    return 1 + better + (level - 1) / 2


def hit_and_ndcg(ranks: np.ndarray, users: np.ndarray, k: int = 20) -> pd.DataFrame:
    """Hit rate and nDCG of questions with one right answer, averaged within each user.

    Parameters
    ----------
    ranks : ndarray, shape (n_questions,)
        Rank of the right answer (see `target_ranks`).
    users : ndarray, shape (n_questions,)
        Whose question it is.
    k : int
        Places that count.

    Returns
    -------
    DataFrame
        Indexed by user, columns ``hit`` and ``ndcg``.

    Examples
    --------
    >>> hit_and_ndcg(np.array([1, 3, 50]), np.array(["a", "b", "b"]), k=20).values.tolist()
    [[1.0, 1.0], [0.5, 0.25]]
    """
    inside = ranks <= k
    table = pd.DataFrame({"hit": inside * 1.0, "ndcg": inside / np.log2(ranks + 1)})
    return table.groupby(np.asarray(users)).mean().rename_axis("user")


def build_next_item_gru(
    n_items: int,
    n_events: int = 28,
    *,
    width: int = 32,
    dropout: float = 0.2,
    learning_rate: float = 3e-3,
    random_state: int = 0,
) -> keras.Model:
    """Build a recurrent network that scores every item at every place of a row.

    Parameters
    ----------
    n_items, n_events : int
        Number of items, and items per row.
    width : int
        Numbers per item, and units of the GRU.
    dropout : float
        Share of numbers silenced in each training step.
    learning_rate : float
        Of Adam.
    random_state : int
        Seed of the weights, and of the shuffling and dropout of a training that follows.

    Returns
    -------
    keras.Model
        A compiled network from (n, n_events) item numbers to (n, n_events, n_items + 1) scores.
        The same table of item vectors serves the input and the output ("tied").
    """
    import keras

    keras.utils.set_random_seed(random_state)
    numbers, vectors, embedding = _embedded(n_items, n_events, width)
    state = keras.layers.GRU(width, return_sequences=True, name="state")(
        keras.layers.Dropout(dropout)(vectors)
    )
    state = keras.layers.Dropout(dropout)(state)
    return _scored(numbers, state, embedding, n_items, learning_rate)


def build_next_item_transformer(
    n_items: int,
    n_events: int = 28,
    *,
    width: int = 32,
    n_heads: int = 2,
    dropout: float = 0.2,
    learning_rate: float = 3e-3,
    random_state: int = 0,
) -> keras.Model:
    """Build a causal transformer of one block that scores every item at every place of a row.

    Parameters
    ----------
    n_items, n_events, width, dropout, learning_rate, random_state
        As in `build_next_item_gru`.
    n_heads : int
        Attention heads; they share the width.

    Returns
    -------
    keras.Model
        As in `build_next_item_gru`.  A place attends to itself and to earlier places only.
    """
    import keras

    keras.utils.set_random_seed(random_state)
    layers = keras.layers
    numbers, vectors, embedding = _embedded(n_items, n_events, width)
    place = keras.ops.arange(n_events) + 0 * numbers
    state = vectors + layers.Embedding(n_events, width, name="places")(place)
    state = layers.Dropout(dropout)(state)
    heads = layers.MultiHeadAttention(n_heads, width // n_heads, dropout=dropout, name="heads")
    met = heads(layers.LayerNormalization()(state), state, use_causal_mask=True)
    state = state + met
    inner = layers.Dense(2 * width, activation="relu")(layers.LayerNormalization()(state))
    state = layers.LayerNormalization()(state + layers.Dropout(dropout)(layers.Dense(width)(inner)))
    return _scored(numbers, state, embedding, n_items, learning_rate)


def _embedded(
    n_items: int, n_events: int, width: int
) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.layers.Layer]:
    import keras

    numbers = keras.Input((n_events,), dtype="int32", name="numbers")
    embedding = keras.layers.Embedding(n_items + 1, width, name="items")
    return numbers, embedding(numbers), embedding


def _scored(
    numbers: keras.KerasTensor,
    state: keras.KerasTensor,
    embedding: keras.layers.Layer,
    n_items: int,
    learning_rate: float,
) -> keras.Model:
    """Compare the state at each place with the vector of every item, and compile."""
    import keras

    # A sum with 0 * input makes the numbers of all items part of the graph: the table of vectors
    # is then looked up anew in every step, and learns from the output as well as from the input.
    every = keras.ops.arange(n_items + 1) + 0 * numbers[0, 0]
    scores = keras.ops.matmul(state, keras.ops.transpose(embedding(every)))
    model = keras.Model(numbers, scores)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss=loss)
    return model


def score_next(model: keras.Model, contexts: np.ndarray, *, batch_size: int = 256) -> np.ndarray:
    """Scores of all items for what follows the last item of each row.

    Parameters
    ----------
    model : keras.Model
        From `build_next_item_gru` or `build_next_item_transformer`.
    contexts : ndarray of int, shape (n, n_events)
        The latest items, oldest first, zeros on the left.
    batch_size : int
        Rows at a time; the scores of all places of a batch are in memory at once.

    Returns
    -------
    ndarray of float32, shape (n, n_items + 1)
        Higher is better.
    """
    import keras

    starts = range(0, len(contexts), batch_size)
    pieces = [model(contexts[s : s + batch_size], training=False) for s in starts]
    return np.concatenate([keras.ops.convert_to_numpy(piece[:, -1]) for piece in pieces])
