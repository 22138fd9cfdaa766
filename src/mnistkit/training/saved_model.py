"""The model of a saved run: built again by its name, or read by Keras in safe mode."""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.errors import (
    ChangedModelWarning,
    DivergenceError,
    MnistKitError,
    RunFolderError,
)
from mnistkit.models import MODELS
from mnistkit.models.catalogue import rebuild_model
from mnistkit.models.keras_file import read_keras_model
from mnistkit.models.run_weights import RUN_FILE, run_options
from mnistkit.training.description import (
    Description,
    architecture_differences,
    as_json,
)
from mnistkit.training.divergence import refuse_diverged

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

Builder = Callable[..., "keras.Model"]


def build_again(
    model: Mapping[str, Any], builder: Builder | str | None, folder: Path
) -> keras.Model:
    """Build a model by its registered name, or by the function that the caller vouches for.

    A file may only name what is registered. To import ``module:function`` because a file says so
    would run whatever module the file's author chose.

    Parameters
    ----------
    model : mapping
        What ``run.json`` says of it.
    builder : function, str or None
    folder : pathlib.Path
        The run's, for messages.

    Raises
    ------
    RunFolderError
        If it needs a `builder`, or cannot be built with the options that it had.
    UnknownNameError, AmbiguousNameError, PluginError, OptionError, ModelError
        As `create_model` does.
    """
    name = model["name"]
    if builder is None and ":" in name:
        raise RunFolderError(
            f"The run in {str(folder)!r} was made by the function {name!r}. A function is not "
            "imported because a file names it. If you trust it, say so: "
            f"Trainer.load(..., builder={name!r}), or --builder {name} on the command line. "
            "In place of its name, Trainer.load takes the function itself."
        )
    options = run_options(model["options"], folder)
    try:
        built = rebuild_model(name, options, builder, defaults=model["defaults"])
    except MnistKitError as error:
        error.add_note(f"The saved run {str(folder)!r} needs this model from {model['provider']}.")
        raise
    # Whatever a function raises that gets options which it was not made for.
    except Exception as error:
        raise RunFolderError(
            f"The model {name!r} cannot be built with the options that "
            f"{str(folder / RUN_FILE)!r} has: {type(error).__name__}: {error}"
        ) from error
    current = MODELS.find(name).provider if builder is None else model["provider"]
    if current != model["provider"]:
        logger.warning(
            "The model %r was saved with %s and is now built by %s.",
            name, model["provider"], current,
        )  # fmt: skip
    return built


def warn_of_changed_model(
    built: keras.Model, saved: Description, builder: Builder | str | None
) -> None:
    """Say so if today's builder makes another model, or would make one without being told not to.

    Warns
    -----
    ChangedModelWarning
        The message lists what has changed.
    """
    name = saved["model"]["name"]
    if lines := architecture_differences(saved, built):
        _warn(f"The model {name!r} is another one now than the one that was saved:", lines)
    if lines := _changed_defaults(saved["model"], builder):
        _warn(f"The defaults of {name!r} have changed; it is built as it was saved:", lines)


def _warn(beginning: str, lines: list[str]) -> None:
    warnings.warn("\n".join([beginning, *lines]), ChangedModelWarning, stacklevel=6)


def _changed_defaults(model: Mapping[str, Any], builder: Builder | str | None) -> list[str]:
    function = builder if callable(builder) else MODELS.get(builder or model["name"])
    today = inspect.signature(function).parameters
    pairs = ((name, model["options"].get(name), today.get(name)) for name in model["defaults"])
    return [
        f"  {name}: {then!r} then, {now.default!r} now"
        for name, then, now in pairs
        if now is not None and as_json(now.default) != then
    ]


def keras_model(
    content: bytes, source: Path, custom_objects: Mapping[str, Any] | None = None
) -> keras.Model:
    """The model in a file of Keras', see `read_keras_model`.

    Raises
    ------
    RunFolderError
        If Keras cannot read it, or it has weights that are NaN or infinite.
    """
    model = read_keras_model(content, source, custom_objects)
    try:
        refuse_diverged(model)
    except DivergenceError as error:
        raise RunFolderError(
            f"{str(source)!r} has weights that are NaN or infinite. Train it again."
        ) from error
    return model
