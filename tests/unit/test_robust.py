"""Trimmed K-means: equal to K-means without trimming, and not moved by a few far rows."""

import numpy as np
import pytest

from recsys_tutorial.clustering import adjusted_rand, fit_kmeans, trimmed_kmeans

RNG = np.random.default_rng(0)
GROUPS = np.repeat([0, 1, 2], 40)
ROWS = np.array([[0, 0], [6, 0], [0, 6]])[GROUPS] + RNG.normal(size=(120, 2))


def test_without_trimming_it_is_k_means():
    centres, labels = trimmed_kmeans(ROWS, 3, trim=0)
    model = fit_kmeans(ROWS, 3)
    assert adjusted_rand(labels, model.labels_) == 1
    assert np.allclose(np.sort(centres, axis=0), np.sort(model.cluster_centers_, axis=0))


def test_far_rows_are_left_out():
    spoiled = np.vstack([ROWS, RNG.normal(size=(6, 2)) + [500, 500]])
    plain = fit_kmeans(spoiled, 3).labels_[:120]
    centres, labels = trimmed_kmeans(spoiled, 3, trim=0.05)
    assert (labels[120:] == -1).all() and (labels == -1).sum() == 6
    assert adjusted_rand(plain, GROUPS) < 0.7 < 0.95 < adjusted_rand(labels[:120], GROUPS)
    assert centres.max() < 10


def test_means_are_those_of_the_kept_rows():
    centres, labels = trimmed_kmeans(ROWS, 3, trim=0.1)
    assert (labels == -1).sum() == 12
    for cluster in range(3):
        assert np.allclose(centres[cluster], ROWS[labels == cluster].mean(axis=0))


def test_the_input_stays_and_the_seed_counts():
    before = ROWS.copy()
    one, two = (trimmed_kmeans(ROWS, 3, random_state=4) for _ in range(2))
    assert np.array_equal(before, ROWS) and np.array_equal(one[1], two[1])


@pytest.mark.parametrize("seed", range(5))
def test_a_start_takes_no_row_twice(seed):
    rows = np.arange(8.0)[:, None] ** 2
    centres, labels = trimmed_kmeans(rows, 8, trim=0, n_init=1, random_state=seed)
    assert sorted(labels) == list(range(8)) and np.array_equal(centres[labels], rows)


def test_more_starts_change_nothing_unless_they_are_better():
    rows = np.array([[0.0], [2.0], [8.0], [10.0]])
    for seed in range(5):
        first, many = (trimmed_kmeans(rows, 2, trim=0, n_init=n, random_state=seed) for n in (1, 9))
        assert np.array_equal(first[1], many[1])


def test_of_rows_that_are_equally_far_the_later_are_left_out():
    rows = np.tile([[0.0], [0.0], [1.0]], (40, 1))
    centres, labels = trimmed_kmeans(rows, 1, trim=0.25)
    assert np.flatnonzero(labels == -1).tolist() == list(range(32, 120, 3))
    assert centres.tolist() == [[10 / 90]]


@pytest.mark.parametrize("settings", [{"trim": 1.0}, {"trim": -0.1}, {"n_clusters": 110}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValueError):
        trimmed_kmeans(ROWS, **({"n_clusters": 3, "trim": 0.1} | settings))
