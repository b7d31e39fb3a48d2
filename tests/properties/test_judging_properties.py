"""Judges of clusterings against scikit-learn and against their definitions, on random inputs."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score, rand_score, silhouette_samples

from recsys_tutorial.clustering import (
    adjusted_rand,
    permute_columns,
    rand_index,
    silhouette_values,
    split_noise,
)


def labelled(elements, most_rows=14):
    """Draw points and a grouping of them: duplicates and singletons are frequent."""

    def with_labels(X: np.ndarray):
        labels = st.lists(st.integers(-1, 4), min_size=len(X), max_size=len(X))
        return labels.map(lambda drawn: (X, np.array(drawn)))

    shapes = st.tuples(st.integers(3, most_rows), st.integers(1, 3))
    return arrays(float, shapes, elements=elements).flatmap(with_labels)


grid = labelled(st.integers(0, 3).map(float))
anywhere = labelled(st.floats(-100, 100, allow_subnormal=False).map(lambda x: round(x, 3)))
groupings = st.integers(2, 25).flatmap(
    lambda n: st.tuples(
        *[st.lists(st.integers(-1, 4), min_size=n, max_size=n).map(np.array)] * 2,
    )
)


def has_a_silhouette(labels: np.ndarray) -> bool:
    return 2 <= len(np.unique(labels)) < len(labels)


@pytest.mark.slow
@settings(max_examples=500)
@given(grid)
def test_silhouettes_are_scikit_learns_on_ties_duplicates_and_singletons(drawn):
    X, labels = drawn
    assume(has_a_silhouette(labels))
    assert np.allclose(silhouette_values(X, labels), silhouette_samples(X, labels), atol=1e-9)


@pytest.mark.slow
@settings(max_examples=500)
@given(anywhere)
def test_silhouettes_are_scikit_learns_on_real_numbers(drawn):
    X, labels = drawn
    assume(has_a_silhouette(labels))
    # Distances are passed, because its own shortcut for them is off by 1e-7 for near points.
    theirs = silhouette_samples(cdist(X, X), labels, metric="precomputed")
    assert np.allclose(silhouette_values(X, labels), theirs, atol=1e-9)


@given(grid)
def test_silhouettes_lie_in_their_range_and_singletons_at_zero(drawn):
    X, labels = drawn
    assume(has_a_silhouette(labels))
    values = silhouette_values(X, labels)
    assert (np.abs(values) <= 1).all()
    assert all(
        values[labels == label].tolist() == [0] for label in labels if sum(labels == label) == 1
    )


@given(anywhere, st.floats(0.1, 10), st.randoms(use_true_random=False))
def test_units_order_and_numbering_change_no_silhouette(drawn, stretch, random):
    X, labels = drawn
    assume(has_a_silhouette(labels))
    order = list(range(len(X)))
    random.shuffle(order)
    values = silhouette_values(X, labels)
    assert np.allclose(silhouette_values(stretch * X - 3, 7 - labels), values, atol=1e-6)
    assert np.allclose(silhouette_values(X[order], labels[order]), values[order], atol=1e-9)


@given(anywhere, st.integers(0, 100))
def test_permuting_keeps_every_column(drawn, seed):
    X, _ = drawn
    before = X.copy()
    null = permute_columns(X, np.random.default_rng(seed))
    assert np.array_equal(np.sort(null, axis=0), np.sort(X, axis=0)) and np.array_equal(X, before)


@pytest.mark.slow
@settings(max_examples=300)
@given(groupings)
def test_rand_indices_are_scikit_learns(pair):
    one, other = pair
    assert rand_index(one, other) == pytest.approx(rand_score(one, other), abs=1e-12)
    assert adjusted_rand(one, other) == pytest.approx(adjusted_rand_score(one, other), abs=1e-9)


@given(groupings)
def test_the_rand_index_is_the_share_of_pairs(pair):
    one, other = pair
    rows = list(combinations(range(len(one)), 2))
    alike = [(one[i] == one[j]) == (other[i] == other[j]) for i, j in rows]
    assert rand_index(one, other) == pytest.approx(np.mean(alike))


@given(groupings)
def test_split_noise_parts_noise_pairs_and_no_others(pair):
    labels, _ = pair
    split = split_noise(labels)
    for i, j in combinations(range(len(labels)), 2):
        together = labels[i] == labels[j] and labels[i] >= 0
        assert (split[i] == split[j]) == together
