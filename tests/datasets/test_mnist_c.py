"""MNIST-C's reader, on an archive of the published layout; the published one is too large."""

from __future__ import annotations

import dataclasses
import hashlib
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mnistkit
from mnistkit.datasets import mnist_c
from mnistkit.datasets.info import info_of
from mnistkit.errors import FormatError

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 28, 28), dtype=np.uint8)
LABELS = np.arange(12) % 10


@pytest.fixture
def archive(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that puts an archive with these arrays where the published one is looked for."""

    def put(**arrays: np.ndarray) -> None:
        path = tmp_path / "mirror" / "mnist_c" / "mnist_c.zip"
        path.parent.mkdir(parents=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.mkdir("mnist_c/fog")
            for name, array in arrays.items():
                with file.open(f"mnist_c/fog/{name}.npy", "w") as member:
                    np.save(member, array)
        content = path.read_bytes()
        like_it = dataclasses.replace(
            mnist_c._ARCHIVE,
            size=len(content),
            digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
        )
        monkeypatch.setattr(mnist_c, "_ARCHIVE", like_it)
        monkeypatch.setenv("MNISTKIT_MIRROR", str(tmp_path / "mirror"))
        monkeypatch.setenv("MNISTKIT_OFFLINE", "1")

    return put


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (IMAGES[..., None], LABELS),
        (IMAGES, LABELS.astype(np.uint8)),
        (IMAGES[..., None].astype(np.float32), LABELS.astype(np.int32)),
    ],
)
def test_the_reader(archive: Any, images: np.ndarray, labels: np.ndarray) -> None:
    archive(
        train_images=images, train_labels=labels, test_images=images[::-1], test_labels=labels[::-1]
    )
    data = mnist_c.fog()
    assert (data.train.images.dtype, data.train.images.shape) == (np.uint8, (12, 28, 28))
    np.testing.assert_array_equal(data.train.images, IMAGES)
    np.testing.assert_array_equal(data.test.images, IMAGES[::-1])
    np.testing.assert_array_equal(data.test.labels, LABELS[::-1])
    again = mnist_c.fog()  # from the decoded arrays
    np.testing.assert_array_equal(again.test.images, IMAGES[::-1])
    with pytest.raises(FormatError, match="is not MNIST-C's archive"):
        mnist_c.shear()  # not in this small archive


def test_an_archive_of_something_else(archive: Any) -> None:
    floats = IMAGES / 255
    archive(train_images=floats, train_labels=LABELS, test_images=floats, test_labels=LABELS)
    with pytest.raises(FormatError, match="has values that are no integers from 0 to 255"):
        mnist_c.fog()


def test_every_kind_is_a_data_set() -> None:
    pyproject = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    offered = pyproject["project"]["entry-points"]["mnistkit.datasets"]
    kinds = {name[len("mnist_c/") :] for name in offered if name.startswith("mnist_c/")}
    assert kinds == set(mnistkit.list_corruptions())
    for kind in kinds:
        assert offered[f"mnist_c/{kind}"] == f"mnistkit.datasets.mnist_c:{kind}"
        loader = getattr(mnist_c, kind)
        info = info_of(loader)
        assert info is not None
        assert (info.name, len(info.classes), info.licence) == (f"mnist_c/{kind}", 10, "CC BY 4.0")
        assert info.download_size == 246_661_575
        assert loader.__name__ == kind
