from __future__ import annotations

import keras
import pytest

import mnistkit
from mnistkit.errors import WrongTypeError
from mnistkit.models import count_multiply_adds

layers = keras.layers


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([layers.Conv2D(4, 3)], 26 * 26 * 9 * 4),
        ([layers.Conv2D(4, 5, strides=2, padding="same")], 14 * 14 * 25 * 4),
        ([layers.Conv2D(4, 1), layers.DepthwiseConv2D(3)], 28 * 28 * 4 + 26 * 26 * 9 * 4),
        ([layers.Flatten(), layers.Dense(10)], 7840),
        ([layers.Reshape((28, 28)), layers.Dot(axes=2)], None),
    ],
)
def test_products_are_counted(body, expected):
    inputs = keras.Input((28, 28, 1))
    x = inputs
    for layer in body:
        x = layer([x, x]) if isinstance(layer, layers.Dot) else layer(x)
    assert count_multiply_adds(keras.Model(inputs, x)) == (expected or 28**3)


def test_a_name_is_no_model():
    with pytest.raises(WrongTypeError, match=r"Expected a keras\.Model, not 'dense128'"):
        count_multiply_adds("dense128")


def test_a_plugin_layer_is_counted_by_what_it_does():
    class Twice(layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(shape[-1], 5))

        def call(self, x):
            return keras.ops.matmul(
                keras.ops.matmul(x, self.kernel), keras.ops.transpose(self.kernel)
            )

    model = keras.Sequential([keras.Input((28, 28)), layers.Flatten(), Twice()])
    assert count_multiply_adds(model) == 2 * 784 * 5


def test_the_cost_of_cnn_grows_with_the_square_of_its_width():
    narrow, wide = (
        count_multiply_adds(mnistkit.create_model("cnn", width=width)) for width in (16, 32)
    )
    assert 3.3 < wide / narrow < 4
