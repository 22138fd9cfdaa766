"""Noise of single pixels: too little light, and dead pixels.

Every function of this room takes float32 images (n, 28, 28) in [0, 1], how severe it is to be, and
a generator, of which it takes one array of numbers, an entry for each image. It returns images that
may leave [0, 1].
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

_PHOTONS = 3.0  # of a pixel that is all ink; so few are noisy
_DEAD = 0.17  # the share of pixels


def shot_noise(
    images: NDArray[np.float32], severity: float, random: Generator
) -> NDArray[np.float32]:
    """Count photons, of which there are the fewer the more severe it is."""
    photons = _PHOTONS / severity
    counted: NDArray[np.float32] = (random.poisson(images * photons) / photons).astype(np.float32)
    return counted


def impulse_noise(
    images: NDArray[np.float32], severity: float, random: Generator
) -> NDArray[np.float32]:
    """Salt and pepper: of the pixels that are hit half are all ink, half are paper."""
    chance = random.random(images.shape, dtype=np.float32)
    share = np.float32(min(_DEAD * severity, 1.0))
    hit = np.where(chance < share / 2, np.float32(0), np.float32(1))
    return np.where(chance < share, hit, images)
