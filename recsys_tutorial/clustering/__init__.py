"""Clustering users: K-means from scratch, and judging what it found.

Fourth step of the pipeline.  K-means is taught in chapter 3 and written here to be read; the other
algorithms come from scikit-learn until chapters 4 and 5 take them apart.
"""

from recsys_tutorial.clustering.judging import (
    agreement,
    inertia_curve,
    silhouette_curve,
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
    "KMeansResult",
    "agreement",
    "assign_to_centres",
    "cluster_users",
    "inertia_curve",
    "kmeans",
    "kmeans_objective",
    "kmeans_plus_plus",
    "kmeans_step",
    "silhouette_curve",
    "squared_distances",
    "stability",
    "update_centres",
]
