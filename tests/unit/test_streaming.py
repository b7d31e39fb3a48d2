"""Streams: means that forget, centres that follow, alarms, births and deaths."""

import numpy as np
import pytest
from sklearn.cluster import MiniBatchKMeans

from recsys_tutorial.clustering import (
    FadingCounts,
    ForgettingProfiles,
    OnlineKMeans,
    PageHinkley,
    StreamingKMeans,
    adjusted_rand,
    assign_to_centres,
    choose_threshold,
    fit_kmeans,
    forgetting_lag,
    kmeans,
    kmeans_objective,
    merge_losses,
    revise_clusters,
    split_gains,
)
from recsys_tutorial.datasets import make_taste_stream

BLOBS = np.vstack([np.random.default_rng(i).normal(6 * i, 0.5, size=(20, 2)) for i in range(4)])
TOPICS = np.eye(28)


def by_hand(vectors, ages, half_life):
    """Compute the weighted mean and the weight from the definition."""
    weights = np.array([0.5 ** (age / half_life) for age in ages])
    return (weights[:, None] * vectors).sum(axis=0) / weights.sum(), weights.sum()


def columns(stream):
    events = stream.events
    return events["user"].to_numpy(), events["topic"].to_numpy(), events["day"].to_numpy()


# ------------------------------------------------------------------ online K-means


@pytest.mark.parametrize("sizes", [[60], [1] * 60, [7, 20, 33], [59, 1]])
def test_with_a_step_of_one_over_n_a_centre_is_the_mean_of_all_it_has_seen(sizes):
    X = np.random.default_rng(0).normal(3, 2, size=(60, 4))
    model = OnlineKMeans(1, init=np.full((1, 4), 100.0))
    for batch in np.split(X, np.cumsum(sizes)[:-1]):
        model.partial_fit(batch)
    assert np.allclose(model.centres_, X.mean(axis=0), atol=1e-12)
    assert model.weights_.tolist() == [60.0]


@pytest.mark.parametrize("sizes", [[60], [1] * 60, [7, 20, 33]])
@pytest.mark.parametrize("half_life", [0.5, 3.0, 40.0])
def test_with_a_half_life_a_centre_is_the_weighted_mean(sizes, half_life):
    X = np.random.default_rng(1).normal(size=(60, 3))
    model = OnlineKMeans(1, init=np.zeros((1, 3)), half_life=half_life)
    for batch in np.split(X, np.cumsum(sizes)[:-1]):
        model.partial_fit(batch)
    mean, weight = by_hand(X, np.arange(60)[::-1], half_life)
    assert np.allclose(model.centres_[0], mean, atol=1e-12)
    assert np.isclose(model.weights_[0], weight)


def test_members_of_other_clusters_do_not_age_a_cluster():
    model = OnlineKMeans(2, init=np.array([[0.0], [10.0]]), half_life=1)
    model.partial_fit([[1.0], [9.0], [9.0], [9.0], [9.0]]).partial_fit([[2.0]])
    assert np.allclose(model.centres_, [[(0.5 * 1 + 2) / 1.5], [9.0]])


def test_given_centres_count_as_many_vectors_as_they_are_said_to():
    model = OnlineKMeans(1, init=np.array([[4.0]]), init_weight=3).partial_fit([[8.0]])
    assert model.centres_.tolist() == [[5.0]] and model.weights_.tolist() == [4.0]


@pytest.mark.parametrize("seed", range(5))
def test_in_batches_the_centres_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(300, 5)) + 3 * rng.integers(0, 3, size=(300, 1))
    start = X[:3].copy()
    theirs = MiniBatchKMeans(3, init=start, n_init=1, reassignment_ratio=0)
    ours = OnlineKMeans(3, init=start)
    for batch in np.split(X, 6):
        theirs.partial_fit(batch)
        ours.partial_fit(batch)
    assert np.allclose(ours.centres_, theirs.cluster_centers_, atol=1e-9)
    assert (ours.predict(X) == theirs.predict(X)).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_quality_is_that_of_mini_batches_and_near_that_of_k_means(seed):
    X = np.random.default_rng(seed).permutation(BLOBS)
    ours = OnlineKMeans(4, random_state=seed)
    for batch in np.split(X, 4):
        ours.partial_fit(batch)
    reached = kmeans_objective(X, ours.predict(X), ours.centres_)
    assert reached < 1.05 * fit_kmeans(X, 4).inertia_


def test_online_k_means_is_deterministic_and_leaves_its_input_alone():
    X, start = BLOBS.copy(), BLOBS[::20].copy()
    given = X.copy(), start.copy()
    found = [OnlineKMeans(4, init=start).partial_fit(X).centres_ for _ in range(2)]
    assert np.array_equal(*found)
    assert np.array_equal(X, given[0]) and np.array_equal(start, given[1])
    assert np.array_equal(
        *[OnlineKMeans(4, random_state=3).partial_fit(X).centres_ for _ in range(2)]
    )


def test_what_online_k_means_refuses():
    with pytest.raises(ValueError, match="half_life=0 must be positive"):
        OnlineKMeans(2, half_life=0)
    with pytest.raises(ValueError, match="n_clusters=0"):
        OnlineKMeans(0)
    with pytest.raises(ValueError, match="init_weight=-1"):
        OnlineKMeans(1, init_weight=-1)
    with pytest.raises(ValueError, match="n_clusters=3 must be between 1 and 2"):
        OnlineKMeans(3).partial_fit([[0.0], [1.0]])
    with pytest.raises(ValueError, match="init must hold 3 centres"):
        OnlineKMeans(3, init=np.zeros((2, 1))).partial_fit([[0.0]])
    with pytest.raises(ValueError, match="missing or infinite"):
        OnlineKMeans(1).partial_fit([[np.nan]])
    with pytest.raises(ValueError, match="has 2 columns"):
        OnlineKMeans(1).partial_fit([[1.0]]).partial_fit([[1.0, 2.0]])
    with pytest.raises(ValueError, match="partial_fit first"):
        OnlineKMeans(1).predict([[1.0]])


# ------------------------------------------------------------------ profiles


@pytest.mark.parametrize("size", [1, 3, 17, 200])
@pytest.mark.parametrize("half_life", [None, 0.5, 6.0])
def test_profiles_are_weighted_means_whatever_the_batches(size, half_life):
    rng = np.random.default_rng(2)
    users, items = rng.integers(0, 6, size=200), rng.integers(0, 9, size=200)
    vectors = rng.normal(size=(9, 3))
    profiles = ForgettingProfiles(vectors, half_life=half_life)
    for start in range(0, 200, size):
        profiles.update(users[start : start + size], items[start : start + size])
    for user in range(6):
        hers = items[users == user]
        ages = np.arange(len(hers))[::-1]
        mean, weight = by_hand(vectors[hers], ages, np.inf if half_life is None else half_life)
        assert np.allclose(profiles.vectors_[user], mean, atol=1e-12)
        assert np.isclose(profiles.weights_[user], weight)


@pytest.mark.parametrize("size", [1, 4, 90])
def test_with_time_an_event_ages_by_the_clock_and_only_relative_to_her_others(size):
    rng = np.random.default_rng(3)
    users, items = rng.integers(0, 4, size=90), rng.integers(0, 5, size=90)
    times = np.sort(rng.uniform(0, 30, size=90))
    profiles = ForgettingProfiles(np.eye(5), half_life=7.0, unit="time")
    for start in range(0, 90, size):
        part = slice(start, start + size)
        profiles.update(users[part], items[part], times[part])
    for user in range(4):
        hers, when = items[users == user], times[users == user]
        mean, weight = by_hand(np.eye(5)[hers], when[-1] - when, 7.0)
        assert np.allclose(profiles.vectors_[user], mean, atol=1e-12)
        assert np.isclose(profiles.weights_[user], weight)


def test_one_event_is_the_whole_profile_and_a_gap_in_the_numbers_is_nobody():
    profiles = ForgettingProfiles(np.eye(3), half_life=2).update([4], [1])
    assert profiles.n_users == 5
    assert profiles.vectors_.tolist() == [[0, 0, 0]] * 4 + [[0, 1, 0]]
    assert profiles.weights_.tolist() == [0, 0, 0, 0, 1]
    assert profiles.update([], []).n_users == 5


def test_an_absence_of_years_forgets_all_and_is_no_number_too_small():
    profiles = ForgettingProfiles(np.eye(2), half_life=1.0, unit="time")
    profiles.update([0], [0], [0.0]).update([0], [1], [1e6])
    assert profiles.vectors_.tolist() == [[0.0, 1.0]]


def test_a_user_whose_number_was_made_early_may_begin_at_any_time():
    profiles = ForgettingProfiles(np.eye(2), half_life=1.0, unit="time").update([1], [0], [5.0])
    assert profiles.update([0], [1], [-3.0]).vectors_.tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_a_copy_goes_its_own_way():
    profiles = ForgettingProfiles(np.eye(2), half_life=3).update([0], [0])
    twin = profiles.copy().update([0, 1], [1, 1])
    assert profiles.n_users == 1 and profiles.vectors_.tolist() == [[1.0, 0.0]]
    assert twin.n_users == 2 and twin.half_life == 3


def test_what_profiles_refuse():
    with pytest.raises(ValueError, match="unit must be one of"):
        ForgettingProfiles(np.eye(2), unit="days")
    with pytest.raises(ValueError, match="half_life=-1 must be positive"):
        ForgettingProfiles(np.eye(2), half_life=-1)
    profiles = ForgettingProfiles(np.eye(2), half_life=1)
    with pytest.raises(ValueError, match="one item for each user"):
        profiles.update([0, 1], [0])
    with pytest.raises(ValueError, match="whole numbers"):
        profiles.update(["anna"], [0])
    with pytest.raises(ValueError, match="User -1 does not exist"):
        profiles.update([-1], [0])
    with pytest.raises(ValueError, match="Item 2 has no vector; there are 2"):
        profiles.update([0], [2])
    timed = ForgettingProfiles(np.eye(2), half_life=1, unit="time")
    with pytest.raises(ValueError, match="Give the times"):
        timed.update([0], [0])
    with pytest.raises(ValueError, match="one finite time"):
        timed.update([0], [0], [np.nan])
    with pytest.raises(ValueError, match="sort the events by time"):
        timed.update([0, 0], [0, 1], [2.0, 1.0])
    with pytest.raises(ValueError, match="sort the events by time"):
        timed.update([0], [0], [2.0]).update([0], [1], [1.0])
    # Two users may be out of order with each other: only her own past counts.
    assert timed.update([1, 0], [1, 1], [9.0, 3.0]).n_users == 2


def test_a_refused_batch_changes_nothing():
    timed = ForgettingProfiles(np.eye(2), half_life=1, unit="time").update([0], [0], [2.0])
    with pytest.raises(ValueError, match="sort"):
        timed.update([3, 0], [1, 1], [5.0, 1.0])
    assert timed.n_users == 1 and timed.vectors_.tolist() == [[1.0, 0.0]]


# ------------------------------------------------------------------ the lag


@pytest.mark.parametrize("half_life", [1.0, 4.0, 10.0])
def test_the_lag_is_what_a_long_straight_way_shows(half_life):
    way = 2.0 * np.arange(400)[:, None]
    model = OnlineKMeans(1, init=np.zeros((1, 1)), half_life=half_life).partial_fit(way)
    lag = way[-1, 0] - model.centres_[0, 0]
    assert np.isclose(lag, forgetting_lag(half_life, speed=2.0), rtol=1e-6)
    assert np.isclose(forgetting_lag(half_life), half_life / np.log(2), rtol=0.5 / half_life)


def test_a_running_mean_lags_by_half_of_the_way():
    way = np.arange(101.0)[:, None]
    assert OnlineKMeans(1, init=np.zeros((1, 1))).partial_fit(way).centres_.tolist() == [[50.0]]


# ------------------------------------------------------------------ streaming K-means


@pytest.fixture(scope="module")
def drifting():
    stream = make_taste_stream(600, noise=0.5, switching=0.01, random_state=5)
    users, topics, days = columns(stream)
    first = days < 5
    profiles = ForgettingProfiles(TOPICS, half_life=6).update(users[first], topics[first])
    return stream, profiles, fit_kmeans(profiles.vectors_, 6).cluster_centers_


def follow(drifting, *, size=200, nightly=True):
    stream, profiles, centres = drifting
    clusters = StreamingKMeans(profiles, centres)
    users, topics, days = columns(stream)
    for day in range(5, 30):
        rows = np.flatnonzero(days.astype(int) == day)
        for part in np.array_split(rows, max(1, len(rows) // size)):
            clusters.update(users[part], topics[part])
        if nightly:
            clusters.relabel()
    return clusters


def test_each_centre_is_the_mean_of_the_present_vectors_of_its_members(drifting):
    clusters = follow(drifting, nightly=False)
    for c in range(6):
        members = clusters.profiles_.vectors_[clusters.labels_ == c]
        assert len(members) == clusters.sizes_[c]
        assert np.allclose(members.mean(axis=0), clusters.centres_[c], atol=1e-9)


def test_the_clusters_are_those_of_a_full_refit_and_the_old_centres_are_not(drifting):
    clusters = follow(drifting)
    now = clusters.profiles_.vectors_
    truth = drifting[0].groups[-1]
    full = [fit_kmeans(now, 6, random_state=seed).labels_ for seed in range(3)]
    assert min(adjusted_rand(clusters.labels_, labels) for labels in full) > 0.9
    assert adjusted_rand(clusters.labels_, truth) > 0.9
    assert adjusted_rand(assign_to_centres(now, drifting[2]), truth) < 0.3


def test_the_numbers_follow_the_users_through_the_drift(drifting):
    clusters = follow(drifting)
    first, last = drifting[0].groups[4], drifting[0].groups[-1]
    start = StreamingKMeans(drifting[1], drifting[2]).labels_
    for group in range(6):
        before = np.bincount(start[first == group]).argmax()
        assert np.bincount(clusters.labels_[last == group]).argmax() == before


@pytest.mark.slow
def test_large_batches_change_little(drifting):
    one, large = follow(drifting, size=1, nightly=False), follow(drifting, size=2000)
    assert adjusted_rand(one.labels_, large.labels_) > 0.9


def test_one_event_by_hand():
    profiles = ForgettingProfiles(np.eye(2), half_life=1).update([0, 1, 2], [0, 0, 1])
    clusters = StreamingKMeans(profiles, np.eye(2))
    assert clusters.sizes_.tolist() == [2, 1]
    clusters.update([1], [1])
    # She has two thirds of the second topic now, and goes over.
    assert clusters.labels_.tolist() == [0, 1, 1] and clusters.sizes_.tolist() == [1, 2]
    assert np.allclose(clusters.centres_, [[1, 0], [1 / 6, 5 / 6]])
    assert profiles.vectors_[1].tolist() == [1.0, 0.0]


def test_a_centre_that_all_have_left_stays_where_it_was():
    profiles = ForgettingProfiles(np.eye(2), half_life=0.01).update([0, 1], [0, 1])
    clusters = StreamingKMeans(profiles, np.eye(2)).update([1], [0])
    assert clusters.sizes_.tolist() == [2, 0]
    assert np.allclose(clusters.centres_, np.eye(2))
    assert np.allclose(clusters.relabel().centres_, np.eye(2))


def test_new_users_come_in_and_gaps_stay_without_a_group():
    profiles = ForgettingProfiles(np.eye(2), half_life=1).update([0, 1], [0, 1])
    clusters = StreamingKMeans(profiles, np.eye(2)).update([7, 5], [1, 0])
    assert clusters.labels_.tolist() == [0, 1, -1, -1, -1, 0, -1, 1]
    assert clusters.user_numbers_.tolist() == clusters.labels_.tolist()
    assert clusters.sizes_.sum() == 4
    assert clusters.update([6], [1]).labels_[6] == 1
    assert clusters.relabel().labels_.tolist() == [0, 1, -1, -1, -1, 0, 1, 1]


def test_a_stream_may_begin_with_nobody():
    clusters = StreamingKMeans(ForgettingProfiles(np.eye(2)), np.eye(2))
    assert len(clusters.labels_) == 0
    assert clusters.update([0], [1]).labels_.tolist() == [1]
    assert clusters.update([], []).labels_.tolist() == [1]


def test_what_streaming_k_means_refuses():
    profiles = ForgettingProfiles(np.eye(2)).update([0], [0])
    with pytest.raises(ValueError, match="The centres have 3 columns"):
        StreamingKMeans(profiles, np.eye(3))
    with pytest.raises(ValueError, match="Item 5 has no vector"):
        StreamingKMeans(profiles, np.eye(2)).update([0], [5])


# ------------------------------------------------------------------ counts


@pytest.mark.parametrize("size", [1, 7, 300])
@pytest.mark.parametrize("half_life", [None, 0.3, 25.0])
def test_counts_fade_with_every_event_whatever_the_batches(size, half_life):
    rng = np.random.default_rng(6)
    groups, items = rng.integers(0, 3, size=300), rng.integers(0, 4, size=300)
    counts = FadingCounts(3, 4, half_life=half_life)
    for start in range(0, 300, size):
        counts.update(groups[start : start + size], items[start : start + size])
    expected = np.zeros((3, 4))
    for age, (g, i) in enumerate(zip(groups[::-1], items[::-1], strict=True)):
        expected[g, i] += 1 if half_life is None else 0.5 ** (age / half_life)
    assert np.allclose(counts.counts_, expected, rtol=1e-9, atol=1e-12)


def test_shares_are_pulled_towards_everybody():
    counts = FadingCounts(2, 2).update([0, 0, 0, 1], [0, 0, 0, 1])
    assert counts.shares().tolist() == [[1, 0], [0, 1]]
    assert np.allclose(counts.shares(3.0)[0], [(3 + 3 * 0.75) / 6, 3 * 0.25 / 6])
    assert np.allclose(counts.shares(1e9), [[0.75, 0.25]] * 2)
    assert FadingCounts(1, 2).shares(5).tolist() == [[0, 0]]
    twin = counts.copy().update([1], [0])
    assert twin.counts_.sum() == 5 and counts.counts_.sum() == 4


def test_what_counts_refuse():
    counts = FadingCounts(2, 3)
    with pytest.raises(ValueError, match="Group -1 has no place"):
        counts.update([-1], [0])
    with pytest.raises(ValueError, match="Item 3 has no place in a table of 3"):
        counts.update([0], [3])
    with pytest.raises(ValueError, match="one item for each group"):
        counts.update([0], [1, 2])
    with pytest.raises(ValueError, match="at least 1"):
        FadingCounts(0, 3)


# ------------------------------------------------------------------ drift


def alarms_by_definition(values, threshold, delta, min_checks):
    """Page-Hinkley as it is written in the books, with all sums kept."""
    found, start = [], 0
    for t in range(len(values)):
        part = np.asarray(values[start : t + 1])
        means = np.cumsum(part) / np.arange(1, len(part) + 1)
        sums = np.cumsum(part - means - delta)
        if len(part) >= min_checks and sums[-1] - min(0.0, sums.min()) > threshold:
            found.append(t)
            start = t + 1
    return found


@pytest.mark.parametrize("seed", range(8))
def test_page_hinkley_follows_its_definition(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=150) + np.repeat([0, 1.5, 1.5], 50)
    threshold, delta = rng.uniform(0.5, 6), rng.uniform(0, 0.8)
    min_checks = int(rng.integers(1, 12))
    detector = PageHinkley(threshold, delta, min_checks=min_checks)
    assert detector.alarms(values).tolist() == alarms_by_definition(
        values, threshold, delta, min_checks
    )


def test_a_fall_is_no_alarm_and_a_constant_is_calm():
    assert len(PageHinkley(1.0, 0.1).alarms([5.0] * 100)) == 0
    assert len(PageHinkley(1.0, 0.1).alarms([5.0] * 50 + [0.0] * 50)) == 0
    assert PageHinkley(1.0, 0.1).alarms([0.0] * 50 + [5.0] * 2).tolist() == [50]


def test_after_an_alarm_everything_is_forgotten():
    detector = PageHinkley(1.0, 0.1, min_checks=1)
    assert [detector.update(v) for v in (0.0, 9.0)] == [False, True]
    assert detector.n_checks == 0 and detector.climb == 0
    assert not detector.update(9.0)


@pytest.mark.slow
def test_the_threshold_keeps_its_promise_on_new_calm_values():
    calm = np.random.default_rng(0).normal(10, 3, size=2000)
    new = np.random.default_rng(1).normal(10, 3, size=20_000)
    for per_thousand in (1.0, 5.0):
        threshold = choose_threshold(calm, per_thousand=per_thousand, delta=1.5)
        rate = len(PageHinkley(threshold, 1.5).alarms(new)) / 20
        assert 0.3 * per_thousand < rate < 2 * per_thousand


def test_a_climb_of_just_the_threshold_is_no_alarm():
    def update(threshold):
        return PageHinkley(threshold, 0.0, min_checks=1).alarms([0.0, 2.0]).tolist()

    # The mean is 1 then, and the sum stands at 1.
    assert update(1.0) == [] and update(0.999) == [1]


def test_a_detector_that_is_always_silent_needs_no_threshold():
    calm = np.random.default_rng(0).normal(size=50)
    assert choose_threshold(calm, min_checks=900, n_checks=800) < 0.01
    assert choose_threshold(calm, n_checks=800) > 1


def test_the_threshold_needs_calm_values():
    with pytest.raises(ValueError, match="at least 20"):
        choose_threshold([1.0] * 19)
    with pytest.raises(ValueError, match="finite"):
        choose_threshold([np.nan] * 30)
    with pytest.raises(ValueError, match="per_thousand=0"):
        choose_threshold(range(30), per_thousand=0)
    assert choose_threshold([1.0] * 30) > 0
    with pytest.raises(ValueError, match="threshold=0 must be positive"):
        PageHinkley(0)
    with pytest.raises(ValueError, match="not finite"):
        PageHinkley(1).update(float("nan"))


# ------------------------------------------------------------------ births and deaths


@pytest.mark.parametrize("seed", range(5))
def test_gains_and_losses_are_differences_of_j(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, 2)) + 4 * rng.integers(0, 3, size=(40, 1))
    centres = fit_kmeans(X, 3, random_state=seed).cluster_centers_
    labels = assign_to_centres(X, centres)
    means = np.array([X[labels == c].mean(axis=0) for c in range(3)])
    total = kmeans_objective(X, labels, means)
    losses, gains = merge_losses(X, centres), split_gains(X, centres)
    for a in range(3):
        for b in range(3):
            if a != b:
                united = X[np.isin(labels, [a, b])]
                inside = ((united - united.mean(axis=0)) ** 2).sum()
                before = sum(((X[labels == c] - means[c]) ** 2).sum() for c in (a, b))
                assert np.isclose(losses[a, b], (inside - before) / total)
        members = X[labels == a]
        inside = ((members - means[a]) ** 2).sum()
        assert np.isclose(gains[a], (inside - kmeans(members, 2, n_init=3).inertia) / total)
    assert np.isinf(np.diag(losses)).all()


def test_an_empty_cluster_costs_nothing_to_unite_and_has_nothing_to_split():
    losses = merge_losses([[0.0], [1.0]], [[0.5], [99.0]])
    assert losses[0, 1] == 0 and split_gains([[0.0], [1.0]], [[0.5], [99.0]])[1] == 0
    assert merge_losses([[0.0], [9.0]], [[0.0], [9.0]])[0, 1] == np.inf


def test_a_birth_keeps_the_parents_number_with_the_larger_half():
    X = np.vstack([BLOBS, BLOBS[20:30]])
    centres = np.array(
        [BLOBS[:20].mean(axis=0), BLOBS[20:60].mean(axis=0), BLOBS[60:].mean(axis=0)]
    )
    found = revise_clusters(X, centres, [4, 2, 9], birth_gain=0.5, death_loss=0.01)
    assert found.numbers.tolist() == [4, 2, 9, 10]
    assert (found.born, found.parent, found.died, found.heir) == (10, 2, None, None)
    # 30 of the members of number 2 lie at the second blob, 20 at the third.
    assert np.allclose(found.centres[1], X[np.r_[20:40, 80:90]].mean(axis=0))
    assert np.allclose(found.centres[3], BLOBS[40:60].mean(axis=0))


def test_a_death_hands_the_members_to_the_larger_one():
    centres = np.vstack([BLOBS[::20], BLOBS[:1] + 0.2])
    found = revise_clusters(BLOBS, centres, range(5), birth_gain=0.9, death_loss=0.8)
    assert found.died in (0, 4) and {found.died, found.heir} == {0, 4}
    assert found.born is None and len(found.centres) == 4
    row = found.numbers.tolist().index(found.heir)
    assert np.allclose(found.centres[row], BLOBS[:20].mean(axis=0))


def test_just_the_share_is_no_birth_and_no_death():
    centres = np.array([BLOBS[:20].mean(axis=0), BLOBS[20:].mean(axis=0)])
    calm = revise_clusters(BLOBS, centres, [0, 1], birth_gain=9.0, death_loss=0.0)
    limits = {"birth_gain": calm.gain, "death_loss": 0.0}
    assert revise_clusters(BLOBS, centres, [0, 1], **limits).born is None
    limits = {"birth_gain": 9.0, "death_loss": calm.loss}
    assert revise_clusters(BLOBS, centres, [0, 1], **limits).died is None
    limits = {"birth_gain": 0.999 * calm.gain, "death_loss": 0.0}
    assert revise_clusters(BLOBS, centres, [0, 1], **limits).born == 2


def test_calm_groups_are_left_alone_and_inputs_unchanged():
    centres, numbers = BLOBS[::20].copy(), np.arange(4)
    found = revise_clusters(BLOBS, centres, numbers, birth_gain=0.5, death_loss=0.1)
    assert found.born is None and found.died is None
    assert np.array_equal(found.centres, BLOBS[::20]) and found.gain < 0.5 and found.loss > 0.1
    assert np.array_equal(centres, BLOBS[::20]) and np.array_equal(numbers, np.arange(4))
    with pytest.raises(ValueError, match="must be larger than death_loss"):
        revise_clusters(BLOBS, centres, numbers, birth_gain=0.1, death_loss=0.1)
    with pytest.raises(ValueError, match="one number for each of the 4"):
        revise_clusters(BLOBS, centres, [1], birth_gain=0.5, death_loss=0.1)


def test_no_number_is_given_twice_however_many_die():
    profiles = ForgettingProfiles(np.eye(3), half_life=0.01).update(range(6), [0, 0, 1, 1, 2, 2])
    clusters = StreamingKMeans(profiles, np.eye(3))
    clusters.update([4, 5], [1, 1])
    died = clusters.revise(birth_gain=9.0, death_loss=0.5)
    assert died.died == 2 and clusters.numbers_.tolist() == [0, 1]
    clusters.update([4, 5], [2, 2])
    born = clusters.revise(birth_gain=0.3, death_loss=0.0)
    assert born.born == 3 and set(clusters.numbers_) == {0, 1, 3}
    assert len(set(clusters.user_numbers_)) == 3 and clusters.sizes_.tolist() == [2, 2, 2]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_planted_birth_and_a_planted_death_are_noticed(seed):
    stream = make_taste_stream(
        600, noise=0.5, switching=0.01, birth=12, death=20, drift=0, random_state=seed
    )
    users, topics, days = columns(stream)
    first = days < 5
    profiles = ForgettingProfiles(TOPICS, half_life=6).update(users[first], topics[first])
    clusters = StreamingKMeans(profiles, fit_kmeans(profiles.vectors_, 6).cluster_centers_)
    born, died = [], []
    for day in range(5, 30):
        rows = days.astype(int) == day
        clusters.update(users[rows], topics[rows]).relabel()
        found = clusters.revise(birth_gain=0.1, death_loss=0.08)
        born += [day] if found.born is not None else []
        died += [day] if found.died is not None else []
    assert len(born) == len(died) == 1
    assert 13 <= born[0] <= 18 and 21 <= died[0] <= 27
    assert adjusted_rand(clusters.labels_, stream.groups[-1]) > 0.85


# ------------------------------------------------------------------ speed


def test_twenty_thousand_events_a_second_and_more():
    import time

    rng = np.random.default_rng(0)
    profiles = ForgettingProfiles(TOPICS, half_life=6).update(
        np.arange(2000), rng.integers(28, size=2000)
    )
    clusters = StreamingKMeans(profiles, rng.random((6, 28)))
    users, items = rng.integers(0, 2000, size=50_000), rng.integers(0, 28, size=50_000)
    clock = time.process_time()
    for start in range(0, 50_000, 1000):
        clusters.update(users[start : start + 1000], items[start : start + 1000])
    assert 50_000 / (time.process_time() - clock) > 20_000


# ------------------------------------------------------------------ the generated stream


def shares_by_day(stream, group, topics, day):
    events = stream.events
    today = events[events["day"].astype(int) == day]
    hers = today[stream.groups[day][today["user"]] == group]
    return hers["topic"].isin(topics).mean()


def test_a_stream_is_sorted_seeded_and_as_large_as_asked_for():
    one, two, other = (make_taste_stream(300, n_days=8, random_state=s) for s in (0, 0, 1))
    assert one.events.equals(two.events) and not one.events.equals(other.events)
    assert one.events["day"].is_monotonic_increasing
    assert 0 <= one.events["day"].min() and one.events["day"].max() < 8
    assert 0.9 < len(one.events) / (300 * 8 * 3) < 1.1
    assert np.allclose(one.mixes.sum(axis=2), 1)
    assert np.bincount(one.groups[0]).tolist() == [50] * 6


def test_groups_move_from_start_to_end_and_the_events_follow():
    stream = make_taste_stream(2000, noise=0.2, start=5, end=15, n_days=20, random_state=2)
    home, goal = [4, 5], [6, 7]
    assert np.allclose(stream.mixes[:6], stream.mixes[0])
    assert np.allclose(stream.mixes[15:], stream.mixes[15])
    assert np.allclose(stream.mixes[10], (stream.mixes[0] + stream.mixes[19]) / 2)
    for day, share in ((0, 0.8), (10, 0.4), (19, 0.0)):
        assert abs(shares_by_day(stream, 1, home, day) - share - 0.2 * 2 / 28) < 0.06
        assert abs(shares_by_day(stream, 1, goal, day) - 0.8 + share - 0.2 * 2 / 28) < 0.06


def test_a_calm_stream_is_calm_and_a_jump_is_a_jump():
    calm = make_taste_stream(50, drift=0)
    assert np.allclose(calm.mixes, calm.mixes[0]) and (calm.groups == calm.groups[0]).all()
    jump = make_taste_stream(50, start=10, end=10)
    assert np.allclose(jump.mixes[:11], jump.mixes[0])
    assert np.allclose(jump.mixes[11:], jump.mixes[-1])
    assert not np.allclose(jump.mixes[10], jump.mixes[11])
    half = make_taste_stream(50, drift=0.5, noise=0)
    assert np.allclose(half.mixes[-1][0][:4], 0.25)


def test_births_deaths_and_switches_are_as_planted():
    stream = make_taste_stream(1000, birth=12, death=20, random_state=3)
    sizes = np.array([np.bincount(day, minlength=7) for day in stream.groups])
    assert (sizes[:12, 6] == 0).all() and (sizes[12:20, 6] == 100).all()
    assert (sizes[:20, 0] > 100).all() and (sizes[20:, 0] == 0).all()
    assert (sizes.sum(axis=1) == 1000).all() and stream.mixes.shape == (30, 7, 28)
    switching = make_taste_stream(2000, switching=0.1, random_state=3).groups
    # One in six of those who leave comes back to her own group.
    assert abs((switching[1:] != switching[:-1]).mean() - 0.1 * 5 / 6) < 0.01


def test_what_the_generator_refuses():
    with pytest.raises(ValueError, match="n_groups=6 need 26 topics"):
        make_taste_stream(n_topics=25)
    with pytest.raises(ValueError, match="n_groups=1"):
        make_taste_stream(n_groups=1)
    with pytest.raises(ValueError, match="noise=1.5"):
        make_taste_stream(noise=1.5)
    with pytest.raises(ValueError, match="birth=30 must be a day from 0 to 29"):
        make_taste_stream(birth=30)
    with pytest.raises(ValueError, match="end=4 not before it"):
        make_taste_stream(start=5, end=4)
