"""Recommenders side by side."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recsys_tutorial.evaluation import (
    METRICS,
    bootstrap_interval,
    leaderboard,
    per_user_metrics,
    relevant_items,
)
from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders import Popularity
from tests.unit.evaluation_oracles import log_of


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


def test_there_is_no_ratio_to_a_baseline_without_any_hit():
    board = leaderboard({"bad": BAD, "good": GOOD}, log_of([(1, "b"), (2, "b")]), k=1)
    assert board["ndcg"].tolist() == [0, 1]
    assert board["ndcg_ratio"].isna().all() and board.loc["good", "gain_low"] == 1


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


def test_the_columns_and_their_order():
    board = leaderboard({"good": GOOD}, log_of([(1, "b")]))
    assert list(board) == [
        *METRICS,
        *("coverage", "novelty", "served", "ndcg_ratio", "gain_low", "gain_high"),
    ]


def test_leaderboard_describes_the_lists():
    test = log_of([(1, "b"), (2, "b"), (3, "a"), (99, "a")])
    board = leaderboard({"good": GOOD}, test, k=1)
    # Lists b, b, a; one of three people met b, two met a; user 99 got no list.
    assert board.loc["good", "novelty"] == pytest.approx((2 * np.log2(3) + np.log2(1.5)) / 3)
    assert board.loc["good", "served"] == 0.75


def test_strangers_only_have_no_novelty():
    board = leaderboard({"good": GOOD}, log_of([(99, "a")]), k=1)
    assert math.isnan(board.loc["good", "novelty"]) and board.loc["good", "served"] == 0


def test_users_of_another_type_are_refused_and_not_counted_as_zero():
    popular = popularity_of([[1, 1, 0]], [1], list("abc"))
    with pytest.raises(ValueError, match="The user '1' cannot be among those .* such as 1"):
        leaderboard({"popularity": popular}, log_of([("1", "c")]), k=2)
