"""LiteRT, formerly TensorFlow Lite: for phones and microcontrollers, with floats or integers."""

from __future__ import annotations

import json
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import ExportError
from mnistkit.exporting.program import INPUT, Program
from mnistkit.models.network_metadata import METADATA_KEY, UINT8

METADATA_FILE, LABELS_FILE = f"{METADATA_KEY}.json", "labels.txt"
"""What lies in the zip archive behind the network, where LiteRT's metadata have such files, too."""
_UNKNOWN = re.compile(r"'tf\.(\w+)' op is neither a custom op nor a flex op")


def write(program: Program, path: Path, images: NDArray[np.float32] | None) -> None:
    """Write a LiteRT file: of 8-bit integers if there are images to choose their ranges from.

    Raises
    ------
    ExportError
        If LiteRT cannot express an operation.
    """
    path.write_bytes(_converted(program, images))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(METADATA_FILE, json.dumps(program.metadata.to_dict()))
        archive.writestr(LABELS_FILE, "\n".join(program.metadata.classes))


def _converted(program: Program, images: NDArray[np.float32] | None) -> bytes:
    import tensorflow as tf

    # The converter of integers makes an input of 0 to 255 itself, without a division.
    function = program.function(floats=images is not None)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorFlow's own deprecated functions
        tf.saved_model.save(program.module(function), folder, signatures=function)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if images is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: _one_by_one(images)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            if program.metadata.input == UINT8:
                converter.inference_input_type = tf.uint8
        try:
            content: bytes = converter.convert()
        except Exception as error:
            unknown = sorted(set(_UNKNOWN.findall(str(error))))
            if not unknown:
                raise
            raise ExportError(
                f"LiteRT has no operation for TensorFlow's {', '.join(map(repr, unknown))}, which "
                f"a layer of the model {program.source.name!r} uses. Build that layer of others, "
                "or export a SavedModel, which holds all of TensorFlow's."
            ) from error
    return content


def _one_by_one(images: NDArray[np.float32]) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Images to choose ranges from: those of the input have to be those of paper and ink."""
    for number, image in enumerate(images):
        if number == 0:
            image = image.copy()  # noqa: PLW2901  (the caller's own stays as it is)
            image.flat[:2] = min(0, images.min()), max(1, images.max())
        yield {INPUT: image[None]}


def load(path: Path, output: str) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    """The file as a function of images, run by the interpreter that TensorFlow brings along."""
    import tensorflow as tf

    with warnings.catch_warnings():
        # It says that it will move to a package of its own.
        warnings.filterwarnings("ignore", ".*tf.lite.Interpreter is deprecated", UserWarning)
        # Of its content: a file that is open cannot be moved on Windows.
        interpreter = tf.lite.Interpreter(model_content=path.read_bytes())
    runner = interpreter.get_signature_runner()

    def run(images: NDArray[Any]) -> NDArray[np.float32]:
        outputs: NDArray[np.float32] = runner(**{INPUT: images})[output]
        return outputs

    return run
