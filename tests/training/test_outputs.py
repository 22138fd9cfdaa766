"""Logits and one sigmoid for two classes are known for what they are, also before training."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import mnistkit
from mnistkit import Recipe, Trainer
from mnistkit.errors import LabelError, ModelError

layers = keras.layers
ENGINES = [pytest.param("xla", marks=pytest.mark.slow), "graph", "keras"]
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (60, 28, 28), dtype=np.uint8)
LABELS = np.arange(60) % 10
RECIPE = Recipe(epochs=2, batch_size=16, learning_rate=0.01, weight_averaging=0.5)


def network(*end):
    return keras.Sequential([keras.Input((28, 28)), layers.Flatten(), *end])


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


class Subclassed(keras.Model):
    def __init__(self, units=10):
        super().__init__()
        self.flatten = layers.Flatten()
        self.dense = layers.Dense(units)

    def call(self, images):
        return self.dense(self.flatten(images))


class Halved(Subclassed):
    def call(self, images):
        return super().call(images) / 2


class Compiled(Subclassed):
    @tf.function
    def call(self, images):
        return tf.identity(tf.reshape(super().call(images), (-1, self.dense.units)))


def built(model):
    model(np.zeros((1, 28, 28), np.float32))
    return model


@pytest.mark.parametrize(
    "model",
    [
        lambda: network(layers.Dense(10)),
        lambda: network(layers.Dense(10, kernel_initializer="zeros")),
        lambda: network(layers.Dense(10), layers.Activation("linear")),
        lambda: network(layers.Dense(10), layers.Reshape((2, 5)), layers.Flatten()),
        lambda: network(layers.Dense(10, dtype="bfloat16")),
        lambda: network(layers.Dense(10, "log_softmax")),
        lambda: network(network_without_input()),
        lambda: built(Subclassed()),
        lambda: built(Halved()),
        lambda: built(Compiled()),
    ],
)
def test_the_softmax_of_logits(model):
    model = model()
    probabilities = Trainer(model).predict(IMAGES)
    expected = softmax(model.predict(IMAGES / np.float32(255), verbose=0).astype(np.float32))
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    assert probabilities.dtype == np.float32


def network_without_input():
    return keras.Sequential([keras.Input((784,)), layers.Dense(10)])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_logits_are_trained_as_their_softmax_is(engine, smoothing):
    results = []
    for end in ([layers.Dense(10)], [layers.Dense(10), layers.Softmax()]):
        model = network(*end)
        model.set_weights([RNG.normal(0, 0.02, (784, 10)) * 0 + 0.01, np.arange(10) / 50])
        trainer = Trainer(
            model, recipe=RECIPE.replace(label_smoothing=smoothing), seed=1, engine=engine
        )
        history = trainer.fit((IMAGES, LABELS), validation=(IMAGES, LABELS), verbose=0).history
        results.append((trainer.predict(IMAGES), history["loss"], history["val_accuracy"]))
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-4)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("last", "loss"),
    [("sigmoid", "binary_crossentropy"), (None, "sparse_categorical_crossentropy")],
)
def test_one_output_for_two_classes(engine, last, loss):
    labels = LABELS % 2
    images = np.zeros((60, 28, 28), np.uint8)
    images[labels == 0, :14] = images[labels == 1, 14:] = 200
    trainer = Trainer(
        network(layers.Dense(1, last)), recipe=RECIPE.replace(loss=loss), engine=engine
    )
    data = (images, labels)
    history = trainer.fit(data, validation=data, epochs=5, verbose=0).history
    result = trainer.evaluate(data)
    assert result.accuracy == 1
    assert history["val_accuracy"][-1] == 1
    assert history["val_loss"][-1] == pytest.approx(result.loss, rel=1e-3, abs=1e-5)
    assert trainer.predict(images).shape == (60, 2)
    np.testing.assert_allclose(trainer.predict(images).sum(axis=1), 1, atol=1e-6)


def test_one_output_does_not_tell_three_classes_apart():
    trainer = Trainer(network(layers.Dense(1, "sigmoid")))
    with pytest.raises(LabelError, match=r"The data has 3 classes, .*num_classes=3"):
        trainer.fit((IMAGES, LABELS % 3), verbose=0)


@pytest.mark.parametrize("end", [[layers.Dense(10)], [layers.Dense(1, "sigmoid")]])
@pytest.mark.parametrize("compiled", [False, True])
def test_what_outputs_mean_is_known_again_after_loading(tmp_path, end, compiled):
    model = network(*end)
    single = model.output_shape[-1] == 1
    if compiled:
        from_logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", "binary_crossentropy" if single else from_logits)
    trainer = Trainer(model)
    trainer.fit((IMAGES, LABELS % 2 if single else LABELS), epochs=1, verbose=0)
    loaded = Trainer.load(trainer.save(tmp_path))
    np.testing.assert_array_equal(loaded.predict(IMAGES), trainer.predict(IMAGES))
    loaded.fit((IMAGES, LABELS % 2 if single else LABELS), epochs=1, verbose=0)


def test_recognize_applies_the_softmax():
    model = mnistkit.create_model("dense128")
    logits = keras.Model(model.inputs[0], logits_of(model))
    picture = 255 - IMAGES[0]
    picture[:] = 255
    picture[6:22, 13:16] = 0
    one, other = (mnistkit.recognize(picture, model=each) for each in (model, logits))
    assert [digit.label for digit in one] == [digit.label for digit in other]
    np.testing.assert_allclose(one.probability, other.probability, atol=1e-4)


def logits_of(model):
    last = model.layers[-1]
    linear = layers.Dense(10)
    logits = linear(last.input)
    linear.set_weights(last.get_weights())
    return logits


@pytest.mark.filterwarnings("ignore:You are using a softmax")
def test_a_softmax_over_one_output_is_refused():
    model = network(layers.Dense(1, "softmax"))
    with pytest.raises(ModelError, match="always 1"):
        Trainer(model)
