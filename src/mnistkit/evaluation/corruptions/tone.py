"""More ink everywhere, or paper and ink exchanged at both sides."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

_SURPLUS = 0.5
_STRIPE, _WIDEST = 7, 14


def brightness(
    images: NDArray[np.float32], severity: float, _random: Generator
) -> NDArray[np.float32]:
    """Add the same to every pixel: the value of a grey's HSV is the grey."""
    return images + np.float32(_SURPLUS * severity)


def stripe(images: NDArray[np.float32], severity: float, _random: Generator) -> NDArray[np.float32]:
    """Invert the columns at the left and at the right, and leave a stripe in the middle."""
    width = min(round(_STRIPE * severity), _WIDEST)
    inverted = images.copy()
    for side in (np.s_[:, :, :width], np.s_[:, :, images.shape[2] - width :]):
        inverted[side] = 1 - images[side]
    return inverted
