"""Interest maps: what a window shows, what it asks, and that neither looks into the other."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.features import (
    InterestWindows,
    ItemTopics,
    fit_item_topics,
    interest_windows,
    maps_of_latest,
    one_hot_maps,
)
from recsys_tutorial.features import maps as module
from recsys_tutorial.preprocessing import split_latest

PARTS = {"training": (0.0, 0.7), "validation": (0.7, 0.8), "test": (0.8, 1.0)}


def one_history(n_events: int, user: str = "u") -> pd.DataFrame:
    """Events 0, 1, 2 ... of one user: the item says when it was met."""
    return pd.DataFrame(
        {"user": user, "item": range(n_events), "rating": 1.0, "timestamp": range(n_events)}
    )


def log_of(*lengths: int) -> Interactions:
    frames = [one_history(n, f"u{number}") for number, n in enumerate(lengths)]
    return Interactions.from_frame(pd.concat(frames))


def telling_topics(n_items: int) -> ItemTopics:
    """Give each item a topic of its own, so that maps and targets tell which events they hold."""
    items = pd.Index(range(n_items))
    return ItemTopics(items, np.eye(n_items, dtype="float32"), np.arange(n_items), n_items)


def shown_and_asked(windows: InterestWindows) -> list[tuple[list[int], list[int]]]:
    """Return the events in each map, oldest first, and those in each target."""
    pairs = zip(windows.maps, windows.targets, strict=True)
    return [
        (m[m.any(axis=1)].argmax(axis=1).tolist(), np.flatnonzero(target).tolist())
        for m, target in pairs
    ]


@pytest.fixture(scope="module")
def some_viewers(movielens):
    """Give 60 viewers with all films they met."""
    events = movielens.events[movielens.events["user"] <= 60]
    films = movielens.items[movielens.items["item"].isin(events["item"])]
    return Interactions(events.reset_index(drop=True), films)


@pytest.fixture(scope="module")
def topics(some_viewers):
    return fit_item_topics(split_latest(some_viewers, 0.3).train, n_topics=12, n_coarse=5)


# ------------------------------------------------------------------ windows


def test_a_window_worked_by_hand():
    # Five films in three topics: membership in the map, coarse topic in the target.
    membership = np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0], [0, 0, 1], [0, 0.25, 0.75]], "f4")
    films = ItemTopics(pd.Index(range(5)), membership, np.array([0, 1, 1, 0, 1]), 2)
    cut = interest_windows(
        log_of(5), films, part=(0, 1), n_events=3, horizon=2, min_history=2, min_target=1, stride=2
    )
    assert cut.maps.tolist() == [
        [[0, 0, 0], [1, 0, 0], [0, 1, 0]],
        [[0, 1, 0], [0.5, 0.5, 0], [0, 0, 1]],
    ]
    assert cut.targets.tolist() == [[0.5, 0.5], [0, 1]]
    assert cut.shown.tolist() == [[1, 1], [1, 2]]
    assert cut.users.tolist() == ["u0", "u0"]


def test_shapes_and_types():
    cut = interest_windows(log_of(60, 50), telling_topics(60))
    assert cut.maps.shape[1:] == (28, 60) and cut.targets.shape[1:] == (60,)
    assert len(cut.maps) == len(cut.targets) == len(cut.shown) == len(cut.users)
    assert {cut.maps.dtype, cut.targets.dtype, cut.shown.dtype} == {np.dtype("float32")}


def test_short_histories_get_rows_of_zeros_on_top():
    cut = interest_windows(log_of(40), telling_topics(40), part=(0, 1))
    first = cut.maps[0]
    assert not first[:18].any() and first[18:].argmax(axis=1).tolist() == list(range(10))


def test_every_window_shows_the_latest_events_and_asks_for_the_next():
    cut = interest_windows(log_of(60), telling_topics(60), part=(0, 1), n_events=28, horizon=14)
    for number, (shown, asked) in enumerate(shown_and_asked(cut)):
        t = 10 + 5 * number
        assert shown == list(range(max(0, t - 28), t))
        assert asked == list(range(t, min(t + 14, 60)))


@given(
    n=st.integers(20, 90),
    n_events=st.integers(1, 30),
    horizon=st.integers(1, 20),
    stride=st.integers(1, 7),
    edges=st.tuples(st.integers(0, 9), st.integers(1, 10)).filter(lambda e: e[0] < e[1]),
)
def test_no_window_looks_into_the_future_or_asks_outside_its_part(
    n, n_events, horizon, stride, edges
):
    part = (edges[0] / 10, edges[1] / 10)
    cut = {"n_events": n_events, "horizon": horizon, "stride": stride}
    try:
        windows = interest_windows(
            log_of(n), telling_topics(n), part=part, min_history=1, min_target=1, **cut
        )
    except ValueError:
        # Not a single event lies in the part, or only the very first.
        assert part[1] * n - part[0] * n < 2
        return
    for shown, asked in shown_and_asked(windows):
        assert max(shown) < min(asked)
        assert shown[-1] + 1 == asked[0]
        assert part[0] * n - 1e-9 <= asked[0] and asked[-1] <= np.ceil(part[1] * n - 1e-9) - 1


def test_what_comes_later_changes_nothing():
    films, log = telling_topics(60), log_of(60)
    other = log.events.copy()
    # The latest 30 % come in another order.
    other.loc[42:, "item"] = other.loc[42:, "item"].to_numpy()[::-1]
    before = interest_windows(log, films)
    after = interest_windows(log.with_events(other), films)
    assert np.array_equal(before.maps, after.maps)
    assert np.array_equal(before.targets, after.targets)
    # The test must be able to fail: the whole history does see the change.
    whole = [interest_windows(x, films, part=(0, 1)) for x in (log, log.with_events(other))]
    assert not np.array_equal(whole[0].targets, whole[1].targets)


def test_parts_ask_for_different_events():
    asked = {}
    for name, part in PARTS.items():
        cut = interest_windows(log_of(100), telling_topics(100), part=part, stride=1, min_target=1)
        asked[name] = {event for _, events in shown_and_asked(cut) for event in events}
    assert asked["training"] == set(range(10, 70))
    assert asked["validation"] == set(range(70, 80))
    assert asked["test"] == set(range(80, 100))


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3, 0.5])
def test_parts_end_where_split_latest_cuts(share):
    lengths = list(range(20, 320))
    train = split_latest(log_of(*lengths), share).train
    sizes = train.events.groupby("user").size().reindex([f"u{i}" for i in range(300)])
    assert sizes.tolist() == [module._cut(1 - share, n) for n in lengths]


def test_the_rows_of_the_log_may_come_in_any_order():
    log, films = log_of(50, 40), telling_topics(50)
    mixed = log.with_events(log.events.sample(frac=1, random_state=3))
    assert not mixed.events.equals(log.events)
    one, other = interest_windows(log, films), interest_windows(mixed, films)
    assert np.array_equal(one.maps, other.maps) and one.users.tolist() == other.users.tolist()
    assert np.array_equal(maps_of_latest(log, films)[0], maps_of_latest(mixed, films)[0])


def test_targets_are_mixes_and_shown_counts_the_map():
    cut = interest_windows(log_of(70, 33), telling_topics(70), part=(0, 1))
    assert np.allclose(cut.targets.sum(axis=1), 1)
    assert np.array_equal(cut.shown.sum(axis=1), cut.maps.any(axis=2).sum(axis=1))


@pytest.mark.parametrize(("min_target", "n_windows"), [(1, 4), (5, 4), (6, 3)])
def test_targets_that_are_too_short_are_left_out(min_target, n_windows):
    # 30 events, windows at 10, 15, 20 and 25: the last one asks for 5 events.
    cut = interest_windows(log_of(30), telling_topics(30), part=(0, 1), min_target=min_target)
    assert len(cut.maps) == n_windows


def test_users_without_enough_history_are_left_out():
    cut = interest_windows(log_of(12, 60), telling_topics(60), part=(0, 1))
    assert set(cut.users) == {"u1"}


def test_number_of_windows_on_movielens(movielens):
    items = pd.Index(np.sort(movielens.items["item"]))
    topic = np.arange(len(items)) % 10
    films = ItemTopics(items, np.eye(10, dtype="float32")[topic], topic, 10)
    found = [len(interest_windows(movielens, films, part=part).maps) for part in PARTS.values()]
    assert found == [12_435, 1_709, 3_680]


@pytest.mark.parametrize("part", [(0.7, 0.7), (0.8, 0.2), (-0.1, 0.5), (0.5, 1.1)])
def test_a_part_is_two_shares_in_order(part):
    with pytest.raises(ValueError, match="two shares in ascending order"):
        interest_windows(log_of(60), telling_topics(60), part=part)


def test_no_history_is_long_enough():
    with pytest.raises(ValueError, match="No history has 10 events and then 5"):
        interest_windows(log_of(14, 11), telling_topics(14), part=(0, 1))


@pytest.mark.parametrize("function", [interest_windows, maps_of_latest])
def test_maps_need_times(function):
    log = Interactions.from_frame(one_history(60), timestamp=None)
    with pytest.raises(DataError, match="no times"):
        function(log, telling_topics(60))


@pytest.mark.parametrize("function", [interest_windows, maps_of_latest])
def test_items_without_topics_are_named(function):
    with pytest.raises(KeyError, match=r"\[58, 59\]"):
        function(log_of(60), telling_topics(58))


# ------------------------------------------------------------------ latest maps, generated maps


def test_the_latest_map_of_each_user():
    latest, users = maps_of_latest(log_of(40, 12), telling_topics(40))
    assert users.tolist() == ["u0", "u1"] and latest.shape == (2, 28, 40)
    assert latest[0].argmax(axis=1).tolist() == list(range(12, 40))
    assert not latest[1, :16].any() and latest[1, 16:].argmax(axis=1).tolist() == list(range(12))


def test_maps_of_generated_users():
    sequences = np.array([[2, 0], [1, 1]])
    drawn = one_hot_maps(sequences, 3)
    assert drawn.shape == (2, 2, 3) and drawn.dtype == np.float32
    assert np.array_equal(drawn.argmax(axis=2), sequences)
    assert (drawn.sum(axis=2) == 1).all()


# ------------------------------------------------------------------ topics


def test_membership_is_a_mix(topics, some_viewers):
    assert topics.membership.shape == (len(some_viewers.items), 12)
    assert topics.membership.min() >= 0 and topics.membership.dtype == np.float32
    assert np.allclose(topics.membership.sum(axis=1), 1, atol=1e-5)


def test_coarse_topics_are_numbered(topics):
    assert topics.n_coarse == 5 and set(topics.coarse) == set(range(5))


def test_every_item_of_the_table_has_topics(topics, some_viewers):
    assert set(topics.items) == set(some_viewers.items["item"])
    assert topics.items.is_monotonic_increasing
    assert (
        topics.rows(pd.Series(topics.items[::-1])).tolist() == list(range(len(topics.items)))[::-1]
    )


def test_neighbouring_columns_are_alike(topics):
    alike = np.corrcoef(topics.membership.T)
    rng = np.random.default_rng(0)
    orders = [rng.permutation(12) for _ in range(200)]
    shuffled = [np.diag(alike[order][:, order], 1).mean() for order in orders]
    assert np.diag(alike, 1).mean() > np.quantile(shuffled, 0.98)


def test_columns_follow_the_leaves_of_the_tree(topics, some_viewers, monkeypatch):
    # Turn the tree round: the columns must turn with it.
    leaves = module.leaves_list
    monkeypatch.setattr(module, "leaves_list", lambda tree: leaves(tree)[::-1])
    turned = fit_item_topics(split_latest(some_viewers, 0.3).train, n_topics=12, n_coarse=5)
    assert np.allclose(turned.membership, topics.membership[:, ::-1], atol=1e-6)
    assert not np.allclose(turned.membership, topics.membership, atol=1e-3)


def test_topics_do_not_depend_on_what_is_held_out(some_viewers):
    train, test = split_latest(some_viewers, 0.3)
    again = train.with_events(train.events.sample(frac=1, random_state=1))
    one = fit_item_topics(train, n_topics=6, n_coarse=3)
    other = fit_item_topics(again, n_topics=6, n_coarse=3)
    assert np.allclose(one.membership, other.membership, atol=1e-5)
    assert set(test.events["item"]) <= set(one.items)


def test_the_seed_decides(some_viewers):
    make = {"n_topics": 6, "n_coarse": 3}
    runs = [fit_item_topics(some_viewers, random_state=seed, **make) for seed in (0, 0, 1)]
    assert np.array_equal(runs[0].membership, runs[1].membership)
    assert not np.allclose(runs[0].membership, runs[2].membership, atol=1e-3)


def test_a_low_temperature_makes_hard_topics(some_viewers):
    soft, hard = (
        fit_item_topics(some_viewers, n_topics=6, n_coarse=3, temperature=t) for t in (0.5, 0.005)
    )
    assert hard.membership.max(axis=1).mean() > 0.95 > 0.75 > soft.membership.max(axis=1).mean()
    assert np.isfinite(hard.membership).all()


def test_topics_need_genres(some_viewers):
    bare = Interactions(some_viewers.events, some_viewers.items.drop(columns="genres"))
    with pytest.raises(DataError, match="genres"):
        fit_item_topics(bare)
