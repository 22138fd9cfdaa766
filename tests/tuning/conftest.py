"""What the tests of tuning share: few pictures, the smallest networks, and one search."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mnistkit
from mnistkit.datasets import DatasetInfo


def smallest(
    *, num_classes: int = 10, input_shape: tuple[int, ...] = (28, 28), scaled: float = 1.0
) -> Any:
    """The smallest network; whether its pictures are fainter is an option."""
    import keras

    if scaled <= 0:
        raise ValueError(f"scaled={scaled}")
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Rescaling(scaled),
            layers.Flatten(),
            layers.Dense(num_classes, "softmax"),
        ]
    )


def pictures(count: int, part: str) -> mnistkit.Split:
    """Pictures of 5x5, a bar or a dot on grey, by 24 writers."""
    generator = np.random.default_rng(count)
    labels = np.arange(count) % 2
    images = generator.integers(0, 200, (count, 5, 5), dtype=np.uint8)
    images[labels == 0, :, 1] = 220
    images[labels == 1, 2:4, 2:4] = 220
    writers = generator.permutation(np.arange(count) % 24)
    return mnistkit.Split(
        images, labels, classes=("bar", "dot"), writers=writers, dataset="few", part=part
    )


@pytest.fixture(scope="session")
def few() -> mnistkit.Dataset:
    """120 pictures to train on, 20 to test on, which nobody looks at."""
    info = DatasetInfo("few", title="bars and dots", classes=("bar", "dot"))
    return mnistkit.Dataset(pictures(120, "train"), pictures(20, "test"), info)


@pytest.fixture(scope="session")
def linear() -> Any:
    """The function that builds it."""
    return smallest


@pytest.fixture(scope="session")
def recipe() -> mnistkit.Recipe:
    """It leaves much to be found."""
    return mnistkit.Recipe(epochs=3, batch_size=10, learning_rate=0.002)


@pytest.fixture(scope="session")
def search(recipe) -> dict[str, Any]:
    """What `tune` is told besides."""
    space = {"learning_rate": mnistkit.log_uniform(1e-3, 0.2), "scaled": mnistkit.choice(0.5, 1.0)}
    return {"space": space, "recipe": recipe, "options": {"engine": "graph"}}


@pytest.fixture(scope="session")
def tuned(few, linear, search, tmp_path_factory) -> mnistkit.Tuning:
    """One search with its verdict, kept in a folder."""
    folder = tmp_path_factory.mktemp("tunings") / "first"
    return mnistkit.tune(linear, few, trials=4, seeds=2, run_dir=folder, **search)
