"""Fit: everything that one `fit` depends on."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistkit.models import spec_of
from mnistkit.models.code_digest import code_digest
from mnistkit.models.weights_file import weights_digest
from mnistkit.training.data import TrainingData
from mnistkit.training.description import TRAINING, Description, describe
from mnistkit.training.history_file import History
from mnistkit.training.inputs import Inputs
from mnistkit.training.labelled import Examples
from mnistkit.training.own_augmentation import OwnAugmentation
from mnistkit.training.past_fits import past_fits

if TYPE_CHECKING:
    import keras

    from mnistkit.models import Augmentation, Recipe


@dataclass(frozen=True)
class Beginning:
    """What there was before a fit.

    Attributes
    ----------
    epoch : int
        The number of the fit's first epoch, counted from 0.
    history : mapping of str to list
        What earlier fits of the trainer have measured.
    weights : str
        The digest of the model's weights.
    past_fits : tuple of dict
        What the model has been through, see `mnistkit.training.past_fits`.
    """

    epoch: int
    history: History
    weights: str
    past_fits: tuple[Description, ...]

    @classmethod
    def of(cls, model: keras.Model, epoch: int, history: Mapping[str, list[Any]]) -> Beginning:
        """The beginning of a fit that trains on from the model's present weights."""
        return cls(epoch, dict(history), weights_digest(model), past_fits(model))


@dataclass(frozen=True)
class Fit:
    """Everything that one `fit` depends on.

    Attributes
    ----------
    model : keras.Model
        Compiled.
    data : TrainingData
    recipe : Recipe
        With as many epochs as this fit trains.
    seed : int
    callbacks : tuple of keras.callbacks.Callback
    callback_settings : tuple of dict
        What each callback is set to before training; afterwards its counters have moved.
    beginning : Beginning
    inputs : str
        How the trainer takes images, see `mnistkit.training.inputs`.
    own_augmentation : OwnAugmentation or None
        A function of the caller's that varies images; the recipe has no augmentation then.
    """

    model: keras.Model
    data: TrainingData
    recipe: Recipe
    seed: int
    callbacks: tuple[keras.callbacks.Callback, ...]
    callback_settings: tuple[dict[str, Any], ...]
    beginning: Beginning
    inputs: Inputs = "images"
    own_augmentation: OwnAugmentation | None = None

    @property
    def augmentation(self) -> Augmentation | OwnAugmentation | None:
        """How training images are varied: as the recipe says, or by the caller's function."""
        return self.own_augmentation or self.recipe.augmentation or None

    @property
    def first_epoch(self) -> int:
        """The number of the first epoch, counted from 0 over all fits of the trainer."""
        return self.beginning.epoch

    @property
    def end_epoch(self) -> int:
        """The number of epochs when it is finished, those of earlier fits among them."""
        return self.beginning.epoch + self.recipe.epochs

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
            status=TRAINING,
            first_epoch=self.first_epoch,
            epochs_done=self.first_epoch,
            epochs_planned=self.end_epoch,
            data=self.data.train_record(),
            validation=self.data.validation_record(),
            example_weights=None if weights is None else hashlib.sha256(weights.data).hexdigest(),
            compiled={
                part: _without_names(compiled.get(part))
                for part in ("optimizer", "loss", "metrics", "weighted_metrics")
            },
            code=dict(_own_code(self.model)),
            callbacks=self.callback_settings,
            engine=engine,
            initial_weights=self.beginning.weights,
            final_weights=None,
            parent=self._parent(),
            earlier_fits=self.beginning.past_fits,
            inputs=self.inputs,
            own_augmentation=self.own_augmentation and self.own_augmentation.record(),
        )

    def _parent(self) -> str | None:
        """The digest of the trained weights that it goes on from, if they are known to be trained.

        If they were changed since, the digest of the initial weights is another one.
        """
        if self.beginning.past_fits:
            last: str | None = self.beginning.past_fits[-1]["final_weights"]
            return last
        spec = spec_of(self.model)
        return self.beginning.weights if spec is not None and spec.weights else None


def _own_code(model: keras.Model) -> Iterator[tuple[str, str]]:
    """Digests of the caller's own losses, metrics and optimizers."""
    metrics = getattr(model, "_compile_metrics", None)
    given = [getattr(metrics, name, None) for name in ("_user_metrics", "_user_weighted_metrics")]
    for part in _leaves([model.loss, model.optimizer, given]):
        if digest := code_digest(part):
            yield str(getattr(part, "__name__", type(part).__name__)), digest


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    else:
        yield value


def _without_names(settings: Any) -> Any:
    """A Keras configuration without the names that Keras counts up from object to object."""
    if isinstance(settings, dict):
        if settings.get("class_name") == "__lambda__":  # its code, with the name of its file
            return "lambda"
        return {key: _without_names(value) for key, value in settings.items() if key != "name"}
    if isinstance(settings, list | tuple):
        return [_without_names(value) for value in settings]
    return settings
