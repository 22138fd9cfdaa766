from __future__ import annotations

import keras
import numpy as np
import pytest

from mnistkit.errors import ModelError
from mnistkit.testing import check_model

layers = keras.layers


def dense(input_shape, num_classes, *extra, activation="softmax"):
    stack = [keras.Input(input_shape), layers.Flatten(), *extra]
    return keras.Sequential([*stack, layers.Dense(num_classes, activation=activation)])


@pytest.mark.parametrize("name", ["dense128", "cnn"])
def test_built_in_models_keep_the_contract(name):
    check_model(name)


def good(*, num_classes=10, input_shape=(28, 28), units=4):
    return dense(input_shape, num_classes, layers.Dense(units))


def test_good_builder_and_its_options():
    check_model(good, units=2)


def positional(num_classes=10, input_shape=(28, 28)):
    return dense(input_shape, num_classes)


def without_classes(*, input_shape=(28, 28)):
    return dense(input_shape, 10)


def swallows_typos(*, num_classes=10, input_shape=(28, 28), **options):
    return dense(input_shape, num_classes)


def without_defaults(*, num_classes, input_shape):
    return dense(input_shape, num_classes)


def logits(*, num_classes=10, input_shape=(28, 28)):
    return dense(input_shape, num_classes, activation=None)


def always_ten(*, num_classes=10, input_shape=(28, 28)):
    return dense(input_shape, 10)


def compiled(*, num_classes=10, input_shape=(28, 28)):
    model = dense(input_shape, num_classes)
    model.compile(loss="sparse_categorical_crossentropy")
    return model


def frozen(*, num_classes=10, input_shape=(28, 28)):
    model = dense(input_shape, num_classes)
    model.trainable = False
    return model


def fails(*, num_classes=10, input_shape=(28, 28)):
    raise RuntimeError("out of ideas")


class Restless(layers.Layer):
    def call(self, inputs):
        return inputs + keras.random.normal(keras.ops.shape(inputs))


def restless(*, num_classes=10, input_shape=(28, 28)):
    return dense(input_shape, num_classes, Restless())


def own_weights(*, num_classes=10, input_shape=(28, 28)):
    model = dense(input_shape, num_classes)
    generator = np.random.default_rng()
    model.set_weights([generator.normal(size=w.shape) for w in model.get_weights()])
    return model


@pytest.mark.parametrize(
    ("builder", "complaint"),
    [
        (positional, "'num_classes' must be keyword-only"),
        (without_classes, "it has no option 'num_classes'"),
        (swallows_typos, r"'\*\*options' would swallow misspelt options"),
        (without_defaults, "'input_shape' must have a default"),
        (logits, "its outputs are no probabilities"),
        (always_ten, r"expected \(None, 3\)"),
        (compiled, "it is compiled; leave that to the trainer"),
        (frozen, "it has nothing to train"),
        (fails, "building it raised RuntimeError: out of ideas"),
        (restless, "it gives two answers to one question"),
        (own_weights, "the same seed gives different initial weights"),
    ],
)
def test_every_breach_is_named(builder, complaint):
    with pytest.raises(ModelError, match=complaint) as caught:
        check_model(builder, input_shapes=((8, 8),))
    assert f"{builder.__module__}:{builder.__qualname__}" in str(caught.value)
