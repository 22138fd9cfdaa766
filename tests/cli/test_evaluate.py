"""``mnistkit evaluate``."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from mnistkit.cli.commands import cli

OWN_DATA = """
import mnistkit


def first_hundred():
    test = mnistkit.load_dataset("digits").test[:100]
    return mnistkit.Dataset.from_splits(test, test, mnistkit.DatasetInfo("hundred"))
"""


def in_process(*arguments):
    """The same command without the cost of a process that imports TensorFlow."""
    return CliRunner().invoke(cli, ["evaluate", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def changed(trained, tmp_path, forge):
    """A copy of the trained run; call it with what its description is to say instead."""
    folder = shutil.copytree(trained[1], tmp_path / "run")

    def change(**entries):
        forge(folder, lambda run: run.update(entries))
        return folder

    return change


@pytest.fixture(autouse=True)
def _log_level_stays(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")


def test_evaluate_measures_what_training_measured(trained, run):
    training, folder = trained
    done = run("evaluate", folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    result, empty, header, *classes = done.stdout.splitlines()
    assert result == training.stdout.splitlines()[0]
    assert empty == ""
    assert header.split() == ["class", "precision", "recall", "F1", "images"]
    assert [line.split()[0] for line in classes] == list("0123456789")
    assert sum(int(line.split()[-1]) for line in classes) == 360


def test_json_is_json_and_nothing_else(trained):
    training, folder = trained
    done = in_process(folder, "--json")
    assert done.exit_code == 0
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert result["num_examples"] == 360
    assert f"digits test: {result['accuracy']:.2%} correct" in training.stdout
    assert result["classes"] == list("0123456789")
    assert sum(map(sum, result["confusion_matrix"])) == 360


def test_another_data_set_can_be_given(trained, tmp_path, monkeypatch):
    (tmp_path / "hundred_digits.py").write_text(OWN_DATA, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    done = in_process(trained[1], "--dataset", "hundred_digits:first_hundred", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout)["num_examples"] == 100


def test_an_unknown_data_set_is_named_at_once(trained, run_light):
    done = run_light("evaluate", trained[1], "--dataset", "digit")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "Error: There is no data set named 'digit'. Did you mean 'digits'?\nKnown: 'digits', "
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "was not trained on data that was loaded by a name. Give --dataset NAME."),
        (
            {"loaded_as": "arrays", "name": "arrays train", "num_images": 3, "sha256": "0"},
            "was trained on 'arrays', which is not the name of a data set. Give --dataset NAME, or",
        ),
    ],
)
def test_a_run_on_nameless_data_needs_the_option(changed, run_light, data, message):
    folder = changed(data=data)
    done = run_light("evaluate", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Error: The run in {str(folder)!r} {message}" in done.stderr


def test_a_model_that_is_gone_is_named_with_who_offered_it(changed):
    options = {"input_shape": [28, 28]}
    model = {"name": "gone", "provider": "mnistkit-gone 1.2", "options": options, "defaults": []}
    folder = changed(model=model)
    done = in_process(folder)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: There is no model named 'gone'.\n")
    assert f"The saved run {str(folder)!r} needs this model from mnistkit-gone 1.2." in done.stderr


def test_damaged_weights_are_not_used(changed):
    folder = changed()
    weights = folder / "weights.npz"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    done = in_process(folder)
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"Error: {str(weights)!r} is not the file that was saved" in done.stderr


def test_a_damaged_description_is_a_message(changed, run_light):
    folder = changed()
    (folder / "run.json").write_text('{"format": ', encoding="utf-8")
    done = run_light("evaluate", folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {str(folder / 'run.json')!r} is damaged: ")


def test_a_file_in_place_of_the_folder(trained, run_light):
    done = run_light("evaluate", trained[1] / "run.json")
    assert done.returncode == 2
    assert "run.json' is a file." in done.stderr
