"""A real network that travels with the course: who met whom in a karate club.

Taught in chapter 14.  A tie joins two people of one kind, so a log of ties is a log in which the
items are people, too, and every tie stands in it twice.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from recsys_tutorial.datasets.fields import FieldLog
from recsys_tutorial.datasets.interactions import DataError, Interactions
from recsys_tutorial.datasets.shipped import read_checked


def load_karate_club() -> FieldLog:
    """Load the karate club of Zachary: 34 people, 78 ties, and which half each joined.

    Returns
    -------
    FieldLog
        Every tie in both directions, without times; people have a ``club``, the half that they
        joined when the club split, which also is the group.

    References
    ----------
    Zachary (1977). [zachary1977information]

    Examples
    --------
    >>> club = load_karate_club()
    >>> club.log.n_users, club.log.n_events, club.people["club"].value_counts().tolist()
    (34, 156, [17, 17])
    """
    people = read_checked("networks/karate_people.csv").set_index("person").rename_axis("user")
    log = ties_log(read_checked("networks/karate_ties.csv"))
    return FieldLog(log, people, people["club"].astype("category").cat.codes.rename("group"))


def ties_log(ties: pd.DataFrame) -> Interactions:
    """Turn pairs of people into a log in which each of the two has "met" the other.

    Parameters
    ----------
    ties : DataFrame
        Two columns with the ids of the two people; every pair once, in any order.

    Returns
    -------
    Interactions
        Two rows per tie, without times; the items are the people.

    Raises
    ------
    DataError
        If there are not two columns, a pair stands twice, or somebody is tied to herself.

    Examples
    --------
    >>> ties_log(pd.DataFrame({"a": [1, 1], "b": [2, 3]})).events["item"].tolist()
    [2, 3, 1, 1]
    """
    if ties.shape[1] != 2:
        raise DataError(f"ties has {ties.shape[1]} columns. Give two: the two people of each tie.")
    pairs = ties.to_numpy()
    alone = np.flatnonzero(pairs[:, 0] == pairs[:, 1])
    if alone.size:
        raise DataError(f"Row {alone[0]} ties {pairs[alone[0], 0]} to itself. Drop such rows.")
    both = np.vstack([pairs, pairs[:, ::-1]])
    table = pd.DataFrame({"user": both[:, 0], "item": both[:, 1], "rating": 1.0})
    return Interactions.from_frame(table.infer_objects(), timestamp=None)
