"""The mean accuracy of a contender over its seeds, and how far chance may have moved it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from mnistkit.comparison.correctness import Units, checked_correct, units_of
from mnistkit.comparison.variance import Sample, Variance, take_apart, variance_of_mean

ALPHA = 0.05


@dataclass(frozen=True)
class MeanAccuracy:
    """The mean accuracy of a contender over its seeds, with its 95% interval.

    Attributes
    ----------
    name : str
        The contender.
    accuracy : float
        The mean over the seeds, from 0 to 1.
    interval : tuple of float
        Its 95% interval, (low, high), for the chance in training and in the choice of the test
        images; with one seed, which says nothing of training, for that of the images alone.
    seed_accuracies : tuple of float
        The accuracy of each training.
    variance : Variance
        What the interval was computed from.
    """

    name: str
    accuracy: float
    interval: tuple[float, float]
    seed_accuracies: tuple[float, ...]
    variance: Variance

    @property
    def training_included(self) -> bool:
        """Whether the interval holds the chance in training too."""
        return self.variance.knows_training

    def __str__(self) -> str:
        low, high = self.interval
        alone = "" if self.training_included else ", of the test images' chance alone"
        seeds = len(self.seed_accuracies)
        return (
            f"{self.name}: {100 * self.accuracy:.2f}% correct "
            f"(95% interval {100 * low:.2f} to {100 * high:.2f}{alone}), "
            f"{seeds} {'seed' if seeds == 1 else 'seeds'}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Write the result in plain Python values, ready for JSON."""
        return {
            "name": self.name,
            "accuracy": self.accuracy,
            "interval": list(self.interval),
            "training_included": self.training_included,
            "seed_accuracies": list(self.seed_accuracies),
            "variance": self.variance.to_dict(),
        }


def mean_accuracy(
    correct: ArrayLike, writers: ArrayLike | None = None, *, name: str = "the contender"
) -> MeanAccuracy:
    """The mean accuracy over seeds, with a 95% interval for both kinds of chance.

    Parameters
    ----------
    correct : array_like of bool, shape (seeds, images)
        Which images each training got right.
    writers : array_like, shape (images,), optional
        Who wrote each image. A writer's images are not independent of each other: with the writers
        the interval is wider, and right. By default every image counts for itself.
    name : str, default "the contender"

    Returns
    -------
    MeanAccuracy

    Raises
    ------
    ComparisonError
        If the arrays are not of these shapes and types, or there are not two writers (or images).

    Notes
    -----
    The variance is that of a crossed random-effects model, see `mnistkit.comparison.Variance`. The
    interval is Wilson's, whose ends stay between 0 and 1, also without any mistake; for the number
    of images it takes as many independent ones as have this variance, and for the normal
    distribution Student's.

    References
    ----------
    C. Franco, R. J. A. Little, T. A. Louis, E. V. Slud, "Comparative study of confidence intervals
    for proportions in complex sample surveys", Journal of Survey Statistics and Methodology 7
    (2019), 334-364.

    Examples
    --------
    >>> first, second = [True] * 98 + [False] * 2, [True] * 97 + [False] * 3
    >>> print(mean_accuracy([first, second], name="mine"))
    mine: 97.50% correct (95% interval 90.89 to 99.35), 2 seeds
    """
    checked = checked_correct(correct, name)
    units = units_of(writers, checked.shape[1])
    return mean_of(take_apart(checked, units), units, name)


def mean_of(sample: Sample, units: Units, name: str) -> MeanAccuracy:
    """The mean accuracy, from a contender's answers taken apart."""
    variance = variance_of_mean(sample, units)
    return MeanAccuracy(
        name=name,
        accuracy=sample.mean,
        interval=_interval(sample.mean, variance, units.num_images),
        seed_accuracies=tuple(sample.seed_accuracies.tolist()),
        variance=variance,
    )


def _interval(mean: float, variance: Variance, num_images: int) -> tuple[float, float]:
    """Wilson's interval, for as many independent images as have this variance."""
    spread = mean * (1 - mean)
    # Not more than there are: that writers or seeds agree so well is chance.
    independent = min(num_images, spread / variance.total) if variance.total else num_images
    squared = variance.quantile(1 - ALPHA / 2) ** 2 / independent
    middle = (mean + squared / 2) / (1 + squared)
    half = math.sqrt(squared * (spread + squared / 4)) / (1 + squared)
    # At both ends the exact value is known; rounding must not push the mean out of its interval.
    return (
        0.0 if mean == 0 else max(0.0, middle - half),
        1.0 if mean == 1 else min(1.0, middle + half),
    )
