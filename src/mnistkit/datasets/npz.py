"""NumPy archives, read without ever unpickling."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import NpzError

# A flipped bit can also make the archive look encrypted (RuntimeError), or compressed in a way that
# Python does not know (NotImplementedError, which is a RuntimeError too).
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, ValueError, RuntimeError,
)  # fmt: skip


def read_npz(
    path: str | os.PathLike[str], required: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, NDArray[Any]]:
    """Read named arrays from a NumPy archive; every array's checksum is verified on the way.

    Parameters
    ----------
    path : str or path-like
    required : sequence of str
        Names that must be there.
    optional : sequence of str
        Names to read as well, if all of them are there.

    Raises
    ------
    NpzError
        If the file is no archive, is damaged, lacks a name, or holds pickled objects.
    FileNotFoundError
        If there is no such file.
    """
    path = Path(path)
    try:
        with path.open("rb") as file, _open(file, path.name) as archive:
            names = [*required]
            if optional and all(name in archive for name in optional):
                names += optional
            _refuse_missing(path, archive, names, [*required, *optional])
            return {name: archive[name] for name in names}
    except (FileNotFoundError, NpzError):
        raise
    except _DAMAGE as error:
        if "allow_pickle" in str(error):
            raise NpzError(
                f"{path.name!r} holds pickled objects, which could run code, so it is not read. "
                "Save plain arrays of numbers with numpy.savez."
            ) from error
        raise NpzError(
            f"{path.name!r} is a damaged archive, or none ({error}). Fetch or save it again."
        ) from error


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays as an uncompressed archive, with a checksum each."""
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def _refuse_missing(
    path: Path, archive: np.lib.npyio.NpzFile, wanted: list[str], expected: list[str]
) -> None:
    missing = [name for name in wanted if name not in archive]
    if missing:
        raise NpzError(
            f"{path.name!r} lacks the arrays {missing}; it has {sorted(archive)}, expected "
            f"{expected}. Save it with numpy.savez(path, x_train=..., y_train=..., x_test=..., "
            "y_test=...)."
        )


def _open(file: BinaryIO, name: str) -> np.lib.npyio.NpzFile:
    archive = np.load(file, allow_pickle=False)
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise NpzError(f"{name!r} is a single array, not an archive (.npz) of named ones.")
    return archive
