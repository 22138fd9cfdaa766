from __future__ import annotations

import numpy as np
import pytest

from mnistkit.images.picture import Picture
from mnistkit.recognition.background import Contrast
from mnistkit.recognition.binarize import Foreground
from mnistkit.recognition.preprocess import Candidate, Hypothesis
from mnistkit.recognition.ranking import ClassifiedHypothesis
from mnistkit.recognition.warnings import digit_warnings, make_reading


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ()),
        ({"probability": 0.9}, ("not sure: it may be 4",)),
        ({"probability": 0.9, "sure": 0.8}, ()),
        ({"rival": 7}, ("not sure: it may be 7",)),
        ({"score": 0.7}, ("not sure",)),
        ({"score": 0.7, "sure_digit": 0.6}, ()),
        ({"score": 0.7, "rival": 7}, ("not sure: it may be 7",)),
        ({"score": 0.3}, ("looks like no digit",)),
        ({"score": 0.3, "is_digit": 0.2}, ("not sure",)),
        ({"score": 0.3, "probability": 0.5}, ("looks like no digit", "not sure: it may be 4")),
        ({"cut_off": True}, ("touches the border",)),
    ],
)
def test_what_is_said_of_a_digit(options, expected):
    options = {"probability": 0.99, "score": 0.99, "second": 4, **options}
    assert digit_warnings(**options) == expected


SHEET = (100, 200)
LEFT, RIGHT = (20, 20, 50, 80), (100, 20, 130, 80)


def reading(*boxes, strength=150.0, empty=False, reduction=1, rivals=None):
    """A reading of a picture in which a 3 is seen in each box."""
    nothing = np.zeros(SHEET, np.float32)
    foreground = None if empty else Foreground(nothing, nothing > 0, strength, 0.1)
    candidates = tuple(Candidate(np.zeros((28, 28), np.uint8), box) for box in boxes)
    hypothesis = Hypothesis(Contrast(nothing, "dark", uniform=False), foreground, candidates)
    probabilities = np.full((len(boxes), 10), 0.001, np.float32)
    probabilities[:, 3] = 0.991
    best = ClassifiedHypothesis(hypothesis, probabilities, np.full(len(boxes), 0.99, np.float32))
    picture = Picture(nothing.astype(np.uint8), reduction, ("very large",))
    return make_reading(picture, best, rivals or [None] * len(boxes), "a.png")


def test_an_empty_sheet_is_told_from_ink_that_is_no_digit():
    empty, ink = reading(empty=True), reading()
    assert empty.warnings == ("very large", "no ink found: the sheet looks empty")
    assert ink.warnings == ("very large", "no digit found")
    assert empty.digits == ink.digits == ()
    assert empty.source == "a.png"


def test_a_digit_has_its_box_in_the_original():
    (digit,) = reading(LEFT, reduction=3)
    assert digit.label == 3
    assert digit.box == (60, 60, 150, 240)
    assert digit.warnings == ()
    assert digit.score == pytest.approx(0.99)


def test_several_digits_are_mentioned_with_each():
    both = reading(LEFT, RIGHT, rivals=[None, 8])
    assert both.text == "33"
    assert [digit.warnings for digit in both] == [
        ("several digits found",),
        ("several digits found", "not sure: it may be 8"),
    ]


def test_low_contrast_is_mentioned():
    (digit,) = reading(LEFT, strength=6.0)
    assert digit.warnings == ("very low contrast",)
    (digit,) = reading(LEFT, strength=9.0)
    assert digit.warnings == ()


def test_what_is_rejected_leaves_no_digit():
    cut_off_and_faint = reading((0, 20, 30, 80), strength=6.0)
    assert cut_off_and_faint.digits == ()
    assert cut_off_and_faint.warnings == ("very large", "no digit found", "very low contrast")
