"""The data set "handwriting": made once, kept, made again when damaged, and learned from."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw

import mnistkit
from mnistkit.cli.commands import cli
from mnistkit.errors import MissingPackageError, SplitError

SIZES = {"digits": 60, "pictures": 12, "others": 12, "processes": 1}
MAKE = f"import mnistkit; print(mnistkit.load_dataset('handwriting', **{SIZES!r}))"

Home = Path


@pytest.fixture(scope="module")
def with_sources(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that has, decoded, what it is made from."""
    folder = tmp_path_factory.mktemp("sources") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNISTKIT_MIRROR", str(mirror))
        patch.setenv("MNISTKIT_HOME", str(folder))
        for name in ("mnist", "fashion_mnist"):
            mnistkit.load_dataset(name).train.writers  # noqa: B018  (loads those of MNIST)
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_sources: Path) -> Home:
    """A cache without it; its sources are links, so that nothing of them is copied."""
    monkeypatch.setenv("MNISTKIT_HOME", str(tmp_path / "home"))
    return shutil.copytree(with_sources, tmp_path / "home", copy_function=os.link)


def start(code: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def archives(home: Home) -> list[Path]:
    return sorted((home / "handwriting").glob("*.npz"))


def test_it_is_made_once_and_made_again_when_damaged(home: Home) -> None:
    made = mnistkit.load_dataset("handwriting", **SIZES)
    assert made.classes == (*map(str, range(10)), "no digit")
    assert len(made.train) > 60
    assert len(made.test) >= 10
    mnist = mnistkit.load_dataset("mnist")
    np.testing.assert_array_equal(made.train.images[:60], mnist.train.images[:60])
    np.testing.assert_array_equal(made.test.images[:10], mnist.test.images[:10])
    (kept,) = archives(home)
    content = kept.read_bytes()
    kept.write_bytes(content[:-1000])
    again = mnistkit.load_dataset("handwriting", **SIZES)
    np.testing.assert_array_equal(again.train.images, made.train.images)
    assert kept.read_bytes() == content


def test_no_writer_is_on_both_sides(home: Home) -> None:
    train = mnistkit.load_dataset("handwriting", **SIZES).train
    rest, held_out = train.holdout(0.2, by="writer")
    assert not set(rest.writers) & set(held_out.writers)


def test_another_seed_gives_other_images(home: Home) -> None:
    first = mnistkit.load_dataset("handwriting", **SIZES).train
    second = mnistkit.load_dataset("handwriting", **SIZES, seed=1).train
    np.testing.assert_array_equal(first.images[:60], second.images[:60])  # MNIST's own
    assert first.images[60:].tobytes() != second.images[60:].tobytes()
    assert len(archives(home)) == 2


def test_two_processes_make_it_once(home: Home, tmp_path: Path) -> None:
    shown = [process.communicate() for process in [start(MAKE, tmp_path) for _ in range(2)]]
    assert shown[0] == shown[1]
    assert shown[0][0].startswith("<Dataset handwriting: ")
    assert shown[0][1] == ""  # nothing is shown in a pipe
    assert len(archives(home)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_while_making(home: Home, tmp_path: Path) -> None:
    process = start(MAKE, tmp_path)
    while process.poll() is None and not (home / "handwriting").exists():
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    mnistkit.load_dataset("handwriting", **SIZES)
    assert len(archives(home)) == 1


def test_what_is_trained_on_it_reads_pictures(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "handwriting_of_this_test.py").write_text(
        textwrap.dedent(
            """\
            import mnistkit

            def small():
                return mnistkit.load_dataset(
                    "handwriting", digits=3000, pictures=60, others=60, processes=1
                )
            """
        )
    )
    image = Image.new("RGB", (200, 200), (244, 240, 230))
    seven = [(60, 40), (140, 40), (95, 160)]
    ImageDraw.Draw(image).line(seven, fill=(30, 30, 60), width=12, joint="curve")
    image.save(tmp_path / "seven.png")

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    run(
        "train",
        "dense128",
        "--dataset",
        "handwriting_of_this_test:small",
        "--epochs",
        "3",
        "--out",
        "run",
    )
    assert run("predict", "--model", "run", "seven.png").startswith("7")


@pytest.mark.parametrize("name", ["digits", "pictures", "others"])
@pytest.mark.parametrize("number", [0, 5, -1])
def test_too_few_pictures_are_refused(name: str, number: int) -> None:
    with pytest.raises(SplitError, match=f"{name}={number} must be 6 or more"):
        mnistkit.load_dataset("handwriting", **{name: number})


def test_a_package_that_is_missing_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(MissingPackageError, match=r"'scikit-image' is needed.*synthesis"):
        mnistkit.load_dataset("handwriting", **SIZES)
    assert archives(home) == []
