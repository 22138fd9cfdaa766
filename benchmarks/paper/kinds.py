"""The kinds of pictures, and a picture of a kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from paper.crops import binary_crop, dark_crop, light_crop
from paper.drawings import drawing
from paper.habits import habit
from paper.pen_path import Figure, figure
from paper.photos import PHOTOS, paper_photo
from paper.randomness import Array, Random
from paper.scans import church_book, form_field, scan


@dataclass(frozen=True)
class Specimen:
    """A picture of one digit.

    Attributes
    ----------
    pixels : array of uint8
        ``(h, w)``, ``(h, w, 3)`` or ``(h, w, 4)``.
    kind : str
        What is difficult about it, one of `KINDS`.
    box : tuple of int
        Left, top, right, bottom of the digit's ink; the last two are not part of it.
    form : Figure
        The digit's shape, before it was slanted and turned.
    """

    pixels: NDArray[np.uint8]
    kind: str
    box: tuple[int, int, int, int]
    form: Figure


Maker = Callable[[Figure, Random, int | None], tuple[Array, tuple[int, int, int, int]]]

MAKERS: dict[str, Maker] = {
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

PAPER = tuple(PHOTOS)
CROPS = tuple(kind for kind in MAKERS if kind.startswith("crop"))
SCANS = (
    "scan-tight",
    "scan-tight-binary",
    "scan-margin",
    "scan-margin-binary",
    "form",
    "church-book",
)
DRAWINGS = tuple(kind for kind in MAKERS if kind not in {*PAPER, *CROPS, *SCANS})


def specimen(
    digit: NDArray[np.uint8],
    kind: str,
    rng: Random,
    *,
    label: int | None = None,
    max_side: int | None = None,
) -> Specimen:
    """A picture of `digit`, ink 255 on 0.

    Parameters
    ----------
    label : int, optional
        With it, a third of the specimens get a habit that the writers of MNIST lack.
    max_side : int, optional
        No picture is larger.
    """
    form = figure(digit)
    if label is not None and rng.random() < 1 / 3:
        form = habit(form, label, rng)
    pixels, box = MAKERS[kind](form, rng, max_side)
    return Specimen(np.ascontiguousarray(pixels), kind, box, form)


def maker(kind: str) -> Callable[[Array, Random], Specimen]:
    return lambda digit, rng: specimen(digit, kind, rng)


KINDS: dict[str, Callable[[Array, Random], Specimen]] = {kind: maker(kind) for kind in MAKERS}
