"""Another number of classes on trained weights: a new head, and the body as it was."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mnistkit import create_model, load_dataset
from mnistkit.errors import WeightsError
from mnistkit.models import spec_of
from mnistkit.models.new_head import take_body


@pytest.mark.parametrize(("name", "weights"), [("cnn", "mnist"), ("dense128", "mnist")])
def test_the_body_is_kept_and_the_head_is_fresh(name, weights):
    trained = create_model(name, weights=weights)
    model = create_model(name, weights=weights, num_classes=26, seed=3)
    options = {**spec_of(trained).options, "num_classes": 26}
    fresh = create_model(name, seed=3, **options)
    assert spec_of(model).options == options
    pairs = list(zip(model.weights, trained.weights, fresh.weights, strict=True))
    for mine, theirs, _ in pairs[:-2]:
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    for mine, _, new in pairs[-2:]:
        np.testing.assert_array_equal(mine.numpy(), new.numpy())
    assert pairs[-2][0].shape[-1] == 26


def test_the_seed_moves_the_head_alone():
    one, other = (create_model("dense128", weights="mnist", num_classes=3, seed=n) for n in (0, 1))
    same = [
        np.array_equal(*pair) for pair in zip(one.get_weights(), other.get_weights(), strict=True)
    ]
    assert same == [True, True, False, True]  # a bias begins with zeros


def test_fewer_classes_get_a_new_head_too_and_the_same_number_does_not():
    assert create_model("dense128", weights="mnist", num_classes=2).output_shape == (None, 2)
    images = load_dataset("digits").test.arrays()[0][:20]
    told, untold = (
        create_model("dense128", weights="mnist", **options)(images)
        for options in ({"num_classes": 10}, {})
    )
    np.testing.assert_array_equal(told, untold)


def two_heads(num_classes, hidden=4):
    """Two layers know the classes, one between them does not."""
    inputs = keras.Input((3,))
    x = keras.layers.Dense(hidden)(inputs)
    x = keras.layers.Dense(num_classes)(x)
    x = keras.layers.BatchNormalization(axis=1, scale=False, center=False)(x)
    return keras.Model(inputs, keras.layers.Dense(num_classes, "softmax")(x))


def test_every_layer_that_knows_the_classes_is_new():
    model, trained = two_heads(5), two_heads(7)
    before = model.get_weights()
    take_body(model, trained)
    for number, (now, was) in enumerate(zip(model.get_weights(), before, strict=True)):
        expected = trained.get_weights()[number] if number < 2 else was
        np.testing.assert_array_equal(now, expected)


def test_what_cannot_keep_anything_is_refused():
    def linear(num_classes):
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(num_classes)], name="line")

    with pytest.raises(WeightsError, match="Every layer of the model 'line' depends on the number"):
        take_body(linear(2), linear(3))
    with pytest.raises(WeightsError, match="has 2 arrays of weights, but 8 for as many classes"):
        take_body(linear(2), two_heads(3))
