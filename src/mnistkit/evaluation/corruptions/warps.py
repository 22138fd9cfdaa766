"""Sheared, shrunk, turned and moved images; their middle stays where it is."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

_CENTRE = 13.5
_PADDED = 30  # pixels a side, with paper all around
_SHEAR, _SIZE, _ANGLE, _DISTANCE = 0.4, 0.7, 0.4, 3.0


def shear(images: NDArray[np.float32], severity: float, random: Generator) -> NDArray[np.float32]:
    """Lean to the left or to the right.

    With the shear goes a little stretching, as scikit-image had it when MNIST-C was made.
    """
    lean = _SHEAR * severity
    return _one_of(
        images,
        [((math.cos(one), 0), (-math.sin(one), 1)) for one in (-lean, lean)],
        random.integers(0, 2, len(images)),
    )


def rotate(images: NDArray[np.float32], severity: float, random: Generator) -> NDArray[np.float32]:
    """Turn to the left or to the right."""
    angle = _ANGLE * severity
    return _one_of(
        images,
        [
            ((math.cos(one), math.sin(one)), (-math.sin(one), math.cos(one)))
            for one in (-angle, angle)
        ],
        random.integers(0, 2, len(images)),
    )


def scale(images: NDArray[np.float32], severity: float, _random: Generator) -> NDArray[np.float32]:
    """Shrink."""
    factor = _SIZE**-severity
    return _warped(images, ((factor, 0), (0, factor)))


def translate(
    images: NDArray[np.float32], severity: float, random: Generator
) -> NDArray[np.float32]:
    """Move into one of the four corners."""
    distance = _DISTANCE * severity
    chosen = random.integers(0, 4, len(images))
    moved = np.empty_like(images)
    for number in range(4):
        down, right = (distance if number & bit else -distance for bit in (2, 1))
        moved[chosen == number] = _warped(
            images[chosen == number], ((1, 0), (0, 1)), shift=(down, right)
        )
    return moved


def _one_of(
    images: NDArray[np.float32], matrices: list[ArrayLike], chosen: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Each image warped by one of the matrices."""
    warped = np.empty_like(images)
    for number, matrix in enumerate(matrices):
        warped[chosen == number] = _warped(images[chosen == number], matrix)
    return warped


def _warped(
    images: NDArray[np.float32], matrix: ArrayLike, shift: tuple[float, float] = (0, 0)
) -> NDArray[np.float32]:
    """What is seen at (row, column) is what was at ``matrix @ (row, column)``, about the middle.

    Between pixels it is interpolated, and beyond the border there is paper. All images are looked
    at in the same places, which SciPy's `affine_transform` would compute for each image anew.
    """
    pixels = np.indices(images.shape[1:]).reshape(2, -1)
    places = np.asarray(matrix) @ (pixels - _CENTRE) + _CENTRE + np.reshape(shift, (2, 1))
    corners = np.floor(places)
    nearer_next = (places - corners).astype(np.float32)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1))).reshape(len(images), _PADDED**2)
    warped = np.zeros((len(images), pixels.shape[1]), np.float32)
    for step in ((0, 0), (0, 1), (1, 0), (1, 1)):
        row, column = np.clip(corners + np.reshape(step, (2, 1)) + 1, 0, _PADDED - 1).astype(int)
        weights = np.where(np.reshape(step, (2, 1)), nearer_next, 1 - nearer_next)
        warped += padded[:, row * _PADDED + column] * weights.prod(axis=0)
    return warped.reshape(images.shape)
