"""The contenders of the benchmarks can be trained; the benchmarks themselves are not run."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

import pytest

from mnistkit.comparison.contender import entrants_of
from mnistkit.models import create_model

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    """Import a script of the benchmarks, as Python does that runs it."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


def test_the_rows_of_the_accuracy_tables_are_contenders(script) -> None:
    rows = script("accuracy").ROWS.values()
    for dataset in {row.dataset for row in rows}:
        given = [row.contender for row in rows if row.dataset == dataset]
        for entrant in entrants_of(given, 10):
            if not entrant.trains_itself:
                create_model(entrant.model, **entrant.options)


def test_a_row_takes_seeds_of_its_own(script) -> None:
    row_and_seeds = script("accuracy").row_and_seeds
    assert row_and_seeds("cnn-fast:3") == ("cnn-fast", 3)
    assert row_and_seeds("cnn-best") == ("cnn-best", 5)
    for wrong, message in (("cnn-slow", "expected one of dense128"), ("cnn-fast:0", "at least 1")):
        with pytest.raises(argparse.ArgumentTypeError, match=message):
            row_and_seeds(wrong)


@pytest.mark.parametrize(
    ("dataset", "choice", "row"),
    [
        ("mnist", "quick", "cnn-quick"),
        ("mnist", "fast", "cnn-fast"),
        ("fashion_mnist", "clothes-fast", "fashion-fast"),
        ("fashion_mnist", "clothes-best", "fashion-best"),
    ],
)
def test_what_was_chosen_is_the_recipe_and_the_model(script, dataset, choice, row) -> None:
    given = [script("choices").contender(dataset, choice), script("accuracy").ROWS[row].contender]
    chosen, ours = entrants_of(given, 10)
    # How many steps small data gets was not chosen there.
    assert chosen.recipe.replace(min_steps=ours.recipe.min_steps) == ours.recipe
    sizes = [
        [weight.shape for weight in create_model(one.model, **one.options).weights]
        for one in (chosen, ours)
    ]
    assert sizes[0] == sizes[1]
