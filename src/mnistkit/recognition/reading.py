"""What is read from a picture: digits, and what there is to say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, overload

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
        Of all labels; not writable.
    box : tuple of int
        left, top, right, bottom in pixels of the upright picture; right and bottom lie outside.
    image : numpy.ndarray of uint8, shape (28, 28)
        What the model saw: light ink on black; not writable.
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

    def __post_init__(self) -> None:
        for name in ("probabilities", "image"):
            array = getattr(self, name).view()
            array.flags.writeable = False
            object.__setattr__(self, name, array)

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
        return _with_warnings(f"{self.label} ({percent(self.probability)})", self.warnings)


def percent(probability: float) -> str:
    """A probability as people read it; no network is certain, so 100.0% is not said."""
    return ">99.9%" if probability > 0.9994 else f"{probability:.1%}"


@dataclass(frozen=True, eq=False)
class Reading(Sequence[Digit]):
    """The digits of one picture, in reading order: a sequence that does not change.

    Attributes
    ----------
    digits : tuple of Digit
        What iteration, ``len`` and indices give, too.
    source : str
        Which picture it is.
    warnings : tuple of str
        What there is to say of the picture as a whole, for instance why there are no digits.
    error : MnistKitError or None
        Why the picture could not be read, if it was one of several.

    Examples
    --------
    >>> import mnistkit, numpy as np
    >>> picture = np.zeros((60, 120), dtype=np.uint8)
    >>> picture[10:50, 30:34] = picture[10:50, 80:84] = 255
    >>> reading = mnistkit.recognize(picture)
    >>> len(reading), reading.text, reading.number
    (2, '11', 11)
    """

    digits: tuple[Digit, ...] = ()
    source: str = ""
    warnings: tuple[str, ...] = ()
    error: MnistKitError | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "digits", tuple(self.digits))

    @overload
    def __getitem__(self, index: int) -> Digit: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Digit, ...]: ...

    def __getitem__(self, index: int | slice) -> Digit | tuple[Digit, ...]:
        return self.digits[index]

    def __len__(self) -> int:
        return len(self.digits)

    @property
    def text(self) -> str:
        """The digits as text, for instance ``"007"``; empty if there are none."""
        return "".join(str(digit.label) for digit in self.digits)

    @property
    def number(self) -> int | None:
        """The digits as one number, for instance 7 where `text` is ``"007"``; None without any."""
        return int(self.text) if self.digits else None

    @property
    def probability(self) -> float:
        """That of the least certain digit; 0 if there is none."""
        return min((digit.probability for digit in self.digits), default=0.0)

    @property
    def all_warnings(self) -> tuple[str, ...]:
        """Those of the picture and of its digits, each once."""
        every = (*self.warnings, *(word for digit in self.digits for word in digit.warnings))
        return tuple(dict.fromkeys(every))

    def to_dict(self) -> dict[str, Any]:
        """Everything but the images, as plain values."""
        return {
            "source": self.source,
            "text": self.text,
            "probability": round(self.probability, 6),
            "digits": [digit.to_dict() for digit in self.digits],
            "warnings": list(self.warnings),
            "error": None if self.error is None else str(self.error),
        }

    def __str__(self) -> str:
        if self.error is not None:
            return f"not read: {self.error}"
        text = f"{self.text} ({percent(self.probability)})" if self.digits else "no digits"
        return _with_warnings(text, self.all_warnings)


def _with_warnings(text: str, warnings: Sequence[str]) -> str:
    return f"{text}: {', '.join(warnings)}" if warnings else text
