from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mnistkit.datasets import Split
from mnistkit.errors import ImageError
from mnistkit.evaluation import Evaluation
from mnistkit.plots import plot_mistakes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PROBABILITIES = np.array(
    [
        [0.30, 0.70, 0.0],
        [1.00, 0.00, 0.0],
        [0.001, 0.999, 0.0],
        [0.0, 1.00, 0.00],
        [0.10, 0.90, 0.0],
    ]
)


@pytest.fixture
def split() -> Split:
    """Five zeros; the one at position i has the level i everywhere."""
    levels = np.arange(5, dtype=np.uint8)
    return Split(
        np.repeat(levels, 16).reshape(5, 4, 4), np.zeros(5, dtype=int), classes=["a", "b", "c"]
    )


@pytest.fixture
def result(split: Split) -> Evaluation:
    return Evaluation.from_probabilities(
        split.labels, PROBABILITIES, classes=split.classes, name="letters"
    )


def drawn(ax: Axes) -> list[int]:
    return [int(np.unique(image.get_array())[0]) for image in ax.images]


def test_the_most_confident_mistakes_come_first(split: Split, result: Evaluation) -> None:
    ax = plot_mistakes(split, result)
    assert drawn(ax) == [3, 2, 4, 0]
    assert ax.get_title() == "letters: all 4 mistakes"


def test_probabilities_are_only_0_or_100_percent_where_they_are(
    split: Split, result: Evaluation
) -> None:
    assert [text.get_text() for text in plot_mistakes(split, result).texts] == [
        "predicted b (100%)\ntrue a (0%)",
        "predicted b (>99%)\ntrue a (<1%)",
        "predicted b (90%)\ntrue a (10%)",
        "predicted b (70%)\ntrue a (30%)",
    ]


def test_count_limits_them(split: Split, result: Evaluation) -> None:
    ax = plot_mistakes(split, result, count=2)
    assert drawn(ax) == [3, 2]
    assert ax.get_title() == "letters: the 2 most confident of 4 mistakes"
    with pytest.raises(ValueError, match="count=0 must be 1 or more"):
        plot_mistakes(split, result, count=0)


def test_a_single_mistake(split: Split) -> None:
    result = Evaluation.from_probabilities([0, 0], [[1.0, 0.0], [0.2, 0.8]])
    assert plot_mistakes(split.images[:2], result).get_title() == "the only mistake"


def test_without_mistakes_it_says_so(split: Split) -> None:
    result = Evaluation.from_probabilities(split.labels, np.eye(3)[split.labels], name="letters")
    figure, ax = plt.subplots()
    for axes in (plot_mistakes(split, result), plot_mistakes(split, result, ax=ax)):
        assert [text.get_text() for text in axes.texts] == ["No mistakes in 5."]
        assert len(axes.images) == 0
        assert axes.get_title() == "letters"
    assert ax.figure is figure


def test_a_given_ax_is_used_and_no_figure_is_made(split: Split, result: Evaluation) -> None:
    figure, ax = plt.subplots()
    assert plot_mistakes(split, result, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_other_images_are_refused(split: Split, result: Evaluation) -> None:
    with pytest.raises(ImageError, match="There are 2 images, but the result is about 5"):
        plot_mistakes(split[:2], result)
