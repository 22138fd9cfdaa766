from __future__ import annotations

import json

import numpy as np
import pytest

from mnistkit.comparison import Cost
from mnistkit.comparison.cost import typical
from mnistkit.errors import ComparisonError


def test_typical_costs_are_medians_and_counts_stay_counts() -> None:
    costs = [Cost(seconds, 10, 20, 30, one_image_ms=ms) for seconds, ms in ((1.0, 5.0), (9.0, 6.0))]
    assert typical(costs) == Cost(5.0, 10, 20, 30, one_image_ms=5.5)
    assert isinstance(typical(costs).parameters, int)


def test_what_nobody_knows_stays_unknown() -> None:
    assert typical([Cost(3.0), Cost(1.0), Cost(2.0)]) == Cost(2.0)


def test_numbers_of_numpy_are_written_as_json() -> None:
    cost = Cost(np.float32(1.5), parameters=np.int64(7))
    assert json.loads(json.dumps(cost.to_dict()))["parameters"] == 7
    assert cost == Cost(1.5, 7)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"fit_seconds": -1.0},
            r"fit_seconds=-1\.0: expected what it costs as a number, 0 or more",
        ),
        ({"fit_seconds": None}, "fit_seconds=None"),
        ({"fit_seconds": float("nan")}, "fit_seconds=nan"),
        ({"fit_seconds": 1.0, "parameters": "many"}, "parameters='many'"),
        ({"fit_seconds": 1.0, "parameters": True}, "parameters=True"),
    ],
)
def test_what_is_no_cost_is_refused(given, message) -> None:
    with pytest.raises(ComparisonError, match=message):
        Cost(**given)
