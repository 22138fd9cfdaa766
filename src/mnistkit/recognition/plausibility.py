"""Which way of seeing a picture to believe: the one that shows what most looks like digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.recognition.network import Network
from mnistkit.recognition.preparation import Interpretation
from mnistkit.recognition.segmentation import Box, longer_side

_SLIGHTLY, _CLEARLY = 0.02, 0.15
_SAME_PLACE = 0.5  # intersection over union
_FAINT = 0.8  # of the dark ink's strength


@dataclass(frozen=True)
class Read:
    """An interpretation of a picture with what the network says of it.

    Attributes
    ----------
    interpretation : Interpretation
    probabilities : numpy.ndarray of float32, shape (n, 10)
    scores : numpy.ndarray of float32, shape (n,)
    """

    interpretation: Interpretation
    probabilities: NDArray[np.float32]
    scores: NDArray[np.float32]

    @property
    def strength(self) -> float:
        """The contrast of strong ink, in grey levels; 0 without ink."""
        ink = self.interpretation.ink
        return ink.strength if ink else 0.0

    @property
    def plausibility(self) -> float:
        """How much this looks like a picture of digits, from 0 to 1."""
        if not len(self.scores):
            return 0.0
        sides = np.array([longer_side(found.box) for found in self.interpretation.found])
        certain = self.scores * self.probabilities.max(axis=1)
        return float((certain * sides).sum() / sides.sum())


def read_interpretations(
    ways: Sequence[Sequence[Interpretation]], network: Network
) -> list[list[Read]]:
    """Let the network read all interpretations of several pictures at once."""
    flat = [way for picture in ways for way in picture]
    images = [found.image for way in flat for found in way.found]
    probabilities, scores = network.read(
        np.stack(images) if images else np.zeros((0, 28, 28), np.uint8)
    )
    ends = np.cumsum([len(way.found) for way in flat])
    reads = iter(
        Read(way, probabilities[end - len(way.found) : end], scores[end - len(way.found) : end])
        for way, end in zip(flat, ends, strict=True)
    )
    return [[next(reads) for _ in picture] for picture in ways]


def most_plausible(reads: Sequence[Read]) -> Read:
    """The interpretation to believe; the first of those that are about as good.

    One that sees more digits has to be clearly better: half of an 8 is a good 0.
    """
    reads = _without_faint_light(reads)
    best = reads[0]
    for read in reads[1:]:
        more = 0 < len(best.scores) < len(read.scores)
        if read.plausibility > best.plausibility + (_CLEARLY if more else _SLIGHTLY):
            best = read
    return best


def rival_labels(reads: Sequence[Read], believed: Read) -> list[int | None]:
    """What ways that are about as good as the believed one read in place of each of its digits.

    None where all of them agree.
    """
    rivals: list[int | None] = [None] * len(believed.scores)
    for read in _without_faint_light(reads):
        if read.plausibility < believed.plausibility - _SLIGHTLY:
            continue
        for number, digit in enumerate(believed.interpretation.found):
            label = int(believed.probabilities[number].argmax())
            for other, probabilities in zip(
                read.interpretation.found, read.probabilities, strict=True
            ):
                second = int(probabilities.argmax())
                if second != label and _intersection_over_union(digit.box, other.box) > _SAME_PLACE:
                    rivals[number] = second
    return rivals


def _intersection_over_union(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in (a, b)]
    return both / (sum(areas) - both)


def _without_faint_light(reads: Sequence[Read]) -> list[Read]:
    """Without light ink that is much fainter than dark ink: paper seen between strokes."""
    dark = [read.strength for read in reads if read.interpretation.contrast.ink == "dark"]
    least = _FAINT * max(dark, default=0.0)
    kept = [
        read
        for read in reads
        if read.interpretation.contrast.ink == "dark" or read.strength >= least
    ]
    return kept or list(reads)
