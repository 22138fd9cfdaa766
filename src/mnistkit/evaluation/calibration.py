"""Probabilities that are as often right as they say: temperature scaling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import ModelError, WrongTypeError
from mnistkit.evaluation.evaluation import Evaluation
from mnistkit.messages import shown

# Beyond these the images do not say what the temperature is.
_LOWEST, _HIGHEST = 0.05, 20.0
_SMALLEST_PROBABILITY = 1e-30  # what a softmax of single precision has rounded to 0, nearly


@dataclass(frozen=True, eq=False, repr=False)
class Calibration:
    """The temperature that makes a model's probabilities as often right as they say.

    Logits are divided by it before the softmax. Above 1 the model was too sure, below 1 not sure
    enough. Which class is the most probable does not change, and so neither does the accuracy.

    Attributes
    ----------
    temperature : float
        Above 0.
    before, after : Evaluation
        With the probabilities as the model gives them, and with the calibrated ones.

    Notes
    -----
    `after` is measured on the images that the temperature was fitted on. One number fitted on
    hundreds of images gains little by that, but a figure to publish needs other images.

    References
    ----------
    C. Guo et al., "On calibration of modern neural networks", ICML 2017.

    Examples
    --------
    >>> sure = np.tile([0.99, 0.01], (10, 1))
    >>> result = Evaluation.from_probabilities([0, 0, 0, 0, 0, 0, 0, 0, 1, 1], sure)
    >>> print(Calibration.of(result))
    temperature 3.31, fitted on 10 images: loss 0.9291 before, 0.5004 after; calibration error \
0.1900 before, 0.0000 after
    """

    temperature: float
    before: Evaluation
    after: Evaluation

    @classmethod
    def of(cls, evaluation: Evaluation) -> Calibration:
        """Fit the temperature to an evaluation, for the least loss.

        Parameters
        ----------
        evaluation : Evaluation
            On images that the model was not trained on: on others it is surer than it should be.

        Raises
        ------
        WrongTypeError
            If it is something else.
        ModelError
            If the images do not say which temperature is best, as when all are read right.
        """
        if not isinstance(evaluation, Evaluation):
            raise WrongTypeError(
                f"{shown(evaluation)} is no Evaluation; give what trainer.evaluate(split) returns."
            )
        temperature = _fitted_temperature(evaluation)
        after = Evaluation.from_probabilities(
            evaluation.labels,
            at_temperature(evaluation.probabilities, temperature),
            classes=evaluation.classes,
            name=evaluation.name,
            writers=evaluation.writers,
        )
        return cls(temperature, evaluation, after)

    def __str__(self) -> str:
        before, after = self.before, self.after
        return (
            f"temperature {self.temperature:.2f}, fitted on {before.num_examples:,} images: loss "
            f"{before.loss:.4f} before, {after.loss:.4f} after; calibration error "
            f"{before.calibration_error:.4f} before, {after.calibration_error:.4f} after"
        )

    def __repr__(self) -> str:
        return f"<Calibration: {self}>"

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values that JSON can hold."""
        return {
            "temperature": self.temperature,
            "num_images": self.before.num_examples,
            "data": self.before.name,
            "loss": {"before": self.before.loss, "after": self.after.loss},
            "calibration_error": {
                "before": self.before.calibration_error,
                "after": self.after.calibration_error,
            },
        }


def at_temperature(probabilities: NDArray[Any], temperature: float) -> NDArray[np.float32]:
    """The probabilities that the logits of others give after a division by the temperature.

    Parameters
    ----------
    probabilities : numpy.ndarray of float, shape (n, num_classes)
    temperature : float

    Returns
    -------
    numpy.ndarray of float32, shape (n, num_classes)

    Examples
    --------
    >>> at_temperature(np.array([[0.8, 0.2]]), 2.0).round(3)
    array([[0.667, 0.333]], dtype=float32)
    """
    from scipy.special import softmax

    found: NDArray[np.float32] = softmax(_logits(probabilities) / temperature, axis=1)
    return found.astype(np.float32)


def _logits(probabilities: NDArray[Any]) -> NDArray[np.float64]:
    logits: NDArray[np.float64] = np.log(
        np.maximum(probabilities.astype(np.float64), _SMALLEST_PROBABILITY)
    )
    return logits


def _fitted_temperature(evaluation: Evaluation) -> float:
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    logits, labels = _logits(evaluation.probabilities), evaluation.labels
    rows = np.arange(len(labels))

    def loss(logarithm: float) -> float:
        return -float(log_softmax(logits / np.exp(logarithm), axis=1)[rows, labels].mean())

    bounds = (np.log(_LOWEST), np.log(_HIGHEST))
    temperature = float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))
    if not 1.01 * _LOWEST < temperature < 0.99 * _HIGHEST:
        right = evaluation.num_examples - evaluation.num_mistakes
        raise ModelError(
            f"No temperature can be fitted: {right:,} of {evaluation.num_examples:,} images are "
            "read right, and the loss goes on falling at "
            f"{'the lowest' if temperature < 1 else 'the highest'} temperature, "
            f"{_LOWEST if temperature < 1 else _HIGHEST:g}. Give more images, of which some are "
            "misread, and of a model that was trained."
        )
    return temperature
