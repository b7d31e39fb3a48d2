"""Content, knowledge and fusion: against their definitions, written out item by item."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.stats import rankdata, zscore
from sklearn.base import clone

from recsys_tutorial.datasets import DataError, Interactions, load_movielens
from recsys_tutorial.preprocessing import UserItemMatrix, split_items, user_item_matrix
from recsys_tutorial.recommenders import (
    EASE,
    ClusterPopularity,
    ContentRecommender,
    Fusion,
    KnowledgeRecommender,
    MixtureModel,
    Popularity,
    UserKNN,
    borrow_scores,
    fuse,
    item_facts,
    top_unseen,
)
from recsys_tutorial.recommenders.cold_start import reciprocal_ranks, standardise_rows

ITEMS = pd.Index(["a", "b", "c", "d", "e"])
# "e" is new: nobody has met it.
SEEN = np.array([[1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 0, 1, 0]], dtype=float)
FACTS = pd.DataFrame(
    {"Comedy": [1.0, 0, 1, 0, 1], "Horror": [0.0, 1, 0, 1, 0], "1990s": [0.0, 0, 1, 1, 1]},
    index=ITEMS,
)


@pytest.fixture
def matrix():
    return UserItemMatrix(sparse.csr_array(SEEN), pd.Index([1, 2, 3]), ITEMS)


def histories(*rows):
    return sparse.csr_array(np.array(rows, dtype=float))


def cosine(a, b):
    size = np.linalg.norm(a) * np.linalg.norm(b)
    return a @ b / size if size > 0 else 0.0


# ------------------------------------------------------------------ facts


def test_facts_are_genres_and_decades():
    items = pd.DataFrame(
        {
            "item": [3, 1, 2],
            "title": ["x", "y", "z"],
            "genres": ["Drama", "Comedy|Drama", None],
            "year": [2000, 1999, np.nan],
        }
    )
    log = pd.DataFrame({"user": [1, 1], "item": [1, 3]})
    facts = item_facts(Interactions.from_frame(log, items, rating=None, timestamp=None))
    assert facts.index.tolist() == [1, 2, 3]
    assert facts.columns.tolist() == ["Comedy", "Drama", "1990s", "2000s"]
    assert facts.to_numpy().tolist() == [[1, 1, 1, 0], [0, 0, 0, 0], [0, 1, 0, 1]]


def test_facts_of_movielens_have_one_decade_at_most():
    facts = item_facts(load_movielens())
    decades = facts[[c for c in facts if c.endswith("0s")]]
    assert decades.shape[1] >= 10 and decades.sum(axis=1).max() == 1
    year = load_movielens().items.set_index("item")["year"].astype(float)
    nineties = year.index[year.between(1990, 1999)]
    assert set(facts.index[facts["1990s"] > 0]) == set(nineties)


@pytest.mark.parametrize("column", ["genres", "year"])
def test_facts_need_their_columns(column):
    items = pd.DataFrame({"item": [1], "title": ["x"], "genres": ["Drama"], "year": [2000]})
    log = pd.DataFrame({"user": [1], "item": [1]})
    table = items.drop(columns=column)
    with pytest.raises(DataError, match=column):
        item_facts(Interactions.from_frame(log, table, rating=None, timestamp=None))


# ------------------------------------------------------------------ content


@pytest.mark.parametrize("centre", [True, False])
def test_content_is_the_cosine_with_the_mean_of_her_items(matrix, centre):
    table = pd.DataFrame(np.random.default_rng(3).normal(size=(5, 4)) + 1, index=ITEMS)
    vectors = table.to_numpy()
    vectors = vectors - vectors.mean(axis=0) if centre else vectors
    units = [v / np.linalg.norm(v) for v in vectors]
    model = ContentRecommender(table, centre).fit(matrix)
    for row, seen in zip(model.scores(), SEEN, strict=True):
        profile = np.mean([units[i] for i in np.flatnonzero(seen)], axis=0)
        assert_allclose(row, [cosine(profile, v) for v in vectors], atol=1e-12)


def test_content_asks_nobody_else(matrix):
    alone = UserItemMatrix(sparse.csr_array((3, 5)), matrix.users, ITEMS)
    history = histories([0, 0, 1, 0, 0])
    fitted = [ContentRecommender(FACTS).fit(m).score_histories(history) for m in (matrix, alone)]
    assert (fitted[0] == fitted[1]).all()
    # The new item is like "c" in every respect, so it is as near as "c" itself.
    assert_allclose(fitted[0][0, [2, 4]], 1)


def test_content_has_no_opinion_without_a_history(matrix):
    assert (ContentRecommender(FACTS).fit(matrix).score_histories(histories([0] * 5)) == 0).all()


def test_content_finds_vectors_by_item_id(matrix):
    shuffled = FACTS.loc[["d", "e", "a", "c", "b"]]
    more = pd.concat([shuffled, pd.DataFrame([[9.0, 9, 9]], ["z"], FACTS.columns)])
    want = ContentRecommender(FACTS).fit(matrix).scores()
    assert_allclose(ContentRecommender(more).fit(matrix).scores(), want)


def test_content_scores_items_that_came_later(matrix):
    model = ContentRecommender(FACTS).fit(matrix)
    late = pd.DataFrame([[1.0, 0, 1], [0, 1, 0]], columns=FACTS.columns)
    got = model.score_items(matrix.values, late)
    # They look like "c" and "b".
    assert_allclose(got, model.scores()[:, [2, 1]], atol=1e-12)
    with pytest.raises(ValueError, match=r"shape \(1, 2\).*3 numbers"):
        model.score_items(matrix.values, np.ones((1, 2)))


def test_content_names_items_without_a_vector(matrix):
    with pytest.raises(KeyError, match=r"2 items.*item_vectors.*\['c', 'e'\]"):
        ContentRecommender(FACTS.drop(index=["c", "e"])).fit(matrix)
    with pytest.raises(ValueError, match="missing or infinite"):
        ContentRecommender(FACTS.where(FACTS > 0)).fit(matrix)


# ------------------------------------------------------------------ knowledge


def test_knowledge_is_popularity_raised_by_the_wishes(matrix):
    wishes = pd.DataFrame({"1990s": [1.0, 0.0], "Horror": [-1.0, 2.0]})
    got = KnowledgeRecommender(FACTS, strength=1.5).fit(matrix).score_wishes(wishes)
    counts = SEEN.sum(axis=0) + 1
    for person, stated in enumerate(wishes.to_dict("records")):
        total = sum(abs(w) for w in stated.values())
        for i, item in enumerate(ITEMS):
            fulfilled = sum(w * FACTS.loc[item, f] for f, w in stated.items()) / total
            want = np.log(counts[i] / counts.sum()) + 1.5 * fulfilled
            assert got[person, i] == pytest.approx(want)


def test_without_wishes_knowledge_gives_the_popular_list(matrix):
    model = KnowledgeRecommender(FACTS).fit(matrix)
    popular = Popularity().fit(matrix)
    none = pd.DataFrame(np.zeros((1, 2)), columns=["Comedy", "Horror"])
    assert model.score_wishes(none)[0].argmax() == popular.popularity_.argmax()
    assert (model.top_k(k=3) == popular.top_k(k=3)).all()
    assert_allclose(model.score_wishes(none), model.score_histories(histories([0] * 5)))


def test_without_interactions_the_rules_alone_decide(matrix):
    nobody = UserItemMatrix(sparse.csr_array((0, 5)), pd.Index([], dtype=int), ITEMS)
    scores = (
        KnowledgeRecommender(FACTS, 1.0)
        .fit(nobody)
        .score_wishes(pd.DataFrame({"Comedy": [1.0], "1990s": [1.0]}))
    )
    assert_allclose(scores[0] - np.log(1 / 5), [0.5, 0, 1, 0.5, 1])


def test_knowledge_refuses_what_it_does_not_know(matrix):
    model = KnowledgeRecommender(FACTS).fit(matrix)
    with pytest.raises(KeyError, match="Western"):
        model.score_wishes(pd.DataFrame({"Western": [1.0]}))
    with pytest.raises(ValueError, match="Write 0"):
        model.score_wishes(pd.DataFrame({"Comedy": [np.nan]}))
    for strength in (-1, np.inf, np.nan):
        with pytest.raises(ValueError, match="strength"):
            KnowledgeRecommender(FACTS, strength).fit(matrix)
    with pytest.raises(KeyError, match="facts"):
        KnowledgeRecommender(FACTS.iloc[1:]).fit(matrix)


# ------------------------------------------------------------------ fusion


def test_rows_are_standardised_as_scipy_does_it():
    scores = np.random.default_rng(0).random((4, 7)) * 100
    assert_allclose(standardise_rows(scores), zscore(scores, axis=1), atol=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 1e9])
def test_equal_scores_are_no_opinion(value):
    # 0.1 added up seven times is not 0.7: a rounding error must not be blown up to an opinion.
    assert (standardise_rows(np.full((2, 7), value)) == 0).all()
    other = np.array([[3.0, 1.0, 2.0]])
    for method in ("scores", "ranks"):
        fused = fuse([np.full((1, 3), value), other], method=method)
        assert fused[0].argsort().tolist() == [1, 2, 0]


def test_ranks_count_from_the_best_and_ties_share():
    scores = np.array([[0.1, 0.9, 0.5, 0.5]])
    assert_allclose(reciprocal_ranks(scores), 1 / (60 + np.array([[4, 1, 2.5, 2.5]])))


@pytest.mark.parametrize("method", ["scores", "ranks"])
def test_fusion_is_a_weighted_sum(method):
    rng = np.random.default_rng(1)
    opinions = [rng.random((3, 6)), 1000 * rng.random((3, 6)), -rng.random((3, 6))]
    weights = [1.0, 0.0, 2.5]
    if method == "scores":
        parts = [zscore(one, axis=1) for one in opinions]
    else:
        parts = [1 / (60 + rankdata(-one, axis=1)) for one in opinions]
    want = sum(w * part for w, part in zip(weights, parts, strict=True))
    assert_allclose(fuse(opinions, weights, method), want, atol=1e-12)
    assert_allclose(fuse(opinions, method=method), sum(parts), atol=1e-12)


def test_fusion_forgets_units_and_keeps_its_input():
    rng = np.random.default_rng(2)
    a, b = rng.random((2, 5)), rng.random((2, 5))
    before = a.copy(), b.copy()
    assert_allclose(fuse([a, b]), fuse([1e6 * a + 3, b]), atol=1e-9)
    assert (a == before[0]).all() and (b == before[1]).all()


@pytest.mark.parametrize(
    ("opinions", "weights", "method", "message"),
    [
        ([], None, "scores", "at least one"),
        ([np.ones((1, 2)), np.ones((1, 3))], None, "scores", "one shape"),
        ([np.ones(3)], None, "scores", "one shape"),
        ([np.ones((1, 2))], [1, 2], "scores", "one weight"),
        ([np.ones((1, 2))], [-1], "scores", "0 or more"),
        ([np.ones((1, 2))], [np.nan], "scores", "0 or more"),
        ([np.ones((1, 2))], [None], "scores", "0 or more"),
        ([np.ones((1, 2))], None, "votes", "votes"),
        ([np.array([[1.0, -np.inf]])], None, "scores", "not finite"),
    ],
)
def test_fusion_refuses(opinions, weights, method, message):
    with pytest.raises(ValueError, match=message):
        fuse(opinions, weights, method)


@pytest.mark.parametrize("method", ["scores", "ranks"])
def test_the_fusion_of_models_is_the_fusion_of_their_scores(matrix, method):
    parts = [Popularity(), UserKNN(), ContentRecommender(FACTS)]
    together = Fusion(parts, [1, 2, 0.5], method).fit(matrix)
    new = histories([0, 0, 1, 0, 0], [0, 0, 0, 0, 0])
    fitted = [clone(one).fit(matrix) for one in parts]
    want = fuse([one.score_histories(new) for one in fitted], [1, 2, 0.5], method)
    assert_allclose(together.score_histories(new), want)
    assert_allclose(together.scores([3, 1]), together.scores()[[2, 0]])
    assert_allclose(together.scores(), fuse([one.scores() for one in fitted], [1, 2, 0.5], method))
    assert not hasattr(parts[0], "matrix_")
    assert isinstance(clone(together), Fusion) and not hasattr(clone(together), "recommenders_")


def test_a_wrong_fusion_shows_when_it_is_fitted(matrix):
    with pytest.raises(ValueError, match="weight"):
        Fusion([Popularity()], [1, 2]).fit(matrix)
    with pytest.raises(ValueError, match="at least one"):
        Fusion([]).fit(matrix)
    with pytest.raises(ValueError, match="votes"):
        Fusion([Popularity()], method="votes").fit(matrix)


# ------------------------------------------------------------------ the bridge


def borrowed(scores, vectors, new, n, power):
    """The definition, item by item."""
    result = scores.copy()
    old = [i for i in range(len(vectors)) if i not in set(new)]
    for item in new:
        near = {j: cosine(vectors[item], vectors[j]) for j in old}
        chosen = sorted(old, key=lambda j: -near[j])[:n]
        weights = np.array([max(near[j], 0) ** power for j in chosen])
        total = weights.sum()
        result[:, item] = scores[:, chosen] @ weights / total if total > 0 else 0
    return result


@pytest.mark.parametrize(("n", "power"), [(1, 1.0), (3, 4.0), (6, 0.5), (99, 2.0)])
def test_a_borrowed_score_is_a_weighted_mean(n, power):
    rng = np.random.default_rng(n)
    scores, vectors, new = rng.random((4, 9)), rng.normal(size=(9, 3)), np.array([1, 7, 4])
    before = scores.copy()
    got = borrow_scores(scores, vectors, new, n, power)
    assert_allclose(got, borrowed(scores, vectors, new, n, power), atol=1e-12)
    assert (scores == before).all()
    old = np.setdiff1d(np.arange(9), new)
    assert (got[:, old] == scores[:, old]).all()


def test_the_bridge_is_the_same_block_by_block(monkeypatch):
    rng = np.random.default_rng(9)
    scores, vectors, new = rng.random((3, 40)), rng.normal(size=(40, 4)), np.arange(0, 40, 3)
    whole = borrow_scores(scores, vectors, new, 5)
    monkeypatch.setattr("recsys_tutorial.recommenders.ranking.BLOCK_NUMBERS", 60)
    assert_allclose(borrow_scores(scores, vectors, new, 5), whole)
    assert_allclose(borrow_scores(scores, vectors, np.array([], dtype=int)), scores)


def test_new_items_never_lend():
    scores = np.array([[1.0, 500.0, 900.0]])
    vectors = np.array([[1.0, 0.2], [1.0, 0.0], [1.0, 0.0]])
    assert borrow_scores(scores, vectors, np.array([1, 2])).tolist() == [[1, 1, 1]]


def test_what_resembles_nothing_gets_nothing():
    vectors = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
    assert borrow_scores(np.array([[5.0, 1, 1]]), vectors, np.array([1, 2])).tolist() == [[5, 0, 0]]


def test_the_bridge_refuses():
    scores, vectors = np.ones((1, 3)), np.ones((3, 2))
    with pytest.raises(ValueError, match="do not fit 2 vectors"):
        borrow_scores(scores, vectors[:2], np.array([0]))
    with pytest.raises(ValueError, match="All items are new"):
        borrow_scores(scores, vectors, np.arange(3))
    for n, power in ((0, 1.0), (1, 0.0), (1, np.inf)):
        with pytest.raises(ValueError, match="n_neighbors"):
            borrow_scores(scores, vectors, np.array([0]), n, power)


# ------------------------------------------------------------------ lists


def test_lists_leave_out_what_was_met_and_break_ties_by_column():
    scores = np.array([[3.0, 1, 3, 2, 0], [1, 1, 1, 1, 1]])
    met = histories([0, 0, 1, 0, 0], [1, 0, 0, 0, 0])
    before = scores.copy()
    assert top_unseen(scores, met, 1).tolist() == [[0], [1]]
    assert top_unseen(scores, met, 3).tolist() == [[0, 3, 1], [1, 2, 3]]
    assert top_unseen(scores, met, 6).tolist() == [[0, 3, 1, 4, -1, -1], [1, 2, 3, 4, -1, -1]]
    assert top_unseen(scores, met, 2, np.array([2, 4])).tolist() == [[4, -1], [2, 4]]
    assert (scores == before).all()


def test_lists_agree_with_those_of_a_model(matrix):
    model = UserKNN().fit(matrix)
    assert (top_unseen(model.scores(), matrix.values, 4) == model.top_k(k=4)).all()
    assert np.array_equal(top_unseen(model.scores(), matrix.values), model.top_k())


def test_lists_refuse():
    with pytest.raises(ValueError, match="differ in shape"):
        top_unseen(np.ones((1, 3)), histories([0, 0]))
    with pytest.raises(ValueError, match="k=0"):
        top_unseen(np.ones((1, 2)), histories([0, 0]), 0)
    with pytest.raises(ValueError, match="NaN"):
        top_unseen(np.array([[np.nan, 1]]), histories([0, 0]))


# ------------------------------------------------------------------ what the chapter is about


@pytest.mark.parametrize(
    "model",
    [Popularity(), UserKNN(), EASE(), ClusterPopularity(10), MixtureModel(5, 1, n_iter=3)],
    ids=lambda model: type(model).__name__,
)
def test_no_interactions_no_score_for_a_new_item(model):
    old, new = split_items(load_movielens(), 0.2)
    matrix = user_item_matrix(old)
    columns = matrix.items.get_indexer(pd.Index(new.events["item"].unique()))
    scores = model.fit(matrix).scores(matrix.users[:30])
    assert (scores[:, columns] == 0).all() and scores.max() > 0
    assert not np.isin(model.top_k(matrix.users[:30]), columns).any()
