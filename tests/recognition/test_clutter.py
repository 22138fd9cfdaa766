from __future__ import annotations

import numpy as np
import pytest

from mnistkit.recognition.clutter import without_clutter, without_printed_frame
from mnistkit.recognition.components import find_components

SHEET = (100, 120)


def boxes_left(keep, *bars, shape=SHEET, frame=0):
    """The boxes that are kept of bars (left, top, right, bottom) and a frame on the border."""
    mask = np.zeros(shape, bool)
    if frame:
        mask[:frame] = mask[-frame:] = mask[:, :frame] = mask[:, -frame:] = True
    for left, top, right, bottom in bars:
        mask[top:bottom, left:right] = True
    return {component.box for component in keep(find_components(mask)[1], shape)}


DIGIT = (50, 30, 65, 70)


@pytest.mark.parametrize(
    "clutter",
    [
        (0, 90, 120, 92),
        (100, 0, 102, 100),
        (10, 10, 100, 13),
        (0, 40, 8, 50),
        (60, 0, 64, 20),
    ],
    ids=["from side to side", "from top to bottom", "a rule", "sticks in", "hangs in"],
)
def test_clutter_beside_a_digit_is_left_out(clutter):
    assert boxes_left(without_clutter, DIGIT, clutter) == {DIGIT}


def test_a_frame_around_everything_is_left_out():
    assert boxes_left(without_clutter, DIGIT, frame=2) == {DIGIT}


@pytest.mark.parametrize(
    "other", [(20, 30, 35, 70), (0, 30, 20, 75), (55, 5, 58, 8)], ids=["digit", "cut off", "speck"]
)
def test_what_may_be_a_digit_or_a_part_stays(other):
    assert boxes_left(without_clutter, DIGIT, other) == {DIGIT, other}


def test_a_flat_stroke_alone_may_be_anything():
    stroke = (20, 50, 100, 53)
    assert boxes_left(without_clutter, stroke) == {stroke}
    assert boxes_left(without_clutter, stroke, (20, 70, 100, 73)) == set()


def test_a_digit_that_touches_the_border_stays_where_there_is_no_other():
    digit = (40, 60, 50, 100)
    assert boxes_left(without_clutter, digit) == {digit}


def test_a_printed_frame_around_a_small_digit_is_left_out():
    digit = (12, 8, 18, 24)
    assert boxes_left(without_printed_frame, digit, shape=(32, 32), frame=1) == {digit}
    line = (0, 30, 32, 32)
    assert boxes_left(without_printed_frame, digit, line, shape=(32, 32)) == {digit}


def test_where_all_is_printed_all_stays():
    line = (0, 0, 3, 32)
    assert boxes_left(without_printed_frame, line, shape=(32, 32)) == {line}
