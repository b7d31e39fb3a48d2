"""Clustering again: numbers that stay, users that move, and what cannot be matched."""

from itertools import permutations

import numpy as np
import pytest

from recsys_tutorial.clustering import (
    agreement,
    fit_kmeans,
    match_centres,
    match_clusters,
    recluster,
    renumber,
)

BLOBS = np.vstack([np.random.default_rng(i).normal(6 * i, 0.5, size=(20, 2)) for i in range(4)])


@pytest.mark.parametrize("seed", range(5))
def test_the_same_groups_under_other_numbers_get_their_old_numbers_back(seed):
    rng = np.random.default_rng(seed)
    old = rng.integers(0, 5, size=60)
    new = rng.permutation(5)[old]
    assert renumber(new, match_clusters(old, new)).tolist() == old.tolist()


@pytest.mark.parametrize("seed", range(10))
def test_no_other_numbering_keeps_more_rows(seed):
    rng = np.random.default_rng(seed)
    old, new = rng.integers(0, 4, size=(2, 40))
    kept = (renumber(new, match_clusters(old, new)) == old).sum()
    best = max((np.array(numbers)[new] == old).sum() for numbers in permutations(range(4)))
    assert kept == best


def test_taking_the_largest_overlap_first_would_keep_fewer():
    # Overlaps: new 0 with old 0: 5, with old 1: 4; new 1 with old 0: 4, with old 1: 0.
    old = [0] * 5 + [1] * 4 + [0] * 4
    new = [0] * 9 + [1] * 4
    numbers = match_clusters(old, new)
    assert numbers == {0: 1, 1: 0}
    assert (renumber(new, numbers) == old).sum() == 8


def test_a_new_cluster_without_a_partner_gets_a_number_that_nobody_had():
    numbers = match_clusters([0, 0, 0, 4, 4], [2, 2, 1, 0, 0])
    assert numbers == {0: 4, 2: 0, 1: 5}
    assert match_clusters([0, 0, 1, 1], [0, 0, 0, 0]) in ({0: 0}, {0: 1})


def test_rows_without_a_group_do_not_count():
    assert match_clusters([0, 0, -1, -1, -1, 1], [1, 1, 0, 0, 0, 0]) == {1: 0, 0: 1}
    assert renumber([-1, 0, 1], {0: 1, 1: 0}).tolist() == [-1, 1, 0]
    assert match_clusters([-1, -1], [0, 1]) == {0: 0, 1: 1}


def test_centres_are_matched_for_the_smallest_total_not_one_by_one():
    # Old 0 is nearest to both; together it is cheaper to leave it to the second.
    numbers = match_centres([[0.0], [10.0]], [[4.0], [-1.0]])
    assert numbers == {0: 1, 1: 0}
    assert match_centres([[0.0], [1.0], [9.0]], [[9.1], [0.2]]) == {0: 2, 1: 0}


def test_fresh_numbers_go_on_from_the_old_ones():
    assert match_centres([[0.0]], [[0.1], [9.0]]) == {0: 0, 1: 1}


@pytest.mark.parametrize(
    ("old", "new"), [([0, 1], [0]), ([[0, 1]], [[0, 1]]), (np.zeros((2, 2)), np.zeros(2))]
)
def test_labels_that_do_not_fit_are_refused(old, new):
    with pytest.raises(ValueError, match="Two labels for each row"):
        match_clusters(old, new)


def test_a_label_without_a_partner_is_refused():
    with pytest.raises(ValueError, match="Label 3 has no partner"):
        renumber([0, 3], {0: 0})


# ------------------------------------------------------------------ recluster


def test_nothing_new_moves_nobody():
    first = fit_kmeans(BLOBS, 4)
    again = recluster(BLOBS, first.cluster_centers_, first.labels_)
    assert again.moved == 0 and again.labels.tolist() == first.labels_.tolist()
    assert np.allclose(again.shifts, 0) and np.allclose(again.centres, first.cluster_centers_)


def test_clusters_that_wander_keep_their_numbers():
    first = fit_kmeans(BLOBS, 4)
    again = recluster(BLOBS + [1.0, -0.5], first.cluster_centers_, first.labels_)
    assert again.moved == 0 and np.allclose(again.shifts, np.sqrt(1.25))
    # A fresh start finds the same groups, under other numbers.
    moved = BLOBS + [1.0, -0.5]
    fresh = [fit_kmeans(moved, 4, random_state=seed).labels_ for seed in range(1, 6)]
    assert min(agreement(labels, first.labels_) for labels in fresh) == 1
    assert any((labels != first.labels_).any() for labels in fresh)


def test_moved_counts_the_users_who_changed_and_only_those_with_a_past():
    first = fit_kmeans(BLOBS, 4)
    new = BLOBS.copy()
    new[:5] = BLOBS[20:25]
    again = recluster(new, first.cluster_centers_, first.labels_)
    assert again.moved == pytest.approx(5 / 80)
    past = np.where(np.arange(80) < 10, first.labels_, -1)
    assert recluster(new, first.cluster_centers_, past).moved == pytest.approx(0.5)
    assert np.isnan(recluster(new, first.cluster_centers_, np.full(80, -1)).moved)


def test_without_old_labels_the_nearest_old_centre_counts():
    X = [[0.0], [1.0], [9.0], [10.0]]
    assert recluster(X, [[0.5], [9.5]]).moved == 0
    # The row at 4.9 begins with the centre at 0 and is left behind when that moves to -3.
    assert recluster([[-8.0], [-9.0], [4.9], [10.0]], [[0.0], [10.0]]).moved == 0.25


def test_recluster_does_not_change_what_it_was_given():
    X, centres = BLOBS.copy(), BLOBS[[0, 20, 40, 60]].copy()
    recluster(X, centres)
    assert np.array_equal(X, BLOBS) and np.array_equal(centres, BLOBS[[0, 20, 40, 60]])


@pytest.mark.parametrize(
    ("X", "centres", "labels", "words"),
    [
        ([[0.0]], [[0.0], [1.0]], None, "use fewer centres"),
        ([[0.0], [1.0]], [[0.0, 1.0]], None, "columns"),
        ([[0.0], [np.nan]], [[0.0]], None, "missing"),
        ([[0.0], [1.0]], [[0.0]], [0], "one number for each"),
    ],
)
def test_bad_input_is_explained(X, centres, labels, words):
    with pytest.raises(ValueError, match=words):
        recluster(X, centres, labels)
