from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit.images.geometry import mnist_picture, resample_by_area


@st.composite
def inked(draw, largest=40):
    """A picture with a blob of ink somewhere inside."""
    height, width = draw(st.integers(3, largest)), draw(st.integers(3, largest))
    seed = draw(st.integers(0, 2**32))
    ink = np.random.default_rng(seed).integers(1, 256, (height, width), dtype=np.uint8)
    return np.pad(ink, draw(st.integers(0, 5)))


@given(inked())
def test_geometry_of_mnist(image):
    picture = mnist_picture(image)
    assert picture.shape == (28, 28)
    assert picture.max() == 255
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 <= 20


@given(inked())
def test_centre_of_mass_lands_at_14(image):
    picture = mnist_picture(image).astype(float)
    inner = picture[1:-1, 1:-1].sum() == picture.sum()
    for axis in (0, 1):
        centre = (picture.sum(axis=1 - axis) @ np.arange(28)) / picture.sum()
        assert abs(centre - 14) <= 0.5001 or not inner


@given(inked(), st.integers(0, 30), st.integers(0, 30))
def test_where_the_ink_lies_does_not_matter(image, top, left):
    moved = np.pad(image, ((top, 3), (left, 7)))
    np.testing.assert_array_equal(mnist_picture(moved), mnist_picture(image))


@given(
    half=st.tuples(st.integers(5, 20), st.integers(5, 20)),
    factor=st.integers(2, 4),
    seed=st.integers(0, 2**32),
)
def test_whole_enlargements_do_not_matter(half, factor, seed):
    """From 10 pixels on; even sides, so that the ink lies in the middle of its square exactly."""
    shape = (2 * half[0], 2 * half[1])
    image = np.random.default_rng(seed).integers(1, 256, shape, dtype=np.uint8)
    larger = image.repeat(factor, axis=0).repeat(factor, axis=1)
    difference = mnist_picture(larger).astype(int) - mnist_picture(image)
    assert abs(difference).max() <= 1


def test_no_ink_gives_an_empty_picture():
    assert not mnist_picture(np.zeros((30, 30), np.uint8)).any()


@given(st.integers(1, 60), st.integers(1, 40), st.integers(0, 2**32))
def test_area_resampling_keeps_the_mean(source, target, seed):
    image = np.random.default_rng(seed).random((source, source))
    assert resample_by_area(image, target).mean() == pytest.approx(image.mean())


@pytest.mark.mirror
def test_mnist_itself_hardly_changes(mnist):
    """MNIST's pictures went through this recipe, so going through it again must not move them."""
    images = mnist.test.images[:200]
    again = np.stack([mnist_picture(image) for image in images])
    unchanged = (np.abs(again.astype(int) - images).max(axis=(1, 2)) <= 1).mean()
    assert unchanged > 0.95
