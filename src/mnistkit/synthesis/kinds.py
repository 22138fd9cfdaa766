"""The kinds of pictures, and a picture of a kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import OptionError
from mnistkit.messages import shown
from mnistkit.synthesis.allographs import allograph
from mnistkit.synthesis.crops import binary_crop, dark_crop, light_crop
from mnistkit.synthesis.drawings import drawing
from mnistkit.synthesis.ink import Box
from mnistkit.synthesis.pen_path import PenPath, trace
from mnistkit.synthesis.photos import PHOTOS, paper_photo
from mnistkit.synthesis.randomness import Array, Random
from mnistkit.synthesis.scans import church_book, form_field, scan

_WITH_ALLOGRAPH = 1 / 3  # of the digits whose label is known


@dataclass(frozen=True)
class RenderedDigit:
    """A picture of one digit, and what is known about it.

    Attributes
    ----------
    pixels : numpy.ndarray of uint8
        ``(height, width)``, ``(height, width, 3)`` or ``(height, width, 4)``.
    kind : str
        One of `KINDS`.
    box : tuple of int
        Left, top, right, bottom of the digit's ink; the last two are not part of it.
    pen_path : PenPath
        The digit's strokes, before they were slanted and turned.
    """

    pixels: NDArray[np.uint8]
    kind: str
    box: Box
    pen_path: PenPath


_RENDERERS: dict[str, Callable[[PenPath, Random, int | None], tuple[Array, Box]]] = {
    **{kind: partial(paper_photo, kind) for kind in PHOTOS},
    "crop": dark_crop,
    "crop-light-on-dark": light_crop,
    "crop-binary": binary_crop,
    "scan-tight": partial(scan, tight=True, binary=False),
    "scan-tight-binary": partial(scan, tight=True, binary=True),
    "scan-margin": partial(scan, tight=False, binary=False),
    "scan-margin-binary": partial(scan, tight=False, binary=True),
    "form": form_field,
    "church-book": church_book,
    "black-on-white": partial(drawing, colours="black"),
    "white-on-black": partial(drawing, colours="white"),
    "coloured": partial(drawing, colours="coloured"),
    "same-lightness": partial(drawing, colours="same-lightness", widths=(2, 60)),
    "transparent": partial(drawing, alpha="ink"),
    "opaque-alpha": partial(drawing, alpha="opaque"),
    "one-pixel": partial(drawing, widths=(1, 1)),
    "thick-brush": partial(drawing, widths=(10, 60)),
    "mouse": partial(drawing, mouse=1.0),
    "aliased": partial(drawing, aliased=1.0),
    "square-brush": partial(drawing, square=1.0),
}

KINDS = tuple(_RENDERERS)
"""Every kind of picture."""
PAPER = tuple(PHOTOS)
"""The kinds that are photos of paper."""
CROPS = ("crop", "crop-light-on-dark", "crop-binary")
"""The kinds that are cut out of photos, 28 or 32 pixels a side."""
SCANS = (
    "scan-tight", "scan-tight-binary", "scan-margin", "scan-margin-binary", "form", "church-book"
)  # fmt: skip
"""The kinds that are scans."""
DRAWINGS = tuple(kind for kind in KINDS if kind not in {*PAPER, *CROPS, *SCANS})
"""The kinds that were drawn on a screen."""


def render_digit(
    digit: NDArray[np.uint8],
    kind: str,
    rng: Random,
    *,
    label: int | None = None,
    max_side: int | None = None,
) -> RenderedDigit:
    """Write a digit again: with another pen, on another ground, in another light.

    Parameters
    ----------
    digit : numpy.ndarray of uint8, shape (28, 28)
        Ink 255 on paper 0, as in MNIST.
    kind : str
        One of `KINDS`.
    rng : numpy.random.Generator
        The same digit, kind and state of the generator give the same picture.
    label : int, optional
        With it, a third of the pictures show the digit in a shape that is taught elsewhere, and
        that MNIST's writers lack.
    max_side : int, optional
        No picture is larger, in pixels.

    Raises
    ------
    OptionError
        If there is no such kind.
    ImageError
        If there is no stroke in the image of the digit.
    MissingPackageError
        If scikit-image is not installed.

    Examples
    --------
    >>> import mnistkit
    >>> from mnistkit.synthesis import render_digit
    >>> data = mnistkit.load_dataset("digits").train
    >>> picture = render_digit(data.images[0], "squared", np.random.default_rng(0), max_side=200)
    >>> picture.pixels.dtype, picture.pixels.ndim, max(picture.pixels.shape) <= 200
    (dtype('uint8'), 3, True)
    """
    if kind not in _RENDERERS:
        raise OptionError(
            f"kind={shown(kind)} is not a kind of picture; expected one of {', '.join(KINDS)}."
        )
    pen_path = trace(digit)
    if label is not None and rng.random() < _WITH_ALLOGRAPH:
        pen_path = allograph(pen_path, label, rng)
    pixels, box = _RENDERERS[kind](pen_path, rng, max_side)
    return RenderedDigit(np.ascontiguousarray(pixels), kind, box, pen_path)
