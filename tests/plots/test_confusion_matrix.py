from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mnistkit.evaluation import Evaluation
from mnistkit.plots import plot_confusion_matrix

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray


def evaluation(confusion: list[list[int]], **options: object) -> Evaluation:
    """A result that has a given confusion matrix."""
    counts = np.array(confusion)
    labels, predictions = np.repeat(np.argwhere(counts >= 0), counts.ravel(), axis=0).T
    probabilities = np.eye(len(counts))[predictions]
    return Evaluation.from_probabilities(labels, probabilities, **options)


def cells(ax: Axes) -> dict[tuple[int, int], str]:
    """What is written in each cell, by row and column."""
    return {
        (round(text.get_position()[1]), round(text.get_position()[0])): text.get_text()
        for text in ax.texts
    }


def colours(ax: Axes) -> NDArray[np.float64]:
    return np.asarray(ax.images[0].get_array())[..., :3]


def luminance(colour: NDArray[np.float64]) -> float:
    return float(colour @ (0.2126, 0.7152, 0.0722))


def test_counts_are_written_with_true_classes_in_rows() -> None:
    ax = plot_confusion_matrix(evaluation([[50, 2], [0, 1100]], classes=["a", "b"]))
    assert cells(ax) == {(0, 0): "50", (0, 1): "2", (1, 1): "1100"}
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("True class", "Predicted class")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]


def test_only_classes_that_occur_are_drawn() -> None:
    """Sevens and threes alone; some sevens were taken for ones or threes."""
    confusion = np.zeros((10, 10), dtype=int)
    confusion[7, [7, 1, 3]] = (90, 3, 5)
    confusion[3, 3] = 40
    ax = plot_confusion_matrix(evaluation(confusion.tolist()))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["3", "7"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "3", "7"]
    assert cells(ax) == {(0, 1): "40", (1, 0): "3", (1, 1): "5", (1, 2): "90"}
    drawn = colours(ax)
    assert len(set(drawn[0, 1])) == len(set(drawn[1, 2])) == 1, "grey"
    assert (drawn[0, [0, 2]] == 1).all(), "white where nothing is"
    assert luminance(drawn[1, 1]) < luminance(drawn[1, 0])
    percent = plot_confusion_matrix(evaluation(confusion.tolist()), normalize=True)
    assert cells(percent)[1, 1] == "5.1"


def test_normalized_rows_are_percentages() -> None:
    result = evaluation([[1998, 2, 0], [1, 2, 0], [0, 0, 0]], name="some test")
    ax = plot_confusion_matrix(result, normalize=True)
    assert cells(ax) == {(0, 0): "99.9", (0, 1): "0.1", (1, 0): "33.3", (1, 1): "66.7"}
    assert ax.get_title() == "some test: 99.85% correct\npercent of each true class"


def test_a_rare_mistake_is_not_rounded_away() -> None:
    ax = plot_confusion_matrix(evaluation([[9999, 1], [0, 1]]), normalize=True)
    assert cells(ax)[0, 1] == "<0.1"


def test_the_diagonal_does_not_outshine_the_mistakes() -> None:
    drawn = colours(plot_confusion_matrix(evaluation([[5000, 2, 9], [0, 8000, 4], [0, 0, 1]])))
    for diagonal in (drawn[0, 0], drawn[1, 1], drawn[2, 2]):
        assert len(set(diagonal)) == 1, "grey"
    assert (drawn[1, 0] == 1).all(), "white where nothing is"
    darkness = [luminance(drawn[cell]) for cell in ((1, 0), (0, 1), (1, 2), (0, 2))]
    assert darkness == sorted(darkness, reverse=True), "the more, the darker"


@pytest.mark.parametrize("count", range(0, 101, 10))
def test_numbers_contrast_with_their_cell(count: int) -> None:
    ax = plot_confusion_matrix(evaluation([[1, 100], [max(count, 1), 1]]))
    for text in ax.texts:
        column, row = text.get_position()
        # WCAG 2's definition of contrast, of relative luminances.
        cell = luminance(colours(ax)[round(row), round(column)] ** 2.2)
        ink = {"black": 0.0, "white": 1.0}[str(text.get_color())]
        contrast = (max(cell, ink) + 0.05) / (min(cell, ink) + 0.05)
        assert contrast > 4.5


@pytest.mark.parametrize("size", [1.5, 6])
@pytest.mark.parametrize("layout", [None, "constrained"])
def test_numbers_fit_their_cells(size: float, layout: str | None) -> None:
    counts = np.full((10, 10), 1234)
    figure, ax = plt.subplots(figsize=(size, size), dpi=200, layout=layout)
    plot_confusion_matrix(evaluation(counts.tolist()), ax=ax)
    figure.canvas.draw()
    cell_width = ax.get_window_extent().width / 10
    assert all(text.get_window_extent().width < cell_width for text in ax.texts)


def test_long_names_of_classes_are_slanted_and_lie_on_the_figure() -> None:
    names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Shirt", "Ankle boot"]
    ax = plot_confusion_matrix(evaluation(np.eye(7, dtype=int).tolist(), classes=names))
    ax.figure.canvas.draw()
    labels = ax.get_xticklabels()
    assert [label.get_text() for label in labels] == names
    assert {label.get_rotation() for label in labels} == {45}
    inside = ax.figure.bbox
    for label in [*labels, *ax.get_yticklabels()]:
        box = label.get_window_extent()
        assert inside.x0 <= box.x0
        assert inside.y0 <= box.y0


def test_no_mistake_and_many_classes_can_be_drawn() -> None:
    ax = plot_confusion_matrix(evaluation(np.eye(62, dtype=int).tolist()))
    assert len(ax.texts) == 62
    assert ax.get_title() == "100.00% correct"


def test_hundreds_of_classes_are_drawn_without_numbers() -> None:
    labels = np.arange(300)
    result = Evaluation.from_probabilities(labels, np.eye(300)[np.roll(labels, 1)])
    ax = plot_confusion_matrix(result)
    assert not ax.texts
    assert max(ax.figure.get_size_inches()) <= 31


def test_dollar_signs_are_no_formulas() -> None:
    result = evaluation([[1, 0], [0, 1]], classes=["$1_{$", "b"], name="$\\bad{$")
    ax = plot_confusion_matrix(result)
    ax.figure.canvas.draw()
    assert ax.get_xticklabels()[0].get_text() == "$1_{$"


def test_a_given_ax_is_used_and_no_figure_is_made() -> None:
    figure, ax = plt.subplots()
    assert plot_confusion_matrix(evaluation([[1, 0], [0, 1]]), ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
