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
    write_together(path.parent, {path.name: write})


def write_together(folder: Path, writes: dict[str, Callable[[Path], object]]) -> None:
    """The same for several files: none is moved to its place before all are on the disk.

    Parameters
    ----------
    folder : pathlib.Path
    writes : dict of str to function
        The names, in the order in which they are to be moved, and who writes them.
    """
    temporary = {name: folder / f"{_PREFIX}{os.getpid()}.{name}" for name in writes}
    try:
        for name, write in writes.items():
            write(temporary[name])
            _flush(temporary[name])
        for name in writes:
            temporary[name].replace(folder / name)
    finally:
        for path in temporary.values():
            path.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        _flush(folder)


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
