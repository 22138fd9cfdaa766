"""Fit: everything that one `fit` depends on."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistkit.training.data import Examples, TrainingData
from mnistkit.training.description import Description, describe
from mnistkit.training.inputs import Inputs

if TYPE_CHECKING:
    import keras

    from mnistkit.models import Recipe


@dataclass(frozen=True)
class Fit:
    """Everything that one `fit` depends on.

    Attributes
    ----------
    model : keras.Model
        Compiled.
    data : TrainingData
    recipe : Recipe
    seed : int
    callbacks : tuple of keras.callbacks.Callback
    callback_settings : tuple of dict
        What each callback is set to before training; afterwards its counters have moved.
    inputs : str
        How the trainer takes images, see `mnistkit.training.inputs`.
    """

    model: keras.Model
    data: TrainingData
    recipe: Recipe
    seed: int
    callbacks: tuple[keras.callbacks.Callback, ...]
    callback_settings: tuple[dict[str, Any], ...]
    inputs: Inputs = "images"

    def describe(self, engine: str) -> Description:
        """What a run's folder says of it, if it is trained by that engine."""
        with warnings.catch_warnings():
            # Keras warns of lambdas, since loading them would run code. This is never loaded.
            warnings.filterwarnings("ignore", "The object being serialized includes a `lambda`")
            compiled = self.model.get_compile_config() or {}
        weights = self.data.train.weights if isinstance(self.data.train, Examples) else None
        return describe(
            self.model,
            self.recipe,
            self.seed,
            self.data.train_record(),
            validation=self.data.validation_record(),
            example_weights=None if weights is None else hashlib.sha256(weights.data).hexdigest(),
            compiled={
                part: _without_names(compiled.get(part))
                for part in ("optimizer", "loss", "metrics", "weighted_metrics")
            },
            callbacks=self.callback_settings,
            engine=engine,
            inputs=self.inputs,
        )


def _without_names(settings: Any) -> Any:
    """A Keras configuration without the names that Keras counts up from object to object."""
    if isinstance(settings, dict):
        return {key: _without_names(value) for key, value in settings.items() if key != "name"}
    if isinstance(settings, list | tuple):
        return [_without_names(value) for value in settings]
    return settings
