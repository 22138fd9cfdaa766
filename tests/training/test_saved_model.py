"""Loading: the caller's own classes, and builders that have changed since."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Trainer
from mnistkit.errors import ChangedModelWarning, RunFolderError

layers = keras.layers
IMAGES = np.random.default_rng(0).integers(0, 256, (8, 28, 28), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    yield
    for name in {"mine"} & set(mnistkit.list_models()):
        mnistkit.unregister_model(name)


def network(activation: Any = "relu", *more: Any) -> keras.Model:
    body = [layers.AveragePooling1D(7), layers.Flatten(), layers.Dense(4, activation), *more]
    return keras.Sequential([keras.Input((28, 28)), *body, layers.Dense(10, "softmax")])


def saved_and_changed(one: Any, other: Any, folder: Path) -> Trainer:
    """A trainer whose model was built by one function, saved; the name is another one's now."""
    mnistkit.register_model("mine")(one)
    trainer = Trainer("mine")
    trainer.save(folder)
    mnistkit.unregister_model("mine")
    mnistkit.register_model("mine")(other)
    return trainer


# Builders that have changed ----------------------------------------------------------------------


def test_a_builder_that_makes_another_model(tmp_path: Path) -> None:
    def one(*, num_classes=10, input_shape=(28, 28)):
        return network("relu")

    def other(*, num_classes=10, input_shape=(28, 28)):
        return network("tanh")

    saved_and_changed(one, other, tmp_path)
    with pytest.warns(ChangedModelWarning, match="is another one now than") as caught:
        Trainer.load(tmp_path)
    assert "activation: 'relu' then, 'tanh' now" in str(caught[0].message)


def test_a_builder_with_another_layer(tmp_path: Path) -> None:
    class Doubled(layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

    class Tripled(layers.Layer):
        def call(self, inputs):
            return inputs * 3.0

    Tripled.__name__ = "Doubled"

    def one(*, num_classes=10, input_shape=(28, 28)):
        return network("relu", Doubled())

    def other(*, num_classes=10, input_shape=(28, 28)):
        return network("relu", Tripled())

    saved_and_changed(one, other, tmp_path)
    with pytest.warns(ChangedModelWarning, match="the code of 'Doubled' was changed"):
        Trainer.load(tmp_path)


def test_other_defaults_are_said_and_not_used(tmp_path: Path) -> None:
    def one(*, num_classes=10, input_shape=(28, 28), activation="relu", sizes=(4, 4), gone=1):
        assert isinstance(sizes, tuple)
        return network(activation)

    def other(*, num_classes=10, input_shape=(28, 28), activation="tanh", sizes=(4, 5)):
        assert sizes == (4, 4)
        return network(activation)

    trainer = saved_and_changed(one, other, tmp_path)
    with pytest.warns(ChangedModelWarning, match="it is built as it was saved:") as caught:
        loaded = Trainer.load(tmp_path)
    assert "activation: 'relu' then, 'tanh' now" in str(caught[0].message)
    assert "sizes: [4, 4] then, (4, 5) now" in str(caught[0].message)
    np.testing.assert_array_equal(loaded.predict(IMAGES), trainer.predict(IMAGES))


def test_a_builder_that_was_only_rewritten(tmp_path: Path) -> None:
    def one(*, num_classes=10, input_shape=(28, 28), units=4):
        return network()

    def other(*, num_classes=10, input_shape=(28, 28), units=4, more=0):
        """It makes the same."""
        return network(*["relu"] * (more + 1))

    saved_and_changed(one, other, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Trainer.load(tmp_path)


def test_options_that_no_file_can_hold(tmp_path: Path) -> None:
    """Keras saves the model whole."""

    @mnistkit.register_model("mine")
    def mine(*, num_classes=10, input_shape=(28, 28), activation=keras.activations.relu):
        return network(activation)

    given = Trainer(mnistkit.create_model("mine", activation=keras.activations.tanh))
    given.save(tmp_path / "given")
    by_default = Trainer("mine")
    by_default.save(tmp_path / "default")
    assert (tmp_path / "given" / "model.keras").exists()
    assert (tmp_path / "default" / "weights.npz").exists()
    for trainer, name in ((given, "given"), (by_default, "default")):
        loaded = Trainer.load(tmp_path / name)
        np.testing.assert_allclose(loaded.predict(IMAGES), trainer.predict(IMAGES), rtol=1e-6)


def test_sides_of_any_length(tmp_path: Path) -> None:
    @mnistkit.register_model("mine")
    def mine(*, num_classes=10, input_shape=(28, 28)):
        stack = [layers.GlobalAveragePooling2D(), layers.Dense(num_classes, "softmax")]
        return keras.Sequential([keras.Input(input_shape), *stack])

    trainer = Trainer(mnistkit.create_model("mine", input_shape=(None, None, 1)))
    loaded = Trainer.load(trainer.save(tmp_path))
    np.testing.assert_array_equal(loaded.predict(IMAGES), trainer.predict(IMAGES))


# The caller's own classes ------------------------------------------------------------------------


def test_own_classes_that_are_not_registered_in_this_process(tmp_path: Path) -> None:
    """As a process saves them that has registered them."""
    script = """
        import sys
        import keras, mnistkit

        @keras.saving.register_keras_serializable("lab")
        class Scaled(keras.layers.Layer):
            def call(self, inputs):
                return inputs * 2.0

        @keras.saving.register_keras_serializable("lab")
        def own_loss(y_true, y_pred):
            return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)

        stack = [keras.layers.Flatten(), Scaled(), keras.layers.Dense(10, "softmax")]
        model = keras.Sequential([keras.Input((28, 28)), *stack])
        model.compile("sgd", own_loss)
        trainer = mnistkit.Trainer(model)
        trainer.save(sys.argv[1])
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]

    class Scaled(layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

    def own_loss(y_true, y_pred):
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)

    with pytest.raises(RunFolderError, match=r"or give them: Trainer.load\(\.\.\., custom_obj"):
        Trainer.load(tmp_path / "run")
    for names in ({"Scaled": Scaled}, {"lab>Scaled": Scaled}):
        loaded = Trainer.load(tmp_path / "run", custom_objects={**names, "own_loss": own_loss})
        assert isinstance(loaded.model.layers[1], Scaled)
    assert keras.saving.get_registered_object("lab>Scaled") is None


def test_custom_objects_that_are_no_mapping(tmp_path: Path) -> None:
    Trainer(network()).save(tmp_path)
    with pytest.raises(TypeError, match=r"custom_objects=.*expected a mapping of names"):
        Trainer.load(tmp_path, custom_objects=[layers.Dense])
