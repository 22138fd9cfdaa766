"""One process at a time; the system frees the lock of a killed one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


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
        If the file cannot be made or opened, or is a symbolic link.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / ".lock"
    >>> with locked(path, wait=False):
    ...     path.exists()
    True
    """
    from filelock import FileLock, Timeout

    if path.is_symlink():  # older versions of filelock follow it, and empty what it points to
        raise OSError(f"{str(path)!r} is a symbolic link; remove it")
    lock = FileLock(path)
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout as error:
        raise LockedError(str(path)) from error
    try:
        yield
    finally:
        lock.release()
