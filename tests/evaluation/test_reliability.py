from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve

from mnistkit.errors import WrongTypeError
from mnistkit.evaluation import Evaluation


@st.composite
def evaluations(draw: st.DrawFn) -> Evaluation:
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    count, classes = draw(st.integers(1, 200)), draw(st.integers(2, 5))
    probabilities = random.dirichlet(np.full(classes, draw(st.floats(0.2, 5))), count)
    return Evaluation.from_probabilities(random.integers(0, classes, count), probabilities)


@given(evaluations(), st.integers(1, 30))
def test_the_curve_is_scikit_learns(result: Evaluation, num_bins: int) -> None:
    curve = result.reliability_curve(num_bins)
    confidence = result.probabilities.max(axis=1).astype(np.float64)
    right, said = calibration_curve(result.correct, confidence, n_bins=num_bins)
    assert [one.accuracy for one in curve] == pytest.approx(right)
    assert [one.probability for one in curve] == pytest.approx(said)


@given(evaluations(), st.integers(1, 30))
def test_every_prediction_is_in_one_bin(result: Evaluation, num_bins: int) -> None:
    curve = result.reliability_curve(num_bins)
    assert sum(one.num_examples for one in curve) == result.num_examples
    assert all(one.num_examples > 0 for one in curve)
    assert all(one.low - 1e-9 <= one.probability <= one.high + 1e-9 for one in curve)
    assert [one.low for one in curve] == sorted({one.low for one in curve})
    right = sum(round(one.accuracy * one.num_examples) for one in curve)
    assert right == result.num_examples - result.num_mistakes
    one = curve[-1]
    interval = binomtest(round(one.accuracy * one.num_examples), one.num_examples).proportion_ci(
        method="wilson"
    )
    assert one.interval == pytest.approx(tuple(interval))


@given(evaluations())
def test_the_calibration_error_is_the_mean_distance_from_the_diagonal(result: Evaluation) -> None:
    confidence = result.probabilities.max(axis=1).astype(np.float64)
    bins = np.minimum(np.floor(confidence * 15), 14)
    expected = sum(
        abs(confidence[bins == one].sum() - result.correct[bins == one].sum()) for one in range(15)
    )
    assert result.calibration_error == pytest.approx(expected / result.num_examples, abs=1e-12)


def test_one_belongs_to_the_last_bin() -> None:
    (one,) = Evaluation.from_probabilities([0, 1], np.eye(2)).reliability_curve(10)
    assert (one.low, one.high, one.num_examples, one.accuracy) == (0.9, 1.0, 2, 1.0)


@pytest.mark.parametrize(
    ("num_bins", "error"),
    [(0, ValueError), (-1, ValueError), (1.5, WrongTypeError), ("3", WrongTypeError),
     (None, WrongTypeError), (True, WrongTypeError)],
)  # fmt: skip
def test_a_number_of_bins_that_makes_no_sense(num_bins: Any, error: type[Exception]) -> None:
    result = Evaluation.from_probabilities([0], [[1.0, 0.0]])
    with pytest.raises(error, match=r"num_bins=.*: expected a whole number of at least 1\."):
        result.reliability_curve(num_bins)
