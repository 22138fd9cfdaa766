"""plot_predictions: what a model made of some random images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistkit.plots.arguments import check_evaluation, check_images
from mnistkit.plots.pictures import CaptionedImage, chosen, draw_pictures, pictures_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from mnistkit.datasets import Split
    from mnistkit.evaluation import Evaluation


# It is in every font; the heavier crosses are not.
_CROSS = "\N{MULTIPLICATION SIGN} "


def plot_predictions(
    images: Split | ArrayLike,
    result: Evaluation,
    *,
    count: int = 25,
    seed: int | None = 0,
    columns: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw random images with the class that was predicted and the true one.

    Wrong ones have a cross, bold text and a thick frame. The choice is random, so that the picture
    is neither better nor worse than the model; `plot_mistakes` draws only the wrong ones.

    Parameters
    ----------
    images : Split or array_like, shape (n, height, width) or (n, height, width, channels)
        The images that were evaluated, all of them and in the same order.
    result : Evaluation
        What the model made of them.
    count : int, default 25
        How many images to draw; all of them if there are fewer.
    seed : int or None, default 0
        The choice is a function of the seed. None takes the first images.
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
        If there are not as many images as predictions, or they are no images.
    LabelError
        If the images are a split whose labels are not those of the result.

    Examples
    --------
    >>> import numpy as np
    >>> import mnistkit
    >>> test = mnistkit.load_dataset("digits").test
    >>> guesses = np.full((len(test), 10), 0.1)
    >>> result = mnistkit.Evaluation.from_probabilities(test.labels, guesses, name=test.name)
    >>> ax = mnistkit.plot_predictions(test, result, count=9, seed=1)
    >>> ax.figure.savefig("predictions.png", dpi=200)  # doctest: +SKIP
    """
    check_images(images, "plot_predictions")
    check_evaluation(result, "plot_predictions")
    drawn = pictures_of(images, result)
    indices = chosen(len(drawn), count, seed)
    pictures = []
    for index in indices:
        right = bool(result.correct[index])
        predicted = result.classes[result.predictions[index]]
        true = result.classes[result.labels[index]]
        caption = f"{'' if right else _CROSS}predicted {predicted}\ntrue {true}"
        pictures.append(CaptionedImage(drawn[index], caption=caption, wrong=not right))
    num_right = sum(not picture.wrong for picture in pictures)
    name = f"{result.name}: " if result.name else ""
    title = f"{name}{num_right} of these {len(pictures)} predicted correctly"
    return draw_pictures(pictures, columns=columns, title=title, ax=ax)
