"""Training: early stopping, seeds, the loss; and what happens with bad data."""

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_tutorial.features import (
    build_interest_cnn,
    cross_entropy,
    row_cross_entropy,
    train_network,
)
from tests.unit.interest_networks import random_maps, random_mixes


def deep(test):
    """Mark what trains a network."""
    return pytest.mark.slow(pytest.mark.deep(test))


def train_by_heart(random_state: int = 0, **options):
    """Train on noise: the validation loss must rise as soon as the noise is learnt by heart."""
    sharp = np.eye(10, dtype="float32")[np.random.default_rng(1).integers(10, size=300)]
    train = (random_maps(200), sharp[:200])
    validation = (random_maps(100, seed=2), sharp[200:])
    small = build_interest_cnn(dropout=0.0, random_state=random_state)
    small.optimizer.learning_rate = 3e-3
    trained = train_network(small, train, validation, batch_size=32, **options)
    return trained, validation


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
def test_a_step_of_training_is_compiled_once():
    network, compiled = build_interest_cnn(), []
    step = network.train_step
    network.train_step = lambda *given: compiled.append(given) or step(*given)
    part = random_maps(70), random_mixes(70)
    train_network(network, part, part, batch_size=32, max_epochs=2)
    assert len(compiled) == 1


@deep
def test_a_network_that_is_not_compiled_is_refused_in_the_words_of_keras():
    import keras

    network = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
    part = random_maps(40), random_mixes(40)
    with pytest.raises(ValueError, match="compile"):
        train_network(network, part, part)
    network.compile(loss="categorical_crossentropy")  # built by its first batch
    assert len(train_network(network, part, part, max_epochs=1).train_loss) == 1


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


@deep
def test_the_bar_shows_the_epochs_and_goes_away(capfd):
    train_by_heart(max_epochs=2, progress=True)
    shown = capfd.readouterr().err
    # The bar may go before the last of two short epochs is drawn.
    assert re.search("[12]/2", shown) and "validation=" in shown
    train_by_heart(max_epochs=1)
    assert "epoch" not in capfd.readouterr().err


@deep
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda X, y: (X[:0], y[:0]), "0 maps"),
        (lambda X, y: (X[:3], y), "3 maps and 6 targets"),
        (lambda X, y: (np.where(X > 0.5, np.nan, X), y), "NaN"),
        (lambda X, y: (X, y / np.zeros_like(y)), "NaN or infinity"),
    ],
)
@pytest.mark.parametrize("part", ["training", "validation"])
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_bad_data_are_named(network, spoil, words, part):
    good = random_maps(6), random_mixes(6)
    pair = [spoil(*good), good] if part == "training" else [good, spoil(*good)]
    with pytest.raises(ValueError, match=f"{part} part .*{words}"):
        train_network(network, *pair)


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
