"""The same seed gives the same weights, whatever a step draws from."""

from __future__ import annotations

import logging
import random
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from mnistkit import Recipe, Trainer, create_model

layers = keras.layers
IMAGES = np.random.default_rng(0).integers(0, 256, (48, 6, 6), dtype=np.uint8)
LABELS = np.arange(48) % 3
SHAPE = {"input_shape": (6, 6), "num_classes": 3}
RECIPE = Recipe(epochs=2, batch_size=16, schedule="constant", learning_rate=0.01)


class TensorFlowNoise(layers.Layer):
    def call(self, images, training=False):
        return images + tf.random.normal(tf.shape(images)) if training else images


class KerasNoise(layers.Layer):
    def call(self, images, training=False):
        return images + keras.random.normal(keras.ops.shape(images)) if training else images


class NoisyStep(keras.Model):
    def train_step(self, data):
        images, *rest = data
        return super().train_step((images + keras.random.uniform(keras.ops.shape(images)), *rest))


def noisy(*, num_classes=3, input_shape=(6, 6), noise=KerasNoise):
    inputs = keras.Input(input_shape)
    hidden = noise()(layers.Flatten()(inputs))
    return keras.Model(inputs, layers.Dense(num_classes, "softmax")(hidden))


def own_step(*, num_classes=3, input_shape=(6, 6)):
    inputs = keras.Input(input_shape)
    return NoisyStep(inputs, layers.Dense(num_classes, "softmax")(layers.Flatten()(inputs)))


def weights(builder, engine="auto", seed=1, **options):
    trainer = Trainer(builder, seed=seed, recipe=RECIPE, engine=engine, **SHAPE, **options)
    trainer.fit((IMAGES, LABELS), verbose=0)
    return trainer.model.get_weights()[0]


@pytest.mark.parametrize(
    ("builder", "engine", "options"),
    [
        pytest.param(noisy, "xla", {"noise": KerasNoise}, marks=pytest.mark.slow),
        (noisy, "graph", {"noise": KerasNoise}),
        (noisy, "keras", {"noise": KerasNoise}),
        (noisy, "auto", {"noise": TensorFlowNoise}),
        (noisy, "keras", {"noise": TensorFlowNoise}),
        (own_step, "auto", {}),
    ],
)
def test_the_seed_fixes_the_weights(builder, engine, options):
    one, same, other = (weights(builder, engine, seed, **options) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.xla
def test_the_seed_fixes_the_weights_in_another_process():
    command = "import test_seeding as t; print(t.weights(t.own_step).tobytes().hex())"
    there = subprocess.run(
        [sys.executable, "-c", command],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == weights(own_step).tobytes().hex()


class Stop(keras.callbacks.Callback):
    stopped = False

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1 and not self.stopped:
            raise KeyboardInterrupt


@pytest.mark.parametrize("builder", [noisy, own_step])
def test_an_interruption_changes_nothing(builder, tmp_path):
    expected = weights(builder)
    run = {"seed": 1, "recipe": RECIPE, "run_dir": tmp_path, **SHAPE}
    stop = Stop()
    with pytest.raises(KeyboardInterrupt):
        Trainer(builder, **run).fit((IMAGES, LABELS), callbacks=stop, verbose=0)
    resumed = Trainer(builder, **run)
    stop.stopped = True
    resumed.fit((IMAGES, LABELS), callbacks=stop, resume="anyway", verbose=0)
    np.testing.assert_array_equal(resumed.model.get_weights()[0], expected)


def test_xla_without_a_seed_is_said(caplog):
    with caplog.at_level(logging.WARNING, "mnistkit"):
        weights(noisy, "xla", noise=TensorFlowNoise)
    assert caplog.text.count("tf.random, which has no seed under XLA") == 1
    caplog.clear()
    weights(noisy, "xla", noise=KerasNoise)
    assert "seed" not in caplog.text


def test_the_process_goes_on_as_if_nothing_had_been_drawn():
    def drawn():
        kinds = (tf.random.normal((2,)), keras.random.normal((2,)), np.random.random(2))  # noqa: NPY002
        return [np.asarray(one).tolist() for one in kinds] + [random.random()]

    keras.utils.set_random_seed(3)
    drawn()
    without = drawn()
    keras.utils.set_random_seed(3)
    drawn()
    weights(noisy)
    assert drawn() == without


class Kernel(layers.Layer):
    def build(self, shape):
        self.kernel = tf.random.normal((shape[-1],))

    def call(self, inputs):
        return inputs * self.kernel


def test_what_a_builder_draws_from_tensorflow_is_seeded():
    def builder(*, num_classes=3, input_shape=(6, 6)):
        inputs = keras.Input(input_shape)
        return keras.Model(inputs, layers.Dense(num_classes)(Kernel()(layers.Flatten()(inputs))))

    image = np.ones((1, 6, 6), np.float32)
    one, other = (create_model(builder, input_shape=(6, 6), seed=4) for _ in range(2))
    np.testing.assert_array_equal(one(image), other(image))
