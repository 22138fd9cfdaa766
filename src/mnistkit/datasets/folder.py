"""Pictures in folders, one sub-folder a class."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets.class_folders import LAYOUT, Found, Part, find_pictures
from mnistkit.errors import ImageFolderError, MnistKitError, PictureError
from mnistkit.images.geometry import SIDE, mnist_picture
from mnistkit.images.names import is_litter

logger = logging.getLogger(__name__)

Ink = Literal["auto", "dark", "light"]
Prepare = Callable[[Path], ArrayLike]
Pixels = NDArray[np.uint8]
Arrays = tuple[Pixels, NDArray[np.int64]]
_NOISE = 32  # grey levels that paper may differ from itself before it counts as ink
_MOST_CLASSES = 256


def read_folder(
    path: str | os.PathLike[str], ink: Ink = "auto", prepare: Prepare | None = None
) -> tuple[dict[str, Arrays], tuple[str, ...]]:
    """Read pictures and labels from a folder.

    Parameters
    ----------
    path : str or path-like
        See `Dataset.from_folder`.
    ink : {"auto", "dark", "light"}
    prepare : function, optional

    Returns
    -------
    parts : dict
        ``"train"``, and ``"test"`` if there is such a folder, to images (n, 28, 28) and labels.
    classes : tuple of str

    Raises
    ------
    ImageFolderError
        If there are no classes or no pictures, or a picture cannot be read.
    """
    root = Path(path)
    if not root.is_dir():
        raise ImageFolderError(f"{str(root)!r} is not a folder. {LAYOUT}")
    if ink not in ("auto", "dark", "light"):
        raise ImageFolderError(f"ink={ink!r} is not known; use 'auto', 'dark' or 'light'.")
    found = find_pictures(root)
    _check_not_empty(found)
    if found.told():
        logger.warning("%s", found.told())
    labels, classes = _class_numbers({name for part in found.parts.values() for name in part})
    read = partial(_read_picture, ink=ink) if prepare is None else partial(_prepared, prepare)
    blank: list[Path] = []
    arrays = {name: _read_part(part, labels, read, blank) for name, part in found.parts.items()}
    if blank:
        logger.warning("%s", _blank_told(blank, found))
    return arrays, classes


def _check_not_empty(found: Found) -> None:
    if found.parts["train"]:
        return
    inside = found.root.iterdir()
    folders = any(entry.is_dir() and not is_litter(entry.name) for entry in inside)
    lacking = "pictures in the class folders of" if folders else "class folders in"
    sentences = [f"There are no {lacking} {str(found.root)!r}.", found.told(), LAYOUT]
    raise ImageFolderError(" ".join(filter(None, sentences)))


def _class_numbers(names: set[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    """The label of each class folder, and what the classes are called.

    A folder ``7`` alone has the digit 7 of ten, not class 0 of one.
    """
    if all(name.isdecimal() for name in names):
        numbers = {name: int(name) for name in names}
        largest = max(9, *numbers.values())
        if largest < _MOST_CLASSES:
            return numbers, tuple(map(str, range(largest + 1)))
    classes = sorted(names, key=_order)
    return {name: label for label, name in enumerate(classes)}, tuple(classes)


def _read_part(
    part: Part, labels: dict[str, int], read: Callable[[Path], Pixels], blank: list[Path]
) -> Arrays:
    images, numbers = [], []
    for name in sorted(part, key=_order):
        for path in part[name]:
            images.append(read(path))
            numbers.append(labels[name])
            if _is_blank(images[-1]):
                blank.append(path)
    return np.stack(images), np.array(numbers)


def _is_blank(image: Pixels) -> bool:
    return int(image.max()) - int(image.min()) <= _NOISE


def _blank_told(blank: list[Path], found: Found) -> str:
    total = sum(len(paths) for part in found.parts.values() for paths in part.values())
    return (
        f"{len(blank):,} of the {total:,} pictures in {found.name} show no ink "
        f"({found.names(blank)}): nothing in them stands out from the paper by more than {_NOISE} "
        "grey levels. They stay in the data as blank images. Remove the files if that is not "
        "meant; if they are not blank sheets, ink='dark' or ink='light' may help."
    )


def _prepared(prepare: Prepare, path: Path) -> Pixels:
    try:
        image = np.asarray(prepare(path))
    except MnistKitError as error:
        raise ImageFolderError(f"The picture {str(path)!r} cannot be used: {error}") from error
    if image.shape != (SIDE, SIDE) or image.dtype != np.uint8:
        raise ImageFolderError(
            f"prepare gave an array of shape {image.shape} and type {image.dtype} for "
            f"{str(path)!r}; expected uint8 of shape ({SIDE}, {SIDE})."
        )
    return image


def _read_picture(path: Path, ink: Ink) -> Pixels:
    from mnistkit.images.picture import read_picture

    try:
        grey = _grey(read_picture(path).pixels)
    except PictureError as error:
        raise ImageFolderError(_why_not_read(path, error)) from error
    if ink == "dark" or (ink == "auto" and np.median(_border(grey)) > 127):
        grey = 255 - grey
    if grey.shape == (SIDE, SIDE):
        return grey
    paper_level = int(np.median(_border(grey)))
    return mnist_picture(
        np.where(grey > paper_level + _NOISE, grey - paper_level, 0).astype(np.uint8)
    )


def _why_not_read(path: Path, error: PictureError) -> str:
    # The reader's words begin with the name; of these, some say that it cannot be read, some why.
    reason = str(error).removeprefix(repr(str(path))).strip()
    if not reason.startswith("cannot be read"):
        reason = f"cannot be read: it {reason}"
    return f"The picture {str(path)!r} {reason} Or remove it."


def _grey(pixels: Pixels) -> Pixels:
    from PIL import Image

    return pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L"))


def _border(grey: Pixels) -> Pixels:
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def _order(name: str) -> tuple[int, int, str]:
    """Numbers by value, before words by the alphabet."""
    return (0, int(name), name) if name.isdecimal() else (1, 0, name)
