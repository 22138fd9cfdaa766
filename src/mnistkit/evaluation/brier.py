"""The Brier score: how far probabilities are from what is true, squared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def brier_by_class(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32]
) -> NDArray[np.float64]:
    """The mean squared distance of each class's probability from 1 or 0, float64 (num_classes,)."""
    distances = probabilities.astype(np.float64)
    distances[np.arange(len(labels)), labels] -= 1
    scores: NDArray[np.float64] = np.square(distances).mean(axis=0)
    return scores
