"""K-means against closed forms and worked examples; the curves; the door to scikit-learn.

The comparison with scikit-learn on random data is in tests/properties.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_info, threadpool_limits

from recsys_tutorial.clustering import (
    agreement,
    assign_to_centres,
    cluster_users,
    inertia_curve,
    kmeans,
    kmeans_objective,
    kmeans_plus_plus,
    kmeans_step,
    library,
    silhouette_curve,
    squared_distances,
    stability,
    update_centres,
)

BLOBS = np.vstack([np.random.default_rng(i).normal(8 * i, 0.5, size=(30, 2)) for i in range(4)])
TRUTH = np.repeat(np.arange(4), 30)


# ------------------------------------------------------------------ closed forms


def test_two_points_one_cluster():
    found = kmeans([[0.0, 0.0], [6.0, 8.0]], 1)
    # Half the squared distance of the two: 10 ** 2 / 2.
    assert found.centres.tolist() == [[3, 4]] and found.inertia == 50


def test_two_points_two_clusters():
    found = kmeans([[0.0, 0.0], [6.0, 8.0]], 2)
    assert sorted(found.centres.tolist()) == [[0, 0], [6, 8]] and found.inertia == 0


@pytest.mark.parametrize("seed", range(5))
def test_one_cluster_costs_the_total_variance(seed):
    X = np.random.default_rng(seed).normal(size=(40, 3))
    found = kmeans(X, 1)
    assert found.inertia == pytest.approx(len(X) * X.var(axis=0).sum(), rel=1e-12)
    assert np.allclose(found.centres, X.mean(axis=0), atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_as_many_clusters_as_rows_cost_nothing(seed):
    X = np.random.default_rng(seed).normal(size=(9, 2))
    found = kmeans(X, 9)
    assert found.inertia == 0 and sorted(found.labels.tolist()) == list(range(9))


def test_equally_spaced_points_in_two_halves():
    # k runs of m neighbours on a line cost k * m * (m * m - 1) / 12.
    found = kmeans(np.arange(20.0)[:, None], 2, n_init=20)
    assert found.inertia == pytest.approx(2 * 10 * 99 / 12)


# ------------------------------------------------------------------ worked examples


CENTRES = [[1, 1], [2, 2], [3, 3]]


def test_the_articles_user_costs_one_term_not_three():
    # The source article adds 0.05 + 1.85 + 7.65 for the user at (1.2, 0.9).
    terms = squared_distances([[1.2, 0.9]], CENTRES)
    assert np.allclose(terms, [[0.05, 1.85, 7.65]])
    label = assign_to_centres([[1.2, 0.9]], CENTRES)
    assert label.tolist() == [0]
    assert kmeans_objective([[1.2, 0.9]], label, CENTRES) == pytest.approx(0.05)


def test_the_articles_update_takes_the_mean_of_the_users():
    # Its update averages the old centre; the mean of one user is that user.
    moved = update_centres([[1.2, 0.9], [2.4, 2.2], [3.5, 3.0]], [0, 1, 2], CENTRES)
    assert moved.tolist() == [[1.2, 0.9], [2.4, 2.2], [3.5, 3.0]]


SQUARE = np.array([[0.0, 0.0], [0.0, 1.0], [6.0, 0.0], [6.0, 1.0]])


def test_a_bad_start_ends_in_a_bad_minimum():
    stuck = kmeans(SQUARE, 2, init=np.array([[3.0, 0.0], [3.0, 1.0]]))
    assert stuck.inertia == 36 and stuck.labels.tolist() == [0, 1, 0, 1]
    assert kmeans(SQUARE, 2).inertia == 1


def test_one_step_by_hand():
    labels, centres = kmeans_step(SQUARE, [[0, 0], [6, 0]])
    assert labels.tolist() == [0, 0, 1, 1] and centres.tolist() == [[0, 0.5], [6, 0.5]]


def test_the_lower_number_wins_a_tie():
    assert assign_to_centres([[1.0]], [[0.0], [2.0], [0.0]]).tolist() == [0]


def test_the_objective_follows_the_labels_even_when_another_centre_is_nearer():
    assert kmeans_objective(SQUARE, [1, 1, 0, 0], [[0, 0.5], [6, 0.5]]) == 4 * 36.25


# ------------------------------------------------------------------ empty clusters


def test_an_empty_cluster_takes_over_the_farthest_row():
    X = np.array([[0.0], [1.0], [2.0], [9.0]])
    labels, centres = kmeans_step(X, np.array([[1.0], [50.0]]))
    assert labels.tolist() == [0, 0, 0, 1] and centres.tolist() == [[1], [9]]


def test_several_empty_clusters_take_different_rows():
    X = np.array([[0.0], [4.0], [9.0]])
    labels, centres = kmeans_step(X, np.array([[0.0], [70.0], [80.0]]))
    assert sorted(labels.tolist()) == [0, 1, 2] and sorted(centres.ravel().tolist()) == [0, 4, 9]


def test_the_last_member_of_a_cluster_is_not_taken():
    # The farthest row is alone in its cluster; the next one must go.
    X = np.array([[0.0], [1.0], [30.0]])
    labels, _ = kmeans_step(X, np.array([[0.0], [20.0], [-90.0]]))
    assert labels.tolist() == [0, 2, 1]


def test_no_centre_is_lost_when_rows_coincide():
    found = kmeans(np.ones((5, 2)), 3)
    assert found.centres.tolist() == [[1, 1]] * 3 and found.inertia == 0


def test_three_different_rows_among_many_copies():
    X = np.repeat([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]], 10, axis=0)
    found = kmeans(X, 3)
    assert found.inertia == 0 and np.bincount(found.labels).tolist() == [10, 10, 10]


def test_j_never_rises_even_when_a_cluster_runs_empty():
    # Two centres start at one place, so one of them gets nobody.
    X = np.array([[0.0], [1.0], [4.0], [0.0], [0.0], [2.0], [4.0], [0.0]])
    found = kmeans(X, 3, init=np.array([[6.0], [6.0], [1.0]]))
    assert (np.diff(found.history) <= 1e-12).all()
    assert found.history[-1] == pytest.approx(found.inertia)


# ------------------------------------------------------------------ k-means++


def test_plus_plus_picks_different_rows_as_long_as_there_are_any():
    X = np.repeat([[0.0], [1.0], [2.0], [3.0]], [50, 1, 1, 1], axis=0)
    for seed in range(50):
        chosen = kmeans_plus_plus(X, 4, np.random.default_rng(seed))
        assert sorted(chosen.ravel().tolist()) == [0, 1, 2, 3]


def test_plus_plus_repeats_rows_when_it_must():
    chosen = kmeans_plus_plus(np.ones((4, 2)), 3, np.random.default_rng(0))
    assert chosen.tolist() == [[1, 1]] * 3


def test_plus_plus_draws_by_squared_distance():
    # From 0 the chances of 1 and 3 are 1 : 9; over all first choices 3 comes up often.
    X = np.array([[0.0], [1.0], [3.0]])
    pairs = [kmeans_plus_plus(X, 2, np.random.default_rng(s)).ravel() for s in range(6000)]
    from_zero = [second for first, second in pairs if first == 0]
    assert 1800 < len(from_zero) < 2200
    assert np.mean(np.array(from_zero) == 3) == pytest.approx(0.9, abs=0.02)


# ------------------------------------------------------------------ the whole algorithm


def test_separate_groups_are_found():
    found = kmeans(BLOBS, 4)
    assert agreement(found.labels, TRUTH) == 1.0
    assert found.inertia == pytest.approx(KMeans(4, n_init=10, random_state=0).fit(BLOBS).inertia_)


def test_the_result_fits_together():
    found = kmeans(BLOBS, 3)
    assert found.labels.tolist() == assign_to_centres(BLOBS, found.centres).tolist()
    assert found.inertia == kmeans_objective(BLOBS, found.labels, found.centres)
    assert np.allclose(found.centres, [BLOBS[found.labels == i].mean(axis=0) for i in range(3)])
    assert (np.diff(found.history) <= 1e-9).all()


def test_the_seed_decides_and_more_starts_never_hurt():
    X = np.random.default_rng(1).uniform(size=(80, 2))
    assert np.array_equal(kmeans(X, 6).centres, kmeans(X, 6).centres)
    inertias = [kmeans(X, 6, n_init=n).inertia for n in (1, 3, 10)]
    assert inertias == sorted(inertias, reverse=True)


def test_one_iteration_is_one_step():
    X, start = BLOBS, BLOBS[:3]
    once = kmeans(X, 3, init=start, max_iter=1)
    assert np.array_equal(once.centres, kmeans_step(X, start)[1]) and len(once.history) == 1


def test_tables_and_lists_are_welcome_and_left_alone():
    frame = pd.DataFrame(BLOBS, columns=["a", "b"])
    kept = frame.copy(deep=True)
    assert kmeans(frame, 4).inertia == kmeans(BLOBS.tolist(), 4).inertia
    pd.testing.assert_frame_equal(frame, kept)
    labels, centres = np.array([0, 0, 0, 0]), np.array([[0.0, 0.0], [9.0, 9.0]])
    update_centres(SQUARE, labels, centres)
    assert labels.tolist() == [0, 0, 0, 0] and centres.tolist() == [[0, 0], [9, 9]]


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("X", "words"),
    [
        ([[1.0, np.nan], [1.0, 2.0]], "1 row.*first row 0.*chapter 2"),
        ([[1.0, 2.0], [1.0, np.inf]], "1 row.*first row 1"),
        ([1.0, 2.0], "table with rows and columns"),
        ([[[1.0]]], "table with rows and columns"),
        (np.empty((0, 2)), "table with rows and columns"),
        (np.empty((2, 0)), "table with rows and columns"),
        ([["a", "b"]], "could not convert"),
    ],
)
def test_unusable_points_are_refused(X, words):
    with pytest.raises(ValueError, match=words):
        kmeans(X, 1)
    with pytest.raises(ValueError, match=words):
        squared_distances(X, [[0.0, 0.0]])


@pytest.mark.parametrize("n_clusters", [0, -1, 5])
def test_the_number_of_clusters_lies_between_1_and_the_rows(n_clusters):
    words = f"n_clusters={n_clusters} must be between 1 and 4"
    with pytest.raises(ValueError, match=words):
        kmeans(SQUARE, n_clusters)
    with pytest.raises(ValueError, match=words):
        kmeans_plus_plus(SQUARE, n_clusters, np.random.default_rng(0))


@pytest.mark.parametrize("options", [{"n_init": 0}, {"max_iter": 0}])
def test_there_is_at_least_one_start_and_one_iteration(options):
    with pytest.raises(ValueError, match="at least 1"):
        kmeans(SQUARE, 2, **options)


@pytest.mark.parametrize("init", [np.zeros((3, 2)), np.zeros((2, 1)), np.zeros(2)])
def test_the_start_has_the_right_shape(init):
    with pytest.raises(ValueError, match="init must have shape"):
        kmeans(SQUARE, 2, init=init)


def test_the_start_has_no_gaps():
    with pytest.raises(ValueError, match="init has 1 row"):
        kmeans(SQUARE, 2, init=np.array([[0, np.nan], [1, 1]]))


@pytest.mark.parametrize("centres", [[[1.0]], [[1.0, 1.0, 1.0]]])
def test_centres_have_as_many_columns_as_the_points(centres):
    # NumPy would stretch the single column and give a number.
    for call in (
        lambda: squared_distances(SQUARE, centres),
        lambda: update_centres(SQUARE, [0, 0, 0, 0], centres),
        lambda: kmeans_objective(SQUARE, [0, 0, 0, 0], centres),
    ):
        with pytest.raises(ValueError, match="columns"):
            call()


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0], "each of the 4 rows"),
        ([[0, 0, 0, 0]], "each of the 4 rows"),
        ([0, 0, -1, 0], "Row 2 has label -1; there are 2"),
        ([0, 2, 0, 0], "Row 1 has label 2; there are 2"),
        ([0, 0.5, 0, 0], "Row 1 has label 0.5"),
    ],
)
def test_labels_must_fit(labels, words):
    for call in (kmeans_objective, update_centres):
        with pytest.raises(ValueError, match=words):
            call(SQUARE, labels, [[0.0, 0.0], [6.0, 0.0]])


def test_there_are_not_more_clusters_than_rows_to_fill_them():
    with pytest.raises(ValueError, match="2 rows cannot fill 3 clusters"):
        update_centres([[0.0], [1.0]], [0, 0], [[0.0], [1.0], [2.0]])


# ------------------------------------------------------------------ judging


def test_inertia_falls_with_every_cluster():
    curve = inertia_curve(BLOBS, range(1, 6))
    assert curve.index.tolist() == [1, 2, 3, 4, 5] and curve.index.name == "n_clusters"
    assert curve.is_monotonic_decreasing and curve.name == "inertia"
    assert curve[1] == pytest.approx(len(BLOBS) * BLOBS.var(axis=0).sum())


def test_silhouette_finds_clear_groups():
    curve = silhouette_curve(BLOBS, range(2, 7))
    assert curve.idxmax() == 4 and curve.between(-1, 1).all()
    assert curve[4] == pytest.approx(silhouette_score(BLOBS, TRUTH))


def test_agreement_ignores_the_numbers_of_the_clusters():
    assert agreement([0, 0, 1, 2], [7, 7, 5, 3]) == 1.0
    assert agreement([0, 1, 0, 1], [0, 0, 1, 1]) < 0
    assert agreement(np.zeros(6), np.arange(6)) == 0.0


def test_agreement_of_chance_is_about_zero():
    rng = np.random.default_rng(0)
    values = [agreement(rng.integers(4, size=200), rng.integers(4, size=200)) for _ in range(50)]
    assert abs(np.mean(values)) < 0.01


def test_clear_groups_are_stable_and_noise_is_not():
    noise = np.random.default_rng(0).uniform(size=(120, 2))
    assert stability(BLOBS, 4, n_repeats=2).min() == 1.0
    shaky = stability(noise, 7, n_repeats=3)
    assert shaky.shape == (3,) and shaky.mean() < 0.8
    assert np.allclose(shaky, stability(noise, 7, n_repeats=3))


# ------------------------------------------------------------------ the door to scikit-learn


@pytest.mark.parametrize("method", ["kmeans", "dbscan", "hierarchical"])
def test_every_method_finds_clear_groups(method):
    labels = cluster_users(BLOBS, method, n_clusters=4, eps=1.5)
    assert agreement(labels, TRUTH) == 1.0 and np.issubdtype(labels.dtype, np.integer)


def test_dbscan_marks_a_lonely_user_as_noise():
    labels = cluster_users(np.vstack([BLOBS, [[100.0, -100.0]]]), "dbscan", eps=1.5)
    assert labels[-1] == -1 and (labels[:-1] >= 0).all()


def test_an_unknown_method_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"\['kmeans', 'dbscan', 'hierarchical'\], not 'k-means'"):
        cluster_users(BLOBS, "k-means")


@pytest.mark.parametrize("method", ["kmeans", "hierarchical"])
@pytest.mark.parametrize("n_clusters", [0, 5])
def test_the_door_checks_the_number_of_clusters(method, n_clusters):
    with pytest.raises(ValueError, match=f"n_clusters={n_clusters} must be between 1 and 4"):
        cluster_users(SQUARE, method, n_clusters=n_clusters)


@pytest.mark.parametrize(("small", "n_threads"), [(8, 1), (7, 2)])
def test_a_small_table_is_clustered_by_one_thread(monkeypatch, small, n_threads):
    asked = []

    class Watched(KMeans):
        def fit(self, X):
            pools = threadpool_info()
            asked.extend(p["num_threads"] for p in pools if p["user_api"] == "openmp")
            return self

    monkeypatch.setattr(library, "KMeans", Watched)
    monkeypatch.setattr(library, "SMALL", small)
    with threadpool_limits(2, "openmp"):
        library.fit_kmeans(np.zeros((4, 2)), 2)
    assert asked and set(asked) == {n_threads}


def test_the_recommended_settings_raise_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for method in ("kmeans", "dbscan", "hierarchical"):
            cluster_users(BLOBS, method, n_clusters=4)
