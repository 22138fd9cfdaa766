"""What the ``element_spec`` of a ``tf.data.Dataset`` says of its batches, held against a model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mnistkit.errors import ImageError, LabelError
from mnistkit.training.shapes import shapes_agree

if TYPE_CHECKING:
    import tensorflow as tf

Shape = tuple[int | None, ...]

RANGES = (
    "Integer images go from 0 (paper) to 255 (ink), floating ones from 0.0 to 1.0; divide by 255 "
    "once, or not at all."
)
_PAIRS = "batches of (images, labels) or (images, labels, weights)"


def refuse_length(num_batches: int) -> None:
    """Refuse a data set without batches, or without an end."""
    import tensorflow as tf

    if num_batches == 0:
        raise ImageError("There are no images: the tf.data.Dataset is empty.")
    if num_batches == tf.data.INFINITE_CARDINALITY:
        raise ImageError(
            "The tf.data.Dataset has no end, so an epoch would have none. Leave dataset.repeat() "
            "out, or write dataset.take(n) for epochs of n batches."
        )


def spec_columns(spec: Any, *, with_labels: bool) -> tuple[tf.TensorSpec, ...]:
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


def refuse_image_type(images: tf.TensorSpec) -> None:
    """Refuse images that are no numbers."""
    if not (images.dtype.is_integer or images.dtype.is_floating or images.dtype.is_bool):
        advice = " Decode them: tf.io.decode_image(...)." if images.dtype == "string" else ""
        raise ImageError(f"Images cannot be of type {images.dtype.name}. {RANGES}{advice}")


def are_rows(labels: tf.TensorSpec) -> bool:
    """Whether labels are a number a class, not class numbers."""
    return len(labels.shape) == 2 and labels.shape[1] != 1


def refuse_image_shape(found: Shape, input_shape: Shape, model: str) -> None:
    """Refuse batches of images that are not of the model's input shape, and say what to write."""
    if _takes(found[1:], input_shape):
        return
    says = (
        f"The images that the tf.data.Dataset yields are of shape {readable(found)}, but the "
        f"model {model!r} takes {readable((None, *input_shape))}."
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
            f"create_model(..., input_shape={readable(found[1:])})."
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


def refuse_labels(labels: tf.TensorSpec, num_outputs: int, model: str) -> None:
    """Refuse labels that are neither class numbers nor rows of the model's length."""
    found = tuple(labels.shape)
    if labels.dtype == "string":
        raise LabelError(
            "The labels that the tf.data.Dataset yields are text; expected class numbers. If they "
            "are digits, write dataset.map(lambda images, labels: (images, "
            "tf.strings.to_number(labels, tf.int32))); else give every class a number, as "
            "keras.layers.StringLookup(vocabulary=classes, num_oov_indices=0) does."
        )
    if are_rows(labels):
        if found[1] not in (None, num_outputs):
            raise LabelError(
                f"The labels that the tf.data.Dataset yields are of shape {readable(found)}, rows "
                f"for {found[1]} classes, and the model {model!r} has {num_outputs} outputs. "
                f"Build it with num_classes={found[1]}."
            )
        return
    if len(found) > 2 or not found:
        raise LabelError(
            f"The labels that the tf.data.Dataset yields are of shape {readable(found)}; "
            f"expected (n,), one class number an image, or (n, {num_outputs}), one probability a "
            f"class.{'' if found else ' Write dataset.batch(32).'}"
        )
    if not labels.dtype.is_integer:
        raise LabelError(
            "Labels are class numbers, integers from 0; those of the tf.data.Dataset are of type "
            f"{labels.dtype.name}. Whole numbers stored otherwise become integers with "
            "dataset.map(lambda images, labels: (images, tf.cast(labels, tf.int32)))."
        )


def readable(shape: Shape) -> str:
    """A shape with n for what is not fixed, as NumPy's would be printed."""
    sides = ", ".join("n" if side is None else str(side) for side in shape)
    return f"({sides},)" if len(shape) == 1 else f"({sides})"
