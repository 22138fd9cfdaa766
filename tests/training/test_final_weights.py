"""What is measured is what a callback sees, saves and restores: the averaged weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Dataset, Recipe, Trainer

ENGINES = [pytest.param("xla", marks=pytest.mark.slow), "graph", "keras"]
# A high rate, so that weights and averages are far apart.
RECIPE = Recipe(epochs=4, batch_size=32, learning_rate=0.02, schedule="constant")
AVERAGED = RECIPE.replace(weight_averaging=0.9)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    whole = mnistkit.load_dataset("digits")
    return dataclasses.replace(whole, train=whole.train.take(320), test=whole.test.take(100))


def network() -> keras.Model:
    layers = keras.layers
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.AveragePooling1D(2),
            layers.Flatten(),
            layers.Dense(8),
            layers.BatchNormalization(momentum=0.8),
            layers.ReLU(),
            layers.Dropout(0.2),
            layers.Dense(10, "softmax"),
        ]
    )


def trainer_of(engine: str, how: str = "recipe") -> Trainer:
    if how == "recipe":
        return Trainer(network(), recipe=AVERAGED, engine=engine)
    trainer = Trainer(network(), recipe=RECIPE, engine=engine)
    trainer.compile(keras.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.9))
    return trainer


@pytest.mark.parametrize("how", ["recipe", "compile"])
@pytest.mark.parametrize("engine", ENGINES)
def test_saved_is_what_was_measured(digits: Dataset, engine: str, how: str, tmp_path: Path) -> None:
    path = str(tmp_path / "{epoch}.weights.h5")
    saving = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    trainer = trainer_of(engine, how)
    history = trainer.fit(digits.train, validation=digits.test, callbacks=saving).history
    assert history["val_loss"][-1] == pytest.approx(trainer.evaluate(digits.test).loss, rel=1e-4)
    for epoch, loss in enumerate(history["val_loss"], start=1):
        trainer.model.load_weights(tmp_path / f"{epoch}.weights.h5")
        assert trainer.evaluate(digits.test).loss == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize("engine", ENGINES)
def test_restored_is_what_was_measured(digits: Dataset, engine: str) -> None:
    stopping = keras.callbacks.EarlyStopping(min_delta=9, patience=2, restore_best_weights=True)
    trainer = trainer_of(engine)
    history = trainer.fit(digits.train, validation=digits.test, callbacks=stopping).history
    assert len(history["val_loss"]) == 3
    assert trainer.evaluate(digits.test).loss == pytest.approx(history["val_loss"][0], rel=1e-4)


@pytest.mark.parametrize("engine", ENGINES)
def test_seen_is_what_training_ends_with(digits: Dataset, engine: str) -> None:
    """Without validation, too."""
    seen: list[Any] = []
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(trainer.model.get_weights())
    )
    trainer = trainer_of(engine)
    trainer.fit(digits.train, callbacks=look)
    for weights, last in zip(trainer.model.get_weights(), seen[-1], strict=True):
        np.testing.assert_array_equal(weights, last)


@pytest.mark.parametrize("engine", ENGINES)
def test_to_look_changes_nothing(digits: Dataset, engine: str) -> None:
    one, other = trainer_of(engine), trainer_of(engine)
    one.fit(digits.train)
    other.fit(
        digits.train,
        validation=digits.test,
        callbacks=keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
    )
    for weights, same in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, same)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_callback_sets_stays(digits: Dataset, engine: str) -> None:
    class Reset(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 3:
                self.model.layers[-1].kernel.assign(np.ones((8, 10)))

    trainer = trainer_of(engine)
    trainer.fit(digits.train, validation=digits.test, callbacks=Reset())
    np.testing.assert_array_equal(trainer.model.layers[-1].kernel.numpy(), np.ones((8, 10)))
    assert np.abs(trainer.model.layers[-1].bias.numpy()).max() > 0


def test_few_steps_leave_no_average_behind(digits: Dataset) -> None:
    """Twenty steps: a thousandth of each would leave the first step's weights as they are."""
    recipe = RECIPE.replace(epochs=2, learning_rate=0.01, weight_averaging=0.999)
    trainer = Trainer(network(), recipe=recipe, engine="graph")
    trainer.fit(digits.train)
    assert trainer.evaluate(digits.test).accuracy > 0.6
