"""The weights of a finished run, to begin another model with.

A run's folder is written and read by `mnistkit.training.run_folder`; here is as much of it as a
model needs to begin with its weights.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from mnistkit.errors import RunFolderError
from mnistkit.files.json_file import parse_json, unsealed
from mnistkit.files.reading import read_bytes
from mnistkit.models.keras_file import MODEL_FILE, read_keras_model
from mnistkit.models.settings import positive
from mnistkit.models.weights_file import TrainedWeights, weights_as_bytes

RUN_FILE, WEIGHTS_FILE = "run.json", "weights.npz"
_MOST_BYTES = {RUN_FILE: 16 << 20, WEIGHTS_FILE: 4 << 30, MODEL_FILE: 4 << 30}
_LARGEST_SIDE = 65_536


def run_weights(folder: str | os.PathLike[str], model: str) -> TrainedWeights:
    """The weights that a run ended with.

    Parameters
    ----------
    folder : str or path-like
    model : str
        The name of the model that gets them. A run of the same model brings its options along.

    Raises
    ------
    RunFolderError
        If there is no such run, it is not finished, or it is damaged.
    WeightsError
        If the weights are NaN or infinite.
    """
    path = Path(folder).expanduser()
    where = repr(str(path))
    try:
        run = unsealed(parse_json(_read(path / RUN_FILE)))
    except ValueError as error:
        raise RunFolderError(f"{str(path / RUN_FILE)!r} is damaged: {error}.") from error
    files, described = (run.get(name) for name in ("files", "model"))
    if not isinstance(files, dict) or not files:
        raise RunFolderError(
            f"The run in {where} is not finished, so there are no weights yet. Continue it with "
            "Trainer(..., run_dir=...).fit(..., resume=True)."
        )
    temperature = positive(run.get("temperature")) or 1.0
    if not isinstance(described, dict) or "name" not in described or WEIGHTS_FILE not in files:
        return _of_whole_model(path, str(files.get(MODEL_FILE)), temperature)
    options = run_options(described.get("options"), path)
    defaults = described.get("defaults")
    if described["name"] != model:  # they are of another function
        options = {n: options[n] for n in ("num_classes", "input_shape") if n in options}
    return TrainedWeights(
        content=_read(path / WEIGHTS_FILE),
        sha256=str(files[WEIGHTS_FILE]),
        source=f"the run {where} of the model {described['name']!r}",
        options=options,
        defaults=tuple(defaults) if isinstance(defaults, list) else (),
        temperature=temperature,
    )


def _of_whole_model(folder: Path, digest: str, temperature: float) -> TrainedWeights:
    """The weights of a model without a name, which Keras has saved whole, and reads again."""
    path = folder / MODEL_FILE
    content = _read(path)
    if hashlib.sha256(content).hexdigest() != digest:
        raise RunFolderError(
            f"{str(path)!r} is not the file that was saved (its sha256 is not {digest[:12]}...). "
            "Restore it from a copy, or train again."
        )
    model = read_keras_model(content, path)
    shapes = [getattr(model, name, None) for name in ("input_shape", "output_shape")]
    if not all(isinstance(shape, tuple) and len(shape) > 1 for shape in shapes):
        raise RunFolderError(
            f"The model in {str(path)!r} does not say which images it takes, so its weights cannot "
            "be given to another one. Take the model itself: Trainer.load(folder).model."
        )
    weights = weights_as_bytes(model)
    return TrainedWeights(
        content=weights,
        sha256=hashlib.sha256(weights).hexdigest(),
        source=f"the run {str(folder)!r} of a model without a name",
        options={"num_classes": model.output_shape[-1], "input_shape": model.input_shape[1:]},
        temperature=temperature,
    )


def run_options(options: Any, folder: Path) -> dict[str, Any]:
    """The options of a model as a run's folder has them, if they can be any.

    Raises
    ------
    RunFolderError
        If the shape of the images is none.
    """
    shape = options.get("input_shape") if isinstance(options, dict) else None
    if (
        isinstance(shape, list)
        and 0 < len(shape) <= 4
        and all(side is None or (type(side) is int and 0 < side <= _LARGEST_SIDE) for side in shape)
    ):
        return {**options, "input_shape": tuple(shape)}
    raise RunFolderError(
        f"{str(folder / RUN_FILE)!r} is damaged: input_shape={shape!r}; expected a list of one to "
        "four sides."
    )


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path, most_bytes=_MOST_BYTES[path.name])
    except OSError as error:
        raise RunFolderError(
            f"{str(path.parent)!r} holds no saved run: {path.name!r} cannot be read ({error}). "
            "Give the folder that Trainer.save or 'mnistkit train --out' wrote, or the name of "
            "weights that come with the package; see mnistkit.list_weights."
        ) from error
