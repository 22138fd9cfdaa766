from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from mnistkit.comparison import compare_accuracies, mean_accuracy
from mnistkit.errors import ComparisonError

RIGHT = np.array([[True, False, True, True], [True, True, False, True]])


@pytest.mark.parametrize(
    ("correct", "shown"),
    [
        (RIGHT.astype(int), "the shape (2, 4) and the type int64"),
        (RIGHT[0], "the shape (4,) and the type bool"),
        (np.empty((0, 4), bool), "the shape (0, 4) and the type bool"),
        (np.empty((2, 0), bool), "the shape (2, 0) and the type bool"),
        ([[True, False], [True]], "the type object"),
    ],
)
def test_right_or_wrong_is_boolean_for_each_seed_and_image(correct: Any, shown: str) -> None:
    with pytest.raises(ComparisonError, match=re.escape(shown)) as caught:
        compare_accuracies({"mine": correct, "cnn": RIGHT})
    assert "'mine'" in str(caught.value)
    assert "numpy.stack([result.correct for result in evaluations])" in str(caught.value)


@pytest.mark.parametrize("contenders", [{}, RIGHT, [RIGHT, RIGHT], {1: RIGHT}, None])
def test_contenders_have_names(contenders: Any) -> None:
    with pytest.raises(ComparisonError, match=r"expected a dictionary of at least one: \{name: "):
        compare_accuracies(contenders)


def test_contenders_are_measured_on_the_same_images() -> None:
    with pytest.raises(ComparisonError, match=r"'a' on 4, 'b' on 3; .*Evaluate all of them on one"):
        compare_accuracies({"a": RIGHT, "b": RIGHT[:, :3]})


@pytest.mark.parametrize(
    ("writers", "shown"),
    [
        ([1, 2, 3], "the shape (3,) and the type int64"),
        ([[1, 2, 3, 4]], "the shape (1, 4) and the type int64"),
        ([1, 2, None, 4], "the shape (4,) and the type object"),
    ],
)
def test_every_image_has_a_writer(writers: Any, shown: str) -> None:
    with pytest.raises(ComparisonError, match=re.escape(shown)) as caught:
        mean_accuracy(RIGHT, writers)
    assert "expected (4,)" in str(caught.value)
    assert "Give split.writers, or None" in str(caught.value)


def test_chance_in_testing_takes_two_writers_or_images() -> None:
    with pytest.raises(ComparisonError, match=r"All images are by one writer; .*writers=None"):
        mean_accuracy(RIGHT, [7, 7, 7, 7])
    with pytest.raises(ComparisonError, match=r"There is one image; .*needs two at least"):
        mean_accuracy(RIGHT[:, :1])


def test_writers_may_have_names() -> None:
    numbered, named = (mean_accuracy(RIGHT, names) for names in ([1, 1, 0, 0], list("bbaa")))
    assert numbered == named
