"""The convolutional network that is built in."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit.errors import ModelError, OptionError


@pytest.mark.parametrize("depth", [4, 5])
def test_padding_lets_cnn_see_the_border(depth):
    """A change of the outermost row reaches more features with it than without."""
    picture = np.zeros((1, 28, 28), np.float32)
    marked = picture.copy()
    marked[0, 0] = 1

    def sums(padding):
        model = mnistkit.create_model("cnn", depth=depth, padding=padding, width=4)
        last = keras.Model(model.inputs[0], model.layers[-3].output)
        change = np.asarray(last(marked)) - np.asarray(last(picture))
        assert sum(isinstance(layer, keras.layers.Conv2D) for layer in model.layers) == depth
        return change.size, np.abs(change).sum()

    features, without = sums(False)
    more_features, with_padding = sums(True)
    assert (features, more_features) == (2 * 2 * 16, 3 * 3 * 16)
    assert with_padding > without


@pytest.mark.parametrize(
    "options", [{"width": "8"}, {"width": 0}, {"dropout": 1}, {"dropout": "a"}]
)
def test_cnn_refuses_what_is_no_width_or_share(options):
    with pytest.raises(OptionError, match=r"expected a (whole number of at least 1|share)"):
        mnistkit.create_model("cnn", **options)


def test_cnn_refuses_another_depth():
    with pytest.raises(ModelError, match=r"depth=3: the model 'cnn' has 4 convolutions, or 5\."):
        mnistkit.create_model("cnn", depth=3)
