"""Which items go together: support, confidence and lift of pairs.

Taught in chapter 14.  A basket is a user of one evening, so the same matrix serves; what is asked
is not who belongs together, but what.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.preprocessing import UserItemMatrix


def pair_rules(matrix: UserItemMatrix, *, min_together: int = 1) -> pd.DataFrame:
    """Count for every pair of items how often they were met together, and how surprising that is.

    Parameters
    ----------
    matrix : UserItemMatrix
        One row per basket (or per user); stored cells count, whatever their value.
    min_together : int
        Leave out pairs that fewer baskets hold, at least 1: the lift of a rare pair is luck.

    Returns
    -------
    DataFrame
        One row per ordered pair, the highest lift first: ``item`` (is in the basket), ``other``
        (is recommended), ``together`` (baskets with both), ``support`` (their share of all
        baskets), ``confidence`` (their share of the baskets with ``item``) and ``lift``
        (confidence divided by the share of all baskets with ``other``: 1 for two items that have
        nothing to do with each other).

    Raises
    ------
    ValueError
        If `min_together` is less than 1.

    References
    ----------
    Agrawal, Imieliński and Swami (1993), for support and confidence. [agrawal1993mining]

    Examples
    --------
    >>> held = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [0, 0, 1]])
    >>> rows, items = pd.RangeIndex(4), pd.Index(["pasta", "sauce", "soap"])
    >>> rules = pair_rules(UserItemMatrix(sparse.csr_array(held), rows, items))
    >>> rules.loc[0, ["item", "other"]].tolist(), rules.loc[0, "lift"].round(3).item()
    (['pasta', 'sauce'], 1.333)
    """
    if min_together < 1:
        raise ValueError(f"min_together={min_together} must be at least 1.")
    values = matrix.values
    held = sparse.csr_array(
        (np.ones(values.nnz), values.indices, values.indptr), shape=values.shape
    )
    pairs = (held.T.tocsr() @ held).tocoo()
    first, second = pairs.coords
    real = (first != second) & (pairs.data >= min_together)
    first, second, together = first[real], second[real], pairs.data[real]
    alone = held.sum(axis=0)
    confidence = together / alone[first]
    table = pd.DataFrame(
        {
            "item": matrix.items[first],
            "other": matrix.items[second],
            "together": together.astype(int),
            "support": together / max(1, len(matrix.users)),
            "confidence": confidence,
            "lift": confidence * len(matrix.users) / alone[second],
        }
    )
    order = np.lexsort((second, first, -np.round(table["lift"], 9)))
    return table.iloc[order].reset_index(drop=True)
