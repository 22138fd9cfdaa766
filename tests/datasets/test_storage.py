"""What the environment says about where data lies and how it may be fetched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mnistkit.datasets import storage
from mnistkit.errors import CacheError, SettingError


def test_home_is_the_folder_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNISTKIT_HOME", str(tmp_path / "not there yet"))
    assert storage.home() == tmp_path / "not there yet"
    assert not storage.home().exists()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("MNISTKIT_HOME", "~/data")
    assert storage.home() == tmp_path / "data"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MNISTKIT_HOME", "here")
    assert storage.home() == tmp_path / "here"


@pytest.mark.parametrize("value", [None, ""])
def test_home_is_else_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    if value is None:
        monkeypatch.delenv("MNISTKIT_HOME")
    else:
        monkeypatch.setenv("MNISTKIT_HOME", value)
    home = storage.home()
    assert home.is_absolute()
    assert "mnistkit" in home.parts
    if sys.platform == "linux":
        assert home == tmp_path / "mnistkit"


def test_home_of_an_unknown_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTKIT_HOME", "~nobody-of-that-name/data")
    if sys.platform == "win32":
        monkeypatch.delenv("USERPROFILE")
    with pytest.raises(CacheError) as caught:
        storage.home()
    assert str(caught.value).startswith("$MNISTKIT_HOME is '~nobody-of-that-name/data', but nobody")
    assert str(caught.value).endswith("Set it to an absolute path.")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), ("", None), ("  ", None), ("/data ", "/data"), ("https://x/y", "https://x/y")],
)
def test_mirror(monkeypatch: pytest.MonkeyPatch, value: str | None, expected: str | None) -> None:
    monkeypatch.delenv("MNISTKIT_MIRROR", raising=False)
    if value is not None:
        monkeypatch.setenv("MNISTKIT_MIRROR", value)
    assert storage.mirror() == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(value, True) for value in ("1", "true", "Yes", "ON", " 1 ")]
    + [(value, False) for value in (None, "", "0", "False", "no", "OFF")],
)
def test_offline(monkeypatch: pytest.MonkeyPatch, value: str | None, expected: bool) -> None:
    monkeypatch.delenv("MNISTKIT_OFFLINE")
    if value is not None:
        monkeypatch.setenv("MNISTKIT_OFFLINE", value)
    assert storage.is_offline() is expected


def test_offline_must_be_yes_or_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTKIT_OFFLINE", "maybe")
    said = (
        "$MNISTKIT_OFFLINE is 'maybe'; expected one of 1, true, yes, on to forbid the network, "
        "or 0, false, no, off to allow it. Correct or unset it."
    )
    with pytest.raises(SettingError, match=re.escape(said)):
        storage.is_offline()


@pytest.mark.parametrize(("value", "expected"), [(None, 30), ("", 30), ("2.5", 2.5), ("1e3", 1000)])
def test_timeout(monkeypatch: pytest.MonkeyPatch, value: str | None, expected: float) -> None:
    if value is not None:
        monkeypatch.setenv("MNISTKIT_TIMEOUT", value)
    assert storage.timeout() == expected


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf", "1e9", "30s"])
def test_timeout_must_be_a_sensible_number(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MNISTKIT_TIMEOUT", value)
    said = (
        f"$MNISTKIT_TIMEOUT is {value!r}; expected a number of seconds above 0 and at most 86,400."
    )
    with pytest.raises(SettingError, match=re.escape(said)):
        storage.timeout()


def test_a_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    for _ in range(2):
        assert storage.ensure_writable_folder(folder) == folder
        assert list(folder.iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    with pytest.raises(CacheError) as caught:
        storage.ensure_writable_folder(tmp_path / "data")
    assert str(caught.value).startswith(
        f"mnistkit cannot keep data in {str(tmp_path / 'data')!r}: a file is in its place. "
        "Make the folder writable, or set $MNISTKIT_HOME to another folder."
    )
    assert (tmp_path / "data").read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_is_read_only_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(CacheError, match=r"Permission denied\. Make the folder writable"):
            storage.ensure_writable_folder(tmp_path)
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is full")
def test_a_full_disk_is_named() -> None:
    with pytest.raises(OSError, match="No space left") as full:
        Path("/dev/full").write_bytes(b"0")
    message = str(storage.unusable(Path("/data"), full.value))
    assert message.startswith("mnistkit cannot keep data in '/data': No space left on device. ")
    assert "The disk or the quota is full. Make room, or set $MNISTKIT_HOME" in message


def test_where_other_libraries_keep_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = tmp_path / "user"
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(user))
    for name in ("KERAS_HOME", "TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    places = ("torchvision:MNIST/raw/x", "keras:mnist.npz")
    in_torch = [
        Path("data"),
        Path("../data"),
        user / "data",
        user / ".cache/torch",
        user / ".cache/torch/data",
        user / ".cache/torch/datasets",
    ]
    assert list(storage.borrowed_copies(places)) == [
        *(folder / "MNIST/raw/x" for folder in in_torch),
        user / ".keras/datasets/mnist.npz",
    ]
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "t"))
    found = list(storage.borrowed_copies(places))
    assert found[-1] == tmp_path / "k/datasets/mnist.npz"
    assert tmp_path / "t/MNIST/raw/x" in found


def test_nothing_heavy_is_imported() -> None:
    script = """
import sys
import mnistkit.datasets.download
print(*sorted(set(sys.modules) & {"tensorflow", "keras", "requests", "rich", "filelock", "scipy"}))
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert ended.stdout.split() == []
