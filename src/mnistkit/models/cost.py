"""What it costs to read one image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mnistkit.errors import WrongTypeError
from mnistkit.messages import shown

if TYPE_CHECKING:
    import keras


def count_multiply_adds(model: keras.Model) -> int:
    """How many multiplications, each with an addition, a model needs for one image.

    Those of matrix products and convolutions are counted, which is nearly all; biases,
    activations, normalisation and pooling are not.

    Parameters
    ----------
    model : keras.Model
        Built, with one input.

    Raises
    ------
    WrongTypeError
        If it is none.

    Examples
    --------
    >>> import mnistkit
    >>> count_multiply_adds(mnistkit.create_model("dense128"))
    101632
    """
    import keras
    import tensorflow as tf

    if not isinstance(model, keras.Model):
        raise WrongTypeError(
            f"Expected a keras.Model, not {shown(model)}. A name becomes one with create_model."
        )
    image = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    forward = tf.function(lambda x: model(x, training=False), autograph=False)
    operations = forward.get_concrete_function(image).graph.get_operations()
    return sum(_multiply_adds(operation) for operation in operations)


def _multiply_adds(operation: Any) -> int:
    """Every number of the output is a sum over so many products."""
    if operation.type not in ("Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2"):
        return 0
    first, second = (tuple(tensor.shape) for tensor in operation.inputs[:2])
    if operation.type == "Conv2D":
        products = math.prod(second[:3])
    elif operation.type == "DepthwiseConv2dNative":
        products = math.prod(second[:2])
    else:
        flipped = operation.get_attr("transpose_a" if operation.type == "MatMul" else "adj_x")
        products = first[-2] if flipped else first[-1]
    return int(math.prod(operation.outputs[0].shape) * products)
