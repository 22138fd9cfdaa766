"""Batch normalisation's moving averages, estimated anew where few steps have left them behind.

A layer with a momentum of 0.9 still holds an eighth of what its averages began with after twenty
steps. Measured with them, a network that has learned looks like chance.

References
----------
Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", 2018, and Wu
and Johnson, "Rethinking 'Batch' in BatchNorm", 2021, estimate them after training in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np
from numpy.typing import NDArray

from mnistkit.training.data import TrainingData
from mnistkit.training.labelled import Examples
from mnistkit.training.seeding import seed_layers
from mnistkit.training.stream_claims import own_errors

if TYPE_CHECKING:
    import tensorflow as tf

_SHARE = 1e-4  # with so little left of what an average began with, it is taken as it is
_IMAGES = 2000  # as many as this give means and variances to some percent
_BATCH = 200
_MOST_NUMBERS = 16_000_000  # of all these images; large ones are fewer
_EPOCH = 2**31  # no epoch of training has this number, so none has these random numbers


def lagging_layers(model: keras.Model, steps: int) -> list[keras.layers.BatchNormalization]:
    """The layers whose averages are not yet those of the training images after so many steps.

    Parameters
    ----------
    model : keras.Model
    steps : int
        How many were taken; with none, no average has moved.
    """
    # A model whose call takes no `training` is never in training mode, in Keras' own step either.
    if steps < 1 or not model._call_has_training_arg:  # noqa: SLF001
        return []
    return [
        layer
        for layer in model._flatten_layers()  # noqa: SLF001  (those inside of other layers too)
        if isinstance(layer, keras.layers.BatchNormalization)
        and layer.trainable
        and layer.momentum**steps > _SHARE
    ]


def averages_of(layers: Sequence[keras.layers.BatchNormalization]) -> list[keras.Variable]:
    """The moving means and variances of these layers."""
    return [average for layer in layers for average in (layer.moving_mean, layer.moving_variance)]


def estimate_averages(
    model: keras.Model,
    layers: Sequence[keras.layers.BatchNormalization],
    batches: Sequence[NDArray[np.float32]],
    seed: int,
) -> None:
    """Set the layers' averages to the means over the batches, seen as in training.

    Nothing else of the model changes: neither its weights nor the state of its random layers.

    Parameters
    ----------
    model : keras.Model
    layers : sequence of keras.layers.BatchNormalization
    batches : sequence of numpy.ndarray, shape (m, *input_shape)
    seed : int
        What random layers draw from.
    """
    averages = {id(variable) for variable in averages_of(layers)}
    others = [v for v in model.non_trainable_variables if id(v) not in averages]
    values = [variable.numpy() for variable in others]
    momenta = [layer.momentum for layer in layers]
    seed_layers(model, seed, _EPOCH)
    try:
        with model.distribute_strategy.scope():
            for number, images in enumerate(batches):
                for layer in layers:
                    layer.momentum = number / (number + 1)
                model(images, training=True)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        for variable, value in zip(others, values, strict=True):
            variable.assign(value)


def sample_batches(data: TrainingData, seed: int) -> list[NDArray[np.float32]]:
    """Some two thousand training images as the model sees them, in batches of nearly one size.

    Parameters
    ----------
    data : TrainingData
        Of a ``tf.data.Dataset`` the first batches are taken, else images drawn by the seed.
    seed : int
    """
    if not isinstance(data.train, Examples):
        with own_errors():
            return list(_first_batches(data.train.batches))
    images = data.train.images
    most = _most_images(images.shape[1:])
    chosen = np.random.default_rng([seed, _EPOCH]).permutation(len(images))[:most]
    taken = images[np.sort(chosen)].astype(np.float32) / np.float32(data.train.divisor)
    return np.array_split(taken, math.ceil(len(taken) / _BATCH))


def _first_batches(stream: tf.data.Dataset) -> Iterator[NDArray[np.float32]]:
    seen = 0
    for images, *_ in stream.as_numpy_iterator():
        yield images
        seen += len(images)
        if seen >= _most_images(images.shape[1:]):
            return


def _most_images(shape: tuple[int, ...]) -> int:
    return max(min(_IMAGES, _MOST_NUMBERS // max(math.prod(shape), 1)), 1)
