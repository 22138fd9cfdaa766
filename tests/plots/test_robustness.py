from __future__ import annotations

from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.offsetbox import AnnotationBbox

import mnistkit
from mnistkit.errors import WrongTypeError
from mnistkit.evaluation import Robustness
from mnistkit.plots import plot_robustness

TEST = mnistkit.load_dataset("digits").test[:80]
KINDS = ["scale", "fog", "glass_blur", "shear"]


@pytest.fixture(scope="module")
def result() -> Robustness:
    return mnistkit.robustness("dense128", TEST, kinds=KINDS)


def test_rows_are_sorted_with_dots_intervals_and_numbers(result: Robustness) -> None:
    ax = plot_robustness(result)
    kinds = result.sorted_kinds()
    assert [one.get_text() for one in ax.get_yticklabels()] == [
        kind.replace("_", " ") for kind in kinds
    ]
    low, high = ax.get_ylim()
    assert low > high  # the first row is at the top
    dots = ax.containers[0]
    x, y = dots.lines[0].get_data()
    assert x.tolist() == [result.accuracy[kind] for kind in kinds]
    assert y.tolist() == [0, 1, 2, 3]
    for kind, ((left, _), (right, _)) in zip(kinds, dots.lines[2][0].get_segments(), strict=True):
        assert (left, right) == pytest.approx(result[kind].accuracy_interval)
    assert [text.get_text() for text in ax.texts] == [f"{one:.1%}" for one in x]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [f"clean {result.clean.accuracy:.2%}", f"mean {result.mean_accuracy:.2%}"]
    assert ax.get_title() == (
        "dense128 with the weights 'mnist'\ndigits test, MNIST-C-like corruptions"
    )


@pytest.mark.parametrize("size", [(7, 3), (4, 6)])
def test_examples_stand_beside_their_rows(result: Robustness, size: tuple[float, float]) -> None:
    figure, ax = plt.subplots(figsize=size)
    assert plot_robustness(result, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()
    boxes = [one for one in ax.artists if isinstance(one, AnnotationBbox)]
    extents = [box.get_window_extent() for box in boxes]
    for kind, box, extent in zip(result.sorted_kinds(), boxes, extents, strict=True):
        shown: Any = box.offsetbox
        np.testing.assert_array_equal(shown.get_data(), result.examples[KINDS.index(kind)])
        assert extent.x1 <= ax.get_window_extent().x0 + 1
    for above, below in pairwise(extents):
        assert above.y0 >= below.y1 - 1
    for label, extent in zip(ax.get_yticklabels(), extents, strict=True):
        assert label.get_window_extent().x1 <= extent.x0 + 1


def test_the_severity_is_said_and_a_missing_name_leaves_no_comma() -> None:
    nameless = mnistkit.Split(TEST.images, TEST.labels)
    result = mnistkit.robustness("dense128", nameless, kinds="fog", severity=0.5)
    assert plot_robustness(result).get_title().endswith("\nMNIST-C-like corruptions, severity 0.5")


def test_what_is_no_robustness(result: Robustness) -> None:
    with pytest.raises(WrongTypeError) as caught:
        plot_robustness(result.clean)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "plot_robustness takes what mnistkit.robustness returned, not an Evaluation."
    )
    assert plt.get_fignums() == []
