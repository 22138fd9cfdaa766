"""How to repeat what a page is about, and the words that commands are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mnistkit.errors import MnistKitError
from mnistkit.models import MODELS


@dataclass(frozen=True)
class Repetition:
    """What repeats a run or a comparison.

    Attributes
    ----------
    code : str
        Commands, or Python; perhaps none.
    language : {"console", "python", "none"}
    note : str
        What has to be known besides.
    """

    code: str
    language: Literal["console", "python", "none"]
    note: str = ""


def is_a_scripts(model: str) -> bool:
    """Whether a model's name means something only in the script that it comes from."""
    if ":" in model:
        module, _, function = model.partition(":")
        return module == "__main__" or "<" in function
    try:
        return MODELS.find(model).origin == "registered"
    except MnistKitError:
        return True


def setting(value: Any) -> str:
    """A value as the command line takes it."""
    if isinstance(value, str):
        return value
    return json.dumps(dict(value) if isinstance(value, Mapping) else value)
