"""plot_reliability: whether the probabilities can be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnistkit.packages import require
from mnistkit.plots.arguments import check_evaluation
from mnistkit.plots.palette import BLUE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnistkit.evaluation import Evaluation


def plot_reliability(result: Evaluation, *, num_bins: int = 15, ax: Axes | None = None) -> Axes:
    """Draw the share of right predictions against what the model said it would be.

    Predictions are put into bins by the probability of the predicted class. Each bin is a dot with
    the 95% interval of its share, and the number of its images stands below. On the dashed line
    the model is right as often as it says; below it, it is too sure, above it, too unsure. Only
    where the interval does not reach the line there is something to see.

    Parameters
    ----------
    result : Evaluation
        What a model made of some images.
    num_bins : int, default 15
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    WrongTypeError
        If it is given another kind of object.
    ValueError
        If there are to be no bins.

    Examples
    --------
    >>> import numpy as np
    >>> import mnistkit
    >>> sure = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]])
    >>> result = mnistkit.Evaluation.from_probabilities([0, 1, 1], sure, name="three")
    >>> mnistkit.plot_reliability(result).get_title()
    'three: calibration error 33.33%'
    """
    require("matplotlib", to="draw a plot")
    import matplotlib.pyplot as plt

    check_evaluation(result, "plot_reliability")
    bins = result.reliability_curve(num_bins)
    if ax is None:
        _, ax = plt.subplots(figsize=(4.4, 4.6), layout="constrained")
    said = [one.probability for one in bins]
    right = np.array([one.accuracy for one in bins])
    low, high = np.array([one.interval for one in bins]).T
    ax.plot([0, 1], [0, 1], color="0.5", linestyle="--", linewidth=1, zorder=1)
    # The interval of a share that is 0 or 1 ends there, give or take rounding.
    reach = np.maximum([right - low, high - right], 0)
    ax.errorbar(said, right, reach, fmt="o", color=BLUE, markersize=5, capsize=2, linewidth=1)
    for one in bins:
        middle = (one.low + one.high) / 2
        ax.text(middle, -0.03, f"{one.num_examples:,}", rotation=90, fontsize=7, color="0.35",
                ha="center", va="top")  # fmt: skip
    ax.text(-0.02, -0.1, "images", fontsize=7, color="0.35", ha="right", va="center")
    ax.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    ax.text(0.03, 0.97, "too unsure", color="0.35", fontsize=8, va="top")
    ax.text(0.97, 0.03, "too sure", color="0.35", fontsize=8, ha="right")
    ax.set(
        xlim=(0, 1.03), ylim=(-0.2, 1.03), aspect="equal", yticks=np.linspace(0, 1, 6),
        xlabel="probability of the predicted class",
        ylabel="share of right predictions",
    )  # fmt: skip
    name = f"{result.name}: " if result.name else ""
    title = f"{name}calibration error {result.calibration_error:.2%}"
    ax.set_title(title, fontsize=10, parse_math=False)
    ax.spines[["top", "right"]].set_visible(False)
    return ax
