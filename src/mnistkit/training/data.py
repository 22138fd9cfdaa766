"""What the trainer accepts as data, brought to one form."""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets import Split
from mnistkit.errors import ImageError, LabelError, ModelError, RecipeError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

Data = Split | tuple[ArrayLike, ArrayLike]
ClassWeight = Mapping[int, float] | ArrayLike | Literal["balanced"]


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


def _advice_for_flat(found: tuple[int, ...], expected: tuple[int | None, ...]) -> str | None:
    """What to write if every picture is one row of pixels, as in a table."""
    sides = [side for side in expected if side is not None]
    if len(found) == 2 and len(sides) == len(expected) > 1 and found[1] == math.prod(sides):
        return f"Every picture is a row of pixels; write images.reshape{(-1, *sides)}."
    return None


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
        if advice := _advice_for_flat(shape, expected):  # a split would not know the sides
            raise ImageError(
                f"The images are of shape {shape}, but the model {model.name!r} takes "
                f"{('n', *expected)}. {advice}"
            )
        return Split(*data)
    raise TypeError(
        f"Expected a mnistkit.Split or a pair (images, labels), not {type(data).__name__}. "
        "For images alone use Trainer.predict."
    )


def model_shapes(model: keras.Model) -> tuple[tuple[int | None, ...], int]:
    """The shape of one input image, with None where any size will do, and the number of outputs.

    Raises
    ------
    ModelError
        If the model does not take one batch of images and return one batch of probabilities.
    """
    try:
        inputs, outputs = model.input_shape, model.output_shape
    except AttributeError as error:
        raise ModelError(
            f"The model {model.name!r} does not say the shapes of its input and output. Make it a "
            "keras.Sequential or a functional keras.Model, for instance "
            "keras.Model(inputs, your_model(inputs)) with inputs = keras.Input((28, 28))."
        ) from error
    if not (_is_shape(inputs) and _is_shape(outputs)) or len(outputs) != 2 or outputs[1] is None:
        # Keras warns in every step of a list or dictionary, even if it is one of one.
        several = not _is_shape(outputs) or (not _is_shape(inputs) and len(inputs) == 1)
        raise ModelError(
            f"The model {model.name!r} takes inputs of shape {inputs} and returns outputs of shape "
            f"{outputs}; expected one batch of images, and one probability a class: (None, n)."
            + (
                " Take one of each: keras.Model(model.inputs[0], model.outputs[0])."
                if several
                else ""
            )
        )
    return tuple(inputs[1:]), outputs[1]


def _is_shape(value: Any) -> bool:
    """Whether it is the shape of one tensor, not a list or dictionary of several."""
    return isinstance(value, tuple) and all(side is None or isinstance(side, int) for side in value)


def fit_to_model(images: NDArray[Any], model: keras.Model) -> NDArray[Any]:
    """Give images the shape of the model's input; a missing channel axis is added.

    Raises
    ------
    ImageError
        If the images are of another shape.
    """
    expected, _ = model_shapes(model)
    found = images.shape[1:]
    if shapes_agree(found, expected):
        return images
    if shapes_agree((*found, 1), expected):
        return images[..., None]
    if found[-1:] == (1,) and shapes_agree(found[:-1], expected):
        return images[..., 0]
    advice = "Resize them, or build the model for images of their size."
    if shapes_agree(images.shape, expected) or shapes_agree((*images.shape, 1), expected):
        advice = "For a single picture add the first axis: images[None]."
    elif flat := _advice_for_flat(images.shape, expected):
        advice = flat
    elif len(expected) == 1:
        advice = f"Begin the model with keras.Input({found}) and keras.layers.Flatten()."
    raise ImageError(
        f"The images are of shape {images.shape}, but the model {model.name!r} takes "
        f"{('n', *expected)}. {advice}"
    )


def shapes_agree(found: tuple[int | None, ...], expected: tuple[int | None, ...]) -> bool:
    """Whether images of a shape are what is expected, where None is any size."""
    return len(found) == len(expected) and all(
        wanted in (None, size) for size, wanted in zip(found, expected, strict=True)
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


def weights_per_example(
    labels: NDArray[np.int32],
    sample_weight: ArrayLike | None,
    class_weight: ClassWeight | None,
    num_classes: int,
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
        given = _numbers(sample_weight, "sample_weight")
        if given.shape != labels.shape:
            raise LabelError(
                f"sample_weight is of shape {given.shape}; expected {labels.shape}, one weight an "
                "image."
            )
        weights = weights * given
    if class_weight is not None:
        weights = weights * _weight_by_class(class_weight, labels, num_classes)[labels]
    if not (weights >= 0).all() or np.isinf(weights).any():  # NaN is not >= 0 either
        raise LabelError("The weights of images and classes must be 0 or more, and finite.")
    return weights


def _weight_by_class(
    given: ClassWeight, labels: NDArray[np.int32], num_classes: int
) -> NDArray[np.float32]:
    """A weight for every class, of whatever form they were given in."""
    if isinstance(given, str) and given == "balanced":
        counts = np.bincount(labels, minlength=num_classes)
        present = np.count_nonzero(counts)
        return (len(labels) / (present * np.maximum(counts, 1))).astype(np.float32)
    if not isinstance(given, Mapping):
        weights = _numbers(given, "class_weight")
        if weights.shape != (num_classes,):
            raise LabelError(
                f"class_weight is of shape {weights.shape}; expected ({num_classes},), one weight "
                "a class, or a dictionary such as {3: 2.0}, or 'balanced'."
            )
        return weights
    unknown = [label for label in given if not _is_class(label, num_classes)]
    if unknown:
        raise LabelError(
            f"class_weight has {unknown!r}, which are no class numbers; expected whole numbers "
            f"from 0 to {num_classes - 1}."
        )
    weights = np.ones(num_classes, dtype=np.float32)
    weights[[int(label) for label in given]] = _numbers(list(given.values()), "class_weight")
    return weights


def _is_class(label: Any, num_classes: int) -> bool:
    is_number = isinstance(label, Integral) and not isinstance(label, bool)
    return is_number and 0 <= label < num_classes


def _numbers(values: Any, setting: str) -> NDArray[np.float32]:
    """Weights as an array."""
    try:
        array = np.asarray(values)
        is_right = array.dtype.kind in "biuf"
    except ValueError:  # lists of several lengths
        is_right = False
    if not is_right:
        raise LabelError(f"{setting}={values!r}: expected numbers of 0 or more.")
    return array.astype(np.float32)


@dataclass(frozen=True)
class Sources:
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
