"""A recipe beside what the caller compiled: its settings have an effect, or are named."""

from __future__ import annotations

import json
import logging

import keras
import numpy as np
import pytest

from mnistkit import Recipe, Trainer

layers = keras.layers
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
LABELS = np.arange(40) % 10
NUMBERS = "sparse_categorical_crossentropy"
RECIPE = Recipe(
    epochs=1, batch_size=20, weight_decay=0.1, label_smoothing=0.2, weight_averaging=0.9
)


def network():
    inputs = keras.Input((28, 28))
    return keras.Model(inputs, layers.Dense(10, "softmax")(layers.Flatten()(inputs)))


def compiled():
    model = network()
    model.compile("sgd", NUMBERS, metrics=["accuracy"])
    return model


@pytest.fixture
def warnings(caplog):
    caplog.set_level(logging.WARNING, "mnistkit")
    return lambda: [one for one in caplog.messages if "have no effect" in one]


def fitted(trainer, **settings):
    trainer.fit((IMAGES, LABELS), verbose=0, **settings)
    return trainer


def test_compiling_over_a_recipe_is_said_once(warnings):
    trainer = Trainer(network(), recipe=RECIPE)
    trainer.compile("sgd")
    fitted(fitted(trainer))
    (warning,) = warnings()
    assert "weight_decay=0.1, label_smoothing=0.2, weight_averaging=0.9" in warning
    assert trainer.recipe == Recipe(epochs=1, batch_size=20)


def test_a_run_says_nothing_of_what_the_recipe_was_not_used_for(tmp_path):
    trainer = fitted(Trainer(compiled(), recipe=Recipe(epochs=1, batch_size=20)))
    trainer.save(tmp_path)
    told = json.loads((tmp_path / "run.json").read_text())
    used = ("epochs", "batch_size", "min_steps", "augmentation")
    assert sorted(told["recipe"]) == sorted(used)
    assert told["compiled"]["optimizer"]["class_name"] == "SGD"
    assert Trainer.load(tmp_path).recipe == trainer.recipe


def test_compiling_the_model_itself_is_seen(warnings):
    trainer = Trainer(network(), recipe=RECIPE)
    trainer.model.compile("sgd", NUMBERS)
    fitted(trainer)
    assert isinstance(trainer.model.optimizer, keras.optimizers.SGD)
    assert len(warnings()) == 1


def test_a_recipe_beside_a_compiled_model(warnings):
    trainer = fitted(Trainer(compiled(), recipe=Recipe(epochs=2, learning_rate=0.5, loss="mse")))
    (warning,) = warnings()
    assert "learning_rate=0.5, loss='mse'" in warning
    assert len(trainer.history["loss"]) == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: Trainer(compiled()),
        lambda: Trainer(compiled(), recipe=Recipe(epochs=1, batch_size=20)),
        lambda: Trainer("dense128", recipe=RECIPE),
    ],
)
def test_nothing_is_said_where_nothing_is_lost(make, warnings):
    fitted(make(), epochs=1)
    assert not warnings()


def test_what_is_recorded_is_what_happened(tmp_path):
    trainer = Trainer(network(), recipe=RECIPE)
    trainer.compile("sgd")
    loaded = Trainer.load(fitted(trainer).save(tmp_path))
    assert loaded.recipe.weight_decay == loaded.recipe.weight_averaging == 0
    assert isinstance(loaded.model.optimizer, keras.optimizers.SGD)
