"""A saved run: a folder that says what was trained, how, on what, and holds the weights.

- ``run.json``: the model's name and options, recipe, seed, data with its hash, versions, machine;
- ``history.csv``: a line an epoch;
- ``weights.npz``: the weights, plain numbers in the order of ``model.weights``; or ``model.keras``
  for a model that did not come from `create_model` and so cannot be built again by name.
"""

from __future__ import annotations

import csv
import hashlib
import json
import logging
import os
import platform
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistkit.datasets import Split
from mnistkit.datasets.npz import write_npz
from mnistkit.errors import MnistKitError, RecipeError, RunFolderError
from mnistkit.models import MODELS, Recipe, create_model, origin_of

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

_FORMAT = 1
_RUN, _HISTORY, _WEIGHTS, _MODEL = "run.json", "history.csv", "weights.npz", "model.keras"
_PACKAGES = ("mnistkit", "tensorflow", "keras", "numpy")


@dataclass(frozen=True)
class DataRecord:
    """What a run was trained on.

    Attributes
    ----------
    dataset, part : str
        As the split says.
    num_images : int
    sha256 : str
        Of the images' bytes followed by the labels'.
    """

    dataset: str
    part: str
    num_images: int
    sha256: str


@dataclass(frozen=True)
class SavedRun:
    """What `load` reads from a folder."""

    model: keras.Model
    recipe: Recipe
    seed: int
    history: dict[str, list[float]]
    data: DataRecord | None


def record_data(split: Split) -> DataRecord:
    """Describe what a run is trained on."""
    digest = hashlib.sha256(np.ascontiguousarray(split.images).data)
    digest.update(np.ascontiguousarray(split.labels).data)
    return DataRecord(split.dataset, split.part, len(split), digest.hexdigest())


def refuse_existing(folder: str | os.PathLike[str]) -> None:
    """Raise a RunFolderError if a run is saved there already."""
    if (Path(folder) / _RUN).exists():
        raise RunFolderError(
            f"{str(folder)!r} holds a saved run already. Choose another folder, or ask for it to "
            "be replaced (--overwrite)."
        )


def read_data_record(folder: str | os.PathLike[str]) -> DataRecord | None:
    """What the run in a folder was trained on; None if it was not trained."""
    data = _read_description(Path(folder)).get("data")
    return DataRecord(**data) if data else None


def save(
    folder: str | os.PathLike[str],
    *,
    model: keras.Model,
    recipe: Recipe,
    seed: int,
    history: Mapping[str, list[float]],
    data: DataRecord | None,
) -> Path:
    """Write a run; every file is replaced in one step, the description last."""
    path = Path(folder)
    origin = origin_of(model)
    description: dict[str, Any] = {
        "format": _FORMAT,
        "model": asdict(origin) if origin else {"file": _MODEL},
        "recipe": recipe.to_dict(),
        "seed": seed,
        "data": asdict(data) if data else None,
        "versions": {"python": platform.python_version(), **_versions()},
        "machine": {"system": platform.platform(), "processors": os.cpu_count()},
    }
    try:
        path.mkdir(parents=True, exist_ok=True)
        if origin:
            description["weights_sha256"] = _write_weights(path / _WEIGHTS, model)
        else:
            _replace(path / _MODEL, model.save)
        _replace(path / _HISTORY, lambda file: _write_history(file, history))
        text = json.dumps(description, indent=2) + "\n"
        _replace(path / _RUN, lambda file: file.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise RunFolderError(
            f"The run could not be saved to {str(path)!r}: {error}. "
            "Choose a folder that can be written to."
        ) from error
    return path


def load(folder: str | os.PathLike[str]) -> SavedRun:
    """Read a run; see `Trainer.load`."""
    path = Path(folder)
    description = _read_description(path)
    try:
        recipe = Recipe(**description["recipe"])
        data = description["data"]
        return SavedRun(
            model=_load_model(path, description),
            recipe=recipe,
            seed=description["seed"],
            history=_read_history(path / _HISTORY),
            data=DataRecord(**data) if data else None,
        )
    except (KeyError, TypeError, RecipeError) as error:
        raise RunFolderError(
            f"{str(path / _RUN)!r} is damaged or of another version: {error!r}."
        ) from error


def _read_description(path: Path) -> dict[str, Any]:
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


def _write_weights(path: Path, model: keras.Model) -> str:
    arrays = {_key(n, variable): np.asarray(variable) for n, variable in enumerate(model.weights)}
    _replace(path, lambda temporary: write_npz(temporary, arrays))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_weights(path: Path, model: keras.Model, sha256: str) -> None:
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise RunFolderError(
            f"{str(path)!r} is missing or not the file that was saved (its sha256 is not "
            f"{sha256[:12]}...). Restore it from a copy, or train again."
        )
    with np.load(path, allow_pickle=False) as archive:
        arrays = [archive[name] for name in archive.files]
    expected = [tuple(variable.shape) for variable in model.weights]
    found = [array.shape for array in arrays]
    if found != expected:
        raise RunFolderError(
            f"The weights in {str(path)!r} have the shapes {found}, but the model "
            f"{model.name!r} has {expected}. Its code has changed since it was saved."
        )
    for variable, array in zip(model.weights, arrays, strict=True):
        variable.assign(array)


def _key(number: int, variable: Any) -> str:
    """A readable name; the number keeps names apart that Keras gave twice."""
    return f"{number:03d}:{variable.path}".replace("/", ".")


def _write_history(path: Path, history: Mapping[str, list[float]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", *history])
        rows = zip(*history.values(), strict=True)
        writer.writerows([epoch, *row] for epoch, row in enumerate(rows, start=1))


def _read_history(path: Path) -> dict[str, list[float]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = list(csv.reader(file))
        return {
            name: [float(row[column]) for row in rows]
            for column, name in enumerate(header)
            if name != "epoch"
        }
    except (OSError, ValueError, IndexError) as error:
        raise RunFolderError(f"{str(path)!r} is missing or damaged: {error}.") from error


def _replace(path: Path, write: Any) -> None:
    """Write to a temporary file beside it, then move it into place."""
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in _PACKAGES}
