"""The difference of two contenders' mean accuracies, how sure it is, what more seeds would tell."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mnistkit.comparison.variance import Variance
from mnistkit.comparison.wording import (
    counted_seeds,
    decimals_for,
    is_about_one,
    points,
    round_number_below,
    times,
)
from mnistkit.errors import ComparisonError

ALPHA = 0.05
_MOST_SEEDS = 1000  # nobody trains more


@dataclass(frozen=True)
class AccuracyDifference:
    """The difference of two contenders' mean accuracies, with its 95% interval.

    Attributes
    ----------
    first, second : str
        The contenders.
    difference : float
        The first one's mean accuracy minus the second one's, from -1 to 1.
    interval : tuple of float
        Its interval, (low, high), corrected for the number of pairs. 0 lies outside of it if and
        only if the contenders are told to be different.
    p_value : float
        How often chance alone makes such a difference, or a larger one; of this pair alone.
    adjusted_p_value : float
        The same, corrected for the number of pairs by Holm's method.
    level : float
        How often the interval may miss: 0.05 for one pair, less for several.
    num_images : int
        How many test images there are.
    variance : Variance
        What the interval and the p-value were computed from.
    training_time_ratio : float or None
        How many times as long as the second one's a training of the first one takes.
    """

    first: str
    second: str
    difference: float
    interval: tuple[float, float]
    p_value: float
    adjusted_p_value: float
    level: float
    num_images: int
    variance: Variance
    training_time_ratio: float | None = None

    @property
    def training_included(self) -> bool:
        """Whether the chance in training is counted: only if both have two seeds or more."""
        return self.variance.knows_training

    @property
    def different(self) -> bool:
        """Whether more than chance is in the difference: the adjusted p-value is at most 0.05."""
        return self.adjusted_p_value <= ALPHA

    @property
    def better(self) -> str | None:
        """The contender that is better, or None if no difference can be told."""
        if not self.different:
            return None
        return self.first if self.difference > 0 else self.second

    def smallest_found(self, seeds: int | None = None) -> float:
        """The size of a difference that would be found in 80 of 100 such comparisons.

        Parameters
        ----------
        seeds : int, optional
            With so many seeds of each contender, two or more, instead of those that there are.

        Returns
        -------
        float
            From 0 to 1; 0.0005 is 0.05 points.
        """
        if seeds is not None and seeds < 2:
            raise ComparisonError(
                f"With seeds={seeds!r} nothing is known of the chance in training; expected 2 or "
                "more."
            )
        variance = self.variance if seeds is None else self.variance.with_seeds(seeds)
        return variance.smallest_found(self.level)

    @property
    def smallest_found_by_any_seeds(self) -> float:
        """The size of a difference that hides behind the test images' chance for ever.

        However many seeds there are, a smaller one is found in less than 80 of 100 comparisons on
        as many images.
        """
        return self.variance.of_images_alone().smallest_found(self.level)

    def seeds_needed(self, size: float) -> int | None:
        """About how many seeds of each contender would find a difference of such a size.

        Parameters
        ----------
        size : float
            The difference, from 0 to 1: 0.0005 is 0.05 points.

        Returns
        -------
        int or None
            The smallest number that finds it in 80 of 100 comparisons; None if none does, up to
            1,000, or if the chance in training is not known.
        """
        if not self.training_included or self.smallest_found(_MOST_SEEDS) > size:
            return None
        fewest, enough = 1, _MOST_SEEDS
        while enough - fewest > 1:
            middle = (fewest + enough) // 2
            if self.smallest_found(middle) > size:
                fewest = middle
            else:
                enough = middle
        return enough

    def __str__(self) -> str:
        if not self.different:
            return self._no_difference()
        low, high = self.interval
        winner, loser = (self.first, self.second) if low > 0 else (self.second, self.first)
        near, far = sorted((abs(low), abs(high)))
        digits = decimals_for(near)
        size, near_points, far_points = (
            points(share, digits) for share in (abs(self.difference), near, far)
        )
        text = f"by {size} points ({near_points} to {far_points})"
        if not self.training_included:
            return (
                f"the trained `{winner}` is better than the trained `{loser}` {text}{self._alone}"
            )
        return f"`{winner}` is better than `{loser}` {text}{self._at_training_time(winner)}"

    def _no_difference(self) -> str:
        low, high = map(points, self.interval)
        between = f"no difference between `{self.first}` and `{self.second}` can be told"
        if not self.training_included:
            return f"{between} ({low} to {high} points){self._alone}"
        seeds = counted_seeds(self.variance.num_seeds)
        return f"{between} with {seeds} ({low} to {high} points); {self._what_more_would_tell()}"

    def _what_more_would_tell(self) -> str:
        size = round_number_below(self.smallest_found())
        one = f"one of {100 * size:g} points"
        hidden = self.smallest_found_by_any_seeds
        needed = self.seeds_needed(size)
        if needed is not None:
            return f"{one} would need about {needed:,} seeds"
        if hidden < size:
            return f"{one} would need more than {_MOST_SEEDS:,} seeds"
        return (
            f"more seeds would not tell {one}: the chance in the choice of the "
            f"{self.num_images:,} test images hides what is less than "
            f"{points(hidden, decimals_for(hidden))}"
        )

    @property
    def _alone(self) -> str:
        names = [
            f"`{name}`"
            for name, seeds in zip((self.first, self.second), self.variance.num_seeds, strict=True)
            if seeds == 1
        ]
        return f"; one seed says nothing of another training of {' or '.join(names)}"

    def _at_training_time(self, winner: str) -> str:
        if self.training_time_ratio is None:
            return ""
        ratio = self.training_time_ratio if winner == self.first else 1 / self.training_time_ratio
        if is_about_one(ratio):
            return ", at about the same training time"
        return f", at {times(ratio)} times the training time"

    def to_dict(self) -> dict[str, Any]:
        """Write the result in plain Python values, ready for JSON."""
        return {
            **asdict(self),
            "interval": list(self.interval),
            "different": self.different,
            "better": self.better,
            "training_included": self.training_included,
            "variance": self.variance.to_dict(),
            "verdict": str(self),
        }
