"""Modularity, communities and PageRank against the definition, networkx's figures, closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recsys_tutorial.clustering import adjusted_rand, find_communities, modularity, pagerank
from recsys_tutorial.datasets import load_karate_club
from recsys_tutorial.preprocessing import user_item_matrix

CLUB = load_karate_club()
TIES = user_item_matrix(CLUB.log).values
# networkx 3.6.1, greedy_modularity_communities(karate, weight=None), people counted from 1.
NETWORKX = [
    {9, 15, 16, 19, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34},
    {2, 3, 4, 8, 10, 13, 14, 18, 22},
    {1, 5, 6, 7, 11, 12, 17, 20},
]


def networks(n_people):
    cells = st.lists(st.integers(0, 3), min_size=n_people**2, max_size=n_people**2)
    return cells.map(lambda values: np.triu(np.reshape(values, (n_people, n_people)), 1)).map(
        lambda half: half + half.T
    )


def modularity_by_pairs(ties, labels):
    """Sum over all pairs of people, as the definition has it."""
    total, ends = ties.sum(), ties.sum(axis=1)
    value = 0.0
    for a in range(len(ties)):
        for b in range(len(ties)):
            if labels[a] == labels[b]:
                value += ties[a, b] / total - ends[a] * ends[b] / total**2
    return value


@settings(max_examples=40, deadline=None)
@given(networks(6), st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_modularity_is_the_sum_over_pairs(ties, labels):
    if ties.sum():
        assert np.isclose(modularity(ties, np.array(labels)), modularity_by_pairs(ties, labels))


def test_modularity_of_one_group_is_0_and_of_two_cliques_a_half():
    cliques = np.kron(np.eye(2), 1 - np.eye(4))
    assert np.isclose(modularity(cliques, np.zeros(8)), 0)
    assert np.isclose(modularity(cliques, np.repeat([5, 9], 4)), 0.5)


def test_the_karate_club_is_grouped_as_networkx_groups_it():
    labels = find_communities(TIES)
    assert [set(np.flatnonzero(labels == c) + 1) for c in range(3)] == NETWORKX
    assert np.isclose(modularity(TIES, labels), 0.3806706114398422)
    assert modularity(TIES, labels) > modularity(TIES, CLUB.groups.to_numpy())


@settings(max_examples=30, deadline=None)
@given(networks(7))
def test_no_union_of_two_communities_is_better(ties):
    if not ties.sum():
        return
    labels = find_communities(ties)
    best = modularity(ties, labels)
    assert best >= modularity(ties, np.arange(7)) - 1e-12
    for a in set(labels):
        for b in set(labels) - {a}:
            assert modularity(ties, np.where(labels == b, a, labels)) <= best + 1e-12


def test_planted_communities_are_found():
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], 30)
    chance = np.where(truth[:, None] == truth, 0.4, 0.03)
    half = np.triu(rng.random((90, 90)) < chance, 1)
    assert adjusted_rand(find_communities(sparse.csr_array(half + half.T * 1.0)), truth) > 0.9


def test_somebody_without_a_tie_stays_alone():
    ties = np.zeros((4, 4))
    ties[0, 1] = ties[1, 0] = 1
    assert find_communities(ties).tolist() == [0, 0, 1, 2]


def test_pagerank_solves_its_equation_and_agrees_with_networkx():
    ranks = pagerank(TIES)
    dense = TIES.toarray()
    onward = dense / dense.sum(axis=1, keepdims=True)
    right = np.linalg.solve(np.eye(34) - 0.85 * onward.T, np.full(34, 0.15 / 34))
    np.testing.assert_allclose(ranks, right, atol=1e-10)
    # networkx 3.6.1, pagerank(karate, weight=None), which stops at six digits.
    np.testing.assert_allclose(ranks[[33, 0, 32]], [0.100918, 0.097002, 0.071692], atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(networks(5), st.floats(0, 0.95))
def test_pagerank_is_a_share_and_forgets_ties_without_damping(ties, damping):
    ranks = pagerank(np.triu(ties), damping=damping)
    assert np.isclose(ranks.sum(), 1) and (ranks > 0).all()
    np.testing.assert_allclose(pagerank(ties, damping=0), 0.2)


def test_a_ring_has_no_key_person():
    ring = np.roll(np.eye(6), 1, axis=1)
    np.testing.assert_allclose(pagerank(ring), 1 / 6)


@pytest.mark.parametrize(
    ("ties", "message"),
    [
        (np.ones((2, 3)), "shape"),
        (np.ones(3), "shape"),
        (np.array([[0, -1], [-1, 0]]), "negative"),
        (np.array([[0, np.nan], [np.nan, 0]]), "missing"),
        (np.array([[0, 1], [0, 0]]), "symmetric"),
        (np.zeros((3, 3)), "no tie"),
    ],
)
def test_what_is_no_network_is_refused(ties, message):
    with pytest.raises(ValueError, match=message):
        find_communities(ties)


def test_strengths_may_differ_in_the_last_digit():
    ties = np.array([[0, 0.1 + 0.2, 0], [0.3, 0, 0], [0, 0, 0.0]])
    assert ties[0, 1] != ties[1, 0] and find_communities(ties).tolist() == [0, 0, 1]


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="labels has shape"):
        modularity(TIES, np.zeros(3))
    with pytest.raises(ValueError, match="labels holds missing"):
        modularity(TIES, np.r_[np.nan, np.zeros(33)])
    for damping in (-0.1, 1.0):
        with pytest.raises(ValueError, match="damping"):
            pagerank(TIES, damping=damping)
    with pytest.raises(ValueError, match="0 people"):
        pagerank(np.zeros((0, 0)))


def test_inputs_stay_as_they_are():
    before = TIES.toarray()
    find_communities(TIES), pagerank(TIES), modularity(TIES, CLUB.groups.to_numpy())
    assert np.array_equal(TIES.toarray(), before)
