from __future__ import annotations

import numpy as np
import pytest

from mnistkit.errors import LabelError
from mnistkit.evaluation import Evaluation, WriterScore

GUESSES = np.eye(2)[[0, 0, 1, 1, 0, 0]]


def test_the_least_accurate_writer_comes_first() -> None:
    result = Evaluation.from_probabilities([0] * 6, GUESSES, writers=[7, 7, 7, 3, 900, 900])
    assert result.per_writer == (
        WriterScore(writer=3, num_examples=1, num_mistakes=1),
        WriterScore(writer=7, num_examples=3, num_mistakes=1),
        WriterScore(writer=900, num_examples=2, num_mistakes=0),
    )
    assert [one.accuracy for one in result.per_writer] == pytest.approx([0, 2 / 3, 1])


def test_of_equal_ones_the_writer_of_more_images_comes_first() -> None:
    result = Evaluation.from_probabilities([0] * 6, GUESSES, writers=[1, 2, 3, 3, 2, 2])
    assert [one.writer for one in result.per_writer] == [3, 2, 1]


def test_their_images_and_mistakes_add_up() -> None:
    random = np.random.default_rng(0)
    result = Evaluation.from_probabilities(
        random.integers(0, 3, 500), random.dirichlet([1, 1, 1], 500),
        writers=random.integers(0, 40, 500),
    )  # fmt: skip
    assert sum(one.num_examples for one in result.per_writer) == 500
    assert sum(one.num_mistakes for one in result.per_writer) == result.num_mistakes


def test_without_writers_it_says_where_they_come_from() -> None:
    result = Evaluation.from_probabilities([0] * 6, GUESSES, name="digits test")
    with pytest.raises(LabelError) as caught:
        result.per_writer  # noqa: B018  (asking for it is the test)
    assert str(caught.value) == (
        "The writers of 'digits test' are not known. Those of MNIST and QMNIST are, if their files "
        "can be had; others are given to Split(..., writers=...) or to Evaluation(..., "
        "writers=...)."
    )
