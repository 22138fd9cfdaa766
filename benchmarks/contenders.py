"""The ways of training that are compared, each a run in a process of its own.

``python benchmarks/contenders.py NETWORK CONTENDER --seed 0 --epochs 6`` trains once on MNIST,
tests once, and prints what it took as one line of JSON. Imports and loading come before the clock
is started; everything that the framework compiles comes after.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

import mnistkit
from measuring import MemoryRise, num_processors

LEARNING_RATE = 0.001


@dataclass(frozen=True)
class Network:
    """A network, and how it is trained; Adam with a constant learning rate of 0.001.

    Attributes
    ----------
    multiply_adds : int
        In the matrix products and convolutions of one training step, for one image: forward, for
        the gradient of the weights, and for the gradient of the input. The last is not needed in
        the first layer, and not counted there. Biases, activations, loss, metrics and the
        optimizer are not counted either.
    """

    batch_size: int
    parameters: int
    multiply_adds: int


# Multiply-adds of a training step for one image, counted as in `Network`.
CONVOLUTIONS = {
    "first convolution": 2 * (26 * 26) * (3 * 3 * 1) * 32,
    "second convolution": 3 * (11 * 11) * (3 * 3 * 32) * 64,
}
NETWORKS = {
    "dense128": Network(
        batch_size=32,
        parameters=101_770,
        multiply_adds=2 * 784 * 128 + 3 * 128 * 10,
    ),
    "convnet": Network(
        batch_size=128,
        parameters=34_826,
        multiply_adds=sum(CONVOLUTIONS.values()) + 3 * 1600 * 10,
    ),
}


@dataclass(frozen=True)
class Run:
    """What one training took.

    Attributes
    ----------
    fit_seconds : float
        From the call of fit to its return.
    epoch_seconds : list of float
        The first holds the compiling.
    accuracy : float
        On the test images, from 0 to 1.
    memory_mb : float
        The highest point while training, above the imported framework with the images as uint8.
    engine : str
    """

    fit_seconds: float
    epoch_seconds: list[float]
    accuracy: float
    memory_mb: float
    engine: str


def keras_network(name: str) -> Any:
    """The networks as everyone writes them."""
    import keras
    from keras import layers

    if name == "dense128":
        return keras.Sequential(
            [
                keras.Input((28, 28)),
                layers.Flatten(),
                layers.Dense(128, activation="relu"),
                layers.Dense(10, activation="softmax"),
            ]
        )
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def train_with_mnistkit(name: str, seed: int, epochs: int) -> Run:
    import tensorflow as tf  # noqa: F401  (before the clock is started)

    network = NETWORKS[name]
    data = mnistkit.load_dataset("mnist")
    memory = MemoryRise()
    import keras

    keras.utils.set_random_seed(seed)
    recipe = mnistkit.Recipe(
        epochs=epochs,
        batch_size=network.batch_size,
        learning_rate=LEARNING_RATE,
        schedule="constant",
    )
    clock, epoch_seconds = _epoch_clock()
    trainer = mnistkit.Trainer(keras_network(name), recipe=recipe, seed=seed, callbacks=[clock])
    begin = time.perf_counter()
    trainer.fit(data.train, verbose=0)
    seconds = time.perf_counter() - begin
    peak = memory.peak()
    accuracy = trainer.evaluate(data.test).accuracy
    return Run(seconds, epoch_seconds, accuracy, peak, f"mnistkit {trainer.engine}")


def train_with_keras(name: str, seed: int, epochs: int) -> Run:
    return _fit_keras(name, seed, epochs)


def train_with_keras_and_xla(name: str, seed: int, epochs: int) -> Run:
    return _fit_keras(name, seed, epochs, jit_compile=True, steps_per_execution=125)


def _fit_keras(name: str, seed: int, epochs: int, **settings: Any) -> Run:
    import tensorflow as tf  # noqa: F401  (before the clock is started)

    network = NETWORKS[name]
    (x_train, y_train), (x_test, y_test) = mnistkit.load_data("mnist")
    memory = MemoryRise()
    import keras

    keras.utils.set_random_seed(seed)
    model = keras_network(name)
    shape = (-1, *model.input_shape[1:])
    x_train = x_train.reshape(shape).astype("float32") / 255
    x_test = x_test.reshape(shape).astype("float32") / 255
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        **settings,
    )
    clock, epoch_seconds = _epoch_clock()
    begin = time.perf_counter()
    model.fit(
        x_train,
        y_train,
        batch_size=network.batch_size,
        epochs=epochs,
        verbose=0,
        callbacks=[clock],
    )
    seconds = time.perf_counter() - begin
    peak = memory.peak()
    predicted = model.predict(x_test, batch_size=1000, verbose=0).argmax(axis=1)
    return Run(seconds, epoch_seconds, float(np.mean(predicted == y_test)), peak, "keras")


def train_with_torch(name: str, seed: int, epochs: int) -> Run:
    """The tightest eager loop: data resident as floats, fused Adam, nothing measured meanwhile."""
    import torch
    from torch import nn
    from torch.nn import functional

    assert name == "dense128"
    torch.set_num_threads(num_processors())
    torch.manual_seed(seed)
    (x_train, y_train), (x_test, y_test) = mnistkit.load_data("mnist")
    memory = MemoryRise()
    images = torch.from_numpy(x_train).reshape(-1, 784).float() / 255
    labels = torch.from_numpy(y_train).long()
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    for layer in (model[0], model[2]):  # Keras' initial weights
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, eps=1e-7, fused=True)
    epoch_seconds = []
    begin = time.perf_counter()
    for _ in range(epochs):
        epoch_begin = time.perf_counter()
        for index in torch.randperm(len(images)).split(NETWORKS[name].batch_size):
            outputs = model(images.index_select(0, index))
            loss = functional.cross_entropy(outputs, labels.index_select(0, index))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        epoch_seconds.append(time.perf_counter() - epoch_begin)
    seconds = time.perf_counter() - begin
    peak = memory.peak()
    with torch.inference_mode():
        outputs = model(torch.from_numpy(x_test).reshape(-1, 784).float() / 255)
    accuracy = float(np.mean(outputs.argmax(1).numpy() == y_test))
    return Run(seconds, epoch_seconds, accuracy, peak, "torch eager")


CONTENDERS: dict[str, Callable[[str, int, int], Run]] = {
    "mnistkit": train_with_mnistkit,
    "keras": train_with_keras,
    "keras-xla": train_with_keras_and_xla,
    "torch": train_with_torch,
}


def _epoch_clock() -> tuple[Any, list[float]]:
    """A callback that has hooks for epochs only, and the seconds that it notes."""
    import keras

    seconds: list[float] = []

    class EpochClock(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.begin = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            seconds.append(time.perf_counter() - self.begin)

    return EpochClock(), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=6)
    chosen = parser.parse_args()
    run = CONTENDERS[chosen.contender](chosen.network, chosen.seed, chosen.epochs)
    print(json.dumps(asdict(run)))


if __name__ == "__main__":
    main()
