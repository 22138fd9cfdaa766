"""What only the numbers of a ``tf.data.Dataset`` say: looked at in its pipeline, in every batch.

Without this TensorFlow would train on NaN, or stop with an error of its own.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistkit.errors import ImageError, LabelError, MnistKitError
from mnistkit.training.inputs import Inputs
from mnistkit.training.labels import ROUNDING
from mnistkit.training.stream_specs import RANGES, Shape, readable

if TYPE_CHECKING:
    import tensorflow as tf

# An assertion's text is all that comes back from TensorFlow's threads.
_KINDS: dict[str, type[MnistKitError]] = {"images": ImageError, "labels": LabelError}
_MARKED = re.compile(r"<mnistkit (images|labels)>(.*?)</mnistkit>", re.DOTALL)


@dataclass(frozen=True)
class Expected:
    """What a batch of a stream is, and what the model takes."""

    image_shape: Shape
    input_shape: Shape
    num_outputs: int
    inputs: Inputs
    one_hot: bool


@contextlib.contextmanager
def own_errors() -> Iterator[None]:
    """Raise what the pipeline of `checked_stream` found as the error that it is."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        found = _MARKED.search(str(error))
        if found is None:
            raise
        # Without the cause: pages of TensorFlow's nodes, with this text in the middle.
        raise _KINDS[found[1]](found[2]) from None


def marked(error: MnistKitError) -> MnistKitError:
    """An error of a pipeline's Python code, so that `own_errors` finds it again."""
    kind = "labels" if isinstance(error, LabelError) else "images"
    return type(error)(f"<mnistkit {kind}>{error}</mnistkit>")


def prepared_batch(columns: tuple[tf.Tensor, ...], expected: Expected) -> tuple[tf.Tensor, ...]:
    """One batch, checked and brought to the model's shape; runs in TensorFlow's threads."""
    import tensorflow as tf

    images, *rest = columns
    with tf.control_dependencies(_shape_checks(columns, expected)):
        images = tf.ensure_shape(images, (None, *expected.image_shape))
        rest = [_reshaped(number, column, expected) for number, column in enumerate(rest)]
    with tf.control_dependencies(_value_checks(images, rest, expected)):
        is_divided = expected.inputs == "images" and images.dtype.is_integer
        images = tf.cast(images, tf.float32) / (255.0 if is_divided else 1.0)
        if rest:
            rest = [tf.cast(rest[0], tf.float32 if expected.one_hot else tf.int32), *rest[1:]]
    if len(expected.input_shape) == 1:
        images = tf.reshape(images, (-1, *expected.input_shape))
    elif len(expected.image_shape) < len(expected.input_shape):
        images = images[..., None]
    elif len(expected.image_shape) > len(expected.input_shape):
        images = images[..., 0]
    return (images, *rest)


def _reshaped(number: int, column: tf.Tensor, expected: Expected) -> tf.Tensor:
    """Labels or weights without an axis of one; rows of labels stay rows."""
    import tensorflow as tf

    if number == 0 and expected.one_hot:
        return tf.ensure_shape(column, (None, expected.num_outputs))
    return tf.reshape(column, (-1,))


def _shape_checks(columns: tuple[tf.Tensor, ...], expected: Expected) -> list[Any]:
    """Assertions for what a batch's own shape may do wrong, if the spec leaves it open."""
    import tensorflow as tf

    images, *rest = columns
    fixed = [side or 0 for side in expected.image_shape]
    found = tf.shape(images)

    def same_sides() -> tf.Tensor:
        open_or_same = tf.equal(found[1:], fixed) | tf.equal(fixed, 0)
        return tf.reduce_all(open_or_same)

    agrees = tf.cond(tf.equal(tf.size(found), len(fixed) + 1), same_sides, lambda: False)
    checks = [
        _claim(
            "images",
            agrees,
            "A batch of the tf.data.Dataset has images of shape {}, others of shape "
            f"{readable((None, *expected.image_shape))}; expected one shape. Resize them, or pad "
            "them.",
            found,
        )
    ]
    for name, column in zip(("labels", "weights"), rest, strict=False):
        each = expected.num_outputs if name == "labels" and expected.one_hot else 1
        checks.append(
            _claim(
                "labels",
                tf.equal(tf.size(column), each * found[0]),
                f"A batch of the tf.data.Dataset has {{}} images, and {name} of shape {{}}; "
                "expected one an image.",
                found[0],
                tf.shape(column),
            )
        )
    return checks


def _value_checks(images: tf.Tensor, rest: list[tf.Tensor], expected: Expected) -> list[Any]:
    """Assertions for the values of a batch."""
    import tensorflow as tf

    checks = [
        _claim(
            "labels",
            tf.reduce_all((one >= 0) & (tf.cast(one, tf.float64) < math.inf)),
            "The weights that the tf.data.Dataset yields must be 0 or more, and finite; a "
            "batch has some from {} to {}.",
            *(tf.reduce_min(one), tf.reduce_max(one)),
        )
        for one in rest[1:]
    ]
    if rest:
        claim = _claim_on_rows if expected.one_hot else _claim_on_numbers
        checks.append(claim(rest[0], expected))
    if images.dtype != tf.bool:
        checks.append(_claim_on_images(images, expected))
    return checks


def _claim_on_numbers(labels: tf.Tensor, expected: Expected) -> Any:
    import tensorflow as tf

    low, high = (tf.cast(f(labels), tf.int64) for f in (tf.reduce_min, tf.reduce_max))
    return _claim(
        "labels",
        tf.equal(tf.size(labels), 0) | ((low >= 0) & (high < expected.num_outputs)),
        "The tf.data.Dataset has labels from {} to {}, the model "
        f"{expected.num_outputs} outputs. Class numbers begin with 0; build the model with "
        "num_classes={}, or correct the labels.",
        *(low, high, high + 1),
    )


def _claim_on_rows(rows: tf.Tensor, expected: Expected) -> Any:
    import tensorflow as tf

    rows = tf.cast(rows, tf.float32)
    sums = tf.reduce_sum(rows, axis=1)
    are_right = (tf.abs(sums - 1) <= ROUNDING) & tf.reduce_all(rows >= 0, axis=1)
    return _claim(
        "labels",
        tf.reduce_all(are_right),
        f"The tf.data.Dataset has labels of {expected.num_outputs} numbers an image; expected "
        "one-hot labels, or probabilities of at least 0 that add up to 1. In one batch they add up "
        "to {} up to {}, and the smallest is {}.",
        *(tf.reduce_min(sums), tf.reduce_max(sums), tf.reduce_min(rows)),
    )


def _claim_on_images(images: tf.Tensor, expected: Expected) -> Any:
    import tensorflow as tf

    low = tf.cast(tf.reduce_min(images), tf.float64)
    high = tf.cast(tf.reduce_max(images), tf.float64)
    kind = f"A {images.dtype.name} batch of the tf.data.Dataset has values from {{}} to {{}}"
    is_empty = tf.equal(tf.size(images), 0)
    if expected.inputs != "images":
        is_finite = tf.math.is_finite(low) & tf.math.is_finite(high)
        return _claim("images", is_empty | is_finite, f"{kind}; expected finite ones.", low, high)
    limit = 255 if images.dtype.is_integer else 1
    in_range = is_empty | ((low >= 0) & (high <= limit))  # neither holds for NaN
    return _claim("images", in_range, f"{kind}, outside 0 to {limit}. {RANGES}", low, high)


def _claim(kind: str, holds: tf.Tensor, message: str, *values: tf.Tensor) -> Any:
    """An assertion whose text `own_errors` finds again."""
    import tensorflow as tf

    text = tf.strings.format(f"<mnistkit {kind}>{message}</mnistkit>", values)
    return tf.debugging.Assert(holds, [text])
