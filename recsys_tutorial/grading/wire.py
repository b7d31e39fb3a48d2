"""Values as JSON and back, so that an answer can leave a learner's process without being pickled.

Numbers, texts, arrays, frames, sparse matrices and nested containers of them travel; whatever else
a learner may have made arrives as an `Opaque` that equals nothing.  Used by both ends of the
autograder; decoding never runs anybody's code.
"""

from __future__ import annotations

import base64
import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

DEEPEST = 40
# A sparse matrix is small on the wire and large when it is compared.
LARGEST_TABLE = 10**6
# Keys can be chosen so that every one collides with all before it.
MOST_KEYS = 10_000
PLAIN_KINDS = "biufc"
Call = Callable[[int, tuple[Any, ...]], Any]


class WireError(ValueError):
    """What arrived is not what `encode` writes."""


class Opaque:
    """Something that cannot travel; equal to nothing, not even to itself.

    Parameters
    ----------
    name : str
        Its type.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        """Return False: nobody gets marks for a thing that cannot be looked at."""
        return False

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        """Return the type in angle brackets."""
        return f"<{self.name}>"


def encode(value: Any, functions: list[Callable[..., Any]] | None = None) -> Any:
    """Write a value in terms of JSON.

    Parameters
    ----------
    value : object
        Anything.
    functions : list of callable, optional
        Functions inside the value are added to this list and travel as their place in it; without
        it they are opaque.

    Returns
    -------
    object
        Nested lists, texts and numbers.

    Examples
    --------
    >>> encode((1, "a", float("inf")))
    ['tuple', [1, ['str', 'a'], ['float', 'inf']]]
    """
    return _encode(value, functions, 0)


def _encode(value: Any, functions: list[Callable[..., Any]] | None, depth: int) -> Any:
    if depth > DEEPEST:
        return ["opaque", "something too deep"]

    def inner(part: Any) -> Any:
        return _encode(part, functions, depth + 1)

    if value is None or isinstance(value, bool):
        return value
    if value is ...:
        return ["ellipsis", 0]
    if isinstance(value, np.generic | np.ndarray):
        return _encode_array(value, inner)
    if isinstance(value, int):
        number = int(value)
        return number if abs(number) < 2**53 else ["int", hex(number)]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else ["float", repr(float(value))]
    if isinstance(value, str):
        return ["str", "".join(value)]
    table = _encode_table(value, inner)
    if table is not None:
        return table
    if isinstance(value, list | tuple):
        return ["list" if isinstance(value, list) else "tuple", [inner(part) for part in value]]
    if isinstance(value, set | frozenset):
        kind = "set" if isinstance(value, set) else "frozenset"
        return [kind, sorted((inner(part) for part in value), key=repr)]
    if isinstance(value, dict):
        return ["dict", [[inner(key), inner(part)] for key, part in value.items()]]
    if isinstance(value, range):
        return ["list", [inner(part) for part in value]]
    if callable(value) and functions is not None:
        functions.append(value)
        return ["function", len(functions) - 1]
    return ["opaque", type(value).__name__]


def _encode_table(value: Any, inner: Callable[[Any], Any]) -> Any:
    """Write what pandas and SciPy make; None if it is nothing of theirs.

    Where they are not loaded, nothing can be theirs: a process need not wait for them.
    """
    pd, sparse = sys.modules.get("pandas"), sys.modules.get("scipy.sparse")
    if pd is not None and hasattr(pd, "NaT"):
        if value is pd.NA or value is pd.NaT:
            return ["missing", 0]
        if isinstance(value, pd.DataFrame):
            columns = [inner(value.iloc[:, place].array) for place in range(value.shape[1])]
            return ["frame", [inner(value.index), inner(value.columns), columns]]
        if isinstance(value, pd.Series):
            return ["series", [inner(value.index), inner(value.array), inner(value.name)]]
        if isinstance(value, pd.Index):
            names = [inner(name) for name in value.names]
            several = isinstance(value, pd.MultiIndex)
            return ["index", [inner(value.tolist() if several else value.array), names, several]]
        if isinstance(value, pd.api.extensions.ExtensionArray):
            plain = np.asarray(value)
            return ["series_array", [str(value.dtype), inner(plain)]]
    if sparse is not None and sparse.issparse(value):
        kind = "sparray" if isinstance(value, sparse.sparray) else "spmatrix"
        coo = value.tocoo()
        parts = [inner(coo.row), inner(coo.col), inner(coo.data), list(value.shape)]
        return [kind, [value.format, *parts]]
    return None


def _encode_array(value: np.generic | np.ndarray, inner: Callable[[Any], Any]) -> Any:
    array = np.asarray(value)
    scalar = isinstance(value, np.generic)
    if array.dtype.kind in PLAIN_KINDS and array.dtype.hasobject is False:
        packed = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
        return ["scalar" if scalar else "array", [array.dtype.str, list(array.shape), packed]]
    if array.dtype.kind in "mM":
        packed = _encode_array(array.view("i8"), inner)
        return ["time", [array.dtype.str, packed, scalar]]
    if scalar:
        return inner(value.item()) if not isinstance(value.item(), np.generic) else None
    dtype = array.dtype.str if array.dtype.kind == "U" else "O"
    return ["objects", [dtype, list(array.shape), [inner(part) for part in array.ravel()]]]


def decode(written: Any, call: Call | None = None) -> Any:
    """Read what `encode` wrote.

    Parameters
    ----------
    written : object
        Nested lists, texts and numbers, from whomever.
    call : callable, optional
        Called with a function's place and the arguments when somebody calls a function that
        travelled; without it functions are opaque.

    Returns
    -------
    object
        The value.

    Raises
    ------
    WireError
        If `encode` cannot have written it.

    Examples
    --------
    >>> decode(encode({"a": np.arange(3), (1, 2): {4}}))
    {'a': array([0, 1, 2]), (1, 2): {4}}
    """
    try:
        return _decode(written, call, 0)
    except WireError:
        raise
    except Exception as error:  # the sender may be hostile: whatever breaks is its fault
        raise WireError(f"unreadable: {type(error).__name__}") from error


def _decode(written: Any, call: Call | None, depth: int) -> Any:
    if depth > DEEPEST + 10:
        raise WireError("too deep")
    if written is None or isinstance(written, bool | int | float):
        return written
    if not isinstance(written, list) or len(written) != 2:
        raise WireError("not a pair of kind and content")
    kind, content = written

    def inner(part: Any) -> Any:
        return _decode(part, call, depth + 1)

    if kind in ("set", "frozenset", "dict") and len(content) > MOST_KEYS:
        raise WireError("too many keys")
    simple: dict[str, Callable[[], Any]] = {
        "ellipsis": lambda: ...,
        "int": lambda: int(_text(content), 16),
        "float": lambda: float(_text(content)),
        "str": lambda: _text(content),
        "missing": lambda: _pandas().NA,
        "opaque": lambda: Opaque(_text(content)[:80]),
        "list": lambda: [inner(part) for part in content],
        "tuple": lambda: tuple(inner(part) for part in content),
        "set": lambda: {inner(part) for part in content},
        "frozenset": lambda: frozenset(inner(part) for part in content),
        "dict": lambda: {inner(key): inner(part) for key, part in content},
        "array": lambda: _decode_array(*content),
        "scalar": lambda: _decode_array(*content)[()],
        "objects": lambda: _decode_objects(inner, *content),
        "time": lambda: _decode_time(inner, *content),
        "frame": lambda: _decode_frame(inner, *content),
        "series": lambda: _decode_series(inner, *content),
        "index": lambda: _decode_index(inner, *content),
        "series_array": lambda: _pandas().array(inner(content[1]), dtype=_text(content[0])),
        "sparray": lambda: _decode_sparse(inner, "coo_array", *content),
        "spmatrix": lambda: _decode_sparse(inner, "coo_matrix", *content),
        "function": lambda: _remote(int(content), call),
    }
    if not isinstance(kind, str) or kind not in simple:
        raise WireError("unknown kind")
    return simple[kind]()


def _pandas() -> Any:
    import pandas

    return pandas


def _text(content: Any) -> str:
    if not isinstance(content, str):
        raise WireError("a text was expected")
    return content


def _decode_array(dtype: str, shape: list[int], packed: str) -> np.ndarray:
    kind = np.dtype(_text(dtype))
    if kind.kind not in PLAIN_KINDS:
        raise WireError("not a plain array")
    return np.frombuffer(base64.b64decode(packed), dtype=kind).reshape(shape).copy()


def _decode_objects(inner: Any, dtype: str, shape: list[int], parts: list[Any]) -> np.ndarray:
    if math.prod(shape) != len(parts):
        raise WireError("a shape that does not fit")
    flat = np.empty(len(parts), dtype=object)
    for place, part in enumerate(parts):
        flat[place] = inner(part)
    array = flat.reshape(shape)
    # The width of texts is found anew: a stated one could ask for all the memory there is.
    return array if dtype == "O" else array.astype(str)


def _decode_time(inner: Any, dtype: str, packed: Any, scalar: bool) -> Any:
    kind = np.dtype(_text(dtype))
    if kind.kind not in "mM":
        raise WireError("not a time")
    array = inner(packed).view(kind)
    return array[()] if scalar else array


def _decode_index(inner: Any, values: Any, names: list[Any], several: bool) -> pd.Index:
    labels = [inner(name) for name in names]
    if several:
        return _pandas().MultiIndex.from_tuples(list(inner(values)), names=labels)
    return _pandas().Index(inner(values), name=labels[0])


def _decode_series(inner: Any, index: Any, values: Any, name: Any) -> pd.Series:
    return _pandas().Series(inner(values), index=inner(index), name=inner(name))


def _decode_frame(inner: Any, index: Any, columns: Any, values: list[Any]) -> pd.DataFrame:
    labels, rows = inner(columns), inner(index)
    parts = dict(enumerate(inner(part) for part in values))
    frame = _pandas().DataFrame(parts, index=rows)
    frame.columns = labels
    return frame


def _decode_sparse(
    inner: Any, make: str, form: str, row: Any, column: Any, data: Any, shape: list[int]
) -> Any:
    if _text(form) not in ("csr", "csc", "coo", "lil", "dok", "bsr", "dia"):
        raise WireError("unknown form of a sparse matrix")
    if math.prod(shape) > LARGEST_TABLE:
        raise WireError("a matrix too large to be looked at")
    from scipy import sparse

    return getattr(sparse, make)(
        (inner(data), (inner(row), inner(column))), shape=tuple(shape)
    ).asformat(form)


def _remote(place: int, call: Call | None) -> Any:
    if call is None:
        return Opaque("function")

    def function(*arguments: Any) -> Any:
        return call(place, arguments)

    return function
