"""What a caller gives as one picture, or as several: each is told from the other, or refused."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from numbers import Real
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from mnistkit.errors import ImageError, WrongTypeError
from mnistkit.messages import with_article

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from PIL import Image

    PictureSource: TypeAlias = (
        str | os.PathLike[str] | bytes | bytearray | IO[bytes] | Image.Image | ArrayLike
    )

_ONE = "one picture: the name of a file, its bytes, an open file, a PIL image, or an array"
_SEVERAL = (
    "several pictures: a list, a tuple or an iterator of them, or an array (n, height, width)"
)


def check_one(picture: Any, function: str, *, also: str = "") -> None:
    """Refuse what is not one picture.

    Parameters
    ----------
    picture : object
    function : str
        Who was called, for the message.
    also : str, optional
        What else it takes, for the message.

    Raises
    ------
    ImageError
        If it is an array of several pictures.
    WrongTypeError
        If it is anything else that is not one picture.
    """
    if is_one_picture(picture):
        return
    takes = f"{function} takes {_ONE}{f', or {also}' if also else ''}"
    if _is_array(picture):
        raise ImageError(
            f"{takes}; an array of shape {tuple(picture.shape)} is none, or several. "
            f"{_array_advice(picture.shape)}"
        )
    raise WrongTypeError(f"{takes}, not {with_article(picture)}. {_advice(picture)}".rstrip())


def check_several(pictures: Any, function: str) -> None:
    """Refuse what is not several pictures in an order.

    Parameters
    ----------
    pictures : object
    function : str
        Who was called, for the message.

    Raises
    ------
    WrongTypeError
    """
    several = isinstance(pictures, Iterable) and not isinstance(pictures, Mapping | AbstractSet)
    if several and not is_one_picture(pictures):
        return
    advice = _advice(pictures)
    if is_one_picture(pictures):
        advice = "For one picture use mnistkit.recognize, or give [picture]."
    raise WrongTypeError(
        f"{function} takes {_SEVERAL}, not {with_article(pictures)}. {advice}".rstrip()
    )


def is_one_picture(picture: Any) -> bool:
    """Whether this can be one picture; whether it is a good one is seen when it is read."""
    if _is_array(picture):
        shape = tuple(picture.shape)
        return len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4))
    if isinstance(picture, list | tuple):  # rows of numbers
        first = picture[0] if picture else None
        return isinstance(first, list | tuple) and bool(first) and isinstance(first[0], Real)
    named = isinstance(picture, str | bytes | bytearray | os.PathLike)
    return named or hasattr(picture, "read") or hasattr(picture, "getbands")


def name_of(picture: Any) -> str:
    """The file's name; empty if it is none."""
    return os.fspath(picture) if isinstance(picture, str | os.PathLike) else ""


def _is_array(picture: Any) -> bool:
    return hasattr(picture, "__array__") and hasattr(picture, "shape")


def _array_advice(shape: tuple[int, ...]) -> str:
    if len(shape) == 3 and shape[0] in (1, 3, 4):
        return (
            "If the channels come first, give numpy.moveaxis(array, 0, -1); several pictures are "
            "for mnistkit.recognize_many."
        )
    return "Several pictures are for mnistkit.recognize_many."


def _advice(value: Any) -> str:
    if isinstance(value, Mapping):
        return "Give its pictures: mnistkit.recognize_many(list(pictures.values()))."
    if isinstance(value, AbstractSet):
        return "A set has no order: give a list of pictures to mnistkit.recognize_many."
    if isinstance(value, Iterable):
        return "Several pictures are for mnistkit.recognize_many."
    return ""
