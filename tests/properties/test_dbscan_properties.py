"""DBSCAN from scratch against scikit-learn, and against an oracle written from Ester's definitions.

The oracle (Ester, Kriegel, Sander and Xu 1996, definitions 1 to 6) knows no order of rows and no
growing: it closes the relation "directly density-reachable" and reads clusters and noise from it.
"""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import DBSCAN

from recsys_tutorial.clustering import agreement, core_points, dbscan, k_distances, neighbourhoods

# 500 inputs a test take minutes; the unit tests are for the quick run.
pytestmark = pytest.mark.slow
MANY = settings(max_examples=500)


def tables(elements, most_rows=25, columns=(1, 3)):
    shapes = st.tuples(st.integers(1, most_rows), st.integers(*columns))
    return arrays(float, shapes, elements=elements)


# Halves and their squares are exact, so a tie at eps is a tie in every implementation.
grid_eps = st.sampled_from([0.5, 1.0, 1.5, 2.0, 2.5])
grid = tables(st.integers(0, 9).map(lambda n: n / 2))
crowded = tables(st.integers(0, 3).map(float))
line = tables(st.integers(-20, 20).map(lambda n: n / 2), most_rows=40, columns=(1, 1))
sloped = st.lists(st.integers(-8, 8), min_size=1, max_size=30).map(
    lambda places: np.outer(np.array(places, dtype=float), [3.0, 4.0]) / 10
)
anywhere = tables(st.floats(-10, 10, allow_subnormal=False), most_rows=30)
counts = st.integers(1, 6)


def same_as_scikit_learn(X, eps, min_samples):
    ours = dbscan(X, eps, min_samples)
    theirs = DBSCAN(eps=eps, min_samples=min_samples).fit(X)
    assert ours.labels.tolist() == theirs.labels_.tolist()
    assert np.flatnonzero(ours.core).tolist() == theirs.core_sample_indices_.tolist()
    return ours


@MANY
@given(grid, grid_eps, counts)
def test_labels_are_scikit_learns_on_a_grid_with_ties_and_copies(X, eps, min_samples):
    same_as_scikit_learn(X, eps, min_samples)


@MANY
@given(crowded, grid_eps, st.integers(1, 12))
def test_labels_are_scikit_learns_in_a_crowd(X, eps, min_samples):
    same_as_scikit_learn(X, eps, min_samples)


@MANY
@given(line, grid_eps, counts)
def test_labels_are_scikit_learns_on_a_line(X, eps, min_samples):
    same_as_scikit_learn(X, eps, min_samples)


@MANY
@given(sloped, st.sampled_from([0.55, 1.1, 1.7]), counts)
def test_labels_are_scikit_learns_on_a_sloping_line(X, eps, min_samples):
    same_as_scikit_learn(X, eps, min_samples)


@MANY
@given(anywhere, st.floats(0.01, 8), counts)
def test_labels_are_scikit_learns_on_continuous_data(X, eps, min_samples):
    # Two sums of squares may be rounded differently; where that decides, nobody is right.
    squared = ((X[:, None] - X) ** 2).sum(axis=2)
    assume(np.abs(squared - eps**2).min() > 1e-9)
    same_as_scikit_learn(X, eps, min_samples)


@given(arrays(float, (1, 3), elements=st.integers(0, 3).map(float)), grid_eps, counts)
def test_one_point(X, eps, min_samples):
    assert same_as_scikit_learn(X, eps, min_samples).n_clusters == (min_samples == 1)


@given(tables(st.integers(0, 3).map(float), most_rows=5), grid_eps, st.integers(6, 20))
def test_fewer_points_than_min_samples_are_all_noise(X, eps, min_samples):
    assert same_as_scikit_learn(X, eps, min_samples).noise_share == 1.0


# ------------------------------------------------------------------ Ester's definitions


def by_definition(X, eps, min_samples):
    """Give the core points, the clusters (as sets of rows, maybe overlapping) and the noise."""
    rows = range(len(X))
    exact = [[Fraction(value) for value in row] for row in X.tolist()]
    radius = Fraction(eps)

    def near(p, q):
        return sum((a - b) ** 2 for a, b in zip(exact[p], exact[q])) <= radius**2

    ball = {p: {q for q in rows if near(p, q)} for p in rows}
    core = {p for p in rows if len(ball[p]) >= min_samples}
    # reach[q][p]: p is density-reachable from q, the transitive closure of the direct relation.
    reach = np.array([[q in core and p in ball[q] for p in rows] for q in rows])
    for middle in rows:
        reach |= np.outer(reach[:, middle], reach[middle])
    connected = np.array(
        [[any(reach[o, p] and reach[o, q] for o in rows) for q in rows] for p in rows]
    )
    clusters = {frozenset(np.flatnonzero(reach[p]).tolist()) for p in core}
    # Definition 5: a cluster is maximal, and any two of its points are density-connected.
    for cluster in clusters:
        assert all(q in cluster for p in cluster if p in core for q in np.flatnonzero(reach[p]))
        assert all(connected[p, q] for p, q in product(cluster, repeat=2))
    noise = set(rows) - set().union(*clusters)
    return core, clusters, noise


@MANY
@given(
    tables(st.integers(0, 7).map(lambda n: n / 2), most_rows=12, columns=(1, 2)), grid_eps, counts
)
def test_clusters_are_those_of_the_definitions(X, eps, min_samples):
    core, clusters, noise = by_definition(X, eps, min_samples)
    found = dbscan(X, eps, min_samples)
    assert set(np.flatnonzero(found.core).tolist()) == core
    assert set(np.flatnonzero(found.labels == -1).tolist()) == noise
    assert found.n_clusters == len(clusters)
    for label in range(found.n_clusters):
        mine = set(np.flatnonzero(found.labels == label).tolist())
        (whole,) = [cluster for cluster in clusters if mine & core <= cluster and mine & core]
        # A border point of two clusters is in both by definition, and in one of them here.
        assert mine <= whole and whole & core == mine & core
        lent = whole - mine
        assert all(sum(p in cluster for cluster in clusters) > 1 for p in lent)


# ------------------------------------------------------------------ what must not change


@MANY
@given(grid, grid_eps, counts, st.randoms(use_true_random=False))
def test_the_order_of_rows_moves_border_points_only(X, eps, min_samples, random):
    order = list(range(len(X)))
    random.shuffle(order)
    one, other = dbscan(X, eps, min_samples), dbscan(X[order], eps, min_samples)
    assert one.core[order].tolist() == other.core.tolist()
    assert one.kinds[order].tolist() == other.kinds.tolist()
    assert one.n_clusters == other.n_clusters
    if one.core.any():
        core = one.core[order]
        assert agreement(one.labels[order][core], other.labels[core]) == 1.0
    moved = np.flatnonzero(one.kinds[order] == "border")
    for row in moved:
        near = neighbourhoods(X[order], eps)[row]
        assert other.labels[row] in other.labels[near][other.core[near]]


@MANY
@given(grid, grid_eps, counts)
def test_core_points_and_neighbourhoods_fit_the_result(X, eps, min_samples):
    found, near = dbscan(X, eps, min_samples), neighbourhoods(X, eps)
    assert core_points(X, eps, min_samples).tolist() == found.core.tolist()
    for row, mine in enumerate(near):
        assert row in mine and all(row in near[other] for other in mine)
        touches = found.core[mine].any()
        assert (found.labels[row] == -1) == (not touches)
    sizes = np.bincount(found.labels[found.labels >= 0], minlength=found.n_clusters)
    # A cluster may hold fewer than min_samples: others can have taken its border points.
    assert (sizes >= 1).all() and len(sizes) == found.n_clusters


@MANY
@given(grid, counts)
def test_k_distances_say_when_a_point_becomes_core(X, k):
    assume(k <= len(X))
    distances = k_distances(X, k)
    for eps in (0.5, 1.0, 1.5, 2.5):
        assert core_points(X, eps, k).tolist() == (distances <= eps).tolist()
    full = np.sort(np.sqrt(((X[:, None] - X) ** 2).sum(axis=2)), axis=1)[:, k - 1]
    assert np.allclose(distances, full, rtol=1e-15, atol=0)
    for row in np.flatnonzero(distances > 0)[:1]:
        theirs = DBSCAN(eps=distances[row], min_samples=k).fit(X)
        assert row in theirs.core_sample_indices_


@MANY
@given(grid, grid_eps, counts)
def test_a_larger_radius_never_makes_noise(X, eps, min_samples):
    small, large = dbscan(X, eps, min_samples), dbscan(X, eps + 0.5, min_samples)
    assert (large.core | ~small.core).all() and large.noise_share <= small.noise_share
    for label in range(small.n_clusters):
        mine = (small.labels == label) & small.core
        assert len(set(large.labels[mine].tolist())) == 1
