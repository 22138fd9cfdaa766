from __future__ import annotations

import numpy as np
import pytest

from mnistkit.recognition.background import Contrast
from mnistkit.recognition.binarize import Foreground
from mnistkit.recognition.preprocess import Candidate, Hypothesis
from mnistkit.recognition.ranking import ClassifiedHypothesis
from mnistkit.recognition.rejection import accepted_candidates, is_cut_off

SHEET = (200, 300)
FIRST, SECOND, ABOVE = (40, 50, 80, 130), (120, 50, 160, 130), (40, 5, 60, 25)


def accepted(*candidates, strength=150.0, noise=1.0, uniform=False, certainty=0.99):
    """Which of the candidates (box, score) are accepted."""
    nothing = np.zeros(SHEET, np.float32)
    foreground = Foreground(nothing, nothing > 0, strength, noise)
    image = np.zeros((28, 28), np.uint8)
    hypothesis = Hypothesis(
        Contrast(nothing, "dark", uniform),
        foreground,
        tuple(Candidate(image, box) for box, _ in candidates),
    )
    probabilities = np.full((len(candidates), 10), (1 - certainty) / 9, np.float32)
    probabilities[:, 3] = certainty
    scores = np.array([score for _, score in candidates], np.float32)
    best = ClassifiedHypothesis(hypothesis, probabilities, scores)
    return accepted_candidates(best, foreground, SHEET).tolist()


def test_digits_are_accepted_and_what_is_none_elsewhere_is_not():
    assert accepted((FIRST, 0.99), (SECOND, 0.95)) == [True, True]
    assert accepted((FIRST, 0.99), (ABOVE, 0.2)) == [True, False]


def test_what_is_doubtful_beside_a_digit_stays():
    """A number without one of its digits is another number."""
    assert accepted((FIRST, 0.99), (SECOND, 0.2)) == [True, True]


def test_a_thing_that_is_no_digit_is_accepted_alone_if_it_is_large_and_strong():
    assert accepted((FIRST, 0.2), (ABOVE, 0.1)) == [True, False]
    assert accepted((ABOVE, 0.2)) == [False]
    assert accepted((FIRST, 0.2), strength=20.0) == [False]
    assert accepted((ABOVE, 0.2), uniform=True) == [True]


def test_many_things_none_of_which_is_a_digit_are_texture():
    things = [((20 * n, 50, 20 * n + 15, 120), 0.2) for n in range(1, 14)]
    assert not any(accepted(*things))
    assert sum(accepted(*things[:12])) == 1


@pytest.mark.parametrize("weak", [{"strength": 10.0}, {"strength": 60.0, "noise": 10.0}])
def test_in_faint_ink_only_what_is_certain_is_accepted(weak):
    assert accepted((FIRST, 0.95), **weak) == [True]
    assert accepted((FIRST, 0.8), **weak) == [False]
    assert accepted((FIRST, 0.95), certainty=0.9, **weak) == [False]
    assert accepted(((0, 50, 40, 130), 0.95), **weak) == [False]


def test_folds_and_frames_belong_to_the_paper():
    fold = (140, 5, 150, 195)
    assert accepted((fold, 0.99), strength=18.0) == [False]
    assert accepted((fold, 0.99), strength=60.0) == [True]
    frame = (0, 0, 300, 190)
    assert accepted((frame, 0.4)) == [False]
    assert accepted((frame, 0.4), uniform=True) == [True]


@pytest.mark.parametrize(
    ("box", "shape", "expected"),
    [
        ((10, 10, 50, 90), (100, 60), False),
        ((0, 10, 50, 90), (100, 60), True),
        ((10, 10, 50, 100), (100, 60), True),
        ((0, 10, 60, 90), (100, 60), False),
        ((0, 0, 60, 100), (100, 60), False),
        ((0, 0, 60, 90), (100, 60), True),
        ((0, 4, 20, 24), (36, 36), False),
    ],
    ids=["inside", "left", "bottom", "as broad", "exactly", "three sides", "a small picture"],
)
def test_a_digit_that_may_go_on_beyond_the_border(box, shape, expected):
    assert is_cut_off(box, shape) == expected
