"""A model that does not know its input yet is built on the first images that it is given."""

from __future__ import annotations

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

from mnistkit import Recipe, Split, Trainer
from mnistkit.errors import ModelError

layers = keras.layers
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
LABELS = np.arange(40) % 10
RECIPE = Recipe(epochs=1, batch_size=20)


@keras.saving.register_keras_serializable("test_late_build")
class Dense(keras.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.flatten = layers.Flatten()
        self.dropout = layers.Dropout(0.5)
        self.end = layers.Dense(10, "softmax")

    def call(self, images, training=False):
        return self.end(self.dropout(self.flatten(images), training=training))


@keras.saving.register_keras_serializable("test_late_build")
class Convolution(keras.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.convolution = layers.Conv2D(2, 5, strides=5, activation="relu")
        self.flatten = layers.Flatten()
        self.end = layers.Dense(10)

    def call(self, images):
        return self.end(self.flatten(self.convolution(images)))


def sequential():
    return keras.Sequential([layers.Flatten(), layers.Dense(10, "softmax")])


def sequential_convolution():
    return keras.Sequential([layers.Conv2D(2, 5, strides=5), layers.Flatten(), layers.Dense(10)])


MODELS = [Dense, Convolution, sequential, sequential_convolution]


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("first", ["fit", "evaluate", "predict"])
def test_it_is_built_on_the_first_images(make, first, caplog):
    data = Split(IMAGES, LABELS)
    trainer = Trainer(make(), recipe=RECIPE)
    with caplog.at_level(logging.INFO, "mnistkit"):
        if first == "fit":
            trainer.fit(data, verbose=0)
        elif first == "evaluate":
            assert trainer.evaluate((IMAGES, LABELS)).probabilities.shape == (40, 10)
        else:
            assert trainer.predict(IMAGES).shape == (40, 10)
    assert "was built for images of shape (28, 28" in caplog.text
    trainer.fit(data, verbose=0)
    np.testing.assert_allclose(trainer.predict(data).sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("make", MODELS)
def test_it_is_saved_and_loaded(make, tmp_path):
    trainer = Trainer(make(), recipe=RECIPE, run_dir=tmp_path / "run")
    trainer.fit((IMAGES, LABELS), verbose=0)
    loaded = Trainer.load(tmp_path / "run")
    np.testing.assert_allclose(loaded.predict(IMAGES), trainer.predict(IMAGES), atol=1e-6)
    before = loaded.model.get_weights()[0].copy()
    loaded.fit((IMAGES, LABELS), verbose=0)
    assert not np.array_equal(before, loaded.model.get_weights()[0])


@pytest.mark.filterwarnings("ignore:`build..` was called on layer")  # Keras says so to the caller
def test_a_model_that_was_called_or_built_before():
    for model in (Dense(), Convolution()):
        model(IMAGES[:2, ..., None].astype(np.float32))
        Trainer(model, recipe=RECIPE).fit((IMAGES, LABELS), verbose=0)
    model = Dense()
    model.build((None, 28, 28))
    Trainer(model, recipe=RECIPE).fit((IMAGES, LABELS), verbose=0)


def test_a_stream_says_the_shape():
    stream = tf.data.Dataset.from_tensor_slices((IMAGES[..., None], LABELS)).batch(20)
    trainer = Trainer(Convolution(), recipe=RECIPE)
    trainer.fit(stream, verbose=0)
    assert trainer.evaluate((IMAGES, LABELS)).accuracy >= 0


def test_what_was_compiled_before_it_was_built_is_used():
    model = sequential()
    model.compile("sgd", "sparse_categorical_crossentropy")
    trainer = Trainer(model)
    trainer.fit((IMAGES, LABELS), epochs=1, verbose=0)
    assert isinstance(trainer.model.optimizer, keras.optimizers.SGD)


class Picky(keras.Model):
    def call(self, images):
        raise ValueError("three colours are expected")


def test_what_cannot_be_built():
    with pytest.raises(ModelError, match=r"does not run on images of shape \(28, 28\).*colours"):
        Trainer(Picky()).predict(IMAGES)


def test_what_is_wrong_with_it_is_said_when_it_is_built():
    twice = keras.Sequential([layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(10)])
    with pytest.raises(ModelError, match="takes images in 0-255"):
        Trainer(twice).fit((IMAGES, LABELS), verbose=0)
    with pytest.raises(ModelError, match=r"outputs of shape \(n, 28, 3\)"):
        Trainer(keras.Sequential([layers.Dense(3)])).fit((IMAGES, LABELS), verbose=0)
