"""The convolutional network of the source article, with an input and a target that exist.

Taught in chapter 7.  TensorFlow is imported inside the functions: chapters without a network run
on machines that do not have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class TrainedNetwork:
    """A network and how its training went.

    Attributes
    ----------
    model : keras.Model
        The network, with the weights of the best epoch.
    train_loss, validation_loss : tuple of float
        Cross-entropy after each epoch, in nats.
    """

    model: keras.Model
    train_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]


def build_interest_cnn(
    n_events: int = 28,
    n_topics: int = 28,
    n_targets: int = 10,
    *,
    dropout: float = 0.4,
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
    random_state : int
        Seed of the weights, and of the shuffling and dropout of a training that follows.

    Returns
    -------
    keras.Model
        A compiled network: Adam, categorical cross-entropy.  The layer before the softmax is
        called ``features``.

    Examples
    --------
    >>> build_interest_cnn().count_params()
    347146
    """
    import keras

    keras.utils.set_random_seed(random_state)
    model = keras.Sequential(
        [
            keras.Input((n_events, n_topics, 1)),
            keras.layers.Conv2D(32, (3, 3), activation="relu", name="filters"),
            keras.layers.MaxPooling2D((2, 2), name="pooled"),
            keras.layers.Flatten(name="flat"),
            keras.layers.Dense(64, activation="relu", name="features"),
            keras.layers.Dropout(dropout, name="dropout"),
            keras.layers.Dense(n_targets, activation="softmax", name="mix"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="categorical_crossentropy")
    return model


def train_network(
    model: keras.Model,
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    *,
    max_epochs: int = 30,
    patience: int = 3,
    batch_size: int = 64,
) -> TrainedNetwork:
    """Train until the validation loss has not fallen for `patience` epochs; keep the best weights.

    Parameters
    ----------
    model : keras.Model
        A compiled network; it is trained in place.
    train, validation : tuple of ndarray
        Maps, shape (n, n_events, n_topics), and targets, shape (n, n_targets).
    max_epochs : int
        Most passes over the training data.
    patience : int
        Epochs to wait for an improvement.
    batch_size : int
        Examples per step.

    Returns
    -------
    TrainedNetwork
        The network and its learning curves.
    """
    import keras

    stop = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
    history = model.fit(
        *train,
        validation_data=validation,
        epochs=max_epochs,
        batch_size=batch_size,
        callbacks=[stop],
        verbose=0,
    ).history
    return TrainedNetwork(model, tuple(history["loss"]), tuple(history["val_loss"]))


def layer_activations(model: keras.Model, maps: np.ndarray, layer: str) -> np.ndarray:
    """Run maps through the network as far as one layer.

    Parameters
    ----------
    model : keras.Model
        A network.
    maps : ndarray, shape (n, n_events, n_topics)
        Interest maps.
    layer : str
        Name of the layer, e.g. ``"filters"``; ``model.summary()`` lists them.

    Returns
    -------
    ndarray, shape (n, ...)
        One array per map, in the shape of the layer's output.

    Raises
    ------
    ValueError
        If there is no such layer.

    Notes
    -----
    ``model.inputs[0]`` works in every Keras; ``model.input`` of a Sequential fails in Keras 3.
    """
    import keras

    encoder = keras.Model(model.inputs[0], model.get_layer(layer).output)
    # Called in pieces: `predict` would compile the encoder anew each time, and warn about it.
    pieces = np.array_split(np.asarray(maps, dtype="float32"), max(1, len(maps) // 256))
    answers = [keras.ops.convert_to_numpy(encoder(piece, training=False)) for piece in pieces]
    return np.concatenate(answers)


def penultimate_features(model: keras.Model, maps: np.ndarray) -> np.ndarray:
    """Activations of the layer before the softmax: what the network knows about each user.

    Parameters
    ----------
    model : keras.Model
        A network with a layer called ``features``.
    maps : ndarray, shape (n, n_events, n_topics)
        Interest maps.

    Returns
    -------
    ndarray, shape (n, 64)
        Features; scale them before clustering.

    Notes
    -----
    Chapter 7.
    """
    return layer_activations(model, maps, "features")


def row_cross_entropy(targets: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Cross-entropy of each predicted mix, in nats; lower is better.

    Parameters
    ----------
    targets, predicted : ndarray, shape (n, n_targets)
        Mixes whose rows sum to 1.  `predicted` may also be one mix for all, shape (n_targets,).

    Returns
    -------
    ndarray, shape (n,)
        ``-sum(target * log(predicted))`` of each row.

    Raises
    ------
    ValueError
        If the numbers of topics differ.

    Examples
    --------
    >>> row_cross_entropy(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([0.5, 0.5])).round(4)
    array([0.6931, 0.6931])
    """
    targets, predicted = np.asarray(targets, dtype=float), np.asarray(predicted, dtype=float)
    if predicted.shape not in (targets.shape, targets.shape[-1:]):
        raise ValueError(f"Predictions of shape {predicted.shape}, targets of {targets.shape}.")
    # A predicted 0 would cost infinity; Keras clips at the same value.
    return -(targets * np.log(np.clip(predicted, 1e-7, 1))).sum(axis=-1)


def cross_entropy(targets: np.ndarray, predicted: np.ndarray) -> float:
    """Mean cross-entropy of predicted mixes, in nats; lower is better.

    Parameters
    ----------
    targets, predicted : ndarray, shape (n, n_targets)
        See `row_cross_entropy`.

    Returns
    -------
    float
        The mean over rows.

    Examples
    --------
    >>> round(cross_entropy(np.array([[0.5, 0.5]]), np.array([0.5, 0.5])), 4)
    0.6931
    """
    return float(row_cross_entropy(targets, predicted).mean())
