"""From contrast to ink: what is pen, and what is noise, texture and specks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.recognition.contrast import Contrast, Floats, Mask

_FAINTEST = 3.0  # grey levels; less is not seen by people either
_LOW, _HIGH = 0.3, 0.55  # thresholds, as shares of the strongest ink
_SENSITIVE = 0.6  # of these shares
_LEAST_RATIO = 4.0  # of ink and noise
_NOISE_LOW, _NOISE_HIGH = 3.0, 5.0  # and in standard deviations of the paper


@dataclass(frozen=True)
class Ink:
    """Where there is ink, and how much.

    Attributes
    ----------
    amount : numpy.ndarray of float32, shape (height, width)
        0 is paper, 1 is full ink.
    mask : numpy.ndarray of bool, shape (height, width)
    strength : float
        The contrast of strong ink, in grey levels.
    noise : float
        The standard deviation of the paper, in grey levels.
    """

    amount: Floats
    mask: Mask
    strength: float
    noise: float


def paper_noise(values: Floats) -> float:
    """The standard deviation of contrast on empty paper, from the half that is lighter than it.

    Ink lies in the other half, and does not count.
    """
    sample = values[:: max(1, values.shape[0] // 200), :: max(1, values.shape[1] // 200)]
    middle, low = np.percentile(sample, [40, 8])
    # Of normally distributed paper these lie at -0.25 and -1.41 standard deviations.
    return float(middle - low) / 1.16


def ink_strength(values: Floats) -> float:
    """The contrast that the strongest ink has, specks aside."""
    side = min(values.shape)
    count = int(min(max(8, (0.02 * side) ** 2), values.size))
    # Most pixels are paper, and need not be sorted.
    upper = values[values > 0.3 * float(values.max())]
    upper = upper if upper.size >= count else values.ravel()
    return float(np.partition(upper, upper.size - count)[upper.size - count])


def find_ink(
    contrast: Contrast, noise: float | None = None, *, sensitive: bool = False
) -> Ink | None:
    """Separate ink from paper; None if there is nothing but paper.

    Plain paper keeps everything. Elsewhere a pixel is ink if it is clearly ink, or fairly so and
    connected to one that is clearly so (hysteresis, as in Canny's edge detector): a stroke stays
    whole where it gets pale, and what is only pale disappears.

    Parameters
    ----------
    contrast : Contrast
    noise : float, optional
        The standard deviation of the paper, in grey levels; measured if it is not given.
    sensitive : bool, default False
        Take what is paler for ink, too.
    """
    from scipy import ndimage

    values = contrast.values
    if contrast.plain:
        # Not the strongest pixel of all: a dark dot on a pale stroke must not make it paler.
        top = float(np.percentile(values[values > 0], 90))
        return Ink(np.minimum(values / top, 1), values > 0, top, 0.0)
    strength = ink_strength(values)
    noise = paper_noise(values) if noise is None else noise
    if strength < max(_FAINTEST, _LEAST_RATIO * noise):
        return None
    part = _SENSITIVE if sensitive else 1.0
    low = max(_NOISE_LOW * noise, part * _LOW * strength)
    high = max(min(_NOISE_HIGH * noise, 0.9 * strength), part * _HIGH * strength)
    fairly = values > low
    components, count = ndimage.label(fairly, structure=np.ones((3, 3)))
    clear = np.zeros(count + 1, bool)
    clear[components[values > high]] = True
    clear[0] = False
    mask: Mask = clear[components]
    near = ndimage.binary_dilation(mask, np.ones((3, 3)))
    floor = 0.6 * low
    amount = np.clip((values - floor) / (0.85 * strength - floor), 0, 1) * near
    return Ink(amount.astype(np.float32), mask, strength, noise)


def stroke_width(mask: NDArray[np.bool_]) -> float:
    """The width of strokes in pixels, from their area and the length of their edges."""
    padded = np.pad(mask, 1)
    edges = np.count_nonzero(padded[1:] != padded[:-1])
    edges += np.count_nonzero(padded[:, 1:] != padded[:, :-1])
    # Edges counted along rows and columns are 4/pi times longer than they are.
    return 2 * np.count_nonzero(mask) / max(edges * np.pi / 4, 1)
