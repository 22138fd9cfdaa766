"""One image whose label may be wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DoubtfulLabel:
    """One image whose label a model contradicts.

    Attributes
    ----------
    index : int
        Its position in the split that was evaluated.
    label : int
        The class that it is said to be.
    suggested : int
        The class that is the most probable of the others.
    probability : float
        What the model gave to the suggested class.
    label_probability : float
        What the model gave to the label.
    """

    index: int
    label: int
    suggested: int
    probability: float
    label_probability: float


def most_doubtful(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], k: int
) -> list[DoubtfulLabel]:
    """The `k` images whose labels are the least probable, the least probable first."""
    every = np.arange(len(labels))
    given = probabilities[every, labels]
    others = probabilities.copy()
    others[every, labels] = -1
    suggested = others.argmax(axis=1)
    return [
        DoubtfulLabel(
            index=index,
            label=int(labels[index]),
            suggested=int(suggested[index]),
            probability=float(probabilities[index, suggested[index]]),
            label_probability=float(given[index]),
        )
        for index in np.argsort(given, kind="stable")[:k].tolist()
    ]
