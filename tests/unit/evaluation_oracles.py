"""What the metrics should be, counted with loops: nothing clever, nothing shared with the package.

Also the lists and sets from which the tests of `recsys_tutorial.evaluation` are made.
"""

import math

import pandas as pd
from hypothesis import strategies as st

from recsys_tutorial.datasets import Interactions

films = st.lists(st.integers(0, 11), unique=True, max_size=12)
wanted = st.sets(st.integers(0, 14), min_size=1, max_size=9)
places = st.integers(1, 15)


def by_definition(recommended, relevant, k):
    """Give every metric of one list."""
    hits, gain, precisions, first = 0, 0.0, 0.0, 0.0
    for rank in range(1, k + 1):
        if rank <= len(recommended) and recommended[rank - 1] in relevant:
            hits += 1
            gain += 1 / math.log2(rank + 1)
            precisions += hits / rank
            first = first or 1 / rank
    best, best_precisions = 0.0, 0.0
    for rank in range(1, k + 1):
        if rank <= len(relevant):
            best += 1 / math.log2(rank + 1)
            best_precisions += 1.0
    precision, recall = hits / k, hits / len(relevant)
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if hits else 0.0,
        "ndcg": gain / best,
        "average_precision": precisions / best_precisions,
        "reciprocal_rank": first,
        "hit_rate": 1.0 if hits else 0.0,
    }


def frame(lists):
    """Make a table of recommendations from a dict of lists."""
    rows = [(u, r, i) for u, items in lists.items() for r, i in enumerate(items, start=1)]
    return pd.DataFrame(rows, columns=["user", "rank", "item"])


def log_of(pairs, ratings=None):
    """Make a log from pairs of user and item."""
    table = pd.DataFrame(pairs, columns=["user", "item"])
    table["rating"] = 1.0 if ratings is None else ratings
    return Interactions.from_frame(table, timestamp=None)
