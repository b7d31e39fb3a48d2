"""Trees against SciPy where there are no ties, and against the definition where there are.

The oracle computes every distance of two groups anew from their members: no table, no update rule.
"""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.cluster.hierarchy import (
    cophenet,
    fcluster,
    is_monotonic,
    is_valid_linkage,
    leaves_list,
    linkage,
)
from scipy.spatial.distance import pdist, squareform
from sklearn.cluster import AgglomerativeClustering

from recsys_tutorial.clustering import (
    agreement,
    cophenetic_correlation,
    cophenetic_distances,
    cut_tree,
    leaf_order,
    merge_tree,
)

METHODS = ("single", "complete", "average", "ward")
# 500 inputs a test take minutes; the unit tests are for the quick run.
pytestmark = pytest.mark.slow
often = settings(max_examples=500)
methods = st.sampled_from(METHODS)


@st.composite
def clouds(draw, fewest=2, most=14):
    """Points drawn from a normal distribution: no two pairs are equally far apart."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.integers(fewest, most)), draw(st.integers(1, 4))
    return rng.normal(size=shape) * draw(st.sampled_from([1e-3, 1.0, 1e4])) + draw(
        st.sampled_from([0.0, 10.0])
    )


# A small grid: duplicates and ties are the rule.
grids = st.tuples(st.integers(1, 8), st.integers(1, 2)).flatmap(
    lambda shape: arrays(float, shape, elements=st.integers(0, 3).map(float))
)
anything = st.one_of(clouds(1), grids)


def _sum_of_squares(points):
    """Exact sum of squared distances to the mean."""
    total = Fraction(0)
    for column in zip(*points, strict=True):
        mean = sum(column) / Fraction(len(column))
        total += sum((value - mean) ** 2 for value in column)
    return total


def group_distance(X, A, B, method):
    """Distance of two groups, word for word from the definition."""
    if method == "ward":
        a, b = ([[Fraction(v) for v in X[i]] for i in rows] for rows in (A, B))
        rise = _sum_of_squares(a + b) - _sum_of_squares(a) - _sum_of_squares(b)
        return float(2 * rise) ** 0.5
    pairs = [float(np.linalg.norm(X[i] - X[j])) for i, j in itertools.product(A, B)]
    return {"single": min, "complete": max, "average": np.mean}[method](pairs)


def oracle(X, method):
    """Join the nearest groups; of equally near pairs the one whose first rows come first."""
    groups = {i: (i, [i]) for i in range(len(X))}  # by first row: number and members
    tree = []
    for step in range(len(X) - 1):
        pairs = {
            (a, b): group_distance(X, groups[a][1], groups[b][1], method)
            for a, b in itertools.combinations(sorted(groups), 2)
        }
        low = min(pairs.values())
        a, b = min(pair for pair, height in pairs.items() if height <= low * (1 + 1e-9))
        (number_a, in_a), (number_b, in_b) = groups.pop(a), groups.pop(b)
        numbers = sorted((number_a, number_b))
        tree.append([*numbers, pairs[a, b], len(in_a) + len(in_b)])
        groups[a] = (len(X) + step, in_a + in_b)
    return np.array(tree).reshape(-1, 4)


# ------------------------------------------------------------------ the tree


@pytest.mark.parametrize("method", METHODS)
@often
@given(X=clouds())
def test_without_ties_the_tree_is_scipys(method, X):
    ours, theirs = merge_tree(X, method), linkage(X, method)
    assert np.array_equal(ours[:, [0, 1, 3]], theirs[:, [0, 1, 3]])
    assert np.allclose(ours[:, 2], theirs[:, 2], rtol=1e-9, atol=0)


@pytest.mark.parametrize("method", METHODS)
@often
@given(X=grids)
def test_with_ties_the_tree_is_the_oracles(method, X):
    ours, theirs = merge_tree(X, method), oracle(X, method)
    assert np.array_equal(ours[:, [0, 1, 3]], theirs[:, [0, 1, 3]])
    assert np.allclose(ours[:, 2], theirs[:, 2], rtol=1e-9, atol=0)


@often
@given(X=clouds(most=7), method=methods)
def test_the_oracle_agrees_with_scipy_too(X, method):
    theirs, expected = linkage(X, method), oracle(X, method)
    assert np.allclose(theirs, expected, rtol=1e-6)


@often
@given(X=grids)
def test_heights_of_single_linkage_are_scipys_even_with_ties(X):
    # They are the edges of a minimum spanning tree, the same however ties are broken.
    theirs = linkage(pdist(X), "single")[:, 2] if len(X) > 1 else []
    assert np.allclose(merge_tree(X, "single")[:, 2], theirs, rtol=1e-12, atol=0)


@often
@given(X=anything, method=methods)
def test_a_tree_is_valid_and_its_heights_never_fall(X, method):
    tree = merge_tree(X, method)
    assert tree.shape == (len(X) - 1, 4)
    if len(X) > 1:
        assert is_valid_linkage(tree) and is_monotonic(tree)
        assert tree[-1, 3] == len(X) and (tree[:, 0] < tree[:, 1]).all()
        assert tree[0, 2] == pytest.approx(pdist(X).min(), rel=1e-9)


@often
@given(X=grids, method=methods)
def test_duplicates_and_nobody_else_merge_at_height_zero(X, method):
    n_copies = len(X) - len(np.unique(X, axis=0))
    heights = merge_tree(X, method)[:, 2]
    assert (heights[:n_copies] == 0).all() and (heights[n_copies:] > 0).all()


@often
@given(X=clouds(), method=methods, random=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_group(X, method, random):
    order = list(range(len(X)))
    random.shuffle(order)
    one, other = merge_tree(X, method), merge_tree(X[order], method)
    assert np.allclose(one[:, 2], other[:, 2], rtol=1e-9, atol=0)
    for k in range(1, len(X) + 1):
        assert agreement(cut_tree(one, k)[order], cut_tree(other, k)) == 1.0


@often
@given(X=grids, method=methods, stretch=st.sampled_from([0.25, 2.0, 1024.0]))
def test_other_units_stretch_the_heights(X, method, stretch):
    one, other = merge_tree(X, method), merge_tree(stretch * X, method)
    assert np.array_equal(one[:, :2], other[:, :2])
    assert np.allclose(stretch * one[:, 2], other[:, 2], rtol=1e-12, atol=0)


@often
@given(
    line=st.lists(st.integers(0, 60), min_size=2, max_size=10, unique=True),
    step=st.tuples(st.integers(1, 3), st.integers(-3, 3)),
)
def test_single_linkage_of_points_on_a_line_joins_over_the_gaps(line, step):
    X = np.array(line, dtype=float)[:, None] * step
    gaps = np.diff(np.sort(line)) * np.hypot(*step)
    assert np.allclose(merge_tree(X, "single")[:, 2], np.sort(gaps))


# ------------------------------------------------------------------ cutting


@often
@given(X=clouds(), method=methods, choice=st.integers(0, 1000))
def test_cuts_are_scipys_and_scikit_learns(X, method, choice):
    # SciPy's own cut_tree is no witness: with duplicates it separates points that were merged.
    k = 1 + choice % len(X)
    labels = cut_tree(merge_tree(X, method), k)
    assert agreement(labels, fcluster(linkage(X, method), k, "maxclust")) == 1.0
    library = AgglomerativeClustering(k, linkage=method).fit_predict(X)
    assert agreement(labels, library) == 1.0


@often
@given(X=anything, method=methods)
def test_cuts_have_the_number_of_groups_asked_for_and_are_nested(X, method):
    tree, finer = merge_tree(X, method), np.arange(len(X))
    for k in range(len(X), 0, -1):
        labels = cut_tree(tree, k)
        assert len(np.unique(labels)) == k == labels.max() + 1
        # Numbered in the order of their first points.
        first = np.unique(labels, return_index=True)[1]
        assert (np.diff(first) > 0).all()
        assert all(len(np.unique(labels[finer == group])) == 1 for group in np.unique(finer))
        finer = labels


@often
@given(X=anything, method=methods)
def test_the_order_of_leaves_is_scipys_and_keeps_groups_together(X, method):
    tree = merge_tree(X, method)
    order = leaf_order(tree)
    assert sorted(order.tolist()) == list(range(len(X)))
    if len(X) > 1:
        assert np.array_equal(order, leaves_list(tree))
    for k in range(1, len(X) + 1):
        assert np.count_nonzero(np.diff(cut_tree(tree, k)[order])) == k - 1


# ------------------------------------------------------------------ cophenetic distances


@often
@given(X=anything.filter(lambda X: len(X) > 1), method=methods)
def test_cophenetic_distances_are_scipys(X, method):
    tree = merge_tree(X, method)
    assert np.array_equal(cophenetic_distances(tree), cophenet(tree))


@often
@given(X=clouds(3), method=methods)
def test_the_cophenetic_correlation_is_scipys(X, method):
    theirs = cophenet(linkage(X, method), pdist(X))[0]
    assert cophenetic_correlation(X, merge_tree(X, method)) == pytest.approx(theirs, abs=1e-9)


@often
@given(X=grids, method=methods)
def test_the_correlation_is_a_number_unless_one_side_is_constant(X, method):
    tree = merge_tree(X, method)
    value = cophenetic_correlation(X, tree)
    constant = len(X) < 3 or np.ptp(pdist(X)) == 0 or np.ptp(cophenetic_distances(tree)) == 0
    assert np.isnan(value) == constant
    assert constant or -1 - 1e-12 <= value <= 1 + 1e-12


@often
@given(X=anything.filter(lambda X: len(X) > 1), method=methods)
def test_in_every_triangle_the_two_longest_sides_are_equal(X, method):
    table = squareform(cophenetic_distances(merge_tree(X, method)))
    for a, b, c in itertools.combinations(range(len(X)), 3):
        sides = sorted([table[a, b], table[a, c], table[b, c]])
        assert sides[1] == sides[2]


@often
@given(X=anything.filter(lambda X: len(X) > 1))
def test_single_linkage_never_lengthens_and_complete_never_shortens(X):
    distances = pdist(X)
    room = 1e-9 * distances.max()
    assert (cophenetic_distances(merge_tree(X, "single")) <= distances + room).all()
    assert (cophenetic_distances(merge_tree(X, "complete")) >= distances - room).all()
