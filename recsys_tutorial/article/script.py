"""The article's program (section 5.2), mended only so far that it runs; taught in chapter A1.

Its silent errors are all still here, on purpose: chapter A1 runs it to find them.  Three things
were changed, because without them it stops: dense layers in place of the convolution, a target
for each network, and ``model.inputs``.  Parameters were added for what the chapter varies.  The
article's file of users does not exist either, so `make_user_data` makes one.

Do not build on this module: the rest of the package does the same things properly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

if TYPE_CHECKING:
    import keras

COLUMNS = ["feature_1", "feature_2", "feature_3", "feature_4"]
N_GROUPS = 5
EMPTY_CELLS = 0.015


def make_user_data(n_users: int = 1000, *, random_state: int = 0) -> pd.DataFrame:
    """Make the table that the article reads and does not supply.

    Each user belongs to one of five groups; a group has a typical value in each column, and its
    users scatter around it with standard deviation 1.  About 1.5 % of the cells are empty.

    Parameters
    ----------
    n_users : int
        Number of rows.
    random_state : int
        Seed.

    Returns
    -------
    pandas.DataFrame
        Columns user_id (from 1 on), feature_1 to feature_4, and label, the group from 0 to 4.

    Raises
    ------
    ValueError
        If there are fewer users than groups.

    Examples
    --------
    >>> table = make_user_data()
    >>> table.shape, sorted(table["label"].unique().tolist())
    ((1000, 6), [0, 1, 2, 3, 4])
    >>> table[COLUMNS].isna().to_numpy().mean()
    np.float64(0.015)
    """
    if n_users < N_GROUPS:
        raise ValueError(f"{n_users} users cannot fill {N_GROUPS} groups; ask for more users")
    rng = np.random.default_rng(random_state)
    centres = rng.normal(0, 3, size=(N_GROUPS, len(COLUMNS)))
    # The first users fill every group once, so that small tables hold all of them.
    groups = np.concatenate([np.arange(N_GROUPS), rng.integers(0, N_GROUPS, n_users - N_GROUPS)])
    cells = centres[groups] + rng.normal(size=(n_users, len(COLUMNS)))
    empty = rng.choice(cells.size, round(EMPTY_CELLS * cells.size), replace=False)
    cells.flat[empty] = np.nan
    table = pd.DataFrame(np.round(cells, 4), columns=COLUMNS)
    table.insert(0, "user_id", np.arange(1, n_users + 1))
    return table.assign(label=groups)


def preprocess_data(data: pd.DataFrame | str | Path) -> tuple[np.ndarray, pd.Series]:
    """Read, drop and scale, as the article does (errors A1 and A19).

    Parameters
    ----------
    data : DataFrame, str or Path
        The table, or the file that holds it.

    Returns
    -------
    features_scaled : ndarray, shape (n_complete, 4)
        Columns with mean 0 and standard deviation 1, of the rows without a hole.
    labels : Series
        Their labels; the index has gaps where rows were dropped.

    Examples
    --------
    >>> features, labels = preprocess_data(make_user_data(100))
    >>> features.shape == (len(labels), 4), len(labels) < 100
    (True, True)
    """
    table = data if isinstance(data, pd.DataFrame) else pd.read_csv(data)
    table = table.dropna()
    features_scaled = StandardScaler().fit_transform(table[COLUMNS])
    return features_scaled, table["label"]


def extract_features(
    data: np.ndarray,
    labels: pd.Series | np.ndarray,
    *,
    layer: int = -1,
    epochs: int = 10,
    n_out: int = 10,
) -> np.ndarray:
    """Train the article's first network on the labels and hand out one of its layers.

    Parameters
    ----------
    data : ndarray, shape (n_users, n_columns)
        Scaled columns.
    labels : array-like of int, shape (n_users,)
        The target, which the article forgot.
    layer : int
        Which layer; -1 is the article's choice (error A9).
    epochs : int
        Passes over the data.
    n_out : int
        Outputs of the last layer; 10 in the article (error A6).

    Returns
    -------
    ndarray, shape (n_users, n_units)
        Activations of the layer.
    """
    import keras

    model = keras.Sequential(
        [
            keras.Input((data.shape[1],)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(n_out, activation="softmax"),
        ]
    )
    _train(model, data, labels, epochs)
    features = keras.Model(inputs=model.inputs, outputs=model.layers[layer].output)
    # Called, not `predict`: many short runs in one kernel would earn a warning each.
    activations = features([np.asarray(data, dtype="float32")])
    return np.asarray(keras.ops.convert_to_numpy(activations))


def train_model(
    data: np.ndarray, labels: pd.Series | np.ndarray, *, epochs: int = 10
) -> keras.Model:
    """Train the article's second network, its "large model".

    Parameters
    ----------
    data : ndarray, shape (n_users, n_columns)
        What the first network has handed out.
    labels : array-like of int, shape (n_users,)
        The target.
    epochs : int
        Passes over the data.

    Returns
    -------
    keras.Model
        A network that the article never uses (error A11).
    """
    import keras

    model = keras.Sequential(
        [
            keras.Input((data.shape[1],)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    _train(model, data, labels, epochs)
    return model


def _train(
    model: keras.Model, data: np.ndarray, labels: pd.Series | np.ndarray, epochs: int
) -> None:
    """Compile and fit as the article does, with a target as wide as the last layer."""
    import keras

    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    targets = keras.utils.to_categorical(np.asarray(labels), model.output_shape[-1])
    model.fit(data, targets, epochs=epochs, batch_size=32, verbose=0)


def cluster_users(data: np.ndarray, num_clusters: int) -> np.ndarray:
    """Cluster the rows with K-means and keep nothing but the labels (errors A24 and A25).

    Parameters
    ----------
    data : ndarray, shape (n_users, n_columns)
        One row per user.
    num_clusters : int
        Number of clusters.

    Returns
    -------
    ndarray of int, shape (n_users,)
        The cluster of each row.

    Examples
    --------
    >>> labels = cluster_users(np.array([[0.0], [0.1], [5.0]]), 2)
    >>> bool(labels[0] == labels[1] != labels[2])
    True
    """
    kmeans = KMeans(n_clusters=num_clusters, random_state=0)
    kmeans.fit(data)
    return kmeans.labels_


def generate_recommendations(
    data: np.ndarray, labels: np.ndarray, num_clusters: int
) -> dict[int, np.ndarray]:
    """Cut the table into its clusters, which the article calls recommending (error A14).

    Parameters
    ----------
    data : ndarray, shape (n_users, n_columns)
        One row per user.
    labels : ndarray of int, shape (n_users,)
        The cluster of each row.
    num_clusters : int
        Number of clusters.

    Returns
    -------
    dict of int to ndarray
        The rows of each cluster.

    Examples
    --------
    >>> generate_recommendations(np.array([[1.0], [2.0], [3.0]]), np.array([1, 0, 1]), 2)
    {0: array([[2.]]), 1: array([[1.], [3.]])}
    """
    return {i: data[np.where(labels == i)[0]] for i in range(num_clusters)}


# ------------------------------------------------------------------ watching a program stop


@dataclass
class Stop:
    """Where a program stopped.

    Attributes
    ----------
    kind : str
        Class of the exception; empty until something stops.
    message : str
        What it said, without colour codes and without Keras's list of arguments.
    """

    kind: str = ""
    message: str = ""


@contextmanager
def expect_stop(*, quiet: bool = False) -> Iterator[Stop]:
    """Run lines that are expected to stop, and print what the exception says.

    A cell that fails on purpose must not stop the notebook; and a cell that was expected to fail
    and does not must.

    Parameters
    ----------
    quiet : bool
        Whether to keep the message and not print it.

    Yields
    ------
    Stop
        Filled in when the lines have stopped.

    Raises
    ------
    AssertionError
        If the lines run to their end.

    Examples
    --------
    >>> with expect_stop() as stop:
    ...     int("sport")
    ValueError: invalid literal for int() with base 10: 'sport'
    >>> stop.kind
    'ValueError'
    """
    stop = Stop()
    try:
        yield stop
    except Exception as error:
        stop.kind, stop.message = type(error).__name__, _told(error)
    else:
        raise AssertionError("these lines were expected to stop, and they ran to their end")
    if not quiet:
        print(f"{stop.kind}: {stop.message}")


def _told(error: Exception) -> str:
    """Give the lines of a message that name the fault."""
    text = re.sub(r"\x1b\[\d+m", "", str(error)).split("Arguments received by")[0]
    return "\n".join([line.strip() for line in text.splitlines() if line.strip()][:3])
