"""The result of `mnistkit.robustness` as a value: what it holds, and how it is shown."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from mnistkit.errors import UnknownNameError
from mnistkit.evaluation import Evaluation, Robustness
from mnistkit.evaluation.interval import mean_interval

ACCURACY = {"fog": 0.25, "shear": 0.9, "canny_edges": 0.6}
WRITERS = np.repeat(np.arange(4), 5)


def evaluation(accuracy: float, *, writers: bool = False) -> Evaluation:
    """Twenty images, of which the first are right."""
    predictions = (np.arange(20) >= 20 * accuracy).astype(int)
    return Evaluation.from_probabilities(
        np.zeros(20, int),
        np.eye(2)[predictions],
        name="own test",
        writers=WRITERS if writers else None,
    )


@pytest.fixture
def result() -> Robustness:
    return Robustness(
        model="<mine>",
        clean=evaluation(0.95),
        kinds=tuple(ACCURACY),
        corrupted=tuple(map(evaluation, ACCURACY.values())),
        examples=np.zeros((3, 28, 28), np.uint8),
        severity=1.0,
        seed=0,
    )


def test_the_mean_and_what_is_left(result: Robustness) -> None:
    assert result.accuracy == ACCURACY
    assert result.mean_accuracy == pytest.approx(1.75 / 3)
    assert result.relative_accuracy["fog"] == 0.25 / 0.95
    assert result.mean_relative_accuracy == pytest.approx(1.75 / 3 / 0.95)
    assert result.sorted_kinds() == ["fog", "canny_edges", "shear"]


def test_the_interval_of_the_mean_is_by_writer_where_they_are_known(result: Robustness) -> None:
    # Of the corruptions, those under which each image is recognised.
    shares = np.mean([np.arange(20) < 20 * one for one in ACCURACY.values()], axis=0)
    assert result.mean_accuracy_interval == mean_interval(shares, None)
    low, high = result.mean_accuracy_interval
    assert low < result.mean_accuracy < high
    by_writer = replace(result, clean=evaluation(0.95, writers=True))
    assert by_writer.mean_accuracy_interval == mean_interval(shares, WRITERS)


def test_as_text(result: Robustness) -> None:
    low, high = result.mean_accuracy_interval
    assert str(result) == (
        f"<mine> on own test: 58.33% correct (95% interval {100 * low:.2f} to {100 * high:.2f}), "
        "the mean over 3 MNIST-C-like corruptions, 95.00% on clean images; "
        "the worst is fog with 25.00%"
    )
    assert repr(result) == f"<Robustness: {result}>"
    head, blank, *table = result.report().splitlines()
    assert (head, blank) == (str(result), "")
    assert table == [
        "corruption   accuracy     95% interval  of clean",
        "fog            25.00%   11.19 to 46.87     0.263",
        "canny_edges    60.00%   38.66 to 78.12     0.632",
        "shear          90.00%   69.90 to 97.21     0.947",
        "clean          95.00%   76.39 to 99.11     1.000",
    ]


def test_one_kind_and_another_severity_in_words(result: Robustness) -> None:
    one = replace(
        result, kinds=("fog",), corrupted=result.corrupted[:1], severity=0.5,
        clean=Evaluation.from_probabilities([0], [[1.0, 0.0]]),
    )  # fmt: skip
    assert str(one).startswith("<mine>: 25.00% correct ")
    assert "the mean over 1 MNIST-C-like corruption at severity 0.5, " in str(one)


def test_as_a_table_in_a_notebook(result: Robustness) -> None:
    table = result._repr_html_()
    assert table.count("<tr>") == 5
    assert "<caption>&lt;mine&gt; on own test: " in table
    assert '<th scope="row">fog</th><td>25.00%</td>' in table


def test_to_dict_is_plain_and_says_what_it_is(result: Robustness) -> None:
    record = json.loads(json.dumps(result.to_dict()))
    assert record["corruptions"] == "MNIST-C-like"
    assert (record["model"], record["data"]) == ("<mine>", "own test")
    assert (record["severity"], record["seed"]) == (1.0, 0)
    assert record["mean_accuracy"] == result.mean_accuracy
    assert record["mean_accuracy_interval"] == [*result.mean_accuracy_interval]
    assert {kind: one["accuracy"] for kind, one in record["corrupted"].items()} == ACCURACY
    assert record["clean"]["accuracy"] == 0.95


def test_it_is_frozen_and_can_be_sent(result: Robustness) -> None:
    with pytest.raises(AttributeError):
        result.seed = 1  # type: ignore[misc]
    assert not result.examples.flags.writeable
    assert pickle.loads(pickle.dumps(result)).accuracy == ACCURACY


def test_asking_for_a_kind(result: Robustness) -> None:
    assert result["shear"] is result.corrupted[1]
    with pytest.raises(UnknownNameError) as caught:
        result["frog"]
    assert str(caught.value) == "'frog' was not measured; there are fog, shear, canny_edges."
    with pytest.raises(TypeError, match="its `kinds` and `corrupted` are"):
        iter(result)


def test_a_model_that_is_never_right(result: Robustness) -> None:
    never = replace(result, clean=evaluation(0.0))
    assert np.isnan(never.mean_relative_accuracy)
    assert never.report().splitlines()[-1].endswith("nan")
