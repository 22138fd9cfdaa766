"""Which class is taken for which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Confusion:
    """One class that is taken for another.

    Attributes
    ----------
    label : int
        The class that images are.
    predicted : int
        The class that they are taken for.
    num_mistakes : int
        How many images; 1 or more.
    share : float
        Of the images that are of the class `label`.
    """

    label: int
    predicted: int
    num_mistakes: int
    share: float


def sorted_confusions(matrix: NDArray[np.int64]) -> list[Confusion]:
    """All that occur in a confusion matrix, the most frequent first, then by class."""
    totals = matrix.sum(axis=1)
    found = [
        Confusion(
            label,
            predicted,
            num_mistakes=int(matrix[label, predicted]),
            share=float(matrix[label, predicted] / totals[label]),
        )
        for label, predicted in np.argwhere(matrix).tolist()
        if label != predicted
    ]
    return sorted(found, key=lambda one: -one.num_mistakes)
