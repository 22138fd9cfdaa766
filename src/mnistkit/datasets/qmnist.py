"""QMNIST: MNIST traced back to its source, with writers and the 50,000 test digits it lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets.array_cache import Arrays, cached_arrays
from mnistkit.datasets.dataset import Dataset
from mnistkit.datasets.download import fetch
from mnistkit.datasets.idx import read_idx
from mnistkit.datasets.idx_dataset import ARRAY_NAMES, make_dataset
from mnistkit.datasets.info import DatasetInfo, described_by
from mnistkit.datasets.remote_file import RemoteFile
from mnistkit.errors import IdxError

_HOST = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"
_WRITER_COLUMN = 2  # of the eight columns of a label file
_IN_MNIST = {"train": 60_000, "test": 10_000}  # MNIST's images come first, in MNIST's order


def _file(name: str, size: int | None, digest: str, unpacked_digest: str = "") -> RemoteFile:
    return RemoteFile(
        dataset="qmnist",
        name=name,
        size=size,
        digest=digest,
        urls=(_HOST + name,),
        also_at=(f"torchvision:QMNIST/raw/{name}",),
        unpacked_digest=unpacked_digest,
    )


_IMAGES = {
    "train": _file(
        "qmnist-train-images-idx3-ubyte.gz", None, "md5:ed72d4157d28c017586c42bc6afe6370"
    ),
    "test": _file("qmnist-test-images-idx3-ubyte.gz", None, "md5:1394631089c404de565df7b7aeaf9412"),
}
_LABELS = {
    "train": _file(
        "qmnist-train-labels-idx2-int.gz",
        463024,
        "sha256:2c05dc77f6b916b38e455e97ab129a42a444f3dbef09b278a366f82904e0dd9f",
        "sha256:bb1b6e1ec7b04fd5696f1ed50b5f58f8ef195118edd5c93c81783df9740b8ac5",
    ),
    "test": _file(
        "qmnist-test-labels-idx2-int.gz",
        526800,
        "sha256:9fbcbe594c3766fdf4f0b15c5165dc0d1e57ac604e01422608bb72c906030d06",
        "sha256:92d0ccb8c25f9c6534270fb4be7e1d24a1c6d315edfc8a638bfbd31c70f362dd",
    ),
}

INFO = DatasetInfo(
    name="qmnist",
    title="MNIST made again with writers and a test set of 60,000, 60,000 + 60,000 images",
    classes=tuple("0123456789"),
    homepage="https://github.com/facebookresearch/qmnist",
    licence="BSD-style",
    citation=(
        "C. Yadav, L. Bottou: Cold case: the lost MNIST digits. NeurIPS 2019, arXiv:1905.10498."
    ),
    files=(_IMAGES["train"], _LABELS["train"], _IMAGES["test"], _LABELS["test"]),
)
LOST = DatasetInfo(
    name="qmnist/lost",
    title="QMNIST with the 50,000 test digits that MNIST lost, 60,000 + 50,000 images",
    classes=INFO.classes,
    homepage=INFO.homepage,
    licence=INFO.licence,
    citation=INFO.citation,
    files=INFO.files,
)


@described_by(INFO)
def qmnist() -> Dataset:
    """QMNIST; the first 10,000 of its test images are MNIST's, drawn anew."""
    return _load(INFO, test=slice(None))


@described_by(LOST)
def lost() -> Dataset:
    """QMNIST's training images, and the 50,000 test images that are not in MNIST."""
    return _load(LOST, test=slice(_IN_MNIST["test"], None))


def mnist_writers(part: str) -> NDArray[np.int64]:
    """Who wrote each image of MNIST's part ``"train"`` or ``"test"``."""
    (path,) = fetch([_LABELS[part]])
    return _label_table(path)[: _IN_MNIST[part], _WRITER_COLUMN].astype(np.int64)


def _load(info: DatasetInfo, test: slice) -> Dataset:
    names = (*ARRAY_NAMES, "writers_train", "writers_test")
    arrays = cached_arrays("qmnist", "images", names, _decode, INFO.files)
    arrays |= {name: arrays[name][test] for name in ("x_test", "y_test", "writers_test")}
    return make_dataset(info, arrays, lambda part: arrays[f"writers_{part}"])


def _decode() -> Arrays:
    paths = fetch(INFO.files)
    arrays: Arrays = {}
    for part, (images, labels) in {"train": paths[:2], "test": paths[2:]}.items():
        table = _label_table(labels)
        arrays[f"x_{part}"] = read_idx(images)
        arrays[f"y_{part}"] = table[:, 0].astype(np.uint8)
        arrays[f"writers_{part}"] = table[:, _WRITER_COLUMN].astype(np.int64)
    return arrays


def _label_table(path: Path) -> NDArray[np.int32]:
    table: NDArray[np.int32] = read_idx(path)
    if table.ndim != 2 or table.shape[1] <= _WRITER_COLUMN:
        raise IdxError(
            f"{str(path)!r} holds labels of shape {table.shape}; expected (n, 8), as QMNIST's do."
        )
    return table
