"""How a model was built, so that it can be built again by name, and by which function.

The notes are kept beside the model, not in it: a model from `create_model` is a plain
``keras.Model``, and is forgotten when nobody uses it any more.
"""

from __future__ import annotations

import inspect
import json
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mnistkit.models.code_digest import code_digest

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
        Every option that it was given, `num_classes` and `input_shape` among them.
    defaults : mapping
        The builder's defaults for the others.
    other_defaults : mapping of str to str
        The defaults that no file can hold, such as functions, as text.
    weights : str or None
        The trained weights that it began with.
    """

    name: str
    provider: str
    options: Mapping[str, Any]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    other_defaults: Mapping[str, str] = field(default_factory=dict)
    weights: str | None = None


def make_spec(
    name: str,
    provider: str,
    builder: Callable[..., Any],
    given: Mapping[str, Any],
    weights: str | None = None,
) -> ModelSpec:
    """How a builder was called, its defaults written out: they may be others tomorrow."""
    bound = inspect.signature(builder).bind(**given)
    bound.apply_defaults()
    added = {n: v for n, v in bound.kwargs.items() if n not in given}
    plain = {n: v for n, v in added.items() if is_plain(v)}
    others = {n: _as_text(v) for n, v in added.items() if n not in plain}
    return ModelSpec(name, provider, given, plain, others, weights)


def is_plain(value: Any) -> bool:
    """Whether a file can hold a value, and gives it back."""
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and is_plain(item) for name, item in value.items())
    return isinstance(value, bool | int | float | str) or value is None


def _as_text(value: Any) -> str:
    named = value if hasattr(value, "__name__") else type(value)
    return f"{named.__name__} {code_digest(value) or ''}".rstrip()


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
    """The same, but None if it does not say all that a file needs to build the model again.

    So it is if layers were added, removed or set otherwise since, or an option was given that no
    file can hold, such as a function.
    """
    spec = spec_of(model)
    return spec if spec and is_plain(spec.options) and is_unchanged(model) else None


def is_unchanged(model: keras.Model) -> bool:
    """Whether a model has the layers, set as they were, that it was built with."""
    noted = _specs.get(model)
    return noted is not None and noted[1] == _configuration(model)


def _configuration(model: keras.Model) -> str:
    """A model's configuration as text; of a model that has none, the shapes of its weights."""
    try:
        return json.dumps(model.get_config(), default=str, sort_keys=True)
    except NotImplementedError:
        return str([variable.shape for variable in model.weights])
