"""Metrics against an oracle written from the definition, closed forms, and edge cases."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import ndcg_score

from recsys_tutorial.datasets import Interactions
from recsys_tutorial.evaluation import (
    METRICS,
    Interval,
    bootstrap_interval,
    coverage_at_k,
    f1_at_k,
    leaderboard,
    ndcg_at_k,
    per_user_metrics,
    precision_at_k,
    recall_at_k,
    relevant_items,
)
from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders import Popularity

FUNCTIONS = {
    "precision": precision_at_k,
    "recall": recall_at_k,
    "f1": f1_at_k,
    "ndcg": ndcg_at_k,
}
each = pytest.mark.parametrize("name", METRICS)

films = st.lists(st.integers(0, 11), unique=True, max_size=12)
wanted = st.sets(st.integers(0, 14), min_size=1, max_size=9)
places = st.integers(1, 15)


def by_definition(recommended, relevant, k):
    """Count with loops; nothing clever, nothing shared with the package."""
    hits, gain = 0, 0.0
    for rank in range(1, k + 1):
        if rank <= len(recommended) and recommended[rank - 1] in relevant:
            hits += 1
            gain += 1 / math.log2(rank + 1)
    best = 0.0
    for rank in range(1, k + 1):
        if rank <= len(relevant):
            best += 1 / math.log2(rank + 1)
    precision, recall = hits / k, hits / len(relevant)
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return {"precision": precision, "recall": recall, "f1": f1, "ndcg": gain / best}


def frame(lists):
    rows = [(u, r, i) for u, items in lists.items() for r, i in enumerate(items, start=1)]
    return pd.DataFrame(rows, columns=["user", "rank", "item"])


def log_of(pairs, ratings=None):
    table = pd.DataFrame(pairs, columns=["user", "item"])
    table["rating"] = 1.0 if ratings is None else ratings
    return Interactions.from_frame(table, timestamp=None)


# ------------------------------------------------------------------ one list


@given(films, wanted, places)
def test_every_metric_equals_its_definition(recommended, relevant, k):
    for name, value in by_definition(recommended, relevant, k).items():
        assert FUNCTIONS[name](recommended, relevant, k) == pytest.approx(value, abs=1e-12), name


@given(films, wanted, places)
def test_every_metric_lies_between_zero_and_one(recommended, relevant, k):
    for name, metric in FUNCTIONS.items():
        assert 0 <= metric(recommended, relevant, k) <= 1 + 1e-12, name


@given(st.permutations(range(8)), st.sets(st.integers(0, 7), min_size=1), st.integers(1, 8))
def test_ndcg_agrees_with_scikit_learn_on_full_rankings(ranking, relevant, k):
    truth = [[1.0 if item in relevant else 0.0 for item in range(8)]]
    scores = [[-float(ranking.index(item)) for item in range(8)]]
    assert ndcg_at_k(ranking, relevant, k) == pytest.approx(ndcg_score(truth, scores, k=k))


@given(wanted, places)
def test_the_best_possible_list(relevant, k):
    best = sorted(relevant)
    assert ndcg_at_k(best, relevant, k) == pytest.approx(1)
    assert recall_at_k(best, relevant, k) == min(k, len(relevant)) / len(relevant)
    assert precision_at_k(best, relevant, k) == min(k, len(relevant)) / k


@given(films, wanted, places)
def test_moving_a_hit_up_raises_ndcg_and_nothing_else(recommended, relevant, k):
    swaps = [
        i
        for i in range(1, min(k, len(recommended)))
        if recommended[i] in relevant and recommended[i - 1] not in relevant
    ]
    assume(swaps)
    i = swaps[0]
    better = recommended.copy()
    better[i - 1], better[i] = better[i], better[i - 1]
    assert ndcg_at_k(better, relevant, k) > ndcg_at_k(recommended, relevant, k)
    for metric in (precision_at_k, recall_at_k, f1_at_k):
        assert metric(better, relevant, k) == metric(recommended, relevant, k)


@given(films, wanted, places)
def test_items_after_place_k_change_nothing(recommended, relevant, k):
    for metric in FUNCTIONS.values():
        assert metric(recommended, relevant, k) == metric(recommended[:k], relevant, k)


@each
@pytest.mark.parametrize("recommended", [[], ["x"], ["x", "y", "z"]])
def test_no_hits_are_zero(name, recommended):
    assert FUNCTIONS[name](recommended, {"a", "b"}, 3) == 0


def test_a_short_list_is_divided_by_k_all_the_same():
    assert precision_at_k(["a"], {"a"}, 4) == 0.25
    assert f1_at_k(["a"], {"a"}, 4) == pytest.approx(2 * 0.25 * 1 / 1.25)
    assert ndcg_at_k(["a"], {"a"}, 4) == 1


def test_more_places_than_items_anywhere():
    assert recall_at_k(["a", "b"], {"a", "b"}, 100) == 1
    assert precision_at_k(["a", "b"], {"a", "b"}, 100) == 0.02


def test_worked_example_of_the_chapter():
    shown, found = (
        ["Brazil", "Alien", "Casablanca", "Evita", "Dumbo"],
        {"Brazil", "Evita", "F", "G"},
    )
    assert precision_at_k(shown, found, 5) == 0.4
    assert ndcg_at_k(shown, found, 5) == pytest.approx(0.5585, abs=1e-4)


@each
def test_an_item_twice_is_refused(name):
    with pytest.raises(ValueError, match="twice"):
        FUNCTIONS[name](["a", "b", "a"], {"a"}, 2)


@each
@pytest.mark.parametrize("nothing", [set(), [], np.array([]), pd.Series([], dtype=object)])
def test_a_user_who_wanted_nothing_has_no_metric(name, nothing):
    with pytest.raises(ValueError, match="no relevant item"):
        FUNCTIONS[name](["a"], nothing, 1)


@each
@pytest.mark.parametrize("k", [0, -3])
def test_no_places_are_refused(name, k):
    with pytest.raises(ValueError, match=f"k={k}"):
        FUNCTIONS[name](["a"], {"a"}, k)


@each
@pytest.mark.parametrize("kind", [list, tuple, set, np.array, pd.Series, pd.Index])
def test_relevant_items_may_come_in_any_collection(name, kind):
    expected = FUNCTIONS[name](["a", "b", "c"], {"a", "c", "x"}, 3)
    assert FUNCTIONS[name](["a", "b", "c"], kind(["a", "c", "x"]), 3) == expected


@each
def test_a_relevant_item_listed_twice_counts_once(name):
    assert FUNCTIONS[name](["a", "b"], ["a", "a", "b"], 2) == pytest.approx(1)


# ------------------------------------------------------------------ coverage


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


# ------------------------------------------------------------------ who is averaged


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


def test_a_user_without_recommendations_counts_as_zero():
    table = per_user_metrics(frame({1: ["a"]}), {1: {"a"}, 2: {"b"}}, 1)
    assert table.loc[2].tolist() == [0, 0, 0, 0]
    assert table["recall"].mean() == 0.5


def test_a_user_without_relevant_items_is_not_averaged():
    table = per_user_metrics(frame({1: ["a"], 9: ["a"]}), {1: {"a"}}, 1)
    assert table.index.tolist() == [1]


def test_nobody_got_recommendations():
    assert (per_user_metrics(frame({}), {1: {"a"}, 2: {"b"}}, 3) == 0).all(axis=None)


def test_a_repeated_recommendation_is_found_in_the_table():
    with pytest.raises(ValueError, match="twice"):
        per_user_metrics(frame({1: ["a", "b", "a"]}), {1: {"a"}}, 3)


# ------------------------------------------------------------------ intervals


@pytest.mark.parametrize(("level", "z"), [(0.95, 1.95996), (0.8, 1.28155)])
def test_bootstrap_agrees_with_the_standard_error_of_the_mean(level, z):
    values = np.random.default_rng(7).normal(3, 2, size=500)
    found = bootstrap_interval(values, level=level, n_draws=8000)
    error = values.std(ddof=0) / math.sqrt(len(values))
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - z * error, abs=0.08 * error)
    assert found.high == pytest.approx(values.mean() + z * error, abs=0.08 * error)


def test_bootstrap_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    samples = rng.exponential(1.0, size=(200, 100))
    intervals = [bootstrap_interval(s, n_draws=300) for s in samples]
    covered = np.mean([i.low <= 1 <= i.high for i in intervals])
    assert 0.88 < covered < 0.99


def test_bootstrap_of_one_user_and_of_equal_users():
    assert bootstrap_interval([0.3]) == Interval(0.3, 0.3, 0.3)
    assert bootstrap_interval(pd.Series([2.0] * 5)) == Interval(2.0, 2.0, 2.0)


def test_bootstrap_is_reproducible_and_follows_the_seed():
    values = np.arange(30.0)
    assert bootstrap_interval(values) == bootstrap_interval(values)
    assert bootstrap_interval(values) != bootstrap_interval(values, random_state=1)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20), st.floats(-3, 3))
def test_bootstrap_moves_with_the_values(values, shift):
    here = bootstrap_interval(values, n_draws=50)
    there = bootstrap_interval(np.array(values) + shift, n_draws=50)
    for end in ("mean", "low", "high"):
        assert getattr(there, end) == pytest.approx(getattr(here, end) + shift, abs=1e-9)
    assert here.low <= here.high


def test_a_wider_level_gives_a_wider_interval():
    values = np.random.default_rng(1).random(40)
    narrow, wide = (bootstrap_interval(values, level=level) for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("values", [[], [1.0, np.nan], [[1.0, 2.0], [3.0, 4.0]]])
def test_values_that_are_not_one_number_per_user_are_refused(values):
    with pytest.raises(ValueError, match="one number per user"):
        bootstrap_interval(values)


@pytest.mark.parametrize("level", [0, 1, -0.5, 95])
def test_impossible_levels_are_refused(level):
    with pytest.raises(ValueError, match="level"):
        bootstrap_interval([1.0, 2.0], level=level)


def test_interval_in_print():
    assert str(Interval(0.5, 0.25, 0.75)) == "0.5000 [0.2500, 0.7500]"


# ------------------------------------------------------------------ leaderboard


def popularity_of(rows, users, items):
    values = sparse.csr_array(np.array(rows, dtype=float))
    return Popularity().fit(UserItemMatrix(values, pd.Index(users), pd.Index(list(items))))


# Everybody has seen one of the items; a is the most popular, c the least.
GOOD = popularity_of([[1, 0, 0], [1, 0, 0], [0, 1, 0]], [1, 2, 3], "abc")
# The same people, but c looks popular.
BAD = popularity_of([[1, 0, 0], [1, 0, 0], [0, 0, 1]], [1, 2, 3], "abc")


def test_leaderboard_by_hand():
    test = log_of([(1, "b"), (2, "b"), (3, "a")])
    board = leaderboard({"good": GOOD, "bad": BAD}, test, k=1)
    # good offers b, b, a: three hits of three; bad offers c, c, a: one hit.
    assert board["precision"].tolist() == pytest.approx([1, 1 / 3])
    assert board["ndcg"].tolist() == pytest.approx([1, 1 / 3])
    assert board["coverage"].tolist() == pytest.approx([2 / 3, 2 / 3])
    assert board["ndcg_ratio"].tolist() == pytest.approx([1, 1 / 3])
    assert board.loc["good", ["gain_low", "gain_high"]].tolist() == [0, 0]
    assert board.loc["bad", "gain_low"] <= -2 / 3 <= board.loc["bad", "gain_high"]


def test_leaderboard_counts_users_it_has_never_seen_as_zero():
    test = log_of([(1, "b"), (2, "b"), (3, "a"), (99, "a")])
    assert leaderboard({"good": GOOD}, test, k=1).loc["good", "recall"] == 0.75


def test_leaderboard_counts_users_who_have_seen_everything_as_zero():
    fed_up = popularity_of([[1, 1], [1, 0]], [1, 2], "ab")
    board = leaderboard({"popularity": fed_up}, log_of([(1, "a"), (2, "b")]), k=2)
    assert board.loc["popularity", "recall"] == 0.5


def test_leaderboard_of_strangers_only():
    board = leaderboard({"good": GOOD}, log_of([(99, "a")]), k=1)
    assert board.loc["good", ["recall", "coverage"]].tolist() == [0, 0]
    assert math.isnan(board.loc["good", "ndcg_ratio"])


def test_leaderboard_asks_only_for_what_was_liked():
    test = log_of([(1, "b"), (2, "c"), (3, "a")], [5, 1, 1])
    board = leaderboard({"good": GOOD}, test, k=1, min_rating=4)
    assert board.loc["good", "recall"] == 1


def test_leaderboard_with_another_baseline():
    test = log_of([(1, "b"), (2, "b"), (3, "a")])
    board = leaderboard({"good": GOOD, "bad": BAD}, test, k=1, baseline="bad")
    assert board.loc["bad", ["ndcg_ratio", "gain_low", "gain_high"]].tolist() == [1, 0, 0]
    assert board.loc["good", "ndcg_ratio"] == pytest.approx(3)


def test_leaderboard_gain_is_the_paired_difference():
    test = log_of([(1, "b"), (2, "b"), (3, "a")])
    board = leaderboard({"bad": BAD, "good": GOOD}, test, k=2)
    relevant = relevant_items(test)
    scores = [
        per_user_metrics(model.recommend(list(relevant), 2), relevant, 2)["ndcg"]
        for model in (GOOD, BAD)
    ]
    wanted = bootstrap_interval(scores[0] - scores[1])
    assert board.loc["good", ["gain_low", "gain_high"]].tolist() == [wanted.low, wanted.high]


def test_unknown_baseline_is_named():
    with pytest.raises(KeyError, match="best"):
        leaderboard({"good": GOOD}, log_of([(1, "b")]), baseline="best")


def test_empty_leaderboard_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        leaderboard({}, log_of([(1, "b")]))


def test_a_test_in_which_nobody_liked_anything_is_refused():
    with pytest.raises(ValueError, match="min_rating"):
        leaderboard({"good": GOOD}, log_of([(1, "b")]), min_rating=6)
