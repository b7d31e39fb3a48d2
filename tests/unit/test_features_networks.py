"""The networks: their shapes and parameters, what they can see of the order, bad options."""

import numpy as np
import pytest

from recsys_tutorial.features import (
    build_conv1d_network,
    build_dense_network,
    build_gru_network,
    build_interest_cnn,
    build_next_item_gru,
    build_next_item_transformer,
    build_transformer_network,
    layer_activations,
    penultimate_features,
    score_next,
)
from tests.unit.interest_networks import random_maps

pytestmark = pytest.mark.deep
BUILDERS = [
    build_interest_cnn,
    build_dense_network,
    build_conv1d_network,
    build_gru_network,
    build_transformer_network,
]
each_builder = pytest.mark.parametrize("build", BUILDERS, ids=lambda b: b.__name__)


# ------------------------------------------------------------------ the article's network


def test_the_number_of_parameters_is_the_articles(network):
    assert network.count_params() == 347_146


def test_shapes_and_parameters_of_the_layers(network):
    found = {x.name: (tuple(x.output.shape[1:]), x.count_params()) for x in network.layers}
    assert found == {
        "filters": ((26, 26, 32), 32 * (9 + 1)),
        "pooled": ((13, 13, 32), 0),
        "flat": ((5408,), 0),
        "features": ((64,), 5408 * 64 + 64),
        "dropout": ((64,), 0),
        "mix": ((10,), 64 * 10 + 10),
    }


def test_other_sizes():
    other = build_interest_cnn(20, 12, 4)
    assert other.predict(np.zeros((2, 20, 12)), verbose=0).shape == (2, 4)
    assert other.get_layer("filters").output.shape[1:] == (18, 10, 32)


def test_the_seed_decides_the_weights(network):
    first = network.get_weights()
    same, other = (
        build_interest_cnn().get_weights(),
        build_interest_cnn(random_state=1).get_weights(),
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_maps_need_no_channel_axis(network):
    some = random_maps(3)
    # A second network: one that was compiled for three axes refuses four.
    with_axis = build_interest_cnn().predict(some[..., None], verbose=0)
    assert np.allclose(network.predict(some, verbose=0), with_axis, atol=1e-6)


# ------------------------------------------------------------------ all networks


@each_builder
def test_all_have_one_face(build):
    model = build(12, 9, 4, random_state=1)
    mixes = model.predict(random_maps(3)[:, :12, :9], verbose=0)
    assert mixes.shape == (3, 4) and np.allclose(mixes.sum(axis=1), 1, atol=1e-5)
    features = penultimate_features(model, random_maps(3)[:, :12, :9])
    assert features.shape == (3, 32 if build is build_dense_network else 64)
    assert model.loss == "categorical_crossentropy"


@each_builder
def test_the_seed_decides_all_weights(build):
    first, same, other = (build(random_state=seed).get_weights() for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@each_builder
def test_who_knows_the_order(build):
    maps = random_maps(2, seed=5)
    shuffled = maps[:, np.random.default_rng(0).permutation(28)]
    model = build()
    blind = np.allclose(
        model.predict(maps, verbose=0), model.predict(shuffled, verbose=0), atol=1e-6
    )
    assert blind == (build is build_dense_network)


@each_builder
def test_the_learning_rate_is_taken(build):
    assert float(build(learning_rate=0.02).optimizer.learning_rate) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        # 3 gates of (inputs + memory + 2 biases) x memory, then 32 x 64 + 64 and 64 x 10 + 10.
        (build_gru_network, 3 * (28 + 32 + 2) * 32 + 33 * 64 + 65 * 10),
        (build_conv1d_network, (3 * 28 + 1) * 64 + 65 * 64 + 65 * 10),
        (build_dense_network, 29 * 64 + 65 * 32 + 33 * 10),
        # events, 4 projections, 2 normalisations, dense, importance, features, mix
        (
            build_transformer_network,
            (28 * 32 + 28 * 32) + 4 * (33 * 32) + 2 * 64 + 33 * 32 + 33 + 33 * 64 + 65 * 10,
        ),
    ],
)
def test_parameters_counted_by_hand(build, expected):
    assert build().count_params() == expected


def test_no_event_looks_ahead():
    maps, model = random_maps(1, seed=2), build_transformer_network()
    changed = maps.copy()
    changed[:, 20:] = 0
    before, after = (layer_activations(model, some, "look_back") for some in (maps, changed))
    assert np.allclose(before[:, :20], after[:, :20], atol=1e-6)
    assert not np.allclose(before[:, 20:], after[:, 20:], atol=1e-3)


def test_attention_shares_out_one():
    weights = layer_activations(build_transformer_network(), random_maps(4), "attention")
    assert weights.shape == (4, 28) and weights.min() > 0
    assert np.allclose(weights.sum(axis=1), 1, atol=1e-5)


# ------------------------------------------------------------------ bad options


@each_builder
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dropout": 1.0}, "dropout=1.0"),
        ({"dropout": -0.1}, "dropout"),
        ({"dropout": float("nan")}, "dropout"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"random_state": -1}, "random_state"),
        ({"n_targets": 0}, "n_targets=0"),
    ],
)
def test_bad_options_are_named(build, options, words):
    with pytest.raises(ValueError, match=words):
        build(**options)


@pytest.mark.parametrize(
    ("build", "options", "words"),
    [
        (build_interest_cnn, {"n_events": 3}, "too small"),
        (build_conv1d_network, {"n_events": 2}, "three events"),
        (build_dense_network, {"hidden": ()}, "hidden"),
        (build_dense_network, {"hidden": (8, 0)}, "hidden"),
        (build_gru_network, {"n_events": 0}, "n_events=0"),
        (build_transformer_network, {"width": 31}, "multiple"),
        (build_transformer_network, {"n_heads": 0}, "n_heads=0"),
    ],
)
def test_shapes_that_cannot_work_are_named(build, options, words):
    with pytest.raises(ValueError, match=words):
        build(**options)


# ------------------------------------------------------------------ the next item

NEXT_ITEM = [build_next_item_gru, build_next_item_transformer]


@pytest.mark.parametrize("build", NEXT_ITEM)
def test_a_network_does_not_look_ahead(build):
    network = build(9, 6, width=8)
    rng = np.random.default_rng(0)
    one = rng.integers(1, 10, size=(3, 6))
    other = one.copy()
    other[:, 4:] = 1 + other[:, 4:] % 9
    scores, changed = (np.asarray(network(rows, training=False)) for rows in (one, other))
    assert scores.shape == (3, 6, 10)
    assert np.allclose(scores[:, :4], changed[:, :4], atol=1e-5)
    assert not np.allclose(scores[:, 4:], changed[:, 4:], atol=1e-3)
    assert np.allclose(score_next(network, one, batch_size=2), scores[:, -1], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("build", NEXT_ITEM)
def test_a_network_learns_what_follows_and_item_vectors_are_tied(build):
    network = build(6, 4, width=8, dropout=0.0, learning_rate=0.03)
    shapes = [tuple(weight.shape) for weight in network.trainable_weights]
    assert shapes.count((7, 8)) == 1 and (8, 7) not in shapes
    start = np.arange(6)[:, None]
    inputs, targets = 1 + (start + np.arange(4)) % 6, 1 + (start + np.arange(1, 5)) % 6
    network.fit(inputs, targets, epochs=120, batch_size=6, verbose=0)
    assert score_next(network, inputs).argmax(axis=1).tolist() == targets[:, -1].tolist()


def test_a_padded_place_is_not_asked():
    network = build_next_item_gru(5, 3, width=4, dropout=0.0)
    rows = np.array([[0, 1, 2]])
    some = network.evaluate(rows, np.array([[0, 0, 3]]), verbose=0)
    scores = score_next(network, rows)[0]
    assert some == pytest.approx(np.log(np.exp(scores).sum()) - scores[3], rel=1e-4)


def test_one_seed_one_next_item_network():
    rows = np.array([[1, 2, 3]])
    same, again, other = (
        score_next(build_next_item_gru(5, 3, random_state=seed), rows) for seed in (1, 1, 2)
    )
    assert np.array_equal(same, again) and not np.allclose(same, other)


@pytest.mark.parametrize("build", NEXT_ITEM)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_items": 0}, "n_items=0"),
        ({"n_items": 5, "n_events": 0}, "n_events=0"),
        ({"n_items": 5, "dropout": 1.0}, "dropout=1.0"),
        ({"n_items": 5, "learning_rate": 0.0}, "learning_rate=0.0"),
        ({"n_items": 5, "random_state": -1}, "random_state=-1"),
    ],
)
def test_bad_options_of_next_item_networks_are_named(build, options, words):
    with pytest.raises(ValueError, match=words):
        build(**options)


def test_heads_share_the_width():
    with pytest.raises(ValueError, match="width=9 must be a multiple of n_heads=2"):
        build_next_item_transformer(5, width=9)
