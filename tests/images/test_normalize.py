from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from mnistkit.errors import ImageError
from mnistkit.images.normalize import to_uint8, to_unit_floats

IMAGES = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4))


@given(IMAGES)
def test_division_by_255_and_back(images):
    floats = to_unit_floats(images)
    assert floats.dtype == np.float32
    np.testing.assert_allclose(floats, images / 255, rtol=1e-6)
    np.testing.assert_array_equal(to_uint8(floats), images)


@given(IMAGES)
def test_every_kind_of_integer_is_the_same(images):
    for dtype in (np.int64, np.int16, np.uint32):
        np.testing.assert_array_equal(to_unit_floats(images.astype(dtype)), to_unit_floats(images))


@given(IMAGES)
def test_normalising_twice_changes_nothing(images):
    once = to_unit_floats(images)
    assert to_unit_floats(once) is once


@pytest.mark.parametrize("convert", [to_uint8, to_unit_floats])
@pytest.mark.parametrize(
    "images",
    [[[1, 2], [3]], [np.zeros(2), np.zeros((2, 2))], "text", None, object(), [2**70], [1j], [],
     [b"a"], {"a": 1}, np.zeros(2, [("a", "u1")]), np.zeros(2, "M8[s]"), [float("nan")],
     [float("inf")], [-1], [256], [1.0001], [[None]]],
)  # fmt: skip
def test_whatever_is_no_image_is_an_image_error(convert, images):
    with pytest.raises(ImageError) as caught:
        convert(images)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_every_kind_of_float_is_the_same(dtype):
    assert to_uint8(np.array([0, 0.5, 1], dtype)).tolist() == [0, 128, 255]
