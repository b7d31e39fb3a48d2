"""The definitions: metrics of one ranked list for one user, short enough to read.

Taught in chapter 11.  `per_user` computes the same for everybody at once and is tested against
these functions.  In all of them a list may be shorter than k; its empty places count as misses.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence

import numpy as np

METRICS = (
    "precision",
    "recall",
    "f1",
    "ndcg",
    "average_precision",
    "reciprocal_rank",
    "hit_rate",
)


def _hits(recommended: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> np.ndarray:
    if k < 1:
        raise ValueError(f"k={k} must be at least 1.")
    if len(relevant) == 0:
        raise ValueError("This user has no relevant item, so no metric is defined for her.")
    if len(set(recommended)) < len(recommended):
        raise ValueError("The list recommends an item twice; a repeated item must not count twice.")
    wanted = set(relevant)
    return np.array([item in wanted for item in list(recommended)[:k]], dtype=float)


def precision_at_k(
    recommended: Sequence[Hashable], relevant: Collection[Hashable], k: int
) -> float:
    """Of the k places, the share that holds a relevant item.

    Empty places count: a list shorter than k is divided by k all the same.

    Parameters
    ----------
    recommended : sequence
        Items for one user, best first, without repeats.
    relevant : collection
        The user's test items, at least one.
    k : int
        Places that count.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If `relevant` is empty, an item is recommended twice, or `k` is less than 1.

    Examples
    --------
    >>> precision_at_k(["a", "b", "c", "d"], {"a", "c", "x"}, 4)
    0.5
    """
    return float(_hits(recommended, relevant, k).sum() / k)


def recall_at_k(recommended: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """Of the relevant items, the share that is among the first k.

    Parameters
    ----------
    recommended, relevant, k
        As in `precision_at_k`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        As in `precision_at_k`.

    Examples
    --------
    >>> recall_at_k(["a", "b", "c", "d"], {"a", "c", "x"}, 4)
    0.6666666666666666
    """
    return float(_hits(recommended, relevant, k).sum() / len(set(relevant)))


def f1_at_k(recommended: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """Harmonic mean of precision and recall at k; 0 if both are 0.

    Parameters
    ----------
    recommended, relevant, k
        As in `precision_at_k`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        As in `precision_at_k`.

    Examples
    --------
    >>> round(f1_at_k(["a", "b", "c", "d"], {"a", "c", "x"}, 4), 4)
    0.5714
    """
    hits = _hits(recommended, relevant, k).sum()
    return float(2 * hits / (k + len(set(relevant))))


def ndcg_at_k(recommended: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """Discounted gain of the list, divided by that of the best possible list.

    A hit at rank r is worth ``1 / log2(r + 1)``; the best list has its hits at the first
    ``min(k, number of relevant items)`` ranks.

    Parameters
    ----------
    recommended, relevant, k
        As in `precision_at_k`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        As in `precision_at_k`.

    References
    ----------
    Järvelin and Kekäläinen (2002). [jarvelin2002cumulated]

    Examples
    --------
    >>> ndcg_at_k(["a", "b"], {"a"}, 2), round(ndcg_at_k(["b", "a"], {"a"}, 2), 4)
    (1.0, 0.6309)
    """
    hits = _hits(recommended, relevant, k)
    worth = 1 / np.log2(np.arange(2, k + 2))
    best = worth[: len(set(relevant))].sum()
    return float(hits @ worth[: len(hits)] / best)


def average_precision_at_k(
    recommended: Sequence[Hashable], relevant: Collection[Hashable], k: int
) -> float:
    """Sum of the precisions at the hits, against the best sum; its mean over users is called MAP.

    The sum over the hits is divided by ``min(k, number of relevant items)``, so that the best
    possible list scores 1.  (Other code divides by the number of relevant items or by the number
    of hits; the first cannot reach 1 when k is small, the second forgives what was missed.)

    Parameters
    ----------
    recommended, relevant, k
        As in `precision_at_k`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        As in `precision_at_k`.

    Examples
    --------
    >>> round(average_precision_at_k(["a", "b", "c", "d"], {"a", "c", "x"}, 4), 4)
    0.5556
    """
    hits = _hits(recommended, relevant, k)
    precisions = hits.cumsum() / np.arange(1, len(hits) + 1)
    return float(hits @ precisions / min(k, len(set(relevant))))


def reciprocal_rank_at_k(
    recommended: Sequence[Hashable], relevant: Collection[Hashable], k: int
) -> float:
    """One over the rank of the first hit, 0 if there is none; its mean over users is called MRR.

    Parameters
    ----------
    recommended, relevant, k
        As in `precision_at_k`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        As in `precision_at_k`.

    Examples
    --------
    >>> reciprocal_rank_at_k(["a", "b", "c", "d"], {"b", "d", "x"}, 4)
    0.5
    """
    hits = _hits(recommended, relevant, k)
    return float(1 / (hits.argmax() + 1)) if hits.any() else 0.0


def hit_rate_at_k(recommended: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """1 if the first k places hold any relevant item, otherwise 0.

    Parameters
    ----------
    recommended, relevant, k
        As in `precision_at_k`.

    Returns
    -------
    float
        0 or 1; the mean over users is the share of users with a hit.

    Raises
    ------
    ValueError
        As in `precision_at_k`.

    Examples
    --------
    >>> hit_rate_at_k(["a", "b"], {"b", "x"}, 2), hit_rate_at_k(["a", "b"], {"b", "x"}, 1)
    (1.0, 0.0)
    """
    return float(_hits(recommended, relevant, k).any())
