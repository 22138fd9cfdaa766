"""After few steps, batch normalisation's moving averages are those of the training images."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import mnistkit
from mnistkit import Recipe, Split, Trainer
from mnistkit.training import final_weights
from mnistkit.training.moving_averages import estimate_averages

layers = keras.layers
ENGINES = [pytest.param("xla", marks=pytest.mark.slow), "graph", "keras"]
RECIPE = Recipe(epochs=2, batch_size=32, learning_rate=0.01)


@pytest.fixture(scope="module")
def digits() -> Split:
    return mnistkit.load_dataset("digits").train.take(320)


@keras.saving.register_keras_serializable("test_moving_averages")
class Block(layers.Layer):
    """A layer of one's own that has batch normalisation inside."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.dense = layers.Dense(16)
        self.normalization = layers.BatchNormalization(name="inside")

    def build(self, shape: tuple[int, ...]) -> None:
        self.dense.build(shape)
        self.normalization.build((*shape[:-1], 16))
        super().build(shape)

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        return tf.nn.relu(self.normalization(self.dense(inputs), training=training))


def network(kind: str = "plain", momentum: float = 0.99) -> keras.Model:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((28, 28))
    x = layers.Flatten()(layers.AveragePooling1D(2)(inputs))
    if kind == "own layer":
        x = Block()(x)
    else:
        inside = keras.Sequential(
            [
                keras.Input((x.shape[-1],)),
                layers.Dense(16),
                layers.BatchNormalization(momentum=momentum, name="inside"),
                layers.ReLU(),
            ]
        )
        x = inside(x)
        inside.get_layer("inside").trainable = kind != "frozen"
    x = layers.Dropout(0.1)(x)
    return keras.Model(inputs, layers.Dense(10, "softmax")(x))


def inside(model: keras.Model) -> keras.layers.BatchNormalization:
    return next(layer for layer in model._flatten_layers() if layer.name == "inside")


def averages(model: keras.Model) -> list[np.ndarray]:
    layer = inside(model)
    return [layer.moving_mean.numpy(), layer.moving_variance.numpy()]


@pytest.mark.parametrize("kind", ["plain", "own layer"])
@pytest.mark.parametrize("engine", ENGINES)
def test_few_steps_are_measured_as_what_they_are(digits: Split, engine: str, kind: str) -> None:
    trainer = Trainer(network(kind), recipe=RECIPE, engine=engine)
    history = trainer.fit(digits, validation=digits, verbose=0).history
    assert trainer.evaluate(digits).accuracy > 0.8
    assert history["val_accuracy"][-1] > 0.8
    assert history["val_loss"][-1] == pytest.approx(trainer.evaluate(digits).loss, rel=1e-4)


def test_they_are_the_means_over_the_images(digits: Split) -> None:
    """320 images are two batches of 160, all of them seen."""
    trainer = Trainer(network(), recipe=RECIPE, engine="graph")
    trainer.fit(digits, verbose=0)
    model = trainer.model
    dense = next(one for one in model._flatten_layers() if isinstance(one, layers.Dense))
    flat = layers.AveragePooling1D(2)(digits.images.astype("float32") / 255)
    outputs = dense(layers.Flatten()(flat)).numpy()
    mean, variance = averages(model)
    np.testing.assert_allclose(mean, outputs.mean(axis=0), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(variance, outputs.var(axis=0), rtol=0.1)


@pytest.mark.parametrize("engine", ENGINES)
def test_training_is_not_touched(
    digits: Split, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the weights nor what dropout draws."""

    def trained() -> tuple[keras.Model, list[float]]:
        trainer = Trainer(network(), recipe=RECIPE, engine=engine)
        trainer.fit(digits, validation=digits.take(20), verbose=0)
        return trainer.model, trainer.history["loss"]

    model, losses = trained()
    monkeypatch.setattr("mnistkit.training.moving_averages._SHARE", 1.0)
    same, same_losses = trained()
    assert losses == same_losses
    for one, other in zip(model.trainable_variables, same.trainable_variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert not np.allclose(averages(model)[0], averages(same)[0], rtol=0.1)


def test_after_many_steps_they_stay_to_the_bit(
    digits: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained() -> list[np.ndarray]:
        trainer = Trainer(network(momentum=0.5), recipe=RECIPE, engine="graph")
        trainer.fit(digits, validation=digits.take(20), verbose=0)
        return trainer.model.get_weights()

    weights = trained()
    monkeypatch.setattr("mnistkit.training.moving_averages._SHARE", 1.0)
    for one, other in zip(weights, trained(), strict=True):
        np.testing.assert_array_equal(one, other)


class SetsWeights(keras.callbacks.Callback):
    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.model.layers[-1].bias.assign_add([1.0] * 10)


@pytest.mark.parametrize(("callbacks", "count"), [([], 2), ([SetsWeights()], 3)])
def test_the_same_weights_are_looked_at_once(
    digits: Split, monkeypatch: pytest.MonkeyPatch, callbacks: list[object], count: int
) -> None:
    estimates = []

    def counting(model: keras.Model, *given: object) -> None:
        estimates.append(model)
        estimate_averages(model, *given)

    monkeypatch.setattr(final_weights, "estimate_averages", counting)
    Trainer(network(), recipe=RECIPE).fit(digits.take(64), callbacks=callbacks)
    assert len(estimates) == count


def test_what_is_frozen_stays(digits: Split) -> None:
    model = network("frozen")
    inside(model).moving_mean.assign(np.arange(16.0))
    Trainer(model, recipe=RECIPE, engine="graph").fit(digits, verbose=0)
    np.testing.assert_array_equal(averages(model)[0], np.arange(16.0))


def test_a_stream(digits: Split) -> None:
    stream = tf.data.Dataset.from_tensor_slices((digits.images, digits.labels)).batch(32)
    trainer = Trainer(network(), recipe=RECIPE)
    trainer.fit(stream, verbose=0)
    assert trainer.evaluate(digits).accuracy > 0.8


class InterruptionError(Exception):
    """As a killed process."""


@pytest.mark.parametrize("when", ["after the first epoch", "after the last epoch"])
def test_an_interrupted_run_ends_with_the_same(digits: Split, tmp_path: Path, when: str) -> None:
    def run(folder: Path, *, interrupted: bool) -> Trainer:
        def stop_in(epoch: int, logs: object) -> None:
            if interrupted and epoch == 1:
                raise InterruptionError

        def stop_after(logs: object) -> None:
            if interrupted:
                raise InterruptionError

        callback = keras.callbacks.LambdaCallback(
            **{"on_epoch_begin": stop_in}
            if when == "after the first epoch"
            else {"on_train_end": stop_after}
        )
        trainer = Trainer(
            "averaged", recipe=RECIPE.replace(weight_averaging=0.9), run_dir=folder, engine="graph"
        )
        trainer.fit(digits, validation=digits.take(20), callbacks=callback, resume=True, verbose=0)
        return trainer

    @mnistkit.register_model("averaged")
    def averaged(*, num_classes: int = 10, input_shape: tuple[int, ...] = (28, 28)) -> keras.Model:
        return network()

    whole = run(tmp_path / "whole", interrupted=False)
    with pytest.raises(InterruptionError):
        run(tmp_path / "parts", interrupted=True)
    parts = run(tmp_path / "parts", interrupted=False)
    assert whole.history == parts.history
    for one, other in zip(whole.model.get_weights(), parts.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
