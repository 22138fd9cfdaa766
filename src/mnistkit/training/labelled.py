"""Labelled images, of a split or of two arrays, checked and in the shape that a model takes."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets import Split
from mnistkit.errors import WrongTypeError
from mnistkit.training.inputs import Inputs, checked_inputs
from mnistkit.training.labels import checked_labels, refuse_more_classes
from mnistkit.training.outputs import num_classes_of
from mnistkit.training.shapes import fit_to_model
from mnistkit.training.targets import checked_targets, flat, packed

if TYPE_CHECKING:
    import keras

Data = Split | tuple[ArrayLike, ArrayLike]


@dataclass(frozen=True)
class Examples:
    """Checked images in the shape that a model takes, with labels and perhaps weights.

    Attributes
    ----------
    images : numpy.ndarray of uint8 or float32, shape (n, *input_shape)
    labels : numpy.ndarray of int32, shape (n,), or of float32, shape (n, num_classes)
        Class numbers, or a probability a class: one-hot or soft. For a model that tells no classes
        apart whatever its loss takes, see `mnistkit.training.targets`.
    weights : numpy.ndarray of float32, shape (n,), or None
    divisor : float
        What the images are divided by on their way to the model: 255, or 1.
    name, loaded_as : str
        What they are called, and the name by which they were loaded; empty for plain arrays.
    classes : tuple of str
        What the classes are called; empty if nobody said it.
    """

    images: NDArray[Any]
    labels: Any
    weights: NDArray[np.float32] | None = None
    divisor: float = 255.0
    name: str = ""
    loaded_as: str = ""
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """Images, labels, and the weights if there are any."""
        columns = (self.images, *flat(self.labels))
        return columns if self.weights is None else (*columns, self.weights)

    def num_batches(self, batch_size: int) -> int:
        """How many steps an epoch has, the last one perhaps smaller."""
        return math.ceil(len(self) / batch_size)

    def record(self) -> dict[str, Any]:
        """What to note in a run's folder; the hash is of the bytes of images and labels."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images).data)
        for labels in flat(self.labels):
            digest.update(np.ascontiguousarray(labels).data)
        return {
            "name": self.name,
            "loaded_as": self.loaded_as,
            "num_images": len(self),
            "sha256": digest.hexdigest(),
        }

    def part(self, chosen: NDArray[np.bool_]) -> Examples:
        """Those that are marked."""
        weights = None if self.weights is None else self.weights[chosen]
        labels = packed(self.labels, [labels[chosen] for labels in flat(self.labels)])
        return replace(self, images=self.images[chosen], labels=labels, weights=weights)


def labelled(data: Any, model: keras.Model, inputs: Inputs = "images") -> Examples:
    """Checked images with their labels, of a split or of two arrays.

    Raises
    ------
    ImageError, LabelError
        If they do not fit the model.
    WrongTypeError
        If it is something else.
    """
    num_classes = num_classes_of(model)
    if isinstance(data, Split):
        if num_classes is not None:
            refuse_more_classes(data.labels, len(data.classes), num_classes, model.name)
        images, divisor = checked_inputs(data.images, inputs)
        return Examples(
            fit_to_model(images, model),
            data.labels.astype(np.int32),
            divisor=divisor,
            name=data.name,
            loaded_as=data.loaded_as,
            classes=data.classes,
        )
    if isinstance(data, tuple) and len(data) == 2:
        images, divisor = checked_inputs(data[0], inputs)
        images = fit_to_model(images, model)
        if num_classes is None:
            labels = checked_targets(data[1], images, divisor)
        else:
            labels = checked_labels(data[1], len(images), num_classes, model.name)
        return Examples(images, labels, divisor=divisor)
    advice = "For images alone use Trainer.predict."
    if isinstance(data, str):
        advice = "A data set is loaded by its name with mnistkit.load_dataset(name).train."
    elif isinstance(data, list) and len(data) == 2:
        advice = "A pair is a tuple, in round brackets."
    raise WrongTypeError(
        f"Expected a mnistkit.Split or a pair (images, labels), not {type(data).__name__}. {advice}"
    )
