"""Trained weights that come with the package."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib import resources
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.special import softmax

import mnistkit
from mnistkit import Trainer, create_model, list_weights, model_card
from mnistkit.errors import UnknownNameError, WeightsError
from mnistkit.models import count_multiply_adds
from mnistkit.models.pretrained import pretrained_onnx
from mnistkit.models.weights_file import TrainedWeights, weights_as_bytes
from mnistkit.recognition.loading import pretrained_network

FOLDER = Path(str(resources.files("mnistkit.models"))) / "weights"
PRETRAINED = [(model, name) for model in ("cnn", "dense128") for name in list_weights(model)]


def test_both_models_come_trained():
    assert ("cnn", "mnist") in PRETRAINED
    assert ("dense128", "mnist") in PRETRAINED
    assert list_weights("no-such-model") == []


def test_all_weights_together_are_small():
    files = [file for file in FOLDER.glob("*/*") if file.is_file()]
    assert len(files) == 3 * len(PRETRAINED)
    assert sum(file.stat().st_size for file in files) < 6_000_000


@pytest.mark.parametrize(("model", "name"), PRETRAINED)
def test_card_says_what_the_file_is(model, name):
    card = model_card(model, name)
    content = (FOLDER / model / f"{name}.npz").read_bytes()
    assert card.sha256 == hashlib.sha256(content).hexdigest()
    assert card.size == len(content)
    built = create_model(model, weights=name)
    assert card.parameters == built.count_params()
    assert card.multiply_adds == count_multiply_adds(built)
    mnistkit.Recipe(**card.recipe)
    for measured in card.measurements:
        low, high = measured.accuracy_interval
        assert 0 < low < measured.accuracy < high <= 1
        assert 0 <= measured.calibration_error < 0.15
    text = str(card)
    assert f"create_model({model!r}, weights={name!r})" in text
    assert card.licence in text


def test_trained_weights_read_digits_that_they_never_saw():
    data = mnistkit.load_dataset("digits")
    for model, at_least in (("cnn", 0.95), ("dense128", 0.6)):
        trainer = Trainer(create_model(model, weights="mnist"))
        assert trainer.evaluate(data.test).accuracy > at_least


@pytest.mark.mirror
@pytest.mark.parametrize(("model", "name"), PRETRAINED)
def test_accuracy_is_what_the_card_says(model, name, mnist):
    measured = {row.data: row for row in model_card(model, name).measurements}
    probabilities, _ = pretrained_network(model, name).classify(mnist.test.images)
    result = mnistkit.Evaluation.from_probabilities(
        mnist.test.labels, probabilities, writers=mnist.test.writers
    )
    said = measured[mnist.test.name]
    assert result.accuracy == pytest.approx(said.accuracy, abs=2e-4)
    assert result.accuracy_interval == pytest.approx(said.accuracy_interval, abs=5e-4)
    assert result.loss == pytest.approx(said.loss, abs=1e-3)


@pytest.mark.parametrize(("model", "name"), PRETRAINED)
def test_the_network_for_the_runtime_is_the_same_network(model, name):
    images = mnistkit.load_dataset("digits").test.arrays()[0][:50]
    logits = pretrained_network(model, name).logits(images)
    np.testing.assert_allclose(
        softmax(logits, axis=1), create_model(model, weights=name).predict(images, verbose=0),
        atol=1e-5,
    )  # fmt: skip
    card, content = model_card(model, name), pretrained_onnx(model, name)
    assert card.onnx_sha256 == hashlib.sha256(content).hexdigest()
    assert 0.5 < card.temperature < 2


@pytest.mark.slow
@pytest.mark.mirror
def test_the_command_on_the_card_trains_such_weights(tmp_path, mirror):
    card = model_card("dense128", "mnist")
    command = card.command.replace("runs/weights", str(tmp_path / "run")).split()
    assert command[0] == "mnistkit"
    subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True)
    again, pretrained = Trainer.load(tmp_path / "run"), create_model("dense128", weights="mnist")
    assert again.recipe.to_dict() == card.recipe
    # Bit by bit the same on the same machine; elsewhere rounding grows in thousands of steps.
    for one, other in zip(again.model.get_weights(), pretrained.get_weights(), strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.8


def test_weights_bring_their_options_along():
    built = create_model("cnn", weights="mnist")
    assert built.count_params() == model_card("cnn", "mnist").parameters
    assert mnistkit.models.spec_of(built).options["width"] == 40


def test_a_model_with_trained_weights_is_saved_and_loaded(tmp_path):
    trainer = Trainer(create_model("dense128", weights="mnist"))
    trainer.save(tmp_path)
    for one, other in zip(
        trainer.model.get_weights(), Trainer.load(tmp_path).model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_other_options_are_refused():
    with pytest.raises(WeightsError, match="have the shapes") as caught:
        create_model("cnn", weights="mnist", width=8)
    assert "are for these options: {'num_classes': 10" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("cnn", r"There are no weights 'mnits' for the model 'cnn'; there are .*'mnist'"),
        ("untrained", "for the model 'untrained'; there are none at all. Train it"),
    ],
)
def test_unknown_weights(model, message):
    mnistkit.register_model("untrained")(mnistkit.models.MODELS.get("dense128"))
    with pytest.raises(UnknownNameError, match=message):
        create_model(model, weights="mnits")


def test_damaged_weights_are_refused():
    model = create_model("dense128")
    content = weights_as_bytes(model)
    sha256 = hashlib.sha256(content).hexdigest()
    damaged = content[:1000] + b"x" + content[1001:]
    with pytest.raises(WeightsError, match=r"the file 'a\.npz' is not the file that was saved"):
        TrainedWeights(damaged, sha256, "the file 'a.npz'", {}).give_to(model)


@pytest.mark.parametrize("precision", ["float64", "bfloat16"])
def test_the_weights_suit_a_model_of_another_precision(precision):
    images = mnistkit.load_dataset("digits").test.images[:20] / 255
    right = mnistkit.create_model("dense128", weights="mnist").predict(images, verbose=0)
    keras.config.set_dtype_policy(precision)
    try:
        model = mnistkit.create_model("dense128", weights="mnist")
        assert model.weights[0].dtype == precision
        found = np.asarray(model.predict(images, verbose=0), dtype=np.float64)
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_allclose(found, right, atol=0.1)
    np.testing.assert_array_equal(found.argmax(axis=1), right.argmax(axis=1))
