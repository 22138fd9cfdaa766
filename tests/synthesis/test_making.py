"""Training examples: a function of the seed alone, with the classes that were asked for."""

from __future__ import annotations

import numpy as np
import pytest

import mnistkit
from mnistkit.errors import ImageError, OptionError
from mnistkit.synthesis import KINDS, render_digit
from mnistkit.synthesis.making import make_examples


def test_the_number_of_processes_changes_nothing() -> None:
    digits = mnistkit.load_dataset("digits").train[:12]
    made = [
        make_examples(digits, digits.images, pictures=12, others=8, processes=count)
        for count in (1, 2)
    ]
    for one, other in zip(*made, strict=True):
        np.testing.assert_array_equal(one, other)
    images, labels, origins = made[0]
    assert len(images) == len(labels) == len(origins) > 12
    np.testing.assert_array_equal(images[:12], digits.images)
    np.testing.assert_array_equal(origins[:12], np.arange(12))
    shown = labels < 10
    np.testing.assert_array_equal(labels[shown], digits.labels[origins[shown]])


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_a_function_of_digit_kind_and_seed(kind: str) -> None:
    digit = mnistkit.load_dataset("digits").train.images[3]
    first, again = (
        render_digit(digit, kind, np.random.default_rng(5), label=3, max_side=120) for _ in range(2)
    )
    assert first.pixels.dtype == np.uint8
    np.testing.assert_array_equal(first.pixels, again.pixels)
    height, width = first.pixels.shape[:2]
    left, top, right, bottom = first.box
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


def test_what_cannot_be_rendered_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(OptionError, match="kind='papyrus' is not a kind of picture"):
        render_digit(np.zeros((28, 28), np.uint8), "papyrus", rng)
    with pytest.raises(ImageError, match="has no stroke to draw again"):
        render_digit(np.zeros((28, 28), np.uint8), "white", rng)
