"""K-means from scratch against scikit-learn and against an oracle in exact fractions."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from recsys_tutorial.clustering import (
    agreement,
    assign_to_centres,
    kmeans,
    kmeans_objective,
    kmeans_plus_plus,
    kmeans_step,
    squared_distances,
    update_centres,
)


def problems(elements, most_rows=20):
    """Draw points, a number of clusters, and that many rows to start from."""

    def with_start(X: np.ndarray):
        starts = st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=5, unique=True)
        return starts.map(lambda rows: (X, X[rows].copy()))

    shapes = st.tuples(st.integers(1, most_rows), st.integers(1, 3))
    return arrays(float, shapes, elements=elements).flatmap(with_start)


anywhere = problems(st.floats(-100, 100, allow_subnormal=False).map(lambda x: round(x, 6)))
# A small grid: duplicates, ties and coinciding centres are the rule.
grid = problems(st.integers(0, 3).map(float), most_rows=10)


def has_a_close_call(X: np.ndarray, start: np.ndarray) -> bool:
    """Whether a row stands so near the border of two clusters that rounding decides."""
    centres = start
    for _ in range(60):
        sorted_distances = np.sort(squared_distances(X, centres), axis=1)
        if centres.shape[0] > 1 and np.diff(sorted_distances[:, :2], axis=1).min() < 1e-6:
            return True
        _, moved = kmeans_step(X, centres)
        if np.array_equal(moved, centres):
            return False
        centres = moved
    return False


def sklearn_fit(X: np.ndarray, start: np.ndarray) -> KMeans:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return KMeans(len(start), init=start, n_init=1, tol=0, max_iter=300).fit(X)


@st.composite
def collinear(draw):
    """Draw points on one line in the plane, some of them twice, and rows to start from."""
    steps = draw(st.lists(st.integers(-50, 50), min_size=1, max_size=15))
    X = np.array([[step, 2.0 * step - 1] for step in [*steps, *steps[:3]]])
    rows = draw(st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=4, unique=True))
    return X, X[rows].copy()


@pytest.mark.slow
@settings(max_examples=500)
@given(st.one_of(anywhere, grid, collinear()))
def test_centres_labels_and_inertia_are_scikit_learns(problem):
    X, start = problem
    assume(not has_a_close_call(X, start))
    ours, theirs = kmeans(X, len(start), init=start), sklearn_fit(X, start)
    assert ours.inertia == pytest.approx(theirs.inertia_, rel=1e-9, abs=1e-9)
    assert np.allclose(ours.centres, theirs.cluster_centers_, rtol=1e-9, atol=1e-9)
    assert np.array_equal(ours.labels, theirs.labels_)


@given(anywhere, st.sampled_from([np.nan, np.inf, -np.inf]), st.data())
def test_a_value_that_is_no_number_is_refused(problem, bad, data):
    X, start = problem
    row = data.draw(st.integers(0, len(X) - 1))
    X[row, data.draw(st.integers(0, X.shape[1] - 1))] = bad
    with pytest.raises(ValueError, match=f"missing or infinite values, first row {row}"):
        kmeans(X, len(start))


@given(anywhere, st.integers(1, 5))
def test_more_clusters_than_points_are_refused(problem, more):
    X, _ = problem
    with pytest.raises(ValueError, match=f"between 1 and {len(X)}"):
        kmeans(X, len(X) + more)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=4))
def test_one_point_is_its_own_centre(point):
    found = kmeans(np.array([point]), 1)
    assert found.centres.tolist() == [point] and found.inertia == 0 and found.labels.tolist() == [0]


@given(anywhere, st.integers(1, 6))
def test_duplicated_rows_change_nothing_but_the_weight(problem, copies):
    X, start = problem
    assume(not has_a_close_call(X, start))
    once, often = (kmeans(Y, len(start), init=start) for Y in (X, np.repeat(X, copies, axis=0)))
    assert often.inertia == pytest.approx(copies * once.inertia, rel=1e-9, abs=1e-9)
    assert np.allclose(often.centres, once.centres, rtol=1e-9, atol=1e-9)
    theirs = sklearn_fit(np.repeat(X, copies, axis=0), start)
    assert often.inertia == pytest.approx(theirs.inertia_, rel=1e-9, abs=1e-9)


def exact_step(X: list, centres: list) -> tuple[list, list]:
    """One step of Lloyd's algorithm in fractions, word for word from the definition."""

    def distance(a, b):
        return sum((p - q) ** 2 for p, q in zip(a, b))

    labels = [min(range(len(centres)), key=lambda c: distance(x, centres[c])) for x in X]
    moved = []
    for cluster in range(len(centres)):
        members = [x for x, label in zip(X, labels) if label == cluster]
        if not members:
            return labels, []
        moved.append([sum(column) / Fraction(len(members)) for column in zip(*members)])
    return labels, moved


@given(grid)
def test_a_step_on_a_grid_with_ties_is_exact(problem):
    X, start = problem
    fractions = [[Fraction(v) for v in row] for row in X.tolist()]
    expected, moved = exact_step(fractions, [[Fraction(v) for v in row] for row in start.tolist()])
    assert assign_to_centres(X, start).tolist() == expected
    assume(moved)
    labels, centres = kmeans_step(X, start)
    assert labels.tolist() == expected
    assert np.allclose(centres, np.array(moved, dtype=float), rtol=1e-12, atol=1e-12)


@given(grid)
def test_j_never_rises_on_any_data(problem):
    X, start = problem
    found = kmeans(X, len(start), init=start)
    first = kmeans_objective(X, assign_to_centres(X, start), start)
    course = [first, *found.history]
    assert all(later <= earlier + 1e-9 for earlier, later in zip(course, course[1:]))
    assert found.inertia == pytest.approx(found.history[-1], abs=1e-9)


@given(grid)
def test_the_result_cannot_be_improved_by_another_step(problem):
    X, start = problem
    found = kmeans(X, len(start), init=start)
    distances = squared_distances(X, found.centres)
    own = distances[np.arange(len(X)), found.labels]
    assert np.allclose(own, distances.min(axis=1), atol=1e-12)
    labels, centres = kmeans_step(X, found.centres)
    assert kmeans_objective(X, labels, centres) == pytest.approx(found.inertia, abs=1e-9)


@given(grid)
def test_inertia_lies_between_nothing_and_the_total_variance(problem):
    X, start = problem
    found = kmeans(X, len(start), n_init=2)
    assert -1e-9 <= found.inertia <= len(X) * X.var(axis=0).sum() + 1e-9
    if len(start) >= len(np.unique(X, axis=0)):
        assert found.inertia == 0


@given(anywhere, st.randoms(use_true_random=False))
def test_the_order_of_the_starting_centres_only_renames_clusters(problem, random):
    X, start = problem
    assume(not has_a_close_call(X, start))
    order = list(range(len(start)))
    random.shuffle(order)
    one, other = (kmeans(X, len(start), init=s) for s in (start, start[order]))
    assert other.inertia == pytest.approx(one.inertia, rel=1e-9, abs=1e-9)
    assert agreement(one.labels, other.labels) == 1.0


@given(anywhere, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(problem, random):
    X, start = problem
    assume(not has_a_close_call(X, start))
    order = list(range(len(X)))
    random.shuffle(order)
    one, other = (kmeans(Y, len(start), init=start) for Y in (X, X[order]))
    assert np.array_equal(one.labels[order], other.labels)
    assert other.inertia == pytest.approx(one.inertia, rel=1e-9, abs=1e-9)


@given(anywhere, st.floats(-50, 50), st.floats(0.1, 10))
def test_shifting_and_stretching_the_data_moves_the_centres_along(problem, shift, stretch):
    X, start = problem
    assume(not has_a_close_call(X, start))
    one = kmeans(X, len(start), init=start)
    other = kmeans(stretch * X + shift, len(start), init=stretch * start + shift)
    assert other.inertia == pytest.approx(stretch**2 * one.inertia, rel=1e-6, abs=1e-6)
    assert np.allclose(other.centres, stretch * one.centres + shift, atol=1e-6)


@given(grid)
def test_the_mean_is_the_cheapest_centre(problem):
    X, start = problem
    labels = assign_to_centres(X, start)
    assume(len(set(labels.tolist())) == len(start))
    best = update_centres(X, labels, start)
    cost = kmeans_objective(X, labels, best)
    for nudge in (-0.1, 0.1):
        assert cost < kmeans_objective(X, labels, best + nudge)


@given(grid, st.integers(0, 10))
def test_plus_plus_picks_rows_and_different_ones_if_it_can(problem, seed):
    X, start = problem
    chosen = kmeans_plus_plus(X, len(start), np.random.default_rng(seed))
    rows = {tuple(row) for row in X.tolist()}
    picked = {tuple(row) for row in chosen.tolist()}
    assert picked <= rows and len(picked) == min(len(start), len(rows))
