"""What a model that tells no classes apart is to return: arrays, taken as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import LabelError
from mnistkit.images.arrays import as_array


def checked_targets(given: Any, images: NDArray[Any], divisor: float) -> Any:
    """Targets as an array, or as a tuple or dictionary of arrays, one for each output.

    Integer images, for a model that returns images, are divided as those that it is given.

    Parameters
    ----------
    given : array_like, or a list, tuple or dict of them
    images : numpy.ndarray
        In the shape that the model takes.
    divisor : float
        What images of integers are divided by on their way to the model.

    Raises
    ------
    LabelError
        If they are not as many as the images, or no numbers.
    """
    if isinstance(given, dict):
        return {name: checked_targets(one, images, divisor) for name, one in given.items()}
    if isinstance(given, tuple) or (isinstance(given, list) and _are_arrays(given)):
        return tuple(checked_targets(one, images, divisor) for one in given)
    array = as_array(given, "targets", LabelError)
    if array.dtype.kind not in "biuf":
        raise LabelError(f"Targets cannot be of type {str(array.dtype)[:60]}; expected numbers.")
    if array.shape[:1] != images.shape[:1]:
        raise LabelError(
            f"There are {len(images):,} images, but targets of the shape {array.shape}; expected "
            "as many as images."
        )
    if array.dtype == np.uint8 and array.ndim > 1:
        return array.astype(np.float32) / np.float32(divisor)
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int32)


def _are_arrays(given: list[Any]) -> bool:
    return bool(given) and all(getattr(one, "ndim", 0) > 0 for one in given)


def flat(targets: Any) -> list[NDArray[Any]]:
    """The arrays, in the order that `packed` takes them in."""
    if isinstance(targets, dict):
        return [array for name in sorted(targets) for array in flat(targets[name])]
    if isinstance(targets, tuple):
        return [array for one in targets for array in flat(one)]
    return [targets]


def packed(targets: Any, arrays: list[Any]) -> Any:
    """Other arrays, or tensors, in the structure of the targets; they are taken off the list."""
    if isinstance(targets, dict):
        return {name: packed(targets[name], arrays) for name in sorted(targets)}
    if isinstance(targets, tuple):
        return tuple(packed(one, arrays) for one in targets)
    return arrays.pop(0)
