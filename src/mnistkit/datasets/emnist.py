"""EMNIST: handwritten letters and digits, made from the same source as MNIST."""

from __future__ import annotations

import zipfile
from string import ascii_lowercase, ascii_uppercase
from string import digits as ten_digits

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets.array_cache import Arrays, cached_arrays
from mnistkit.datasets.dataset import Dataset
from mnistkit.datasets.download import fetch
from mnistkit.datasets.idx import read_member
from mnistkit.datasets.idx_dataset import ARRAY_NAMES, make_dataset
from mnistkit.datasets.info import DatasetInfo, described_by
from mnistkit.datasets.remote_file import RemoteFile
from mnistkit.errors import FormatError

_ARCHIVE = RemoteFile(
    dataset="emnist",
    name="gzip.zip",
    size=561753746,
    digest="sha256:fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
    urls=("https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",),
    also_at=("torchvision:EMNIST/raw/gzip.zip",),
)
_MERGED = ten_digits + ascii_uppercase + "abdefghnqrt"  # letters whose two cases look different


def _info(split: str, title: str, classes: str) -> DatasetInfo:
    return DatasetInfo(
        name=f"emnist/{split}",
        title=title,
        classes=tuple(classes),
        homepage="https://www.nist.gov/itl/products-and-services/emnist-dataset",
        licence="public data of NIST",
        citation=(
            "G. Cohen, S. Afshar, J. Tapson, A. van Schaik: EMNIST: an extension of MNIST to "
            "handwritten letters. arXiv:1702.05373, 2017."
        ),
        conversion="transposed, since the files hold every image mirrored at its diagonal"
        + ("; labels 1-26 become 0-25" if split == "letters" else ""),
        files=(_ARCHIVE,),
    )


BALANCED = _info("balanced", "digits and letters, as many of each, 112,800 + 18,800", _MERGED)
BYCLASS = _info(
    "byclass",
    "all digits and letters, 697,932 + 116,323",
    ten_digits + ascii_uppercase + ascii_lowercase,
)
BYMERGE = _info("bymerge", "all, with look-alike cases merged, 697,932 + 116,323", _MERGED)
DIGITS = _info("digits", "ten digits, as many of each, 240,000 + 40,000 images", ten_digits)
LETTERS = _info("letters", "26 letters, both cases together, 124,800 + 20,800", ascii_uppercase)
MNIST = _info("mnist", "ten digits in MNIST's numbers, 60,000 + 10,000 images", ten_digits)


@described_by(BALANCED)
def balanced() -> Dataset:
    """47 classes with as many images each: digits, capitals, and the small letters that differ."""
    return _load(BALANCED)


@described_by(BYCLASS)
def byclass() -> Dataset:
    """62 classes: digits, capitals and small letters, as often as they were written."""
    return _load(BYCLASS)


@described_by(BYMERGE)
def bymerge() -> Dataset:
    """47 classes: `byclass` with the cases merged that look alike."""
    return _load(BYMERGE)


@described_by(DIGITS)
def digits() -> Dataset:
    """Ten digits, four times as many as MNIST's."""
    return _load(DIGITS)


@described_by(LETTERS)
def letters() -> Dataset:
    """26 letters, capitals and small ones in one class."""
    return _load(LETTERS)


@described_by(MNIST)
def mnist() -> Dataset:
    """Ten digits, as many as MNIST's, prepared EMNIST's way."""
    return _load(MNIST)


def _load(info: DatasetInfo) -> Dataset:
    split = info.name.partition("/")[2]
    return make_dataset(
        info, cached_arrays("emnist", split, ARRAY_NAMES, lambda: _decode(split), [_ARCHIVE])
    )


def _decode(split: str) -> Arrays:
    (path,) = fetch([_ARCHIVE])
    arrays: Arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for part in ("train", "test"):
                stem = f"gzip/emnist-{split}-{part}"
                images = read_member(archive, f"{stem}-images-idx3-ubyte.gz")
                labels = read_member(archive, f"{stem}-labels-idx1-ubyte.gz")
                arrays[f"x_{part}"] = np.ascontiguousarray(images.transpose(0, 2, 1))
                arrays[f"y_{part}"] = _from_zero(labels, split)
    except (zipfile.BadZipFile, KeyError) as error:
        raise FormatError(f"{str(path)!r} is not EMNIST's archive ({error}).") from error
    return arrays


def _from_zero(labels: NDArray[np.uint8], split: str) -> NDArray[np.uint8]:
    return labels - np.uint8(1) if split == "letters" else labels
