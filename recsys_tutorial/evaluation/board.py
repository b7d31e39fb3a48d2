"""Recommenders side by side, on one test, with an interval for the gain over a baseline.

Used in chapter 10, taught in chapter 11.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from recsys_tutorial.datasets import Interactions
from recsys_tutorial.datasets.interactions import need_one_type
from recsys_tutorial.evaluation.describing import coverage_at_k, novelty_at_k
from recsys_tutorial.evaluation.per_user import per_user_metrics, relevant_items
from recsys_tutorial.evaluation.resampling import bootstrap_interval
from recsys_tutorial.recommenders import Recommender


def leaderboard(
    recommenders: Mapping[str, Recommender],
    test: Interactions,
    *,
    k: int = 20,
    min_rating: float | None = None,
    baseline: str | None = None,
) -> pd.DataFrame:
    """Compare fitted recommenders on the same test.

    Parameters
    ----------
    recommenders : mapping of str to Recommender
        Fitted on the same training matrix.
    test : Interactions
        The held-out events.
    k : int
        Places that count.
    min_rating : float, optional
        As in `relevant_items`.
    baseline : str, optional
        Name of the recommender to compare with; by default the first.

    Returns
    -------
    DataFrame
        One row per recommender: the mean of each metric of `METRICS`; ``coverage``; ``novelty``
        (mean over the users who got a list, missing if nobody did); ``served`` (share of the
        averaged users who got a list); ``ndcg_ratio`` (to the baseline), and ``gain_low``,
        ``gain_high``: a 95 % interval of the paired nDCG difference.

    Raises
    ------
    ValueError
        If there are no recommenders, no user has a relevant item, or users are numbers in the test
        and texts in the training data (or the other way round).
    KeyError
        If `baseline` is not among the recommenders.

    Examples
    --------
    >>> from recsys_tutorial.preprocessing import split_random, user_item_matrix
    >>> from recsys_tutorial.recommenders import Popularity
    >>> log = pd.DataFrame({"user": [1, 1, 2, 2], "item": ["a", "b", "a", "b"]})
    >>> train, test = split_random(Interactions.from_frame(log, rating=None, timestamp=None))
    >>> leaderboard({"popularity": Popularity().fit(user_item_matrix(train))}, test, k=1)["recall"]
    recommender
    popularity    1.0
    Name: recall, dtype: float64
    """
    if not recommenders:
        raise ValueError("Give at least one fitted recommender.")
    first = next(iter(recommenders)) if baseline is None else baseline
    if first not in recommenders:
        raise KeyError(f"baseline={first!r} is not among {list(recommenders)}.")
    relevant = relevant_items(test, min_rating=min_rating)
    if not relevant:
        raise ValueError("No user has a relevant item in the test. Lower min_rating.")
    tables, rows = {}, {}
    for name, recommender in recommenders.items():
        need_one_type("user", list(relevant)[:1], recommender.matrix_.users)
        known = [user for user in relevant if user in recommender.matrix_.users]
        lists = recommender.recommend(known, k)
        tables[name] = per_user_metrics(lists, relevant, k)
        rows[name] = {
            **tables[name].mean(),
            "coverage": coverage_at_k(lists, len(recommender.matrix_.items), k),
            "novelty": novelty_at_k(lists, recommender.matrix_, k).mean(),
            "served": lists["user"].nunique() / len(relevant),
        }
    reference = tables[first]["ndcg"]
    for name, table in tables.items():
        gain = bootstrap_interval(table["ndcg"] - reference)
        ratio = table["ndcg"].mean() / reference.mean() if reference.mean() > 0 else np.nan
        rows[name] |= {"ndcg_ratio": ratio, "gain_low": gain.low, "gain_high": gain.high}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("recommender")
