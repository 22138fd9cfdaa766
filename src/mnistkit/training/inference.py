"""Probabilities for many images, in a constant amount of memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.training.inputs import to_floats

if TYPE_CHECKING:
    import keras

_BATCH = 2000


def predict_probabilities(
    model: keras.Model, images: NDArray[Any], divisor: float
) -> NDArray[np.float32]:
    """Probabilities (n, num_classes) for checked images of the model's input shape."""
    parts = [
        model.predict_on_batch(to_floats(images[start : start + _BATCH], divisor))
        for start in range(0, len(images), _BATCH)
    ]
    return np.concatenate(parts).astype(np.float32, copy=False)
