"""How a cost grows with the size, and how far that can be trusted beyond what was measured.

Taught in chapter 16.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def growth_exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Slope of the line through the measured points on two logarithmic axes.

    If the cost is ``c * size ** p``, this is p: twice the size costs ``2 ** p`` times as much.

    Parameters
    ----------
    sizes : sequence of float, shape (n_points,)
        How large; positive.
    costs : sequence of float, shape (n_points,)
        Seconds, bytes or whatever else it cost; positive.

    Returns
    -------
    float
        The exponent.

    Raises
    ------
    ValueError
        If there are fewer than two different sizes, or a number is not positive.

    Examples
    --------
    >>> round(growth_exponent([10, 20, 40], [3, 12, 48]), 9)
    2.0
    """
    return float(_line(*_logarithms(sizes, costs))[0])


def extrapolate_growth(
    sizes: Sequence[float], costs: Sequence[float], at: Sequence[float]
) -> pd.DataFrame:
    """Carry the line on to other sizes, with the range of all lines that lack one point.

    The range says how much a single measurement decides.  It does not know of what has not been
    seen: a cache that overflows, a memory that ends, an exponent that goes on rising.

    Parameters
    ----------
    sizes, costs : sequence of float, shape (n_points,)
        As in `growth_exponent`; at least three.
    at : sequence of float
        Where to look.

    Returns
    -------
    DataFrame
        Indexed by `at`: ``cost``, ``low`` and ``high``.

    Raises
    ------
    ValueError
        If there are fewer than three points, or as in `growth_exponent`.

    Examples
    --------
    >>> extrapolate_growth([1, 2, 4, 8], [1, 2, 4, 9], [100]).round(0).iloc[0].tolist()
    [124.0, 100.0, 137.0]
    """
    x, y = _logarithms(sizes, costs)
    if len(x) < 3:
        raise ValueError(f"{len(x)} points leave no line without one of them. Measure three sizes.")
    there = np.log(np.asarray(at, dtype=float))
    kept = [np.arange(len(x)) != left_out for left_out in range(len(x))]
    lines = np.array([np.polyval(_line(x[keep], y[keep]), there) for keep in kept])
    middle = np.polyval(_line(x, y), there)
    table = {"cost": middle, "low": lines.min(axis=0), "high": lines.max(axis=0)}
    return pd.DataFrame(table, index=pd.Index(at, name="size")).apply(np.exp)


def _logarithms(sizes: Sequence[float], costs: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(sizes, dtype=float), np.asarray(costs, dtype=float)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"{x.shape} sizes and {y.shape} costs: give one cost for each size.")
    if len(np.unique(x)) < 2:
        raise ValueError("One size has no slope. Measure at two sizes or more.")
    if not (np.isfinite(x) & np.isfinite(y) & (x > 0) & (y > 0)).all():
        raise ValueError("Sizes and costs must be positive numbers: others have no logarithm.")
    return np.log(x), np.log(y)


def _line(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.polyfit(x, y, 1)
