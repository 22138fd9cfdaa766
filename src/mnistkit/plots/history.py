"""plot_history: how the training went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistkit.errors import WrongTypeError
from mnistkit.messages import with_article
from mnistkit.packages import require
from mnistkit.plots.palette import BLUE, VERMILION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keras.callbacks import History
    from matplotlib.axes import Axes

# Line and marker differ besides.
_TRAINING: dict[str, Any] = {"color": BLUE, "linestyle": "-", "marker": "o"}
_VALIDATION: dict[str, Any] = {"color": VERMILION, "linestyle": "--", "marker": "s", "mfc": "none"}
_NOT_MEASURED = ("learning_rate",)


def plot_history(
    history: History | Mapping[str, Sequence[float]],
    metrics: Sequence[str] | None = None,
    *,
    ax: Axes | Sequence[Axes] | None = None,
) -> tuple[Axes, ...]:
    """Draw loss, accuracy and whatever else was measured, epoch by epoch.

    Each quantity gets an Axes of its own, because they share no scale. Training is a solid line
    with round markers, validation a dashed one with square markers. Keras measures training
    *during* an epoch, while the weights still change, and validation at its end: early in training
    validation may well look better.

    Parameters
    ----------
    history : keras.callbacks.History or mapping of str to sequence of float
        What ``fit`` returned, or its ``history`` dictionary, with one value an epoch;
        ``"val_loss"`` is the validation's ``"loss"``.
    metrics : sequence of str, optional
        What to draw, such as ``["loss"]``; by default everything that was measured.
    ax : matplotlib.axes.Axes or sequence of them, optional
        Where to draw, one Axes for each quantity; a new figure by default.

    Returns
    -------
    tuple of matplotlib.axes.Axes
        What was drawn on, one for each quantity.

    Raises
    ------
    WrongTypeError
        If it is given another kind of object.
    ValueError
        If the history has no epoch, lacks a metric, or has series of different lengths; or if
        there are not as many Axes as quantities.

    Examples
    --------
    >>> import mnistkit
    >>> history = {"loss": [0.9, 0.4], "val_loss": [0.5, 0.4], "accuracy": [0.7, 0.9]}
    >>> loss, accuracy = mnistkit.plot_history(history)
    >>> loss.get_xlabel(), accuracy.get_title()
    ('epoch', 'Accuracy')
    """
    series: Mapping[str, Sequence[float]] = getattr(history, "history", history)
    if not isinstance(series, Mapping):
        raise WrongTypeError(
            "plot_history takes what fit returned, or a dictionary such as {'loss': [0.9, 0.4]}, "
            f"not {with_article(history)}."
        )
    names = _names(series, metrics)
    epochs = _epochs(history, series, names)
    panels = _panels(names, ax)
    for name, panel in zip(names, panels, strict=True):
        _draw_one(panel, name, series, epochs)
    return panels


def _draw_one(
    ax: Axes, name: str, series: Mapping[str, Sequence[float]], epochs: Sequence[int]
) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.plot(epochs, series[name], label="training", markersize=4, **_TRAINING)
    if f"val_{name}" in series:
        ax.plot(epochs, series[f"val_{name}"], label="validation", markersize=4, **_VALIDATION)
    title = name.replace("_", " ")
    ax.set_title(title[:1].upper() + title[1:], fontsize=10)
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.grid(alpha=0.3)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)


def _names(series: Mapping[str, Sequence[float]], metrics: Sequence[str] | None) -> list[str]:
    measured = [
        name for name in series if not name.startswith("val_") and name not in _NOT_MEASURED
    ]
    if not measured or not len(series[measured[0]]):
        raise ValueError(
            f"There is no epoch to draw in a history of {dict(series)!r}; call fit first."
        )
    if metrics is None:
        return sorted(measured, key=lambda name: name != "loss")
    wanted = [metrics] if isinstance(metrics, str) else list(metrics)
    there = ", ".join(map(repr, measured))
    if not wanted:
        raise ValueError(f"metrics={metrics!r} names nothing to draw; the history has {there}.")
    missing = [name for name in wanted if name not in measured]
    if missing:
        raise ValueError(
            f"The history has no {', '.join(map(repr, missing))}; it has {there}. "
            "The validation is drawn beside each."
        )
    return wanted


def _epochs(
    history: Any, series: Mapping[str, Sequence[float]], names: Sequence[str]
) -> Sequence[int]:
    lengths = {
        key: len(series[key]) for name in names for key in (name, f"val_{name}") if key in series
    }
    num_epochs = lengths[names[0]]
    if set(lengths.values()) != {num_epochs}:
        raise ValueError(
            f"The series have different lengths, {lengths}, so it is not known which epoch a value "
            "belongs to; expected one value an epoch (validation_freq=1)."
        )
    # Keras counts from 0, and from further on where training was continued.
    recorded = getattr(history, "epoch", None)
    if recorded is not None and len(recorded) == num_epochs:
        return [epoch + 1 for epoch in recorded]
    return range(1, num_epochs + 1)


def _panels(names: Sequence[str], ax: Axes | Sequence[Axes] | None) -> tuple[Axes, ...]:
    require("matplotlib", to="draw a plot")
    import matplotlib.pyplot as plt

    if ax is None:
        _, axes = plt.subplots(
            ncols=len(names), figsize=(4 * len(names), 3), squeeze=False, layout="constrained"
        )
        return tuple(axes.ravel())
    panels = tuple(np.asarray(ax, dtype=object).ravel())
    if len(panels) != len(names):
        raise ValueError(
            f"There are {len(names)} quantities to draw ({', '.join(names)}), but {len(panels)} "
            "Axes; give as many, or choose with metrics=['loss']."
        )
    return panels
