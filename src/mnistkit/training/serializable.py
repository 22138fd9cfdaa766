"""Whether a model that was not built by name could be loaded again, before it is trained."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mnistkit.errors import ModelError
from mnistkit.models import unchanged_spec_of
from mnistkit.models.building import seeded

if TYPE_CHECKING:
    import keras


def refuse_unserializable(model: keras.Model) -> None:
    """Refuse a model with parts that Keras writes to a file and cannot read from it.

    Raises
    ------
    ModelError
        The message names the first such part, and what to do.
    """
    if unchanged_spec_of(model) is not None:
        return  # built again by its name, from code
    for part in _parts(model):
        # New layers draw seeds from the process's random state, which is put back.
        with seeded(0):
            if _comes_back(part):
                continue
        raise ModelError(
            f"The model {model.name!r} could be saved, but not loaded again: {_reason(part)}; or "
            "give the model a name with mnistkit.register_model, so that it is built from your "
            "code."
        )


def _reason(part: Any) -> str:
    """What is wrong with a part, and how to mend it."""
    import keras

    mark = "@keras.saving.register_keras_serializable() above"
    if isinstance(part, keras.layers.Lambda):
        return (
            f"{part.name!r} is a Lambda layer, and no function is read from a file. Write a class "
            f"of your own, a keras.layers.Layer, with {mark} it"
        )
    if name := getattr(part, "__name__", None):
        return f"Keras does not find the function {name!r} again. Write {mark} it"
    return (
        f"Keras does not get the class {type(part).__name__!r} back from its configuration. Write "
        f"{mark} the class, with every argument of __init__ in get_config"
    )


def _parts(model: keras.Model) -> Iterator[Any]:
    """The smallest parts first, so that the message names one of them and not the whole."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _parts(layer)
        else:
            yield from _own_functions(layer)
            yield layer
    if model.compiled:
        given = model.get_compile_config() or {}
        yield from (getattr(model, name, None) for name in ("loss", "optimizer") if name in given)
        yield from _leaves(getattr(model, "_compile_metrics", None))
    # Keras' own classes come back if their parts do; a second whole model would need its memory.
    if not _is_keras_own(model):
        yield model


def _own_functions(layer: keras.layers.Layer) -> Iterator[Any]:
    """The caller's functions and objects in one of Keras' layers, such as an activation."""
    import keras

    if not _is_keras_own(layer) or isinstance(layer, keras.layers.Lambda):
        return
    for value in vars(layer).values():
        if isinstance(value, keras.layers.Layer):
            yield from _own_functions(value)
        elif _is_function_or_object(value) and not _is_keras_own(value):
            yield value


def _is_function_or_object(value: Any) -> bool:
    return inspect.isfunction(value) or hasattr(value, "get_config")


def _is_keras_own(part: Any) -> bool:
    named = part if inspect.isfunction(part) else type(part)
    return str(named.__module__).startswith("keras.")


def _leaves(metrics: Any) -> Iterator[Any]:
    """The metrics as the caller gave them."""
    for name in ("_user_metrics", "_user_weighted_metrics"):
        given = getattr(metrics, name, None)
        yield from given if isinstance(given, list | tuple) else ()


def _comes_back(part: Any) -> bool:
    """Whether Keras gets a part back from what it writes of it."""
    import keras

    if part is None or isinstance(part, str):
        return True
    try:
        config = keras.saving.serialize_keras_object(part)
        if isinstance(config, dict):
            config.pop("build_config", None)  # weights take memory, and tell nothing
        keras.saving.deserialize_keras_object(config, safe_mode=True)
    # Keras, and classes of one's own, raise anything here.
    except Exception:  # noqa: BLE001
        return False
    return True
