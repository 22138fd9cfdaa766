"""plot_digits: what the images look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistkit.datasets import Split
from mnistkit.plots.arguments import check_images
from mnistkit.plots.pictures import CaptionedImage, as_split, chosen, draw_pictures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def plot_digits(
    images: Split | ArrayLike,
    labels: ArrayLike | None = None,
    *,
    classes: Sequence[str] | None = None,
    count: int = 25,
    seed: int | None = None,
    columns: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw some images in rows and columns, with their classes below them.

    Ink is drawn dark on light paper, whatever the background; images with three channels keep
    their colours.

    Parameters
    ----------
    images : Split or array_like, shape (n, height, width) or (n, height, width, channels)
        A split, or an array of integers in 0-255 or floats in [0, 1].
    labels : array_like of int, shape (n,), optional
        What to write below the images. A split brings its own; an array has none by default.
    classes : sequence of str, optional
        What the classes are called. A split brings its own; by default they are numbers.
    count : int, default 25
        How many images to draw; all of them if there are fewer.
    seed : int, optional
        Draw random images, a function of the seed, rather than the first ones.
    columns : int, optional
        How many stand side by side; by default about as many as there are rows.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on. Text and frames fit the size that it has now.

    Raises
    ------
    WrongTypeError
        If it is given another kind of object.
    ImageError
        If the images are empty, wrongly shaped or out of range.
    LabelError
        If the labels are of the wrong length or type, or out of range.

    Examples
    --------
    >>> import mnistkit
    >>> data = mnistkit.load_dataset("digits")
    >>> ax = mnistkit.plot_digits(data.train, count=10, columns=5, seed=0)
    >>> len(ax.images)
    10
    """
    check_images(images, "plot_digits")
    title = ""
    if isinstance(images, Split):
        title = images.name
        labels = images.labels if labels is None else labels
        classes = images.classes if classes is None else classes
        images = images.images
    split = as_split(images, labels, classes)
    pictures = [
        CaptionedImage(
            split.images[index],
            caption="" if labels is None else split.classes[split.labels[index]],
        )
        for index in chosen(len(split), count, seed)
    ]
    return draw_pictures(pictures, columns=columns, title=title, ax=ax)
