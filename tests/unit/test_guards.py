"""Rules around recommenders, pairs of items, and friends of friends: oracles and edge cases."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders import (
    CappedRecommender,
    ClusterPopularity,
    FriendsOfFriends,
    GuardedRecommender,
    Popularity,
    pair_rules,
    seen_of_kind,
)
from tests.unit.fixed_scores import Fixed


def matrix_of(rows):
    dense = np.asarray(rows, dtype=float)
    users = pd.Index([f"u{i}" for i in range(len(dense))])
    return UserItemMatrix(
        sparse.csr_array(dense), users, pd.Index(range(100, 100 + dense.shape[1]))
    )


RNG = np.random.default_rng(14)
MET = matrix_of(RNG.random((30, 40)) < 0.2)
SCORES = RNG.random((30, 40)).round(1)
ALLOWED = RNG.random((30, 40)) < 0.5


def walk(scores, seen, allowed, k, topics=None, at_most=None):
    """Go down the ranking of one user by hand."""
    taken, counts = [], {}
    for item in sorted(range(len(scores)), key=lambda i: (-scores[i], i)):
        if seen[item] or not allowed[item] or len(taken) == k:
            continue
        if topics is not None:
            if counts.get(topics[item], 0) == at_most:
                continue
            counts[topics[item]] = counts.get(topics[item], 0) + 1
        taken.append(item)
    return taken + [-1] * (k - len(taken))


# ------------------------------------------------------------------ what is allowed


@pytest.mark.parametrize("k", [1, 5, 60])
def test_the_best_allowed_items_in_order(k):
    found = GuardedRecommender(Fixed(SCORES), ALLOWED).fit(MET).top_k(k=k)
    seen = MET.values.toarray() > 0
    assert found.tolist() == [walk(SCORES[u], seen[u], ALLOWED[u], k) for u in range(30)]


def test_one_rule_for_all():
    rule = np.arange(40) % 2 == 0
    found = GuardedRecommender(Fixed(SCORES), rule).fit(MET).top_k(k=10)
    assert (found[found >= 0] % 2 == 0).all()


def test_what_comes_first_comes_first_in_the_order_of_the_scores():
    first = np.zeros((30, 40), dtype=bool)
    first[0, [3, 7]] = True
    allowed = ALLOWED | first
    model = GuardedRecommender(Fixed(SCORES), allowed, first).fit(matrix_of(np.zeros((30, 40))))
    two = sorted([3, 7], key=lambda i: -SCORES[0, i])
    top = model.top_k(k=5)
    assert top[0, :2].tolist() == two
    plain = GuardedRecommender(Fixed(SCORES), allowed).fit(matrix_of(np.zeros((30, 40)))).top_k(k=5)
    assert np.array_equal(top[1:], plain[1:])


def test_first_works_on_equal_and_on_negative_scores():
    first = np.array([False, False, True])
    for scores in (np.zeros((1, 3)), np.array([[-5.0, 4.0, -9.0]])):
        model = GuardedRecommender(Fixed(scores), np.ones(3, dtype=bool), first)
        assert model.fit(matrix_of(np.zeros((1, 3)))).top_k(k=1)[0, 0] == 2


def test_nobody_gets_anything_if_nothing_is_allowed():
    model = GuardedRecommender(Popularity(), np.zeros(40, dtype=bool)).fit(MET)
    assert (model.top_k(k=3) == -1).all() and model.recommend(k=3).empty


def test_a_fitted_recommender_is_used_and_another_is_copied():
    inner = ClusterPopularity(2).fit(MET)
    assert GuardedRecommender(inner, ALLOWED).fit(MET).recommender_ is inner
    other = matrix_of(RNG.random((30, 40)) < 0.3)
    guarded = GuardedRecommender(inner, ALLOWED).fit(other)
    assert guarded.recommender_ is not inner and inner.matrix_ is MET


@pytest.mark.parametrize(
    ("allowed", "first", "message"),
    [
        (np.ones((30, 40)), None, "True and False"),
        (np.ones((40, 30), dtype=bool), None, "shape"),
        (np.zeros(40, dtype=bool), np.ones(40, dtype=bool), "not allowed"),
        (np.ones(40, dtype=bool), np.ones(3, dtype=bool), "first has shape"),
    ],
)
def test_tables_that_do_not_fit_are_refused(allowed, first, message):
    with pytest.raises(ValueError, match=message):
        GuardedRecommender(Popularity(), allowed, first).fit(MET)


# ------------------------------------------------------------------ a cap on topics


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 6), st.integers(0, 10**6))
def test_a_capped_list_is_the_ranking_walked_down(k, at_most, n_topics, seed):
    rng = np.random.default_rng(seed)
    topics = rng.integers(n_topics, size=40).tolist()
    model = CappedRecommender(Fixed(SCORES), topics, at_most).fit(MET)
    seen = MET.values.toarray() > 0
    everything = np.ones(40, dtype=bool)
    expected = [walk(SCORES[u], seen[u], everything, k, topics, at_most) for u in range(30)]
    assert model.top_k(k=k).tolist() == expected


def test_a_cap_around_a_guard_keeps_both_rules():
    topics = (np.arange(40) % 3).tolist()
    model = CappedRecommender(GuardedRecommender(Fixed(SCORES), ALLOWED), topics, 2).fit(MET)
    seen = MET.values.toarray() > 0
    expected = [walk(SCORES[u], seen[u], ALLOWED[u], 6, topics, 2) for u in range(30)]
    assert model.top_k(k=6).tolist() == expected


def test_a_loose_cap_changes_nothing_and_candidates_count():
    loose = CappedRecommender(Popularity(), ["x"] * 40, 40).fit(MET)
    assert np.array_equal(loose.top_k(k=9), Popularity().fit(MET).top_k(k=9))
    one = CappedRecommender(Popularity(), ["x"] * 20 + ["y"] * 20, 1).fit(MET)
    table = one.recommend(k=5, items=list(range(100, 120)))
    assert (table.groupby("user").size() == 1).all() and (table["item"] < 120).all()


@pytest.mark.parametrize(
    "topics",
    [[("x", 1), ("x", 1), ("y", 1)], [1, 1, "1"], [None, np.nan, "x"], "xxy"],
    ids=["pairs", "mixed", "missing", "letters"],
)
def test_topics_of_any_kind_are_told_apart(topics):
    model = CappedRecommender(Popularity(), topics, 1).fit(matrix_of([[0, 0, 0]]))
    assert model.top_k(k=3).tolist() == [[0, 2, -1]]


def test_wrong_caps_are_refused():
    with pytest.raises(ValueError, match="at_most=0"):
        CappedRecommender(Popularity(), ["x"] * 40, 0).fit(MET)
    with pytest.raises(ValueError, match="2 topics for 40 items"):
        CappedRecommender(Popularity(), ["x", "y"]).fit(MET)


# ------------------------------------------------------------------ kinds that are met


def test_seen_of_kind_against_loops():
    kinds = [None if i % 4 == 0 else i % 3 for i in range(40)]
    found = seen_of_kind(MET, kinds)
    met = MET.values.toarray() > 0
    for user in range(30):
        for item in range(40):
            kin = [j for j in range(40) if kinds[j] == kinds[item] and kinds[j] is not None]
            assert found[user, item] == any(met[user, j] for j in kin)


def test_only_the_cells_that_count():
    matrix = matrix_of([[1, 5, 0, 0]])
    bought = matrix.values.data == 5
    assert seen_of_kind(matrix, ["a", "b", "a", "b"], bought).tolist() == [
        [False, True, False, True]
    ]
    with pytest.raises(ValueError, match="one per item"):
        seen_of_kind(matrix, ["a"])
    with pytest.raises(ValueError, match="met has shape"):
        seen_of_kind(matrix, ["a", "b", "a", "b"], np.array([True]))


# ------------------------------------------------------------------ pairs


def test_pair_rules_against_counting():
    rules = pair_rules(MET).set_index(["item", "other"])
    met = MET.values.toarray() > 0
    for a in range(40):
        for b in range(40):
            together = int((met[:, a] & met[:, b]).sum())
            if a == b or not together:
                assert (100 + a, 100 + b) not in rules.index
                continue
            row = rules.loc[(100 + a, 100 + b)]
            assert row["together"] == together and np.isclose(row["support"], together / 30)
            assert np.isclose(row["confidence"], together / met[:, a].sum())
            assert np.isclose(row["lift"], 30 * together / met[:, a].sum() / met[:, b].sum())


def test_lift_is_symmetric_sorted_and_blind_to_amounts():
    rules = pair_rules(MET)
    both = rules.merge(rules, left_on=["item", "other"], right_on=["other", "item"])
    assert np.allclose(both["lift_x"], both["lift_y"])
    assert (np.diff(rules["lift"].round(9)) <= 0).all()
    many = UserItemMatrix(MET.values * 7, MET.users, MET.items)
    pd.testing.assert_frame_equal(pair_rules(many), rules)


def test_rare_pairs_are_left_out_and_an_empty_table_is_fine():
    assert (pair_rules(MET, min_together=3)["together"] >= 3).all()
    assert pair_rules(matrix_of(np.zeros((2, 3)))).empty
    with pytest.raises(ValueError, match="min_together=0"):
        pair_rules(MET, min_together=0)


# ------------------------------------------------------------------ friends of friends


def test_friends_of_friends_against_counting():
    half = np.triu(RNG.random((12, 12)) < 0.3, 1)
    dense = (half | half.T).astype(float)
    people = pd.Index(range(12))
    model = FriendsOfFriends().fit(UserItemMatrix(sparse.csr_array(dense), people, people))
    ends = dense.sum(axis=1)
    scores = model.scores()
    for a in range(12):
        assert scores[a, a] == -np.inf
        for b in set(range(12)) - {a}:
            common = [c for c in range(12) if dense[a, c] and dense[c, b]]
            assert np.isclose(scores[a, b], sum(1 / np.log(max(ends[c], 2)) for c in common))
    lists = model.recommend(k=12)
    assert (lists["user"] != lists["item"]).all()


def test_friends_must_be_the_same_people():
    with pytest.raises(ValueError, match="same people"):
        FriendsOfFriends().fit(MET)
