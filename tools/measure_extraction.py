"""Measure how many users a second the CNN describes, and whether memory stays flat.

``python tools/measure_extraction.py`` prints users per second and the memory of the process for
growing numbers of users.  They come from a generator, as they would from a file, so that whatever
grows is the extractor's.  Timings of a busy machine are low; run it twice.
"""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import psutil

from recsys_tutorial.datasets import load_movielens
from recsys_tutorial.features import (
    FeatureExtractor,
    build_interest_cnn,
    fit_item_topics,
    maps_of_latest,
)

BLOCK = 4096


def make_extractor() -> FeatureExtractor:
    """Build the article's network on MovieLens; its speed does not depend on its training."""
    movielens = load_movielens()
    topics = fit_item_topics(movielens)
    maps, _ = maps_of_latest(movielens, topics)
    return FeatureExtractor.from_network(build_interest_cnn(), topics, maps)


def measure(extractor: FeatureExtractor, n_users: int) -> tuple[float, float]:
    """Give users per second, and the memory of the process in MB while the last block leaves."""
    rng = np.random.default_rng(0)
    sizes = [BLOCK] * (n_users // BLOCK) + [n_users % BLOCK] * (n_users % BLOCK > 0)
    blocks = (rng.integers(0, len(extractor.topics.items), (size, 28), "int32") for size in sizes)
    started, seen, memory = time.perf_counter(), 0, 0.0
    for features in extractor.stream(blocks):
        seen += len(features)
        memory = max(memory, psutil.Process().memory_info().rss / 1e6)
    return seen / (time.perf_counter() - started), memory


def main() -> None:
    """Print one line per number of users."""
    extractor = make_extractor()
    measure(extractor, BLOCK)
    for n_users in (20_000, 100_000, 500_000):
        speed, memory = measure(extractor, n_users)
        print(f"{n_users:9,} users: {speed:8,.0f} users/s, {memory:6,.0f} MB", flush=True)


if __name__ == "__main__":
    main()
