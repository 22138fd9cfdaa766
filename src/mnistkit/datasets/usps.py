"""USPS: 9,298 digits from envelopes, scanned by the United States Postal Service."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets.array_cache import Arrays, cached_arrays
from mnistkit.datasets.dataset import Dataset
from mnistkit.datasets.download import fetch
from mnistkit.datasets.idx_dataset import ARRAY_NAMES, make_dataset
from mnistkit.datasets.info import DatasetInfo, described_by
from mnistkit.datasets.remote_file import RemoteFile
from mnistkit.errors import FormatError
from mnistkit.images.geometry import mnist_picture

_HOST = "https://hastie.su.domains/ElemStatLearn/datasets/"
_SIDE = 16
_GZIP_MAGIC = b"\x1f\x8b"


def _file(name: str, size: int, sha256: str, unpacked_sha256: str) -> RemoteFile:
    return RemoteFile(
        dataset="usps",
        name=name,
        size=size,
        digest=f"sha256:{sha256}",
        urls=(_HOST + name,),
        unpacked_digest=f"sha256:{unpacked_sha256}",
    )


INFO = DatasetInfo(
    name="usps",
    title="digits of postcodes on envelopes, 7,291 + 2,007 images",
    classes=tuple("0123456789"),
    homepage="https://hastie.su.domains/ElemStatLearn/data.html",
    licence="none stated",
    citation=(
        "Y. LeCun, B. Boser, J. S. Denker, D. Henderson, R. E. Howard, W. Hubbard, L. D. Jackel: "
        "Backpropagation applied to handwritten zip code recognition. Neural Computation 1(4), "
        "1989. As published with Hastie, Tibshirani, Friedman: The elements of statistical "
        "learning."
    ),
    conversion="16x16 values in [-1, 1] to 0-255, then MNIST's own recipe to 28x28",
    files=(
        _file(
            "zip.train.gz",
            1829071,
            "66ebf231ab51f2cf6ac1a892d0f98ccffee1079d7a5db638c1f11f366046ca16",
            "abc9f5c75b997cabe66b5d01727d5a681c69298e1641a8d37b55433a52129dc0",
        ),
        _file(
            "zip.test.gz",
            439208,
            "8dacc3c6e136af6c3488de9e5113a7daf140c8c2f1f0b61c54ee02f03f1a962f",
            "6bde17b4f1cd68e0630cd2751d6495b5795d9165ab2dc4a0be8b7002b732f4cc",
        ),
    ),
)


@described_by(INFO)
def usps() -> Dataset:
    """USPS, converted to 28x28 the way MNIST was made."""
    return make_dataset(INFO, cached_arrays("usps", "images", ARRAY_NAMES, _decode, INFO.files))


def _decode() -> Arrays:
    arrays: Arrays = {}
    for part, path in zip(("train", "test"), fetch(INFO.files), strict=True):
        images, labels = read_zip_digits(path)
        arrays[f"x_{part}"] = np.stack([mnist_picture(image) for image in images])
        arrays[f"y_{part}"] = labels
    return arrays


def read_zip_digits(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read lines of a label and 256 values in [-1, 1]: images (n, 16, 16) in 0-255, and labels.

    Raises
    ------
    FormatError
        If the file is damaged or of another form.
    """
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP_MAGIC):  # else somebody has unpacked it
            content = gzip.decompress(content)
        table = np.loadtxt(io.StringIO(content.decode("ascii")), ndmin=2)
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FormatError(f"{str(path)!r} is not a table of numbers ({error}).") from error
    if (
        table.shape[1] != 1 + _SIDE * _SIDE
        or not -1 <= table[:, 1:].min() <= table[:, 1:].max() <= 1
    ):
        raise FormatError(
            f"{str(path)!r} has lines of {table.shape[1]} numbers; expected a label and 256 values "
            "in [-1, 1]."
        )
    images = np.rint((table[:, 1:] + 1) * 127.5).astype(np.uint8).reshape(-1, _SIDE, _SIDE)
    return images, table[:, 0].astype(np.uint8)
