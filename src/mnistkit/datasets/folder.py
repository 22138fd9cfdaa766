"""Pictures in folders, one sub-folder a class."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets.geometry import SIDE, mnist_picture
from mnistkit.errors import ImageFolderError, MnistKitError
from mnistkit.files.reading import open_regular

Ink = Literal["auto", "dark", "light"]
Prepare = Callable[[Path], ArrayLike]
Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]
PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"}
_LAYOUT = (
    "Expected <folder>/<class>/<picture>, or <folder>/train/<class>/<picture> and "
    "<folder>/test/<class>/<picture>, with pictures of the kinds "
    f"{', '.join(sorted(PICTURE_SUFFIXES))}."
)


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
        raise ImageFolderError(f"{str(root)!r} is not a folder. {_LAYOUT}")
    if ink not in ("auto", "dark", "light"):
        raise ImageFolderError(f"ink={ink!r} is not known; use 'auto', 'dark' or 'light'.")
    names = {folder.name for folder in _folders(root)}
    parts = (
        {name: root / name for name in ("train", "test")} if "train" in names else {"train": root}
    )
    parts = {name: folder for name, folder in parts.items() if folder.is_dir()}
    classes = sorted(
        {cls.name for folder in parts.values() for cls in _folders(folder)}, key=_order
    )
    if not classes:
        raise ImageFolderError(f"There are no class folders in {str(root)!r}. {_LAYOUT}")
    read = partial(_read_picture, ink=ink) if prepare is None else partial(_prepared, prepare)
    arrays = {name: _read_part(folder, classes, read) for name, folder in parts.items()}
    return arrays, tuple(classes)


def _read_part(
    folder: Path, classes: list[str], read: Callable[[Path], NDArray[np.uint8]]
) -> Arrays:
    images, labels = [], []
    for label, name in enumerate(classes):
        for picture in sorted((folder / name).glob("*")):
            if picture.suffix.lower() in PICTURE_SUFFIXES:
                images.append(read(picture))
                labels.append(label)
    if not images:
        raise ImageFolderError(f"There are no pictures in {str(folder)!r}. {_LAYOUT}")
    return np.stack(images), np.array(labels)


def _prepared(prepare: Prepare, path: Path) -> NDArray[np.uint8]:
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


def _read_picture(path: Path, ink: Ink) -> NDArray[np.uint8]:
    from PIL import Image, ImageOps

    try:
        with open_regular(path) as file, Image.open(file) as opened:
            picture = ImageOps.exif_transpose(opened)
            if picture.has_transparency_data:
                picture = picture.convert("RGBA")
                paper = Image.new("RGBA", picture.size, "white")
                picture = Image.alpha_composite(paper, picture)
            grey = np.asarray(picture.convert("L"))
    # Pillow's readers raise a dozen kinds of errors for damaged files, each format its own.
    except Exception as error:
        raise ImageFolderError(
            f"The picture {str(path)!r} cannot be read ({str(error)[:200]}). Repair or remove it."
        ) from error
    if ink == "dark" or (ink == "auto" and np.median(_border(grey)) > 127):
        grey = 255 - grey
    if grey.shape == (SIDE, SIDE):
        return grey
    paper_level = int(np.median(_border(grey)))
    return mnist_picture(
        np.where(grey > paper_level + _NOISE, grey - paper_level, 0).astype(np.uint8)
    )


_NOISE = 32  # grey levels that paper may differ from itself before it counts as ink


def _border(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def _folders(path: Path) -> list[Path]:
    return [entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith(".")]


def _order(name: str) -> tuple[int, int, str]:
    """Numbers by value, before words by the alphabet."""
    return (0, int(name), name) if name.isdecimal() else (1, 0, name)
