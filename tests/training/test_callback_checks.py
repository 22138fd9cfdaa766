"""Callbacks that want every batch get every batch, on every engine; others cost no speed."""

from __future__ import annotations

import importlib.util
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Split, Trainer
from mnistkit.training.callback_checks import need_every_batch

ENGINES = [
    pytest.param("auto", marks=pytest.mark.slow),
    pytest.param("xla", marks=pytest.mark.slow),
    "graph",
    "keras",
]
STEPS = 13  # in an epoch, the last one of six images


@pytest.fixture(scope="module")
def digits() -> Split:
    return mnistkit.load_dataset("digits").train.take(102)


def model() -> keras.Model:
    stack = [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    network = keras.Sequential(stack)
    network.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    network.layers[-1].kernel.assign(np.zeros((784, 10)))
    return network


def fit(engine: str, data: Split, *callbacks: keras.callbacks.Callback, **options: Any) -> Trainer:
    trainer = Trainer(model(), engine=engine)
    trainer.fit(data, batch_size=8, **{"epochs": 2, **options}, callbacks=callbacks)
    return trainer


class WarmUp(keras.callbacks.Callback):
    """A rate that rises step by step, as one writes it in one's own project."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate = 0.01 * self.steps
        self.steps += 1


class StopAt(keras.callbacks.Callback):
    """The name of these hooks was another one once; it works still."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        self.model.stop_training = batch == 10


@pytest.mark.parametrize("engine", ENGINES)
def test_every_batch_is_seen(digits: Split, engine: str) -> None:
    begun, ended, losses = [], [], []

    def note(batch: int, logs: Any) -> None:
        ended.append(batch)
        losses.append(logs["loss"])

    callback = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: begun.append(batch), on_train_batch_end=note
    )
    warm_up = WarmUp()
    trainer = fit(engine, digits, callback, warm_up)
    assert begun == ended == 2 * list(range(STEPS))
    assert warm_up.steps == 2 * STEPS
    assert float(trainer.model.optimizer.learning_rate) == pytest.approx(0.01 * (2 * STEPS - 1))
    assert losses[0] == losses[1] == pytest.approx(np.log(10)), "the first step is of rate 0"
    assert losses[STEPS - 1] == pytest.approx(trainer.history["loss"][0])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stop_within_an_epoch(digits: Split, engine: str) -> None:
    trainer = fit(engine, digits, StopAt())
    assert int(trainer.model.optimizer.iterations) == 11
    assert len(trainer.history["loss"]) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_files_every_few_batches(digits: Split, engine: str, tmp_path: Path) -> None:
    name = str(tmp_path / "{epoch}-{batch}.weights.h5")
    every_fifth = keras.callbacks.ModelCheckpoint(name, save_weights_only=True, save_freq=5)
    backup = keras.callbacks.BackupAndRestore(
        tmp_path / "backup", save_freq=4, delete_checkpoint=False
    )
    fit(engine, digits, every_fifth, backup)
    saved = {path.name.removesuffix(".weights.h5") for path in tmp_path.glob("*.h5")}
    assert saved == {"1-5", "1-10", "2-2", "2-7", "2-12"}
    state = json.loads((tmp_path / "backup" / "training_metadata.json").read_text())
    assert state["epoch"] == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_batches_of_validation(digits: Split, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("graph_engine", "keras_engine"):
        monkeypatch.setattr(f"mnistkit.training.{name}._VALIDATION_BATCH", 20)
    seen = []
    callback = keras.callbacks.LambdaCallback(
        on_test_batch_end=lambda batch, logs: seen.append(batch)
    )
    fit(engine, digits, callback, validation=digits.take(50), epochs=1)
    assert seen == [0, 1, 2]


@pytest.mark.parametrize("engine", ENGINES[1:3])
def test_to_look_at_batches_changes_no_weight(digits: Split, engine: str) -> None:
    looking = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    one, other = fit(engine, digits), fit(engine, digits, looking)
    assert one.engine == other.engine == engine
    for weights, same in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, same)


def test_what_costs_speed_is_said_once(digits: Split, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "mnistkit"):
        fit("auto", digits, keras.callbacks.EarlyStopping("loss"))
        assert not caplog.messages
        fit("auto", digits, WarmUp(), WarmUp(), StopAt())
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("WarmUp, StopAt: called at every batch, so the program")


class AfterEpochs(keras.callbacks.ModelCheckpoint):
    """Adds nothing that looks at batches."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_end(epoch, logs)


class CountsToo(keras.callbacks.ModelCheckpoint):
    """Looks at batches, though what it inherits works by epochs."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Count."""


class Logger(keras.callbacks.Callback):
    """Follows Keras' custom, as other packages' callbacks do."""

    def __init__(self, log_freq: int | str = "epoch") -> None:
        super().__init__()
        self.log_freq = log_freq

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Log."""


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (keras.callbacks.EarlyStopping, False),
        (keras.callbacks.ReduceLROnPlateau, False),
        (lambda: keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate), False),
        (lambda: keras.callbacks.CSVLogger("a.csv"), False),
        (keras.callbacks.RemoteMonitor, False),
        (lambda: keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None), False),
        (lambda: keras.callbacks.LambdaCallback(on_train_batch_begin=lambda n, logs: None), True),
        (lambda: keras.callbacks.LambdaCallback(on_batch_end=lambda n, logs: None), True),
        (keras.callbacks.TerminateOnNaN, True),
        (lambda: keras.callbacks.ModelCheckpoint("a.keras"), False),
        (lambda: keras.callbacks.ModelCheckpoint("a.keras", save_freq=100), True),
        (lambda: keras.callbacks.BackupAndRestore("a"), False),
        (lambda: keras.callbacks.BackupAndRestore("a", save_freq=100), True),
        (lambda: keras.callbacks.TensorBoard("a"), False),
        (lambda: keras.callbacks.TensorBoard("a", histogram_freq=1), False),
        (lambda: keras.callbacks.TensorBoard("a", update_freq=50), True),
        (lambda: keras.callbacks.TensorBoard("a", update_freq="batch"), True),
        (lambda: keras.callbacks.TensorBoard("a", profile_batch=(3, 5)), True),
        (lambda: AfterEpochs("a.keras"), False),
        (lambda: AfterEpochs("a.keras", save_freq=10), True),
        (lambda: CountsToo("a.keras"), True),
        (Logger, False),
        (lambda: Logger("batch"), True),
        (lambda: Logger(10), True),
        (WarmUp, True),
        (StopAt, True),
    ],
)
def test_who_needs_every_batch(make: Callable[[], Any], expected: bool) -> None:
    callback = make()
    assert need_every_batch([callback]) == ([type(callback).__name__] if expected else [])


@pytest.mark.skipif(not importlib.util.find_spec("tensorboard"), reason="needs TensorBoard")
@pytest.mark.parametrize("engine", ENGINES)
def test_tensorboard_writes_what_it_writes_in_keras(
    digits: Split, engine: str, tmp_path: Path
) -> None:
    import tensorflow as tf
    from tensorflow.core.util import event_pb2

    def steps(folder: Path) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for path in sorted(folder.glob("*/events*")):
            for record in tf.data.TFRecordDataset(str(path)):
                event = event_pb2.Event.FromString(record.numpy())
                for value in event.summary.value:
                    found.setdefault(f"{path.parent.name} {value.tag}", []).append(event.step)
        return found

    for frequency in ("epoch", 5):
        folders = [tmp_path / f"{name}-{frequency}" for name in ("ours", "keras")]
        for folder, name in zip(folders, (engine, "keras"), strict=True):
            callback = keras.callbacks.TensorBoard(folder, update_freq=frequency)
            fit(name, digits, callback, validation=digits.take(20))
        ours, keras_own = map(steps, folders)
        assert ours == keras_own
        if frequency == "epoch":
            assert ours["train epoch_loss"] == ours["validation epoch_loss"] == [0, 1]
        else:
            assert ours["train batch_loss"] == [5, 10, 15, 20, 25]
