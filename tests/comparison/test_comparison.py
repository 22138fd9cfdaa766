from __future__ import annotations

import csv
import dataclasses
import io
import json
import re

import numpy as np
import pytest

import mnistkit
from mnistkit.errors import ComparisonError, UnknownNameError

COSTS = ["parameters", "mult-adds", "weights MB", "training s", "ms a picture", "pictures/s"]


def test_the_text_has_the_table_and_the_verdict(compared) -> None:
    header, *rows = str(compared).splitlines()
    assert re.split("  +", header)[:7] == [
        *("contender", "seeds", "accuracy", "± of a seed", "95% interval", "loss", "cal. error"),
    ]
    assert header.split("cal. error")[1].split("  ") != COSTS
    assert [row.split()[0] for row in rows[:3]] == ["usual", "blind", "by_colour"]
    assert rows[2].split()[-1] == "-"  # nobody knows how fast it answers
    assert len({len(row) for row in rows[:2]}) == 1  # aligned
    assert tuple(rows[4:7]) == compared.verdict
    assert compared.verdict[0].startswith("`usual` is better than `blind` by ")
    assert rows[7].startswith("(small validation: training images set aside, by writers")
    assert "corrected for 3 pairs" in rows[7]


def test_figures_are_means_over_seeds_and_costs_are_of_the_model(compared) -> None:
    usual = compared["usual"]
    evaluations = list(usual.evaluations.values())
    for name in ("accuracy", "loss", "calibration_error"):
        assert getattr(usual, name) == pytest.approx(
            np.mean([getattr(one, name) for one in evaluations])
        )
    cost = usual.cost
    assert (cost.parameters, cost.multiply_adds, cost.weight_bytes) == (111, 108, 444)
    assert cost.fit_seconds == np.median([one.fit_seconds for one in usual.costs.values()])
    assert cost.one_image_ms > 0
    assert cost.images_per_second > 0
    own = compared["by_colour"].cost
    assert own.fit_seconds > 0
    assert own.parameters is own.multiply_adds is own.weight_bytes is own.one_image_ms is None


def test_markdown_has_a_table_with_as_many_cells_everywhere(compared) -> None:
    text = compared.to_markdown()
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in table} == {14}
    assert [line for line in text.splitlines() if line.startswith("- ")] == [
        f"- {sentence}" for sentence in compared.verdict
    ]


def test_markdown_takes_the_columns_that_are_asked_for(compared) -> None:
    names = ("contender", "accuracy_deviation", "accuracy_interval", "parameters")
    header, _, *rows = [
        line for line in compared.to_markdown(columns=names).splitlines() if line.startswith("|")
    ]
    assert header == "| contender | ± of a seed | 95% interval | parameters |"
    assert rows[0].startswith("| usual | ")
    assert rows[0].endswith(" | 111 |")
    with pytest.raises(UnknownNameError, match=r"no column 'seconds'; there are 'contender', 'se"):
        compared.to_markdown(columns=("seconds",))


def test_the_deviation_of_a_seed_is_that_of_the_accuracies(compared, small, contenders) -> None:
    accuracies = [one.accuracy for one in compared["by_colour"].evaluations.values()]
    assert compared["by_colour"].accuracy_deviation == pytest.approx(np.std(accuracies, ddof=1))
    assert mnistkit.compare(contenders[2:], small, seeds=1)["by_colour"].accuracy_deviation is None


def test_csv_has_plain_numbers(compared) -> None:
    rows = list(csv.DictReader(io.StringIO(compared.to_csv())))
    assert [row["contender"] for row in rows] == ["usual", "blind", "by_colour"]
    mean = compared.accuracies.contenders[0]
    assert float(rows[0]["accuracy"]) == mean.accuracy
    assert (float(rows[0]["accuracy_low"]), float(rows[0]["accuracy_high"])) == mean.interval
    assert float(rows[0]["accuracy_deviation"]) == compared["usual"].accuracy_deviation
    assert int(rows[0]["parameters"]) == 111
    assert rows[2]["parameters"] == rows[2]["errors"] == ""


def test_json_has_all_of_it(compared) -> None:
    content = json.loads(compared.to_json())
    assert content == compared.to_dict()
    assert content["on"] == "holdout"
    assert content["contenders"][0]["cost"]["parameters"] == 111
    assert content["contenders"][1]["options"] == {"blind": True}
    assert len(content["accuracies"]["differences"]) == 3


def test_a_notebook_shows_a_table_and_escapes_titles(small, contenders) -> None:
    bold = mnistkit.Contender(contenders[2], title="<b>")
    html = mnistkit.compare([bold], small, seeds=1)._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert html.count("<tr>") == 2


def test_an_ensemble_is_the_mean_of_the_probabilities(compared) -> None:
    together = compared.ensemble("by_colour")
    apart = list(compared["by_colour"].evaluations.values())
    assert np.allclose(
        together.probabilities, (apart[0].probabilities + apart[1].probabilities) / 2
    )
    assert together.name == "small validation, 2 seeds of by_colour"
    assert np.array_equal(together.writers, apart[0].writers)


def test_one_seed_says_so(small, contenders) -> None:
    text = str(mnistkit.compare(contenders[2:], small, seeds=1))
    assert "one seed says nothing of the chance in training" in text


def test_it_does_not_change_and_refuses_unknown_titles(compared) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        compared.on = "test"
    with pytest.raises(UnknownNameError, match=r"no contender 'cnn'; there are 'usual', 'blind'"):
        compared["cnn"]
    with pytest.raises(TypeError, match="is not iterated over"):
        list(compared)
    assert repr(compared) == "<Comparison of usual, blind, by_colour, on small validation>"
    assert repr(compared["usual"]) == "<ContenderResult of 'usual': 2 trained>"


def test_there_is_no_ensemble_of_what_has_failed(small) -> None:
    def breaks(train, images, seed):
        raise ValueError("two\nlines")

    compared = mnistkit.compare([breaks], small, seeds=1)
    assert compared.errors == ("`breaks` failed with seed 0: ValueError: two lines",)
    with pytest.raises(ComparisonError, match="No training of 'breaks' has worked"):
        compared.ensemble("breaks")


def test_robustness_is_one_argument_and_is_called_mnist_c_like(tmp_path) -> None:
    def by_ink(train, images, seed):
        """Train in its own way: how much ink there is."""
        ink = images.reshape(len(images), -1).mean(axis=1, keepdims=True) / 255
        scores = np.exp(-abs(ink - np.linspace(0.1, 0.3, len(train.classes))))
        return scores / scores.sum(axis=1, keepdims=True)

    folder = tmp_path / "robust"
    arguments = {"seeds": 1, "run_dir": folder}
    plain = mnistkit.compare([by_ink], "digits", **arguments)
    robust = mnistkit.compare([by_ink], "digits", robustness=True, **arguments)
    result = robust["by_ink"]
    assert list(result.corrupted) == list(robust.kinds) == list(mnistkit.list_corruptions())
    fog = result.corrupted["fog"][0]
    assert fog.name == "digits validation, fog (MNIST-C-like)"
    held_out = mnistkit.load_dataset("digits").train.holdout(1 / 6, by="class", seed=0)[1]
    corrupted = by_ink(held_out, mnistkit.corrupt(held_out.images, "fog"), 0)
    assert np.allclose(fog.probabilities, corrupted)
    assert result.robustness == pytest.approx(
        np.mean([one[0].accuracy for one in result.corrupted.values()])
    )
    assert "MNIST-C-like" in str(robust).splitlines()[0]
    assert "MNIST-C-like" not in str(plain)
    assert mnistkit.comparison.load_comparison(folder).to_json() == robust.to_json()
    again = mnistkit.compare([by_ink], "digits", robustness=True, **arguments)
    assert again.to_json() == robust.to_json()
