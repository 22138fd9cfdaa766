"""How MNIST's pictures were made: any picture of a digit to 28x28.

The steps are those that QMNIST's authors reconstructed (Yadav and Bottou, "Cold Case: The Lost
MNIST Digits", arXiv:1905.10498): cut out the ink, make it square, double it until it is at least
20 pixels wide, resample it to 20x20 weighted by area, let the ink peak at 255, and paste it into
28x28 so that its centre of mass lands at pixel 14.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

BOX = 20
"""Side of the square that MNIST's ink fills, in pixels."""
SIDE = 28
"""Side of an MNIST picture, in pixels."""
CENTRE = 14
"""Where the ink's centre of mass lies in an MNIST picture, on both axes."""
_SMALLEST_CROP = 10


def mnist_picture(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert a picture of one digit to 28x28 by MNIST's own recipe.

    Parameters
    ----------
    image : numpy.ndarray of uint8, shape (height, width)
        Light ink on black paper, paper exactly 0, any size.

    Returns
    -------
    numpy.ndarray of uint8, shape (28, 28)
        All 0 if there is no ink.

    Examples
    --------
    >>> import numpy as np
    >>> bar = np.zeros((64, 64), dtype=np.uint8)
    >>> bar[10:50, 30:34] = 200
    >>> picture = mnist_picture(bar)
    >>> picture.shape, int(picture.max())
    ((28, 28), 255)
    """
    crop = square_crop(image)
    if crop is None:
        return np.zeros((SIDE, SIDE), dtype=np.uint8)
    while crop.shape[0] < BOX:
        crop = crop.repeat(2, axis=0).repeat(2, axis=1)
    resampled = resample_by_area(crop.astype(np.float64), BOX)
    boxed = np.rint(resampled * (255 / resampled.max())).astype(np.uint8)
    return centre_by_mass(boxed)


def square_crop(image: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The ink's box, widened to a square of at least 10 pixels; None if there is no ink."""
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    if len(rows) == 0:
        return None
    ink = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    side = max(*ink.shape, _SMALLEST_CROP)
    top, left = (side - ink.shape[0]) // 2, (side - ink.shape[1]) // 2
    crop = np.zeros((side, side), dtype=np.uint8)
    crop[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return crop


def resample_by_area(image: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Resample to side x side; each new pixel is the mean of the area that it covers."""
    rows, columns = _area_weights(image.shape[0], side), _area_weights(image.shape[1], side)
    resampled: NDArray[np.float64] = rows @ image @ columns.T
    return resampled


def centre_by_mass(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Paste a 20x20 picture into 28x28 so that its centre of mass lands at pixel 14."""
    mass = image.sum(dtype=np.float64)
    positions = np.arange(image.shape[0])
    row = (image.sum(axis=1) @ positions) / mass
    column = (image.sum(axis=0) @ positions) / mass
    limit = SIDE - image.shape[0]
    # Half a pixel goes up, not to the even neighbour: a shift must not depend on its own parity.
    top = int(np.clip(np.floor(CENTRE - row + 0.5), 0, limit))
    left = int(np.clip(np.floor(CENTRE - column + 0.5), 0, limit))
    canvas = np.zeros((SIDE, SIDE), dtype=np.uint8)
    canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
    return canvas


@lru_cache(maxsize=64)
def _area_weights(source: int, target: int) -> NDArray[np.float64]:
    """(target, source): how much of each source pixel a target pixel covers, rows summing to 1."""
    edges = np.linspace(0, source, target + 1)
    low, high = edges[:-1, None], edges[1:, None]
    pixel = np.arange(source)
    covered = np.minimum(high, pixel + 1) - np.maximum(low, pixel)
    weights: NDArray[np.float64] = np.clip(covered, 0, None) * (target / source)
    return weights
