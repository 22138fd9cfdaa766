"""recognize and read_number: people's own pictures to digits."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import ImageError, MnistKitError
from mnistkit.images.picture import Picture, read_picture
from mnistkit.recognition.digit import Reading
from mnistkit.recognition.network import Network, network_of
from mnistkit.recognition.plausibility import (
    most_plausible,
    read_interpretations,
    rival_labels,
)
from mnistkit.recognition.preparation import (
    Interpretation,
    interpretations,
    unlikely_interpretations,
)
from mnistkit.recognition.segmentation import longer_side
from mnistkit.recognition.verdict import verdict

if TYPE_CHECKING:
    import keras

_DOUBT = 0.9  # plausibility; below it, less likely ways to see a picture are tried too
_CHUNK_PIXELS = 6_000_000
_CHUNK = 64  # pictures that are prepared before the network reads them together


def recognize(
    pictures: Any, *, model: str | os.PathLike[str] | keras.Model = "cnn"
) -> Reading | list[Reading]:
    """Read the digits in pictures.

    Ink may be darker or lighter than its paper, of any colour, written by any pen, anywhere in
    the picture, on ruled or squared paper, and lit unevenly. The trained network comes with the
    package and needs neither a network connection nor TensorFlow.

    Parameters
    ----------
    pictures : str, path-like, bytes, binary file, PIL.Image.Image, array_like, or several of them
        One picture: the name of a file, its content, or its pixels, (height, width) or (height,
        width, channels), as integers in 0-255 or floats in [0, 1]. Several: a list, a tuple or an
        iterator of such, or an array (n, height, width) or (n, height, width, channels).
    model : str, path-like or keras.Model, default "cnn"
        The name of a model that has trained weights in the package, the folder of a run that
        `Trainer.save` wrote, or a Keras model.

    Returns
    -------
    Reading or list of Reading
        A list of `Digit`, in reading order; for several pictures one for each. It is empty if
        there is no digit; ``warnings`` says why.

    Raises
    ------
    PictureError
        If the file is missing, or no picture. Of several, that one's reading is empty, and has
        the error in ``error``.
    ImageError
        If an array is no picture.
    UnknownNameError, ModelError, WeightsError
        If there is no such model, or it does not read digits.

    See Also
    --------
    read_number : the digits as text.
    plot_recognition : how they were read.

    Examples
    --------
    >>> import mnistkit, numpy as np
    >>> picture = np.full((100, 80, 3), 250, dtype=np.uint8)
    >>> picture[20:80, 38:42] = (20, 40, 160)
    >>> reading = mnistkit.recognize(picture)
    >>> reading[0].label, reading[0].box
    (1, (38, 20, 42, 80))
    """
    network = network_of(model)
    if _is_one(pictures):
        return _read_chunk([read_picture(pictures)], [_name_of(pictures)], network)[0]
    return list(iterate_readings(pictures, network))


def iterate_readings(pictures: Iterable[Any], network: Network) -> Iterator[Reading]:
    """Read one picture after the other, with the memory of a few; none stops the others."""
    chunk: list[tuple[Picture | MnistKitError, str]] = []
    pixels = 0
    for number, source in enumerate(pictures):
        picture = _picture_or_error(source)
        chunk.append((picture, _name_of(source) or f"picture {number}"))
        pixels += picture.pixels.size if isinstance(picture, Picture) else 0
        if len(chunk) == _CHUNK or pixels > _CHUNK_PIXELS:
            yield from _read_all(chunk, network)
            chunk, pixels = [], 0
    yield from _read_all(chunk, network)


@dataclass(frozen=True, eq=False)
class Explanation:
    """How a picture was read.

    Attributes
    ----------
    picture : Picture
        As it was worked on: upright, opaque, perhaps reduced.
    interpretation : Interpretation
        The way of seeing it that was believed; its boxes are in pixels of `picture`.
    reading : Reading
        What `recognize` returns; its boxes are in pixels of the original, turned upright.
    """

    picture: Picture
    interpretation: Interpretation
    reading: Reading


def explain(picture: Any, *, model: str | os.PathLike[str] | keras.Model = "cnn") -> Explanation:
    """Read the digits of one picture, and keep the steps.

    Parameters
    ----------
    picture : str, path-like, bytes, binary file, PIL.Image.Image or array_like
        As for `recognize`.
    model : str, path-like or keras.Model, default "cnn"
        As for `recognize`.

    Returns
    -------
    Explanation

    Raises
    ------
    PictureError, ImageError, UnknownNameError, ModelError, WeightsError
        As for `recognize`.

    Examples
    --------
    >>> import numpy as np
    >>> from mnistkit.recognition import explain
    >>> picture = np.zeros((60, 40), dtype=np.uint8)
    >>> picture[10:50, 18:22] = 255
    >>> explained = explain(picture)
    >>> explained.reading.text, explained.interpretation.contrast.ink
    ('1', 'light')
    """
    if not _is_one(picture):
        raise ImageError(
            f"Expected one picture, not several ({type(picture).__name__}). Give one of them."
        )
    network = network_of(model)
    return next(_explain_chunk([read_picture(picture)], [_name_of(picture)], network))


@dataclass(frozen=True)
class Number:
    """The digits of a picture as text.

    Attributes
    ----------
    text : str
        In reading order; empty if there are none.
    probability : float
        That of the least certain digit, from 0 to 1.
    digits : Reading
    """

    text: str
    probability: float
    digits: Reading

    def __str__(self) -> str:
        return self.text


def read_number(picture: Any, *, model: str | os.PathLike[str] | keras.Model = "cnn") -> Number:
    """Read the digits of one picture as text.

    Parameters
    ----------
    picture : str, path-like, bytes, binary file, PIL.Image.Image or array_like
        As for `recognize`.
    model : str, path-like or keras.Model, default "cnn"
        As for `recognize`.

    Returns
    -------
    Number

    Raises
    ------
    PictureError, ImageError, UnknownNameError, ModelError, WeightsError
        As for `recognize`.

    Examples
    --------
    >>> import mnistkit, numpy as np
    >>> picture = np.zeros((60, 120), dtype=np.uint8)
    >>> picture[10:50, 30:34] = picture[10:50, 80:84] = 255
    >>> mnistkit.read_number(picture).text
    '11'
    """
    if not _is_one(picture):
        raise ImageError(
            f"read_number takes one picture, not {type(picture).__name__} of several. "
            "Use recognize for several."
        )
    digits = recognize(picture, model=model)
    assert isinstance(digits, Reading)
    return Number(digits.text, digits.probability, digits)


def prepare_digit(
    picture: Any, *, model: str | os.PathLike[str] | keras.Model = "cnn"
) -> NDArray[np.uint8]:
    """A picture of one digit as `recognize` shows it to the network.

    This is what to train on for one's own handwriting:
    ``Dataset.from_folder(folder, prepare=mnistkit.prepare_digit)``.

    Parameters
    ----------
    picture : str, path-like, bytes, binary file, PIL.Image.Image or array_like
        As for `recognize`.
    model : str, path-like or keras.Model, default "cnn"
        Decides what in the picture is the digit.

    Returns
    -------
    numpy.ndarray of uint8, shape (28, 28)
        Light ink on black. Of several digits the largest.

    Raises
    ------
    PictureError
        If the file is missing, or no picture.
    ImageError
        If there is no digit in the picture.
    UnknownNameError, ModelError, WeightsError
        As for `recognize`.

    Examples
    --------
    >>> import mnistkit, numpy as np
    >>> picture = np.full((100, 80), 250, dtype=np.uint8)
    >>> picture[20:80, 38:42] = 20
    >>> mnistkit.prepare_digit(picture).shape
    (28, 28)
    """
    reading = explain(picture, model=model).reading
    if not reading:
        raise ImageError(
            f"No digit was found ({'; '.join(reading.warnings)}). Look at it with "
            "mnistkit.plot_recognition, and leave it out or take a clearer picture."
        )
    return max(reading, key=lambda digit: longer_side(digit.box)).image


def _is_one(pictures: Any) -> bool:
    """Whether this is one picture, not several."""
    if hasattr(pictures, "__array__") and hasattr(pictures, "shape"):
        shape = tuple(pictures.shape)
        return len(shape) < 3 or (len(shape) == 3 and shape[2] in (1, 3, 4))
    if isinstance(pictures, str | bytes | bytearray | os.PathLike) or hasattr(pictures, "read"):
        return True
    if isinstance(pictures, list | tuple):
        return _has_rows_of_numbers(pictures)
    return hasattr(pictures, "getbands") or not isinstance(pictures, Iterable)


def _has_rows_of_numbers(pictures: Sequence[Any]) -> bool:
    first = pictures[0] if pictures else None
    return isinstance(first, list | tuple) and bool(first) and isinstance(first[0], int | float)


def _name_of(source: Any) -> str:
    return os.fspath(source) if isinstance(source, str | os.PathLike) else ""


def _picture_or_error(source: Any) -> Picture | MnistKitError:
    try:
        return read_picture(source)
    except MnistKitError as error:
        return error


def _read_all(
    chunk: Sequence[tuple[Picture | MnistKitError, str]], network: Network
) -> Iterator[Reading]:
    good = [(picture, name) for picture, name in chunk if isinstance(picture, Picture)]
    readings = iter(_read_chunk([p for p, _ in good], [name for _, name in good], network))
    for picture, name in chunk:
        if isinstance(picture, Picture):
            yield next(readings)
        else:
            yield Reading(source=name, error=picture)


def _read_chunk(
    pictures: Sequence[Picture], names: Sequence[str], network: Network
) -> list[Reading]:
    return [explained.reading for explained in _explain_chunk(pictures, names, network)]


def _explain_chunk(
    pictures: Sequence[Picture], names: Sequence[str], network: Network
) -> Iterator[Explanation]:
    reads = read_interpretations([interpretations(p.pixels) for p in pictures], network)
    # Paler ink, and ink of the other tone, are looked for only where this leaves doubts.
    doubtful = [
        number
        for number, ways in enumerate(reads)
        if not ways[0].interpretation.contrast.plain and most_plausible(ways).plausibility < _DOUBT
    ]
    unlikely = [unlikely_interpretations(pictures[n].pixels) for n in doubtful]
    for number, ways in zip(doubtful, read_interpretations(unlikely, network), strict=True):
        reads[number] += ways
    for picture, ways, name in zip(pictures, reads, names, strict=True):
        read = most_plausible(ways)
        reading = verdict(picture, read, rival_labels(ways, read), name)
        yield Explanation(picture, read.interpretation, reading)
