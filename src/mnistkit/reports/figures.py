"""The plots of a page: the library's own, with a caption and with what they say in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistkit.comparison import Comparison
from mnistkit.evaluation import Evaluation
from mnistkit.plots import plot_comparison, plot_history, plot_reliability, plot_risk_coverage
from mnistkit.reports.inline_svg import inline_svg

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes

_WIDTH = 3.5  # inches: what a telephone shows without making letters smaller
_MOST_QUANTITIES = 4


@dataclass(frozen=True)
class Figure:
    """A plot with its title and its caption."""

    svg: Markup
    title: str
    caption: str = ""


def comparison_figure(comparison: Comparison) -> Figure:
    """Accuracy against the seconds of a training; there is a contender that has not failed."""
    sound = [one for one in comparison.contenders if not one.has_failed]
    points = "; ".join(
        f"{one.title}: {one.accuracy:.2%} after {one.cost.fit_seconds:.3g} seconds"
        for one in sound
        if one.cost is not None and one.accuracy is not None
    )
    return Figure(
        inline_svg(
            lambda ax: plot_comparison(comparison, ax=ax),
            (4.4, 3.4),
            name="comparison",
            alt=f"Accuracy against training time. {points}.",
        ),
        "Accuracy against cost",
        "A large mark is the mean over the seeds with its 95% interval; small hollow marks beside "
        "it are the seeds. Two contenders can be told apart more surely than their intervals look, "
        "since the images are the same for both: the verdict counts that.",
    )


def history_figures(history: Mapping[str, Sequence[float]], name: str) -> tuple[Figure, ...]:
    """A learning curve for each quantity that was measured."""
    measured = [
        one
        for one, values in history.items()
        if not one.startswith("val_") and one != "learning_rate" and len(values)
    ]
    ordered = sorted(measured, key=lambda one: (one != "loss", one != "accuracy"))
    return tuple(_history_figure(history, one, name) for one in ordered[:_MOST_QUANTITIES])


def _history_figure(history: Mapping[str, Sequence[float]], quantity: str, name: str) -> Figure:
    said = [
        f"{what} from {_number(values[0])} to {_number(values[-1])}"
        for what, values in (
            ("training", history[quantity]),
            ("validation", history.get(f"val_{quantity}", ())),
        )
        if len(values)
    ]

    def draw(ax: Axes) -> None:
        plot_history(history, [quantity], ax=ax)
        legend = ax.get_legend()
        if len(said) == 1 and legend is not None:
            legend.remove()

    title = quantity.replace("_", " ")
    return Figure(
        inline_svg(
            draw,
            (_WIDTH, 2.5),
            name=f"{name}-{''.join(c if c.isalnum() else '-' for c in quantity)}",
            alt=f"{title} over {len(history[quantity])} epochs: {', '.join(said)}.",
        ),
        f"{title[:1].upper()}{title[1:]}",
    )


def reliability_figure(result: Evaluation, name: str) -> Figure:
    """Whether the probabilities can be believed."""
    bins = result.reliability_curve()
    said = ", ".join(f"said {one.probability:.0%}, right {one.accuracy:.0%}" for one in bins)
    return Figure(
        inline_svg(
            lambda ax: plot_reliability(result, ax=ax),
            (_WIDTH, 3.7),
            name=f"{name}-reliability",
            alt=f"Share of right predictions against their probability: {said}.",
        ),
        "Can its probabilities be believed?",
        f"Calibration error {result.calibration_error:.2%}. On the dashed line the model is right "
        "as often as it says. The numbers below are images.",
    )


def risk_coverage_figure(result: Evaluation, name: str) -> Figure:
    """How much can be answered at which share of wrong answers."""
    said = str(result.risk_coverage())

    def draw(ax: Axes) -> None:
        plot_risk_coverage(result, ax=ax)
        for text in list(ax.texts):  # the caption says it, and hides nothing of a small plot
            text.remove()

    return Figure(
        inline_svg(
            draw,
            (_WIDTH, 3.0),
            name=f"{name}-risk",
            alt=f"Share of wrong answers against the share that is answered. {said}.",
        ),
        "If it may leave doubtful ones unanswered",
        f"{said[:1].upper()}{said[1:]}. The square is where all are answered, the round dot where "
        "none is wrong. Read off these very images, that is a little too good.",
    )


def _number(value: float) -> str:
    return "not measured" if math.isnan(value) else f"{value:.4g}"
