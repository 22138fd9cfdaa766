"""The path of a file to write, looked at before anything takes long."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mnistkit.errors import OutputPathError, WrongTypeError
from mnistkit.messages import shown

_SAVED_MODEL = "saved_model.pb"


def new_output_path(path: Any, *, overwrite: bool = False) -> Path:
    """The path, absolute, of what may be written, in a folder that can be written to.

    Nothing is there yet, or it is to be overwritten: a file, or the folder of a SavedModel.

    Raises
    ------
    WrongTypeError
        If it is no path.
    OutputPathError
        If there is something else, or there is no such folder, or it cannot be written to.
    """
    if not isinstance(path, str | os.PathLike):
        raise WrongTypeError(f"path={shown(path)}: expected the path of a file to write.")
    place = Path(path).expanduser().absolute()
    given = repr(str(path))
    if not place.name:
        raise OutputPathError(f"{given} is no name of a file to write.")
    if os.path.lexists(place) and not overwrite:
        raise OutputPathError(
            f"{given} is there already, and is not overwritten. Choose another name, or have it "
            "replaced (overwrite=True, --overwrite)."
        )
    if place.is_dir() and not (place / _SAVED_MODEL).is_file():
        raise OutputPathError(
            f"{given} is a folder, and not that of a SavedModel, so it is not replaced. Choose "
            "another name."
        )
    folder = place.parent
    if not folder.is_dir():
        raise OutputPathError(
            f"{given} cannot be written: there is no folder {str(folder)!r}. Make it first."
        )
    if not os.access(folder, os.W_OK):
        raise OutputPathError(
            f"{given} cannot be written: the folder {str(folder)!r} cannot be written to. Choose "
            "another one."
        )
    return place
