"""dense128: the walkthrough's network, one hidden layer of 128 units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistkit.models.recipe import Recipe, with_recipes
from mnistkit.models.search_space import choice, log_uniform, uniform, with_search_space

if TYPE_CHECKING:
    import keras


@with_search_space(
    learning_rate=log_uniform(1e-3, 2e-2),
    batch_size=choice(32, 64, 128),
    weight_decay=uniform(0, 0.1),
    label_smoothing=uniform(0, 0.1),
    weight_averaging=choice(0.0, 0.99, 0.998),
    translation=choice(0.0, 0.5, 1.0),
)
@with_recipes(
    fast=Recipe(epochs=6, batch_size=32, learning_rate=0.005, schedule="cosine", warmup=0.1),
    constant=Recipe(epochs=6, batch_size=32, learning_rate=0.001, schedule="constant"),
)
def dense128(*, num_classes: int = 10, input_shape: tuple[int, ...] = (28, 28)) -> keras.Model:
    """Flatten, Dense(128, relu), Dense(num_classes, softmax).

    101,770 parameters for ten classes of 28x28.

    Parameters
    ----------
    num_classes : int, default 10
    input_shape : tuple of int, default (28, 28)

    Returns
    -------
    keras.Model
        Float32 ``(n, *input_shape)`` in [0, 1] to probabilities (n, num_classes).
    """
    import keras

    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(num_classes, activation="softmax", dtype="float32"),
        ],
        name="dense128",
    )
