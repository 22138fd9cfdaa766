from __future__ import annotations

import numpy as np
import pytest

from mnistkit.recognition.components import (
    Component,
    find_components,
    longer_side,
    touched_borders,
)


def test_components_are_found_the_largest_first():
    mask = np.zeros((20, 30), bool)
    mask[2:4, 2:5] = True
    mask[10:18, 20:25] = True
    labels, (large, small) = find_components(mask)
    assert large.box == (20, 10, 25, 18)
    assert (large.area, large.width, large.height, large.side) == (40, 5, 8, 8)
    assert small.box == (2, 2, 5, 4)
    assert small.area == 6
    np.testing.assert_array_equal(labels == large.labels[0], mask & (np.arange(30) > 10))


def test_pixels_that_touch_at_a_corner_are_connected():
    _, components = find_components(np.eye(5, dtype=bool))
    assert [component.area for component in components] == [5]


def test_only_the_largest_are_kept():
    mask = np.zeros((9, 9), bool)
    mask[::2, ::2] = True
    mask[0, :3] = True
    _, components = find_components(mask, most=3)
    assert [component.area for component in components] == [3, 1, 1]


def test_nothing_has_no_components():
    labels, components = find_components(np.zeros((5, 5), bool))
    assert components == []
    assert not labels.any()


def test_two_are_joined():
    joined = Component((1,), (0, 5, 4, 9), 10).joined(Component((2, 3), (2, 1, 9, 6), 7))
    assert joined == Component((1, 2, 3), (0, 1, 9, 9), 17)


@pytest.mark.parametrize(
    ("box", "touched"),
    [
        ((0, 3, 5, 9), (True, False, False, False)),
        ((1, 0, 20, 9), (False, True, True, False)),
        ((1, 1, 19, 10), (False, False, False, True)),
        ((1, 1, 19, 9), (False, False, False, False)),
    ],
)
def test_borders_that_a_box_touches(box, touched):
    assert touched_borders(box, (10, 20)) == touched


def test_the_longer_side_of_a_box():
    assert longer_side((2, 3, 5, 10)) == 7
    assert longer_side((2, 3, 12, 10)) == 10
