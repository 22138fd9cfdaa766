"""What a model is given: images, floats without rounding, rows of pixels, numbers as they are."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Augmentation, Recipe, Trainer
from mnistkit.errors import ImageError, ModelError, RecipeError

ENGINES = [pytest.param("xla", marks=pytest.mark.slow), "graph", "keras"]
RANDOM = np.random.default_rng(0)
LABELS = np.arange(40) % 10
IMAGES = RANDOM.integers(0, 256, (40, 28, 28), dtype=np.uint8)
FLOATS = RANDOM.random((40, 28, 28), dtype=np.float32)
STANDARD = (IMAGES / 255 - 0.1307) / 0.3081
ONE_STEP = Recipe(epochs=2, batch_size=40, optimizer="sgd", learning_rate=0.1, schedule="constant")


def network(*first, shape=(28, 28)):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    return keras.Sequential([keras.Input(shape), *first, *layers])


def trained(images, *, shape=(28, 28), engine="graph", inputs="images", **options):
    trainer = Trainer(network(shape=shape), recipe=ONE_STEP, engine=engine, inputs=inputs)
    trainer.fit((images, LABELS), verbose=0, **options)
    return trainer


def in_keras(images, shape=(28, 28)):
    """The weights after Keras' own steps over all images."""
    model = network(shape=shape)
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    model.fit(images, LABELS, batch_size=40, epochs=2, verbose=0)
    return model.get_weights()


def assert_weights(trainer, expected, atol=2e-6):
    for one, other in zip(trainer.model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=atol)


@pytest.mark.parametrize("engine", ENGINES)
def test_floats_are_trained_on_as_they_are(engine):
    """Rounded to 8 bits they would give weights that differ by 1e-4."""
    coarse = FLOATS / 100
    assert_weights(trained(coarse, engine=engine), in_keras(coarse), atol=1e-7)


def test_images_that_were_divided_already_are_the_same_run(tmp_path):
    whole = trained(IMAGES).model.get_weights()
    for divided in (IMAGES / 255, IMAGES.astype("float32") / 255):
        assert_weights(trained(divided), whole, atol=0)
    recipe = Recipe(epochs=1)
    Trainer("dense128", recipe=recipe, run_dir=tmp_path).fit((IMAGES, LABELS), verbose=0)
    again = Trainer("dense128", recipe=recipe, run_dir=tmp_path)
    again.fit((IMAGES / 255, LABELS), resume=True, verbose=0)


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_of_pixels_for_a_model_that_takes_rows(engine):
    rows = IMAGES.reshape(40, 784)
    trainer = trained(rows, shape=(784,), engine=engine)
    assert_weights(trainer, in_keras(rows / 255, shape=(784,)))


def test_pictures_for_a_model_that_takes_rows():
    split, rows = mnistkit.Split(IMAGES, LABELS), IMAGES.reshape(40, 784)
    trainer = trained(rows, shape=(784,), validation=split)
    by_split = Trainer(network(shape=(784,)), recipe=ONE_STEP)
    by_split.fit(split, validation=(rows, LABELS), verbose=0)
    assert_weights(by_split, trainer.model.get_weights())
    for images in (IMAGES, IMAGES[..., None], rows, IMAGES / 255, split):
        np.testing.assert_array_equal(trainer.predict(images), trainer.predict(rows))
    assert trainer.evaluate(split).accuracy == trainer.evaluate((rows, LABELS)).accuracy
    with pytest.raises(ImageError, match=r"shape \(40, 27, 28\), but the model .* \('n', 784\)"):
        trainer.predict(IMAGES[:, 1:])


@pytest.mark.parametrize("engine", ENGINES)
def test_standardised_images(engine):
    trainer = trained(STANDARD, engine=engine, inputs="as they are")
    assert_weights(trainer, in_keras(STANDARD))
    expected = trainer.model.predict(STANDARD, verbose=0)
    np.testing.assert_allclose(trainer.predict(STANDARD), expected, atol=1e-6)
    result = trainer.evaluate((STANDARD, LABELS))
    np.testing.assert_allclose(result.probabilities, expected, atol=1e-6)


def test_nothing_is_divided():
    """Integers in 0-255 reach a model that divides them itself."""
    model = network(keras.layers.Rescaling(1 / 255))
    with pytest.raises(ModelError, match="divided by 255 already"):
        Trainer(model)
    trainer = Trainer(model, recipe=ONE_STEP, inputs="as they are")
    split = mnistkit.Split(IMAGES, LABELS)
    trainer.fit(split, validation=(IMAGES.astype(np.float64), LABELS), verbose=0)
    assert_weights(trainer, in_keras(IMAGES / 255))
    expected = model.predict(IMAGES.astype("float32"), verbose=0)
    for images in (IMAGES, IMAGES.astype(np.int64), IMAGES.astype(np.float64)):
        np.testing.assert_allclose(trainer.predict(images), expected, atol=1e-6)
    np.testing.assert_allclose(trainer.evaluate(split).probabilities, expected, atol=1e-6)


def test_a_normalisation_layer_of_numbers_as_they_are():
    layer = keras.layers.Normalization(axis=None)
    layer.adapt(IMAGES.astype(np.float32))
    trainer = Trainer(network(layer), recipe=ONE_STEP, inputs="as they are")
    trainer.fit((IMAGES, LABELS), validation=0.25, verbose=0)
    assert trainer.predict(IMAGES).shape == (40, 10)


@pytest.mark.parametrize("name", ["dense128", None])
def test_a_saved_run_knows_what_its_inputs_are(name, tmp_path):
    recipe = Recipe(epochs=1)
    trainer = Trainer(name or network(), recipe=recipe, inputs="as they are")
    trainer.save(tmp_path / "untrained")
    assert Trainer.load(tmp_path / "untrained").inputs == "as they are"
    trainer.fit((STANDARD, LABELS), verbose=0)
    trainer.save(tmp_path / "saved")
    loaded = Trainer.load(tmp_path / "saved")
    assert loaded.inputs == "as they are"
    np.testing.assert_allclose(loaded.predict(STANDARD), trainer.predict(STANDARD), atol=1e-6)
    loaded.fit((STANDARD, LABELS), epochs=1, verbose=0)


def test_a_run_with_other_inputs_is_another_run(tmp_path):
    recipe = Recipe(epochs=1)
    Trainer("dense128", recipe=recipe, run_dir=tmp_path).fit((FLOATS, LABELS), verbose=0)
    other = Trainer("dense128", recipe=recipe, run_dir=tmp_path, inputs="as they are")
    with pytest.raises(mnistkit.errors.RunFolderError, match="inputs: 'images' then, 'as they"):
        other.fit((FLOATS, LABELS), resume=True, verbose=0)


@pytest.mark.parametrize("inputs", ["images", "as they are"])
def test_what_is_never_an_input(inputs):
    trainer = Trainer(network(), inputs=inputs)
    broken = FLOATS.copy()
    broken[3, 3, 3] = np.nan
    for images, message in (
        (broken, "NaN or infinite"),
        (broken[:0], "There are no images"),
        (IMAGES.astype(str), "cannot be of type <U"),
    ):
        for call in (
            lambda x=images: trainer.fit((x, LABELS[: len(x)])),
            lambda x=images: trainer.evaluate((x, LABELS[: len(x)])),
            lambda x=images: trainer.predict(x),
        ):
            with pytest.raises(ImageError, match=message):
                call()


def test_numbers_outside_the_range_need_the_callers_word():
    with pytest.raises(ImageError, match=r"outside 0 to 1\..*inputs='as they are'"):
        trained(STANDARD)
    with pytest.raises(ImageError, match=r"inputs='as they are'"):
        Trainer(network()).predict(STANDARD)


@pytest.mark.parametrize("value", ["standardised", None, True, 255, ["images"]])
def test_other_words(value):
    with pytest.raises(RecipeError, match=r"inputs=.*: expected 'images', .*or 'as they are'"):
        Trainer(network(), inputs=value)


def test_augmentation_knows_paper_and_pixels():
    varied = Recipe(epochs=1, augmentation=Augmentation(rotation=5))
    with pytest.raises(RecipeError, match=r"knows paper as 0.*a function of your own"):
        Trainer(network(), recipe=varied, inputs="as they are").fit((STANDARD, LABELS))
    with pytest.raises(RecipeError, match=r"needs pictures.*takes \(784,\)"):
        Trainer(network(shape=(784,)), recipe=varied).fit((IMAGES, LABELS))
