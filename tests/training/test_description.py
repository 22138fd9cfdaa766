"""A run that is resumed is the one that was begun: another model, code or weights are refused."""

from __future__ import annotations

import contextlib
import json
import runpy
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import pytest

import mnistkit
from mnistkit import Recipe, Split, Trainer
from mnistkit.errors import RunFolderError

ENGINES = [pytest.param("xla", marks=pytest.mark.slow), "graph", "keras"]
layers = keras.layers


@pytest.fixture(scope="module")
def digits() -> Split:
    return mnistkit.load_dataset("digits").train.take(64)


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    yield
    for name in {"mine"} & set(mnistkit.list_models()):
        mnistkit.unregister_model(name)


class InterruptionError(Exception):
    pass


def begin(trainer: Trainer, digits: Split, *, finished: bool) -> None:
    with contextlib.suppress(InterruptionError):
        trainer.fit(digits, epochs=2, callbacks=interruption(99 if finished else 1))


def interruption(epoch: int) -> keras.callbacks.Callback:
    def stop(number: int, logs: Any) -> None:
        if number == epoch:
            raise InterruptionError

    return keras.callbacks.LambdaCallback(on_epoch_begin=stop)


def refused(trainer: Trainer, digits: Split) -> str:
    """The differences, after a look at that nothing was trained."""
    before = trainer.model.get_weights()
    with pytest.raises(RunFolderError, match="is another one:") as caught:
        trainer.fit(digits, epochs=2, resume=True, callbacks=interruption(99))
    assert (trainer.model.get_weights()[0] == before[0]).all()
    return str(caught.value)


def network(activation: Any = "relu", *more: Any, units: int = 4) -> keras.Model:
    keras.utils.set_random_seed(0)
    body = [layers.AveragePooling1D(7), layers.Flatten(), layers.Dense(units, activation), *more]
    return keras.Sequential([keras.Input((28, 28)), *body, layers.Dense(10, "softmax")])


def compiled(**settings: Any) -> keras.Model:
    model = network()
    model.compile("sgd", **{"loss": "sparse_categorical_crossentropy", **settings})
    return model


def pretrained() -> keras.Model:
    model = network()
    model.set_weights([weight + 0.5 for weight in model.get_weights()])
    return model


def own_loss(factor: float) -> Any:
    @keras.saving.register_keras_serializable("test_description", name="own_loss")
    def loss(y_true: Any, y_pred: Any) -> Any:
        return factor * keras.losses.sparse_categorical_crossentropy(y_true, y_pred)

    return loss


def edited_loss(y_true: Any, y_pred: Any) -> Any:
    return keras.losses.sparse_categorical_crossentropy(y_true, y_pred) + 0.1


def own_metric(offset: float) -> Any:
    @keras.saving.register_keras_serializable("test_description", name="own_metric")
    def metric(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(y_pred) + offset

    return metric


def own_layer(factor: float) -> keras.Model:
    @keras.saving.register_keras_serializable("test_description", name="Scaled")
    class Scaled(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * factor

    return network("relu", Scaled())


def own_step(factor: float) -> keras.Model:
    @keras.saving.register_keras_serializable("test_description", name="Own")
    class Own(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            _ = factor
            return super().train_step(data)

    keras.utils.set_random_seed(0)
    return Own([keras.Input((28, 28)), layers.Flatten(), layers.Dense(10, "softmax")])


CHANGES: dict[str, tuple[Callable[[], keras.Model], Callable[[], keras.Model], str]] = {
    "an activation": (
        network,
        lambda: network("tanh"),
        "activation: 'relu' then, 'tanh' now",
    ),
    "a layer more": (network, lambda: network("relu", layers.Dropout(0.5)), "layers: ["),
    "a rate": (
        lambda: network("relu", layers.Dropout(0.5)),
        lambda: network("relu", layers.Dropout(0.25)),
        "rate: 0.5 then, 0.25 now",
    ),
    "weights": (network, pretrained, "initial_weights: other ones now"),
    "a loss": (
        lambda: compiled(loss=own_loss(1.0)),
        lambda: compiled(loss=own_loss(2.0)),
        "the code of 'loss' was changed",
    ),
    "a metric": (
        lambda: compiled(metrics=[own_metric(1.0)]),
        lambda: compiled(metrics=[own_metric(2.0)]),
        "the code of 'metric' was changed",
    ),
    "a layer's code": (
        lambda: own_layer(1.0),
        lambda: own_layer(2.0),
        "the code of 'Scaled' was changed",
    ),
    "a train_step": (
        lambda: own_step(1.0),
        lambda: own_step(2.0),
        "the code of 'Own' was changed",
    ),
}


@pytest.mark.parametrize(
    ("what", "finished"), [("an activation", True), *((what, False) for what in CHANGES)]
)
def test_a_run_of_another_model(what: str, finished: bool, digits: Split, tmp_path: Path) -> None:
    before, after, difference = CHANGES[what]
    begin(Trainer(before(), engine="keras", run_dir=tmp_path), digits, finished=finished)
    assert difference in refused(Trainer(after(), engine="keras", run_dir=tmp_path), digits)
    same = Trainer(before(), engine="keras", run_dir=tmp_path)
    assert len(same.fit(digits, epochs=2, resume=True, callbacks=interruption(99)).epoch) == 2


@pytest.mark.parametrize("engine", ENGINES)
def test_on_every_engine(engine: Any, digits: Split, tmp_path: Path) -> None:
    begin(Trainer(network(), engine=engine, run_dir=tmp_path), digits, finished=False)
    other = Trainer(network("tanh"), engine=engine, run_dir=tmp_path)
    assert "'relu' then, 'tanh' now" in refused(other, digits)


def register(builder: Any) -> None:
    if "mine" in mnistkit.list_models():
        mnistkit.unregister_model("mine")
    mnistkit.register_model("mine")(builder)


def test_a_builder_with_other_defaults(digits: Split, tmp_path: Path) -> None:
    def one(*, num_classes=10, input_shape=(28, 28), rate=0.25, activation="relu"):
        return network(activation, layers.Dropout(rate))

    def other(*, num_classes=10, input_shape=(28, 28), rate=0.5, activation="relu"):
        return network(activation, layers.Dropout(rate))

    register(one)
    begin(Trainer("mine", engine="graph", run_dir=tmp_path), digits, finished=False)
    told = json.loads((tmp_path / "run.json").read_text())["model"]
    assert told["options"] == {
        "num_classes": 10, "input_shape": [28, 28], "rate": 0.25, "activation": "relu",
    }  # fmt: skip
    register(other)
    message = refused(Trainer("mine", engine="graph", run_dir=tmp_path), digits)
    assert "model.options.rate: 0.25 then, 0.5 now" in message


def test_trained_weights_in_place_of_fresh_ones(digits: Split, tmp_path: Path) -> None:
    begin(Trainer("dense128", engine="graph", run_dir=tmp_path), digits, finished=True)
    model = mnistkit.create_model("dense128", weights="mnist")
    message = refused(Trainer(model, engine="graph", run_dir=tmp_path), digits)
    assert "model.weights: None then, 'mnist' now" in message
    assert "initial_weights: other ones now" in message


def test_what_is_the_same_in_another_process_is_the_same_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other names of layers, another order of sets, another file of the same code."""
    script = """
        import sys
        import keras, mnistkit
        for _ in range(int(sys.argv[2])):
            keras.layers.Dense(3)
            mnistkit.create_model("cnn")

        WEIGHT = 2.0

        @keras.saving.register_keras_serializable("test_description")
        def own_loss(y_true, y_pred):
            loss = keras.losses.sparse_categorical_crossentropy(y_true, y_pred)
            return WEIGHT * loss if "b" in {"a", "b", "c"} else loss

        def stop(epoch, logs):
            if epoch == int(sys.argv[3]):
                raise SystemExit

        stopping = keras.callbacks.LambdaCallback(on_epoch_begin=stop)
        trainer = mnistkit.Trainer("dense128", engine="graph", run_dir=sys.argv[1])
        trainer.compile("adam", own_loss)
        digits = mnistkit.load_dataset("digits").train.take(64)
        trainer.fit(digits, epochs=2, resume=True, callbacks=stopping)
        print(len(trainer.history["loss"]))
    """
    here, there = tmp_path / "here.py", tmp_path / "there.py"
    here.write_text(textwrap.dedent(script))
    there.write_text("\n\n" + textwrap.dedent(script))
    monkeypatch.setattr(sys, "argv", [str(here), str(tmp_path / "run"), "0", "1"])
    with pytest.raises(SystemExit):
        runpy.run_path(str(here), run_name="__main__")
    done = subprocess.run(
        [sys.executable, str(there), str(tmp_path / "run"), "1", "9"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr[-2000:]


def test_other_weights_on_another_machine_are_a_warning(
    digits: Split, tmp_path: Path, forge: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Its random numbers may differ in the last bits."""
    begin(Trainer(network(), engine="graph", run_dir=tmp_path), digits, finished=False)
    forge(tmp_path, lambda run: run["machine"].update(processor="another"))
    other = Trainer(pretrained(), engine="graph", run_dir=tmp_path)
    other.fit(digits, epochs=2, resume=True, callbacks=interruption(99))
    assert "initial_weights: other ones now" in caplog.text


def test_a_recipe_with_another_setting_is_shown_alone(digits: Split, tmp_path: Path) -> None:
    recipe = Recipe(schedule="constant")
    begin(
        Trainer(network(), recipe=recipe, engine="graph", run_dir=tmp_path), digits, finished=True
    )
    other = Trainer(network(), recipe=recipe.replace(batch_size=32), run_dir=tmp_path)
    lines = refused(other, digits).splitlines()
    assert lines[1:-1] == ["  recipe.batch_size: 64 then, 32 now"]
