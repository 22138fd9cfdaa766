"""How error messages show what was given, and what went wrong."""

from __future__ import annotations

import re
import reprlib
from typing import Any

_MOST_SHOWN = 60
_LONGEST_LINE = 160
_COLOUR = re.compile("\x1b\\[[0-9;]*m")
_brief = reprlib.Repr()  # looks at a few items of a list, however long it is
_brief.maxstring = _brief.maxother = _brief.maxlong = _MOST_SHOWN


def shown(value: Any) -> str:
    """A value as a message shows it: not too long, and whatever its ``repr`` does."""
    try:
        text = " ".join(_brief.repr(value).split())
    except Exception:  # noqa: BLE001  (a stranger's object; or a number of thousands of digits)
        return f"<{type(value).__name__}>"
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."


def with_article(value: Any) -> str:
    """What kind of object this is, such as "a list"; None and numbers as they are."""
    if value is None or isinstance(value, bool | int | float | complex):
        return shown(value)
    name = type(value).__name__
    vowel = name[:1].lower() in "aeiou" or name.startswith("nd")  # an ndarray
    return f"{'an' if vowel else 'a'} {name}"


def said_by(error: BaseException) -> str:
    """The class of an error and the line of its text that says the most, for a message of ours.

    Keras adds where it happened and the arguments of the call.

    Examples
    --------
    >>> said_by(ValueError("no axes"))
    'ValueError: no axes'
    """
    lines = [_COLOUR.sub("", line).strip() for line in str(error).splitlines()]
    useful = [line for line in lines if line and not line.startswith("Exception encountered")]
    text = (useful or [""])[0].rstrip(".")
    if len(text) > _LONGEST_LINE:
        text = f"{text[:_LONGEST_LINE]}..."
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
