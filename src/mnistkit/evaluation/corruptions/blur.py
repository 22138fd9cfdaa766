"""Blur: through frosted glass, and of a camera that moves."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mnistkit.images.normalize import to_unit_floats

_SIDE = 28
_GLASS_SIGMA, _GLASS_ROUNDS = 0.7, 2
_FARTHEST_SWAP = 4
_MOTION_RADIUS, _MOTION_SIGMA, _MOTION_ANGLE = 10, 3.0, 45.0


def smoothed(images: NDArray[np.float32], sigma: float, axes: Sequence[int]) -> NDArray[np.float32]:
    """Gaussian smoothing along some axes; beyond the border, the border goes on."""
    from scipy.ndimage import gaussian_filter1d

    for axis in axes:
        images = gaussian_filter1d(images, sigma, axis=axis, mode="nearest")
    return images


def glass_blur(
    images: NDArray[np.float32], severity: float, random: Generator
) -> NDArray[np.float32]:
    """Smooth, swap pixels with others nearby, and smooth again.

    The published code smooths along columns only, since it takes the last axis for channels.
    """
    sigma = _GLASS_SIGMA * severity
    levels = (smoothed(images, sigma, axes=(1,)) * 255).astype(np.uint8)
    _swap_neighbours(levels, min(round(severity), _FARTHEST_SWAP), random)
    return smoothed(to_unit_floats(levels), sigma, axes=(1,))


def _swap_neighbours(levels: NDArray[np.uint8], reach: int, random: Generator) -> None:
    """From the lower right corner on, swap every second pixel, by chance, with one nearby.

    The order of the swaps matters, so only the images are done at the same time.
    """
    count = len(levels)
    shifts = range(-reach, reach)
    # The other half of the choices is to stay.
    moves = np.array([_SIDE * down + right for down in shifts for right in shifts], dtype=np.intp)
    moves = np.concatenate([moves, np.zeros_like(moves)])
    inner = range(_SIDE - reach, reach, -1) if reach else range(0)
    places = [_SIDE * row + column for row in inner for column in inner] * _GLASS_ROUNDS
    if not places:
        return
    chosen = random.integers(0, len(moves), (count, len(places)), dtype=np.uint8).T
    pixels = np.ascontiguousarray(levels.reshape(count, -1).T)
    every = np.arange(count)
    for place, choice in zip(places, chosen, strict=True):
        other = place + moves[choice]
        here = pixels[place].copy()
        pixels[place] = pixels[other, every]
        pixels[other, every] = here
    levels[:] = pixels.T.reshape(levels.shape)


def motion_blur(
    images: NDArray[np.float32], severity: float, random: Generator
) -> NDArray[np.float32]:
    """Smear each image into a direction of its own, at most 45 degrees from level.

    As ImageMagick does it: half a Gaussian, at whole pixels, and the border goes on.
    """
    angles = np.deg2rad(random.uniform(-_MOTION_ANGLE, _MOTION_ANGLE, len(images)))
    radius = math.ceil(_MOTION_RADIUS * severity)
    steps = np.arange(2 * radius + 1)
    weights = np.exp(-(steps**2) / (2 * (_MOTION_SIGMA * severity) ** 2))
    weights /= weights.sum()
    steps = steps[weights > 1e-4]  # less than this is no grey level
    pad = int(steps[-1])
    padded = np.pad(images, ((0, 0), (pad, pad), (0, pad)), mode="edge")
    blurred = np.zeros_like(images)
    for step in steps.tolist():
        # Halves are rounded down, as ImageMagick rounds them.
        right = np.ceil(step * np.cos(angles) - 0.5).astype(int)
        down = np.ceil(step * np.sin(angles) - 0.5).astype(int)
        weight = np.float32(weights[step])
        for x, y in set(zip(right.tolist(), down.tolist(), strict=True)):
            alike = np.flatnonzero((right == x) & (down == y))
            top = pad + y
            blurred[alike] += weight * padded[alike, top : top + _SIDE, x : x + _SIDE]
    return blurred
