"""Probabilities are the model's own, whether its forward pass is shared or not."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from mnistkit import Trainer

layers = keras.layers
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 4), dtype=np.uint8)


def network(*more: Any) -> keras.Model:
    stack = [layers.Flatten(), *more, layers.Dropout(0.5), layers.Dense(3, "softmax")]
    return keras.Sequential([keras.Input((4, 4)), *stack])


@pytest.mark.parametrize("own", [False, True])
def test_each_model_predicts_by_its_own_weights(own: bool) -> None:
    models = [network(*([layers.Lambda(lambda x: x)] if own else [])) for _ in range(2)]
    trainers = [Trainer(model) for model in models]
    for _ in range(2):
        for model, trainer in zip(models, trainers, strict=True):
            expected = model.predict_on_batch(IMAGES / np.float32(255))
            np.testing.assert_array_equal(trainer.predict(IMAGES), expected)
            np.testing.assert_array_equal(trainer.predict(IMAGES[:2]), expected[:2])
            model.set_weights([weights + 0.1 for weights in model.get_weights()])


def test_a_model_that_gets_another_layer() -> None:
    model = network()
    trainer = Trainer(model)
    before = trainer.predict(IMAGES)
    model.pop()
    model.add(layers.Dense(3, "softmax"))
    after = trainer.predict(IMAGES)
    np.testing.assert_allclose(after, model(IMAGES / np.float32(255)), atol=1e-6)
    assert not np.allclose(before, after)
