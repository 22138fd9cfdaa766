"""How a model was built is known beside it."""

from __future__ import annotations

import gc

import keras

import mnistkit
from mnistkit.models import builder_of, spec_of, unchanged_spec_of
from mnistkit.models.spec import _builders, is_unchanged


def test_spec_is_kept_beside_the_model():
    model = mnistkit.create_model("cnn", num_classes=3, dropout=0.1)
    spec = spec_of(model)
    assert (spec.name, spec.options["dropout"]) == ("cnn", 0.1)
    assert spec.provider.startswith("mnistkit ")
    assert spec_of(keras.Sequential([keras.Input((2,))])) is None


def test_module_function_as_a_name():
    model = mnistkit.create_model("mnistkit.models.dense128:dense128")
    assert spec_of(model).name == "mnistkit.models.dense128:dense128"


def test_a_changed_model_is_not_rebuilt_by_name():
    model = mnistkit.create_model("dense128")
    assert is_unchanged(model)
    assert unchanged_spec_of(model) is spec_of(model)
    model.layers[1].trainable = False
    assert not is_unchanged(model)
    assert unchanged_spec_of(model) is None
    assert spec_of(model).name == "dense128"


def test_an_option_that_no_file_can_hold():
    def build(*, num_classes=10, input_shape=(28, 28), activation=None):
        layers = [keras.layers.Flatten(), keras.layers.Dense(num_classes, activation)]
        return keras.Sequential([keras.Input(input_shape), *layers])

    model = mnistkit.create_model(build, activation=keras.activations.softmax)
    assert is_unchanged(model)
    assert spec_of(model).options["activation"] is keras.activations.softmax
    assert unchanged_spec_of(model) is None


def test_a_model_that_nobody_uses_is_forgotten():
    @mnistkit.with_recipes(only=mnistkit.Recipe())
    def build(*, num_classes=10, input_shape=(28, 28)):
        model = keras.Sequential([keras.Input(input_shape), keras.layers.Flatten()])
        return keras.Sequential([model, keras.layers.Dense(num_classes, "softmax")])

    before = len(_builders)
    models = [build(), mnistkit.create_model(build)]
    assert [builder_of(model) is not None for model in models] == [True, True]
    assert builder_of(models[0]) is build.__wrapped__
    del models
    gc.collect()
    assert len(_builders) <= before
