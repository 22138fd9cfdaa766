"""What the trainer accepts as data, converted to one form."""

from __future__ import annotations

import hashlib
import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets import Split
from mnistkit.errors import ImageError, LabelError, RecipeError, SplitError
from mnistkit.training.sample_weights import ClassWeight, weights_per_example
from mnistkit.training.shapes import advice_for_flat, fit_to_model, model_shapes
from mnistkit.training.streams import checked_stream

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

Data = Split | tuple[ArrayLike, ArrayLike]


@dataclass(frozen=True)
class Examples:
    """Checked images in the shape that a model takes, with labels and perhaps weights.

    Attributes
    ----------
    images : numpy.ndarray of uint8, shape (n, *input_shape)
    labels : numpy.ndarray of int32, shape (n,)
    weights : numpy.ndarray of float32, shape (n,), or None
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int32]
    weights: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """Images, labels, and the weights if there are any."""
        columns = (self.images, self.labels)
        return columns if self.weights is None else (*columns, self.weights)

    def num_batches(self, batch_size: int) -> int:
        """How many steps an epoch has, the last one perhaps smaller."""
        return math.ceil(len(self) / batch_size)


@dataclass(frozen=True)
class TrainingData:
    """What one `fit` trains and validates on.

    Attributes
    ----------
    train : Examples or tf.data.Dataset
    validation : Examples, tf.data.Dataset or None
    train_split, validation_split : Split or None
        What they were made of; None for a stream, whose content is not known beforehand.
    """

    train: Examples | tf.data.Dataset
    validation: Examples | tf.data.Dataset | None
    train_split: Split | None = None
    validation_split: Split | None = None

    @property
    def has_stream(self) -> bool:
        """Whether any of the data is a ``tf.data.Dataset``."""
        return is_stream(self.train) or is_stream(self.validation)

    def train_record(self) -> dict[str, Any] | None:
        """What to note of the training data in a run's folder."""
        return None if self.train_split is None else record_of(self.train_split)

    def validation_record(self) -> dict[str, Any] | None:
        """What to note of the validation data in a run's folder."""
        return None if self.validation_split is None else record_of(self.validation_split)

    def steps_per_epoch(self, batch_size: int) -> int:
        """How many steps an epoch has.

        Raises
        ------
        RecipeError
            If a stream does not say how long it is.
        """
        if isinstance(self.train, Examples):
            return self.train.num_batches(batch_size)
        steps = int(self.train.cardinality())
        if steps < 1:
            raise RecipeError(
                "The tf.data.Dataset does not say how many batches it has, so the recipe's "
                "schedule cannot be laid out. Add dataset.apply("
                "tf.data.experimental.assert_cardinality(n)), or compile the model yourself."
            )
        return steps


def record_of(split: Split) -> dict[str, Any]:
    """Name, size and hash of a split; the hash is of the images' bytes followed by the labels'."""
    digest = hashlib.sha256(np.ascontiguousarray(split.images).data)
    digest.update(np.ascontiguousarray(split.labels).data)
    return {
        "name": split.name,
        "loaded_as": split.loaded_as,
        "num_images": len(split),
        "sha256": digest.hexdigest(),
    }


def is_stream(data: Any) -> TypeGuard[tf.data.Dataset]:
    """Whether data is a ``tf.data.Dataset``; TensorFlow is not imported to find out."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(data, tensorflow.data.Dataset)


def training_data(
    model: keras.Model,
    data: Data | tf.data.Dataset,
    validation: Data | tf.data.Dataset | float | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
    seed: int = 0,
) -> TrainingData:
    """Check all that `Trainer.fit` was given as data, and convert it for the engines.

    Raises
    ------
    ImageError, LabelError, SplitError, ModelError
        As `Trainer.fit` does.
    """
    model_shapes(model)  # a model that takes something else is refused before the data is
    if isinstance(validation, bool):
        raise SplitError(
            f"validation={validation}: expected images with labels, or a fraction of the training "
            "images, such as validation=0.1."
        )
    fraction = None
    if isinstance(validation, float | int | np.floating | np.integer):
        fraction, validation = float(validation), None
    if is_stream(data):
        if sample_weight is not None or class_weight is not None:
            raise LabelError(
                "Weights cannot be given beside a tf.data.Dataset; let it yield "
                "(images, labels, weights)."
            )
        if fraction is not None:
            raise SplitError(
                "No fraction of a tf.data.Dataset can be set aside; give validation=... data "
                "of its own, for instance dataset.take(n), and train on dataset.skip(n)."
            )
        train: Examples | tf.data.Dataset = checked_stream(data, model)
        split = None
    else:
        split = as_split(data, model)
        if fraction is not None:
            if sample_weight is not None:
                raise SplitError(
                    "sample_weight cannot be divided together with a validation fraction. Use "
                    "train, validation = split.holdout(...) and pass the weights of train."
                )
            split, validation = split.holdout(fraction, by="class", seed=seed)
        train = _examples(split, model, sample_weight, class_weight)
    if validation is None:
        return TrainingData(train, None, split)
    if is_stream(validation):
        return TrainingData(train, checked_stream(validation, model), split)
    held_out = as_split(validation, model)
    return TrainingData(train, _examples(held_out, model), split, held_out)


def _examples(
    split: Split,
    model: keras.Model,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
) -> Examples:
    labels = check_labels(split, model)
    _, num_outputs = model_shapes(model)
    weights = weights_per_example(labels, sample_weight, class_weight, num_outputs)
    return Examples(fit_to_model(split.images, model), labels, weights)


def as_split(data: Data, model: keras.Model) -> Split:
    """A split, made of (images, labels) if it is not one yet.

    Raises
    ------
    ImageError, LabelError
        If the arrays make no split.
    TypeError
        If it is neither.
    """
    if isinstance(data, Split):
        return data
    if isinstance(data, tuple) and len(data) == 2:
        shape, (expected, _) = np.shape(data[0]), model_shapes(model)
        if advice := advice_for_flat(shape, expected):  # a split would not know the sides
            raise ImageError(
                f"The images are of shape {shape}, but the model {model.name!r} takes "
                f"{('n', *expected)}. {advice}"
            )
        return Split(*data)
    raise TypeError(
        f"Expected a mnistkit.Split or a pair (images, labels), not {type(data).__name__}. "
        "For images alone use Trainer.predict."
    )


def check_labels(split: Split, model: keras.Model) -> NDArray[np.int32]:
    """The labels, after checking that the model has an output for each.

    Raises
    ------
    LabelError
        If there are more classes than outputs.
    """
    _, outputs = model_shapes(model)
    if split.labels.max() >= outputs:
        raise LabelError(
            f"The data has {len(split.classes)} classes, the model {model.name!r} has {outputs} "
            f"outputs. Build it with num_classes={len(split.classes)}."
        )
    return split.labels.astype(np.int32)
