"""Questions with one right answer: ranks and averages."""

import numpy as np
import pytest
from scipy import sparse

from recsys_tutorial.evaluation import hit_and_ndcg, target_ranks
from recsys_tutorial.features import NextItemQuestions


def questions(targets, seen):
    n = len(targets)
    return NextItemQuestions(
        np.zeros((n, 2), dtype="int32"), np.array(targets), np.arange(n), sparse.csr_array(seen)
    )


def test_ranks_leave_out_what_was_seen():
    asked = questions([2, 2], [[0, 1, 0, 0, 0], [0, 0, 0, 0, 0]])
    scores = np.array([[99, 9.0, 5.0, 7.0, 1.0]] * 2)
    assert target_ranks(scores, asked).tolist() == [2, 3]
    assert target_ranks(scores[1:], asked, places=slice(1, 2)).tolist() == [3]


def test_a_score_that_says_nothing_gets_the_middle_rank():
    asked = questions([1, 4], [[0] * 5, [0, 1, 0, 0, 0]])
    assert target_ranks(np.zeros((2, 5)), asked).tolist() == [2.5, 2]


def test_scores_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="wanted"):
        target_ranks(np.zeros((2, 4)), questions([1, 4], [[0] * 5] * 2))


def test_hits_are_averaged_within_a_viewer_first():
    table = hit_and_ndcg(np.array([1, 21, 2, 99]), np.array([7, 7, 7, 8]), k=20)
    assert table.loc[7, "hit"] == pytest.approx(2 / 3) and table.loc[8].tolist() == [0, 0]
    assert table.loc[7, "ndcg"] == pytest.approx((1 + 1 / np.log2(3)) / 3)


def test_a_repeated_item_is_a_candidate_at_its_own_question():
    """It was met, and yet it is the answer: left out, its rank would be half a place above 1."""
    met = sparse.csr_array([[0, 1, 1, 0]])
    again = NextItemQuestions(np.array([[1, 2]]), np.array([2]), np.array([7]), met)
    assert target_ranks(np.array([[0.0, 9.0, 3.0, 1.0]]), again).tolist() == [1]
    assert target_ranks(np.array([[0.0, 9.0, 1.0, 3.0]]), again).tolist() == [2]
