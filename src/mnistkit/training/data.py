"""What the trainer accepts as data, converted to one form."""

from __future__ import annotations

import hashlib
import math
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets import Split, holdout
from mnistkit.errors import LabelError, RecipeError, SplitError
from mnistkit.training.inputs import Inputs, checked_inputs
from mnistkit.training.labels import (
    are_rows,
    are_soft,
    checked_labels,
    numbers_of,
    refuse_more_classes,
    rows_of,
)
from mnistkit.training.outputs import num_classes_of, outputs_of
from mnistkit.training.sample_weights import ClassWeight, weights_per_example
from mnistkit.training.shapes import fit_to_model, input_shape_of
from mnistkit.training.streams import checked_stream
from mnistkit.training.targets import checked_targets, flat, packed

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

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


@dataclass(frozen=True)
class TrainingData:
    """What one `fit` trains and validates on.

    Attributes
    ----------
    train : Examples or tf.data.Dataset
    validation : Examples, tf.data.Dataset or None
    one_hot : bool
        Whether the labels of both are rows of a probability a class, not class numbers.
    """

    train: Examples | tf.data.Dataset
    validation: Examples | tf.data.Dataset | None
    one_hot: bool = False

    @property
    def has_stream(self) -> bool:
        """Whether any of the data is a ``tf.data.Dataset``."""
        return is_stream(self.train) or is_stream(self.validation)

    def train_record(self) -> dict[str, Any] | None:
        """What to note of the training data in a run's folder; None for a stream."""
        return self.train.record() if isinstance(self.train, Examples) else None

    def validation_record(self) -> dict[str, Any] | None:
        """What to note of the validation data in a run's folder; None for a stream."""
        return self.validation.record() if isinstance(self.validation, Examples) else None

    @property
    def says_its_length(self) -> bool:
        """Whether it is known beforehand how many steps an epoch has."""
        return isinstance(self.train, Examples) or int(self.train.cardinality()) > 0

    def steps_per_epoch(self, batch_size: int) -> int:
        """How many steps an epoch has.

        Raises
        ------
        RecipeError
            If a stream does not say how long it is.
        """
        if isinstance(self.train, Examples):
            return self.train.num_batches(batch_size)
        if not self.says_its_length:
            raise RecipeError(
                "The tf.data.Dataset does not say how many batches it has, so the recipe's "
                "schedule cannot be laid out. Add dataset.apply("
                "tf.data.experimental.assert_cardinality(n)), or compile the model yourself."
            )
        return int(self.train.cardinality())


def is_stream(data: Any) -> TypeGuard[tf.data.Dataset]:
    """Whether data is a ``tf.data.Dataset``; TensorFlow is not imported to find out."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(data, tensorflow.data.Dataset)


def training_data(
    model: keras.Model,
    data: Data | tf.data.Dataset,
    validation: Data | tf.data.Dataset | float | None = None,
    *,
    inputs: Inputs = "images",
    loss_takes_numbers: bool = True,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
    seed: int = 0,
) -> TrainingData:
    """Check all that `Trainer.fit` was given as data, and convert it for the engines.

    Labels become class numbers, unless they are soft, or one-hot and the loss takes them so.

    Raises
    ------
    ImageError, LabelError, SplitError, ModelError
        As `Trainer.fit` does.
    """
    input_shape_of(model)  # a model that takes something else is refused before the data is
    if isinstance(validation, bool):
        raise SplitError(
            f"validation={validation}: expected images with labels, or a fraction of the training "
            "images, such as validation=0.1."
        )
    fraction = None
    if isinstance(validation, float | int | np.floating | np.integer):
        fraction, validation = float(validation), None
    if is_stream(data):
        _refuse_beside_stream(fraction, sample_weight, class_weight)
        train: Examples | tf.data.Dataset = checked_stream(data, model)
        held_out: Examples | tf.data.Dataset | None = None
    else:
        train, held_out = _train_examples(
            data, model, inputs, fraction, sample_weight, class_weight, seed
        )
    if validation is not None:
        held_out = (
            checked_stream(validation, model)
            if is_stream(validation)
            else labelled(validation, model, inputs)
        )
    if num_classes_of(model) is None:
        return TrainingData(train, held_out)
    rows = [isinstance(one, Examples) and are_rows(one.labels) for one in (train, held_out)]
    soft = [isinstance(one, Examples) and are_soft(one.labels) for one in (train, held_out)]
    one_hot = any(soft) or (rows[0] and not loss_takes_numbers)
    if outputs_of(model).are_single:
        if any(soft):
            raise LabelError(
                "Soft labels are a probability a class, and the model has one output for two "
                'classes. End it with keras.layers.Dense(2, activation="softmax").'
            )
        one_hot = False
    return TrainingData(
        _with_labels(train, model, one_hot=one_hot),
        None if held_out is None else _with_labels(held_out, model, one_hot=one_hot),
        one_hot,
    )


def _refuse_beside_stream(fraction: float | None, *weights: Any) -> None:
    if any(one is not None for one in weights):
        raise LabelError(
            "Weights cannot be given beside a tf.data.Dataset; let it yield "
            "(images, labels, weights)."
        )
    if fraction is not None:
        raise SplitError(
            "No fraction of a tf.data.Dataset can be set aside; give validation=... data "
            "of its own, for instance dataset.take(n), and train on dataset.skip(n)."
        )


def _train_examples(
    data: Data,
    model: keras.Model,
    inputs: Inputs,
    fraction: float | None,
    sample_weight: ArrayLike | None,
    class_weight: ClassWeight | None,
    seed: int,
) -> tuple[Examples, Examples | None]:
    """The examples to train on, and those of the fraction that is set aside, if there is one."""
    if fraction is not None and sample_weight is not None:
        raise SplitError(
            "sample_weight cannot be divided together with a validation fraction. Use "
            "train, validation = split.holdout(...) and pass the weights of train."
        )
    held_out = None
    if fraction is None:
        examples = labelled(data, model, inputs)
    elif isinstance(data, Split):
        parts = data.holdout(fraction, by="class", seed=seed)
        examples, held_out = (labelled(part, model, inputs) for part in parts)
    else:
        examples = labelled(data, model, inputs)
        count = holdout.count(fraction, len(examples))
        aside = holdout.by_class(_classes_of(examples, model), count, seed)
        examples, held_out = examples.part(~aside), examples.part(aside)
    num_classes = num_classes_of(model)
    if num_classes is None and class_weight is not None:
        raise LabelError(
            f"The model {model.name!r} tells no classes apart. Leave class_weight out."
        )
    labels = examples.labels if num_classes else _classes_of(examples, model)
    weights = weights_per_example(labels, sample_weight, class_weight, num_classes or 1)
    return replace(examples, weights=weights), held_out


def _classes_of(examples: Examples, model: keras.Model) -> NDArray[np.int32]:
    """The class numbers; one and the same for a model that tells no classes apart."""
    if num_classes_of(model) is None:
        return np.zeros(len(examples), np.int32)
    return numbers_of(examples.labels)


def labelled(data: Data, model: keras.Model, inputs: Inputs = "images") -> Examples:
    """Checked images with their labels, of a split or of two arrays.

    Raises
    ------
    ImageError, LabelError
        If they do not fit the model.
    TypeError
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
    raise TypeError(
        f"Expected a mnistkit.Split or a pair (images, labels), not {type(data).__name__}. "
        "For images alone use Trainer.predict."
    )


def _with_labels(
    examples: Examples | tf.data.Dataset, model: keras.Model, *, one_hot: bool
) -> Examples | tf.data.Dataset:
    """The same with labels of the form that the loss takes."""
    if not isinstance(examples, Examples):
        return examples
    num_classes = num_classes_of(model) or 0
    labels = rows_of(examples.labels, num_classes) if one_hot else numbers_of(examples.labels)
    return replace(examples, labels=labels)
