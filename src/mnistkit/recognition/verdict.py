"""What to say of the digits that were found, and of a picture without any."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnistkit.images.picture import Picture
from mnistkit.recognition.digit import Digit, Reading
from mnistkit.recognition.ink import Ink
from mnistkit.recognition.plausibility import Read
from mnistkit.recognition.segmentation import STAMP, Box, longer_side

SURE = 0.95
"""A digit whose label is less probable gets the warning "not sure"."""
IS_DIGIT = 0.5
"""Whatever scores less gets the warning "looks like no digit"."""
SURE_DIGIT = 0.9
"""Whatever scores less, but more than `IS_DIGIT`, gets the warning "not sure"."""

_LARGE = 0.25  # of the shorter side
_STRONG = 25.0  # grey levels
_FILLING, _FADED = 0.85, 20.0  # of the shorter side; grey levels
_NEAR_NOISE = 8.0  # standard deviations of the paper
_BESIDE = 0.7  # of the height
_CLUTTER = 12  # pieces of ink none of which looks like a digit: texture, not writing
_LOW_CONTRAST, _FAINT = 8.0, 15.0  # grey levels


def verdict(picture: Picture, read: Read, rivals: Sequence[int | None], name: str) -> Reading:
    """What to tell of the most plausible interpretation.

    Parameters
    ----------
    picture : Picture
    read : Read
        Of the interpretation.
    rivals : sequence of int
        For each of its digits, what another one that is about as plausible reads there, or None.
    name : str
        Of the picture's source.
    """
    ink = read.interpretation.ink
    remarks = picture.remarks
    if ink is None or not read.interpretation.found:
        found = "no ink found: the sheet looks empty" if ink is None else "no digit found"
        return Reading(source=name, warnings=(*remarks, found))
    shape = (picture.pixels.shape[0], picture.pixels.shape[1])
    pale = not read.interpretation.contrast.plain and ink.strength < _LOW_CONTRAST
    common: tuple[str, ...] = ("very low contrast",) if pale else ()
    likely = np.flatnonzero(_likely_digits(read, ink, shape))
    if not len(likely):
        return Reading(source=name, warnings=(*remarks, "no digit found", *common))
    if len(likely) > 1:
        common = (*common, "several digits found")
    digits = [
        _digit(read, index, rivals[index], picture.reduction, shape, common)
        for index in likely.tolist()
    ]
    return Reading(digits, source=name, warnings=remarks)


def _likely_digits(read: Read, ink: Ink, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Which of the things that were found are digits, or may be."""
    digits = read.scores >= IS_DIGIT
    faint = not read.interpretation.contrast.plain and ink.strength < _FAINT
    if faint or ink.strength < _NEAR_NOISE * ink.noise:
        # Paper has shades and spots of its own, so that what is doubtful is none.
        digits &= _certain(read, shape)
    elif not digits.any() and _is_something(read, shape):
        sizes = [longer_side(found.box) for found in read.interpretation.found]
        digits[int(np.argmax(sizes))] = True
        return digits & ~_of_the_sheet(read, shape)
    return _in_number(read, digits) & ~_of_the_sheet(read, shape)


def _in_number(read: Read, digits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Digits, and what is of their height beside them: without it a number is another one."""
    boxes = np.array([found.box for found in read.interpretation.found])
    tops, bottoms = boxes[:, 1], boxes[:, 3]
    shared = np.minimum.outer(bottoms, bottoms[digits]) - np.maximum.outer(tops, tops[digits])
    taller = np.maximum.outer(bottoms - tops, (bottoms - tops)[digits])
    beside: NDArray[np.bool_] = (shared >= _BESIDE * taller).any(axis=1)
    return beside


def _is_something(read: Read, shape: tuple[int, int]) -> bool:
    """Whether there is a thing in the picture, though no digit, and not just specks and shades."""
    way = read.interpretation
    if way.ink is None or len(way.found) > _CLUTTER:
        return False
    if way.contrast.plain:
        return True
    large = max(longer_side(found.box) for found in way.found) > _LARGE * min(shape)
    return large and way.ink.strength > _STRONG


def _of_the_sheet(read: Read, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """What belongs to the paper: its grid, a fold or a shade."""
    if read.interpretation.contrast.plain or max(shape) <= STAMP:
        return np.zeros(len(read.scores), bool)
    boxes = [found.box for found in read.interpretation.found]
    large = np.array([longer_side(box) > _FILLING * min(shape) for box in boxes])
    touching = np.array([sum(_touched(box, shape)) > 2 for box in boxes])
    of_the_sheet: NDArray[np.bool_] = large & (read.strength < _FADED)
    return of_the_sheet | (touching & (read.scores < IS_DIGIT))


def _certain(read: Read, shape: tuple[int, int]) -> NDArray[np.bool_]:
    sure = (read.scores >= SURE_DIGIT) & (read.probabilities.max(axis=1) >= SURE)
    inside = [not _is_cut_off(found.box, shape) for found in read.interpretation.found]
    certain: NDArray[np.bool_] = sure & np.array(inside)
    return certain


def _digit(
    read: Read,
    index: int,
    rival: int | None,
    reduction: int,
    shape: tuple[int, int],
    common: tuple[str, ...],
) -> Digit:
    found, probabilities = read.interpretation.found[index], read.probabilities[index]
    best, second = (int(label) for label in np.argsort(-probabilities)[:2])
    probability, score = float(probabilities[best]), float(read.scores[index])
    warnings = list(common)
    if score < IS_DIGIT:
        warnings.append("looks like no digit")
    if probability < SURE or rival is not None:
        warnings.append(f"not sure: it may be {second if rival is None else rival}")
    elif IS_DIGIT <= score < SURE_DIGIT:
        warnings.append("not sure")
    if _is_cut_off(found.box, shape):
        warnings.append("touches the border")
    left, top, right, bottom = (edge * reduction for edge in found.box)
    return Digit(
        label=best,
        probability=probability,
        probabilities=probabilities,
        box=(left, top, right, bottom),
        image=found.image,
        score=score,
        warnings=tuple(warnings),
    )


def _is_cut_off(box: Box, shape: tuple[int, int]) -> bool:
    """Whether a digit may go on beyond the border.

    One that fits its picture exactly does not, and of small pictures somebody chose the border.
    """
    if max(shape) <= STAMP:
        return False
    left, top, right, bottom = _touched(box, shape)
    return left != right or top != bottom


def _touched(box: Box, shape: tuple[int, int]) -> tuple[bool, bool, bool, bool]:
    """Which borders a box reaches: left, top, right, bottom."""
    left, top, right, bottom = box
    return left == 0, top == 0, right == shape[1], bottom == shape[0]
