"""The formats: how each is written, and how what was written is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import ExportError
from mnistkit.exporting import litert_file, onnx_file, saved_model_folder
from mnistkit.exporting.program import Program
from mnistkit.messages import shown
from mnistkit.packages import require

Images = NDArray[Any]
Run = Callable[[Images], NDArray[np.float32]]


@dataclass(frozen=True)
class Format:
    """A way to write a program, and to run it again.

    Attributes
    ----------
    name : str
        What ``format=`` takes.
    title : str
        What people call it.
    suffix : str
        What a file's name ends with; empty for a folder.
    write : function
        Takes a program, the path, and images to choose the ranges of 8-bit integers from, or None.
    load : function
        Takes the path and the name of the output; returns a function of images.
    packages : tuple of str
        What writing needs besides TensorFlow.
    """

    name: str
    title: str
    suffix: str
    write: Callable[[Program, Path, NDArray[np.float32] | None], None]
    load: Callable[[Path, str], Run]
    packages: tuple[str, ...] = ()


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format(
            "onnx", "ONNX", ".onnx", onnx_file.write, onnx_file.load, packages=("onnx", "tf2onnx")
        ),
        Format("litert", "LiteRT", ".tflite", litert_file.write, litert_file.load),
        Format("saved_model", "SavedModel", "", saved_model_folder.write, saved_model_folder.load),
    )
}
"""By name."""


def format_of(path: Path, name: Any, quantize: Any) -> Format:
    """The format that was asked for, or that follows from the path's suffix.

    Raises
    ------
    ExportError
        If there is no such format, if it does not go with the suffix, or knows no such integers.
    MissingPackageError
        If what writes it is not installed.
    """
    known = ", ".join(repr(one) for one in FORMATS)
    if name is not None and (not isinstance(name, str) or name not in FORMATS):
        raise ExportError(f"format={shown(name)}: expected one of {known}.")
    by_suffix = {one.suffix: one for one in FORMATS.values()}
    chosen = by_suffix.get(path.suffix.lower()) if name is None else FORMATS[name]
    if chosen is None:
        raise ExportError(
            f"{path.name!r} ends with {path.suffix!r}, which is no known format. Names end with "
            f"'.onnx', with '.tflite' for LiteRT, or with nothing for the folder of a SavedModel; "
            f"or give format=, one of {known}."
        )
    if chosen.suffix and path.suffix.lower() != chosen.suffix:
        raise ExportError(
            f"{path.name!r}: the name of a file in the format {chosen.name!r} ends with "
            f"{chosen.suffix!r}."
        )
    if quantize not in (None, "int8"):
        raise ExportError(f"quantize={shown(quantize)}: expected 'int8', or None for floats.")
    if quantize and chosen.name != "litert":
        raise ExportError(
            f"quantize={quantize!r} is for LiteRT; {chosen.title} is written with floats. Give a "
            "name that ends with '.tflite'."
        )
    require("tensorflow", "keras", *chosen.packages, to=f"write {chosen.title} files")
    return chosen
