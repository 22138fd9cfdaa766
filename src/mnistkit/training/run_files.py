"""The files of a run's folder: their names, and how each is written and read."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from mnistkit.errors import RunFolderError
from mnistkit.files.atomic import Write
from mnistkit.files.reading import read_bytes
from mnistkit.models.keras_file import MODEL_FILE
from mnistkit.models.run_weights import RUN_FILE, WEIGHTS_FILE
from mnistkit.training.description import Description, from_bytes

HISTORY_FILE = "history.csv"
# Far more than any run has; a larger file is refused before it is read.
_MOST_BYTES = {
    RUN_FILE: 16 << 20, HISTORY_FILE: 64 << 20, WEIGHTS_FILE: 4 << 30, MODEL_FILE: 4 << 30,
}  # fmt: skip


def exists(path: Path) -> bool:
    """Whether anything is there, a broken link too."""
    return os.path.lexists(path)


def writer(content: bytes) -> Write:
    """What writes this content to a file."""
    return lambda file: file.write(content)


def unwritable(path: Path, error: OSError) -> RunFolderError:
    """The exception for a folder that cannot be written to."""
    return RunFolderError(
        f"The run could not be saved to {str(path)!r}: {error}. "
        "Choose a folder that can be written to."
    )


def read_description(folder: Path) -> Description:
    """What ``run.json`` says.

    Raises
    ------
    RunFolderError
        If there is none, or it is damaged.
    """
    path = folder / RUN_FILE
    if not exists(path):
        raise RunFolderError(
            f"{str(folder)!r} holds no saved run: there is no {RUN_FILE!r} in it. "
            "Give the folder that Trainer.save or 'mnistkit train --out' wrote."
        )
    try:
        return from_bytes(read_bytes(path, most_bytes=_MOST_BYTES[RUN_FILE]))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{str(path)!r} is damaged: {error}.") from error


def verified(path: Path, digest: Any) -> bytes:
    """The content of a file, if it is the one that the description has the digest of.

    Raises
    ------
    RunFolderError
        If it is not, or cannot be read.
    """
    try:
        content = read_bytes(path, most_bytes=_MOST_BYTES[path.name])
    except OSError as error:
        raise RunFolderError(
            f"{str(path)!r} cannot be read: {error}. Restore it from a copy, or train again."
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise RunFolderError(
            f"{str(path)!r} is not the file that was saved: its sha256 is {found[:12]}..., "
            f"expected {str(digest)[:12]}.... Restore it from a copy, or train again."
        )
    return content
