"""Keep a fitted recommender in a folder, and get it back: numbers and text only, no pickle.

Taught in chapter 17.  A pickle can run any program when it is opened; these two files cannot.  A
check sum notices damage and careless edits.  It is no signature: who can write the folder can also
write a new sum.
"""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from recsys_tutorial.datasets import DataError
from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders.base import Recommender
from recsys_tutorial.recommenders.clusters import (
    ClusterPopularity,
    GroupPopularity,
    SoftClusterPopularity,
)
from recsys_tutorial.recommenders.cold_start import (
    ContentRecommender,
    Fusion,
    KnowledgeRecommender,
)
from recsys_tutorial.recommenders.ease import EASE
from recsys_tutorial.recommenders.ensemble import ClusterEnsemble
from recsys_tutorial.recommenders.guards import CappedRecommender, GuardedRecommender
from recsys_tutorial.recommenders.hybrid import ClusterEASE
from recsys_tutorial.recommenders.mixture import MixtureModel
from recsys_tutorial.recommenders.neighbours import ItemKNN, UserKNN
from recsys_tutorial.recommenders.popularity import Popularity
from recsys_tutorial.recommenders.ties import FriendsOfFriends

FORMAT = 2
KINDS: dict[str, type[Recommender]] = {
    kind.__name__: kind
    for kind in (
        *(Popularity, ClusterPopularity, SoftClusterPopularity, GroupPopularity),
        *(ClusterEnsemble, MixtureModel, ItemKNN, UserKNN, EASE, ClusterEASE),
        *(ContentRecommender, KnowledgeRecommender, Fusion),
        *(GuardedRecommender, CappedRecommender, FriendsOfFriends),
    )
}
_PLAIN = (type(None), bool, int, float, str)
_PARTS = ("data", "indices", "indptr", "shape")
# Learnt numbers hardly pack; a few kilobytes that unpack to gigabytes hold nothing learnt.
_LARGEST_RATIO, _LEAST_RATION = 200, 256 << 20


def save_recommender(model: Recommender, folder: str | Path) -> Path:
    """Write a fitted recommender to a folder: ``model.json`` and ``arrays.npz``.

    Parameters
    ----------
    model : Recommender
        Fitted; one of the recommenders of this package.
    folder : str or Path
        Made if it is missing; a model that is there already is replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    TypeError
        If the model, or one that it holds, is of another kind, or holds ids that are neither
        numbers nor text.
    NotFittedError
        If it has learnt nothing yet.

    Examples
    --------
    >>> import tempfile
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> model = Popularity().fit(user_item_matrix(load_movielens()))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = load_recommender(save_recommender(model, folder))
    >>> bool((again.scores([1]) == model.scores([1])).all())
    True
    """
    arrays: dict[str, np.ndarray] = {}
    note = {"format": FORMAT, **_encode_model(model, "", arrays)}
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # `_encode` let numbers and text through alone, so that nothing is pickled; NumPy 2.1 would take
    # `allow_pickle=False` for an array of that name.
    np.savez_compressed(folder / "arrays.npz", **arrays)  # type: ignore[arg-type]
    note["arrays_sha256"] = _sha256((folder / "arrays.npz").read_bytes())
    note["sha256"] = _sum_of(note)
    (folder / "model.json").write_text(json.dumps(note, indent=1), encoding="utf-8")
    return folder


def load_recommender(folder: str | Path) -> Recommender:
    """Read a recommender that `save_recommender` wrote.

    Parameters
    ----------
    folder : str or Path
        Where it is.

    Returns
    -------
    Recommender
        Fitted; its scores equal those of the model that was saved.

    Raises
    ------
    FileNotFoundError
        If one of the two files is missing.
    DataError
        If a file is damaged, was changed, or comes from another version of the format.
    """
    folder = Path(folder)
    for name in ("model.json", "arrays.npz"):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder / name} is missing: not a saved recommender.")
    note = _read_note(folder / "model.json")
    content = (folder / "arrays.npz").read_bytes()
    if _sha256(content) != note["arrays_sha256"]:
        raise _damaged(folder / "arrays.npz", "its check sum is wrong")
    try:
        arrays = _read_arrays(content)
        model = _decode_model(note, arrays)
        if arrays:
            raise ValueError(f"arrays without a use: {sorted(arrays)[:3]}")
    except Exception as error:  # the files may come from anyone: whatever breaks is their fault
        why = " ".join(str(error).split())[:300] or type(error).__name__
        raise _damaged(folder, f"the parts do not fit together ({why})") from error
    return model


def _read_arrays(content: bytes) -> dict[str, np.ndarray]:
    with ZipFile(io.BytesIO(content)) as archive:
        # What it says about sizes may be a lie, but no more than that is read.
        size = sum(member.file_size for member in archive.infolist())
    if size > max(_LEAST_RATION, _LARGEST_RATIO * len(content)):
        raise ValueError(f"{len(content):,} bytes would unpack to {size:,}")
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


def _read_note(path: Path) -> dict[str, Any]:
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        claimed = note.pop("sha256")
        version, name, _ = note["format"], str(note["class"]), note["arrays_sha256"]
        found = _sum_of(note)
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise _damaged(path, "it cannot be read") from error
    if found != claimed:
        raise _damaged(path, "its check sum is wrong")
    if version != FORMAT:
        shown = repr(version)[:40]
        raise DataError(f"{path}: format {shown}; this version reads format {FORMAT}. Fit anew.")
    if name not in KINDS:
        raise DataError(f"{path}: unknown recommender {name[:40]!r}. Known: {', '.join(KINDS)}.")
    return note


def _damaged(path: Path, how: str) -> DataError:
    return DataError(f"{path}: {how}. The file was damaged or changed; save the model again.")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sum_of(note: dict[str, Any]) -> str:
    return _sha256(json.dumps(note, sort_keys=True).encode())


def _encode_model(
    model: Recommender, prefix: str, arrays: dict[str, np.ndarray], *, fitted: bool = True
) -> dict[str, Any]:
    name = type(model).__name__
    if KINDS.get(name) is not type(model):
        raise TypeError(f"Cannot save a {name}; only {', '.join(KINDS)}.")
    if fitted:
        check_is_fitted(model, "matrix_")
    learnt = {key: value for key, value in vars(model).items() if key.endswith("_")}
    parameters = model.get_params(deep=False)
    return {
        "class": name,
        "parameters": _encode_all(parameters, f"{prefix}parameter", arrays),
        "learnt": _encode_all(learnt, f"{prefix}learnt", arrays),
    }


def _decode_model(note: dict[str, Any], arrays: dict[str, np.ndarray]) -> Recommender:
    model = KINDS[note["class"]](**_decode_all(note["parameters"], arrays))
    for key, value in _decode_all(note["learnt"], arrays).items():
        # Only what `fit` sets: nothing that stands in the class may be replaced.
        if not key.endswith("_") or key.startswith("_") or hasattr(type(model), key):
            raise ValueError(f"strange name {key!r}")
        setattr(model, key, value)
    return model


# Each value becomes a short JSON record that says what it is, and arrays that it points to.


def _encode_all(
    values: dict[str, Any], prefix: str, arrays: dict[str, np.ndarray]
) -> dict[str, dict[str, Any]]:
    return {key: _encode(value, f"{prefix}.{key}", arrays) for key, value in values.items()}


def _encode(value: Any, name: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, _PLAIN):
        return {"kind": "plain", "value": value}
    if isinstance(value, (list, tuple)):
        members = [one.item() if isinstance(one, np.generic) else one for one in value]
        if all(isinstance(one, _PLAIN) for one in members):
            return {"kind": type(value).__name__, "value": members}
        members = [_encode(one, f"{name}.{i}", arrays) for i, one in enumerate(members)]
        return {"kind": "many", "value": members, "is_tuple": isinstance(value, tuple)}
    if isinstance(value, Recommender):
        # What a fusion or a rule was given need not be fitted; only its copies are.
        return {"kind": "model", "value": _encode_model(value, f"{name}.", arrays, fitted=False)}
    if isinstance(value, UserItemMatrix):
        parts = {"values": value.values, "users": value.users, "items": value.items}
        return {"kind": "matrix", "value": _encode_all(parts, name, arrays)}
    if isinstance(value, pd.DataFrame):
        parts = {"cells": value.to_numpy(), "rows": value.index, "columns": value.columns}
        return {"kind": "table", "value": _encode_all(parts, name, arrays)}
    if sparse.issparse(value):
        cells = sparse.csr_array(value)
        four = (cells.data, cells.indices, cells.indptr, np.array(cells.shape))
        return {"kind": "sparse", "value": _store(name, dict(zip(_PARTS, four)), arrays)}
    if isinstance(value, pd.Index):
        return {"kind": "index", "value": _store(name, {"ids": _ids(value, name)}, arrays)}
    array = np.asarray(value)
    if array.dtype.kind not in "biufU":
        raise TypeError(f"Cannot save {name}: {type(value).__name__} of {array.dtype}.")
    return {"kind": "array", "value": _store(name, {"array": array}, arrays)}


def _store(name: str, parts: dict[str, np.ndarray], arrays: dict[str, np.ndarray]) -> list[str]:
    named = {f"{name}.{part}": array for part, array in parts.items()}
    arrays |= named
    return list(named)


def _ids(index: pd.Index, name: str) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(index.dtype):
        return index.to_numpy()
    if pd.api.types.infer_dtype(index) != "string" and len(index):
        raise TypeError(f"Cannot save {name}: ids must be numbers or text, not {index.dtype}.")
    return index.to_numpy().astype(str)


def _decode_all(records: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    return {key: _decode(record, arrays) for key, record in records.items()}


def _decode(record: dict[str, Any], arrays: dict[str, np.ndarray]) -> Any:
    kind, value = record["kind"], record["value"]
    if kind == "plain":
        return value
    if kind in ("list", "tuple"):
        return tuple(value) if kind == "tuple" else value
    if kind == "many":
        members = [_decode(one, arrays) for one in value]
        return tuple(members) if record["is_tuple"] else members
    if kind == "model":
        return _decode_model(value, arrays)
    if kind == "table":
        parts = _decode_all(value, arrays)
        return pd.DataFrame(parts["cells"], index=parts["rows"], columns=parts["columns"])
    if kind == "matrix":
        parts = _decode_all(value, arrays)
        if parts["values"].shape != (len(parts["users"]), len(parts["items"])):
            raise ValueError("ids and matrix differ in size")
        return UserItemMatrix(**parts)
    found = [arrays.pop(name) for name in value]
    if kind == "sparse":
        data, indices, indptr, shape = found
        cells = sparse.csr_array((data, indices, indptr), shape=tuple(shape.tolist()))
        # Out-of-range columns would read foreign memory later.
        cells.check_format(full_check=True)
        return cells
    if kind == "index":
        ids = found[0]
        return pd.Index(ids.tolist() if ids.dtype.kind == "U" else ids)
    if kind == "array":
        return found[0]
    raise ValueError(f"unknown kind {kind!r}")
