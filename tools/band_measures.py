"""The course's headline results, measured anew: one short function a chapter, seeds fixed.

`tools/bands.py` compares what comes out with tests/bands.toml.  A function gives the table of its
name there: ``ch03()`` measures what stands under ``[ch03.*]``.  Each does what its chapter does, on
the same data with the same seeds, but only as much as the headline takes.  Those in `SLOW` train a
network or run for more than a few seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.cluster.hierarchy import linkage
from sklearn.base import clone
from sklearn.cluster import DBSCAN, HDBSCAN, KMeans
from sklearn.datasets import make_moons
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from recsys_tutorial.article import errata, prove
from recsys_tutorial.clustering import (
    ForgettingProfiles,
    InvertedFile,
    StreamingKMeans,
    adjusted_rand,
    agreement,
    cluster_users,
    cophenetic_correlation,
    cut_tree,
    dbscan,
    exact_neighbours,
    find_communities,
    fit_kmeans,
    gap_statistic,
    identified_share,
    k_distances,
    kmeans,
    merge_tree,
    modularity,
    recall_of,
    silhouette_curve,
    stability,
)
from recsys_tutorial.datasets import (
    Interactions,
    load_insteval,
    load_karate_club,
    load_movielens,
    make_bursts,
    make_dirty_log,
    make_static_tastes,
    make_taste_stream,
)
from recsys_tutorial.evaluation import (
    find_hits,
    gini,
    item_exposure,
    leaderboard,
    list_popularity,
    metrics_from_hits,
    per_user_metrics,
    relevant_items,
)
from recsys_tutorial.features import (
    build_interest_cnn,
    cross_entropy,
    encode_items,
    fit_item_topics,
    genre_profiles,
    interest_windows,
    one_hot_maps,
    penultimate_features,
    train_network,
    user_factors,
    user_vectors,
)
from recsys_tutorial.pipeline import run_pipeline
from recsys_tutorial.preprocessing import (
    UserItemMatrix,
    clean_events,
    impute_median,
    split_at,
    split_items,
    split_known,
    split_latest,
    split_random,
    split_users,
    standardise,
    user_item_matrix,
)
from recsys_tutorial.recommenders import (
    EASE,
    ClusterEASE,
    ClusterEnsemble,
    ClusterPopularity,
    ContentRecommender,
    GroupPopularity,
    ItemKNN,
    MixtureModel,
    Popularity,
    Recommender,
    SoftClusterPopularity,
    UserKNN,
    top_unseen,
)
from recsys_tutorial.scenarios import SCENARIOS, run_scenario

Values = dict[str, Any]
SLOW = frozenset({"ch07", "ch07_bursts", "ch11", "ch16", "a1"})


# What several chapters begin with ----------------------------------------------------------


@cache
def films() -> Interactions:
    """Give the shipped ratings; nothing here changes them."""
    return load_movielens()


@cache
def latest() -> tuple[Interactions, Interactions, UserItemMatrix]:
    """Cut off the latest fifth of every history; give both parts and the matrix of the first."""
    train, test = split_latest(films())
    return train, test, user_item_matrix(train)


def sizes(labels: Iterable[int]) -> list[int]:
    """Sizes of the clusters, largest first: the numbers that the clusters bear do not matter."""
    found = np.asarray(labels)
    return np.sort(np.bincount(found[found >= 0]))[::-1].tolist()


def ndcg_of(model: Recommender, wanted: dict, k: int = 20) -> float:
    """Mean nDCG of a fitted recommender."""
    lists = model.recommend(list(wanted), k=k)
    return float(per_user_metrics(lists, wanted, k=k)["ndcg"].mean())


# Chapters ----------------------------------------------------------------------------------


def ch01() -> Values:
    """Data of recommender systems."""
    events = films().events
    per_film = events.groupby("item").size()
    top_fifth = per_film.nlargest(round(0.2 * len(per_film)))
    days = (events["timestamp"] // 86_400).groupby(events["user"]).nunique()
    return {
        "events": films().n_events,
        "density": films().density,
        "head_share": top_fifth.sum() / per_film.sum(),
        "one_day_share": (days == 1).mean(),
    }


def ch02() -> Values:
    """Preprocessing."""
    dirty = make_dirty_log(films(), share=0.02, random_state=0)
    report = clean_events(dirty.events, rating_range=(0.5, 5.0))[1]
    rng = np.random.default_rng(0)
    tastes = make_static_tastes()
    holed = tastes.table.mask(rng.random(tastes.table.shape) < 0.02)
    (filled,) = impute_median(holed)
    imputed = kmeans(filled.to_numpy(float), 10).labels

    levels = {}
    for name, split in {"random": split_random, "latest": split_latest}.items():
        train, test = split(films())
        model = ClusterPopularity(n_clusters=20).fit(user_item_matrix(train))
        levels[name] = ndcg_of(model, relevant_items(test))
    return {
        "rows_after_cleaning": report.rows_after,
        "users_kept_by_deletion": len(holed.dropna()),
        "ari_imputed": agreement(imputed, tastes.groups),
        "ndcg_random_over_latest": levels["random"] / levels["latest"],
    }


def ch03() -> Values:
    """K-means."""
    made = make_static_tastes(150, n_topics=3, n_groups=3, visits=40, focus=0.7, random_state=4)
    users = made.table[["topic_0", "topic_1"]].to_numpy(float)
    with_minutes = pd.DataFrame(users)
    with_minutes["minutes"] = np.random.default_rng(0).normal(600, 200, len(users))
    (scaled,) = standardise(with_minutes)

    eight = make_static_tastes(400, n_topics=8, n_groups=8, visits=60, focus=0.7, random_state=1)
    points = eight.table.to_numpy(float)
    best = kmeans(points, 8, n_init=20).inertia
    starts = [kmeans(points, 8, n_init=1, random_state=s).inertia / best for s in range(40)]

    viewers = standardise(genre_profiles(films()))[0].to_numpy()
    five = kmeans(viewers, 5).labels
    return {
        "ari": agreement(kmeans(users, 3, init=users[[0, 1, 2]]).labels, made.groups),
        "ari_with_minutes": agreement(kmeans(with_minutes.to_numpy(), 3).labels, made.groups),
        "ari_standardised": agreement(kmeans(scaled.to_numpy(), 3).labels, made.groups),
        "plus_plus_finds_best": np.mean(np.array(starts) < 1.001),
        "viewer_cluster_sizes": sizes(five),
        "viewer_silhouette": silhouette_score(viewers, five),
        "viewer_stability": stability(viewers, 5, n_repeats=5).mean(),
        "known_stability": stability(users, 3, n_repeats=5).mean(),
    }


def ch04() -> Values:
    """DBSCAN."""
    homes, settlement = make_moons(300, noise=0.07, random_state=1)
    bends = dbscan(homes, eps=0.2, min_samples=5)
    library = DBSCAN(eps=0.2, min_samples=5).fit_predict(homes)
    factors = user_factors(user_item_matrix(films()))
    crowds = dbscan(factors, float(np.percentile(k_distances(factors, 10), 40)), min_samples=10)
    noise = HDBSCAN(min_cluster_size=10, copy=True).fit_predict(factors) == -1
    return {
        "moon_sizes": sizes(bends.labels),
        "moon_ari": agreement(bends.labels, settlement),
        "moon_ari_of_kmeans": agreement(kmeans(homes, 2).labels, settlement),
        "differs_from_library": int((bends.labels != library).sum()),
        "viewer_noise": crowds.noise_share,
        "viewer_noise_hdbscan": noise.mean(),
    }


def ch05() -> Values:
    """Hierarchical clustering."""
    viewers = standardise(genre_profiles(films()))[0].to_numpy()
    average, theirs = merge_tree(viewers, "average"), linkage(viewers, "average")
    crowd = make_static_tastes(20_000, n_topics=10, n_groups=10, visits=60, focus=0.5)
    visits = np.sqrt(crowd.table.to_numpy(float))
    hundred = KMeans(100, n_init=1, random_state=0).fit(visits)
    over_centres = cut_tree(linkage(hundred.cluster_centers_, "ward"), 10)[hundred.labels_]
    return {
        "differs_from_library": np.abs(average[:, 2] - theirs[:, 2]).max(),
        "cophenetic_average": cophenetic_correlation(viewers, average),
        "largest_of_ten_average": np.bincount(cut_tree(average, 10)).max() / len(viewers),
        "ward_sizes": sizes(cut_tree(merge_tree(viewers, "ward"), 10)),
        "ari_centres_first": agreement(over_centres, crowd.groups),
    }


def ch06() -> Values:
    """Judging clusters."""
    made = make_static_tastes(300, n_topics=6, n_groups=6, visits=60, focus=0.7, random_state=4)
    users = made.table.to_numpy(float)
    curve = silhouette_curve(users, range(2, 10))
    gaps = gap_statistic(users, range(1, 10), n_references=4)
    following = gaps.shift(-1)
    six = cluster_users(users, n_clusters=6)

    insteval = load_insteval()
    busy = insteval.events.groupby("user")["item"].transform("size") >= 20
    marks = split_random(insteval.with_events(insteval.events[busy]))[0]
    matrix = user_item_matrix(marks)
    department = insteval.items.set_index("item")["department"]
    main = (
        marks.events.assign(department=marks.events["item"].map(department).to_numpy())
        .groupby("user")["department"]
        .agg(lambda of_hers: of_hers.value_counts().idxmax())
        .loc[matrix.users]
    )
    students = cluster_users(user_factors(matrix), n_clusters=20)
    return {
        "k_by_silhouette": int(curve.idxmax()),
        "silhouette_of_six": curve[6],
        "k_by_gap": int((gaps["gap"] >= following["gap"] - following["se"]).idxmax()),
        "ari_of_six": agreement(six, made.groups),
        "sizes_of_six": sizes(six),
        "ari_departments": agreement(students, main.to_numpy()),
    }


def interest_parts() -> tuple[Any, Any, Any]:
    """Windows of chapter 7: for training, for stopping, for the test."""
    topics = fit_item_topics(split_latest(films(), 0.3)[0])
    cuts = {(0, 0.7): 10, (0.7, 0.8): 5, (0.8, 1): 5}
    first, second, third = (
        interest_windows(films(), topics, part=part, stride=stride) for part, stride in cuts.items()
    )
    return first, second, third


def ch07() -> Values:
    """Features from a CNN: the loss on the films."""
    training, validation, test = interest_parts()
    network = build_interest_cnn(learning_rate=2e-3, random_state=0)
    train_network(
        network,
        (training.maps, training.targets),
        (validation.maps, validation.targets),
        batch_size=128,
        patience=1,
        max_epochs=2,
    )
    mix = training.targets.mean(axis=0)
    own = (test.shown + 20 * mix) / (test.shown.sum(axis=1, keepdims=True) + 20)
    loss = cross_entropy(test.targets, network.predict(test.maps, verbose=0))
    return {
        "parameters": network.count_params(),
        "loss_own_history": cross_entropy(test.targets, own),
        "loss": loss,
        "loss_floor": cross_entropy(test.targets, test.targets),
        "gain_over_own_history": cross_entropy(test.targets, own) - loss,
    }


def ch07_bursts() -> Values:
    """Features from a CNN: the groups that only the order of events tells apart."""
    known, strangers = make_bursts(8000, random_state=1), make_bursts(1000, random_state=2)
    maps, seen = (one_hot_maps(one.topics, one.n_topics) for one in (known, strangers))
    mixes = one_hot_maps(known.next_topics * 10 // known.n_topics, 10).mean(axis=1)
    network = build_interest_cnn(learning_rate=2e-3, random_state=0)
    train_network(
        network,
        (maps[:7000], mixes[:7000]),
        (maps[7000:], mixes[7000:]),
        batch_size=64,
        patience=1,
        max_epochs=4,
    )

    def ari(X: np.ndarray) -> float:
        return agreement(KMeans(10, n_init=10, random_state=0).fit_predict(X), strangers.groups)

    features = pd.DataFrame(penultimate_features(network, seen))
    return {
        "ari_of_features": ari(standardise(features)[0].to_numpy()),
        "ari_of_mean_profile": ari(seen.mean(axis=1)),
        "ari_of_flattened_map": ari(seen.reshape(len(seen), -1)),
    }


def ch09() -> Values:
    """Large models."""
    train, test, matrix = latest()
    vectors = encode_items(films())
    people = user_vectors(train, vectors)
    by_words, by_films = fit_kmeans(people, 10), fit_kmeans(user_factors(matrix), 10)
    wanted = relevant_items(test)
    of_words = SoftClusterPopularity(features=np.asarray(people)).fit(matrix)
    return {
        "vectors": list(vectors.shape),
        "ari_words_and_films": agreement(by_words.labels_, by_films.labels_),
        "sizes_by_words": sizes(by_words.labels_),
        "ndcg_over_popularity": ndcg_of(of_words, wanted)
        / ndcg_of(Popularity().fit(matrix), wanted),
    }


def ch10() -> Values:
    """From clusters to recommendations."""
    train, test, matrix = latest()
    genres = standardise(genre_profiles(train))[0].to_numpy()
    models = {
        "popularity": Popularity(),
        "genre": ClusterPopularity(features=genres),
        "hard": ClusterPopularity(),
        "soft": SoftClusterPopularity(),
        "ensemble": ClusterEnsemble(),
        "ease": EASE(),
        "ease_clusters": ClusterEASE(),
    }
    fitted = {name: clone(model).fit(matrix) for name, model in models.items()}
    board = leaderboard(fitted, test, k=20)
    ratio = board["ndcg_ratio"]
    ward = GroupPopularity(cluster_users(user_factors(matrix), "hierarchical", n_clusters=50))
    wanted = relevant_items(test)
    return {
        "ndcg_popularity": board.loc["popularity", "ndcg"],
        "recall_popularity": board.loc["popularity", "recall"],
        "genre_ratio": ratio["genre"],
        "hard_ratio": ratio["hard"],
        "soft_ratio": ratio["soft"],
        "ensemble_ratio": ratio["ensemble"],
        "ease_ratio": ratio["ease"],
        "ease_recall": board.loc["ease", "recall"],
        "clusters_added_to_ease": ratio["ease_clusters"] / ratio["ease"],
        "ward_ratio": ndcg_of(ward.fit(matrix), wanted) / board.loc["popularity", "ndcg"],
        "hard_sizes_of_first_five": sizes(fitted["hard"].labels_)[:5],
    }


def ch11() -> Values:
    """Evaluation: the split decides who wins."""
    lead, served = {}, {}
    for name, part in {"latest": split_latest(films()), "random": split_random(films())}.items():
        matrix, wanted = user_item_matrix(part.train), relevant_items(part.test)
        neighbours = ItemKNN(n_neighbors=200, shrinkage=20.0).fit(matrix)
        groups = SoftClusterPopularity().fit(matrix)
        lead[name] = ndcg_of(neighbours, wanted) - ndcg_of(groups, wanted)
        served[name] = len(wanted)
    moment = split_at(films())
    known = moment.test.events["user"].isin(moment.train.events["user"].unique())
    return {
        "neighbours_lead_latest": lead["latest"],
        "neighbours_lead_random": lead["random"],
        "users_asked": served["latest"],
        "users_known_at_one_moment": moment.test.events.loc[known, "user"].nunique(),
    }


def ch12() -> Values:
    """Cold start."""
    train, newcomers = split_users(films(), 1 / 3)
    matrix = user_item_matrix(train)
    hidden = user_item_matrix(split_known(newcomers, 10, order="random").test)
    known = split_known(newcomers, 3, order="random").train
    met = user_item_matrix(known, like=hidden).values
    nothing = sparse.csr_array(hidden.shape)

    def ndcg(scores: np.ndarray, seen: sparse.csr_array) -> float:
        hits = find_hits(top_unseen(scores, seen, 20), hidden.values)
        return float(np.mean(metrics_from_hits(hits, np.diff(hidden.values.indptr))["ndcg"]))

    floor = ndcg(Popularity().fit(matrix).score_histories(nothing), nothing)
    mixture = MixtureModel(n_repeats=3).fit(matrix)

    old = user_item_matrix(split_items(films(), 0.2)[0])
    new = user_item_matrix(split_items(films(), 0.2)[1], like=old).values.sum(axis=0) > 0
    content = ContentRecommender(encode_items(films()).loc[old.items]).fit(old)
    reached = {
        name: np.isin(top_unseen(model.scores(), old.values), np.flatnonzero(new)).any(axis=1)
        for name, model in {"content": content, "neighbours": UserKNN().fit(old)}.items()
    }
    return {
        "newcomers": newcomers.n_users,
        "floor": floor,
        "three_films_over_floor": ndcg(mixture.score_histories(met), met)
        / ndcg(Popularity().fit(matrix).score_histories(met), met),
        "content_reaches_new_films": reached["content"].mean(),
        "neighbours_reach_new_films": reached["neighbours"].mean(),
    }


def ch13() -> Values:
    """Keeping up."""
    stream = make_taste_stream(noise=0.5, switching=0.01, random_state=0)
    users, topics = (stream.events[name].to_numpy() for name in ("user", "topic"))
    day_of = stream.events["day"].to_numpy().astype(int)
    first = day_of < 5
    profiles = ForgettingProfiles(np.eye(28), half_life=6).update(users[first], topics[first])
    monday = fit_kmeans(profiles.vectors_, 6)
    clusters = StreamingKMeans(profiles, monday.cluster_centers_)
    kept = []
    for day in range(5, 30):
        rows, before = np.flatnonzero(day_of == day), clusters.labels_.copy()
        for part in np.split(rows, range(200, len(rows), 200)):
            clusters.update(users[part], topics[part])
        clusters.relabel()
        kept.append((clusters.labels_ == before).mean())
    now = clusters.profiles_.vectors_
    refit = fit_kmeans(now, 6).labels_
    return {
        "ari_of_first_night": adjusted_rand(monday.labels_, stream.groups[4]),
        "ari_online": adjusted_rand(clusters.labels_, stream.groups[29]),
        "ari_online_and_refit": adjusted_rand(clusters.labels_, refit),
        "same_number_next_night": np.mean(kept),
        "sizes_online": sizes(clusters.labels_),
    }


def ch14() -> Values:
    """Ten industries: four of the fields, and the karate club."""
    results = {name: run_scenario(SCENARIOS[name]) for name in ("finance", "online education")}
    club = load_karate_club()
    ties = user_item_matrix(club.log).values
    communities = find_communities(ties)
    return {
        "finance_gain": results["finance"].gain.difference.mean,
        "finance_harm_unguarded": results["finance"].harm_before,
        "finance_harm_guarded": results["finance"].harm_after,
        "education_gain": results["online education"].gain.difference.mean,
        "club_modularity": modularity(ties, communities),
        "club_sizes": sizes(communities),
    }


def ch15() -> Values:
    """Trust."""
    _, test, matrix = latest()
    wanted = relevant_items(test)
    lists = SoftClusterPopularity().fit(matrix).recommend(list(wanted), k=20)
    known = list_popularity(lists, matrix, 20)
    everybody = user_item_matrix(films()).values
    return {
        "list_over_history_popularity": known["list"].mean() / known["history"].mean(),
        "gini_of_lists": gini(item_exposure(lists, matrix.items, 20)),
        "identified_by_four_films": identified_share(everybody, 4)[0],
    }


def ch16() -> Values:
    """Scaling out: clusters as an index."""
    vectors = encode_items(films()).to_numpy()
    shuffled = np.random.default_rng(0).permutation(vectors - vectors.mean(axis=0))
    asked, stock = shuffled[:200], shuffled[200:]
    truth = exact_neighbours(stock, asked, 10)
    index = InvertedFile(95).fit(stock)
    one, many = (index.search(asked, 10, n_probe=n) for n in (1, 16))
    return {
        "recall_of_one_cell": recall_of(one, truth),
        "recall_of_sixteen_cells": recall_of(many, truth),
        "work_of_sixteen_cells": many.work.mean() / len(stock),
        "recall_of_all_cells": recall_of(index.search(asked, 10, n_probe=95), truth),
    }


def ch17() -> Values:
    """Capstone: the whole pipeline, on a world whose truth is known and on the films."""
    made = make_static_tastes(n_groups=4, focus=0.5, random_state=17)
    table = made.table.to_numpy(float)
    curve = silhouette_curve(table, [2, 3, 4, 5, 7, 10])
    result = run_pipeline(films(), n_clusters=10)
    train, test, matrix = latest()
    board = leaderboard(
        {
            "popularity": Popularity().fit(matrix),
            "soft groups": SoftClusterPopularity(50).fit(matrix),
        },
        test,
        k=10,
    )
    return {
        "k_by_silhouette": int(curve.idxmax()),
        "ari_of_four": adjusted_rand(cluster_users(table, n_clusters=4), made.groups),
        "chosen_over_popularity": board.loc["soft groups", "ndcg_ratio"],
        "pipeline_over_popularity": result.evaluation["ndcg_ratio"].max(),
        "pipeline_sizes": sizes(result.users["cluster"]),
    }


def ch18() -> Values:
    """The tool landscape: what the fastest groups cost beside EASE, in time of one core."""
    matrix = latest()[2]

    def seconds(model: Recommender) -> float:
        began = time.process_time()
        model.fit(matrix).top_k(k=20)
        return time.process_time() - began

    # In turn, because a busy minute should hit both (chapter 18), and the best of several rounds.
    rivals = (ClusterPopularity(n_init=1), EASE())
    with threadpool_limits(1):
        groups, ease = np.min([[seconds(model) for model in rivals] for _ in range(5)], axis=0)
    return {"groups_time_over_ease": groups / ease}


def a1() -> Values:
    """Debugging the article: the proofs of the catalogue of errors."""
    proofs = [prove(erratum.id) for erratum in errata()]
    return {
        "errors": len(proofs),
        "proofs_that_fail": [proof.erratum for proof in proofs if not proof.holds],
    }


MEASURES: dict[str, Callable[[], Values]] = {
    function.__name__: function
    for function in (
        *(ch01, ch02, ch03, ch04, ch05, ch06, ch07, ch07_bursts, ch09, ch10, ch11, ch12, ch13),
        *(ch14, ch15, ch16, ch17, ch18, a1),
    )
}
