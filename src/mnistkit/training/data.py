"""What the trainer accepts as data, brought to one form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets import Split
from mnistkit.errors import ImageError, LabelError

if TYPE_CHECKING:
    import keras

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
