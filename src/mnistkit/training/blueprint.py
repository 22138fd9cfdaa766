"""What a trainer builds its model from, and what it may still take from the data."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistkit.datasets import Split
from mnistkit.errors import OptionError
from mnistkit.models import create_model
from mnistkit.models.spec import is_unchanged
from mnistkit.training.outputs import num_classes_of
from mnistkit.training.shapes import input_shape_of, shapes_agree

if TYPE_CHECKING:
    import keras

_OWN = ("recipe", "seed", "run_dir", "engine", "strategy", "callbacks", "inputs")


@dataclass(frozen=True)
class Blueprint:
    """What a trainer builds its model from.

    Attributes
    ----------
    model : str or function
        What `create_model` takes.
    options : mapping
        What it was told besides; nothing that it was told is changed.
    seed : int
    """

    model: str | Callable[..., keras.Model]
    options: Mapping[str, Any]
    seed: int

    def build(self) -> keras.Model:
        """Build the model.

        Raises
        ------
        UnknownNameError, AmbiguousNameError, PluginError, OptionError, ModelError, WeightsError
            As `create_model` does.
        """
        try:
            return create_model(self.model, seed=self.seed, **self.options)
        except OptionError as error:
            raise OptionError(f"{error}{_meant(self.options)}") from None

    def asked_for_by(self, data: Any, model: keras.Model) -> Blueprint:
        """The same for the images and classes of some data, as far as it was not told of them.

        Parameters
        ----------
        data : Split, (images, labels) or anything else, which asks for nothing
        model : keras.Model
            What it has built.
        """
        shape, (classes, are_all) = _shape_of(data), _classes_of(data)
        (expected, _), known = input_shape_of(model), num_classes_of(model) or classes
        is_trained = "weights" in self.options
        asked: dict[str, Any] = {}
        if len(shape) in (2, 3) and not is_trained and not _fits(shape, expected):
            asked["input_shape"] = shape
        # A trained head is kept if it can be.
        if classes > known or (1 < classes < known and are_all and not is_trained):
            asked["num_classes"] = classes
        asked = {name: value for name, value in asked.items() if name not in self.options}
        return replace(self, options={**self.options, **asked}) if asked else self

    def is_as_built(self, model: keras.Model) -> bool:
        """Whether nothing has changed a model since it was built."""
        if not is_unchanged(model):
            return False
        before = self.build().get_weights()
        return all(map(np.array_equal, model.get_weights(), before))


def blueprint_of(model: Any, options: Mapping[str, Any], seed: int) -> Blueprint | None:
    """What to build a model from; None if it is built already, or is no model at all.

    Raises
    ------
    OptionError
        If there are options for a model that is built already.
    """
    import keras

    if isinstance(model, str) or (callable(model) and not isinstance(model, keras.layers.Layer)):
        return Blueprint(model, options, seed)
    if options:
        raise OptionError(
            f"Trainer does not take {', '.join(map(repr, options))}. It takes {', '.join(_OWN)}, "
            "and the options of a model with its name or the function that builds it; this model "
            f"is built already.{_meant(options)}"
        )
    return None


def _meant(options: Mapping[str, Any]) -> str:
    """A word on the argument of the trainer's own that may have been meant."""
    near = [own for name in options for own in difflib.get_close_matches(name, _OWN, n=1)]
    return f" Did you mean {near[0]!r} of Trainer?" if near else ""


def _shape_of(data: Any) -> tuple[int, ...]:
    """The shape of one image; empty where that is not known."""
    if isinstance(data, Split):
        return tuple(data.images.shape[1:])
    images, labels = map(np.shape, _pair(data))
    return tuple(images[1:]) if images[:1] == labels[:1] else ()


def _classes_of(data: Any) -> tuple[int, bool]:
    """How many classes the data shows, 0 where none can be seen; and whether these are all."""
    if isinstance(data, Split):
        return len(data.classes), True
    labels = np.asarray(_pair(data)[1])
    if labels.ndim == 2 and labels.shape[1] > 1:  # one column a class
        return labels.shape[1], True
    is_numbers = np.issubdtype(labels.dtype, np.integer) and labels.size
    return int(labels.max()) + 1 if is_numbers else 0, False


def _pair(data: Any) -> tuple[Any, Any]:
    """Images and labels; nothing of a stream, and of what is refused later."""
    return data[:2] if isinstance(data, tuple) and len(data) > 1 else ((), ())


def _fits(found: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    """Whether images are of the shape of the input, but for a channel axis or as rows."""
    without = found[:-1] if found[-1:] == (1,) else found
    forms = (found, (*found, 1), without, (math.prod(found),))
    return any(shapes_agree(shape, expected) for shape in forms)
