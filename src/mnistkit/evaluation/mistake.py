"""Images that were taken for something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import WrongTypeError
from mnistkit.messages import shown


@dataclass(frozen=True)
class Mistake:
    """One image that was taken for something else.

    Attributes
    ----------
    index : int
        Its position in the split that was evaluated.
    label : int
        The class that it is.
    predicted : int
        The class that it was taken for.
    probability : float
        What the model gave to the class that it took it for.
    true_probability : float
        What the model gave to the class that it is.
    """

    index: int
    label: int
    predicted: int
    probability: float
    true_probability: float


def surest_mistakes(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], k: int | None
) -> Iterator[Mistake]:
    """The mistakes, the most confident first; of equal ones by position.

    Parameters
    ----------
    labels : numpy.ndarray of int, shape (n,)
    probabilities : numpy.ndarray of float, shape (n, num_classes)
    k : int or None
        How many at most; None for all.
    """
    if not isinstance(k, int | np.integer | None):
        raise WrongTypeError(f"k={shown(k)}: expected how many mistakes, or None for all.")
    if k is not None and k < 0:
        raise ValueError(f"k={k!r} mistakes cannot be listed; use 0 or more, or None for all.")
    predictions, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predictions != labels)
    for index in wrong[np.argsort(-confidence[wrong], kind="stable")][:k].tolist():
        yield Mistake(
            index=index,
            label=int(labels[index]),
            predicted=int(predictions[index]),
            probability=float(confidence[index]),
            true_probability=float(probabilities[index, labels[index]]),
        )
