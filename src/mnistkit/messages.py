"""How error messages show what was given."""

from __future__ import annotations

import reprlib
from typing import Any

_MOST_SHOWN = 60
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
