"""What users, files and NumPy give for a setting, as Python's own values; and how to refuse it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from mnistkit.errors import RecipeError
from mnistkit.messages import shown


def whole_number(value: Any) -> int | None:
    """A whole number as an int; None for anything else, such as a bool or a text.

    Parameters
    ----------
    value : any

    Examples
    --------
    >>> import numpy as np
    >>> whole_number(np.int64(3)), whole_number(3.0), whole_number(True)
    (3, None, None)
    """
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None


def number(value: Any) -> float | None:
    """A finite real number as a float; None for anything else, such as a bool or a text.

    Parameters
    ----------
    value : any

    Examples
    --------
    >>> import numpy as np
    >>> number(np.float32(0.5)), number(2), number("0.5"), number(float("nan"))
    (0.5, 2.0, None, None)
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        return None
    try:
        converted = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return converted if math.isfinite(converted) else None


def plain(value: Any) -> Any:
    """A text, bool, number or None as Python's own, and a list or tuple of these as a list.

    Parameters
    ----------
    value : any

    Raises
    ------
    TypeError
        If it is anything else.

    Examples
    --------
    >>> import numpy as np
    >>> plain((np.float64(0.5), "a", None))
    [0.5, 'a', None]
    """
    if isinstance(value, list | tuple):
        return [_plain_item(item) for item in value]
    return _plain_item(value)


def _plain_item(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise TypeError(f"{type(value).__name__} is not plain")


def refusal(name: str, value: Any, expected: str) -> RecipeError:
    """The error for a setting that makes no sense."""
    return RecipeError(f"{name}={shown(value)}: expected {expected}.")


def refuse_unknown(what: str, settings: Any, known: Iterable[str]) -> Mapping[str, Any]:
    """The settings, if they are a mapping of known names.

    Parameters
    ----------
    what : str
        What they are settings of, for messages.
    settings : any
    known : iterable of str

    Raises
    ------
    RecipeError
        If they are no mapping, or a name is not known.
    """
    if not isinstance(settings, Mapping):
        raise RecipeError(f"{what} is a mapping of settings, not {shown(settings)}.")
    names = list(known)
    unknown = [name for name in settings if name not in names]
    if unknown:
        raise RecipeError(f"{what} has no setting {shown(unknown[0])}; it has {', '.join(names)}.")
    return settings
