"""The differences of a comparison as strips on one scale, so that intervals are seen, not read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistkit.comparison import AccuracyDifference

if TYPE_CHECKING:
    from markupsafe import Markup

_LEFT, _RIGHT = 6.0, 314.0  # of 320


@dataclass(frozen=True)
class Strip:
    """A difference with its interval; positions are those in a drawing 320 wide.

    Attributes
    ----------
    sentence : Markup
        The verdict.
    low, middle, high, zero : float
    different : bool
    alt : str
    first, second : str
        The contenders: to the right of 0 the first one is better.
    """

    sentence: Markup
    low: float
    middle: float
    high: float
    zero: float
    different: bool
    alt: str
    first: str
    second: str


def strips(differences: tuple[AccuracyDifference, ...]) -> tuple[Strip, ...]:
    """A strip for each difference."""
    reach = max(
        (abs(end) for one in differences for end in one.interval),
        default=0.0,
    )
    return tuple(_strip(one, reach or 1.0) for one in differences)


def _strip(one: AccuracyDifference, reach: float) -> Strip:
    def place(share: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * (share / reach + 1) / 2, 1)

    low, high = one.interval
    return Strip(
        sentence=with_names(str(one), (one.first, one.second)),
        low=place(low),
        middle=place(one.difference),
        high=place(high),
        zero=place(0.0),
        different=one.different,
        alt=f"{100 * one.difference:+.2f} points, interval {100 * low:+.2f} to {100 * high:+.2f}",
        first=one.first,
        second=one.second,
    )


def with_names(sentence: str, names: tuple[str, ...]) -> Markup:
    """A sentence with the names in it, which stand between backticks, made bold.

    Examples
    --------
    >>> with_names("`a<b` is better than `c`", ("a<b", "c"))
    Markup('<b>a&lt;b</b> is better than <b>c</b>')
    """
    from markupsafe import Markup, escape

    pattern = "|".join(re.escape(f"`{name}`") for name in sorted(names, key=len, reverse=True))
    pieces = re.split(f"({pattern})", sentence) if names else [sentence]
    bold = {f"`{name}`": Markup("<b>{}</b>").format(name) for name in names}
    return Markup("").join(bold.get(piece, escape(piece)) for piece in pieces)
