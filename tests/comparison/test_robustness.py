from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Split, Trainer, corrupt, list_corruptions, robustness
from mnistkit.errors import (
    ImageError,
    LabelError,
    RunFolderError,
    UnknownNameError,
    WrongTypeError,
)
from mnistkit.evaluation import Robustness

TEST = mnistkit.load_dataset("digits").test[:60]


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")]
    return keras.Sequential([keras.Input((28, 28)), *layers])


@pytest.fixture(scope="module")
def result() -> Robustness:
    return robustness("dense128", TEST, seed=3)


def test_every_kind_is_measured_on_its_own_images(model: keras.Model) -> None:
    result = robustness(model, TEST, kinds=["fog", "scale"], severity=0.7, seed=5)
    assert result.kinds == ("fog", "scale")
    assert (result.severity, result.seed) == (0.7, 5)
    trainer = Trainer(model)
    np.testing.assert_array_equal(result.clean.probabilities, trainer.predict(TEST))
    for kind, example in zip(result.kinds, result.examples, strict=True):
        images = corrupt(TEST.images, kind, severity=0.7, seed=5)
        np.testing.assert_array_equal(result[kind].probabilities, trainer.predict(images))
        np.testing.assert_array_equal(example, images[0])
        assert result[kind].name == f"digits test, {kind} (MNIST-C-like)"
    assert result.clean.name == "digits test"


def test_by_default_it_is_all_kinds_as_published(result: Robustness) -> None:
    assert list(result.kinds) == list_corruptions()
    assert result.severity == 1
    assert result.model == "dense128 with the weights 'mnist'"
    assert result.clean.accuracy > 0.8


def test_a_trainer_its_model_and_its_folder_give_the_same(
    model: keras.Model, tmp_path: Path
) -> None:
    trainer = Trainer(model)
    trainer.save(tmp_path / "run")
    results = [
        robustness(one, TEST, kinds="shear")
        for one in (trainer, model, tmp_path / "run", str(tmp_path / "run"))
    ]
    for one in results:
        np.testing.assert_array_equal(one["shear"].probabilities, results[0]["shear"].probabilities)
    assert results[-1].model == str(tmp_path / "run")


def test_the_same_again(model: keras.Model) -> None:
    first, second, other = (robustness(model, TEST, seed=seed) for seed in (0, 0, 1))
    assert first.accuracy == second.accuracy
    np.testing.assert_array_equal(first.examples, second.examples)
    assert not np.array_equal(first.examples, other.examples)


def test_other_classes_and_more_outputs_than_classes(model: keras.Model) -> None:
    few = Split(TEST.images, TEST.labels % 3, classes=["a", "b", "c"])
    result = robustness(model, few, kinds="zigzag")
    assert result.clean.classes[:4] == ("a", "b", "c", "3")
    assert result["zigzag"].name == "zigzag (MNIST-C-like)"


def test_writers_are_known_of_the_corrupted_images_too() -> None:
    written = TEST.replace(writers=np.arange(60) // 6)
    result = robustness("dense128", written, kinds=["translate"])
    for one in (result.clean, result["translate"]):
        assert one.interval_method == "Wilson by writer"


def test_a_name_needs_no_tensorflow() -> None:
    code = """
import sys, mnistkit
test = mnistkit.load_dataset("digits").test[:20]
print(mnistkit.robustness("cnn", test, kinds=["fog"]).model)
assert "tensorflow" not in sys.modules and "keras" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "cnn with the weights 'mnist'\n"
    assert done.stderr == ""


@pytest.mark.parametrize("model", ["dense1", "", "no/such/folder", "x" * 5000, "a\0b"])
def test_a_name_that_leads_nowhere(model: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        robustness(model, TEST)
    message = str(caught.value)
    assert "There are no trained weights for model=" in message
    assert "Trained weights come with 'cnn', 'dense128'." in message


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    for folder in (tmp_path, str(tmp_path), tmp_path / "none"):
        with pytest.raises(RunFolderError):
            robustness(folder, TEST)


@pytest.mark.parametrize("model", [None, 3, keras.layers.Dense, [1]])
def test_what_is_no_model(model: Any) -> None:
    with pytest.raises(WrongTypeError, match=r"robustness takes a Trainer, a keras\.Model, the"):
        robustness(model, TEST)


def test_what_is_no_split() -> None:
    with pytest.raises(WrongTypeError, match=r"not a Dataset\. Give one of its parts, such as"):
        robustness("dense128", mnistkit.load_dataset("digits"))  # type: ignore[arg-type]
    with pytest.raises(WrongTypeError, match=r"takes a mnistkit\.Split, not a tuple\.$"):
        robustness("dense128", (TEST.images, TEST.labels))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"kinds": ["fog", "frog"]}, UnknownNameError, r"Did you mean 'fog'\?"),
        ({"kinds": 5}, WrongTypeError, r"kinds=5: expected a list such as \['fog', 'shear'\]"),
        ({"kinds": []}, ValueError, r"kinds=\[\]: expected one kind or more, each once"),
        ({"kinds": ["fog", "fog"]}, ValueError, "each once"),
        ({"severity": -1}, ValueError, "severity=-1: expected a number from 0"),
        ({"seed": 0.5}, ValueError, r"seed=0\.5: expected a whole number"),
    ],
)
def test_settings_that_make_no_sense(
    settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        robustness("dense128", TEST, **settings)


def test_images_and_labels_that_do_not_fit() -> None:
    with pytest.raises(ImageError, match=r"MNIST-C's corruptions are for \(n, 28, 28\)"):
        robustness("dense128", Split(np.zeros((3, 8, 8), np.uint8), [0, 1, 2]))
    with pytest.raises(LabelError):
        robustness("dense128", Split(TEST.images, np.arange(60)))
