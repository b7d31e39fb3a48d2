"""What the tests of networks, training and extraction share: maps and mixes."""

import numpy as np


def random_maps(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, 28, 28)).astype("float32")


def random_mixes(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(10), size=n).astype("float32")
