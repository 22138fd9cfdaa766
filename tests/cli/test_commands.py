"""The command line as a whole: help, version, exit statuses, no waiting for TensorFlow."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import mnistkit
from mnistkit.cli.commands import cli

COMMANDS = [
    "compare",
    "datasets",
    "evaluate",
    "export",
    "models",
    "predict",
    "report",
    "train",
    "tune",
    "weights",
]


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_every_command(run_light, option):
    done = run_light(option)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("Usage: mnistkit [OPTIONS] COMMAND [ARGS]...")
    assert [line.split()[0] for line in done.stdout.partition("Commands:\n")[2].splitlines()] == (
        COMMANDS
    )


@pytest.mark.parametrize("command", [*COMMANDS, "datasets fetch", "datasets verify"])
def test_every_command_explains_itself(command):
    done = CliRunner().invoke(cli, [*command.split(), "--help"], prog_name="mnistkit")
    assert done.exit_code == 0
    assert done.stderr == ""
    assert done.stdout.startswith(f"Usage: mnistkit {command} ")
    options = done.stdout.partition("Options:\n")[2].partition("\n\n")[0]
    for line in options.splitlines():
        assert re.search(r"\S  +[A-Z]|^ {8}", line), f"{line!r} does not say what the option does"


def test_the_installed_program_is_the_same_as_the_module(run_light):
    program = Path(sys.executable).with_name(
        "mnistkit.exe" if sys.platform == "win32" else "mnistkit"
    )
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout == run_light("--help").stdout


def test_version(run_light):
    done = run_light("--version")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"mnistkit {mnistkit.__version__}\n",
        "",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("trian", "No such command 'trian'"),
        ("datasets fecth", "No such command 'fecth'"),
        ("datasets fetch", "Missing argument 'NAME...'"),
        ("train", "Missing argument 'MODEL'"),
        ("train dense128 --epoch 3", "No such option '--epoch'"),
        ("train dense128 --epochs 0", "0 is not in the range x>=1"),
        ("train dense128 --batch-size many", "'many' is not a valid integer"),
        ("train dense128 --validation 1", "1.0 is not in the range 0<x<1"),
        ("train dense128 --seed -1", "-1 is not in the range x>=0"),
        ("train dense128 cnn", "Got unexpected extra argument (cnn)"),
        ("tune dense128", "A search needs an end: --trials N, --timeout SECONDS, or both."),
        ("tune dense128 --trials 0", "0 is not in the range x>=1"),
        ("tune dense128 --trials 1 --space width=8,16", "--space 'width=8,16': expected NAME=choi"),
        ("tune dense128 --trials 1 --space x=eval('1')", "expected NAME=choice(8, 16, 24), NAME="),
        ("tune dense128 --trials 1 --space x=uniform(2,1)", "uniform(2.0, 1.0) is empty: the fir"),
        ("tune dense128 --trials 1 --space x=choice(1) --space x=choice(2)", "x was given before."),
        ("evaluate", "Missing argument 'FOLDER'"),
        ("evaluate --jsn", "No such option '--jsn'"),
        ("models a b", "Got unexpected extra argument (b)"),
    ],
)
def test_a_mistake_in_the_command_is_status_2(arguments, message):
    done = CliRunner().invoke(cli, arguments.split(), prog_name="mnistkit")
    assert done.exit_code == 2
    assert done.stdout == ""
    usage, error = done.stderr.split("\n\n")
    assert re.fullmatch(r"Usage: mnistkit .*\nTry 'mnistkit .*--help' for help\.", usage)
    assert error.startswith("Error: ")
    assert message in error


def test_no_command_shows_the_help(run_light):
    assert "Commands:" in run_light().stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train dense_128", "There is no model named 'dense_128'. Did you mean 'dense128'?\n"),
        ("train dense128 --dataset minst", "no data set named 'minst'. Did you mean 'mnist'?\n"),
        ("train 3d", "There is no model named '3d'.\nKnown: 'cnn', 'dense128'"),
        ("train dense128 --dataset mnist", "'train-images-idx3-ubyte.gz' of the data set 'mnist'"),
        ("evaluate nowhere", "nowhere' holds no saved run: there is no 'run.json' in it."),
        ("models resnet*", "No model matches 'resnet*'. 'mnistkit models' lists all of them."),
        ("datasets fetch minst", "no data set named 'minst'. Did you mean 'mnist'?\n"),
        ("datasets verify minst", "no data set named 'minst'. Did you mean 'mnist'?\n"),
    ],
)
def test_a_mistake_in_a_name_is_status_1_at_once_and_without_a_traceback(
    run_light, home, arguments, message
):
    done = run_light(*arguments.split())
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_light_commands_are_kept_from(run_light):
    """The tests above mean something: what does need TensorFlow ends where it is denied."""
    done = run_light("train", "dense128", "--dataset", "digits")
    assert done.returncode == 1
    assert "tensorflow must not be imported here" in done.stderr


def test_a_wrong_setting_is_a_message(run, home):
    done = run("datasets", "fetch", "mnist", MNISTKIT_OFFLINE="perhaps")
    assert done.returncode == 1
    assert "Error: $MNISTKIT_OFFLINE is 'perhaps'; expected one of" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signal for a closed pipe")
def test_a_reader_that_stops_early_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -u -m mnistkit datasets | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("digits\t")
    assert done.stderr == ""
