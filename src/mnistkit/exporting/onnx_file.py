"""ONNX: written by tf2onnx, run by onnxruntime."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import ExportError
from mnistkit.exporting.program import INPUT, Program
from mnistkit.models.network_metadata import METADATA_KEY

OPSET = 15
"""The version of ONNX's operations; runtimes know it since 2021."""
_UNKNOWN = re.compile(r"No Op registered for (\w+)")


def write(program: Program, path: Path, images: NDArray[np.float32] | None) -> None:  # noqa: ARG001  (no integers here)
    """Write an ONNX file.

    Raises
    ------
    ExportError
        If ONNX cannot express an operation.
    """
    import onnx
    import tf2onnx

    signature = (program.signature(),)
    with _quiet():
        network, _ = tf2onnx.convert.from_function(program.function(), signature, opset=OPSET)
    _name(network, program)
    try:
        onnx.checker.check_model(network, full_check=True)
    except onnx.checker.ValidationError as error:
        if unknown := _UNKNOWN.search(str(error)):
            raise ExportError(
                f"ONNX has no operation for TensorFlow's {unknown[1]!r}, which a layer of the "
                f"model {program.source.name!r} uses. Build that layer of others, or export a "
                "SavedModel, which holds all of TensorFlow's."
            ) from error
        raise
    path.write_bytes(network.SerializeToString())


def _name(network: Any, program: Program) -> None:
    """Give input, output and the number of images names, and note what they mean."""
    graph = network.graph
    metadata, (given,), (found,) = program.metadata, graph.input, graph.output
    renamed = {given.name: INPUT, found.name: metadata.output}
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    for value in (given, found):
        value.name = renamed[value.name]
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    graph.name = program.source.name
    entry = network.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, json.dumps(metadata.to_dict())


def load(path: Path, output: str) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    """The file as a function of images, run by onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])

    def run(images: NDArray[Any]) -> NDArray[np.float32]:
        outputs: NDArray[np.float32] = session.run([output], {INPUT: images})[0]
        return outputs

    return run


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what tf2onnx tells its developers from the screen; what fails is told afterwards."""
    logger = logging.getLogger("tf2onnx")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of NumPy's and TensorFlow's deprecated functions
            yield
    finally:
        logger.setLevel(before)
