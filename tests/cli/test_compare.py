"""``mnistkit compare`` as a person calls it."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest
from click.testing import CliRunner

from mnistkit.cli.commands import cli

NETS = """
import numpy as np
import mnistkit

@mnistkit.with_recipes(short=mnistkit.Recipe(epochs=1))
def mine(*, num_classes=10, input_shape=(28, 28)):
    import keras
    layers = [keras.layers.Flatten(), keras.layers.Dense(num_classes, "softmax")]
    return keras.Sequential([keras.Input(input_shape), *layers])

def guesses(train, images, seed):
    return np.random.default_rng(seed).dirichlet([1] * len(train.classes), len(images))

def fails(train, images, seed):
    raise ValueError("not today")
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with somebody's networks in it."""
    (tmp_path / "nets_of_a_test.py").write_text(NETS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def in_process(*arguments):
    """The same command without the cost of a process that imports TensorFlow."""
    return CliRunner().invoke(cli, ["compare", *arguments], catch_exceptions=False)


def test_a_comparison_prints_the_table_and_the_verdict_and_is_kept(here) -> None:
    arguments = (
        "nets_of_a_test:mine", "nets_of_a_test:guesses", "--dataset", "digits",
        "--seeds", "2", "--out", "kept",
    )  # fmt: skip
    done = in_process(*arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    header, mine, guesses, _, verdict, note = done.stdout.splitlines()
    assert header.startswith("contender  seeds  accuracy")
    assert (mine.split()[0], guesses.split()[0]) == ("mine", "guesses")
    assert verdict.startswith("`mine` is better than `guesses` by ")
    assert note.startswith("(digits validation: training images set aside")
    assert (here / "kept" / "mine" / "seed-1" / "run.json").exists()
    again = in_process(*arguments, "--format", "json")
    assert json.loads(again.stdout)["verdict"] == [verdict]


def test_a_failure_is_told_and_is_the_exit_status(here) -> None:
    done = in_process(
        "nets_of_a_test:guesses", "nets_of_a_test:fails", "--dataset", "digits",
        "--seeds", "1", "--test", "--also-on", "digits", "--format", "csv",
    )  # fmt: skip
    assert done.exit_code == 1
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows[1]["errors"] == "seed 0: ValueError: not today"
    assert 0 < float(rows[0]["accuracy"]) < 0.3
    assert 0 < float(rows[0]["accuracy_on_digits"]) < 0.3
    assert "--out FOLDER would have kept the runs" in done.stderr


def test_unknown_names_are_refused_without_tensorflow(run_light) -> None:
    for arguments in (("dens128",), ("dense128", "--dataset", "digit"), ("cnn", "--also-on", "x")):
        done = run_light("compare", *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("Error: There is no ")


def test_a_terminal_shows_which_contender_and_seed_is_trained(run_on_terminal, here) -> None:
    status, shown = run_on_terminal(
        "compare", "nets_of_a_test:mine", "--dataset", "digits", "--seeds", "1", columns=200
    )
    assert status == 0
    assert "Comparing mine, seed 0" in shown
    assert "contender  seeds  accuracy" in shown


@pytest.mark.slow
def test_jobs_train_in_processes_of_their_own(run, here) -> None:
    done = run(
        "compare", "nets_of_a_test:mine", "--recipe", "short", "--dataset", "digits",
        "--seeds", "2", "--jobs", "2", "--out", "kept",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].startswith("mine, short ")
    assert (here / "kept" / "mine-short" / "seed-0" / "run.json").exists()
