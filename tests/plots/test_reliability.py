from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mnistkit.evaluation import Evaluation
from mnistkit.plots import plot_reliability


@pytest.fixture
def result() -> Evaluation:
    random = np.random.default_rng(0)
    probabilities = random.dirichlet([0.5, 0.5, 0.5], 400)
    return Evaluation.from_probabilities(random.integers(0, 3, 400), probabilities, name="$a$ test")


def test_dots_are_the_curve_with_its_intervals_and_counts(result: Evaluation) -> None:
    ax = plot_reliability(result, num_bins=10)
    curve = result.reliability_curve(10)
    dots = ax.containers[0]
    x, y = dots.lines[0].get_data()
    assert x.tolist() == [one.probability for one in curve]
    assert y.tolist() == [one.accuracy for one in curve]
    bars = dots.lines[2][0].get_segments()
    for one, ((_, low), (_, high)) in zip(curve, bars, strict=True):
        assert (low, high) == pytest.approx(one.interval)
    texts = [text.get_text() for text in ax.texts]
    assert texts[: len(curve)] == [f"{one.num_examples:,}" for one in curve]
    assert texts[len(curve) :] == ["images", "too unsure", "too sure"]
    assert ax.get_title() == f"$a$ test: calibration error {result.calibration_error:.2%}"


def test_all_right_and_sure() -> None:
    ax = plot_reliability(Evaluation.from_probabilities([0, 1], np.eye(2)))
    ax.figure.canvas.draw()
    assert ax.get_title() == "calibration error 0.00%"


def test_a_given_ax_is_used_and_no_figure_is_made(result: Evaluation) -> None:
    figure, ax = plt.subplots()
    assert plot_reliability(result, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_no_bins_are_refused_before_anything_is_drawn(result: Evaluation) -> None:
    with pytest.raises(ValueError, match="num_bins=0: expected a whole number of at least 1"):
        plot_reliability(result, num_bins=0)
    assert plt.get_fignums() == []
