"""Results that exist stay until there is a better one, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Trainer
from mnistkit.errors import DivergenceError, RunFolderError
from mnistkit.training.run_folder import RunFolder
from mnistkit.training.run_result import RunResult

ENGINES = [pytest.param("xla", marks=pytest.mark.slow), "graph", "keras"]
RESULT = [".lock", "history.csv", "run.json", "weights.npz"]


@pytest.fixture(scope="module")
def digits():
    return mnistkit.load_dataset("digits").train.take(64)


def interruption(epoch_to_stop):
    """Stop the training there; the same callback, never reached, leaves it alone."""

    def stop(epoch, logs):
        if epoch == epoch_to_stop:
            raise InterruptedError

    return keras.callbacks.LambdaCallback(on_epoch_begin=stop)


def fit(folder, digits, *, seed, stop=99, **options):
    # A graph is made in a moment, where XLA compiles for longer than this trains.
    trainer = Trainer("dense128", seed=seed, run_dir=folder, engine="graph")
    trainer.fit(digits, epochs=3, callbacks=[interruption(stop)], **options)
    return trainer


@pytest.fixture(scope="module")
def finished(digits, tmp_path_factory):
    """A finished run of each seed."""
    folder = tmp_path_factory.mktemp("finished")
    return {seed: fit(folder / str(seed), digits, seed=seed) for seed in (1, 2)}


def copied(trainer, folder):
    return shutil.copytree(trainer.run_dir, folder)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


# Replacing a finished run ------------------------------------------------------------------------


def test_the_old_run_stays_until_the_new_one_is_whole(digits, finished, tmp_path):
    folder = copied(finished[1], tmp_path / "run")
    with pytest.raises(InterruptedError):
        fit(folder, digits, seed=2, stop=2, overwrite=True)
    assert Trainer.load(folder).seed == 1
    assert RunFolder(folder).status == "training"
    with pytest.raises(RunFolderError, match="seed: 2 then, 3 now"):
        fit(folder, digits, seed=3, resume=True)
    continued = fit(folder, digits, seed=2, resume=True)
    whole, loaded = finished[2], Trainer.load(folder)
    for one in (continued, loaded):
        for found, right in zip(one.model.get_weights(), whole.model.get_weights(), strict=True):
            np.testing.assert_array_equal(found, right)
    assert loaded.history == whole.history
    assert names_in(folder) == RESULT


def test_an_interrupted_replacement_can_be_replaced_itself(digits, finished, tmp_path):
    folder = copied(finished[1], tmp_path / "run")
    for seed in (2, 3):
        with pytest.raises(InterruptedError):
            fit(folder, digits, seed=seed, stop=1, overwrite=True)
        assert Trainer.load(folder).seed == 1
    assert fit(folder, digits, seed=3, resume=True).seed == 3
    assert Trainer.load(folder).seed == 3
    assert names_in(folder) == RESULT


def test_a_damaged_run_is_replaced_only_by_a_whole_one(digits, finished, tmp_path):
    folder = copied(finished[1], tmp_path / "run")
    (folder / "run.json").write_text("{")
    with pytest.raises(InterruptedError):
        fit(folder, digits, seed=2, stop=1, overwrite=True)
    assert (folder / "run.json").read_text() == "{"
    assert (folder / "weights.npz").exists()
    fit(folder, digits, seed=2, resume=True)
    assert Trainer.load(folder).seed == 2


@pytest.mark.parametrize("moved", range(4))
def test_a_process_killed_while_files_are_moved_leaves_the_new_run(
    digits, finished, tmp_path, moved
):
    """The files of the new run, all of them on the disk, and some of them in their place."""
    old, trained = copied(finished[1], tmp_path / "old"), finished[2]
    replacement = old / ".replacement"
    replacement.mkdir()
    for number, name in enumerate(("weights.npz", "history.csv", "run.json")):
        shutil.copy(trained.run_dir / name, replacement / name)
        if number < moved:
            (replacement / name).replace(old / name)
    loaded = Trainer.load(old)
    assert (loaded.seed, loaded.history) == (2, trained.history)
    fit(old, digits, seed=2, resume=True)
    Trainer.load(old).save(old)  # whoever writes also finishes the move
    assert names_in(old) == RESULT
    assert Trainer.load(old).seed == 2


FULL_DISK = """
    import logging, resource, signal, sys
    import keras, mnistkit
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    digits = mnistkit.load_dataset("digits").train.take(64)
    trainer = mnistkit.Trainer("dense128", seed=2, run_dir=sys.argv[1], engine="graph")
    if sys.argv[2] == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    try:
        trainer.fit(digits, epochs=2, overwrite=True)
    except mnistkit.errors.RunFolderError as error:
        print("refused:", error)
"""


def train_on_full_disk(folder, how):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL_DISK), str(folder), how],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("refused: The run could not be saved to"), done.stderr[-2000:]


def assert_still_there(folder, before):
    assert Trainer.load(folder).seed == 1
    for name, content in before.items():
        assert (folder / name).read_bytes() == content
    assert not [path for path in folder.rglob("*") if ".unfinished." in path.name]


@pytest.mark.skipif(os.name != "posix", reason="needs limits on the size of files")
def test_a_disk_that_is_full_leaves_the_finished_run(finished, tmp_path):
    folder = copied(finished[1], tmp_path / "run")
    before = {name: (folder / name).read_bytes() for name in RESULT}
    train_on_full_disk(folder, "limit")
    assert_still_there(folder, before)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes, where the system lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"there is no program to mount a small file system with ({error})")
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here ({done.stderr.strip()})")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_small_disk_that_is_really_full(finished, small_disk):
    folder = copied(finished[1], small_disk / "run")
    before = {name: (folder / name).read_bytes() for name in RESULT}
    with contextlib.suppress(OSError), (small_disk / "filling").open("wb") as filling:
        while True:
            filling.write(bytes(4096))
            filling.flush()
    train_on_full_disk(folder, "no limit")
    assert_still_there(folder, before)


REPLACING = """
    import sys
    import mnistkit
    digits = mnistkit.load_dataset("digits").train.take(64)
    trainers = [mnistkit.Trainer("dense128", seed=seed) for seed in (1, 2)]
    print("begins", flush=True)
    while True:
        for trainer in trainers:
            trainer.save(sys.argv[1])
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_read_while_it_is_replaced_and_killed_while_replacing(tmp_path, kills):
    folder = tmp_path / "run"
    right = {seed: mnistkit.create_model("dense128", seed=seed).get_weights() for seed in (1, 2)}
    chance = random.Random(0)
    for _ in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(REPLACING), str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stdout.readline() == "begins\n"
            while not (folder / "run.json").exists():
                time.sleep(0.01)
            digests = {RunResult(folder).read()[0]["files"]["weights.npz"] for _ in range(200)}
            assert len(digests) == 2  # each of the two was read, and nothing between
            time.sleep(chance.uniform(0, 0.3))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()
        loaded = Trainer.load(folder)
        for found, wanted in zip(loaded.model.get_weights(), right[loaded.seed], strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_a_folder_is_not_saved_to_while_it_is_trained_in(digits, tmp_path):
    refused = []

    def save(epoch, logs):
        with pytest.raises(RunFolderError, match="Another process is training in"):
            Trainer("dense128").save(tmp_path / "run")
        refused.append(epoch)

    callback = keras.callbacks.LambdaCallback(on_epoch_end=save)
    Trainer("dense128", run_dir=tmp_path / "run").fit(digits, epochs=2, callbacks=[callback])
    assert refused == [0, 1]


# Where the folder is ------------------------------------------------------------------------------


def test_a_relative_folder_is_that_of_the_start(digits, tmp_path, monkeypatch):
    (tmp_path / "start").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "start")
    trainer = Trainer("dense128", run_dir="run")
    assert trainer.run_dir == tmp_path / "start" / "run"
    move = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda *_: os.chdir(tmp_path / "elsewhere")
    )
    trainer.fit(digits, epochs=2, callbacks=[move])
    assert names_in(tmp_path / "start" / "run") == RESULT
    assert names_in(tmp_path / "elsewhere") == []


def test_the_users_folder(digits, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    trainer = Trainer("dense128", run_dir="~/run")
    assert trainer.run_dir == tmp_path / "run"
    assert trainer.save("~/saved") == tmp_path / "saved"
    assert Trainer.load("~/saved").model.name == "dense128"


@contextlib.contextmanager
def unprivileged():
    """A user who may not write everywhere, as the administrator may."""
    if os.name != "posix" or os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name != "posix", reason="needs the access rights of POSIX")
def test_a_folder_that_cannot_be_written_to(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("read-only") / "run"
    first = fit(folder, digits, seed=1)
    fit(folder, digits, seed=1, resume=True)  # all that it imports is imported now
    folder.chmod(0o555)
    opened = []
    # This user must still reach the folder, Python's packages and the library.
    for parent in (*folder.parents, *Path(sys.prefix, "x").parents, *Path(__file__).parents):
        mode = parent.stat().st_mode & 0o7777
        if not mode & 0o001 and parent != Path(parent.anchor):
            opened.append((parent, mode))
            parent.chmod(mode | 0o011)
    try:
        again = Trainer("dense128", seed=1, run_dir=folder, engine="graph")
        other = Trainer("dense128", seed=2, run_dir=folder, engine="graph")
        with unprivileged():
            again.fit(digits, epochs=3, callbacks=[interruption(99)], resume=True)
            with pytest.raises(RunFolderError, match="could not be saved to"):
                other.fit(digits, epochs=3, overwrite=True)
            with pytest.raises(RunFolderError, match="could not be saved to"):
                other.save(folder)
    finally:
        for parent, mode in opened:
            parent.chmod(mode)
        folder.chmod(0o755)
    for found, right in zip(again.model.get_weights(), first.model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, right)
    assert again.history == first.history


# Divergence ---------------------------------------------------------------------------------------


def diverging(**options):
    """One step of this is enough to make the weights infinite, after a loss that is finite."""
    return mnistkit.Recipe(
        optimizer="sgd", learning_rate=1e38, batch_size=64, loss="sparse_categorical_crossentropy",
        metrics=(), **options,
    )  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_divergence_in_the_last_step_is_noticed(digits, tmp_path, engine):
    """The loss is measured before the weights change: that of the only step is a good one."""
    folder = tmp_path / "run"
    trainer = Trainer(linear(), recipe=diverging(epochs=1), run_dir=folder, engine=engine)
    with pytest.raises(DivergenceError, match="has weights that are NaN or infinite"):
        trainer.fit(digits)
    assert RunFolder(folder).status == "training"
    assert names_in(folder) == [".lock", "checkpoint-000000.npz", "run.json"]
    with pytest.raises(RunFolderError, match="is not finished"):
        Trainer.load(folder)
    with pytest.raises(DivergenceError, match="NaN or infinite"):
        trainer.save(tmp_path / "saved")
    assert not (tmp_path / "saved" / "run.json").exists()


@keras.saving.register_keras_serializable("test_nothing_lost")
def thousandfold(x):
    return x * 1e3


def linear():
    """A network with a layer whose weights overflow."""
    stack = [keras.layers.Flatten(), keras.layers.Dense(8, activation=thousandfold)]
    model = keras.Sequential([keras.Input((28, 28)), *stack, keras.layers.Dense(10, "softmax")])
    model.name = "linear"
    return model


@pytest.mark.parametrize("engine", ["graph", "keras"])
def test_divergence_on_the_validation_images_is_noticed(digits, tmp_path, engine):
    class NanInTests(keras.losses.Loss):
        def call(self, y_true, y_pred):
            loss = keras.losses.sparse_categorical_crossentropy(y_true, y_pred)
            return loss + keras.ops.where(keras.ops.sum(y_true) < 1, float("nan"), 0.0)

    zeros = digits[digits.labels == 0]
    trainer = Trainer("dense128", run_dir=tmp_path / "run", engine=engine)
    trainer.compile("adam", NanInTests(), metrics=())
    with pytest.raises(DivergenceError, match=r"val_loss is nan after epoch 1"):
        trainer.fit(digits[digits.labels > 0], validation=zeros, epochs=2)
    assert names_in(tmp_path / "run") == [".lock", "checkpoint-000000.npz", "run.json"]
