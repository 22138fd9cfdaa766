"""package_weights: from a run to what a package offers, and what its users do with that."""

from __future__ import annotations

import hashlib
import json
import sys

import keras
import numpy as np
import pytest
from PIL import Image

import mnistkit
from mnistkit import create_model, list_weights, model_card, package_weights
from mnistkit.errors import (
    ExportError,
    InvalidNameError,
    MissingPackageError,
    OutputPathError,
    RunFolderError,
    UnknownNameError,
    WeightsError,
)
from mnistkit.testing import check_weights

DATA = mnistkit.load_dataset("digits")
POINTS = "narrow = narrow_package:narrow\n[mnistkit.weights]\nnarrow = narrow_package.weights"
SOURCE = """
import keras
from keras import layers


def narrow(*, num_classes=10, input_shape=(28, 28), units=12):
    dense = [layers.Dense(units, "relu"), layers.Dense(num_classes, "softmax")]
    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), *dense])
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a run of dense128, calibrated."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    trainer = mnistkit.Trainer("dense128")
    rest, held_out = DATA.train.holdout(0.2)
    trainer.fit(rest, epochs=1)
    trainer.calibrate(held_out)
    trainer.save(folder)
    return folder


def test_a_package_offers_what_it_has_trained(install, tmp_path, monkeypatch):
    package = install("narrow-package", POINTS) / "narrow_package"
    package.mkdir()
    (package / "__init__.py").write_text(SOURCE)
    monkeypatch.delitem(sys.modules, "narrow_package", raising=False)
    trainer = mnistkit.Trainer("narrow", units=16)
    trainer.fit(DATA.train, epochs=3)
    trainer.save(tmp_path / "run")

    card = package_weights(tmp_path / "run", package / "weights", also_on=[DATA.test[:50]])

    assert sorted(path.name for path in (package / "weights").iterdir()) == [
        "digits.json", "digits.npz", "digits.onnx",
    ]  # fmt: skip
    assert list_weights("narrow") == ["digits"]
    assert model_card("narrow", "digits") == card
    assert card.options["units"] == 16
    assert [row.num_images for row in card.measurements] == [len(DATA.test), 50]
    assert card.measurements[0].accuracy == trainer.evaluate(DATA.test).accuracy
    assert card.command.startswith("mnistkit train narrow --dataset digits --option units=16")
    assert card.command.endswith(" --out run")  # as the folder is called
    built = create_model("narrow", weights="digits")
    np.testing.assert_array_equal(
        built.predict(DATA.test.images / 255, verbose=0), trainer.predict(DATA.test)
    )
    digit = np.kron(np.pad(DATA.test.images[0], 10), np.ones((3, 3), np.uint8))
    assert len(mnistkit.recognize(Image.fromarray(digit), model="narrow")) == 1
    check_weights("narrow")

    change = json.loads((package / "weights" / "digits.json").read_text())
    (package / "weights" / "digits.json").write_text(json.dumps(change | {"parameters": 5}))
    with pytest.raises(WeightsError, match="- digits: the card says 5 parameters, and the model"):
        check_weights("narrow")


def test_what_is_written_is_what_the_card_says(finished, tmp_path):
    card = package_weights(finished, tmp_path, name="few", licence="CC0")
    assert card.name == "few"
    assert card.licence == "CC0"
    for suffix, digest in ((".npz", card.sha256), (".onnx", card.onnx_sha256)):
        content = (tmp_path / f"few{suffix}").read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
    assert card.temperature == mnistkit.models.temperature_of(mnistkit.Trainer.load(finished).model)
    assert card.temperature != 1


def test_nothing_is_overwritten(finished, tmp_path):
    for name in ("digits.onnx", "digits.json", "others.npz"):
        (tmp_path / name).write_text("mine")
    with pytest.raises(
        OutputPathError,
        match=r"has 'digits\.onnx', 'digits\.json' already\. Choose another folder or name, or "
        r"have them replaced \(overwrite=True, --overwrite\)\.$",
    ):
        package_weights(finished, tmp_path)
    assert {path.read_text() for path in tmp_path.iterdir()} == {"mine"}


def test_old_files_are_replaced_if_that_is_asked_for(finished, tmp_path):
    for suffix in (".npz", ".onnx", ".json"):
        (tmp_path / f"digits{suffix}").write_text("old")
    card = package_weights(finished, tmp_path, overwrite=True)
    assert json.loads((tmp_path / "digits.json").read_text()) == card.to_dict()
    assert hashlib.sha256((tmp_path / "digits.npz").read_bytes()).hexdigest() == card.sha256
    assert len(list(tmp_path.iterdir())) == 3


def test_what_writes_the_network_is_asked_for_first(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'mnistkit\[export\]'$"):
        package_weights(tmp_path / "no run", tmp_path / "weights")


def test_a_folder_that_cannot_be_made(finished, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputPathError, match="cannot be made"):
        package_weights(finished, tmp_path / "file" / "weights")


@pytest.mark.parametrize("name", ["", "../up", "a b", 3, "-x"])
def test_names_that_weights_cannot_have(finished, tmp_path, name):
    with pytest.raises(InvalidNameError, match="Weights cannot be called"):
        package_weights(finished, tmp_path, name=name)
    assert list(tmp_path.iterdir()) == []


def test_a_run_whose_model_has_no_name(tmp_path):
    dense = [keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    model = keras.Sequential([keras.Input((28, 28)), *dense])
    trainer = mnistkit.Trainer(model)
    trainer.fit(DATA.train[:64], epochs=1)
    trainer.save(tmp_path / "run")
    with pytest.raises(ExportError, match="has no name by which it can be created"):
        package_weights(tmp_path / "run", tmp_path / "weights")


def test_a_run_of_a_function_is_told_that_before_it_is_loaded(tmp_path, monkeypatch):
    (tmp_path / "my_models.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_models", raising=False)
    trainer = mnistkit.Trainer("my_models:narrow")
    trainer.fit(DATA.train[:64], epochs=1)
    trainer.save(tmp_path / "run")
    with pytest.raises(ExportError) as caught:  # and --builder, which would not help, is not named
        package_weights(tmp_path / "run", tmp_path / "weights")
    assert "is the function 'my_models:narrow', which has no name by which" in str(caught.value)
    assert "entry-point group 'mnistkit.models'" in str(caught.value)


def test_no_run_at_all(tmp_path):
    with pytest.raises(RunFolderError, match="holds no saved run"):
        package_weights(tmp_path / "run", tmp_path / "weights")


def test_data_that_has_no_name_needs_images_to_measure_on(tmp_path):
    trainer = mnistkit.Trainer("dense128")
    trainer.fit((DATA.train.images, DATA.train.labels), epochs=1)
    trainer.save(tmp_path / "run")
    with pytest.raises(ExportError, match=r"nothing to measure the weights on\. Give also_on="):
        package_weights(tmp_path / "run", tmp_path / "weights", name="mine")
    card = package_weights(tmp_path / "run", tmp_path / "weights", name="mine", also_on=["digits"])
    assert [row.data for row in card.measurements] == ["digits test"]


def test_weights_that_nobody_offers_are_not_checked():
    with pytest.raises(UnknownNameError, match=r'mnistkit\.weights.*no-such-model = "package'):
        check_weights("no-such-model")
