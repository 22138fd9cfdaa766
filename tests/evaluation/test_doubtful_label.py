from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mnistkit.evaluation import DoubtfulLabel, Evaluation
from mnistkit.recognition.loading import pretrained_network

if TYPE_CHECKING:
    from mnistkit import Dataset

# Of MNIST's test images; found with cleanlab, and confirmed by people (labelerrors.com).
KNOWN = [
    947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729,
]  # fmt: skip

PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.05, 0.15, 0.8], [0.5, 0.1, 0.4], [0.0, 0.0, 1.0]])


@pytest.fixture
def result() -> Evaluation:
    return Evaluation.from_probabilities([0, 1, 1, 2], PROBABILITIES)


def test_the_least_probable_labels_come_first(result: Evaluation) -> None:
    first, second = result.doubtful_labels(k=2)
    assert (first.index, first.label, first.suggested) == (2, 1, 0)
    assert (first.label_probability, first.probability) == pytest.approx((0.1, 0.5))
    assert second == DoubtfulLabel(
        index=1, label=1, suggested=2,
        probability=float(np.float32(0.8)), label_probability=float(np.float32(0.15)),
    )  # fmt: skip


def test_what_is_suggested_is_another_class(result: Evaluation) -> None:
    every = result.doubtful_labels(k=100)
    assert [one.index for one in every] == [2, 1, 0, 3]
    assert all(one.suggested != one.label for one in every)
    assert result.doubtful_labels(k=0) == ()
    with pytest.raises(ValueError, match=r"k=-2: expected a whole number of at least 0\."):
        result.doubtful_labels(k=-2)


def found_by(model: str, mnist: Dataset, chosen: np.ndarray, k: int) -> int:
    """How many of the known ones are among the `k` most doubtful of the chosen images."""
    test = mnist.test[chosen]
    probabilities, _ = pretrained_network(model, "mnist").classify(test.images)
    doubtful = Evaluation.from_probabilities(test.labels, probabilities).doubtful_labels(k)
    return len({int(chosen[one.index]) for one in doubtful} & set(KNOWN))


def test_a_small_network_finds_half_of_mnists_known_ones(mnist: Dataset) -> None:
    assert found_by("dense128", mnist, np.arange(10_000), k=100) >= 8


def test_a_good_network_finds_nearly_all(mnist: Dataset) -> None:
    """Among 1,015 images here, to save time: of all 10,000 it has 14 of 15 in the first 100."""
    chosen = np.union1d(np.arange(0, 10_000, 10), KNOWN)
    assert found_by("cnn", mnist, chosen, k=30) >= 13
