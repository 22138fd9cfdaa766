"""MNIST-C as it was published: MNIST's images under 15 corruptions.

Nobody can make it again, since its makers did not seed their generator; `mnistkit.corrupt` makes
images like these. Size and digest of the archive, and the layout in it, are those of TensorFlow
Datasets' ``mnist_corrupted``; the digest also stands in other projects that read the archive.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets.array_cache import Arrays, cached_arrays
from mnistkit.datasets.dataset import Dataset
from mnistkit.datasets.download import fetch
from mnistkit.datasets.idx_dataset import ARRAY_NAMES, make_dataset
from mnistkit.datasets.info import DatasetInfo, described_by
from mnistkit.datasets.remote_file import RemoteFile
from mnistkit.errors import FormatError

_ARCHIVE = RemoteFile(
    dataset="mnist_c",
    name="mnist_c.zip",
    size=246661575,
    digest="sha256:af9ee8c6a815870c7fdde5af84c7bf8db0bcfa1f41056db83871037fba70e493",
    urls=(
        "https://zenodo.org/record/3239543/files/mnist_c.zip",
        "https://zenodo.org/records/3239543/files/mnist_c.zip",
    ),
)


def _loader(kind: str, title: str) -> Callable[[], Dataset]:
    info = DatasetInfo(
        name=f"mnist_c/{kind}",
        title=f"MNIST-C: {title}, 60,000 + 10,000 images",
        classes=tuple("0123456789"),
        homepage="https://github.com/google-research/mnist-c",
        licence="CC BY 4.0",
        citation=(
            "N. Mu, J. Gilmer: MNIST-C: A robustness benchmark for computer vision. ICML 2019 "
            "Workshop on Uncertainty and Robustness in Deep Learning. arXiv:1906.02337."
        ),
        conversion="none, but for a last axis of one channel, which is left out",
        files=(_ARCHIVE,),
    )

    @described_by(info)
    def load() -> Dataset:
        return make_dataset(
            info, cached_arrays("mnist_c", kind, ARRAY_NAMES, lambda: _decode(kind), [_ARCHIVE])
        )

    load.__name__ = load.__qualname__ = kind
    load.__doc__ = f"MNIST-C: {title}."
    return load


shot_noise = _loader("shot_noise", "MNIST with the noise of too little light")
impulse_noise = _loader("impulse_noise", "MNIST with dead pixels")
glass_blur = _loader("glass_blur", "MNIST through frosted glass")
motion_blur = _loader("motion_blur", "MNIST by a camera that moves")
shear = _loader("shear", "MNIST leaning")
scale = _loader("scale", "MNIST shrunk")
rotate = _loader("rotate", "MNIST turned")
brightness = _loader("brightness", "MNIST on grey paper")
translate = _loader("translate", "MNIST off the middle")
stripe = _loader("stripe", "MNIST with both sides inverted")
fog = _loader("fog", "MNIST behind clouds")
spatter = _loader("spatter", "MNIST with blots")
dotted_line = _loader("dotted_line", "MNIST with a dotted line across")
zigzag = _loader("zigzag", "MNIST with a zigzag across")
canny_edges = _loader("canny_edges", "the edges of MNIST")


def _decode(kind: str) -> Arrays:
    (path,) = fetch([_ARCHIVE])
    arrays: Arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for part in ("train", "test"):
                stem = f"mnist_c/{kind}/{part}"
                images = _array(archive, f"{stem}_images.npy")
                arrays[f"x_{part}"] = images[..., 0] if images.ndim == 4 else images
                arrays[f"y_{part}"] = _array(archive, f"{stem}_labels.npy")
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise FormatError(f"{str(path)!r} is not MNIST-C's archive ({error}).") from error
    return arrays


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[np.uint8]:
    """An array of integers from 0 to 255, of whatever type they were stored."""
    array = np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
    integers: NDArray[np.uint8] = array.astype(np.uint8)
    if not np.array_equal(integers, array):
        raise ValueError(f"{name!r} in it has values that are no integers from 0 to 255")
    return integers
