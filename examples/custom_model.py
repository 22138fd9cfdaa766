"""A model of one's own: give it a name, check the contract, train it, compare it with dense128."""

from __future__ import annotations

import keras

import mnistkit
from mnistkit.testing import check_model


@mnistkit.register_model("two_layers")
@mnistkit.with_recipes(default=mnistkit.Recipe(epochs=6))
def two_layers(
    *, num_classes: int = 10, input_shape: tuple[int, ...] = (28, 28), units: int = 128
) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(num_classes, activation="softmax"),
        ]
    )


def main(dataset: str = "mnist") -> None:
    check_model(two_layers)
    data = mnistkit.load_dataset(dataset)
    train, validation = data.train.holdout(0.1, by="class", seed=0)
    for name in ("dense128", "two_layers"):
        trainer = mnistkit.Trainer(name)
        trainer.fit(train)
        # Choices are made on validation images; the test images are kept for the end.
        print(f"{name}: {trainer.evaluate(validation)}")


if __name__ == "__main__":
    import sys

    main(*sys.argv[1:])
