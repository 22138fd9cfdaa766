"""What one contender has shown: means over its seeds, medians of its costs."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mnistkit
from mnistkit.comparison import ContenderResult, Cost

shares = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5)


def evaluation(sure: float) -> mnistkit.Evaluation:
    """Two images of the first class; the network is so sure of it."""
    return mnistkit.Evaluation.from_probabilities([0, 0], [[sure, 1 - sure]] * 2)


def result(sure: list[float], seconds: list[float]) -> ContenderResult:
    evaluations = {seed: evaluation(one) for seed, one in enumerate(sure)}
    costs = {seed: Cost(one, 7) for seed, one in enumerate(seconds)}
    return ContenderResult(
        "mine", "cnn", None, {"width": 3}, evaluations, {"usps": evaluations}, {}, costs, {}
    )


@given(shares)
def test_figures_are_means_of_the_seeds_and_lie_between_them(sure) -> None:
    one = result(sure, [1.0] * len(sure))
    for name in ("accuracy", "loss", "calibration_error"):
        each = [float(getattr(seed, name)) for seed in one.evaluations.values()]
        assert getattr(one, name) == pytest.approx(sum(each) / len(each), rel=1e-6)
    assert one.accuracy_on("usps") == one.accuracy
    assert one.robustness is None


@given(shares)
def test_it_is_written_as_json_and_read_again(sure) -> None:
    content = result(sure, [1.0] * len(sure)).to_dict()
    assert json.loads(json.dumps(content)) == content
    assert content["seeds"] == list(range(len(sure)))
    assert content["options"] == {"width": 3}


def test_the_cost_is_the_median_of_the_seeds() -> None:
    assert result([0.9] * 3, [1.0, 9.0, 2.0]).cost == Cost(2.0, 7)


def test_it_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        result([0.9], [1.0]).title = "yours"
