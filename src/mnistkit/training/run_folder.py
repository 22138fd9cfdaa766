"""A run's folder: what was trained, how, on what, and the weights.

- ``run.json``: the model's name and options, recipe, seed, engine, data with its hash, versions,
  machine, and whether the run is finished;
- ``history.csv``: a line an epoch;
- ``weights.npz``: the weights, plain numbers in the order of ``model.weights``; or ``model.keras``
  for a model that did not come from `create_model` and so cannot be built again by name;
- ``checkpoint-*.npz`` while training goes on, see `mnistkit.training.checkpoints`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import logging
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from mnistkit.errors import MnistKitError, RecipeError, RunFolderError, WeightsError
from mnistkit.files.atomic import Write, write_atomically, write_together
from mnistkit.models import MODELS, Recipe, create_model, unchanged_origin_of
from mnistkit.models.weights_file import set_weights, weights_as_bytes
from mnistkit.training import checkpoints, environment

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

_FORMAT = 1
_RUN, _HISTORY, _WEIGHTS, _MODEL = "run.json", "history.csv", "weights.npz", "model.keras"
# What may differ between the start of a run and its continuation.
_FREE = ("format", "status", "machine", "weights_sha256")

_ADVICE = {
    "training": "Continue it with the settings, data and versions that it was started with; "
    "resume='anyway' continues it all the same, to weights that differ.",
    "finished": "It is finished. To train its model on, take Trainer.load(...).model and another "
    "folder; to have it replaced, overwrite=True.",
}

Description = dict[str, Any]
_NOTHING = object()


@dataclass(frozen=True)
class SavedRun:
    """What `load` reads from a folder."""

    model: keras.Model
    recipe: Recipe
    seed: int
    history: dict[str, list[Any]]
    description: Description


def describe(
    model: keras.Model,
    recipe: Recipe,
    seed: int,
    data: dict[str, Any] | None = None,
    **more: Any,
) -> Description:
    """Everything that a run depends on, as JSON can hold it."""
    import keras

    origin = unchanged_origin_of(model)
    description = {
        "format": _FORMAT,
        "status": "finished",
        "model": asdict(origin)
        if origin
        else {"file": _MODEL, "shapes": [list(variable.shape) for variable in model.weights]},
        "recipe": recipe.to_dict(),
        "seed": seed,
        "data": data,
        **more,
        "precision": {"policy": keras.config.dtype_policy().name, "float": keras.config.floatx()},
        "versions": environment.versions(),
        "machine": environment.machine(),
    }
    as_json: Description = json.loads(json.dumps(description, default=plain))
    return as_json


def plain(value: Any) -> Any:
    """A value as JSON can hold it: numbers and lists of them, and anything else as text."""
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    array = np.asarray(value)
    return array.tolist() if array.dtype.kind in "biuf" else str(value)


def refuse_existing(folder: str | os.PathLike[str]) -> None:
    """Raise a RunFolderError if a run is in that folder already."""
    if (Path(folder) / _RUN).exists():
        raise RunFolderError(
            f"{str(folder)!r} holds a run already. Choose another folder, or continue the run "
            "(resume=True, --resume), or have it replaced (overwrite=True, --overwrite)."
        )


def status(folder: str | os.PathLike[str]) -> str | None:
    """``"training"``, ``"finished"``, or None if there is no run in the folder."""
    path = Path(folder)
    return str(_read_description(path)["status"]) if (path / _RUN).exists() else None


def remove(folder: str | os.PathLike[str]) -> None:
    """Remove a run from a folder; whatever else is in it stays."""
    path = Path(folder)
    for name in (_RUN, _HISTORY, _WEIGHTS, _MODEL):
        (path / name).unlink(missing_ok=True)
    checkpoints.remove_all(path)


def loaded_as(folder: str | os.PathLike[str]) -> str:
    """The name by which the data of a run was loaded; empty if it was not loaded by a name."""
    data = _read_description(Path(folder)).get("data") or {}
    return str(data.get("loaded_as", ""))


def make(folder: Path) -> None:
    """Make a run's folder.

    Raises
    ------
    RunFolderError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def begin(folder: Path, description: Description) -> None:
    """Note in a folder that a run begins there.

    Raises
    ------
    RunFolderError
        If the folder cannot be written to.
    """
    make(folder)
    text = _as_text({**description, "status": "training"})
    try:
        write_atomically(folder / _RUN, lambda file: file.write(text.encode()))
    except OSError as error:
        raise _unwritable(folder, error) from error


def refuse_differences(folder: Path, description: Description) -> None:
    """Raise if the run in a folder is not the one that is described; warn of another machine.

    Raises
    ------
    RunFolderError
        The message lists every difference.
    """
    earlier = _read_description(folder)
    differences = list(_differences(_fixed(earlier), _fixed(description)))
    if differences:
        raise RunFolderError(
            f"The run in {str(folder)!r} is another one:\n"
            + "\n".join(differences)
            + "\n"
            + _ADVICE[str(earlier["status"])]
        )
    for difference in _differences(earlier.get("machine"), description["machine"], "machine"):
        logger.warning("The run goes on on another machine, so the last bits may differ:%s",
                       difference)  # fmt: skip


def finish(
    folder: str | os.PathLike[str],
    model: keras.Model,
    description: Description,
    history: Mapping[str, list[Any]],
) -> Path:
    """Write the result of a run; every file is replaced in one step, the description last.

    Raises
    ------
    RunFolderError
        If the folder cannot be written to.
    """
    path = Path(folder)
    make(path)
    final = {**description, "status": "finished"}
    writes: dict[str, Write] = {}
    if "name" in description["model"]:
        content = weights_as_bytes(model)
        final["weights_sha256"] = hashlib.sha256(content).hexdigest()
        writes[_WEIGHTS] = lambda file: file.write(content)
    else:
        writes[_MODEL] = lambda file: file.write(_keras_file(model))
    text = _as_text(final)
    writes[_HISTORY] = lambda file: _write_history(file, history)
    writes[_RUN] = lambda file: file.write(text.encode())
    try:
        write_together(path, writes)
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


def load(folder: str | os.PathLike[str]) -> SavedRun:
    """Read a finished run; see `Trainer.load`."""
    path = Path(folder)
    description = _read_description(path)
    if description.get("status") == "training":
        raise RunFolderError(
            f"The run in {str(path)!r} is not finished. Continue it with fit(..., resume=True) or "
            "'mnistkit train ... --resume'."
        )
    try:
        return SavedRun(
            model=_load_model(path, description),
            recipe=Recipe(**description["recipe"]),
            seed=description["seed"],
            history=_read_history(path / _HISTORY),
            description=description,
        )
    except (KeyError, TypeError, RecipeError) as error:
        raise RunFolderError(
            f"{str(path / _RUN)!r} is damaged or of another version: {error!r}."
        ) from error


def load_result(folder: Path, model: keras.Model) -> dict[str, list[Any]]:
    """Give a model the weights of the finished run in a folder; return the run's history."""
    description = _read_description(folder)
    if "name" in description["model"]:
        _read_weights(folder / _WEIGHTS, model, description["weights_sha256"])
    else:
        model.set_weights(_load_keras_file(folder / _MODEL).get_weights())
    return _read_history(folder / _HISTORY)


def _fixed(description: Description) -> Description:
    return {key: value for key, value in description.items() if key not in _FREE}


def _differences(earlier: Any, now: Any, where: str = "") -> list[str]:
    """A line for every place where two descriptions differ."""
    if isinstance(earlier, dict) and isinstance(now, dict):
        names = sorted({*earlier, *now})
        lines = (
            _differences(earlier.get(n), now.get(n), f"{where}.{n}" if where else n) for n in names
        )
        return [line for found in lines for line in found]
    return [] if earlier == now else [f"  {where}: {earlier!r} then, {now!r} now"]


def _unwritable(path: Path, error: OSError) -> RunFolderError:
    return RunFolderError(
        f"The run could not be saved to {str(path)!r}: {error}. "
        "Choose a folder that can be written to."
    )


def _as_text(description: Description) -> str:
    return json.dumps(description, indent=2) + "\n"


def _read_description(path: Path) -> Description:
    if not (path / _RUN).is_file():
        raise RunFolderError(
            f"{str(path)!r} holds no saved run: there is no {_RUN!r} in it. "
            "Give the folder that Trainer.save or 'mnistkit train --out' wrote."
        )
    try:
        description = json.loads((path / _RUN).read_text(encoding="utf-8"))
    except ValueError as error:
        raise RunFolderError(f"{str(path / _RUN)!r} is damaged: {error}.") from error
    if not isinstance(description, dict) or description.get("format") != _FORMAT:
        raise RunFolderError(
            f"{str(path / _RUN)!r} is not of a format that this version reads (format {_FORMAT}). "
            "Use the version of mnistkit that wrote it, or a newer one."
        )
    return description


def _load_model(path: Path, description: dict[str, Any]) -> keras.Model:
    model = description["model"]
    if "name" not in model:
        return _load_keras_file(path / _MODEL)
    options = dict(model["options"])
    options["input_shape"] = tuple(options["input_shape"])
    try:
        built = create_model(model["name"], **options)
    except MnistKitError as error:
        error.add_note(f"The saved run {str(path)!r} needs this model from {model['provider']}.")
        raise
    current = MODELS.find(model["name"]).provider if ":" not in model["name"] else model["provider"]
    if current != model["provider"]:
        logger.warning(
            "The model %r was saved with %s and is now built by %s.",
            model["name"], model["provider"], current,
        )  # fmt: skip
    _read_weights(path / _WEIGHTS, built, description["weights_sha256"])
    return built


def _load_keras_file(path: Path) -> keras.Model:
    import keras

    try:
        return keras.saving.load_model(path, safe_mode=True)
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise RunFolderError(
            f"Keras cannot read {str(path)!r}: {error}. If the model has layers of your own, "
            "import the module that registers them first; or give the model a name with "
            "mnistkit.register_model, so that it is built again from your code."
        ) from error


def _read_weights(path: Path, model: keras.Model, sha256: str) -> None:
    try:
        set_weights(model, path.read_bytes(), sha256=sha256, source=repr(str(path)))
    except OSError as error:
        raise RunFolderError(
            f"{str(path)!r} cannot be read: {error}. Restore it from a copy, or train again."
        ) from error
    except WeightsError as error:
        raise RunFolderError(str(error)) from error


def _keras_file(model: keras.Model) -> bytes:
    """A model as Keras saves it, which it does to a path only."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / _MODEL)
        return (Path(folder) / _MODEL).read_bytes()


def _write_history(file: BinaryIO, history: Mapping[str, list[Any]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["epoch", *history])
    # A quantity that was not measured in every epoch has a shorter list.
    rows = itertools.zip_longest(*history.values(), fillvalue=_NOTHING)
    for epoch, row in enumerate(rows, start=1):
        cells = ("" if value is _NOTHING else json.dumps(plain(value)) for value in row)
        writer.writerow([epoch, *cells])
    file.write(text.getvalue().encode())


def _read_history(path: Path) -> dict[str, list[Any]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = list(csv.reader(file))
        return {
            name: [json.loads(row[column]) for row in rows if row[column]]
            for column, name in enumerate(header)
            if name != "epoch"
        }
    except (OSError, ValueError, IndexError) as error:
        raise RunFolderError(f"{str(path)!r} is missing or damaged: {error}.") from error
