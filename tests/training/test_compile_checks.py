"""What `compile` is given is looked at when it is given, not at the first step."""

from __future__ import annotations

import functools

import keras
import pytest

from mnistkit import Recipe, Trainer
from mnistkit.errors import ModelError, OptionError, RecipeError


def network():
    layers = [keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    return keras.Sequential([keras.Input((28, 28)), *layers])


NUMBERS = "sparse_categorical_crossentropy"
WRONG = {
    "an optimizer": ({"optimizer": "adm"}, r"optimizer: Keras has none named 'adm'; .*'adam'\?"),
    "a loss": ({"loss": "sparse_categorical_crosentropy"}, rf"Did you mean '{NUMBERS}'\?"),
    "a metric": ({"metrics": ["acuracy"]}, r"metrics: Keras has none named 'acuracy'; .*uracy'\?"),
    "a metric alone": ({"metrics": "acuracy"}, "metrics: Keras has none named 'acuracy'"),
    "a metric of several": ({"metrics": {"a": ["acc", "acuracy"]}}, "none named 'acuracy'"),
    "a weighted metric": ({"weighted_metrics": ["AUK"]}, r"Did you mean 'AUC'\?"),
    "an optimizer's class": ({"optimizer": keras.optimizers.Adam}, r"keras.optimizers.Adam\(0.001"),
    "an optimizer's settings": ({"optimizer": {"name": "adam"}}, "expected a name in keras.optim"),
    "a loss' class": ({"loss": keras.losses.MeanSquaredError}, r"as MeanSquaredError\(\.\.\.\)"),
    "a metric's class": ({"metrics": [keras.metrics.AUC]}, r"object, such as AUC\(\.\.\.\)\.$"),
    "a partial loss": (
        {"loss": functools.partial(max, 1)},
        "function with a name, which a partial h",
    ),
    "a number for a metric": ({"metrics": [3]}, r"metrics=3: expected a name, a function or an ob"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_compile_does_not_take(name):
    settings, message = WRONG[name]
    trainer = Trainer(network())
    with pytest.raises(RecipeError, match=message):
        trainer.compile(**settings)
    assert not trainer.model.compiled


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "sparse_crossentropy"}, "loss='sparse_crossentropy', which Keras does not know"),
        ({"metrics": ["acuracy"]}, r"metrics='acuracy', which Keras does not know; .*'accuracy'\?"),
        ({"metrics": [["acuracy"]]}, "metrics='acuracy'"),
        ({"weighted_metrics": ["AUK"]}, "weighted_metrics='AUK'"),
        ({"metrics": [keras.metrics.AUC]}, "which Keras does not know; expected a name, a funct"),
        ({"loss": functools.partial(max)}, "Keras does not know; expected a function with a name"),
    ],
)
def test_a_model_that_was_compiled_with_such(settings, message):
    model = network()
    model.compile(**{"optimizer": "adam", "loss": NUMBERS, **settings})
    with pytest.raises(ModelError, match=message):
        Trainer(model)


def test_what_keras_knows():
    trainer = Trainer(network())
    for metrics in (
        "accuracy",
        ["acc", "SparseCategoricalAccuracy"],
        keras.metrics.SparseCategoricalAccuracy(),
        [keras.metrics.sparse_categorical_accuracy],
        (),
    ):
        trainer.compile("sgd", metrics=metrics, weighted_metrics=["accuracy"])
        assert Trainer(trainer.model).model.compiled
    trainer.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy())


def test_a_misspelt_recipe_is_refused_when_the_trainer_is_made():
    for settings in ({"metrics": ("acuracy",)}, {"loss": "crossentorpy"}):
        with pytest.raises(RecipeError, match="Keras has none named"):
            Trainer("dense128", recipe=Recipe(**settings))


def test_a_strategy_by_its_name():
    with pytest.raises(OptionError, match=r"strategy='mirrored': expected a tf.distribute.Strat"):
        Trainer("dense128", strategy="mirrored")
