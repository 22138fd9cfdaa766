"""The examples run as they are, and the plugin among them works when it is installed."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mnistkit

EXAMPLES = Path(__file__).parents[1] / "examples"
PICTURES = ["digits", "predictions", "mistakes", "confusion_matrix", "history"]
NOISE = re.compile(r"oneDNN|cuda|TF_ENABLE|absl|computation_placer|Warning|Traceback")
MNISTKIT = [sys.executable, "-m", "mnistkit"]

BROKEN_ENTRY_POINTS = """
[mnistkit.models]
shattered = broken_plugin:model
lost = broken_plugin.no_such_module:model

[mnistkit.datasets]
torn = broken_plugin:data
"""


def run(*command: str | Path, folder: Path, path: Path | None = None, **variables: str):
    """Run a command in a folder, with one more folder to import from."""
    places = [str(path or ""), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**os.environ, **variables, "PYTHONPATH": os.pathsep.join(filter(None, places))},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def accuracies(output: str) -> list[float]:
    return [float(number) for number in re.findall(r"(\d+\.\d\d)% correct", output)]


def test_every_example_is_tested_here():
    assert {path.name for path in EXAMPLES.iterdir()} - {"__pycache__"} == {
        "custom_model.py", "deploy", "own_dataset.py", "plugin", "walkthrough.py",
    }  # fmt: skip


def check_walkthrough_output(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        "run", "model.keras", *(f"{name}.png" for name in PICTURES),
    }  # fmt: skip
    for name in PICTURES:
        with Image.open(folder / f"{name}.png") as picture:
            pixels = np.asarray(picture.convert("L"))
        assert min(pixels.shape) > 300
        assert pixels.std() > 10, f"{name}.png is as good as empty"


@pytest.mark.slow
@pytest.mark.mirror
def test_walkthrough_with_mnist(tmp_path):
    done = run(sys.executable, EXAMPLES / "walkthrough.py", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not NOISE.search(done.stderr)
    assert "NOT MNIST" not in done.stdout
    assert "60,000 images" in done.stdout
    assert "101,770 numbers to learn" in done.stdout
    (accuracy,) = accuracies(done.stdout)
    assert 97.3 < accuracy < 98.7
    assert len(re.findall(r"^ +[1-6]  +\d\.\d{4} ", done.stdout, re.MULTILINE)) == 6
    check_walkthrough_output(tmp_path / "walkthrough-output")


def test_walkthrough_without_mnist(tmp_path):
    folder = tmp_path / "of this run"
    done = run(
        sys.executable, EXAMPLES / "walkthrough.py", folder,
        folder=tmp_path, MNISTKIT_HOME=str(tmp_path / "empty"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not NOISE.search(done.stderr)
    assert "MNIST could not be downloaded:" in done.stdout
    assert "'train-images-idx3-ubyte.gz' of the data set 'mnist' is not on this machine." in (
        done.stdout
    )
    assert "THE NUMBERS BELOW ARE NOT MNIST'S." in done.stdout
    assert "digits train" in done.stdout
    (accuracy,) = accuracies(done.stdout)
    assert accuracy > 85
    check_walkthrough_output(folder)
    check_both_saved_models_are_the_same(folder)


def check_both_saved_models_are_the_same(folder: Path) -> None:
    import keras

    images = mnistkit.load_dataset("digits").test[:20]
    x, _ = images.arrays()
    plain = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    trainer = mnistkit.Trainer.load(folder / "run")
    np.testing.assert_allclose(
        trainer.predict(images), keras.ops.convert_to_numpy(plain(x)), atol=1e-5
    )


@pytest.mark.slow
def test_custom_model(tmp_path):
    done = run(sys.executable, EXAMPLES / "custom_model.py", "digits", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^(\w+): digits validation", done.stdout, re.MULTILINE) == [
        "dense128", "two_layers",
    ]  # fmt: skip
    assert min(accuracies(done.stdout)) > 85


@pytest.mark.slow
def test_own_dataset(tmp_path):
    done = run(sys.executable, EXAMPLES / "own_dataset.py", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not NOISE.search(done.stderr)
    assert "1,150 + 287 images of 28x28, 10 classes" in done.stdout
    assert accuracies(done.stdout)[0] > 85
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    """A copy of the plugin's source; nothing of its build gets into the repository."""
    return shutil.copytree(
        EXAMPLES / "plugin",
        tmp_path_factory.mktemp("plugin") / "mnistkit-lenet",
        ignore=shutil.ignore_patterns("__pycache__"),
    )


def installed(source: Path, folder: Path) -> Path:
    """The folder, into which pip has installed a package from its source."""
    if importlib.util.find_spec("pip") is None:
        pytest.skip("needs pip in this environment")
    isolation = [] if importlib.util.find_spec("hatchling") is None else ["--no-build-isolation"]
    done = run(
        sys.executable, "-m", "pip", "install", "--no-deps", *isolation, "--target", folder, source,
        folder=source,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def site(plugin, tmp_path_factory):
    """A folder with two plugins: the example, installed by pip, and one that is broken."""
    folder = installed(plugin, tmp_path_factory.mktemp("site"))
    (folder / "broken_plugin.py").write_text(
        'raise RuntimeError("this plugin is broken")\n', encoding="utf-8"
    )
    about = folder / "broken_plugin-0.3.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: broken-plugin\nVersion: 0.3\n", encoding="utf-8"
    )
    (about / "entry_points.txt").write_text(BROKEN_ENTRY_POINTS, encoding="utf-8")
    return folder


def test_listing_names_the_plugins_and_imports_none(site, tmp_path):
    command = [sys.executable, "-X", "importtime", "-m", "mnistkit", "models"]
    done = run(*command, folder=tmp_path, path=site)
    assert done.returncode == 0, done.stderr
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in done.stdout.splitlines()}
    assert list(rows) == ["cnn", "dense128", "lenet5", "lost", "shattered"]
    assert rows["lenet5"] == ["plugin", "mnistkit-lenet 1.0.0", "mnistkit_lenet:lenet5"]
    assert rows["shattered"] == ["plugin", "broken-plugin 0.3", "broken_plugin:model"]
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "mnistkit.registry" in imported
    assert imported.isdisjoint({"mnistkit_lenet", "broken_plugin", "keras", "tensorflow"})


def test_the_plugin_is_trained_by_name_and_measured_again(site, tmp_path):
    command = [*MNISTKIT, "train", "lenet5", "--dataset", "digits", "--epochs", "1"]
    done = run(*command, folder=tmp_path, path=site)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert accuracies(done.stdout)[0] > 60
    # Keras is imported by the plugin too, and its start-up messages are not shown either.
    assert done.stderr == "Not saved; --out FOLDER would have saved it.\n"
    assert list(tmp_path.iterdir()) == []


def test_the_plugin_comes_trained(site, seven, tmp_path):
    seven.save(tmp_path / "7.png")
    done = run(*MNISTKIT, "predict", "7.png", "--model", "lenet5", folder=tmp_path, path=site)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("7  ")
    done = run(*MNISTKIT, "models", "lenet5", folder=tmp_path, path=site)
    assert "create_model('lenet5', weights='mnist')" in done.stdout
    assert done.stderr == ""


@pytest.mark.slow
def test_the_plugin_keeps_the_contract_as_its_own_test_says(plugin, site):
    done = run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", folder=plugin, path=site)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def renamed_as_its_readme_says(copy: Path) -> None:
    """Do in a copy of the plugin what is written under "Make it your own"."""
    _, _, said = (copy / "README.md").read_text(encoding="utf-8").partition("## Make it your own")
    (removed,) = re.findall(r"^rm (.+)$", said, re.MULTILINE)
    for path in list(copy.glob(removed)):
        path.unlink()
    for old, new in re.findall(r"^\| `(.+?)` \| `(.+?)` \|", said, re.MULTILINE):
        for path in [path for path in copy.rglob("*") if path.is_file()]:
            text = path.read_text(encoding="utf-8")  # what has bytes in it is gone by now
            path.write_text(text.replace(old, new), encoding="utf-8")
        for path in [path for path in copy.rglob("*") if path.name == old]:
            path.rename(path.with_name(new))


def test_a_copy_of_the_plugin_is_renamed_as_its_readme_says(plugin, tmp_path):
    copy = shutil.copytree(
        plugin, tmp_path / "mnistkit-tiny", ignore=shutil.ignore_patterns("__pycache__", "build")
    )
    renamed_as_its_readme_says(copy)
    files = [path for path in copy.rglob("*") if path.is_file() and path.name != "README.md"]
    assert {str(path.relative_to(copy)) for path in files} == {
        "pyproject.toml", "src/mnistkit_tiny/__init__.py", "tests/test_contract.py",
    }  # fmt: skip
    assert not any(re.search("lenet", path.read_text(encoding="utf-8")) for path in files)

    site = installed(copy, tmp_path / "site")
    done = run(*MNISTKIT, "models", folder=tmp_path, path=site)
    assert done.returncode == 0, done.stderr
    assert "tiny\tplugin\tmnistkit-tiny 1.0.0\tmnistkit_tiny:tiny" in done.stdout.splitlines()
    done = run(*MNISTKIT, "models", "tiny", folder=tmp_path, path=site)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("tiny, plugin, from mnistkit-tiny 1.0.0, mnistkit_tiny:tiny\n")
    assert done.stdout.endswith("\ntrained weights\n  none\n")


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("train shattered --dataset digits", "model 'shattered' (broken_plugin:model)"),
        ("datasets fetch torn", "data set 'torn' (broken_plugin:data)"),
    ],
)
def test_a_broken_plugin_is_blamed_when_it_is_asked_for(site, tmp_path, command, what):
    done = run(*MNISTKIT, *command.split(), folder=tmp_path, path=site)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: The {what} of broken-plugin 0.3 could not be imported: RuntimeError: this plugin "
        "is broken. Repair or uninstall 'broken-plugin'; everything else works without it.\n"
    )


def test_a_broken_plugin_spoils_nothing(site, tmp_path):
    done = run(*MNISTKIT, "datasets", folder=tmp_path, path=site)
    assert (done.returncode, done.stderr) == (0, "")
    names = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert names == sorted([*mnistkit.list_datasets(), "torn"])
    assert "torn\tfrom broken-plugin 0.3\t?\t\t" in done.stdout.splitlines()

    for command, expected in (
        ("datasets fetch digits", "Dataset digits: 1,437 + 360 images of 28x28, 10 classes\n"),
        ("datasets verify digits", "digits\tdecoded-images-v2.npz\tok\n"),
        ("datasets verify", "digits\tdecoded-images-v2.npz\tok\n"),
    ):
        home = str(tmp_path / "home")
        done = run(*MNISTKIT, *command.split(), folder=tmp_path, path=site, MNISTKIT_HOME=home)
        assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")
