"""Trees by hand, closed forms, small and refused inputs, and the picture of a tree.

The comparison with SciPy and with an oracle is in tests/properties.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from recsys_tutorial.clustering import (
    agreement,
    cophenetic_correlation,
    cophenetic_distances,
    cut_tree,
    distance_bytes,
    kmeans_objective,
    leaf_order,
    merge_tree,
)
from recsys_tutorial.plotting import PALETTE, alt_text, plot_dendrogram

METHODS = ("single", "complete", "average", "ward")
# The six viewers of the chapter, by hours a week.
HOURS = np.array([[2.0], [8.0], [12.0], [14.0], [15.0], [22.0]])
NAMES = ["Ana", "Bea", "Cleo", "Dora", "Eve", "Fay"]
each_method = pytest.mark.parametrize("method", METHODS)

# ------------------------------------------------------------------ by hand


@pytest.mark.parametrize(
    ("method", "heights"),
    [
        ("single", [1, 2, 4, 6, 7]),
        ("complete", [1, 3, 6, 10, 20]),
        ("average", [1, 2.5, 17 / 3, 9.75, 12.2]),
        # Squared: 2 |A| |B| / (|A| + |B|) times the squared gap of the means, by hand.
        ("ward", np.sqrt([1, 4 / 3 * 2.5**2, 36, 3 / 2 * (25 / 3) ** 2, 8 / 3 * 10.75**2])),
    ],
)
def test_the_six_viewers_by_hand(method, heights):
    assert np.allclose(merge_tree(HOURS, method)[:, 2], heights)


def test_the_six_viewers_in_two_groups():
    two = {method: cut_tree(merge_tree(HOURS, method), 2).tolist() for method in METHODS}
    assert two["single"] == [0, 0, 0, 0, 0, 1]
    assert two["complete"] == two["ward"] == [0, 0, 1, 1, 1, 1]
    assert two["average"] == [0, 1, 1, 1, 1, 1]


def test_the_whole_average_tree_of_the_six_viewers():
    expected = [
        [3, 4, 1, 2],
        [2, 6, 2.5, 3],
        [1, 7, 17 / 3, 4],
        [5, 8, 9.75, 5],
        [0, 9, 12.2, 6],
    ]
    assert np.allclose(merge_tree(HOURS), expected)


@pytest.mark.parametrize("seed", range(5))
def test_each_merge_of_ward_raises_j_by_half_its_squared_height(seed):
    X = np.random.default_rng(seed).normal(size=(12, 3))
    tree, before = merge_tree(X, "ward"), 0.0
    for merge, k in zip(tree, range(len(X) - 1, 0, -1), strict=True):
        labels = cut_tree(tree, k)
        centres = np.array([X[labels == i].mean(axis=0) for i in range(k)])
        after = kmeans_objective(X, labels, centres)
        assert after - before == pytest.approx(merge[2] ** 2 / 2)
        before = after


# ------------------------------------------------------------------ ties


def test_of_equally_near_pairs_the_lowest_rows_merge():
    tree = merge_tree([[0.0], [1.0], [2.0], [3.0]], "single")
    assert tree[:, :2].tolist() == [[0, 1], [2, 4], [3, 5]]
    tree = merge_tree([[0.0], [1.0], [2.0], [3.0]], "complete")
    assert tree.tolist() == [[0, 1, 1, 2], [2, 3, 1, 2], [4, 5, 3, 4]]


def test_a_group_is_known_by_its_first_row():
    # After 1 and 2 have merged, the pairs (0, 1 and 2) and (0, 3) are equally near.
    tree = merge_tree([[0.0], [4.0], [4.0], [-4.0]], "complete")
    assert tree[:, :2].tolist() == [[1, 2], [0, 4], [3, 5]]


def test_rounding_neither_breaks_a_tie_nor_lets_a_height_fall():
    # For a computer 20.3 - 20 is a little more than 0.3; for the rule they are equally far.
    assert 20.3 - 20 > 0.3
    for method in METHODS:
        tree = merge_tree([[20.0], [20.3], [0.0], [0.3]], method)
        assert tree[:2, :2].tolist() == [[0, 1], [2, 3]]
        assert (np.diff(tree[:, 2]) >= 0).all()


@each_method
def test_the_corners_of_a_square(method):
    tree = merge_tree([[0, 0], [0, 1], [1, 0], [1, 1]], method)
    top = {"single": 1, "complete": 2**0.5, "average": (1 + 2**0.5) / 2, "ward": 2**0.5}
    # Single linkage has a tie of its own: corner 2 is as near to the first pair as to corner 3.
    second, third = ([2, 4], [3, 5]) if method == "single" else ([2, 3], [4, 5])
    assert tree[:, :2].tolist() == [[0, 1], second, third]
    assert np.allclose(tree[:, 2], [1, 1, top[method]])


# ------------------------------------------------------------------ small and special


@each_method
def test_one_point_is_a_tree_without_merges(method):
    tree = merge_tree([[3.0, 4.0]], method)
    assert tree.shape == (0, 4)
    assert cut_tree(tree, 1).tolist() == [0] == leaf_order(tree).tolist()
    assert cophenetic_distances(tree).shape == (0,)
    assert np.isnan(cophenetic_correlation([[3.0, 4.0]], tree))


@each_method
def test_two_points_merge_at_their_distance(method):
    tree = merge_tree([[0.0, 0.0], [3.0, 4.0]], method)
    assert tree.tolist() == [[0, 1, 5, 2]]
    assert cut_tree(tree, 1).tolist() == [0, 0] and cut_tree(tree, 2).tolist() == [0, 1]
    assert np.isnan(cophenetic_correlation([[0.0, 0.0], [3.0, 4.0]], tree))


@each_method
def test_copies_of_one_point_merge_at_zero(method):
    tree = merge_tree(np.ones((5, 2)), method)
    assert (tree[:, 2] == 0).all() and cut_tree(tree, 3).max() == 2
    assert np.isnan(cophenetic_correlation(np.ones((5, 2)), tree))


@each_method
def test_separate_groups_are_found(method):
    X = np.vstack([np.random.default_rng(i).normal(9 * i, 0.5, size=(20, 2)) for i in range(4)])
    assert agreement(cut_tree(merge_tree(X, method), 4), np.arange(80) // 20) == 1.0


@each_method
def test_a_tree_of_hundreds_is_scipys(method):
    X = np.random.default_rng(0).normal(size=(300, 5))
    assert np.allclose(merge_tree(X, method), linkage(X, method), rtol=1e-9)


def test_tables_and_lists_are_welcome_and_left_alone():
    frame = pd.DataFrame(HOURS, columns=["hours"])
    kept, tree = frame.copy(deep=True), merge_tree(HOURS)
    assert np.array_equal(merge_tree(frame), merge_tree(HOURS.tolist()))
    pd.testing.assert_frame_equal(frame, kept)
    copy = tree.copy()
    cut_tree(tree, 2), cophenetic_distances(tree), leaf_order(tree)
    assert np.array_equal(tree, copy)
    assert cut_tree(tree.tolist(), 2).tolist() == cut_tree(tree, 2).tolist()


def test_labels_are_numbered_by_first_point():
    tree = merge_tree([[9.0], [0.0], [9.1], [0.1], [5.0]])
    assert cut_tree(tree, 3).tolist() == [0, 1, 0, 1, 2]


def test_a_cut_between_merges_of_one_height_still_has_the_number_asked_for():
    tree = merge_tree([[0.0], [1.0], [10.0], [11.0]])
    assert tree[0, 2] == tree[1, 2]
    assert cut_tree(tree, 3).tolist() == [0, 0, 1, 2]


# ------------------------------------------------------------------ cophenetic distances


def test_cophenetic_distances_by_hand():
    tree = merge_tree(HOURS, "complete")
    square = squareform(cophenetic_distances(tree))
    assert square[0].tolist() == [0, 6, 20, 20, 20, 20]
    assert square[3].tolist() == [20, 20, 3, 0, 1, 10]


def test_a_tree_that_keeps_the_distances_correlates_with_one():
    # Three points whose two longest sides are equal.
    X = [[0.0, 0.0], [2.0, 0.0], [1.0, 7.0]]
    assert cophenetic_correlation(X, merge_tree(X)) == pytest.approx(1.0)


# ------------------------------------------------------------------ the bill


@pytest.mark.parametrize(
    ("n_points", "n_bytes"),
    [(1, 0), (2, 8), (3, 24), (671, 1_798_280), (100_000, 39_999_600_000)],
)
def test_the_bytes_of_all_pairs(n_points, n_bytes):
    assert distance_bytes(n_points) == n_bytes


def test_a_million_users_need_four_terabytes_and_the_count_is_exact():
    assert distance_bytes(10**6) == 3_999_996_000_000
    assert distance_bytes(10**12) % 8 == 0 and isinstance(distance_bytes(5), int)
    squares = np.random.default_rng(0).normal(size=(50, 2))
    assert distance_bytes(50) == cophenetic_distances(merge_tree(squares)).nbytes


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("X", "words"),
    [
        ([[1.0, np.nan], [1.0, 2.0]], "1 row.*first row 0.*chapter 2"),
        ([[1.0], [np.inf]], "1 row.*first row 1"),
        ([1.0, 2.0], "table with rows and columns"),
        (np.empty((0, 2)), "table with rows and columns"),
        ([[1e200], [-1e200]], "overflow. Scale X first"),
        ([["a"], ["b"]], "could not convert"),
    ],
)
def test_unusable_points_are_refused(X, words):
    with pytest.raises(ValueError, match=words):
        merge_tree(X)


def test_missing_values_are_refused_by_the_correlation_too():
    with pytest.raises(ValueError, match="missing"):
        cophenetic_correlation([[0.0], [np.nan], [1.0]], merge_tree([[0.0], [1.0], [5.0]]))


@pytest.mark.parametrize("method", ["centroid", "Average", "", None])
def test_an_unknown_linkage_lists_the_known_ones(method):
    with pytest.raises(ValueError, match=r"\['single', 'complete', 'average', 'ward'\], not"):
        merge_tree(HOURS, method)


@pytest.mark.parametrize("n_clusters", [0, -1, 7])
def test_the_number_of_groups_lies_between_1_and_the_points(n_clusters):
    with pytest.raises(ValueError, match=f"n_clusters={n_clusters} must be between 1 and 6"):
        cut_tree(merge_tree(HOURS), n_clusters)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ([0.0, 1.0, 1.0, 2.0], "4 columns"),
        ([[0.0, 1.0, 1.0]], "4 columns"),
        ([[0, 0, 1, 2]], "joined once"),
        ([[0, 2, 1, 2], [1, 3, 2, 3], [4, 5, 3, 4]][:2], "joined once|after it was made"),
        ([[0, 3, 1, 2], [1, 2, 2, 3]], "after it was made"),
        ([[0, 1, 5, 2], [2, 3, 4, 3]], "never fall"),
        ([[0, 1, np.nan, 2]], "never fall"),
    ],
)
def test_a_table_that_is_no_tree_is_refused(tree, words):
    if words.startswith("joined once|"):
        tree = [[0, 1, 1, 2], [0, 3, 2, 3]]
    for call in (
        leaf_order,
        cophenetic_distances,
        lambda t: cut_tree(t, 1),
        lambda t: plot_dendrogram(t),
    ):
        with pytest.raises(ValueError, match=words):
            call(tree)


def test_a_tree_of_other_points_is_refused():
    with pytest.raises(ValueError, match="X has 5 rows, the tree has 6 points"):
        cophenetic_correlation(HOURS[:5], merge_tree(HOURS))


@pytest.mark.parametrize("n_points", [0, -3])
def test_there_is_at_least_one_point(n_points):
    with pytest.raises(ValueError, match="at least 1"):
        distance_bytes(n_points)


# ------------------------------------------------------------------ the picture


@pytest.fixture(autouse=True)
def tidy():
    yield
    plt.close("all")


def lines_at(ax, height):
    return [line for line in ax.lines if max(line.get_ydata()) == pytest.approx(height)]


def test_a_dendrogram_has_a_bracket_per_merge_as_high_as_the_merge():
    tree = merge_tree(HOURS)
    ax = plot_dendrogram(tree)
    assert len(ax.lines) == 5
    assert np.allclose(sorted(max(line.get_ydata()) for line in ax.lines), tree[:, 2])
    # Dora and Eve stand side by side on the ground.
    (low,) = lines_at(ax, 1)
    assert list(low.get_ydata()) == [0, 1, 1, 0]
    assert np.ptp(low.get_xdata()) == 1


def test_the_feet_of_a_bracket_stand_on_its_groups():
    tree = merge_tree(HOURS)
    ax = plot_dendrogram(tree)
    (second,) = lines_at(ax, 2.5)
    (first,) = lines_at(ax, 1)
    assert sorted(second.get_ydata()) == [0, 1, 2.5, 2.5]
    assert np.mean(first.get_xdata()) in second.get_xdata()


def test_leaves_are_named_in_the_order_of_the_tree():
    tree = merge_tree(HOURS)
    ax = plot_dendrogram(tree, labels=NAMES)
    shown = [text.get_text() for text in ax.get_xticklabels()]
    assert shown == [NAMES[i] for i in leaf_order(tree)]
    assert "height" in ax.get_ylabel()


@pytest.mark.parametrize("k", range(1, 7))
def test_a_cut_dots_the_merges_that_it_undoes(k):
    tree = merge_tree(HOURS)
    ax = plot_dendrogram(tree, n_clusters=k)
    dotted = [line for line in ax.lines if line.get_linestyle() == ":"]
    (cut,) = [line for line in ax.lines if line.get_linestyle() == "--"]
    level = cut.get_ydata()[0]
    assert len(dotted) == k - 1 == (tree[:, 2] > level).sum()
    assert f"cut into {k}" in alt_text(ax)
    assert all(line.get_color() == PALETTE[5] for line in dotted)


def test_heights_are_written_on_request():
    assert len(plot_dendrogram(merge_tree(HOURS)).texts) == 0
    ax = plot_dendrogram(merge_tree(HOURS), show_heights=True)
    assert [text.get_text() for text in ax.texts] == ["1", "2.5", "5.67", "9.75", "12.2"]


def test_a_dendrogram_uses_the_axes_it_was_given():
    _, (here, there) = plt.subplots(1, 2)
    assert plot_dendrogram(merge_tree(HOURS), ax=here) is here
    assert not there.has_data() and len(plt.get_fignums()) == 1


@pytest.mark.parametrize("n", [1, 2, 400])
def test_small_deep_and_flat_trees_can_be_drawn(n):
    # Single linkage of growing gaps is as deep as a tree can be.
    tree = merge_tree(np.cumsum(np.arange(n, dtype=float))[:, None], "single")
    ax = plot_dendrogram(tree)
    assert len(ax.lines) == n - 1 and ax.get_ylim()[1] > 0
    assert plot_dendrogram(merge_tree(np.ones((3, 1)))).get_ylim()[1] > 0


def test_labels_and_cuts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="2 labels for 6 points"):
        plot_dendrogram(merge_tree(HOURS), labels=["a", "b"])
    with pytest.raises(ValueError, match="n_clusters=9"):
        plot_dendrogram(merge_tree(HOURS), n_clusters=9)
