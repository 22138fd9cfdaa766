"""How a trainer takes what it is given: as images, or as the numbers that they are."""

from __future__ import annotations

import os
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.errors import ImageError, RecipeError
from mnistkit.images.arrays import as_array
from mnistkit.images.normalize import checked_images
from mnistkit.messages import shown

Inputs = Literal["images", "as they are"]
IMAGES, AS_THEY_ARE = get_args(Inputs)

_BLOCK = 4096  # images at a time, so that no second copy of all of them is made


def checked_kind(inputs: Any) -> Inputs:
    """What ``Trainer(inputs=...)`` was given; anything else is a RecipeError."""
    if isinstance(inputs, str) and inputs in (IMAGES, AS_THEY_ARE):
        return inputs  # type: ignore[return-value]
    raise RecipeError(
        f"inputs={shown(inputs)}: expected {IMAGES!r}, which are integers in 0-255 or floats in "
        f"[0, 1], or {AS_THEY_ARE!r}, for standardised images and other numbers."
    )


def checked_inputs(given: Any, inputs: Inputs) -> tuple[NDArray[Any], float]:
    """What a model is to see, as an array and the number by which it is divided on the way.

    Images are kept as uint8, to be divided by 255, if nothing is lost by that: also those that
    were divided before. Other floats are float32, and divided by 1.

    Raises
    ------
    ImageError
        If there are none, or they are not numbers, or out of range.
    """
    if isinstance(given, str | os.PathLike):
        raise ImageError(
            f"{shown(str(given))} is a text; expected arrays of images. Pictures in files are read "
            "by mnistkit.recognize(path)."
        )
    if inputs == AS_THEY_ARE:
        return _checked_numbers(given), 1.0
    array = _checked_images(given)
    if array.dtype == np.uint8:
        return array, 255.0
    floats = array.astype(np.float32, copy=False)
    integers = _eight_bits(floats)
    return (floats, 1.0) if integers is None else (integers, 255.0)


def to_floats(array: NDArray[Any], divisor: float) -> NDArray[np.float32]:
    """What the model sees, of what `checked_inputs` returned."""
    if divisor == 1:
        return array.astype(np.float32, copy=False)
    floats: NDArray[np.float32] = np.divide(array, np.float32(divisor), dtype=np.float32)
    return floats


def _checked_images(given: ArrayLike) -> NDArray[Any]:
    try:
        return checked_images(given)
    except ImageError as error:
        array = as_array(given, "images", ImageError)
        if array.dtype.kind == "f" and array.size and np.isfinite(array).all():
            raise ImageError(
                f"{error} Standardised images are for Trainer(..., inputs={AS_THEY_ARE!r})."
            ) from None
        raise


def _checked_numbers(given: ArrayLike) -> NDArray[Any]:
    array = as_array(given, "inputs", ImageError)
    if array.size == 0:
        raise ImageError(f"There are no images in an array of shape {array.shape}.")
    if array.dtype.kind not in "biuf":
        raise ImageError(f"Inputs cannot be of type {str(array.dtype)[:60]}; expected numbers.")
    if array.dtype != np.uint8:
        array = array.astype(np.float32, copy=False)
        if not np.isfinite(array).all():
            raise ImageError(
                "The inputs contain NaN or infinite values. A pixel that is the same in all images "
                "has a standard deviation of 0; divide by numpy.maximum(deviation, 1e-6)."
            )
    return array


def _eight_bits(floats: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """Floats as integers of which each, divided by 255, is the float again; None if one is not."""
    integers = np.empty(floats.shape, dtype=np.uint8)
    for start in range(0, len(floats), _BLOCK):
        block = floats[start : start + _BLOCK]
        rounded = np.rint(block * np.float32(255)).astype(np.uint8)
        if not np.array_equal(to_floats(rounded, 255.0), block):
            return None
        integers[start : start + _BLOCK] = rounded
    return integers
