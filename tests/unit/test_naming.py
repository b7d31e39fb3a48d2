"""Words for clusters against the formula by hand, and a blind test that can fail."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recsys_tutorial.clustering import (
    blind_match,
    class_tfidf,
    cluster_documents,
    item_words,
    top_words,
)
from recsys_tutorial.datasets import Interactions

FILMS = pd.DataFrame(
    {
        "item": [1, 2, 3, 4],
        "title": ["The Red Planet", "Red Dust 2", "It", "Blue Planet"],
        "genres": ["Sci-Fi", "Drama|War", "Horror", "Documentary"],
    }
)
LOG = Interactions.from_frame(
    pd.DataFrame({"user": [1, 1, 2, 2], "item": [1, 2, 3, 4]}),
    rating=None,
    timestamp=None,
    items=FILMS,
)


# ------------------------------------------------------------------ words of items


def test_words_are_genres_and_common_title_words():
    counts, words = item_words(LOG, pd.Index([1, 2, 3, 4]), min_items=2)
    assert set(words) == {"Sci-Fi", "Drama", "War", "Horror", "Documentary", "'red'", "'planet'"}
    per_film = [set(words[counts[[row]].nonzero()[1]]) for row in range(4)]
    assert per_film[0] == {"Sci-Fi", "'red'", "'planet'"}
    assert per_film[2] == {"Horror"}


def test_items_come_in_the_order_asked_for():
    counts, words = item_words(LOG, pd.Index([3, 1]), min_items=1)
    assert set(words[counts[[0]].nonzero()[1]]) == {"Horror"}
    assert "'blue'" not in words


def test_stop_words_numbers_and_rare_words_are_left_out():
    _, words = item_words(LOG, pd.Index([1, 2, 3, 4]), min_items=1)
    assert "'red'" in words and not {"'the'", "'it'", "'2'"} & set(words)
    _, few = item_words(LOG, pd.Index([1, 2, 3, 4]), min_items=3)
    assert not any(word.startswith("'") for word in few)


def test_five_films_make_a_title_word_unless_said_otherwise():
    titles = [f"Planet {other}" for other in ("Red", "Red", "Red", "Red", "Blue")]
    films = pd.DataFrame({"item": range(5), "title": titles})
    events = pd.DataFrame({"user": 1, "item": range(5)})
    log = Interactions.from_frame(events, rating=None, timestamp=None, items=films)
    assert item_words(log, pd.RangeIndex(5))[1].tolist() == ["'planet'"]


def test_titles_suffice_and_without_any_word_there_is_an_error():
    plain = Interactions.from_frame(
        LOG.events, rating=None, timestamp=None, items=FILMS.drop(columns="genres")
    )
    _, words = item_words(plain, pd.Index([1, 2, 3, 4]), min_items=2)
    assert sorted(words) == ["'planet'", "'red'"]
    with pytest.raises(ValueError, match="lower min_items"):
        item_words(plain, pd.Index([1, 2, 3, 4]), min_items=9)
    with pytest.raises(ValueError, match="lower min_items"):
        item_words(plain, pd.Index([3]), min_items=1)


# ------------------------------------------------------------------ documents and scores


def test_documents_by_hand():
    seen = sparse.csr_array(np.array([[1.0, 1, 0], [1, 0, 0], [0, 1, 1]]))
    words = sparse.csr_array(np.array([[1.0, 0], [0, 1], [0, 1]]))
    plain = cluster_documents(seen, [0, 0, 1], words, above_average=False)
    assert plain.tolist() == [[2, 1], [0, 2]]
    weighed = cluster_documents(seen, [0, 0, 1], words)
    # Word 0: 2/3 in the first cluster, 2/5 of everything.  Word 1: all of the second, 3/5.
    assert weighed == pytest.approx(
        np.array([[2 / 3 * np.log(5 / 3), 0], [0, np.log(5 / 3)]]), rel=1e-12
    )


def test_a_word_that_all_share_equally_weighs_nothing():
    seen = sparse.csr_array(np.ones((4, 2)))
    assert cluster_documents(seen, [0, 0, 1, 1], sparse.csr_array(np.eye(2))).max() < 1e-12


def test_users_without_a_cluster_and_empty_numbers():
    seen = sparse.csr_array(np.eye(3))
    found = cluster_documents(seen, [0, -1, 2], sparse.csr_array(np.eye(3)), above_average=False)
    assert found.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]


def test_a_single_cluster_is_a_document_in_which_no_word_stands_out():
    seen, words = sparse.csr_array(np.array([[1.0, 1], [1, 0]])), sparse.csr_array(np.eye(2))
    assert cluster_documents(seen, [0, 0], words, above_average=False).tolist() == [[2, 1]]
    assert cluster_documents(seen, [0, 0], words).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("labels", "n_items", "words"),
    [([0], 2, "users"), ([0, 1], 3, "words of 3 items"), ([-1, -1], 2, "every label is negative")],
)
def test_documents_that_cannot_be_written(labels, n_items, words):
    with pytest.raises(ValueError, match=words):
        cluster_documents(sparse.csr_array(np.eye(2)), labels, sparse.csr_array(np.eye(n_items)))


def test_class_tfidf_by_hand():
    counts = np.array([[4.0, 0, 0], [2, 2, 0]])
    # Four words per class on average; the first word occurs six times, the second twice.
    expected = [[np.log(1 + 4 / 6), 0, 0], [0.5 * np.log(1 + 4 / 6), 0.5 * np.log(3), 0]]
    assert class_tfidf(counts) == pytest.approx(np.array(expected), rel=1e-12)


def test_class_tfidf_does_not_care_about_the_unit_or_empty_classes():
    counts = np.random.default_rng(0).integers(0, 9, size=(4, 6)).astype(float)
    assert np.allclose(class_tfidf(counts), class_tfidf(10 * counts))
    assert class_tfidf(np.zeros((2, 3))).max() == 0
    assert (class_tfidf(np.array([[1.0, 2], [0, 0]]))[1] == 0).all()


def test_a_word_that_nobody_has_scores_nothing_whatever_lay_in_memory_before():
    counts = np.array([[4.0, 0, 0], [2, 2, 0]])
    # Numpy keeps a few freed arrays of a size and hands them out as they are.
    freed = [np.full(3, np.nan) for _ in range(20)]
    del freed
    assert class_tfidf(counts)[:, 2].tolist() == [0, 0]


@pytest.mark.parametrize("counts", [[1.0, 2.0], [[-1.0]], [[np.nan]]])
def test_counts_that_are_none(counts):
    with pytest.raises(ValueError, match="without negative numbers"):
        class_tfidf(counts)


def test_top_words_leaves_out_words_without_a_score():
    scores = np.array([[0.2, 0.0, 0.7], [0.0, 0.0, 0.0]])
    assert top_words(scores, np.array(["a", "b", "c"]), 2) == [("c", "a"), ()]


# ------------------------------------------------------------------ the blind test


def _crowd(rng, n_users=40, n_groups=4, n_films=12, loyalty=0.8):
    groups = np.arange(n_users) % n_groups
    own = np.arange(n_films) % n_groups == groups[:, None]
    seen = rng.random((n_users, n_films)) < np.where(own, loyalty, 0.1)
    return sparse.csr_array(seen.astype(float)), groups, sparse.csr_array(np.eye(n_films))


def test_clear_groups_are_found_and_random_ones_are_not():
    rng = np.random.default_rng(0)
    seen, groups, words = _crowd(rng)
    true = blind_match(seen, groups, words, n_repeats=20)
    control = blind_match(seen, rng.permutation(groups), words, n_repeats=20)
    assert true.mean() > 0.9 and control.mean() < 0.5
    assert true.shape == (20,)


def test_groups_without_any_difference_are_not_recognised():
    seen, words = sparse.csr_array(np.ones((8, 3))), sparse.csr_array(np.eye(3))
    assert blind_match(seen, np.arange(8) % 2, words, n_repeats=3).max() == 0


def test_the_cut_is_the_same_for_the_same_seed():
    seen, groups, words = _crowd(np.random.default_rng(1), loyalty=0.3)
    first, again, other = (blind_match(seen, groups, words, random_state=s) for s in (0, 0, 1))
    assert first.tolist() == again.tolist() != other.tolist()


def test_small_and_missing_clusters_are_left_out():
    seen, groups, words = _crowd(np.random.default_rng(2))
    groups = groups.copy()
    groups[0], groups[1] = 9, -1
    assert blind_match(seen, groups, words).mean() > 0.9
    with pytest.raises(ValueError, match="Fewer than two clusters"):
        blind_match(seen, np.zeros(40, dtype=int), words)
