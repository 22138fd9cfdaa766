"""A ``tf.data.Dataset`` as training data: held against the model before and while it is read.

What its ``element_spec`` says is looked at at once. What only the numbers say, such as a label that
the model has no output for, is looked at in the pipeline, in every batch: TensorFlow would train on
NaN or stop with an error of its own.
"""

from __future__ import annotations

import contextlib
import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from mnistkit.errors import ImageError, LabelError, MnistKitError
from mnistkit.training.inputs import Inputs
from mnistkit.training.labels import ROUNDING
from mnistkit.training.outputs import num_classes_of
from mnistkit.training.shapes import input_shape_of, shapes_agree

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

Shape = tuple[int | None, ...]

_PAIRS = "batches of (images, labels) or (images, labels, weights)"
_RANGES = (
    "Integer images go from 0 (paper) to 255 (ink), floating ones from 0.0 to 1.0; divide by 255 "
    "once, or not at all."
)
# An assertion's text is all that comes back from TensorFlow's threads.
_KINDS: dict[str, type[MnistKitError]] = {"images": ImageError, "labels": LabelError}
_MARKED = re.compile(r"<mnistkit (images|labels)>(.*?)</mnistkit>", re.DOTALL)


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

    _refuse_length(int(dataset.cardinality()))
    if num_classes_of(model) is None:
        return _with_checked_images(dataset, model, inputs)
    if not with_labels:
        dataset = _images_alone(dataset)
    columns = _columns(dataset.element_spec, with_labels=with_labels)
    if any(spec.shape.rank is None for spec in columns[:2]):  # of a generator that says no shapes
        columns = tuple(map(_spec_of, _first(dataset)))
    images, labels = (*columns, None)[:2]
    input_shape, _ = input_shape_of(model)
    num_outputs = num_classes_of(model) or 0
    _refuse_image_type(images)
    _refuse_image_shape(tuple(images.shape), input_shape, model.name)
    if labels is not None:
        _refuse_labels(labels, num_outputs, model.name)
    one_hot = labels is not None and _are_rows(labels)
    expected = _Expected(tuple(images.shape[1:]), input_shape, num_outputs, inputs, one_hot)

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def prepare(*columns: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return _prepared(columns, expected)

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


@dataclass(frozen=True)
class _Expected:
    """What a batch of a stream is, and what the model takes."""

    image_shape: Shape
    input_shape: Shape
    num_outputs: int
    inputs: Inputs
    one_hot: bool


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
    _refuse_image_shape(shape, input_shape, model.name)
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


def _refuse_length(num_batches: int) -> None:
    import tensorflow as tf

    if num_batches == 0:
        raise ImageError("There are no images: the tf.data.Dataset is empty.")
    if num_batches == tf.data.INFINITE_CARDINALITY:
        raise ImageError(
            "The tf.data.Dataset has no end, so an epoch would have none. Leave dataset.repeat() "
            "out, or write dataset.take(n) for epochs of n batches."
        )


def _columns(spec: Any, *, with_labels: bool) -> tuple[tf.TensorSpec, ...]:
    """The specs of images, and of labels and perhaps weights."""
    import tensorflow as tf

    if isinstance(spec, dict):
        raise ImageError(_about_dictionary(spec))
    if not isinstance(spec, tuple):
        raise LabelError(
            "The tf.data.Dataset yields images alone; expected "
            f"{_PAIRS}. Write tf.data.Dataset.from_tensor_slices((images, labels)).batch(32)."
        )
    if len(spec) not in (2, 3) and with_labels:
        raise ImageError(
            f"The tf.data.Dataset yields elements of {len(spec)} parts; expected {_PAIRS}. Choose "
            "them, for instance dataset.map(lambda *parts: (parts[0], parts[1]))."
        )
    for name, part in zip(("images", "labels", "weights"), spec, strict=False):
        if isinstance(part, dict | tuple):
            raise ImageError(
                f"The {name} that the tf.data.Dataset yields are a {type(part).__name__} of "
                f"several tensors; expected one tensor: {_PAIRS}. Choose it with dataset.map(...)."
            )
        if not isinstance(part, tf.TensorSpec):
            raise ImageError(
                f"The {name} that the tf.data.Dataset yields are of the kind "
                f"{type(part).__name__.removesuffix('Spec')}; expected plain tensors of one size. "
                "Bring all images to the same size before dataset.batch(32)."
            )
    return spec


def _about_dictionary(spec: dict[Any, Any]) -> str:
    names = list(map(str, spec))
    image = next((name for name in names if name in ("image", "images", "x")), None)
    label = next((name for name in names if name in ("label", "labels", "y")), None)
    chosen = f'(e["{image or names[0]}"], e["{label or names[-1]}"])'
    return (
        f"The tf.data.Dataset yields dictionaries with {', '.join(map(repr, names))}; expected "
        f"{_PAIRS}. Write dataset.map(lambda e: {chosen})"
        + (
            ", or tfds.load(..., as_supervised=True)."
            if (image, label) == ("image", "label")
            else "."
        )
    )


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


def _refuse_image_type(images: tf.TensorSpec) -> None:
    if not (images.dtype.is_integer or images.dtype.is_floating or images.dtype.is_bool):
        advice = " Decode them: tf.io.decode_image(...)." if images.dtype == "string" else ""
        raise ImageError(f"Images cannot be of type {images.dtype.name}. {_RANGES}{advice}")


def _are_rows(labels: tf.TensorSpec) -> bool:
    """Whether labels are a number a class, not class numbers."""
    return len(labels.shape) == 2 and labels.shape[1] != 1


def _refuse_image_shape(found: Shape, input_shape: Shape, model: str) -> None:
    if _takes(found[1:], input_shape):
        return
    says = (
        f"The images that the tf.data.Dataset yields are of shape {_readable(found)}, but the "
        f"model {model!r} takes {_readable((None, *input_shape))}."
    )
    size = tuple(side for side in input_shape if side is not None)
    if _takes(found, input_shape):
        advice = "It yields single pictures; write dataset.batch(32)."
    elif _takes(found[2:], input_shape):
        advice = "It was batched twice; leave one of the dataset.batch(...) out."
    elif len(found) == 1 or (len(found) == 2 and found[-1] == math.prod(size)):
        shape = size if len(found) == 1 else (-1, *size)
        advice = (
            "Write dataset.map(lambda images, labels: "
            f"(tf.reshape(images, {shape}), labels))" + (".batch(32)." if len(found) == 1 else ".")
        )
    else:
        advice = (
            "Resize them before they are batched, or build the model for images of their size: "
            f"create_model(..., input_shape={_readable(found[1:])})."
        )
    raise ImageError(f"{says} {advice}")


def _takes(found: Shape, input_shape: Shape) -> bool:
    """Whether images of that shape fit, with a channel axis of one added or removed."""
    return (
        shapes_agree(found, input_shape)
        or shapes_agree((*found, 1), input_shape)
        or (found[-1:] == (1,) and shapes_agree(found[:-1], input_shape))
        or (len(found) > 1 and input_shape == (math.prod(side or 0 for side in found),))
    )


def _refuse_labels(labels: tf.TensorSpec, num_outputs: int, model: str) -> None:
    """Refuse labels that are neither class numbers nor rows of the model's length."""
    found = tuple(labels.shape)
    if labels.dtype == "string":
        raise LabelError(
            "The labels that the tf.data.Dataset yields are text; expected class numbers. If they "
            "are digits, write dataset.map(lambda images, labels: (images, "
            "tf.strings.to_number(labels, tf.int32))); else give every class a number, as "
            "keras.layers.StringLookup(vocabulary=classes, num_oov_indices=0) does."
        )
    if _are_rows(labels):
        if found[1] not in (None, num_outputs):
            raise LabelError(
                f"The labels that the tf.data.Dataset yields are of shape {_readable(found)}, rows "
                f"for {found[1]} classes, and the model {model!r} has {num_outputs} outputs. "
                f"Build it with num_classes={found[1]}."
            )
        return
    if len(found) > 2 or not found:
        raise LabelError(
            f"The labels that the tf.data.Dataset yields are of shape {_readable(found)}; "
            f"expected (n,), one class number an image, or (n, {num_outputs}), one probability a "
            f"class.{'' if found else ' Write dataset.batch(32).'}"
        )
    if not labels.dtype.is_integer:
        raise LabelError(
            "Labels are class numbers, integers from 0; those of the tf.data.Dataset are of type "
            f"{labels.dtype.name}. Whole numbers stored otherwise become integers with "
            "dataset.map(lambda images, labels: (images, tf.cast(labels, tf.int32)))."
        )


def _readable(shape: Shape) -> str:
    """A shape with n for what is not fixed, as NumPy's would be printed."""
    sides = ", ".join("n" if side is None else str(side) for side in shape)
    return f"({sides},)" if len(shape) == 1 else f"({sides})"


def _prepared(columns: tuple[tf.Tensor, ...], expected: _Expected) -> tuple[tf.Tensor, ...]:
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


def _reshaped(number: int, column: tf.Tensor, expected: _Expected) -> tf.Tensor:
    """Labels or weights without an axis of one; rows of labels stay rows."""
    import tensorflow as tf

    if number == 0 and expected.one_hot:
        return tf.ensure_shape(column, (None, expected.num_outputs))
    return tf.reshape(column, (-1,))


def _shape_checks(columns: tuple[tf.Tensor, ...], expected: _Expected) -> list[Any]:
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
            f"{_readable((None, *expected.image_shape))}; expected one shape. Resize them, or pad "
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


def _value_checks(images: tf.Tensor, rest: list[tf.Tensor], expected: _Expected) -> list[Any]:
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


def _claim_on_numbers(labels: tf.Tensor, expected: _Expected) -> Any:
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


def _claim_on_rows(rows: tf.Tensor, expected: _Expected) -> Any:
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


def _claim_on_images(images: tf.Tensor, expected: _Expected) -> Any:
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
    return _claim("images", in_range, f"{kind}, outside 0 to {limit}. {_RANGES}", low, high)


def _claim(kind: str, holds: tf.Tensor, message: str, *values: tf.Tensor) -> Any:
    """An assertion whose text `own_errors` finds again."""
    import tensorflow as tf

    text = tf.strings.format(f"<mnistkit {kind}>{message}</mnistkit>", values)
    return tf.debugging.Assert(holds, [text])
