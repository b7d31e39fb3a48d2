"""Measuring ranked lists, and being honest about it.

Sixth step of the pipeline, used from chapter 6 on and taught in chapter 11.

**Who is averaged.**  One rule for every metric that asks whether a list was *right* (precision,
recall, F1, nDCG, average precision, reciprocal rank, hit rate, accuracy): all users who have at
least one relevant item in the test.  A user for whom nothing was recommended, or nothing was hit,
counts as 0; she is not left out.  (Leaving her out is the most common error in published metric
code.)  Metrics that *describe* a list without asking whether it was right (novelty, diversity,
calibration) exist for users who got a list; `leaderboard` reports beside them how many did.

One idea a file: `lists` holds the definitions, slow and short; `per_user` the same for all users
at once; `describing` what a list is like; `ratings` two measures that mislead; `resampling`
intervals and many comparisons; `next_item` questions with one right answer; `board` puts
recommenders side by side.  For chapter 15: `popularity_bias` and `fairness` ask who is served and
what is shown, `stress` spoils a log on purpose, `experiments` says how large a live test must be.
"""

from recsys_tutorial.evaluation.board import leaderboard
from recsys_tutorial.evaluation.describing import (
    calibration_at_k,
    coverage_at_k,
    diversity_at_k,
    novelty_at_k,
)
from recsys_tutorial.evaluation.experiments import (
    users_per_arm,
)
from recsys_tutorial.evaluation.fairness import (
    gini,
    group_gaps,
    item_exposure,
)
from recsys_tutorial.evaluation.growth import extrapolate_growth, growth_exponent
from recsys_tutorial.evaluation.lists import (
    METRICS,
    average_precision_at_k,
    f1_at_k,
    hit_rate_at_k,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    reciprocal_rank_at_k,
)
from recsys_tutorial.evaluation.next_item import hit_and_ndcg, target_ranks
from recsys_tutorial.evaluation.per_user import (
    find_hits,
    metrics_from_hits,
    per_user_metrics,
    relevant_items,
)
from recsys_tutorial.evaluation.popularity_bias import (
    list_popularity,
    popularity_bands,
    popularity_lift,
)
from recsys_tutorial.evaluation.ratings import classification_accuracy, rating_rmse
from recsys_tutorial.evaluation.resampling import (
    Comparison,
    Interval,
    bootstrap_interval,
    holm,
    paired_bootstrap,
    unpaired_bootstrap,
)
from recsys_tutorial.evaluation.stress import (
    add_random_events,
    lose_block,
    push_item,
    repeat_events,
)

__all__ = [
    "Comparison",
    "Interval",
    "METRICS",
    "add_random_events",
    "average_precision_at_k",
    "bootstrap_interval",
    "calibration_at_k",
    "classification_accuracy",
    "coverage_at_k",
    "diversity_at_k",
    "extrapolate_growth",
    "f1_at_k",
    "find_hits",
    "gini",
    "group_gaps",
    "growth_exponent",
    "hit_and_ndcg",
    "hit_rate_at_k",
    "holm",
    "item_exposure",
    "leaderboard",
    "list_popularity",
    "lose_block",
    "metrics_from_hits",
    "ndcg_at_k",
    "novelty_at_k",
    "paired_bootstrap",
    "per_user_metrics",
    "popularity_bands",
    "popularity_lift",
    "precision_at_k",
    "push_item",
    "rating_rmse",
    "recall_at_k",
    "reciprocal_rank_at_k",
    "relevant_items",
    "repeat_events",
    "target_ranks",
    "unpaired_bootstrap",
    "users_per_arm",
]
