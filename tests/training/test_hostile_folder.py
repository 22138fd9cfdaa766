"""Run folders that somebody else has written: nothing in them is run, opened or written to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner

import mnistkit
from mnistkit import Trainer
from mnistkit.cli.commands import cli
from mnistkit.errors import MnistKitError, RunFolderError
from mnistkit.files.archives import archive_bytes, read_archive
from mnistkit.training import checkpoints

layers = keras.layers
CANARY = "canary"
DECOY = f"import pathlib; pathlib.Path(__file__).with_name({CANARY!r}).touch()\n"


@pytest.fixture(scope="module")
def digits():
    return mnistkit.load_dataset("digits").train.take(64)


@pytest.fixture(scope="module")
def named(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("named") / "run"
    trainer = Trainer("dense128", run_dir=folder)
    trainer.fit(digits, epochs=1)
    return folder


@pytest.fixture(scope="module")
def nameless(digits, tmp_path_factory):
    body = [layers.Flatten(), layers.Dense(3), layers.Dense(10, "softmax")]
    trainer = Trainer(keras.Sequential([keras.Input((28, 28)), *body]))
    trainer.fit(digits, epochs=1)
    return trainer.save(tmp_path_factory.mktemp("nameless") / "run")


# What a process does, as Python's audit hooks tell it ----------------------------------------

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
ALWAYS = {"os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork", "socket.bind",
          "socket.connect", "shutil.rmtree", "pickle.find_class", "ctypes.dlopen"}  # fmt: skip
ON_PATHS = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod"}
watched: dict[str, object] = {}


def note(event, arguments):
    if "deeds" not in watched:
        return
    deeds, allowed = watched["deeds"], watched["allowed"]
    path = os.fspath(arguments[0]) if arguments and _is_path(arguments[0]) else ""
    if os.path.abspath(path).startswith(allowed):  # noqa: PTH100  (which looks nothing up)
        return
    if event == "open":
        _, mode, flags = arguments
        noted = bool((flags or 0) & WRITING) or any(letter in (mode or "") for letter in "wax+")
    elif event in ON_PATHS:  # what is relative to an open folder is a part of shutil.rmtree
        noted = arguments[-1] in (-1, None) or event not in ("os.remove", "os.rmdir")
    else:
        noted = event in ALWAYS
    if noted:
        deeds.append((event, arguments))


def _is_path(value):
    return isinstance(value, str | os.PathLike) and not isinstance(value, bytes)


sys.addaudithook(note)  # cannot be removed; it notes nothing unless a test watches


@pytest.fixture
def deeds(tmp_path, monkeypatch):
    """What is written, removed, started or connected to outside of temporary files."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    done: list[object] = []
    watched.update(deeds=done, allowed=str(temporary))
    yield done
    watched.clear()


def function(name, **options):
    """A model that a function makes, which a file must not have called."""
    return lambda folder: lambda run: run["model"].update(name=name, options=options)


def setting(part, **entries):
    return lambda folder: lambda run: run[part].update(entries)


def replaced(**entries):
    return lambda folder: lambda run: run.update(entries)


def weights(**arrays):
    """Other weights; the digest is the right one for them."""

    def write(folder):
        content = archive_bytes(arrays)
        (folder / "weights.npz").write_bytes(content)
        return lambda run: None

    return write


def reshaped(change):
    """The run's own weights, changed."""

    def write(folder):
        with zipfile.ZipFile(folder / "weights.npz") as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
        arrays = read_archive(folder / "weights.npz", required=names)
        (folder / "weights.npz").write_bytes(archive_bytes(change(dict(arrays))))
        return lambda run: None

    return write


def first(change):
    return reshaped(
        lambda arrays: {**arrays, next(iter(arrays)): change(arrays[next(iter(arrays))])}
    )


def compressed(folder):
    """A hundred megabytes of zeros, in a hundred kilobytes."""
    with zipfile.ZipFile(folder / "weights.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            with archive.open(f"{number:03d}.npy", "w", force_zip64=True) as member:
                member.write(b"\x93NUMPY\x01\x00")
                for _ in range(7 if number == 0 else 1):
                    member.write(bytes(10_000_000))
    return lambda run: None


FORGERIES = {
    "a function that empties a file": function("logging:basicConfig", filename="CANARY"),
    "a function of the shell": function("os:system", command="touch CANARY"),
    "a program": function("subprocess:run", args=["touch", "CANARY"]),
    "a stranger's setup.py": function("setuptools:setup", script_name="setup.py"),
    "a module in the folder": function("helper:make"),
    "a server": function("http.server:test"),
    "a removal": function("shutil:rmtree", path="."),
    "evaluated text": function("builtins:eval"),
    "a dotted attribute": function("keras:models.load_model", filepath="evil.keras"),
    "a name with a path": function("../../helper"),
    "an unknown name": function("helper"),
    "an empty name": function(""),
    "weights from elsewhere": setting(
        "model", options={"input_shape": [28, 28], "weights": "../x"}
    ),
    "options that are none": setting("model", options={"input_shape": [28, 28], "mode": "w"}),
    "an option of another type": setting(
        "model", options={"input_shape": [28, 28], "num_classes": "10"}
    ),
    "a negative size": setting("model", options={"input_shape": [-28, 28]}),
    "a huge size": setting("model", options={"input_shape": [10**9, 10**9]}),
    "a shape that is text": setting("model", options={"input_shape": "28x28"}),
    "a file elsewhere": replaced(model={"file": "../../evil.keras"}),
    "no model": replaced(model=[]),
    "an optimizer that is an object": setting(
        "recipe", optimizer={"module": "os", "class_name": "system", "config": {}}
    ),
    "a metric that is an object": setting(
        "recipe", metrics=[{"module": "subprocess", "class_name": "Popen", "config": {}}]
    ),
    "a rate that is text": setting("recipe", learning_rate="0.1"),
    "endless epochs": setting("recipe", epochs=2**70),
    "an unknown setting": setting("recipe", callback="os.system"),
    "a seed that is text": replaced(seed="1; import os"),
    "a status of its own": replaced(status="done"),
    "files that are none": replaced(files=[]),
    "weights that are NaN": first(lambda array: np.full_like(array, np.nan)),
    "weights that are infinite": first(lambda array: np.full_like(array, np.inf)),
    "complex weights": first(lambda array: array.astype(complex)),
    "weights that are text": first(lambda array: array.astype(str)),
    "weights too large for their type": first(lambda array: np.full(array.shape, 1e300)),
    "weights of another shape": first(lambda array: array.T),
    "too few weights": reshaped(lambda arrays: dict(list(arrays.items())[:-1])),
    "too many weights": reshaped(lambda arrays: {**arrays, "more": np.zeros(3, np.float32)}),
    "no weights": weights(),
    "a bomb": compressed,
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_run_is_refused_and_does_nothing(
    named, tmp_path, monkeypatch, forge, deeds, forgery
):
    watched.pop("deeds")
    folder = Path(shutil.copytree(named, tmp_path / "run"))
    for name in ("helper.py", "setup.py", "evil.keras"):
        (folder / name).write_text(DECOY)
    forge(folder, FORGERIES[forgery](folder))
    monkeypatch.chdir(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    watched["deeds"] = deeds
    with pytest.raises(MnistKitError) as caught:
        Trainer.load(folder)
    watched.pop("deeds")
    assert deeds == []
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert len(str(caught.value)) < 2000


def test_without_forgery_it_is_loaded_and_does_nothing_else(named, nameless, deeds):
    for folder in (named, nameless):
        Trainer.load(folder)
    assert deeds == []


def test_a_forged_file_of_keras_is_refused(nameless, tmp_path, forge, deeds):
    watched.pop("deeds")
    folder = Path(shutil.copytree(nameless, tmp_path / "run"))
    inputs = keras.Input((28, 28))
    outputs = layers.Lambda(lambda x: keras.ops.ones((1, 10)))(inputs)
    keras.Model(inputs, outputs).save(folder / "model.keras")
    forge(folder, lambda run: None)
    watched["deeds"] = deeds
    with pytest.raises(RunFolderError, match="Keras cannot read"):
        Trainer.load(folder)
    watched.pop("deeds")
    assert deeds == []


def test_a_function_is_called_on_the_callers_word_only(digits, tmp_path, monkeypatch):
    (tmp_path / "own_nets.py").write_text(
        "import mnistkit\n"
        "def small(*, num_classes=10, input_shape=(28, 28)):\n"
        "    return mnistkit.create_model('dense128', num_classes=num_classes)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    trainer = Trainer("own_nets:small")
    folder = trainer.save(tmp_path / "run")
    with pytest.raises(RunFolderError, match=r"is not imported because a file names it.*builder="):
        Trainer.load(folder)
    import own_nets

    for builder in ("own_nets:small", own_nets.small):
        loaded = Trainer.load(folder, builder=builder)
        np.testing.assert_array_equal(loaded.predict(digits), trainer.predict(digits))
        loaded.save(tmp_path / "again")
        with pytest.raises(RunFolderError, match="--builder own_nets:small"):
            Trainer.load(tmp_path / "again")


def test_a_nameless_model_needs_no_builder(nameless):
    with pytest.raises(RunFolderError, match="has a model without a name"):
        Trainer.load(nameless, builder="os:system")


# The command line in a folder that came from elsewhere ---------------------------------------

DECOYS = ("helper", "tensorboard", "pandas", "torch", "jax", "grain", "IPython", "sitecustomize",
          "matplotlib_inline", "dill", "cloudpickle")  # fmt: skip


@pytest.mark.parametrize("arguments", [["evaluate", "."], ["predict", "--model", ".", "one.png"]])
def test_modules_that_lie_in_the_folder_are_not_imported(
    named, tmp_path, monkeypatch, forge, arguments
):
    folder = Path(shutil.copytree(named, tmp_path / "run"))
    for name in DECOYS:
        (folder / f"{name}.py").write_text(DECOY)
    keras.utils.save_img(folder / "one.png", np.eye(28)[..., None] * 255, scale=False)
    program = shutil.which("mnistkit", path=str(Path(sys.executable).parent))
    done = subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (folder / CANARY).exists()
    forge(folder, lambda run: run["model"].update(name="helper:make"))
    forge(folder, lambda run: run["data"].update(loaded_as="helper:make"))
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code != 0
    assert "because a file names it" in " ".join(done.stderr.split())
    assert not (folder / CANARY).exists()


# Links, FIFOs and devices ----------------------------------------------------------------------


def test_links_that_were_laid_are_not_written_through(digits, tmp_path):
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious").write_text("precious")
    folder = tmp_path / "run"
    folder.mkdir()
    unfinished = f".unfinished.{os.getpid()}."
    results = ("run.json", "history.csv", "weights.npz")
    names = (*results, "checkpoint-000000.npz", *(unfinished + name for name in results))
    for name in names:
        (folder / name).symlink_to(victim / "precious")
    (folder / ".replacement").symlink_to(victim)
    Trainer("dense128", run_dir=folder).fit(digits, epochs=1, overwrite=True)
    Trainer("dense128").save(folder)
    assert [path.name for path in victim.iterdir()] == ["precious"]
    assert (victim / "precious").read_text() == "precious"
    Trainer.load(folder)


def test_a_lock_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").symlink_to(tmp_path / "precious")
    with pytest.raises(RunFolderError, match="symbolic link"):
        Trainer("dense128").save(tmp_path / "run")
    assert (tmp_path / "precious").read_text() == "precious"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
@pytest.mark.parametrize("name", ["run.json", "history.csv", "weights.npz"])
@pytest.mark.parametrize("kind", ["fifo", "device", "folder"])
def test_only_regular_files_are_read(named, tmp_path, name, kind):
    folder = Path(shutil.copytree(named, tmp_path / "run"))
    (folder / name).unlink()
    if kind == "fifo":
        os.mkfifo(folder / name)
    elif kind == "device":
        (folder / name).symlink_to("/dev/zero")
    else:
        (folder / name).mkdir()
    with pytest.raises(RunFolderError, match=name):
        Trainer.load(folder)


def test_a_folder_or_fifo_named_as_a_checkpoint_stays_and_harms_nothing(digits, tmp_path):
    def stop(epoch, logs):
        if epoch == 2:
            raise InterruptedError

    stopping = keras.callbacks.LambdaCallback(on_epoch_begin=stop)
    folder = tmp_path / "run"
    with pytest.raises(InterruptedError):
        Trainer("dense128", run_dir=folder).fit(digits, epochs=4, callbacks=[stopping])
    (folder / "checkpoint-000009.npz").mkdir()
    os.mkfifo(folder / "checkpoint-000008.npz")
    assert checkpoints.read_last(folder).epoch == 2
    Trainer("dense128", run_dir=folder).fit(digits, epochs=4, resume="anyway")
    assert len(Trainer.load(folder).history["loss"]) == 4
    assert (folder / "checkpoint-000009.npz").is_dir()


# What a checkpoint may tell a callback ------------------------------------------------------------


def test_a_checkpoint_does_not_choose_where_a_callback_writes(digits, tmp_path):
    def callbacks():
        return [
            keras.callbacks.CSVLogger(str(tmp_path / "log.csv"), append=True),
            keras.callbacks.EarlyStopping("loss", patience=9),
        ]

    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise InterruptedError

    folder = tmp_path / "run"
    first = callbacks()
    with pytest.raises(InterruptedError):
        Trainer("dense128", run_dir=folder).fit(digits, epochs=3, callbacks=[*first, Stop()])
    first[0].csv_file.close()
    path = folder / "checkpoint-000002.npz"
    with zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
    arrays = dict(read_archive(path, required=names))
    meta = json.loads(arrays["meta"].tobytes())
    logger, stopping, _ = meta["callbacks"]
    victim = str(tmp_path / "victim.csv")
    logger["changed"] |= {
        "filename": victim, "on_epoch_end": "x", "__class__": "y", "_model": 1,
        "keys": {"__keras_operation__": "operation_utils"}, "odd": {"a": 1, "b": 2},
    }  # fmt: skip
    assert stopping["changed"]["best"] < 99
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    path.write_bytes(archive_bytes(arrays))
    again = callbacks()
    Trainer("dense128", run_dir=folder).fit(digits, epochs=3, callbacks=again, resume="anyway")
    assert not Path(victim).exists()
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 4


# Every bit -----------------------------------------------------------------------------------


def flips(content, positions):
    for position in positions:
        for bit in range(8):
            changed = bytearray(content)
            changed[position] ^= 1 << bit
            yield bytes(changed)


@pytest.mark.parametrize("name", ["run.json", "history.csv"])
@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_a_flipped_bit_of_the_text_files_is_noticed(named, tmp_path, monkeypatch, name, step):
    """Loading is tried up to where the model would be built, which takes longer than it tells."""
    folder = Path(shutil.copytree(named, tmp_path / "run"))
    content = (folder / name).read_bytes()
    from mnistkit.training.run_result import RunResult

    right = RunResult(folder).read()
    for changed in flips(content, range(0, len(content), step)):
        (folder / name).write_bytes(changed)
        try:
            found = RunResult(folder).read()
        except RunFolderError:
            continue
        assert found == right


def test_a_flipped_bit_of_the_weights_is_noticed(named, tmp_path):
    folder = Path(shutil.copytree(named, tmp_path / "run"))
    content = (folder / "weights.npz").read_bytes()
    headers = [*range(200), *range(len(content) - 400, len(content))]
    for changed in flips(content, headers[::5]):
        (folder / "weights.npz").write_bytes(changed)
        with pytest.raises(RunFolderError, match="is not the file that was saved"):
            Trainer.load(folder)


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.slow)])
def test_a_flipped_bit_of_a_checkpoint_is_noticed(tmp_path, step):
    arrays = [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.int64(7),
        np.ones((2, 2), np.float32),
    ]
    right = checkpoints.Checkpoint(3, arrays, {"loss": [1.0, 0.5, 0.25]}, [], stopped=False)
    checkpoints.write(tmp_path, right)
    path = tmp_path / "checkpoint-000003.npz"
    content = path.read_bytes()
    for changed in flips(content, range(0, len(content), step)):
        path.write_bytes(changed)
        found = checkpoints.read_last(tmp_path)
        if found is None:
            continue
        assert (found.epoch, found.history, found.callbacks, found.stopped) == (
            right.epoch, right.history, right.callbacks, right.stopped,
        )  # fmt: skip
        for one, other in zip(found.variables, right.variables, strict=True):
            assert one.dtype == np.asarray(other).dtype
            np.testing.assert_array_equal(one, other)


def test_a_large_file_is_refused_before_it_is_read(named, tmp_path):
    folder = Path(shutil.copytree(named, tmp_path / "run"))
    with (folder / "run.json").open("r+b") as file:
        file.truncate(1 << 40)  # sparse: it takes no room on the disk
    start = time.monotonic()
    with pytest.raises(RunFolderError, match="expected at most"):
        Trainer.load(folder)
    assert time.monotonic() - start < 60
