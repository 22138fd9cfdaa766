"""Open files that others could have laid there: regular files only, and not more than expected."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file for reading; a FIFO or a device in its place would block forever.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    binary file

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    OSError
        If it is not a regular file, or cannot be opened.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "three"
    >>> _ = path.write_bytes(b"abc")
    >>> with open_regular(path) as file:
    ...     file.read()
    b'abc'
    """
    # Without O_NONBLOCK, opening a FIFO waits until somebody writes to it. Windows has neither.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if os.name != "posix" and Path(path).is_dir():  # POSIX can open a folder, and says so below
        raise IsADirectoryError(f"{os.fspath(path)!r} is a folder, not a file")
    descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{os.fspath(path)!r} is not a regular file")
    return io.BufferedReader(io.FileIO(descriptor, "r"))


def read_bytes(path: str | os.PathLike[str], *, most_bytes: int) -> bytes:
    """The content of a regular file that is not larger than expected.

    Parameters
    ----------
    path : str or path-like
    most_bytes : int
        A larger file is refused before it is read.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    OSError
        If it is not a regular file, cannot be read, or is larger.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "four"
    >>> _ = path.write_bytes(b"abcd")
    >>> read_bytes(path, most_bytes=3)
    Traceback (most recent call last):
        ...
    OSError: it has 4 bytes, expected at most 3
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(most_bytes + 1) if size <= most_bytes else b""
    if size > most_bytes or len(content) > most_bytes:
        found = max(size, len(content))
        raise OSError(f"it has {found:,} bytes, expected at most {most_bytes:,}")
    return content
