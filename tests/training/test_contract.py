"""Models from outside are held against what the trainer promises of them, before the first step."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mnistkit import Trainer
from mnistkit.errors import ModelError

layers = keras.layers
LABELS = np.arange(40) % 10
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)


def network(*first, last="softmax", outputs=10, dtype=None):
    end = layers.Dense(outputs, last, dtype=dtype)
    return keras.Sequential([keras.Input((28, 28)), *first, layers.Flatten(), end])


def fit(model, **options):
    Trainer(model, **options).fit((IMAGES, LABELS), epochs=1, verbose=0)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            lambda: network(last="sigmoid"),
            r"as from a sigmoid\..*Dense\(10, activation=\"softmax\"",
        ),
        (lambda: network(last="hard_sigmoid"), "as from a sigmoid"),
        (lambda: keras.Sequential([keras.Input((28, 28)), layers.Dense(3)]), r"\(n, 28, 3\)"),
    ],
)
def test_outputs_that_are_no_classes(model, message):
    with pytest.raises(ModelError, match=message) as caught:
        Trainer(model())
    assert "compile it first" in str(caught.value)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("outputs", [2, 10, 200])
def test_a_softmax_of_any_precision_is_one(dtype, outputs):
    Trainer(network(outputs=outputs, dtype=dtype))


def test_a_batch_of_a_fixed_size():
    stack = [layers.Flatten(), layers.Dense(10, "softmax")]
    for size in (1, 2, 8):
        Trainer(keras.Sequential([keras.Input(batch_shape=(size, 28, 28)), *stack]))


def several(kind):
    inputs = keras.Input((28, 28))
    flat = layers.Flatten()(inputs)
    ends = [layers.Dense(count, "softmax")(flat) for count in (10, 3)]
    outputs = {"list": ends, "dict": dict(zip("ab", ends, strict=True)), "one": ends[:1]}[kind]
    return keras.Model(inputs, outputs)


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_several_outputs(kind):
    model = several(kind)
    with pytest.raises(ModelError, match=r"keras\.Model\(model\.inputs\[0\], model\.outputs\[0\]"):
        Trainer(model)
    fit(keras.Model(model.inputs[0], model.outputs[0]))


def test_several_inputs():
    one, other = keras.Input((28, 28)), keras.Input((3,))
    both = layers.Concatenate()([layers.Flatten()(one), other])
    with pytest.raises(ModelError, match="expected one batch of images"):
        Trainer(keras.Model([one, other], layers.Dense(10, "softmax")(both)))


@pytest.mark.parametrize("wrap", [lambda one: [one], lambda one: {"image": one}])
def test_a_list_of_one(wrap):
    inputs = keras.Input((28, 28), name="image")
    outputs = layers.Dense(10, "softmax")(layers.Flatten()(inputs))
    for model in (keras.Model(wrap(inputs), outputs), keras.Model(inputs, wrap(outputs))):
        if isinstance(model.input_shape, tuple) and isinstance(model.output_shape, tuple):
            continue  # Keras has unwrapped it
        with pytest.raises(ModelError, match=r"Take one of each: keras\.Model"):
            Trainer(model)
        fit(keras.Model(model.inputs[0], model.outputs[0]))


def adapted():
    layer = layers.Normalization(axis=None)
    layer.adapt(IMAGES.astype(np.float32))
    return layer


@pytest.mark.parametrize(
    "first",
    [
        lambda: [layers.Rescaling(1 / 255)],
        lambda: [layers.Rescaling(1 / 127.5, offset=-1)],
        lambda: [layers.Reshape((28, 28, 1)), layers.Rescaling(1 / 255)],
        lambda: [layers.Rescaling(1 / 16), layers.Rescaling(1 / 16)],
        lambda: [keras.Sequential([keras.Input((28, 28)), layers.Rescaling(1 / 255)])],
        lambda: [adapted()],
    ],
)
def test_a_layer_that_divides_images_once_more(first):
    model = network(*first())
    with pytest.raises(ModelError, match=r"which takes images in 0-255.*Build the model without"):
        Trainer(model)
    trainer = Trainer(
        keras.Sequential([keras.Input((28, 28)), layers.Rescaling(255.0), model]), seed=0
    )
    trainer.fit((IMAGES, LABELS), epochs=1, verbose=0)


@keras.saving.register_keras_serializable("test_contract")
class Divide(layers.Layer):
    def call(self, images):
        return images / 255.0


@keras.saving.register_keras_serializable("test_contract")
def divided(images):
    return (images - 0.5) / 255


@pytest.mark.parametrize(
    "scale",
    [
        lambda images: images / 255,
        lambda images: images * (1 / 255),
        lambda images: keras.ops.divide(images, 255.0) - 1,
        layers.Lambda(divided),
        Divide(),
        lambda images: layers.GaussianNoise(0.1)(layers.Reshape((28, 28, 1))(images) / 255),
        lambda images: layers.Normalization(axis=None, mean=0.1, variance=0.3)(images / 255),
    ],
)
def test_a_division_that_is_no_layer_of_keras(scale):
    inputs = keras.Input((28, 28))
    flat = layers.Flatten()(scale(inputs))
    model = keras.Model(inputs, layers.Dense(10, "softmax", name="end")(flat))
    with pytest.raises(ModelError, match=r"scales images before its layer 'end': .*0\.00"):
        Trainer(model)
    fit(keras.Sequential([keras.Input((28, 28)), layers.Rescaling(255.0), model]))


class OwnNetwork(keras.Model):
    def __init__(self, divisor, first):
        super().__init__()
        self.divisor = divisor
        self.blocks = [first, keras.Sequential([layers.Flatten(), layers.Dense(10, "softmax")])]

    def call(self, images):
        hidden = images / self.divisor
        for block in self.blocks:
            hidden = block(hidden)
        return hidden


@pytest.mark.parametrize("first", [layers.Flatten, lambda: layers.LSTM(3)])
def test_a_division_in_the_call_of_a_model_of_ones_own(first):
    model, right = OwnNetwork(255.0, first()), OwnNetwork(2.0, first())
    for one in (model, right):
        one(IMAGES[:2] / np.float32(255))
    Trainer(right)
    with pytest.raises(ModelError, match=r"scales images before its layer '(dense|lstm)"):
        Trainer(model)
    assert not any("call" in vars(layer) for layer in model._flatten_layers())


def test_what_scales_frozen_features_is_not_mistaken():
    inputs = keras.Input((28, 28))
    frozen = layers.Dense(5, trainable=False)(inputs)
    outputs = layers.Dense(10, "softmax")(layers.Flatten()(frozen / 255))
    Trainer(keras.Model(inputs, outputs))


@pytest.mark.parametrize(
    "first",
    [
        lambda: [layers.Rescaling(2.0, offset=-1)],
        lambda: [layers.Rescaling(255.0)],
        lambda: [layers.Normalization(axis=None, mean=0.13, variance=0.1)],
        lambda: [layers.Flatten(), layers.Dense(3), layers.Rescaling(1 / 255)],
    ],
)
def test_other_layers_that_scale(first):
    Trainer(network(*first()))
