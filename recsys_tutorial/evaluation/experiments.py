"""The number of users that an A/B test needs.

Taught in chapter 15.  An offline test compares both lists on the same user; in an A/B test a user
sees one of them, and the differences between users do not cancel.
"""

from __future__ import annotations

import math

from scipy import stats


def users_per_arm(
    standard_deviation: float, effect: float, *, alpha: float = 0.05, power: float = 0.8
) -> int:
    """Users that each half of an A/B test needs, to find a difference of means.

    Parameters
    ----------
    standard_deviation : float
        Spread of the measure between users, positive.
    effect : float
        The smallest difference that is worth finding, in the unit of the measure, not 0.
    alpha : float
        Chance of a finding where there is no difference (two-sided).
    power : float
        Chance of a finding where the difference is `effect`; above `alpha`.

    Returns
    -------
    int
        ``2 (z(1 - alpha / 2) + z(power))**2 (standard_deviation / effect)**2``, rounded up.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Kohavi, Tang and Xu (2020). [kohavi2020trustworthy]

    Examples
    --------
    >>> users_per_arm(1.0, 0.1)
    1570
    """
    if not 0 < standard_deviation < math.inf or effect == 0 or not math.isfinite(effect):
        raise ValueError("standard_deviation must be positive, and effect must not be 0.")
    if not 0 < alpha < power < 1:
        raise ValueError(
            f"alpha={alpha} and power={power} must lie between 0 and 1, in this order."
        )
    z = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)
    return math.ceil(2 * (z * standard_deviation / effect) ** 2)
