"""From pixels to what a network reads: the place where images are checked and divided by 255."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.errors import ImageError
from mnistkit.images.arrays import as_array

_ADVICE = (
    "Integer images go from 0 (paper) to 255 (ink), floating ones from 0.0 to 1.0; "
    "divide by 255 once, or not at all."
)


def to_unit_floats(images: ArrayLike) -> NDArray[np.float32]:
    """Convert images of either kind to float32 in [0, 1].

    Parameters
    ----------
    images : array_like
        Integers in 0-255, which are divided by 255, or floats in [0, 1], which stay as they are.
        Any shape with at least one image.

    Returns
    -------
    numpy.ndarray of float32
        The same shape, values in [0, 1]. A float32 input is returned as it is, not copied.

    Raises
    ------
    ImageError
        If there are no images, or values lie outside the range, or are NaN or infinite.

    Examples
    --------
    >>> import numpy as np
    >>> to_unit_floats(np.array([[[0, 51, 255]]], dtype=np.uint8))
    array([[[0. , 0.2, 1. ]]], dtype=float32)
    """
    array = checked_images(images)
    if array.dtype == np.uint8:
        array = np.divide(array, np.float32(255), dtype=np.float32)
    floats: NDArray[np.float32] = array.astype(np.float32, copy=False)
    return floats


def to_uint8(images: ArrayLike) -> NDArray[np.uint8]:
    """Convert images of either kind to uint8 in 0-255; floats are multiplied by 255 and rounded.

    Parameters
    ----------
    images : array_like
        Integers in 0-255 or floats in [0, 1], any shape with at least one image.

    Returns
    -------
    numpy.ndarray of uint8
        The same shape. A uint8 input is returned as it is, not copied.

    Raises
    ------
    ImageError
        As `to_unit_floats` does.
    """
    array = checked_images(images)
    if array.dtype != np.uint8:
        array = np.rint(array * 255)
    integers: NDArray[np.uint8] = array.astype(np.uint8, copy=False)
    return integers


def checked_images(images: ArrayLike) -> NDArray[Any]:
    """The images as a uint8 or floating array, after checking the type and the range of values."""
    array = as_array(images, "images", ImageError)
    if array.size == 0:
        raise ImageError(f"There are no images in an array of shape {array.shape}. {_ADVICE}")
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if np.issubdtype(array.dtype, np.integer):
        _refuse_outside(array, 0, 255)
        return array.astype(np.uint8)
    if np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(array).all():
            raise ImageError(f"The images contain NaN or infinite values. {_ADVICE}")
        _refuse_outside(array, 0, 1)
        return array
    raise ImageError(f"Images cannot be of type {str(array.dtype)[:60]}. {_ADVICE}")


def _refuse_outside(array: NDArray[Any], low: int, high: int) -> None:
    smallest, largest = array.min(), array.max()
    if smallest < low or largest > high:
        raise ImageError(
            f"The {array.dtype} images have values from {smallest:g} to {largest:g}, "
            f"outside {low} to {high}. {_ADVICE}"
        )
