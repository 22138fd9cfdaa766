"""What a model computes, as plain values that two models can be compared by.

It is Keras' configuration of the model, without the names that Keras counts up from model to model,
and with a digest of the code wherever the code is the caller's own.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistkit.models.code_digest import code_digest

if TYPE_CHECKING:
    import keras

_SAID_ELSEWHERE = ("build_config", "registered_name", "module")


def architecture_of(model: keras.Model) -> dict[str, Any]:
    """What a model computes: the same for every model that was built the same way.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    dict
        The configuration, where Keras has one; the shapes of the weights; digests of the caller's
        own code in it; and what objects of the caller's own classes are set to.
    """
    parts = list(parts_of(model))
    names: dict[str, str] = {}
    for part in parts:
        names.setdefault(part.name, f"#{len(names)}")
    return {
        "configuration": plain_configuration(_configuration(model), names),
        "weights": [_shape(variable) for variable in model.weights],
        "code": {n: d for part in parts for n, d in _code(part, names[part.name])},
        "attributes": {n: v for part in parts for n, v in _attributes(part, names[part.name])},
    }


def plain_configuration(value: Any, names: Mapping[str, str]) -> Any:
    """A configuration of Keras' as plain values, with other names in place of some."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, Mapping):
        return _plain_mapping(value, names)
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_configuration(item, names) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    named = value if hasattr(value, "__name__") else type(value)
    return f"{named.__name__} {code_digest(value) or ''}".rstrip()


def _plain_mapping(value: Mapping[str, Any], names: Mapping[str, str]) -> Any:
    kind, settings = value.get("class_name"), value.get("config")
    if kind == "__lambda__":  # its code stands there, with the name of its file
        return "lambda"
    if kind == "__keras_tensor__" and isinstance(settings, Mapping):
        return plain_configuration(settings.get("keras_history"), names)
    if kind == "function":
        return str(settings)
    if kind == "DTypePolicy" and isinstance(settings, Mapping):
        return settings.get("name")
    if kind and isinstance(settings, Mapping):
        value = {"class": kind, **settings, **{n: v for n, v in value.items() if n != "config"}}
        value = {n: v for n, v in value.items() if n not in ("class_name", *_SAID_ELSEWHERE)}
    plain = {str(name): plain_configuration(item, names) for name, item in value.items()}
    counted = names.values()
    return {n: v for n, v in plain.items() if v is not None and (n != "name" or v not in counted)}


def _configuration(model: keras.Model) -> Any:
    """None for a model that has no configuration, such as a class with arguments of any kind."""
    with warnings.catch_warnings():
        # Keras warns of lambdas, since loading them would run code. This is never loaded.
        warnings.filterwarnings("ignore", "The object being serialized includes a `lambda`")
        try:
            return model.get_config()
        except NotImplementedError:
            return None


def parts_of(part: Any) -> Iterator[Any]:
    """The model and its layers and operations, those inside of others too, in their order."""
    yield part
    inside: Any = getattr(part, "operations", None) or getattr(part, "_layers", ())
    for inner in inside:
        yield from parts_of(inner)


def _shape(variable: Any) -> str:
    sides = " x ".join(map(str, variable.shape)) or "1"
    return sides if variable.trainable else f"{sides}, frozen"


def _code(part: Any, number: str) -> Iterator[tuple[str, str]]:
    """The caller's own code in a layer: its class, and functions and objects that it holds."""
    if digest := code_digest(type(part)):
        yield type(part).__name__, digest
    for name, value in _own_attributes(part):
        is_code = inspect.isfunction(value) or hasattr(value, "get_config")
        if is_code and not hasattr(value, "weights") and (digest := code_digest(value)):
            yield f"{number}.{name}", digest


def _attributes(part: Any, number: str) -> Iterator[tuple[str, Any]]:
    """What an object of the caller's own class is set to; its configuration may not say it."""
    if code_digest(type(part)):
        for name, value in _own_attributes(part):
            if isinstance(value, bool | int | float | str):
                yield f"{number}.{name}", value
            elif inspect.isroutine(value):
                yield f"{number}.{name}", value.__name__


def _own_attributes(part: Any) -> Iterator[tuple[str, Any]]:
    for name, value in sorted(vars(part).items()):
        if not name.startswith("_") and name not in _attributes_of_every_model():
            yield name, value


@functools.cache
def _attributes_of_every_model() -> frozenset[str]:
    import keras

    model = keras.Model(name="any")
    model.compile("sgd", "mse")
    return frozenset({*vars(model), "inputs", "outputs"})
