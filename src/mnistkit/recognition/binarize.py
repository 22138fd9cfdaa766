"""Binarize: which pixels are ink, by two thresholds and what is connected (hysteresis).

References
----------
J. Canny: A computational approach to edge detection. IEEE Transactions on Pattern Analysis and
Machine Intelligence 8(6), 1986. (thresholding with hysteresis)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnistkit.recognition.background import Contrast, Floats, Mask

LOW, HIGH = 0.3, 0.55
"""The two thresholds, as shares of the strongest ink: a stroke that gets pale, and one that does
not. Below the half, where a blurred edge is, strokes keep their width."""
LOW_NOISE, HIGH_NOISE = 3.0, 5.0
"""The least of both, in standard deviations of the paper: of normal noise a pixel in 700 is beyond
the first, and hardly one in a picture beyond the second."""
LEAST_STRENGTH = 3.0
"""Grey levels; people do not see less either."""
LEAST_SNR = 4.0
"""Strength over noise, below which there is only paper."""


@dataclass(frozen=True)
class Foreground:
    """Where there is ink, and how much.

    Attributes
    ----------
    coverage : numpy.ndarray of float32, shape (height, width)
        0 is paper, 1 is full ink.
    mask : numpy.ndarray of bool, shape (height, width)
        The binarized picture.
    strength : float
        The contrast of strong ink, in grey levels.
    noise : float
        The standard deviation of the paper, in grey levels.
    """

    coverage: Floats
    mask: Mask
    strength: float
    noise: float


def background_noise(values: Floats) -> float:
    """Estimate the noise of empty paper, from the half that is lighter than it.

    Ink lies in the other half, and does not count.

    Parameters
    ----------
    values : numpy.ndarray of float32, shape (height, width)
        Contrast with the paper.

    Returns
    -------
    float
        The standard deviation, in grey levels.
    """
    sample = values[:: max(1, values.shape[0] // 200), :: max(1, values.shape[1] // 200)]
    middle, low = np.percentile(sample, [40, 8])
    # Of normally distributed paper these lie at -0.25 and -1.41 standard deviations.
    return float(middle - low) / 1.16


def foreground_strength(values: Floats, *, speck: float = 0.02) -> float:
    """The contrast that the strongest ink has, specks aside.

    Parameters
    ----------
    values : numpy.ndarray of float32, shape (height, width)
        Contrast with the paper.
    speck : float, default 0.02
        Side of the largest speck, as a share of the picture's shorter side.

    Returns
    -------
    float
        In grey levels.
    """
    side = min(values.shape)
    count = int(min(max(8, (speck * side) ** 2), values.size))
    # Most pixels are paper, and need not be sorted.
    upper = values[values > 0.3 * float(values.max())]
    upper = upper if upper.size >= count else values.ravel()
    return float(np.partition(upper, upper.size - count)[upper.size - count])


def binarize(
    contrast: Contrast,
    noise: float | None = None,
    *,
    low: float = LOW,
    high: float = HIGH,
    least_strength: float = LEAST_STRENGTH,
    least_snr: float = LEAST_SNR,
) -> Foreground | None:
    """Separate ink from paper.

    On uniform paper every pixel that differs is ink. Elsewhere a pixel is ink if it is clearly
    ink, or fairly so and connected to one that is clearly so: a stroke stays whole where it gets
    pale, and what is only pale disappears.

    Parameters
    ----------
    contrast : Contrast
    noise : float, optional
        The standard deviation of the paper, in grey levels; measured by default.
    low, high : float, default 0.3 and 0.55
        The thresholds for what is fairly and what is clearly ink, as shares of the strongest
        ink. They rise with the noise.
    least_strength : float, default 3
        The weakest ink, in grey levels.
    least_snr : float, default 4
        The weakest ink, in standard deviations of the paper.

    Returns
    -------
    Foreground or None
        None if there is nothing but paper.
    """
    from scipy import ndimage

    values = contrast.values
    if contrast.uniform:
        # Not the strongest pixel of all: a dark dot on a pale stroke must not make it paler.
        top = float(np.percentile(values[values > 0], 90))
        return Foreground(np.minimum(values / top, 1), values > 0, top, 0.0)
    strength = foreground_strength(values)
    noise = background_noise(values) if noise is None else noise
    if strength < max(least_strength, least_snr * noise):
        return None
    fairly = max(LOW_NOISE * noise, low * strength)
    clearly = max(min(HIGH_NOISE * noise, 0.9 * strength), high * strength)
    components, count = ndimage.label(values > fairly, structure=np.ones((3, 3)))
    has_clear = np.zeros(count + 1, bool)
    has_clear[components[values > clearly]] = True
    has_clear[0] = False
    mask: Mask = has_clear[components]
    near = ndimage.binary_dilation(mask, np.ones((3, 3)))
    # Full ink is a little below the strongest, and its soft edge reaches below the threshold.
    floor = 0.6 * fairly
    coverage = np.clip((values - floor) / (0.85 * strength - floor), 0, 1) * near
    return Foreground(coverage.astype(np.float32), mask, strength, noise)
