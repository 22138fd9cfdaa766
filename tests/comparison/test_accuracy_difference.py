from __future__ import annotations

from typing import Any

import pytest

from mnistkit.comparison import AccuracyDifference, Variance
from mnistkit.errors import ComparisonError

MOSTLY_TRAINING = Variance(1e-8, 297, (3e-7, 3e-7), (3, 3))
MOSTLY_IMAGES = Variance(4e-7, 297, (1e-7, 1e-7), (5, 5))


def difference(
    size: float, variance: Variance = MOSTLY_TRAINING, level: float = 0.05, **more: Any
) -> AccuracyDifference:
    margin, p_value = variance.margin(level), variance.p_value(size)
    return AccuracyDifference(
        "mine",
        "cnn",
        difference=size,
        interval=(size - margin, size + margin),
        p_value=p_value,
        adjusted_p_value=p_value * 0.05 / level,
        level=level,
        num_images=10_000,
        variance=variance,
        **more,
    )


def test_a_difference_is_told_with_its_interval_and_what_it_costs() -> None:
    found = difference(0.002, training_time_ratio=3.1)
    assert found.better == "mine"
    assert str(found) == (
        "`mine` is better than `cnn` by 0.20 points (0.08 to 0.32), at 3.1 times the training time"
    )


def test_the_better_one_is_named_first() -> None:
    found = difference(-0.002, training_time_ratio=4.0)
    assert found.better == "cnn"
    assert str(found) == (
        "`cnn` is better than `mine` by 0.20 points (0.08 to 0.32), at 0.25 times the training time"
    )


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (None, "0.32)"),
        (1.04, ", at about the same training time"),
        (1.1, ", at 1.1 times the training time"),
        (3.0, ", at 3.0 times the training time"),
        (12.3, ", at 12 times the training time"),
        (4321.0, ", at 4,321 times the training time"),
        (0.015, ", at 0.015 times the training time"),
    ],
)
def test_training_time_has_two_digits(ratio: float | None, words: str) -> None:
    assert str(difference(0.002, training_time_ratio=ratio)).endswith(words)


def test_a_small_bound_does_not_look_like_0() -> None:
    just_found = difference(MOSTLY_TRAINING.margin(0.05) + 2e-6)
    assert " points (0.0002 to 0.2" in str(just_found)


def test_where_none_can_be_told_more_seeds_may_help() -> None:
    none = difference(0.0004)
    assert none.better is None
    assert str(none) == (
        "no difference between `mine` and `cnn` can be told with 3 seeds (-0.08 to 0.16 points); "
        "one of 0.1 points would need about 7 seeds"
    )


@pytest.mark.parametrize(
    ("scale", "words"), [(1e-4, "one of 0.001 points"), (1.0, "one of 0.1 "), (1e4, "one of 10 ")]
)
def test_the_size_of_what_may_be_found_is_a_round_number(scale: float, words: str) -> None:
    variance = Variance(1e-8 * scale, 297, (3e-7 * scale, 3e-7 * scale), (3, 3))
    assert words in str(difference(0.0, variance))


def test_the_seeds_needed_find_it_and_fewer_do_not() -> None:
    none = difference(0.0004, level=0.05 / 3)
    needed = none.seeds_needed(0.0005)
    assert needed is not None
    assert none.smallest_found(needed) <= 0.0005 < none.smallest_found(needed - 1)
    assert none.smallest_found(3) == pytest.approx(none.smallest_found())


def test_where_the_images_dominate_more_seeds_do_not_help() -> None:
    none = difference(0.0004, MOSTLY_IMAGES)
    assert none.smallest_found_by_any_seeds > 0.0017
    assert none.seeds_needed(0.001) is None
    assert str(none) == (
        "no difference between `mine` and `cnn` can be told with 5 seeds (-0.09 to 0.17 points); "
        "more seeds would not tell one of 0.1 points: the chance in the choice of the 10,000 test "
        "images hides what is less than 0.18"
    )


def test_a_thousand_seeds_may_be_too_few() -> None:
    noisy = difference(0.0, Variance(1e-10, 1000, (1e-2, 1e-2), (500, 500)))
    assert str(noisy).endswith("one of 1 points would need more than 1,000 seeds")
    assert noisy.seeds_needed(0.01) is None


def test_different_numbers_of_seeds_are_both_named() -> None:
    unequal = Variance(1e-7, 297, (3e-7, 3e-7), (3, 10))
    assert " can be told with 3 and 10 seeds (" in str(difference(0.0, unequal))


@pytest.mark.parametrize(
    ("seeds", "whose"), [((1, 1), "`mine` or `cnn`"), ((1, 5), "`mine`"), ((5, 1), "`cnn`")]
)
def test_one_seed_is_not_taken_for_a_contender(seeds: tuple[int, int], whose: str) -> None:
    images_alone = Variance(1e-7, 297, (), seeds)
    found = difference(0.002, images_alone, training_time_ratio=2.0)
    assert not found.training_included
    assert str(found) == (
        "the trained `mine` is better than the trained `cnn` by 0.20 points (0.14 to 0.26); "
        f"one seed says nothing of another training of {whose}"
    )
    none = difference(0.0001, images_alone)
    assert none.seeds_needed(0.01) is None
    assert str(none) == (
        "no difference between `mine` and `cnn` can be told (-0.05 to 0.07 points); "
        f"one seed says nothing of another training of {whose}"
    )


def test_a_power_for_one_seed_is_refused() -> None:
    with pytest.raises(ComparisonError, match="seeds=1 nothing is known of the chance in training"):
        difference(0.0).smallest_found(seeds=1)
