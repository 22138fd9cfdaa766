"""The operation that a model's output comes out of, whatever the model is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

# These move numbers, or change their type, and leave them as they are.
PASSING = ("Cast", "EnsureShape", "ExpandDims", "Identity", "Reshape", "Squeeze", "StopGradient")
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def last_operation(
    model: keras.Model, input_shape: tuple[int | None, ...], batch_size: int | None
) -> str:
    """What TensorFlow calls the last operation that changes numbers; empty if there is none.

    Parameters
    ----------
    model : keras.Model
        Built, and with one tensor as its output.
    input_shape : tuple of int or None
    batch_size : int or None

    Examples
    --------
    >>> import mnistkit
    >>> last_operation(mnistkit.create_model("dense128"), (28, 28), None)
    'Softmax'
    """
    import tensorflow as tf

    images = tf.TensorSpec((batch_size, *input_shape), tf.float32)
    forward = tf.function(lambda images: model(images, training=False), autograph=False)
    graph = forward.get_concrete_function(images).graph
    definition = graph.as_graph_def()
    functions = {one.signature.name: one for one in definition.library.function}
    return _producer(graph.outputs[0].name, definition.node, functions)


def _producer(tensor: str, nodes: Iterable[Any], functions: Mapping[str, Any]) -> str:
    """The kind of the node that a tensor comes from, looking through calls of functions."""
    by_name = {node.name: node for node in nodes}
    name, index = _place(tensor)
    while name in by_name:
        node = by_name[name]
        if node.op in _CALLS:
            function = functions[node.attr["f"].func.name]
            output = function.signature.output_arg[index].name
            return _producer(function.ret[output], function.node_def, functions)
        if node.op not in PASSING or not node.input:
            return str(node.op)
        name, index = _place(node.input[0])
    return ""


def _place(tensor: str) -> tuple[str, int]:
    """The node of a tensor, and which of its outputs it is: "node:1", "node:output:1", "node"."""
    name, *rest = tensor.split(":")
    return name, int(rest[-1]) if rest else 0
