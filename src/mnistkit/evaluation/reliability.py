"""Whether probabilities can be believed: what was said against what came true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.evaluation.interval import wilson_interval


@dataclass(frozen=True)
class ReliabilityBin:
    """Predictions that are about equally sure, and how many of them are right.

    Attributes
    ----------
    low, high : float
        The probabilities of the predicted classes lie between these.
    num_examples : int
        How many predictions there are; 1 or more.
    probability : float
        The mean of their probabilities: the share that should be right.
    accuracy : float
        The share that is right.
    interval : tuple of float
        Wilson's 95% interval for that share, which takes the images as independent.
    """

    low: float
    high: float
    num_examples: int
    probability: float
    accuracy: float
    interval: tuple[float, float]


def reliability_bins(
    confidence: NDArray[np.float32], correct: NDArray[np.bool_], num_bins: int
) -> tuple[ReliabilityBin, ...]:
    """Put predictions into bins of equal width; those without any are left out.

    Parameters
    ----------
    confidence : numpy.ndarray of float, shape (n,)
        The probabilities of the predicted classes.
    correct : numpy.ndarray of bool, shape (n,)
    num_bins : int
    """
    probability = confidence.astype(np.float64)
    numbers = np.minimum((probability * num_bins).astype(np.int64), num_bins - 1)
    counts = np.bincount(numbers, minlength=num_bins)
    sure = np.bincount(numbers, weights=probability, minlength=num_bins)
    right = np.bincount(numbers, weights=correct, minlength=num_bins)
    return tuple(
        ReliabilityBin(
            low=number / num_bins,
            high=(number + 1) / num_bins,
            num_examples=int(counts[number]),
            probability=float(sure[number] / counts[number]),
            accuracy=float(right[number] / counts[number]),
            interval=wilson_interval(float(right[number] / counts[number]), int(counts[number])),
        )
        for number in np.flatnonzero(counts).tolist()
    )


def calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """How far what was said is from what came true, averaged over the predictions in the bins."""
    surplus = [one.num_examples * abs(one.probability - one.accuracy) for one in bins]
    return sum(surplus) / sum(one.num_examples for one in bins)
