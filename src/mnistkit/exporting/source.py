"""What is exported: a trainer, a run's folder or a Keras model, with what is known of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistkit.errors import ExportError, WrongTypeError
from mnistkit.messages import shown
from mnistkit.models import list_weights, model_card, spec_of, temperature_of
from mnistkit.models.keras_settings import require_keras
from mnistkit.training import Trainer
from mnistkit.training.contract import refuse_unbuilt
from mnistkit.training.inputs import Inputs
from mnistkit.training.outputs import num_classes_of, refuse_no_classes
from mnistkit.training.shapes import input_shape_of

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Source:
    """A model to export.

    Attributes
    ----------
    model : keras.Model
    inputs : str
        How it takes images, as `Trainer` says it.
    data_name : str
        The name by which the data was loaded that it was trained on; empty if that is not known.
    name : str
        What it is called.
    shape : tuple of int
        Of one image.
    num_classes : int
    temperature : float
        What its logits are to be divided by.
    """

    model: keras.Model
    inputs: Inputs
    data_name: str
    name: str
    shape: tuple[int, ...]
    num_classes: int
    temperature: float


def source_of(model_or_run: Any) -> Source:
    """What is known of a model, a trainer or a run.

    Raises
    ------
    WrongTypeError
        If it is something else.
    ExportError
        If the model takes images of any size, or a fixed number of them.
    ModelError
        If it is not built, or tells no classes apart.
    RunFolderError
        If the folder holds no finished run.
    """
    if isinstance(model_or_run, str | os.PathLike):
        model_or_run = Trainer.load(model_or_run)
    if isinstance(model_or_run, Trainer):
        model, inputs = model_or_run.model, model_or_run.inputs
        return _described(model, inputs, model_or_run.data_name)
    require_keras()
    import keras

    if not isinstance(model_or_run, keras.Model):
        raise WrongTypeError(
            f"{shown(model_or_run)} cannot be exported: expected a keras.Model, a "
            "mnistkit.Trainer, or the folder of a saved run."
        )
    return _described(model_or_run, "images", _data_of_weights(model_or_run))


def _data_of_weights(model: keras.Model) -> str:
    """The name of the data that the package's weights of a model were trained on."""
    spec = spec_of(model)
    if spec is None or spec.weights not in list_weights(spec.name):
        return ""
    return str(model_card(spec.name, spec.weights).trained_on.get("loaded_as", ""))


def _described(model: keras.Model, inputs: Inputs, data_name: str) -> Source:
    refuse_unbuilt(model)
    refuse_no_classes(model, "keras.Model.export")
    shape, batch_size = input_shape_of(model)
    sides = tuple(side for side in shape if side is not None)
    if len(sides) < len(shape) or batch_size is not None:
        raise ExportError(
            f"The model {model.name!r} takes {(batch_size, *shape)}. A file is for any number of "
            "images of one size: build the model with keras.Input((28, 28)), say."
        )
    spec = spec_of(model)
    return Source(
        model,
        inputs,
        data_name,
        name=model.name if spec is None else spec.name,
        shape=sides,
        num_classes=num_classes_of(model) or 0,
        temperature=temperature_of(model),
    )
