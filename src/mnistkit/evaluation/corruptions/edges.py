"""Only the edges of the ink, as Canny's detector finds them."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

_SIGMA = 1.0
_LOW, _HIGH = 0.1, 0.2  # scikit-image's thresholds for the gradient
_SMALL = np.finfo(np.float64).eps


def canny_edges(
    images: NDArray[np.float32], severity: float, _random: Generator
) -> NDArray[np.float32]:
    """Mix the image with its edges; from a severity of 1 on, there are only edges."""
    share = np.float32(min(severity, 1.0))
    return (1 - share) * images + share * find_edges(images).astype(np.float32)


def find_edges(images: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Canny's edges of each image, bool (n, height, width).

    scikit-image's ``feature.canny`` with its defaults, for many images at a time.

    References
    ----------
    J. Canny, "A computational approach to edge detection", IEEE Transactions on Pattern Analysis
    and Machine Intelligence 8 (1986), 679-698.
    """
    from scipy.ndimage import label

    down, right = _gradient(images.astype(np.float64))
    strength = np.hypot(down, right)
    weak = strength >= _LOW
    weak[:, (0, -1), :] = weak[:, :, (0, -1)] = False
    weak[weak] = _is_ridge(strength, down, right, np.nonzero(weak))
    # Weak edges count where a strong one is connected to them, in the same image.
    connected = np.zeros((3, 3, 3), bool)
    connected[1] = True
    numbers, count = label(weak, connected)
    is_strong = np.zeros(count + 1, bool)
    is_strong[numbers[weak & (strength >= _HIGH)]] = True
    edges: NDArray[np.bool_] = is_strong[numbers]
    return edges


def _gradient(images: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sobel's gradient of the smoothed images, downwards and to the right."""
    from scipy.ndimage import correlate1d, gaussian_filter1d

    def smooth(array: NDArray[np.float64]) -> NDArray[np.float64]:
        for axis in (1, 2):
            array = gaussian_filter1d(array, _SIGMA, axis=axis, mode="constant")
        return array

    # Beyond the border nothing is known, so what counts is the mean of what is known.
    images = smooth(images) / (smooth(np.ones_like(images[:1])) + _SMALL)
    difference, mean = [-1, 0, 1], [1, 2, 1]
    down = correlate1d(correlate1d(images, difference, axis=1), mean, axis=2)
    right = correlate1d(correlate1d(images, difference, axis=2), mean, axis=1)
    return down, right


def _is_ridge(
    strength: NDArray[np.float64],
    down: NDArray[np.float64],
    right: NDArray[np.float64],
    places: tuple[NDArray[np.intp], ...],
) -> NDArray[np.bool_]:
    """Whether the gradient is as strong as on both sides, uphill and downhill, at some places.

    The side lies between two pixels, one straight and one diagonal from the place.
    """
    image, row, column = places
    to_row, to_column = down[places], right[places]
    is_steep = np.abs(to_row) >= np.abs(to_column)
    longer = np.where(is_steep, np.abs(to_row), np.abs(to_column))
    slant = np.where(is_steep, np.abs(to_column), np.abs(to_row)) / longer
    row_step, column_step = np.sign(to_row).astype(int), np.sign(to_column).astype(int)
    here = strength[places]
    is_ridge = np.ones(len(here), bool)
    for way in (1, -1):
        y, x = row + way * row_step, column + way * column_step
        diagonal = strength[image, y, x]
        straight = strength[image, np.where(is_steep, y, row), np.where(is_steep, column, x)]
        is_ridge &= diagonal * slant + straight * (1 - slant) <= here
    return is_ridge
