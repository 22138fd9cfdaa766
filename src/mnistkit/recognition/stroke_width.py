"""Stroke width: measuring it, and redrawing strokes that are unusually thin or broad."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnistkit.images.geometry import BOX
from mnistkit.recognition.background import Floats

NARROWEST, WIDEST = 1.4, 4.5
"""Of nearly all strokes in MNIST's images, in their pixels."""
WORKING_SIDE = 80
"""Pixels of the longer side at which strokes are redrawn: four times MNIST's box."""
THINNEST_KEPT = 0.7
"""Share of the thickest stroke's half width that is taken from its edges at most, so that what is
thinner than the rest is not lost."""


def stroke_width(mask: NDArray[np.bool_]) -> float:
    """The mean width of strokes, from their area and the length of their edges.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (height, width)

    Returns
    -------
    float
        In pixels; 0 without strokes.
    """
    padded = np.pad(mask, 1)
    edges = np.count_nonzero(padded[1:] != padded[:-1])
    edges += np.count_nonzero(padded[:, 1:] != padded[:, :-1])
    # Edges counted along rows and columns are 4/pi times longer than they are.
    return 2 * np.count_nonzero(mask) / max(edges * np.pi / 4, 1)


def normalize_stroke_width(
    coverage: Floats, *, narrowest: float = NARROWEST, widest: float = WIDEST
) -> Floats:
    """Redraw a digit with wider or narrower strokes where they are unlike MNIST's.

    Every edge is moved by the same distance, along the distance transform of the ink.

    Parameters
    ----------
    coverage : numpy.ndarray of float32, shape (height, width)
        How much ink there is, from 0 to 1; cut to the digit's box.
    narrowest, widest : float, default 1.4 and 4.5
        What is usual, in pixels of MNIST's images, whose longer side of the ink is 20.

    Returns
    -------
    numpy.ndarray of float32, shape (new_height, new_width)
        The same array if its strokes are usual.
    """
    from scipy import ndimage

    width = stroke_width(coverage > 0.5)
    relative = width * BOX / max(coverage.shape)
    if narrowest <= relative <= widest or width == 0:
        return coverage
    wanted = narrowest + 0.5 if relative < narrowest else widest - 1.0
    resized = _at_working_size(coverage, thin=relative < narrowest)
    scale = max(resized.shape) / BOX
    move = (wanted - relative) * scale / 2
    margin = int(np.ceil(max(move, 0))) + 2
    padded = np.pad(resized, margin)
    inside = padded > 0.5
    if move > 0:
        distance = 0.5 - ndimage.distance_transform_edt(~inside)
    else:
        distance = ndimage.distance_transform_edt(inside) - 0.5
        move = max(move, -THINNEST_KEPT * float(distance.max()))
    redrawn: Floats = np.clip(distance + move + 0.5, 0, 1).astype(np.float32)
    return redrawn


def _at_working_size(coverage: Floats, *, thin: bool) -> Floats:
    from PIL import Image
    from scipy import ndimage

    step = -(-max(coverage.shape) // WORKING_SIDE)
    if thin and step > 1:  # means of blocks would lose a stroke that is thinner than they are
        coverage = ndimage.maximum_filter(coverage, step)[step // 2 :: step, step // 2 :: step]
    factor = WORKING_SIDE / max(coverage.shape)
    size = (max(1, round(coverage.shape[1] * factor)), max(1, round(coverage.shape[0] * factor)))
    how = Image.Resampling.BICUBIC if factor > 1 else Image.Resampling.BOX
    resized: Floats = np.asarray(Image.fromarray(coverage).resize(size, how))
    return resized
