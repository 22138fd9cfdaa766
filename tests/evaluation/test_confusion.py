from __future__ import annotations

from collections import Counter

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from mnistkit.evaluation import Confusion, Evaluation

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60)


def evaluation(pairs: list[tuple[int, int]]) -> Evaluation:
    labels, predictions = np.array(pairs).T
    return Evaluation.from_probabilities(labels, np.eye(4)[predictions])


@given(PAIRS)
def test_all_confusions_are_counted_once(pairs: list[tuple[int, int]]) -> None:
    found = evaluation(pairs).top_confusions(k=None)
    counted = Counter(pair for pair in pairs if pair[0] != pair[1])
    assert {(one.label, one.predicted): one.num_mistakes for one in found} == dict(counted)
    counts = [one.num_mistakes for one in found]
    assert counts == sorted(counts, reverse=True)
    for one in found:
        assert one.share == one.num_mistakes / sum(label == one.label for label, _ in pairs)


def test_the_most_frequent_come_first_and_k_limits_them() -> None:
    result = evaluation([(1, 0), (2, 3), (2, 3), (2, 2), (0, 1)])
    assert result.top_confusions(k=2) == (Confusion(2, 3, 2, 2 / 3), Confusion(0, 1, 1, 1.0))
    assert len(result.top_confusions()) == 3
    assert result.top_confusions(k=0) == ()
    with pytest.raises(ValueError, match=r"k=-1: expected a whole number of at least 0\."):
        result.top_confusions(k=-1)
