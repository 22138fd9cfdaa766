"""Where a model came from, so that it can be built again by name.

The note is kept beside the model, not in it: a model from `create_model` is a plain
``keras.Model``, and is forgotten when nobody uses it any more.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class ModelOrigin:
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


_origins: weakref.WeakKeyDictionary[keras.Model, tuple[ModelOrigin, str]] = (
    weakref.WeakKeyDictionary()
)


def remember(model: keras.Model, origin: ModelOrigin) -> None:
    """Note where a model came from, and what it looks like."""
    _origins[model] = (origin, _look(model))


def origin_of(model: keras.Model) -> ModelOrigin | None:
    """Where a model came from; None if it was not made by `create_model`."""
    noted = _origins.get(model)
    return noted[0] if noted else None


def unchanged_origin_of(model: keras.Model) -> ModelOrigin | None:
    """The same, but None if layers were added, removed or set otherwise since."""
    noted = _origins.get(model)
    return noted[0] if noted and noted[1] == _look(model) else None


def _look(model: keras.Model) -> str:
    """The model's configuration as text; of a model that has none, the shapes of its weights."""
    try:
        return json.dumps(model.get_config(), default=str, sort_keys=True)
    except NotImplementedError:
        return str([variable.shape for variable in model.weights])
