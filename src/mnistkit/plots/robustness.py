"""plot_robustness: how well a model does under each corruption, with an example of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnistkit.errors import WrongTypeError
from mnistkit.evaluation import Robustness
from mnistkit.messages import with_article
from mnistkit.packages import require
from mnistkit.plots.fit import size_in_inches, widest
from mnistkit.plots.palette import BLUE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 0.42  # inches, if the figure is a new one
_PICTURE, _WIDEST_PICTURE = 0.9, 0.2  # of a row, and of the Axes
_TITLE_SIZE = 10
_SIDE = 28  # pixels


def plot_robustness(result: Robustness, *, ax: Axes | None = None) -> Axes:
    """Draw the accuracy under each corruption, the worst at the top, beside an example of each.

    Dots are accuracies with their 95% intervals, the numbers at the right are the same in percent.
    The dashed line is the accuracy on the clean images, the dotted one the mean over the
    corruptions. The examples are the first image of what was measured.

    Parameters
    ----------
    result : Robustness
        What `mnistkit.robustness` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on. The examples fit the size that it has now.

    Raises
    ------
    WrongTypeError
        If it is given another kind of object.

    Examples
    --------
    >>> import mnistkit
    >>> test = mnistkit.load_dataset("digits").test
    >>> result = mnistkit.robustness("dense128", test, kinds=["fog", "shear"])
    >>> ax = mnistkit.plot_robustness(result)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['fog', 'shear']
    """
    require("matplotlib", to="draw a plot")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import PercentFormatter

    if not isinstance(result, Robustness):
        raise WrongTypeError(
            f"plot_robustness takes what mnistkit.robustness returned, not {with_article(result)}."
        )
    kinds = result.sorted_kinds()
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 1.3 + _ROW * len(kinds)), layout="constrained")
    rows = np.arange(len(kinds))
    accuracy = np.array([result[kind].accuracy for kind in kinds])
    low, high = np.array([result[kind].accuracy_interval for kind in kinds]).T
    reach = np.maximum([accuracy - low, high - accuracy], 0)
    ax.errorbar(accuracy, rows, xerr=reach, fmt="o", color=BLUE, markersize=5, capsize=2)
    clean, mean = result.clean.accuracy, result.mean_accuracy
    ax.axvline(clean, color="0.3", linestyle="--", linewidth=1, label=f"clean {clean:.2%}")
    ax.axvline(mean, color="0.3", linestyle=":", linewidth=1.2, label=f"mean {mean:.2%}")
    for row, one in enumerate(accuracy.tolist()):
        side = ax.get_yaxis_transform()
        ax.text(1.02, row, f"{one:.1%}", transform=side, va="center", fontsize=8)
    ax.set(xlim=(0, 1), ylim=(len(kinds) - 0.5, -0.5), xlabel="accuracy")
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.grid(axis="x", alpha=0.3)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    strength = "" if result.severity == 1 else f", severity {result.severity:g}"
    data = f"{result.clean.name}, " if result.clean.name else ""
    lines = [result.model, f"{data}MNIST-C-like corruptions{strength}"]
    ax.set_title("\n".join(lines), fontsize=_TITLE_SIZE, parse_math=False)
    ax.legend(loc="lower left", fontsize=8)
    ax.set_yticks(rows, [kind.replace("_", " ") for kind in kinds])
    _draw_examples(ax, result, kinds)
    fitting = 72 * size_in_inches(ax)[0] / widest(lines)
    ax.title.set_fontsize(min(_TITLE_SIZE, 1.15 * fitting))  # there is room at both sides
    return ax


def _draw_examples(ax: Axes, result: Robustness, kinds: list[str]) -> None:
    """An example at the left of each row, between its name and the axis."""
    from matplotlib.colors import Normalize
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    width, height = size_in_inches(ax)
    size = 72 * min(_PICTURE * height / len(kinds), _WIDEST_PICTURE * width)  # in points
    ax.tick_params(axis="y", length=0, pad=size + 6)
    frame = {"edgecolor": "0.75", "linewidth": 0.6}
    for row, kind in enumerate(kinds):
        picture = OffsetImage(
            result.examples[result.kinds.index(kind)],
            zoom=size / _SIDE,
            cmap="gray_r",
            norm=Normalize(0, 255),
            interpolation="nearest",
        )
        place = AnnotationBbox(
            picture,
            (0, row),
            xybox=(-3, 0),
            xycoords=ax.get_yaxis_transform(),
            boxcoords="offset points",
            box_alignment=(1, 0.5),
            pad=0,
            bboxprops=frame,
        )
        ax.add_artist(place)
