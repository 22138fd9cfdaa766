from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis.extra import numpy as hnp

from mnistkit.datasets.normalize import to_uint8, to_unit_floats

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
