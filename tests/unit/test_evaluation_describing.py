"""What lists are like: coverage, novelty, diversity and calibration, against loops."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys_tutorial.evaluation import (
    calibration_at_k,
    coverage_at_k,
    diversity_at_k,
    novelty_at_k,
)
from recsys_tutorial.preprocessing import UserItemMatrix
from tests.unit.evaluation_oracles import films, frame, places

# Users 0 to 4 and films 0 to 11, as in the lists that hypothesis draws.
RNG = np.random.default_rng(5)
MET = (RNG.random((5, 12)) < 0.4).astype(float)
MET[:, 0] = 1
TRAIN = UserItemMatrix(sparse.csr_array(MET), pd.RangeIndex(5), pd.RangeIndex(12))
GENRES = pd.DataFrame(
    (RNG.random((12, 4)) < 0.5).astype(float), columns=["Comedy", "Drama", "War", "Western"]
)
GENRES.loc[3] = 0
lists_of_users = st.dictionaries(st.integers(0, 4), films, max_size=5)


@given(st.dictionaries(st.integers(0, 4), films, max_size=5), places)
def test_coverage_equals_its_definition(lists, k):
    seen = {item for items in lists.values() for item in items[:k]}
    assert coverage_at_k(frame(lists), 20, k) == len(seen) / 20


def test_coverage_of_a_catalogue_that_is_too_small():
    with pytest.raises(ValueError, match="2 different items .* catalogue of 1"):
        coverage_at_k(frame({1: ["a", "b"]}), 1, 5)


@pytest.mark.parametrize(("n_items", "k"), [(0, 1), (5, 0)])
def test_coverage_of_nothing_is_refused(n_items, k):
    with pytest.raises(ValueError, match="at least 1"):
        coverage_at_k(frame({}), n_items, k)


# ------------------------------------------------------------------ novelty


@given(lists_of_users, places)
def test_novelty_equals_its_definition(lists, k):
    found = novelty_at_k(frame(lists), TRAIN, k)
    expected = {
        user: np.mean([-math.log2(max(1, MET[:, i].sum()) / 5) for i in items[:k]])
        for user, items in lists.items()
        if items
    }
    assert found.to_dict() == pytest.approx(expected)


def test_what_everybody_met_is_no_news():
    assert novelty_at_k(frame({7: [0]}), TRAIN, 1).tolist() == [0]


def test_an_item_rated_zero_was_met():
    rated = sparse.csr_array(([0.0, 0.0], ([0, 1], [0, 0])), shape=(2, 2))
    train = UserItemMatrix(rated, pd.RangeIndex(2), pd.RangeIndex(2))
    assert novelty_at_k(frame({1: [0], 2: [1]}), train, 1).tolist() == [0, 1]


# ------------------------------------------------------------------ diversity


def cosine(one, other):
    length = math.sqrt((one @ one) * (other @ other))
    return one @ other / length if length else 0.0


@pytest.mark.parametrize("what", ["genres", "users who met it"])
@given(lists_of_users, places)
def test_diversity_equals_its_definition(what, lists, k):
    vectors = GENRES.to_numpy() if what == "genres" else MET.T
    found = diversity_at_k(frame(lists), GENRES if what == "genres" else TRAIN, k)
    for user, items in lists.items():
        pairs = list(combinations(items[:k], 2))
        different = [1 - cosine(vectors[i], vectors[j]) for i, j in pairs]
        if items:
            assert found[user] == pytest.approx(np.mean(different) if pairs else 0, abs=1e-9)
    assert set(found.index) == {user for user, items in lists.items() if items}


@given(lists_of_users, places, st.integers(0, 9))
def test_order_within_the_first_places_does_not_matter_to_what_a_list_is_like(lists, k, seed):
    table = frame({user: items[:k] for user, items in lists.items()})
    shuffled = table.assign(
        rank=table.groupby("user")["rank"].transform(
            lambda ranks: np.random.default_rng(seed).permutation(ranks)
        )
    )
    for one, other in [
        (diversity_at_k(table, GENRES, k), diversity_at_k(shuffled, GENRES, k)),
        (novelty_at_k(table, TRAIN, k), novelty_at_k(shuffled, TRAIN, k)),
        (calibration_at_k(table, TRAIN, GENRES, k), calibration_at_k(shuffled, TRAIN, GENRES, k)),
    ]:
        pd.testing.assert_series_equal(one, other)


def test_opposite_features_reach_two():
    vectors = pd.DataFrame([[1.0], [-1.0]])
    assert diversity_at_k(frame({1: [0, 1]}), vectors, 2).tolist() == [2]


# ------------------------------------------------------------------ calibration


def mix(items, weights=None):
    total = np.zeros(4)
    for item in items:
        row = GENRES.to_numpy()[item]
        total += row / row.sum() if row.sum() else 0
    return total / total.sum() if total.sum() else total


@given(lists_of_users, places, st.sampled_from([0.01, 0.3]))
def test_calibration_equals_its_definition(lists, k, alpha):
    found = calibration_at_k(frame(lists), TRAIN, GENRES, k, alpha=alpha)
    for user, items in lists.items():
        if not items:
            assert user not in found.index
            continue
        p, q = mix(np.flatnonzero(MET[user])), mix(items[:k])
        divergence = 0.0
        for g in range(4):
            if p[g] > 0:
                divergence += p[g] * math.log(p[g] / ((1 - alpha) * q[g] + alpha * p[g]))
        assert found[user] == pytest.approx(max(0, divergence), abs=1e-9)
        assert 0 <= found[user] <= -math.log(alpha) + 1e-9


def test_the_history_itself_is_perfectly_calibrated():
    own = {user: np.flatnonzero(MET[user]).tolist() for user in range(5)}
    assert calibration_at_k(frame(own), TRAIN, GENRES, 12).to_numpy() == pytest.approx(0, abs=1e-12)


def test_a_list_without_any_genre_is_the_worst():
    assert calibration_at_k(frame({0: [3]}), TRAIN, GENRES, 1)[0] == pytest.approx(-math.log(0.01))


def test_a_history_without_any_genre_has_no_mix():
    train = UserItemMatrix(sparse.csr_array(np.eye(12)[[3]]), pd.RangeIndex(1), pd.RangeIndex(12))
    assert calibration_at_k(frame({0: [1]}), train, GENRES, 1).empty


def test_ratings_do_not_weigh_a_history():
    values = sparse.csr_array(MET * RNG.integers(1, 6, size=MET.shape))
    rated = UserItemMatrix(values, TRAIN.users, TRAIN.items)
    lists = frame({user: [1, 2] for user in range(5)})
    one, other = (calibration_at_k(lists, train, GENRES, 2) for train in (TRAIN, rated))
    pd.testing.assert_series_equal(one, other)


@pytest.mark.parametrize("alpha", [0, 1, -0.1])
def test_impossible_alphas_are_refused(alpha):
    with pytest.raises(ValueError, match="alpha"):
        calibration_at_k(frame({0: [1]}), TRAIN, GENRES, 1, alpha=alpha)


def test_items_without_a_row_of_genres_are_refused():
    with pytest.raises(ValueError, match="no row in `genres`"):
        calibration_at_k(frame({0: [1]}), TRAIN, GENRES.drop(index=5), 1)
    with pytest.raises(ValueError, match="negative"):
        calibration_at_k(frame({0: [1]}), TRAIN, -GENRES, 1)


def test_a_stranger_has_no_history():
    with pytest.raises(KeyError, match="99"):
        calibration_at_k(frame({99: [1]}), TRAIN, GENRES, 1)


# ------------------------------------------------------------------ all of them


DESCRIBE = {
    "novelty": lambda lists, k: novelty_at_k(lists, TRAIN, k),
    "diversity": lambda lists, k: diversity_at_k(lists, GENRES, k),
    "calibration": lambda lists, k: calibration_at_k(lists, TRAIN, GENRES, k),
}
each = pytest.mark.parametrize("name", DESCRIBE)


@each
def test_nobody_got_a_list(name):
    assert DESCRIBE[name](frame({}), 3).empty


@each
def test_places_after_k_do_not_count(name):
    one, other = DESCRIBE[name](frame({0: [1, 2]}), 2), DESCRIBE[name](frame({0: [1, 2, 5]}), 2)
    pd.testing.assert_series_equal(one, other)
    assert one.name == name and one.index.name == "user"


@each
@pytest.mark.parametrize(
    ("items", "k", "message"),
    [([1], 0, "k=0"), ([77], 1, "Item 77 .* nothing is known"), ([1, 2, 1], 3, "twice")],
)
def test_impossible_lists_are_refused(name, items, k, message):
    with pytest.raises(ValueError, match=message):
        DESCRIBE[name](frame({0: items}), k)
