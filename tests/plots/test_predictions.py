from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mnistkit.datasets import Split
from mnistkit.errors import ImageError, LabelError
from mnistkit.evaluation import Evaluation
from mnistkit.plots import plot_predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

NUM_IMAGES = 40
CLASSES = ["T-shirt/top", "Trouser", "Ankle boot"]
LABELS = np.arange(NUM_IMAGES) % 3
# Every fourth image is taken for the next class.
PREDICTIONS = np.where(np.arange(NUM_IMAGES) % 4 == 0, (LABELS + 1) % 3, LABELS)


@pytest.fixture
def split() -> Split:
    """Forty images; the one at position i has the level i everywhere."""
    levels = np.arange(NUM_IMAGES, dtype=np.uint8)
    return Split(np.repeat(levels, 16).reshape(-1, 4, 4), LABELS, classes=CLASSES)


@pytest.fixture
def result() -> Evaluation:
    probabilities = np.eye(3)[PREDICTIONS] * 0.8 + 0.2 / 3
    return Evaluation.from_probabilities(LABELS, probabilities, classes=CLASSES, name="clothes")


def drawn(ax: Axes) -> list[int]:
    """The positions in the split of the images that were drawn, in the order of drawing."""
    return [int(np.unique(image.get_array())[0]) for image in ax.images]


def frames(ax: Axes) -> list[Rectangle]:
    return list(ax.patches)


def test_each_image_has_its_predicted_and_its_true_class(split: Split, result: Evaluation) -> None:
    ax = plot_predictions(split, result, count=NUM_IMAGES)
    assert sorted(drawn(ax)) == list(range(NUM_IMAGES))
    for position, text in zip(drawn(ax), ax.texts, strict=True):
        predicted, true = text.get_text().splitlines()
        assert predicted.endswith(f"predicted {CLASSES[PREDICTIONS[position]]}")
        assert true == f"true {CLASSES[LABELS[position]]}"


def test_wrong_ones_are_marked_by_more_than_colour(split: Split, result: Evaluation) -> None:
    ax = plot_predictions(split, result, count=NUM_IMAGES)
    marks: dict[bool, set[tuple[float, object]]] = {False: set(), True: set()}
    for position, text, frame in zip(drawn(ax), ax.texts, frames(ax), strict=True):
        wrong = position % 4 == 0
        assert text.get_text().startswith("\N{MULTIPLICATION SIGN} ") == wrong
        marks[wrong].add((frame.get_linewidth(), text.get_fontweight()))
    ((right_line, right_weight),) = marks[False]
    ((wrong_line, wrong_weight),) = marks[True]
    assert wrong_line > 3 * right_line
    assert (right_weight, wrong_weight) == ("normal", "bold")


def test_the_title_counts_what_was_drawn(split: Split, result: Evaluation) -> None:
    title = plot_predictions(split, result, count=NUM_IMAGES).get_title()
    assert title == "clothes: 30 of these 40 predicted correctly"


def test_the_choice_is_a_function_of_the_seed(split: Split, result: Evaluation) -> None:
    default = drawn(plot_predictions(split, result))
    assert len(set(default)) == 25
    assert drawn(plot_predictions(split, result, seed=0)) == default
    assert drawn(plot_predictions(split, result, seed=1)) != default
    assert drawn(plot_predictions(split, result, seed=None, count=4)) == [0, 1, 2, 3]


def test_the_choice_does_not_favour_the_right_ones() -> None:
    labels = np.zeros(1000, dtype=int)
    result = Evaluation.from_probabilities(labels, np.tile([0.4, 0.6], (1000, 1)))
    split = Split(np.zeros((1000, 4, 4), dtype=np.uint8), labels)
    assert plot_predictions(split, result).get_title() == "0 of these 25 predicted correctly"


def test_plain_arrays_do_too(split: Split, result: Evaluation) -> None:
    ax = plot_predictions(split.images / 255, result)
    assert drawn(ax) == drawn(plot_predictions(split, result))


def test_a_given_ax_is_used_and_no_figure_is_made(split: Split, result: Evaluation) -> None:
    figure, ax = plt.subplots()
    assert plot_predictions(split, result, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_other_images_are_refused(split: Split, result: Evaluation) -> None:
    message = r"There are 5 images, but the result is about 40 \(clothes\). Give the images that"
    with pytest.raises(ImageError, match=message):
        plot_predictions(split[:5], result)
    with pytest.raises(ImageError, match="There are 5 images"):
        plot_predictions(split.images[:5], result)
    assert plt.get_fignums() == []


def test_the_same_images_in_another_order_are_refused(split: Split, result: Evaluation) -> None:
    with pytest.raises(LabelError, match=r"of the 40 labels.*in another order.*was evaluated"):
        plot_predictions(split.shuffle(0), result)
