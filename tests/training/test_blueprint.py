"""The trainer builds its model from a name or a function, and for the data if nobody said what."""

from __future__ import annotations

import functools
import inspect

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Recipe, Split, Trainer, create_model, with_recipes
from mnistkit.errors import ImageError, LabelError, ModelError, OptionError, RecipeError
from mnistkit.models import spec_of
from mnistkit.training import blueprint

ENGINES = [pytest.param("xla", marks=pytest.mark.slow), "graph", "keras"]
LONG, SHORT = Recipe(epochs=3, batch_size=7), Recipe(epochs=1, schedule="constant")


@with_recipes(long=LONG, short=SHORT)
def mine(*, num_classes=10, input_shape=(28, 28), units=2):
    layers = [keras.layers.Flatten(), keras.layers.Dense(units, "relu")]
    last = keras.layers.Dense(num_classes, "softmax")
    return keras.Sequential([keras.Input(input_shape), *layers, last])


def bare(*, num_classes=10, input_shape=(28, 28), units=2):
    return mine.__wrapped__(num_classes=num_classes, input_shape=input_shape, units=units)


def images(count=12, shape=(28, 28)):
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


def letters(count=52, shape=(28, 28), classes=26):
    names = [f"letter {number}" for number in range(classes)]
    return Split(images(count, shape), np.arange(count) % classes, classes=names)


def same_weights(one, other):
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(*pair) for pair in pairs)


# Building ##################################################################################


@pytest.mark.parametrize("model", ["dense128", "cnn", mine, bare])
def test_options_build_as_create_model_does(model):
    options = {"num_classes": 5, "input_shape": (30, 30)}
    trainer = Trainer(model, seed=4, **options)
    expected = create_model(model, seed=4, **options)
    assert same_weights(trainer.model, expected)
    assert spec_of(trainer.model) == spec_of(expected)
    assert trainer.model.output_shape == (None, 5)


def test_options_of_the_models_own():
    assert Trainer("cnn", num_classes=26, width=4).model.output_shape == (None, 26)
    assert Trainer(mine, units=8).model.layers[1].units == 8
    trained = Trainer("dense128", weights="mnist")
    assert same_weights(trained.model, create_model("dense128", weights="mnist"))


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("cnn", {"widht": 3}, r"'cnn' does not take .*'widht'.*width=16,.*Did you mean 'width'\?"),
        (mine, {"unit": 3}, r"unexpected keyword argument 'unit'.*Did you mean 'units'\?"),
        ("cnn", {"recipie": "best"}, r"Did you mean 'recipe' of Trainer\?"),
        (bare, {"num_classes": "ten"}, "num_classes='ten': expected a whole number"),
    ],
)
def test_a_wrong_option_is_refused(model, options, message):
    with pytest.raises(OptionError, match=message):
        Trainer(model, **options)


def test_a_model_that_is_built_takes_no_options():
    with pytest.raises(OptionError, match=r"does not take 'units'\. It takes recipe, seed.* built"):
        Trainer(mine(), units=3)
    with pytest.raises(OptionError, match=r"Did you mean 'engine' of Trainer\?"):
        Trainer(mine(), engin="xla")


def test_the_trainers_own_arguments_are_known():
    own = set(inspect.signature(Trainer).parameters) - {"model", "options"}
    assert set(blueprint._OWN) == own


@pytest.mark.parametrize("thing", [None, 3, ["cnn"], keras.layers.Dense(3)])
def test_what_is_no_model_is_refused(thing):
    with pytest.raises(ModelError, match=r"Expected the name of a model or a keras\.Model, not"):
        Trainer(thing)


def test_a_function_that_is_no_builder():
    with pytest.raises(ModelError, match="must take the keyword options num_classes and input_sh"):
        Trainer(lambda *, num_classes=10: mine(num_classes=num_classes))


# Recipes ###################################################################################


@pytest.mark.parametrize(
    "make", [lambda: mine, lambda: mine(units=3), lambda: create_model(mine)],
    ids=["function", "its model", "create_model"],
)  # fmt: skip
def test_recipes_are_kept(make):
    assert Trainer(make()).recipe == LONG
    assert Trainer(make(), recipe="short").recipe == SHORT


def test_a_function_with_options_filled_in(tmp_path):
    of_five = functools.partial(mine, units=5)
    trainer = Trainer(of_five, recipe="short")
    assert trainer.recipe == SHORT
    assert trainer.model.layers[1].units == 5
    trainer.save(tmp_path)
    assert same_weights(Trainer.load(tmp_path, builder=of_five).model, trainer.model)


def test_a_model_without_recipes_gets_the_defaults():
    assert Trainer(bare).recipe == Trainer(bare()).recipe == Recipe()
    with pytest.raises(RecipeError, match="has no recipe named 'best'; it has 'default'"):
        Trainer(bare(), recipe="best")


def test_decorators_in_either_order():
    for number, decorate in enumerate(
        [
            lambda name, f: mnistkit.register_model(name)(with_recipes(only=SHORT)(f)),
            lambda name, f: with_recipes(only=SHORT)(mnistkit.register_model(name)(f)),
        ]
    ):
        name = f"in-order-{number}"

        def build(*, num_classes=10, input_shape=(28, 28)):
            return bare(num_classes=num_classes, input_shape=input_shape)

        decorated = decorate(name, build)
        for model in (name, decorated, decorated(), build):
            assert Trainer(model).recipe == SHORT
            assert f"'{name}'" in repr(Trainer(model)) or model is build
        mnistkit.unregister_model(name)


# What it is called #########################################################################


def test_repr_shows_name_and_options():
    assert repr(Trainer("dense128")).startswith("<Trainer of 'dense128', seed 0, Recipe(")
    assert "<Trainer of 'cnn' (num_classes=26, width=4), seed 2," in repr(
        Trainer("cnn", num_classes=26, width=4, seed=2)
    )
    assert "of 'cnn' (width=4), seed" in repr(Trainer(mnistkit.models.cnn.cnn, width=4))
    mnistkit.register_model("named")(mine)
    try:
        assert "of 'named' (units=3), seed" in repr(Trainer("named", units=3))
        assert "of 'named' (units=3), seed" in repr(Trainer(mine, units=3))
        assert "of 'named', seed" in repr(Trainer(mine(units=3)))
    finally:
        mnistkit.unregister_model("named")
    assert f"of '{__name__}:bare', seed" in repr(Trainer(bare))
    assert "of 'sequential" in repr(Trainer(bare()))


# The data ##################################################################################


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_fit_builds_for_the_data(engine):
    split = letters(shape=(8, 8, 3))
    trainer = Trainer(mine, seed=3, engine=engine)
    assert trainer.model.output_shape == (None, 10)
    trainer.fit(split, epochs=1, verbose=0)
    told = Trainer(mine, seed=3, engine=engine, num_classes=26, input_shape=(8, 8, 3))
    told.fit(split, epochs=1, verbose=0)
    assert same_weights(trainer.model, told.model)
    assert spec_of(trainer.model).options == {"num_classes": 26, "input_shape": (8, 8, 3)}
    assert len(trainer.evaluate(split).classes) == 26


@pytest.mark.parametrize(
    ("data", "classes"),
    [
        (letters(12, classes=3), 3),  # a split knows all its classes
        (letters(20)[:5], 26),
        ((images(), np.arange(12)), 12),
        ((images(), np.arange(12) % 3), 10),  # labels do not say that there is no fourth
        (Split(images(), np.zeros(12, int)), 10),  # one class is nothing to learn
        ((images(), np.eye(4)[np.arange(12) % 4]), 4),
        ((images(shape=(28, 28, 1)), np.arange(12)[:, None] % 10), 10),
    ],
)
def test_how_many_classes_are_built(data, classes):
    trainer = Trainer(bare, engine="keras")
    trainer.fit(data, epochs=1, verbose=0)
    assert trainer.model.output_shape == (None, classes)
    assert trainer.model.input_shape == (None, 28, 28)


def test_an_option_that_no_file_can_hold():
    def build(*, num_classes=10, input_shape=(28, 28), activation=None):
        layers = [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation),
        ]
        return keras.Sequential([*layers, keras.layers.Dense(num_classes, "softmax")])

    trainer = Trainer(build, activation=keras.activations.tanh)
    trainer.fit(letters(), epochs=1, verbose=0)
    assert trainer.model.output_shape == (None, 26)
    assert trainer.model.layers[1].activation is keras.activations.tanh


def test_what_was_told_stays():
    with pytest.raises(LabelError, match=r"has 26 classes.* has 10 outputs"):
        Trainer(bare, num_classes=10).fit(letters(), epochs=1)
    with pytest.raises(ImageError, match=r"takes \('n', 28, 28\)"):
        Trainer(bare, input_shape=(28, 28)).fit(letters(shape=(8, 8)), epochs=1)
    with pytest.raises(LabelError, match="has 26 classes"):
        Trainer(bare()).fit(letters(), epochs=1)


def test_a_trained_model_stays():
    trainer = Trainer(bare, engine="keras")
    trainer.fit((images(), np.arange(12) % 3), epochs=1, verbose=0)
    model = trainer.model
    with pytest.raises(LabelError, match="has 26 classes"):
        trainer.fit(letters(), epochs=1)
    trainer.fit(letters(12, classes=3), epochs=1, verbose=0)
    assert trainer.model is model


def test_weights_that_somebody_has_set_are_not_lost():
    trainer = Trainer(bare)
    trainer.model.set_weights([weights + 1 for weights in trainer.model.get_weights()])
    with pytest.raises(LabelError, match="has 26 classes"):
        trainer.fit(letters(), epochs=1)
    frozen = Trainer(bare)
    frozen.model.layers[1].trainable = False
    with pytest.raises(LabelError, match="has 26 classes"):
        frozen.fit(letters(), epochs=1)


def test_trained_weights_get_a_new_head_only_if_they_must():
    trainer = Trainer("dense128", weights="mnist", engine="keras")
    trainer.fit(letters(12, classes=3), epochs=1, verbose=0)
    assert trainer.model.output_shape == (None, 10)
    trainer = Trainer("dense128", weights="mnist", engine="keras", recipe=SHORT)
    trainer.fit(letters(), verbose=0)
    assert trainer.model.output_shape == (None, 26)
    body = create_model("dense128", weights="mnist").get_weights()[0]
    assert np.corrcoef(trainer.model.get_weights()[0].ravel(), body.ravel())[0, 1] > 0.9


def test_measuring_builds_nothing_anew():
    """A new head would be measured untrained, without a word."""
    trainer = Trainer("dense128", weights="mnist")
    model = trainer.model
    with pytest.raises(LabelError, match="has 26 classes"):
        trainer.evaluate(letters())
    trainer.evaluate(letters(12, classes=3))
    assert trainer.predict(letters()).shape == (52, 10)
    with pytest.raises(ImageError, match=r"takes \('n', 28, 28\)"):
        trainer.predict(images(shape=(8, 8)))
    assert trainer.model is model


def test_what_was_compiled_is_kept():
    trainer = Trainer(bare)
    trainer.compile(
        keras.optimizers.SGD(0.5), metrics=["accuracy", "sparse_top_k_categorical_accuracy"]
    )
    trainer.fit(letters(), epochs=1, verbose=0)
    assert isinstance(trainer.model.optimizer, keras.optimizers.SGD)
    assert float(trainer.model.optimizer.learning_rate) == 0.5
    assert "sparse_top_k_categorical_accuracy" in trainer.history


def test_a_shape_that_the_model_cannot_take():
    with pytest.raises(ModelError, match="takes images of at least 24x24"):
        Trainer("cnn").fit(letters(shape=(20, 20)), epochs=1)


def test_a_run_is_continued_by_the_same_lines(tmp_path):
    def run(epochs, **options):
        trainer = Trainer(mine, units=3, run_dir=tmp_path)
        trainer.fit(letters(), epochs=epochs, verbose=0, **options)
        return trainer

    first = run(1)
    assert same_weights(run(1, resume=True).model, first.model)
    loaded = Trainer.load(tmp_path, builder=mine)
    assert same_weights(loaded.model, first.model)
    assert loaded.model.output_shape == (None, 26)
