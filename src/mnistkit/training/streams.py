"""A ``tf.data.Dataset`` as training data: held against the model before and while it is read.

What its ``element_spec`` says is looked at at once (`stream_specs`); what only the numbers say,
such as a label that the model has no output for, in every batch (`stream_claims`).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from mnistkit.errors import ImageError
from mnistkit.training.inputs import Inputs
from mnistkit.training.outputs import num_classes_of
from mnistkit.training.shapes import input_shape_of
from mnistkit.training.stream_claims import Expected, own_errors, prepared_batch
from mnistkit.training.stream_specs import (
    are_rows,
    refuse_image_shape,
    refuse_image_type,
    refuse_labels,
    refuse_length,
    spec_columns,
)

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


@dataclass(frozen=True)
class Stream:
    """Checked batches of images of the model's input shape, labels, and perhaps weights.

    Attributes
    ----------
    batches : tf.data.Dataset
        Float32 images, int32 labels or float32 rows of a probability a class, and the weights if
        there are any. Iterated within `own_errors`, it raises a LabelError or an ImageError at the
        first batch that does not fit.
    batch_size : int
        How many images the first batch has.
    one_hot : bool
        Whether the labels are rows.
    """

    batches: tf.data.Dataset
    batch_size: int
    one_hot: bool = False

    def with_rows(self, num_classes: int) -> Stream:
        """The same with rows for labels, made of the class numbers."""
        import tensorflow as tf

        if self.one_hot:
            return self
        return Stream(
            self.batches.map(
                lambda images, labels, *rest: (images, tf.one_hot(labels, num_classes), *rest)
            ),
            self.batch_size,
            one_hot=True,
        )


def is_stream(data: Any) -> TypeGuard[tf.data.Dataset]:
    """Whether data is a ``tf.data.Dataset``; TensorFlow is not imported to find out."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(data, tensorflow.data.Dataset)


def checked_stream(
    dataset: tf.data.Dataset,
    model: keras.Model,
    inputs: Inputs = "images",
    *,
    with_labels: bool = True,
) -> Stream:
    """A stream of what the engines take, after a look at its structure and its first batch.

    Parameters
    ----------
    dataset : tf.data.Dataset
    model : keras.Model
    inputs : str
        How images are taken, see `mnistkit.training.inputs`.
    with_labels : bool, default True
        Whether there have to be labels; if not, those that there are are left out.

    Raises
    ------
    ImageError, LabelError
        If its elements or its first batch do not fit the model; the message says what to write.
    """
    import tensorflow as tf

    refuse_length(int(dataset.cardinality()))
    if num_classes_of(model) is None:
        return _with_checked_images(dataset, model, inputs)
    if not with_labels:
        dataset = _images_alone(dataset)
    columns = spec_columns(dataset.element_spec, with_labels=with_labels)
    if any(spec.shape.rank is None for spec in columns[:2]):  # of a generator that says no shapes
        columns = tuple(map(_spec_of, _first(dataset)))
    images, labels = (*columns, None)[:2]
    input_shape, _ = input_shape_of(model)
    num_outputs = num_classes_of(model) or 0
    refuse_image_type(images)
    refuse_image_shape(tuple(images.shape), input_shape, model.name)
    if labels is not None:
        refuse_labels(labels, num_outputs, model.name)
    one_hot = labels is not None and are_rows(labels)
    expected = Expected(tuple(images.shape[1:]), input_shape, num_outputs, inputs, one_hot)

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def prepare(*columns: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return prepared_batch(columns, expected)

    prepared = dataset.map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
    with own_errors():
        first = _first(prepared)
    return Stream(prepared, len(first[0]), one_hot)


def _images_alone(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The images, each in a tuple of one, if anything stands beside them."""
    if isinstance(dataset.element_spec, tuple):
        return dataset.map(lambda *columns: (columns[0],))
    if isinstance(dataset.element_spec, dict):
        return dataset  # which has a message of its own
    return dataset.map(lambda images: (images,))


def _with_checked_images(dataset: tf.data.Dataset, model: keras.Model, inputs: Inputs) -> Stream:
    """A stream for a model that tells no classes apart: what is no image stays as it is."""
    import tensorflow as tf

    spec = dataset.element_spec
    images = spec[0] if isinstance(spec, tuple) else spec
    if not isinstance(images, tf.TensorSpec) or images.shape.rank is None:
        raise ImageError(
            "The tf.data.Dataset does not yield batches of images, or of images and targets, of a "
            "known shape. Write tf.data.Dataset.from_tensor_slices((images, targets)).batch(32)."
        )
    input_shape, _ = input_shape_of(model)
    shape = tuple(images.shape)
    refuse_image_shape(shape, input_shape, model.name)
    divisor = 255.0 if images.dtype.is_integer and inputs == "images" else 1.0

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def prepare(images: tf.Tensor, *targets: Any) -> Any:
        images = tf.cast(images, tf.float32) / divisor
        if len(shape) - 1 != len(input_shape):
            images = images[..., None] if len(shape) - 1 < len(input_shape) else images[..., 0]
        return (images, *targets) if targets else images

    prepared = dataset.map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
    for element in prepared.take(1):
        first = element[0] if isinstance(element, tuple) else element
        return Stream(prepared, len(first))
    raise ImageError("There are no images: the tf.data.Dataset is empty.")


def _first(dataset: tf.data.Dataset) -> tuple[Any, ...]:
    for element in dataset.take(1):
        return tuple(element)
    raise ImageError("There are no images: the tf.data.Dataset is empty.")


def _spec_of(value: tf.Tensor) -> tf.TensorSpec:
    """The spec of a batch's value, of which the next may have another length."""
    import tensorflow as tf

    return tf.TensorSpec(
        value.shape if value.shape.rank == 0 else (None, *value.shape[1:]), value.dtype
    )
