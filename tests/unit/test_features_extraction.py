"""From a network to features: layers, the fitted extractor, keeping it, and many users."""

import hashlib
import importlib.util
import io
import json
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.signal import correlate2d

from recsys_tutorial.datasets import DataError, Interactions, load_insteval, load_movielens
from recsys_tutorial.features import (
    FeatureExtractor,
    ItemTopics,
    build_dense_network,
    build_interest_cnn,
    fit_item_topics,
    layer_activations,
    maps_of_latest,
    penultimate_features,
)
from tests.unit.interest_networks import random_maps

pytestmark = [pytest.mark.deep, pytest.mark.slow]


# ------------------------------------------------------------------ layers


def test_features_are_the_layer_before_the_softmax(network):
    some = random_maps(5)
    features = penultimate_features(network, some)
    weights, bias = network.get_layer("mix").get_weights()
    raw = np.exp(features @ weights + bias)
    mixes = network.predict(some, verbose=0)
    assert features.shape == (5, 64) and features.min() >= 0
    assert np.allclose(raw / raw.sum(axis=1, keepdims=True), mixes, atol=1e-5)


def test_features_are_not_the_softmax(network):
    some = random_maps(40)
    features, mixes = penultimate_features(network, some), network.predict(some, verbose=0)
    assert np.allclose(mixes.sum(axis=1), 1, atol=1e-5)
    assert not np.allclose(features.sum(axis=1), 1, atol=0.01)
    ranks = [np.linalg.matrix_rank(X - X.mean(axis=0), tol=1e-4) for X in (mixes, features)]
    assert ranks[0] <= 9 < ranks[1]


def test_features_are_not_silenced_by_dropout():
    heavy, some = build_interest_cnn(dropout=0.9), random_maps(4)
    once, again = penultimate_features(heavy, some), penultimate_features(heavy, some)
    assert np.array_equal(once, again)
    assert np.allclose(once, layer_activations(heavy, some, "dropout"), atol=1e-6)


def test_filters_slide_over_the_map_without_padding_or_flipping(network):
    one = random_maps(1)
    weights, bias = network.get_layer("filters").get_weights()
    found = layer_activations(network, one, "filters")[0]
    for number in (0, 31):
        response = correlate2d(one[0], weights[:, :, 0, number], mode="valid") + bias[number]
        assert np.allclose(found[:, :, number], np.maximum(response, 0), atol=1e-5)


@pytest.mark.parametrize("n", [1, 255, 256, 700])
def test_pieces_are_put_together_in_order(network, n):
    some = random_maps(n, seed=n)
    features = penultimate_features(network, some)
    assert features.shape == (n, 64)
    assert np.allclose(features[-1:], penultimate_features(network, some[-1:]), atol=1e-5)


def test_there_is_no_such_layer(network):
    with pytest.raises(ValueError, match="hidden"):
        layer_activations(network, random_maps(1), "hidden")


@pytest.mark.parametrize("n", [0, 1])
def test_few_maps_or_none(network, n):
    assert penultimate_features(network, random_maps(n)).shape == (n, 64)


# ------------------------------------------------------------------ the extractor


@pytest.fixture(scope="module")
def movielens():
    return load_movielens()


@pytest.fixture(scope="module")
def topics(movielens):
    return fit_item_topics(movielens)


@pytest.fixture(scope="module")
def extractor(network, topics, movielens):
    return FeatureExtractor.from_network(network, topics, maps_of_latest(movielens, topics)[0])


def test_features_of_the_users_it_was_fitted_on_are_standardised(extractor, movielens):
    features = extractor.transform(movielens)
    assert features.shape == (671, 64) and features.index.name == "user"
    assert features.index.is_monotonic_increasing
    silent = features.columns[(features == 0).all()]
    alive = features.drop(columns=silent)
    assert len(silent) < 20
    assert np.allclose(alive.mean(), 0, atol=1e-4) and np.allclose(alive.std(ddof=0), 1, atol=1e-3)


def test_it_is_the_layer_of_the_network(extractor, network, topics, movielens):
    maps, users = maps_of_latest(movielens, topics)
    raw = penultimate_features(network, maps)
    expected = (raw - extractor.mean) / extractor.scale
    features = extractor.transform(movielens)
    assert list(features.index) == list(users)
    assert np.allclose(features, expected, atol=1e-4)


def test_a_strangers_features_use_the_old_scale(extractor, movielens):
    events = movielens.events[movielens.events["user"].isin([3, 4])]
    two = Interactions.from_frame(events, movielens.items)
    expected = extractor.transform(movielens).loc[[3, 4]]
    assert np.allclose(extractor.transform(two), expected, atol=1e-4)


@pytest.mark.parametrize("size", [1, 300, 671, 10_000])
def test_batches_put_together_are_the_whole(extractor, movielens, size):
    # One user at a time is slow; a few are enough to see that nobody is lost or doubled.
    few = movielens.events["user"].unique()[: 5 if size == 1 else 671]
    events = movielens.events[movielens.events["user"].isin(few)]
    log = Interactions.from_frame(events, movielens.items)
    tables = list(extractor.batches(log, size))
    assert all(len(table) == size for table in tables[:-1])
    pd.testing.assert_frame_equal(pd.concat(tables), extractor.transform(log), atol=1e-4)


def test_blocks_come_back_in_their_order(extractor):
    rng = np.random.default_rng(0)
    blocks = [rng.integers(-1, 9066, size=(n, 28)) for n in (700, 1, 0, 40, 300)]
    found = list(extractor.stream(iter(blocks)))
    assert [len(f) for f in found] == [700, 1, 0, 40, 300]
    for block, features in zip(blocks, found, strict=True):
        (alone,) = extractor.stream([block])
        assert np.allclose(features, alone, atol=1e-4)


def test_no_more_than_a_few_blocks_are_asked_for_in_advance(extractor):
    asked = 0

    def blocks():
        nonlocal asked
        for _ in range(20):
            asked += 1
            yield np.zeros((2, 28), dtype=int)

    stream = extractor.stream(blocks())
    next(stream)
    assert asked <= 4
    assert len(list(stream)) == 19


def test_memory_does_not_grow_with_the_users(extractor):
    def peak(n_blocks):
        block = np.zeros((512, 28), dtype="int32")
        tracemalloc.start()
        for features in extractor.stream(block for _ in range(n_blocks)):
            del features
        high = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return high

    peak(4)
    few, many = peak(8), peak(40)
    assert many < 1.3 * few


def test_another_layer(network, topics, movielens):
    maps = maps_of_latest(movielens, topics)[0]
    softmax = FeatureExtractor.from_network(network, topics, maps, layer="mix")
    assert softmax.transform(movielens).shape == (671, 10)


def test_a_unit_that_is_silent_stays_zero(topics, movielens):
    dead = build_dense_network()
    weights, bias = dead.get_layer("features").get_weights()
    dead.get_layer("features").set_weights([weights * 0, bias - 1])
    maps = maps_of_latest(movielens, topics)[0]
    features = FeatureExtractor.from_network(dead, topics, maps).transform(movielens)
    assert (features == 0).all(axis=None)


# ------------------------------------------------------------------ what cannot be


def test_a_layer_without_a_row_per_map(network, topics):
    with pytest.raises(ValueError, match="'filters' answers with shape"):
        FeatureExtractor.from_network(network, topics, random_maps(3), layer="filters")


def test_no_maps(network, topics):
    with pytest.raises(ValueError, match="no maps"):
        FeatureExtractor.from_network(network, topics, random_maps(0))


def test_another_number_of_topics(topics):
    with pytest.raises(ValueError, match="reads 12 topics, there are 28"):
        FeatureExtractor.from_network(build_interest_cnn(28, 12), topics, random_maps(3))


def test_an_unknown_film(extractor, movielens):
    events = movielens.events.head(30).assign(item=-5)
    items = pd.DataFrame({"item": [-5], "title": ["?"], "genres": [""]})
    log = Interactions.from_frame(events.drop_duplicates(["user", "item"]), items)
    with pytest.raises(KeyError, match="-5"):
        extractor.transform(log)


def test_a_log_without_times(extractor):
    with pytest.raises(DataError, match="times"):
        extractor.transform(load_insteval())


@pytest.mark.parametrize("shape", [(3, 27), (28,), (3, 28, 28)])
def test_a_block_of_another_shape(extractor, shape):
    with pytest.raises(ValueError, match=r"must be \(n, 28\)"):
        list(extractor.stream([np.zeros(shape, dtype=int)]))


def test_a_batch_of_nobody(extractor, movielens):
    with pytest.raises(ValueError, match="batch_size=0"):
        list(extractor.batches(movielens, 0))


# ------------------------------------------------------------------ keeping it


def test_it_comes_back_as_it_was(extractor, movielens, tmp_path):
    extractor.save(tmp_path / "kept" / "here")
    again = FeatureExtractor.load(tmp_path / "kept" / "here")
    assert np.array_equal(again.topics.membership, extractor.topics.membership)
    assert np.array_equal(again.topics.coarse, extractor.topics.coarse)
    assert again.topics.items.equals(extractor.topics.items)
    pd.testing.assert_frame_equal(
        again.transform(movielens), extractor.transform(movielens), atol=1e-5
    )


def test_two_files_and_nothing_else(extractor, tmp_path):
    extractor.save(tmp_path)
    extractor.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["extractor.json", "network.keras"]


def test_items_may_have_names(network, tmp_path):
    named = ItemTopics(
        pd.Index(["a", "b"]), np.eye(2, 28, dtype="float32"), np.array([0, 1]), n_coarse=2
    )
    FeatureExtractor.from_network(network, named, random_maps(2)).save(tmp_path)
    assert FeatureExtractor.load(tmp_path).topics.items.tolist() == ["a", "b"]


def test_an_empty_folder(tmp_path):
    with pytest.raises(DataError, match="network.keras and extractor.json missing"):
        FeatureExtractor.load(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda notes: "{", "damaged"),
        (lambda notes: "[]", "damaged"),
        (lambda notes: "{}", "damaged"),
        (lambda notes: "[" * 100_000, "damaged"),
        (lambda notes: json.dumps({**json.loads(notes), "mean": [10**400]}), "damaged"),
        (lambda notes: json.dumps({**json.loads(notes), "format": "1\n" * 999}), "has format '1"),
        (lambda notes: json.dumps({**json.loads(notes), "format": 99}), "format 99"),
        (lambda notes: json.dumps({**json.loads(notes), "mean": "much"}), "damaged"),
        (lambda notes: json.dumps({**json.loads(notes), "network_sha256": "0"}), "not belong"),
    ],
)
def test_damaged_notes(network, tmp_path, spoil, words):
    small = ItemTopics(pd.Index([1]), np.ones((1, 28), dtype="float32"), np.array([0]), n_coarse=1)
    FeatureExtractor.from_network(network, small, random_maps(2)).save(tmp_path)
    notes = tmp_path / "extractor.json"
    notes.write_text(spoil(notes.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DataError, match=words):
        FeatureExtractor.load(tmp_path)


def test_a_changed_network_is_not_opened(network, tmp_path):
    small = ItemTopics(pd.Index([1]), np.ones((1, 28), dtype="float32"), np.array([0]), n_coarse=1)
    FeatureExtractor.from_network(network, small, random_maps(2)).save(tmp_path)
    with (tmp_path / "network.keras").open("ab") as file:
        file.write(b"more")
    with pytest.raises(DataError, match="does not belong"):
        FeatureExtractor.load(tmp_path)


def archive(config):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("metadata.json", "{}")
        made.writestr("config.json", json.dumps(config))
        made.writestr("model.weights.h5", b"")
    return buffer.getvalue()


def layer(module, name, config):
    return {"module": module, "class_name": name, "config": config, "registered_name": name}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04cos\nsystem\n(S'touch owned'\ntR.",
        b"\x89HDF\r\n\x1a\n",
        archive([]),
        archive(layer("os", "system", "touch owned")),
        archive(layer("builtins", "function", "exec")),
        archive(layer("keras.config", "function", "enable_unsafe_deserialization")),
        archive(
            layer("keras.utils", "get_file", {"fname": "owned", "origin": "file:" + "///etc/hosts"})
        ),
        archive(
            layer(
                "keras.layers",
                "Lambda",
                {"function": {"class_name": "__lambda__", "config": {"code": "4wAAAAA="}}},
            )
        ),
    ],
)
def test_a_network_from_anyone_runs_nothing(network, tmp_path, content, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ItemTopics(pd.Index([1]), np.ones((1, 28), dtype="float32"), np.array([0]), n_coarse=1)
    FeatureExtractor.from_network(network, small, random_maps(2)).save(tmp_path)
    notes = json.loads((tmp_path / "extractor.json").read_text(encoding="utf-8"))
    (tmp_path / "network.keras").write_bytes(content)
    notes["network_sha256"] = hashlib.sha256(content).hexdigest()
    (tmp_path / "extractor.json").write_text(json.dumps(notes), encoding="utf-8")
    with pytest.raises(DataError, match="no network that can be opened"):
        FeatureExtractor.load(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["extractor.json", "network.keras"]


# ------------------------------------------------------------------ how fast


@pytest.mark.slow
def test_the_tool_that_measures_the_speed(extractor):
    path = Path(__file__).parents[2] / "tools" / "measure_extraction.py"
    spec = importlib.util.spec_from_file_location("measure_extraction", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    tool.measure(extractor, 1000)
    speed, few = tool.measure(extractor, 8_192)
    _, many = tool.measure(extractor, 32_768)
    # 20,000 a second on two idle cores; here other tests run beside it.
    assert speed > 1000
    # 24,000 more users in features alone are 6 MB; their maps would be 77 MB.
    assert many - few < 40
