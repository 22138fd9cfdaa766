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
