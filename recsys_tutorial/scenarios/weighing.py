"""What an event is worth: a purchase more than a look, yesterday more than last year.

Taught in chapter 14.  All recommenders of the course count the *values* of a user-item matrix, so a
weight per event is all it takes to tell them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from recsys_tutorial.datasets import Interactions
from recsys_tutorial.preprocessing import UserItemMatrix, user_item_matrix


def recency_weights(
    timestamps: pd.Series | np.ndarray, half_life: float, now: float | None = None
) -> np.ndarray:
    """Halve the weight of an event with every half-life of its age.

    Parameters
    ----------
    timestamps : array, shape (n_events,)
        When the events happened, in seconds.
    half_life : float
        In seconds, positive.
    now : float, optional
        The present, in seconds; by default the time of the latest event.

    Returns
    -------
    ndarray, shape (n_events,)
        1 for an event of this moment, 1/2 after one half-life, and so on.

    Raises
    ------
    ValueError
        If `half_life` is not positive, there is no event, a time is a date or missing, or an event
        lies after `now`.

    Examples
    --------
    >>> recency_weights(np.array([0, 86_400]), half_life=86_400).tolist()
    [0.5, 1.0]
    """
    times = np.asarray(timestamps)
    if times.dtype.kind == "M":
        raise ValueError("timestamps holds dates. Give seconds, as `Interactions` does.")
    times = times.astype(float)
    if not half_life > 0:
        raise ValueError(f"half_life={half_life} must be positive.")
    if times.size == 0:
        raise ValueError("There are no events to weigh.")
    now = times.max() if now is None else now
    if not (np.isfinite(times).all() and np.isfinite(now)):
        raise ValueError("A time is missing or infinite. Drop these events.")
    if times.max() > now:
        raise ValueError("An event lies after `now`. Cut the log first: this would be a leak.")
    return 0.5 ** ((now - times) / half_life)


def weighted_matrix(
    interactions: Interactions, weights: pd.Series | np.ndarray | None = None
) -> UserItemMatrix:
    """Build the matrix of who met what, with a weight in each cell instead of 1.

    Parameters
    ----------
    interactions : Interactions
        The log.
    weights : array, shape (n_events,), optional
        One weight per event, not negative, in the order of the events; by default the ratings.
        An event of weight 0 stays in the matrix: it is not counted, but it has been met.

    Returns
    -------
    UserItemMatrix
        Rows and columns in the order of the ids.

    Raises
    ------
    ValueError
        If there is not one weight per event, or one is negative or missing.

    Examples
    --------
    >>> log = pd.DataFrame({"user": [1, 2], "item": ["a", "a"], "rating": [5, 1]})
    >>> log = Interactions.from_frame(log, timestamp=None)
    >>> weighted_matrix(log).values.toarray().tolist(), weighted_matrix(log, [1, 0]).values.nnz
    ([[5.0], [1.0]], 2)
    """
    events = interactions.events
    values = events["rating"] if weights is None else weights
    array = np.asarray(values, dtype=float)
    if array.shape != (len(events),):
        raise ValueError(f"weights has shape {array.shape}; there are {len(events)} events.")
    if not (array >= 0).all():
        raise ValueError("A weight is negative or missing. Give 0 to events that say nothing.")
    return user_item_matrix(interactions.with_events(events.assign(rating=array)), use_ratings=True)
