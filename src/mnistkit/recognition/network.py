"""What classifies images of single digits, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.images.normalize import to_unit_floats

NUM_DIGITS = 10
_BATCH = 256


@dataclass(frozen=True)
class Network:
    """Classifies images of single digits.

    Attributes
    ----------
    name : str
        What messages call it.
    logits : function
        Float32 (n, 28, 28) in [0, 1] to (n, 10), or (n, 11) where the last class is "no digit".
    temperature : float
        What the logits are divided by, so that probabilities are as often right as they say.
    """

    name: str
    logits: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    temperature: float = 1.0

    def classify(
        self, images: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return probabilities of the ten digits, and that of being a digit at all.

        Parameters
        ----------
        images : numpy.ndarray of uint8, shape (n, 28, 28)

        Returns
        -------
        probabilities : numpy.ndarray of float32, shape (n, 10)
        scores : numpy.ndarray of float32, shape (n,)
            1 for a network that knows no class "no digit".
        """
        parts = [
            self.logits(to_unit_floats(images[start : start + _BATCH]))
            for start in range(0, len(images), _BATCH)
        ]
        logits = np.concatenate(parts) if parts else np.zeros((0, NUM_DIGITS), np.float32)
        probabilities = _softmax(logits / self.temperature)
        digits = probabilities[:, :NUM_DIGITS]
        # An image that is surely no digit has nothing left to divide by.
        share = np.maximum(digits.sum(axis=1, keepdims=True), 1e-12)
        return digits / share, np.minimum(share[:, 0], 1)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    normalized: NDArray[np.float32] = shifted / shifted.sum(axis=1, keepdims=True)
    return normalized
