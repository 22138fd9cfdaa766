from __future__ import annotations

import numpy as np
import pytest

from mnistkit.recognition.components import Component, find_components
from mnistkit.recognition.grouping import group_components, reading_order

SHEET = (200, 300)


def groupings(*bars, shape=SHEET, **options):
    """The groupings of bars (left, top, right, bottom), each as the boxes of its digits."""
    mask = np.zeros(shape, bool)
    for left, top, right, bottom in bars:
        mask[top:bottom, left:right] = True
    found = group_components(find_components(mask)[1], shape, **options)
    return [[digit.box for digit in grouping] for grouping in found]


def test_digits_apart_are_grouped_in_one_way():
    left, right = (40, 50, 50, 150), (200, 50, 210, 150)
    assert groupings(right, left) == [[left, right]]


def test_a_digit_in_two_pieces_may_be_one_or_two():
    """The stroke of a 5 above its body."""
    stroke, body = (60, 50, 110, 58), (60, 70, 110, 150)
    assert groupings(stroke, body) == [[(60, 50, 110, 150)], [stroke, body]]


def test_two_of_about_the_same_height_above_each_other_are_rather_two():
    upper, lower = (60, 50, 100, 95), (60, 100, 100, 150)
    assert groupings(upper, lower) == [[upper, lower], [(60, 50, 100, 150)]]


def test_strokes_side_by_side_may_be_one_digit_or_two():
    left, right = (100, 60, 106, 120), (114, 60, 120, 121)
    assert groupings(left, right) == [[(100, 60, 120, 121)], [left, right]]


def test_a_speck_is_dropped_and_a_small_part_is_kept():
    body, part = (60, 50, 100, 150), (104, 60, 114, 80)
    assert groupings(body, part)[0] == [(60, 50, 114, 150)]
    assert groupings(body, (104, 60, 107, 63))[0] == [body]
    assert groupings(body, (200, 60, 210, 80))[0] == [body]


def test_what_is_too_small_is_no_digit():
    assert groupings((60, 50, 62, 55)) == []
    assert groupings((60, 50, 62, 55), smallest_digit=3) == [[(60, 50, 62, 55)]]
    assert groupings() == []


def test_a_small_picture_holds_one_digit_in_any_number_of_pieces():
    pieces = (4, 4, 8, 24), (18, 4, 22, 24)
    assert groupings(*pieces, shape=(28, 28))[0] == [(4, 4, 22, 24)]
    assert groupings(*pieces, shape=(28, 28), single_digit_side=20)[0] == list(pieces)


def at(left, top, side=20):
    return Component((left, top), (left, top, left + side, top + side), side * side)


@pytest.mark.parametrize(
    "places",
    [
        [(0, 0), (30, 0), (60, 0)],
        [(60, 0), (0, 40), (30, 40)],
        [(0, 0), (30, 6), (60, 12), (90, 18)],
        [(0, 18), (30, 12), (60, 6), (90, 0)],
        [(0, 0), (30, 5), (10, 60), (40, 55)],
    ],
    ids=["a line", "two lines", "falling", "rising", "uneven lines"],
)
def test_digits_are_read_line_by_line_from_left_to_right(places):
    digits = [at(*place) for place in places]
    assert reading_order(digits[::-1]) == digits
    assert reading_order(digits) == digits
