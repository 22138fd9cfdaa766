"""Where a file may come from: which kind of place it is, and how it may be shown."""

from __future__ import annotations

import re

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):/|(file|https?):", re.IGNORECASE)
_DRIVE = re.compile(r"[a-z]:[\\/]", re.IGNORECASE)
# Also what was meant to be a URL: //user:password@host, http:/host, host:1/x, user:password@host.
_LIKE_A_URL = re.compile(r"//|\w[\w+.-]+:|.*://|.*:.*@", re.DOTALL)
_START = re.compile(r"([a-z][a-z0-9+.-]*:(?=/)|(?:file|https?):)?[/\\]*", re.IGNORECASE)
_PLACE = re.compile(r"(\[[0-9a-f:.]*\]|[^:\[\]]*)(:\d*)?", re.IGNORECASE)
_MOST_SHOWN = 300


class SourceError(Exception):
    """A source did not deliver; inside this room only, users see a `DownloadError`.

    Parameters
    ----------
    reason : str
        What the source did.
    is_transient : bool, default False
        Whether the same source may do better in a moment.
    """

    def __init__(self, reason: str, *, is_transient: bool = False) -> None:
        super().__init__(reason)
        self.is_transient = is_transient


def scheme_of(source: str) -> str:
    """Return ``"https"`` and the like; ``""`` for a path, also for one with a drive letter."""
    match = _SCHEME.match(source)
    return (match[1] or match[2]).lower() if match else ""


def is_web(source: str) -> bool:
    """Tell whether a source needs the network."""
    return scheme_of(source) in {"http", "https"}


def shown(source: str) -> str:
    """Return a source as it may be shown: of a URL the scheme, the host and the path.

    A user's name, a password, a query and a fragment can be secrets. A password that was not
    quoted can hold every character that ends a host's name, so where there is an ``@``, all that
    is before the last one goes; where it cannot be told what is what, everything does.

    Examples
    --------
    >>> shown("https://me:pass/word@host:8080/data?token=1")
    'https://***@host:8080/data'
    >>> shown("/data/me@work")
    '/data/me@work'
    """
    if _DRIVE.match(source) or not _LIKE_A_URL.match(source):
        return source
    start = _START.match(source)
    assert start is not None  # it matches the empty string
    rest = source[start.end() :]
    hidden, at, rest = rest.rpartition("@")
    if re.search(r"[?#]", hidden):  # a password with one of them, or a query with an "@"
        return f"{start[0]}***"
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    if start[1] != "file:" and not _PLACE.fullmatch(re.split(r"[/\\]", rest, maxsplit=1)[0]):
        rest, at = "***", ""  # no host and port, but perhaps a name and a password
    text = f"{start[0]}{'***@' if at else ''}{rest}"
    text = "".join(one if one.isprintable() else "?" for one in text)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
