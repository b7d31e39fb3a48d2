"""Clustering users: K-means from scratch, and judging what it found.

Fourth step of the pipeline.  K-means is taught in chapter 3 and written here to be read; the other
algorithms come from scikit-learn until chapters 4 and 5 take them apart.
"""

from recsys_tutorial.clustering.dbscan import (
    DBSCANResult,
    core_points,
    dbscan,
    k_distances,
    neighbourhoods,
)
from recsys_tutorial.clustering.hierarchical import (
    cophenetic_correlation,
    cophenetic_distances,
    cut_tree,
    distance_bytes,
    leaf_order,
    merge_tree,
)
from recsys_tutorial.clustering.judging import (
    adjusted_rand,
    agreement,
    gap_statistic,
    inertia_curve,
    permute_columns,
    rand_index,
    silhouette_curve,
    silhouette_values,
    split_noise,
    stability,
)
from recsys_tutorial.clustering.kmeans import (
    KMeansResult,
    assign_to_centres,
    kmeans,
    kmeans_objective,
    kmeans_plus_plus,
    kmeans_step,
    squared_distances,
    update_centres,
)
from recsys_tutorial.clustering.library import cluster_users

__all__ = [
    "DBSCANResult",
    "KMeansResult",
    "adjusted_rand",
    "agreement",
    "assign_to_centres",
    "cluster_users",
    "cophenetic_correlation",
    "cophenetic_distances",
    "core_points",
    "cut_tree",
    "dbscan",
    "distance_bytes",
    "gap_statistic",
    "inertia_curve",
    "k_distances",
    "kmeans",
    "kmeans_objective",
    "kmeans_plus_plus",
    "kmeans_step",
    "leaf_order",
    "merge_tree",
    "neighbourhoods",
    "permute_columns",
    "rand_index",
    "silhouette_curve",
    "silhouette_values",
    "split_noise",
    "squared_distances",
    "stability",
    "update_centres",
]
