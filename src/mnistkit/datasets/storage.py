"""Where data lies on this machine, and what the environment says about getting more of it.

Everything is read from the environment at every call, so that a notebook can change it:

``$MNISTKIT_HOME``
    The folder that keeps downloaded data; without it, the platform's cache folder of the user.
``$MNISTKIT_MIRROR``
    Where to look first: a folder or a URL (http, https, file) that has ``<dataset>/<file>``.
``$MNISTKIT_OFFLINE``
    ``1`` forbids the network; mirrors that are folders or file URLs still work.
``$MNISTKIT_TIMEOUT``
    After how many seconds without data to give up on a source; 30 if unset. Connecting, redirects
    and headers together get that long, and so does every kilobyte after them.
"""

from __future__ import annotations

import errno
import math
import os
import tempfile
from pathlib import Path

from mnistkit.errors import CacheError, SettingError

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("", "0", "false", "no", "off")
_DEFAULT_TIMEOUT = "30"
_LONGEST_TIMEOUT = 86_400.0  # a day; the operating system refuses what is far above it
_DISK_IS_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def home() -> Path:
    """The folder that keeps downloaded data; it need not exist."""
    wanted = os.environ.get("MNISTKIT_HOME", "")
    if not wanted:
        import platformdirs

        return platformdirs.user_cache_path("mnistkit", appauthor=False)
    try:
        return Path(wanted).expanduser().absolute()
    except RuntimeError as error:
        raise CacheError(
            f"$MNISTKIT_HOME is {wanted!r}, but the folder '~' is not known ({error}). "
            "Set it to an absolute path."
        ) from error


def mirror() -> str | None:
    """Where to look first: a folder or a URL that has ``<dataset>/<file>``."""
    return os.environ.get("MNISTKIT_MIRROR", "").strip() or None


def is_offline() -> bool:
    """Whether ``$MNISTKIT_OFFLINE`` forbids the network."""
    wanted = os.environ.get("MNISTKIT_OFFLINE", "")
    if wanted.strip().lower() in _TRUE:
        return True
    if wanted.strip().lower() in _FALSE:
        return False
    raise SettingError(
        f"$MNISTKIT_OFFLINE is {wanted!r}; expected one of {', '.join(_TRUE)} to forbid the "
        "network, or 0, false, no, off to allow it. Correct or unset it."
    )


def timeout() -> float:
    """After how many seconds without data to give up on a source."""
    wanted = os.environ.get("MNISTKIT_TIMEOUT", "").strip() or _DEFAULT_TIMEOUT
    try:
        seconds = float(wanted)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _LONGEST_TIMEOUT:  # false for NaN too
        raise SettingError(
            f"$MNISTKIT_TIMEOUT is {wanted!r}; expected a number of seconds above 0 and at most "
            f"{_LONGEST_TIMEOUT:,.0f}. Correct or unset it."
        )
    return seconds


def ensure_writable_folder(folder: Path) -> Path:
    """Make a folder if it is missing, and make sure that files can be written into it.

    Raises
    ------
    CacheError
        If it cannot be made or written to; the message names the folder and the reason.
    """
    try:
        # What is decoded into it counts only while nobody else may write there.
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        # Only writing shows whether one can write: access rights are not all there is to it.
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise unusable(folder, error) from error


def unusable(folder: Path, error: OSError) -> CacheError:
    """The exception for a folder that cannot be written to, with what to do about it."""
    reason = error.strerror or str(error) or type(error).__name__
    if isinstance(error, FileExistsError):
        reason = "a file is in its place"
    is_full = error.errno in _DISK_IS_FULL
    return CacheError(
        f"mnistkit cannot keep data in {str(folder)!r}: {reason}. "
        + ("The disk or the quota is full. Make room" if is_full else "Make the folder writable")
        + ", or set $MNISTKIT_HOME to another folder. Nothing half-written was left behind."
    )
