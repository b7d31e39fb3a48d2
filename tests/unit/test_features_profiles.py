"""Interest profiles: shares, factors, and what they are invariant to."""

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.features import (
    genre_matrix,
    genre_profiles,
    item_factors,
    unit_rows,
    user_factors,
)
from recsys_tutorial.preprocessing import user_item_matrix

LOG = pd.DataFrame(
    {"user": [1, 1, 2, 3], "item": ["c", "a", "b", "d"], "rating": [5.0, 1.0, 3.0, 2.0]}
)
FILMS = pd.DataFrame({"item": ["d", "c", "b", "a"], "genres": ["", "Drama|War", "Comedy", "Drama"]})


@pytest.fixture
def films() -> Interactions:
    return Interactions.from_frame(LOG, FILMS, timestamp=None)


@pytest.fixture(scope="module")
def matrix(movielens):
    """Give 80 users: few enough for an exact decomposition."""
    events = movielens.events[movielens.events["user"] <= 80]
    log = Interactions(events, movielens.items[movielens.items["item"].isin(events["item"])])
    return user_item_matrix(log)


def test_the_genres_of_each_item_in_order(films):
    table = genre_matrix(films)
    assert table.columns.tolist() == ["Comedy", "Drama", "War"]
    assert table.index.tolist() == ["a", "b", "c", "d"] and table.index.name == "item"
    assert table.to_numpy().tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 0]]


def test_a_profile_by_hand(films):
    # User 1: one film of Drama, one half Drama and half War.  Ratings do not count.
    profiles = genre_profiles(films)
    assert profiles.loc[1].tolist() == [0, 0.75, 0.25]
    assert profiles.loc[2].tolist() == [1, 0, 0]
    assert profiles.loc[3].tolist() == [0, 0, 0]
    assert profiles.index.name == "user"


def test_missing_genres_are_no_genres(films):
    items = FILMS.assign(genres=[None, "Drama|War", "Comedy", "Drama"])
    made = Interactions.from_frame(LOG, items, timestamp=None)
    pd.testing.assert_frame_equal(genre_profiles(made), genre_profiles(films))


def test_every_movielens_profile_sums_to_one(movielens):
    profiles = genre_profiles(movielens)
    assert profiles.shape == (671, 19) and np.allclose(profiles.sum(axis=1), 1)
    assert (profiles.to_numpy() >= 0).all() and profiles.index.is_monotonic_increasing


def test_profiles_depend_on_a_users_own_events_only(movielens):
    events = movielens.events
    some = movielens.with_events(events[events["user"] <= 50])
    pd.testing.assert_frame_equal(genre_profiles(some), genre_profiles(movielens).loc[:50])


@pytest.mark.parametrize("function", [genre_matrix, genre_profiles])
def test_a_log_without_genres_is_refused_with_a_way_out(function):
    with pytest.raises(DataError, match="no column 'genres'.*user_factors"):
        function(Interactions.from_frame(LOG, timestamp=None))


def test_unit_rows_keep_their_direction():
    X = np.array([[3.0, 4.0], [0.0, 0.0], [-2.0, 0.0]])
    kept = X.copy()
    assert unit_rows(X).tolist() == [[0.6, 0.8], [0, 0], [-1, 0]]
    assert np.array_equal(X, kept)


def cosines(vectors: np.ndarray) -> np.ndarray:
    return vectors @ vectors.T


def test_user_factors_are_unit_vectors(matrix):
    factors = user_factors(matrix, 20)
    assert factors.shape == (80, 20) and np.allclose(np.linalg.norm(factors, axis=1), 1)


def test_user_factors_reproduce_up_to_signs(matrix):
    one, again, other = (user_factors(matrix, 3, random_state=s) for s in (0, 0, 1))
    assert np.allclose(one, again)
    # Another seed may flip signs; who is like whom must not depend on it.
    assert np.abs(cosines(one) - cosines(other)).max() < 0.1


def test_user_factors_agree_with_an_exact_decomposition(matrix):
    dense = matrix.values.toarray()
    u, s, _ = np.linalg.svd(dense / np.sqrt(dense.sum(axis=1, keepdims=True)), full_matrices=False)
    exact = unit_rows(u[:, :3] * s[:3])
    assert np.abs(cosines(user_factors(matrix, 3)) - cosines(exact)).max() < 0.1


def test_like_users_get_like_factors():
    rows = [(user, item) for user in range(20) for item in range(5)]
    rows = [(user, item + 5 * (user % 2)) for user, item in rows]
    log = pd.DataFrame(rows, columns=["user", "item"])
    factors = user_factors(
        user_item_matrix(Interactions.from_frame(log, rating=None, timestamp=None)), 2
    )
    same = np.arange(20) % 2
    assert np.allclose(cosines(factors), same[:, None] == same[None, :], atol=1e-9)


def test_item_factors_are_unit_vectors_or_nothing():
    items = pd.DataFrame({"item": list("abcdz"), "genres": ""})
    made = user_item_matrix(Interactions.from_frame(LOG, items, timestamp=None))
    lengths = np.linalg.norm(item_factors(made, 3), axis=1)
    assert np.allclose(lengths, [1, 1, 1, 1, 0])


def test_items_that_nobody_met_are_exactly_nothing(movielens):
    # Rounding errors would otherwise be blown up to unit vectors in random directions.
    events = movielens.events[movielens.events["user"] <= 40]
    some = user_item_matrix(movielens.with_events(events))
    lengths = np.linalg.norm(item_factors(some, 8), axis=1)
    met = np.isin(some.items, events["item"])
    assert 0 < met.sum() < len(met) and (lengths[~met] == 0).all()
    assert np.allclose(lengths[met], 1)


@pytest.mark.parametrize("function", [user_factors, item_factors])
@pytest.mark.parametrize("n_factors", [0, -1, 4])
def test_the_number_of_factors_must_fit(films, function, n_factors):
    with pytest.raises(ValueError, match=f"n_factors={n_factors} must be between 1 and 3"):
        function(user_item_matrix(films), n_factors)


def test_as_many_factors_as_users_is_possible(films):
    assert user_factors(user_item_matrix(films), 3).shape == (3, 3)
