"""Histories as item numbers: order and ties, rows and questions."""

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial.datasets import DataError, Interactions, load_movielens
from recsys_tutorial.features.sequences import (
    next_item_data,
    order_events,
    transition_counts,
)


def log_of(rows):
    frame = pd.DataFrame(rows, columns=["user", "item", "timestamp"])
    return Interactions.from_frame(frame, rating=None)


@pytest.fixture(scope="module")
def movielens():
    return load_movielens()


@pytest.fixture(scope="module")
def data(movielens):
    return next_item_data(order_events(movielens), min_ratings=60)


# ------------------------------------------------------------------ order and ties


def test_time_comes_first_and_ties_follow_the_item():
    log = log_of([(2, 1, 5), (1, 9, 7), (1, 4, 7), (1, 6, 3)])
    assert order_events(log, ties="item")["item"].tolist() == [6, 4, 9, 1]


def test_ties_by_lot_keep_time_and_events(movielens):
    drawn = order_events(movielens, random_state=3)
    assert drawn.groupby("user")["timestamp"].apply(lambda t: t.is_monotonic_increasing).all()
    keys = ["user", "item"]
    same = (
        drawn.sort_values(keys)[keys].to_numpy()
        == movielens.events.sort_values(keys)[keys].to_numpy()
    )
    assert same.all()


def test_ties_by_lot_are_fair_and_seeded(movielens):
    first, again, other = (order_events(movielens, random_state=seed) for seed in (0, 0, 1))
    assert first.equals(again) and not first.equals(other)

    def ascending(events):
        by_user = events.groupby("user")
        tied = by_user["timestamp"].diff() == 0
        return (by_user["item"].diff()[tied] > 0).mean()

    assert ascending(order_events(movielens, ties="item")) == 1
    assert 0.47 < ascending(first) < 0.53


def test_the_lot_does_not_depend_on_the_order_of_the_log(movielens):
    shuffled = movielens.events.sample(frac=1, random_state=0)
    other = Interactions.from_frame(shuffled)
    assert order_events(other)["item"].equals(order_events(movielens)["item"])


def test_a_coarse_resolution_forgets_the_order_within_a_day_only():
    rows = [(1, item, item) for item in range(50)] + [(1, 100, 86_400)]
    order = order_events(log_of(rows), resolution=86_400)["item"].tolist()
    assert (
        order[-1] == 100 and order[:-1] != list(range(50)) and sorted(order[:-1]) == list(range(50))
    )


def test_order_needs_times_and_sense():
    without = Interactions.from_frame(
        pd.DataFrame({"user": [1], "item": [1]}), rating=None, timestamp=None
    )
    with pytest.raises(DataError, match="no times"):
        order_events(without)
    with pytest.raises(ValueError, match="ties"):
        order_events(log_of([(1, 1, 1)]), ties="up")
    with pytest.raises(ValueError, match="resolution"):
        order_events(log_of([(1, 1, 1)]), resolution=0)


# ------------------------------------------------------------------ rows and questions


def test_every_training_event_but_the_first_is_a_target_once(data):
    wanted = np.concatenate([history[1:] for history in data.histories])
    assert np.array_equal(np.sort(data.targets[data.targets > 0]), np.sort(wanted))
    assert data.inputs.shape == data.targets.shape and data.inputs.shape[1] == 28


def test_a_target_follows_its_input(data):
    filled = (data.inputs[:, 1:] > 0) & (data.targets[:, :-1] > 0)
    assert (data.inputs[:, 1:] == data.targets[:, :-1])[filled].all()


def test_questions_come_after_training_and_know_what_was_seen(data):
    test = data.test
    for place in range(0, len(test.targets), 97):
        seen = set(test.seen[[place]].indices.tolist())
        shown = set(test.contexts[place].tolist()) - {0}
        assert shown <= seen and test.targets[place] not in seen
    assert len(test.contexts) == len(test.users) == test.seen.shape[0]
    assert pd.Series(test.users).value_counts().max() <= 10


def test_the_parts_of_a_small_history_are_where_they_should_be():
    log = pd.DataFrame({"user": [1] * 10, "item": list("abcdefghij")})
    twin = log.assign(user=2, item=list("jabcdefghi"))
    data = next_item_data(pd.concat([log, twin]), n_events=3, min_ratings=1)
    # What a viewer sees later is asked for only if it occurs in somebody's training part.
    assert data.items.tolist() == list("abcdefgj")
    for part, user, item in ((data.validation, 2, "g"), (data.test, 1, "j")):
        assert part.users.tolist() == [user]
        assert data.items[part.targets - 1].tolist() == [item]
    assert data.items[data.test.contexts[0] - 1].tolist() == list("efg")
    assert data.histories[0].tolist() == [1, 2, 3, 4, 5, 6, 7]
    rare = next_item_data(pd.concat([log, twin]), n_events=3, min_ratings=2)
    assert rare.items.tolist() == list("abcdef")


def test_as_rows_asks_at_the_last_place_only(data):
    contexts, targets = data.test.as_rows()
    assert contexts is data.test.contexts
    assert (targets[:, :-1] == 0).all() and np.array_equal(targets[:, -1], data.test.targets)


def test_popularity_counts_training_only(data):
    assert data.popularity[0] == 0 and data.popularity.shape == (len(data.items) + 1,)
    assert data.popularity[1:].min() >= 60
    assert data.popularity.sum() == sum(map(len, data.histories))


def test_bad_wishes_are_refused(movielens):
    events = order_events(movielens)
    with pytest.raises(ValueError, match="parts"):
        next_item_data(events, parts=(0.8, 0.7))
    with pytest.raises(ValueError, match="Ask for fewer"):
        next_item_data(events, min_ratings=10_000)


# ------------------------------------------------------------------ what follows what


def test_transitions_do_not_cross_viewers():
    counts = transition_counts([np.array([1, 2]), np.array([3]), np.array([2, 1])], 3).toarray()
    assert counts.sum() == 2 and counts[1, 2] == counts[2, 1] == 1
