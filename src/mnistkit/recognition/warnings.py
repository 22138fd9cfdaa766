"""Warnings: what to say of the digits that were found, and of a picture without any."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mnistkit.images.picture import Picture
from mnistkit.recognition.ranking import ClassifiedHypothesis
from mnistkit.recognition.reading import Digit, Reading
from mnistkit.recognition.rejection import (
    IS_DIGIT,
    SURE,
    SURE_DIGIT,
    accepted_candidates,
    is_cut_off,
)

LOW_CONTRAST = 8.0
"""Grey levels between ink and paper, below which a reading is not to be relied on."""

SEVERAL_DIGITS = "several digits found"
"""The warning that does not matter where several digits were written."""


def make_reading(
    picture: Picture, best: ClassifiedHypothesis, rivals: Sequence[int | None], source: str
) -> Reading:
    """Make a reading of the best hypothesis, with its warnings.

    Parameters
    ----------
    picture : Picture
    best : ClassifiedHypothesis
    rivals : sequence of int or None
        For each of its candidates, the label that a hypothesis about as good shows there.
    source : str
        Which picture it is.

    Returns
    -------
    Reading
        Its boxes are in pixels of the original, before it was reduced.
    """
    hypothesis, remarks = best.hypothesis, picture.remarks
    foreground = hypothesis.foreground
    if foreground is None:
        return Reading((), source, (*remarks, "no ink found: the sheet looks empty"))
    if not hypothesis.candidates:
        return Reading((), source, (*remarks, "no digit found"))
    shape = (picture.pixels.shape[0], picture.pixels.shape[1])
    pale = not hypothesis.contrast.uniform and foreground.strength < LOW_CONTRAST
    common: tuple[str, ...] = ("very low contrast",) if pale else ()
    accepted = np.flatnonzero(accepted_candidates(best, foreground, shape)).tolist()
    if not accepted:
        return Reading((), source, (*remarks, "no digit found", *common))
    if len(accepted) > 1:
        common = (*common, SEVERAL_DIGITS)
    digits = [
        _digit(best, index, rivals[index], picture.reduction, shape, common) for index in accepted
    ]
    return Reading(tuple(digits), source, remarks)


def _digit(
    best: ClassifiedHypothesis,
    index: int,
    rival: int | None,
    reduction: int,
    shape: tuple[int, int],
    common: tuple[str, ...],
) -> Digit:
    candidate, probabilities = best.hypothesis.candidates[index], best.probabilities[index]
    label, second = (int(label) for label in np.argsort(-probabilities)[:2])
    probability, score = float(probabilities[label]), float(best.scores[index])
    doubts = digit_warnings(
        probability, score, second, rival, cut_off=is_cut_off(candidate.box, shape)
    )
    left, top, right, bottom = (edge * reduction for edge in candidate.box)
    return Digit(
        label=label,
        probability=probability,
        probabilities=probabilities,
        box=(left, top, right, bottom),
        image=candidate.image,
        score=score,
        warnings=(*common, *doubts),
    )


def digit_warnings(
    probability: float,
    score: float,
    second: int,
    rival: int | None = None,
    *,
    cut_off: bool = False,
    sure: float = SURE,
    is_digit: float = IS_DIGIT,
    sure_digit: float = SURE_DIGIT,
) -> tuple[str, ...]:
    """What to say of one digit.

    Parameters
    ----------
    probability : float
        Of its label.
    score : float
        How much it looks like a digit at all.
    second : int
        The second most probable label.
    rival : int, optional
        The label that another hypothesis about as good shows there.
    cut_off : bool, default False
        Whether it touches the border.
    sure, is_digit, sure_digit : float, default 0.95, 0.5 and 0.9
        The least probability, the least score of what looks like a digit, and the least score of
        what surely is one.

    Returns
    -------
    tuple of str
    """
    warnings: list[str] = []
    if score < is_digit:
        warnings.append("looks like no digit")
    if probability < sure or rival is not None:
        warnings.append(f"not sure: it may be {second if rival is None else rival}")
    elif is_digit <= score < sure_digit:
        warnings.append("not sure")
    if cut_off:
        warnings.append("touches the border")
    return tuple(warnings)
