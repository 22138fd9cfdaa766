"""One process at a time; the system frees the lock of a killed one."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterator
from pathlib import Path

from mnistkit.packages import require


class LockedError(Exception):
    """Another process, or another thread, holds the lock."""


@contextlib.contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold the lock of a file.

    The file stays when the lock is released. To remove it would let two processes in: one that has
    opened the removed file and waits for it, and one that makes a new file of that name.

    Parameters
    ----------
    path : pathlib.Path
        The lock's file; made if needed, in a folder that exists.
    wait : bool
        Whether to wait for as long as it takes.

    Raises
    ------
    LockedError
        If it is held, and `wait` is False.
    OSError
        If the file cannot be made or opened, or is a symbolic link or no regular file. With newer
        versions of filelock, also if this thread holds it already and would wait for itself.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / ".lock"
    >>> with locked(path, wait=False):
    ...     path.exists()
    True
    """
    require("filelock", to="lock a file against other processes")
    from filelock import FileLock, Timeout

    _refuse_other_kinds(path)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout as error:
        raise LockedError(str(path)) from error
    except (NotImplementedError, RuntimeError) as error:  # no locks on this file system; nested
        raise OSError(f"{str(path)!r} cannot be locked: {error}") from error
    try:
        yield
    finally:
        lock.release()


def _refuse_other_kinds(path: Path) -> None:
    """Refuse what filelock would lock, or make, although nobody meant it to be a lock."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():  # filelock would make it
            raise FileNotFoundError(
                f"{str(path)!r} cannot be made: there is no folder {str(path.parent)!r}; make it"
            ) from None
        return
    if stat.S_ISLNK(mode):  # older versions of filelock follow it, and empty what it points to
        raise OSError(f"{str(path)!r} is a symbolic link; remove it")
    if not stat.S_ISREG(mode):  # a folder, or a FIFO or a device, which others could have open
        raise OSError(f"{str(path)!r} is not a regular file, as a lock must be; remove it")
