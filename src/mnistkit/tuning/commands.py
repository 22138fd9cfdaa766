"""The commands that repeat a tuning, and that train its winner."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mnistkit.datasets import Dataset
from mnistkit.models import MODELS, Recipe, SearchSpace
from mnistkit.models.settings import plain_values
from mnistkit.training.repetition import is_a_scripts, option_words, recipe_words
from mnistkit.tuning.storage import shown_storage


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
    if words is None:
        return None
    before, after = default.to_dict(), winner.to_dict()
    changed = [name for name, value in after.items() if value != before[name]]
    return shlex.join([*words, *recipe_words(after, changed)])


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
    if not dataset or isinstance(recipe, Recipe) or not is_plain or is_a_scripts(name):
        return None
    words = ["mnistkit", command, name, "--dataset", dataset]
    if recipe is not None:
        words += ["--recipe", recipe]
    return [*words, *option_words(options or {})]
