from __future__ import annotations

import numpy as np
import pytest

import mnistkit
from mnistkit.training.reuse import begin_again, drop_programs, keep_programs, program_of

RECIPE = mnistkit.Recipe(epochs=1)


@pytest.fixture
def data():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (64, 4, 4), dtype=np.uint8)
    return mnistkit.Split(images, np.arange(64) % 3)


@pytest.fixture
def model():
    return mnistkit.create_model("dense128", num_classes=3, input_shape=(4, 4))


def test_a_model_is_compiled_anew_for_every_training_unless_it_is_asked_for(model, data) -> None:
    optimizers = []
    for _ in range(2):
        mnistkit.Trainer(model, recipe=RECIPE).fit(data, verbose=0)
        optimizers.append(model.optimizer)
    assert optimizers[0] is not optimizers[1]
    assert program_of(model, "any", list) is not program_of(model, "any", list)


def test_what_is_kept_begins_anew_and_is_dropped(model, data) -> None:
    keep_programs(model)
    optimizers = []
    for _ in range(2):
        mnistkit.Trainer(model, recipe=RECIPE).fit(data, verbose=0)
        optimizers.append(model.optimizer)
    assert optimizers[0] is optimizers[1]
    assert int(model.optimizer.iterations.numpy()) == 1  # one step of the last training alone
    assert program_of(model, "any", list) is program_of(model, "any", list)
    drop_programs(model)
    assert program_of(model, "any", list) is not program_of(model, "any", list)
    assert not begin_again(model, None)


def test_another_recipe_is_compiled(model, data) -> None:
    keep_programs(model)
    mnistkit.Trainer(model, recipe=RECIPE).fit(data, verbose=0)
    first = model.optimizer
    mnistkit.Trainer(model, recipe=RECIPE.replace(learning_rate=0.1)).fit(data, verbose=0)
    assert model.optimizer is not first
