"""Every recommender: the shared contract, and each formula written once more, slowly."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score

from recsys_tutorial.features import fit_user_factors, unit_rows, user_factors
from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders import (
    EASE,
    CappedRecommender,
    ClusterEASE,
    ClusterEnsemble,
    ClusterPopularity,
    GroupPopularity,
    ItemKNN,
    MixtureModel,
    Popularity,
    SoftClusterPopularity,
    UserKNN,
    explain,
    reasons,
)
from recsys_tutorial.recommenders import grouping as grouping_module
from recsys_tutorial.recommenders.ease import inverse_of_positive
from recsys_tutorial.recommenders.ranking import first_unseen, top_columns
from tests.unit.fixed_scores import Fixed


def matrix_of(rows):
    """Users u0, u1 ...; items are 100, 101 ...; an explicit 0 is not stored."""
    dense = np.atleast_2d(np.asarray(rows, dtype=float))
    users = pd.Index([f"u{i}" for i in range(len(dense))])
    return UserItemMatrix(sparse.csr_array(dense), users, pd.RangeIndex(100, 100 + dense.shape[1]))


def blocks(n_users=40, n_items=24, seed=3):
    """Two groups with favourites of their own, and some noise; nobody is without an item."""
    rng = np.random.default_rng(seed)
    group = np.arange(n_users) % 2
    taste = np.where(np.arange(n_items) < n_items // 2, 0, 1)
    chance = np.where(group[:, None] == taste, 0.5, 0.08)
    seen = rng.random((n_users, n_items)) < chance
    seen[np.arange(n_users), rng.integers(0, n_items, n_users)] = True
    return matrix_of(seen)


SMALL = blocks()
GROUPS = np.arange(40) % 2
EVERY = [
    Popularity(),
    ClusterPopularity(3, n_factors=4, shrinkage=5),
    SoftClusterPopularity(3, n_factors=4, shrinkage=5),
    GroupPopularity(GROUPS, shrinkage=5),
    ClusterEnsemble((2, 4), n_repeats=2, n_factors=4, shrinkage=5),
    MixtureModel(3, n_repeats=2, n_iter=6, n_factors=4, shrinkage=5),
    ItemKNN(5),
    UserKNN(5),
    EASE(10),
    EASE(10, user_power=0.5, item_power=0.2, form="dual"),
    ClusterEASE(10, n_clusters=(2, 4), n_repeats=2, n_factors=4),
    ClusterEASE(10, n_clusters=(2, 4), n_repeats=2, n_factors=4, form="dual"),
]


def label(model):
    return type(model).__name__ + ("-dual" if getattr(model, "form", "") == "dual" else "")


every = pytest.mark.parametrize("model", EVERY, ids=label)


def fitted(model, matrix=SMALL):
    """A fresh copy, fitted; groups of your own are cut to the number of users."""
    copy = clone(model)
    if isinstance(copy, GroupPopularity):
        copy.set_params(labels=np.arange(matrix.shape[0]) % 2)
    return copy.fit(matrix)


# ------------------------------------------------------------------ scikit-learn's conventions


@every
def test_parameters_can_be_read_set_and_cloned(model):
    parameters = model.get_params()
    assert set(parameters) and all(hasattr(model, name) for name in parameters) or not parameters
    again = type(model)(**parameters)
    assert repr(again.get_params()) == repr(parameters)
    other = clone(model).set_params(**parameters)
    assert repr(other.get_params()) == repr(parameters)


@pytest.mark.parametrize(
    "model", [*EVERY, CappedRecommender(Popularity(), ["x", "y"] * 12, at_most=2)], ids=label
)
def test_an_empty_place_has_no_item_and_no_score(model):
    """Wrappers rank on with what `_top` gives them: an empty place must never win."""
    two = np.arange(2)
    columns, scores = fitted(model)._top(np.arange(40), 5, two)
    empty = columns < 0
    assert empty[:, 2:].all() and (~empty).any()
    assert np.isneginf(scores[empty]).all() and np.isfinite(scores[~empty]).all()


@every
def test_fitting_sets_only_names_with_an_underscore_and_no_parameter(model):
    before = repr(model.get_params())
    copy = clone(model)
    names = set(vars(copy))
    assert copy.fit(SMALL) is copy
    assert all(name.endswith("_") for name in set(vars(copy)) - names)
    assert repr(copy.get_params()) == before


@every
@pytest.mark.parametrize("ask", ["scores", "recommend", "top_k", "stream"])
def test_nothing_is_answered_before_fitting(model, ask):
    with pytest.raises(NotFittedError):
        getattr(clone(model), ask)()
    with pytest.raises(NotFittedError):
        clone(model).score_histories(SMALL)


@pytest.mark.parametrize("ask", ["scores", "recommend", "top_k", "stream", "score_histories"])
def test_nothing_is_answered_after_a_fit_that_failed(ask):
    class Unlucky(Fixed):
        def fit(self, matrix):
            self.half_ = 0.5
            raise MemoryError

    model = Unlucky(np.zeros(SMALL.shape))
    with pytest.raises(MemoryError):
        model.fit(SMALL)
    with pytest.raises(NotFittedError):
        getattr(model, ask)(*([SMALL] if ask == "score_histories" else []))


@every
def test_fitting_changes_neither_its_input_nor_its_own_answer(model):
    matrix = blocks()
    copies = [a.copy() for a in (matrix.values.data, matrix.values.indices, matrix.values.indptr)]
    first, second = fitted(model, matrix).scores(), fitted(model, matrix).scores()
    np.testing.assert_array_equal(first, second)
    for copy, now in zip(copies, (matrix.values.data, matrix.values.indices, matrix.values.indptr)):
        np.testing.assert_array_equal(copy, now)


@every
def test_the_seed_is_the_only_chance(model):
    if "random_state" in model.get_params():
        other = fitted(clone(model).set_params(random_state=7)).scores()
        assert other.shape == SMALL.shape and np.isfinite(other).all()


# ------------------------------------------------------------------ ranking


def ranked_by_hand(scores, seen, k, allowed=None):
    """Sort (worse score, later column) upwards, leave out what was seen, cut, fill with -1."""
    free = [i for i in range(len(scores)) if not seen[i] and (allowed is None or i in allowed)]
    best = sorted(free, key=lambda i: (-scores[i], i))[:k]
    return best + [-1] * (k - len(best))


@every
@pytest.mark.parametrize("k", [1, 7, 60])
def test_top_k_is_the_ranking_of_the_scores(model, k):
    model = fitted(model)
    scores, seen = model.scores().astype(float), SMALL.values.toarray() > 0
    wanted = [ranked_by_hand(s, x, k) for s, x in zip(scores, seen)]
    found = model.top_k(k=k)
    assert found.dtype == np.int32 and found.tolist() == wanted


@every
def test_candidates_restrict_the_lists(model):
    model = fitted(model)
    scores, seen = model.scores().astype(float), SMALL.values.toarray() > 0
    allowed = [3, 17, 8, 20]
    wanted = [ranked_by_hand(s, x, 3, allowed) for s, x in zip(scores, seen)]
    items = [100 + i for i in allowed]
    assert model.top_k(k=3, items=items).tolist() == wanted
    assert set(model.recommend(k=3, items=items)["item"]) <= set(items)
    assert (model.top_k(k=3, items=[]) == -1).all()


@every
def test_recommend_and_stream_say_what_top_k_says(model):
    model = fitted(model)
    users = ["u7", "u0", "u39"]
    table, top = model.recommend(users, k=4), model.top_k(users, k=4)
    rows = [[c for c in row if c >= 0] for row in top.tolist()]
    wanted = [(u, r, 100 + c) for u, row in zip(users, rows) for r, c in enumerate(row, start=1)]
    assert list(table[["user", "rank", "item"]].itertuples(index=False, name=None)) == wanted
    scores = model.scores(users)
    for user, item, score in table[["user", "item", "score"]].itertuples(index=False):
        assert score == pytest.approx(scores[users.index(user), item - 100], rel=1e-6)
    streamed = list(model.stream(k=4, batch_size=7))
    assert len(streamed) == 6 and all(table.index[0] == 0 for table in streamed)
    joined = pd.concat(streamed, ignore_index=True)
    whole = model.recommend(k=4)
    pd.testing.assert_frame_equal(joined[["user", "rank", "item"]], whole[["user", "rank", "item"]])
    np.testing.assert_allclose(joined["score"], whole["score"], rtol=1e-6, atol=1e-12)


@every
def test_strangers_are_named_with_advice(model):
    model = fitted(model)
    strangers = [f"x{i}" for i in range(5)]
    with pytest.raises(KeyError, match=r"x0.*x2.*2 more.*score_histories"):
        model.top_k(["u0", *strangers])
    with pytest.raises(KeyError, match="Items not in the training data: .999"):
        model.recommend(k=2, items=[100, 999])
    for wrong in (0, -3):
        with pytest.raises(ValueError, match=f"k={wrong}"):
            model.top_k(k=wrong)
    with pytest.raises(ValueError, match="batch_size=0"):
        model.stream(batch_size=0)


def test_scores_that_are_not_numbers_are_refused_and_not_ranked():
    model = Fixed(np.array([[1.0, np.nan, 3.0]])).fit(matrix_of([[1, 0, 0]]))
    with pytest.raises(ValueError, match="Fixed gave scores that are not numbers"):
        model.top_k(k=1)
    broken = matrix_of([[1, 0, 0], [0, 1, 1]])
    broken.values.data[0] = np.nan
    with pytest.raises(ValueError, match="not numbers"):
        Popularity().fit(broken).top_k(k=1)


def test_whole_numbers_may_be_scores_and_ties_go_to_the_lower_column():
    model = Fixed(np.array([[5, 9, 5, 5, 9]])).fit(matrix_of([[0, 0, 1, 0, 0]]))
    assert model.top_k(k=4).tolist() == [[1, 4, 0, 3]]


@given(st.data())
def test_top_columns_equals_a_full_sort(data):
    n, m, k = (data.draw(st.integers(1, top)) for top in (5, 9, 12))
    cell = st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0])
    scores = np.array(data.draw(st.lists(st.lists(cell, min_size=m, max_size=m), min_size=n)))
    wanted = [ranked_by_hand(row, row == -np.inf, k) for row in scores]
    assert top_columns(scores, k).tolist() == wanted
    assert top_columns(scores.astype(np.float32), k).tolist() == wanted


@pytest.mark.parametrize("kind", ["smooth", "rising", "ties", "few left", "one value"])
@pytest.mark.parametrize("k", [1, 3, 20])
@pytest.mark.parametrize("one_empty", [False, True])
def test_top_columns_of_long_rows_equal_a_full_sort(kind, k, one_empty):
    rng = np.random.default_rng(7)
    scores = rng.random((9, 4001))
    if kind == "rising":
        scores.sort(axis=1)
    elif kind == "ties":
        scores = np.floor(scores * 40)
    elif kind == "few left":
        scores[scores < 0.9985] = -np.inf
    elif kind == "one value":
        scores[:] = 2.0
    if one_empty:  # then strips spare nothing, and all numbers are looked through
        scores[0] = -np.inf
    columns = np.arange(4001)
    for numbers in (scores, scores.astype(np.float32)):
        before = numbers.copy()
        for row, found in zip(numbers, top_columns(numbers, k), strict=True):
            best = np.lexsort((columns, -row))[:k]
            assert found.tolist() == np.where(row[best] > -np.inf, best, -1).tolist()
        assert np.array_equal(numbers, before)


@given(st.data())
def test_walking_down_group_lists_equals_ranking_everybody(data):
    n, m, k = (data.draw(st.integers(1, top)) for top in (7, 40, 4))
    seed = data.draw(st.integers(0, 999))
    rng = np.random.default_rng(seed)
    # The popular are seen most, so the top of the list is often exhausted.
    seen = rng.random((n, m)) < np.linspace(1.0, 0.3, m)
    scores, labels = -np.sort(rng.integers(0, 9, (2, m)), axis=1), rng.integers(0, 2, n)
    orders = np.argsort(-scores, axis=1, kind="stable")
    wanted = [ranked_by_hand(scores[g], x, k) for g, x in zip(labels, seen)]
    assert first_unseen(orders, labels, sparse.csr_array(seen), k).tolist() == wanted


# ------------------------------------------------------------------ people who were not there

FOLDS = [m for m in EVERY if not isinstance(m, GroupPopularity)]
FIXED = [Popularity(), EASE(10), EVERY[9], ItemKNN(5), EVERY[5]]


@pytest.mark.parametrize("model", FOLDS, ids=label)
def test_new_people_are_scored_from_their_history_matched_by_item_id(model):
    model = fitted(model)
    history = np.zeros((2, 24))
    history[0, [1, 2, 5]] = history[1, [14, 20]] = 1
    plain = model.score_histories(sparse.csr_array(history))
    assert plain.shape == (2, 24) and np.isfinite(plain).all()
    # The same people, with the items in another order and one item that nobody knows.
    order = np.random.default_rng(0).permutation(24)
    strange = np.hstack([history[:, order], np.ones((2, 1))])
    named = UserItemMatrix(
        sparse.csr_array(strange), pd.Index(["n1", "n2"]), pd.Index([*(100 + order), 555])
    )
    np.testing.assert_allclose(model.score_histories(named), plain, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("model", FIXED, ids=label)
def test_where_a_history_is_all_old_people_score_as_they_did(model):
    model = fitted(model)
    np.testing.assert_allclose(model.score_histories(SMALL), model.scores(), atol=1e-9)


@pytest.mark.parametrize("model", [m for m in FOLDS if "Cluster" in label(m)], ids=label)
def test_old_people_fall_back_into_their_groups(model):
    model = fitted(model)
    again, before = model.score_histories(SMALL), model.scores()
    alike = [np.corrcoef(a, b)[0, 1] for a, b in zip(again, before)]
    assert np.mean(np.array(alike) > 0.95) > 0.8


@pytest.mark.parametrize("model", [m for m in FOLDS if label(m) != "UserKNN"], ids=label)
def test_an_empty_history_gets_finite_scores(model):
    scores = fitted(model).score_histories(sparse.csr_array((1, 24)))
    assert scores.shape == (1, 24) and np.isfinite(scores).all()


@pytest.mark.parametrize("model", FOLDS, ids=label)
def test_nobody_new_gets_no_scores_and_a_bare_list_is_no_table(model):
    model = fitted(model)
    assert model.score_histories(sparse.csr_array((0, 24))).shape == (0, 24)
    with pytest.raises(ValueError, match="one row per person"):
        model.score_histories(np.zeros(24))


def test_popularity_ignores_histories_and_own_groups_refuse_them():
    popular = Popularity().fit(SMALL)
    assert (popular.score_histories(SMALL) == popular.popularity_).all()
    with pytest.raises(NotImplementedError, match="GroupPopularity cannot place people"):
        fitted(EVERY[3]).score_histories(SMALL)
    for kind in (ClusterPopularity, SoftClusterPopularity, ClusterEnsemble, ClusterEASE):
        model = kind(features=np.random.default_rng(0).random((40, 3))).fit(SMALL)
        with pytest.raises(NotImplementedError, match="features of your own"):
            model.score_histories(SMALL)


def test_histories_that_do_not_fit_are_refused():
    model = Popularity().fit(SMALL)
    with pytest.raises(ValueError, match="3 columns.* 24 items"):
        model.score_histories(sparse.csr_array((1, 3)))
    broken = sparse.csr_array(np.full((1, 24), np.nan))
    with pytest.raises(ValueError, match="missing or infinite"):
        model.score_histories(broken)


# ------------------------------------------------------------------ groups


def share_by_hand(seen, members, shrinkage):
    overall = seen.sum(axis=0) / seen.sum()
    counts = sum((seen[u] for u in members), np.zeros(seen.shape[1]))
    return (counts + shrinkage * overall) / (counts.sum() + shrinkage)


def test_hard_groups_equal_counting_by_hand():
    model, seen = fitted(EVERY[1]), SMALL.values.toarray()
    for u, scores in enumerate(model.scores()):
        members = [v for v in range(40) if model.labels_[v] == model.labels_[u]]
        np.testing.assert_allclose(scores, share_by_hand(seen, members, 5))


def test_the_ensemble_is_the_mean_over_its_groupings():
    model, seen = fitted(EVERY[4]), SMALL.values.toarray()
    assert model.labels_.shape == (40, 4) and model.starts_.tolist() == [0, 2, 4, 8, 12]
    for u, scores in enumerate(model.scores()):
        parts = [
            share_by_hand(seen, [v for v in range(40) if g[v] == g[u]], 5) for g in model.labels_.T
        ]
        np.testing.assert_allclose(scores, np.mean(parts, axis=0), rtol=1e-5)
    for start, end, groups in zip(model.starts_, model.starts_[1:], model.labels_.T):
        assert start <= groups.min() and groups.max() < end


def test_an_ensemble_of_one_is_one_grouping():
    model = ClusterEnsemble((3,), n_repeats=1, n_factors=4, shrinkage=5).fit(SMALL)
    same = GroupPopularity(model.labels_[:, 0], shrinkage=5).fit(SMALL)
    np.testing.assert_allclose(model.scores(), same.scores(), rtol=1e-5)


def test_groupings_differ_and_centres_are_means():
    model = ClusterEnsemble((4,), n_repeats=6, n_factors=4).fit(SMALL)
    assert len({tuple(g - s) for g, s in zip(model.labels_.T, model.starts_)}) > 1
    factors = user_factors(SMALL, 4)
    for group, centre in enumerate(model.centres_):
        members = (model.labels_ == group).any(axis=1)
        np.testing.assert_allclose(factors[members].mean(axis=0), centre, atol=1e-6)


@pytest.mark.parametrize("kind", [ClusterPopularity, SoftClusterPopularity, ClusterEnsemble])
def test_a_crowd_is_grouped_by_a_sample(kind, monkeypatch):
    crowd = blocks(n_users=600)
    monkeypatch.setattr(grouping_module, "SAMPLE", 100)
    model = kind((2,) if kind is ClusterEnsemble else 2, n_factors=3, shrinkage=5).fit(crowd)
    labels = model.labels_[:, 0] if model.labels_.ndim == 2 else model.labels_
    assert adjusted_rand_score(np.arange(600) % 2, labels) > 0.9
    # Counted from everybody, not from the sample.
    np.testing.assert_allclose(model.cluster_shares_[:2].sum(axis=1), 1, rtol=1e-5)
    if kind is ClusterPopularity:
        members = np.flatnonzero(labels == labels[0])
        wanted = share_by_hand(crowd.values.toarray(), members, 5)
        np.testing.assert_allclose(model.scores(["u0"])[0], wanted)


def test_factors_from_a_sample_describe_everybody():
    crowd = blocks(n_users=600)
    factors, basis = fit_user_factors(crowd, 3, max_users=200)
    assert factors.shape == (600, 3) and basis.shape == (24, 3)
    np.testing.assert_allclose(np.linalg.norm(factors, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(factors, unit_rows(crowd.values @ basis), atol=1e-6)
    whole, _ = fit_user_factors(crowd, 3)
    np.testing.assert_array_equal(whole, user_factors(crowd, 3))
    # Two descriptions agree if the same users are near: compare all cosines.
    assert np.corrcoef((whole @ whole.T).ravel(), (factors @ factors.T).ravel())[0, 1] > 0.9


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_clusters": ()}, r"n_clusters=\(\)"),
        ({"n_clusters": (3, 0)}, "n_clusters="),
        ({"n_repeats": 0}, "n_repeats=0"),
        ({"shrinkage": -1}, "shrinkage=-1"),
        ({"n_factors": 0}, "n_factors=0"),
        ({"features": np.zeros((2, 2))}, "2 rows.* 40 users"),
        ({"features": np.full((40, 2), np.nan)}, "finite"),
    ],
)
def test_wrong_settings_of_the_ensemble_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        ClusterEnsemble(**wrong).fit(SMALL)


# ------------------------------------------------------------------ the mixture


def test_the_mixture_equals_expectation_maximisation_by_hand():
    model = MixtureModel(2, n_repeats=1, n_iter=4, n_factors=4, shrinkage=3, tempering=0.3)
    model.fit(SMALL)
    seen, start = SMALL.values.toarray(), ClusterEnsemble((2,), n_repeats=1, n_factors=4)
    labels = start.fit(SMALL).labels_[:, 0]
    overall = seen.sum(axis=0) / seen.sum()
    belongs = np.array([[0.9 if labels[u] == c else 0.1 for c in range(2)] for u in range(40)])
    for _ in range(4):
        theta = np.array(
            [
                (sum(belongs[u, c] * seen[u] for u in range(40)) + 3 * overall)
                / (sum(belongs[u, c] * seen[u].sum() for u in range(40)) + 3)
                for c in range(2)
            ]
        )
        weights = belongs.mean(axis=0)
        chance = np.array(
            [[weights[c] * np.prod(theta[c] ** seen[u]) for c in range(2)] for u in range(40)]
        )
        belongs = chance / chance.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.cluster_shares_[0], theta, rtol=1e-8)
    np.testing.assert_allclose(model.weights_[0], weights, rtol=1e-8)
    for u in range(40):
        power = seen[u].sum() ** -0.3
        mine = np.array([weights[c] * np.prod(theta[c] ** seen[u]) ** power for c in range(2)])
        np.testing.assert_allclose(model.scores([f"u{u}"])[0], mine / mine.sum() @ theta)


@pytest.mark.parametrize("shrinkage", [0.5, 30.0])
def test_each_step_of_the_mixture_raises_its_objective(shrinkage):
    model = MixtureModel(4, n_repeats=3, n_iter=15, n_factors=4, shrinkage=shrinkage).fit(SMALL)
    assert model.log_likelihood_.shape == (3, 15)
    assert (np.diff(model.log_likelihood_, axis=1) > -1e-8).all()
    assert model.log_likelihood_[0, -1] > model.log_likelihood_[0, 0] + 0.1


def test_one_component_is_popularity():
    model = MixtureModel(1, n_repeats=2, n_factors=2).fit(SMALL)
    np.testing.assert_allclose(model.scores(), Popularity().fit(SMALL).scores())


@pytest.mark.parametrize("wrong", [{"n_iter": 0}, {"tempering": -1}, {"n_clusters": 0}])
def test_wrong_settings_of_the_mixture_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        MixtureModel(**wrong).fit(SMALL)


# ------------------------------------------------------------------ neighbours


def neighbours_by_hand(rows, i, others, n, shrinkage, power, itself):
    def similar(x, y):
        bottom = np.sqrt(x @ x) * np.sqrt(y @ y) + shrinkage
        return x @ y / bottom if bottom > 0 else 0.0

    found = [(similar(rows[i], y), j) for j, y in enumerate(others) if j != itself]
    best = sorted((pair for pair in found if pair[0] > 0), key=lambda p: (-p[0], p[1]))[:n]
    return {j: s**power for s, j in best}


@pytest.mark.parametrize(("n", "shrinkage", "power"), [(3, 0.0, 1.0), (5, 2.0, 2.0), (99, 9, 1)])
def test_item_neighbours_equal_the_formula(n, shrinkage, power):
    model, seen = ItemKNN(n, shrinkage, power).fit(SMALL), SMALL.values.toarray()
    for i in range(24):
        near = neighbours_by_hand(seen.T, i, seen.T, n, shrinkage, power, i)
        wanted = [sum(s * seen[u, j] for j, s in near.items()) for u in range(40)]
        np.testing.assert_allclose(model.scores()[:, i], wanted, atol=1e-12)


@pytest.mark.parametrize(("n", "shrinkage", "power"), [(3, 0.0, 1.0), (5, 2.0, 2.0), (99, 9, 1)])
def test_user_neighbours_equal_the_formula(n, shrinkage, power):
    model, seen = UserKNN(n, shrinkage, power).fit(SMALL), SMALL.values.toarray()
    history = np.zeros((1, 24))
    history[0, [0, 4, 13]] = 1
    for u in range(40):
        near = neighbours_by_hand(seen, u, seen, n, shrinkage, power, u)
        wanted = sum((s * seen[v] for v, s in near.items()), np.zeros(24))
        np.testing.assert_allclose(model.scores([f"u{u}"])[0], wanted, atol=1e-12)
    near = neighbours_by_hand(history, 0, seen, n, shrinkage, power, None)
    wanted = sum((s * seen[v] for v, s in near.items()), np.zeros(24))
    np.testing.assert_allclose(model.score_histories(sparse.csr_array(history))[0], wanted)


@pytest.mark.parametrize("kind", [ItemKNN, UserKNN])
@pytest.mark.parametrize("wrong", [{"n_neighbors": 0}, {"shrinkage": -1}, {"power": 0}])
def test_wrong_settings_of_neighbours_are_named(kind, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        kind(**wrong).fit(SMALL)


# ------------------------------------------------------------------ EASE


def ridge_without_itself(features, seen, j, ridge):
    """Predict item j from all columns but its own, by the normal equations."""
    others = [c for c in range(features.shape[1]) if c != j]
    x = features[:, others]
    weights = np.linalg.solve(x.T @ x + ridge * np.eye(len(others)), x.T @ seen[:, j])
    return x @ weights


def scaled_by_hand(seen, user_power, item_power):
    length, popularity = seen.sum(axis=1), seen.sum(axis=0)
    features = np.array(
        [
            [
                seen[u, j] / max(length[u], 1) ** user_power / max(popularity[j], 1) ** item_power
                for j in range(seen.shape[1])
            ]
            for u in range(len(seen))
        ]
    )
    # The mean squared length of a row is what it was.
    return features * np.sqrt((seen**2).sum() / (features**2).sum())


POWERS = [(0.0, 0.0), (0.5, 0.0), (0.0, 0.3), (0.25, 0.2)]


@pytest.mark.parametrize("form", ["primal", "dual"])
@pytest.mark.parametrize("powers", POWERS)
@pytest.mark.parametrize("shape", [(40, 24), (15, 30)])
def test_ease_is_a_ridge_regression_of_each_item_on_the_others(form, powers, shape):
    matrix = blocks(*shape)
    seen = matrix.values.toarray()
    model = EASE(7.0, *powers, form=form).fit(matrix)
    features, scores = scaled_by_hand(seen, *powers), model.scores()
    for j in range(shape[1]):
        np.testing.assert_allclose(
            scores[:, j], ridge_without_itself(features, seen, j, 7.0), atol=1e-9
        )


@pytest.mark.parametrize("form", ["primal", "dual"])
@pytest.mark.parametrize("other", [False, True], ids=["clusters", "features"])
def test_cluster_ease_is_that_ridge_with_more_columns(form, other):
    seen = SMALL.values.toarray()
    features = np.random.default_rng(2).random((40, 5)) if other else None
    model = ClusterEASE(
        7.0, 3.0, (2, 4), 2, user_power=0.5, n_factors=4, features=features, form=form
    ).fit(SMALL)
    extra = np.zeros((40, 12))
    if other:
        extra = features / np.sqrt((features**2).sum(axis=1).mean())
    else:
        for u in range(40):
            extra[u, model.labels_[u]] = 1 / np.sqrt(4)
    columns = np.hstack([scaled_by_hand(seen, 0.5, 0.0), np.sqrt(3.0) * extra])
    assert np.isclose((columns[:, 24:] ** 2).sum(axis=1).mean(), 3.0)
    for j in range(24):
        np.testing.assert_allclose(
            model.scores()[:, j], ridge_without_itself(columns, seen, j, 7.0), atol=1e-9
        )


@pytest.mark.parametrize("kind", [EASE, ClusterEASE])
@pytest.mark.parametrize("powers", POWERS)
def test_both_forms_agree_on_old_and_new_people(kind, powers):
    model = kind(20.0, user_power=powers[0], item_power=powers[1])
    primal, dual = (clone(model).set_params(form=f).fit(SMALL) for f in ("primal", "dual"))
    assert primal.kernel_inverse_ is None and dual.weights_ is None
    np.testing.assert_allclose(dual.scores(), primal.scores(), atol=1e-9)
    people = blocks(n_users=9, seed=8)
    np.testing.assert_allclose(
        dual.score_histories(people), primal.score_histories(people), atol=1e-9
    )


def test_the_smaller_form_is_chosen():
    assert EASE().fit(blocks(40, 24)).kernel_inverse_ is None
    assert EASE().fit(blocks(15, 30)).weights_ is None


def test_no_item_predicts_itself():
    model = EASE(5.0, 0.5, 0.1, form="primal").fit(SMALL)
    np.testing.assert_allclose(np.diag(model.weights_), 0, atol=1e-12)


def test_without_cluster_weight_the_hybrid_is_ease():
    hybrid = ClusterEASE(9.0, cluster_weight=0, user_power=0.5).fit(SMALL)
    np.testing.assert_array_equal(hybrid.scores(), EASE(9.0, user_power=0.5).fit(SMALL).scores())
    assert hybrid.labels_ is None
    np.testing.assert_allclose(hybrid.score_histories(SMALL), hybrid.scores(), atol=1e-9)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (EASE(0), "regularisation=0"),
        (EASE(np.nan), "regularisation=nan"),
        (EASE(form="best"), "form='best'"),
        (ClusterEASE(cluster_weight=-1), "cluster_weight=-1"),
        (ClusterEASE(features=np.zeros((3, 1))), "3 rows"),
    ],
)
def test_wrong_settings_of_ease_are_named(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(SMALL)


def test_the_inverse_by_cholesky_is_the_inverse():
    x = np.random.default_rng(0).normal(size=(9, 5))
    a = x.T @ x + np.eye(5)
    np.testing.assert_allclose(inverse_of_positive(a.copy()), np.linalg.inv(a), atol=1e-12)
    with pytest.raises(ValueError, match="positive definite"):
        inverse_of_positive(-np.eye(2))


# ------------------------------------------------------------------ hostile input

HOSTILE = {
    "one user": [[1, 0, 1]],
    "one item": [[1], [0], [1]],
    "one of each": [[1]],
    "empty rows": [[0, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 1]],
    "nothing at all": np.zeros((3, 4)),
    "duplicated rows": np.tile([[1, 0, 1, 0]], (6, 1)),
    "everything seen": np.ones((3, 3)),
    "an item nobody met": [[1, 0, 0], [0, 1, 0]],
}


@every
@pytest.mark.parametrize("rows", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.filterwarnings("error")
def test_hostile_input_gives_finite_scores_and_honest_lists(model, rows):
    matrix = matrix_of(rows)
    model = fitted(model, matrix)
    scores = model.scores()
    assert scores.shape == matrix.shape and np.isfinite(scores).all()
    seen, top = matrix.values.toarray() > 0, model.top_k(k=matrix.shape[1] + 3)
    for row, mine in zip(top, seen):
        assert sorted(row[row >= 0]) == np.flatnonzero(~mine).tolist()
        assert (row[(~mine).sum() :] == -1).all()
    assert len(model.recommend(k=99)) == (~seen).sum()
    assert model.top_k([], k=2).shape == (0, 2) and model.recommend([], k=2).empty
    assert list(model.stream([], k=2)) == []


# ------------------------------------------------------------------ reasons


def test_reasons_of_hard_groups_can_be_counted():
    model, seen = fitted(EVERY[1]), SMALL.values.toarray()
    lists = model.recommend(["u0", "u5"], k=3).set_index(pd.Index(list("abcdef")))
    table = reasons(model, lists)
    assert table.index.tolist() == list("abcdef") and (table["membership"] == 1).all()
    for key, row in lists.iterrows():
        group = model.labels_[int(row["user"][1:])]
        members = seen[model.labels_ == group]
        assert table.loc[key, "group"] == group
        assert table.loc[key, "group_share"] == pytest.approx(members[:, row["item"] - 100].mean())
        assert table.loc[key, "overall_share"] == pytest.approx(seen[:, row["item"] - 100].mean())


def test_reasons_of_soft_groups_name_the_one_that_decided():
    model, seen = fitted(EVERY[2]), SMALL.values.toarray()
    lists = model.recommend(["u3"], k=2)
    for (_, row), (_, why) in zip(lists.iterrows(), reasons(model, lists).iterrows()):
        column, parts = row["item"] - 100, model.membership_
        added = parts[3] * model.cluster_shares_[:, column]
        assert why["group"] == added.argmax() and why["membership"] == parts[3, added.argmax()]
        weight = parts[:, added.argmax()]
        assert why["group_share"] == pytest.approx(weight @ seen[:, column] / weight.sum())


def test_reasons_of_an_ensemble_are_means_over_its_groupings():
    model, seen = fitted(EVERY[4]), SMALL.values.toarray()
    lists = model.recommend(["u1"], k=2)
    for item, share in zip(lists["item"], reasons(model, lists)["group_share"]):
        parts = [seen[g == g[1], item - 100].mean() for g in model.labels_.T]
        assert share == pytest.approx(np.mean(parts))
    sentence = explain(model, lists, verb="liked").iloc[0]
    share, overall = reasons(model, lists).iloc[0][["group_share", "overall_share"]]
    assert sentence == (
        f"liked by {share:.0%} of the people in your 4 groups, and by {overall:.0%} of all users"
    )


def test_sentences_quote_the_numbers():
    names = pd.Series({0: "noir", 1: "heist", 2: "song"})
    soft, hard = fitted(EVERY[2]), fitted(EVERY[1])
    lists = soft.recommend(["u3"], k=1)
    why = reasons(soft, lists).iloc[0]
    assert explain(soft, lists, names, style="members", verb="liked").iloc[0] == (
        f"liked by {why['group_share']:.0%} of group '{names[why['group']]}', "
        f"and you are {why['membership']:.0%} in it ({why['overall_share']:.0%} of all)"
    )
    lists = hard.recommend(["u3"], k=1)
    assert ", which is yours (" in explain(hard, lists, names, style="members").iloc[0]
    # Without names the groups have numbers.
    group, _, share, overall = next(reasons(hard, lists).itertuples(index=False))
    assert explain(hard, lists).iloc[0] == (
        f"{share / overall:.1f} times as common in your group '{group}' as overall"
    )


def test_who_has_no_group_hears_of_everybody():
    labels = np.where(np.arange(40) == 3, -1, GROUPS)
    model = GroupPopularity(labels, shrinkage=5).fit(SMALL)
    lists = model.recommend(["u3"], k=2)
    assert (reasons(model, lists)["group"] == -1).all()
    for style in ("lift", "members"):
        assert (
            explain(model, lists, style=style).str.fullmatch(r"chosen by \d+% of all users").all()
        )


def test_numbers_are_not_looked_for_among_texts():
    """Not "unknown", and not a history that is empty without a word: which is which is said."""
    model = Popularity().fit(SMALL)
    with pytest.raises(KeyError, match="The item '100' cannot be among those .* such as 100"):
        model.recommend(["u0"], k=1, items=["100"])
    with pytest.raises(KeyError, match="The user 0 cannot be among those .* such as 'u0'"):
        model.recommend([0, 1], k=1)
    with pytest.raises(TypeError, match=r"write \['u0'\]"):
        model.recommend("u0", k=1)
    texts = UserItemMatrix(SMALL.values, SMALL.users, SMALL.items.map(str))
    with pytest.raises(ValueError, match="The item '100' cannot be among those"):
        fitted(EVERY[1]).score_histories(texts)
    none = UserItemMatrix(SMALL.values[:, :0], SMALL.users, SMALL.items[:0])
    assert fitted(EVERY[1]).score_histories(none).shape == SMALL.shape


def test_no_reasons_where_there_are_no_groups():
    with pytest.raises(TypeError, match="Popularity has no groups"):
        reasons(Popularity().fit(SMALL), pd.DataFrame({"user": ["u0"], "item": [100]}))
    model = fitted(EVERY[1])
    with pytest.raises(ValueError, match="style='poem'"):
        explain(model, model.recommend(["u0"], k=1), style="poem")
    empty = model.recommend([], k=1)
    assert explain(model, empty).empty and reasons(model, empty).empty


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_ratings_in_place_of_ones_do_not_upset_the_ranking(seed):
    rng = np.random.default_rng(seed)
    seen = rng.random((12, 8)) < 0.5
    matrix = matrix_of(seen * rng.integers(1, 6, (12, 8)))
    for model in (EVERY[4], ItemKNN(3), UserKNN(3), EASE(5)):
        top = fitted(model, matrix).top_k(k=8)
        for row, mine in zip(top, seen):
            assert sorted(row[row >= 0]) == np.flatnonzero(~mine).tolist()
