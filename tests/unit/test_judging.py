"""Judges of clusterings against worked examples, closed forms, and data that should fool them."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from recsys_tutorial.clustering import (
    adjusted_rand,
    agreement,
    gap_statistic,
    inertia_curve,
    permute_columns,
    rand_index,
    silhouette_curve,
    silhouette_values,
    split_noise,
    stability,
)
from recsys_tutorial.plotting import NOISE_COLOUR, plot_silhouettes

BLOBS = np.vstack([np.random.default_rng(i).normal(8 * i, 0.5, size=(25, 2)) for i in range(3)])
TRUTH = np.repeat(np.arange(3), 25)
LINE = np.array([[0.0], [1.0], [5.0], [6.0], [7.0]])
HALVES = [0, 0, 1, 1, 1]


# ------------------------------------------------------------------ silhouettes


def test_five_viewers_by_hand():
    # The first: a = 1, b = (5 + 6 + 7) / 3; the third: a = (1 + 2) / 2, b = (5 + 4) / 2.
    by_hand = [5 / 6, 4 / 5, 2 / 3, 4.5 / 5.5, 5 / 6.5]
    assert silhouette_values(LINE, HALVES) == pytest.approx(by_hand)


def test_two_tight_pairs_score_one_and_shuffled_pairs_minus_one():
    X = [[0.0], [0.0], [9.0], [9.0]]
    assert silhouette_values(X, [0, 0, 1, 1]).tolist() == [1, 1, 1, 1]
    # Each has a at 9 and b at 4.5.
    assert silhouette_values(X, [0, 1, 0, 1]).tolist() == [-0.5] * 4


def test_a_row_alone_scores_zero():
    assert silhouette_values(LINE, [0, 1, 2, 2, 2])[:2].tolist() == [0, 0]


def test_equal_rows_in_different_clusters_score_zero():
    assert silhouette_values(np.zeros((4, 2)), [0, 0, 1, 1]).tolist() == [0, 0, 0, 0]


def test_the_nearest_other_cluster_counts_not_the_first():
    far_first = silhouette_values([[0.0], [1.0], [100.0], [3.0]], [1, 1, 0, 2])
    assert far_first[:2] == pytest.approx([2 / 3, 1 / 2])


def test_labels_may_be_any_numbers_or_words():
    expected = silhouette_values(LINE, HALVES)
    for labels in ([7, 7, -3, -3, -3], ["b", "b", "a", "a", "a"]):
        assert silhouette_values(LINE.tolist(), labels) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("X", "labels", "words"),
    [
        (LINE, [0] * 5, r"1 cluster\(s\) of 5 row"),
        (LINE, [0, 1, 2, 3, 4], r"5 cluster\(s\) of 5 row"),
        ([[1.0]], [0], r"1 cluster\(s\) of 1 row"),
        (LINE, [0, 0, 1, 1], "each of the 5 rows"),
        (LINE, [[0], [0], [1], [1], [1]], "each of the 5 rows"),
        ([[0.0], [np.nan], [2.0]], [0, 0, 1], "1 row.*first row 1"),
        ([[0.0], [np.inf], [2.0]], [0, 0, 1], "1 row.*first row 1"),
        ([0.0, 1.0, 2.0], [0, 0, 1], "table with rows and columns"),
    ],
)
def test_what_has_no_silhouette_is_refused(X, labels, words):
    with pytest.raises(ValueError, match=words):
        silhouette_values(X, labels)


# ------------------------------------------------------------------ the null


def test_columns_keep_their_values_and_lose_each_other():
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(400, 1)), 3, axis=1)
    null = permute_columns(X, rng)
    assert np.array_equal(np.sort(null, axis=0), np.sort(X, axis=0))
    assert np.abs(np.corrcoef(null.T)[np.triu_indices(3, 1)]).max() < 0.2
    assert np.ptp(X, axis=1).max() == 0 < np.ptp(null, axis=1).min()


def test_the_data_are_left_as_they_are_and_the_generator_decides():
    X = BLOBS.copy()
    one, other = (permute_columns(X, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(X, BLOBS) and np.array_equal(one, other)
    assert not np.array_equal(one, permute_columns(X, np.random.default_rng(6)))


def test_gaps_in_the_data_are_refused_by_every_judge():
    X = np.array([[0.0, 1.0], [np.nan, 2.0], [3.0, 4.0], [5.0, 6.0]])
    for judge in (
        lambda: permute_columns(X, np.random.default_rng(0)),
        lambda: gap_statistic(X, [1]),
        lambda: inertia_curve(X, [1]),
        lambda: silhouette_curve(X, [2]),
        lambda: stability(X, 2),
    ):
        with pytest.raises(ValueError, match="1 row.*first row 1"):
            judge()


# ------------------------------------------------------------------ the gap


@pytest.mark.parametrize("null", ["permuted", "uniform"])
def test_the_gap_finds_clear_groups(null):
    table = gap_statistic(BLOBS, range(1, 6), n_references=4, null=null)
    assert table.index.tolist() == [1, 2, 3, 4, 5] and table.index.name == "n_clusters"
    later = table.shift(-1)
    wanted = table["gap"] >= later["gap"] - later["se"]
    assert wanted.idxmax() == 3
    assert np.allclose(table["gap"], table["null_log_j"] - table["log_j"])


def test_log_j_is_the_logarithm_of_the_elbow():
    table = gap_statistic(BLOBS, [1, 2, 4], n_references=2)
    assert np.allclose(np.exp(table["log_j"]), inertia_curve(BLOBS, [1, 2, 4]))


def test_one_cluster_has_no_gap_to_its_permutations():
    # Permuting columns keeps every variance, so J at k = 1 is the same.
    row = gap_statistic(BLOBS, [1], n_references=3).loc[1]
    assert row["gap"] == pytest.approx(0) and row["se"] == pytest.approx(0)


def test_noise_has_no_gap_worth_the_name():
    noise = np.random.default_rng(1).uniform(size=(150, 3))
    table = gap_statistic(noise, range(1, 6), n_references=5)
    assert table["gap"].abs().max() < 0.1


def test_the_standard_error_is_that_of_the_paper():
    X = np.random.default_rng(2).normal(size=(40, 2))
    table = gap_statistic(X, [3], n_references=4, random_state=9)
    rng = np.random.default_rng(9)
    references = [permute_columns(X, rng) for _ in range(4)]
    logs = [np.log(inertia_curve(table, [3], random_state=9)[3]) for table in references]
    assert table.loc[3, "se"] == pytest.approx(np.std(logs) * np.sqrt(1.25))
    assert table.loc[3, "null_log_j"] == pytest.approx(np.mean(logs))


@pytest.mark.parametrize(
    ("X", "options", "words"),
    [
        (BLOBS, {"ks": [2], "null": "noise"}, r"\['permuted', 'uniform'\], not 'noise'"),
        (BLOBS, {"ks": [2], "n_references": 1}, "n_references=1 must be at least 2"),
        (BLOBS, {"ks": [0]}, "n_clusters=0 must be between 1 and 75"),
        (BLOBS, {"ks": [76]}, "n_clusters=76 must be between 1 and 75"),
        (BLOBS, {"ks": [75]}, "J is 0 at k=75: there are 75 different rows"),
        (np.ones((6, 2)), {"ks": [1]}, "J is 0 at k=1: there are 1 different rows"),
        (np.repeat([[0.0], [1.0]], 5, axis=0), {"ks": [2]}, "J is 0 at k=2"),
    ],
)
def test_a_gap_that_cannot_be_computed_is_refused(X, options, words):
    with pytest.raises(ValueError, match=words):
        gap_statistic(X, **options)


# ------------------------------------------------------------------ the curves' limits


@pytest.mark.parametrize("k", [0, 1, 5, 6])
def test_the_silhouette_curve_names_the_limits(k):
    with pytest.raises(ValueError, match=f"k={k}: a silhouette needs 2 to 4 clusters"):
        silhouette_curve(LINE, [2, k])


@pytest.mark.parametrize("k", [0, 6])
def test_the_elbow_and_stability_name_the_limits(k):
    for judge in (lambda: inertia_curve(LINE, [k]), lambda: stability(LINE, k)):
        with pytest.raises(ValueError, match=f"n_clusters={k} must be between 1 and 5"):
            judge()
    with pytest.raises(ValueError, match="n_repeats=0"):
        stability(LINE, 2, n_repeats=0)


# ------------------------------------------------------------------ two groupings


def test_six_viewers_by_hand():
    # 15 pairs. Together: 6 in the one, 4 in the other, 4 in both; apart in both: 9.
    one, other = [0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 2]
    assert rand_index(one, other) == pytest.approx(13 / 15)
    both, first, second = 4, 6, 4
    expected = first * second / 15
    assert adjusted_rand(one, other) == pytest.approx((both - expected) / (5 - expected))


def test_the_numbers_of_the_clusters_do_not_matter():
    for judge in (rand_index, adjusted_rand, agreement):
        assert judge([0, 0, 1, 2], [9, 9, -4, 3]) == 1.0
        assert judge(["a", "a", "b"], [1, 1, 0]) == 1.0


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2]])
def test_two_groupings_without_room_above_chance_are_the_same(labels):
    assert rand_index(labels, labels) == 1.0 == adjusted_rand(labels, labels)


def test_chance_scores_high_unless_adjusted():
    rng = np.random.default_rng(0)
    pairs = [(rng.integers(10, size=300), rng.integers(10, size=300)) for _ in range(30)]
    assert np.mean([rand_index(*pair) for pair in pairs]) > 0.8
    assert abs(np.mean([adjusted_rand(*pair) for pair in pairs])) < 0.01


@pytest.mark.parametrize("judge", [rand_index, adjusted_rand])
@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ([0, 1], [0, 1, 1], "one label per row"),
        ([[0, 1]], [[0, 1]], "one label per row"),
        ([0], [0], "There are no pairs"),
        ([], [], "There are no pairs"),
    ],
)
def test_groupings_that_cannot_be_compared_are_refused(judge, one, other, words):
    with pytest.raises(ValueError, match=words):
        judge(one, other)


# ------------------------------------------------------------------ noise


def test_noise_rows_become_clusters_of_their_own():
    labels = np.array([3, -1, 0, -1, -2])
    assert split_noise(labels).tolist() == [3, 4, 0, 5, 6]
    assert labels.tolist() == [3, -1, 0, -1, -2]
    assert split_noise([-1, -1]).tolist() == [0, 1] and split_noise(np.array([], int)).size == 0


def test_shared_noise_is_no_agreement():
    # Two detectors that agree on nothing but on who is noise.
    noise = np.full(60, -1)
    one, other = (np.concatenate([noise, groups]) for groups in ([0, 0, 1, 1], [0, 1, 0, 1]))
    assert agreement(one, other) > 0.8
    assert agreement(split_noise(one), split_noise(other)) < 0


@pytest.mark.parametrize("labels", [[0.5, 1.0], [[0, 1]], ["a", "b"]])
def test_noise_needs_whole_numbers(labels):
    with pytest.raises(ValueError, match="whole numbers"):
        split_noise(labels)


# ------------------------------------------------------------------ the picture


def test_the_picture_holds_every_user_and_the_mean():
    values = silhouette_values(BLOBS, TRUTH)
    ax = plot_silhouettes(values, TRUTH)
    assert len(ax.patches) == len(BLOBS)
    assert sorted(bar.get_width() for bar in ax.patches) == pytest.approx(sorted(values))
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names == [f"cluster {i} (25)" for i in range(3)]
    assert f"{values.mean():.2f}" in ax.get_legend().get_texts()[0].get_text()
    plt.close("all")


def test_blocks_do_not_overlap_and_noise_is_grey():
    ax = plot_silhouettes(pd.Series([0.1, 0.3, 0.2, -0.5]), [0, 0, 0, -1])
    places = [bar.get_y() + bar.get_height() / 2 for bar in ax.patches]
    assert len(set(places)) == 4 and ax.yaxis_inverted()
    assert to_rgb(ax.patches[0].get_facecolor()) == to_rgb(NOISE_COLOUR)
    assert [bar.get_width() for bar in ax.patches[1:]] == [0.3, 0.2, 0.1]
    plt.close("all")


def test_the_picture_needs_a_value_for_each_label():
    with pytest.raises(ValueError, match="do not fit"):
        plot_silhouettes([0.1, 0.2], [0])
