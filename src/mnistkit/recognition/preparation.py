"""From a picture's pixels to 28x28 pictures of its digits, as MNIST's were made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mnistkit.images.geometry import mnist_picture
from mnistkit.recognition.contrast import (
    Contrast,
    Floats,
    Tone,
    pixel_noise,
    plain_contrasts,
    uneven_contrast,
)
from mnistkit.recognition.ink import Ink, find_ink
from mnistkit.recognition.lines import Lines, find_lines
from mnistkit.recognition.segmentation import Box, Piece, find_pieces, group_digits
from mnistkit.recognition.strokes import with_usual_strokes

_TONES: tuple[Tone, ...] = ("light", "dark")
_STROKES = (0.09, 0.3)
"""How wide a stroke can be, as a share of the picture's shorter side: pens, and markers.

A shadow that is wider than that is not taken for ink.
"""
_SMALL_STROKES = (0.18, 0.4)
"""The same for small pictures, which hold little more than the digit."""
_LARGE = 60  # pixels; in smaller pictures a pen's stroke is as wide as a marker's
_ON_LINES = 0.6  # of a piece of ink
_SLIM = 0.3  # times as broad as long
_DARK = 110  # grey levels
_BLACK, _BRIGHT = 50, 130  # grey levels; paper between these may be grey, brown, or badly lit
_NOISY = 2.5  # grey levels
_SMOOTHED_FROM = 160  # pixels of the shorter side; smaller pictures have no noise to spare


@dataclass(frozen=True)
class Found:
    """A digit, or what looks like one, found in a picture.

    Attributes
    ----------
    image : numpy.ndarray of uint8, shape (28, 28)
        As the model sees it.
    box : tuple of int
        left, top, right, bottom in the picture that was prepared.
    """

    image: NDArray[np.uint8]
    box: Box


@dataclass(frozen=True)
class Interpretation:
    """One way to see a picture: which colour is ink, and whether there are ruled lines.

    Attributes
    ----------
    contrast : Contrast
        After the lines are taken away.
    ink : Ink or None
    found : tuple of Found
        In reading order.
    lined : bool
        Whether lines were taken away.
    """

    contrast: Contrast
    ink: Ink | None
    found: tuple[Found, ...]
    lined: bool = False


def interpretations(pixels: NDArray[np.uint8]) -> list[Interpretation]:
    """The ways in which a picture can be seen, the most plausible one first.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8, shape (height, width) or (height, width, 3)
    """
    plain = plain_contrasts(pixels)
    if plain:
        return [way for contrast in plain for way in _plain_ways(contrast)]
    ways: list[Interpretation] = []
    for tone in likely_inks(pixels):
        ways += _uneven_ways(pixels, tone)
        if min(pixels.shape[:2]) < _SMOOTHED_FROM:
            ways += _uneven_ways(pixels, tone, sensitive=True)
    return ways


def unlikely_interpretations(pixels: NDArray[np.uint8]) -> list[Interpretation]:
    """More ways, for where none of the others shows a digit: the other tone, or paler ink.

    Only for a picture whose paper is not plain; of a plain one `interpretations` has them all.
    """
    likely = likely_inks(pixels)
    ways: list[Interpretation] = []
    for tone in _TONES:
        if tone not in likely:
            ways += _uneven_ways(pixels, tone)
        elif min(pixels.shape[:2]) >= _SMOOTHED_FROM:
            ways += _uneven_ways(pixels, tone, sensitive=True)
    return ways


def likely_inks(pixels: NDArray[np.uint8]) -> tuple[Tone, ...]:
    """Ink is dark, unless the border is; on grey or brown paper it may be either."""
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    paper = np.median(border if border.ndim == 1 else border.mean(axis=1))
    if paper >= _BRIGHT:
        return ("dark",)
    if paper < _BLACK:
        return ("light",)
    return ("light", "dark") if paper < _DARK else ("dark", "light")


def _uneven_ways(
    pixels: NDArray[np.uint8], tone: Tone, *, sensitive: bool = False
) -> Iterator[Interpretation]:
    """Ways to see a picture whose paper is not even, if ink is dark, or light."""
    smoothing = suitable_smoothing(pixels) * (2 if sensitive else 1)
    for widest_stroke in _STROKES if min(pixels.shape[:2]) >= _LARGE else _SMALL_STROKES:
        contrast = uneven_contrast(pixels, tone, widest_stroke, smoothing)
        lines = find_lines(contrast.values)
        yield from interpret(contrast, lines, sensitive=sensitive)
        if lines is not None:
            without = Contrast(lines.removed, tone, plain=False)
            yield from interpret(without, lines, lined=True, sensitive=sensitive)


def _plain_ways(contrast: Contrast) -> list[Interpretation]:
    # A picture that was enlarged by repeating its pixels is read as it was before.
    factor, before = repeated_pixels(np.pad(contrast.values, 1))
    if factor == 1:
        return interpret(contrast)
    aligned = np.pad(contrast.values, ((before[0], 0), (before[1], 0)), mode="edge")
    reduced = Contrast(aligned[::factor, ::factor], contrast.ink, plain=True)
    height, width = contrast.values.shape

    def enlarged(found: Found) -> Found:
        left, top, right, bottom = (edge * factor for edge in found.box)
        box = (left - before[1], top - before[0], right - before[1], bottom - before[0])
        left, top = max(box[0], 0), max(box[1], 0)
        return Found(found.image, (left, top, min(box[2], width), min(box[3], height)))

    return [
        replace(way, found=tuple(enlarged(found) for found in way.found))
        for way in interpret(reduced)
    ]


def interpret(
    contrast: Contrast,
    lines: Lines | None = None,
    *,
    lined: bool = False,
    sensitive: bool = False,
) -> list[Interpretation]:
    """Find ink and digits, in one way or more.

    Parameters
    ----------
    contrast : Contrast
    lines : Lines, optional
        Of the paper.
    lined : bool, default False
        Whether they were taken away.
    sensitive : bool, default False
        Take what is paler for ink, too.
    """
    ink = find_ink(contrast, lines.noise if lines else None, sensitive=sensitive)
    if ink is None:
        return [Interpretation(contrast, None, (), lined)]
    components, pieces = find_pieces(ink.mask)
    if lines is not None:
        pieces = _without_lines(pieces, components, lines, removed=lined)
    shape = (ink.mask.shape[0], ink.mask.shape[1])
    ways = group_digits(pieces, shape, 3 if contrast.plain else 7) or [[]]
    images: dict[tuple[int, ...], Found] = {}
    for digit in (digit for way in ways for digit in way):
        if digit.labels not in images:
            image = digit_image(ink, components, digit)
            images[digit.labels] = Found(image, digit.box)
    return [
        Interpretation(contrast, ink, tuple(images[digit.labels] for digit in way), lined)
        for way in ways
    ]


def _without_lines(
    pieces: list[Piece], components: NDArray[np.int32], lines: Lines, *, removed: bool
) -> list[Piece]:
    """Without pieces that lie on a line of the paper all along, and do not only cross it."""
    on_lines = np.bincount(components[lines.mask], minlength=int(components.max()) + 1)

    def is_line(piece: Piece) -> bool:
        # What was not removed may be straight strokes that fill the picture, such as those of 11.
        slim = min(piece.width, piece.height) < _SLIM * piece.side
        certain = removed or (lines.squared and slim)
        return certain and on_lines[piece.labels[0]] > _ON_LINES * piece.area

    return [piece for piece in pieces if not is_line(piece)]


def digit_image(ink: Ink, components: NDArray[np.int32], digit: Piece) -> NDArray[np.uint8]:
    """Cut a digit out, and bring its strokes and its frame to MNIST's."""
    from scipy import ndimage

    height, width = components.shape
    left, top, right, bottom = digit.box
    around = (slice(max(top - 1, 0), min(bottom + 1, height)),
              slice(max(left - 1, 0), min(right + 1, width)))  # fmt: skip
    own = np.isin(components[around], digit.labels)
    amount = ink.amount[around] * ndimage.binary_dilation(own, np.ones((3, 3)))
    amount = with_usual_strokes(cut_to_ink(amount))
    return mnist_picture(np.rint(amount * 255).astype(np.uint8))


def cut_to_ink(amount: Floats) -> Floats:
    """Without the empty rows and columns around."""
    rows = np.flatnonzero(amount.max(axis=1) > 0)
    columns = np.flatnonzero(amount.max(axis=0) > 0)
    return amount[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def repeated_pixels(padded: Floats) -> tuple[int, tuple[int, int]]:
    """By how much a picture was enlarged by repeating its pixels; 1 if it was not.

    Rows and columns then change only at distances that are multiples of that.

    Parameters
    ----------
    padded : numpy.ndarray of float32
        With one pixel of paper around it.

    Returns
    -------
    factor : int
    missing : tuple of int
        How many rows and columns the first repeated pixels are short of being whole.
    """
    rows = np.flatnonzero((padded[1:] != padded[:-1]).any(axis=1))
    columns = np.flatnonzero((padded[:, 1:] != padded[:, :-1]).any(axis=0))
    distances = np.concatenate([np.diff(rows), np.diff(columns)])
    if not len(distances):
        return 1, (0, 0)
    factor = max(int(np.gcd.reduce(distances)), 1)
    return factor, (int(-rows[0] % factor), int(-columns[0] % factor))


def suitable_smoothing(pixels: NDArray[np.uint8]) -> float:
    """The standard deviation of the Gaussian that a picture can bear, in its pixels."""
    side = min(pixels.shape[:2])
    if side >= _SMOOTHED_FROM:
        return float(min(0.7 + side / 2000, 1.5))
    return 0.8 if side >= _LARGE and pixel_noise(pixels) > _NOISY else 0.0
