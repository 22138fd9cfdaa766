"""Ruled and squared paper: finding the direction of its lines, and taking them away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.recognition.contrast import Floats, Mask
from mnistkit.recognition.ink import paper_noise

_SMALLEST = 48  # pixels
_LARGEST_TILT = 15.0  # degrees
_DIRECTION_SIDE = 200  # pixels; enough to find a direction
_WINDOW = 0.4  # of the picture's side: longer than a stroke, shorter than a line
_LINE_COVERAGE = 0.6  # the share of the width that a line goes on for
_NEARLY = 0.9  # of the best coverage
_OF_LINE = 0.4  # of the contrast
_STRONGEST = 2.0  # times as strong as most lines; what is stronger still is ink


@dataclass(frozen=True)
class Lines:
    """The lines of ruled or squared paper.

    Attributes
    ----------
    removed : numpy.ndarray of float32, shape (height, width)
        Contrast without them.
    mask : numpy.ndarray of bool, shape (height, width)
        Where they are.
    squared : bool
        Whether there are lines in both directions.
    noise : float
        The standard deviation of the paper before, in grey levels.
    """

    removed: Floats
    mask: Mask
    squared: bool
    noise: float


def find_lines(values: Floats) -> Lines | None:
    """What goes on straight across the picture; None if there is nothing.

    A line is what is there along most of a long stretch in its direction; a stroke is shorter. The
    stretch's own median is subtracted, so that ink on a line keeps what it adds to the line.

    Parameters
    ----------
    values : numpy.ndarray of float32, shape (height, width)
        Contrast with the paper.
    """
    if min(values.shape) < _SMALLEST:
        return None
    noise, cleaned = paper_noise(values), values
    found: list[Floats] = []
    for across in (False, True):
        turned = cleaned.T if across else cleaned
        tilt = line_tilt(turned, noise)
        if tilt is not None:
            lines = _lines_along(turned, tilt)
            found.append(lines.T if across else lines)
            cleaned = _subtract(cleaned, found[-1])
    if not found:
        return None
    strongest = _STRONGEST * min(_strength(lines, noise) for lines in found)
    cleaned, stroke = values, np.zeros(values.shape, bool)
    for lines in found:
        cleaned = _subtract(cleaned, np.minimum(lines, strongest))
        stroke |= lines > strongest
    mask = (values - cleaned > np.maximum(_OF_LINE * values, noise)) & ~stroke
    return Lines(np.ascontiguousarray(cleaned), mask, len(found) == 2, noise)


def line_tilt(values: Floats, noise: float) -> float | None:
    """By how much nearly horizontal lines fall to the right, pixels a pixel; None without lines.

    This is a Hough transform: every pixel that is not paper votes, at each slope, for the line
    that it would lie on. A line has votes from most of the width of the picture.
    """
    step = max(1, max(values.shape) // _DIRECTION_SIDE)
    height, width = (side // step * step for side in values.shape)
    small = values[:height, :width].reshape(height // step, step, width // step, step)
    small = small.mean(axis=(1, 3))
    threshold = max(2 * paper_noise(small), 0.5 * noise, 1.5)
    rows, columns = np.nonzero(small > threshold)
    if len(rows) > 0.5 * small.size or not len(rows):
        return None
    limit = np.tan(np.radians(_LARGEST_TILT))
    coarse = np.linspace(-limit, limit, 61)
    votes = [_votes(rows, columns, slope, small.shape) for slope in coarse]
    coverage = np.array([_coverage(counted) / width * step for counted in votes])
    if coverage.max() < _LINE_COVERAGE:
        return None
    # Broad lines cover the width at several slopes; at the right one they are narrowest.
    good = coverage > _NEARLY * coverage.max()
    best = int(np.argmax([_sharpness(counted) for counted in votes] * good))
    fine = coarse[best] + np.linspace(-1, 1, 9) * (coarse[1] - coarse[0])
    sharpest = np.argmax([_sharpness(_votes(rows, columns, slope, small.shape)) for slope in fine])
    return float(fine[int(sharpest)])


def _votes(
    rows: NDArray[np.intp], columns: NDArray[np.intp], slope: float, shape: tuple[int, int]
) -> NDArray[np.intp]:
    """How many pixels lie on each line of this slope."""
    height, width = shape
    lines = np.rint(rows - slope * (columns - width / 2)).astype(np.intp)
    inside = (lines >= 0) & (lines < height)
    return np.bincount(lines[inside], minlength=height)


def _coverage(votes: NDArray[np.intp]) -> float:
    """The length in pixels that the best covered line has, and the next best ones."""
    # Two lines or more, as paper has; a single stroke can be long and straight as well.
    return float(np.sort(votes)[-2 - len(votes) // 64])


def _sharpness(votes: NDArray[np.intp]) -> float:
    return float((votes.astype(np.float64) ** 2).sum())


def _sheared(values: Floats, slope: float) -> Floats:
    """Move every column so that lines of this slope become rows; rows wrap around."""
    height, width = values.shape
    shift = np.rint(slope * (np.arange(width) - width / 2)).astype(np.intp)
    rows = (np.arange(height)[:, None] + shift[None, :]) % height
    return np.take_along_axis(values, rows, axis=0)


def _lines_along(values: Floats, slope: float) -> Floats:
    """What goes on along most of a long stretch, at this slope."""
    from scipy import ndimage

    sheared = _sheared(values, slope)
    height, width = sheared.shape
    thick = max(1, round(min(height, width) / 250))
    # Lines are never quite straight: what is looked at along a row is the strongest nearby.
    spread = ndimage.maximum_filter1d(sheared, 2 * thick + 1, axis=0, mode="wrap")
    step = max(1, width // 64)
    stretch = spread[:, : width // step * step].reshape(height, -1, step).mean(axis=2)
    window = max(3, round(_WINDOW * stretch.shape[1])) | 1
    lines = ndimage.percentile_filter(stretch, 40, size=(1, window), mode="reflect")
    lines = np.repeat(lines, step, axis=1)
    lines = np.pad(lines, [(0, 0), (0, width - lines.shape[1])], mode="edge")
    return _sheared_back(lines, slope)


def _subtract(values: Floats, lines: Floats) -> Floats:
    # Not below the paper, so that what was a line does not look like noise.
    paper = np.minimum(values, 0)
    return np.where(lines > 0, np.maximum(values - 1.15 * lines, paper), values)


def _strength(lines: Floats, noise: float) -> float:
    """The contrast that most of the lines have; a stroke among them may have more."""
    return float(np.median(lines[lines > 2 * noise])) if (lines > 2 * noise).any() else np.inf


def _sheared_back(values: Floats, slope: float) -> Floats:
    height, width = values.shape
    shift = np.rint(slope * (np.arange(width) - width / 2)).astype(np.intp)
    rows = (np.arange(height)[:, None] - shift[None, :]) % height
    return np.take_along_axis(values, rows, axis=0)
