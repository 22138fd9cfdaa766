"""The path of a file to write, looked at before anything takes long."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mnistkit.errors import OutputPathError, WrongTypeError
from mnistkit.messages import shown


def new_output_path(path: Any) -> Path:
    """The path, absolute, of what is not there yet, in a folder that can be written to.

    Raises
    ------
    WrongTypeError
        If it is no path.
    OutputPathError
        If there is something, or there is no such folder, or it cannot be written to.
    """
    if not isinstance(path, str | os.PathLike):
        raise WrongTypeError(f"path={shown(path)}: expected the path of a file to write.")
    place = Path(path).expanduser().absolute()
    given = repr(str(path))
    if not place.name:
        raise OutputPathError(f"{given} is no name of a file to write.")
    if os.path.lexists(place):
        raise OutputPathError(
            f"{given} is there already, and is not overwritten. Remove it, or choose another name."
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
