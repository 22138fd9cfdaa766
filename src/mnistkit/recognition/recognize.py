"""recognize and recognize_many: people's own pictures to digits."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistkit.errors import ImageError, MnistKitError
from mnistkit.images.picture import Picture, read_picture
from mnistkit.recognition.components import longer_side
from mnistkit.recognition.loading import load_network
from mnistkit.recognition.network import Network
from mnistkit.recognition.pictures import check_one, check_several, name_of
from mnistkit.recognition.preprocess import Hypothesis, likely_hypotheses, unlikely_hypotheses
from mnistkit.recognition.ranking import best_hypothesis, classify_hypotheses, rival_labels
from mnistkit.recognition.reading import Reading
from mnistkit.recognition.warnings import make_reading

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    from mnistkit.recognition.pictures import PictureSource

CONFIDENT = 0.9
"""Confidence of the best hypothesis, below which unlikely ones are tried too."""
_BATCH_PIXELS = 6_000_000
_BATCH = 64  # pictures that are preprocessed before the network classifies them together


def recognize(
    picture: PictureSource, *, model: str | os.PathLike[str] | keras.Model = "cnn"
) -> Reading:
    """Read the digits in a picture.

    Ink may be darker or lighter than its paper, of any colour, written by any pen, anywhere in
    the picture, on ruled or squared paper, and lit unevenly. The trained network comes with the
    package and needs neither a network connection nor TensorFlow.

    Parameters
    ----------
    picture : str, path-like, bytes, binary file, PIL.Image.Image or array_like
        The name of a file, its content, or its pixels, (height, width) or (height, width,
        channels), as integers in 0-255 or floats in [0, 1].
    model : str, path-like or keras.Model, default "cnn"
        The name of a model that has trained weights in the package, an ONNX file that `export`
        wrote, the folder of a run that `Trainer.save` wrote, or a Keras model. What comes from a
        file is loaded once, and again when the file has changed; only the last two need TensorFlow.

    Returns
    -------
    Reading
        A sequence of `Digit`, in reading order. It is empty if there is no digit; ``warnings``
        says why. ``text`` and ``number`` are all digits together.

    Raises
    ------
    PictureError
        If the file is missing, or no picture.
    ImageError
        If an array is no picture, or several.
    WrongTypeError
        If something else is given, such as a list of pictures.
    UnknownNameError, ModelError, OnnxError, WeightsError
        If there is no such model, or it does not classify digits.

    See Also
    --------
    recognize_many : several pictures, faster.
    plot_recognition : how they were read.

    Examples
    --------
    >>> import mnistkit, numpy as np
    >>> picture = np.full((100, 80, 3), 250, dtype=np.uint8)
    >>> picture[20:80, 38:42] = (20, 40, 160)
    >>> reading = mnistkit.recognize(picture)
    >>> reading[0].label, reading[0].box, reading.number
    (1, (38, 20, 42, 80), 1)
    """
    check_one(picture, "recognize")
    return explain(picture, model=model).reading


def recognize_many(
    pictures: Iterable[PictureSource], *, model: str | os.PathLike[str] | keras.Model = "cnn"
) -> list[Reading]:
    """Read the digits in several pictures.

    A picture that cannot be read does not stop the others.

    Parameters
    ----------
    pictures : iterable of str, path-like, bytes, binary file, PIL.Image.Image or array_like
        A list, a tuple or an iterator of what `recognize` takes, or an array (n, height, width)
        or (n, height, width, channels).
    model : str, path-like or keras.Model, default "cnn"
        As for `recognize`.

    Returns
    -------
    list of Reading
        One for each picture. That of a picture that cannot be read is empty, and has the reason
        in ``error``.

    Raises
    ------
    WrongTypeError
        If it is one picture, or what has no order, such as a set or a dictionary.
    UnknownNameError, ModelError, OnnxError, WeightsError
        As for `recognize`.

    Examples
    --------
    >>> import mnistkit
    >>> images = mnistkit.load_dataset("digits").test.images[:3]
    >>> [reading.text for reading in mnistkit.recognize_many(images)]
    ['2', '3', '4']
    """
    check_several(pictures, "recognize_many")
    return list(iterate_readings(pictures, load_network(model)))


def iterate_readings(pictures: Iterable[Any], network: Network) -> Iterator[Reading]:
    """Read one picture after the other, with the memory of a few; none stops the others."""
    batch: list[tuple[Picture | MnistKitError, str]] = []
    pixels = 0
    for number, source in enumerate(pictures):
        picture = _picture_or_error(source)
        batch.append((picture, name_of(source) or f"picture {number}"))
        pixels += picture.pixels.size if isinstance(picture, Picture) else 0
        if len(batch) == _BATCH or pixels > _BATCH_PIXELS:
            yield from _read_batch(batch, network)
            batch, pixels = [], 0
    yield from _read_batch(batch, network)


def _picture_or_error(source: Any) -> Picture | MnistKitError:
    try:
        return read_picture(source)
    except MnistKitError as error:
        return error


def _read_batch(
    batch: Sequence[tuple[Picture | MnistKitError, str]], network: Network
) -> Iterator[Reading]:
    good = [(picture, name) for picture, name in batch if isinstance(picture, Picture)]
    explanations = _explain_batch(good, network)
    for picture, name in batch:
        if isinstance(picture, Picture):
            yield next(explanations).reading
        else:
            yield Reading(source=name, error=picture)


@dataclass(frozen=True, eq=False)
class Explanation:
    """How a picture was read.

    Attributes
    ----------
    picture : Picture
        As it was worked on: upright, opaque, perhaps reduced.
    hypothesis : Hypothesis
        The one that was believed; its boxes are in pixels of `picture`.
    reading : Reading
        What `recognize` returns; its boxes are in pixels of the original, turned upright.
    """

    picture: Picture
    hypothesis: Hypothesis
    reading: Reading


def explain(
    picture: PictureSource, *, model: str | os.PathLike[str] | keras.Model = "cnn"
) -> Explanation:
    """Read the digits of a picture, and keep the steps.

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
    PictureError, ImageError, WrongTypeError, UnknownNameError, ModelError, OnnxError, WeightsError
        As for `recognize`.

    Examples
    --------
    >>> import numpy as np
    >>> from mnistkit.recognition import explain
    >>> picture = np.zeros((60, 40), dtype=np.uint8)
    >>> picture[10:50, 18:22] = 255
    >>> explanation = explain(picture)
    >>> explanation.reading.text, explanation.hypothesis.contrast.polarity
    ('1', 'light')
    """
    check_one(picture, "explain")
    network = load_network(model)
    return next(_explain_batch([(read_picture(picture), name_of(picture))], network))


def prepare_digit(
    picture: PictureSource, *, model: str | os.PathLike[str] | keras.Model = "cnn"
) -> NDArray[np.uint8]:
    """Preprocess a picture of one digit as `recognize` does for the network.

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
        Light ink on black; not writable. Of several digits the largest.

    Raises
    ------
    PictureError
        If the file is missing, or no picture.
    ImageError
        If there is no digit in the picture.
    WrongTypeError, UnknownNameError, ModelError, OnnxError, WeightsError
        As for `recognize`.

    Examples
    --------
    >>> import mnistkit, numpy as np
    >>> picture = np.full((100, 80), 250, dtype=np.uint8)
    >>> picture[20:80, 38:42] = 20
    >>> mnistkit.prepare_digit(picture).shape
    (28, 28)
    """
    check_one(picture, "prepare_digit")
    reading = explain(picture, model=model).reading
    if not reading:
        raise ImageError(
            f"No digit was found ({'; '.join(reading.warnings)}). Look at it with "
            "mnistkit.plot_recognition, and leave it out or take a clearer picture."
        )
    return max(reading, key=lambda digit: longer_side(digit.box)).image


def _explain_batch(
    pictures: Sequence[tuple[Picture, str]], network: Network
) -> Iterator[Explanation]:
    """Preprocess, classify and rank: every step, for several pictures at once."""
    ranked = classify_hypotheses([likely_hypotheses(p.pixels) for p, _ in pictures], network)
    doubtful = [
        number
        for number, hypotheses in enumerate(ranked)
        if not hypotheses[0].hypothesis.contrast.uniform
        and best_hypothesis(hypotheses).confidence < CONFIDENT
    ]
    unlikely = [unlikely_hypotheses(pictures[number][0].pixels) for number in doubtful]
    for number, more in zip(doubtful, classify_hypotheses(unlikely, network), strict=True):
        ranked[number] += more
    for (picture, name), hypotheses in zip(pictures, ranked, strict=True):
        best = best_hypothesis(hypotheses)
        reading = make_reading(picture, best, rival_labels(hypotheses, best), name)
        yield Explanation(picture, best.hypothesis, reading)
