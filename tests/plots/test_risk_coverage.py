from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mnistkit.evaluation import Evaluation
from mnistkit.plots import plot_risk_coverage


def evaluation(correct: list[bool]) -> Evaluation:
    """Predictions of class 0, the first the surest."""
    sure = np.linspace(1, 0.6, len(correct))
    return Evaluation.from_probabilities(
        (~np.array(correct)).astype(int), np.stack([sure, 1 - sure], axis=1), name="$x$"
    )


def test_the_line_is_the_curve() -> None:
    result = evaluation([True] * 8 + [False, True])
    ax = plot_risk_coverage(result)
    curve = result.risk_coverage()
    x, y = ax.lines[0].get_data()
    assert x.tolist() == [0, *curve.coverage]
    assert y.tolist() == [0, *curve.risk]
    assert [text.get_text() for text in ax.texts] == [
        "none wrong: 80.00% answered",
        "all answered: 10.00% wrong",
    ]
    assert ax.get_title() == "$x$"
    low, high = ax.get_xlim()
    assert (0 < low < 0.8, high) == (True, 1)
    assert ax.get_ylim()[0] == 0


@pytest.mark.parametrize(
    ("correct", "texts"),
    [
        ([True] * 5, ["none wrong: 100.00% answered"]),
        ([False] * 5, ["all answered: 100.00% wrong"]),
        ([False, True], ["all answered: 50.00% wrong"]),
        ([True], ["none wrong: 100.00% answered"]),
    ],
)
def test_extremes(correct: list[bool], texts: list[str]) -> None:
    ax = plot_risk_coverage(evaluation(correct))
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.texts] == texts


@pytest.mark.parametrize("without", [1, 50, 99])
def test_the_texts_stay_inside(without: int) -> None:
    ax = plot_risk_coverage(evaluation([True] * without + [False] + [True] * (99 - without)))
    ax.figure.canvas.draw()
    whole = ax.figure.bbox
    for text in ax.texts:
        box = text.get_window_extent()
        assert whole.x0 <= box.x0
        assert box.x1 <= whole.x1
        assert box.y1 <= whole.y1


def test_a_given_ax_is_used_and_no_figure_is_made() -> None:
    figure, ax = plt.subplots()
    assert plot_risk_coverage(evaluation([True, False]), ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
