"""Networks as others publish them, trained as their pages do: contenders of `mnistkit.compare`."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mnistkit
from contenders import keras_network
from measuring import num_processors
from mnistkit.comparison import Cost

Answer = tuple[NDArray[np.float32], Cost]


def keras_convnet(train: mnistkit.Split, images: NDArray[np.uint8], seed: int) -> Answer:
    """https://keras.io/examples/vision/mnist_convnet as it stands there."""
    import keras

    from mnistkit.models import count_multiply_adds

    def as_floats(given: NDArray[np.uint8]) -> NDArray[np.float32]:
        return given[..., None].astype("float32") / 255

    keras.utils.set_random_seed(seed)
    model = keras_network("convnet")
    x_train, y_train = as_floats(train.images), keras.utils.to_categorical(train.labels, 10)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    begin = time.perf_counter()
    model.fit(x_train, y_train, batch_size=128, epochs=15, validation_split=0.1, verbose=0)
    cost = Cost(time.perf_counter() - begin, model.count_params(), count_multiply_adds(model))
    return model.predict(as_floats(images), batch_size=1000, verbose=0), cost


def torch_example(train: mnistkit.Split, images: NDArray[np.uint8], seed: int) -> Answer:
    """https://github.com/pytorch/examples/tree/main/mnist as it stands there."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(num_processors())
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(),
        nn.Conv2d(32, 64, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(),
        nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 10), nn.LogSoftmax(dim=1),
    )  # fmt: skip

    def normalized(given: NDArray[np.uint8]) -> Any:
        return (torch.from_numpy(given)[:, None].float() / 255 - 0.1307) / 0.3081

    x_train = normalized(train.images)
    labels = torch.from_numpy(train.labels.astype(np.int64))
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    begin = time.perf_counter()
    for _ in range(14):
        for index in torch.randperm(len(x_train)).split(64):
            optimizer.zero_grad()
            functional.nll_loss(model(x_train[index]), labels[index]).backward()
            optimizer.step()
        scheduler.step()
    cost = Cost(
        time.perf_counter() - begin,
        sum(parameter.numel() for parameter in model.parameters()),
        26 * 26 * 9 * 32 + 24 * 24 * 9 * 32 * 64 + 9216 * 128 + 128 * 10,
    )
    model.eval()
    with torch.inference_mode():
        parts = [model(part).exp() for part in normalized(images).split(500)]
    return torch.cat(parts).numpy(), cost
