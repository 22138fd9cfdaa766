"""How architecture and recipes of `cnn` were chosen: on images that nothing was trained on.

`mnistkit.compare` sets a sixth of the training images aside, of MNIST's by writers of its own, of
Fashion-MNIST's, which has no writers, of each class its share; the test images are not looked at.
The runs are kept in a folder for each data set: what is there is not trained again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import mnistkit
from measuring import FOLDER, Report, arguments, at_least
from mnistkit import Augmentation, Recipe

if TYPE_CHECKING:
    import keras

AFFINE = {"rotation": 10, "scale": 0.1, "shear": 0.1, "translation": 2}
BENT = Augmentation(**AFFINE, elastic=0.5)
STRONG = Augmentation(rotation=12, scale=0.15, shear=0.15, translation=2.5, elastic=0.8)

ONE = Recipe(epochs=1, batch_size=125, learning_rate=0.008, schedule="cosine", warmup=0.2)
FIVE = Recipe(
    epochs=5, batch_size=250, learning_rate=0.01, schedule="cosine", warmup=0.2, augmentation=BENT
)
SMALL_BATCHES = FIVE.replace(batch_size=128, augmentation=Augmentation(**AFFINE))
TWELVE = FIVE.replace(epochs=12)
DECAYED = TWELVE.replace(weight_decay=0.02, weight_averaging=0.998)
EIGHT = DECAYED.replace(epochs=8)
EIGHT_SLOWER = EIGHT.replace(learning_rate=0.006)
EIGHT_PLAIN = FIVE.replace(epochs=8, augmentation=None)
TWELVE_PLAIN = DECAYED.replace(label_smoothing=0.1, augmentation=None)

LARGE = {"filters": (32, 64, 128, 128), "dropout": 0.5}
FINE = {
    "filters": (32, 32, 64, 128, 128), "dropout": 0.5, "pooled": (1, 3), "first_side": 3,
}  # fmt: skip
PADDED = {"padded": (0,)}
FINE_PADDED = FINE | {"padded": (0, 1)}


def varied(recipe: Recipe, **changes: float) -> Recipe:
    """The recipe with another variation of the images."""
    earlier = {} if recipe.augmentation is None else recipe.augmentation.to_dict()
    return recipe.replace(augmentation=Augmentation(**{**earlier, **changes}))


# For each data set and choice the recipe, and the options of `network`.
CHOICES: dict[str, dict[str, tuple[Recipe, dict[str, Any]]]] = {
    "mnist": {
        "one": (ONE, {"dropout": 0.1}),
        "one-averaged": (ONE.replace(weight_averaging=0.95), {"dropout": 0.1}),
        "one-smoothed": (ONE.replace(label_smoothing=0.1), {"dropout": 0.1}),
        "quick": (ONE.replace(batch_size=100, learning_rate=0.012, label_smoothing=0.2), {}),
        "affine": (SMALL_BATCHES, {}),
        "light": (varied(SMALL_BATCHES, rotation=8, scale=0.08, shear=0.08, translation=1), {}),
        "stride": (SMALL_BATCHES, {"filters": (32, 32, 64, 64), "strided": True}),
        "wider": (SMALL_BATCHES.replace(epochs=3), {"filters": (32, 64, 96, 128)}),
        "bent": (SMALL_BATCHES.replace(augmentation=BENT), {}),
        "fast": (FIVE, {}),
        "fast-smoothed": (FIVE.replace(label_smoothing=0.05), {}),
        "strong": (TWELVE.replace(augmentation=STRONG), LARGE | {"dropout": 0.3}),
        "erased": (
            varied(TWELVE.replace(augmentation=STRONG), erasing=0.25, stroke_width=0.3),
            LARGE | {"dropout": 0.3},
        ),
        "gentle": (TWELVE.replace(batch_size=125, learning_rate=0.006), LARGE),
        "decayed": (DECAYED, LARGE),
        "longer": (DECAYED.replace(epochs=16), LARGE),
        "widest": (EIGHT.replace(learning_rate=0.008), LARGE | {"filters": (48, 96, 192, 192)}),
        "eight": (EIGHT, LARGE),
        "deeper": (EIGHT, LARGE | {"filters": (32, 64, 64, 96, 96, 128), "pooled": (0,)}),
        "fine": (EIGHT, FINE),
        "turned": (varied(EIGHT, rotation=15, scale=0.15), LARGE),
        "shifted": (varied(EIGHT, translation=3), LARGE),
        "bent-more": (varied(EIGHT, elastic=1.0), LARGE),
        "bent-less": (varied(EIGHT, elastic=0.25, translation=3), LARGE),
        "unbent": (varied(EIGHT, elastic=0, translation=3), LARGE),
        "wider-eight": (EIGHT_SLOWER, LARGE | {"filters": (64, 128, 256, 256)}),
        "wider-fine": (EIGHT_SLOWER, FINE | {"filters": (48, 48, 96, 192, 192)}),
        "long": (DECAYED.replace(epochs=24), LARGE | {"filters": (44, 88, 176, 176)}),
    },
    "fashion_mnist": {
        "clothes": (varied(EIGHT_PLAIN, translation=1), {}),
        "clothes-plain": (EIGHT_PLAIN, {}),
        "clothes-padded": (varied(EIGHT_PLAIN, translation=1), PADDED),
        "clothes-all-padded": (varied(EIGHT_PLAIN, translation=1), {"padded": (0, 1, 2, 3)}),
        "clothes-fast": (EIGHT_PLAIN, PADDED),
        "clothes-wide": (varied(TWELVE_PLAIN, translation=1, erasing=0.4), LARGE | PADDED),
        "clothes-wide-plain": (TWELVE_PLAIN, LARGE | PADDED | {"dropout": 0.6}),
        "clothes-fine": (varied(TWELVE_PLAIN, translation=1, erasing=0.4), FINE_PADDED),
        "clothes-fine-plain": (TWELVE_PLAIN, FINE_PADDED | {"dropout": 0.6}),
        "clothes-best": (varied(TWELVE_PLAIN, erasing=0.3), FINE_PADDED),
    },
}


def network(
    *,
    num_classes: int = 10,
    input_shape: tuple[int, ...] = (28, 28),
    filters: tuple[int, ...] = (16, 32, 64, 64),
    dropout: float = 0.3,
    pooled: tuple[int, ...] = (0, 2),
    strided: bool = False,
    first_side: int = 5,
    padded: tuple[int, ...] = (),
) -> keras.Model:
    """`cnn`, with more left to choose: which convolutions pool, pad, or, the first, stride."""
    import keras
    from keras import layers

    inputs = keras.Input(input_shape)
    x = layers.Reshape((*input_shape, 1))(inputs)
    for number, count in enumerate(filters):
        stride = 2 if strided and number == 0 else 1
        padding = "same" if number in padded else "valid"
        side = first_side if number == 0 else 3
        x = layers.Conv2D(count, side, strides=stride, use_bias=False, padding=padding)(x)
        if number in pooled and stride == 1:
            x = layers.MaxPooling2D()(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    x = layers.Dropout(dropout)(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(num_classes, activation="softmax")(x))


def main() -> None:
    parser = arguments(__doc__, "choices")
    every = {name: dataset for dataset, named in CHOICES.items() for name in named}
    parser.add_argument(
        "choices", nargs="+", choices=every, metavar="CHOICE", help=", ".join(every)
    )
    parser.add_argument("--seeds", type=at_least(1), default=2, help="how many")
    parser.add_argument(
        "--folder", type=Path, default=FOLDER / "results" / "choices", help="keeps the runs"
    )
    chosen = parser.parse_args()
    datasets = sorted({every[name] for name in chosen.choices})
    if len(datasets) > 1:
        parser.error(f"Choose for one data set at a time, not for {' and '.join(datasets)}")
    [dataset] = datasets
    mnistkit.quiet_tensorflow()
    report = Report("choices", {})
    comparison = mnistkit.compare(
        [contender(dataset, name) for name in chosen.choices],
        dataset,
        seeds=chosen.seeds,
        on="holdout",
        run_dir=chosen.folder / dataset,
    )
    report.write(dataset, comparison.to_markdown(), comparison.to_dict())
    report.finish(chosen.out)
    if comparison.errors:
        raise SystemExit("\n".join(comparison.errors))


def contender(dataset: str, name: str) -> mnistkit.Contender:
    recipe, options = CHOICES[dataset][name]
    return mnistkit.Contender(network, recipe=recipe, options=options, title=name)


if __name__ == "__main__":
    main()
