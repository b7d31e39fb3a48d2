"""Training a network on interest maps, stopping in time, and the loss it is judged by.

Taught in chapters 7 and 8.  Keras is imported inside the functions: chapters without a network run
on machines that do not have it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

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


def train_network(
    model: keras.Model,
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    *,
    max_epochs: int = 30,
    patience: int = 3,
    batch_size: int = 64,
    progress: bool = False,
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
    progress : bool
        Show a bar with the epochs and the validation loss; it disappears at the end.

    Returns
    -------
    TrainedNetwork
        The network and its learning curves.

    Raises
    ------
    ValueError
        If there is nothing to train or to validate on, maps and targets differ in number, or one
        of them holds NaN or infinity.
    """
    import keras

    for name, part in {"training": train, "validation": validation}.items():
        _check_part(name, *part)
    # Else Keras makes the optimizer's variables in the first step, and TensorFlow then compiles
    # every step a second time: up to half of a short training.
    if model.built and model.compiled and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    stop = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
    with tqdm(total=max_epochs, unit="epoch", disable=not progress, leave=False) as bar:
        history = model.fit(
            *train,
            validation_data=validation,
            epochs=max_epochs,
            batch_size=batch_size,
            callbacks=[stop, keras.callbacks.LambdaCallback(on_epoch_end=_advance(bar))],
            verbose=0,
        ).history
    return TrainedNetwork(model, tuple(history["loss"]), tuple(history["val_loss"]))


def _check_part(name: str, maps: np.ndarray, targets: np.ndarray) -> None:
    """Say what is wrong in words that name the part; Keras would speak of tensors."""
    if not len(maps) or len(maps) != len(targets):
        raise ValueError(
            f"The {name} part has {len(maps)} maps and {len(targets)} targets; "
            "it needs at least one, and as many of each."
        )
    if not (np.isfinite(maps).all() and np.isfinite(targets).all()):
        raise ValueError(f"The {name} part holds NaN or infinity: look for missing values.")


def _advance(bar: tqdm) -> Callable[[int, dict], None]:
    """Make the function that moves the bar by one epoch."""

    def advance(epoch: int, logs: dict) -> None:
        bar.set_postfix(validation=f"{logs['val_loss']:.4f}")
        bar.update()

    return advance


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
