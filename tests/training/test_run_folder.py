"""Saving and loading."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Trainer
from mnistkit.errors import ModelError, RunFolderError, UnknownNameError
from mnistkit.models import MODELS


@pytest.fixture(scope="module")
def digits():
    return mnistkit.load_dataset("digits")


@pytest.fixture
def saved(digits, tmp_path):
    trainer = Trainer(mnistkit.create_model("cnn", dropout=0.2), seed=3)
    trainer.fit(digits.train.take(100), epochs=1)
    trainer.save(tmp_path / "run")
    return trainer, tmp_path / "run"


def test_loaded_trainer_is_the_saved_one(saved, digits):
    trainer, folder = saved
    loaded = Trainer.load(folder)
    np.testing.assert_array_equal(loaded.predict(digits.test), trainer.predict(digits.test))
    assert loaded.recipe == trainer.recipe.replace(epochs=1)
    assert loaded.seed == 3
    assert loaded.history == trainer.history
    loaded.save(folder)
    assert Trainer.load(folder).history == loaded.history
    loaded.fit(digits.train.take(100), epochs=1)


def test_run_json_says_what_was_done(saved, digits):
    _, folder = saved
    description = json.loads((folder / "run.json").read_text())
    assert description["model"]["name"] == "cnn"
    assert description["model"]["options"]["dropout"] == 0.2
    assert description["data"]["name"] == "digits train"
    assert description["data"]["loaded_as"] == "digits"
    assert description["data"]["num_images"] == 100
    assert len(description["data"]["sha256"]) == 64
    assert set(description["versions"]) == {"python", "mnistkit", "tensorflow", "keras", "numpy"}
    assert description["seed"] == 3


def test_a_model_of_ones_own(digits, tmp_path):
    model = keras.Sequential(
        [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    )
    trainer = Trainer(model)
    trainer.fit(digits.train.take(100), epochs=1)
    trainer.save(tmp_path / "run")
    loaded = Trainer.load(tmp_path / "run")
    np.testing.assert_allclose(loaded.predict(digits.test), trainer.predict(digits.test))


def with_lambda():
    inputs = keras.Input((28, 28))
    dangerous = keras.layers.Lambda(lambda x: x * 2)(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(dangerous))


def test_a_model_that_could_not_be_loaded_is_not_saved(tmp_path):
    with pytest.raises(ModelError, match=r"could be saved, but not loaded again.*Lambda layer"):
        Trainer(with_lambda()).save(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_model_that_would_run_code_is_refused(tmp_path, forge):
    """As somebody makes the folder who does not use `Trainer.save`."""
    Trainer(small()).save(tmp_path / "run")
    with_lambda().save(tmp_path / "run" / "model.keras")
    forge(tmp_path / "run", lambda run: None)
    with pytest.raises(RunFolderError, match="Keras cannot read"):
        Trainer.load(tmp_path / "run")


def test_a_named_model_that_was_changed_is_saved_as_it_is(digits, tmp_path):
    model = mnistkit.create_model("dense128")
    model.layers[-2].activation = keras.activations.tanh
    trainer = Trainer(model)
    trainer.save(tmp_path / "run")
    loaded = Trainer.load(tmp_path / "run")
    np.testing.assert_allclose(loaded.predict(digits.test), trainer.predict(digits.test), rtol=1e-5)


def test_what_the_caller_compiled_is_saved(digits, tmp_path):
    trainer = Trainer("dense128", run_dir=tmp_path / "run")
    trainer.compile("sgd")
    trainer.fit(digits.train.take(64), epochs=1)
    description = json.loads((tmp_path / "run" / "run.json").read_text())
    assert description["compiled"]["optimizer"]["class_name"] == "SGD"
    trainer.save(tmp_path / "run")
    assert json.loads((tmp_path / "run" / "run.json").read_text()) == description


def test_options_that_are_numpy_numbers(tmp_path):
    Trainer(mnistkit.create_model("cnn", dropout=np.float32(0.25))).save(tmp_path)
    assert json.loads((tmp_path / "run.json").read_text())["model"]["options"]["dropout"] == 0.25


def test_failing_save_leaves_the_saved_run_as_it_was(saved, digits, monkeypatch):
    trainer, folder = saved
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(
        "os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    trainer.fit(digits.train.take(64), epochs=1)
    with pytest.raises(RunFolderError, match="No space left on device"):
        trainer.save(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    Trainer.load(folder)


def test_folder_without_a_run(tmp_path):
    with pytest.raises(RunFolderError, match=r"holds no saved run: there is no 'run.json'"):
        Trainer.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is damaged"),
        ("[]", "not of a format that this version reads"),
        ('{"format": 99}', "not of a format that this version reads"),
        ('{"format": 1}', "not of a format that this version reads"),
        ('{"format": 2}', "not of a format that this version reads"),
        ('{"format": 3}', "was changed after it was written"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_damaged_description(saved, text, message):
    _, folder = saved
    (folder / "run.json").write_text(text)
    with pytest.raises(RunFolderError, match=message):
        Trainer.load(folder)


def test_damaged_weights(saved):
    _, folder = saved
    content = bytearray((folder / "weights.npz").read_bytes())
    content[1000] ^= 1
    (folder / "weights.npz").write_bytes(content)
    with pytest.raises(RunFolderError, match="is not the file that was saved"):
        Trainer.load(folder)


def test_damaged_history(saved):
    _, folder = saved
    (folder / "history.csv").write_text("epoch,loss\n1,x\n")
    with pytest.raises(RunFolderError, match=r"history.csv' is not the file that was saved"):
        Trainer.load(folder)


def small(*, num_classes=10, input_shape=(28, 28), units=3):
    stack = [keras.layers.Flatten(), keras.layers.Dense(units)]
    return keras.Sequential(
        [keras.Input(input_shape), *stack, keras.layers.Dense(num_classes, "softmax")]
    )


def test_a_model_that_is_not_there_any_more(tmp_path):
    mnistkit.register_model("gone")(small)
    Trainer("gone").save(tmp_path / "run")
    MODELS.unregister("gone")
    with pytest.raises(UnknownNameError, match="no model named 'gone'") as caught:
        Trainer.load(tmp_path / "run")
    assert "needs this model from" in "".join(caught.value.__notes__)


def test_a_model_whose_code_has_changed(tmp_path):
    def version_one(*, num_classes=10, input_shape=(28, 28)):
        return small(num_classes=num_classes, input_shape=input_shape)

    def version_two(*, num_classes=10, input_shape=(28, 28)):
        return small(num_classes=num_classes, input_shape=input_shape, units=4)

    try:
        mnistkit.register_model("changed")(version_one)
        Trainer("changed").save(tmp_path / "run")
        MODELS.unregister("changed")
        mnistkit.register_model("changed")(version_two)
        with pytest.raises(RunFolderError, match="its code has changed"):
            Trainer.load(tmp_path / "run")
    finally:
        MODELS.unregister("changed")


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match="could not be saved"):
        Trainer("dense128").save(tmp_path / "file" / "run")


def test_nothing_but_the_run_is_written(saved):
    _, folder = saved
    names = sorted(path.name for path in folder.iterdir())
    assert names == [".lock", "history.csv", "run.json", "weights.npz"]
