"""Images varied by a function of the caller's own, reproducibly, on every engine."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from mnistkit import Augmentation, Recipe, Trainer
from mnistkit.errors import RecipeError, RunFolderError

ENGINES = [pytest.param("xla", marks=pytest.mark.slow), "graph", "keras"]
LABELS = np.arange(40) % 10
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
RECIPE = Recipe(epochs=2, batch_size=16)


def inverted(images):
    return 1 - images


def noisy(images, seed):
    return images + 0.1 * tf.random.stateless_normal(tf.shape(images), seed=seed)


def trainer(engine="graph", **options):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    model = keras.Sequential([keras.Input((28, 28)), *layers])
    return Trainer(model, recipe=RECIPE, engine=engine, **options)


def weights(images=IMAGES, *, engine="graph", epochs=2, **options):
    made = trainer(engine)
    made.fit((images, LABELS), epochs=epochs, verbose=0, **options)
    return made.model.get_weights()[0]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_function_of_images(engine):
    expected = weights(255 - IMAGES, engine=engine)
    found = weights(engine=engine, augmentation=inverted)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_function_with_a_seed_draws_the_same_for_the_same_seed(engine):
    once = weights(engine=engine, augmentation=noisy)
    np.testing.assert_array_equal(once, weights(engine=engine, augmentation=noisy))
    assert not np.allclose(once, weights(engine=engine))


def test_engines_draw_the_same():
    graph, keras_own = (weights(engine=one, augmentation=noisy) for one in ("graph", "keras"))
    np.testing.assert_allclose(graph, keras_own, atol=1e-6)


def test_every_step_has_a_seed_of_its_own():
    seeds = []

    def note(images, seed):
        tf.py_function(lambda s: seeds.append(tuple(s.numpy())), [seed], [])
        return images

    weights(augmentation=note)
    assert len(set(seeds)) == len(seeds) == 6  # three steps in each of two epochs


def test_only_training_images_are_varied():
    made = trainer()
    history = made.fit(
        (IMAGES, LABELS), validation=(IMAGES, LABELS), augmentation=inverted, verbose=0
    ).history
    measured = made.evaluate((IMAGES, LABELS))
    assert history["val_loss"][-1] == pytest.approx(measured.loss, abs=1e-4)


def test_settings_take_the_place_of_the_recipes():
    varied = Augmentation(translation=3)
    by_recipe = Trainer("dense128", recipe=RECIPE.replace(augmentation=varied, epochs=1))
    by_recipe.fit((IMAGES, LABELS), verbose=0)
    by_argument = Trainer("dense128", recipe=RECIPE.replace(epochs=1))
    by_argument.fit((IMAGES, LABELS), augmentation=varied, verbose=0)
    first, second = (one.model.get_weights()[0] for one in (by_recipe, by_argument))
    np.testing.assert_array_equal(first, second)
    by_recipe.fit((IMAGES, LABELS), augmentation=Augmentation(), verbose=0)  # no variation
    assert by_recipe.recipe.augmentation == varied


def test_rows_and_numbers_as_they_are():
    rows = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, "softmax")])
    shapes = []

    def note(images):
        shapes.append(images.shape[1:])
        return images

    made = Trainer(rows, recipe=RECIPE, inputs="as they are")
    made.fit((IMAGES.reshape(-1, 784) / 100.0 - 1, LABELS), augmentation=note, verbose=0)
    assert set(map(tuple, shapes)) == {(784,)}


def test_a_stream_is_varied_too():
    plain, inverse = (
        tf.data.Dataset.from_tensor_slices((images, LABELS)).batch(16)
        for images in (IMAGES, 255 - IMAGES)
    )
    results = []
    for data, augmentation in ((plain, inverted), (inverse, None)):
        made = trainer("auto")
        made.fit(data, augmentation=augmentation, verbose=0)
        results.append(made.model.get_weights()[0])
    np.testing.assert_allclose(results[0], results[1], atol=1e-6)


def test_a_stream_is_varied_by_the_recipe():
    stream = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(16)
    found = []
    for augmentation in (Augmentation(translation=3), None):
        made = trainer("auto")
        made.fit(stream, augmentation=augmentation, epochs=1, verbose=0)
        found.append(made.model.get_weights()[0])
    assert not np.allclose(*found)


def test_the_run_says_what_varied_the_images(tmp_path):
    varied = Augmentation(rotation=5)
    made = Trainer("dense128", recipe=RECIPE.replace(augmentation=varied), run_dir=tmp_path)
    made.fit((IMAGES, LABELS), augmentation=noisy, verbose=0)
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["recipe"]["augmentation"] is None
    assert run["own_augmentation"]["function"].endswith("test_own_augmentation:noisy")
    assert Trainer.load(tmp_path).predict(IMAGES).shape == (40, 10)


def test_a_run_is_not_continued_with_another_function(tmp_path):
    def brighter(images):
        return images * 1.5

    def begun(function):
        made = Trainer("dense128", recipe=RECIPE, run_dir=tmp_path)
        made.fit((IMAGES, LABELS), augmentation=function, resume=True, verbose=0)

    begun(brighter)
    begun(brighter)
    for other in (lambda images: images * 1.6, None):
        with pytest.raises(RunFolderError, match="own_augmentation"):
            begun(other)


def draws(images):
    return images + tf.random.normal(tf.shape(images))


GENERATOR = keras.random.SeedGenerator(0)


def draws_by_keras(images):
    return images + keras.random.normal((28, 28), seed=GENERATOR)


def fails(images):
    raise ValueError("not today")


UNUSABLE = {
    "a text": ("rotate", r"augmentation='rotate': expected a mnistkit.Augmentation, or a function"),
    "a class": (Augmentation, "expected a mnistkit.Augmentation, or a function"),
    "no argument": (lambda: None, "takes other arguments"),
    "three arguments": (lambda a, b, c: a, "takes other arguments"),
    "an error": (fails, r"'fails' cannot vary a tensor of .*ValueError: not today"),
    "NumPy": (np.sin, "use TensorFlow's operations, or tf.numpy_function"),
    "nothing": (lambda images: None, "returns None; expected floats of the shape"),
    "another shape": (lambda images: images[:, :20], r"of shape \(None, 20, 28\); expected floats"),
    "integers": (lambda images: tf.cast(images, tf.int32), "returns int32 of shape"),
    "its own draws": (draws, r"no seed fixes \(RandomStandardNormal\).*def draws\(images, seed\)"),
    "a layer": (keras.layers.GaussianNoise(0.1), "at the beginning of the model, where it is se"),
    "draws of a layer inside": (draws_by_keras, r"no seed fixes \(.*seed_generator"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_vary_images(name):
    function, message = UNUSABLE[name]
    made = trainer()
    with pytest.raises(RecipeError, match=f"(?s){message}"):
        made.fit((IMAGES, LABELS), augmentation=function, verbose=0)
    assert not made.history


def test_a_recipe_has_settings_only():
    with pytest.raises(RecipeError, match=r"a function is for fit\(\.\.\., augmentation=function"):
        Recipe(augmentation=inverted)
