"""Random numbers and noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]
Random = np.random.Generator


def log_uniform(rng: Random, low: float, high: float) -> float:
    """A number between the limits whose logarithm is uniformly distributed."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def pick(rng: Random, *choices: Any) -> Any:
    """One of the choices; one that is given twice is twice as probable."""
    return choices[rng.integers(len(choices))]


def smooth_noise(rng: Random, num: int, sigma: float) -> Array:
    """A random function of one variable with mean 0 and standard deviation 1."""
    from scipy import ndimage

    margin = int(np.ceil(4 * sigma))
    values = ndimage.gaussian_filter1d(rng.standard_normal(num + 2 * margin), sigma)
    noise: Array = values[margin : margin + num] * np.sqrt(2 * sigma * np.sqrt(np.pi))
    return noise


def noise_field(rng: Random, shape: tuple[int, int], scale: float) -> Array:
    """Random values with standard deviation 1 whose spots have a size of about `scale` pixels."""
    if scale <= 1:
        return rng.standard_normal(shape, np.float32)
    coarse = [max(2, round(side / scale) + 1) for side in shape]
    values = Image.fromarray(rng.standard_normal(coarse, np.float32))
    # Interpolation averages; about a third of the deviation goes with it.
    return 1.5 * np.asarray(values.resize(shape[::-1], Image.Resampling.BICUBIC))
