"""Ten fields run, say what they must, and keep their rules; the parts against oracles."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial.datasets import DataError, FieldLog, Interactions, load_karate_club
from recsys_tutorial.evaluation import METRICS, per_user_metrics, relevant_items
from recsys_tutorial.preprocessing import split_random
from recsys_tutorial.recommenders import GuardedRecommender, Popularity
from recsys_tutorial.scenarios import (
    SCENARIOS,
    Scenario,
    recency_weights,
    run_scenario,
    scenario_table,
    split_ties,
    start_trial,
    values_per_user,
    weighted_matrix,
)
from recsys_tutorial.scenarios.ten import largest_topic, mean_ratings

each_field = pytest.mark.parametrize("name", SCENARIOS)


@pytest.fixture(scope="module")
def results():
    return {name: run_scenario(scenario) for name, scenario in SCENARIOS.items()}


def test_the_ten_fields_of_the_article_in_its_order():
    assert list(SCENARIOS) == [
        *("e-commerce", "social media", "video", "online education", "health"),
        *("finance", "travel", "retail", "social network", "music, books, news"),
    ]
    lessons = [scenario.lesson for scenario in SCENARIOS.values()]
    assert len(set(lessons)) == 10


@each_field
def test_a_field_states_metric_baseline_and_interval(results, name):
    found = results[name]
    table = scenario_table([found]).loc[name]
    assert table["metric"].split("@")[0] in METRICS
    assert table["low"] <= table["gain"] <= table["high"]
    assert np.isclose(table["gain"], table["groups"] - table["baseline"])
    assert len(found.values) == table["people"] >= 20
    assert found.values.notna().all(axis=None) and found.values.index.is_unique


@each_field
def test_the_rule_lowers_the_harm(results, name):
    found = results[name]
    assert 0 <= found.harm_after < found.harm_before <= 1


def test_the_lists_without_groups_are_asked_for_their_harm_as_well(results):
    for found in results.values():
        lists = found.models["baseline"].recommend(found.values.index, found.scenario.k)
        assert found.harm_baseline == found.scenario.harm_of(lists, found.trial)
    table = scenario_table(results.values())
    more = table["harm"] - table["harm, baseline"]
    assert more["music, books, news"] > 0.8 and abs(more["health"]) < 0.02


@each_field
def test_nobody_is_tested_on_what_she_was_trained_on(results, name):
    trial = results[name].trial
    pairs = [
        set(zip(part.events["user"], part.events["item"])) for part in (trial.train, trial.test)
    ]
    assert not pairs[0] & pairs[1]


@each_field
def test_all_lists_hold_unseen_items_once(results, name):
    found = results[name]
    seen = found.trial.matrix.values.toarray() != 0
    for model in found.models.values():
        lists = model.recommend(found.values.index[:40], found.scenario.k)
        assert not lists.duplicated(["user", "item"]).any()
        rows = found.trial.matrix.user_rows(lists["user"].tolist())
        assert not seen[rows, found.trial.matrix.items.get_indexer(lists["item"])].any()


@pytest.mark.parametrize("name", ["finance", "health", "retail", "travel", "online education"])
def test_a_filter_leaves_no_breach(results, name):
    assert results[name].harm_after == 0


def test_a_list_with_a_rule_is_as_long_as_one_without(results):
    for found in results.values():
        lists = found.models["groups, guarded"].recommend(found.values.index, found.scenario.k)
        lengths = lists.groupby("user").size()
        short = lengths[lengths < found.scenario.k]
        if found.scenario.name == "finance":
            # Little suits those who can bear least: an empty place is right then.
            assert (found.trial.people["capacity"].loc[short.index] == 1).all()
        else:
            assert len(short) <= 0.05 * len(lengths)


def test_no_suitable_list_holds_a_risk_above_the_capacity(results):
    found = results["finance"]
    lists = found.models["groups, guarded"].recommend(k=10)
    risk = lists["item"].map(found.trial.items["risk"])
    assert (risk <= lists["user"].map(found.trial.people["capacity"])).all()


def test_who_reported_a_warning_sign_is_sent_to_a_professional_first(results):
    found = results["health"]
    first = found.models["groups, guarded"].recommend(k=10).query("rank == 1")
    kind = first["item"].map(found.trial.items["kind"])
    warned = first["user"].map(found.trial.people["warning"])
    assert (kind[warned] == "talk").all() and warned.sum() > 30
    assert (kind[~warned] != "talk").all()


def test_nobody_is_suggested_to_herself(results):
    found = results["social network"]
    for model in found.models.values():
        lists = model.recommend(k=33)
        assert (lists["user"] != lists["item"]).all()


def test_groups_do_not_help_everywhere(results):
    table = scenario_table(results.values())
    assert table.loc["music, books, news", "high"] < 0
    assert table.loc["travel", "low"] < 0 < table.loc["travel", "high"]
    assert (table["low"] > 0).sum() >= 7


def test_values_are_those_of_the_definitions(results):
    found = results["social media"]
    relevant = relevant_items(found.trial.test)
    model = found.models["groups"]
    slow = per_user_metrics(model.recommend(list(relevant), 10), relevant, 10)["ndcg"]
    pd.testing.assert_series_equal(
        slow.sort_index(), found.values["groups"].sort_index(), check_names=False
    )


def test_models_can_be_compared_by_name(results):
    found = results["travel"]
    same = found.against("groups").difference
    assert same == found.gain.difference
    with pytest.raises(KeyError, match="popular in winter"):
        found.against("magic")


def test_a_run_can_be_repeated():
    one, two = (run_scenario(SCENARIOS["finance"]) for _ in range(2))
    pd.testing.assert_frame_equal(one.values, two.values)


def test_a_card_says_everything_in_words():
    card = SCENARIOS["health"].card
    assert card.name == "health" and {"harm", "rule", "metric", "source"} <= set(card.index)


# ------------------------------------------------------------------ a scenario of one's own


def tiny(**changes):
    log = pd.DataFrame({"user": np.repeat(range(30), 5), "item": np.tile(range(10), 15)})
    log["item"] = (log["item"] + log["user"] // 6) % 12
    data = FieldLog(
        Interactions.from_frame(log.drop_duplicates(), rating=None, timestamp=None),
        pd.DataFrame(index=range(30)),
    )
    words = dict.fromkeys(
        [
            *("people", "items", "behaviour", "source", "features", "grouping"),
            *("recommendation", "harm", "rule", "lesson"),
        ],
        "something",
    )
    parts = {
        "name": "mine",
        "load": lambda seed: data,
        "split": lambda field, seed: split_random(field.log, random_state=seed),
        "groups": lambda trial, seed: Popularity().fit(trial.matrix),
        "guard": lambda model, trial: GuardedRecommender(
            model, np.ones(trial.matrix.shape, dtype=bool)
        ).fit(trial.matrix),
        "harm_of": lambda lists, trial: 0.0,
    }
    return Scenario(**(words | parts | changes))


def test_a_field_of_ones_own_needs_only_its_parts():
    found = run_scenario(tiny())
    assert found.gain.difference.mean == 0 and found.price.difference.mean == 0
    assert (found.values["groups"] == found.values["groups, guarded"]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": "happiness"}, "happiness"),
        ({"k": 0}, "k=0"),
        ({"harm": " "}, "'harm' is empty"),
        ({"rivals": {"groups": None}}, "'groups'"),
    ],
)
def test_a_scenario_that_is_not_one_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        tiny(**changes)


def test_a_scenario_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        tiny().name = "other"


def test_a_stranger_among_the_models_is_noticed():
    trial = start_trial(tiny())
    other = start_trial(SCENARIOS["social network"])
    with pytest.raises(ValueError, match="other users or items"):
        values_per_user(Popularity().fit(other.matrix), trial)


def test_a_test_of_strangers_is_noticed():
    trial = start_trial(tiny())
    strangers = trial.test.with_events(trial.test.events.assign(user=lambda t: t["user"] + 99))
    with pytest.raises(ValueError, match="Nobody in the test"):
        values_per_user(Popularity().fit(trial.matrix), dataclasses.replace(trial, test=strangers))


# ------------------------------------------------------------------ weights


def test_a_weight_halves_with_every_half_life():
    times = np.array([0.0, 10.0, 30.0])
    assert recency_weights(times, 10).tolist() == [0.125, 0.25, 1.0]
    assert recency_weights(times, 10, now=40)[2] == 0.5


@pytest.mark.parametrize(
    ("times", "half_life", "now"),
    [
        *[([], 1, None), ([1.0], 0, None), ([1.0], np.nan, None), ([5.0], 1, 4)],
        *[([1.0, np.nan], 1, None), ([1.0], 1, np.nan), (["2024-01-01"], 1, None)],
    ],
)
def test_impossible_weights_are_refused(times, half_life, now):
    with pytest.raises(ValueError):
        recency_weights(
            np.array(times, dtype="M8[s]" if times and isinstance(times[0], str) else float),
            half_life,
            now,
        )


def test_an_event_of_weight_0_has_been_met():
    log = pd.DataFrame({"user": [1, 1, 2], "item": ["a", "b", "b"], "rating": [5, 1, 1]})
    log = Interactions.from_frame(log, timestamp=None)
    matrix = weighted_matrix(log, [0, 2, 1])
    assert matrix.values.toarray().tolist() == [[0, 2], [0, 1]]
    assert Popularity().fit(matrix).recommend([1], k=2).empty
    for weights in ([1, 1], [1, 1, -1], [1, 1, np.nan]):
        with pytest.raises(ValueError):
            weighted_matrix(log, weights)


# ------------------------------------------------------------------ ties


@pytest.mark.parametrize("seed", range(5))
def test_both_directions_of_a_tie_go_the_same_way(seed):
    club = load_karate_club()
    train, test = split_ties(club.log, 0.25, seed)
    pairs = [set(zip(part.events["user"], part.events["item"])) for part in (train, test)]
    assert all(p == {(b, a) for a, b in p} for p in pairs) and not pairs[0] & pairs[1]
    assert train.n_events + test.n_events == 156 and train.n_users == 34
    assert abs(test.n_events / 156 - 0.25) < 0.05


def test_networks_that_cannot_be_cut_are_refused():
    lonely = pd.DataFrame({"user": [1, 2], "item": [2, 1]})
    log = Interactions.from_frame(lonely, rating=None, timestamp=None)
    with pytest.raises(DataError, match="alone"):
        split_ties(log)
    one_way = Interactions.from_frame(lonely.head(1), rating=None, timestamp=None)
    with pytest.raises(DataError, match="one direction"):
        split_ties(one_way)
    with pytest.raises(ValueError, match="test_share"):
        split_ties(log, 1.0)


# ------------------------------------------------------------------ small helpers


def test_mean_ratings_are_pulled_to_the_middle():
    log = pd.DataFrame({"user": [1, 2, 1], "item": ["a", "a", "b"], "rating": [5, 5, 2]})
    log = Interactions.from_frame(log, timestamp=None)
    assert mean_ratings(log, pd.Index(["a", "b", "z"]), prior=2).tolist() == [4.5, 10 / 3, 4.0]
    assert mean_ratings(log, pd.Index(["b", "z"]), prior=0).tolist() == [2.0, 4.0]


def test_largest_topic_counts_per_user():
    lists = pd.DataFrame({"user": [1, 1, 2], "item": ["a", "b", "a"]})
    topics = pd.Series({"a": "x", "b": "y"})
    assert largest_topic(lists, topics).to_dict() == {1: 0.5, 2: 1.0}
