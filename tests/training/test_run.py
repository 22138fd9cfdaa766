"""What a run tells of itself is what happened, whatever ended it; a second fit goes on."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Augmentation, Recipe, Split, Trainer
from mnistkit.errors import DivergenceError, RecipeError, RunFolderError

XLA, KERAS = (pytest.param(name, marks=pytest.mark.slow) for name in ("xla", "keras"))
ENGINES = [XLA, "graph", "keras"]
KERAS_IS_SLOW = [XLA, "graph", KERAS]
CALLBACKS = keras.callbacks


@pytest.fixture(scope="module")
def digits() -> Split:
    return mnistkit.load_dataset("digits").train.take(96)


def small(*, compiled: bool = True) -> keras.Model:
    keras.utils.set_random_seed(3)
    stack = [keras.layers.AveragePooling1D(4), keras.layers.Flatten(), keras.layers.Dropout(0.2)]
    model = keras.Sequential(
        [keras.Input((28, 28)), *stack, keras.layers.Dense(10, activation="softmax")]
    )
    if compiled:
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def told(folder: Path) -> dict[str, Any]:
    description: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return description


def saved(trainer: Trainer, folder: Path) -> dict[str, Any]:
    return told(trainer.save(folder))


def raising(error: BaseException, epoch: int) -> keras.callbacks.Callback:
    def stop(number: int, logs: Any) -> None:
        if number == epoch:
            raise error

    return CALLBACKS.LambdaCallback(on_epoch_begin=stop)


def same_weights(one: Trainer, other: Trainer) -> bool:
    pairs = zip(one.model.get_weights(), other.model.get_weights(), strict=True)
    return all(np.array_equal(*pair) for pair in pairs)


# A second fit goes on ----------------------------------------------------------------------------


@pytest.mark.parametrize("engine", KERAS_IS_SLOW)
def test_three_fits_of_one_epoch_are_one_of_three(engine: str, digits: Split) -> None:
    """Order, variations, dropout and the caller's optimizer go on."""
    recipe = Recipe(augmentation=Augmentation(rotation=10, translation=2))
    whole, parts = (Trainer(small(), recipe=recipe, engine=engine) for _ in range(2))
    whole.fit(digits, epochs=3)
    numbers = [parts.fit(digits, epochs=1).epoch for _ in range(3)]
    assert numbers == [[0], [1], [2]]
    assert parts.history == whole.history
    assert same_weights(whole, parts)


@pytest.mark.parametrize("engine", KERAS_IS_SLOW)
def test_what_is_seen_goes_on_where_the_optimizer_begins_anew(engine: str, digits: Split) -> None:
    """At a learning rate that changes nothing, the loss tells which images were seen how."""
    recipe = Recipe(learning_rate=1e-12, augmentation=Augmentation(translation=3), batch_size=32)
    whole, parts = (Trainer(small(compiled=False), recipe=recipe, engine=engine) for _ in range(2))
    whole.fit(digits, epochs=3)
    for _ in range(3):
        parts.fit(digits, epochs=1)
    losses = whole.history["loss"]
    assert len({round(loss, 4) for loss in losses}) == 3
    np.testing.assert_allclose(parts.history["loss"], losses, rtol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_loaded_trainer_goes_on_counting(engine: str, digits: Split, tmp_path: Path) -> None:
    whole, first = (Trainer(small(), engine=engine) for _ in range(2))
    whole.fit(digits, epochs=3)
    first.fit(digits, epochs=2)
    loaded = Trainer.load(first.save(tmp_path / "run"), engine=engine)
    assert loaded.fit(digits, epochs=1).epoch == [2]
    assert len(loaded.history["loss"]) == 3
    np.testing.assert_allclose(loaded.history["loss"], whole.history["loss"], rtol=1e-3)


def test_callbacks_see_the_numbers_go_on(digits: Split) -> None:
    numbers: list[int] = []
    trainer = Trainer(small(), engine="graph")
    for _ in range(2):
        callback = CALLBACKS.LambdaCallback(on_epoch_begin=lambda n, logs: numbers.append(n))
        trainer.fit(digits, epochs=2, callbacks=callback)
    assert numbers == [0, 1, 2, 3]


def test_initial_epoch_is_that_of_keras(digits: Split) -> None:
    whole, parts = (Trainer(small(), engine="graph") for _ in range(2))
    whole.fit(digits, epochs=3)
    for epoch in range(3):
        parts.fit(digits, epochs=epoch + 1, initial_epoch=epoch)
    assert same_weights(whole, parts)
    again = Trainer(small(), engine="graph")
    assert again.fit(digits, initial_epoch=4).epoch == [4, 5]  # up to the recipe's 6
    assert again.fit(digits, initial_epoch=0, epochs=1).epoch == [0]
    assert len(again.history["loss"]) == 3


@pytest.mark.parametrize("initial", [3, 7, -1, 1.0, "1"])
def test_initial_epoch_that_leaves_nothing(initial: Any, digits: Split) -> None:
    with pytest.raises(RecipeError, match=r"expected a whole number from 0 to below epochs=3"):
        Trainer(small()).fit(digits, epochs=3, initial_epoch=initial)


def test_history_tells_what_was_not_measured(digits: Split, tmp_path: Path) -> None:
    trainer = Trainer(small(), engine="graph")
    trainer.fit(digits, epochs=1)
    trainer.fit(digits, epochs=2, validation=digits)
    trainer.fit(digits, epochs=1)
    for one in (trainer, Trainer.load(trainer.save(tmp_path / "run"))):
        measured = [not math.isnan(loss) for loss in one.history["val_loss"]]
        assert measured == [False, True, True, False]
        assert len(one.history["loss"]) == 4
        mnistkit.plot_history(one.history)


def test_a_schedule_begins_anew_and_the_record_says_where(digits: Split, tmp_path: Path) -> None:
    trainer = Trainer("dense128", engine="graph")
    trainer.fit(digits, epochs=2)
    trainer.fit(digits, epochs=3)
    found = saved(trainer, tmp_path / "run")
    numbers = [found[name] for name in ("first_epoch", "epochs_done", "epochs_planned")]
    assert numbers == [2, 5, 5]
    assert found["recipe"]["epochs"] == 3
    assert [one["recipe"]["epochs"] for one in found["earlier_fits"]] == [2]
    assert int(trainer.model.optimizer.iterations) == 3 * 3


def test_a_finished_run_is_trained_longer(digits: Split, tmp_path: Path) -> None:
    """In a folder of its own, which can be resumed; the same code goes on after an interruption."""
    first = Trainer("dense128", engine="graph")
    first.fit(digits, epochs=2)
    first.save(tmp_path / "first")
    whole = Trainer.load(tmp_path / "first", run_dir=tmp_path / "whole")
    whole.fit(digits, epochs=2, callbacks=raising(KeyboardInterrupt(), 99))
    with pytest.raises(KeyboardInterrupt):
        Trainer.load(tmp_path / "first", run_dir=tmp_path / "longer").fit(
            digits, epochs=2, callbacks=raising(KeyboardInterrupt(), 3)
        )
    longer = Trainer.load(tmp_path / "first", run_dir=tmp_path / "longer")
    history = longer.fit(digits, epochs=2, resume=True, callbacks=raising(KeyboardInterrupt(), 99))
    assert history.epoch == [2, 3]
    assert longer.history == whole.history
    assert len(longer.history["loss"]) == 4
    assert same_weights(longer, whole)
    assert len(Trainer.load(tmp_path / "longer").history["loss"]) == 4


def test_a_finished_run_is_not_lengthened_by_resuming(digits: Split, tmp_path: Path) -> None:
    Trainer("dense128", engine="graph", run_dir=tmp_path).fit(digits, epochs=1)
    with pytest.raises(RunFolderError, match=r"recipe.epochs: 1 then, 2 now\n.*run_dir=another"):
        Trainer("dense128", engine="graph", run_dir=tmp_path).fit(digits, epochs=2, resume=True)


# What is told is what happened -------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), ValueError("mine")])
def test_an_interrupted_fit(
    engine: str, error: BaseException, digits: Split, tmp_path: Path
) -> None:
    trainer = Trainer(small(), engine=engine)
    trainer.fit(digits[:40], epochs=1)
    with pytest.raises(type(error)):
        trainer.fit(digits, epochs=5, callbacks=raising(error, 3))
    assert len(trainer.history["loss"]) == 3
    found = saved(trainer, tmp_path / "run")
    assert found["status"] == "interrupted"
    assert found["interrupted_by"] == type(error).__name__
    assert (found["epochs_done"], found["epochs_planned"]) == (3, 6)
    assert found["data"]["num_images"] == 96
    assert [one["data"]["num_images"] for one in found["earlier_fits"]] == [40]
    began = dt.datetime.fromisoformat(found["started"])
    assert dt.timedelta() < dt.datetime.now(dt.UTC) - began < dt.timedelta(minutes=5)
    assert 0 < found["duration"] < 300
    loaded = Trainer.load(tmp_path / "run")
    assert loaded.history == trainer.history
    assert same_weights(loaded, trainer)
    assert loaded.fit(digits, epochs=1).epoch == [3]


def test_an_interruption_in_the_middle_of_an_epoch(digits: Split, tmp_path: Path) -> None:
    def stop(batch: int, logs: Any) -> None:
        raise KeyboardInterrupt

    trainer = Trainer(small(), engine="keras")
    with contextlib.suppress(KeyboardInterrupt):
        trainer.fit(digits, epochs=5, callbacks=CALLBACKS.LambdaCallback(on_train_batch_end=stop))
    found = saved(trainer, tmp_path / "run")
    assert (found["status"], found["epochs_done"], trainer.history) == ("interrupted", 0, {})
    assert found["data"]["num_images"] == 96
    assert not found["changed_after_fit"]


def test_divergence(digits: Split, tmp_path: Path) -> None:
    trainer = Trainer(small(compiled=False), engine="graph", run_dir=tmp_path / "run")
    trainer.compile(keras.optimizers.SGD(math.inf))
    with pytest.raises(DivergenceError):
        trainer.fit(digits, epochs=5)
    found = told(tmp_path / "run")
    assert (found["status"], found["interrupted_by"]) == ("interrupted", "DivergenceError")
    with pytest.raises(DivergenceError):
        trainer.save(tmp_path / "other")


def test_a_run_folder_tells_of_the_interruption(digits: Split, tmp_path: Path) -> None:
    trainer = Trainer(small(), engine="graph", run_dir=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(digits, epochs=4, callbacks=raising(KeyboardInterrupt(), 2))
    found = told(tmp_path)
    assert (found["status"], found["epochs_done"], found["epochs_planned"]) == ("interrupted", 2, 4)
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 3
    with pytest.raises(RunFolderError, match=r"is not finished. Continue it with"):
        Trainer.load(tmp_path)


def test_the_same_trainer_resumes_its_run(digits: Split, tmp_path: Path) -> None:
    whole = Trainer(small(), engine="graph")
    whole.fit(digits, epochs=4)
    trainer = Trainer(small(), engine="graph", run_dir=tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(digits, epochs=4, callbacks=raising(KeyboardInterrupt(), 2))
    trainer.save(tmp_path / "run")  # what there is so far; the checkpoints stay
    assert len(Trainer.load(tmp_path / "run").history["loss"]) == 2
    never = raising(KeyboardInterrupt(), 99)
    trainer.fit(digits, epochs=4, resume=True, callbacks=never)
    assert same_weights(trainer, whole)
    assert trainer.history == whole.history
    again = trainer.fit(digits, epochs=4, resume=True, callbacks=never)  # it is finished
    assert again.epoch == [0, 1, 2, 3]
    assert trainer.history == whole.history
    assert told(tmp_path / "run")["earlier_fits"] == []


def test_what_was_saved_without_a_checkpoint_is_not_resumed(digits: Split, tmp_path: Path) -> None:
    trainer = Trainer("dense128", engine="graph")
    with contextlib.suppress(KeyboardInterrupt):
        trainer.fit(digits, epochs=3, callbacks=raising(KeyboardInterrupt(), 1))
    trainer.save(tmp_path / "run")
    other = Trainer("dense128", engine="graph", run_dir=tmp_path / "run")
    with pytest.raises(RunFolderError, match="saved without a checkpoint") as caught:
        other.fit(digits, epochs=3, resume="anyway")
    assert "its status is 'interrupted'" in str(caught.value)
    assert len(Trainer.load(tmp_path / "run").history["loss"]) == 1


def test_a_model_that_was_never_fit(digits: Split, tmp_path: Path) -> None:
    found = saved(Trainer("dense128"), tmp_path / "run")
    assert (found["status"], found["epochs_done"], found["data"]) == ("not trained", 0, None)
    assert not {"epochs_planned", "started", "duration"} & set(found)
    loaded = Trainer.load(tmp_path / "run")
    assert saved(loaded, tmp_path / "again")["status"] == "not trained"
    assert loaded.fit(digits, epochs=1).epoch == [0]
    assert saved(loaded, tmp_path / "again")["status"] == "finished"


def test_a_refused_fit_changes_nothing(digits: Split, tmp_path: Path) -> None:
    trainer = Trainer("dense128", engine="graph")  # Keras' files of nameless models have a time
    trainer.fit(digits, epochs=1)
    before = saved(trainer, tmp_path / "one")
    with pytest.raises(RunFolderError):
        trainer.fit(digits[:10], resume=True)
    assert saved(trainer, tmp_path / "two") == before


def test_early_stopping_is_an_end(digits: Split, tmp_path: Path) -> None:
    trainer = Trainer(small(), engine="graph")
    stopping = CALLBACKS.EarlyStopping("loss", patience=1, min_delta=10)
    trainer.fit(digits, epochs=5, callbacks=stopping)
    found = saved(trainer, tmp_path / "run")
    assert (found["status"], found["epochs_done"], found["epochs_planned"]) == ("finished", 2, 5)


def test_parents(digits: Split, tmp_path: Path) -> None:
    first = Trainer("dense128", engine="graph")
    first.fit(digits, epochs=1)
    begun = saved(first, tmp_path / "first")
    assert (begun["parent"], begun["earlier_fits"]) == (None, [])
    by_load = Trainer.load(tmp_path / "first")
    by_model = Trainer(Trainer.load(tmp_path / "first").model, engine="graph")
    for trainer, first_epoch in ((first, 1), (by_load, 1), (by_model, 0)):
        trainer.fit(digits[:50], epochs=1)
        found = saved(trainer, tmp_path / "second")
        assert found["parent"] == found["initial_weights"] == begun["final_weights"]
        assert [one["data"]["num_images"] for one in found["earlier_fits"]] == [96]
        assert found["first_epoch"] == first_epoch
        assert found["data"]["num_images"] == 50


def test_weights_of_the_package_are_a_parent(digits: Split, tmp_path: Path) -> None:
    trainer = Trainer(mnistkit.create_model("dense128", weights="mnist"), engine="graph")
    trainer.fit(digits, epochs=1)
    found = saved(trainer, tmp_path)
    assert found["parent"] == found["initial_weights"]
    assert found["model"]["weights"] == "mnist"


def test_a_model_that_was_changed_after_the_fit(digits: Split, tmp_path: Path) -> None:
    trainer = Trainer(small(), engine="graph")
    trainer.fit(digits, epochs=1)
    assert not saved(trainer, tmp_path)["changed_after_fit"]
    images, labels = digits.arrays()
    trainer.model.fit(images, labels, epochs=1, verbose=0)
    found = saved(trainer, tmp_path)
    assert found["changed_after_fit"]
    assert found["epochs_done"] == 1
    loaded = Trainer.load(tmp_path)
    assert saved(loaded, tmp_path)["changed_after_fit"]
    trainer.fit(digits, epochs=1)
    found = saved(trainer, tmp_path)
    assert not found["changed_after_fit"]
    assert found["parent"] != found["initial_weights"]


def test_layers_that_were_changed_after_the_fit(digits: Split, tmp_path: Path) -> None:
    trainer = Trainer("dense128", engine="graph")
    trainer.fit(digits, epochs=1)
    trainer.model.layers[-2].activation = keras.activations.tanh
    assert saved(trainer, tmp_path)["changed_after_fit"]
    loaded = Trainer.load(tmp_path)
    np.testing.assert_allclose(loaded.predict(digits), trainer.predict(digits), rtol=1e-5)
