"""What stands in an exported file: what its input and its output mean, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from mnistkit.errors import OnnxError
from mnistkit.models.settings import Conversion, Settings, positive, text

METADATA_KEY = "mnistkit"
"""What the metadata are called in an ONNX file, as JSON."""
UINT8, UNIT_FLOATS = "uint8 from 0 to 255", "float32 from 0 to 1"
ANY_FLOATS = "float32 as the model was trained on"
OUTPUTS = ("probabilities", "logits")
PRECISIONS = ("float32", "int8")
_TEXT = "a text"
_MOST_CLASSES = 65_536


def _one_of(known: tuple[str, ...]) -> Conversion:
    def convert(value: Any) -> str | None:
        return value if isinstance(value, str) and value in known else None

    return convert, f"one of {', '.join(map(repr, known))}"


def _names(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple) or not 0 < len(value) <= _MOST_CLASSES:
        return None
    return tuple(value) if all(isinstance(name, str) for name in value) else None


@dataclass(frozen=True, kw_only=True, repr=False)
class NetworkMetadata(Settings):
    """What an exported file says of itself.

    Attributes
    ----------
    model : str
        The name of the model.
    classes : tuple of str
        What the classes are called, in the order of the outputs.
    input : str
        What the input ``images`` takes: ``"uint8 from 0 to 255"``, ``"float32 from 0 to 1"``,
        where 0 is paper and the highest number ink; or ``"float32 as the model was trained on"``.
    output : {"probabilities", "logits"}
        What the one output is, and its name.
    temperature : float
        What logits are divided by, so that probabilities are as often right as they say. In a
        file with the output ``probabilities`` that is done already.
    precision : {"float32", "int8"}
        In what the network computes.
    mnistkit : str
        The version that wrote the file.
    """

    model: str
    classes: tuple[str, ...]
    input: str
    output: str
    temperature: float
    precision: str
    mnistkit: str

    _kind = "The metadata of a network"
    _error = OnnxError
    _conversions: ClassVar[Mapping[str, Conversion]] = {
        "model": (text, _TEXT),
        "classes": (_names, "the names of the classes"),
        "input": _one_of((UINT8, UNIT_FLOATS, ANY_FLOATS)),
        "output": _one_of(OUTPUTS),
        "temperature": (positive, "a number above 0"),
        "precision": _one_of(PRECISIONS),
        "mnistkit": (text, _TEXT),
    }
