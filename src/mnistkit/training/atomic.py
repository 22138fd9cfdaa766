"""Files that are either whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

_PREFIX = ".unfinished."


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let a function write a file beside its place, make sure it is on the disk, and move it there.

    Whatever happens, the file in its place is the old one or the new one, never a part of one.

    Parameters
    ----------
    path : pathlib.Path
        Where the file belongs.
    write : function
        Writes the file whose path it is given.
    """
    temporary = path.with_name(f"{_PREFIX}{os.getpid()}.{path.name}")
    try:
        write(temporary)
        _flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        _flush(path.parent)


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes left in a folder."""
    for leftover in folder.glob(f"{_PREFIX}*"):
        leftover.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Have the system write a file, or a folder's list of files, to the disk."""
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
