from __future__ import annotations

import numpy as np
import pytest

from mnistkit.recognition.background import Contrast
from mnistkit.recognition.preprocess import Candidate, Hypothesis
from mnistkit.recognition.ranking import ClassifiedHypothesis, best_hypothesis, rival_labels

LEFT, RIGHT = (10, 10, 40, 60), (60, 10, 90, 60)


def classified(*digits, certainty=0.99):
    """A hypothesis of a picture that has these digits: (label, box)."""
    contrast = Contrast(np.zeros((70, 100), np.float32), "dark", uniform=False)
    candidates = tuple(Candidate(np.zeros((28, 28), np.uint8), box) for _, box in digits)
    probabilities = np.full((len(digits), 10), (1 - certainty) / 9, np.float32)
    for row, (label, _) in zip(probabilities, digits, strict=True):
        row[label] = certainty
    hypothesis = Hypothesis(contrast, None, candidates)
    return ClassifiedHypothesis(hypothesis, probabilities, np.ones(len(digits), np.float32))


def test_the_first_of_those_about_as_confident_is_best():
    first, second = classified((3, LEFT), certainty=0.98), classified((8, LEFT), certainty=0.99)
    assert best_hypothesis([first, second]) is first
    assert best_hypothesis([second, first]) is second
    better = classified((8, LEFT), certainty=0.999)
    worse = classified((3, LEFT), certainty=0.9)
    assert best_hypothesis([worse, better]) is better


def test_more_digits_have_to_be_clearly_better():
    whole = classified((8, LEFT), certainty=0.9)
    halves = classified((0, LEFT), (0, RIGHT), certainty=0.99)
    assert best_hypothesis([whole, halves]) is whole
    assert best_hypothesis([classified((8, LEFT), certainty=0.5), halves]) is halves


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (classified((8, LEFT)), 8),
        (classified((8, (12, 8, 43, 61))), 8),
        (classified((8, RIGHT), (8, LEFT)), 8),
        (classified((3, LEFT)), None),
        (classified((8, RIGHT)), None),
        (classified((8, (10, 10, 40, 30))), None),
        (classified((8, LEFT), certainty=0.9), None),
        (classified(), None),
    ],
    ids=["other label", "nearly there", "among others", "same label", "elsewhere", "a part of it",
         "less confident", "no candidates"],
)  # fmt: skip
def test_another_label_at_the_same_place_is_a_rival(other, expected):
    best = classified((3, LEFT))
    assert rival_labels([best, other], best) == [expected]


def test_each_digit_has_a_rival_of_its_own():
    best = classified((3, LEFT), (1, RIGHT))
    assert rival_labels([best, classified((3, LEFT), (7, RIGHT))], best) == [None, 7]
    assert rival_labels([classified()], classified()) == []
