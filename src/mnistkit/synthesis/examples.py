"""Training examples: what the preparation of `mnistkit.recognize` finds in pictures, labelled.

A network that reads people's own pictures sees what the preparation leaves of them. So each digit
is written on paper, and is found again by that very preparation, in all the ways that it tries:
what is like the digit gets its label, and what is not, such as specks, lines of the paper, or the
digit with the wrong colour for ink, is an example of no digit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mnistkit.images.geometry import mnist_picture
from mnistkit.images.picture import read_picture
from mnistkit.recognition.preprocess import likely_hypotheses, unlikely_hypotheses
from mnistkit.synthesis import non_digits
from mnistkit.synthesis.ink import Box
from mnistkit.synthesis.kinds import KINDS, RenderedDigit, render_digit
from mnistkit.synthesis.pen_path import PenPath
from mnistkit.synthesis.randomness import Random

NO_DIGIT = 10
"""The class of what is no digit."""
NOBODY = -1
"""The origin of what shows no single image."""
_MAX_SIDE = 240  # pixels; larger pictures differ little once they are prepared
_COARSE = 0.25  # how often a digit is taken as coarsely scanned, too
_AS_IT_IS = 0.5  # how often that is the digit itself, not one that was drawn again
_UNLIKELY = 0.3  # how often the less likely ways to see a picture are taken, too
# Correlation with the digit: above the first it is the digit, below the second something else.
_SIMILAR, _DIFFERENT = 0.7, 0.35
# Intersection over union with the digit's box, likewise.
_SAME_PLACE, _ELSEWHERE = 0.5, 0.3
_STRAIGHT = 0.06  # variance across a straight stroke, as a share of that along it


class LabelledImages(NamedTuple):
    """Prepared images.

    Attributes
    ----------
    images : numpy.ndarray of uint8, shape (n, 28, 28)
    labels : numpy.ndarray of uint8, shape (n,)
        The digit, or `NO_DIGIT`.
    origins : numpy.ndarray of int64, shape (n,)
        The position of the image that each shows, or that was on the same page; or `NOBODY`.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    origins: NDArray[np.int64]


_Example = tuple[NDArray[np.uint8], int, int]


def examples_of_digits(
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    positions: NDArray[np.int64],
    seed: tuple[int, ...],
) -> LabelledImages:
    """Write each digit on paper, and take what is found there.

    Parameters
    ----------
    images : numpy.ndarray of uint8, shape (n, 28, 28)
        Digits, as MNIST's.
    labels : numpy.ndarray of uint8, shape (n,)
    positions : numpy.ndarray of int64, shape (n,)
        The origins to give to what is found.
    seed : tuple of int
        The examples are a function of it and the digits.
    """
    rng = np.random.default_rng(seed)
    found: list[_Example] = []
    for image, label, position in zip(images, labels.tolist(), positions.tolist(), strict=True):
        if rng.random() < _COARSE:
            scanned = coarsely_scanned(_drawn_again(image, label, rng), rng)
            hypotheses = likely_hypotheses(scanned)
            first = hypotheses[0].candidates
            found += [(candidate.image, label, position) for candidate in first]
        picture = render_digit(
            image, KINDS[int(rng.integers(len(KINDS)))], rng, max_side=_MAX_SIDE, label=label
        )
        in_it = _found_in(picture, image, label, rng)
        found += [(piece, its_label, position) for piece, its_label in in_it]
    return _stacked(found)


def examples_of_non_digits(
    digits: NDArray[np.uint8], clothes: NDArray[np.uint8], count: int, seed: tuple[int, ...]
) -> LabelledImages:
    """Draw what is no digit, and take what is found there.

    Parameters
    ----------
    digits, clothes : numpy.ndarray of uint8, shape (n, 28, 28)
        What pairs of touching digits, and pictures of clothes, are drawn from.
    count : int
        How many pictures to draw; of some more than one piece is taken, of some none.
    seed : tuple of int
        The examples are a function of it and the images.
    """
    rng = np.random.default_rng(seed)
    found: list[_Example] = []
    for _ in range(count):
        sort = _SORTS[int(rng.integers(len(_SORTS)))]
        if sort == "empty sheet":
            sheet = non_digits.empty_sheet(rng)
            hypotheses = [*likely_hypotheses(sheet), *unlikely_hypotheses(sheet)]
            pieces = [one.image for hypothesis in hypotheses for one in hypothesis.candidates]
            pieces = [piece for piece in pieces if not is_straight_stroke(piece)]
            rng.shuffle(pieces)
            found += [(piece, NO_DIGIT, NOBODY) for piece in pieces[:2]]
        else:
            first = likely_hypotheses(_picture_of(sort, digits, clothes, rng))[0]
            found += [(candidate.image, NO_DIGIT, NOBODY) for candidate in first.candidates[:1]]
    return _stacked(found)


_SORTS = (
    "letter", "letter", "clothes", "clothes", "touching digits", "touching digits", "noise",
    "scribble", "scribble", "empty sheet", "empty sheet",
)  # fmt: skip


def _picture_of(
    sort: str, digits: NDArray[np.uint8], clothes: NDArray[np.uint8], rng: Random
) -> NDArray[np.uint8]:
    if sort == "letter":
        return non_digits.letter(rng)
    if sort == "clothes":
        return np.asarray(clothes[int(rng.integers(len(clothes)))])
    if sort == "touching digits":
        return non_digits.touching_digits(digits, rng)
    return non_digits.noise(rng) if sort == "noise" else non_digits.scribble(rng)


def _stacked(found: list[_Example]) -> LabelledImages:
    images = [image for image, _, _ in found]
    return LabelledImages(
        np.stack(images) if images else np.zeros((0, 28, 28), np.uint8),
        np.array([label for _, label, _ in found], np.uint8),
        np.array([origin for _, _, origin in found], np.int64),
    )


def _found_in(
    picture: RenderedDigit, digit: NDArray[np.uint8], label: int, rng: Random
) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """What the preparation finds in a picture of a digit, with labels; none twice."""
    reference = _clean(picture.pen_path, digit)
    leftovers, seen = [], set()
    pixels = read_picture(picture.pixels).pixels
    hypotheses = likely_hypotheses(pixels)
    if rng.random() < _UNLIKELY and not hypotheses[0].contrast.uniform:
        hypotheses += unlikely_hypotheses(pixels)
    candidates = (one for hypothesis in hypotheses for one in hypothesis.candidates)
    for candidate in candidates:
        if candidate.image.tobytes() in seen:
            continue
        seen.add(candidate.image.tobytes())
        overlap = intersection_over_union(candidate.box, picture.box)
        similar = similarity(candidate.image, reference)
        if overlap > _SAME_PLACE and similar > _SIMILAR:
            yield candidate.image, label
            continue
        is_other = overlap < _ELSEWHERE or similar < _DIFFERENT
        if is_other and not is_straight_stroke(candidate.image):
            leftovers.append(candidate.image)
    # Of a page full of specks one is enough.
    if leftovers:
        yield leftovers[int(rng.integers(len(leftovers)))], NO_DIGIT


def _clean(pen_path: PenPath, digit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What should be found of a digit: its strokes, and nothing else."""
    if pen_path.clogged:
        return mnist_picture(digit)
    image = Image.new("L", (120, 120))
    draw = ImageDraw.Draw(image)
    for stroke in pen_path.strokes:
        draw.line([(60 + 90 * x, 60 + 90 * y) for x, y in stroke], fill=255, width=9)
    return mnist_picture(np.asarray(image))


def _drawn_again(digit: NDArray[np.uint8], label: int, rng: Random) -> NDArray[np.uint8]:
    """A digit as it is, or white on black by another pen and in other shapes."""
    if rng.random() < _AS_IT_IS:
        return digit
    pixels = render_digit(digit, "white-on-black", rng, max_side=160, label=label).pixels
    return pixels if pixels.ndim == 2 else pixels[..., 0]


def coarsely_scanned(digit: NDArray[np.uint8], rng: Random) -> NDArray[np.uint8]:
    """A digit as old scanners stored it: few pixels, perhaps stretched, or only bits."""
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    ink = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height = int(rng.integers(8, 33))
    narrow = ink.shape[1] / ink.shape[0]
    # Some collections stretch every digit to a square, or half of the way.
    width = max(2, round(height * narrow ** rng.choice([1.0, 0.7, 0.4])))
    small = np.asarray(Image.fromarray(ink).resize((width, height), Image.Resampling.BOX))
    if rng.random() < 0.5:
        small = np.where(small > rng.integers(60, 160), 255, 0).astype(np.uint8)
    else:
        levels = int(rng.choice([16, 64, 255]))
        small = (np.rint(small / 255 * levels) * (255 / levels)).astype(np.uint8)
    return np.pad(small, int(rng.integers(0, 3)))


def is_straight_stroke(image: NDArray[np.uint8]) -> bool:
    """Whether a piece is a single straight stroke: part of another digit, or as well a 1."""
    rows, columns = np.nonzero(image > 64)
    if len(rows) < 3:
        return True
    spread = np.linalg.eigvalsh(np.cov(rows, columns))
    return bool(spread[0] < _STRAIGHT * spread[1])


def intersection_over_union(a: Box, b: Box) -> float:
    """The area that two boxes share, divided by the area that they cover together."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return both / max(areas - both, 1)


def similarity(image: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """The correlation of two pictures, both blurred: slant and pen may differ."""
    from scipy import ndimage

    a, b = (ndimage.gaussian_filter(x.astype(np.float32), 2).ravel() for x in (image, reference))
    return float(np.corrcoef(a, b)[0, 1])
