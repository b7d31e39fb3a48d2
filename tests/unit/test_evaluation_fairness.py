"""Gaps between groups, exposure, popularity bias and sample sizes, against their definitions."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys_tutorial.evaluation import (
    gini,
    group_gaps,
    holm,
    item_exposure,
    list_popularity,
    popularity_bands,
    popularity_lift,
    users_per_arm,
)
from recsys_tutorial.preprocessing import UserItemMatrix
from tests.unit.evaluation_oracles import films, frame, places

RNG = np.random.default_rng(5)
MET = (RNG.random((5, 12)) < 0.4).astype(float)
MET[:, 0] = 1
TRAIN = UserItemMatrix(sparse.csr_array(MET), pd.RangeIndex(5), pd.RangeIndex(12))
lists_of_users = st.dictionaries(st.integers(0, 4), films, min_size=1, max_size=5)
VALUES = pd.Series(np.r_[RNG.normal(0.3, 0.1, 60), RNG.normal(0.5, 0.1, 40), [0.1, 0.2]])
GROUPS = pd.Series(["a"] * 60 + ["b"] * 40 + ["c"] * 2)

# ------------------------------------------------------------------ gaps


def test_gaps_are_their_definition():
    table = group_gaps(VALUES, GROUPS)
    for name in "abc":
        inside = GROUPS == name
        gap = VALUES[inside].mean() - VALUES[~inside].mean()
        assert table.loc[name, "gap"] == pytest.approx(gap)
        assert table.loc[name, "n_users"] == inside.sum()
    for name in "ab":
        assert table.loc[name, "gap_low"] <= table.loc[name, "gap"] <= table.loc[name, "gap_high"]
    assert np.allclose(table["p_holm"].iloc[:2], holm(table["p_value"].iloc[:2]))
    assert list(table.index) == ["a", "b", "c"]


@pytest.mark.parametrize("n_few", [1, 2, 9])
def test_a_handful_of_users_gets_no_interval(n_few):
    """A bootstrap of one user would be certain, of two it errs in every other case."""
    values = VALUES[: 40 + n_few]
    groups = pd.Series(["few"] * n_few + ["many"] * 40)
    table = group_gaps(values, groups)
    assert table["gap"].notna().all() and table.loc["many", ["low", "high"]].notna().all()
    # The others of the large group are the same handful.
    assert table[["gap_low", "gap_high", "p_value", "p_holm"]].isna().all().all()
    assert table.loc["few", ["low", "high"]].isna().all()
    enough = group_gaps(VALUES[:50], pd.Series(["few"] * 10 + ["many"] * 40))
    assert enough.notna().all().all()


def test_the_interval_is_as_wide_as_two_samples_make_it():
    ours, others = VALUES[GROUPS == "b"], VALUES[GROUPS != "b"]
    error = math.sqrt(ours.var() / len(ours) + others.var() / len(others))
    row = group_gaps(VALUES, GROUPS).loc["b"]
    assert (row["gap_high"] - row["gap_low"]) / (2 * 1.96) == pytest.approx(error, rel=0.1)


def test_no_gap_is_found_where_there_is_none():
    """Under the null hypothesis a p-value below 0.05 comes in about one case of twenty."""
    rng, found = np.random.default_rng(7), []
    groups = pd.Series(["a"] * 40 + ["b"] * 40)
    for seed in range(120):
        values = pd.Series(rng.normal(size=80))
        found.append(group_gaps(values, groups, n_draws=400, random_state=seed)["p_value"].iloc[0])
    assert 0.005 < np.mean(np.array(found) < 0.05) < 0.12


def test_users_are_matched_by_id():
    mixed = GROUPS.sample(frac=1, random_state=1)
    assert group_gaps(VALUES, mixed).equals(group_gaps(VALUES, GROUPS))
    more = pd.concat([GROUPS, pd.Series(["d"], [999])])
    assert group_gaps(VALUES, more).equals(group_gaps(VALUES, GROUPS))


@pytest.mark.parametrize(
    ("values", "groups", "message"),
    [
        (VALUES, GROUPS.iloc[:-1], "no group or no value"),
        (VALUES.replace(0.1, np.nan), GROUPS, "no group or no value"),
        (VALUES[:5], GROUPS[:5], "One group"),
        (pd.Series([1.0, 2.0], [1, 1]), GROUPS, "twice"),
    ],
)
def test_unusable_groups_are_refused(values, groups, message):
    with pytest.raises(ValueError, match=message):
        group_gaps(values, groups)


# ------------------------------------------------------------------ exposure


@given(lists_of_users, places)
def test_exposure_equals_its_definition(lists, k):
    expected = np.zeros(12)
    for items in lists.values():
        for place, item in enumerate(items[:k]):
            expected[item] += 1 / math.log2(place + 2)
    found = item_exposure(frame(lists), TRAIN.items, k)
    assert np.allclose(found, expected / max(expected.sum(), 1e-300))


def test_exposure_says_of_which_item():
    found = item_exposure(frame({1: ["c"], 2: ["a", "c"]}), pd.Index(["a", "b", "c"]), 1)
    assert found.to_dict() == {"a": 0.5, "b": 0, "c": 0.5}
    nothing = item_exposure(frame({}), pd.Index(["a", "b"]), 1)
    assert nothing.to_dict() == {"a": 0, "b": 0}


def test_unknown_items_have_no_exposure():
    with pytest.raises(ValueError, match="not in the catalogue"):
        item_exposure(frame({1: [99]}), TRAIN.items, 5)
    with pytest.raises(ValueError, match="k=0"):
        item_exposure(frame({1: [1]}), TRAIN.items, 0)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12).filter(lambda x: sum(x) > 1e-6))
def test_gini_equals_its_definition(values):
    pairs = np.abs(np.subtract.outer(values, values)).mean()
    assert gini(np.array(values)) == pytest.approx(pairs / (2 * np.mean(values)), abs=1e-9)


@pytest.mark.parametrize("values", [[], [0, 0], [-1, 2], [np.nan, 1]])
def test_impossible_shares_are_refused(values):
    with pytest.raises(ValueError, match="0 or more"):
        gini(np.array(values))


# ------------------------------------------------------------------ popularity bias


@given(lists_of_users, places)
def test_list_popularity_equals_its_definition(lists, k):
    popularity, bands = MET.mean(axis=0), popularity_bands(TRAIN)
    found = list_popularity(frame(lists), TRAIN, k)
    for user, items in lists.items():
        if not items:
            continue
        history = np.flatnonzero(MET[user])
        assert found.loc[user, "history"] == pytest.approx(popularity[history].mean())
        assert found.loc[user, "list"] == pytest.approx(popularity[items[:k]].mean())
        tail = (bands[items[:k]] == "tail").mean()
        assert found.loc[user, "tail_list"] == pytest.approx(tail)
        assert found.loc[user, "tail_history"] == pytest.approx((bands[history] == "tail").mean())


@pytest.mark.parametrize("head_share", [0.1, 0.2, 0.4, 0.5])
def test_the_head_is_the_smallest_that_holds_the_share(head_share):
    bands, met = popularity_bands(TRAIN, head_share=head_share).to_numpy(), MET.sum(axis=0)
    head = met[bands == "head"]
    assert head.sum() >= head_share * met.sum() > head.sum() - head.min()
    assert head.min() >= met[bands != "head"].max(initial=0)
    assert met[bands == "tail"].sum() <= head_share * met.sum()


@pytest.mark.parametrize("head_share", [0, 0.6])
def test_an_impossible_head_is_refused(head_share):
    with pytest.raises(ValueError, match="head_share"):
        popularity_bands(TRAIN, head_share=head_share)


def test_lift_is_a_ratio_of_means():
    table = pd.DataFrame({"history": [0.1, 0.3, 0.5], "list": [0.4, 0.4, 0.5]}, index=[7, 8, 9])
    found = popularity_lift(table, pd.Series(["x", "x", "y"], [7, 8, 9]))
    assert found.loc["x", "lift"] == pytest.approx(1.0) and found.loc["y", "lift"] == 0
    assert found.loc["x", "low"] < 1.0 < found.loc["x", "high"]
    assert found["n_users"].tolist() == [2, 1] and found.index.name == "group"
    with pytest.raises(ValueError, match="no group"):
        popularity_lift(table, pd.Series(["x"], [7]))


# ------------------------------------------------------------------ sample size


def test_the_sample_size_is_the_closed_form():
    assert users_per_arm(1.0, 0.5) == math.ceil(2 * (1.959964 + 0.841621) ** 2 / 0.25)
    assert users_per_arm(2.0, -1.0) == users_per_arm(1.0, 0.5)


def test_that_many_users_find_the_effect_as_often_as_promised():
    n, rng = users_per_arm(1.0, 0.4), np.random.default_rng(0)
    gap = rng.normal(0.4, 1, (4000, n)).mean(axis=1) - rng.normal(0, 1, (4000, n)).mean(axis=1)
    assert np.mean(np.abs(gap) > 1.96 * np.sqrt(2 / n)) == pytest.approx(0.8, abs=0.025)


@pytest.mark.parametrize("bad", [(0, 1, {}), (1, 0, {}), (1, 1, {"alpha": 0.9}), (1, np.nan, {})])
def test_an_impossible_experiment_is_refused(bad):
    with pytest.raises(ValueError):
        users_per_arm(bad[0], bad[1], **bad[2])
