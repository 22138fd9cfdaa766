"""What builders are called with, and what they must return."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit.errors import ModelError, OptionError
from mnistkit.models import MODELS, spec_of


def test_seed_fixes_the_initial_weights():
    def weights(seed):
        return mnistkit.create_model("cnn", seed=seed).get_weights()

    for one, other in zip(weights(1), weights(1), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(weights(1)[0], weights(2)[0])


@pytest.mark.parametrize(
    "first", ["pass", pytest.param("import tensorflow", marks=pytest.mark.slow)]
)
def test_initial_weights_do_not_depend_on_what_was_imported_before(first):
    """Here it was Keras."""
    script = f"""
{first}
import mnistkit
print([float(abs(w).sum()) for w in mnistkit.create_model("cnn", seed=3).get_weights()])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    here = mnistkit.create_model("cnn", seed=3).get_weights()
    assert done.stdout.strip() == str([float(abs(w).sum()) for w in here])


def test_the_state_of_other_random_generators_is_left_alone():
    def seed_both():
        random.seed(5)
        np.random.seed(5)  # noqa: NPY002  (the state of the old generator is what is tested)

    def draw_both():
        return random.random(), np.random.random()  # noqa: NPY002

    seed_both()
    mnistkit.create_model("cnn")
    after = draw_both()
    seed_both()
    assert after == draw_both()


def test_unknown_option():
    with pytest.raises(OptionError, match=r"'cnn' does not take these options.*dropot"):
        mnistkit.create_model("cnn", dropot=0.1)


def test_a_function_that_is_no_builder():
    with pytest.raises(ModelError, match=r"'os:getcwd' cannot be built: its function must take"):
        mnistkit.create_model("os:getcwd")


def returns_a_layer(*, num_classes=10, input_shape=(28, 28)):
    return keras.layers.Dense(num_classes)


def returns_an_unbuilt_model(*, num_classes=10, input_shape=(28, 28)):
    return keras.Sequential([keras.layers.Dense(num_classes)])


def returns_too_many_outputs(*, num_classes=10, input_shape=(28, 28)):
    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten()])


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (returns_a_layer, "returned Dense; its function must return a keras.Model"),
        (returns_an_unbuilt_model, "is not built"),
        (returns_too_many_outputs, r"outputs of shape \(None, 784\).*expected \(None, 10\)"),
    ],
)
def test_builders_that_break_the_contract(builder, message):
    mnistkit.register_model("broken")(builder)
    try:
        with pytest.raises(ModelError, match=message):
            mnistkit.create_model("broken")
    finally:
        MODELS.unregister("broken")


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_numbers_of_numpy(dtype):
    labels = np.arange(10, dtype=dtype)
    model = mnistkit.create_model(
        "cnn",
        num_classes=labels.max() + 1,
        input_shape=[dtype(28), dtype(28)],
        seed=dtype(3),
        dropout=np.float32(0.25),
    )
    assert model.output_shape == (None, 10)
    options = spec_of(model).options
    assert json.loads(json.dumps(options)) == {
        "num_classes": 10,
        "input_shape": [28, 28],
        "dropout": 0.25,
    }
    expected = mnistkit.create_model("cnn", seed=3).get_weights()
    np.testing.assert_array_equal(model.get_weights()[0], expected[0])


@pytest.mark.parametrize("shape", [28, np.int64(28), [28, 28], np.array([28, 28]), iter([28, 28])])
def test_forms_of_an_input_shape(shape):
    assert mnistkit.create_model("dense128", input_shape=shape).input_shape == (None, 28, 28)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": True}, "num_classes=True: expected a whole number of at least 1"),
        ({"num_classes": 10.0}, r"num_classes=10\.0: expected a whole number"),
        ({"num_classes": "10"}, "num_classes='10': expected"),
        ({"num_classes": 0}, "num_classes=0: expected a whole number of at least 1"),
        ({"num_classes": np.uint8(0)}, r"can overflow; write int\(labels\.max\(\)\) \+ 1"),
        ({"input_shape": "28x28"}, r"expected \(height, width\) or \(height, width, channels\)"),
        ({"input_shape": 28.0}, r"input_shape=28\.0: expected \(height, width\)"),
        ({"input_shape": True}, "input_shape=True: expected"),
        ({"input_shape": (28, 28.5)}, r"input_shape=28\.5: expected a whole number"),
        ({"input_shape": (28, 0)}, "input_shape=0: expected a whole number of at least 1"),
        ({"seed": "1"}, "seed='1': expected a whole number"),
        ({"seed": 1.5}, r"seed=1\.5: expected a whole number"),
        ({"seed": False}, "seed=False: expected a whole number"),
    ],
)
def test_options_that_are_no_numbers(options, message):
    with pytest.raises(OptionError, match=message):
        mnistkit.create_model("dense128", **options)


def without_channel(*, num_classes=10, input_shape=(28, 28)):
    images = keras.Input(input_shape)
    return keras.Model(images, keras.layers.Conv2D(2, 3)(images))


def misspelt(*, num_classes=10, input_shape=(28, 28), units=3):
    return keras.Dense(units)


def test_a_convolution_without_a_channel_is_told_what_it_lacks():
    with pytest.raises(ModelError) as caught:
        mnistkit.create_model(without_channel)
    assert "without_channel' cannot be built: ValueError: Input 0" in str(caught.value)
    assert " (test_building.py, line " in str(caught.value)
    assert "; begin it with keras.layers.Reshape((*input_shape, 1))" in str(caught.value)
    assert isinstance(caught.value.__cause__, ValueError)


def test_what_a_builder_raises_is_told_with_its_line_and_its_options():
    with pytest.raises(ModelError, match=r"cannot be built with units=5: AttributeError: .*line"):
        mnistkit.create_model(misspelt, units=5)


def test_our_own_errors_and_interruptions_of_a_builder_stay_what_they_are():
    def refuses(*, num_classes=10, input_shape=(28, 28), error=None):
        raise error

    for error in (OptionError("mine"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught:
            mnistkit.create_model(refuses, error=error)
        assert caught.value is error


def test_pooling_without_a_channel_is_told_the_same_and_images_with_one_are_not():
    def pooled(*, num_classes=10, input_shape=(28, 28)):
        images = keras.Input(input_shape)
        flat = images if len(input_shape) == 2 else keras.layers.Reshape(input_shape[:2])(images)
        return keras.Model(images, keras.layers.MaxPooling2D()(flat))

    with pytest.raises(ModelError, match=r"; begin it with keras\.layers\.Reshape"):
        mnistkit.create_model(pooled)
    with pytest.raises(ModelError) as caught:
        mnistkit.create_model(pooled, input_shape=(28, 28, 1))
    assert "begin it with" not in str(caught.value)
