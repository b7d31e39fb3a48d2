"""Names for groups, and reasons for recommendations, in words that a user understands.

Taught in chapter 10.  A group is named after what sets it apart: what is common in it *and* rarer
elsewhere.  A reason quotes two counts that anybody can check.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.datasets import Interactions
from recsys_tutorial.features import genre_matrix
from recsys_tutorial.preprocessing import normalise_rows
from recsys_tutorial.recommenders.clusters import (
    ClusterPopularity,
    GroupPopularity,
    SoftClusterPopularity,
)
from recsys_tutorial.recommenders.ensemble import ClusterEnsemble
from recsys_tutorial.recommenders.grouping import one_hot
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


def reasons(
    recommender: ClusterPopularity | GroupPopularity | ClusterEnsemble,
    recommendations: pd.DataFrame,
) -> pd.DataFrame:
    """Count, for each recommendation, how many of the user's group chose the item.

    All numbers can be recomputed from memberships and training data alone.

    Parameters
    ----------
    recommender : ClusterPopularity, GroupPopularity or ClusterEnsemble
        Fitted; hard or soft.
    recommendations : DataFrame
        Columns ``user`` and ``item``.

    Returns
    -------
    DataFrame
        Same index; columns ``group`` (for soft groups the one that adds most to the score; -1 if
        there is none, or more than one), ``membership`` (share of the user in it),
        ``group_share`` (of the group's members, those who met the item; members of soft groups
        count by their share; for an ensemble, the mean over its groupings) and ``overall_share``
        (of all users).

    Raises
    ------
    TypeError
        If the recommender has no groups.
    KeyError
        If a user or an item was not in the training data.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> model = ClusterPopularity(n_clusters=5).fit(user_item_matrix(load_movielens()))
    >>> table = reasons(model, model.recommend([1], k=1))
    >>> bool((table["group_share"] > table["overall_share"]).all())
    True
    """
    if not isinstance(recommender, ClusterPopularity | GroupPopularity | ClusterEnsemble):
        raise TypeError(f"{type(recommender).__name__} has no groups that could give a reason.")
    matrix = recommender.matrix_
    rows = recommender._rows(recommendations["user"].tolist())
    columns = recommender._columns(recommendations["item"].tolist())
    # Ones, not the stored values: an item rated 0 has been met.
    cells = (np.ones(matrix.values.nnz), matrix.values.indices, matrix.values.indptr)
    met = sparse.csr_array(cells, shape=matrix.shape)
    overall = met.sum(axis=0)[columns] / matrix.shape[0]
    labels, shares, part = _own_groups(recommender, rows, columns, met)
    return pd.DataFrame(
        {"group": labels, "membership": part, "group_share": shares, "overall_share": overall},
        index=recommendations.index,
    )


def _own_groups(
    model: ClusterPopularity | GroupPopularity | ClusterEnsemble,
    rows: np.ndarray,
    columns: np.ndarray,
    met: sparse.csr_array,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Group, share of its members who met the item, and membership, for each pair."""
    if isinstance(model, ClusterEnsemble):
        shares = _member_shares(one_hot(model.labels_, len(model.centres_)), met)
        mean = shares[model.labels_[rows], columns[:, None]].mean(axis=1)
        return np.full(len(rows), -1), mean, np.ones(len(rows))
    if isinstance(model, SoftClusterPopularity):
        parts = model.membership_[rows] * model.cluster_shares_[:, columns].T
        labels = parts.argmax(axis=1)
        shares = _member_shares(sparse.csr_array(model.membership_), met)
        return labels, shares[labels, columns], model.membership_[rows, labels]
    labels = model.labels_[rows]
    shares = _member_shares(one_hot(model.labels_ + 1, int(model.labels_.max()) + 2), met)
    return labels, shares[labels + 1, columns], np.where(labels < 0, 0.0, 1.0)


def _member_shares(membership: sparse.csr_array, met: sparse.csr_array) -> np.ndarray:
    sizes = np.maximum(membership.sum(axis=0, dtype=float), 1e-300)
    return (membership.T.tocsr() @ met).toarray() / sizes[:, None]


def explain(
    recommender: ClusterPopularity | GroupPopularity | ClusterEnsemble,
    recommendations: pd.DataFrame,
    names: pd.Series | None = None,
    *,
    style: str = "lift",
    verb: str = "chosen",
) -> pd.Series:
    """Say why each item was recommended.

    In the style "lift" the sentence says how much commoner the item is where the user belongs: the
    score itself, divided by the popularity of the item, so the reason is the reason.  Where it is
    near 1 the item is there because everybody likes it, and the text says so; the group where she
    belongs most is named only if the item is no rarer there.  In the style "members" it quotes how
    many members of her group chose the item (see `reasons`).

    Parameters
    ----------
    recommender : ClusterPopularity, GroupPopularity or ClusterEnsemble
        Fitted; hard or soft.  An ensemble has too many groups to name, and speaks of members only.
    recommendations : DataFrame
        What it recommended: columns ``user``, ``item`` and ``score``.
    names : Series of str, optional
        Name of each cluster (see `cluster_names`); by default its number.
    style : {"lift", "members"}
        See above.
    verb : str
        What an interaction means in the style "members": chosen, rated, liked.

    Returns
    -------
    Series of str
        One sentence per row, same index.

    Raises
    ------
    ValueError
        If the style is unknown.
    TypeError
        If the recommender has no groups.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> movielens = load_movielens()
    >>> model = ClusterPopularity(n_clusters=5).fit(user_item_matrix(movielens))
    >>> lists = model.recommend([1], k=1)
    >>> names = cluster_names(model, movielens)
    >>> "your group" in explain(model, lists, names).iloc[0]
    True
    >>> explain(model, lists, names, style="members").iloc[0][:9]
    'chosen by'
    """
    if style not in ("lift", "members"):
        raise ValueError(f"style={style!r} must be 'lift' or 'members'.")
    table = reasons(recommender, recommendations)
    if isinstance(recommender, ClusterEnsemble):
        n_groupings = recommender.labels_.shape[1]
        sentences = [
            f"{verb} by {share:.0%} of the people in your {n_groupings} groups, "
            f"and by {overall:.0%} of all users"
            for share, overall in zip(table["group_share"], table["overall_share"], strict=True)
        ]
    else:
        if names is None:
            names = pd.Series(np.arange(len(recommender.cluster_shares_))).astype(str)
        say = _lift_sentences if style == "lift" else _member_sentences
        sentences = say(recommender, recommendations, names, table, verb)
    return pd.Series(sentences, index=recommendations.index, name="reason", dtype=object)


def _lift_sentences(
    model: ClusterPopularity | GroupPopularity,
    recommendations: pd.DataFrame,
    names: pd.Series,
    table: pd.DataFrame,
    verb: str,
) -> list[str]:
    # Here the group is the one where she belongs most, whatever the item.
    labels = model.labels_[model._rows(recommendations["user"].tolist())]
    columns = model._columns(recommendations["item"].tolist())
    popularity = item_shares(model.matrix_)[columns]
    lifts = _ratios(recommendations["score"].to_numpy(float), popularity)
    # The score mixes all her groups; of the one that is named it may not be true.
    there, inside = np.zeros(len(labels), bool), labels >= 0
    own_shares = model.cluster_shares_[labels[inside], columns[inside]]
    there[inside] = _ratios(own_shares, popularity[inside]) >= 1
    # Millions of recommendations share a few thousand sentences: each is put together once.
    own, group = np.unique(labels, return_inverse=True)
    named = names.reindex(own)
    without = named.isna().to_numpy()[group]
    is_more = (lifts >= CLEARLY_MORE) & ~without
    named_more = 2 * group[is_more] + there[is_more]
    sentences = np.empty(len(lifts), object)
    kinds, kind = _pairs(_tenths(lifts[is_more]), named_more)
    more = [
        f"{n:.1f} times as common in your "
        + (f"group '{named.iloc[g // 2]}'" if g % 2 else "groups")
        + " as overall"
        for n, g in kinds
    ]
    sentences[is_more] = np.array(more, object)[kind]
    # A group that chooses the item less often than all do is no reason to recommend it.
    plain = 2 * group[~is_more] + (there & ~without)[~is_more]
    kinds, kind = _pairs(table["overall_share"].to_numpy()[~is_more], plain)
    also = [
        f"chosen by {share:.0%} of all users"
        + (f", your group '{named.iloc[g // 2]}' included" if g % 2 else "")
        for share, g in kinds
    ]
    sentences[~is_more] = np.array(also, object)[kind]
    return sentences.tolist()


def _ratios(shares: np.ndarray, popularity: np.ndarray) -> np.ndarray:
    """Divide shares by popularity; an item that nobody chose is as common as everywhere."""
    return np.divide(shares, popularity, out=np.ones(len(shares)), where=popularity > 0)


def _tenths(numbers: np.ndarray) -> np.ndarray:
    """Round to one decimal exactly as a format does, which looks at all binary digits."""
    tenths = np.rint(numbers * 10)
    near_half = np.abs(np.abs(numbers * 10 - tenths) - 0.5) < 1e-6
    tenths[near_half] = [round(float(f"{number:.1f}") * 10) for number in numbers[near_half]]
    return tenths / 10


def _pairs(numbers: np.ndarray, groups: np.ndarray) -> tuple[list[tuple[float, int]], np.ndarray]:
    """Find the different pairs, and which of them each row is."""
    different, which = np.unique(numbers, return_inverse=True)
    width = int(groups.max(initial=0)) + 1
    codes, kind = np.unique(which * width + groups, return_inverse=True)
    return list(zip(different[codes // width].tolist(), (codes % width).tolist())), kind


def _member_sentences(
    model: ClusterPopularity | GroupPopularity,
    recommendations: pd.DataFrame,
    names: pd.Series,
    table: pd.DataFrame,
    verb: str,
) -> list[str]:
    soft, sentences = isinstance(model, SoftClusterPopularity), []
    for group, part, share, overall in table.itertuples(index=False):
        everybody = f"{verb} by {overall:.0%} of all users"
        inside = f", and you are {part:.0%} in it" if soft else ", which is yours"
        mine = f"{verb} by {share:.0%} of group '{names.get(group)}'{inside} ({overall:.0%} of all)"
        sentences.append(everybody if group < 0 else mine)
    return sentences
