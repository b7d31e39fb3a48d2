"""Neighbour search by clusters and by hyperplanes: right, and honest about its work."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from recsys_tutorial.clustering import (
    Found,
    HyperplaneHash,
    InvertedFile,
    exact_neighbours,
    recall_of,
)


@pytest.fixture(scope="module")
def crowd():
    """Points in loose groups, and queries among them."""
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(12, 6)) * 2
    points = middles[rng.integers(12, size=900)] + rng.normal(size=(900, 6))
    return points, middles[rng.integers(12, size=40)] + rng.normal(size=(40, 6))


def test_exact_search_agrees_with_scikit_learn(crowd):
    found = exact_neighbours(*crowd, 7)
    want = NearestNeighbors(n_neighbors=7).fit(crowd[0]).kneighbors(crowd[1])[1]
    assert np.array_equal(found.neighbours, want)
    assert (found.work == 900).all()


def test_all_cells_give_the_exact_answer(crowd):
    truth, index = exact_neighbours(*crowd, 5), InvertedFile(20).fit(crowd[0])
    found = index.search(crowd[1], 5, n_probe=20)
    assert np.array_equal(found.neighbours, truth.neighbours) and recall_of(found, truth) == 1
    assert (found.work == 920).all()
    assert np.array_equal(np.sort(np.concatenate(index.members_)), np.arange(900))


def test_more_cells_never_find_less_and_cost_what_they_hold(crowd):
    truth, index = exact_neighbours(*crowd, 5), InvertedFile(20).fit(crowd[0])
    found = [index.search(crowd[1], 5, n_probe=n) for n in (1, 2, 5, 10)]
    recalls = [recall_of(one, truth) for one in found]
    assert recalls == sorted(recalls) and 0.4 < recalls[0] < 1
    assert found[1].work.mean() < 900 / 3
    # By hand: the nearest cell of the first query, and the centres.
    nearest = ((index.centres_ - crowd[1][0]) ** 2).sum(axis=1).argmin()
    assert found[0].work[0] == 20 + len(index.members_[nearest])


def test_known_centres_are_taken_as_they_are(crowd):
    points, queries = crowd
    index = InvertedFile(7).fit(points, centres=points[:7])
    nearest = ((points[:, None] - points[:7]) ** 2).sum(axis=2).argmin(axis=1)
    assert [one.tolist() for one in index.members_] == [
        np.flatnonzero(nearest == cell).tolist() for cell in range(7)
    ]
    found = index.search(queries, 5, n_probe=7)
    assert np.array_equal(found.neighbours, exact_neighbours(points, queries, 5).neighbours)
    with pytest.raises(ValueError, match=r"\(7, 6\), not \(8, 6\)"):
        InvertedFile(8).fit(points, centres=points[:7])


def test_candidates_of_the_hash_are_those_on_the_same_sides(crowd):
    points, queries = crowd
    index = HyperplaneHash(n_bits=4, n_tables=3).fit(points)
    found = index.search(queries, 900)
    for row, query in enumerate(queries):
        same = [((points @ p > 0) == (query @ p > 0)).all(axis=1) for p in index.planes_]
        want = np.flatnonzero(np.any(same, axis=0))
        got = found.neighbours[row]
        assert set(got[got >= 0]) == set(want)
        assert found.work[row] == 12 + len(want)
        distance = ((points[got[got >= 0]] - query) ** 2).sum(axis=1)
        assert (np.diff(distance) >= 0).all()


def test_angles_decide_how_often_two_vectors_share_a_side():
    index = HyperplaneHash(n_bits=1, n_tables=4000).fit(np.array([[1.0, 0.0]]))
    a, b = (index._codes(np.array([v]))[:, 0] for v in ([1.0, 0.0], [1.0, 1.0]))
    assert np.mean(a == b) == pytest.approx(1 - 0.25, abs=0.02)


def test_more_tables_find_more_and_more_bits_cost_less(crowd):
    truth = exact_neighbours(*crowd, 5)
    found = {
        (bits, tables): HyperplaneHash(bits, tables).fit(crowd[0]).search(crowd[1], 5)
        for bits, tables in [(4, 1), (4, 8), (9, 8)]
    }
    recalls = {key: recall_of(one, truth) for key, one in found.items()}
    assert recalls[4, 8] > recalls[4, 1] and recalls[4, 8] > recalls[9, 8]
    assert found[9, 8].work.mean() < found[4, 8].work.mean()


def test_an_empty_bucket_finds_nobody():
    index = HyperplaneHash(n_bits=1, n_tables=1).fit(np.array([[1.0], [2.0]]))
    found = index.search(np.array([[-5.0]]), 2)
    assert found.neighbours.tolist() == [[-1, -1]] and found.work.tolist() == [1]


def test_ties_go_to_the_lower_row():
    points = np.array([[1.0], [3.0], [1.0], [3.0]])
    assert exact_neighbours(points, np.array([[2.0]]), 4).neighbours.tolist() == [[0, 1, 2, 3]]
    index = InvertedFile(2).fit(points)
    assert index.search(np.array([[2.0]]), 4, n_probe=2).neighbours.tolist() == [[0, 1, 2, 3]]


def test_ties_go_to_the_lower_row_in_a_crowd_too():
    # A sort that is not stable leaves a few equal numbers in place, many it does not.
    points = (np.arange(90) % 3 + 1.0)[:, None]
    want = [[*range(0, 90, 3), *range(1, 90, 3), *range(2, 90, 3)]]
    assert exact_neighbours(points, np.array([[0.0]]), 90).neighbours.tolist() == want
    hashed = HyperplaneHash(n_bits=1, n_tables=1).fit(points)
    assert hashed.search(np.array([[0.5]]), 90).neighbours.tolist() == want


def test_recall_ignores_the_order_and_empty_places():
    truth = Found(np.array([[1, 2], [3, 4]]), np.zeros(2, int))
    assert recall_of(Found(np.array([[2, 1], [-1, -1]]), np.zeros(2, int)), truth) == 0.5


def test_bad_input_is_refused(crowd):
    points, queries = crowd
    with pytest.raises(ValueError, match="k=0"):
        exact_neighbours(points, queries, 0)
    with pytest.raises(ValueError, match="6 columns"):
        exact_neighbours(points, queries[:, :3], 1)
    with pytest.raises(ValueError, match="n_cells=901"):
        InvertedFile(901).fit(points)
    with pytest.raises(ValueError, match="n_probe=21"):
        InvertedFile(20).fit(points).search(queries, n_probe=21)
    with pytest.raises(ValueError, match="n_bits=0"):
        HyperplaneHash(n_bits=0).fit(points)
