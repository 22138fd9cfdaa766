"""What users give as a number, as one; whatever it is, the errors are mnistkit's."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np

from mnistkit.errors import SplitError
from mnistkit.messages import shown


def share(value: Any, name: str) -> float:
    """A share of the images, above 0 and below 1.

    Parameters
    ----------
    value : any
        A number of Python's or NumPy's.
    name : str
        The parameter, for the message.

    Raises
    ------
    SplitError
        If it is no number, or outside.
    """
    number = _item(value)
    if not is_number(number) or not 0 < number < 1:
        raise SplitError(
            f"{name}={shown(value)} is not a share of the images; it must lie above 0 and below 1."
        )
    return float(number)


def is_number(value: Any) -> bool:
    """Whether it is a real number of Python or NumPy; True and False do not count."""
    return isinstance(_item(value), Real) and not isinstance(value, bool)


def whole(value: Any, name: str, *, at_least: int) -> int:
    """A whole number.

    Parameters
    ----------
    value : any
        A whole number of Python's or NumPy's.
    name : str
        The parameter, for the message.
    at_least : int

    Raises
    ------
    SplitError
        If it is none, or smaller.
    """
    number = _item(value)
    if not isinstance(number, Integral) or isinstance(number, bool):
        raise SplitError(f"{name}={shown(value)} must be a whole number of at least {at_least}.")
    if number < at_least:
        raise SplitError(f"{name}={shown(value)} must be {at_least} or more.")
    return int(number)


def square_side(count: int) -> int | None:
    """The side of a square of so many pixels, if there is one of at least 2."""
    side = math.isqrt(count)
    return side if side >= 2 and side * side == count else None


def _item(value: Any) -> Any:
    """The number in an array without a dimension, as NumPy returns some."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value
