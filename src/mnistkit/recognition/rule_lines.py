"""Rule lines: finding the lines of ruled and squared paper, and subtracting them.

Their direction is found by a Hough transform; what goes on along most of a long stretch in that
direction is a line, by an order-statistics filter along it.

References
----------
R. O. Duda, P. E. Hart: Use of the Hough transformation to detect lines and curves in pictures.
Communications of the ACM 15(1), 1972.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.recognition.background import Floats, Mask
from mnistkit.recognition.binarize import background_noise

Doubles = NDArray[np.float64]

SMALLEST_SIDE = 48
"""Pixels; in a smaller picture a stroke is as long as a line."""
LARGEST_TILT = 15.0
"""Degrees; a sheet that is held in the hand is seldom turned further."""
DIRECTION_SIDE = 200
"""Pixels of the longer side, to which a picture is reduced to find a direction: they are enough."""
COVERAGE = 0.6
"""Share of the width that a line goes on for. One stroke can be as long, so that the second best
line counts."""
NEARLY_BEST = 0.9
"""Of the best coverage: broad lines cover the width at several slopes, and are narrowest at one."""
WINDOW = 0.4
"""Of the picture's side, along which a line is looked for: longer than a stroke is."""
WINDOW_PERCENTILE = 40
"""What goes on along 60% of the window is a line; gaps and crossing strokes fill the rest."""
SUBTRACTED = 1.15
"""Times the line's contrast, which varies along it."""
STRONGEST = 2.0
"""Times as strong as most lines; what is stronger is a long stroke, since ink is darker."""
LINE_SHARE = 0.4
"""Of a pixel's contrast that comes from a line, where the pixel belongs to that."""


@dataclass(frozen=True)
class RuleLines:
    """The rule lines of a picture.

    Attributes
    ----------
    cleaned : numpy.ndarray of float32, shape (height, width)
        Contrast without them.
    mask : numpy.ndarray of bool, shape (height, width)
        Where they are.
    squared : bool
        Whether there are lines in both directions.
    noise : float
        The standard deviation of the paper before, in grey levels.
    """

    cleaned: Floats
    mask: Mask
    squared: bool
    noise: float


def find_rule_lines(
    values: Floats,
    *,
    largest_tilt: float = LARGEST_TILT,
    coverage: float = COVERAGE,
    window: float = WINDOW,
    strongest: float = STRONGEST,
) -> RuleLines | None:
    """Find what goes on straight across a picture, and subtract it.

    The percentile of a long stretch is subtracted, so that ink on a line keeps what it adds to
    the line; but no more than `strongest` times what most lines have.

    Parameters
    ----------
    values : numpy.ndarray of float32, shape (height, width)
        Contrast with the paper.
    largest_tilt : float, default 15
        In degrees.
    coverage : float, default 0.6
        Share of the picture's width, or height, that two lines at least go on for.
    window : float, default 0.4
        Length of the stretch, as a share of the same side.
    strongest : float, default 2
        How many times stronger than most a line can be.

    Returns
    -------
    RuleLines or None
        None if there are none, or if the picture is too small to tell.
    """
    if min(values.shape) < SMALLEST_SIDE:
        return None
    noise, cleaned = background_noise(values), values
    found: list[Floats] = []
    for across in (False, True):
        turned = cleaned.T if across else cleaned
        slope = line_slope(turned, noise, largest_tilt=largest_tilt, coverage=coverage)
        if slope is not None:
            lines = _lines_along(turned, slope, window)
            found.append(lines.T if across else lines)
            cleaned = _subtract(cleaned, found[-1])
    if not found:
        return None
    limit = strongest * min(_usual_strength(lines, noise) for lines in found)
    cleaned, stroke = values, np.zeros(values.shape, bool)
    for lines in found:
        cleaned = _subtract(cleaned, np.minimum(lines, limit))
        stroke |= lines > limit
    mask = (values - cleaned > np.maximum(LINE_SHARE * values, noise)) & ~stroke
    return RuleLines(np.ascontiguousarray(cleaned), mask, len(found) == 2, noise)


def line_slope(
    values: Floats,
    noise: float,
    *,
    largest_tilt: float = LARGEST_TILT,
    coverage: float = COVERAGE,
) -> float | None:
    """Find the slope of nearly horizontal lines by a Hough transform.

    Every pixel that is not paper votes, at each slope, for the line that it would lie on. A line
    has votes from most of the width of the picture.

    Parameters
    ----------
    values : numpy.ndarray of float32, shape (height, width)
        Contrast with the paper.
    noise : float
        The standard deviation of the paper, in grey levels.
    largest_tilt : float, default 15
        In degrees.
    coverage : float, default 0.6
        Share of the picture's width that two lines at least go on for.

    Returns
    -------
    float or None
        By how many pixels the lines fall for each pixel to the right; None if there are no lines.
    """
    step = max(1, max(values.shape) // DIRECTION_SIDE)
    height, width = (side // step * step for side in values.shape)
    small = values[:height, :width].reshape(height // step, step, width // step, step)
    small = small.mean(axis=(1, 3))
    threshold = max(2 * background_noise(small), 0.5 * noise, 1.5)
    rows, columns = np.nonzero(small > threshold)
    if len(rows) > 0.5 * small.size or not len(rows):
        return None
    limit = np.tan(np.radians(largest_tilt))
    coarse = np.linspace(-limit, limit, 61)
    votes = _votes(rows, columns, coarse, small.shape)
    covered = _line_lengths(votes) / width * step
    if covered.max() < coverage:
        return None
    good = covered > NEARLY_BEST * covered.max()
    best = int(np.argmax(_sharpness(votes) * good))
    fine = coarse[best] + np.linspace(-1, 1, 9) * (coarse[1] - coarse[0])
    sharpest = np.argmax(_sharpness(_votes(rows, columns, fine, small.shape)))
    return float(fine[int(sharpest)])


def _votes(
    rows: NDArray[np.intp], columns: NDArray[np.intp], slopes: Doubles, shape: tuple[int, int]
) -> NDArray[np.intp]:
    """How many pixels lie on each line, of shape (slopes, height)."""
    height, width = shape
    falls = np.rint(-slopes[:, None] * (np.arange(width) - width / 2)).astype(np.intp)
    above = int(np.abs(falls).max())  # lines that begin outside of the picture
    falls += above
    votes = [np.bincount(rows + fall[columns], minlength=above + height) for fall in falls]
    return np.stack([counted[above : above + height] for counted in votes])


def _line_lengths(votes: NDArray[np.intp]) -> Doubles:
    """The length in pixels that the second best line has at each slope, or one of the next best."""
    # Two lines or more, as paper has; a single stroke can be long and straight as well.
    lengths: Doubles = np.sort(votes, axis=1)[:, -2 - votes.shape[1] // 64].astype(np.float64)
    return lengths


def _sharpness(votes: NDArray[np.intp]) -> Doubles:
    """How unevenly the votes are distributed among the lines of each slope."""
    sums: Doubles = (votes.astype(np.float64) ** 2).sum(axis=1)
    return sums


def _sheared(values: Floats, slope: float) -> Floats:
    """Move every column so that lines of this slope become rows; rows wrap around."""
    height, width = values.shape
    shift = np.rint(slope * (np.arange(width) - width / 2)).astype(np.intp)
    rows = (np.arange(height)[:, None] + shift[None, :]) % height
    return np.take_along_axis(values, rows, axis=0)


def _lines_along(values: Floats, slope: float, window: float) -> Floats:
    """What goes on along most of a long stretch, at this slope."""
    from scipy import ndimage

    sheared = _sheared(values, slope)
    height, width = sheared.shape
    thick = max(1, round(min(height, width) / 250))
    # Lines are never quite straight: what is looked at along a row is the strongest nearby.
    spread = ndimage.maximum_filter1d(sheared, 2 * thick + 1, axis=0, mode="wrap")
    step = max(1, width // 64)
    stretch = spread[:, : width // step * step].reshape(height, -1, step).mean(axis=2)
    length = max(3, round(window * stretch.shape[1])) | 1
    # All rows as one: SciPy's filter for one dimension is many times faster.
    padded = np.pad(stretch, [(0, 0), (length // 2, length // 2)], mode="symmetric")
    lines = ndimage.percentile_filter(padded.ravel(), WINDOW_PERCENTILE, size=length)
    lines = lines.reshape(padded.shape)[:, length // 2 : -(length // 2)]
    lines = np.repeat(lines, step, axis=1)
    lines = np.pad(lines, [(0, 0), (0, width - lines.shape[1])], mode="edge")
    return _sheared(lines, -slope)


def _subtract(values: Floats, lines: Floats) -> Floats:
    # Not below the paper, so that what was a line does not look like noise.
    paper = np.minimum(values, 0)
    return np.where(lines > 0, np.maximum(values - SUBTRACTED * lines, paper), values)


def _usual_strength(lines: Floats, noise: float) -> float:
    """The contrast that most of the lines have; a stroke among them may have more."""
    return float(np.median(lines[lines > 2 * noise])) if (lines > 2 * noise).any() else np.inf
