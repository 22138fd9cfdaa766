"""Preprocess: from a picture's pixels to 28x28 images of its digits, as MNIST's were made.

Several steps can be wrong in more than one way: dark ink or light ink, a pen or a marker, rule
lines or none, two digits or one in two pieces. So a picture gives several hypotheses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mnistkit.images.geometry import mnist_picture
from mnistkit.recognition.background import (
    POLARITIES,
    Contrast,
    Floats,
    Polarity,
    pixel_noise,
    uneven_contrast,
    uniform_contrasts,
)
from mnistkit.recognition.binarize import HIGH, LOW, Foreground, binarize
from mnistkit.recognition.components import Box, Component, find_components
from mnistkit.recognition.grouping import SMALLEST_DIGIT, group_components
from mnistkit.recognition.rule_lines import RuleLines, find_rule_lines
from mnistkit.recognition.stroke_width import normalize_stroke_width

USUAL, SENSITIVE = 1.0, 0.6
"""Times the thresholds of `binarize`: lower ones where paler ink is looked for."""
WIDEST_STROKES = (0.09, 0.3)
"""How wide a stroke can be, as a share of the picture's shorter side: pens, and markers.

A shadow that is wider than that is not taken for ink."""
WIDEST_STROKES_SMALL = (0.18, 0.4)
"""The same for small pictures, which hold little more than the digit."""
SMALL_SIDE = 60
"""Pixels of the shorter side; in smaller pictures a pen's stroke is as wide as a marker's."""
BRIGHT_PAPER, DARK_PAPER = 130, 50
"""Grey levels of the border; between them paper may be grey, brown or badly lit, and ink of both
polarities is tried."""
RATHER_DARK_PAPER = 110
"""Grey levels between these two, below which light ink is tried first."""
SMOOTHED_SIDE = 160
"""Pixels of the shorter side; smaller pictures have no detail to spare for smoothing."""
NOISY = 2.5
"""Grey levels of a camera's noise, from which on smaller pictures are smoothed as well."""
RULE_LINE_OVERLAP = 0.6
"""Of a component: what lies on rule lines to this share is left over of one."""
SLIM = 0.3
"""Times as broad as long; a remainder of a rule line is no broader."""
SMALLEST_DRAWN_DIGIT = 3
"""Pixels of the longer side, where every pixel that differs from the paper is ink."""


@dataclass(frozen=True)
class Candidate:
    """A digit, or what looks like one.

    Attributes
    ----------
    image : numpy.ndarray of uint8, shape (28, 28)
        As the model sees it.
    box : tuple of int
        left, top, right, bottom in the picture that was preprocessed.
    """

    image: NDArray[np.uint8]
    box: Box


@dataclass(frozen=True)
class Hypothesis:
    """What a picture may show, for one choice of polarity, stroke, rule lines and grouping.

    Attributes
    ----------
    contrast : Contrast
        Without the rule lines, where they were removed.
    foreground : Foreground or None
        None if there is nothing but paper.
    candidates : tuple of Candidate
        In reading order.
    rule_lines_removed : bool
    """

    contrast: Contrast
    foreground: Foreground | None
    candidates: tuple[Candidate, ...]
    rule_lines_removed: bool = False


def likely_hypotheses(pixels: NDArray[np.uint8]) -> list[Hypothesis]:
    """Preprocess a picture in all likely ways.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8, shape (height, width) or (height, width, 3)

    Returns
    -------
    list of Hypothesis
        One at least, the most likely first.
    """
    uniform = uniform_contrasts(pixels)
    if uniform:
        return [hypothesis for contrast in uniform for hypothesis in _of_uniform(contrast)]
    hypotheses: list[Hypothesis] = []
    thresholds = (USUAL, SENSITIVE) if min(pixels.shape[:2]) < SMOOTHED_SIDE else (USUAL,)
    for polarity in likely_polarities(pixels):
        hypotheses += _of_uneven(pixels, polarity, thresholds)
    return hypotheses


def unlikely_hypotheses(pixels: NDArray[np.uint8]) -> list[Hypothesis]:
    """Preprocess a picture in unlikely ways: ink of the other polarity, or paler ink.

    This is for pictures of which no likely hypothesis shows digits, and whose paper is not
    uniform: of uniform paper `likely_hypotheses` returns everything.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8, shape (height, width) or (height, width, 3)

    Returns
    -------
    list of Hypothesis
    """
    likely = likely_polarities(pixels)
    hypotheses: list[Hypothesis] = []
    for polarity in POLARITIES:
        if polarity not in likely:
            hypotheses += _of_uneven(pixels, polarity, (USUAL,))
        elif min(pixels.shape[:2]) >= SMOOTHED_SIDE:
            hypotheses += _of_uneven(pixels, polarity, (SENSITIVE,))
    return hypotheses


def likely_polarities(
    pixels: NDArray[np.uint8], *, bright: float = BRIGHT_PAPER, dark: float = DARK_PAPER
) -> tuple[Polarity, ...]:
    """Tell from the border whether ink is darker or lighter than paper.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8, shape (height, width) or (height, width, 3)
    bright, dark : float, default 130 and 50
        Grey levels of the border. From `bright` on ink is dark, below `dark` it is light, and in
        between it may be either.

    Returns
    -------
    tuple of {"dark", "light"}
        The more likely first.
    """
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    paper = np.median(border if border.ndim == 1 else border.mean(axis=1))
    if paper >= bright:
        return ("dark",)
    if paper < dark:
        return ("light",)
    return ("light", "dark") if paper < RATHER_DARK_PAPER else ("dark", "light")


def _of_uneven(
    pixels: NDArray[np.uint8], polarity: Polarity, thresholds: tuple[float, ...]
) -> list[Hypothesis]:
    """Hypotheses of a picture whose paper is not uniform, for each scale of the thresholds."""
    hypotheses: list[Hypothesis] = []
    contrasts: dict[float, list[tuple[Contrast, RuleLines | None]]] = {}
    for scale in thresholds:
        smoothing = suitable_smoothing(pixels) * (1 if scale == USUAL else 2)
        if smoothing not in contrasts:
            contrasts[smoothing] = list(_uneven_contrasts(pixels, polarity, smoothing))
        for contrast, lines in contrasts[smoothing]:
            hypotheses += find_candidates(contrast, lines, thresholds=scale)
            if lines is not None:
                without = Contrast(lines.cleaned, polarity, uniform=False)
                hypotheses += find_candidates(without, lines, removed=True, thresholds=scale)
    return hypotheses


def _uneven_contrasts(
    pixels: NDArray[np.uint8], polarity: Polarity, smoothing: float
) -> Iterator[tuple[Contrast, RuleLines | None]]:
    """For pens and for markers."""
    small = min(pixels.shape[:2]) < SMALL_SIDE
    for widest_stroke in WIDEST_STROKES_SMALL if small else WIDEST_STROKES:
        contrast = uneven_contrast(pixels, polarity, widest_stroke, smoothing)
        yield contrast, find_rule_lines(contrast.values)


def _of_uniform(contrast: Contrast) -> list[Hypothesis]:
    # A picture that was enlarged by repeating its pixels gives what it gave before.
    factor, before = repeated_pixels(contrast.values)
    if factor == 1:
        return find_candidates(contrast)
    aligned = np.pad(contrast.values, ((before[0], 0), (before[1], 0)), mode="edge")
    reduced = replace(contrast, values=aligned[::factor, ::factor])
    height, width = contrast.values.shape

    def enlarged(candidate: Candidate) -> Candidate:
        left, top, right, bottom = (edge * factor for edge in candidate.box)
        box = (left - before[1], top - before[0], right - before[1], bottom - before[0])
        left, top = max(box[0], 0), max(box[1], 0)
        return Candidate(candidate.image, (left, top, min(box[2], width), min(box[3], height)))

    return [
        replace(hypothesis, candidates=tuple(map(enlarged, hypothesis.candidates)))
        for hypothesis in find_candidates(reduced)
    ]


def find_candidates(
    contrast: Contrast,
    lines: RuleLines | None = None,
    *,
    removed: bool = False,
    thresholds: float = USUAL,
) -> list[Hypothesis]:
    """Binarize, label and group: everything from contrast to images of single digits.

    Parameters
    ----------
    contrast : Contrast
    lines : RuleLines, optional
        Of the paper.
    removed : bool, default False
        Whether they were removed from the contrast.
    thresholds : float, default 1
        Times the usual ones; with lower ones, such as `SENSITIVE`, paler ink is found.

    Returns
    -------
    list of Hypothesis
        One for each grouping of the components.
    """
    noise = lines.noise if lines else None
    foreground = binarize(contrast, noise, low=thresholds * LOW, high=thresholds * HIGH)
    if foreground is None:
        return [Hypothesis(contrast, None, (), removed)]
    labels, components = find_components(foreground.mask)
    if lines is not None:
        components = _without_rule_lines(components, labels, lines, removed=removed)
    shape = (foreground.mask.shape[0], foreground.mask.shape[1])
    smallest = SMALLEST_DRAWN_DIGIT if contrast.uniform else SMALLEST_DIGIT
    groupings = group_components(components, shape, smallest_digit=smallest) or [[]]
    candidates: dict[tuple[int, ...], Candidate] = {}
    for digit in (digit for grouping in groupings for digit in grouping):
        if digit.labels not in candidates:
            image = digit_image(foreground.coverage, labels, digit)
            candidates[digit.labels] = Candidate(image, digit.box)
    return [
        Hypothesis(
            contrast, foreground, tuple(candidates[digit.labels] for digit in grouping), removed
        )
        for grouping in groupings
    ]


def _without_rule_lines(
    components: list[Component], labels: NDArray[np.int32], lines: RuleLines, *, removed: bool
) -> list[Component]:
    """Leave out components that lie on a rule line all along, and do not only cross it."""
    on_lines = np.bincount(labels[lines.mask], minlength=int(labels.max()) + 1)

    def is_line(component: Component) -> bool:
        # What was not removed may be straight strokes that fill the picture, such as those of 11.
        slim = min(component.width, component.height) < SLIM * component.side
        certain = removed or (lines.squared and slim)
        return certain and on_lines[component.labels[0]] > RULE_LINE_OVERLAP * component.area

    return [component for component in components if not is_line(component)]


def digit_image(coverage: Floats, labels: NDArray[np.int32], digit: Component) -> NDArray[np.uint8]:
    """Cut a digit out, and give it MNIST's stroke width and geometry.

    Parameters
    ----------
    coverage : numpy.ndarray of float32, shape (height, width)
        How much ink there is, from 0 to 1.
    labels : numpy.ndarray of int32, shape (height, width)
        The component of each pixel.
    digit : Component

    Returns
    -------
    numpy.ndarray of uint8, shape (28, 28)
    """
    from scipy import ndimage

    height, width = labels.shape
    left, top, right, bottom = digit.box
    around = (slice(max(top - 1, 0), min(bottom + 1, height)),
              slice(max(left - 1, 0), min(right + 1, width)))  # fmt: skip
    own = np.isin(labels[around], digit.labels)
    # With the soft edge, which lies outside of the binarized component.
    cut = _cropped(coverage[around] * ndimage.binary_dilation(own, np.ones((3, 3))))
    return mnist_picture(np.rint(normalize_stroke_width(cut) * 255).astype(np.uint8))


def _cropped(coverage: Floats) -> Floats:
    """Without the empty rows and columns around."""
    rows = np.flatnonzero(coverage.max(axis=1) > 0)
    columns = np.flatnonzero(coverage.max(axis=0) > 0)
    return coverage[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def repeated_pixels(values: Floats) -> tuple[int, tuple[int, int]]:
    """By how much a picture was enlarged by repeating its pixels.

    Rows and columns then change only at distances that are multiples of that.

    Parameters
    ----------
    values : numpy.ndarray of float32, shape (height, width)
        Contrast with uniform paper.

    Returns
    -------
    factor : int
        1 if it was not enlarged.
    missing : tuple of int
        How many rows and columns the first repeated pixels are short of being whole.
    """
    padded = np.pad(values, 1)
    rows = np.flatnonzero((padded[1:] != padded[:-1]).any(axis=1))
    columns = np.flatnonzero((padded[:, 1:] != padded[:, :-1]).any(axis=0))
    distances = np.concatenate([np.diff(rows), np.diff(columns)])
    if not len(distances):
        return 1, (0, 0)
    factor = max(int(np.gcd.reduce(distances)), 1)
    return factor, (int(-rows[0] % factor), int(-columns[0] % factor))


def suitable_smoothing(pixels: NDArray[np.uint8]) -> float:
    """How much smoothing a picture can bear.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8, shape (height, width) or (height, width, 3)

    Returns
    -------
    float
        The standard deviation of a Gaussian, in pixels; it grows with the picture, whose strokes
        are wider. 0 for small pictures, unless they are noisy.
    """
    side = min(pixels.shape[:2])
    if side >= SMOOTHED_SIDE:
        return float(min(0.7 + side / 2000, 1.5))
    return 0.8 if side >= SMALL_SIDE and pixel_noise(pixels) > NOISY else 0.0
