"""Rejection: which candidates are digits, and which belong to the paper or are no digits at all.

The network's score alone does not tell: paper has shades, folds and spots, and what is doubtful
between two digits must stay, since a number without one of its digits is another number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnistkit.recognition.binarize import Foreground
from mnistkit.recognition.components import Box, longer_side, touched_borders
from mnistkit.recognition.grouping import SINGLE_DIGIT_SIDE
from mnistkit.recognition.ranking import ClassifiedHypothesis

SURE = 0.95
"""Probability of a label from which on it is sure.

Of the pictures of MNIST's training digits on synthetic paper that are read without a warning,
under 1% are wrong from here on."""
IS_DIGIT = 0.5
"""Score from which on a candidate is rather a digit than none."""
SURE_DIGIT = 0.9
"""Score from which on a candidate is surely a digit."""

LARGE = 0.25
"""Of the picture's shorter side: what is larger is a thing, and no speck."""
STRONG = 25.0
"""Grey levels: what is stronger is ink, and no shade."""
FAINT = 15.0
"""Grey levels: shades and stains are fainter than that, and pens stronger."""
NEAR_NOISE = 8.0
"""Standard deviations of the paper: what is weaker may be the paper's own grain."""
MOST_THINGS = 12
"""Candidates none of which looks like a digit: more of them are texture, not writing."""
FILLING, FADED = 0.85, 20.0
"""Of the picture's shorter side, and grey levels: what is larger and fainter is a fold or shade."""
BESIDE = 0.7
"""Of the taller one's height, that two digits of one number share."""


def accepted_candidates(
    best: ClassifiedHypothesis, foreground: Foreground, shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """Tell which candidates are digits, or may be.

    Parameters
    ----------
    best : ClassifiedHypothesis
        With one candidate at least.
    foreground : Foreground
        Of this hypothesis.
    shape : tuple of int
        Height and width of the picture.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
    """
    accepted = best.scores >= IS_DIGIT
    uniform = best.hypothesis.contrast.uniform
    faint = not uniform and foreground.strength < FAINT
    if faint or foreground.strength < NEAR_NOISE * foreground.noise:
        # Paper has shades and spots of its own, so that a doubtful candidate is not a digit.
        accepted &= _is_certain(best, shape)
    elif not accepted.any() and _shows_a_thing(best, foreground, shape):
        sides = [longer_side(candidate.box) for candidate in best.hypothesis.candidates]
        accepted[int(np.argmax(sides))] = True
        return accepted & ~_belongs_to_paper(best, shape)
    return _with_neighbours(best, accepted) & ~_belongs_to_paper(best, shape)


def is_cut_off(box: Box, shape: tuple[int, int]) -> bool:
    """Whether a digit may go on beyond the border.

    One that fits its picture exactly does not, and of small pictures somebody chose the border.

    Parameters
    ----------
    box : tuple of int
        left, top, right, bottom in pixels.
    shape : tuple of int
        Height and width of the picture.
    """
    if max(shape) <= SINGLE_DIGIT_SIDE:
        return False
    left, top, right, bottom = touched_borders(box, shape)
    return left != right or top != bottom


def _with_neighbours(best: ClassifiedHypothesis, accepted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Accept what is of a digit's height beside it, too: it belongs to the same number."""
    boxes = np.array([candidate.box for candidate in best.hypothesis.candidates])
    tops, bottoms = boxes[:, 1], boxes[:, 3]
    shared = np.minimum.outer(bottoms, bottoms[accepted]) - np.maximum.outer(tops, tops[accepted])
    taller = np.maximum.outer(bottoms - tops, (bottoms - tops)[accepted])
    beside: NDArray[np.bool_] = (shared >= BESIDE * taller).any(axis=1)
    return beside


def _shows_a_thing(
    best: ClassifiedHypothesis, foreground: Foreground, shape: tuple[int, int]
) -> bool:
    """Whether there is a thing in the picture, though no digit, and not just specks and shades."""
    candidates = best.hypothesis.candidates
    if len(candidates) > MOST_THINGS:
        return False
    if best.hypothesis.contrast.uniform:
        return True
    largest = max(longer_side(candidate.box) for candidate in candidates)
    return largest > LARGE * min(shape) and foreground.strength > STRONG


def _belongs_to_paper(best: ClassifiedHypothesis, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Whether a candidate is the paper's grid, a fold or a shade."""
    if best.hypothesis.contrast.uniform or max(shape) <= SINGLE_DIGIT_SIDE:
        return np.zeros(len(best.scores), bool)
    boxes = [candidate.box for candidate in best.hypothesis.candidates]
    filling = np.array([longer_side(box) > FILLING * min(shape) for box in boxes])
    framing = np.array([sum(touched_borders(box, shape)) > 2 for box in boxes])
    faded: NDArray[np.bool_] = filling & (best.strength < FADED)
    return faded | (framing & (best.scores < IS_DIGIT))


def _is_certain(best: ClassifiedHypothesis, shape: tuple[int, int]) -> NDArray[np.bool_]:
    sure = (best.scores >= SURE_DIGIT) & (best.probabilities.max(axis=1) >= SURE)
    whole = [not is_cut_off(candidate.box, shape) for candidate in best.hypothesis.candidates]
    certain: NDArray[np.bool_] = sure & np.array(whole)
    return certain
