"""Probabilities for many images, in a constant amount of memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.training.inputs import to_floats
from mnistkit.training.outputs import outputs_of, refuse_no_classes, to_probabilities

if TYPE_CHECKING:
    import keras

_BATCH = 2000


def predict_probabilities(
    model: keras.Model, images: NDArray[Any], divisor: float
) -> NDArray[np.float32]:
    """Probabilities (n, num_classes) for checked images of the model's input shape.

    Raises
    ------
    ModelError
        If the model tells no classes apart.
    """
    refuse_no_classes(model, "trainer.model.predict(images)")
    outputs = outputs_of(model)
    parts = [
        _outputs(model, to_floats(images[start : start + _BATCH], divisor))
        for start in range(0, len(images), _BATCH)
    ]
    return to_probabilities(np.concatenate(parts), outputs)


def _outputs(model: keras.Model, images: NDArray[np.float32]) -> NDArray[Any]:
    # Of a model on several devices each answers for all images; the first one's come first.
    return np.asarray(model.predict_on_batch(images))[: len(images)]
