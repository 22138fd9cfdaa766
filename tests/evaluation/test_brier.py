from __future__ import annotations

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import brier_score_loss

from mnistkit.evaluation import Evaluation


@st.composite
def evaluations(draw: st.DrawFn) -> Evaluation:
    shape = draw(st.tuples(st.integers(1, 30), st.integers(2, 5)))
    weights = draw(hnp.arrays(np.float64, shape, elements=st.floats(0, 1)))
    weights[weights.sum(axis=1) == 0] = 1
    labels = draw(hnp.arrays(np.uint8, shape[0], elements=st.integers(0, shape[1] - 1)))
    return Evaluation.from_probabilities(labels, weights / weights.sum(axis=1, keepdims=True))


@given(evaluations())
def test_the_score_is_scikit_learns(result: Evaluation) -> None:
    doubles = result.probabilities.astype(np.float64)
    expected = brier_score_loss(
        result.labels,
        doubles / doubles.sum(axis=1, keepdims=True),  # which it insists on
        labels=range(result.num_classes),
        scale_by_half=False,
    )
    assert result.brier_score == pytest.approx(expected, abs=1e-6)


@given(evaluations())
def test_classes_are_scored_against_all_others_and_add_up(result: Evaluation) -> None:
    expected = [
        np.mean((result.probabilities[:, one].astype(np.float64) - (result.labels == one)) ** 2)
        for one in range(result.num_classes)
    ]
    assert result.brier_by_class == pytest.approx(np.array(expected), abs=1e-12)
    assert result.brier_score == pytest.approx(sum(expected), abs=1e-12)


def test_the_best_and_the_worst() -> None:
    labels = np.array([0, 1, 2])
    assert Evaluation.from_probabilities(labels, np.eye(3)).brier_score == 0
    assert Evaluation.from_probabilities(labels, np.eye(3)[[1, 2, 0]]).brier_score == 2
    assert not Evaluation.from_probabilities(labels, np.eye(3)).brier_by_class.flags.writeable
