"""The convolutional network: its shape, its training, the layer that features come from."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import correlate2d

from recsys_tutorial.features import (
    build_interest_cnn,
    cross_entropy,
    layer_activations,
    penultimate_features,
    row_cross_entropy,
    train_network,
)

deep = pytest.mark.deep


def random_maps(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, 28, 28)).astype("float32")


def random_mixes(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(10), size=n).astype("float32")


@pytest.fixture(scope="module")
def network():
    return build_interest_cnn()


def train_by_heart(random_state: int = 0, **options):
    """Train on noise: the validation loss must rise as soon as the noise is learnt by heart."""
    sharp = np.eye(10, dtype="float32")[np.random.default_rng(1).integers(10, size=300)]
    train = (random_maps(200), sharp[:200])
    validation = (random_maps(100, seed=2), sharp[200:])
    small = build_interest_cnn(dropout=0.0, random_state=random_state)
    small.optimizer.learning_rate = 3e-3
    trained = train_network(small, train, validation, batch_size=32, **options)
    return trained, validation


# ------------------------------------------------------------------ the network


@deep
def test_the_number_of_parameters_is_the_articles(network):
    assert network.count_params() == 347_146


@deep
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


@deep
def test_other_sizes():
    other = build_interest_cnn(20, 12, 4)
    assert other.predict(np.zeros((2, 20, 12)), verbose=0).shape == (2, 4)
    assert other.get_layer("filters").output.shape[1:] == (18, 10, 32)


@deep
def test_the_seed_decides_the_weights(network):
    first = network.get_weights()
    same, other = (
        build_interest_cnn().get_weights(),
        build_interest_cnn(random_state=1).get_weights(),
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
    assert not np.array_equal(first[0], other[0])


@deep
def test_maps_need_no_channel_axis(network):
    some = random_maps(3)
    # A second network: one that was compiled for three axes refuses four.
    with_axis = build_interest_cnn().predict(some[..., None], verbose=0)
    assert np.allclose(network.predict(some, verbose=0), with_axis, atol=1e-6)


# ------------------------------------------------------------------ training


@deep
def test_early_stopping_restores_the_best_weights():
    trained, validation = train_by_heart(max_epochs=30, patience=2)
    losses = trained.validation_loss
    # The case is real: the last epoch is clearly worse than the best.
    assert losses[-1] > min(losses) + 0.01
    kept = cross_entropy(validation[1], trained.model.predict(validation[0], verbose=0))
    assert kept == pytest.approx(min(losses), abs=1e-4)


@deep
def test_training_waits_as_long_as_told():
    losses = train_by_heart(max_epochs=30, patience=2)[0].validation_loss
    assert len(losses) == np.argmin(losses) + 1 + 2


@deep
def test_the_best_weights_are_kept_even_if_time_runs_out():
    trained, validation = train_by_heart(max_epochs=7, patience=50)
    assert len(trained.train_loss) == len(trained.validation_loss) == 7
    assert trained.validation_loss[-1] > min(trained.validation_loss) + 0.01
    kept = cross_entropy(validation[1], trained.model.predict(validation[0], verbose=0))
    assert kept == pytest.approx(min(trained.validation_loss), abs=1e-4)


@deep
def test_training_with_the_same_seed_goes_the_same_way():
    runs = [train_by_heart(seed, max_epochs=2)[0] for seed in (3, 3, 4)]
    assert runs[0].train_loss == pytest.approx(runs[1].train_loss, rel=1e-4)
    assert runs[0].train_loss != pytest.approx(runs[2].train_loss, rel=1e-4)


@deep
def test_the_training_loss_falls():
    trained = train_by_heart(max_epochs=8, patience=8)[0]
    assert trained.train_loss[-1] < trained.train_loss[0] - 0.05


# ------------------------------------------------------------------ features


@deep
def test_features_are_the_layer_before_the_softmax(network):
    some = random_maps(5)
    features = penultimate_features(network, some)
    weights, bias = network.get_layer("mix").get_weights()
    raw = np.exp(features @ weights + bias)
    mixes = network.predict(some, verbose=0)
    assert features.shape == (5, 64) and features.min() >= 0
    assert np.allclose(raw / raw.sum(axis=1, keepdims=True), mixes, atol=1e-5)


@deep
def test_features_are_not_the_softmax(network):
    some = random_maps(40)
    features, mixes = penultimate_features(network, some), network.predict(some, verbose=0)
    assert np.allclose(mixes.sum(axis=1), 1, atol=1e-5)
    assert not np.allclose(features.sum(axis=1), 1, atol=0.01)
    ranks = [np.linalg.matrix_rank(X - X.mean(axis=0), tol=1e-4) for X in (mixes, features)]
    assert ranks[0] <= 9 < ranks[1]


@deep
def test_features_are_not_silenced_by_dropout():
    heavy, some = build_interest_cnn(dropout=0.9), random_maps(4)
    once, again = penultimate_features(heavy, some), penultimate_features(heavy, some)
    assert np.array_equal(once, again)
    assert np.allclose(once, layer_activations(heavy, some, "dropout"), atol=1e-6)


@deep
def test_filters_slide_over_the_map_without_padding_or_flipping(network):
    one = random_maps(1)
    weights, bias = network.get_layer("filters").get_weights()
    found = layer_activations(network, one, "filters")[0]
    for number in (0, 31):
        response = correlate2d(one[0], weights[:, :, 0, number], mode="valid") + bias[number]
        assert np.allclose(found[:, :, number], np.maximum(response, 0), atol=1e-5)


@deep
@pytest.mark.parametrize("n", [1, 255, 256, 700])
def test_pieces_are_put_together_in_order(network, n):
    some = random_maps(n, seed=n)
    features = penultimate_features(network, some)
    assert features.shape == (n, 64)
    assert np.allclose(features[-1:], penultimate_features(network, some[-1:]), atol=1e-5)


@deep
def test_there_is_no_such_layer(network):
    with pytest.raises(ValueError, match="hidden"):
        layer_activations(network, random_maps(1), "hidden")


# ------------------------------------------------------------------ cross-entropy


@pytest.mark.parametrize("n", [2, 10, 28])
def test_a_uniform_forecast_costs_the_logarithm(n):
    targets = np.random.default_rng(n).dirichlet(np.ones(n), size=6)
    assert cross_entropy(targets, np.full((6, n), 1 / n)) == pytest.approx(np.log(n))
    assert cross_entropy(targets, np.full(n, 1 / n)) == pytest.approx(np.log(n))


def test_a_case_worked_by_hand():
    targets = np.array([[1.0, 0.0], [0.5, 0.5]])
    predicted = np.array([[0.25, 0.75], [0.25, 0.75]])
    rows = [np.log(4), 0.5 * np.log(4) + 0.5 * np.log(4 / 3)]
    assert row_cross_entropy(targets, predicted) == pytest.approx(rows)
    assert cross_entropy(targets, predicted) == pytest.approx(np.mean(rows))


@given(st.integers(0, 1000))
def test_nothing_beats_the_truth(seed):
    rng = np.random.default_rng(seed)
    truth, forecast = rng.dirichlet(np.ones(4), size=(2, 3))
    own = row_cross_entropy(truth, truth)
    assert np.allclose(own, -(truth * np.log(truth)).sum(axis=1))
    assert (row_cross_entropy(truth, forecast) >= own - 1e-12).all()


def test_a_forecast_of_zero_is_dear_but_finite():
    assert cross_entropy(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])) == pytest.approx(
        7 * np.log(10)
    )


def test_a_certain_forecast_that_is_right_costs_nothing():
    sure = np.eye(3)
    assert cross_entropy(sure, sure) == 0


@pytest.mark.parametrize("shape", [(4, 9), (9,), (3, 10), (4, 1), (1, 10)])
def test_shapes_must_agree(shape):
    with pytest.raises(ValueError, match="shape"):
        cross_entropy(random_mixes(4), np.full(shape, 0.1))


@deep
def test_it_is_the_loss_that_keras_minimises(network):
    some, targets = random_maps(20), random_mixes(20)
    theirs = network.evaluate(some, targets, verbose=0)
    assert cross_entropy(targets, network.predict(some, verbose=0)) == pytest.approx(
        theirs, abs=1e-4
    )


# ------------------------------------------------------------------ the rest of the course


def test_the_package_can_be_used_without_tensorflow():
    code = (
        "import sys, recsys_tutorial.features, recsys_tutorial.exercises.ch07 as c;"
        "assert len(c.EXERCISES) >= 5;"
        "print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
