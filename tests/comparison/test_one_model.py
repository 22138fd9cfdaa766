from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit.comparison.one_model import forget_model, trainer_of

calls: list[str] = []


class Counting(keras.layers.Layer):
    """Counts how often a program that trains is made of its code."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training:
            calls.append("call")
        return inputs


def counted(*, num_classes=10, input_shape=(28, 28), units=8, normalized=True):
    layers = keras.layers
    hidden = [layers.Flatten(), layers.Dense(units, "relu")]
    if normalized:  # its averages are estimated anew after each epoch, by a program of their own
        hidden.append(layers.BatchNormalization())
    end = [layers.Dropout(0.5), Counting(), layers.Dense(num_classes, "softmax")]
    return keras.Sequential([keras.Input(input_shape), *hidden, *end])


@pytest.fixture(autouse=True)
def _forget():
    yield
    forget_model()


RECIPE = mnistkit.Recipe(epochs=2, batch_size=20, weight_averaging=0.9, weight_decay=0.01)


@pytest.mark.parametrize("engine", [pytest.param("xla", marks=pytest.mark.slow), "graph", "keras"])
def test_seeds_share_what_is_compiled_and_get_the_weights_of_their_own(small, engine) -> None:
    counts, found = [], []
    options = {"engine": engine, "normalized": False}
    for seed in (0, 1):
        trainer = trainer_of(counted, RECIPE, options, small.train, seed=seed)
        calls.clear()
        trainer.fit(small.train, verbose=0)
        counts.append(len(calls))
        found.append([weights.copy() for weights in trainer.model.get_weights()])
    assert counts[1] == 0 < counts[0]
    for seed in (0, 1):
        alone = mnistkit.Trainer(counted, recipe=RECIPE, seed=seed, **options)
        alone.fit(small.train, verbose=0)
        assert all(map(np.array_equal, alone.model.get_weights(), found[seed]))


def test_a_run_says_nothing_of_the_seed_before(small, tmp_path) -> None:
    for seed in (0, 1):
        folder = tmp_path / f"seed-{seed}"
        trainer = trainer_of(counted, RECIPE, {}, small.train, seed=seed, run_dir=folder)
        trainer.fit(small.train, verbose=0)
    alone = mnistkit.Trainer(counted, recipe=RECIPE, seed=1, run_dir=folder)
    alone.fit(small.train, resume=True, verbose=0)  # it is the same run, and finished
    described = mnistkit.training.run_folder.RunFolder(folder).description
    assert described["earlier_fits"] == []
    assert described["parent"] is None


def test_another_contender_gets_another_model(small) -> None:
    first = trainer_of(counted, RECIPE, {}, small.train)
    assert trainer_of(counted, RECIPE, {}, small.train, seed=1).model is first.model
    other = trainer_of(counted, RECIPE, {"units": 9}, small.train)
    assert other.model is not first.model
    assert trainer_of(counted, RECIPE.replace(epochs=1), {}, small.train).model is not first.model


def test_a_training_that_broke_off_leaves_nothing_to_the_next(small) -> None:
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    trainer = trainer_of(counted, RECIPE, {}, small.train)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(small.train, callbacks=[Stop()], verbose=0)
    found = trainer_of(counted, RECIPE, {}, small.train, seed=1)
    found.fit(small.train, verbose=0)
    alone = mnistkit.Trainer(counted, recipe=RECIPE, seed=1)
    alone.fit(small.train, verbose=0)
    assert all(map(np.array_equal, alone.model.get_weights(), found.model.get_weights()))
