"""How a model was built, so that it can be built again by name, and by which function.

The notes are kept beside the model, not in it: a model from `create_model` is a plain
``keras.Model``, and is forgotten when nobody uses it any more.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class ModelSpec:
    """How to build a model again.

    Attributes
    ----------
    name : str
        Its name in the registry, or ``"module:function"``.
    provider : str
        Who offers the name, with the version where there is one.
    options : mapping
        Every option that it was built with, `num_classes` and `input_shape` among them.
    """

    name: str
    provider: str
    options: Mapping[str, Any]


_specs: weakref.WeakKeyDictionary[keras.Model, tuple[ModelSpec, str]] = weakref.WeakKeyDictionary()
_builders: weakref.WeakKeyDictionary[keras.Model, Callable[..., Any]] = weakref.WeakKeyDictionary()


def note_builder(model: keras.Model, builder: Callable[..., Any]) -> None:
    """Note which function returned a model; it carries the model's recipes."""
    _builders[model] = builder


def builder_of(model: keras.Model) -> Callable[..., Any] | None:
    """The function that returned a model, if `create_model` or `with_recipes` have seen it."""
    return _builders.get(model)


def note_spec(model: keras.Model, spec: ModelSpec) -> None:
    """Note how a model was built, and its configuration."""
    _specs[model] = (spec, _configuration(model))


def spec_of(model: keras.Model) -> ModelSpec | None:
    """How a model was built; None if it was not made by `create_model`."""
    noted = _specs.get(model)
    return noted[0] if noted else None


def unchanged_spec_of(model: keras.Model) -> ModelSpec | None:
    """The same, but None if layers were added, removed or set otherwise since."""
    noted = _specs.get(model)
    return noted[0] if noted and noted[1] == _configuration(model) else None


def _configuration(model: keras.Model) -> str:
    """A model's configuration as text; of a model that has none, the shapes of its weights."""
    try:
        return json.dumps(model.get_config(), default=str, sort_keys=True)
    except NotImplementedError:
        return str([variable.shape for variable in model.weights])
