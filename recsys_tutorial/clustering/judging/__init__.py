"""Is this a good clustering?  Each judge asks a different question; none of them knows the answer.

Used from chapter 3 on and taught in chapter 6.  `silhouettes` asks whether groups stand apart,
`curves` whether they stand apart more than on data without groups, and `agreeing` whether two
groupings are the same: of other users, or of a known truth.
"""

from recsys_tutorial.clustering.judging.agreeing import (
    adjusted_rand,
    agreement,
    rand_index,
    split_noise,
    stability,
)
from recsys_tutorial.clustering.judging.curves import (
    gap_statistic,
    inertia_curve,
    permute_columns,
    silhouette_curve,
)
from recsys_tutorial.clustering.judging.silhouettes import silhouette_values

__all__ = [
    "adjusted_rand",
    "agreement",
    "gap_statistic",
    "inertia_curve",
    "permute_columns",
    "rand_index",
    "silhouette_curve",
    "silhouette_values",
    "split_noise",
    "stability",
]
