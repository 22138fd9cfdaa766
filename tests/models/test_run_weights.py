"""Weights of a run's folder for a new model."""

from __future__ import annotations

import json
import os
from pathlib import Path

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Split, Trainer, create_model
from mnistkit.errors import RunFolderError, UnknownNameError, WeightsError, WrongTypeError
from mnistkit.models import spec_of

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)
LABELS = np.arange(20) % 3
SPLIT = Split(IMAGES, LABELS)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a small run for three classes, and the weights that it ended with."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    trainer = Trainer("cnn", width=2, num_classes=3, engine="keras", run_dir=folder)
    trainer.fit(SPLIT, epochs=1, verbose=0)
    return folder, trainer.model.get_weights()


@pytest.mark.parametrize("kind", [str, Path])
def test_a_run_gives_its_weights_and_options(run, kind):
    folder, weights = run
    model = create_model("cnn", weights=kind(folder))
    assert spec_of(model).options["width"] == 2
    assert model.output_shape == (None, 3)
    for mine, theirs in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_folder_in_the_present_folder(run, monkeypatch):
    monkeypatch.chdir(run[0].parent)
    np.testing.assert_array_equal(create_model("cnn", weights="first").get_weights()[0], run[1][0])


def test_other_options_of_the_model_that_suit_the_weights(run):
    model = create_model("cnn", weights=run[0], dropout=0.5)
    assert spec_of(model).options["dropout"] == 0.5
    np.testing.assert_array_equal(model.get_weights()[0], run[1][0])


def test_a_new_head(run):
    folder, weights = run
    model = create_model("cnn", weights=folder, num_classes=26, seed=1)
    for mine, theirs in zip(model.get_weights()[:-2], weights[:-2], strict=True):
        np.testing.assert_array_equal(mine, theirs)
    head = create_model("cnn", width=2, num_classes=26, seed=1).get_weights()[-2]
    np.testing.assert_array_equal(model.get_weights()[-2], head)


def test_a_run_on_images_of_another_shape(tmp_path):
    trainer = Trainer("dense128", input_shape=(8, 8, 3))
    trainer.save(tmp_path)
    assert create_model("dense128", weights=tmp_path).input_shape == (None, 8, 8, 3)
    with pytest.raises(WeightsError, match="do not have the shapes"):
        create_model("dense128", weights=tmp_path, input_shape=(8, 8))


def test_another_architecture_is_refused_in_words(run):
    with pytest.raises(
        WeightsError, match=r"of the model 'cnn' do not have the .* 'dense128'"
    ) as e:
        create_model("dense128", weights=run[0])
    assert "for these options: {'num_classes': 3" in e.value.__notes__[0]
    with pytest.raises(WeightsError, match=r"float32 .* found, float32 .* expected"):
        create_model("cnn", weights=run[0], width=4)


def plain(*, num_classes=10, input_shape=(28, 28), units=2, activation="relu"):
    layers = [keras.layers.Flatten(), keras.layers.Dense(units, activation)]
    last = keras.layers.Dense(num_classes, "softmax")
    return keras.Sequential([keras.Input(input_shape), *layers, last])


def test_a_function_takes_the_weights_of_its_runs(tmp_path):
    trainer = Trainer(plain, units=3)
    trainer.save(tmp_path)
    model = create_model(plain, weights=tmp_path, activation="tanh")
    assert spec_of(model).options["units"] == 3
    np.testing.assert_array_equal(model.get_weights()[0], trainer.model.get_weights()[0])
    assert Trainer(plain, weights=tmp_path).model.get_weights()[2].shape == (3, 10)


def test_defaults_that_have_changed_since(tmp_path):
    """The weights are for what the default was; an option that is gone is not missed."""
    trainer = Trainer(plain, input_shape=(4, 4))
    trainer.save(tmp_path)

    def later(*, num_classes=10, input_shape=(28, 28), units=7):
        return plain(num_classes=num_classes, input_shape=input_shape, units=units)

    later.__module__, later.__qualname__ = plain.__module__, plain.__qualname__
    model = create_model(later, weights=tmp_path)
    assert spec_of(model).options == {"num_classes": 10, "input_shape": (4, 4), "units": 2}


def test_folders_that_hold_no_weights(run, tmp_path, forge):
    with pytest.raises(RunFolderError, match=r"holds no saved run: 'run\.json' cannot be read"):
        create_model("cnn", weights=tmp_path)
    with pytest.raises(RunFolderError, match=r"holds no saved run.*see mnistkit\.list_weights"):
        create_model("cnn", weights="no/such/folder")
    with pytest.raises(RunFolderError, match="holds no saved run"):
        create_model("cnn", weights=Path("mnist"))
    (tmp_path / "run.json").write_text(json.dumps({"files": {}}))
    with pytest.raises(RunFolderError, match=r"run\.json' is damaged: it was changed after"):
        create_model("cnn", weights=tmp_path)
    forge(tmp_path, lambda described: described.update(status="training"))
    with pytest.raises(RunFolderError, match="is not finished, so there are no weights yet"):
        create_model("cnn", weights=tmp_path)


def test_a_model_that_keras_has_saved_whole(tmp_path):
    trainer = Trainer(plain(num_classes=3, input_shape=(4, 4)))
    trainer.save(tmp_path)
    model = create_model(plain, weights=tmp_path)
    assert model.input_shape == (None, 4, 4)
    assert all(map(np.array_equal, model.get_weights(), trainer.model.get_weights()))
    assert create_model(plain, weights=tmp_path, num_classes=5).output_shape == (None, 5)
    with pytest.raises(WeightsError, match="a model without a name do not have the shapes"):
        create_model("dense128", weights=tmp_path)
    (tmp_path / "model.keras").write_bytes(b"another")
    with pytest.raises(RunFolderError, match=r"model\.keras' is not the file that was saved"):
        create_model(plain, weights=tmp_path)


@pytest.mark.parametrize("shape", [None, [], [28, -1], [10**9, 28], "28x28", [1, 1, 1, 1, 1]])
def test_a_forged_shape_is_refused(run, tmp_path, forge, shape):
    for name in ("run.json", "weights.npz", "history.csv"):
        (tmp_path / name).write_bytes((run[0] / name).read_bytes())
    forge(tmp_path, lambda described: described["model"]["options"].update(input_shape=shape))
    with pytest.raises(RunFolderError, match=r"damaged: input_shape=.*expected a list of one to"):
        create_model("cnn", weights=tmp_path)


def test_damaged_weights_are_refused(run, tmp_path):
    for name in ("run.json", "weights.npz"):
        (tmp_path / name).write_bytes((run[0] / name).read_bytes())
    with (tmp_path / "weights.npz").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")
    with pytest.raises(WeightsError, match="is not the file that was saved"):
        create_model("cnn", weights=tmp_path)
    (tmp_path / "weights.npz").unlink()
    with pytest.raises(RunFolderError, match=r"'weights\.npz' cannot be read"):
        create_model("cnn", weights=tmp_path)


def test_what_is_neither_a_name_nor_a_folder():
    with pytest.raises(WrongTypeError, match="weights=3: expected the name of weights that come"):
        create_model("cnn", weights=3)
    with pytest.raises(UnknownNameError, match="For the weights of a run give its folder"):
        mnistkit.create_model("cnn", weights="mnits")
