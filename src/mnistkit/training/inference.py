"""Probabilities for many images, in a constant amount of memory."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.training.inputs import to_floats
from mnistkit.training.outputs import outputs_of, refuse_no_classes, to_probabilities
from mnistkit.training.reuse import shared_program
from mnistkit.training.same_program import what_is_computed
from mnistkit.training.shapes import input_shape_of

if TYPE_CHECKING:
    import keras

_BATCH = 2000

_forwards: weakref.WeakKeyDictionary[
    keras.Model, tuple[tuple[int, ...], Callable[..., Any] | None]
] = weakref.WeakKeyDictionary()


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
    forward = _shared_forward(model)
    if forward is not None:
        return np.asarray(forward(images))
    # Of a model on several devices each answers for all images; the first one's come first.
    return np.asarray(model.predict_on_batch(images))[: len(images)]


def _shared_forward(model: keras.Model) -> Callable[..., Any] | None:
    """The forward pass, compiled once for all models that compute the same; None if not for this.

    It is looked up once for a model, and again when the model has other variables.
    """
    variables = tuple(map(id, model.variables))
    known = _forwards.get(model)
    if known is None or known[0] != variables:
        known = _forwards[model] = (variables, _look_up_forward(model))
    return known[1]


def _look_up_forward(model: keras.Model) -> Callable[..., Any] | None:
    import keras
    import tensorflow as tf

    same = what_is_computed(model)
    is_plain = type(model).predict_step is keras.Model.predict_step and not model.run_eagerly
    if same is None or not is_plain or tf.config.functions_run_eagerly():
        return None
    jit_compile = bool(model.jit_compile)
    function = tf.function(
        lambda images: model(images, training=False), autograph=False, jit_compile=jit_compile
    )
    images = tf.TensorSpec((None, *input_shape_of(model)[0]), tf.float32)
    program = shared_program(model, function, ("forward", jit_compile), same, [images])
    return program and (lambda images: program(tf.constant(images)))
