from __future__ import annotations

import math

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from mnistkit.comparison import Variance, compare_accuracies, mean_accuracy


def trainings(seeds: int, images: int) -> st.SearchStrategy[NDArray[np.bool_]]:
    return hnp.arrays(bool, (seeds, images))


def mean_squares(table: NDArray[np.float64]) -> tuple[float, float, float]:
    """Of a two-way table without repetitions: rows, columns, rest; as the textbooks have it."""
    rows, columns = table.shape
    grand = table.mean()
    by_row, by_column = table.mean(axis=1), table.mean(axis=0)
    between_rows = columns * sum((mean - grand) ** 2 for mean in by_row) / (rows - 1)
    between_columns = rows * sum((mean - grand) ** 2 for mean in by_column) / (columns - 1)
    rest = sum(
        (table[row, column] - by_row[row] - by_column[column] + grand) ** 2
        for row in range(rows)
        for column in range(columns)
    )
    return between_rows, between_columns, rest / (rows - 1) / (columns - 1)


@given(trainings(3, 12))
def test_a_mean_has_the_variance_components_of_a_crossed_analysis_of_variance(
    correct: NDArray[np.bool_],
) -> None:
    writers = np.repeat(np.arange(4), 3)
    of_writer = correct.reshape(3, 4, 3).mean(axis=2)
    seeds, units, rest = mean_squares(of_writer)
    variance = mean_accuracy(correct, writers).variance
    training = max(0.0, (seeds - rest) / 4) / 3 + rest / 12
    assert variance.training == pytest.approx(training, abs=1e-12)
    assert variance.images == pytest.approx(max(0.0, (units - rest) / 3) / 4, abs=1e-12)
    assert variance.total == variance.training + variance.images


@given(trainings(2, 12), trainings(4, 12))
def test_a_difference_counts_the_images_on_which_the_contenders_disagree(
    first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> None:
    rest = sum(mean_squares(one.astype(float))[2] / one.size for one in (first, second))
    seeds = [mean_squares(one.astype(float))[0] / one.size for one in (first, second)]
    (pair,) = compare_accuracies({"a": first, "b": second}).differences
    disagreement = first.mean(axis=0) - second.mean(axis=0)
    one_image_more = 1 / 12 / 11
    images = disagreement.var(ddof=1) / 12 + one_image_more - rest
    training = sum(
        max(between, mean_squares(one.astype(float))[2] / one.size)
        for between, one in zip(seeds, (first, second), strict=True)
    )
    assert pair.variance.images == pytest.approx(max(0.0, images), abs=1e-12)
    assert pair.variance.training == pytest.approx(training, abs=1e-12)


@given(trainings(3, 10), st.permutations(range(10)), st.permutations(range(3)))
def test_the_order_of_images_and_seeds_does_not_matter(
    correct: NDArray[np.bool_], images: list[int], seeds: list[int]
) -> None:
    writers = np.array([0, 0, 0, 1, 1, 2, 2, 3, 3, 3])
    straight = mean_accuracy(correct, writers)
    mixed = mean_accuracy(correct[seeds][:, images], writers[images])
    assert mixed.accuracy == pytest.approx(straight.accuracy)
    assert mixed.interval == pytest.approx(straight.interval)


@given(trainings(3, 10))
def test_images_shown_twice_tell_no_more(correct: NDArray[np.bool_]) -> None:
    once = mean_accuracy(correct, np.arange(10)).variance
    twice = mean_accuracy(np.tile(correct, 2), np.tile(np.arange(10), 2)).variance
    assert twice.total == pytest.approx(once.total, abs=1e-15)


def test_images_by_one_hand_tell_less_than_as_many_by_others() -> None:
    hard_writer = np.ones((3, 100), bool)
    hard_writer[:, :5] = False
    writers = np.arange(100) // 5
    alone, together = mean_accuracy(hard_writer), mean_accuracy(hard_writer, writers)
    assert together.variance.images > 4 * alone.variance.images


def test_one_seed_says_nothing_of_training() -> None:
    variance = mean_accuracy(np.array([[True, True, False, True]])).variance
    assert not variance.knows_training
    assert variance.training == 0
    assert variance.degrees_of_freedom == 3
    assert variance.to_dict()["training"] is None


def test_the_degrees_of_freedom_are_satterthwaites_for_trainings_alone() -> None:
    # Welch's example of equal variances and numbers: the degrees of both together.
    assert Variance(0.0, 100, (2.0, 2.0), (5, 5)).degrees_of_freedom == pytest.approx(8)
    assert Variance(0.0, 100, (2.0, 0.0), (5, 5)).degrees_of_freedom == pytest.approx(4)
    assert Variance(1.0, 100, (), (1,)).degrees_of_freedom == pytest.approx(99)
    assert Variance(1.0, 101, (3.0,), (3,)).degrees_of_freedom == pytest.approx(
        2 / (1 / 100 + 1 / 2)
    )


@given(
    st.floats(0, 1),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.tuples(st.integers(2, 20), st.integers(2, 20)),
)
def test_a_sum_is_known_at_least_as_well_as_its_least_known_part(
    images: float, one_training: tuple[float, float], seeds: tuple[int, int]
) -> None:
    degrees = Variance(images, 50, one_training, seeds).degrees_of_freedom
    assert degrees >= min(49, *(number - 1 for number in seeds)) * (1 - 1e-9)


def test_no_variance_means_no_doubt() -> None:
    none = Variance(0.0, 10, (0.0,), (3,))
    assert none.degrees_of_freedom == math.inf
    assert none.margin(0.05) == 0
    assert (none.p_value(0.0), none.p_value(0.1)) == (1.0, 0.0)
    assert none.to_dict()["degrees_of_freedom"] is None


def test_margin_and_p_value_agree() -> None:
    variance = Variance(4e-7, 297, (9e-7, 1e-7), (3, 5))
    for level in (0.05, 0.01, 0.05 / 15):
        assert variance.p_value(variance.margin(level)) == pytest.approx(level)
