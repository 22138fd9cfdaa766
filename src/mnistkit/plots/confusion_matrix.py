"""plot_confusion_matrix: which classes are taken for which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mnistkit.packages import require
from mnistkit.plots.arguments import check_evaluation
from mnistkit.plots.fit import size_in_inches, widest

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mnistkit.evaluation import Evaluation


_LARGEST = 30.0  # inches
_MOST_WRITTEN = 100  # classes: smaller numbers cannot be read, and take a minute to draw


def plot_confusion_matrix(
    result: Evaluation, *, normalize: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw how many images of each class were taken for which.

    Rows are what the images are, columns what they were taken for; classes that do not occur are
    left out. The right answers are grey; only the mistakes are coloured, the darker the more there
    are, because one scale for both would hide them. A cell without a number is zero; of more than
    100 classes no numbers are written.

    Parameters
    ----------
    result : Evaluation
        What a model made of some images.
    normalize : bool, default False
        Write percentages of each true class (of each row) rather than counts.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on. The text fits the size that it has now.

    Raises
    ------
    WrongTypeError
        If it is given another kind of object.

    Examples
    --------
    >>> import numpy as np
    >>> import mnistkit
    >>> result = mnistkit.Evaluation.from_probabilities([0, 1, 1], np.eye(2)[[0, 1, 0]])
    >>> ax = mnistkit.plot_confusion_matrix(result)
    >>> [text.get_text() for text in ax.texts]
    ['1', '1', '1']
    """
    require("matplotlib", to="draw a plot")
    import matplotlib.pyplot as plt

    check_evaluation(result, "plot_confusion_matrix")
    whole = result.confusion_matrix
    rows, columns = (np.flatnonzero(sums) for sums in (whole.sum(1), whole.sum(0) + whole.sum(1)))
    counts = whole[np.ix_(rows, columns)]
    if ax is None:
        _, ax = plt.subplots(figsize=tuple(map(_inches, counts.shape[::-1])), layout="constrained")
    values = 100 * counts / counts.sum(axis=1, keepdims=True) if normalize else counts
    colours = _colours(values, right=rows[:, None] == columns)
    ax.imshow(colours, interpolation="nearest")
    _label_axes(ax, *([result.classes[one] for one in shown] for shown in (rows, columns)))
    name = f"{result.name}: " if result.name else ""
    unit = "\npercent of each true class" if normalize else ""
    ax.set_title(f"{name}{result.accuracy:.2%} correct{unit}", fontsize=10, parse_math=False)
    _write_cells(ax, counts, values, colours, decimals=1 if normalize else 0)
    return ax


def _inches(classes: int) -> float:
    return min(max(3.5, classes * (0.45 if classes <= 20 else 0.3)), _LARGEST) + 1


def _colours(values: NDArray[Any], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The colour of each cell, RGBA: grey for right answers, white where nothing is."""
    from matplotlib import colormaps

    mistakes = np.where(right, 0.0, values)
    # The map grows darker all the way, so it also reads without colour; its end is too dark for
    # neighbours to differ.
    colours = np.array(colormaps["YlOrBr"](0.1 + 0.8 * mistakes / max(mistakes.max(), 1e-12)))
    colours[mistakes == 0] = (1, 1, 1, 1)
    colours[right] = (0.9, 0.9, 0.9, 1)
    return colours


def _write_cells(
    ax: Axes,
    counts: NDArray[np.int64],
    values: NDArray[Any],
    colours: NDArray[np.float64],
    *,
    decimals: int,
) -> None:
    smallest = 10.0**-decimals
    written = np.argwhere(counts)[: None if max(counts.shape) <= _MOST_WRITTEN else 0]
    texts = {
        (row, column): f"<{smallest:g}"
        if values[row, column] < smallest / 2
        else f"{values[row, column]:.{decimals}f}"
        for row, column in written.tolist()
    }
    # Relative luminance: below 0.18 white has more contrast than black.
    light = colours[..., :3] ** 2.2 @ (0.2126, 0.7152, 0.0722) > 0.18
    cell = 72 * min(size_in_inches(ax)) / max(counts.shape)
    fontsize = min(9, 0.8 * cell / max(widest(texts.values()) if texts else 1, 1))
    ax.tick_params(labelsize=min(10, 0.7 * cell))
    for (row, column), text in texts.items():
        ax.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=fontsize,
            color="black" if light[row, column] else "white",
        )


def _label_axes(ax: Axes, rows: list[str], columns: list[str]) -> None:
    long = max(map(len, columns)) > 3
    slanted: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(columns)), columns, parse_math=False, **slanted if long else {})
    ax.set_yticks(range(len(rows)), rows, parse_math=False)
    ax.set_xticks(np.arange(len(columns) - 1) + 0.5, minor=True)
    ax.set_yticks(np.arange(len(rows) - 1) + 0.5, minor=True)
    ax.grid(which="minor", color="0.8", linewidth=0.5)
    ax.tick_params(which="both", length=0)
    ax.set(xlabel="Predicted class", ylabel="True class")
