from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from mnistkit.evaluation import Evaluation


@st.composite
def evaluations(draw: st.DrawFn) -> Evaluation:
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(1, 60))
    steps = draw(st.sampled_from([4, 10, 10_000]))  # few, so that many are equally sure
    sure = random.integers(0, steps + 1, count) / steps
    return Evaluation.from_probabilities(
        random.integers(0, 2, count), np.stack([sure, 1 - sure], axis=1)
    )


@given(evaluations(), st.floats(0, 1))
def test_each_point_is_what_its_threshold_gives(result: Evaluation, risk: float) -> None:
    curve = result.risk_coverage()
    confidence = result.probabilities.max(axis=1)
    for threshold, coverage, wrong in zip(
        curve.thresholds, curve.coverage, curve.risk, strict=True
    ):
        answered = confidence >= threshold
        assert coverage == answered.mean()
        assert wrong == pytest.approx((answered & ~result.correct).sum() / answered.sum())
    assert curve.coverage[-1] == 1
    assert curve.risk[-1] == pytest.approx(1 - result.accuracy)
    assert curve.thresholds.tolist() == sorted(set(confidence.tolist()), reverse=True)
    possible = [c for c, r in zip(curve.coverage, curve.risk, strict=True) if r <= risk]
    assert curve.coverage_at(risk) == max(possible, default=0)
    threshold = curve.threshold_at(risk)
    if threshold is not None:
        answered = confidence >= threshold
        assert (answered & ~result.correct).sum() / answered.sum() <= risk
        assert answered.mean() == curve.coverage_at(risk)
    assert curve.risk_at(curve.coverage_at(risk)) <= max(risk, curve.risk[0])


@given(evaluations())
def test_the_area_is_the_mean_risk_of_the_images(result: Evaluation) -> None:
    confidence = result.probabilities.max(axis=1)
    risks = [(~result.correct[confidence >= one]).mean() for one in confidence]
    assert result.risk_coverage().area == pytest.approx(np.mean(risks))


def test_reading_the_curve() -> None:
    sure = np.array([0.99, 0.9, 0.8, 0.7, 0.6])
    result = Evaluation.from_probabilities([0, 0, 1, 0, 1], np.stack([sure, 1 - sure], axis=1))
    curve = result.risk_coverage()
    assert curve.coverage.tolist() == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert curve.risk.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 4, 2 / 5])
    assert curve.coverage_at(0.3) == pytest.approx(0.8)
    assert curve.risk_at(0.5) == pytest.approx(1 / 3)
    assert curve.risk_at(0) == 0
    assert str(curve) == (
        "all answered: 40.00% wrong; none wrong: 40.00% answered, those with 0.9 or more"
    )
    assert repr(curve) == f"<RiskCoverage: {curve}>"
    record = json.loads(json.dumps(curve.to_dict()))
    assert record["coverage"][-1] == 1
    assert record["area"] == curve.area
    assert not curve.risk.flags.writeable


def test_a_text_for_several_risks() -> None:
    sure = np.linspace(1, 0.6, 1000)
    labels = np.zeros(1000, int)
    labels[[500, 700, 800, 850, 900, 950, 990, 995, 998, 999, 997, 996]] = 1
    result = Evaluation.from_probabilities(labels, np.stack([sure, 1 - sure], axis=1))
    assert str(result.risk_coverage()) == (
        "all answered: 1.20% wrong; 1% wrong: 99.70% answered, those with 0.601201 or more; "
        "none wrong: 50.00% answered, those with 0.8002 or more"
    )


def test_the_surest_may_be_wrong() -> None:
    curve = Evaluation.from_probabilities([1, 0], [[0.9, 0.1], [0.6, 0.4]]).risk_coverage()
    assert curve.coverage_at(0) == 0
    assert curve.threshold_at(0.1) is None
    assert str(curve) == "all answered: 50.00% wrong"


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), "0.5", None])
def test_what_is_no_share(share: Any) -> None:
    curve = Evaluation.from_probabilities([0], [[0.9, 0.1]]).risk_coverage()
    with pytest.raises(ValueError, match=r"risk=.* is not a share; expected a number from 0 to 1"):
        curve.coverage_at(share)
    with pytest.raises(ValueError, match="coverage="):
        curve.risk_at(share)
