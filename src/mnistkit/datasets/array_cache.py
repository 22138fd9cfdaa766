"""A cache of decoded arrays, which makes loading a data set the second time fast.

Published files are compressed and have to be decoded, some also resampled. The result is kept
beside them as an uncompressed NumPy archive. Its comment records which files it was made from, and
the checksum of every array in it; the checksums are verified at every reading. Nobody else can
have written it: it counts only if nobody else may.
"""

from __future__ import annotations

import logging
import os
import stat
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets import storage
from mnistkit.datasets.remote_file import RemoteFile
from mnistkit.errors import NpzError
from mnistkit.files.archives import read_archive
from mnistkit.files.atomic import remove_unfinished, write_atomically
from mnistkit.files.locking import LockedError, locked
from mnistkit.files.reading import open_regular

logger = logging.getLogger(__name__)

Arrays = dict[str, NDArray[Any]]
# Raise it when the way that sources become arrays changes, so that old archives are left behind.
_VERSION = 2
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def cached_arrays(
    dataset: str,
    part: str,
    names: Sequence[str],
    decode: Callable[[], Arrays],
    sources: Sequence[RemoteFile] = (),
) -> Arrays:
    """The arrays of a data set: from the archive if it is whole, else decoded and kept.

    Parameters
    ----------
    dataset : str
        The folder below `storage.home`.
    part : str
        Which of the data set's archives, for instance ``"images"``.
    names : sequence of str
        The arrays in it: ``x_<part>``, ``y_<part>`` and perhaps ``writers_<part>``.
    decode : function
        Makes them from verified source files, fetching those where needed.
    sources : sequence of RemoteFile, optional
        All the files that they can be made from; when one changes, they are made again.
    """
    path = cache_path(dataset, part)
    try:
        return _read(path, names, sources)
    except FileNotFoundError:
        logger.debug("No kept copy at %s", path)
    except (NpzError, OSError) as error:
        logger.warning("The kept copy %s is not used and made again: %s", path, error)
    arrays = decode()
    _write(path, arrays, sources)
    return arrays


def cache_path(dataset: str, part: str) -> Path:
    """Where the decoded arrays of a data set are kept."""
    return storage.home() / dataset / f"decoded-{part}-v{_VERSION}.npz"


def _read(path: Path, names: Sequence[str], sources: Sequence[RemoteFile]) -> Arrays:
    with open_regular(path) as file:
        _refuse_writable(path.parent, path.parent.stat())
        _refuse_writable(path, os.fstat(file.fileno()))
        refuse_changed(file, sources)
    arrays = read_archive(path, required=names, stored_only=True)
    for name, array in arrays.items():
        kind, _, of = name.partition("_")
        expected = ("int64" if kind == "writers" else "uint8", 3 if kind == "x" else 1)
        length = arrays[f"y_{of}"].shape[:1]
        if (str(array.dtype), array.ndim) != expected or array.shape[:1] != length:
            raise NpzError(f"{name!r} in it is {array.dtype} of shape {array.shape}")
    return arrays


def refuse_changed(file: BinaryIO, sources: Sequence[RemoteFile]) -> None:
    """Refuse an archive that was made from other files, or whose list of arrays was changed.

    Raises
    ------
    NpzError
        If it is not what was written; the arrays themselves are not read.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            is_as_written = archive.comment == _record(archive, sources)
    except Exception as error:  # of a dozen kinds, as in `read_archive`
        raise NpzError(f"it is damaged ({error})") from error
    if not is_as_written:
        raise NpzError("it was made from other files, or was changed since")


def _refuse_writable(path: Path, status: os.stat_result) -> None:
    """Refuse what another user could have written; Windows keeps a user's folders to that user."""
    if os.name != "posix":
        return
    if status.st_uid not in {0, os.geteuid()} or status.st_mode & _OTHERS_MAY_WRITE:
        raise NpzError(
            f"other users may write to {str(path)!r}; to have it used, make it your own, and run "
            "chmod go-w on it"
        )


def _record(archive: zipfile.ZipFile, sources: Sequence[RemoteFile]) -> bytes:
    """What an archive says about itself: its version, its sources, and its arrays' checksums."""
    lines = [f"mnistkit {_VERSION}", *(file.digest for file in sources)]
    lines += [f"{one.filename} {one.file_size} {one.CRC:08x}" for one in archive.infolist()]
    return "\n".join(lines).encode()


def _write(path: Path, arrays: Arrays, sources: Sequence[RemoteFile]) -> None:
    """Write atomically; a folder that cannot be written to only costs the time next time."""

    def write(file: BinaryIO) -> None:
        if os.name == "posix":  # a common umask lets the user's group write
            os.fchmod(file.fileno(), os.fstat(file.fileno()).st_mode & ~_OTHERS_MAY_WRITE)
        with zipfile.ZipFile(file, "w") as archive:  # as numpy.savez does, with a comment
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)
            archive.comment = _record(archive, sources)

    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with locked(path.with_name(f".{path.name}.lock"), wait=False):
            remove_unfinished(path.parent, path.name)
            write_atomically(path, write)
    except (OSError, LockedError, NotImplementedError) as error:
        logger.debug("Could not keep the decoded arrays: %s", error)
