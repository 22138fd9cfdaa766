"""The UCI digits that come with scikit-learn: always there, without a network."""

from __future__ import annotations

import numpy as np

from mnistkit.datasets.array_cache import Arrays, cached_arrays
from mnistkit.datasets.dataset import Dataset
from mnistkit.datasets.idx_dataset import ARRAY_NAMES, make_dataset
from mnistkit.datasets.info import DatasetInfo, described_by
from mnistkit.images.geometry import mnist_picture
from mnistkit.packages import require

_NUM_TRAIN = 1437
_LARGEST_VALUE = 16

INFO = DatasetInfo(
    name="digits",
    title="small digits that come with scikit-learn, 1,437 + 360 images, no download",
    classes=tuple("0123456789"),
    homepage="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    licence="CC BY 4.0",
    citation=(
        "E. Alpaydin, C. Kaynak: Optical recognition of handwritten digits. UCI Machine Learning "
        "Repository, 1998. As distributed with scikit-learn."
    ),
    conversion="8x8 values in 0-16 to 0-255, then MNIST's own recipe to 28x28",
)


@described_by(INFO)
def digits() -> Dataset:
    """The UCI digits, converted to 28x28 the way MNIST was made.

    The last fifth in the stored order is the test part. Neighbours in that order tend to share
    their writer, so a random part would be easier than strangers' digits are.
    """
    return make_dataset(INFO, cached_arrays("digits", "images", ARRAY_NAMES, _decode))


def _decode() -> Arrays:
    require("sklearn", to="load the data set 'digits', which comes with it")
    from sklearn.datasets import load_digits

    bunch = load_digits()
    values = np.rint(bunch.images * (255 / _LARGEST_VALUE)).astype(np.uint8)
    images = np.stack([mnist_picture(image) for image in values])
    labels = bunch.target.astype(np.uint8)
    return {
        "x_train": images[:_NUM_TRAIN],
        "y_train": labels[:_NUM_TRAIN],
        "x_test": images[_NUM_TRAIN:],
        "y_test": labels[_NUM_TRAIN:],
    }
