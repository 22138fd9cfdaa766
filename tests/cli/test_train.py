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


def test_options_reach_the_model(tmp_path):
    command = [
        "train", "cnn", "--dataset", "digits", "--epochs", "1", "--out", str(tmp_path / "run"),
        "--option", "width=2", "--option", "dropout=0.25",
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
