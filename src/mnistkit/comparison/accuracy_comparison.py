"""Several contenders on the same test images: the accuracy of each, the difference of each pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import inf
from numbers import Real
from typing import Any

from numpy.typing import ArrayLike

from mnistkit.comparison.accuracy_difference import ALPHA, AccuracyDifference
from mnistkit.comparison.correctness import Units, checked_contenders, units_of
from mnistkit.comparison.holm import holm_adjusted, interval_levels
from mnistkit.comparison.mean_accuracy import MeanAccuracy, mean_of
from mnistkit.comparison.variance import Sample, take_apart, variance_of_difference
from mnistkit.errors import ComparisonError
from mnistkit.messages import shown


@dataclass(frozen=True)
class AccuracyComparison:
    """How accurate several contenders are on the same test images, and which of them differ.

    Made by `compare_accuracies`.

    Attributes
    ----------
    contenders : tuple of MeanAccuracy
        In the order in which they were given.
    differences : tuple of AccuracyDifference
        One for each pair, the first contender's pairs first.
    num_images : int
        How many test images there are.
    num_writers : int or None
        How many people wrote them; None if that is not known.
    """

    contenders: tuple[MeanAccuracy, ...]
    differences: tuple[AccuracyDifference, ...]
    num_images: int
    num_writers: int | None

    def __str__(self) -> str:
        tested = f"{self.num_images:,} test images"
        if self.num_writers is not None:
            tested += f" by {self.num_writers:,} writers"
        pairs = len(self.differences)
        corrected = f"; differences corrected for {pairs} pairs (Holm)" if pairs > 1 else ""
        lines = [*self.contenders, *self.differences, f"({tested}{corrected})"]
        return "\n".join(map(str, lines))

    def to_dict(self) -> dict[str, Any]:
        """Write the result in plain Python values, ready for JSON."""
        return {
            "contenders": [contender.to_dict() for contender in self.contenders],
            "differences": [difference.to_dict() for difference in self.differences],
            "num_images": self.num_images,
            "num_writers": self.num_writers,
        }


def compare_accuracies(
    correct: Mapping[str, ArrayLike],
    writers: ArrayLike | None = None,
    *,
    training_seconds: Mapping[str, float] | None = None,
) -> AccuracyComparison:
    """Compare contenders by what they got right of the same test images.

    Parameters
    ----------
    correct : mapping of str to array_like of bool, shape (seeds, images)
        For each contender, which images each of its trainings got right: ``Evaluation.correct`` of
        every seed, stacked. The numbers of seeds may differ.
    writers : array_like, shape (images,), optional
        Who wrote each image, ``split.writers``. By default every image counts for itself, which is
        too sure where some hands are harder to read than others.
    training_seconds : mapping of str to float, optional
        What a training of each contender takes, for the verdicts.

    Returns
    -------
    AccuracyComparison
        ``print`` it for the verdict in words.

    Raises
    ------
    ComparisonError
        If the arrays are not of these shapes and types, or there are not two writers (or images).

    Notes
    -----
    The unit of chance in testing is the writer where writers are known, else the image. Seeds are
    nested in contenders: seed 1 of one has nothing to do with seed 1 of another. Both kinds of
    chance are crossed, in a random-effects model (`Variance`); tests and intervals are Student's.
    The p-values are corrected by Holm's method. Each interval has its share of 5% among all pairs
    (Bonferroni's); where Holm finds a difference that this share would not, it has the level of the
    step at which Holm found it. So 0 lies outside of an interval exactly where a difference is
    told. The documentation's page "What an accuracy can say" shows by simulation how often that is
    right.

    References
    ----------
    X. Bouthillier et al., "Accounting for variance in machine learning benchmarks", MLSys 2021.

    S. R. Searle, G. Casella, C. E. McCulloch, "Variance components", Wiley 1992.

    Examples
    --------
    >>> import numpy as np
    >>> generator = np.random.default_rng(0)
    >>> difficult = generator.random(10_000) < 0.01
    >>> def trainings(seeds, share_missed):
    ...     return ~difficult | (generator.random((seeds, 10_000)) > share_missed)
    >>> correct = {"mine": trainings(3, 0.35), "cnn": trainings(3, 0.4), "dense": trainings(5, 0.9)}
    >>> seconds = {"mine": 93, "cnn": 30, "dense": 9}
    >>> comparison = compare_accuracies(correct, training_seconds=seconds)
    >>> print(comparison)  # doctest: +NORMALIZE_WHITESPACE
    mine: 99.68% correct (95% interval 99.50 to 99.80), 3 seeds
    cnn: 99.61% correct (95% interval 99.43 to 99.73), 3 seeds
    dense: 99.19% correct (95% interval 98.99 to 99.35), 5 seeds
    no difference between `mine` and `cnn` can be told with 3 seeds (-0.07 to 0.22 points);
        one of 0.1 points would need about 9 seeds
    `mine` is better than `dense` by 0.50 points (0.33 to 0.66), at 10 times the training time
    `cnn` is better than `dense` by 0.42 points (0.26 to 0.58), at 3.3 times the training time
    (10,000 test images; differences corrected for 3 pairs (Holm))
    >>> comparison.differences[1].better
    'mine'
    """
    contenders = checked_contenders(correct)
    units = units_of(writers, next(iter(contenders.values())).shape[1])
    seconds = _checked_seconds(training_seconds, contenders)
    samples = {name: take_apart(given, units) for name, given in contenders.items()}
    return AccuracyComparison(
        contenders=tuple(mean_of(sample, units, name) for name, sample in samples.items()),
        differences=_differences(samples, units, seconds),
        num_images=units.num_images,
        num_writers=len(units.sizes) if units.are_writers else None,
    )


def _differences(
    samples: Mapping[str, Sample], units: Units, seconds: Mapping[str, float] | None
) -> tuple[AccuracyDifference, ...]:
    pairs = list(combinations(samples, 2))
    if not pairs:
        return ()
    sizes = [samples[first].mean - samples[second].mean for first, second in pairs]
    variances = [
        variance_of_difference(samples[first], samples[second], units) for first, second in pairs
    ]
    p_values = [variance.p_value(size) for size, variance in zip(sizes, variances, strict=True)]
    adjusted = holm_adjusted(p_values)
    levels = interval_levels(p_values, ALPHA)
    differences = []
    for number, (first, second) in enumerate(pairs):
        size, margin = sizes[number], variances[number].margin(levels[number])
        differences.append(
            AccuracyDifference(
                first,
                second,
                difference=size,
                interval=(max(-1.0, size - margin), min(1.0, size + margin)),
                p_value=p_values[number],
                adjusted_p_value=adjusted[number],
                level=levels[number],
                num_images=units.num_images,
                variance=variances[number],
                training_time_ratio=None if seconds is None else seconds[first] / seconds[second],
            )
        )
    return tuple(differences)


def _checked_seconds(
    seconds: Mapping[str, float] | None, names: Mapping[str, Any]
) -> Mapping[str, float] | None:
    if seconds is None:
        return None
    if set(seconds) != set(names) or not all(
        isinstance(value, Real) and 0 < value < inf for value in seconds.values()
    ):
        raise ComparisonError(
            f"The training times are {shown(dict(seconds))}; expected seconds, more than 0, for "
            f"each of {', '.join(map(repr, names))}."
        )
    return seconds
