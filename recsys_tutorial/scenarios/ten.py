"""The ten fields of the source article's section 6, each described once.

Taught in chapter 14.  Three of the logs are real (films, lecturers, a karate club); the others are
drawn by the generators of `recsys_tutorial.datasets`, whose assumptions stand in their docstrings.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from recsys_tutorial.clustering import cluster_users, find_communities
from recsys_tutorial.datasets import (
    FieldLog,
    Interactions,
    load_insteval,
    load_karate_club,
    load_movielens,
    make_basket_log,
    make_clinic_log,
    make_feed_log,
    make_investor_log,
    make_news_log,
    make_shop_log,
    make_trips_log,
    open_in,
)
from recsys_tutorial.datasets.fields import BUY, DAY
from recsys_tutorial.datasets.shipped import read_checked
from recsys_tutorial.features import genre_profiles
from recsys_tutorial.preprocessing import (
    Split,
    UserItemMatrix,
    split_at,
    split_latest,
    split_random,
    user_item_matrix,
)
from recsys_tutorial.recommenders import (
    CappedRecommender,
    ClusterPopularity,
    FriendsOfFriends,
    GroupPopularity,
    GuardedRecommender,
    ItemKNN,
    Popularity,
    Recommender,
    SoftClusterPopularity,
    seen_of_kind,
)
from recsys_tutorial.scenarios.running import Scenario, Trial
from recsys_tutorial.scenarios.ties import split_ties
from recsys_tutorial.scenarios.weighing import recency_weights, weighted_matrix


def _groups_of(
    n_clusters: int, shrinkage: float = 200.0, n_factors: int = 20
) -> Callable[[Trial, int], Recommender]:
    """Make the usual groups: K-means on factors, and what is popular in each."""

    def groups(trial: Trial, random_state: int) -> Recommender:
        model = ClusterPopularity(
            n_clusters, n_factors, shrinkage, random_state=random_state, n_init=5
        )
        return model.fit(trial.matrix)

    return groups


def _item_knn(trial: Trial, random_state: int) -> Recommender:
    return ItemKNN().fit(trial.matrix)


def _keep(split: Split, keep: pd.Series) -> Split:
    """Ask about some of the test events only."""
    return Split(split.train, split.test.with_events(split.test.events[keep]))


def _share_of_places(lists: pd.DataFrame, trial: Trial, barred: np.ndarray) -> float:
    """Share of the places in all lists that hold something barred for this person."""
    rows = trial.matrix.user_rows(lists["user"].tolist())
    columns = trial.matrix.items.get_indexer(pd.Index(lists["item"]))
    return float(np.broadcast_to(barred, trial.matrix.shape)[rows, columns].mean())


def _guard(recommender: Recommender, trial: Trial, barred: np.ndarray) -> Recommender:
    return GuardedRecommender(recommender, ~barred).fit(recommender.matrix_)


# ------------------------------------------------------------------ e-commerce


def _split_shop(shop: FieldLog, random_state: int) -> Split:
    split = split_latest(shop.log, 0.3)
    return _keep(split, split.test.events["rating"] == BUY)


def _second_durable(trial: Trial) -> np.ndarray:
    """Kinds of which one is enough for years, where she has bought one."""
    kinds = trial.items["genres"].where(trial.items["durable"])
    return seen_of_kind(trial.matrix, kinds.tolist(), trial.matrix.values.data == BUY)


def _unweighted(trial: Trial, random_state: int) -> Recommender:
    model = ClusterPopularity(8, 20, 200.0, random_state=random_state, n_init=5)
    return model.fit(user_item_matrix(trial.train))


E_COMMERCE = Scenario(
    name="e-commerce",
    people="shoppers",
    items="goods",
    behaviour="looks (worth 1), carts (3), purchases (5): implicit signals",
    source="generated: make_shop_log",
    features="20 factors of the weighted matrix of shoppers and goods",
    grouping="K-means, 8 groups",
    recommendation="what the group bought, carted and looked at, by weight",
    harm="a second washing machine",
    rule="no durable good of a kind that she has bought",
    lesson="what an event is worth; groups are named after what their members do",
    load=lambda random_state: make_shop_log(random_state=random_state),
    split=_split_shop,
    groups=_groups_of(8),
    guard=lambda recommender, trial: _guard(recommender, trial, _second_durable(trial)),
    harm_of=lambda lists, trial: _share_of_places(lists, trial, _second_durable(trial)),
    rivals={"groups, every event 1": _unweighted, "item-kNN": _item_knn},
    weigh=weighted_matrix,
)


# ------------------------------------------------------------------ social media


def _by_topic(trial: Trial, random_state: int) -> Recommender:
    profiles = genre_profiles(trial.train).loc[trial.matrix.users].to_numpy()
    model = ClusterPopularity(
        10, shrinkage=200.0, features=profiles, random_state=random_state, n_init=5
    )
    return model.fit(trial.matrix)


def largest_topic(lists: pd.DataFrame, topics: pd.Series) -> pd.Series:
    """How much of each list one single topic takes.

    Parameters
    ----------
    lists : DataFrame
        Columns ``user`` and ``item``.
    topics : Series
        Topic of each item, indexed by item.

    Returns
    -------
    Series
        Between 0 and 1, one share per user who got a list.

    Examples
    --------
    >>> lists = pd.DataFrame({"user": [1, 1, 1, 1], "item": ["a", "b", "c", "d"]})
    >>> largest_topic(lists, pd.Series(["x", "x", "x", "y"], index=list("abcd"))).tolist()
    [0.75]
    """
    topic = lists["item"].map(topics)
    counts = topic.groupby([lists["user"], topic]).size()
    return counts.groupby("user").max() / counts.groupby("user").sum()


SOCIAL_MEDIA = Scenario(
    name="social media",
    people="members",
    items="posts",
    behaviour="likes (1), comments (2), shares (3)",
    source="generated: make_feed_log",
    features="the share of each topic in what she liked, commented on or shared",
    grouping="K-means, 10 groups",
    recommendation="posts that are popular in the group",
    harm="a bubble: one topic fills her list",
    rule="at most three of ten posts from one topic",
    lesson="variety has a price, and it can be read from a table",
    load=lambda random_state: make_feed_log(random_state=random_state),
    split=lambda feed, random_state: split_latest(feed.log, 0.25),
    groups=_by_topic,
    guard=lambda recommender, trial: CappedRecommender(
        recommender, trial.items["genres"].tolist(), at_most=3
    ).fit(recommender.matrix_),
    harm_of=lambda lists, trial: float(largest_topic(lists, trial.items["genres"]).mean()),
    rivals={"item-kNN": _item_knn},
    weigh=weighted_matrix,
)


# ------------------------------------------------------------------ video


def _load_films(random_state: int) -> FieldLog:
    films = load_movielens()
    return FieldLog(films, pd.DataFrame(index=pd.Index(np.sort(films.events["user"].unique()))))


def mean_ratings(log: Interactions, items: pd.Index, *, prior: float = 10.0) -> np.ndarray:
    """Mean rating of each item, pulled towards the mean of all where there are few ratings.

    Parameters
    ----------
    log : Interactions
        Ratings.
    items : Index
        The items, in the order wanted.
    prior : float
        Weight of the mean of all, in ratings; at least 0.

    Returns
    -------
    ndarray, shape (n_items,)
        Means; items without a rating get the mean of all.

    Examples
    --------
    >>> log = pd.DataFrame({"user": [1, 2], "item": ["a", "b"], "rating": [5, 1]})
    >>> log = Interactions.from_frame(log, timestamp=None)
    >>> mean_ratings(log, pd.Index(["a", "b", "c"]), prior=1).tolist()
    [4.0, 2.0, 3.0]
    """
    ratings = log.events.groupby("item")["rating"].agg(["sum", "count"]).reindex(items).fillna(0)
    overall = log.events["rating"].mean()
    total = ratings["count"] + prior
    means = (ratings["sum"] + prior * overall) / total.where(total > 0)
    return means.fillna(overall).to_numpy()


def _poorly_rated(trial: Trial) -> np.ndarray:
    return mean_ratings(trial.train, trial.matrix.items) < 3.25


def _disappointments(lists: pd.DataFrame, trial: Trial) -> float:
    """Share of the hits that their viewers then rated below 3 stars."""
    hits = lists[["user", "item"]].merge(trial.test.events, on=["user", "item"])
    return float((hits["rating"] < 3).mean())


VIDEO = Scenario(
    name="video",
    people="viewers",
    items="films",
    behaviour="ratings from half a star to five, with their times",
    source="real: MovieLens latest-small",
    features="20 factors of who watched what",
    grouping="K-means, 50 groups, with soft borders",
    recommendation="what the groups watched, by nearness",
    harm="she watches it and does not like it",
    rule="no film whose mean rating is below 3.25",
    lesson="watched is not liked, and liking is measured apart",
    load=_load_films,
    split=lambda films, random_state: split_latest(films.log),
    groups=lambda trial, random_state: SoftClusterPopularity(
        random_state=random_state, n_init=3
    ).fit(trial.matrix),
    guard=lambda recommender, trial: _guard(recommender, trial, _poorly_rated(trial)),
    harm_of=_disappointments,
    rivals={"item-kNN": _item_knn},
    k=20,
)


# ------------------------------------------------------------------ online education


def _load_marks(random_state: int) -> FieldLog:
    """Add the semester of every student to the log of marks."""
    table = read_checked("insteval/ratings.csv.gz")
    semester = table.groupby("user")["studage"].first()
    return FieldLog(load_insteval(), semester.rename("semester").to_frame())


def _too_early(trial: Trial) -> np.ndarray:
    """Lecturers of whose students hardly any was in her semester or an earlier one."""
    semesters = trial.people["semester"].to_numpy()
    stages = np.unique(semesters)
    reached = (semesters[:, None] <= stages).astype(float)
    met = user_item_matrix(trial.train, like=trial.matrix).values
    of_stage = (met.T @ reached).T / np.maximum(met.sum(axis=0), 1)
    return of_stage[np.searchsorted(stages, semesters)] < 0.1


EDUCATION = Scenario(
    name="online education",
    people="students",
    items="lecturers, standing in for courses",
    behaviour="marks given to lecturers whose course they took, without times",
    source="real: InstEval, ETH Zurich",
    features="20 factors of who took whose course",
    grouping="K-means, 20 groups of interest",
    recommendation="lecturers whose courses the group took",
    harm="a course for which she lacks the basis",
    rule="only lecturers of whose students a tenth or more had come no further than she has",
    lesson="a level is a condition, an interest is a preference",
    load=_load_marks,
    split=lambda marks, random_state: split_random(marks.log, random_state=random_state),
    groups=_groups_of(20),
    guard=lambda recommender, trial: _guard(recommender, trial, _too_early(trial)),
    harm_of=lambda lists, trial: _share_of_places(lists, trial, _too_early(trial)),
    rivals={
        "groups by level": lambda trial, random_state: GroupPopularity(
            trial.people["semester"].to_numpy(), 200.0
        ).fit(trial.matrix),
        "item-kNN": _item_knn,
    },
)


# ------------------------------------------------------------------ health


def _split_clinic(clinic: FieldLog, random_state: int) -> Split:
    """Ask about leaflets only: to guess the treatment is no success."""
    split = split_latest(clinic.log, 0.3)
    kind = clinic.log.items.set_index("item")["kind"]
    return _keep(split, split.test.events["item"].map(kind) == "leaflet")


def _treatments(trial: Trial) -> np.ndarray:
    return (trial.items["kind"] == "treatment").to_numpy()


def _safe(recommender: Recommender, trial: Trial) -> Recommender:
    """No treatment in any list; who reported a warning sign is first sent to a professional."""
    talk = (trial.items["kind"] == "talk").to_numpy()
    warned = trial.people["warning"].to_numpy()
    guarded = GuardedRecommender(recommender, ~_treatments(trial), warned[:, None] & talk)
    return guarded.fit(recommender.matrix_)


HEALTH = Scenario(
    name="health",
    people="patients",
    items="leaflets; treatments and talks stand in the same catalogue",
    behaviour="leaflets read, and treatments given by physicians",
    source="generated: make_clinic_log",
    features="5 factors of who read and got what",
    grouping="K-means, 5 groups of readers",
    recommendation="leaflets that the group read; a talk, never a treatment",
    harm="a treatment recommended because others got it",
    rule="treatments never; a talk with a professional first, if she reported a warning sign",
    lesson="what went well more often need not be better; a group's rate is nobody's risk",
    load=lambda random_state: make_clinic_log(random_state=random_state),
    split=_split_clinic,
    groups=_groups_of(5, 100.0, 5),
    guard=_safe,
    harm_of=lambda lists, trial: _share_of_places(lists, trial, _treatments(trial)),
    rivals={"item-kNN": _item_knn},
)


# ------------------------------------------------------------------ finance


def _unsuitable(trial: Trial) -> np.ndarray:
    risk, capacity = trial.items["risk"].to_numpy(), trial.people["capacity"].to_numpy()
    return risk > capacity[:, None]


FINANCE = Scenario(
    name="finance",
    people="investors",
    items="products, each with a risk class",
    behaviour="purchases",
    source="generated: make_investor_log",
    features="5 factors of who bought what",
    grouping="K-means, 6 groups of interest",
    recommendation="products that the group bought, if they suit the investor",
    harm="a product whose loss she could not bear",
    rule="risk class at most her capacity: filter first, rank second",
    lesson="a rule is no preference, and a metric may reward its breach",
    load=lambda random_state: make_investor_log(random_state=random_state),
    split=lambda bank, random_state: split_latest(bank.log, 0.3),
    groups=_groups_of(6, 100.0, 5),
    guard=lambda recommender, trial: _guard(recommender, trial, _unsuitable(trial)),
    harm_of=lambda lists, trial: _share_of_places(lists, trial, _unsuitable(trial)),
    rivals={"item-kNN": _item_knn},
)


# ------------------------------------------------------------------ travel

LAST_WINTER = pd.Timestamp("2023-12-01").timestamp()


def _split_winter(trips: FieldLog, random_state: int) -> Split:
    """Cut at the beginning of the last winter, for everybody."""
    winter = trips.log.events["timestamp"] >= LAST_WINTER
    events = trips.log.events
    return Split(trips.log.with_events(events[~winter]), trips.log.with_events(events[winter]))


def _closed_in_winter(trial: Trial) -> np.ndarray:
    return ~open_in(trial.items, month=1)


def winters_only(train: Interactions) -> UserItemMatrix:
    """Count the trips of earlier winters; trips of other seasons are met, and weigh 0.

    Parameters
    ----------
    train : Interactions
        Trips with their times.

    Returns
    -------
    UserItemMatrix
        1 for a trip between December and February, 0 for others.

    Examples
    --------
    >>> log = pd.DataFrame({"user": 1, "item": [1, 2], "timestamp": ["2022-01-05", "2022-07-05"]})
    >>> winters_only(Interactions.from_frame(log, rating=None)).values.data.tolist()
    [1.0, 0.0]
    """
    month = pd.to_datetime(train.events["timestamp"], unit="s").dt.month
    return weighted_matrix(train, month.isin([12, 1, 2]).astype(float))


def _winter_popularity(trial: Trial, random_state: int) -> Recommender:
    return Popularity().fit(winters_only(trial.train))


def _winter_groups(trial: Trial, random_state: int) -> Recommender:
    """Groups from all seasons, counted in winters only."""
    labels = ClusterPopularity(10, random_state=random_state, n_init=5).fit(trial.matrix).labels_
    return GroupPopularity(labels, 200.0).fit(winters_only(trial.train))


TRAVEL = Scenario(
    name="travel",
    people="travellers",
    items="places",
    behaviour="trips, with the month",
    source="generated: make_trips_log",
    features="20 factors of who went where",
    grouping="K-means, 10 groups",
    recommendation="places where the group went",
    harm="a beach in January",
    rule="only places that are open at the time of the trip",
    lesson="the season is a context: cut by the calendar, and count the same season",
    load=lambda random_state: make_trips_log(random_state=random_state),
    split=_split_winter,
    groups=_groups_of(10),
    guard=lambda recommender, trial: _guard(recommender, trial, _closed_in_winter(trial)),
    harm_of=lambda lists, trial: _share_of_places(lists, trial, _closed_in_winter(trial)),
    rivals={"popular in winter": _winter_popularity, "groups, in winter": _winter_groups},
)


# ------------------------------------------------------------------ retail


def _sensitive(trial: Trial) -> np.ndarray:
    return trial.items["sensitive"].to_numpy()


RETAIL = Scenario(
    name="retail",
    people="customers",
    items="products",
    behaviour="baskets; the log holds the first purchase of each product",
    source="generated: make_basket_log",
    features="20 factors of who bought what",
    grouping="K-means, 10 groups",
    recommendation="products that the group bought and she has not",
    harm="her list tells the family what nobody was to know",
    rule="sensitive products are never recommended, only found",
    lesson="ask what goes together, not who; and do not count repeats as discoveries",
    load=lambda random_state: make_basket_log(random_state=random_state),
    split=lambda shop, random_state: split_at(shop.log),
    groups=_groups_of(10),
    guard=lambda recommender, trial: _guard(recommender, trial, _sensitive(trial)),
    harm_of=lambda lists, trial: _share_of_places(lists, trial, _sensitive(trial)),
    rivals={"item-kNN": _item_knn},
)


# ------------------------------------------------------------------ social network


def _not_herself(recommender: Recommender) -> Recommender:
    matrix = recommender.matrix_
    return GuardedRecommender(recommender, ~np.eye(len(matrix.users), dtype=bool)).fit(matrix)


def _communities(trial: Trial, random_state: int) -> Recommender:
    labels = find_communities(trial.matrix.values)
    return _not_herself(GroupPopularity(labels, 2.0).fit(trial.matrix))


def _own_community(lists: pd.DataFrame, trial: Trial) -> float:
    labels = pd.Series(find_communities(trial.matrix.values), trial.matrix.items)
    return float((lists["user"].map(labels) == lists["item"].map(labels)).mean())


SOCIAL_NETWORK = Scenario(
    name="social network",
    people="members of a karate club",
    items="the same people",
    behaviour="ties: who meets whom outside the club, without times",
    source="real: Zachary's karate club",
    features="the ties themselves, no interests",
    grouping="communities by modularity",
    recommendation="the best-connected people of her community",
    harm="communities close: everybody is shown her own people",
    rule="at most three of five suggestions from one community",
    lesson="groups of a network are communities, key people are found by centrality",
    load=lambda random_state: load_karate_club(),
    split=lambda club, random_state: split_ties(club.log, random_state=random_state),
    groups=_communities,
    guard=lambda recommender, trial: CappedRecommender(
        recommender, find_communities(trial.matrix.values).tolist(), at_most=3
    ).fit(recommender.matrix_),
    harm_of=_own_community,
    baseline=lambda trial, random_state: _not_herself(Popularity().fit(trial.matrix)),
    rivals={"friends of friends": lambda trial, random_state: FriendsOfFriends().fit(trial.matrix)},
    k=5,
    reference="the best-connected people, one list for everybody",
)


# ------------------------------------------------------------------ news


def _split_news(news: FieldLog, random_state: int) -> Split:
    """Ask about the last half day, and only about what was out when it began."""
    events = news.log.events
    cut = events["timestamp"].max() - DAY / 2
    late = events["timestamp"] > cut
    out = events["item"].map(news.log.items.set_index("item")["published"]) <= cut
    test = news.log.with_events(events[late & out])
    return Split(news.log.with_events(events[~late]), test)


def fresh_counts(train: Interactions, half_life: float = DAY / 2) -> UserItemMatrix:
    """Count reads by their age, as the appeal of the articles fades.

    Parameters
    ----------
    train : Interactions
        Reads with their times.
    half_life : float
        In seconds.

    Returns
    -------
    UserItemMatrix
        Weights of `recency_weights`.

    Examples
    --------
    >>> log = pd.DataFrame({"user": 1, "item": [1, 2], "timestamp": [0, 43_200]})
    >>> fresh_counts(Interactions.from_frame(log, rating=None)).values.data.tolist()
    [0.5, 1.0]
    """
    return weighted_matrix(train, recency_weights(train.events["timestamp"], half_life))


def _fresh_popularity(trial: Trial, random_state: int) -> Recommender:
    return Popularity().fit(fresh_counts(trial.train))


def _fresh_groups(trial: Trial, random_state: int) -> Recommender:
    """Groups by topics, which outlive the articles; reads counted by their age."""
    profiles = genre_profiles(trial.train).loc[trial.matrix.users].to_numpy()
    labels = cluster_users(profiles, n_clusters=8, random_state=random_state)
    return GroupPopularity(labels, 50.0).fit(fresh_counts(trial.train))


def _stale(trial: Trial) -> np.ndarray:
    """Articles that were out for two days when the list was made."""
    now = trial.train.events["timestamp"].max()
    return (trial.items["published"] < now - 2 * DAY).to_numpy()


NEWS = Scenario(
    name="music, books, news",
    people="readers of news",
    items="articles, which age by the hour",
    behaviour="reads, with their times",
    source="generated: make_news_log",
    features="20 factors of who read what, over two weeks",
    grouping="K-means, 8 groups",
    recommendation="articles that the group read",
    harm="the news of the day before yesterday",
    rule="no article older than two days",
    lesson="where items die, freshness comes before groups",
    load=lambda random_state: make_news_log(random_state=random_state),
    split=_split_news,
    groups=_groups_of(8),
    guard=lambda recommender, trial: _guard(recommender, trial, _stale(trial)),
    harm_of=lambda lists, trial: _share_of_places(lists, trial, _stale(trial)),
    baseline=_fresh_popularity,
    reference="popularity of the fresh, one list for everybody",
    rivals={"groups by topic, fresh": _fresh_groups},
)


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        *(E_COMMERCE, SOCIAL_MEDIA, VIDEO, EDUCATION, HEALTH),
        *(FINANCE, TRAVEL, RETAIL, SOCIAL_NETWORK, NEWS),
    )
}
