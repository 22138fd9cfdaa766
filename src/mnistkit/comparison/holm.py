"""Many comparisons at once: Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm_adjusted(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values for their number, by Holm's method.

    What is at most 0.05 afterwards may be called a difference: if there is none anywhere, one is
    called so in at most 5% of comparisons, however many pairs there are and however they depend on
    each other. And so it is for the pairs without a difference, if others have one.

    Parameters
    ----------
    p_values : sequence of float
        One for each pair.

    Returns
    -------
    tuple of float
        In the same order. The smallest of m is multiplied by m, the next by m - 1, and so on; none
        becomes smaller than the one before, or larger than 1.

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979), 65-70.

    Examples
    --------
    >>> holm_adjusted([0.01, 0.25, 0.02])
    (0.03, 0.25, 0.04)
    """
    given = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    factors = np.arange(len(given), 0, -1)
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(np.maximum.accumulate(given[order] * factors), 1.0)
    return tuple(adjusted.tolist())


def interval_levels(p_values: Sequence[float], alpha: float) -> tuple[float, ...]:
    """How often each pair's interval may miss, so that intervals and Holm's decisions agree.

    The share of one pair among all (Bonferroni's). Where Holm finds a difference that this share
    would not, the pair gets the level of the step at which Holm found it.
    """
    count = len(p_values)
    levels = []
    for value, adjusted in zip(p_values, holm_adjusted(p_values), strict=True):
        level = alpha / count
        if level < value and adjusted <= alpha:
            level = alpha / (count - sum(other < value for other in p_values))
        levels.append(level)
    return tuple(levels)
