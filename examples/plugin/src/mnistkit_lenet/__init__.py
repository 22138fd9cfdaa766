"""LeNet-5, the network that MNIST was made for.

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document recognition.
Proceedings of the IEEE 86(11), 1998. Here with ReLU and max-pooling, as it is written today.
"""

from __future__ import annotations

import keras
from keras import layers

from mnistkit import Recipe, choice, log_uniform, with_recipes, with_search_space


@with_search_space(learning_rate=log_uniform(5e-4, 1e-2), batch_size=choice(32, 64, 128))
@with_recipes(default=Recipe(epochs=5))
def lenet5(*, num_classes: int = 10, input_shape: tuple[int, ...] = (28, 28)) -> keras.Model:
    """Two convolutions, two hidden layers; images of at least 16x16, grey."""
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Reshape((*input_shape, 1)),
            layers.Conv2D(6, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ],
        name="lenet5",
    )
