"""The rules: who takes part, that tuning never sees the test, that no list holds what was seen."""

import numpy as np
import pytest

from recsys_tutorial.bench.protocol import (
    DATASETS,
    MIN_EVENTS,
    SPLITS,
    cut,
    judge,
    load_log,
    make_task,
    small_task,
)
from recsys_tutorial.datasets import load_insteval
from recsys_tutorial.datasets.shipped import read_checked
from recsys_tutorial.evaluation import ndcg_at_k, recall_at_k
from recsys_tutorial.recommenders import Popularity

SETTINGS = [(data, split) for data in DATASETS for split in SPLITS]
each_setting = pytest.mark.parametrize(("data", "split"), SETTINGS)


def pairs(matrix):
    rows, columns = matrix.nonzero()
    return set(zip(rows.tolist(), columns.tolist(), strict=True))


@pytest.mark.parametrize("data", DATASETS)
def test_everybody_has_enough_events(data):
    sizes = load_log(data).events.groupby("user").size()
    assert sizes.min() >= MIN_EVENTS == 20


def test_nobody_who_has_enough_is_left_out():
    sizes = load_insteval().events.groupby("user").size()
    assert load_log("insteval").n_users == (sizes >= 20).sum() == 1682


def test_insteval_is_in_the_order_of_the_semesters_and_keeps_its_marks():
    raw = read_checked("insteval/ratings.csv.gz").set_index(["user", "item"])
    events = load_log("insteval").events
    ages = raw.loc[list(zip(events["user"], events["item"], strict=True)), "lectage"].to_numpy()
    steps = np.diff(ages)[events["user"].to_numpy()[1:] == events["user"].to_numpy()[:-1]]
    assert (steps <= 0).all() and (steps < 0).any()
    rating = raw.loc[list(zip(events["user"], events["item"], strict=True)), "rating"].to_numpy()
    assert (rating == events["rating"]).all()


@each_setting
def test_the_parts_are_disjoint_and_the_test_holds_a_fifth(data, split):
    task = make_task(data, split)
    train, test = pairs(task.train.values), pairs(task.test)
    assert not train & test
    assert len(train) + len(test) == load_log(data).n_events
    assert len(test) / (len(train) + len(test)) == pytest.approx(0.19, abs=0.015)
    assert set(task.train.values.data) == {1.0}


@each_setting
def test_tuning_sees_nothing_of_the_test(data, split):
    outer, inner = make_task(data, split), make_task(data, split, validation=True)
    assert inner.train.users.equals(outer.train.users)
    seen, held = pairs(inner.train.values), pairs(inner.test)
    assert not seen & held
    # Together they are the training part exactly: no event of the test among them.
    assert seen | held == pairs(outer.train.values)


def test_the_latest_are_the_latest():
    parts = cut(load_log("movielens"), "latest", 0)
    last = parts.train.events.groupby("user")["timestamp"].max()
    first = parts.test.events.groupby("user")["timestamp"].min()
    assert (last <= first).all()


def test_random_splits_differ_by_seed_and_repeat_themselves():
    first, again, other = (make_task("insteval", "random", seed) for seed in (0, 0, 1))
    assert pairs(first.test) == pairs(again.test) != pairs(other.test)


@pytest.mark.parametrize("call", [lambda: load_log("x"), lambda: make_task("insteval", "x")])
def test_unknown_names_list_the_known_ones(call):
    with pytest.raises(ValueError, match="no (data set|split) 'x'. Take one of"):
        call()


def test_ratings_and_genres_line_up_with_the_users():
    task = make_task("movielens", "latest")
    assert pairs(task.ratings.values) == pairs(task.train.values)
    assert task.ratings.values.max() == 5.0
    assert task.genres.shape[0] == task.train.shape[0] and np.isfinite(task.genres).all()


def test_the_judge_agrees_with_the_definitions():
    task = make_task("insteval", "latest")
    top = Popularity().fit(task.train).top_k(k=20)
    found = judge(top, task)
    for row in (0, 7, 500):
        relevant = set(task.test[[row]].indices.tolist())
        expected = ndcg_at_k(top[row].tolist(), relevant, 20)
        assert found["ndcg"].iloc[row] == pytest.approx(expected)
        assert found["recall"].iloc[row] == pytest.approx(
            recall_at_k(top[row].tolist(), relevant, 20)
        )


def test_a_list_with_a_seen_item_is_refused():
    task = make_task("insteval", "latest")
    top = Popularity().fit(task.train).top_k(k=20)
    top[3, 5] = task.train.values[[3]].indices[0]
    with pytest.raises(ValueError, match="met already"):
        judge(top, task)


def test_an_item_twice_is_refused():
    task = make_task("insteval", "latest")
    top = Popularity().fit(task.train).top_k(k=20)
    top[3, 5] = top[3, 4]
    with pytest.raises(ValueError, match="twice"):
        judge(top, task)


def test_a_small_task_has_fewer_people_and_the_same_items():
    task = make_task("insteval", "latest")
    small = small_task(task, 10)
    assert small.train.shape == (10, task.train.shape[1]) == small.test.shape
    assert len(small.genres) == 10 and pairs(small.train.values) <= pairs(task.train.values)
