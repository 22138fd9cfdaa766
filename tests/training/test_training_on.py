"""Training on from a model that was trained before trains it, however it was kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Recipe, Split, Trainer
from mnistkit.errors import RecipeError

ENGINES = [pytest.param("xla", marks=pytest.mark.slow), "graph", "keras"]


@pytest.fixture(scope="module")
def digits() -> Split:
    return mnistkit.load_dataset("digits").train.take(300)


def unnamed_model() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def by_trainer(trainer: Trainer, folder: Path, **options: object) -> Trainer:
    return Trainer.load(trainer.save(folder / "run"))


def by_model_of_trainer(trainer: Trainer, folder: Path, **options: object) -> Trainer:
    return Trainer(Trainer.load(trainer.save(folder / "run")).model, **options)


def by_keras_file(trainer: Trainer, folder: Path, **options: object) -> Trainer:
    trainer.model.save(folder / "model.keras")
    return Trainer(keras.saving.load_model(folder / "model.keras"), **options)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("again", [by_trainer, by_model_of_trainer, by_keras_file])
def test_a_finished_schedule_begins_anew(
    again: Callable[..., Trainer], engine: str, digits: Split, tmp_path: Path
) -> None:
    first = Trainer(unnamed_model(), engine=engine)
    before = first.fit(digits, epochs=4, verbose=0).history["loss"]
    trainer = again(first, tmp_path, engine=engine)
    weights = trainer.model.get_weights()
    after = trainer.fit(digits, epochs=4, verbose=0).history["loss"]
    assert after[-1] < 0.9 * before[-1]
    assert not np.array_equal(weights[0], trainer.model.get_weights()[0])


@pytest.mark.parametrize("recipe", [Recipe(weight_decay=0.1), Recipe(weight_averaging=0.9)])
def test_another_recipe_is_the_one_that_counts(
    recipe: Recipe, digits: Split, tmp_path: Path
) -> None:
    first = Trainer(unnamed_model(), engine="graph")
    first.fit(digits, epochs=1, verbose=0)
    trainer = by_keras_file(first, tmp_path, recipe=recipe, engine="graph")
    trainer.fit(digits, epochs=1, verbose=0)
    optimizer = trainer.model.optimizer
    assert optimizer.weight_decay == (recipe.weight_decay or None)
    assert optimizer.use_ema == bool(recipe.weight_averaging)


def test_what_the_caller_compiled_stays_when_it_is_loaded(digits: Split, tmp_path: Path) -> None:
    model = unnamed_model()
    model.compile(keras.optimizers.SGD(0.125), "sparse_categorical_crossentropy")
    first = Trainer(model, engine="graph")
    first.fit(digits, epochs=1, verbose=0)
    trainer = by_keras_file(first, tmp_path, engine="graph")
    trainer.fit(digits, epochs=1, verbose=0)
    assert isinstance(trainer.model.optimizer, keras.optimizers.SGD)
    assert float(trainer.model.optimizer.learning_rate) == 0.125


def test_the_name_of_a_recipes_optimizer_is_not_to_be_set() -> None:
    with pytest.raises(RecipeError, match="Adam does not take 'name'"):
        Trainer("dense128", recipe=Recipe(optimizer_options={"name": "mine"}))
