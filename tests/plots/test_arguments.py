from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import mnistkit
from mnistkit.errors import WrongTypeError

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGES = np.zeros((2, 28, 28), np.uint8)
RESULT = mnistkit.Evaluation.from_probabilities([0, 1], np.eye(2))


@pytest.mark.parametrize(
    ("plot", "more"),
    [
        (mnistkit.plot_digits, ()),
        (mnistkit.plot_augmentation, (mnistkit.Augmentation(rotation=5),)),
        (mnistkit.plot_mistakes, (RESULT,)),
        (mnistkit.plot_predictions, (RESULT,)),
    ],
)
@pytest.mark.parametrize(
    ("given", "named"),
    [(None, "None"), (7, "7"), ("mnist", "a str"), ({"a": 1}, "a dict"), (RESULT, "an Evaluation")],
)
def test_what_are_no_images(
    plot: Callable[..., Any], more: tuple[Any, ...], given: Any, named: str
) -> None:
    with pytest.raises(WrongTypeError) as caught:
        plot(given, *more)
    assert str(caught.value) == (
        f"{plot.__name__} takes a mnistkit.Split or an array of images, (n, height, width), not "
        f"{named}."
    )
    assert plt.get_fignums() == []


def test_a_data_set_has_parts_to_draw() -> None:
    with pytest.raises(WrongTypeError, match=r"not a Dataset\. Give one of its parts, such as"):
        mnistkit.plot_digits(mnistkit.load_dataset("digits"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("plot", "before"),
    [
        (mnistkit.plot_confusion_matrix, ()),
        (mnistkit.plot_reliability, ()),
        (mnistkit.plot_risk_coverage, ()),
        (mnistkit.plot_mistakes, (IMAGES,)),
        (mnistkit.plot_predictions, (IMAGES,)),
    ],
)
@pytest.mark.parametrize(
    ("given", "named"), [(None, "None"), (0.9, "0.9"), (IMAGES, "an ndarray"), ([1], "a list")]
)
def test_what_is_no_evaluation(
    plot: Callable[..., Any], before: tuple[Any, ...], given: Any, named: str
) -> None:
    with pytest.raises(WrongTypeError) as caught:
        plot(*before, given)
    assert str(caught.value) == (
        f"{plot.__name__} takes a mnistkit.Evaluation, not {named}. Trainer.evaluate returns one, "
        "and Evaluation.from_probabilities makes one of any model's output."
    )
    assert plt.get_fignums() == []
