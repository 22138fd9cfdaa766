"""The commands that repeat a tuning, and that train its winner."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mnistkit.datasets import Dataset
from mnistkit.models import MODELS, Recipe, SearchSpace
from mnistkit.models.settings import plain_values
from mnistkit.tuning.storage import shown_storage

_OWN_OPTIONS = ("epochs", "batch_size", "learning_rate")  # of `mnistkit train`


def tuning_command(
    model: str | Callable[..., Any],
    data: Dataset | str,
    *,
    space: SearchSpace | None,
    recipe: Recipe | str | None,
    options: Mapping[str, Any] | None,
    storage: str | os.PathLike[str] | None,
    run_dir: Path | None,
    **settings: Any,
) -> str | None:
    """The command of a tuning; None if none can say it.

    Parameters
    ----------
    model, data, space, recipe, options, storage, run_dir
        As `tune` takes them; a space only if one was given.
    **settings
        What else it was given, by name; None is left out.
    """
    words = _begin("tune", model, data, recipe, options)
    if words is None:
        return None
    for name, value in settings.items():
        if value is not None:
            words += [f"--{name}", f"{value:g}" if isinstance(value, float) else str(value)]
    for name, one in (space or {}).items():
        words += ["--space", f"{name}={one!r}"]
    if storage is not None:
        words += ["--storage", shown_storage(storage)]
    if run_dir is not None:
        words += ["--out", str(run_dir)]
    return shlex.join(words)


def training_command(
    model: str | Callable[..., Any],
    data: Dataset | str,
    *,
    recipe: Recipe | str | None,
    default: Recipe,
    winner: Recipe,
    options: Mapping[str, Any],
) -> str | None:
    """The command that trains a winner; None if none can say it.

    Parameters
    ----------
    model, data, recipe
        As `tune` takes them.
    default, winner : Recipe
    options : mapping
        The winner's.
    """
    words = _begin("train", model, data, recipe, options)
    return None if words is None else shlex.join([*words, *_changes(default, winner)])


def _begin(
    command: str,
    model: str | Callable[..., Any],
    data: Dataset | str,
    recipe: Recipe | str | None,
    options: Mapping[str, Any] | None,
) -> list[str] | None:
    name = model if isinstance(model, str) else MODELS.name_of(model)
    dataset = data if isinstance(data, str) else data.train.loaded_as
    is_plain = plain_values(options or {}) is not None
    if not dataset or isinstance(recipe, Recipe) or not is_plain or not _is_findable(name):
        return None
    words = ["mnistkit", command, name, "--dataset", dataset]
    if recipe is not None:
        words += ["--recipe", recipe]
    for option, value in (options or {}).items():
        words += ["--option", f"{option}={_as_value(value)}"]
    return words


def _is_findable(name: str) -> bool:
    """Whether another process finds a model by that name."""
    if ":" in name:
        module, _, function = name.partition(":")
        return module not in ("__main__", "?") and "<" not in function
    return MODELS.find(name).origin != "registered"


def _changes(default: Recipe, winner: Recipe) -> Iterator[str]:
    before = default.to_dict()
    for name, value in winner.to_dict().items():
        if value == before[name]:
            continue
        if name in _OWN_OPTIONS:
            yield from (f"--{name.replace('_', '-')}", _as_value(value))
        else:
            yield from ("--recipe-option", f"{name}={_as_value(value)}")


def _as_value(value: Any) -> str:
    """A value as the command line reads it: JSON, or text that is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        value = {name: one for name, one in value.items() if one}  # a variation of 0 is none
    return json.dumps(value)
