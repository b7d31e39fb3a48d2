"""Two measures that mislead: the article's accuracy, and the error of predicted ratings.

Taught in chapter 11, where both prefer the worse of two recommenders.  They are here so that
readers can see it happen, and compare with work that reports them.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from recsys_tutorial.evaluation.per_user import per_user_metrics


def classification_accuracy(
    recommendations: pd.DataFrame,
    relevant: Mapping[Hashable, Collection[Hashable]],
    n_items: int,
    k: int,
) -> pd.Series:
    """Share of the catalogue that a list treated rightly: shown and wanted, or neither.

    The article asks for this figure and describes precision.  Nearly everything in a catalogue is
    neither shown nor wanted, so recommending nothing scores close to 1.

    Parameters
    ----------
    recommendations : DataFrame
        Columns ``user``, ``rank`` and ``item``.
    relevant : mapping
        User id to relevant items (see `relevant_items`).
    n_items : int
        Size of the catalogue.
    k : int
        Places that count.

    Returns
    -------
    Series
        Between 0 and 1, one number per user who has a relevant item.

    Raises
    ------
    ValueError
        As in `per_user_metrics`, or if a user was shown or wanted more items than there are.

    Examples
    --------
    >>> nothing = pd.DataFrame({"user": [], "rank": [], "item": []})
    >>> classification_accuracy(nothing, {1: {"a"}, 2: {"b", "c"}}, n_items=100, k=10).tolist()
    [0.99, 0.98]
    """
    hits = per_user_metrics(recommendations, relevant, k)["precision"] * k
    n_relevant = np.array([len(set(items)) for items in relevant.values()], dtype=float)
    lists = recommendations.groupby("user").size().clip(upper=k)
    n_shown = lists.reindex(hits.index).fillna(0).to_numpy()
    wrong = n_shown + n_relevant - 2 * hits
    if len(hits) and (n_shown + n_relevant - hits).max() > n_items:
        raise ValueError(f"A user was shown or wanted more items than the {n_items} there are.")
    return (1 - wrong / n_items).rename("accuracy")


def rating_rmse(
    predicted: Sequence[float] | np.ndarray | pd.Series,
    actual: Sequence[float] | np.ndarray | pd.Series,
) -> float:
    """Root of the mean squared error of predicted ratings.

    Parameters
    ----------
    predicted, actual : sequence of float
        One number per rating, in the same order.

    Returns
    -------
    float
        In units of the ratings, for example stars; at least 0.

    Raises
    ------
    ValueError
        If there are no ratings, one is missing, or the two do not line up.

    Notes
    -----
    Only items that somebody chose to rate enter.  What a recommender must do is to find these
    items among all others, and of that the error says nothing [cremonesi2010performance].

    Examples
    --------
    >>> rating_rmse([3.0, 4.0], [4.0, 3.0])
    1.0
    """
    first, second = np.asarray(predicted, dtype=float), np.asarray(actual, dtype=float)
    if first.shape != second.shape or first.ndim != 1 or first.size == 0:
        raise ValueError(f"{first.shape} predictions for {second.shape} ratings: give one each.")
    if np.isnan(first).any() or np.isnan(second).any():
        raise ValueError("A rating is missing. Predict all of them, or say which are left out.")
    return float(np.sqrt(np.mean((first - second) ** 2)))
