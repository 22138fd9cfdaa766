"""Fog, and what splashes up from the road."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mnistkit.evaluation.corruptions.blur import smoothed

_SIDE = 28
_FOG, _DECAY = 3.0, 1.4
# The published clouds are 256 pixels wide, of which the first 28 are used, and so is the range of
# the whole. Every fourth pixel of the whole gives that range to within a percent.
_WHOLE_LEVELS, _CORNER_LEVELS = 6, 2
_MARGIN = 2
_LIQUID, _LIQUID_DEVIATION, _LIQUID_SIGMA = 0.65, 0.3, 1.0
_SEEN_ABOVE, _EDGE_SIGMA, _DENSEST, _MUD = 0.65, 1.5, 0.8, 63 / 255


def fog(images: NDArray[np.float32], severity: float, random: Generator) -> NDArray[np.float32]:
    """Clouds of their own in front of each image, which is darkened by as much."""
    thickness = np.float32(_FOG * severity)
    most_ink = images.max(axis=(1, 2), keepdims=True)
    seen: NDArray[np.float32] = (images + thickness * _clouds(len(images), random)) * (
        most_ink / (most_ink + thickness)
    )
    return seen


def _clouds(count: int, random: Generator) -> NDArray[np.float32]:
    """Corners of plasma fractals, float32 (count, 28, 28), of which the wholes are in [0, 1]."""
    sides = [2**level for level in range(_WHOLE_LEVELS)]
    corner = _SIDE // 4 + 2 * _MARGIN
    sides += [corner * 2**level for level in range(_CORNER_LEVELS)]
    numbers = random.random((count, 3 * sum(side**2 for side in sides)), dtype=np.float32)
    numbers = 2 * numbers - 1
    heights, used = np.zeros((count, 1, 1), np.float32), 0
    low = high = heights
    for level, side in enumerate(sides):
        if level == _WHOLE_LEVELS:
            low = heights.min(axis=(1, 2), keepdims=True)
            high = heights.max(axis=(1, 2), keepdims=True)
            near = np.arange(-_MARGIN, corner - _MARGIN)
            heights = heights[:, near[:, None], near]  # the whole repeats itself at its border
        # The published code multiplies by the amplitude twice.
        amplitude = np.float32((100 / _DECAY**level) ** 2)
        there = numbers[:, used : used + 3 * side**2].reshape(count, 3, side, side)
        heights = _finer(heights, amplitude * there)
        used += 3 * side**2
    inner = slice(4 * _MARGIN, 4 * _MARGIN + _SIDE)
    clouds: NDArray[np.float32] = (heights[:, inner, inner] - low) / (high - low)
    return clouds


def _finer(heights: NDArray[np.float32], wobble: NDArray[np.float32]) -> NDArray[np.float32]:
    """Twice as many points a side, by the diamond-square algorithm, on a map without a border.

    Parameters
    ----------
    heights : numpy.ndarray of float32, shape (n, side, side)
    wobble : numpy.ndarray of float32, shape (n, 3, side, side)
        What to add to the new points: in the middle of squares, and on their two kinds of sides.
    """
    count, side, _ = heights.shape
    right, below = np.roll(heights, -1, axis=2), np.roll(heights, -1, axis=1)
    middle = (heights + right + below + np.roll(right, -1, axis=1)) / 4 + wobble[:, 0]
    finer = np.empty((count, 2 * side, 2 * side), np.float32)
    finer[:, ::2, ::2] = heights
    finer[:, 1::2, 1::2] = middle
    finer[:, ::2, 1::2] = (heights + right + middle + np.roll(middle, 1, axis=1)) / 4 + wobble[:, 1]
    finer[:, 1::2, ::2] = (heights + below + middle + np.roll(middle, 1, axis=2)) / 4 + wobble[:, 2]
    return finer


def spatter(images: NDArray[np.float32], severity: float, random: Generator) -> NDArray[np.float32]:
    """Blots of mud, a quarter as dark as ink, that hide what is below them."""
    noise = random.standard_normal(images.shape, dtype=np.float32)
    liquid = smoothed(_LIQUID + _LIQUID_DEVIATION * noise, _LIQUID_SIGMA, axes=(1, 2))
    mud = smoothed((liquid > _SEEN_ABOVE).astype(np.float32), _EDGE_SIGMA, axes=(1, 2))
    mud[mud < 1 - (1 - _DENSEST) * severity] = 0
    return images * (1 - mud) + np.float32(_MUD) * mud
