"""Words of a verdict: differences in points, numbers of seeds, training times."""

from __future__ import annotations

import math


def points(share: float, decimals: int = 2) -> str:
    """A difference of shares in percentage points, without a sign before zeros."""
    return f"{round(100 * share, decimals) + 0.0:.{decimals}f}"


def decimals_for(share: float) -> int:
    """How many decimals of a point keep a difference from looking like 0; two at least."""
    return max(2, math.ceil(-math.log10(200 * share))) if share > 0 else 2


def round_number_below(share: float) -> float:
    """The largest of 1, 2 or 5 times a power of ten that is smaller."""
    power = 10.0 ** math.floor(math.log10(share))
    return max(size for size in (0.5 * power, power, 2 * power, 5 * power) if size < share)


def counted_seeds(counts: tuple[int, ...]) -> str:
    """Such as "3 seeds", or "3 and 5 seeds" if two contenders have different numbers."""
    return f"{' and '.join(map(str, dict.fromkeys(counts)))} seed{'s' if max(counts) > 1 else ''}"


def times(ratio: float) -> str:
    """How many times, with two digits."""
    if ratio < 1:
        return f"{ratio:.2g}"
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:,.0f}"


def is_about_one(ratio: float) -> bool:
    """Whether a ratio of training times is no more than what they usually vary by."""
    return 0.95 < ratio < 1.05
