"""Recommenders: from groups of users to a ranked list for one user.

Fifth step of the pipeline, taught in chapter 10.  All share one interface: ``fit(matrix)``,
``scores(users)``, ``recommend(users, k)``, ``top_k(users, k)``, ``score_histories(histories)``.
"""

from recsys_tutorial.recommenders.base import Recommender
from recsys_tutorial.recommenders.baskets import pair_rules
from recsys_tutorial.recommenders.clusters import (
    ClusterPopularity,
    GroupPopularity,
    SoftClusterPopularity,
    shrunken_shares,
)
from recsys_tutorial.recommenders.cold_start import (
    ContentRecommender,
    Fusion,
    KnowledgeRecommender,
    borrow_scores,
    fuse,
    item_facts,
    top_unseen,
)
from recsys_tutorial.recommenders.ease import EASE
from recsys_tutorial.recommenders.ensemble import ClusterEnsemble
from recsys_tutorial.recommenders.explaining import (
    cluster_names,
    distinctive_items,
    explain,
    reasons,
)
from recsys_tutorial.recommenders.faithfulness import (
    deletion_test,
    group_evidence,
)
from recsys_tutorial.recommenders.guards import (
    CappedRecommender,
    GuardedRecommender,
    seen_of_kind,
)
from recsys_tutorial.recommenders.hybrid import ClusterEASE
from recsys_tutorial.recommenders.mixture import MixtureModel
from recsys_tutorial.recommenders.neighbours import ItemKNN, UserKNN
from recsys_tutorial.recommenders.popularity import Popularity, item_shares
from recsys_tutorial.recommenders.reranking import (
    calibrated_rerank,
)
from recsys_tutorial.recommenders.saving import load_recommender, save_recommender
from recsys_tutorial.recommenders.ties import FriendsOfFriends

__all__ = [
    "CappedRecommender",
    "ClusterEASE",
    "ClusterEnsemble",
    "ClusterPopularity",
    "ContentRecommender",
    "EASE",
    "FriendsOfFriends",
    "Fusion",
    "GroupPopularity",
    "GuardedRecommender",
    "ItemKNN",
    "KnowledgeRecommender",
    "MixtureModel",
    "Popularity",
    "Recommender",
    "SoftClusterPopularity",
    "UserKNN",
    "borrow_scores",
    "calibrated_rerank",
    "cluster_names",
    "deletion_test",
    "distinctive_items",
    "explain",
    "fuse",
    "group_evidence",
    "item_facts",
    "item_shares",
    "load_recommender",
    "pair_rules",
    "reasons",
    "save_recommender",
    "seen_of_kind",
    "shrunken_shares",
    "top_unseen",
]
