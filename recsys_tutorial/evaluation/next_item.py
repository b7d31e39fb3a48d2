"""Questions with one right answer: at which rank a model put the item that came next.

Used in chapter 8.  Who is averaged: every question counts within its user, every user once.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from recsys_tutorial.features import NextItemQuestions


def target_ranks(
    scores: np.ndarray, questions: NextItemQuestions, *, places: slice = slice(None)
) -> np.ndarray:
    """Rank of the item that came next among all items that the user had not met before.

    Parameters
    ----------
    scores : ndarray, shape (n, n_items + 1)
        One row per question, higher is better; column 0, "nothing", never takes part.
    questions : NextItemQuestions
        The questions.
    places : slice
        Which questions the scores belong to; by default all.

    Returns
    -------
    ndarray of float, shape (n,)
        1 is best.  Items with the same score as the target count half: a score that says nothing
        must not win by the order of the items.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> from scipy import sparse
    >>> asked = NextItemQuestions(
    ...     np.array([[0, 1]]), np.array([2]), np.array([7]), sparse.csr_array([[0, 1, 0, 0]])
    ... )
    >>> target_ranks(np.array([[9.0, 8.0, 1.0, 2.0]]), asked)
    array([2.])
    """
    targets, seen = questions.targets[places], questions.seen[places]
    if scores.shape != (len(targets), seen.shape[1]):
        raise ValueError(f"Scores of shape {scores.shape}; {(len(targets), seen.shape[1])} wanted.")
    blocked = seen.toarray() != 0
    blocked[:, 0] = True
    # What comes a second time is a candidate at its own question, or its rank would be below 1.
    blocked[np.arange(len(targets)), targets] = False
    own = np.take_along_axis(scores, targets[:, None], axis=1)
    better = ((scores > own) & ~blocked).sum(axis=1)
    level = ((scores == own) & ~blocked).sum(axis=1)
    return 1 + better + (level - 1) / 2


def hit_and_ndcg(ranks: np.ndarray, users: np.ndarray, k: int = 20) -> pd.DataFrame:
    """Hit rate and nDCG of questions with one right answer, averaged within each user.

    Parameters
    ----------
    ranks : ndarray, shape (n_questions,)
        Rank of the right answer (see `target_ranks`).
    users : ndarray, shape (n_questions,)
        Whose question it is.
    k : int
        Places that count.

    Returns
    -------
    DataFrame
        Indexed by user, columns ``hit`` and ``ndcg``.

    Examples
    --------
    >>> hit_and_ndcg(np.array([1, 3, 50]), np.array(["a", "b", "b"]), k=20).values.tolist()
    [[1.0, 1.0], [0.5, 0.25]]
    """
    inside = ranks <= k
    table = pd.DataFrame({"hit": inside * 1.0, "ndcg": inside / np.log2(ranks + 1)})
    return table.groupby(np.asarray(users)).mean().rename_axis("user")
