"""What is refused before anything is compiled, and what is found out before the first step."""

from __future__ import annotations

import os

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Recipe, Trainer
from mnistkit.errors import ModelError, RunFolderError
from mnistkit.training.graph_engine import GraphEngine

layers = keras.layers
LABELS = np.arange(40) % 10
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
PAIR = (IMAGES, LABELS)


class Unregistered(layers.Layer):
    def call(self, inputs):
        return inputs * 2.0


@keras.saving.register_keras_serializable("test_before_training")
class Registered(layers.Layer):
    def call(self, inputs):
        return inputs * 2.0


@keras.saving.register_keras_serializable("test_before_training")
class Forgetful(layers.Layer):
    """Its get_config does not have its argument."""

    def __init__(self, factor, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return {"name": self.name}


class Ones(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return keras.ops.ones(shape, dtype)


def twice(x):
    return x * 2.0


@keras.saving.register_keras_serializable("test_before_training")
def thrice(x):
    return x * 3.0


class OwnModel(keras.Sequential):
    pass


def network(*first, kind=keras.Sequential):
    end = [layers.Flatten(), layers.Dense(10, "softmax")]
    return kind([keras.Input((28, 28)), *first, *end])


def own_loss(y_true, y_pred):
    return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)


def compiled(**settings):
    model = network()
    model.compile("adam", **{"loss": "sparse_categorical_crossentropy", **settings})
    return model


UNSAVABLE = {
    "a layer": (lambda: network(Unregistered()), "the class 'Unregistered' back from its config"),
    "a nested layer": (
        lambda: network(keras.Sequential([keras.Input((28, 28)), Unregistered()])),
        "the class 'Unregistered'",
    ),
    "an argument": (lambda: network(Forgetful(2.0)), "every argument of __init__ in get_config"),
    "a Lambda": (lambda: network(layers.Lambda(lambda x: x * 2)), "is a Lambda layer, and no fun"),
    "an activation": (
        lambda: network(layers.Dense(3, activation=twice)),
        "does not find the function 'twice' again",
    ),
    "an activation deep inside": (
        lambda: network(layers.TimeDistributed(layers.Activation(twice))),
        "does not find the function 'twice' again",
    ),
    "an initializer": (
        lambda: network(layers.Dense(3, kernel_initializer=Ones())),
        "the class 'Ones' back from its config",
    ),
    "a model": (lambda: network(kind=OwnModel), "the class 'OwnModel'"),
    "a loss": (lambda: compiled(loss=own_loss), "does not find the function 'own_loss' again"),
    "a metric": (lambda: compiled(metrics=["accuracy", own_loss]), "the function 'own_loss'"),
}


@pytest.mark.parametrize("name", UNSAVABLE)
def test_what_could_not_be_loaded_again(name, tmp_path):
    make, message = UNSAVABLE[name]
    model = make()
    before = model.get_weights()
    with pytest.raises(ModelError, match=message) as caught:
        Trainer(model, run_dir=tmp_path / "run").fit(PAIR, epochs=1, verbose=0)
    assert len(str(caught.value)) < 500
    assert not (tmp_path / "run").exists()
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_without_a_folder_any_layer_will_do():
    Trainer(network(Unregistered())).fit(PAIR, epochs=1, verbose=0)


def test_what_is_registered_is_loaded_again(tmp_path):
    made = Trainer(network(Registered(), layers.Dense(4, thrice)), run_dir=tmp_path)
    made.fit(PAIR, epochs=1, verbose=0)
    np.testing.assert_array_equal(Trainer.load(tmp_path).predict(IMAGES), made.predict(IMAGES))


def test_a_named_model_may_have_any_layer(tmp_path):
    @mnistkit.register_model("doubled")
    def doubled(*, num_classes=10, input_shape=(28, 28)):
        return network(Unregistered())

    Trainer("doubled", run_dir=tmp_path).fit(PAIR, epochs=1, verbose=0)
    Trainer.load(tmp_path)


def test_a_recipes_own_loss_is_loaded_again(tmp_path):
    recipe = Recipe(epochs=1, label_smoothing=0.1, schedule="cosine")
    Trainer(network(), recipe=recipe, run_dir=tmp_path).fit(PAIR, verbose=0)
    Trainer.load(tmp_path)


def test_the_look_draws_no_random_numbers(tmp_path):
    weights = []
    for folder in (None, tmp_path / "run"):
        model = network(layers.Dropout(0.5, seed=1))
        for variable in model.trainable_variables:
            variable.assign(np.zeros(variable.shape))
        keras.utils.set_random_seed(3)
        Trainer(model, run_dir=folder).fit(PAIR, epochs=1, verbose=0)
        weights.append(model.get_weights()[0])
        weights.append(np.random.random(3))  # noqa: NPY002
    np.testing.assert_array_equal(weights[0], weights[2])
    np.testing.assert_array_equal(weights[1], weights[3])


@pytest.fixture
def compilations(monkeypatch):
    """How often a loop was compiled."""
    made = []

    def counting(engine, fit):
        made.append(fit)
        original(engine, fit)

    original = GraphEngine.prepare
    monkeypatch.setattr(GraphEngine, "prepare", counting)
    return made


def run(folder, recipe=None, **options):
    made = Trainer("dense128", run_dir=folder, recipe=recipe or Recipe(epochs=2))
    made.fit(PAIR, verbose=0, **options)
    return made


def test_a_run_in_the_way_is_refused_before_anything_is_compiled(tmp_path, compilations):
    run(tmp_path)
    compilations.clear()
    made = Trainer("dense128", run_dir=tmp_path)
    with pytest.raises(RunFolderError, match="holds a run already"):
        made.fit(PAIR, verbose=0)
    assert not made.model.compiled
    with pytest.raises(RunFolderError, match="is another one"):
        run(tmp_path, Recipe(epochs=3), resume=True)
    assert not compilations


def test_a_finished_run_is_returned_without_compiling(tmp_path, compilations):
    first = run(tmp_path)
    assert len(compilations) == 1
    again = run(tmp_path, resume=True)
    assert len(compilations) == 1
    assert again.history == first.history
    np.testing.assert_array_equal(again.predict(IMAGES), first.predict(IMAGES))


def test_a_folder_that_cannot_be_written_to(tmp_path, compilations):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunFolderError, match="could not be saved"):
        run(tmp_path / "file" / "run")
    if os.name == "posix" and os.geteuid() != 0:
        tmp_path.chmod(0o500)
        with pytest.raises(RunFolderError, match="could not be saved"):
            run(tmp_path / "run")
        tmp_path.chmod(0o700)
    assert not compilations


def test_what_xla_cannot_compile_leaves_no_run(tmp_path):
    turning = network(layers.Reshape((28, 28, 1)), layers.RandomRotation(0.1))
    with pytest.raises(ModelError, match="XLA cannot compile"):
        Trainer(turning, engine="xla", run_dir=tmp_path).fit(PAIR, epochs=1, batch_size=20)
    assert not (tmp_path / "run.json").exists()


@pytest.mark.xla
def test_a_run_that_xla_could_not_compile_goes_on(tmp_path):
    """Its engine became another one, which is no difference between the run and its resumption."""

    def turning():
        keras.utils.set_random_seed(0)
        return network(layers.Reshape((28, 28, 1)), layers.RandomRotation(0.1, seed=1, name="r"))

    def fitted(**options):
        keras.backend.clear_session()
        made = Trainer(turning(), run_dir=tmp_path, recipe=Recipe(epochs=1, batch_size=20))
        made.fit(PAIR, verbose=0, **options)
        return made

    first = fitted()
    assert first.engine == "graph"
    assert fitted(resume=True).history == first.history
