"""How fast the machine computes what training consists of, each part alone.

``python benchmarks/rates.py matmul LIBRARY`` measures matrix products: large ones, which is the
machine's peak, and those of dense128 at batch 32. ``python benchmarks/rates.py convnet`` measures
the parts of a training step of the convolutional network. Both print one line of JSON.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import mnistkit
from contenders import LEARNING_RATE, NETWORKS, keras_network
from measuring import num_processors

LIBRARIES = tuple(
    name for name in ("tensorflow", "numpy", "torch") if importlib.util.find_spec(name)
)
_LARGE = 4096
_BATCH, _INPUTS, _HIDDEN = 32, 784, 128  # the first layer of dense128, 98% of its arithmetic
_STEPS = 400  # as many different batches, so that they come from memory as in training
_REPEATS = 7


def matmul_rates(library: str) -> dict[str, float]:
    """GFLOPS of float32 matrix products.

    ``large`` is 4096 x 4096. ``dense128`` is a training step's two products in its first layer:
    (32x784) @ (784x128), and (784x32) @ (32x128) for the gradient of the weights. NumPy and PyTorch
    write into memory that they have; TensorFlow runs in a compiled loop: without that the calls
    would cost more than the products.
    """
    generator = np.random.default_rng(0)

    def random(*shape: int) -> np.ndarray:
        return generator.random(shape, dtype=np.float32)

    large = (random(_LARGE, _LARGE), random(_LARGE, _LARGE))
    batches = (
        random(_STEPS, _BATCH, _INPUTS),
        random(_INPUTS, _HIDDEN),
        random(_STEPS, _BATCH, _HIDDEN),
    )
    make = {"numpy": _with_numpy, "torch": _with_torch, "tensorflow": _with_tensorflow}[library]
    multiply, steps = make(large, batches)
    small = 2 * 2 * _STEPS * _BATCH * _INPUTS * _HIDDEN
    return {
        "large": 2 * _LARGE**3 / _seconds(multiply) / 1e9,
        "dense128": small / min(map(_seconds, steps)) / 1e9,
    }


Programs = tuple[Callable[[], Any], list[Callable[[], Any]]]


def _with_numpy(large: Any, batches: Any) -> Programs:
    images, weights, errors = batches
    outputs = np.empty((_BATCH, _HIDDEN), np.float32)
    gradients = np.empty((_INPUTS, _HIDDEN), np.float32)

    def steps() -> None:
        for batch, error in zip(images, errors, strict=True):
            np.matmul(batch, weights, out=outputs)
            np.matmul(batch.T, error, out=gradients)

    return lambda: np.matmul(*large), [steps]


def _with_torch(large: Any, batches: Any) -> Programs:
    import torch

    torch.set_num_threads(num_processors())
    images, weights, errors = map(torch.from_numpy, batches)
    outputs, gradients = torch.empty(_BATCH, _HIDDEN), torch.empty(_INPUTS, _HIDDEN)
    first, second = map(torch.from_numpy, large)

    def steps() -> None:
        for batch, error in zip(images.unbind(), errors.unbind(), strict=True):
            torch.mm(batch, weights, out=outputs)
            torch.mm(batch.T, error, out=gradients)

    return lambda: torch.mm(first, second), [steps]


def _with_tensorflow(large: Any, batches: Any) -> Programs:
    """The loop with and without XLA."""
    import tensorflow as tf

    images, weights, errors = map(tf.constant, batches)
    first, second = map(tf.constant, large)

    def loop() -> Any:
        def body(step: Any, *_: Any) -> Any:
            batch = images[step]
            outputs = tf.matmul(batch, weights)
            return step + 1, outputs, tf.matmul(batch, errors[step], transpose_a=True)

        begin = (0, tf.zeros((_BATCH, _HIDDEN)), tf.zeros((_INPUTS, _HIDDEN)))
        return tf.while_loop(lambda step, *_: step < _STEPS, body, begin, parallel_iterations=1)[1:]

    # TensorFlow returns from a call on a CPU only when the result is there.
    return lambda: tf.matmul(first, second), [
        tf.function(loop, autograph=False, jit_compile=jit) for jit in (True, False)
    ]


def convnet_seconds() -> dict[str, float]:
    """Seconds a step, forward and backward, for a fixed batch: parts alone, and the whole."""
    import keras
    import tensorflow as tf

    network = NETWORKS["convnet"]
    (x_train, y_train), _ = mnistkit.load_data("mnist")
    images = tf.constant(x_train[: network.batch_size, ..., None], tf.float32) / 255
    labels = tf.constant(y_train[: network.batch_size])
    keras.utils.set_random_seed(0)
    model = keras_network("convnet")
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])

    def layers() -> Any:
        with tf.GradientTape() as tape:
            loss = model.compute_loss(images, labels, model(images, training=True))
        return tape.gradient(loss, model.trainable_weights)

    def step() -> Any:
        return model.train_step((images, labels))

    step()  # creates the variables of optimizer and metrics
    programs = {**_convnet_parts(images), "all layers": layers, "whole step": step}
    return {
        name: _seconds(tf.function(function, autograph=False), calls=20)
        for name, function in programs.items()
    }


def _convnet_parts(images: Any) -> dict[str, Callable[[], Any]]:
    """Forward and backward of the kinds of layers in the two convolutional blocks."""
    import tensorflow as tf

    # What the first convolution returns, the second reads, and the second returns.
    shapes = [(26, 26, 32), (13, 13, 32), (11, 11, 64)]
    first, between, second = (tf.random.normal((len(images), *shape)) for shape in shapes)
    kernels = [tf.random.normal((3, 3, 1, 32)), tf.random.normal((3, 3, 32, 64))]

    def backward(function: Callable[..., Any], *inputs: Any, wanted: slice = slice(None)) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = function(*inputs)
        # The error that arrives from above is as large as the outputs, which serve as one.
        return tape.gradient(outputs, inputs[wanted], output_gradients=outputs)

    def convolve(inputs: Any, kernel: Any) -> Any:
        return tf.nn.conv2d(inputs, kernel, strides=1, padding="VALID")

    def activate(inputs: Any, bias: Any) -> Any:
        return tf.nn.relu(tf.nn.bias_add(inputs, bias))

    def pool(inputs: Any) -> Any:
        return tf.nn.max_pool2d(inputs, ksize=2, strides=2, padding="VALID")

    return {
        "first convolution": lambda: backward(convolve, images, kernels[0], wanted=slice(1, 2)),
        "second convolution": lambda: backward(convolve, between, kernels[1]),
        "bias and relu": lambda: [
            backward(activate, inputs, tf.zeros(inputs.shape[-1])) for inputs in (first, second)
        ],
        "pooling": lambda: [backward(pool, inputs) for inputs in (first, second)],
    }


def _seconds(function: Callable[[], Any], calls: int = 1) -> float:
    """The median of some repeats, after one to warm up."""
    function()
    seconds = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        for _ in range(calls):
            function()
        seconds.append((time.perf_counter() - begin) / calls)
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("matmul").add_argument("library", choices=LIBRARIES)
    what.add_parser("convnet")
    chosen = parser.parse_args()
    rates = matmul_rates(chosen.library) if chosen.what == "matmul" else convnet_seconds()
    print(json.dumps(rates))


if __name__ == "__main__":
    main()
