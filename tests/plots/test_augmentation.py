from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import mnistkit
from mnistkit import Augmentation, Recipe
from mnistkit.errors import RecipeError
from mnistkit.plots import plot_augmentation

STRONG = Augmentation(rotation=15, translation=3)


@pytest.fixture(scope="module")
def split():
    return mnistkit.load_dataset("digits").train


def drawn(ax):
    return [np.asarray(image.get_array()) for image in ax.images]


def test_each_row_begins_with_the_original(split):
    ax = plot_augmentation(split, STRONG, count=3, variants=4)
    pictures = drawn(ax)
    assert len(pictures) == 15
    originals = pictures[::5]
    for original in originals:
        assert (split.images == original).all(axis=(1, 2)).any()
    assert [text.get_text() for text in ax.texts] == ["original"] * 3
    assert ax.get_title() == repr(STRONG)


def test_variants_differ_and_depend_on_the_seed_alone(split):
    once, again, other = (drawn(plot_augmentation(split, STRONG, seed=s)) for s in (1, 1, 2))
    assert all(np.array_equal(*pair) for pair in zip(once, again, strict=True))
    assert not np.array_equal(once[1], other[1])
    assert len({picture.tobytes() for picture in once[:9]}) == 9


def test_a_recipe_will_do_and_so_will_an_axes(split):
    _, ax = plt.subplots()
    recipe = Recipe(augmentation=STRONG)
    assert plot_augmentation(split.images, recipe, count=1, variants=1, ax=ax) is ax
    assert len(ax.images) == 2


@pytest.mark.parametrize("nothing", [Recipe(), Augmentation()])
def test_nothing_to_draw(split, nothing):
    with pytest.raises(RecipeError, match="varies nothing"):
        plot_augmentation(split, nothing)


def test_something_else(split):
    with pytest.raises(RecipeError, match="augmentation='strong': expected a mnistkit"):
        plot_augmentation(split, "strong")
