"""package_weights: a finished run as the files with which a package offers trained weights."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.datasets import Dataset, Split, load_dataset
from mnistkit.errors import ExportError, InvalidNameError, OutputPathError
from mnistkit.evaluation import Evaluation, at_temperature
from mnistkit.exporting.export import export
from mnistkit.exporting.formats import format_of
from mnistkit.files.atomic import Write, write_together
from mnistkit.messages import shown
from mnistkit.models import Measurement, ModelCard, count_multiply_adds, temperature_of
from mnistkit.models.pretrained import CARD, NETWORK, NUMBERS
from mnistkit.models.run_weights import WEIGHTS_FILE
from mnistkit.training import Trainer
from mnistkit.training.description import Description
from mnistkit.training.inference import predict_probabilities
from mnistkit.training.inputs import IMAGES, checked_inputs
from mnistkit.training.run_folder import RunFolder
from mnistkit.training.shapes import fit_to_model
from mnistkit.training.train_command import train_command

if TYPE_CHECKING:
    import keras

_NAMELESS = "images of one's own"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")


def package_weights(
    run: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    name: str | None = None,
    also_on: Sequence[str | Split] = (),
    licence: str | None = None,
    overwrite: bool = False,
) -> ModelCard:
    """Make the files with which a package offers the trained weights of a run.

    Three files: ``NAME.npz`` has the weights as plain numbers, ``NAME.onnx`` is the network for
    programs without TensorFlow, checked beside Keras, and ``NAME.json`` is the card, with what it
    was trained on and how, and how good it is on the test images. Put the folder into your package,
    and name it in an entry point of the group ``mnistkit.weights``. mnistkit's own are made so too.

    Parameters
    ----------
    run : str or path-like
        The folder of a finished run, whose model has a name.
    folder : str or path-like
        Where to put the files; made if needed.
    name : str, optional
        What ``create_model(..., weights=name)`` will take. By default the name of the data set that
        the run was trained on.
    also_on : sequence of str or Split, default ()
        More test images to measure on: those of data sets, by name, or your own. The test part of
        the data set that the run was trained on always comes first, if it can be loaded by name.
    licence : str, optional
        What holds for the weights. By default that of the package, with that of the data named.
    overwrite : bool, default False
        Whether to replace such files that are there. They stay until the new ones are complete.

    Returns
    -------
    ModelCard
        What was written into ``NAME.json``.

    Raises
    ------
    RunFolderError
        If there is no finished run.
    ExportError
        If the run's model has no name, ONNX cannot express it, or there is nothing to measure on.
    InvalidNameError
        If weights cannot be called that.
    OutputPathError
        If there are such files already, or they cannot be written.
    MissingPackageError
        If what writes ONNX is not installed.

    See Also
    --------
    mnistkit.testing.check_weights : try what a package offers.

    Examples
    --------
    >>> import mnistkit, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> data = mnistkit.load_dataset("digits")
    >>> trainer = mnistkit.Trainer("dense128")
    >>> _ = trainer.fit(data.train, epochs=1)
    >>> _ = trainer.save(folder + "/run")
    >>> card = package_weights(folder + "/run", folder + "/weights")
    >>> card.model, card.name, card.measurements[0].data
    ('dense128', 'digits', 'digits test')
    """
    name = checked_name(run, folder, name, overwrite=overwrite)
    trainer, finished = Trainer.load(run), RunFolder(run)
    description = finished.description
    model = description["model"]
    data = _own_data(trainer.data_name)
    splits = [*([data.test] if data else []), *map(_test_images, also_on)]
    if not splits:
        raise ExportError(
            f"The data of the run {os.fspath(run)!r} cannot be loaded by name, so there is nothing "
            "to measure the weights on. Give also_on=, a sequence of data sets or Splits."
        )
    place = _made(Path(folder))
    numbers = (finished.path / WEIGHTS_FILE).read_bytes()  # found in order just now
    network = _network(trainer, data)
    card = ModelCard(
        model=model["name"],
        name=name,
        options={n: v for n, v in model["options"].items() if n not in model["defaults"]},
        sha256=hashlib.sha256(numbers).hexdigest(),
        size=len(numbers),
        onnx_sha256=hashlib.sha256(network).hexdigest(),
        temperature=temperature_of(trainer.model),
        parameters=trainer.model.count_params(),
        multiply_adds=count_multiply_adds(trainer.model),
        trained_on={**description["data"], "name": description["data"]["name"] or _NAMELESS},
        recipe=description["recipe"],
        seed=description["seed"],
        command=_command(description, trainer, data, finished.path.name),
        versions=description["versions"],
        fit_seconds=round(description["duration"], 1),
        machine="{processor}, {processors} processors".format_map(description["machine"]),
        measurements=tuple(_measured(trainer.model, split) for split in splits),
        licence=licence or _licence(data),
    )
    text = json.dumps(card.to_dict(), indent=2) + "\n"
    contents = {NUMBERS: numbers, NETWORK: network, CARD: text.encode()}  # what lists them is last
    writes = {f"{name}{suffix}": _writer(content) for suffix, content in contents.items()}
    try:
        write_together(place, writes)
    except OSError as error:
        raise OutputPathError(
            f"The weights cannot be written to {str(place)!r}: {error}."
        ) from error
    return card


def checked_name(
    run: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    name: str | None,
    *,
    overwrite: bool,
) -> str:
    """What the weights will be called, once all that TensorFlow is not needed for is in order.

    Parameters
    ----------
    run, folder, name, overwrite
        As `package_weights` takes them.

    Raises
    ------
    MissingPackageError, RunFolderError, ExportError, InvalidNameError, OutputPathError
        As `package_weights` does.
    """
    format_of(Path(f"network{NETWORK}"), "onnx", None)  # or a package is missing
    finished = RunFolder(run)
    _refuse_nameless(finished.description["model"], os.fspath(run))
    chosen = _name_of(name, finished.data_name)
    if not overwrite:
        _refuse_files_in_the_way(Path(folder), chosen)
    return chosen


def _refuse_nameless(model: Mapping[str, Any], run: str) -> None:
    name = model.get("name", "")
    if name and ":" not in name:
        return
    has_none = f"is the function {name!r}, which has no" if name else "has no"
    raise ExportError(
        f"The model of the run {run!r} {has_none} name by which it can be created, so "
        "nobody could begin it with these weights. Offer it through the entry-point group "
        "'mnistkit.models', or give it a name with mnistkit.register_model, and train it again."
    )


def _refuse_files_in_the_way(folder: Path, name: str) -> None:
    files = [f"{name}{suffix}" for suffix in (NUMBERS, NETWORK, CARD)]
    there = [file for file in files if os.path.lexists(folder / file)]
    if there:
        raise OutputPathError(
            f"{str(folder)!r} has {', '.join(map(repr, there))} already. Choose another folder or "
            "name, or have them replaced (overwrite=True, --overwrite)."
        )


def _command(description: Description, trainer: Trainer, data: Dataset | None, folder: str) -> str:
    repetition = train_command(description, trainer.model, data, folder)
    return repetition.code or repetition.note


def _writer(content: bytes) -> Write:
    return lambda file: file.write(content)


def _name_of(name: Any, data_name: str) -> str:
    """What the weights are called: what was asked for, else what they were trained on."""
    chosen = data_name.replace("/", "-") if name is None else name
    if not isinstance(chosen, str) or not _NAME.fullmatch(chosen):
        raise InvalidNameError(
            f"Weights cannot be called {shown(chosen)}; use letters, digits, '_', '-' and '.', for "
            "example name='photos' (on the command line --name)."
        )
    return chosen


def _own_data(data_name: str) -> Dataset | None:
    """The data set that the run was trained on; a function is not called because a run names it."""
    return load_dataset(data_name) if data_name and ":" not in data_name else None


def _test_images(data: Any) -> Split:
    if isinstance(data, Split):
        return data
    if isinstance(data, str):
        return load_dataset(data).test
    raise ExportError(
        f"also_on has {shown(data)}: expected the name of a data set, or a mnistkit.Split."
    )


def _made(folder: Path) -> Path:
    """The folder, made if needed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputPathError(f"The folder {str(folder)!r} cannot be made: {error}.") from error
    return folder


def _network(trainer: Trainer, data: Dataset | None) -> bytes:
    """The model as ONNX, from floats in [0, 1] to logits."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"network{NETWORK}"
        export(trainer, path, input_type="float32", output="logits", data=data)
        return path.read_bytes()


def _measured(model: keras.Model, split: Split) -> Measurement:
    """How good a model is; images of ten digits have none that are of an eleventh class."""
    images, divisor = checked_inputs(split.images, IMAGES)
    found = predict_probabilities(model, fit_to_model(images, model), divisor)
    probabilities = at_temperature(found, temperature_of(model))[:, : len(split.classes)]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    result = Evaluation.from_probabilities(split.labels, probabilities, writers=split.writers)
    return Measurement(
        data=split.name,
        num_images=len(split),
        accuracy=result.accuracy,
        accuracy_interval=result.accuracy_interval,
        loss=float(result.loss),
        calibration_error=round(float(result.calibration_error), 5),
    )


def _licence(data: Dataset | None) -> str:
    of_data = f" It was trained on {data.info.title}, licence: {data.info.licence}." if data else ""
    return f"As that of the package that offers it.{of_data}"
