"""How well each writer's images are recognised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class WriterScore:
    """How well one writer's images are recognised.

    Attributes
    ----------
    writer : int
        The writer's number.
    num_examples : int
        How many images are by this writer.
    num_mistakes : int
        How many of them are taken for something else.
    """

    writer: int
    num_examples: int
    num_mistakes: int

    @property
    def accuracy(self) -> float:
        """The share of this writer's images that are recognised, from 0 to 1."""
        return (self.num_examples - self.num_mistakes) / self.num_examples


def writer_scores(
    writers: NDArray[np.int64], correct: NDArray[np.bool_]
) -> tuple[WriterScore, ...]:
    """One for each writer, the least accurate first; of equal ones the one with more images."""
    people, numbers, counts = np.unique(writers, return_inverse=True, return_counts=True)
    mistakes = np.bincount(numbers.reshape(-1), weights=~correct, minlength=len(people))
    scores = [
        WriterScore(writer, count, int(wrong))
        for writer, count, wrong in zip(
            people.tolist(), counts.tolist(), mistakes.tolist(), strict=True
        )
    ]
    return tuple(sorted(scores, key=lambda one: (one.accuracy, -one.num_examples)))
