"""What is read from a picture: digits, and what there is to say of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import MnistKitError


@dataclass(frozen=True, eq=False)
class Digit:
    """A digit that was read.

    Attributes
    ----------
    label : int
        From 0 to 9.
    probability : float
        How probable the label is, from 0 to 1.
    probabilities : numpy.ndarray of float32, shape (10,)
    box : tuple of int
        left, top, right, bottom in pixels of the upright picture; right and bottom lie outside.
    image : numpy.ndarray of uint8, shape (28, 28)
        What the model saw: light ink on black.
    score : float
        How much it looks like a digit at all, from 0 to 1.
    warnings : tuple of str
        Why it may be wrong; empty if it can be relied on.
    """

    label: int
    probability: float
    probabilities: NDArray[np.float32] = field(repr=False)
    box: tuple[int, int, int, int]
    image: NDArray[np.uint8] = field(repr=False)
    score: float
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Everything but the image, as plain values."""
        return {
            "label": self.label,
            "probability": round(self.probability, 6),
            "probabilities": [round(float(value), 6) for value in self.probabilities],
            "box": list(self.box),
            "score": round(self.score, 6),
            "warnings": list(self.warnings),
        }

    def __str__(self) -> str:
        sure = f"{self.label} ({percent(self.probability)})"
        return f"{sure}: {', '.join(self.warnings)}" if self.warnings else sure


def percent(probability: float) -> str:
    """A probability as people read it; no network is certain, so 100.0% is not said."""
    return ">99.9%" if probability > 0.9994 else f"{probability:.1%}"


class Reading(list[Digit]):
    """The digits of one picture, in reading order: a list that knows more.

    Attributes
    ----------
    source : str
        Which picture it is.
    warnings : tuple of str
        What there is to say of the picture as a whole, for instance why the list is empty.
    error : MnistKitError or None
        Why the picture could not be read, if it was one of several.
    """

    def __init__(
        self,
        digits: Iterable[Digit] = (),
        *,
        source: str = "",
        warnings: tuple[str, ...] = (),
        error: MnistKitError | None = None,
    ) -> None:
        super().__init__(digits)
        self.source = source
        self.warnings = warnings
        self.error = error

    @property
    def text(self) -> str:
        """The digits as text, for instance ``"2024"``."""
        return "".join(str(digit.label) for digit in self)

    @property
    def probability(self) -> float:
        """That of the least certain digit; 0 if there is none."""
        return min((digit.probability for digit in self), default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the images, as plain values."""
        return {
            "source": self.source,
            "text": self.text,
            "probability": round(self.probability, 6),
            "digits": [digit.to_dict() for digit in self],
            "warnings": list(self.warnings),
            "error": None if self.error is None else str(self.error),
        }
