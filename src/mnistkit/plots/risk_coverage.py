"""plot_risk_coverage: how many images can be answered at which share of wrong answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnistkit.packages import require
from mnistkit.plots.arguments import check_evaluation
from mnistkit.plots.palette import BLUE, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnistkit.evaluation import Evaluation

_ROOM = 0.3  # of the curve's length, to the left of where the first answer is wrong


def plot_risk_coverage(result: Evaluation, *, ax: Axes | None = None) -> Axes:
    """Draw the share of wrong answers against the share of images that are answered at all.

    The surest predictions are answered first, so the curve begins at the left with few answers,
    hardly any of them wrong, and ends at the right with all images. A round dot marks how far one
    gets without a wrong answer, a square one the end. Drawn is only the part of the curve where
    something happens. What the curve is, and a caution, is said at
    `mnistkit.evaluation.RiskCoverage`.

    Parameters
    ----------
    result : Evaluation
        What a model made of some images.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    WrongTypeError
        If it is given another kind of object.

    Examples
    --------
    >>> import mnistkit
    >>> sure = [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]]
    >>> result = mnistkit.Evaluation.from_probabilities([0, 0, 0, 1], sure)
    >>> ax = mnistkit.plot_risk_coverage(result)
    >>> [text.get_text() for text in ax.texts]
    ['none wrong: 75.00% answered', 'all answered: 25.00% wrong']
    """
    require("matplotlib", to="draw a plot")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import PercentFormatter

    check_evaluation(result, "plot_risk_coverage")
    curve = result.risk_coverage()
    if ax is None:
        _, ax = plt.subplots(figsize=(5, 3.4), layout="constrained")
    without = curve.coverage_at(risk=0)
    coverage = np.concatenate([[0], curve.coverage])
    risk = np.concatenate([[curve.risk[0]], curve.risk])
    ax.plot(coverage, risk, color=BLUE, linewidth=1.5)
    highest = max(float(risk[coverage >= without].max()), 1e-4)
    left = max(0.0, without - _ROOM - (1 - without))
    middle = (left + 1) / 2
    if without > 0:
        ax.plot(without, 0, "o", color=BLUE, markersize=7, clip_on=False)
        _write(ax, f"none wrong: {without:.2%} answered", (without, 0), leftwards=without > middle)
    if without < 1:
        ax.plot(1, risk[-1], "s", color=VERMILION, markersize=6, clip_on=False)
        _write(ax, f"all answered: {risk[-1]:.2%} wrong", (1, risk[-1]), leftwards=True)
    ax.set(
        xlim=(left, 1), ylim=(0, 1.15 * highest),
        xlabel="share of the images that are answered",
        ylabel="share of the answers that are wrong",
    )  # fmt: skip
    ax.locator_params(axis="x", nbins=6)
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    name = result.name or "Risk and coverage"
    ax.set_title(name, fontsize=10, parse_math=False)
    ax.grid(alpha=0.3)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _write(ax: Axes, text: str, place: tuple[float, float], *, leftwards: bool) -> None:
    ax.annotate(
        text, place, (-8 if leftwards else 8, 8), textcoords="offset points",
        ha="right" if leftwards else "left", va="bottom", fontsize=8,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )  # fmt: skip
