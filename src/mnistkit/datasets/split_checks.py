"""What images, labels and names of classes must be, and advice for those that are not."""

from __future__ import annotations

import warnings
from collections.abc import Sequence, Sized
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets.given import square_side
from mnistkit.errors import ImageError, LabelError
from mnistkit.images.arrays import as_array
from mnistkit.images.normalize import to_uint8
from mnistkit.messages import shown

Labels = NDArray[np.uint8] | NDArray[np.uint16]

MOST_CLASSES = 65_536


def checked_images(images: ArrayLike, labels: NDArray[Any]) -> NDArray[np.uint8]:
    """Images as uint8; else an ImageError, whose advice may depend on the labels."""
    array = as_array(images, "images", ImageError)
    if array.size and array.dtype.kind in "biuf" and array.ndim not in (3, 4):
        raise ImageError(
            f"Images of shape {array.shape} are not a list of pictures; expected "
            "(n, height, width) or (n, height, width, channels)."
            + _advice_on_shape(array.shape, labels)
        )
    return to_uint8(array)


def _advice_on_shape(shape: tuple[int, ...], labels: NDArray[Any]) -> str:
    """What makes pictures of an array of another shape, if that is certain."""
    side = square_side(shape[-1]) if shape else None
    if len(shape) == 1 and side:
        return (
            f" A single picture whose pixels are a row becomes images.reshape(1, {side}, {side})."
        )
    if len(shape) != 2:
        return ""
    rows, columns = shape
    # (16, 16) is one picture, unless there are labels for 16 of 4x4.
    if side and (rows != columns or labels.size == rows):
        return f" Pictures whose pixels are a row each become images.reshape(-1, {side}, {side})."
    if min(rows, columns) < 2:
        return ""
    return " For a single picture add the first axis: images[None]."


def checked_classes(classes: Sequence[str]) -> tuple[str, ...]:
    """Names of classes; else a LabelError."""
    try:
        if isinstance(classes, AbstractSet):
            raise TypeError("a set has no order")  # noqa: TRY301  (as anything without one)
        names = tuple(map(str, islice(classes, MOST_CLASSES + 1)))
        count = len(classes) if isinstance(classes, Sized) else len(names)
    except Exception as error:
        raise LabelError(
            f"classes={shown(classes)} are not the names of the classes; expected a list of them, "
            "in the order of their numbers, such as ['zero', 'one']."
        ) from error
    if not 1 <= count <= MOST_CLASSES:
        raise LabelError(f"There are {count} classes; expected 1 to {MOST_CLASSES:,}.")
    return names


def checked_labels(given: NDArray[Any], num_images: int, classes: Sequence[str] | None) -> Labels:
    """Class numbers, one per image; else a LabelError.

    They are uint8 for up to 256 classes, and uint16 for more.
    """
    array = column(given)
    if array.shape != (num_images,):
        raise LabelError(
            f"There are {num_images:,} images, but the labels have the shape {array.shape}; "
            f"expected ({num_images},), one class number per image."
            + _advice_on_labels(array, num_images)
        )
    if not np.issubdtype(array.dtype, np.integer):
        raise LabelError(
            "Labels are class numbers, integers from 0; these are of type "
            f"{str(array.dtype)[:60]}.{_advice_on_type(array)}"
        )
    limit = MOST_CLASSES if classes is None else len(classes)
    smallest, largest = int(array.min()), int(array.max())
    if smallest < 0 or largest >= limit:
        raise LabelError(
            f"The labels go from {smallest} to {largest}; expected 0 to {limit - 1}"
            + (f" for the {len(classes)} classes." if classes is not None else ".")
        )
    num_classes = largest + 1 if classes is None else limit
    if num_classes > 256:  # beyond what uint8 holds
        return array.astype(np.uint16, copy=False)
    return array.astype(np.uint8, copy=False)


def column(array: NDArray[Any]) -> NDArray[Any]:
    """An array of shape (n, 1) as one of shape (n,): the same values, in the same order."""
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _advice_on_labels(array: NDArray[Any], num_images: int) -> str:
    """What makes class numbers of labels of another shape, if that is certain."""
    if array.ndim == 2 and len(array) == num_images and _is_one_hot(array):
        return " One-hot labels become class numbers with labels.argmax(axis=1)."
    if array.ndim > 1 and array.size == num_images:
        return " They become one row with labels.ravel()."
    return ""


def _is_one_hot(array: NDArray[Any]) -> bool:
    if array.dtype.kind not in "biuf":
        return False
    is_zero, is_one = array == 0, array == 1
    return bool((is_zero | is_one).all() and (is_one.sum(axis=1) == 1).all())


def _advice_on_type(array: NDArray[Any]) -> str:
    """What makes class numbers of labels of another type, if they are some."""
    try:
        with np.errstate(invalid="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of complex numbers
            whole_numbers = array.astype(np.int64)
        is_whole = array.dtype.kind in "US" or bool((whole_numbers == array).all())
    except Exception:  # noqa: BLE001  (texts, or objects that compare as they like)
        is_whole = False
    if is_whole and whole_numbers.min() >= 0 and whole_numbers.max() < MOST_CLASSES:
        return " They become integers with labels.astype(int)."
    if array.dtype.kind in "USO":
        return (
            " Names become numbers with numpy.unique(labels, return_inverse=True), which returns "
            "the classes and the labels."
        )
    return " Some are no class numbers at all."
