"""plot_mistakes: the images that a model was most sure about, and wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistkit.packages import require
from mnistkit.plots.arguments import check_evaluation, check_images
from mnistkit.plots.pictures import CaptionedImage, draw_pictures, natural, pictures_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from mnistkit.datasets import Split
    from mnistkit.evaluation import Evaluation


def plot_mistakes(
    images: Split | ArrayLike,
    result: Evaluation,
    *,
    count: int = 25,
    columns: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the most confident mistakes, with the probabilities of the wrong and of the true class.

    Parameters
    ----------
    images : Split or array_like, shape (n, height, width) or (n, height, width, channels)
        The images that were evaluated, all of them and in the same order.
    result : Evaluation
        What the model made of them.
    count : int, default 25
        How many mistakes to draw; all of them if there are fewer.
    columns : int, optional
        How many stand side by side; by default about as many as there are rows.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on; without a mistake, a line that says so.

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
    >>> ax = mnistkit.plot_mistakes(test, result, count=9)
    >>> len(ax.images)
    9
    """
    check_images(images, "plot_mistakes")
    check_evaluation(result, "plot_mistakes")
    drawn = pictures_of(images, result)
    mistakes = result.mistakes(natural(count, "count"))
    if not mistakes:
        return _draw_nothing(f"No mistakes in {result.num_examples:,}.", result.name, ax)
    pictures = [
        CaptionedImage(
            drawn[mistake.index],
            caption=f"predicted {result.classes[mistake.predicted]}"
            f" ({_percent(mistake.probability)})\n"
            f"true {result.classes[mistake.label]} ({_percent(mistake.true_probability)})",
        )
        for mistake in mistakes
    ]
    title = f"{result.name}: " if result.name else ""
    if len(mistakes) < result.num_mistakes:
        title += f"the {len(mistakes)} most confident of {result.num_mistakes:,} mistakes"
    else:
        title += f"all {len(mistakes)} mistakes" if len(mistakes) > 1 else "the only mistake"
    return draw_pictures(pictures, columns=columns, title=title, ax=ax)


def _percent(share: float) -> str:
    """Round to a whole percentage, but to 0% or 100% only what is exactly that."""
    if 0 < share < 0.005:
        return "<1%"
    if 0.995 <= share < 1:
        return ">99%"
    return f"{share:.0%}"


def _draw_nothing(message: str, title: str, ax: Axes | None) -> Axes:
    require("matplotlib", to="draw a plot")
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(4, 1.5), layout="constrained")
    ax.text(0.5, 0.5, message, ha="center", va="center", transform=ax.transAxes)
    ax.set_title(title, parse_math=False)
    ax.set_axis_off()
    return ax
