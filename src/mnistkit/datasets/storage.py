"""Where data lies on this machine, and what the environment says about getting more of it.

Everything is read from the environment at every call, so that a notebook can change it:

``$MNISTKIT_HOME``
    The folder that keeps downloaded data; without it, the platform's cache folder of the user.
``$MNISTKIT_MIRROR``
    Where to look first: a folder or a URL (http, https, file) that has ``<dataset>/<file>``.
``$MNISTKIT_OFFLINE``
    ``1`` forbids the network; mirrors that are folders or file URLs still work.
``$MNISTKIT_TIMEOUT``
    After how many seconds without data a source is given up; 30 if unset. Connecting, redirects
    and headers together get that long, and so does every kilobyte after them.
"""

from __future__ import annotations

import errno
import math
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.errors import CacheError, SettingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("", "0", "false", "no", "off")
_DEFAULT_TIMEOUT = "30"
_LONGEST_TIMEOUT = 86_400.0  # a day; the operating system refuses what is far above it
_DISK_IS_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def home() -> Path:
    """Return the folder that keeps downloaded data; it need not exist.

    Returns
    -------
    pathlib.Path
        ``$MNISTKIT_HOME``, where ``~`` stands for the user's home folder; if that is unset or
        empty, the platform's cache folder of the user.

    Raises
    ------
    CacheError
        If ``$MNISTKIT_HOME`` begins with ``~`` and that folder is not known.

    Examples
    --------
    >>> import os
    >>> os.environ["MNISTKIT_HOME"] == str(home())
    True
    """
    wanted = os.environ.get("MNISTKIT_HOME", "")
    if not wanted:
        import platformdirs

        return platformdirs.user_cache_path("mnistkit", appauthor=False)
    try:
        return Path(wanted).expanduser().absolute()
    except RuntimeError as error:
        raise CacheError(
            f"$MNISTKIT_HOME is {wanted!r}, but nobody knows which folder '~' is ({error}). "
            "Set it to an absolute path."
        ) from error


def mirror() -> str | None:
    """Return where to look first, from ``$MNISTKIT_MIRROR``.

    Returns
    -------
    str or None
        A folder or a URL that has ``<dataset>/<file>``; None if the variable is unset or empty.
    """
    return os.environ.get("MNISTKIT_MIRROR", "").strip() or None


def is_offline() -> bool:
    """Tell whether ``$MNISTKIT_OFFLINE`` forbids the network.

    Raises
    ------
    SettingError
        If the variable says neither yes nor no.

    Examples
    --------
    >>> import os
    >>> os.environ["MNISTKIT_OFFLINE"] = "yes"
    >>> is_offline()
    True
    """
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
    """Return after how many seconds without data a source is given up.

    Returns
    -------
    float
        ``$MNISTKIT_TIMEOUT``; 30 if that is unset or empty.

    Raises
    ------
    SettingError
        If the variable is no number of seconds.
    """
    wanted = os.environ.get("MNISTKIT_TIMEOUT", "").strip() or _DEFAULT_TIMEOUT
    try:
        seconds = float(wanted)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _LONGEST_TIMEOUT:  # false for nan too
        raise SettingError(
            f"$MNISTKIT_TIMEOUT is {wanted!r}; expected a number of seconds above 0 and at most "
            f"{_LONGEST_TIMEOUT:,.0f}. Correct or unset it."
        )
    return seconds


def ensure_writable_folder(folder: str | os.PathLike[str]) -> Path:
    """Make a folder if it is missing, and make sure that files can be written into it.

    Parameters
    ----------
    folder : str or path-like

    Returns
    -------
    pathlib.Path
        The same folder.

    Raises
    ------
    CacheError
        If it cannot be made or written to; the message names the folder and the reason.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp()) / "a" / "b"
    >>> ensure_writable_folder(folder) == folder and folder.is_dir()
    True
    """
    folder = Path(folder)
    try:
        # What is decoded into it counts only while nobody else may write there.
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        # Only writing shows whether one can write: access rights are not all there is to it.
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise unusable(folder, error) from error


def unusable(folder: Path, error: OSError) -> CacheError:
    """Make the exception for a folder that cannot be written to, with what to do about it."""
    reason = error.strerror or str(error) or type(error).__name__
    if isinstance(error, FileExistsError):
        reason = "a file is in its place"
    is_full = error.errno in _DISK_IS_FULL
    return CacheError(
        f"mnistkit cannot keep data in {str(folder)!r}: {reason}. "
        + ("The disk or the quota is full. Make room" if is_full else "Make the folder writable")
        + ", or set $MNISTKIT_HOME to another folder. Nothing half-written was left behind."
    )


def borrowed_copies(also_at: Iterable[str]) -> Iterator[Path]:
    """List where other libraries may already keep a file on this machine.

    Each place is one of ``RemoteFile.also_at``, looked for below these folders:

    - ``keras:<path>``: ``$KERAS_HOME/datasets``, by default ``~/.keras/datasets``;
    - ``torchvision:<path>``: what torchvision's users commonly pass as ``root``, since it has no
      folder of its own: ``./data``, ``../data`` (PyTorch's examples), ``~/data``, and
      ``$TORCH_HOME`` with its sub-folders ``data`` and ``datasets`` (``$TORCH_HOME`` is by
      default ``torch`` in ``$XDG_CACHE_HOME``, which is by default ``~/.cache``).

    Parameters
    ----------
    also_at : iterable of str

    Yields
    ------
    pathlib.Path
        Candidates; a file may be missing or be something else, so `download.verify` each.
    """
    keras = os.environ.get("KERAS_HOME") or "~/.keras"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    torch = os.environ.get("TORCH_HOME") or f"{cache}/torch"
    folders = {
        "keras": (f"{keras}/datasets",),
        "torchvision": ("data", "../data", "~/data", torch, f"{torch}/data", f"{torch}/datasets"),
    }
    for place in also_at:
        library, _, below = place.partition(":")
        for folder in folders[library]:
            try:
                yield Path(folder).expanduser() / below
            except RuntimeError:  # nobody knows which folder "~" is, so nothing is in it
                continue
