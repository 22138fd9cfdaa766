"""Data sets that are published as MNIST is: four IDX files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mnistkit.datasets.array_cache import Arrays, cached_arrays
from mnistkit.datasets.dataset import Dataset
from mnistkit.datasets.download import fetch
from mnistkit.datasets.idx import read_idx
from mnistkit.datasets.info import DatasetInfo
from mnistkit.datasets.remote_file import RemoteFile
from mnistkit.datasets.split import Split
from mnistkit.files.archives import read_archive

ARRAY_NAMES = ("x_train", "y_train", "x_test", "y_test")
"""What a decoded data set consists of; Keras' names."""

FILE_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
"""What the four files are called, in the order of `ARRAY_NAMES`."""


def idx_files(
    dataset: str,
    sizes: Sequence[int],
    sha256: Sequence[str],
    hosts: Sequence[str],
    also_at: Sequence[str] = (),
    unpacked_sha256: Sequence[str] = ("", "", "", ""),
) -> tuple[RemoteFile, ...]:
    """The catalogue's entries for a data set of four IDX files, the same names at every host."""
    return tuple(
        RemoteFile(
            dataset=dataset,
            name=name,
            size=size,
            digest=f"sha256:{digest}",
            urls=tuple(host + name for host in hosts),
            also_at=tuple(place + name for place in also_at),
            unpacked_digest=unpacked and f"sha256:{unpacked}",
        )
        for name, size, digest, unpacked in zip(
            FILE_NAMES, sizes, sha256, unpacked_sha256, strict=True
        )
    )


def _decode(paths: Sequence[Path]) -> Arrays:
    """Read the four files, or the one archive of Keras that holds the same arrays."""
    if len(paths) == 1:
        return read_archive(paths[0], required=ARRAY_NAMES)
    return dict(zip(ARRAY_NAMES, map(read_idx, paths), strict=True))


def load_idx_dataset(
    info: DatasetInfo, writers_of: Callable[[str], NDArray[Any]] | None = None
) -> Dataset:
    """Load a data set of four IDX files, or of what substitutes them."""
    variants = [files for files in (info.files, info.substitutes) if files]
    arrays = cached_arrays(
        info.name,
        "images",
        ARRAY_NAMES,
        lambda: _decode(fetch(*variants)),
        sources=[*info.files, *info.substitutes],
    )
    return make_dataset(info, arrays, writers_of)


def make_dataset(
    info: DatasetInfo,
    arrays: Arrays,
    writers_of: Callable[[str], NDArray[Any]] | None = None,
) -> Dataset:
    """A Dataset from the four arrays; `writers_of` is asked for a part's writers when needed."""
    train, test = (
        Split(
            arrays[f"x_{part}"],
            arrays[f"y_{part}"],
            classes=info.classes,
            writers=None if writers_of is None else partial(writers_of, part),
        )
        for part in ("train", "test")
    )
    return Dataset.from_splits(train, test, info)
