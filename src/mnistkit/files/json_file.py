"""JSON that somebody else could have written: bounded in size and depth, perhaps sealed."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from mnistkit.files.reading import read_bytes

_MOST_BYTES = 16_000_000
_SEAL = "sha256"


def parse_json(text: str | bytes) -> Any:
    """Parse JSON; whatever is wrong with it is a ValueError.

    Parameters
    ----------
    text : str or bytes
        UTF-8.

    Raises
    ------
    ValueError
        If it is not JSON, or nested so deeply that Python cannot hold it.

    Examples
    --------
    >>> parse_json('{"epochs": 3}')
    {'epochs': 3}
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_json(path: str | os.PathLike[str], *, most_bytes: int = _MOST_BYTES) -> Any:
    """Read a JSON file.

    Parameters
    ----------
    path : str or path-like
    most_bytes : int, default 16,000,000

    Raises
    ------
    OSError
        If it is missing, no regular file, or larger.
    ValueError
        If it is not JSON.
    """
    return parse_json(read_bytes(path, most_bytes=most_bytes))


def sealed(content: dict[str, Any]) -> dict[str, Any]:
    """The same with a digest of all of it as the last entry, so that changes are noticed.

    Examples
    --------
    >>> unsealed(sealed({"epochs": 3}))
    {'epochs': 3}
    """
    content = {name: value for name, value in content.items() if name != _SEAL}
    return {**content, _SEAL: _digest(content)}


def unsealed(content: Any) -> dict[str, Any]:
    """What `sealed` was given.

    Raises
    ------
    ValueError
        If it is another one.
    """
    inner = {n: v for n, v in content.items() if n != _SEAL} if isinstance(content, dict) else {}
    if not inner or content.get(_SEAL) != _digest(inner):
        raise ValueError("it was changed after it was written; its sha256 is another one")
    return inner


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
