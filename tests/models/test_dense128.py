"""The walkthrough's network."""

from __future__ import annotations

import keras

import mnistkit


def test_dense128_is_exactly_the_walkthroughs_network():
    model = mnistkit.create_model("dense128")
    flatten, hidden, output = model.layers
    assert isinstance(flatten, keras.layers.Flatten)
    assert (hidden.units, hidden.activation) == (128, keras.activations.relu)
    assert (output.units, output.activation) == (10, keras.activations.softmax)
    assert model.input_shape == (None, 28, 28)
    assert not model.compiled
