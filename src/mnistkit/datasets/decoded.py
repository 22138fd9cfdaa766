"""Arrays kept ready for use: what makes loading a data set the second time fast.

Published files are compressed and have to be decoded, some also resampled. The result is kept
beside them as an uncompressed NumPy archive, whose checksums are verified at every reading.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mnistkit.datasets import storage
from mnistkit.errors import NpzError
from mnistkit.files.archives import read_archive, write_archive
from mnistkit.files.atomic import write_atomically

logger = logging.getLogger(__name__)

Arrays = dict[str, NDArray[Any]]
# Raise it when the way that sources become arrays changes, so that old archives are left behind.
_VERSION = 1


def keep_decoded(
    dataset: str, part: str, names: Sequence[str], decode: Callable[[], Arrays]
) -> Arrays:
    """The arrays of a data set: from the archive if it is whole, else decoded and kept.

    Parameters
    ----------
    dataset : str
        The folder below `storage.home`.
    part : str
        Which of the data set's archives, for instance ``"images"``.
    names : sequence of str
        The arrays in it.
    decode : function
        Makes them from verified source files, fetching those where needed.
    """
    path = archive_path(dataset, part)
    try:
        return read_archive(path, required=names, stored_only=True)
    except NpzError as error:
        logger.warning("The kept copy is not used and made again: %s", error)
    except OSError:
        logger.debug("No kept copy at %s", path)
    arrays = decode()
    _write(path, arrays)
    return arrays


def archive_path(dataset: str, part: str) -> Path:
    """Where the decoded arrays of a data set are kept."""
    return storage.home() / dataset / f"decoded-{part}-v{_VERSION}.npz"


def _write(path: Path, arrays: Arrays) -> None:
    """Write atomically; a folder that cannot be written to only costs the time next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda file: write_archive(file, arrays))
    except OSError as error:
        logger.debug("Could not keep the decoded arrays: %s", error)
