from __future__ import annotations

import numpy as np
import pytest

from mnistkit.errors import UnknownNameError
from mnistkit.recognition.loading import load_network
from mnistkit.recognition.network import Network

IMAGES = np.zeros((3, 28, 28), np.uint8)
IMAGES[1:, 0, 0] = (51, 255)


def by_first_pixel(num_classes):
    """A network that finds label 3 the more probable the lighter the first pixel is."""

    def logits(images):
        assert images.dtype == np.float32
        outputs = np.zeros((len(images), num_classes), np.float32)
        outputs[:, 3] = 5 * images[:, 0, 0]
        return outputs

    return logits


def test_probabilities_of_ten_classes_are_a_softmax():
    probabilities, scores = Network("", by_first_pixel(10)).classify(IMAGES)
    odds = np.exp([0, 1, 5])
    np.testing.assert_allclose(probabilities[:, 3], odds / (odds + 9), rtol=1e-5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(scores, 1, rtol=1e-5)


def test_the_eleventh_class_is_no_digit():
    probabilities, scores = Network("", by_first_pixel(11)).classify(IMAGES)
    odds = np.exp([0, 1, 5])
    assert probabilities.shape == (3, 10)
    np.testing.assert_allclose(probabilities[:, 3], odds / (odds + 9), rtol=1e-5)
    np.testing.assert_allclose(scores, (odds + 9) / (odds + 10), rtol=1e-5)


def test_a_temperature_makes_it_less_certain():
    cold, _ = Network("", by_first_pixel(10)).classify(IMAGES)
    warm, _ = Network("", by_first_pixel(10), temperature=2.0).classify(IMAGES)
    odds = np.exp([0, 0.5, 2.5])
    np.testing.assert_allclose(warm[:, 3], odds / (odds + 9), rtol=1e-5)
    assert (warm.max(axis=1)[1:] < cold.max(axis=1)[1:]).all()


def test_what_is_surely_no_digit_has_probabilities_all_the_same():
    def logits(images):
        outputs = np.zeros((len(images), 11), np.float32)
        outputs[:, 10] = 1e4
        return outputs

    probabilities, scores = Network("", logits).classify(IMAGES)
    assert np.isfinite(probabilities).all()
    assert scores.max() < 1e-6


def test_no_images_have_no_probabilities():
    probabilities, scores = Network("", by_first_pixel(10)).classify(IMAGES[:0])
    assert probabilities.shape == (0, 10)
    assert scores.shape == (0,)


def test_a_network_of_the_package_is_loaded_once():
    assert load_network("cnn") is load_network("cnn")
    assert load_network("cnn").name == "cnn-handwriting"


def test_weights_that_there_are_not(tmp_path):
    with pytest.raises(UnknownNameError, match="no folder of that name"):
        load_network(tmp_path / "nothing")
