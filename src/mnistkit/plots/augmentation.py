"""plot_augmentation: what training sees in place of the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnistkit.datasets import Split
from mnistkit.errors import RecipeError
from mnistkit.images.normalize import to_unit_floats
from mnistkit.models import Augmentation, Recipe
from mnistkit.packages import require
from mnistkit.plots.arguments import check_images
from mnistkit.plots.pictures import CaptionedImage, as_split, chosen, draw_pictures, natural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def plot_augmentation(
    images: Split | ArrayLike,
    augmentation: Augmentation | Recipe,
    *,
    count: int = 4,
    variants: int = 8,
    seed: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw some images, each with some of the variants that training would see.

    Parameters
    ----------
    images : Split or array_like, shape (n, height, width) or (n, height, width, channels)
        A split, or an array of integers in 0-255 or floats in [0, 1].
    augmentation : Augmentation or Recipe
    count : int, default 4
        How many images, a row each; random ones.
    variants : int, default 8
        How many variants of each, to the right of it.
    seed : int, default 0
        Fixes which images, and how they are varied.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    WrongTypeError
        If it is given another kind of object.
    ImageError
        If the images are empty, wrongly shaped or out of range.
    RecipeError
        If nothing is varied.

    Examples
    --------
    >>> import mnistkit
    >>> data = mnistkit.load_dataset("digits")
    >>> strong = mnistkit.Augmentation(rotation=15, translation=3)
    >>> ax = mnistkit.plot_augmentation(data.train, strong, count=2, variants=3)
    >>> len(ax.images)
    8
    """
    require("tensorflow", "matplotlib", to="draw varied images")
    from mnistkit.training.augmentation import augment
    from mnistkit.training.seeding import epoch_key

    check_images(images, "plot_augmentation")
    settings = augmentation.augmentation if isinstance(augmentation, Recipe) else augmentation
    if settings is not None and not isinstance(settings, Augmentation):
        raise RecipeError(
            f"augmentation={settings!r}: expected a mnistkit.Augmentation or a mnistkit.Recipe."
        )
    if not settings:
        raise RecipeError(f"{augmentation!r} varies nothing, so there is nothing to draw.")
    split = as_split(images)
    originals = split.images[chosen(len(split), count, seed)]
    per_row = 1 + natural(variants, "variants")
    repeated = np.repeat(to_unit_floats(originals), per_row, axis=0)
    varied = np.asarray(augment(repeated, settings, epoch_key(seed, 0), 0))
    rows = np.rint(255 * varied).astype(np.uint8)
    rows[::per_row] = originals
    pictures = [
        CaptionedImage(image, caption="" if number % per_row else "original")
        for number, image in enumerate(rows)
    ]
    return draw_pictures(pictures, columns=per_row, title=repr(settings), ax=ax)
