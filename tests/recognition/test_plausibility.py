"""Which way of seeing a picture is believed, and when another one sows doubt."""

from __future__ import annotations

import numpy as np
import pytest

from mnistkit.recognition.contrast import Contrast
from mnistkit.recognition.plausibility import Read, most_plausible, rival_labels
from mnistkit.recognition.preparation import Found, Interpretation

LEFT, RIGHT = (10, 10, 40, 60), (60, 10, 90, 60)


def read(*digits, certainty=0.99):
    """A way of seeing a picture in which there are these digits: (label, box)."""
    contrast = Contrast(np.zeros((70, 100), np.float32), "dark", plain=False)
    found = tuple(Found(np.zeros((28, 28), np.uint8), box) for _, box in digits)
    probabilities = np.full((len(digits), 10), (1 - certainty) / 9, np.float32)
    for row, (label, _) in zip(probabilities, digits, strict=True):
        row[label] = certainty
    way = Interpretation(contrast, None, found)
    return Read(way, probabilities, np.ones(len(digits), np.float32))


def test_the_first_of_those_about_as_good_is_believed():
    first, second = read((3, LEFT), certainty=0.98), read((8, LEFT), certainty=0.99)
    assert most_plausible([first, second]) is first
    assert most_plausible([second, first]) is second
    better = read((8, LEFT), certainty=0.999)
    worse = read((3, LEFT), certainty=0.9)
    assert most_plausible([worse, better]) is better


def test_more_digits_have_to_be_clearly_better():
    whole = read((8, LEFT), certainty=0.9)
    halves = read((0, LEFT), (0, RIGHT), certainty=0.99)
    assert most_plausible([whole, halves]) is whole
    assert most_plausible([read((8, LEFT), certainty=0.5), halves]) is halves


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (read((8, LEFT)), 8),
        (read((8, (12, 8, 43, 61))), 8),
        (read((8, RIGHT), (8, LEFT)), 8),
        (read((3, LEFT)), None),
        (read((8, RIGHT)), None),
        (read((8, (10, 10, 40, 30))), None),
        (read((8, LEFT), certainty=0.9), None),
        (read(), None),
    ],
    ids=["other label", "nearly there", "among others", "same label", "elsewhere", "a part of it",
         "less plausible", "nothing found"],
)  # fmt: skip
def test_another_label_at_the_same_place_is_a_rival(other, expected):
    believed = read((3, LEFT))
    assert rival_labels([believed, other], believed) == [expected]


def test_each_digit_has_a_rival_of_its_own():
    believed = read((3, LEFT), (1, RIGHT))
    assert rival_labels([believed, read((3, LEFT), (7, RIGHT))], believed) == [None, 7]
    assert rival_labels([read()], read()) == []
