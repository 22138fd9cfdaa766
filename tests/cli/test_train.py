"""``mnistkit train``, mostly as real processes: what a person sees on the screen matters here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from mnistkit.cli.commands import cli

RESULT = re.compile(
    r"digits test: \d\d\.\d\d% correct \(95% interval \d\d\.\d\d to \d\d\.\d\d\), "
    r"\d+ mistakes? in 360, loss \d\.\d{4}"
)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_training_prints_the_result_and_nothing_else(trained):
    done, folder = trained
    assert done.returncode == 0, done.stderr
    result, saved = done.stdout.splitlines()
    assert RESULT.fullmatch(result)
    assert float(result.split()[2].rstrip("%")) > 70
    assert saved == f"Saved to {folder}"
    assert done.stderr == ""  # TensorFlow's start-up messages do not reach the user


def test_training_saves_what_it_was_asked_for(trained):
    _, folder = trained
    assert {"run.json", "history.csv", "weights.npz"} <= contents(folder).keys()
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert run["model"]["name"] == "dense128"
    assert run["seed"] == 0
    assert run["data"]["loaded_as"] == "digits"
    assert run["data"]["num_images"] == 1293  # nine tenths of 1,437
    header, *epochs = (folder / "history.csv").read_text(encoding="utf-8").splitlines()
    assert set(header.split(",")) >= {"epoch", "loss", "accuracy", "val_loss", "val_accuracy"}
    assert [line.partition(",")[0] for line in epochs] == ["1"]


def test_a_saved_run_is_not_replaced_unless_asked_for(trained, run_light):
    _, folder = trained
    before = contents(folder)
    done = run_light("train", "cnn", "--dataset", "digits", "--out", folder)
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.match(f"Error: {re.escape(repr(str(folder)))} holds a .*run already.", done.stderr)
    assert "(overwrite=True, --overwrite).\n" in done.stderr
    assert contents(folder) == before


def test_overwrite_replaces_the_run_and_a_terminal_shows_progress(
    trained, run_on_terminal, tmp_path
):
    folder = shutil.copytree(trained[1], tmp_path / "copy")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    status, shown = run_on_terminal(
        "train", "dense128", "--dataset", "digits", "--epochs", "2", "--batch-size", "100",
        "--seed", "7", "--recipe", "constant", "--out", folder, "--overwrite",
    )  # fmt: skip
    assert status == 0, shown
    assert "Epoch 1/2" in shown
    assert "Epoch 2/2" in shown
    *_, result, saved = shown.splitlines()
    assert RESULT.fullmatch(result)
    assert saved == f"Saved to {folder}"
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert (run["seed"], run["recipe"]["schedule"]) == (7, "constant")
    assert len((folder / "history.csv").read_text(encoding="utf-8").splitlines()) == 1 + 2
    assert (folder / "weights.npz").read_bytes() != (trained[1] / "weights.npz").read_bytes()
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("below", ["run", "run/deep/down"])
def test_a_folder_that_cannot_be_made_is_refused_before_training(run_light, tmp_path, below):
    file = tmp_path / "file"
    file.write_text("in the way", encoding="utf-8")
    out = file / below
    done = run_light("train", "dense128", "--dataset", "digits", "--out", out)
    assert done.returncode == 2
    assert f"Error: The run cannot be saved to {str(out)!r}: {str(file)!r} is not a folder.\n" in (
        done.stderr
    )
    assert file.read_text(encoding="utf-8") == "in the way"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may write everywhere"
)
def test_a_folder_that_cannot_be_written_to_is_refused_before_training(run_light, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    done = run_light("train", "dense128", "--dataset", "digits", "--out", folder / "run")
    assert done.returncode == 2
    assert f"{str(folder)!r} cannot be written to." in done.stderr


@pytest.mark.slow
def test_a_killed_run_is_continued_to_the_same_weights(trained, tmp_path):
    """Kill the program as soon as there is a checkpoint; then continue."""
    command = [sys.executable, "-m", "mnistkit", "train", "dense128", "--dataset", "digits"]
    command += ["--epochs", "150", "--out", str(tmp_path / "run")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list((tmp_path / "run").glob("checkpoint-00000[2-9].npz")):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    unfinished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert unfinished.returncode == 1
    assert "continue the run (resume=True, --resume)" in unfinished.stderr
    subprocess.run([*command, "--resume"], capture_output=True, check=True)
    whole = [*command[:-1], str(tmp_path / "whole")]
    subprocess.run(whole, capture_output=True, check=True)
    continued = json.loads((tmp_path / "run" / "run.json").read_text())
    at_once = json.loads((tmp_path / "whole" / "run.json").read_text())
    assert continued["files"] == at_once["files"]
    again = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=False)
    assert again.returncode == 0
    assert "The run is finished, and is not trained again." in again.stderr


def test_resume_needs_a_folder(run_light):
    done = run_light("train", "dense128", "--resume")
    assert done.returncode == 2
    assert "--resume needs --out FOLDER, and excludes --overwrite." in done.stderr


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("width", "--option 'width': expected NAME=VALUE, such as width=32."),
        ("seed=3", "--option 'seed=3': seed follows from the data set, or has an option of its"),
    ],
)
def test_an_option_that_is_none(run_light, option, message):
    done = run_light("train", "cnn", "--dataset", "digits", "--option", option)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())


def in_process(*arguments, model="dense128"):
    """The same command without the cost of a process that imports TensorFlow."""
    command = ["train", model, "--dataset", "digits", *map(str, arguments)]
    return CliRunner().invoke(cli, command, catch_exceptions=False)


def described(folder):
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def test_settings_reach_the_recipe(tmp_path):
    done = in_process(
        "--recipe", "constant", "--epochs", 1, "--learning-rate", 0.003, "--recipe-option",
        "weight_decay=0.01", "--recipe-option", 'metrics=["accuracy"]', "--recipe-option",
        'augmentation={"rotation": 5}', "--recipe-option", "optimizer=adamax", "--train-size", 30,
        "--out", tmp_path,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    recipe = described(tmp_path)["recipe"]
    assert recipe["schedule"] == "constant"
    assert (recipe["learning_rate"], recipe["weight_decay"]) == (0.003, 0.01)
    assert (recipe["optimizer"], recipe["augmentation"]["rotation"]) == ("adamax", 5)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--recipe-option", "weight=3"], 2, "weight=...: a recipe has no such setting; it has "),
        (["--recipe-option", "epochs=3"], 2, "epochs has an option of its own, --epochs."),
        (["--recipe-option", "warmup"], 2, "--recipe-option 'warmup': expected NAME=VALUE"),
        (["--recipe-option", "warmup=0", "--recipe-option", "warmup=1"], 2, "was given before."),
        (["--recipe-option", "warmup=2"], 1, "warmup=2: expected a share of the steps"),
        (["--option", "model=3"], 2, "model is the argument MODEL"),
        (["--learning-rate", "0"], 2, "0.0 is not in the range x>0"),
        (["--train-size", "0"], 2, "0 is not in the range x>=1"),
        (["--train-size", "1438"], 2, "--train-size 1438: there are 1,437 images to train on."),
        (["--validation-by", "writer"], 2, "--validation-by goes with --validation SHARE."),
        (["--validation", "0.1", "--validation-by", "person"], 2, "not one of 'class', 'writer'"),
        (["--validation", "0.1", "--validation-by", "writer"], 1,
         "The writers of 'digits train' are not known"),
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_sense(arguments, status, message):
    done = in_process(*arguments)
    assert done.exit_code == status
    assert message in " ".join(done.stderr.split())


BUILDER = """
import keras


def wide(*, num_classes=10, input_shape=(28, 28), units=3):
    layers = [keras.layers.Flatten(), keras.layers.Dense(units)]
    last = keras.layers.Dense(num_classes, "softmax")
    return keras.Sequential([keras.Input(input_shape), *layers, last])
"""


def test_an_option_that_the_builder_cannot_use(tmp_path, monkeypatch):
    (tmp_path / "builder_of_this_test.py").write_text(BUILDER, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    done = in_process("--option", "units=-1", model="builder_of_this_test:wide")
    assert done.exit_code == 1
    assert "wide' cannot be built with units=-1: ValueError: " in done.stderr


def test_a_few_images_of_every_class_beside_those_set_aside(tmp_path):
    for name in ("once", "again"):
        done = in_process(
            "--train-size", 50, "--validation", 0.2, "--epochs", 1, "--seed", 3,
            "--out", tmp_path / name,
        )  # fmt: skip
        assert done.exit_code == 0, done.output
    run, again = described(tmp_path / "once"), described(tmp_path / "again")
    assert (run["data"]["num_images"], run["validation"]["num_images"]) == (50, 287)
    assert run["data"] == again["data"]
    assert run["final_weights"] == again["final_weights"]


BY_WRITERS = """
import numpy as np

import mnistkit


def written():
    digits = mnistkit.load_dataset("digits")
    writers = np.arange(100) // 10
    part = lambda split: mnistkit.Split(split.images[:100], split.labels[:100], writers=writers)
    return mnistkit.Dataset.from_splits(
        part(digits.train), part(digits.test), mnistkit.DatasetInfo("written")
    )
"""


def test_whole_writers_are_set_aside_and_the_interval_counts_them(tmp_path, monkeypatch):
    (tmp_path / "by_writers.py").write_text(BY_WRITERS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    done = in_process(
        "--dataset", "by_writers:written", "--validation", 0.25, "--validation-by", "writer",
        "--epochs", 1, "--out", "run",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    run = described(tmp_path / "run")
    assert run["validation"]["num_images"] % 10 == 0
    assert run["validation"]["num_images"] in (20, 30)
    assert "(95% interval by writer " in done.output


def test_options_reach_the_model(tmp_path):
    command = [
        "train", "cnn", "--dataset", "digits", "--epochs", "1", "--out", str(tmp_path / "run"),
        "--option", "width=2", "--option", "dropout=0.25", "--train-size", "40",
    ]  # fmt: skip
    done = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    options = json.loads((tmp_path / "run" / "run.json").read_text())["model"]["options"]
    assert (options["width"], options["dropout"]) == (2, 0.25)
    unknown = CliRunner().invoke(
        cli, ["train", "cnn", "--dataset", "digits", "--option", "deepness=2"]
    )
    assert unknown.exit_code == 1
    assert "does not take these options" in unknown.output
