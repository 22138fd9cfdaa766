"""How to repeat a training, and the words that commands are made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mnistkit.errors import MnistKitError
from mnistkit.models import MODELS

_OWN_OPTIONS = ("epochs", "batch_size", "learning_rate")  # of `mnistkit train`


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


def option_words(options: Mapping[str, Any]) -> Iterator[str]:
    """Options of a model as words of a command."""
    for name, value in options.items():
        yield from ("--option", f"{name}={_as_value(value)}")


def recipe_words(settings: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    """Settings of a recipe as words of ``mnistkit train``, those with an own option first.

    Parameters
    ----------
    settings : mapping
        All settings.
    names : iterable of str
        Those that are to be said.
    """
    for name in sorted(names, key=lambda one: one not in _OWN_OPTIONS):
        if name in _OWN_OPTIONS:
            yield from (f"--{name.replace('_', '-')}", _as_value(settings[name]))
        else:
            yield from ("--recipe-option", f"{name}={_as_value(settings[name])}")


def _as_value(value: Any) -> str:
    """A value as the command line reads it: JSON, or text that is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        value = {name: one for name, one in value.items() if one}  # a variation of 0 is none
    return json.dumps(value)
