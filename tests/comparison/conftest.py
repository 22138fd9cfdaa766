"""What the tests of comparisons share: a few small images, and contenders that train in no time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mnistkit
from mnistkit.datasets import DatasetInfo

CLASSES = ("bar", "dot", "blank")


def pictures(count: int, seed: int, dataset: str, part: str) -> mnistkit.Split:
    """Pictures of 6x6 that are easy to tell apart, by 24 writers."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = generator.integers(0, 120, (count, 6, 6), dtype=np.uint8)
    images[labels == 0, :, 2] = 220
    images[labels == 1, 2:4, 2:4] = 220
    writers = generator.permutation(np.arange(count) % 24)
    return mnistkit.Split(
        images, labels, classes=CLASSES, writers=writers, dataset=dataset, part=part
    )


def linear(
    *, num_classes: int = 10, input_shape: tuple[int, ...] = (28, 28), blind: bool = False
) -> Any:
    """The smallest network; a blind one says the same of all images."""
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(num_classes),
            layers.Rescaling(0.0 if blind else 1.0),
            layers.Softmax(),
        ]
    )


def by_colour(train: mnistkit.Split, images: Any, seed: int, *, sharpness: float = 1.0) -> Any:
    """Train in its own way: one number, the mean grey of each class."""
    grey = lambda given: given.reshape(len(given), -1).mean(axis=1)  # noqa: E731
    means = np.array([grey(train.images[train.labels == label]).mean() for label in range(3)])
    noise = np.random.default_rng(seed).normal(size=3)
    distances = sharpness * np.abs(grey(images)[:, None] - means - noise)
    weights = np.exp(-distances)
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.fixture(scope="session")
def small() -> mnistkit.Dataset:
    """120 pictures to train on, 60 to test on."""
    parts = [pictures(n, seed, "small", part) for n, seed, part in ((120, 1, "train"), (60, 2, ""))]
    info = DatasetInfo("small", title="bars and dots", classes=CLASSES)
    return mnistkit.Dataset(parts[0], parts[1].replace(part="test"), info)


@pytest.fixture(scope="session")
def recipe() -> mnistkit.Recipe:
    """It learns to tell them apart."""
    return mnistkit.Recipe(epochs=10, batch_size=10, learning_rate=0.05)


@pytest.fixture(scope="session")
def contenders(recipe) -> list[Any]:
    """One model with two options, and a function that trains in its own way."""
    return [
        mnistkit.Contender(linear, recipe=recipe, title="usual"),
        mnistkit.Contender(linear, recipe=recipe, options={"blind": True}, title="blind"),
        by_colour,
    ]


@pytest.fixture(scope="session")
def compared(small, contenders, tmp_path_factory) -> mnistkit.Comparison:
    """One comparison, kept in a folder."""
    folder = tmp_path_factory.mktemp("comparisons") / "first"
    return mnistkit.compare(contenders, small, seeds=2, run_dir=folder)
