"""cnn: a small convolutional network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistkit.models.recipe import Recipe, with_recipes

if TYPE_CHECKING:
    import keras


@with_recipes(
    default=Recipe(epochs=3, batch_size=128, learning_rate=0.003, schedule="cosine", warmup=0.1)
)
def cnn(
    *, num_classes: int = 10, input_shape: tuple[int, ...] = (28, 28), dropout: float = 0.3
) -> keras.Model:
    """Two convolutions with pooling, one hidden layer with dropout.

    The layout is that of T. Oliveira's train_mnist_fast: few filters, the first of 5x5, so that
    most of the work is done on small maps.

    Parameters
    ----------
    num_classes : int, default 10
    input_shape : tuple of int, default (28, 28)
        (height, width) or (height, width, channels), at least 12x12.
    dropout : float, default 0.3
        The share of hidden units that is left out in each training step.

    Returns
    -------
    keras.Model
        Float32 ``(n, *input_shape)`` in [0, 1] to probabilities (n, num_classes).
    """
    import keras
    from keras import layers

    height, width, *channels = input_shape
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Reshape((height, width, *(channels or [1]))),
            layers.Conv2D(24, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(num_classes, activation="softmax", dtype="float32"),
        ],
        name="cnn",
    )
