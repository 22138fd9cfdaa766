"""What augmentation does to images, measured on the images."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import mnistkit
from mnistkit import Augmentation, Recipe, Trainer
from mnistkit.training.augmentation import augment, draw, vary
from mnistkit.training.seeding import epoch_key

EVERYTHING = Augmentation(
    rotation=10, scale=0.1, shear=0.1, translation=2, elastic=0.7, stroke_width=0.5, erasing=0.3
)


def varied(images, settings, key=1, step=0):
    images = tf.constant(np.asarray(images, np.float32))
    return augment(images, settings, key, step).numpy()


def blob(row, column, count=1, side=28):
    """Images of one soft spot at a place."""
    rows, columns = np.mgrid[:side, :side]
    image = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 4)
    return np.repeat(image[None], count, axis=0).astype(np.float32)


def centres(images):
    """Centre of mass of each image: rows and columns, from the middle."""
    rows, columns = np.mgrid[: images.shape[1], : images.shape[2]]
    mass = images.sum(axis=(1, 2))
    middle = (images.shape[1] - 1) / 2
    return (
        np.stack(
            [(images * rows).sum(axis=(1, 2)) / mass, (images * columns).sum(axis=(1, 2)) / mass], 1
        )
        - middle
    )


@pytest.fixture(scope="module")
def digits():
    return mnistkit.load_dataset("digits")


@pytest.fixture(scope="module")
def images(digits):
    return digits.train.arrays()[0][:64]


def test_same_key_and_step_same_images(images):
    once = varied(images, EVERYTHING, key=3, step=5)
    np.testing.assert_array_equal(once, varied(images, EVERYTHING, key=3, step=5))
    assert not np.array_equal(once, varied(images, EVERYTHING, key=3, step=6))
    assert not np.array_equal(once, varied(images, EVERYTHING, key=4, step=5))


def test_every_image_is_varied_on_its_own():
    same = varied(blob(8, 8, count=20), EVERYTHING)
    assert len({image.tobytes() for image in same}) == 20


def test_the_key_is_a_function_of_seed_and_epoch():
    keys = {epoch_key(seed, epoch) for seed in range(20) for epoch in range(20)}
    assert len(keys) == 400
    assert epoch_key(3, 4) == epoch_key(3, 4)


def test_xla_does_the_same_with_what_was_drawn(images):
    images = tf.constant(images)
    drawn = draw(images, EVERYTHING, 7, 2)
    compiled = tf.function(vary, jit_compile=True, autograph=False)
    np.testing.assert_allclose(
        compiled(images, drawn, EVERYTHING).numpy(), varied(images, EVERYTHING, 7, 2), atol=1e-4
    )


def test_pixels_stay_in_range_and_shape(images):
    found = varied(images, EVERYTHING)
    assert found.shape == images.shape
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1


def test_hardly_moved_is_hardly_changed(images):
    np.testing.assert_allclose(varied(images, Augmentation(rotation=1e-4)), images, atol=1e-3)


def test_translation_moves_up_to_that_far():
    found = centres(varied(blob(13.5, 13.5, count=2000), Augmentation(translation=3)))
    assert np.abs(found).max() <= 3.05
    assert np.abs(found).max(axis=0).min() > 2.9, "both axes"
    assert np.abs(found.mean(axis=0)).max() < 0.2, "as often one way as the other"
    np.testing.assert_allclose(found.std(axis=0), 3 / np.sqrt(3), rtol=0.1)


def test_rotation_turns_by_up_to_that_angle():
    found = centres(varied(blob(13.5, 22.5, count=2000), Augmentation(rotation=30)))
    np.testing.assert_allclose(np.hypot(*found.T), 9, atol=0.1)
    angles = np.degrees(np.arctan2(found[:, 0], found[:, 1]))
    assert 28 < angles.max() <= 30.5
    assert -30.5 <= angles.min() < -28


def test_scale_changes_width_and_height_on_their_own():
    found = centres(varied(blob(19.5, 19.5, count=2000), Augmentation(scale=0.2)))
    factors = 6 / found
    assert 0.79 < factors.min() < 0.83
    assert 1.17 < factors.max() < 1.22
    assert abs(np.corrcoef(factors.T)[0, 1]) < 0.1


def test_shear_slants():
    found = centres(varied(blob(21.5, 13.5, count=2000), Augmentation(shear=0.5)))
    np.testing.assert_allclose(found[:, 0], 8, atol=0.1)
    assert 3.8 < np.abs(found[:, 1]).max() <= 4.1


def test_nothing_is_mirrored():
    corner, right, below = (blob(*place, count=500) for place in ((8, 8), (8, 19), (19, 8)))
    start, across, down = (
        centres(varied(images, EVERYTHING.__class__(rotation=20, scale=0.2, shear=0.2)))
        for images in (corner, right, below)
    )
    one, other = across - start, down - start
    assert (one[:, 1] * other[:, 0] - one[:, 0] * other[:, 1] > 0).all()


def test_elastic_displaces_by_that_many_pixels():
    slope = np.mgrid[:28, :28].astype(np.float32) / 27
    for ramp in slope:  # what a pixel shows says from where it was taken
        found = varied(np.repeat(ramp[None], 500, axis=0), Augmentation(elastic=0.8))
        moved = ((found - ramp) * 27)[:, 5:-5, 5:-5]
        assert 0.7 < moved.std() < 0.9
        neighbours = np.diff(moved, axis=1)
        assert neighbours.std() < 0.3, "smooth"


def test_stroke_width_makes_strokes_broader_or_thinner():
    stroke = np.zeros((400, 28, 28), np.float32)
    stroke[:, 4:24, 12:16] = 1
    ink = varied(stroke, Augmentation(stroke_width=1)).sum(axis=(1, 2)) / 20
    assert 5.5 < ink.max() <= 6.5
    assert 1.7 <= ink.min() < 2.5
    assert varied(np.zeros((9, 28, 28)), Augmentation(stroke_width=1)).max() == 0


def test_erasing_blanks_a_rectangle():
    full = np.ones((500, 28, 28), np.float32)
    found = varied(full, Augmentation(erasing=0.5))
    assert set(np.unique(found)) == {0, 1}
    sides = []
    for image in found:
        rows, columns = (np.flatnonzero((image == 0).any(axis=axis)) for axis in (1, 0))
        assert (image == 0).sum() == len(rows) * len(columns)
        sides += [len(rows), len(columns)]
    assert 13 <= max(sides) <= 15


def test_colours_stay_together():
    grey = np.repeat(blob(9, 17, count=5)[..., None], 3, axis=3)
    found = varied(grey, EVERYTHING)
    assert found.shape == grey.shape
    np.testing.assert_allclose(found[..., 0], found[..., 2], atol=1e-6)


def test_engines_see_the_same_images(digits):
    recipe = Recipe(epochs=2, batch_size=50, augmentation=EVERYTHING)
    weights = []
    for engine in ("graph", "keras"):  # XLA draws other numbers
        trainer = Trainer("dense128", recipe=recipe, seed=3, engine=engine)
        trainer.fit(digits.train[:1020], verbose=0)
        weights.append(trainer.model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_xla_varies_images_too(digits):
    recipe = Recipe(epochs=2, augmentation=EVERYTHING)
    losses = []
    for engine in ("graph", "xla"):
        trainer = Trainer("dense128", recipe=recipe, seed=3, engine=engine)
        losses.append(trainer.fit(digits.train, verbose=0).history["loss"][-1])
    assert losses[0] == pytest.approx(losses[1], rel=0.1)


def test_a_stream_is_varied_too(digits):
    stream = tf.data.Dataset.from_tensor_slices(digits.train.arrays()).batch(100)
    recipe = Recipe(epochs=1, schedule="cosine", augmentation=EVERYTHING)
    plain = Trainer("dense128", recipe=recipe.replace(augmentation=None), seed=1)
    plain_loss = plain.fit(stream, verbose=0).history["loss"]
    trainer = Trainer("dense128", recipe=recipe, seed=1)
    varied_loss = trainer.fit(stream, verbose=0).history["loss"]
    assert trainer.model.optimizer.iterations.numpy() == len(stream)
    assert varied_loss[0] > plain_loss[0]


def test_the_model_does_not_keep_it(digits):
    trainer = Trainer("dense128", recipe=Recipe(epochs=1, augmentation=EVERYTHING))
    trainer.fit(digits.train[:200], verbose=0)
    probabilities = trainer.predict(digits.test)
    np.testing.assert_array_equal(probabilities, trainer.predict(digits.test))
    assert [type(layer).__name__ for layer in trainer.model.layers] == [
        "Flatten", "Dense", "Dense",
    ]  # fmt: skip
