"""Turning a history into numbers: profiles, interest maps, and what a network makes of them.

Third step of the pipeline.  Profiles are used from chapter 3 on; interest maps and the
convolutional network are taught in chapter 7.  TensorFlow is imported only when a network is built.
"""

from recsys_tutorial.features.cnn import (
    TrainedNetwork,
    build_interest_cnn,
    cross_entropy,
    layer_activations,
    penultimate_features,
    row_cross_entropy,
    train_network,
)
from recsys_tutorial.features.maps import (
    InterestWindows,
    ItemTopics,
    fit_item_topics,
    interest_windows,
    maps_of_latest,
    one_hot_maps,
)
from recsys_tutorial.features.profiles import (
    genre_matrix,
    genre_profiles,
    item_factors,
    unit_rows,
    user_factors,
)

__all__ = [
    "InterestWindows",
    "ItemTopics",
    "TrainedNetwork",
    "build_interest_cnn",
    "cross_entropy",
    "fit_item_topics",
    "genre_matrix",
    "genre_profiles",
    "interest_windows",
    "item_factors",
    "layer_activations",
    "maps_of_latest",
    "one_hot_maps",
    "penultimate_features",
    "row_cross_entropy",
    "train_network",
    "unit_rows",
    "user_factors",
]
