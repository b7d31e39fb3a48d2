"""What a trained network knows about each user: layers, features, and a fitted extractor to keep.

Taught in chapters 7 (which layer) and 8 (keeping it).  An extractor is saved as two files that hold
no program: ``network.keras`` and ``extractor.json``.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.features.maps import ItemTopics, latest_rows, maps_of_rows

if TYPE_CHECKING:
    import keras

# Small enough that the filters' answers (86 kB a user) stay in the processor's cache.
_BATCH = 256
# Two cores: while one batch is in the network, the next map is drawn.
_WORKERS = 2
_FORMAT = 1
_FILES = ("network.keras", "extractor.json")


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
    encoder = _encoder(model, layer)
    maps = np.asarray(maps, "float32")
    if not len(maps):
        # Some builds of TensorFlow pool nothing at all into a wrong shape, so it gets one map.
        return layer_activations(model, np.zeros((1, *maps.shape[1:])), layer)[:0]
    pieces = (maps[i : i + _BATCH] for i in range(0, len(maps), _BATCH))
    return np.concatenate([encoder(piece, training=False).numpy() for piece in pieces])


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


def _encoder(model: keras.Model, layer: str) -> keras.Model:
    """Cut the network off behind a layer."""
    import keras

    return keras.Model(model.inputs[0], model.get_layer(layer).output)


def _fast(encoder: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Make one graph of the encoder, for batches of any size: twice as fast as layer by layer."""
    import tensorflow as tf

    shape = (None, *encoder.inputs[0].shape[1:3])

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32)])
    def run(maps: Any) -> Any:
        return encoder(maps, training=False)

    return lambda maps: run(maps).numpy()


@dataclass(frozen=True)
class FeatureExtractor:
    """A trained network with all it needs to describe the users of a new log.

    Made by `from_network`, kept by `save`, brought back by `load`.

    Attributes
    ----------
    model : keras.Model
        The network.
    topics : ItemTopics
        Topics of the items: the columns of the maps.
    layer : str
        The layer whose activations are the features.
    mean, scale : ndarray, shape (n_features,)
        Mean and standard deviation of the features of the users it was fitted on.
    """

    model: keras.Model
    topics: ItemTopics
    layer: str
    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def from_network(
        cls, model: keras.Model, topics: ItemTopics, maps: np.ndarray, layer: str = "features"
    ) -> FeatureExtractor:
        """Fit the scaling of the features on some maps.

        Parameters
        ----------
        model : keras.Model
            A trained network.
        topics : ItemTopics
            Topics of the items.
        maps : ndarray, shape (n, n_events, n_topics)
            Maps of training users: what they are scaled by, everybody later is.
        layer : str
            Name of a layer with one row of numbers per map.

        Returns
        -------
        FeatureExtractor
            Ready to use.

        Raises
        ------
        ValueError
            If the layer does not exist or has not one row of numbers per map, there are no maps,
            or network and topics disagree on the number of topics.
        """
        n_topics = model.inputs[0].shape[2]
        if n_topics != topics.membership.shape[1]:
            raise ValueError(
                f"The network reads {n_topics} topics, there are {topics.membership.shape[1]}."
            )
        if not len(maps):
            raise ValueError("There are no maps to fit the scaling on.")
        features = layer_activations(model, maps, layer).astype(float)
        if features.ndim != 2:
            raise ValueError(
                f"Layer '{layer}' answers with shape {features.shape[1:]} per map; "
                "choose one that answers with a row of numbers, such as 'features'."
            )
        spread = features.std(axis=0)
        # A unit that is silent for everybody stays at 0 instead of becoming NaN.
        return cls(model, topics, layer, features.mean(axis=0), np.where(spread > 0, spread, 1.0))

    @property
    def n_events(self) -> int:
        """Rows of a map: how many of the latest events are read."""
        return int(self.model.inputs[0].shape[1])

    def transform(self, interactions: Interactions) -> pd.DataFrame:
        """Describe every user of a log by standardised features.

        Parameters
        ----------
        interactions : Interactions
            A log with times whose items all have topics.

        Returns
        -------
        DataFrame of float32, shape (n_users, n_features)
            One row per user, in ascending order.

        Raises
        ------
        DataError
            If the log has no times.
        KeyError
            If an item has no topics.
        """
        return pd.concat(self.batches(interactions))

    def batches(self, interactions: Interactions, batch_size: int = 4096) -> Iterator[pd.DataFrame]:
        """Describe the users of a log a few thousand at a time, to be written away as they come.

        Parameters
        ----------
        interactions : Interactions
            A log with times whose items all have topics.
        batch_size : int
            Users per table, at least 1.

        Yields
        ------
        DataFrame of float32, shape (at most batch_size, n_features)
            Rows in ascending order of the user.

        Raises
        ------
        DataError, KeyError
            As in `transform`.
        ValueError
            If `batch_size` is less than 1.
        """
        rows, users = latest_rows(interactions, self.topics, self.n_events)
        start = 0
        for features in self.stream(_pieces(rows, batch_size)):
            index = pd.Index(users[start : start + len(features)], name="user")
            yield pd.DataFrame(features, index=index)
            start += len(features)

    def stream(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Describe users that come from anywhere, in blocks, in bounded memory.

        Parameters
        ----------
        blocks : iterable of ndarray of int, shape (n, n_events)
            For each user the row numbers of her latest items in ``topics``, oldest first and
            right-aligned; -1 where the history is too short.  A generator that reads a file will
            do: no more than a few blocks are in memory.

        Yields
        ------
        ndarray of float32, shape (n, n_features)
            Standardised features of one block.

        Raises
        ------
        ValueError
            If a block has not `n_events` columns.
        """
        encode = _fast(_encoder(self.model, self.layer))

        def describe(rows: np.ndarray) -> np.ndarray:
            parts = [np.empty((0, len(self.mean)))]
            for i in range(0, len(rows), _BATCH):
                parts.append(encode(maps_of_rows(self.topics, rows[i : i + _BATCH])))
            scaled = (np.concatenate(parts) - self.mean) / self.scale
            return scaled.astype("float32")

        with ThreadPoolExecutor(_WORKERS) as pool:
            waiting: deque[Future[np.ndarray]] = deque()
            for block in blocks:
                waiting.append(pool.submit(describe, _checked_block(block, self.n_events)))
                # A full queue waits for its first block: memory does not grow with the users.
                if len(waiting) > _WORKERS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def save(self, folder: str | Path) -> None:
        """Write ``network.keras`` and ``extractor.json`` into a folder, which is made if missing.

        Parameters
        ----------
        folder : str or Path
            Where to; files of an earlier extractor are replaced, each as a whole.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        network, notes = (folder / name for name in _FILES)
        with tempfile.TemporaryDirectory(dir=folder) as draft:
            new_network, new_notes = (Path(draft) / name for name in _FILES)
            self.model.save(new_network)
            notes_text = json.dumps(self._to_json(_sha256(new_network)), allow_nan=False)
            new_notes.write_text(notes_text, encoding="utf-8")
            # The hash in the notes tells a reader if a crash came between the two lines.
            os.replace(new_network, network)
            os.replace(new_notes, notes)

    def _to_json(self, digest: str) -> dict[str, Any]:
        topics = self.topics
        return {
            "format": _FORMAT,
            "network_sha256": digest,
            "layer": self.layer,
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "items": topics.items.tolist(),
            "membership": [_short(row) for row in topics.membership.astype("float32")],
            "coarse": topics.coarse.tolist(),
            "n_coarse": topics.n_coarse,
        }

    @classmethod
    def load(cls, folder: str | Path) -> FeatureExtractor:
        """Bring back an extractor that `save` wrote.

        Parameters
        ----------
        folder : str or Path
            The folder with the two files.

        Returns
        -------
        FeatureExtractor
            It gives the same features as the one that was saved.

        Raises
        ------
        DataError
            If a file is missing, damaged, or not of the same saving as the other.
        """
        import keras

        network, notes = (Path(folder) / name for name in _FILES)
        missing = [path.name for path in (network, notes) if not path.is_file()]
        if missing:
            raise DataError(
                f"'{folder}' holds no saved extractor: {' and '.join(missing)} missing."
            )
        try:
            kept = json.loads(notes.read_text(encoding="utf-8"))
            digest, form = kept["network_sha256"], kept["format"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(f"'{notes}' is damaged. Save the extractor again.") from error
        if form != _FORMAT:
            raise DataError(
                f"'{notes}' has format {repr(form)[:40]}; this version reads {_FORMAT}."
            )
        if _sha256(network) != digest:
            raise DataError(f"'{network}' does not belong to '{notes.name}'. Save both again.")
        # safe_mode refuses files that bring code along; nothing we save needs it.
        # Not compiled: an extractor is not trained further, and so needs no optimiser.
        try:
            model = keras.saving.load_model(network, compile=False, safe_mode=True)
            if not isinstance(model, keras.Model):
                raise TypeError("no network")
        except Exception as error:  # the file may come from anyone
            raise DataError(
                f"'{network}' is no network that can be opened ({type(error).__name__}). "
                "Save the extractor again."
            ) from error
        return cls(model, **_parts(kept, notes))


def _parts(kept: dict[str, Any], notes: Path) -> dict[str, Any]:
    """Turn the JSON back into the attributes of an extractor."""
    try:
        topics = ItemTopics(
            pd.Index(kept["items"]),
            np.array(kept["membership"], dtype="float32"),
            np.array(kept["coarse"], dtype=int),
            int(kept["n_coarse"]),
        )
        numbers = {name: np.array(kept[name], dtype=float) for name in ("mean", "scale")}
        return {"topics": topics, "layer": str(kept["layer"]), **numbers}
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"'{notes}' is damaged. Save the extractor again.") from error


def _pieces(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    if size < 1:
        raise ValueError(f"batch_size={size} must be at least 1.")
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _checked_block(block: np.ndarray, n_events: int) -> np.ndarray:
    block = np.asarray(block)
    if block.ndim != 2 or block.shape[1] != n_events:
        raise ValueError(f"A block of shape {block.shape} must be (n, {n_events}).")
    return block


def _short(row: np.ndarray) -> list[float]:
    """Give the shortest decimals that come back as the same 32 bits; half the size of the file."""
    return [float(str(number)) for number in row]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
