"""The file that an evaluation is saved in: a NumPy archive of four arrays, or five."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import NpzError
from mnistkit.files.archives import read_archive, write_archive
from mnistkit.files.atomic import write_atomically
from mnistkit.files.json_file import parse_json

_ARRAYS = ("labels", "probabilities")
_WRITERS = "writers"  # only where they are known
_TEXTS = ("classes", "name")  # as JSON in UTF-8: NumPy's own texts lose what ends in a zero byte


def write_evaluation(path: str | os.PathLike[str], content: dict[str, Any]) -> None:
    """Write labels, probabilities, classes, name and perhaps writers; all of it, or no file."""
    arrays: dict[str, NDArray[Any]] = {one: content[one] for one in _ARRAYS}
    if content[_WRITERS] is not None:
        arrays[_WRITERS] = content[_WRITERS]
    for one in _TEXTS:
        arrays[one] = np.frombuffer(json.dumps(content[one]).encode(), np.uint8)
    write_atomically(Path(path), lambda file: write_archive(file, arrays))


def read_evaluation(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read them again, not yet checked further than their types; else an NpzError."""
    content: dict[str, Any] = dict(
        read_archive(path, required=[*_ARRAYS, *_TEXTS], optional=[_WRITERS], stored_only=True)
    )
    try:
        for one in _TEXTS:
            content[one] = parse_json(content[one].tobytes())
    except ValueError as error:
        raise not_an_evaluation(path, f"{one!r} in it is not JSON") from error
    classes = content["classes"]
    if not isinstance(classes, list) or not all(isinstance(one, str) for one in classes):
        raise not_an_evaluation(path, "'classes' in it is not a list of texts")
    if not isinstance(content["name"], str):
        raise not_an_evaluation(path, "'name' in it is not a text")
    return content


def not_an_evaluation(path: str | os.PathLike[str], reason: object) -> NpzError:
    """The exception for an archive that holds something else."""
    return NpzError(
        f"{Path(path).name!r} is not an evaluation that mnistkit saved: {reason}. "
        "Save it again with Evaluation.save."
    )
