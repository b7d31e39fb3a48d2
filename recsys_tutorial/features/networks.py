"""Networks that read interest maps: the source article's two, and three that know about order.

Taught in chapters 7 and 8.  All have the same face, so that they can be compared on equal terms:
they take maps of shape (n, n_events, n_topics), their last hidden layer is called ``features`` and
their output, a mix of coarse topics, ``mix``.  Two more read rows of item numbers and score the
next item.  Keras is imported inside the functions: chapters without a network run on machines that
do not have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

_SEED_RANGE = 2**32


def build_interest_cnn(
    n_events: int = 28,
    n_topics: int = 28,
    n_targets: int = 10,
    *,
    dropout: float = 0.4,
    learning_rate: float = 1e-3,
    random_state: int = 0,
) -> keras.Model:
    """Build the article's network: Conv2D(32, 3x3), MaxPool(2), Flatten, Dense(64), softmax.

    Dropout is the one addition; it has no weights.

    Parameters
    ----------
    n_events, n_topics : int
        Rows and columns of an interest map.
    n_targets : int
        Number of coarse topics to predict.
    dropout : float
        Share of hidden units silenced in each training step.
    learning_rate : float
        Step size of Adam.
    random_state : int
        Seed of the weights, and of the shuffling and dropout of a training that follows.

    Returns
    -------
    keras.Model
        A compiled network: Adam, categorical cross-entropy.  The layer before the softmax is
        called ``features``.

    Raises
    ------
    ValueError
        If the map is smaller than the filter and its pooling need, or an option is out of range.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998), Gradient-Based Learning. [lecun1998gradient]

    Examples
    --------
    >>> build_interest_cnn().count_params()
    347146
    """
    if min(n_events, n_topics) < 4:
        raise ValueError(
            f"A map of {n_events} by {n_topics} is too small: a filter of 3 by 3 and its pooling "
            "need 4 rows and 4 columns."
        )
    layers = _start(n_events, n_topics, n_targets, dropout, learning_rate, random_state)
    hidden = [
        layers.Conv2D(32, (3, 3), activation="relu", name="filters"),
        layers.MaxPooling2D((2, 2), name="pooled"),
        layers.Flatten(name="flat"),
    ]
    shape = (n_events, n_topics, 1)
    return _sequential(shape, hidden, n_targets, dropout, learning_rate)


def build_dense_network(
    n_events: int = 28,
    n_topics: int = 28,
    n_targets: int = 10,
    *,
    hidden: tuple[int, ...] = (64, 32),
    dropout: float = 0.0,
    learning_rate: float = 1e-3,
    random_state: int = 0,
) -> keras.Model:
    """Build the article's second network, of dense layers only, on the mean of the map's rows.

    It cannot know the order of the events: the control for every network that can.

    Parameters
    ----------
    n_events, n_topics, n_targets, dropout, learning_rate, random_state
        As in `build_interest_cnn`.
    hidden : tuple of int
        Units of the dense layers; the last one is called ``features``.

    Returns
    -------
    keras.Model
        A compiled network.

    Raises
    ------
    ValueError
        If an option is out of range.

    Examples
    --------
    >>> build_dense_network().count_params()  # 28 * 64 + 64, 64 * 32 + 32, 32 * 10 + 10
    4266
    """
    if not hidden or min(hidden) < 1:
        raise ValueError(f"hidden={hidden} must name at least one layer of at least one unit.")
    layers = _start(n_events, n_topics, n_targets, dropout, learning_rate, random_state)
    body = [layers.GlobalAveragePooling1D(name="profile")]
    body += [
        layers.Dense(units, activation="relu", name=f"dense_{number}")
        for number, units in enumerate(hidden[:-1], start=1)
    ]
    shape = (n_events, n_topics)
    return _sequential(shape, body, n_targets, dropout, learning_rate, n_features=hidden[-1])


def build_conv1d_network(
    n_events: int = 28,
    n_topics: int = 28,
    n_targets: int = 10,
    *,
    n_filters: int = 64,
    dropout: float = 0.4,
    learning_rate: float = 1e-3,
    random_state: int = 0,
) -> keras.Model:
    """Build a convolution over time only: each filter sees all topics of three events running.

    Parameters
    ----------
    n_events, n_topics, n_targets, dropout, learning_rate, random_state
        As in `build_interest_cnn`.
    n_filters : int
        Number of filters.

    Returns
    -------
    keras.Model
        A compiled network.  The columns of its maps may stand in any order.

    Raises
    ------
    ValueError
        If the map has fewer than three rows, or an option is out of range.

    Examples
    --------
    >>> build_conv1d_network().count_params()
    10250
    """
    if n_events < 3:
        raise ValueError(f"n_events={n_events} is too small: a filter sees three events.")
    layers = _start(n_events, n_topics, n_targets, dropout, learning_rate, random_state)
    body = [
        layers.Conv1D(n_filters, 3, activation="relu", name="filters"),
        layers.GlobalAveragePooling1D(name="pooled"),
    ]
    return _sequential((n_events, n_topics), body, n_targets, dropout, learning_rate)


def build_gru_network(
    n_events: int = 28,
    n_topics: int = 28,
    n_targets: int = 10,
    *,
    n_units: int = 32,
    dropout: float = 0.4,
    learning_rate: float = 1e-3,
    random_state: int = 0,
) -> keras.Model:
    """Build a gated recurrent network: it reads the events one by one and keeps a memory.

    Parameters
    ----------
    n_events, n_topics, n_targets, dropout, learning_rate, random_state
        As in `build_interest_cnn`.
    n_units : int
        Numbers in the memory.

    Returns
    -------
    keras.Model
        A compiled network.

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    Cho et al. (2014), Learning Phrase Representations using RNN Encoder-Decoder. [cho2014learning]
    """
    layers = _start(n_events, n_topics, n_targets, dropout, learning_rate, random_state)
    body = [layers.GRU(n_units, name="memory")]
    return _sequential((n_events, n_topics), body, n_targets, dropout, learning_rate)


def build_transformer_network(
    n_events: int = 28,
    n_topics: int = 28,
    n_targets: int = 10,
    *,
    n_heads: int = 2,
    width: int = 32,
    dropout: float = 0.4,
    learning_rate: float = 1e-3,
    random_state: int = 0,
) -> keras.Model:
    """Build a small causal Transformer: each event looks back at those before it.

    One block (self-attention with a causal mask, then a dense layer, each with a residual
    connection and normalisation); the events are then weighed by a softmax, in the layer
    ``attention``, and averaged.  Those weights say how much each event counts for the forecast.

    Parameters
    ----------
    n_events, n_topics, n_targets, dropout, learning_rate, random_state
        As in `build_interest_cnn`.
    n_heads : int
        Attention heads; they share the width.
    width : int
        Numbers per event, a multiple of `n_heads`.

    Returns
    -------
    keras.Model
        A compiled network, of built-in layers only, so that a saved one opens anywhere.

    Raises
    ------
    ValueError
        If `width` is no multiple of `n_heads`, or an option is out of range.

    References
    ----------
    Vaswani et al. (2017), Attention Is All You Need. [vaswani2017attention]

    Kang and McAuley (2018), Self-Attentive Sequential Recommendation. [kang2018self]
    """
    _check_heads(width, n_heads)
    layers = _start(n_events, n_topics, n_targets, dropout, learning_rate, random_state)
    import keras

    maps = keras.Input((n_events, n_topics))
    # A dense layer without position would not know the order; one bias per place teaches it.
    x = layers.EinsumDense("aij,jk->aik", (n_events, width), bias_axes="ik", name="events")(maps)
    seen = layers.MultiHeadAttention(n_heads, width // n_heads, name="look_back")(
        x, x, use_causal_mask=True
    )
    x = layers.LayerNormalization()(layers.add([x, seen]))
    x = layers.LayerNormalization()(layers.add([x, layers.Dense(width, activation="relu")(x)]))
    weights = layers.Flatten()(layers.Dense(1, name="importance")(x))
    weights = layers.Softmax(name="attention")(weights)
    pooled = layers.Flatten(name="pooled")(layers.Dot(axes=1)([weights, x]))
    features = layers.Dense(64, activation="relu", name="features")(pooled)
    mix = layers.Dense(n_targets, activation="softmax", name="mix")(
        layers.Dropout(dropout, name="dropout")(features)
    )
    return _compiled(keras.Model(maps, mix), learning_rate)


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

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    Hidasi, Karatzoglou, Baltrunas and Tikk (2016), Session-based Recommendations with Recurrent
    Neural Networks. [hidasi2016session]
    """
    sizes = {"n_items": n_items, "n_events": n_events, "width": width}
    layers = _seeded_layers(sizes, dropout, learning_rate, random_state)
    numbers, vectors, embedding = _embedded(n_items, n_events, width)
    memory = layers.GRU(width, return_sequences=True, name="state")
    state = layers.Dropout(dropout)(memory(layers.Dropout(dropout)(vectors)))
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

    Raises
    ------
    ValueError
        If `width` is no multiple of `n_heads`, or an option is out of range.

    References
    ----------
    Kang and McAuley (2018), Self-Attentive Sequential Recommendation. [kang2018self]
    """
    _check_heads(width, n_heads)
    sizes = {"n_items": n_items, "n_events": n_events, "width": width}
    layers = _seeded_layers(sizes, dropout, learning_rate, random_state)
    import keras

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


def _start(
    n_events: int,
    n_topics: int,
    n_targets: int,
    dropout: float,
    learning_rate: float,
    random_state: int,
) -> Any:
    """Check the common options, set the seed, and give the module with the layers."""
    sizes = {"n_events": n_events, "n_topics": n_topics, "n_targets": n_targets}
    return _seeded_layers(sizes, dropout, learning_rate, random_state)


def _seeded_layers(
    sizes: dict[str, int], dropout: float, learning_rate: float, random_state: int
) -> Any:
    if min(sizes.values()) < 1:
        *first, last = (f"{name}={size}" for name, size in sizes.items())
        raise ValueError(f"{', '.join(first)} and {last} must be 1 or more.")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout={dropout} must be at least 0 and less than 1.")
    if not learning_rate > 0:
        raise ValueError(f"learning_rate={learning_rate} must be positive.")
    if not 0 <= random_state < _SEED_RANGE:
        raise ValueError(f"random_state={random_state} must be between 0 and {_SEED_RANGE - 1}.")
    import keras

    keras.utils.set_random_seed(random_state)
    return keras.layers


def _check_heads(width: int, n_heads: int) -> None:
    if n_heads < 1 or width < 1 or width % n_heads:
        raise ValueError(f"width={width} must be a multiple of n_heads={n_heads}.")


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


def _sequential(
    shape: tuple[int, ...],
    body: list[Any],
    n_targets: int,
    dropout: float,
    learning_rate: float,
    n_features: int = 64,
) -> keras.Model:
    """Put the two last layers, which all networks share, behind a body."""
    import keras

    head = [
        keras.layers.Dense(n_features, activation="relu", name="features"),
        keras.layers.Dropout(dropout, name="dropout"),
        keras.layers.Dense(n_targets, activation="softmax", name="mix"),
    ]
    return _compiled(keras.Sequential([keras.Input(shape), *body, *head]), learning_rate)


def _compiled(model: keras.Model, learning_rate: float) -> keras.Model:
    import keras

    optimizer = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=optimizer, loss="categorical_crossentropy")
    return model
