"""Clustering users: three algorithms from scratch, and judging what they found.

Fourth step of the pipeline.  K-means (chapter 3), DBSCAN (chapter 4) and hierarchical clustering
(chapter 5) are written here to be read, and agree with scikit-learn and SciPy; `cluster_users`
is the door to the libraries, for work.  Chapter 6 judges; chapter 9 finds words for clusters, and
keeps their numbers when behaviour changes; chapter 13 follows a stream of events.
"""

from recsys_tutorial.clustering.adapting import (
    Reclustering,
    match_centres,
    match_clusters,
    recluster,
    renumber,
)
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
from recsys_tutorial.clustering.library import cluster_users, fit_kmeans
from recsys_tutorial.clustering.naming import (
    blind_match,
    class_tfidf,
    cluster_documents,
    item_words,
    top_words,
)
from recsys_tutorial.clustering.streaming import (
    FadingCounts,
    ForgettingProfiles,
    OnlineKMeans,
    PageHinkley,
    Revision,
    StreamingKMeans,
    choose_threshold,
    forgetting_lag,
    merge_losses,
    revise_clusters,
    split_gains,
)

__all__ = [
    "DBSCANResult",
    "FadingCounts",
    "ForgettingProfiles",
    "KMeansResult",
    "OnlineKMeans",
    "PageHinkley",
    "Reclustering",
    "Revision",
    "StreamingKMeans",
    "adjusted_rand",
    "agreement",
    "assign_to_centres",
    "blind_match",
    "choose_threshold",
    "class_tfidf",
    "cluster_documents",
    "cluster_users",
    "cophenetic_correlation",
    "cophenetic_distances",
    "core_points",
    "cut_tree",
    "dbscan",
    "distance_bytes",
    "fit_kmeans",
    "forgetting_lag",
    "gap_statistic",
    "inertia_curve",
    "item_words",
    "k_distances",
    "kmeans",
    "kmeans_objective",
    "kmeans_plus_plus",
    "kmeans_step",
    "leaf_order",
    "match_centres",
    "match_clusters",
    "merge_losses",
    "merge_tree",
    "neighbourhoods",
    "permute_columns",
    "rand_index",
    "recluster",
    "renumber",
    "revise_clusters",
    "silhouette_curve",
    "silhouette_values",
    "split_gains",
    "split_noise",
    "squared_distances",
    "stability",
    "top_words",
    "update_centres",
]
