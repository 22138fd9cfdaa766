"""export: a trained model as a file that runs elsewhere."""

from __future__ import annotations

import os
from importlib import metadata as installed
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mnistkit.datasets import Dataset
from mnistkit.errors import ExportError, MnistKitError, OutputPathError
from mnistkit.exporting.check import check_data, checked_agreement
from mnistkit.exporting.exported import Exported
from mnistkit.exporting.formats import Format, format_of
from mnistkit.exporting.output_path import new_output_path
from mnistkit.exporting.program import Program
from mnistkit.exporting.source import Source, source_of
from mnistkit.files.atomic import new_path
from mnistkit.messages import said_by, shown
from mnistkit.models.network_metadata import (
    ANY_FLOATS,
    OUTPUTS,
    UINT8,
    UNIT_FLOATS,
    NetworkMetadata,
)
from mnistkit.recognition.network import NUM_DIGITS
from mnistkit.training.inputs import AS_THEY_ARE

if TYPE_CHECKING:
    import keras

    from mnistkit.training import Trainer

_INPUTS = {"uint8": UINT8, "float32": UNIT_FLOATS}


def export(
    model_or_run: keras.Model | Trainer | str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    format: Literal["onnx", "litert", "saved_model"] | None = None,  # noqa: A002  (what it is)
    quantize: Literal["int8"] | None = None,
    input_type: Literal["uint8", "float32"] = "uint8",
    output: Literal["probabilities", "logits"] = "probabilities",
    data: Dataset | None = None,
    overwrite: bool = False,
) -> Exported:
    """Write a trained model as a file that runs without Keras, and without mnistkit.

    The file takes any number of images, ``images``, and returns ``probabilities`` of the classes,
    calibrated if the model is (see `Trainer.calibrate`). What that means stands in its metadata.
    Before it is kept, it is run beside Keras on test images: probabilities must agree within 1e-5;
    with 8-bit integers no more than 0.2 points of accuracy may be lost, or on fewer than 5,000
    images what chance explains. If not, nothing is written.

    Parameters
    ----------
    model_or_run : keras.Model, Trainer, str or path-like
        A trained model, or the folder of a saved run.
    path : str or path-like
        The file to write, or for a SavedModel the folder.
    format : {"onnx", "litert", "saved_model"}, optional
        By default what the name ends with: ``.onnx``, ``.tflite``, or no suffix for a SavedModel.
    quantize : {"int8"}, optional
        Compute with 8-bit integers: a quarter of the size, for LiteRT.
    input_type : {"uint8", "float32"}, default "uint8"
        What the file takes: pixels from 0 (paper) to 255 (ink), which it scales itself, or floats
        from 0 to 1.
    output : {"probabilities", "logits"}, default "probabilities"
        What the file returns: probabilities, or what a softmax makes them of, not calibrated yet.
    data : Dataset, optional
        What to check the file on, and for integers what to choose their ranges from (in its
        training part). By default the data set that the run was trained on; if that is not known
        or cannot be had, the bundled ``digits``, for floats.
    overwrite : bool, default False
        Whether to replace a file, or a SavedModel, that is there. It stays until the new one has
        been kept.

    Returns
    -------
    Exported
        The path, its size, its metadata, and how far it agreed with Keras.

    Raises
    ------
    ExportError
        If a setting makes no sense, the format has no operation for a layer, or the file does not
        agree with Keras.
    OutputPathError
        If there is something at the path that is not to be replaced, or it cannot be written to.
    MissingPackageError
        If ONNX is asked for, and what writes it is not installed.
    ModelError, RunFolderError, WrongTypeError
        If the model tells no classes apart, or there is no such run.

    Examples
    --------
    >>> import mnistkit, tempfile
    >>> path = tempfile.mkdtemp() + "/digits.onnx"
    >>> exported = mnistkit.export(mnistkit.create_model("dense128", weights="mnist"), path)
    >>> exported.metadata.input, exported.metadata.output, exported.size < 410_000
    ('uint8 from 0 to 255', 'probabilities', True)
    """
    place = new_output_path(path, overwrite=overwrite)
    chosen = format_of(place, format, quantize)
    source = source_of(model_or_run)
    kind = _checked_input(input_type, source, quantize)
    if output not in OUTPUTS:
        raise ExportError(f"output={shown(output)}: expected 'probabilities' or 'logits'.")
    images = check_data(data, source.data_name, for_integers=quantize is not None)
    metadata = NetworkMetadata(
        model=source.name,
        classes=_class_names(source, images.test.classes if images.is_own else ()),
        input=kind,
        output=output,
        temperature=source.temperature,
        precision=quantize or "float32",
        mnistkit=installed.version("mnistkit"),
    )
    program = Program(source, metadata)
    ranges = images.ranges(program) if quantize else None
    try:
        with new_path(place, overwrite=overwrite) as unfinished:
            _write(chosen, program, unfinished, ranges)
            agreement = checked_agreement(chosen.load(unfinished, output), program, images)
            size = _size(unfinished)
    except OSError as error:
        if isinstance(error, MnistKitError):
            raise
        raise OutputPathError(
            f"{str(place)!r} cannot be written: {error}. Choose another path."
        ) from error
    return Exported(place, chosen.name, size, metadata, agreement)


def _checked_input(input_type: Any, source: Source, quantize: str | None) -> str:
    if input_type not in _INPUTS:
        raise ExportError(f"input_type={shown(input_type)}: expected 'uint8' or 'float32'.")
    if source.inputs != AS_THEY_ARE:
        return _INPUTS[input_type]
    if input_type == "uint8":
        raise ExportError(
            f"The model {source.name!r} was trained on numbers as they are, which are not pixels "
            "from 0 to 255. Give input_type='float32' (--input float32), and scale pixels as you "
            "did for training."
        )
    if quantize:
        raise ExportError(
            f"The model {source.name!r} was trained on numbers as they are, and a data set holds "
            "pixels, of which no ranges for 8-bit integers can be chosen. Leave quantize= out; or "
            "train on images, and begin the model with keras.layers.Normalization."
        )
    return ANY_FLOATS


def _class_names(source: Source, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the classes, with numbers for those that have none."""
    count = source.num_classes
    numbers = (*map(str, range(count)),)
    if count == NUM_DIGITS + 1:  # as networks for pictures have it
        numbers = (*numbers[:NUM_DIGITS], "no digit")
    return (*names, *numbers[len(names) :])[:count]


def _write(chosen: Format, program: Program, path: Path, ranges: Any) -> None:
    """Write the file; whatever a converter raises is an ExportError."""
    try:
        chosen.write(program, path, ranges)
    except (MnistKitError, OSError):
        raise
    # Converters, and layers of one's own within them, raise anything.
    except Exception as error:
        raise ExportError(
            f"The model {program.source.name!r} cannot be written as {chosen.title}: "
            f"{said_by(error)}. Nothing was written. Another format may hold it: 'onnx', 'litert' "
            "or 'saved_model'."
        ) from error


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files)
