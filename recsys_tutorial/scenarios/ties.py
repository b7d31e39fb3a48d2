"""Cut a network in two without letting one half whisper to the other.

Taught in chapter 14.
"""

from __future__ import annotations

import numpy as np

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.preprocessing import Split


def split_ties(interactions: Interactions, test_share: float = 0.2, random_state: int = 0) -> Split:
    """Hold out whole ties: both directions together, or the other one gives the answer away.

    Parameters
    ----------
    interactions : Interactions
        Ties as rows, each in both directions (see `ties_log`).
    test_share : float
        Share of the ties to hold out, strictly between 0 and 1.
    random_state : int
        Seed.

    Returns
    -------
    Split
        Nobody is left without a tie in the training log, so the test may be smaller than asked.

    Raises
    ------
    DataError
        If a tie stands in one direction only, or no tie can be spared.
    ValueError
        If `test_share` is not between 0 and 1.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_karate_club
    >>> train, test = split_ties(load_karate_club().log)
    >>> train.n_events, test.n_events
    (124, 32)
    """
    if not 0 < test_share < 1:
        raise ValueError(f"test_share={test_share} must lie between 0 and 1.")
    events = interactions.events
    pairs = events[["user", "item"]].to_numpy()
    forward = {(a, b) for a, b in pairs}
    lonely = next(((a, b) for a, b in forward if (b, a) not in forward), None)
    if lonely is not None:
        raise DataError(
            f"The tie {lonely[0]}-{lonely[1]} stands in one direction only. Add the other one."
        )
    ties = sorted({(min(a, b), max(a, b)) for a, b in forward})
    wanted, left = round(test_share * len(ties)), events["user"].value_counts().to_dict()
    held: set[tuple] = set()
    for place in np.random.default_rng(random_state).permutation(len(ties)):
        a, b = ties[place]
        if left[a] > 1 and left[b] > 1:
            held |= {(a, b), (b, a)}
            left[a], left[b] = left[a] - 1, left[b] - 1
        if len(held) >= 2 * wanted:
            break
    if not held:
        raise DataError("No tie can be spared without leaving somebody alone.")
    out = np.array([(a, b) in held for a, b in pairs])
    return Split(interactions.with_events(events[~out]), interactions.with_events(events[out]))
