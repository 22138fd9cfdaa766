"""Measuring a model and predicting with it, whatever form the data has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets import Split
from mnistkit.evaluation import Evaluation
from mnistkit.training.batches import Batches, come_in_batches, measure_batches, predict_batches
from mnistkit.training.inference import predict_probabilities
from mnistkit.training.inputs import Inputs, checked_inputs
from mnistkit.training.known_writers import known_writers
from mnistkit.training.labelled import Data, labelled
from mnistkit.training.labels import numbers_to_measure
from mnistkit.training.outputs import num_classes_of
from mnistkit.training.shapes import fit_to_model

if TYPE_CHECKING:
    import keras


def measure(model: keras.Model, data: Data | Batches | Iterator[Any], inputs: Inputs) -> Evaluation:
    """What a model says about labelled images; see `Trainer.evaluate`."""
    name, classes = "", tuple[str, ...]()
    if come_in_batches(data):
        numbers, probabilities = measure_batches(data, model, inputs)
    else:
        examples = labelled(data, model, inputs)
        name, classes = examples.name, examples.classes
        numbers = numbers_to_measure(examples.labels)
        probabilities = predict_probabilities(model, examples.images, examples.divisor)
    return Evaluation.from_probabilities(
        numbers,
        probabilities,
        classes=_names(classes, num_classes_of(model) or 0),
        name=name,
        writers=known_writers(data),
    )


def predict(
    model: keras.Model, images: Split | ArrayLike | Batches | Iterator[Any], inputs: Inputs
) -> NDArray[np.float32]:
    """A model's probabilities for images; see `Trainer.predict`."""
    if come_in_batches(images):
        return predict_batches(images, model, inputs)
    given = images.images if isinstance(images, Split) else images
    array, divisor = checked_inputs(given, inputs)
    return predict_probabilities(model, fit_to_model(array, model), divisor)


def _names(names: tuple[str, ...], count: int) -> tuple[str, ...]:
    """The names of so many classes, with numbers for those that the data has no name for."""
    return (*names, *map(str, range(len(names), count)))[:count]
