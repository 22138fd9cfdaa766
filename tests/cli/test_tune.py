"""``mnistkit tune`` as a person calls it."""

from __future__ import annotations

import json
import shlex

import pytest
from click.testing import CliRunner, Result

from mnistkit.cli.commands import cli

NET = """
import mnistkit

@mnistkit.with_recipes(usual=mnistkit.Recipe(epochs=1))
def net(*, num_classes=10, input_shape=(28, 28), bias=True):
    import keras
    layers = [keras.layers.Flatten(), keras.layers.Dense(num_classes, "softmax", use_bias=bias)]
    return keras.Sequential([keras.Input(input_shape), *layers])
"""
SPACE = "learning_rate=log_uniform(0.01, 0.1)"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with somebody's network in it."""
    (tmp_path / "nets_to_tune.py").write_text(NET, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def called(*arguments: str) -> Result:
    """What a call prints; in this process, which has TensorFlow already."""
    return CliRunner().invoke(cli, arguments, prog_name="mnistkit")


def test_a_search_prints_trials_verdict_and_commands_that_work(here) -> None:
    command = (
        *("tune", "nets_to_tune:net", "--dataset", "digits", "--trials", "2", "--seeds", "0"),
        *("--option", "bias=false", "--space", SPACE, "--out", "kept"),
    )
    done = called(*command)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["trial", "accuracy", "seconds", "learning_rate"]
    assert [line.split()[0] for line in lines[1:3]] in (["0", "1"], ["1", "0"])
    assert "not held against the default" in lines
    assert (here / "kept" / "trials" / "0001" / "run.json").exists()
    result = json.loads((here / "kept" / "result.json").read_text(encoding="utf-8"))
    assert result["options"] == {"bias": False}
    again = called(*shlex.split(result["command"])[1:], "--format", "json")
    assert json.loads(again.stdout) == result
    training = lines[-1].removeprefix("Train the winner on all images: ")
    assert training == result["training_command"]
    rate = result["recipe"]["learning_rate"]
    assert shlex.split(training) == [
        *("mnistkit", "train", "nets_to_tune:net", "--dataset", "digits"),
        *("--option", "bias=false", "--learning-rate", str(rate)),
    ]


def test_what_makes_no_sense_is_one_line(here) -> None:
    done = called(
        "tune", "dense128", "--dataset", "digits", "--trials", "1", "--storage",
        "postgresql+psycopg://someone:secret@127.0.0.1:9/none",
    )  # fmt: skip
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "Error: The storage 'postgresql+psycopg://someone:***@127.0.0.1:9/none' cannot be reached: "
    )
    assert "secret" not in done.stderr


def test_unknown_names_are_refused_without_tensorflow(run_light) -> None:
    for arguments in (("dens128",), ("dense128", "--dataset", "digit")):
        done = run_light("tune", *arguments, "--trials", "1")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("Error: There is no ")
