"""The adapters against pretended libraries: what is handed over, and what is made of the answer.

The real libraries are asked in `test_bench_running.py` where they are installed.
"""

import os
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone

from recsys_tutorial.bench import peers
from recsys_tutorial.preprocessing import UserItemMatrix

SEEN = np.array([[1.0, 0, 4, 0], [0, 2, 0, 0], [5, 3, 0, 0]])  # nobody met the last item
MATRIX = UserItemMatrix(
    sparse.csr_array(SEEN), pd.Index(["u", "v", "w"]), pd.Index(["a", "b", "c", "d"])
)


@pytest.fixture
def pretend(monkeypatch):
    """Put pretended modules in the place of the libraries."""

    def put(**modules):
        known = {name.replace("_DOT_", "."): module for name, module in modules.items()}
        monkeypatch.setattr(peers.importlib, "import_module", known.__getitem__)

    return put


class ImplicitModel:
    """Factors that say who they are; ranks by their product."""

    def __init__(self, **parameters):
        self.parameters = parameters

    def fit(self, cells, show_progress):
        assert cells.indptr.dtype == cells.indices.dtype == np.int32
        assert cells.data.dtype == np.float32 and not show_progress
        self.user_factors, self.item_factors = np.eye(3, 2), np.array([[3.0, 0], [1, 1], [2, 5]])
        self.item_factors = np.vstack([self.item_factors, [0, 9]])
        self.similarity = sparse.csr_matrix(np.eye(4))

    def recommend(self, rows, seen, N, filter_already_liked_items):
        assert filter_already_liked_items and seen.shape == (len(rows), 4)
        scores = (self.user_factors[rows] @ self.item_factors.T).astype(np.float32)
        scores[seen.toarray() > 0] = -np.finfo(np.float32).max
        top = np.argsort(-scores, axis=1, kind="stable")[:, :N]
        return top, np.take_along_axis(scores, top, axis=1)


@pytest.mark.parametrize(
    ("model", "module", "name"),
    [
        (peers.ImplicitALS, "implicit_DOT_als", "AlternatingLeastSquares"),
        (peers.ImplicitBPR, "implicit_DOT_bpr", "BayesianPersonalizedRanking"),
        (peers.ImplicitCosine, "implicit_DOT_nearest_neighbours", "CosineRecommender"),
    ],
)
def test_implicit_ranks_by_itself_and_scores_by_ours(pretend, model, module, name):
    pretend(**{module: SimpleNamespace(**{name: ImplicitModel})})
    fitted = clone(model()).fit(MATRIX)
    assert fitted._model.parameters.items() >= fitted.get_params().items()
    assert fitted.top_k(k=2).tolist() == [[1, 3], [3, 2], [2, 3]]
    # Our own ranking where candidates are named, or more places than items.
    assert fitted.top_k(["v"], k=1, items=["a", "c"]).shape == (1, 1)
    assert (fitted.top_k(k=5)[:, 4] == -1).all()
    assert fitted.scores(["u"]).shape == (1, 4)


def test_cosine_scores_by_its_similarities(pretend):
    pretend(implicit_DOT_nearest_neighbours=SimpleNamespace(CosineRecommender=ImplicitModel))
    assert peers.ImplicitCosine().fit(MATRIX).scores(["u"]).tolist() == [SEEN[0].tolist()]


def test_lightfm_gets_narrow_cells_and_gives_factors_and_biases(pretend):
    class LightFM:
        def __init__(self, **parameters):
            assert parameters["loss"] == "warp" and parameters["random_state"] == 7

        def fit(self, cells, epochs, num_threads):
            assert (epochs, num_threads) == (3, 1)
            assert cells.row.dtype == cells.col.dtype == np.int32
            self.user_embeddings, self.item_embeddings = np.ones((3, 1)), np.zeros((4, 1))
            self.item_biases = np.array([0.0, 1, 2, 3])

    pretend(lightfm=SimpleNamespace(LightFM=LightFM))
    fitted = peers.LightFMWarp(epochs=3, random_state=7).fit(MATRIX)
    assert fitted.top_k(k=2).tolist() == [[3, 1], [3, 2], [3, 2]]


class SurpriseTrain:
    """Numbers users and items in the order in which they come, as Surprise does."""

    def __init__(self, rows):
        self.users = list(dict.fromkeys(row[0] for row in rows))
        self.items = list(dict.fromkeys(row[1] for row in rows))
        self.n_users, self.n_items = len(self.users), len(self.items)

    def to_raw_uid(self, inner):
        return self.users[inner]

    def to_raw_iid(self, inner):
        return self.items[inner]


def test_surprise_factors_go_back_to_their_users_and_items(pretend):
    class SVD:
        def __init__(self, **parameters):
            self.n_factors = parameters["n_factors"]

        def fit(self, train):
            # Each factor is the raw number, so that a mix-up would show.
            self.pu = np.array([[float(user)] for user in train.users])
            self.qi = np.array([[10.0 + item] for item in train.items])
            self.bi = np.array([float(item) for item in train.items])
            return self

    def reader(rating_scale):
        assert rating_scale == (1.0, 5.0)

    def dataset(scale):
        return SimpleNamespace(construct_trainset=SurpriseTrain)

    pretend(surprise=SimpleNamespace(SVD=SVD, Reader=reader, Dataset=dataset))
    fitted = peers.SurpriseSVD(n_factors=1).fit(MATRIX)
    assert fitted.user_factors_.ravel().tolist() == [0, 1, 2]
    assert fitted.item_factors_.ravel().tolist() == [10, 11, 12, 0], "the last item is unknown"
    assert fitted.item_bias_.tolist() == [0, 1, 2, 0]


def test_spark_gets_every_event_and_leaves_out_who_is_unknown(pretend, monkeypatch):
    handed, asked = [], {}

    class ALS:
        def __init__(self, **parameters):
            asked.update(parameters)

        def fit(self, frame):
            rows = [{"id": 2, "features": [1.0, 0.0]}, {"id": 0, "features": [0.0, 1.0]}]
            table = SimpleNamespace(collect=lambda: rows)
            return SimpleNamespace(userFactors=table, itemFactors=table)

    def start(master, settings):
        asked.update(settings, master=master)
        return SimpleNamespace(createDataFrame=lambda rows, schema: handed.extend(rows))

    monkeypatch.setattr(peers, "start_spark", start)
    pretend(pyspark_DOT_ml_DOT_recommendation=SimpleNamespace(ALS=ALS))
    fitted = peers.SparkALS(rank=2, num_threads=2).fit(MATRIX)
    assert sorted(handed) == [(0, 0, 1), (0, 2, 4), (1, 1, 2), (2, 0, 5), (2, 1, 3)]
    assert asked["implicitPrefs"] and asked["rank"] == 2 and asked["master"] == "local[2]"
    assert asked["spark.default.parallelism"] == "2"
    assert fitted.user_factors_.tolist() == [[0, 1], [0, 0], [1, 0]]
    assert fitted.item_factors_.tolist() == [[0, 1], [0, 0], [1, 0], [0, 0]]


class Embedding:
    """A tower: weights of the right shape, and a note of who was looked up."""

    def __init__(self, size, dimension):
        self.weights, self.asked = np.full((size, dimension), float(size)), []

    def __call__(self, ids):
        self.asked.append(ids)
        return self.weights[ids]

    def get_weights(self):
        return [self.weights]


def pretended_tensorflow(losses):
    """As much of TensorFlow and its recommenders as the adapter touches."""

    class Data:
        def __init__(self, events):
            self.events = events

        def shuffle(self, size, seed):
            assert size == 5
            return self

        def batch(self, size):
            return self

    class Model:
        def compile(self, optimizer):
            self.optimizer = optimizer

        def fit(self, data, epochs, verbose):
            losses.append(self.compute_loss(data.events))

    def retrieval():
        return lambda user, item, compute_metrics, **more: (user.shape, item.shape, more)

    def too_late(number):
        raise RuntimeError("TensorFlow runs already")

    keras = SimpleNamespace(
        utils=SimpleNamespace(set_random_seed=losses.append),
        layers=SimpleNamespace(Embedding=Embedding),
        optimizers=SimpleNamespace(Adagrad=float),
    )
    threads = SimpleNamespace(set_intra_op_parallelism_threads=too_late)
    tensorflow = SimpleNamespace(
        keras=keras,
        config=SimpleNamespace(threading=threads),
        data=SimpleNamespace(Dataset=SimpleNamespace(from_tensor_slices=Data)),
    )
    tfrs = SimpleNamespace(Model=Model, tasks=SimpleNamespace(Retrieval=retrieval))
    return {"tensorflow": tensorflow, "tensorflow_recommenders": tfrs}


@pytest.mark.parametrize("correct", [True, False])
def test_two_towers_tell_the_loss_how_often_an_item_is_drawn(pretend, monkeypatch, correct):
    losses = []
    monkeypatch.delenv("TF_USE_LEGACY_KERAS", raising=False)
    pretend(**pretended_tensorflow(losses))
    model = peers.TwoTowers(dimension=2, correct_popularity=correct, random_state=3)
    fitted = model.fit(MATRIX)
    assert os.environ.pop("TF_USE_LEGACY_KERAS") == "1"
    seed, (users, items, more) = losses
    assert seed == 3 and users == items == (5, 2)
    if correct:
        # Items a, c, b, a, b of five events.
        expected = pytest.approx([0.4, 0.2, 0.4, 0.4, 0.4])
        assert more["candidate_sampling_probability"] == expected
    else:
        assert more == {}
    assert fitted.user_factors_.shape == (3, 2) and fitted.item_factors_.shape == (4, 2)


def test_installed_peers_are_those_that_have_a_version(monkeypatch):
    def version(name):
        if name != "implicit":
            raise peers.PackageNotFoundError(name)
        return "0.7.3"

    monkeypatch.setattr(peers, "version", version)
    assert peers.installed_peers() == {"implicit": "0.7.3"}
