"""What the trainer accepts as data, brought to one form."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets import Split
from mnistkit.errors import ImageError, LabelError, RecipeError, SplitError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from mnistkit.training.run_folder import DataRecord

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

    def num_batches(self, batch_size: int) -> int:
        """How many steps an epoch has, the last one perhaps smaller."""
        return math.ceil(len(self) / batch_size)


def as_split(data: Data) -> Split:
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
        return Split(*data)
    raise TypeError(
        f"Expected a mnistkit.Split or a pair (images, labels), not {type(data).__name__}. "
        "For images alone use Trainer.predict."
    )


def fit_to_model(images: NDArray[Any], model: keras.Model) -> NDArray[Any]:
    """Give images the shape of the model's input; a missing channel axis is added.

    Raises
    ------
    ImageError
        If the images are of another shape.
    """
    expected = tuple(model.input_shape[1:])
    found = images.shape[1:]
    if found == expected:
        return images
    if (*found, 1) == expected:
        return images[..., None]
    if found == (*expected, 1):
        return images[..., 0]
    single = " For a single picture add the first axis: images[None]." if (
        images.shape in (expected, expected[:-1])
    ) else ""  # fmt: skip
    raise ImageError(
        f"The images are of shape {images.shape}, but the model {model.name!r} takes "
        f"{('n', *expected)}.{single} "
        "Resize them, or build the model with input_shape=" + f"{found}."
    )


def check_labels(split: Split, model: keras.Model) -> NDArray[np.int32]:
    """The labels, after checking that the model has an output for each.

    Raises
    ------
    LabelError
        If there are more classes than outputs.
    """
    outputs = model.output_shape[-1]
    if len(split.classes) > outputs and split.labels.max() >= outputs:
        raise LabelError(
            f"The data has {len(split.classes)} classes, the model {model.name!r} has {outputs} "
            f"outputs. Build it with num_classes={len(split.classes)}."
        )
    return split.labels.astype(np.int32)


def weights_per_example(
    labels: NDArray[np.int32],
    sample_weight: ArrayLike | None,
    class_weight: dict[int, float] | None,
) -> NDArray[np.float32] | None:
    """One weight an image from weights by image and by class; None if there are neither.

    Raises
    ------
    LabelError
        If the weights do not match the labels.
    """
    if sample_weight is None and class_weight is None:
        return None
    weights = np.ones(len(labels), dtype=np.float32)
    if sample_weight is not None:
        given = np.asarray(sample_weight, dtype=np.float32)
        if given.shape != labels.shape:
            raise LabelError(
                f"sample_weight is of shape {given.shape}; expected {labels.shape}, one weight an "
                "image."
            )
        weights = weights * given
    if class_weight is not None:
        for label, weight in class_weight.items():
            weights[labels == label] *= np.float32(weight)
    return weights


@dataclass(frozen=True)
class Sources:
    """What one `fit` trains and validates on.

    Attributes
    ----------
    train : Examples or tf.data.Dataset
    validation : Examples, tf.data.Dataset or None
    record, validation_record : DataRecord or None
        What to note in a run's folder; None for a stream, whose content is not known beforehand.
    """

    train: Examples | tf.data.Dataset
    validation: Examples | tf.data.Dataset | None
    record: DataRecord | None = None
    validation_record: DataRecord | None = None

    @property
    def is_stream(self) -> bool:
        """Whether the training data is a ``tf.data.Dataset``."""
        return not isinstance(self.train, Examples)

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


def is_stream(data: Any) -> TypeGuard[tf.data.Dataset]:
    """Whether data is a ``tf.data.Dataset``; TensorFlow is not imported to find out."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(data, tensorflow.data.Dataset)


def stream_sources(
    train: tf.data.Dataset, validation: Any, sample_weight: Any, class_weight: Any
) -> Sources:
    """The sources of a `fit` on a ``tf.data.Dataset``.

    Raises
    ------
    SplitError
        If a part of it is to be set aside.
    LabelError
        If weights are given beside it.
    """
    if sample_weight is not None or class_weight is not None:
        raise LabelError(
            "Weights cannot be given beside a tf.data.Dataset; let it yield "
            "(images, labels, weights)."
        )
    if isinstance(validation, float | int):
        raise SplitError(
            "No fraction of a tf.data.Dataset can be set aside; give validation=... data of its "
            "own, for instance dataset.take(n) and train on dataset.skip(n)."
        )
    if validation is not None and not is_stream(validation):
        split = as_split(validation)
        validation = Examples(split.images, split.labels.astype(np.int32))
    elif validation is not None:
        validation = normalized_stream(validation)
    return Sources(normalized_stream(train), validation)


def normalized_stream(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Divide a stream's integer images by 255; floating ones stay as they are."""
    import tensorflow as tf

    def normalize(images: tf.Tensor, *rest: tf.Tensor) -> tuple[tf.Tensor, ...]:
        if images.dtype.is_integer:
            images = tf.cast(images, tf.float32) / 255.0
        return (images, *rest)

    return dataset.map(normalize, num_parallel_calls=tf.data.AUTOTUNE)
