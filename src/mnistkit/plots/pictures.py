"""Choosing pictures, and drawing them with captions in rows and columns on one Axes."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnistkit.datasets import Split
from mnistkit.errors import ImageError, LabelError
from mnistkit.packages import require
from mnistkit.plots.fit import size_in_inches, widest
from mnistkit.plots.palette import VERMILION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from mnistkit.evaluation import Evaluation

# All lengths are in inches, for a picture one inch wide; an Axes of another size scales them all.
_POINT = 1 / 72
_FONT_SIZE = 8
_TITLE_SIZE = 10
_LINE = 1.25 * _FONT_SIZE * _POINT
_GAP = 0.12
_PAD = 0.05

# The frame is thick and the caption bold besides, so that no colour is needed.
_WRONG = VERMILION


@dataclass(frozen=True)
class CaptionedImage:
    """One image with what is written below it.

    Attributes
    ----------
    image : numpy.ndarray of uint8, shape (height, width) or (height, width, channels)
    caption : str
        Lines of text, perhaps none.
    wrong : bool
        Whether to mark it with a thick frame and bold text.
    """

    image: NDArray[np.uint8]
    caption: str = ""
    wrong: bool = False


def pictures_of(images: Split | ArrayLike, result: Evaluation) -> NDArray[np.uint8]:
    """The images that a result is about, after checking that they can be those.

    Raises
    ------
    ImageError
        If there are not as many images as predictions, or they are no images.
    LabelError
        If the images are a split whose labels are not those of the result.
    """
    split = as_split(images)
    if len(split) != result.num_examples:
        raise ImageError(
            f"There are {len(split):,} images, but the result is about {result.num_examples:,}"
            f"{f' ({result.name})' if result.name else ''}. "
            "Give the images that were evaluated, all of them and in the same order."
        )
    if isinstance(images, Split) and not np.array_equal(split.labels, result.labels):
        differing = int(np.count_nonzero(split.labels != result.labels))
        raise LabelError(
            f"{differing:,} of the {len(split):,} labels of {split!r} are not those of the result, "
            "so the result is about other images, or the same in another order. "
            "Give the split that was evaluated."
        )
    return split.images


def as_split(
    images: Split | ArrayLike,
    labels: ArrayLike | None = None,
    classes: Sequence[str] | None = None,
) -> Split:
    """A split as it is, or one made of arrays, which checks them.

    Raises
    ------
    ImageError
        If the images cannot be drawn.
    LabelError
        If the labels are not those of the images.
    """
    if isinstance(images, Split):
        split = images
    elif labels is None:
        split = Split(images, np.zeros(np.shape(images)[:1], dtype=np.uint8))
    else:
        split = Split(images, labels, classes=classes)
    channels = split.images.shape[3:]
    if channels not in ((), (1,), (3,)):
        raise ImageError(
            f"Images of shape {split.images.shape} cannot be drawn; expected (n, height, width), "
            "or 1 or 3 channels at the end."
        )
    return split


def chosen(num_images: int, count: int, seed: int | None) -> NDArray[np.intp]:
    """Positions of `count` images, or of all if there are fewer: the first, or random ones."""
    wanted = min(natural(count, "count"), num_images)
    if seed is None:
        return np.arange(wanted)
    return np.random.default_rng(seed).choice(num_images, wanted, replace=False)


def natural(value: int, name: str) -> int:
    """A number that must be 1 or more."""
    number = operator.index(value)
    if number < 1:
        raise ValueError(f"{name}={value!r} must be 1 or more.")
    return number


def draw_pictures(
    pictures: Sequence[CaptionedImage], *, columns: int | None, title: str, ax: Axes | None
) -> Axes:
    """Draw pictures row by row, dark ink on light paper, each above its caption."""
    require("matplotlib", to="draw a plot")
    import matplotlib.pyplot as plt

    if columns is None:
        columns = math.ceil(math.sqrt(len(pictures)))
    columns = min(natural(columns, "columns"), len(pictures))
    rows = math.ceil(len(pictures) / columns)
    step_x, step_y = _steps(pictures)
    width, height = columns * step_x, rows * step_y
    if ax is None:
        _, ax = plt.subplots(
            figsize=(width + 2 * _PAD, height + 2 * _PAD + (0.3 if title else 0)),
            layout="constrained",
        )
    ax.set_axis_off()
    ax.set_title(title, fontsize=_TITLE_SIZE, parse_math=False)
    available = size_in_inches(ax)
    scale = min(available[0] / width, available[1] / height)
    for position, picture in enumerate(pictures):
        row, column = divmod(position, columns)
        left = column * step_x + (step_x - 1) / 2
        _draw_one(ax, picture, left=left, top=row * step_y + _GAP / 2, scale=scale)
    ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    if title:
        fitting = width / _POINT / widest([title])
        ax.title.set_fontsize(min(_TITLE_SIZE, fitting) * scale)
    return ax


def _draw_one(ax: Axes, picture: CaptionedImage, *, left: float, top: float, scale: float) -> None:
    from matplotlib.patches import Rectangle

    height = _aspect(picture)
    ax.imshow(
        picture.image,
        cmap="gray_r",
        vmin=0,
        vmax=255,
        extent=(left, left + 1, top + height, top),
        interpolation="nearest",
    )
    # The thick frame lies outside the picture, so that it hides no ink.
    outside = 1.5 * _POINT if picture.wrong else 0.0
    ax.add_patch(
        Rectangle(
            (left - outside, top - outside),
            1 + 2 * outside,
            height + 2 * outside,
            fill=False,
            edgecolor=_WRONG if picture.wrong else "0.75",
            linewidth=(3 if picture.wrong else 0.6) * scale,
        )
    )
    if picture.caption:
        ax.text(
            left + 0.5,
            top + height + 0.05,
            picture.caption,
            ha="center",
            va="top",
            fontsize=_FONT_SIZE * scale,
            fontweight="bold" if picture.wrong else "normal",
            linespacing=1.2,
            parse_math=False,
        )


def _steps(pictures: Sequence[CaptionedImage]) -> tuple[float, float]:
    """How far apart the pictures stand, so that no caption touches the next."""
    # On a screen, hinting makes small text a little wider than its outline.
    text_width = 1.08 * max(widest(p.caption.splitlines(), bold=p.wrong) for p in pictures)
    num_lines = max(len(p.caption.splitlines()) for p in pictures)
    tallest = max(map(_aspect, pictures))
    text_height = num_lines * _LINE + 0.05 if num_lines else 0.0
    return max(1, text_width * _FONT_SIZE * _POINT) + _GAP, tallest + text_height + _GAP


def _aspect(picture: CaptionedImage) -> float:
    return float(picture.image.shape[0] / picture.image.shape[1])
