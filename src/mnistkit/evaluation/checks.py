"""What labels, probabilities, classes and writers must be, and read-only copies of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.errors import LabelError, ModelError, WrongTypeError
from mnistkit.messages import shown

# How far from 1 the probabilities of one image may add up: room for half-precision rounding.
_SUM_TOLERANCE = 5e-3


def checked_probabilities(probabilities: ArrayLike) -> NDArray[np.float32]:
    """Probabilities (n, num_classes) whose rows add up to 1; else a ModelError."""
    given = np.asarray(probabilities)
    if given.ndim != 2 or given.size == 0:
        raise ModelError(
            f"The probabilities have the shape {given.shape}; expected (n, num_classes), one row "
            "per image and one column per class, at least one of each. "
            "A model ends in Dense(num_classes, activation='softmax')."
        )
    if not np.issubdtype(given.dtype, np.floating):
        raise ModelError(
            f"The probabilities are of type {given.dtype}; expected floating-point numbers. "
            "Give what model.predict returns, before any argmax."
        )
    if not np.isfinite(given).all():
        raise ModelError(
            f"{np.count_nonzero(~np.isfinite(given).all(axis=1)):,} of {len(given):,} rows of "
            "probabilities contain NaN or infinite values: the training has probably diverged. "
            "Try a smaller learning rate."
        )
    sums = given.sum(axis=1, dtype=np.float64)
    worst = int(np.abs(sums - 1).argmax())
    if given.min() < 0 or abs(sums[worst] - 1) > _SUM_TOLERANCE:
        raise ModelError(
            f"These are not probabilities: row {worst} adds up to {sums[worst]:.6g}, and the "
            f"smallest value is {given.min():.6g}; expected rows of values from 0 to 1 that add "
            "up to 1. If they are logits, apply a softmax first: "
            "keras.ops.softmax(logits), or activation='softmax' in the last layer."
        )
    return read_only(given.astype(np.float32))


def checked_labels(labels: ArrayLike, num_examples: int, num_classes: int) -> NDArray[np.int64]:
    """Class numbers, one per row of probabilities; else a LabelError."""
    given = np.asarray(labels)
    if given.shape != (num_examples,):
        raise LabelError(
            f"There are probabilities for {num_examples:,} images, but the labels have the shape "
            f"{given.shape}; expected ({num_examples},), one class number per image. "
            "Evaluate the same images, in the same order, that were predicted."
        )
    if not np.issubdtype(given.dtype, np.integer):
        raise LabelError(
            f"Labels are class numbers, integers from 0; these are of type {given.dtype}. "
            "Whole numbers in another type become labels with labels.astype(int)."
        )
    if given.min() < 0 or given.max() >= num_classes:
        raise LabelError(
            f"The labels go from {given.min()} to {given.max()}, but there are probabilities for "
            f"{num_classes} classes; expected 0 to {num_classes - 1}. "
            "Build the model with num_classes=len(split.classes)."
        )
    return read_only(given.astype(np.int64))


def checked_writers(writers: ArrayLike, num_examples: int) -> NDArray[np.int64]:
    """Who wrote each image, a number for each; else a LabelError."""
    given = np.asarray(writers)
    if given.shape != (num_examples,):
        raise LabelError(
            f"There are probabilities for {num_examples:,} images, but the writers have the shape "
            f"{given.shape}; expected ({num_examples},), one writer per image."
        )
    if not np.issubdtype(given.dtype, np.integer):
        raise LabelError(
            f"Writers are integers; these are of type {given.dtype}. Names become numbers with "
            "numpy.unique(writers, return_inverse=True)[1]."
        )
    return read_only(given.astype(np.int64))


def checked_classes(classes: Sequence[str], num_classes: int) -> tuple[str, ...]:
    """Names of classes, one per column of probabilities; else a LabelError."""
    if not isinstance(classes, Iterable):
        raise LabelError(f"classes={shown(classes)}: expected a sequence of names, one per class.")
    names = (classes,) if isinstance(classes, str) else tuple(map(str, classes))
    if len(names) != num_classes:
        raise LabelError(
            f"There are {len(names)} names of classes, {names!r}, but probabilities for "
            f"{num_classes} classes; expected one name per class, in the order of the columns."
        )
    return names


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The same array, which cannot be written to any more."""
    array.setflags(write=False)
    return array


def refuse_less(value: int, name: str, *, at_least: int) -> None:
    """Refuse what is no whole number, or a smaller one."""
    message = f"{name}={shown(value)}: expected a whole number of at least {at_least}."
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise WrongTypeError(message)
    if value < at_least:
        raise ValueError(message)
