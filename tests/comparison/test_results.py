"""From what the jobs have found out to the results of the contenders, and to the statistics."""

from __future__ import annotations

import numpy as np
import pytest

import mnistkit
from mnistkit.comparison import ContenderResult, Cost, compare_accuracies
from mnistkit.comparison.measured import Measured
from mnistkit.comparison.results import accuracies_of, result_of
from mnistkit.comparison.splits import CORRUPTED

WRITERS = np.arange(60) // 6
SETTINGS = {"model": "dense128", "recipe": mnistkit.Recipe(epochs=2).to_dict(), "options": {}}


def evaluation(missed: int, writers=WRITERS) -> mnistkit.Evaluation:
    """Sixty images, the first so many read wrongly."""
    right = np.arange(60) >= missed
    return mnistkit.Evaluation.from_probabilities(
        np.zeros(60, int), np.stack([0.1 + 0.8 * right, 0.9 - 0.8 * right], 1), writers=writers
    )


def measured(missed: int, *, seconds: float = 2.0, writers=WRITERS) -> Measured:
    main, other, foggy = (evaluation(missed + more, writers) for more in (0, 5, 9))
    return Measured({"": main, "usps": other, f"{CORRUPTED}fog": foggy}, Cost(seconds, 7))


def result(title: str, *missed: int, **options) -> ContenderResult:
    found = {seed: measured(count, **options) for seed, count in enumerate(missed)}
    return result_of(title, SETTINGS, found, {}, ("usps",), ("fog",))


def test_what_was_measured_is_found_again_under_its_name() -> None:
    one = result("mine", 3, 6)
    assert one.recipe == mnistkit.Recipe(epochs=2)
    assert [one.accuracy, one.accuracy_on("usps"), one.robustness] == pytest.approx(
        [1 - 4.5 / 60, 1 - 9.5 / 60, 1 - 13.5 / 60]
    )
    assert list(one.also_on["usps"]) == list(one.corrupted["fog"]) == [0, 1]
    assert not one.has_failed
    assert one.to_dict()["seeds"] == [0, 1]


def test_what_failed_keeps_its_words_or_is_told_to_be_unreadable() -> None:
    found = {0: measured(3), 1: None, 2: None}
    one = result_of("mine", SETTINGS, found, {1: "ValueError: no"}, (), ())
    assert one.has_failed
    assert list(one.evaluations) == [0]
    assert one.errors == {
        1: "ValueError: no",
        2: "its result cannot be read from the folder of its run",
    }
    assert repr(one) == "<ContenderResult of 'mine': 1 trained, 2 failed>"


def test_nothing_is_known_of_one_of_which_every_seed_failed() -> None:
    one = result_of("mine", SETTINGS | {"recipe": None}, {0: None}, {}, ("usps",), ())
    assert one.accuracy is one.loss is one.cost is one.recipe is None
    assert one.accuracy_on("usps") is one.robustness is one.accuracy_deviation is None
    assert one.to_dict()["errors"].keys() == {"0"}


def test_the_statistics_are_those_of_what_each_seed_got_right() -> None:
    results = [result("mine", 3, 5, 4), result("slow", 9, 12, 10, seconds=6.0)]
    found = accuracies_of(results)
    expected = compare_accuracies(
        {
            one.title: np.stack([each.correct for each in one.evaluations.values()])
            for one in results
        },
        WRITERS,
        training_seconds={"mine": 2.0, "slow": 6.0},
    )
    assert found.to_dict() == expected.to_dict()
    assert found.differences[0].training_time_ratio == pytest.approx(1 / 3)


def test_one_that_failed_is_no_part_of_them_and_without_any_there_are_none() -> None:
    broken = result_of("broken", SETTINGS, {0: measured(3), 1: None}, {}, (), ())
    found = accuracies_of([broken, result("mine", 3, 5)])
    assert [one.name for one in found.contenders] == ["mine"]
    assert accuracies_of([broken]) is None


def test_one_writer_is_no_sample_of_writers() -> None:
    found = accuracies_of([result("mine", 3, 5, writers=np.zeros(60, int))])
    assert found.num_writers is None
    assert found.contenders[0].variance.num_units == 60
