"""Confidence intervals of an accuracy."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_PROBABILITY = 0.975  # of a 95% interval: what is left out is the same on both sides


def wilson_interval(share: float, trials: float) -> tuple[float, float]:
    """Wilson's 95% interval for a share of so many independent trials.

    SciPy has it too, but importing scipy.stats takes a second, and every printed result needs it.
    """
    z = NormalDist().inv_cdf(_PROBABILITY)
    scale = 1 + z**2 / trials
    middle = (share + z**2 / (2 * trials)) / scale
    half = z * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / scale
    # At both ends the exact value is known; rounding must not push the share out of its interval.
    low = 0.0 if share == 0 else middle - half
    high = 1.0 if share == 1 else middle + half
    return low, high


def effective_sample_size(correct: NDArray[np.bool_], writers: NDArray[np.int64]) -> float:
    """How many independent images say as much of the accuracy as images by a few writers do.

    Images by one writer are right or wrong together, so they say less than as many by strangers.
    The variance of the accuracy is estimated from the sums of each writer's deviations. It is that
    of as many independent images as this function returns, which is then diminished as Student's
    quantile for so many writers asks for.

    Parameters
    ----------
    correct : numpy.ndarray of bool, shape (n,)
    writers : numpy.ndarray of int, shape (n,)
        Two writers or more.
    """
    total, share = len(correct), float(correct.mean())
    variance, count = _variance_of_mean(correct, writers)
    # People differ, so images by one of them are not less alike than those of strangers: a smaller
    # variance than that is chance. With no mistake nothing is seen of it, and all images count.
    independent = share * (1 - share) / total
    size = total * min(independent / variance, 1.0) if variance > 0 else float(total)
    return size * _students_shrinking(count)


def mean_interval(
    values: NDArray[np.float64], writers: NDArray[np.int64] | None
) -> tuple[float, float]:
    """The 95% interval of the mean of what images have, each a number from 0 to 1.

    Wilson's, like the others, for as many independent trials as say as much. Where the writers are
    known, they are what is independent, else the images. Of one alone nothing is known.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (n,)
    writers : numpy.ndarray of int, shape (n,), or None
    """
    units = np.arange(len(values)) if writers is None or len(set(writers)) == 1 else writers
    if len(values) == 1:
        return 0.0, 1.0
    mean = float(values.mean())
    variance, count = _variance_of_mean(values, units)
    size = mean * (1 - mean) / variance if variance > 0 else float(len(values))
    return wilson_interval(mean, size * _students_shrinking(count))


def _variance_of_mean(
    values: NDArray[np.float64] | NDArray[np.bool_], groups: NDArray[np.int64]
) -> tuple[float, int]:
    """The cluster-robust variance of the mean, and how many clusters there are; two or more."""
    numbers = np.unique(groups, return_inverse=True)[1].reshape(-1)
    deviations = np.bincount(numbers, weights=values - float(values.mean()))
    count = len(deviations)
    return count / (count - 1) * float(np.square(deviations).sum()) / len(values) ** 2, count


def _students_shrinking(count: int) -> float:
    """What Student's quantile for so many clusters takes from a sample's size."""
    # Here and not at the top: it takes half a second to import.
    from scipy.special import stdtrit

    normal, student = NormalDist().inv_cdf(_PROBABILITY), float(stdtrit(count - 1, _PROBABILITY))
    return (normal / student) ** 2
