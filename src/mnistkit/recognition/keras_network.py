"""Keras models as networks that read pictures; TensorFlow is needed for these only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import ModelError
from mnistkit.models.keras_settings import require_keras
from mnistkit.recognition.network import NUM_DIGITS, Network


def keras_network(model: Any, name: str | None = None) -> Network:
    """A Keras model as a network, with the temperature that was fitted for it.

    Raises
    ------
    ModelError
        If it is none, or does not classify 28x28 images of ten digits.
    """
    require_keras()
    import keras

    from mnistkit.models import temperature_of
    from mnistkit.training.contract import refuse_unbuilt
    from mnistkit.training.outputs import num_classes_of, outputs_of, to_probabilities
    from mnistkit.training.shapes import input_shape_of

    if not isinstance(model, keras.Model):
        raise ModelError(
            f"model={model!r}: expected the name of a model, an ONNX file, the folder of a saved "
            f"run, or a keras.Model, not {type(model).__name__}."
        )
    refuse_unbuilt(model)
    (shape, _), num_classes = input_shape_of(model), num_classes_of(model)
    if shape not in ((28, 28), (28, 28, 1)) or num_classes not in (NUM_DIGITS, NUM_DIGITS + 1):
        raise ModelError(
            f"The model {model.name!r} takes {shape} and has {num_classes or 'no'} outputs of "
            "classes. To read pictures of digits it must take (28, 28) or (28, 28, 1) and have 10 "
            "outputs, or 11 of which the last is 'no digit'."
        )
    outputs = outputs_of(model)

    def logits(images: NDArray[np.float32]) -> NDArray[np.float32]:
        found = np.asarray(model.predict_on_batch(images.reshape(-1, *shape)))
        probabilities = to_probabilities(found, outputs)
        # Half precision adds up to 1 only roughly. NaN does not at all.
        if not (np.abs(probabilities.sum(axis=1) - 1) < 0.03).all():
            raise ModelError(
                f"The model {model.name!r} gives no probabilities: its outputs for one picture are "
                f"{found[0]}. Train it again if they are NaN."
            )
        logarithms: NDArray[np.float32] = np.log(np.maximum(probabilities, 1e-30))
        return logarithms

    return Network(name or model.name, logits, temperature_of(model))
