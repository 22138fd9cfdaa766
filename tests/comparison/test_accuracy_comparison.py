from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray
from scipy.stats import binomtest

from mnistkit.comparison import compare_accuracies, holm_adjusted, mean_accuracy
from mnistkit.errors import ComparisonError

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def trainings(seeds: int, missed: float, *, images: int = 10_000, seed: int = 0) -> Any:
    """Right or wrong; one in a hundred images is difficult, and missed with this probability."""
    difficult = np.arange(images) % 100 == 0
    return ~(difficult & (np.random.default_rng(seed).random((seeds, images)) < missed))


def some_contenders() -> st.SearchStrategy[dict[str, NDArray[np.bool_]]]:
    seeds = st.integers(1, 3)
    answers = seeds.flatmap(lambda count: hnp.arrays(bool, (count, 12)))
    return st.dictionaries(st.sampled_from("abcd"), answers, min_size=1)


@given(some_contenders(), st.booleans())
def test_zero_lies_outside_of_an_interval_exactly_where_a_difference_is_told(
    correct: dict[str, NDArray[np.bool_]], known: bool
) -> None:
    comparison = compare_accuracies(correct, np.arange(12) // 3 if known else None)
    names = list(correct)
    assert [one.name for one in comparison.contenders] == names
    assert [(pair.first, pair.second) for pair in comparison.differences] == [
        (first, second) for position, first in enumerate(names) for second in names[position + 1 :]
    ]
    for pair in comparison.differences:
        low, high = pair.interval
        assert -1 <= low <= pair.difference <= high <= 1
        assert (low > 0 or high < 0) == pair.different == ("no difference" not in str(pair))
    p_values = [pair.p_value for pair in comparison.differences]
    adjusted = [pair.adjusted_p_value for pair in comparison.differences]
    assert tuple(adjusted) == holm_adjusted(p_values)


@given(some_contenders())
def test_the_order_of_contenders_changes_signs_alone(
    correct: dict[str, NDArray[np.bool_]],
) -> None:
    forth = compare_accuracies(correct)
    back = compare_accuracies(dict(reversed(correct.items())))
    mirrored = {(pair.second, pair.first): pair for pair in back.differences}
    for pair in forth.differences:
        same = mirrored[pair.first, pair.second]
        assert same.difference == pytest.approx(-pair.difference)
        assert same.interval == pytest.approx((-pair.interval[1], -pair.interval[0]))
        assert same.adjusted_p_value == pytest.approx(pair.adjusted_p_value)
        assert same.better == pair.better


def test_the_mean_of_a_contender_does_not_depend_on_the_others() -> None:
    cnn, writers = trainings(3, 0.4), np.arange(10_000) // 34
    comparison = compare_accuracies({"cnn": cnn, "dense": trainings(5, 0.9, seed=1)}, writers)
    assert comparison.contenders[0] == mean_accuracy(cnn, writers, name="cnn")


@pytest.mark.parametrize(("better", "worse"), [(6, 0), (5, 0), (3, 1), (14, 3), (0, 0), (30, 30)])
def test_of_few_images_no_more_is_said_than_an_exact_test_says(better: int, worse: int) -> None:
    """McNemar's: one seed each, only the images count on which they disagree."""
    first = np.ones((1, 10_000), bool)
    second = first.copy()
    second[:, :better] = False
    first[:, -worse or 10_000 :] = False
    (pair,) = compare_accuracies({"a": first, "b": second}).differences
    exact = binomtest(better, better + worse).pvalue if better + worse else 1.0
    mid = exact / 2 if exact < 1 else 1.0
    assert mid * 0.5 < pair.p_value < 1.5 * exact


def test_contenders_that_answer_alike_do_not_differ() -> None:
    alike = trainings(3, 0.4)
    (pair,) = compare_accuracies({"a": alike, "b": alike}).differences
    assert pair.difference == 0
    assert pair.p_value == pair.adjusted_p_value == 1
    assert pair.interval[0] < 0 < pair.interval[1]


@pytest.mark.parametrize("seeds", [1, 3])
def test_perfect_contenders_may_still_differ_on_other_images(seeds: int) -> None:
    perfect = np.ones((seeds, 1000), bool)
    (pair,) = compare_accuracies({"a": perfect, "b": perfect}).differences
    low, high = pair.interval
    assert -0.005 < low < -0.001 < 0.001 < high < 0.005


def test_a_clear_difference_is_told_whatever_the_writers() -> None:
    correct = {"cnn": trainings(3, 0.3), "dense": trainings(4, 0.9, seed=1)}
    for writers in (None, np.arange(10_000) // 34):
        comparison = compare_accuracies(correct, writers)
        (pair,) = comparison.differences
        assert pair.better == "cnn"
        assert pair.difference == pytest.approx(0.006, abs=0.0005)


def test_it_prints_contenders_verdicts_and_what_they_stand_on() -> None:
    correct = {
        "cnn": trainings(3, 0.3),
        "wide": trainings(3, 0.3, seed=1),
        "dense": trainings(1, 0.9, seed=2),
    }
    lines = str(compare_accuracies(correct, np.arange(10_000) // 34)).splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == ["cnn", "wide", "dense"]
    assert lines[3].startswith("no difference between `cnn` and `wide` can be told with 3 seeds (")
    assert lines[4].startswith("the trained `cnn` is better than the trained `dense` by 0.58")
    assert lines[6:] == [
        "(10,000 test images by 295 writers; differences corrected for 3 pairs (Holm))"
    ]


def test_one_contender_alone_is_measured() -> None:
    alone = compare_accuracies({"cnn": trainings(3, 0.3)})
    assert alone.differences == ()
    assert str(alone).splitlines()[1:] == ["(10,000 test images)"]


def test_it_becomes_json() -> None:
    correct = {"cnn": trainings(3, 0.3), "dense": trainings(3, 0.9, seed=1)}
    comparison = compare_accuracies(correct, training_seconds={"cnn": 30, "dense": 10.0})
    record = json.loads(json.dumps(comparison.to_dict()))
    assert record["contenders"] == [one.to_dict() for one in comparison.contenders]
    (pair,) = record["differences"]
    assert pair["better"] == "cnn"
    assert pair["different"] is True
    assert pair["training_time_ratio"] == 3
    assert pair["interval"] == list(comparison.differences[0].interval)
    assert pair["verdict"] == str(comparison.differences[0])
    assert (record["num_images"], record["num_writers"]) == (10_000, None)


@pytest.mark.parametrize(
    "seconds", [{"a": 1.0}, {"a": 1.0, "b": 0.0}, {"a": 1.0, "b": float("nan")}, {"a": 1, "b": "2"}]
)
def test_every_contender_takes_time(seconds: dict[str, Any]) -> None:
    correct = {"a": trainings(2, 0.3), "b": trainings(2, 0.4)}
    with pytest.raises(ComparisonError, match=r"training times are .*expected seconds, .*'a', 'b'"):
        compare_accuracies(correct, training_seconds=seconds)


# ------------------------------------------------------------------------------------------------
# How often it is right in simulated worlds; benchmarks/comparison_statistics.py runs more of them.


@pytest.fixture(scope="module")
def statistics() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "comparison_statistics", BENCHMARKS / "comparison_statistics.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("contenders", "seeds"), [(2, 3), (6, 3), (2, 5), (3, 10)])
def test_where_there_is_no_difference_none_is_told_and_intervals_cover(
    statistics: ModuleType, contenders: int, seeds: int
) -> None:
    worlds = 200
    tally = statistics.without_difference(statistics.WORLDS[0], contenders, seeds, worlds, seed=0)
    most = binomial_quantile(0.999, worlds, 0.05)
    assert tally.different * worlds <= most
    assert (1 - tally.all_differences) * worlds <= most
    assert (1 - tally.means) * worlds <= most


def test_a_difference_of_twice_the_half_width_is_found(statistics: ModuleType) -> None:
    tally = statistics.with_difference(statistics.WORLDS[0], 3, 3, worlds=100, seed=0)
    assert tally.found >= 0.8
    assert tally.differences >= 0.9


def test_the_seeds_alone_would_tell_differences_where_there_are_none(
    statistics: ModuleType,
) -> None:
    wrong = statistics.wrongly_different(statistics.WORLDS[0], 2, 5, worlds=100, seed=0)
    assert wrong["this one"] <= 0.1 < wrong["Welch's t-test of the seeds"]


def binomial_quantile(probability: float, count: int, share: float) -> float:
    from scipy.stats import binom

    return float(binom.ppf(probability, count, share))
