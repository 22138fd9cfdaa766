from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import mnistkit
from mnistkit.reports.confusion_table import confusion_table


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_every_image_is_in_the_table(pairs) -> None:
    labels, predicted = np.array(pairs).T
    result = mnistkit.Evaluation.from_probabilities(labels, np.eye(5)[predicted])
    table = confusion_table(result)
    counts = [[cell.count for cell in row] for row in table.rows]
    assert np.sum(counts) == len(pairs)
    assert np.trace(counts) == len(pairs) - result.num_mistakes
    wrong = [cell for row in table.rows for cell in row if not cell.is_right]
    strongest = max((cell.strength for cell in wrong), default=0)
    assert strongest == (100 if result.num_mistakes else 0)
    assert table.num_left_out == 0


def test_of_many_classes_those_with_the_most_mistakes_are_shown() -> None:
    labels = np.arange(62)
    predicted = labels.copy()
    predicted[40] = 50
    result = mnistkit.Evaluation.from_probabilities(labels, np.eye(62)[predicted])
    table = confusion_table(result)
    assert len(table.classes) == 30
    assert {"40", "50"} < set(table.classes)
    assert table.num_left_out == 32


def test_long_names_of_classes_are_noticed() -> None:
    for classes, long in ((("0", "1"), False), (("T-shirt", "1"), True)):
        result = mnistkit.Evaluation.from_probabilities([0, 1], np.eye(2), classes=classes)
        assert confusion_table(result).has_long_names == long
