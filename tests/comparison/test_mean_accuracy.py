from __future__ import annotations

import json

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray
from scipy.stats import binomtest

from mnistkit.comparison import mean_accuracy


def with_mistakes(*counts: int, images: int) -> NDArray[np.bool_]:
    """A training for each count, wrong on the first so many images."""
    return np.array([np.arange(images) >= count for count in counts])


@given(hnp.arrays(bool, (3, 30)))
def test_the_interval_holds_the_mean_and_stays_between_0_and_1(correct: NDArray[np.bool_]) -> None:
    for writers in (None, np.arange(30) // 5):
        mean = mean_accuracy(correct, writers)
        low, high = mean.interval
        assert 0 <= low <= mean.accuracy <= high <= 1
        assert low < high


@pytest.mark.parametrize("mistakes", [0, 100])
@pytest.mark.parametrize("seeds", [1, 3])
def test_without_any_mistake_it_is_wilsons_interval(mistakes: int, seeds: int) -> None:
    mean = mean_accuracy(with_mistakes(*[mistakes] * seeds, images=100))
    wilson = binomtest(100 - mistakes, 100).proportion_ci(method="wilson")
    assert mean.interval == pytest.approx((wilson.low, wilson.high))


def test_one_seed_on_independent_images_is_almost_wilsons() -> None:
    mean = mean_accuracy(with_mistakes(30, images=10_000))
    wilson = binomtest(9970, 10_000).proportion_ci(method="wilson")
    assert mean.interval == pytest.approx((wilson.low, wilson.high), abs=2e-6)


def test_few_mistakes_of_few_writers_give_an_interval_that_is_wide_below() -> None:
    writers = np.arange(10_000) // 34
    mean = mean_accuracy(with_mistakes(24, 27, 30, images=10_000), writers)
    low, high = mean.interval
    assert mean.accuracy == pytest.approx(0.9973)
    assert mean.accuracy - low > 1.5 * (high - mean.accuracy)
    assert high < 1


def test_seeds_that_differ_widen_the_interval() -> None:
    alike = mean_accuracy(with_mistakes(20, 20, 20, images=1000)).interval
    differing = mean_accuracy(with_mistakes(5, 20, 35, images=1000)).interval
    assert differing[0] < alike[0] < alike[1] < differing[1]


def test_it_prints_what_it_knows() -> None:
    three = mean_accuracy(with_mistakes(2, 3, 4, images=1000), name="cnn")
    one = mean_accuracy(with_mistakes(3, images=1000), name="cnn")
    assert str(three) == "cnn: 99.70% correct (95% interval 99.05 to 99.91), 3 seeds"
    assert str(one) == (
        "cnn: 99.70% correct (95% interval 99.12 to 99.90, of the test images' chance alone), "
        "1 seed"
    )
    assert three.training_included
    assert not one.training_included


def test_it_becomes_json() -> None:
    mean = mean_accuracy(with_mistakes(2, 3, images=1000), name="cnn")
    record = json.loads(json.dumps(mean.to_dict()))
    assert record["name"] == "cnn"
    assert record["accuracy"] == pytest.approx(0.9975)
    assert record["interval"] == list(mean.interval)
    assert record["seed_accuracies"] == [0.998, 0.997]
    assert record["training_included"] is True
    assert record["variance"]["num_seeds"] == [2]
