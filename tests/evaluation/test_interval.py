"""The interval of an accuracy: what is known of its formulas, and how often it holds the truth."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray
from scipy import stats

from mnistkit.errors import LabelError
from mnistkit.evaluation import Evaluation
from mnistkit.evaluation.interval import effective_sample_size, mean_interval, wilson_interval


def evaluated(correct: NDArray[np.bool_], writers: object = None) -> Evaluation:
    probabilities = np.where(correct[:, None], [0.9, 0.1], [0.1, 0.9])
    return Evaluation.from_probabilities(
        np.zeros(len(correct), int), probabilities, writers=writers
    )


def students_shrinking(count: int) -> float:
    return float((stats.norm.ppf(0.975) / stats.t.ppf(0.975, count - 1)) ** 2)


def test_writers_who_are_all_right_or_all_wrong_count_once() -> None:
    """Ten writers of five images each, one of them unreadable: a sample of nine."""
    correct = np.repeat(np.arange(10) > 0, 5)
    writers = np.repeat(np.arange(10), 5)
    expected = 9 * students_shrinking(10)
    assert effective_sample_size(correct, writers) == pytest.approx(expected)
    result = evaluated(correct, writers)
    assert result.accuracy_interval == pytest.approx(wilson_interval(0.9, expected))
    assert result.interval_method == "Wilson by writer"


def test_the_variance_is_that_of_cluster_robust_regression() -> None:
    """Of a mean, the sandwich of Cameron & Miller with the factor G / (G - 1), spelled out."""
    generator = np.random.default_rng(3)
    writers = generator.integers(0, 12, 150) * 1000
    correct = generator.random(150) < np.where(writers < 4000, 0.4, 0.95)
    residuals = correct - correct.mean()
    same = writers[:, None] == writers
    meat = residuals @ same @ residuals
    variance = 12 / 11 * meat / 150**2
    size = correct.mean() * (1 - correct.mean()) / variance
    assert size < 100
    expected = size * students_shrinking(12)
    assert effective_sample_size(correct, writers) == pytest.approx(expected)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=60),
)
def test_it_is_never_narrower_than_without_writers(images: list[tuple[int, bool]]) -> None:
    writers = np.array([writer for writer, _ in images])
    correct = np.array([right for _, right in images])
    result = evaluated(correct, writers)
    low, high = result.accuracy_interval
    lowest, highest = evaluated(correct).accuracy_interval
    assert 0 <= low <= lowest <= result.accuracy <= highest <= high <= 1
    assert (result.interval_method == "Wilson") == (len(set(writers)) == 1)


@pytest.mark.parametrize("right", [True, False])
def test_no_mistake_or_nothing_else(right: bool) -> None:
    """Nothing is seen of how writers differ: all images count, with Student's quantile."""
    result = evaluated(np.full(60, right), np.arange(60) // 10)
    expected = wilson_interval(float(right), 60 * students_shrinking(6))
    assert result.accuracy_interval == pytest.approx(expected)
    low, high = result.accuracy_interval
    assert (high if right else low) == float(right)
    assert 0.01 < high - low < 0.3


def test_one_writer_is_a_sample_of_one() -> None:
    result = evaluated(np.arange(20) > 2, np.full(20, 7))
    assert result.accuracy_interval == evaluated(np.arange(20) > 2).accuracy_interval
    assert result.interval_method == "Wilson"
    assert "(95% interval 6" in str(result)


def test_two_writers_say_very_little() -> None:
    low, high = evaluated(np.arange(200) > 20, np.arange(200) // 100).accuracy_interval
    assert low < 0.3
    assert high > 0.99


def test_the_result_says_which_it_is() -> None:
    correct, writers = np.arange(40) % 8 > 0, np.arange(40) // 4
    by_writer, alone = evaluated(correct, writers), evaluated(correct)
    for result, words in ((by_writer, "(95% interval by writer "), (alone, "(95% interval ")):
        assert words in str(result)
        assert words in repr(result)
        assert words in result.report()
        assert words in result._repr_html_()
        assert result.to_dict()["interval_method"] == result.interval_method
    assert "by writer" not in str(alone)


@pytest.mark.parametrize(
    ("writers", "message"),
    [
        ([1, 2], r"writers have the shape \(2,\); expected \(3,\), one writer per image"),
        (["a", "b", "c"], "Writers are integers; these are of type <U1"),
        ([1.0, 2.0, 3.0], r"of type float64.*numpy\.unique"),
    ],
)
def test_wrong_writers_are_refused(writers: object, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        evaluated(np.array([True, False, True]), writers)


def test_writers_are_a_copy_that_cannot_be_written_to() -> None:
    writers = np.array([1, 2, 3])
    result = evaluated(np.array([True, False, True]), writers)
    writers[:] = 0
    assert result.writers is not None
    assert result.writers.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        result.writers[0] = 5


@pytest.mark.parametrize(
    ("accuracy", "alike", "count"),
    [(0.85, 0.15, 100), (0.95, 0.1, 250), (0.7, 0.3, 12)],
    ids=["many writers", "a good model", "few writers"],
)
def test_it_holds_the_truth_as_often_as_it_says(accuracy: float, alike: float, count: int) -> None:
    """Beta-binomial: how readable a writer is is drawn from a beta distribution, for each anew."""
    generator = np.random.default_rng(0)
    spread = 1 / alike - 1  # the correlation of two images by one writer is 1 / (spread + 1)
    trials, by_writer, as_independent = 400, 0, 0
    for _ in range(trials):
        sizes = generator.integers(10, 60, count)
        readable = generator.beta(accuracy * spread, (1 - accuracy) * spread, count)
        writers = np.repeat(np.arange(count), sizes)
        correct = generator.random(len(writers)) < readable[writers]
        low, high = wilson_interval(correct.mean(), effective_sample_size(correct, writers))
        by_writer += low <= accuracy <= high
        low, high = wilson_interval(correct.mean(), len(correct))
        as_independent += low <= accuracy <= high
    # Of 400 at 95%, 371 to 388 is what chance leaves (95%).
    assert 0.92 < by_writer / trials < 0.985
    assert as_independent / trials < 0.75


def test_independent_images_lose_nothing_but_students_quantile() -> None:
    generator = np.random.default_rng(1)
    trials, held = 400, 0
    for _ in range(trials):
        correct, writers = generator.random(1000) < 0.9, generator.integers(0, 100, 1000)
        low, high = wilson_interval(correct.mean(), effective_sample_size(correct, writers))
        held += low <= 0.9 <= high
    assert 0.93 < held / trials < 0.99


def test_the_interval_of_a_mean_is_students_away_from_the_ends() -> None:
    random = np.random.default_rng(0)
    values = random.beta(8, 4, 2000)
    expected = stats.t.interval(0.95, 1999, values.mean(), stats.sem(values))
    assert mean_interval(values, None) == pytest.approx(expected, abs=2e-4)
    writers = np.repeat(np.arange(100), 20)
    values = np.clip(values * 0.5 + np.repeat(random.random(100), 20) * 0.5, 0, 1)
    means = values.reshape(100, 20).mean(axis=1)
    expected = stats.t.interval(0.95, 99, means.mean(), stats.sem(means))
    assert mean_interval(values, writers) == pytest.approx(expected, abs=2e-3)
    assert mean_interval(values, np.zeros(2000, int)) == mean_interval(values, None)


def test_the_interval_of_a_mean_of_right_and_wrong_is_wilsons() -> None:
    correct = (np.arange(400) % 5 > 0).astype(float)
    assert mean_interval(correct, None) == pytest.approx(wilson_interval(0.8, 400), abs=2e-4)
    assert mean_interval(np.ones(400), None) == pytest.approx(wilson_interval(1, 400), abs=2e-4)
    assert mean_interval(np.ones(1), None) == (0, 1)
