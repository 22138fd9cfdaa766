from __future__ import annotations

from mnistkit.comparison import Cost
from mnistkit.comparison.cost import typical


def test_typical_costs_are_medians_and_counts_stay_counts() -> None:
    costs = [Cost(seconds, 10, 20, 30, one_image_ms=ms) for seconds, ms in ((1.0, 5.0), (9.0, 6.0))]
    assert typical(costs) == Cost(5.0, 10, 20, 30, one_image_ms=5.5)
    assert isinstance(typical(costs).parameters, int)


def test_what_nobody_knows_stays_unknown() -> None:
    assert typical([Cost(3.0), Cost(1.0), Cost(2.0)]) == Cost(2.0)
