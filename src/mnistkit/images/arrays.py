"""Arrays that users give: what is accepted, and what to do about the others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.errors import ImageError, MnistKitError

_EXPECTED = (
    "Expected one picture: an array (height, width), (height, width, 1), (height, width, 3) RGB or "
    "(height, width, 4) RGBA, of booleans, integers from 0 to 255 or floats from 0.0 to 1.0."
)


def as_array(values: ArrayLike, what: str, error: type[MnistKitError]) -> NDArray[Any]:
    """Values as an array, without a copy if they are one.

    Parameters
    ----------
    values : array_like
    what : str
        What they are, for the message: ``"images"``.
    error : class
        What to raise if they cannot form an array, such as lists of different lengths.
    """
    try:
        return np.asarray(values)
    except Exception as reason:  # of NumPy, or of whatever object it was asked to convert
        raise error(
            f"The {what} cannot form an array ({_reason(reason)}); expected numbers, the same "
            "number in every row, for instance a numpy.ndarray."
        ) from reason


def checked_array(source: Any) -> NDArray[Any]:
    """Make an array of something, and refuse what is not one picture.

    Parameters
    ----------
    source : array_like

    Returns
    -------
    numpy.ndarray, shape (height, width), (height, width, 3) or (height, width, 4)
        Of the type and values that it had.

    Raises
    ------
    ImageError
        If the shape, the data type or the range of values is wrong.

    Examples
    --------
    >>> checked_array([[[0], [255]]])
    array([[  0, 255]])
    """
    try:
        array = np.asarray(source)
    except Exception as error:  # whatever another library's __array__ raises
        raise ImageError(f"This is not an array ({error}). {_EXPECTED}") from error
    _check_shape(array)
    _check_values(array)
    return array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array


def _check_shape(array: NDArray[Any]) -> None:
    if array.dtype.kind not in "biuf":
        raise ImageError(f"A picture cannot be of type {array.dtype}. {_EXPECTED}")
    if array.size == 0:
        raise ImageError(f"There are no pixels in an array of shape {array.shape}. {_EXPECTED}")
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] in {1, 3, 4}):
        return
    advice = "Of several pictures give one at a time, images[0]."
    if array.ndim == 3 and array.shape[0] in {1, 3, 4}:
        advice = "If the channels come first, give np.moveaxis(array, 0, -1)."
    raise ImageError(f"An array of shape {array.shape} is not one picture. {_EXPECTED} {advice}")


def _check_values(array: NDArray[Any]) -> None:
    if array.dtype in {np.dtype(bool), np.dtype(np.uint8)}:
        return
    with np.errstate(invalid="ignore"):  # not a number: found below
        low, high = array.min(), array.max()
    if low >= 0 and high <= (1 if array.dtype.kind == "f" else 255):
        return
    if not (np.isfinite(low) and np.isfinite(high)):
        index = np.unravel_index(np.argmin(np.isfinite(array)), array.shape)
        place = ", ".join(map(str, index))
        raise ImageError(
            f"The picture has the value {array[index]} at [{place}]. {_EXPECTED} "
            "Replace it, for instance with np.nan_to_num(array)."
        )
    raise ImageError(
        f"The {array.dtype} picture has values from {low:g} to {high:g}. {_EXPECTED} "
        f"{_how_to_scale(array.dtype, low, high)}"
    )


def _how_to_scale(dtype: np.dtype[Any], low: Any, high: Any) -> str:
    if low < 0:
        return "Shift and scale it: (array - array.min()) / (array.max() - array.min())."
    if dtype.kind == "f":
        return f"Divide it by {'255' if high <= 255 else 'its largest value'}."
    if high <= 65535:
        return "Of 16 bits give (array // 257).astype(np.uint8)."
    return "Divide it by its largest value: array / array.max()."


def eight_bit(array: NDArray[Any]) -> NDArray[np.uint8]:
    """What `checked_array` returned, or a part of it, as integers from 0 to 255."""
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "f":
        array = np.rint(np.multiply(array, 255, dtype=np.float32))
    return array.astype(np.uint8)


def _reason(error: Exception) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  (a stranger's exception, which cannot even say what it is)
        text = ""
    return text.partition("\n")[0][:200] or type(error).__name__
