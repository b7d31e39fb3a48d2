"""Metrics of one list against an oracle from the definition, closed forms, and edge cases."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score

from recsys_tutorial import evaluation
from recsys_tutorial.evaluation import (
    METRICS,
    average_precision_at_k,
    f1_at_k,
    hit_rate_at_k,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    reciprocal_rank_at_k,
)
from tests.unit.evaluation_oracles import by_definition, films, places, wanted

FUNCTIONS = {name: getattr(evaluation, f"{name}_at_k") for name in METRICS}
each = pytest.mark.parametrize("name", METRICS)


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


@given(st.permutations(range(8)), st.sets(st.integers(0, 7), min_size=1))
def test_average_precision_agrees_with_scikit_learn_on_full_rankings(ranking, relevant):
    truth = [item in relevant for item in range(8)]
    scores = [-float(ranking.index(item)) for item in range(8)]
    expected = average_precision_score(truth, scores)
    assert average_precision_at_k(ranking, relevant, 8) == pytest.approx(expected)


@given(wanted, places)
def test_the_best_possible_list(relevant, k):
    best = sorted(relevant)
    assert ndcg_at_k(best, relevant, k) == pytest.approx(1)
    assert recall_at_k(best, relevant, k) == min(k, len(relevant)) / len(relevant)
    assert precision_at_k(best, relevant, k) == min(k, len(relevant)) / k
    for metric in (average_precision_at_k, reciprocal_rank_at_k, hit_rate_at_k):
        assert metric(best, relevant, k) == pytest.approx(1)


@given(films, wanted, places)
def test_moving_a_hit_up_is_seen_by_ranking_metrics_only(recommended, relevant, k):
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
    for metric in (average_precision_at_k, reciprocal_rank_at_k):
        gain = metric(better, relevant, k) - metric(recommended, relevant, k)
        first = not any(item in relevant for item in recommended[: i - 1])
        # The reciprocal rank looks at the first hit alone.
        assert gain > 0 if metric is average_precision_at_k or first else gain == 0
    for metric in (precision_at_k, recall_at_k, f1_at_k, hit_rate_at_k):
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


def test_two_lists_that_differ_in_order_only():
    """The audit's demonstration d04: ten places, two films to find, hits first or last."""
    top, bottom = list("ab12345678"), list("12345678ab")
    for metric, first, last in [
        (precision_at_k, 0.2, 0.2),
        (recall_at_k, 1, 1),
        (f1_at_k, 1 / 3, 1 / 3),
        (hit_rate_at_k, 1, 1),
        (reciprocal_rank_at_k, 1, 1 / 9),
        (average_precision_at_k, 1, (1 / 9 + 2 / 10) / 2),
        (ndcg_at_k, 1, (1 / np.log2(10) + 1 / np.log2(11)) / (1 + 1 / np.log2(3))),
    ]:
        assert metric(top, {"a", "b"}, 10) == pytest.approx(first)
        assert metric(bottom, {"a", "b"}, 10) == pytest.approx(last)


def test_map_divides_by_what_could_be_found():
    """Not by the hits, as in recommenders' issue 1702, and not by more than k."""
    assert average_precision_at_k(["a", "x"], {"a", "b"}, 2) == 0.5
    assert average_precision_at_k(["a", "b"], set("abcdefgh"), 2) == 1


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
