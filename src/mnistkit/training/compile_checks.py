"""What `compile` is given, looked at before the first step, which is when Keras looks at it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mnistkit.errors import ModelError, RecipeError
from mnistkit.messages import shown

if TYPE_CHECKING:
    import keras

# Keras chooses between these by the shapes of labels and outputs, when it compiles the model.
CHOSEN_LATE = ("accuracy", "acc", "crossentropy", "ce")
_LOSSES = ("sparse_categorical_crossentropy", "categorical_crossentropy")
OPTIMIZERS = ("adam", "sgd", "rmsprop", "adamw", "nadam", "adagrad", "adamax", "lion")


def checked_settings(
    optimizer: Any, loss: Any, metrics: Any, weighted_metrics: Any
) -> dict[str, Any]:
    """What Keras' `compile` takes, of names that Keras knows and of objects.

    Raises
    ------
    RecipeError
        If a name is misspelt, or a class stands where an object belongs.
    """
    import keras

    if isinstance(optimizer, str):
        refuse_unknown(keras.optimizers, optimizer, "optimizer", OPTIMIZERS)
    elif not isinstance(optimizer, keras.optimizers.Optimizer):
        raise RecipeError(
            f"optimizer={shown(optimizer)}: expected a name in keras.optimizers, such as 'adam', "
            "or an object, such as keras.optimizers.Adam(0.001)."
        )
    given = {
        "loss": loss,
        "metrics": _several(metrics),
        "weighted_metrics": _several(weighted_metrics),
    }
    for setting, value in given.items():
        for one in _leaves(value):
            _refuse_one(setting, one)
    return {"optimizer": optimizer, **given}


def refuse_unknown_in(model: keras.Model) -> None:
    """Refuse a model that was compiled with a loss or metric that Keras does not know.

    Raises
    ------
    ModelError
        The message names the nearest name that there is.
    """
    metrics = getattr(model, "_compile_metrics", None)
    given = {
        "loss": model.loss,
        "metrics": getattr(metrics, "_user_metrics", None),
        "weighted_metrics": getattr(metrics, "_user_weighted_metrics", None),
    }
    for setting, value in given.items():
        for one in _leaves(value):
            try:
                _refuse_one(setting, one)
            except RecipeError as error:
                _, _, expected = str(error).partition("expected")
                raise ModelError(
                    f"The model {model.name!r} was compiled with {setting}={shown(one)}, which "
                    f"Keras does not know; expected{expected}"
                ) from None


def compiled_metrics(model: keras.Model) -> Iterator[Any]:
    """The metrics that a model was compiled with, as they were given."""
    metrics = getattr(model, "_compile_metrics", None)
    for name in ("_user_metrics", "_user_weighted_metrics"):
        yield from _leaves(getattr(metrics, name, None))


def refuse_unknown(module: Any, name: Any, setting: str, more: tuple[str, ...]) -> None:
    """Refuse what Keras has not, with a word on the name that may have been meant."""
    try:
        found = module.get(name)
    except (ValueError, TypeError):
        found = None
    if found is not None:
        return
    known = [*more, *(one for one in dir(module) if not one.startswith("_"))]
    near = difflib.get_close_matches(str(name), known, n=1)
    expected = f"a name in {module.__name__.replace('.src', '').replace('._tf_keras', '')}"
    raise RecipeError(
        f"{setting}: Keras has none named {name!r}; expected {expected}, such as {more[0]!r}."
        + (f" Did you mean {near[0]!r}?" if near else "")
    )


def _refuse_one(setting: str, given: Any) -> None:
    """Refuse what is no loss, or no metric."""
    import keras

    module, more = (keras.losses, _LOSSES) if setting == "loss" else (keras.metrics, CHOSEN_LATE)
    if isinstance(given, str):
        if setting == "loss" or given not in CHOSEN_LATE:
            refuse_unknown(module, given, setting, more)
    elif isinstance(given, type) or not callable(given):
        example = f"{given.__name__}(...)" if isinstance(given, type) else repr(more[0])
        raise RecipeError(
            f"{setting}={shown(given)}: expected a name, a function or an object, such as "
            f"{example}."
        )
    elif not (hasattr(given, "get_config") or hasattr(given, "__name__")):
        raise RecipeError(
            f"{setting}={shown(given)}: expected a function with a name, which a "
            f"{type(given).__name__} has not: Keras could not say what it is. Write def mine("
            "labels, outputs): return ..., and call it in there."
        )


def _several(metrics: Any) -> Any:
    """A list of metrics, of one alone too; those for several outputs as they are."""
    if isinstance(metrics, dict):
        return metrics
    return list(metrics) if isinstance(metrics, list | tuple) else [metrics]


def _leaves(value: Any) -> Iterator[Any]:
    """The losses or metrics in lists and dictionaries of them."""
    if isinstance(value, list | tuple | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)
    elif value is not None:
        yield value
