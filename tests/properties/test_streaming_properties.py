"""Streams of any shape: batches do not matter, centres are means, and nobody is lost."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_tutorial.clustering import (
    FadingCounts,
    ForgettingProfiles,
    OnlineKMeans,
    PageHinkley,
    StreamingKMeans,
)

events = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), min_size=1, max_size=60)
half_lives = st.one_of(st.none(), st.floats(0.1, 50))
cuts = st.lists(st.integers(0, 60), max_size=6)


def batches(log, places):
    users, items = np.array(log).T
    edges = sorted({0, len(log), *(min(p, len(log)) for p in places)})
    return [(users[a:b], items[a:b]) for a, b in zip(edges, edges[1:], strict=False)]


@settings(max_examples=80, deadline=None)
@given(events, cuts, half_lives)
def test_batches_make_no_difference_to_profiles_and_counts(log, places, half_life):
    vectors = np.random.default_rng(0).normal(size=(5, 3))
    cut = ForgettingProfiles(vectors, half_life=half_life)
    counts = FadingCounts(7, 5, half_life=half_life)
    for users, items in batches(log, places):
        cut.update(users, items)
        counts.update(users, items)
    whole = ForgettingProfiles(vectors, half_life=half_life).update(*np.array(log).T)
    assert np.allclose(cut.vectors_, whole.vectors_) and np.allclose(cut.weights_, whole.weights_)
    at_once = FadingCounts(7, 5, half_life=half_life).update(*np.array(log).T)
    assert np.allclose(counts.counts_, at_once.counts_)
    # A mean lies among the vectors it was made of.
    seen = whole.weights_ > 0
    assert (whole.vectors_[seen] <= vectors.max(axis=0) + 1e-9).all()
    assert (whole.vectors_[seen] >= vectors.min(axis=0) - 1e-9).all()


@settings(max_examples=80, deadline=None)
@given(events, cuts, half_lives, st.integers(1, 4))
def test_every_centre_is_the_mean_of_its_members_at_all_times(log, places, half_life, k):
    rng = np.random.default_rng(1)
    profiles = ForgettingProfiles(rng.normal(size=(5, 3)), half_life=half_life)
    clusters = StreamingKMeans(profiles, rng.normal(size=(k, 3)))
    for users, items in batches(log, places):
        clusters.update(users, items)
        present, now = clusters.profiles_.weights_ > 0, clusters.profiles_.vectors_
        assert ((clusters.labels_ >= 0) == present).all()
        assert clusters.sizes_.sum() == present.sum()
        for c in range(k):
            if clusters.sizes_[c]:
                mean = now[clusters.labels_ == c].mean(axis=0)
                assert np.allclose(mean, clusters.centres_[c], atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=40), cuts, half_lives)
def test_one_centre_does_not_care_about_batches(values, places, half_life):
    X = np.array(values)[:, None]
    edges = sorted({0, len(X), *(min(p, len(X)) for p in places)})
    cut, whole = (OnlineKMeans(1, init=np.zeros((1, 1)), half_life=half_life) for _ in range(2))
    for a, b in zip(edges, edges[1:], strict=False):
        cut.partial_fit(X[a:b])
    whole.partial_fit(X)
    assert np.allclose(cut.centres_, whole.centres_) and np.allclose(cut.weights_, whole.weights_)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-10, 10), max_size=60), st.floats(0.1, 20), st.floats(0, 2))
def test_page_hinkley_does_not_care_where_zero_is(values, threshold, delta):
    rounded = [round(v, 3) for v in values]
    here = PageHinkley(threshold + 1e-5, delta).alarms(rounded)
    there = PageHinkley(threshold + 1e-5, delta).alarms([v + 7 for v in rounded])
    assert here.tolist() == there.tolist()
