"""How much chance is in a mean accuracy, or in the difference of two: a crossed model's variance.

Two things are drawn by chance: trainings (seeds, which differ from contender to contender) and test
images, a writer's together where the writers are known. Every training is tested on every unit of
images, so the two are crossed. The accuracy of a training on a unit is

    mean + training + unit + rest

where the last three vary by chance, and the mean over S trainings and U units has the variance
``var(training) / S + var(unit) / U + var(rest) / (S U)``. Each is estimated from mean squares, as
in an analysis of variance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.comparison.correctness import Units


@dataclass(frozen=True, eq=False)
class Sample:
    """What a contender's right and wrong answers say of chance.

    Attributes
    ----------
    seed_accuracies : numpy.ndarray of float64, shape (seeds,)
    surplus : numpy.ndarray of float64, shape (units,)
        How many more images of a unit are right than the mean accuracy would have, on average
        over the seeds.
    between_seeds : float
        From the spread of the seeds: ``var(training) / S + var(rest) / (S U)``. 0 for one seed.
    rest : float
        From what neither seed nor unit explains: ``var(rest) / (S U)``. 0 for one seed.
    """

    seed_accuracies: NDArray[np.float64]
    surplus: NDArray[np.float64]
    between_seeds: float
    rest: float

    @property
    def num_seeds(self) -> int:
        """How many trainings there are."""
        return len(self.seed_accuracies)

    @property
    def mean(self) -> float:
        """The mean accuracy over the seeds."""
        return float(self.seed_accuracies.mean())


def take_apart(correct: NDArray[np.bool_], units: Units) -> Sample:
    """The parts of what a contender got right, bool (seeds, images)."""
    right = units.sums(correct)
    seeds = len(right)
    accuracies = right.sum(axis=1) / units.num_images
    surplus = right - np.outer(accuracies, units.sizes)
    mean_surplus = surplus.mean(axis=0)
    if seeds == 1:
        return Sample(accuracies, mean_surplus, between_seeds=0.0, rest=0.0)
    squares = ((surplus - mean_surplus) ** 2).sum() / (seeds - 1)
    return Sample(
        accuracies,
        mean_surplus,
        between_seeds=float(accuracies.var(ddof=1)) / seeds,
        rest=float(squares) * _scale(units) / seeds,
    )


@dataclass(frozen=True)
class Variance:
    """The variance of a mean accuracy, or of the difference of two, and how well it is known.

    Trainings (seeds) and test images vary by chance. Every training is tested on all the images, so
    the two are crossed; each one's share is estimated from mean squares. A share that would be
    negative is 0: seeds that are more alike than chance allows are so by chance.

    Attributes
    ----------
    images : float
        The share of the test images, which more seeds do not lessen.
    num_units : int
        How many writers, or images if the writers are not known, it was estimated from.
    one_training : tuple of float
        The variance of a single training's accuracy, for each contender; empty if one of them has
        a single seed, which says nothing of it.
    num_seeds : tuple of int
        For each contender.

    References
    ----------
    F. E. Satterthwaite, "An approximate distribution of estimates of variance components",
    Biometrics Bulletin 2 (1946), 110-114.

    S. R. Searle, G. Casella, C. E. McCulloch, "Variance components", Wiley 1992.

    Examples
    --------
    >>> variance = Variance(images=6e-7, num_units=297, one_training=(9e-7,), num_seeds=(3,))
    >>> print(f"{variance.training:.1e} of {variance.total:.1e}")
    3.0e-07 of 9.0e-07
    >>> print(f"{variance.degrees_of_freedom:.1f}")
    5.9
    """

    images: float
    num_units: int
    one_training: tuple[float, ...]
    num_seeds: tuple[int, ...]

    @property
    def knows_training(self) -> bool:
        """Whether the chance in training is part of it."""
        return bool(self.one_training)

    @property
    def training(self) -> float:
        """The share of the trainings, which more seeds lessen."""
        return sum(self._shares)

    @property
    def total(self) -> float:
        """The variance."""
        return self.images + self.training

    @property
    def degrees_of_freedom(self) -> float:
        """How well the variance is known, as degrees of freedom.

        Those of two contenders' trainings together are Satterthwaite's. Images and trainings are
        weighed by their shares, not by the squares as he did: when a few seeds are alike by chance,
        the squares take the whole for well known just when it is too small.
        """
        if self.total == 0:
            return math.inf
        trained = [share / self.total for share in self._shares]
        doubt = self.images / self.total / (self.num_units - 1)
        if any(trained):
            squares = (part**2 / (n - 1) for part, n in zip(trained, self.num_seeds, strict=True))
            doubt += sum(squares) / sum(trained)
        return 1 / doubt

    def quantile(self, probability: float) -> float:
        """Student's quantile for these degrees of freedom."""
        from scipy.special import stdtrit  # scipy.stats takes a second to import

        return float(stdtrit(self.degrees_of_freedom, probability))

    def margin(self, alpha: float) -> float:
        """How far to go to either side, to miss in a share alpha of cases (Student's t)."""
        return self.quantile(1 - alpha / 2) * math.sqrt(self.total)

    def p_value(self, difference: float) -> float:
        """How often chance alone makes a difference of this size or more."""
        from scipy.special import stdtr

        if self.total == 0:
            return float(difference == 0)
        errors = abs(difference) / math.sqrt(self.total)
        return 2 * float(stdtr(self.degrees_of_freedom, -errors))

    def smallest_found(self, alpha: float) -> float:
        """The difference that is found in 80 of 100 cases, if 0 is called one in a share alpha."""
        return self.margin(alpha) + self.quantile(0.8) * math.sqrt(self.total)

    def to_dict(self) -> dict[str, Any]:
        """Write the shares in plain Python values, ready for JSON."""
        return {
            "images": self.images,
            "training": self.training if self.knows_training else None,
            "degrees_of_freedom": self.degrees_of_freedom if self.total else None,
            "num_seeds": list(self.num_seeds),
        }

    def with_seeds(self, count: int) -> Variance:
        """What it would be with so many seeds of each contender."""
        return replace(self, num_seeds=(count,) * len(self.num_seeds))

    def of_images_alone(self) -> Variance:
        """What seeds without end would leave of it."""
        return replace(self, one_training=())

    @property
    def _shares(self) -> list[float]:
        return [one / seeds for one, seeds in zip(self.one_training, self.num_seeds, strict=False)]


def variance_of_mean(sample: Sample, units: Units) -> Variance:
    """The variance of a contender's mean accuracy."""
    return _variance([sample], float((sample.surplus**2).sum()), units)


def variance_of_difference(first: Sample, second: Sample, units: Units) -> Variance:
    """The variance of the difference of two contenders' mean accuracies.

    Two contenders that answer alike may differ on the next image. So one image more is counted on
    which they disagree, in the manner of Agresti and Min: the variance is never 0, and small counts
    of mistakes are not believed too much.
    """
    squares = float(((first.surplus - second.surplus) ** 2).sum()) + 1.0
    return _variance([first, second], squares, units)


def _variance(samples: Sequence[Sample], squares: float, units: Units) -> Variance:
    between_units = squares * _scale(units)  # var(unit) / U + var(rest) / (S U)
    seeds = tuple(sample.num_seeds for sample in samples)
    if min(seeds) == 1:
        return Variance(between_units, len(units.sizes), (), seeds)
    # No variance is negative: seeds that are more alike than the rest allows are so by chance, and
    # images do not vary less than not at all.
    rest = sum(sample.rest for sample in samples)
    one_training = tuple(
        sample.num_seeds * max(sample.between_seeds, sample.rest) for sample in samples
    )
    return Variance(max(0.0, between_units - rest), len(units.sizes), one_training, seeds)


def _scale(units: Units) -> float:
    """From a sum over units of squared counts to the variance of a share of all images."""
    count = len(units.sizes)
    return count / (count - 1) / units.num_images**2
