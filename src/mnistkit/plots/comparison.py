"""plot_comparison: accuracy against cost, with every seed and the intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, get_args

from mnistkit.comparison import Comparison, ContenderResult
from mnistkit.errors import ComparisonError, WrongTypeError
from mnistkit.messages import shown, with_article
from mnistkit.packages import require
from mnistkit.plots.palette import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CostName = Literal["fit_seconds", "parameters", "multiply_adds", "weight_bytes", "one_image_ms"]
_LABELS = {
    "fit_seconds": "seconds of a training",
    "parameters": "parameters",
    "multiply_adds": "multiply-adds for a picture",
    "weight_bytes": "bytes of weights",
    "one_image_ms": "milliseconds for a picture alone",
}
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")  # shapes, for black-and-white prints
# Which numbers of a decade stand at the axis, by how many times the least the largest cost is.
_TICKS = {
    1.5: (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0),
    5: (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0),
    100: (1.0, 2.0, 5.0),
    math.inf: (1.0,),
}
_BESIDE = 10  # points from the mean to the seeds
_SPREAD = 1.25  # room beside the first and the last contender, on a logarithmic axis


def plot_comparison(
    comparison: Comparison, *, against: CostName = "fit_seconds", ax: Axes | None = None
) -> Axes:
    """Draw the accuracy of each contender against what it costs.

    A large mark is the mean over the seeds, with its 95% interval for the chance in training and in
    the choice of the test images; small hollow marks beside it are the seeds. The better of two
    contenders can be told more surely than their intervals look, since the images are the same for
    both: see `Comparison.verdict`.

    Parameters
    ----------
    comparison : Comparison
        What `mnistkit.compare` returned.
    against : str, default "fit_seconds"
        The cost: ``"fit_seconds"``, ``"parameters"``, ``"multiply_adds"``, ``"weight_bytes"`` or
        ``"one_image_ms"``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.

    Raises
    ------
    WrongTypeError
        If it is given another kind of object.
    ComparisonError
        If there is no such cost, or no contender whose cost is known.

    Examples
    --------
    >>> import mnistkit
    >>> recipe = mnistkit.Recipe(epochs=1)
    >>> contender = mnistkit.Contender("dense128", recipe=recipe)
    >>> comparison = mnistkit.compare([contender], "digits", seeds=1)
    >>> ax = mnistkit.plot_comparison(comparison)
    >>> ax.get_xlabel()
    'seconds of a training'
    """
    require("matplotlib", to="draw a plot")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import PercentFormatter

    if not isinstance(comparison, Comparison):
        raise WrongTypeError(
            f"plot_comparison takes what mnistkit.compare returned, not {with_article(comparison)}."
        )
    if against not in get_args(CostName):
        raise ComparisonError(
            f"against={shown(against)}: expected one of {', '.join(map(repr, _LABELS))}."
        )
    drawn: list[tuple[int, ContenderResult, float]] = [
        (number, one, cost)
        for number, one in enumerate(comparison.contenders)
        if not one.has_failed and (cost := getattr(one.cost, against)) is not None
    ]
    if not drawn:
        raise ComparisonError(
            f"There is no contender whose {against!r} is known; a function that trains in its own "
            "way has 'fit_seconds' alone, unless it returns its Cost too."
        )
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for number, one, cost in drawn:
        _draw(ax, comparison, one, cost, number)
    costs = [cost for _, _, cost in drawn]
    ax.set_xscale("log")
    ax.set_xlim(min(costs) / _SPREAD, max(costs) * _SPREAD)
    _plain_ticks(ax, max(costs) / min(costs))
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    where = f" on {comparison.name}" if comparison.name else ""
    ax.set_xlabel(_LABELS[against])
    ax.set_ylabel(f"accuracy{where}", parse_math=False)
    ax.grid(alpha=0.3)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    for text in ax.legend(loc="best", fontsize=8).get_texts():
        text.set_parse_math(False)  # a dollar sign in a title is one
    return ax


def _draw(ax: Axes, comparison: Comparison, one: ContenderResult, cost: float, number: int) -> None:
    from matplotlib.transforms import ScaledTranslation

    style: dict[str, Any] = {
        "color": COLOURS[number % len(COLOURS)],
        "marker": _MARKERS[number % len(_MARKERS)],
        "linestyle": "none",
    }
    seeds = [evaluation.accuracy for evaluation in one.evaluations.values()]
    beside = ax.transData + ScaledTranslation(-_BESIDE / 72, 0, ax.figure.dpi_scale_trans)
    ax.plot(
        [cost] * len(seeds),
        seeds,
        markersize=6,
        markerfacecolor="none",
        transform=beside,
        **style,
    )
    assert comparison.accuracies is not None  # this one did not fail
    (mean,) = (given for given in comparison.accuracies.contenders if given.name == one.title)
    low, high = mean.interval
    reach = [[max(0.0, mean.accuracy - low)], [max(0.0, high - mean.accuracy)]]
    count = len(seeds)
    label = f"{one.title}, {count} {'seed' if count == 1 else 'seeds'}".lstrip("_")
    ax.errorbar([cost], [mean.accuracy], yerr=reach, markersize=9, capsize=4, label=label, **style)


def _plain_ticks(ax: Axes, ratio: float) -> None:
    """Numbers as people write them, a few of them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    most = next(most for most in _TICKS if ratio < most)
    ax.xaxis.set_major_locator(LogLocator(subs=_TICKS[most]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
