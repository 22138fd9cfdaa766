"""Where a file may come from: which kind of place it is, and how it may be shown."""

from __future__ import annotations

import re

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):/|(file|https?):", re.IGNORECASE)
_DRIVE = re.compile(r"[a-z]:[\\/]", re.IGNORECASE)
# Also what was meant to be a URL: //user:password@host, http:/host, host:1/x, user:password@host.
_LIKE_A_URL = re.compile(r"//|\w[\w+.-]+:|.*://|.*:.*@", re.DOTALL)
_URL = re.compile(
    r"""((?:[a-z][a-z0-9+.-]*:)?//)             # scheme
    ([^?#]*@)?                                  # user and password, however it is quoted
    ((?:\[[0-9a-f:.]*\]|[^:\[\]/\\@?#]*)(?::\d*)?)  # host and port
    ([/\\][^@?#]*)?                             # path
    (?:[?#][^@]*)?                              # query and fragment""",
    re.IGNORECASE | re.VERBOSE,
)
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
    """Whether a source needs the network."""
    return scheme_of(source) in {"http", "https"}


def shown(source: str) -> str:
    """Return a source as it may be shown: of a URL the scheme, the host and the path.

    A user's name, a password, a query and a fragment can be secrets. Where it is not certain
    which part is which, everything is hidden.

    Examples
    --------
    >>> shown("https://me:pass/word@host:8080/data?token=1")
    'https://***@host:8080/data'
    >>> shown("/data/me@work")
    '/data/me@work'
    """
    if _DRIVE.match(source) or not _LIKE_A_URL.match(source):
        return source
    match = _URL.fullmatch(source)
    if not match:
        return f"{scheme_of(source)}:***"
    text = f"{match[1]}{'***@' if match[2] else ''}{match[3]}{match[4] or ''}"
    text = "".join(one if one.isprintable() else "?" for one in text)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
