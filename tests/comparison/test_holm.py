from __future__ import annotations

from itertools import combinations

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from mnistkit.comparison import holm_adjusted
from mnistkit.comparison.holm import interval_levels

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@given(p_values)
def test_it_is_bonferronis_test_of_every_set_of_pairs(given_values: list[float]) -> None:
    """The closed test: a pair differs if all sets that it belongs to do."""
    pairs = range(len(given_values))
    sets = [chosen for size in pairs for chosen in combinations(pairs, size + 1)]
    expected = [
        max(
            min(1.0, len(chosen) * min(given_values[one] for one in chosen))
            for chosen in sets
            if pair in chosen
        )
        for pair in pairs
    ]
    assert holm_adjusted(given_values) == pytest.approx(expected)


def test_a_worked_example() -> None:
    assert holm_adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm_adjusted([]) == ()


@given(p_values)
def test_a_level_is_kept_exactly_where_a_difference_is_told(given_values: list[float]) -> None:
    steps = range(1, len(given_values) + 1)
    assume(all(abs(step * value - 0.05) > 1e-9 for step in steps for value in given_values))
    levels = interval_levels(given_values, 0.05)
    for value, adjusted, level in zip(
        given_values, holm_adjusted(given_values), levels, strict=True
    ):
        assert (value <= level) == (adjusted <= 0.05)
        assert 0.05 / len(given_values) <= level <= 0.05


def test_only_what_a_later_step_finds_has_a_level_of_its_own() -> None:
    assert interval_levels([0.001, 0.02, 0.6], 0.05) == (0.05 / 3, 0.05 / 2, 0.05 / 3)
