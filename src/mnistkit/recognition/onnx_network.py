"""ONNX files as networks that read pictures: run by onnxruntime, without TensorFlow.

A file may have come from anybody. Its size is looked at before it is read, nothing outside it is
opened, and what its input and output mean is taken from what `export` has noted in it; a file
without that is refused, since a guess would be a silent mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import OnnxError
from mnistkit.files.json_file import parse_json
from mnistkit.files.reading import read_bytes
from mnistkit.messages import said_by
from mnistkit.models.network_metadata import METADATA_KEY, UINT8, UNIT_FLOATS, NetworkMetadata
from mnistkit.recognition.network import NUM_DIGITS, Network

_MOST_BYTES = 512_000_000
# An image as onnxruntime says it, behind the number of images, which may be any.
_SHAPES = ([28, 28], [28, 28, 1])
_TYPES = {UINT8: "tensor(uint8)", UNIT_FLOATS: "tensor(float)"}
# Weights outside the file are looked for there, and so nowhere: no file can be in a file.
_NOWHERE = str(Path(__file__) / "nowhere")
_FIRST_LINE = 200  # characters of what onnxruntime says
_EXPORT = "Write it with mnistkit.export or 'mnistkit export'."


def read_network(path: Path) -> Network:
    """The network of an ONNX file that `export` wrote.

    Raises
    ------
    OnnxError
        If it cannot be read or run, is none that `export` wrote, or classifies no images of
        digits.
    """
    try:
        content = read_bytes(path, most_bytes=_MOST_BYTES)
    except OSError as error:
        raise OnnxError(f"The ONNX file {str(path)!r} cannot be read: {error}.") from error
    return onnx_network(content, str(path))


def onnx_network(content: bytes, name: str) -> Network:
    """The network that the content of an ONNX file is.

    Parameters
    ----------
    content : bytes
    name : str
        What messages call it.

    Raises
    ------
    OnnxError
        As `read_network` does.
    """
    shown = repr(name)
    try:
        session = onnx_session(content)
    # onnxruntime has a dozen kinds of errors, with no base of their own.
    except Exception as error:
        raise OnnxError(
            f"The file {shown} is no ONNX network that can be run ({_reason(error)}). It is "
            "damaged, or not an ONNX file, or its weights lie in another file. Copy or export it "
            "again: mnistkit.export writes everything into one file."
        ) from error
    metadata = _metadata(session, shown)
    shape = _refuse_other_networks(session, metadata, shown)
    run = _runner(session, metadata.output)

    def logits(images: NDArray[np.float32]) -> NDArray[np.float32]:
        given = images.reshape(-1, *shape)
        if metadata.input == UINT8:
            given = np.rint(given * 255).astype(np.uint8)
        try:
            outputs = run(given)
        except Exception as error:
            raise OnnxError(
                f"The ONNX file {shown} cannot be run ({_reason(error)}). {_EXPORT}"
            ) from error
        if not np.isfinite(outputs).all():
            raise OnnxError(
                f"The ONNX file {shown} returns numbers that are NaN or infinite. Train its model "
                "again, and export it anew."
            )
        if metadata.output == "logits":
            return outputs
        found: NDArray[np.float32] = np.log(np.maximum(outputs, 1e-30))
        return found

    # Probabilities in the file are calibrated already.
    temperature = metadata.temperature if metadata.output == "logits" else 1.0
    return Network(name, logits, temperature)


def onnx_session(content: bytes) -> Any:
    """An ``onnxruntime.InferenceSession`` that opens no other file, and says nothing."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", _NOWHERE
    )
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _runner(session: Any, output: str) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    def run(images: NDArray[Any]) -> NDArray[np.float32]:
        outputs: NDArray[np.float32] = session.run([output], {"images": images})[0]
        return outputs

    return run


def _metadata(session: Any, shown: str) -> NetworkMetadata:
    noted = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if noted is None:
        raise OnnxError(
            f"The ONNX file {shown} does not say what its input and its output mean: it was not "
            f"written by mnistkit, which notes that in its metadata. {_EXPORT}"
        )
    try:
        return NetworkMetadata.from_dict(parse_json(noted))
    except ValueError as error:  # FormatErrors are ValueErrors, too
        raise OnnxError(
            f"The metadata of the ONNX file {shown} make no sense: {error} {_EXPORT}"
        ) from error


def _refuse_other_networks(session: Any, metadata: NetworkMetadata, shown: str) -> list[int]:
    """Refuse what does not classify images of digits; return the shape of an image."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    wanted = _TYPES.get(metadata.input)
    if wanted is None:
        raise OnnxError(
            f"The ONNX file {shown} takes {metadata.input}, numbers that are no images in a known "
            "range, so no pictures can be read with it."
        )
    takes = [(one.name, one.type, one.shape) for one in inputs]
    shape = inputs[0].shape[1:] if len(inputs) == 1 and inputs[0].shape else []
    if len(inputs) != 1 or inputs[0].name != "images" or inputs[0].type != wanted:
        raise OnnxError(
            f"The ONNX file {shown} takes {_listed(takes)}; expected one input 'images' of type "
            f"{wanted}, as its metadata say. {_EXPORT}"
        )
    if shape not in _SHAPES or isinstance(inputs[0].shape[0], int):
        raise OnnxError(
            f"The ONNX file {shown} takes {_listed(takes)}. To read pictures of digits it must "
            "take any number of images of (28, 28) or (28, 28, 1)."
        )
    gives = [(one.name, one.type, one.shape) for one in outputs]
    count = len(metadata.classes)
    if len(outputs) != 1 or outputs[0].name != metadata.output or outputs[0].shape[1:] != [count]:
        raise OnnxError(
            f"The ONNX file {shown} returns {_listed(gives)}; expected one output "
            f"{metadata.output!r} of {count} classes, as its metadata say. {_EXPORT}"
        )
    if count not in (NUM_DIGITS, NUM_DIGITS + 1):
        raise OnnxError(
            f"The ONNX file {shown} tells {count} classes apart. To read pictures of digits it "
            "must have 10, or 11 of which the last is 'no digit'."
        )
    return list(shape)


def _listed(values: list[tuple[str, str, list[Any]]]) -> str:
    return ", ".join(f"{name!r} of {kind} {shape}" for name, kind, shape in values)[:_FIRST_LINE]


def _reason(error: Exception) -> str:
    """What onnxruntime says, without its prefix."""
    said = said_by(error)
    return said.rpartition("] : ")[2] if "[ONNXRuntimeError]" in said else said
