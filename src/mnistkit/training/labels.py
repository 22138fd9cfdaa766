"""Labels in the forms that people have them: class numbers, one-hot rows, and soft rows.

A row has a probability for every class. In a one-hot row it is 1 for one class, so it says the same
as a class number; a soft row is what mixup, label smoothing or another model's answers make.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets.split_checks import checked_labels as checked_numbers
from mnistkit.errors import LabelError
from mnistkit.images.arrays import as_array

# Rows that came through half precision add up to 1 within this much.
ROUNDING = 5e-3


def checked_labels(given: ArrayLike, num_images: int, num_classes: int, model: str) -> NDArray[Any]:
    """Labels as class numbers, int32 (n,), or as rows, float32 (n, num_classes).

    Parameters
    ----------
    given : array_like
    num_images : int
    num_classes : int
        How many the model has an output for.
    model : str
        Its name, for the message.

    Raises
    ------
    LabelError
        If they are neither, or the model has no output for one of them.
    """
    array = as_array(given, "labels", LabelError)
    if array.ndim != 2 or array.shape[1] == 1:
        numbers = checked_numbers(array, num_images, None)
        refuse_more_classes(numbers, int(numbers.max()) + 1, num_classes, model)
        return numbers.astype(np.int32)
    if len(array) != num_images:
        raise LabelError(
            f"There are {num_images:,} images, but the labels have the shape {array.shape}; "
            f"expected ({num_images},), one class number per image, or ({num_images}, "
            f"{num_classes}), one probability a class."
        )
    if array.shape[1] != num_classes:
        raise LabelError(
            f"The labels of shape {array.shape} are rows for {array.shape[1]} classes, the model "
            f"{model!r} has {num_classes} outputs. Build it with num_classes={array.shape[1]}."
        )
    return _checked_rows(array)


def refuse_more_classes(numbers: NDArray[Any], named: int, num_classes: int, model: str) -> None:
    """Raise a LabelError if the model has no output for a class number."""
    if numbers.max() >= num_classes:
        raise LabelError(
            f"The data has {named} classes, the model {model!r} has {num_classes} outputs. "
            f"Build it with num_classes={named}."
        )


def _checked_rows(array: NDArray[Any]) -> NDArray[np.float32]:
    if array.dtype.kind not in "biuf":
        raise LabelError(
            f"Labels of a number a class cannot be of type {str(array.dtype)[:60]}; expected "
            "probabilities, or 1 for the class that it is and 0 for the others."
        )
    rows: NDArray[np.float32] = array.astype(np.float32)
    sums = rows.sum(axis=1, dtype=np.float64)
    wrong = ~(np.abs(sums - 1) <= ROUNDING) | ~(rows >= 0).all(axis=1)  # NaN is wrong, too
    if wrong.any():
        first = int(wrong.argmax())
        raise LabelError(
            "Labels of a number a class are one-hot, or probabilities of at least 0 that add up to "
            f"1; row {first} adds up to {sums[first]:.6g}, and its smallest value is "
            f"{rows[first].min():.6g}."
        )
    return rows


def are_rows(labels: NDArray[Any]) -> bool:
    """Whether they are rows, one-hot or soft."""
    return labels.ndim == 2


def are_soft(labels: NDArray[Any]) -> bool:
    """Whether they are rows, and say more than a class number does."""
    return are_rows(labels) and bool((labels.max(axis=1) != 1).any())


def numbers_of(labels: NDArray[Any]) -> NDArray[np.int32]:
    """The class numbers; of a soft row the most probable class."""
    numbers = labels.argmax(axis=1) if are_rows(labels) else labels
    return numbers.astype(np.int32, copy=False)


def numbers_to_measure(labels: NDArray[Any]) -> NDArray[np.int32]:
    """The class numbers, to count how often they are found; soft labels are a LabelError."""
    if are_soft(labels):
        raise LabelError(
            "The labels are soft, of several classes an image, and the one true class of each is "
            "needed to count how often it is found. Give class numbers or one-hot labels; "
            "labels.argmax(axis=1) are the most probable classes."
        )
    return numbers_of(labels)


def rows_of(labels: NDArray[Any], num_classes: int) -> NDArray[np.float32]:
    """The rows; of a class number the one-hot one."""
    return labels if are_rows(labels) else np.eye(num_classes, dtype=np.float32)[labels]
