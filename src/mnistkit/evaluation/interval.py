"""Confidence intervals of an accuracy."""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's 95% interval for a share.

    SciPy has it too, but importing scipy.stats takes a second, and every printed result needs it.
    """
    z = NormalDist().inv_cdf(0.975)
    share = successes / trials
    scale = 1 + z**2 / trials
    middle = (share + z**2 / (2 * trials)) / scale
    half = z * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / scale
    # At both ends the exact value is known; rounding must not push the share out of its interval.
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == trials else middle + half
    return low, high
