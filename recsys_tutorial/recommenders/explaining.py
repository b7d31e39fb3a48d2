"""Names for groups, and reasons for recommendations, in words that a user understands.

Taught in chapter 10.  A group is named after what sets it apart: what is common in it *and* rarer
elsewhere.  A reason quotes two counts that anybody can check.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.datasets import Interactions
from recsys_tutorial.features import genre_matrix
from recsys_tutorial.preprocessing import UserItemMatrix, normalise_rows
from recsys_tutorial.recommenders.clusters import (
    ClusterPopularity,
    GroupPopularity,
    SoftClusterPopularity,
)
from recsys_tutorial.recommenders.ensemble import ClusterEnsemble
from recsys_tutorial.recommenders.grouping import one_hot
from recsys_tutorial.recommenders.popularity import item_shares
from recsys_tutorial.recommenders.ranking import blocks_of

# Below this ratio "commoner in your group" would be a flattering way to say "popular".
CLEARLY_MORE = 1.2
# Fewer members who met the item are a coincidence, and a reason would tell on them.
FEWEST_MEMBERS = 3
# What nothing sets apart is told so, instead of being named after items that it never met.
NOTHING_APART = "like everybody"
# Shares that are equal differ in their last digits.
EQUAL = 1e-9


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
    """The items that set each cluster apart: those that are commoner in it than overall.

    Parameters
    ----------
    recommender : ClusterPopularity
        Fitted, hard or soft.
    n : int
        Items per cluster, at most.

    Returns
    -------
    DataFrame
        Columns ``cluster``, ``rank`` (from 1) and ``item``.  A cluster in which fewer than `n`
        items are commoner has fewer rows, and none if it is like everybody: what its members
        never met does not describe them.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> model = ClusterPopularity(n_clusters=5).fit(user_item_matrix(load_movielens()))
    >>> distinctive_items(model, n=3).shape
    (15, 3)
    """
    matrix, shares = recommender.matrix_, recommender.cluster_shares_
    labels = recommender.labels_ % (len(shares) + 1)
    # Soft groups also count a little of everybody; what sets a group apart, one of its own has met.
    met = (one_hot(labels, len(shares) + 1).T.tocsr() @ _liked(matrix)).toarray()[: len(shares)]
    cluster, rank, column = _apart(shares, item_shares(matrix), n, met > 0)
    return pd.DataFrame({"cluster": cluster, "rank": rank, "item": matrix.items[column]})


def _apart(
    shares: np.ndarray, overall: np.ndarray, n: int, met: np.ndarray | bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cluster, rank and column of the most distinctive columns, at most `n` of each cluster.

    A shrunken share lies between the cluster's own and everybody's, so it is above everybody's
    exactly if the cluster's own is.
    """
    is_more = (shares > overall * (1 + EQUAL)) & met
    scores = np.where(is_more, distinctiveness(shares, overall), -np.inf)
    top = np.argsort(-scores, axis=1, kind="stable")[:, :n]
    is_more = np.take_along_axis(is_more, top, axis=1)
    cluster, place = np.nonzero(is_more)
    return cluster, place + 1, top[is_more]


def cluster_names(recommender: ClusterPopularity, interactions: Interactions) -> pd.Series:
    """A readable name for each cluster: its two most distinctive genres, or items without genres.

    Clusters whose genres coincide get their most distinctive title as well.  A cluster that
    nothing sets apart is called "like everybody".

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
    by_cluster = best["item"].map(interactions.titles).groupby(best["cluster"])
    clusters = pd.RangeIndex(len(recommender.cluster_shares_))
    names = by_cluster.agg(" / ".join).reindex(clusters)
    if "genres" in interactions.items and (interactions.items["genres"].fillna("") != "").any():
        genres = _top_genres(recommender, interactions).reindex(clusters)
        common = genres.duplicated(keep=False) | genres.isna()
        # Where no genre stands out a title may, and the other way round.
        told = (genres + ", ").fillna("") + by_cluster.first().reindex(clusters)
        names = genres.where(~common, told).fillna(genres)
    names = names.fillna(NOTHING_APART)
    # Two clusters may still share a name when items share a title.
    repeats = names.groupby(names).cumcount()
    return names.where(repeats == 0, names + " (" + (repeats + 1).astype(str) + ")").rename("name")


def _top_genres(recommender: ClusterPopularity, interactions: Interactions) -> pd.Series:
    genres = genre_matrix(interactions).loc[recommender.matrix_.items]
    weights = normalise_rows(genres).to_numpy()
    shares = recommender.cluster_shares_ @ weights
    cluster, _, column = _apart(shares, item_shares(recommender.matrix_) @ weights, 2)
    return pd.Series(genres.columns[column], dtype=object).groupby(cluster).agg(" & ".join)


def reasons(
    recommender: ClusterPopularity | GroupPopularity | ClusterEnsemble,
    recommendations: pd.DataFrame,
) -> pd.DataFrame:
    """Count, for each recommendation, how many of the user's group chose the item.

    All numbers can be recomputed from memberships and training data alone.  What was met and not
    liked, a stored 0, does not count.

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
    return _count(recommender, recommendations).table


class _Counts(NamedTuple):
    """The table of `reasons`; of each group the share of members who met each item; its size.

    With hard groups the last row is of the users without a group, where the label -1 finds it.
    """

    table: pd.DataFrame
    shares: np.ndarray
    members: np.ndarray


def _count(
    model: ClusterPopularity | GroupPopularity | ClusterEnsemble, recommendations: pd.DataFrame
) -> _Counts:
    if not isinstance(model, ClusterPopularity | GroupPopularity | ClusterEnsemble):
        raise TypeError(f"{type(model).__name__} has no groups that could give a reason.")
    matrix = model.matrix_
    rows = model._rows(recommendations["user"].tolist())
    columns = model._columns(recommendations["item"].tolist())
    met = _liked(matrix)
    overall = met.sum(axis=0)[columns] / matrix.shape[0]
    members = _members(model)
    sizes = members.sum(axis=0, dtype=float)
    shares = (members.T.tocsr() @ met).toarray() / np.maximum(sizes, 1e-300)[:, None]
    labels, share, part = _own_groups(model, rows, columns, shares)
    table = {"group": labels, "membership": part, "group_share": share, "overall_share": overall}
    return _Counts(pd.DataFrame(table, index=recommendations.index), shares, sizes)


def _liked(matrix: UserItemMatrix) -> sparse.csr_array:
    """Who met what, as ones; a cell that holds 0 was met and not liked (see `run_pipeline`)."""
    # A copy: taking zeros out moves the cells of whoever shares them.
    liked = matrix.values.copy()
    liked.data = (liked.data > 0).astype(float)
    liked.eliminate_zeros()
    return liked


def _members(model: ClusterPopularity | GroupPopularity | ClusterEnsemble) -> sparse.csr_array:
    if isinstance(model, ClusterEnsemble):
        return one_hot(model.labels_, len(model.centres_))
    if isinstance(model, SoftClusterPopularity):
        return sparse.csr_array(model.membership_)
    n_groups = len(model.cluster_shares_)
    return one_hot(model.labels_ % (n_groups + 1), n_groups + 1)


def _own_groups(
    model: ClusterPopularity | GroupPopularity | ClusterEnsemble,
    rows: np.ndarray,
    columns: np.ndarray,
    shares: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Group, share of its members who met the item, and membership, for each pair."""
    if isinstance(model, ClusterEnsemble):
        mean = shares[model.labels_[rows], columns[:, None]].mean(axis=1)
        return np.full(len(rows), -1), mean, np.ones(len(rows))
    if isinstance(model, SoftClusterPopularity):
        labels = (model.membership_[rows] * model.cluster_shares_[:, columns].T).argmax(axis=1)
        return labels, shares[labels, columns], model.membership_[rows, labels]
    labels = model.labels_[rows]
    return labels, shares[labels, columns], np.where(labels < 0, 0.0, 1.0)


def explain(
    recommender: ClusterPopularity | GroupPopularity | ClusterEnsemble,
    recommendations: pd.DataFrame,
    names: pd.Series | None = None,
    *,
    style: str = "lift",
    verb: str = "chosen",
) -> pd.Series:
    """Say why each item was recommended.

    All numbers are counts that anybody can check (see `reasons`), not scores.  In the style "lift"
    the sentence says how many times the share of all users the share of her group's members is who
    chose the item; where she belongs to several groups and hers in the first place does not stand
    out, the mean of their shares.  It says so only where the score, too, is above what the item
    scores for everybody, and at least three members chose it: else the item is there because
    everybody likes it, and the text says that.  In the style "members" it quotes how many members
    of her group chose the item, unless they are fewer than three or the item is rarer there: a
    group that chose it less often than all did is no reason.

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
        What an interaction means: chosen, rated, liked.

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
    counts = _count(recommender, recommendations)
    if isinstance(recommender, ClusterEnsemble):
        sentences = _ensemble_sentences(recommender, counts.table, verb)
    else:
        if names is None:
            names = pd.Series(np.arange(len(recommender.cluster_shares_))).astype(str)
        if style == "lift":
            sentences = _lift_sentences(recommender, recommendations, names, counts, verb)
        else:
            sentences = _member_sentences(recommender, names, counts, verb)
    return pd.Series(sentences, index=recommendations.index, name="reason", dtype=object)


def _ensemble_sentences(model: ClusterEnsemble, table: pd.DataFrame, verb: str) -> list[str]:
    where = f"of the people in your {model.labels_.shape[1]} groups"
    sentences = []
    for share, overall in zip(table["group_share"], table["overall_share"], strict=True):
        everybody = f"{verb} by {overall:.0%} of all users"
        mine = f"{verb} by {share:.0%} {where}, and by {overall:.0%} of all users"
        sentences.append(everybody if share < overall else mine)
    return sentences


def _lift_sentences(
    model: ClusterPopularity | GroupPopularity,
    recommendations: pd.DataFrame,
    names: pd.Series,
    counts: _Counts,
    verb: str,
) -> list[str]:
    table, shares, members = counts
    rows = model._rows(recommendations["user"].tolist())
    columns = model._columns(recommendations["item"].tolist())
    overall, popularity = table["overall_share"].to_numpy(), item_shares(model.matrix_)[columns]
    # Here the group is the one where she belongs most, whatever the item.
    labels = model.labels_[rows]
    known, named, group = _named_groups(labels, names)
    own = _ratios(shares[labels, columns], overall)
    scores = np.zeros(len(labels))
    scores[known] = model.cluster_shares_[labels[known], columns[known]]
    enough = shares[labels, columns] * members[labels] > FEWEST_MEMBERS - EQUAL
    in_group = known & enough & (own >= CLEARLY_MORE) & (scores >= popularity)
    ratios = own.copy()
    in_groups = np.zeros(len(labels), bool)
    if isinstance(model, SoftClusterPopularity):
        above = recommendations["score"].to_numpy(float) >= popularity
        others = np.flatnonzero(known & above & ~in_group)
        mixed, chosen = _mixtures(model, rows[others], columns[others], shares, members)
        ratios[others] = _ratios(mixed, overall[others])
        enough = chosen > FEWEST_MEMBERS - EQUAL
        in_groups[others] = enough & (ratios[others] >= CLEARLY_MORE)
    # Millions of recommendations share a few thousand sentences: each is put together once.
    is_more = in_group | in_groups
    sentences = np.empty(len(labels), object)
    kinds, kind = _pairs(_tenths(ratios[is_more]), 2 * group[is_more] + in_group[is_more])
    more = [
        f"{n:.1f} times as common in your "
        + (f"group '{named[g // 2]}'" if g % 2 else "groups")
        + " as overall"
        for n, g in kinds
    ]
    sentences[is_more] = np.array(more, object)[kind]
    # A group that chooses the item less often than all do is no reason to recommend it.
    there = known & (own >= 1)
    kinds, kind = _pairs(overall[~is_more], (2 * group + there)[~is_more])
    also = [
        f"{verb} by {share:.0%} of all users"
        + (f", your group '{named[g // 2]}' included" if g % 2 else "")
        for share, g in kinds
    ]
    sentences[~is_more] = np.array(also, object)[kind]
    return sentences.tolist()


def _named_groups(labels: np.ndarray, names: pd.Series) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Which users have a group with a name; the names, and the place of each user's among them."""
    own, group = np.unique(labels, return_inverse=True)
    named = names.reindex(own)
    return (named.notna().to_numpy() & (own >= 0))[group], named.tolist(), group


def _mixtures(
    model: SoftClusterPopularity,
    rows: np.ndarray,
    columns: np.ndarray,
    shares: np.ndarray,
    members: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Share and number of members who met each item, averaged over the groups of each user."""
    mixed, chosen = np.zeros(len(rows)), np.zeros(len(rows))
    for block in blocks_of(np.arange(len(rows)), len(members)):
        parts = model.membership_[rows[block]] * shares[:, columns[block]].T
        mixed[block], chosen[block] = parts.sum(axis=1), parts @ members
    return mixed, chosen


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
    names: pd.Series,
    counts: _Counts,
    verb: str,
) -> list[str]:
    table = counts.table
    groups = table["group"].to_numpy()
    chosen = counts.members[groups] * table["group_share"].to_numpy()
    enough = chosen > FEWEST_MEMBERS - EQUAL
    soft, sentences = isinstance(model, SoftClusterPopularity), []
    rows = zip(table.itertuples(index=False), enough, strict=True)
    for (group, part, share, overall), are_enough in rows:
        everybody = f"{verb} by {overall:.0%} of all users"
        inside = f", and you are {part:.0%} in it" if soft else ", which is yours"
        mine = f"{verb} by {share:.0%} of group '{names.get(group)}'{inside} ({overall:.0%} of all)"
        is_reason = group >= 0 and share >= overall and are_enough
        sentences.append(mine if is_reason else everybody)
    return sentences
