"""The weights that training would end with now: what is measured, seen, saved and restored."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mnistkit.training.fit import Fit
from mnistkit.training.moving_averages import (
    averages_of,
    estimate_averages,
    lagging_layers,
    sample_batches,
)
from mnistkit.training.optimizers import averages_by_variable, steps_taken


class FinalWeights:
    """Puts into a model what training would end with now, and takes it out again.

    That is the average of the weights if the optimizer keeps one, and batch normalisation's moving
    averages, estimated anew if they lag. Both are taken out to the bit, so to measure changes
    nothing of what is trained.

    Parameters
    ----------
    fit : Fit
    """

    def __init__(self, fit: Fit) -> None:
        self._model = fit.model
        self._fit = fit
        self._before: list[tuple[keras.Variable, NDArray[Any], NDArray[Any]]] = []
        self._are_in = False
        # What was estimated last, and the weights that it was estimated for.
        self._estimated: list[NDArray[Any]] = []
        self._weights: list[NDArray[Any]] = []

    def put_in(self) -> None:
        """Give the model its final weights, if it does not have them already."""
        if self._are_in:
            return
        self._are_in = True
        averaged = averages_by_variable(self._model.optimizer)
        layers = self._lagging_layers()
        changing = [*(variable for variable, _ in averaged), *averages_of(layers)]
        before = [variable.numpy() for variable in changing]
        if averaged:
            self._model.optimizer.finalize_variable_values(self._model.trainable_variables)
        self._estimate(layers)
        shown = [variable.numpy() for variable in changing]
        self._before = list(zip(changing, before, shown, strict=True))

    def take_out(self) -> None:
        """Give the model the weights back that training goes on with.

        What a callback has set meanwhile stays, and the average of a weight begins anew with it:
        else the end of training would undo it.
        """
        averages = {id(v): average for v, average in averages_by_variable(self._model.optimizer)}
        for variable, before, shown in self._before:
            if np.array_equal(variable.numpy(), shown, equal_nan=True):
                variable.assign(before)
            elif id(variable) in averages:
                averages[id(variable)].assign(variable)
        self._before, self._are_in = [], False

    def finish(self) -> None:
        """Estimate what lags when training has ended and the optimizer has put its averages in."""
        self._estimate(self._lagging_layers())

    def _lagging_layers(self) -> list[keras.layers.BatchNormalization]:
        return lagging_layers(self._model, steps_taken(self._model.optimizer))

    def _estimate(self, layers: list[keras.layers.BatchNormalization]) -> None:
        """Estimate these layers' averages, or take what was estimated for the very same weights."""
        if not layers:
            return
        averages = averages_of(layers)
        ours = set(map(id, averages))
        weights = [one.numpy() for one in self._model.weights if id(one) not in ours]
        if len(self._estimated) == len(averages) and _are_equal(self._weights, weights):
            for average, value in zip(averages, self._estimated, strict=True):
                average.assign(value)
            return
        estimate_averages(self._model, layers, self._batches, self._fit.seed)
        self._weights, self._estimated = weights, [average.numpy() for average in averages]

    @cached_property
    def _batches(self) -> list[NDArray[np.float32]]:
        return sample_batches(self._fit.data, self._fit.seed)


def _are_equal(one: list[NDArray[Any]], other: list[NDArray[Any]]) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one, other))
