"""Ranking: which hypothesis to believe, and which others are about as good.

The network classifies the candidates of all hypotheses, and the one whose candidates look most
like digits wins. Its eleventh class, "no digit", was trained on what wrong hypotheses leave over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.recognition.components import Box, longer_side
from mnistkit.recognition.network import Network
from mnistkit.recognition.preprocess import Hypothesis

MARGIN = 0.02
"""By how much a hypothesis must be more confident than an earlier, likelier one."""
MARGIN_MORE_DIGITS = 0.15
"""The same where it has more digits: half of an 8 is a good 0."""
SAME_PLACE = 0.5
"""Intersection over union of two boxes that are about the same digit."""
FAINT_LIGHT = 0.8
"""Of dark ink's strength: light ink that is weaker is paper seen between dark strokes."""


@dataclass(frozen=True)
class ClassifiedHypothesis:
    """A hypothesis, and what the network makes of its candidates.

    Attributes
    ----------
    hypothesis : Hypothesis
    probabilities : numpy.ndarray of float32, shape (n, 10)
    scores : numpy.ndarray of float32, shape (n,)
        How probable it is that a candidate is a digit at all.
    """

    hypothesis: Hypothesis
    probabilities: NDArray[np.float32]
    scores: NDArray[np.float32]

    @property
    def strength(self) -> float:
        """The contrast of strong ink, in grey levels; 0 without ink."""
        foreground = self.hypothesis.foreground
        return foreground.strength if foreground else 0.0

    @property
    def confidence(self) -> float:
        """Mean confidence in the candidates, weighted by their size, from 0 to 1."""
        if not len(self.scores):
            return 0.0
        sides = np.array([longer_side(candidate.box) for candidate in self.hypothesis.candidates])
        certain = self.scores * self.probabilities.max(axis=1)
        return float((certain * sides).sum() / sides.sum())


def classify_hypotheses(
    hypotheses: Sequence[Sequence[Hypothesis]], network: Network
) -> list[list[ClassifiedHypothesis]]:
    """Classify the candidates of all hypotheses of several pictures at once.

    Parameters
    ----------
    hypotheses : sequence of sequences of Hypothesis
        Those of each picture.
    network : Network

    Returns
    -------
    list of list of ClassifiedHypothesis
    """
    flat = [hypothesis for of_picture in hypotheses for hypothesis in of_picture]
    images = [candidate.image for hypothesis in flat for candidate in hypothesis.candidates]
    probabilities, scores = network.classify(
        np.stack(images) if images else np.zeros((0, 28, 28), np.uint8)
    )
    counts = [len(hypothesis.candidates) for hypothesis in flat]
    classified = iter(
        ClassifiedHypothesis(
            hypothesis, probabilities[end - count : end], scores[end - count : end]
        )
        for hypothesis, count, end in zip(flat, counts, np.cumsum(counts), strict=True)
    )
    return [[next(classified) for _ in of_picture] for of_picture in hypotheses]


def best_hypothesis(
    ranked: Sequence[ClassifiedHypothesis],
    *,
    margin: float = MARGIN,
    margin_more_digits: float = MARGIN_MORE_DIGITS,
) -> ClassifiedHypothesis:
    """Choose the hypothesis to believe: the first of those that are about as confident.

    Parameters
    ----------
    ranked : sequence of ClassifiedHypothesis
        The likeliest first, before they were classified.
    margin : float, default 0.02
        By how much a later one must be more confident.
    margin_more_digits : float, default 0.15
        The same if it has more digits.

    Returns
    -------
    ClassifiedHypothesis
    """
    ranked = _without_faint_light(ranked)
    best = ranked[0]
    for other in ranked[1:]:
        more = 0 < len(best.scores) < len(other.scores)
        if other.confidence > best.confidence + (margin_more_digits if more else margin):
            best = other
    return best


def rival_labels(
    ranked: Sequence[ClassifiedHypothesis],
    best: ClassifiedHypothesis,
    *,
    margin: float = MARGIN,
    same_place: float = SAME_PLACE,
) -> list[int | None]:
    """Find what hypotheses about as confident as the best show in place of its digits.

    Parameters
    ----------
    ranked : sequence of ClassifiedHypothesis
    best : ClassifiedHypothesis
    margin : float, default 0.02
        By how much less confident they may be.
    same_place : float, default 0.5
        Intersection over union of two boxes from which on they are about the same digit.

    Returns
    -------
    list of int or None
        A label for each candidate of the best; None where all agree.
    """
    rivals: list[int | None] = [None] * len(best.scores)
    for other in _without_faint_light(ranked):
        if other.confidence < best.confidence - margin:
            continue
        for number, candidate in enumerate(best.hypothesis.candidates):
            label = int(best.probabilities[number].argmax())
            for rival, probabilities in zip(
                other.hypothesis.candidates, other.probabilities, strict=True
            ):
                second = int(probabilities.argmax())
                overlap = intersection_over_union(candidate.box, rival.box)
                if second != label and overlap > same_place:
                    rivals[number] = second
    return rivals


def intersection_over_union(a: Box, b: Box) -> float:
    """How much two boxes cover each other, from 0 to 1 (the Jaccard index)."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in (a, b)]
    return both / (sum(areas) - both)


def _without_faint_light(
    ranked: Sequence[ClassifiedHypothesis],
) -> Sequence[ClassifiedHypothesis]:
    """Leave out light ink that is much fainter than dark ink."""
    dark = [one.strength for one in ranked if one.hypothesis.contrast.polarity == "dark"]
    least = FAINT_LIGHT * max(dark, default=0.0)
    kept = [
        one for one in ranked if one.hypothesis.contrast.polarity == "dark" or one.strength >= least
    ]
    return kept or list(ranked)
