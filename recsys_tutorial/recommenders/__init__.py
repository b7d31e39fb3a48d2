"""Recommenders: from groups of users to a ranked list for one user.

Fifth step of the pipeline, taught in chapter 10.  All share one interface:
``fit(matrix)``, ``scores(users)``, ``recommend(users, k)``.
"""

from recsys_tutorial.recommenders.base import Recommender
from recsys_tutorial.recommenders.clusters import (
    ClusterPopularity,
    GroupPopularity,
    SoftClusterPopularity,
    shrunken_shares,
)
from recsys_tutorial.recommenders.explaining import cluster_names, distinctive_items, explain
from recsys_tutorial.recommenders.popularity import Popularity, item_shares

__all__ = [
    "ClusterPopularity",
    "GroupPopularity",
    "Popularity",
    "Recommender",
    "SoftClusterPopularity",
    "cluster_names",
    "distinctive_items",
    "explain",
    "item_shares",
    "shrunken_shares",
]
