"""How much each image counts in the loss, from weights by image and by class."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.errors import LabelError
from mnistkit.training.labels import are_rows

ClassWeight = Mapping[int, float] | ArrayLike | Literal["balanced"]


def weights_per_example(
    labels: NDArray[Any],
    sample_weight: ArrayLike | None,
    class_weight: ClassWeight | None,
    num_classes: int,
) -> NDArray[np.float32] | None:
    """One weight an image from weights by image and by class; None if there are neither.

    Labels are class numbers, or rows of a probability a class, which count as the mean of the
    classes' weights.

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
        if given.shape != weights.shape:
            raise LabelError(
                f"sample_weight is of shape {given.shape}; expected {weights.shape}, one weight an "
                "image."
            )
        weights = weights * given
    if class_weight is not None:
        by_class = _weight_by_class(class_weight, labels, num_classes)
        weights = weights * (labels @ by_class if are_rows(labels) else by_class[labels])
    if not (weights >= 0).all() or np.isinf(weights).any():  # NaN is not >= 0 either
        raise LabelError("The weights of images and classes must be 0 or more, and finite.")
    return weights


def _weight_by_class(
    given: ClassWeight, labels: NDArray[Any], num_classes: int
) -> NDArray[np.float32]:
    """A weight for every class, of whatever form they were given in."""
    if isinstance(given, str) and given == "balanced":
        rows = are_rows(labels)
        counts = labels.sum(axis=0) if rows else np.bincount(labels, minlength=num_classes)
        present = np.count_nonzero(counts)
        each = len(labels) / (present * np.where(counts > 0, counts, 1))
        weights: NDArray[np.float32] = each.astype(np.float32)
        return weights
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
