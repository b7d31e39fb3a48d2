"""Names for groups, and reasons for recommendations, in words that a user understands.

Taught in chapter 10.  A group is named after what sets it apart: what is common in it *and* rarer
elsewhere.  A reason quotes two counts that anybody can check.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from recsys_tutorial.datasets import Interactions
from recsys_tutorial.features import genre_matrix
from recsys_tutorial.preprocessing import normalise_rows
from recsys_tutorial.recommenders.clusters import ClusterPopularity
from recsys_tutorial.recommenders.popularity import item_shares

# Below this ratio "commoner in your group" would be a flattering way to say "popular".
CLEARLY_MORE = 1.2


def distinctiveness(shares: np.ndarray, overall: np.ndarray) -> np.ndarray:
    """How much each item says about each cluster: ``share * log(share / overall)``.

    The sum over items is the Kullback-Leibler divergence of the cluster from everybody, so an item
    scores high only if it is both frequent in the cluster and rarer elsewhere.

    Parameters
    ----------
    shares : ndarray, shape (n_clusters, n_items)
        Item shares of each cluster; rows sum to 1.
    overall : ndarray, shape (n_items,)
        Item shares of everybody.

    Returns
    -------
    ndarray, shape (n_clusters, n_items)
        Scores in nats; 0 where the cluster never met the item.

    Examples
    --------
    >>> distinctiveness(np.array([[0.5, 0.5]]), np.array([0.25, 0.75])).round(3).tolist()
    [[0.347, -0.203]]
    """
    ratio = np.divide(shares, overall, out=np.ones_like(shares), where=(shares > 0) & (overall > 0))
    return shares * np.log(ratio)


def distinctive_items(recommender: ClusterPopularity, n: int = 5) -> pd.DataFrame:
    """The items that set each cluster apart.

    Parameters
    ----------
    recommender : ClusterPopularity
        Fitted, hard or soft.
    n : int
        Items per cluster.

    Returns
    -------
    DataFrame
        Columns ``cluster``, ``rank`` (from 1) and ``item``.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> model = ClusterPopularity(n_clusters=5).fit(user_item_matrix(load_movielens()))
    >>> distinctive_items(model, n=3).shape
    (15, 3)
    """
    matrix = recommender.matrix_
    scores = distinctiveness(recommender.cluster_shares_, item_shares(matrix))
    top = np.argsort(-scores, axis=1, kind="stable")[:, :n]
    return pd.DataFrame(
        {
            "cluster": np.repeat(np.arange(len(top)), top.shape[1]),
            "rank": np.tile(np.arange(1, top.shape[1] + 1), len(top)),
            "item": matrix.items[top.ravel()],
        }
    )


def cluster_names(recommender: ClusterPopularity, interactions: Interactions) -> pd.Series:
    """A readable name for each cluster: its two most distinctive genres, or items without genres.

    Clusters whose genres coincide get their most distinctive title as well.

    Parameters
    ----------
    recommender : ClusterPopularity
        Fitted, hard or soft.
    interactions : Interactions
        A log with the item table.

    Returns
    -------
    Series of str
        Names, all different, indexed by cluster number.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> movielens = load_movielens()
    >>> model = ClusterPopularity(n_clusters=5).fit(user_item_matrix(movielens))
    >>> cluster_names(model, movielens).is_unique
    True
    """
    best = distinctive_items(recommender, n=2)
    titles = best["item"].map(interactions.titles).groupby(best["cluster"]).agg(list)
    if "genres" in interactions.items and (interactions.items["genres"].fillna("") != "").any():
        genres = _top_genres(recommender, interactions)
        common = genres.duplicated(keep=False)
        names = genres.where(~common, genres + ", " + titles.str[0])
    else:
        names = titles.str.join(" / ")
    # Two clusters may still share a name when items share a title.
    repeats = names.groupby(names).cumcount()
    return names.where(repeats == 0, names + " (" + (repeats + 1).astype(str) + ")").rename("name")


def _top_genres(recommender: ClusterPopularity, interactions: Interactions) -> pd.Series:
    genres = genre_matrix(interactions).loc[recommender.matrix_.items]
    weights = normalise_rows(genres).to_numpy()
    shares = recommender.cluster_shares_ @ weights
    scores = distinctiveness(shares, item_shares(recommender.matrix_) @ weights)
    top = np.argsort(-scores, axis=1, kind="stable")[:, :2]
    return pd.Series([" & ".join(genres.columns[columns]) for columns in top])


def explain(
    recommender: ClusterPopularity, recommendations: pd.DataFrame, names: pd.Series
) -> pd.Series:
    """Say why each item was recommended: how much commoner it is where the user belongs.

    The number is the score itself, divided by the popularity of the item, so the reason is the
    reason.  Where it is near 1 the item is there because everybody likes it, and the text says so.

    Parameters
    ----------
    recommender : ClusterPopularity
        Fitted, hard or soft.
    recommendations : DataFrame
        What it recommended: columns ``user``, ``item`` and ``score``.
    names : Series of str
        Name of each cluster (see `cluster_names`).

    Returns
    -------
    Series of str
        One sentence per row, same index.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> movielens = load_movielens()
    >>> model = ClusterPopularity(n_clusters=5).fit(user_item_matrix(movielens))
    >>> lists = model.recommend([1], k=1)
    >>> "your group" in explain(model, lists, cluster_names(model, movielens)).iloc[0]
    True
    """
    matrix = recommender.matrix_
    groups = names.loc[recommender.labels_[matrix.user_rows(recommendations["user"].tolist())]]
    columns = matrix.items.get_indexer(pd.Index(recommendations["item"]))
    lifts = recommendations["score"].to_numpy() / item_shares(matrix)[columns]
    chosen = np.asarray((matrix.values > 0).sum(axis=0)).ravel()[columns] / matrix.shape[0]
    sentences = [
        f"{lift:.1f} times as common in your group '{group}' as overall"
        if lift >= CLEARLY_MORE
        else f"chosen by {share:.0%} of all users, your group '{group}' included"
        for lift, share, group in zip(lifts, chosen, groups, strict=True)
    ]
    return pd.Series(sentences, index=recommendations.index, name="reason")
