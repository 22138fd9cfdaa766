"""Bringing the width of strokes to what MNIST's pens wrote."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnistkit.images.geometry import BOX
from mnistkit.recognition.contrast import Floats
from mnistkit.recognition.ink import stroke_width

NARROWEST, WIDEST = 1.4, 4.5
"""Of nearly all strokes in MNIST's pictures, in their pixels."""
_WORKING_SIDE = 80  # pixels


def with_usual_strokes(amount: Floats) -> Floats:
    """A cut-out digit, redrawn with wider or narrower strokes where they are unusual.

    Every edge is moved by the same distance, along the distance transform of the ink.

    Parameters
    ----------
    amount : numpy.ndarray of float32, shape (height, width)
        How much ink there is, from 0 to 1; cut to the digit's box.

    Returns
    -------
    numpy.ndarray of float32
        The same array if its strokes are as MNIST's are.
    """
    from scipy import ndimage

    width = stroke_width(amount > 0.5)
    relative = width * BOX / max(amount.shape)
    if NARROWEST <= relative <= WIDEST or width == 0:
        return amount
    wanted = NARROWEST + 0.5 if relative < NARROWEST else WIDEST - 1.0
    resized = _at_working_size(amount, thin=relative < NARROWEST)
    scale = max(resized.shape) / BOX
    move = (wanted - relative) * scale / 2
    margin = int(np.ceil(max(move, 0))) + 2
    padded = np.pad(resized, margin)
    inside = padded > 0.5
    if move > 0:
        distance = 0.5 - ndimage.distance_transform_edt(~inside)
    else:
        distance = ndimage.distance_transform_edt(inside) - 0.5
        # What is thinner than the rest must not be lost.
        move = max(move, -0.7 * float(distance.max()))
    redrawn: Floats = np.clip(distance + move + 0.5, 0, 1).astype(np.float32)
    return redrawn


def _at_working_size(amount: Floats, *, thin: bool) -> Floats:
    from PIL import Image
    from scipy import ndimage

    step = -(-max(amount.shape) // _WORKING_SIDE)
    if thin and step > 1:  # means of blocks would lose a stroke that is thinner than they are
        amount = ndimage.maximum_filter(amount, step)[step // 2 :: step, step // 2 :: step]
    factor = _WORKING_SIDE / max(amount.shape)
    size = (max(1, round(amount.shape[1] * factor)), max(1, round(amount.shape[0] * factor)))
    how = Image.Resampling.BICUBIC if factor > 1 else Image.Resampling.BOX
    resized: NDArray[np.float32] = np.asarray(Image.fromarray(amount).resize(size, how))
    return resized
