"""Generated users: each documented property, measured."""

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial.datasets import (
    DataError,
    Interactions,
    make_bursts,
    make_dirty_log,
    make_drifting_tastes,
    make_static_tastes,
)
from recsys_tutorial.preprocessing import clean_events

SEQUENCES = [make_drifting_tastes, make_bursts]
EVERY = [make_static_tastes, *SEQUENCES]


def arrays(made) -> list[np.ndarray]:
    return [np.asarray(value) for value in vars(made).values()]


@pytest.mark.parametrize("make", EVERY)
def test_the_seed_decides_everything(make):
    first, again, other = make(200), make(200), make(200, random_state=1)
    assert all(np.array_equal(a, b) for a, b in zip(arrays(first), arrays(again)))
    assert not np.array_equal(arrays(first)[0], arrays(other)[0])


@pytest.mark.parametrize("make", EVERY)
@pytest.mark.parametrize("n_users", [1, 37, 200])
def test_groups_differ_by_one_user_at_most(make, n_users):
    sizes = np.bincount(make(n_users).groups, minlength=10)
    assert sizes.sum() == n_users and sizes.max() - sizes.min() <= 1 and len(sizes) == 10


@pytest.mark.parametrize("make", EVERY)
def test_users_of_a_group_are_not_neighbours(make):
    # A sorted table would let a learner read the groups off the row numbers.
    groups = make(200).groups
    assert not np.array_equal(groups, np.sort(groups)) and len(set(groups[:20])) > 3


# ------------------------------------------------------------------ static tastes


def test_the_default_is_the_articles_table():
    table = make_static_tastes().table
    assert table.shape == (1000, 10) and table.index.name == "user"
    assert table.index[[0, -1]].tolist() == [1, 1000]
    assert (table.to_numpy() >= 0).all() and (table.dtypes == "int64").all()


def shares_on_own_topics(made) -> np.ndarray:
    counts, n_topics = made.table.to_numpy(), made.table.shape[1]
    rows = np.arange(len(counts))
    own = counts[rows, made.groups] + counts[rows, (made.groups + 1) % n_topics]
    return own / np.maximum(counts.sum(axis=1), 1)


@pytest.mark.parametrize("focus", [0.0, 0.5, 0.9])
def test_focus_is_the_share_of_the_two_topics(focus):
    made = make_static_tastes(4000, focus=focus)
    assert shares_on_own_topics(made).mean() == pytest.approx(focus + (1 - focus) * 0.2, abs=0.01)


def test_full_focus_leaves_nothing_elsewhere():
    made = make_static_tastes(500, focus=1.0)
    assert (shares_on_own_topics(made) == 1).all()


def test_visits_is_the_mean_of_a_poisson_number():
    visits = make_static_tastes(5000, visits=40).table.sum(axis=1)
    assert visits.mean() == pytest.approx(40, rel=0.02)
    assert visits.var() == pytest.approx(40, rel=0.1)


@pytest.mark.parametrize(
    "arguments",
    [{"n_groups": 11}, {"n_groups": 0}, {"n_groups": -2}, {"focus": 1.1}, {"focus": -0.1}],
)
def test_static_tastes_refuse_impossible_sizes(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=name):
        make_static_tastes(20, **arguments)


# ------------------------------------------------------------------ sequences


@pytest.mark.parametrize("make", SEQUENCES)
def test_shapes_and_range_of_sequences(make):
    made = make(60, 20, horizon=9, n_topics=12, n_groups=6)
    assert made.topics.shape == (60, 20) and made.next_topics.shape == (60, 9)
    both = np.hstack([made.topics, made.next_topics])
    assert both.min() >= 0 and both.max() < made.n_topics == 12


def mixes(topics: np.ndarray, groups: np.ndarray, n_topics: int) -> np.ndarray:
    """Share of each topic in all events of each group."""
    counts = [np.bincount(topics[groups == g].ravel(), minlength=n_topics) for g in range(10)]
    return np.array(counts) / np.array(counts).sum(axis=1, keepdims=True)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).sum() / 2)


@pytest.mark.parametrize("make", SEQUENCES)
def test_paired_groups_differ_in_order_only(make):
    made = make(20_000)
    whole = mixes(made.topics, made.groups, made.n_topics)
    later = mixes(made.next_topics, made.groups, made.n_topics)
    for group in range(5):
        # The mix of the whole history cannot tell the pair apart; what comes next can.
        assert distance(whole[group], whole[group + 5]) < 0.04
        assert distance(later[group], later[group + 5]) > 0.5
        assert distance(whole[group], whole[(group + 1) % 5]) > 0.2


def test_drift_without_noise_goes_from_one_topic_to_another():
    made = make_drifting_tastes(2000, noise=0.0)
    for topics in made.topics[:200]:
        assert len(set(topics)) <= 2
    start, end = made.topics[:, 0], made.next_topics[:, -1]
    pairs = pd.DataFrame({"group": made.groups, "start": start, "end": end})
    modes = pairs.groupby("group").agg(lambda column: column.mode()[0])
    assert (modes["start"].to_numpy()[:5] == modes["end"].to_numpy()[5:]).all()
    assert (modes["start"] != modes["end"]).all()
    # At first hardly anybody has left, halfway half have, and in the end nearly all have arrived.
    own = modes["start"].to_numpy()[made.groups]
    assert (made.topics[:, 0] == own).mean() > 0.95
    assert 0.4 < (made.topics[:, 13:15] == own[:, None]).mean() < 0.6
    assert (made.next_topics == own[:, None]).mean() < 0.05


def test_noise_is_the_share_of_uniform_events():
    made = make_drifting_tastes(4000, noise=0.6)
    pure = make_drifting_tastes(4000, noise=0.0)
    pairs = {g: set(pure.topics[pure.groups == g].ravel()) for g in range(10)}
    off = np.mean([t not in pairs[g] for row, g in zip(made.topics, made.groups) for t in row])
    assert off == pytest.approx(0.6 * 26 / 28, abs=0.01)


def test_bursts_are_two_runs_in_the_right_order():
    # Without room for noise the runs fill the history, and their place is known.
    made = make_bursts(4000, 10, burst=5)
    planted = make_drifting_tastes(4000, noise=0.0)
    first = [np.bincount(planted.topics[planted.groups == g, 0]).argmax() for g in range(10)]
    second = first[5:] + first[:5]
    for half, topic in ((made.topics[:, :5], first), (made.topics[:, 5:], second)):
        near = np.abs(half - np.array(topic)[made.groups, None]) <= 1
        # 0.9 are intact; of the others about 3 in 28 are near by chance.
        assert near.mean() == pytest.approx(0.9 + 0.1 * 3 / 28, abs=0.01)


def test_bursts_come_at_any_time():
    made = make_bursts(4000, n_groups=2)
    # What comes next is mostly the second topic; the first topic of one group is that of the other.
    second = [np.bincount(made.next_topics[made.groups == g].ravel()).argmax() for g in (1, 0)]
    hits = np.abs(made.topics - np.array(second)[made.groups, None]) <= 1
    # By chance 3 in 28 events are near.  Every place of the first 23 is reached, none by everybody.
    chance = 3 / made.n_topics
    assert hits[:, :23].mean(axis=0).min() > chance and hits.mean(axis=0).max() < 0.5
    runs = (hits[:, :-1] & hits[:, 1:]).sum(axis=1)
    assert (runs > 0).mean() > 0.95


def test_most_of_what_follows_a_burst_is_its_second_topic():
    made = make_bursts(4000)
    mode = [np.bincount(made.next_topics[made.groups == g].ravel()).argmax() for g in range(10)]
    share = (made.next_topics == np.array(mode)[made.groups, None]).mean()
    assert share == pytest.approx(0.6 + 0.4 / 28, abs=0.01)


@pytest.mark.parametrize("make", SEQUENCES)
@pytest.mark.parametrize("n_groups", [0, 3, -2, 30])
def test_sequences_need_pairs_of_groups(make, n_groups):
    with pytest.raises(ValueError, match=f"n_groups={n_groups} must be even"):
        make(20, n_groups=n_groups)


@pytest.mark.parametrize("noise", [-0.1, 1.5])
def test_noise_is_a_share(noise):
    with pytest.raises(ValueError, match="noise"):
        make_drifting_tastes(20, noise=noise)


@pytest.mark.parametrize("burst", [15, 0, -1])
def test_bursts_must_fit(burst):
    with pytest.raises(ValueError, match=f"{burst} events do not fit into 28"):
        make_bursts(20, burst=burst)


# ------------------------------------------------------------------ dirty log


def small_log(n: int = 40) -> Interactions:
    rows = {"user": np.arange(n) % 7, "item": np.arange(n), "rating": 4, "timestamp": 10**9}
    return Interactions.from_frame(pd.DataFrame(rows))


REASONS = {
    "duplicates": "repeated pair",
    "missing_ratings": "missing rating",
    "impossible_ratings": "impossible rating",
    "future_times": "impossible time",
}


@pytest.mark.parametrize("share", [0.0, 0.001, 0.02, 0.1, 0.25])
def test_cleaning_finds_exactly_the_planted_faults(movielens, share):
    dirty = make_dirty_log(movielens, share=share)
    clean, report = clean_events(dirty.events)
    count = int(share * movielens.n_events)
    assert dirty.planted == dict.fromkeys(REASONS, count)
    assert {kind: report.removed[reason] for kind, reason in REASONS.items()} == dirty.planted
    assert report.removed["missing user or item"] == 0
    assert len(clean) == movielens.n_events - 3 * count
    merged = clean.merge(movielens.events)
    assert len(merged) == len(clean)


def test_a_fault_never_hits_a_row_twice():
    dirty = make_dirty_log(small_log(), share=0.25).events
    late = dirty["timestamp"] > 2 * 10**9
    faults = late.astype(int) + dirty["rating"].isna() + (dirty["rating"] == 99)
    assert faults.max() == 1 and faults.sum() == 30
    assert not (dirty.duplicated(["user", "item"], keep=False) & (faults > 0)).any()


def test_a_dirty_log_is_shuffled_seeded_and_leaves_the_clean_one_alone():
    log = small_log()
    kept = log.events.copy(deep=True)
    one, two, three = (make_dirty_log(log, share=0.2, random_state=s).events for s in (0, 0, 1))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(three) and not one["user"].is_monotonic_increasing
    pd.testing.assert_frame_equal(log.events, kept)


@pytest.mark.parametrize("share", [-0.01, 0.26])
def test_the_share_of_faults_is_bounded(share):
    with pytest.raises(ValueError, match="share"):
        make_dirty_log(small_log(), share=share)


def test_a_log_without_times_cannot_be_spoilt():
    log = small_log()
    timeless = Interactions(log.events.drop(columns="timestamp"), log.items)
    with pytest.raises(DataError, match="no times"):
        make_dirty_log(timeless)
