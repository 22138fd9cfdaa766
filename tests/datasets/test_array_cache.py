"""Cached arrays: used if they are what was written, else made again, never wrong."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import mnistkit
from mnistkit.datasets import kmnist
from mnistkit.datasets.array_cache import Arrays, cache_path, cached_arrays
from mnistkit.datasets.idx import write_idx
from mnistkit.datasets.local_files import check_files
from mnistkit.datasets.remote_file import RemoteFile

NAMES = ("x_train", "y_train", "writers_train", "x_test", "y_test", "writers_test")
SOURCE = RemoteFile("tiny", "source.gz", 3, f"md5:{'0' * 32}", urls=())


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MNISTKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def tiny() -> Arrays:
    chance = np.random.default_rng(0)
    arrays: Arrays = {}
    for part, count in (("train", 3), ("test", 2)):
        arrays[f"x_{part}"] = chance.integers(0, 256, (count, 4, 4), dtype=np.uint8)
        arrays[f"y_{part}"] = chance.integers(0, 10, count, dtype=np.uint8)
        arrays[f"writers_{part}"] = chance.integers(0, 99, count, dtype=np.int64)
    return arrays


def load(sources: tuple[RemoteFile, ...] = (SOURCE,)) -> bool:
    """Load the arrays, which must be the right ones; tell whether they were decoded again."""
    calls = []

    def decode() -> Arrays:
        calls.append(1)
        return tiny()

    arrays = cached_arrays("tiny", "images", NAMES, decode, sources)
    assert list(arrays) == list(NAMES)
    for name, right in tiny().items():
        assert (arrays[name].dtype, arrays[name].shape) == (right.dtype, right.shape)
        np.testing.assert_array_equal(arrays[name], right)
    return bool(calls)


def kept() -> Path:
    return cache_path("tiny", "images")


def test_arrays_are_decoded_once() -> None:
    assert [load(), load(), load()] == [True, False, False]
    assert sorted(path.name for path in kept().parent.iterdir()) == [
        f".{kept().name}.lock",
        kept().name,
    ]


def test_arrays_are_made_again_when_the_sources_change() -> None:
    load()
    other = dataclasses.replace(SOURCE, digest=f"md5:{'1' * 32}")
    for sources in ((other,), (other, SOURCE), (), (SOURCE,)):
        assert load(sources)
        assert not load(sources)


def regions(content: bytes) -> list[range]:
    """The headers of an archive: those of each member, zip's and NumPy's, and all at its end."""
    end = content.rindex(b"PK\x05\x06")
    directory = struct.unpack_from("<I", content, end + 16)[0]
    found = [range(directory, len(content))]
    position = content.find(b"PK\x03\x04")
    while 0 <= position < directory:
        found.append(range(position, position + 200))
        position = content.find(b"PK\x03\x04", position + 1)
    assert len(found) == 1 + len(NAMES)
    return found


@pytest.mark.parametrize(
    "bits", ["one of every third byte", pytest.param("all", marks=pytest.mark.slow)]
)
def test_every_flipped_bit_is_harmless(bits: str) -> None:
    load()
    content = kept().read_bytes()
    made_again = tried = 0
    positions = sorted(set().union(*regions(content)))[:: 1 if bits == "all" else 3]
    for position in positions:
        for bit in range(8) if bits == "all" else [position % 8]:
            damaged = bytearray(content)
            damaged[position] ^= 1 << bit
            kept().write_bytes(damaged)
            made_again += load()
            tried += 1
    assert made_again > 0.7 * tried  # in some fields of zip it makes no difference


def test_every_truncation_is_noticed() -> None:
    load()
    content = kept().read_bytes()
    for length in range(0, len(content), 7):
        kept().write_bytes(content[:length])
        assert load()
    kept().write_bytes(content + content)
    load()


def replaced(**changes: np.ndarray) -> Arrays:
    return {**tiny(), **changes}


OTHERS: dict[str, Callable[[], Arrays]] = {
    "other images": lambda: replaced(x_test=np.zeros((2, 4, 4), np.uint8)),
    "other shape": lambda: replaced(x_test=np.zeros((2, 16), np.uint8)),
    "other type": lambda: replaced(y_test=np.zeros(2, np.int64)),
    "other length": lambda: replaced(y_train=np.zeros(9, np.uint8)),
    "no dimension": lambda: replaced(y_train=np.uint8(3) * np.ones((), np.uint8)),
    "fewer": lambda: {"x_train": tiny()["x_train"]},
    "more": lambda: replaced(record=np.zeros(9, np.uint8)),
}


@pytest.mark.parametrize("others", OTHERS)
@pytest.mark.parametrize("record", ["kept", "none"])
def test_arrays_that_somebody_exchanged_are_noticed(others: str, record: str) -> None:
    import zipfile

    load()
    with zipfile.ZipFile(kept()) as archive:
        comment = archive.comment
    np.savez(kept(), **OTHERS[others]())
    if record == "kept":
        with zipfile.ZipFile(kept(), "a") as archive:
            archive.comment = comment
    assert load()
    assert not load()


@pytest.mark.parametrize(
    "others", ["other shape", "other type", "other length", "no dimension", "fewer"]
)
def test_even_a_right_record_does_not_make_wrong_arrays_right(others: str) -> None:
    cached_arrays("tiny", "images", NAMES, OTHERS[others], (SOURCE,))
    assert load()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("kind", ["folder", "full folder", "FIFO", "device", "dangling link"])
def test_something_else_in_its_place(kind: str) -> None:
    kept().parent.mkdir(parents=True)
    if "folder" in kind:
        (kept() / "x" if kind == "full folder" else kept()).mkdir(parents=True)
    elif kind == "FIFO":
        os.mkfifo(kept())
    else:
        kept().symlink_to("/dev/zero" if kind == "device" else "/nowhere")
    assert load()
    assert load() == ("folder" in kind)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
@pytest.mark.parametrize("place", ["file", "folder"])
def test_what_others_may_write_is_not_used(
    mode: int, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    load()
    path = kept() if place == "file" else kept().parent
    path.chmod(mode)
    caplog.clear()
    assert load()
    (record,) = [one for one in caplog.records if one.levelname == "WARNING"]
    assert f"other users may write to {str(path)!r}" in record.getMessage()
    assert "chmod go-w" in record.getMessage()
    path.chmod(0o755)
    assert not load()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
)
@pytest.mark.parametrize("place", ["file", "folder"])
def test_what_belongs_to_another_user_is_not_used(place: str) -> None:
    load()
    path = kept() if place == "file" else kept().parent
    os.chown(path, 12345, 12345)
    assert load()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077])
def test_what_is_written_is_used_whatever_the_umask(umask: int) -> None:
    before = os.umask(umask)
    try:
        assert load()
        assert not load()
    finally:
        os.umask(before)
    assert stat.S_IMODE(kept().stat().st_mode) == 0o644 & ~umask
    assert stat.S_IMODE(kept().parent.stat().st_mode) == 0o755 & ~umask


@pytest.mark.skipif(sys.platform == "win32", reason="only an administrator makes links there")
def test_leftovers_are_swept_and_not_written_through(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    kept().parent.mkdir(parents=True)
    leftover = kept().with_name(f".unfinished.{'a' * 16}.{kept().name}")
    leftover.symlink_to(mine)
    kept().symlink_to(mine)
    assert load()
    assert not leftover.is_symlink()
    assert not load()
    assert mine.read_text() == "mine"


def test_a_folder_that_cannot_be_made_costs_only_time(home: Path) -> None:
    home.write_text("a file")
    assert load()
    assert load()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_what_is_no_file_is_reported_as_damaged(home: Path) -> None:
    source = home / "usps" / "zip.train.gz"
    source.parent.mkdir(parents=True)
    os.mkfifo(source)
    os.mkfifo(cache_path("usps", "images"))
    found = {check.path.name: check.state for check in check_files(["usps"])}
    assert found == {
        "zip.train.gz": "damaged: it is not a file.",
        "zip.test.gz": "not downloaded",
        cache_path("usps", "images").name: (
            f"damaged: {str(cache_path('usps', 'images'))!r} is not a regular file"
        ),
    }


def test_a_change_in_the_catalogue_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in (1, 2):
        images, labels = np.full((2, 28, 28), value, np.uint8), np.zeros(2, np.uint8)
        files = []
        for file, array in zip(kmnist.INFO.files, [images, labels] * 2, strict=True):
            path = tmp_path / str(value) / "kmnist" / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_idx(path, array)
            digest = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
            files.append(dataclasses.replace(file, size=path.stat().st_size, digest=digest))
        monkeypatch.setattr(kmnist, "INFO", dataclasses.replace(kmnist.INFO, files=tuple(files)))
        monkeypatch.setenv("MNISTKIT_MIRROR", str(tmp_path / str(value)))
        for _ in range(2):
            assert mnistkit.load_dataset("kmnist").train.images.max() == value
