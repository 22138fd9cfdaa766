"""Runs that are interrupted and continued: to the very same weights."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Augmentation, Recipe, Trainer
from mnistkit.errors import RecipeError, RunFolderError

layers = keras.layers
RECIPE = Recipe(epochs=5, batch_size=32, schedule="cosine", warmup=0.2, learning_rate=0.003)
VARIED = RECIPE.replace(augmentation=Augmentation(rotation=10, elastic=0.5))


@pytest.fixture(scope="module")
def digits():
    return mnistkit.load_dataset("digits")


@pytest.fixture(autouse=True)
def _small_convolutional_network():
    """Register ``small``: a convolution and dropout, but compiled in a moment."""

    @mnistkit.register_model("small")
    def small(*, num_classes=10, input_shape=(28, 28)):
        body = [layers.Reshape((*input_shape, 1)), layers.Conv2D(4, 5, strides=2), layers.Flatten()]
        end = [layers.Dropout(0.3), layers.Dense(num_classes, "softmax")]
        return keras.Sequential([keras.Input(input_shape), *body, *end])


class InterruptionError(Exception):
    pass


def interrupt_after(epochs):
    """Stop as a killed process does, right after an epoch's checkpoint is written."""

    def stop(epoch, logs):
        if epoch == epochs:
            raise InterruptionError

    return keras.callbacks.LambdaCallback(on_epoch_begin=stop)


def run(
    folder, digits, *, model="small", recipe=RECIPE, engine="graph", epochs=None, resume=True,
    more=(), **options
):  # fmt: skip
    """Train a little; XLA compiles for longer than this trains, and has tests of its own here."""
    trainer = Trainer(model, recipe=recipe, seed=7, run_dir=folder, engine=engine)
    # The same callbacks in every part of a run: other ones make it another run.
    callbacks = [*more, interrupt_after(99 if epochs is None else epochs)]
    train, validation = digits.train.take(150), digits.test.take(50)
    history = trainer.fit(
        train, validation=validation, resume=resume, callbacks=callbacks, **options
    )
    return trainer, history


def assert_identical(one, other):
    for weights_one, weights_other in zip(
        one.model.get_weights(), other.model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(weights_one, weights_other)
    assert one.history == other.history


@pytest.mark.parametrize(
    ("engine", "interruptions"),
    [
        ("xla", (2,)),
        pytest.param("xla", (0, 1, 4), marks=pytest.mark.slow),
        ("graph", (0, 1, 4)),
        pytest.param("keras", (2,), marks=pytest.mark.slow),
    ],
)
def test_continued_run_has_the_same_weights_bit_for_bit(digits, tmp_path, engine, interruptions):
    whole, _ = run(tmp_path / "whole", digits, recipe=VARIED, engine=engine)
    for epochs in interruptions:
        with pytest.raises(InterruptionError):
            run(tmp_path / "parts", digits, recipe=VARIED, engine=engine, epochs=epochs)
    parts, history = run(tmp_path / "parts", digits, recipe=VARIED, engine=engine)
    assert_identical(whole, parts)
    assert history.epoch == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("engine", [pytest.param("xla", marks=pytest.mark.slow), "graph"])
def test_batch_norm_and_weight_averaging_continue_too(digits, tmp_path, engine):
    def model():
        network = keras.Sequential(
            [
                keras.Input((28, 28)),
                layers.Flatten(),
                layers.Dense(16),
                layers.BatchNormalization(),
                layers.Dropout(0.3),
                layers.Dense(10, "softmax"),
            ]
        )
        generator = np.random.default_rng(0)
        for variable in network.trainable_variables:
            variable.assign(generator.normal(scale=0.1, size=variable.shape))
        network.compile(
            optimizer=keras.optimizers.Adam(use_ema=True, ema_momentum=0.9),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        return network

    whole, _ = run(tmp_path / "whole", digits, engine=engine, model=model())
    with pytest.raises(InterruptionError):
        run(tmp_path / "parts", digits, engine=engine, model=model(), epochs=2)
    parts, _ = run(tmp_path / "parts", digits, engine=engine, model=model())
    assert_identical(whole, parts)


def stopper(patience):
    return keras.callbacks.EarlyStopping("loss", patience=patience)


def test_callbacks_keep_their_memory(digits, tmp_path):
    """EarlyStopping counts epochs without progress, across the interruption as well."""

    def best_weights():
        return keras.callbacks.EarlyStopping(
            "val_loss", patience=2, min_delta=10, restore_best_weights=True
        )

    whole, _ = run(tmp_path / "whole", digits, more=[best_weights()])
    assert len(whole.history["loss"]) == 3
    used = best_weights()
    with pytest.raises(InterruptionError):
        run(tmp_path / "parts", digits, epochs=2, more=[used])
    with pytest.raises(RunFolderError, match=r"is another one:\n  callbacks: "):
        run(tmp_path / "parts", digits, more=[used])  # it has counted already
    parts, _ = run(tmp_path / "parts", digits, more=[best_weights()])
    assert_identical(whole, parts)


def test_a_finished_run_is_not_trained_again(digits, tmp_path, caplog):
    epochs = []
    counter = keras.callbacks.LambdaCallback(on_epoch_begin=lambda e, logs: epochs.append(e))
    first, _ = run(tmp_path / "run", digits, more=[counter])
    again, history = run(tmp_path / "run", digits, more=[counter])
    assert len(epochs) == 5
    assert_identical(first, again)
    assert len(history.history["loss"]) == 5
    loaded = Trainer.load(tmp_path / "run")
    assert_identical(first, loaded)
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == [".lock", "history.csv", "run.json", "weights.npz"]


def test_a_run_is_not_overwritten(digits, tmp_path):
    run(tmp_path / "run", digits)
    with pytest.raises(RunFolderError, match="holds a run already"):
        run(tmp_path / "run", digits, resume=False)


def test_a_finished_run_is_not_extended_silently(digits, tmp_path):
    run(tmp_path / "run", digits)
    other = Trainer("small", recipe=RECIPE, seed=7, run_dir=tmp_path / "run")
    with pytest.raises(RunFolderError, match=r"It is finished. To train its model on"):
        other.fit(digits.train.take(150), epochs=9, resume="anyway")


def test_a_run_can_be_replaced(digits, tmp_path):
    run(tmp_path / "run", digits)
    (tmp_path / "run" / "notes.txt").write_text("mine")
    other = Trainer("dense128", run_dir=tmp_path / "run")
    with pytest.raises(RecipeError):
        Trainer("dense128", recipe="typo", run_dir=tmp_path / "run")
    other.fit(digits.train.take(50), epochs=1, overwrite=True)
    assert Trainer.load(tmp_path / "run").model.name == "dense128"
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"


def test_checkpoints_of_another_run_are_not_continued(digits, tmp_path):
    with pytest.raises(InterruptionError):
        run(tmp_path / "run", digits, epochs=4)
    (tmp_path / "run" / "run.json").unlink()
    other = Trainer("small", recipe=RECIPE, seed=8, run_dir=tmp_path / "run")
    with pytest.raises(InterruptionError):
        other.fit(digits.train.take(99), callbacks=[interrupt_after(2)])
    names = sorted(path.name for path in (tmp_path / "run").glob("checkpoint*"))
    assert names == ["checkpoint-000001.npz", "checkpoint-000002.npz"]
    again = Trainer("small", recipe=RECIPE, seed=8, run_dir=tmp_path / "run")
    again.fit(digits.train.take(99), resume=True, callbacks=[interrupt_after(9)])
    clean = Trainer("small", recipe=RECIPE, seed=8)
    clean.fit(digits.train.take(99))
    assert_identical(again, clean)


def test_loss_scaling_continues_too(digits, tmp_path):
    def trainer(folder):
        made = Trainer("dense128", recipe=RECIPE, run_dir=folder)
        made.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()))
        return made

    whole, parts = trainer(tmp_path / "whole"), trainer(tmp_path / "parts")
    whole.fit(digits.train.take(100), callbacks=[interrupt_after(99)])
    with pytest.raises(InterruptionError):
        parts.fit(digits.train.take(100), callbacks=[interrupt_after(2)])
    parts = trainer(tmp_path / "parts")
    parts.fit(digits.train.take(100), resume=True, callbacks=[interrupt_after(99)])
    assert_identical(whole, parts)


def test_one_process_a_folder(digits, tmp_path):
    refused = []

    def second(epoch, logs):
        with pytest.raises(RunFolderError, match="Another process is training in") as caught:
            run(tmp_path / "run", digits)
        refused.append(caught)

    run(tmp_path / "run", digits, more=[keras.callbacks.LambdaCallback(on_epoch_end=second)])
    assert len(refused) == 5


def test_an_unfinished_run_cannot_be_loaded(digits, tmp_path):
    with pytest.raises(InterruptionError):
        run(tmp_path / "run", digits, epochs=2)
    with pytest.raises(RunFolderError, match=r"is not finished. Continue it with"):
        Trainer.load(tmp_path / "run")


def test_another_run_is_refused_with_the_differences(digits, tmp_path):
    with pytest.raises(InterruptionError):
        run(tmp_path / "run", digits, epochs=2)
    other = Trainer("small", recipe=RECIPE, seed=8, run_dir=tmp_path / "run")
    with pytest.raises(RunFolderError) as caught:
        other.fit(digits.train.take(149), epochs=6, resume=True, callbacks=[stopper(3)])
    message = str(caught.value)
    assert "seed: 7 then, 8 now" in message
    assert "recipe.epochs: 5 then, 6 now" in message
    assert "data.num_images: 150 then, 149 now" in message
    assert "validation: {" in message
    assert "callbacks: [" in message
    assert "resume='anyway'" in message
    other.fit(digits.train.take(149), epochs=6, resume="anyway")
    assert len(other.history["loss"]) == 6


def test_another_version_is_refused(digits, tmp_path, forge):
    with pytest.raises(InterruptionError):
        run(tmp_path / "run", digits, epochs=2)
    forge(tmp_path / "run", lambda run: run["versions"].update(keras="3.0.0"))
    forge(tmp_path / "run", lambda run: run["machine"].update(processor="another"))
    with pytest.raises(RunFolderError, match=r"versions.keras: '3.0.0' then, '3"):
        run(tmp_path / "run", digits)


def test_another_machine_is_only_a_warning(digits, tmp_path, caplog, forge):
    with pytest.raises(InterruptionError):
        run(tmp_path / "run", digits, epochs=2)
    forge(tmp_path / "run", lambda run: run["machine"].update(processor="another"))
    run(tmp_path / "run", digits)
    assert "The run goes on on another machine" in caplog.text


def test_damaged_checkpoint_gives_way_to_the_one_before(digits, tmp_path, caplog):
    whole, _ = run(tmp_path / "whole", digits)
    with pytest.raises(InterruptionError):
        run(tmp_path / "parts", digits, epochs=3)
    newest = tmp_path / "parts" / "checkpoint-000003.npz"
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 0xFF
    newest.write_bytes(content)
    parts, _ = run(tmp_path / "parts", digits)
    assert "checkpoint-000003.npz is damaged" in caplog.text
    assert_identical(whole, parts)


def test_all_checkpoints_damaged_starts_again(digits, tmp_path):
    whole, _ = run(tmp_path / "whole", digits)
    with pytest.raises(InterruptionError):
        run(tmp_path / "parts", digits, epochs=3)
    for path in (tmp_path / "parts").glob("checkpoint-*"):
        path.write_bytes(path.read_bytes()[:1000])
    parts, _ = run(tmp_path / "parts", digits)
    assert_identical(whole, parts)


def test_a_checkpoint_of_another_network(digits, tmp_path):
    with pytest.raises(InterruptionError):
        run(tmp_path / "run", digits, epochs=1)
    other = Trainer("dense128", recipe=RECIPE, seed=7, run_dir=tmp_path / "run")
    with pytest.raises(RunFolderError, match="has variables of the shapes"):
        other.fit(digits.train.take(150), resume="anyway")


def test_resume_without_a_folder(digits):
    with pytest.raises(RunFolderError, match="nothing to resume without Trainer"):
        Trainer("dense128").fit(digits.train, resume=True)


def test_full_disk_keeps_the_last_checkpoint_and_says_so(tmp_path):
    """The limit on the size of files stands for a full disk: the system refuses to write on."""
    script = f"""
        import logging, resource, signal
        import keras, mnistkit
        logging.basicConfig(level=logging.WARNING, format="%(message)s")
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        digits = mnistkit.load_dataset("digits")

        def shrink(epoch, logs):
            if epoch == 2:
                resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

        callback = keras.callbacks.LambdaCallback(on_epoch_begin=shrink)
        trainer = mnistkit.Trainer(
            "dense128", run_dir={str(tmp_path / "run")!r}, engine="graph"
        )
        try:
            trainer.fit(digits.train.take(100), epochs=4, callbacks=[callback])
        except mnistkit.errors.RunFolderError as error:
            print("at the end:", error)
        print(len(trainer.model.history.history["loss"]), "epochs trained")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert "The checkpoint of epoch 3 could not be written" in done.stderr, done.stderr[-3000:]
    assert "The one before it is kept, and training goes on." in done.stderr
    assert "at the end: The run could not be saved" in done.stdout
    assert "4 epochs trained" in done.stdout
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == [".lock", "checkpoint-000001.npz", "checkpoint-000002.npz", "run.json"]


TRAINING = """
    import sys
    import keras
    import mnistkit
    digits = mnistkit.load_dataset("digits")
    recipe = mnistkit.Recipe(
        epochs=int(sys.argv[2]),
        batch_size=32,
        schedule="cosine",
        learning_rate=0.003,
        augmentation=mnistkit.Augmentation(rotation=10, translation=2),
    )
    begins = keras.callbacks.LambdaCallback(on_train_begin=lambda _: print("begins", flush=True))
    trainer = mnistkit.Trainer("cnn", recipe=recipe, seed=3, run_dir=sys.argv[1])
    trainer.fit(digits.train.take(100), resume=True, callbacks=[begins])
    print("finished", flush=True)
"""


def kill_until_finished(folder, epochs, kills, generator):
    """Start, kill at a random moment of the training, start again; count the kills."""
    killed = 0
    while True:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(TRAINING), str(folder), str(epochs)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout.readline() == "begins\n"
        if killed < kills:
            time.sleep(generator.uniform(0.0, 0.6))
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
        rest = process.stdout.read()
        process.stdout.close()
        if process.wait() == 0:
            assert rest == "finished\n"
            return killed


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize(
    "kills", [1, pytest.param(50, marks=pytest.mark.slow)], ids=["short", "long"]
)
def test_killed_at_random_moments(tmp_path, monkeypatch, kills):
    generator = random.Random(0)
    epochs = 20 * kills  # so many that the run cannot end before the last kill
    monkeypatch.setattr(sys, "argv", ["", str(tmp_path / "whole"), str(epochs)])
    exec(textwrap.dedent(TRAINING), {})  # in this process, and never interrupted
    assert kill_until_finished(tmp_path / "parts", epochs, kills, generator) == kills
    whole, parts = Trainer.load(tmp_path / "whole"), Trainer.load(tmp_path / "parts")
    assert_identical(whole, parts)
    names = sorted(path.name for path in (tmp_path / "parts").iterdir())
    assert names == [".lock", "history.csv", "run.json", "weights.npz"]
