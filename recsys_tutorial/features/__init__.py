"""Turning a history into numbers: profiles, interest maps, and what a network makes of them.

Third step of the pipeline.  Profiles are used from chapter 3 on; interest maps and the
convolutional network are taught in chapter 7, training and other networks in chapter 8, texts in
chapter 9.  TensorFlow is imported only when a network is built.
"""

from recsys_tutorial.features.extraction import (
    FeatureExtractor,
    layer_activations,
    penultimate_features,
)
from recsys_tutorial.features.maps import (
    InterestWindows,
    ItemTopics,
    fit_item_topics,
    interest_windows,
    latest_rows,
    maps_of_latest,
    maps_of_rows,
    one_hot_maps,
)
from recsys_tutorial.features.networks import (
    build_conv1d_network,
    build_dense_network,
    build_gru_network,
    build_interest_cnn,
    build_next_item_gru,
    build_next_item_transformer,
    build_transformer_network,
    score_next,
)
from recsys_tutorial.features.profiles import (
    fit_user_factors,
    genre_matrix,
    genre_profiles,
    item_factors,
    unit_rows,
    user_factors,
)
from recsys_tutorial.features.sequences import (
    NextItemData,
    NextItemQuestions,
    next_item_data,
    order_events,
    transition_counts,
)
from recsys_tutorial.features.text import (
    LsaEncoder,
    SentenceEncoder,
    ShippedEncoder,
    TextEncoder,
    encode_items,
    item_texts,
    quantise,
    user_vectors,
)
from recsys_tutorial.features.training import (
    TrainedNetwork,
    cross_entropy,
    row_cross_entropy,
    train_network,
)

__all__ = [
    "FeatureExtractor",
    "InterestWindows",
    "ItemTopics",
    "LsaEncoder",
    "NextItemData",
    "NextItemQuestions",
    "SentenceEncoder",
    "ShippedEncoder",
    "TextEncoder",
    "TrainedNetwork",
    "build_conv1d_network",
    "build_dense_network",
    "build_gru_network",
    "build_interest_cnn",
    "build_next_item_gru",
    "build_next_item_transformer",
    "build_transformer_network",
    "cross_entropy",
    "encode_items",
    "fit_item_topics",
    "fit_user_factors",
    "genre_matrix",
    "genre_profiles",
    "interest_windows",
    "item_factors",
    "item_texts",
    "latest_rows",
    "layer_activations",
    "maps_of_latest",
    "maps_of_rows",
    "next_item_data",
    "one_hot_maps",
    "order_events",
    "penultimate_features",
    "quantise",
    "row_cross_entropy",
    "score_next",
    "train_network",
    "transition_counts",
    "unit_rows",
    "user_factors",
    "user_vectors",
]
