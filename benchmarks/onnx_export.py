"""A trained model as an ONNX network from images to logits, with names of its own."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import keras
import numpy as np
import onnx


def logits_network(model: keras.Model) -> bytes:
    """What onnxruntime runs: "images" (n, 28, 28) in [0, 1] to "logits" (n, num_classes).

    The softmax at the end is left out, since probabilities are calibrated before it.
    """
    model(np.zeros((1, *model.input_shape[1:]), np.float32))  # Keras exports what was called
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tf2onnx looks for names that NumPy does not have any more
        path = Path(folder) / "model.onnx"
        model.export(path, format="onnx", verbose=False)
        exported = onnx.load(path)
    graph = exported.graph
    softmax = graph.node[-1]
    if softmax.op_type != "Softmax":
        raise ValueError(f"the network ends in {softmax.op_type}, not in Softmax")
    renamed = {graph.input[0].name: "images", softmax.input[0]: "logits"}
    graph.node.remove(softmax)
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    graph.input[0].name, graph.output[0].name = "images", "logits"
    for value in (graph.input[0], graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    graph.name = model.name
    onnx.checker.check_model(exported, full_check=True)
    content: bytes = exported.SerializeToString()
    return content
