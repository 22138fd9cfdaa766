"""The temperature of a model, kept beside it, as long as its weights are those it was fitted for.

Logits are divided by it before the softmax, so that probabilities are as often right as they say.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from mnistkit.models.weights_file import weights_digest

if TYPE_CHECKING:
    import keras

_temperatures: weakref.WeakKeyDictionary[keras.Model, tuple[str, float]] = (
    weakref.WeakKeyDictionary()
)


def note_temperature(model: keras.Model, temperature: float) -> None:
    """Note the temperature of a model with the weights that it has now."""
    if temperature == 1:
        _temperatures.pop(model, None)
    else:
        _temperatures[model] = (weights_digest(model), temperature)


def temperature_of(model: keras.Model) -> float:
    """The temperature of a model; 1 if none was noted, or its weights are others since."""
    digest, temperature = _temperatures.get(model, ("", 1.0))
    return temperature if digest and digest == weights_digest(model) else 1.0
