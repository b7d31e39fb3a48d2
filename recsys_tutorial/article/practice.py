"""Proofs of the errors in concepts, evaluation and tools: C1 to C16, D1 to D6, E1 to E11.

Most run a small experiment.  Where a statement is about the world outside (when support for a
release ended, what a package contains), nothing can be run without a network: such a proof says
"recorded fact", and checks whatever can be checked here, for example what is installed.  Chapter
A1 shows how to run one: ``prove("D1")``.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.tree import DecisionTreeClassifier

from recsys_tutorial.article.proving import Proof
from recsys_tutorial.clustering import agreement, assign_to_centres, kmeans, update_centres
from recsys_tutorial.datasets import Interactions, load_movielens
from recsys_tutorial.evaluation import f1_at_k, ndcg_at_k, precision_at_k, recall_at_k
from recsys_tutorial.features import genre_matrix
from recsys_tutorial.preprocessing import impute_median, user_item_matrix
from recsys_tutorial.recommenders import ClusterPopularity, cluster_names

# ------------------------------------------------------------------ quotations that are checked

DIAGRAM = """
A[用户行为数据] --> B[数据预处理]
B --> C[特征提取]
C --> D[大模型训练]
D --> E[用户兴趣聚类]
E --> F[推荐结果生成]
"""
TITLE = "文章标题"
KEYWORDS = ["大模型", "推荐系统", "用户兴趣", "聚类", "算法", "数学模型", "实践", "工具推荐"]
TAUTOLOGY = "用户兴趣聚类是用户兴趣聚类的核心步骤"
STORAGE = "如何提高推荐系统的计算效率和存储成本"
COLD_START_FIRST = "可以采用基于内容的推荐、协同过滤和基于知识的方法来处理冷启动问题"
COLD_START_SECOND = ["基于内容的推荐", "协同过滤", "基于知识的推荐", "多源数据融合"]
PREPROCESSING = {
    "数据清洗": "去除重复数据、噪声数据和缺失值，提高数据的质量",
    "特征提取": "从原始数据中提取有助于聚类分析和推荐的有用特征",
    "数据标准化": "对特征进行归一化或标准化，消除不同特征之间的尺度差异",
    "缺失值处理": "填补缺失值或删除含有缺失值的样本，减少数据的不完整性",
}
FIVE_STEPS = ["数据预处理", "特征提取", "模型训练", "聚类分析", "推荐结果生成"]
RECSYS_AS_FRAMEWORK = ["LightFM", "surprise", "RecSys"]
RECSYS_AS_CONFERENCE = ["Annual RecSys Conference", "2018年RecSys会议"]
PIP_COMMANDS = ["numpy pandas scikit-learn", "tensorflow", "notebook"]


# ------------------------------------------------------------------ C: concepts and applications


def _c1() -> Proof:
    arrows = [line.split(" --> ") for line in DIAGRAM.strip().splitlines()]
    boxes = [arrows[0][0], *(end for _, end in arrows)]
    place = {
        name: i for i, box in enumerate(boxes) for name in ("特征提取", "大模型训练") if name in box
    }
    missing = [word for word in ("物品", "评估") if not any(word in box for box in boxes)]
    try:
        PCA(2).transform(np.eye(4))
        refused = False
    except AttributeError:  # NotFittedError is one; scikit-learn 1.6 raises a bare one here
        refused = True
    shows = (
        f"The figure's {len(boxes)} boxes put extraction at place {place['特征提取'] + 1} and "
        f"training at place {place['大模型训练'] + 1}; of items and evaluation, {len(missing)} are "
        f"missing. scikit-learn {'refuses' if refused else 'does not refuse'} to transform with a "
        "model that is not fitted."
    )
    return Proof(
        "C1", shows, place["特征提取"] < place["大模型训练"] and len(missing) == 2 and refused
    )


def _c2() -> Proof:
    users = np.random.default_rng(0).normal(size=(1000, 10))
    once = KMeans(10, n_init=10, random_state=0).fit(users)
    again = KMeans(10, init=once.cluster_centers_, n_init=1).fit(users)
    given = bool((once.labels_ == once.predict(users)).all())
    gain = float(np.abs(once.cluster_centers_ - again.cluster_centers_).max())
    shows = (
        f"One fit of 1000 users yields {len(once.cluster_centers_)} centres and all labels; "
        f"assigning the users afterwards changes {0 if given else 'some'} of them, and fitting "
        f"on from these centres moves none by more than {gain:.0e}."
    )
    return Proof("C2", shows, given and gain < 1e-6)


@cache
def _movielens_groups() -> tuple[Interactions, ClusterPopularity]:
    """Group the MovieLens users once for all proofs that need them."""
    movielens = load_movielens()
    return movielens, ClusterPopularity(n_clusters=20).fit(user_item_matrix(movielens))


def _c3() -> Proof:
    _, model = _movielens_groups()
    top = np.argsort(-model.scores(), axis=1, kind="stable")[:, :10]
    lists = {tuple(row) for row in top.tolist()}
    seen = model.matrix_.values.toarray() > 0
    stale = float(np.take_along_axis(seen, top, axis=1).mean())
    personal = model.recommend(k=10).groupby("user")["item"].agg(tuple).nunique()
    shows = (
        f"{len(top)} viewers in {model.n_clusters} groups get {len(lists)} different lists, and "
        f"{stale:.0%} of the places show films already seen; without seen films there are "
        f"{personal} lists."
    )
    return Proof("C3", shows, len(lists) <= 20 and stale > 0.3 and personal > 20 * len(lists))


def _c4() -> Proof:
    rng = np.random.default_rng(0)
    X, likes = rng.normal(size=(20_000, 4)), rng.integers(0, 2, 20_000)
    tree = DecisionTreeClassifier(random_state=0).fit(X[:10_000], likes[:10_000])
    known = float(tree.score(X[:10_000], likes[:10_000]))
    new = float(tree.score(X[10_000:], likes[10_000:]))
    shows = (
        f"A tree copes with 10,000 users whose likes are coin tosses: it is right about "
        f"{known:.0%} of them, and about {new:.0%} of 10,000 new ones. It scales, and does not "
        "generalise."
    )
    return Proof("C4", shows, known > 0.99 and 0.45 < new < 0.55)


def _c5() -> Proof:
    rng = np.random.default_rng(0)
    users = rng.normal(0, 6, size=(5, 4))[rng.integers(0, 5, 1000)] + rng.normal(size=(1000, 4))
    tomorrow = users + 0.05 * rng.normal(size=users.shape)
    old = KMeans(5, n_init=10, random_state=0).fit(users)
    new = KMeans(5, n_init=10, random_state=1).fit(tomorrow)
    same_number = float(np.mean(old.labels_ == new.labels_))
    distance = np.linalg.norm(old.cluster_centers_[:, None] - new.cluster_centers_, axis=2)
    mine, theirs = linear_sum_assignment(distance)
    matched = float(np.mean(old.labels_ == mine[np.argsort(theirs)][new.labels_]))
    onward = MiniBatchKMeans(5, init=old.cluster_centers_, n_init=1).partial_fit(tomorrow)
    kept = float(np.mean(old.labels_ == onward.predict(tomorrow)))
    same_groups = agreement(old.labels_, new.labels_)
    shows = (
        f"A new fit finds the same groups (agreement {same_groups:.2f}) but gives the same number "
        f"to {same_number:.0%} of the users; after matching the centres {matched:.0%} keep theirs, "
        f"and {kept:.0%} when the old centres are updated."
    )
    return Proof("C5", shows, same_groups > 0.95 > same_number and min(matched, kept) > 0.95)


def _c6() -> Proof:
    rng = np.random.default_rng(0)
    taste = np.arange(120) % 3
    visits = rng.poisson(2 + 10 * np.eye(3)[taste])
    clusters = kmeans(visits, 3).labels  # all that the log can tell
    pairs = np.array(np.triu_indices(120, 1)).T
    alike = taste[pairs[:, 0]] == taste[pairs[:, 1]]
    worlds = {
        "friends have like tastes": pairs[rng.permutation(np.flatnonzero(alike))[:200]],
        "friends are anybody": pairs[rng.permutation(len(pairs))[:200]],
    }
    inside = [float(np.mean(clusters[w[:, 0]] == clusters[w[:, 1]])) for w in worlds.values()]
    shows = (
        f"One log of visits, so one clustering, in two worlds: {inside[0]:.0%} of the friendships "
        f"lie inside the clusters where friends are alike, {inside[1]:.0%} where they are anybody. "
        "The log cannot tell which world it is."
    )
    return Proof("C6", shows, inside[0] > 0.9 and inside[1] < 0.5)


def _c7() -> Proof:
    train, hidden = _mixed_interests()
    popular = np.tile(train.mean(axis=0), (len(train), 1))
    labels = kmeans(train, 6, n_init=3).labels
    grouped = np.array([train[labels == c].mean(axis=0) for c in range(6)])[labels]
    both = train.T @ train
    norms = np.sqrt(np.diag(both)) + 1e-9
    similar = both / np.outer(norms, norms)
    np.fill_diagonal(similar, 0)
    named = {"popularity": popular, "clusters": grouped, "item neighbours": train @ similar}
    recall = {name: _recall_of_scores(scores, train, hidden) for name, scores in named.items()}
    figures = ", ".join(f"{name} {value:.2f}" for name, value in recall.items())
    shows = (
        f"Generated users with mixed interests, recall at 10: {figures}. Clusters gain over "
        "popularity, and a method without clusters is as good."
    )
    holds = recall["clusters"] > 1.1 * recall["popularity"]
    return Proof("C7", shows, holds and recall["item neighbours"] > 0.95 * recall["clusters"])


def _mixed_interests() -> tuple[np.ndarray, np.ndarray]:
    """Draw 800 users who mix six interests, and hide 4 of the 24 items of each."""
    rng = np.random.default_rng(0)
    n_users, n_items, n_interests = 800, 300, 6
    interests = rng.dirichlet(np.full(n_items, 0.05), n_interests)
    chances = rng.dirichlet(np.full(n_interests, 0.4), n_users) @ interests + 3e-4
    train, hidden = np.zeros((2, n_users, n_items))
    for user, chance in enumerate(chances):
        items = rng.choice(n_items, 24, replace=False, p=chance / chance.sum())
        hide = rng.permutation(24) < 4
        train[user, items[~hide]], hidden[user, items[hide]] = 1, 1
    return train, hidden


def _recall_of_scores(scores: np.ndarray, train: np.ndarray, hidden: np.ndarray) -> float:
    """Mean recall at 10 of the best unseen items."""
    top = np.argsort(-np.where(train > 0, -np.inf, scores), axis=1, kind="stable")[:, :10]
    wanted = [np.flatnonzero(row) for row in hidden]
    return float(np.mean([recall_at_k(t.tolist(), w.tolist(), 10) for t, w in zip(top, wanted)]))


def _c8() -> Proof:
    defined, _, by = TAUTOLOGY.partition("是")
    circular = by.removesuffix("的核心步骤") == defined
    verb, _, rest = STORAGE.partition("推荐系统的")
    raised = verb.endswith("提高") and "存储成本" in rest and "降低" not in rest
    named = [word for word in KEYWORDS if word in TITLE]
    shows = (
        f"Checked on the words: the sentence {'makes' if circular else 'does not make'} a thing a "
        f"step of itself, the cost of storage is to be {'raised' if raised else 'lowered'}, and "
        f"{len(named)} of the article's {len(KEYWORDS)} keywords occur in its title."
    )
    return Proof("C8", shows, circular and raised and not named)


def _c9() -> Proof:
    named = COLD_START_FIRST.removeprefix("可以采用").partition("来处理")[0]
    first = named.replace("和", "、").split("、")
    shows = (
        f"Checked on the words: {len(first)} methods against cold start in the first answer, "
        f"{len(COLD_START_SECOND)} in the second."
    )
    return Proof("C9", shows, len(first) == 3 and len(COLD_START_SECOND) == 4)


def _c10() -> Proof:
    ties = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (4, 5), (4, 6), (5, 6)]
    network = np.zeros((7, 7))
    for one, other in ties:
        network[one, other] = network[other, one] = 1
    interest = np.array([0, 0, 0, 1, 1, 1, 1])
    brokers = [v for v in range(7) if _parts(np.delete(np.delete(network, v, 0), v, 1)) > 1]
    hidden = [v for v in brokers if np.sum(interest == interest[v]) > 1]
    shows = (
        f"Seven people, two clusters of interest: without {brokers} the network falls apart, but "
        f"the clusters show {len(hidden)} of these {len(brokers)} as members among others."
    )
    return Proof("C10", shows, len(brokers) == 3 and hidden == brokers)


def _parts(network: np.ndarray) -> int:
    """Count the connected parts of a network."""
    reach = np.linalg.matrix_power(network + np.eye(len(network)), len(network)) > 0
    return len({tuple(row) for row in reach.tolist()})


def _c11() -> Proof:
    # Made-up patients of one cluster: recovered and treated, by treatment and severity.
    counts = pd.DataFrame(
        {"recovered": [90, 240, 800, 25], "treated": [100, 400, 1000, 50]},
        index=pd.MultiIndex.from_product([["A", "B"], ["mild", "severe"]]),
    )
    by_severity = counts["recovered"] / counts["treated"]
    total = counts.groupby(level=0).sum()
    overall = total["recovered"] / total["treated"]
    better = [by_severity["A", s] > by_severity["B", s] for s in ("mild", "severe")]
    shows = (
        f"Made-up patients of one cluster: treatment B looks better ({overall['B']:.0%} against "
        f"{overall['A']:.0%} recover), and A is better for the mild and for the severe cases. The "
        "cluster would recommend the wrong one."
    )
    return Proof("C11", shows, bool(overall["B"] > overall["A"] and all(better)))


def _c12() -> Proof:
    movielens, model = _movielens_groups()
    names = cluster_names(model, movielens)
    genres = set(genre_matrix(movielens).columns)
    grounded = sum(set(name.partition(",")[0].split(" & ")) <= genres for name in names)
    personal = {"sex", "gender", "age", "married", "occupation"} & set(movielens.events.columns)
    shows = (
        f"{len(personal)} of the columns {', '.join(movielens.events.columns)} say who keeps "
        f"house. {grounded} of {len(names)} groups get a name from the genres of "
        "their films."
    )
    return Proof("C12", shows, not personal and grounded == len(names))


def _c13() -> Proof:
    rng = np.random.default_rng(0)
    level, interest = rng.integers(0, 3, 300), rng.integers(0, 3, 300)
    scores = 40 + 20 * level[:, None] + rng.normal(0, 5, size=(300, 4))
    labels = kmeans(scores, 3).labels
    by_level, by_interest = agreement(labels, level), agreement(labels, interest)
    shows = (
        f"Learners grouped by four test scores: agreement {by_level:.2f} with their level, "
        f"{by_interest:.2f} with their interest."
    )
    return Proof("C13", shows, by_level > 0.9 and abs(by_interest) < 0.1)


def _c14() -> Proof:
    rng = np.random.default_rng(0)
    risk = np.arange(20) % 5 + 1  # of each product
    limit = rng.integers(1, 6, 400)  # of each customer
    habits = rng.integers(0, 4, 400)  # what she buys, whatever she may buy
    popularity = rng.random((4, 20))[habits]
    too_risky = risk > limit[:, None]
    ranked = np.argsort(-popularity, axis=1)[:, :3]
    filtered = np.argsort(-np.where(too_risky, -np.inf, popularity), axis=1)[:, :3]
    before, after = (
        int(np.take_along_axis(too_risky, top, axis=1).any(axis=1).sum())
        for top in (ranked, filtered)
    )
    shows = (
        f"Three popular products of her group for each of 400 customers: {before} get one that "
        f"their limit forbids; {after} when forbidden products are filtered out first."
    )
    return Proof("C14", shows, before > 100 and after == 0)


def _c15() -> Proof:
    ratings = user_item_matrix(load_movielens(), use_ratings=True).values.toarray()
    rng = np.random.default_rng(0)
    known = [rng.choice(np.flatnonzero(row), 5, replace=False) for row in ratings]
    same = [(ratings[:, f] == row[f]).all(axis=1).sum() for row, f in zip(ratings, known)]
    unique = float(np.mean(np.array(same) == 1))
    users, start = rng.normal(size=(200, 3)), np.eye(3)
    labels = assign_to_centres(users, start)
    pooled = update_centres(users, labels, start)
    apart = _from_sums([(users[:90], labels[:90]), (users[90:], labels[90:])])
    difference = float(np.abs(pooled - apart).max())
    shows = (
        f"Five films with their stars, drawn at random, single out {unique:.0%} of the MovieLens "
        "users in a shared log without names. Two platforms that exchange only sums and counts "
        f"get the centres of the pooled log, to within {difference:.0e}."
    )
    return Proof("C15", shows, unique > 0.9 and difference < 1e-9)


def _from_sums(platforms: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Make centres of what platforms tell each other: a sum and a count per cluster."""
    sums = sum(np.eye(3)[labels].T @ users for users, labels in platforms)
    counts = sum(np.bincount(labels, minlength=3) for _, labels in platforms)
    return np.asarray(sums / np.asarray(counts)[:, None])


def _c16() -> Proof:
    twice = [step for step, text in PREPROCESSING.items() if "缺失值" in step + text]
    in_both = "特征提取" in PREPROCESSING and FIVE_STEPS.index("特征提取") > 0
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(1000, 10))).mask(rng.random((1000, 10)) < 0.02)
    cleaned = table.dropna()
    (filled,) = impute_median(cleaned)
    left = int(cleaned.isna().sum().sum())
    shows = (
        f"Missing values occur in {len(twice)} of the {len(PREPROCESSING)} steps. Of "
        f"{int(table.isna().sum().sum())} holes {left} are left after the first, so the other step "
        "has nothing to do."
    )
    return Proof("C16", shows, len(twice) == 2 and in_both and left == 0 and filled.equals(cleaned))


# ------------------------------------------------------------------ D: evaluation, cold start


def _accuracy(recommended: set[int], relevant: set[int], n_items: int) -> float:
    """Share of the catalogue that was rightly shown or rightly left out."""
    return 1 - len(recommended ^ relevant) / n_items


def _d1() -> Proof:
    relevant = set(range(20))
    good = list(range(15, 25))  # half of the list is relevant
    nothing = _accuracy(set(), relevant, 10_000)
    shows_half = _accuracy(set(good), relevant, 10_000)
    precision = precision_at_k(good, relevant, 10)
    shows = (
        f"20 relevant items of 10,000: recommending nothing has accuracy {nothing:.4f}; ten items, "
        f"half of them relevant, have accuracy {shows_half:.4f} and precision {precision:.2f}. "
        "Accuracy does not tell the two apart."
    )
    return Proof("D1", shows, nothing > 0.99 and abs(shows_half - nothing) < 0.01 < precision)


def _d2() -> Proof:
    relevant, dump = set(range(20)), list(range(500))
    right = f1_at_k(dump, relevant, 500)
    accuracy, recall = _accuracy(set(dump), relevant, 10_000), recall_at_k(dump, relevant, 500)
    printed = 2 * accuracy * recall / (accuracy + recall)
    shows = (
        f"500 items of 10,000 handed out, 20 of them relevant: F1 is {right:.2f}, the article's "
        f"mean of accuracy and recall is {printed:.2f}."
    )
    return Proof("D2", shows, printed > 0.9 and right < 0.1)


def _d3() -> Proof:
    recommended, relevant = list("abcde"), set("bexy")
    readings = precision_at_k(recommended, relevant, 5), recall_at_k(recommended, relevant, 5)
    shows = (
        f"Two hits in a list of five, four items to find: divided by the list {readings[0]:.2f}, "
        f"divided by what there was to find {readings[1]:.2f}. The sentence allows both."
    )
    return Proof("D3", shows, readings == (0.4, 0.5))


def _d4() -> Proof:
    relevant = {"x", "y"}
    others = list("abcdefgh")
    early, late = ["x", "y", *others], [*others, "x", "y"]
    f1 = [f1_at_k(ranking, relevant, 10) for ranking in (early, late)]
    ndcg = [ndcg_at_k(ranking, relevant, 10) for ranking in (early, late)]
    shows = (
        f"The same ten items with both hits on top or at the bottom: F1 {f1[0]:.2f} and "
        f"{f1[1]:.2f}, nDCG {ndcg[0]:.2f} and {ndcg[1]:.2f}."
    )
    return Proof("D4", shows, f1[0] == f1[1] and ndcg[0] == 1 and ndcg[1] < 0.5)


def _newcomers() -> np.ndarray:
    """Draw who chose what; the last user and the last item are new and have no events."""
    chosen = (np.random.default_rng(0).random((50, 12)) < 0.3).astype(float)
    chosen[-1], chosen[:, -1] = 0, 0
    return chosen


def _d5() -> Proof:
    chosen = _newcomers()
    both = chosen.T @ chosen
    norms = np.sqrt(np.outer(np.diag(both), np.diag(both)))
    similar = np.divide(both, norms, out=np.zeros_like(both), where=norms > 0)
    left, values, right = np.linalg.svd(chosen, full_matrices=False)
    methods = {"neighbours": chosen @ similar, "factors": (left[:, :5] * values[:5]) @ right[:5]}
    new_user = max(float(np.abs(scores[-1]).max()) for scores in methods.values())
    new_item = max(float(np.abs(scores[:, -1]).max()) for scores in methods.values())
    popular = float(chosen.mean(axis=0).max())
    shows = (
        f"Largest score that two collaborative filters give: {new_user:.1f} for a new user, "
        f"{new_item:.1f} for a new item. Popularity has {popular:.2f} for the best item, whoever "
        "asks."
    )
    return Proof("D5", shows, max(new_user, new_item) < 1e-9 and popular > 0.2)


def _d6() -> Proof:
    chosen = _newcomers()
    described = np.random.default_rng(1).random((12, 4))  # four features of each item
    profiles = chosen @ described
    scores = profiles @ described.T
    known = profiles.any(axis=1)
    new_user, new_item = float(scores[-1].max()), float(scores[known, -1].min())
    shows = (
        f"Matching descriptions: every score of the new user is {new_user:.1f}, since her profile "
        f"is empty; the new item scores {new_item:.2f} or more for everybody with a profile."
    )
    return Proof("D6", shows, new_user == 0 and new_item > 0)


# ------------------------------------------------------------------ E: tools and versions


def _pythons_of(package: str) -> SpecifierSet:
    """Say which versions of Python an installed package accepts."""
    return SpecifierSet(metadata.metadata(package)["Requires-Python"] or "")


def _e1() -> Proof:
    ended = {"3.7": date(2023, 6, 27), "3.8": date(2024, 10, 7)}
    packages = ("numpy", "pandas", "scikit-learn")
    accepting = [p for p in packages for v in ended if f"{v}.18" in _pythons_of(p)]
    over = all(day < date.today() for day in ended.values())
    shows = (
        f"Recorded fact: support ended on {ended['3.7']} and {ended['3.8']}. Checked: "
        f"{len(accepting)} of the installed {', '.join(packages)} accept Python 3.7 or 3.8."
    )
    return Proof("E1", shows, over and not accepting)


def _e2() -> Proof:
    ended, shipped = date(2023, 5, 31), "3.6.9"
    asked_for = SpecifierSet(">=3.7,<3.9")
    usable = shipped in asked_for or shipped in _pythons_of("numpy")
    shows = (
        f"Recorded facts: standard support of Ubuntu 18.04 ended on {ended}, its Python is "
        f"{shipped}. Checked: the day is past, and this Python {'meets' if usable else 'fails'} "
        "both the article's own bounds and those of the installed NumPy."
    )
    return Proof("E2", shows, ended < date.today() and not usable)


def _e3() -> Proof:
    keras_of = {"2.11.0": "2.11.0", "2.13.1": "2.13.1", "2.21.0": "3.15.1"}  # what pip installed
    allowed = [tensorflow for tensorflow in keras_of if tensorflow in SpecifierSet(">=2,<3")]
    majors = sorted({keras_of[tensorflow].partition(".")[0] for tensorflow in allowed})
    shows = (
        f"Recorded fact: installing TensorFlow {', '.join(keras_of)} brought Keras "
        f"{', '.join(keras_of.values())}. Checked: '2.x' admits all {len(allowed)}, and with them "
        f"the major versions {' and '.join(majors)} of Keras."
    )
    return Proof("E3", shows, len(allowed) == 3 and len(majors) == 2)


def _e4() -> Proof:
    framework = "RecSys" in RECSYS_AS_FRAMEWORK
    conference = [q for q in RECSYS_AS_CONFERENCE if "Conference" in q or "会议" in q]
    shows = (
        f"Checked on the words: the article lists RecSys as a framework beside "
        f"{RECSYS_AS_FRAMEWORK[0]} and {RECSYS_AS_FRAMEWORK[1]}, and calls it a conference "
        f"elsewhere; {len(conference)} such places were compared."
    )
    return Proof("E4", shows, framework and len(conference) == 2)


def _e5() -> Proof:
    printed, right = canonicalize_name("surprise"), canonicalize_name("scikit-surprise")
    providers = metadata.packages_distributions().get("surprise", [])
    wrong = [name for name in providers if canonicalize_name(name) != right]
    here = f"provided by {', '.join(providers)}" if providers else "not installed here"
    shows = (
        "Recorded fact: the package 'surprise' on the index holds no code and requires "
        f"'{right}'. Checked: the two names differ, and the module is {here}."
    )
    return Proof("E5", shows, printed != right and not wrong)


def _e6() -> Proof:
    algorithms = {"NormalPredictor", "BaselineOnly", "KNNBasic", "KNNWithMeans", "KNNWithZScore"}
    algorithms |= {"KNNBaseline", "SVD", "SVDpp", "NMF", "SlopeOne", "CoClustering"}
    rng = np.random.default_rng(0)
    ratings = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 20)) + 0.1 * rng.normal(size=(30, 20))
    by_sgd, by_als = _factorise_by_sgd(ratings), _factorise_by_als(ratings)
    shows = (
        f"Recorded fact: the library's {len(algorithms)} algorithms include SVD and no SGD. "
        f"Checked: one model, a factorisation, has the error {by_sgd:.3f} fitted by SGD and "
        f"{by_als:.3f} fitted by least squares; SGD is a way to fit it."
    )
    return Proof("E6", shows, "SGD" not in algorithms and abs(by_sgd - by_als) < 0.02)


def _factorise_by_sgd(ratings: np.ndarray) -> float:
    """Fit two factors by stochastic gradient descent; return the root mean square error."""
    rng = np.random.default_rng(1)
    users, items = (rng.normal(0, 0.5, size=(n, 2)) for n in ratings.shape)
    cells = np.array(list(np.ndindex(*ratings.shape)))
    for epoch in range(60):
        rate = 0.05 / (1 + 0.1 * epoch)
        for u, i in rng.permutation(cells):
            error = ratings[u, i] - users[u] @ items[i]
            users[u], items[i] = (
                users[u] + rate * error * items[i],
                items[i] + rate * error * users[u],
            )
    return float(np.sqrt(np.mean((ratings - users @ items.T) ** 2)))


def _factorise_by_als(ratings: np.ndarray) -> float:
    """Fit the same model by alternating least squares; return the root mean square error."""
    items = np.random.default_rng(1).normal(size=(ratings.shape[1], 2))
    for _ in range(50):
        users = np.linalg.lstsq(items, ratings.T, rcond=None)[0].T
        items = np.linalg.lstsq(users, ratings, rcond=None)[0].T
    return float(np.sqrt(np.mean((ratings - users @ items.T) ** 2)))


def _e7() -> Proof:
    losses = {"logistic", "bpr", "warp", "warp-kos"}
    promised = {"als", "svd++"}
    shows = (
        f"Recorded fact, from trying them in version 1.17: the losses {', '.join(sorted(losses))} "
        f"are accepted, {' and '.join(sorted(promised))} refused. Checked: the two lists share "
        f"{len(losses & promised)} entries."
    )
    return Proof("E7", shows, not losses & promised)


def _e8() -> Proof:
    files = {"py": 50}  # by ending, in the wheel of version 0.7.7
    weights = {"h5", "keras", "pb", "ckpt", "index", "npz", "tflite"}
    try:
        installed = metadata.files("tensorflow-recommenders") or []
    except metadata.PackageNotFoundError:
        installed = []
    here = {Path(str(file)).suffix.lstrip(".") for file in installed}
    shows = (
        f"Recorded fact: version 0.7.7 holds {files['py']} files of Python. Checked: of "
        f"{len(weights)} kinds of file for weights {len(weights & (set(files) | here))} occur in it"
        f"{' or in the one installed here' if installed else ''}."
    )
    return Proof("E8", shows, not weights & (set(files) | here))


def _e9() -> Proof:
    recorded = {"jax", "tensorflow", "torch"}
    found = importlib.util.find_spec("keras")  # looks for the package without importing it
    if found is None or found.origin is None:
        shows = (
            "Recorded fact: Keras 3 runs on JAX, TensorFlow and PyTorch. It is not installed here."
        )
        return Proof("E9", shows, len(recorded) > 1)
    folder = Path(found.origin).parent / "src" / "backend"
    backends = recorded & {path.name for path in folder.iterdir()}
    needs = {canonicalize_name(Requirement(r).name) for r in metadata.requires("keras") or []}
    shows = (
        f"The installed Keras {metadata.version('keras')} has the backends "
        f"{', '.join(sorted(backends))}, and requires {len(needs & recorded)} of them: it stands "
        "on top of them, not beside them."
    )
    return Proof("E9", shows, backends == recorded and not needs & recorded)


def _e10() -> Proof:
    printed = [Requirement(name) for line in PIP_COMMANDS for name in line.split()]
    bounded = [r for r in printed if r.specifier]
    ours = [Requirement(r) for r in metadata.requires("recsys-tutorial") or []]
    loose = [
        r.name for r in ours if not r.specifier and canonicalize_name(r.name) != "recsys-tutorial"
    ]
    shows = (
        f"Of the article's {len(printed)} packages {len(bounded)} have a version; of the "
        f"{len(ours)} requirements of this course {len(loose)} have none."
    )
    return Proof("E10", shows, not bounded and len(ours) > 5 and not loose)


def _e11() -> Proof:
    table = np.zeros((1000, 10))
    block = 128 * 2**20  # the default size of one block in Hadoop's file system
    rows = block // (table.nbytes // len(table))
    shows = (
        f"The article's 1000 rows of 10 numbers take {table.nbytes / 1000:.0f} kB, and "
        f"{rows / 1e6:.1f} million rows fit into one block of Hadoop's file system (recorded fact: "
        "128 MiB), the piece in which it distributes data."
    )
    return Proof("E11", shows, table.nbytes < block / 1000)


PROOFS: dict[str, Callable[[], Proof]] = {
    "C1": _c1,
    "C2": _c2,
    "C3": _c3,
    "C4": _c4,
    "C5": _c5,
    "C6": _c6,
    "C7": _c7,
    "C8": _c8,
    "C9": _c9,
    "C10": _c10,
    "C11": _c11,
    "C12": _c12,
    "C13": _c13,
    "C14": _c14,
    "C15": _c15,
    "C16": _c16,
    "D1": _d1,
    "D2": _d2,
    "D3": _d3,
    "D4": _d4,
    "D5": _d5,
    "D6": _d6,
    "E1": _e1,
    "E2": _e2,
    "E3": _e3,
    "E4": _e4,
    "E5": _e5,
    "E6": _e6,
    "E7": _e7,
    "E8": _e8,
    "E9": _e9,
    "E10": _e10,
    "E11": _e11,
}
