from __future__ import annotations

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings
from skimage.feature import canny

import mnistkit
from mnistkit import corrupt
from mnistkit.datasets import Dataset
from mnistkit.evaluation.corruptions.edges import find_edges

# Few levels, so that there are plateaus, ties and edges along every direction.
images = hnp.arrays(np.float32, (3, 12, 15), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]))


@given(images)
@settings(max_examples=60)
def test_edges_are_scikit_images(given: np.ndarray) -> None:
    theirs = np.stack([canny(one.astype(np.float64)) for one in given])
    assert np.array_equal(find_edges(given), theirs)


def test_edges_of_digits_are_scikit_images() -> None:
    digits = mnistkit.load_dataset("digits").test.images
    theirs = np.stack([canny(one / 255) for one in digits[:100]])
    assert np.array_equal(corrupt(digits, "canny_edges")[:100], 255 * theirs.astype(np.uint8))


def test_edges_of_mnist_are_scikit_images(mnist: Dataset) -> None:
    theirs = np.stack([canny(one / 255) for one in mnist.test.images[:200]])
    ours = corrupt(mnist.test.images[:200], "canny_edges")
    assert np.array_equal(ours, 255 * theirs.astype(np.uint8))
