"""The one place that writes files that must be whole: they are, or they are not there."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

_PREFIX = ".unfinished."
_TOKEN_LENGTH = 16

Write = Callable[[BinaryIO], object]
"""Writes the content of one file."""


def write_atomically(path: Path, write: Write) -> None:
    """Let a function write a file beside its place, make sure it is on the disk, and move it there.

    Whatever happens, the file in its place is the old one or the new one, never a part of one. The
    unfinished file has a name that nobody can guess and is created anew, so nothing that was laid
    in the folder, such as a symbolic link, is ever written through.

    Parameters
    ----------
    path : pathlib.Path
        Where the file belongs; its folder exists.
    write : function
        Writes the content to the binary file that it is given.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left behind.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "name"
    >>> write_atomically(path, lambda file: file.write(b"content"))
    >>> path.read_bytes()
    b'content'
    """
    write_together(path.parent, {path.name: write})


@contextlib.contextmanager
def new_path(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A path beside another, to write a new file or folder to, and to look at it there.

    It is moved to its place at the end, when it is on the disk, unless something was raised or is
    there by then, which stays unless it is to be overwritten. Nothing is left behind.

    Parameters
    ----------
    path : pathlib.Path
        Where it belongs; its folder exists.
    overwrite : bool, default False
        Whether to replace what is there.

    Raises
    ------
    FileExistsError
        If there is something at its place at the end, and it is not to be overwritten.
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "folder"
    >>> with new_path(path) as unfinished:
    ...     unfinished.mkdir()
    >>> path.is_dir()
    True
    """
    unfinished = _beside(path.parent, path.name)
    try:
        yield unfinished
        for file in (unfinished, *unfinished.rglob("*")):
            if file.is_file():
                with file.open("rb+") as opened:
                    os.fsync(opened.fileno())
        if not os.path.lexists(path):
            unfinished.rename(path)
        elif overwrite:
            _replace(path, unfinished)
        else:
            raise FileExistsError(f"{str(path)!r} is there already")
    finally:
        _remove(unfinished)
    flush_folder(path.parent)


def _replace(path: Path, new: Path) -> None:
    """Move a file or a folder to the place of another one, which stays if that fails."""
    if not (path.is_dir() or new.is_dir()):
        new.replace(path)
        return
    old = _beside(path.parent, path.name)  # a folder's place has to be empty
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _beside(folder: Path, name: str) -> Path:
    """An unfinished file's path, which nobody can guess."""
    return folder / f"{_PREFIX}{secrets.token_hex(_TOKEN_LENGTH // 2)}.{name}"


def write_together(folder: Path, writes: Mapping[str, Write]) -> None:
    """The same for several files: none is moved to its place before all are on the disk.

    Parameters
    ----------
    folder : pathlib.Path
    writes : mapping of str to function
        The names, in the order in which they are to be moved, and who writes them.
    """
    unfinished: dict[str, Path] = {}
    try:
        for name, write in writes.items():
            path = _beside(folder, name)
            with path.open("xb") as file:  # x: never through a link, never into a FIFO
                unfinished[name] = path  # not before: what is there already is not ours to remove
                write(file)
                file.flush()
                os.fsync(file.fileno())
        for name in writes:
            unfinished[name].replace(folder / name)
    finally:
        for path in unfinished.values():
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
    flush_folder(folder)


def flush_folder(folder: Path) -> None:
    """Have the system write a folder's list of files to the disk, where it can be asked to."""
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_unfinished(folder: Path, name: str | None = None) -> None:
    """Remove what killed processes left in a folder, of one file or of all."""
    of_file = "*" if name is None else f"{'?' * _TOKEN_LENGTH}.{name}"
    for leftover in folder.glob(f"{_PREFIX}{of_file}"):
        with contextlib.suppress(OSError):
            leftover.unlink(missing_ok=True)
