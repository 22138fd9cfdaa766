"""Lines across the image: a dotted one, and one that goes up and down."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

_SIDE = 28
_REACH = 2.3  # in pixels: as far from its middle as a line has ink
_DOT = 2
_ZIGZAG = 2.0  # its length and its height
_ZIGZAG_FROM, _ZIGZAG_TO = 2, 25

Ends = tuple[int, int]


def dotted_line(
    images: NDArray[np.float32], severity: float, random: Generator
) -> NDArray[np.float32]:
    """From a random height at the left to another at the right."""
    ends = random.integers(0, 27, (len(images), 2))
    return _drawn_on(images, ends, _dotted, severity)


def zigzag(images: NDArray[np.float32], severity: float, random: Generator) -> NDArray[np.float32]:
    """From a random height at the left to about the same at the right."""
    start_and_rise = random.integers([0, -5], [27, 5], (len(images), 2))
    return _drawn_on(images, start_and_rise, _zigzagged, severity)


def _drawn_on(
    images: NDArray[np.float32],
    numbers: NDArray[np.int64],
    draw: Callable[[Ends], NDArray[np.float64]],
    strength: float,
) -> NDArray[np.float32]:
    """Add what a function draws for each image's two numbers; it is asked once for equal ones."""
    different, which = np.unique(numbers, axis=0, return_inverse=True)
    lines = np.stack([draw((first, second)) for first, second in different.tolist()])
    ink: NDArray[np.float32] = (strength * lines).astype(np.float32)[which.reshape(-1)]
    return images + ink


def _dotted(ends: Ends) -> NDArray[np.float64]:
    line = _segment((0, ends[0]), (_SIDE - 1, ends[1]))
    line[:, np.arange(_SIDE) // _DOT % 2 == 0] = 0
    return line


def _zigzagged(start_and_rise: Ends) -> NDArray[np.float64]:
    start, rise = start_and_rise
    angle = math.atan(rise / (_ZIGZAG_TO - _ZIGZAG_FROM))
    length = (_ZIGZAG_TO - _ZIGZAG_FROM) / math.cos(angle)
    # Along the line from its start, and across it: up and down every two lengths, and home.
    count = int((length - _ZIGZAG) // (2 * _ZIGZAG)) + 1
    corners = [(0.0, 0.0)]
    corners += [((2 * one + 1) * _ZIGZAG, (-1) ** one * _ZIGZAG) for one in range(count)]
    rest = length % (2 * _ZIGZAG)
    if rest:
        corners.append((length, corners[-1][1] / (2 * rest)))
    cosine, sine = math.cos(angle), math.sin(angle)
    turned = [
        (_ZIGZAG_FROM + cosine * along - sine * across, start + sine * along + cosine * across)
        for along, across in corners
    ]
    ink: NDArray[np.float64] = np.sum([_segment(*both) for both in pairwise(turned)], axis=0)
    return ink


def _segment(start: tuple[float, float], end: tuple[float, float]) -> NDArray[np.float64]:
    """Ink (28, 28) of a line between two points (column, row); less of it away from its middle.

    The distance is taken straight up and down, so that steep lines are thinner.
    """
    (left, top), (right, bottom) = start, end
    columns, rows = np.arange(_SIDE), np.arange(_SIDE)[:, None]
    middle = (bottom - top) / (right - left) * (columns - left) + top
    distance = np.minimum(np.abs(rows - middle), _REACH - 1e-10)
    ink: NDArray[np.float64] = np.clip(np.log1p(-distance / _REACH) + 1, 0, 1)
    ink[:, : math.floor(left)] = 0
    ink[:, math.ceil(right) :] = 0
    return ink
