"""All users at once: the same as user by user, and nobody left out."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys_tutorial import evaluation
from recsys_tutorial.evaluation import (
    METRICS,
    find_hits,
    metrics_from_hits,
    per_user_metrics,
    relevant_items,
)
from tests.unit.evaluation_oracles import by_definition, films, frame, log_of, places, wanted

FUNCTIONS = {name: getattr(evaluation, f"{name}_at_k") for name in METRICS}
each = pytest.mark.parametrize("name", METRICS)


def test_relevant_items_of_a_log():
    log = log_of([(1, "a"), (1, "b"), (2, "a"), (3, "c")], [5, 2, 3, 4])
    assert relevant_items(log) == {1: {"a", "b"}, 2: {"a"}, 3: {"c"}}
    assert relevant_items(log, min_rating=4) == {1: {"a"}, 3: {"c"}}
    assert relevant_items(log, min_rating=9) == {}


def test_categorical_users_without_a_liked_item_are_absent():
    log = log_of([("x", "a"), ("y", "b")], [5, 1])
    events = log.events.assign(user=log.events["user"].astype("category"))
    assert relevant_items(log.with_events(events), min_rating=3) == {"x": {"a"}}


@given(
    st.dictionaries(st.integers(0, 5), films, max_size=6),
    st.dictionaries(st.integers(0, 7), wanted, min_size=1, max_size=8),
    places,
    st.integers(0, 99),
)
def test_per_user_metrics_equal_the_definition_for_each_user(lists, relevant, k, seed):
    shuffled = frame(lists).sample(frac=1, random_state=seed)
    table = per_user_metrics(shuffled, relevant, k)
    assert list(table) == list(METRICS) and set(table.index) == set(relevant)
    for user, items in relevant.items():
        values = by_definition(lists.get(user, []), items, k)
        assert table.loc[user].to_dict() == pytest.approx(values, abs=1e-12)
        one_by_one = {n: f(lists.get(user, []), items, k) for n, f in FUNCTIONS.items()}
        assert table.loc[user].to_dict() == pytest.approx(one_by_one, abs=1e-12)


def test_a_user_without_recommendations_counts_as_zero():
    table = per_user_metrics(frame({1: ["a"]}), {1: {"a"}, 2: {"b"}}, 1)
    assert (table.loc[2] == 0).all()
    assert (table.mean() == 0.5).all()


def test_a_user_without_relevant_items_is_not_averaged():
    table = per_user_metrics(frame({1: ["a"], 9: ["a"]}), {1: {"a"}}, 1)
    assert table.index.tolist() == [1]


def test_nobody_got_recommendations():
    assert (per_user_metrics(frame({}), {1: {"a"}, 2: {"b"}}, 3) == 0).all(axis=None)


def test_a_repeated_recommendation_is_found_in_the_table():
    with pytest.raises(ValueError, match="twice"):
        per_user_metrics(frame({1: ["a", "b", "a"]}), {1: {"a"}}, 3)


@each
def test_users_without_hits_or_lists_are_averaged_by_every_metric(name):
    """One perfect user of three: other packages report 1.0 here, by dropping the two others."""
    lists, relevant = {1: ["a"], 2: ["x"]}, {1: {"a"}, 2: {"b"}, 3: {"c"}}
    assert per_user_metrics(frame(lists), relevant, 1)[name].mean() == pytest.approx(1 / 3)


def test_far_more_places_than_items():
    table = per_user_metrics(frame({1: ["a", "b"]}), {1: {"a", "b"}}, 10**9)
    assert table.loc[1, ["recall", "ndcg", "average_precision"]].tolist() == [1, 1, 1]
    assert table.loc[1, "precision"] == 2e-9


def test_places_are_counted_by_order_not_by_the_numbers_in_the_column():
    gaps = pd.DataFrame({"user": 1, "rank": [9, 4], "item": ["b", "a"]})
    assert per_user_metrics(gaps, {1: {"b"}}, 2).loc[1, "reciprocal_rank"] == 0.5
    assert per_user_metrics(gaps, {1: {"b"}}, 1).loc[1, "reciprocal_rank"] == 0


def test_nobody_to_average():
    table = per_user_metrics(frame({1: ["a"]}), {}, 3)
    assert table.empty and list(table) == list(METRICS)


def test_ids_may_be_of_any_kind_and_mixed():
    odd = [1, "1", (1, 2), 2.5, None]
    for user in odd[:4]:
        table = per_user_metrics(frame({user: odd}), {user: {"1", None}}, 5)
        assert table.iloc[0].to_dict() == pytest.approx(by_definition(odd, {"1", None}, 5))


@pytest.mark.parametrize(
    ("lists", "relevant", "column"),
    [({1: ["a"]}, {"1": {"a"}}, "user"), ({1: ["7"]}, {1: {7}}, "item")],
)
def test_ids_that_can_never_meet_are_refused(lists, relevant, column):
    with pytest.raises(ValueError, match=f"The {column} .* cannot be among .* one type"):
        per_user_metrics(frame(lists), relevant, 1)


def test_strangers_of_the_same_kind_are_no_error():
    assert per_user_metrics(frame({8: ["x"]}), {1: {"a"}}, 1).loc[1].sum() == 0


def test_a_user_who_wanted_nothing_is_named():
    with pytest.raises(ValueError, match="User 2 has no relevant item"):
        per_user_metrics(frame({1: ["a"]}), {1: {"a"}, 2: set()}, 1)


@pytest.mark.parametrize("k", [0, -1])
def test_no_places_are_refused(k):
    with pytest.raises(ValueError, match=f"k={k}"):
        per_user_metrics(frame({1: ["a"]}), {1: {"a"}}, k)


def test_the_caller_keeps_her_table():
    table = frame({2: ["b", "a"], 1: ["a"]}).iloc[::-1]
    before = table.copy()
    per_user_metrics(table, {1: {"a"}}, 1)
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.slow
def test_time_grows_with_the_lists_not_with_a_loop():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "user": np.repeat(np.arange(5000), 20),
            "rank": np.tile(np.arange(1, 21), 5000),
            "item": np.concatenate([rng.permutation(500)[:20] for _ in range(5000)]),
        }
    )
    relevant = {u: set(rng.permutation(500)[:10]) for u in range(5000)}
    start = time.process_time()
    per_user_metrics(table, relevant, 20)
    # A loop over users and functions takes more than ten times as long.
    assert time.process_time() - start < 3


# ------------------------------------------------------------------ from column numbers


@given(
    st.lists(st.tuples(films, st.sets(st.integers(0, 11), min_size=1)), min_size=1, max_size=6),
    places,
)
def test_column_numbers_give_the_same_as_a_table(people, k):
    width = max(len(items) for items, _ in people)
    top = np.full((len(people), width), -1, dtype=np.int32)
    truth = np.zeros((len(people), 12))
    for row, (items, relevant) in enumerate(people):
        top[row, : len(items)] = items
        truth[row, list(relevant)] = 1
    hits = find_hits(top, sparse.csr_array(truth))
    found = pd.DataFrame(metrics_from_hits(hits, truth.sum(axis=1).astype(int), k))
    lists = {row: items for row, (items, _) in enumerate(people)}
    expected = per_user_metrics(
        frame(lists), {row: relevant for row, (_, relevant) in enumerate(people)}, k
    )
    np.testing.assert_allclose(found, expected)


def test_an_explicit_zero_is_no_relevant_item():
    stored = sparse.csr_array(([0.0, 1.0], ([0, 0], [1, 2])), shape=(1, 3))
    assert find_hits(np.array([[0, 1, 2]]), stored).tolist() == [[False, False, True]]


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ([[0, 1]], "do not fit 2 users"),
        ([[0, 1], [1, 3]], "not among the 3 items"),
        ([[0, 1], [-2, 1]], "not among the 3 items"),
        ([[0, 1], [2, 2]], "twice"),
        ([[0, 1, 2], [2, 0, 2]], "twice"),
    ],
)
def test_impossible_lists_are_refused(top, message):
    with pytest.raises(ValueError, match=message):
        find_hits(np.array(top), sparse.csr_array(np.ones((2, 3))))


@pytest.mark.parametrize(
    ("hits", "n_relevant", "k", "message"),
    [
        ([[True]], [0], None, "no relevant item"),
        ([[True, True]], [1], None, "more hits than relevant"),
        ([[True]], [1], 0, "k=0"),
    ],
)
def test_impossible_hits_are_refused(hits, n_relevant, k, message):
    with pytest.raises(ValueError, match=message):
        metrics_from_hits(np.array(hits), np.array(n_relevant), k)
