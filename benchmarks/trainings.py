"""The trainings whose accuracy is compared, each a run in a process of its own.

``python benchmarks/trainings.py ROW --seed 0 --folder FOLDER`` trains once, tests once, and leaves
in the folder ``measured.json``, the test probabilities in ``probabilities.npy``, and, if the model
is one of ours, the saved run.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mnistkit
from measuring import num_processors

Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True)
class Trained:
    """What a training gives.

    Attributes
    ----------
    predict : function
        Images as uint8 to probabilities.
    fit_seconds : float
        Compiling included; imports and loading are not.
    parameters, multiply_adds : int
        The latter for reading one image.
    settings : dict
    save : function
        Writes the saved run to a folder.
    """

    predict: Predict
    fit_seconds: float
    parameters: int
    multiply_adds: int
    settings: dict[str, Any]
    save: Callable[[Path], object] = lambda folder: folder


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes
    ----------
    title : str
    dataset : str
        What it is trained and tested on.
    train : function
        From data and seed.
    seeds : int
        How many there are by default.
    also_on : tuple of str
        Other data sets whose test images are read without any training on them.
    """

    title: str
    dataset: str
    train: Callable[[mnistkit.Dataset, int], Trained]
    seeds: int
    also_on: tuple[str, ...] = ()


def ours(model: str, recipe: str, **options: Any) -> Callable[[mnistkit.Dataset, int], Trained]:
    """One of mnistkit's models by one of its recipes."""

    def train(data: mnistkit.Dataset, seed: int) -> Trained:
        from mnistkit.models import count_multiply_adds

        built = mnistkit.create_model(model, num_classes=len(data.classes), seed=seed, **options)
        trainer = mnistkit.Trainer(built, recipe=recipe, seed=seed)
        begin = time.perf_counter()
        trainer.fit(data.train, verbose=0)
        return Trained(
            trainer.predict,
            time.perf_counter() - begin,
            built.count_params(),
            count_multiply_adds(built),
            trainer.recipe.to_dict(),
            trainer.save,
        )

    return train


def keras_convnet(data: mnistkit.Dataset, seed: int) -> Trained:
    """https://keras.io/examples/vision/mnist_convnet as it stands there."""
    import keras

    from contenders import keras_network
    from mnistkit.models import count_multiply_adds

    keras.utils.set_random_seed(seed)
    model = keras_network("convnet")
    x_train, y_train = (
        data.train.images[..., None].astype("float32") / 255,
        keras.utils.to_categorical(data.train.labels, 10),
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    begin = time.perf_counter()
    model.fit(x_train, y_train, batch_size=128, epochs=15, validation_split=0.1, verbose=0)
    seconds = time.perf_counter() - begin

    def predict(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = model.predict(
            images[..., None].astype("float32") / 255, batch_size=1000, verbose=0
        )
        return found

    return Trained(
        predict,
        seconds,
        model.count_params(),
        count_multiply_adds(model),
        {"epochs": 15, "batch_size": 128, "optimizer": "adam", "validation_split": 0.1},
    )


def torch_example(data: mnistkit.Dataset, seed: int) -> Trained:
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

    def normalized(images: NDArray[np.uint8]) -> Any:
        return (torch.from_numpy(images)[:, None].float() / 255 - 0.1307) / 0.3081

    images = normalized(data.train.images)
    labels = torch.from_numpy(data.train.labels.astype(np.int64))
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    begin = time.perf_counter()
    for _ in range(14):
        for index in torch.randperm(len(images)).split(64):
            optimizer.zero_grad()
            functional.nll_loss(model(images[index]), labels[index]).backward()
            optimizer.step()
        scheduler.step()
    seconds = time.perf_counter() - begin
    model.eval()

    def predict(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            parts = [model(part).exp() for part in normalized(images).split(500)]
        found: NDArray[np.float32] = torch.cat(parts).numpy()
        return found

    multiply_adds = 26 * 26 * 9 * 32 + 24 * 24 * 9 * 32 * 64 + 9216 * 128 + 128 * 10
    return Trained(
        predict,
        seconds,
        sum(parameter.numel() for parameter in model.parameters()),
        multiply_adds,
        {"epochs": 14, "batch_size": 64, "optimizer": "Adadelta", "gamma": 0.7},
    )


OTHERS = ("usps", "digits")
BEST = {"width": 40, "dropout": 0.5}
BEST_CLOTHES = {"width": 32, "depth": 5, "padding": True, "dropout": 0.5}
ROWS = {
    "dense128": Row("dense128, `fast`", "mnist", ours("dense128", "fast"), 10, OTHERS),
    "cnn-quick": Row("cnn, `quick`", "mnist", ours("cnn", "quick"), 10, OTHERS),
    "cnn-fast": Row("cnn, `fast`", "mnist", ours("cnn", "fast"), 10, OTHERS),
    "cnn-best": Row("cnn, `best`", "mnist", ours("cnn", "best", **BEST), 5, OTHERS),
    "keras-convnet": Row("keras.io's convnet", "mnist", keras_convnet, 5, OTHERS),
    "torch-example": Row("PyTorch's example", "mnist", torch_example, 5, OTHERS),
    "fashion-fast": Row(
        "cnn, `fast_clothes`", "fashion_mnist", ours("cnn", "fast_clothes", padding=True), 10
    ),
    "fashion-best": Row(
        "cnn, `best_clothes`", "fashion_mnist", ours("cnn", "best_clothes", **BEST_CLOTHES), 5
    ),
    "fashion-default": Row("cnn, `fast`", "fashion_mnist", ours("cnn", "fast"), 5),
    "usps-default": Row("cnn, `fast`", "usps", ours("cnn", "fast"), 10),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("row", choices=ROWS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, required=True)
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    measured = train_and_test(ROWS[chosen.row], chosen.seed, chosen.folder)
    # Last, so that a folder with this file in it is whole.
    (chosen.folder / "measured.json").write_text(json.dumps(measured), encoding="utf-8")
    print(json.dumps(measured))


def train_and_test(row: Row, seed: int, folder: Path) -> dict[str, Any]:
    data = mnistkit.load_dataset(row.dataset)
    mnistkit.quiet_tensorflow()
    trained = row.train(data, seed)
    trained.save(folder)
    tests = {row.dataset: data.test}
    tests |= {name: mnistkit.load_dataset(name).test for name in row.also_on}
    results = {}
    for name, split in tests.items():
        probabilities = trained.predict(split.images)
        result = mnistkit.Evaluation.from_probabilities(split.labels, probabilities)
        results[name] = {"accuracy": 100 * result.accuracy, "loss": result.loss}
        if name == row.dataset:
            np.save(folder / "probabilities.npy", probabilities)
    return {
        "seed": seed,
        "fit_seconds": trained.fit_seconds,
        "parameters": trained.parameters,
        "multiply_adds": trained.multiply_adds,
        "settings": trained.settings,
        "results": results,
    }


if __name__ == "__main__":
    main()
