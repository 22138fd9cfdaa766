"""plot_tuning, plot_importances: what a search has tried, and what mattered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mnistkit.errors import TuningError, WrongTypeError
from mnistkit.messages import shown, with_article
from mnistkit.models import Choice
from mnistkit.packages import require
from mnistkit.plots.palette import BLUE, VERMILION
from mnistkit.tuning import TunedTrial, Tuning

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Markers tell the states apart as well.
_STYLES: dict[str, dict[str, Any]] = {
    "complete": {"marker": "o", "color": BLUE, "label": "trained to the end"},
    "pruned": {"marker": "x", "color": "0.5", "label": "given up as hopeless"},
}
_ROOM = 1.15  # how much wider the shown accuracies are than those trained to the end


def plot_tuning(tuning: Tuning, against: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw the accuracy of each trial of a search, on the validation images.

    The star is the winner. That it is the highest of many flatters it: `Tuning.verdict` says what
    it is worth.

    Parameters
    ----------
    tuning : Tuning
        What `mnistkit.tune` returned.
    against : str, optional
        A name in the search space, to see which values were good. By default trials stand in the
        order in which they were begun, with a line for the best one so far.
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
    TuningError
        If nothing of that name was tried.

    Examples
    --------
    >>> import mnistkit
    >>> space = {"learning_rate": mnistkit.log_uniform(1e-3, 2e-2)}
    >>> recipe = mnistkit.Recipe(epochs=1)
    >>> tuning = mnistkit.tune(
    ...     "dense128", "digits", trials=1, space=space, recipe=recipe, seeds=0
    ... )
    >>> mnistkit.plot_tuning(tuning).get_xlabel()
    'trial'
    >>> mnistkit.plot_tuning(tuning, "learning_rate").get_xscale()
    'log'
    """
    require("matplotlib", to="draw a plot")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    _check(tuning, "plot_tuning")
    if against is not None and against not in tuning.space:
        raise TuningError(
            f"against={shown(against)}: nothing of that name was tried; what was is "
            f"{', '.join(map(repr, tuning.space))}."
        )
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for state, style in _STYLES.items():
        trials = [one for one in tuning.trials if one.state == state]
        if trials:
            places = _places(tuning, trials, against)
            ax.plot(places, _accuracies(trials), linestyle="none", **style)
    star: dict[str, Any] = {
        "marker": "*",
        "markersize": 15,
        "color": VERMILION,
        "linestyle": "none",
        "zorder": 3,
    }
    label = f"the winner, trial {tuning.best.number}"
    ax.plot(
        _places(tuning, [tuning.best], against), _accuracies([tuning.best]), label=label, **star
    )
    complete = [one for one in tuning.trials if one.state == "complete"]
    heights = _accuracies(complete)
    if against is None:
        best = np.maximum.accumulate(heights)
        ax.step([one.number for one in complete], best, where="post", color=BLUE, alpha=0.5)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        _set_scale(ax, tuning, against)
    _frame(ax, heights)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set(xlabel="trial" if against is None else against, ylabel="accuracy on validation images")
    ax.legend(loc="best", fontsize=8)
    return ax


def plot_importances(tuning: Tuning, *, ax: Axes | None = None) -> Axes:
    """Draw how much each name in the search space matters for the accuracy.

    Parameters
    ----------
    tuning : Tuning
        What `mnistkit.tune` returned.
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
    TuningError
        If too few trials say anything.

    References
    ----------
    S. Watanabe, A. Bansal, F. Hutter, "PED-ANOVA: efficiently quantifying hyperparameter importance
    in arbitrary subspaces", IJCAI 2023: what the shares are.
    """
    require("matplotlib", to="draw a plot")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import PercentFormatter

    _check(tuning, "plot_importances")
    if not tuning.importances:
        raise TuningError(
            "What matters is not known: that takes ten trials that were trained to the end, and "
            "that differ. Go on with more trials."
        )
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 3), layout="constrained")
    names = list(tuning.importances)[::-1]  # the first one on top
    bars = ax.barh(names, [tuning.importances[name] for name in names], color=BLUE)
    ax.bar_label(bars, fmt=lambda share: f"{100 * share:.0f}%", padding=3)
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.set(xlabel="share of what mattered for the accuracy", xlim=(0, 1.1))
    _frame(ax, [])
    return ax


def _check(tuning: Any, function: str) -> None:
    if not isinstance(tuning, Tuning):
        raise WrongTypeError(
            f"{function} takes what mnistkit.tune returned, not {with_article(tuning)}."
        )


def _places(tuning: Tuning, trials: list[TunedTrial], against: str | None) -> list[Any]:
    if against is None:
        return [one.number for one in trials]
    one = tuning.space[against]
    values = [trial.values[against] for trial in trials]
    return [one.values.index(v) for v in values] if isinstance(one, Choice) else values


def _accuracies(trials: list[TunedTrial]) -> list[float]:
    return [0.0 if one.accuracy is None else one.accuracy for one in trials]


def _set_scale(ax: Axes, tuning: Tuning, against: str) -> None:
    one = tuning.space[against]
    if isinstance(one, Choice):
        ax.set_xticks(range(len(one.values)), list(map(str, one.values)))
        ax.set_xlim(-0.5, len(one.values) - 0.5)
    elif one.log:
        ax.set_xscale("log")


def _frame(ax: Axes, heights: list[float]) -> None:
    """Show what was trained to the end; what was given up may lie far below."""
    ax.grid(alpha=0.3)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    if heights and min(heights) < max(heights):
        low, high = min(heights), max(heights)
        margin = (_ROOM - 1) * (high - low)
        ax.set_ylim(low - margin, high + margin)
