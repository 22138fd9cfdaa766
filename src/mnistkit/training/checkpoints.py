"""The state of a run after an epoch: one file each, the last two are kept.

A checkpoint is a NumPy archive with checksums: the model's weights, the optimizer's variables, and
a line of JSON with the number of finished epochs, the history, and the state of the callbacks.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import NpzError, RunFolderError
from mnistkit.files.archives import read_archive, write_archive
from mnistkit.files.atomic import remove_unfinished, write_atomically
from mnistkit.files.json_file import parse_json

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

_NAME = re.compile(r"checkpoint-(\d{6})\.npz")
_KEPT = 2
_MOST_VARIABLES = 100_000


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after some epochs.

    Attributes
    ----------
    epoch : int
        How many epochs are finished.
    variables : list of numpy.ndarray
        The model's weights, then the optimizer's variables.
    history : dict of str to list of float
    callbacks : list of dict
        The state of each callback.
    stopped : bool
        Whether a callback has ended the training.
    """

    epoch: int
    variables: list[NDArray[Any]]
    history: dict[str, list[float]]
    callbacks: list[dict[str, Any]]
    stopped: bool

    def restore(self, model: keras.Model) -> None:
        """Give a compiled and built model and its optimizer this state.

        Raises
        ------
        RunFolderError
            If the model has other variables; nothing is changed then.
        """
        targets = _variables(model)
        found = [(array.shape, str(array.dtype)) for array in self.variables]
        expected = [
            (tuple(variable.shape), str(np.asarray(variable.numpy()).dtype)) for variable in targets
        ]
        if found != expected:
            first = next(
                (pair for pair in zip(found, expected, strict=False) if pair[0] != pair[1]),
                (f"{len(found)} variables", f"{len(expected)} variables"),
            )
            raise RunFolderError(
                f"The checkpoint of epoch {self.epoch} is of another model or optimizer than "
                f"{model.name!r}: it has variables of the shapes {first[0]}, expected {first[1]}. "
                "Continue with the model and the optimizer that the run was started with."
            )
        for variable, array in zip(targets, self.variables, strict=True):
            variable.assign(array)


def capture(
    model: keras.Model,
    epoch: int,
    history: dict[str, list[float]],
    callbacks: list[dict[str, Any]],
) -> Checkpoint:
    """The present state of a run."""
    variables = [np.array(variable.numpy()) for variable in _variables(model)]
    return Checkpoint(epoch, variables, history, callbacks, bool(model.stop_training))


def write(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, and remove all but the one before it.

    Raises
    ------
    OSError
        If it cannot be written; the earlier ones are still there.
    """
    meta = {
        "epoch": checkpoint.epoch,
        "history": checkpoint.history,
        "callbacks": checkpoint.callbacks,
        "stopped": checkpoint.stopped,
        "count": len(checkpoint.variables),
    }
    arrays: dict[str, NDArray[Any]] = {
        _key(number): array for number, array in enumerate(checkpoint.variables)
    }
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
    path = folder / f"checkpoint-{checkpoint.epoch:06d}.npz"
    write_atomically(path, lambda file: write_archive(file, arrays))
    for old in _paths(folder)[_KEPT:]:
        _remove(old)


def read_last(folder: Path) -> Checkpoint | None:
    """The last whole checkpoint; None if there is none.

    A damaged one is left out with a warning.
    """
    for path in _paths(folder):
        try:
            return _read(path)
        except (NpzError, OSError, ValueError) as error:
            logger.warning(
                "The checkpoint %s is damaged (%s); one before it is used, if there is one.",
                path,
                error,
            )
    return None


def names(folder: Path) -> list[str]:
    """The names of the checkpoints in a folder."""
    return [path.name for path in _paths(folder)]


def remove_all(folder: Path) -> None:
    """Remove every checkpoint, and what killed processes left."""
    for path in _paths(folder):
        _remove(path)
    remove_unfinished(folder)


def _read(path: Path) -> Checkpoint:
    meta = parse_json(read_archive(path, required=["meta"], stored_only=True)["meta"].tobytes())
    epoch = int(path.stem.rpartition("-")[2])
    if not _is_complete(meta) or meta["epoch"] != epoch:
        raise ValueError("it lacks what every checkpoint has, or has it in another form")
    keys = [_key(number) for number in range(meta["count"])]
    arrays = read_archive(path, required=keys, stored_only=True)
    variables = [arrays[key] for key in keys]
    return Checkpoint(epoch, variables, meta["history"], meta["callbacks"], meta["stopped"])


def _is_complete(meta: Any) -> bool:
    """Whether all is there that is used without another look, and of the right type."""
    types = {"epoch": int, "history": dict, "callbacks": list, "stopped": bool, "count": int}
    return (
        isinstance(meta, dict)
        and all(type(meta.get(name)) is kind for name, kind in types.items())
        and 0 <= meta["count"] <= _MOST_VARIABLES
        and all(isinstance(values, list) for values in meta["history"].values())
        and all(_is_state(state) for state in meta["callbacks"])
    )


def _is_state(state: Any) -> bool:
    """Whether something is what a callback notes, see `mnistkit.training.callback_state`."""
    return (
        isinstance(state, dict)
        and isinstance(state.get("class"), str)
        and isinstance(state.get("changed"), dict)
    )


def _paths(folder: Path) -> list[Path]:
    """The checkpoints in a folder, the newest first."""
    return sorted((p for p in folder.glob("checkpoint-*") if _NAME.fullmatch(p.name)), reverse=True)


def _remove(path: Path) -> None:
    """Remove a checkpoint; what is none, such as a folder of that name, stays."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _key(number: int) -> str:
    return f"variable_{number:04d}"


def _variables(model: keras.Model) -> list[Any]:
    return [*model.weights, *model.optimizer.variables]
