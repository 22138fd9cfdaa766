"""How architecture and recipes of `cnn` were chosen: on writers of whom nothing was trained on.

A sixth of MNIST's training images, by writers of its own, is set aside and measured; the test
images are not looked at. Differences of less than 0.05 points are noise. For Fashion-MNIST, which
has no writers, it is a random sixth.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mnistkit
from measuring import Report, arguments, at_least, say, spread
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
FIVE_SMALL_BATCHES = FIVE.replace(batch_size=128, augmentation=Augmentation(**AFFINE))
TWELVE = FIVE.replace(epochs=12)
DECAYED = TWELVE.replace(weight_decay=0.02, weight_averaging=0.998)
EIGHT = DECAYED.replace(epochs=8)
LARGE = (32, 64, 128, 128)
FINE = (32, 32, 64, 128, 128)


def varied(**changes: float) -> Recipe:
    """Eight epochs with another augmentation."""
    return EIGHT.replace(augmentation=Augmentation(**{**BENT.to_dict(), **changes}))


@dataclass(frozen=True)
class Choice:
    """A network and a recipe.

    Attributes
    ----------
    title : str
    recipe : Recipe
    filters : tuple of int
        Of the convolutions.
    pooled : tuple of int
        Which of them are followed by pooling.
    first_side : int
        Of the first convolution's kernels; those of the others are 3x3.
    dropout : float
    first : {"pool", "stride"}
        How the first convolution comes to a quarter of the pixels.
    padded : tuple of int
        Which convolutions pad their input.
    dataset : str
    """

    title: str
    recipe: Recipe
    filters: tuple[int, ...] = (16, 32, 64, 64)
    dropout: float = 0.3
    first: str = "pool"
    pooled: tuple[int, ...] = (0, 2)
    first_side: int = 5
    padded: tuple[int, ...] = ()
    dataset: str = "mnist"


FOR_CLOTHES = FIVE.replace(epochs=8, augmentation=None)
SHIFTED = FOR_CLOTHES.replace(augmentation=Augmentation(translation=1))
LONG_FOR_CLOTHES = DECAYED.replace(epochs=12, label_smoothing=0.1, augmentation=None)
FINE_FOR_CLOTHES: dict[str, Any] = {
    "filters": FINE, "pooled": (1, 3), "first_side": 3, "padded": (0, 1), "dropout": 0.5
}  # fmt: skip


def clothes(title: str, recipe: Recipe, **settings: Any) -> Choice:
    """A choice for Fashion-MNIST."""
    return Choice(title, recipe, dataset="fashion_mnist", **{"padded": (0,)} | settings)


CHOICES = {
    "one": Choice("one epoch", ONE, dropout=0.1),
    "one-averaged": Choice("... weights averaged", ONE.replace(weight_averaging=0.95), dropout=0.1),
    "one-smoothed": Choice(
        "... labels smoothed by 0.1", ONE.replace(label_smoothing=0.1), dropout=0.1
    ),
    "quick": Choice(
        "... by 0.2, batch 100, dropout 0.3: `quick`",
        ONE.replace(batch_size=100, learning_rate=0.012, label_smoothing=0.2),
    ),
    "affine": Choice("five epochs, affine variation, batch 128", FIVE_SMALL_BATCHES),
    "light": Choice(
        "... less of it",
        FIVE_SMALL_BATCHES.replace(
            augmentation=Augmentation(rotation=8, scale=0.08, shear=0.08, translation=1)
        ),
    ),
    "stride": Choice(
        "... a stride in place of the first pooling, 32 filters",
        FIVE_SMALL_BATCHES,
        filters=(32, 32, 64, 64),
        first="stride",
    ),
    "wider": Choice(
        "... twice as wide, three epochs",
        FIVE_SMALL_BATCHES.replace(epochs=3),
        filters=(32, 64, 96, 128),
    ),
    "bent": Choice("... elastic too", FIVE_SMALL_BATCHES.replace(augmentation=BENT)),
    "fast": Choice("... elastic, batch 250: `fast`", FIVE),
    "fast-smoothed": Choice("`fast`, labels smoothed by 0.05", FIVE.replace(label_smoothing=0.05)),
    "strong": Choice("width 32, 12 epochs, strong variation", TWELVE.replace(augmentation=STRONG),
                     filters=LARGE),
    "erased": Choice(
        "... and erasing, stroke width",
        TWELVE.replace(
            augmentation=Augmentation(**{**STRONG.to_dict(), "erasing": 0.25, "stroke_width": 0.3})
        ),
        filters=LARGE,
    ),
    "gentle": Choice(
        "... `fast`'s variation, dropout 0.5, batch 125, rate 0.006",
        TWELVE.replace(batch_size=125, learning_rate=0.006),
        filters=LARGE,
        dropout=0.5,
    ),
    "decayed": Choice(
        "... batch 250, rate 0.01, weight decay, averaged weights", DECAYED, LARGE, 0.5
    ),
    "longer": Choice("... 16 epochs", DECAYED.replace(epochs=16), LARGE, 0.5),
    "widest": Choice(
        "... width 48, 8 epochs, rate 0.008",
        DECAYED.replace(epochs=8, learning_rate=0.008),
        (48, 96, 192, 192),
        0.5,
    ),
    "eight": Choice("width 32, 8 epochs", EIGHT, LARGE, 0.5),
    "deeper": Choice(
        "... six convolutions, one pooling", EIGHT, (32, 64, 64, 96, 96, 128), 0.5, pooled=(0,)
    ),
    "fine": Choice(
        "... two of 3x3 before the first pooling", EIGHT, (32, 32, 64, 128, 128), 0.5,
        pooled=(1, 3), first_side=3,
    ),
    "turned": Choice("... turned by up to 15 degrees, scaled by 0.15",
                     varied(rotation=15, scale=0.15), LARGE, 0.5),
    "shifted": Choice("... shifted by up to 3 pixels", varied(translation=3), LARGE, 0.5),
    "bent-more": Choice("... elastic 1.0", varied(elastic=1.0), LARGE, 0.5),
    "bent-less": Choice("... elastic 0.25, shifted by up to 3 pixels",
                        varied(elastic=0.25, translation=3), LARGE, 0.5),
    "unbent": Choice("... not elastic, shifted by up to 3 pixels",
                     varied(elastic=0, translation=3), LARGE, 0.5),
    "wider-eight": Choice("width 64, 8 epochs, rate 0.006", EIGHT.replace(learning_rate=0.006),
                          (64, 128, 256, 256), 0.5),
    "wider-fine": Choice(
        "width 48, two of 3x3, 8 epochs, rate 0.006", EIGHT.replace(learning_rate=0.006),
        (48, 48, 96, 192, 192), 0.5, pooled=(1, 3), first_side=3,
    ),
    "long": Choice("width 44, 24 epochs", DECAYED.replace(epochs=24), (44, 88, 176, 176), 0.5),
    "clothes": clothes("8 epochs, shifted by up to 1 pixel", SHIFTED, padded=()),
    "clothes-plain": clothes("... no variation", FOR_CLOTHES, padded=()),
    "clothes-padded": clothes("... shifted, the first convolution padded", SHIFTED),
    "clothes-all-padded": clothes("... shifted, all of them padded", SHIFTED, padded=(0, 1, 2, 3)),
    "clothes-fast": clothes("... no variation, the first padded: `fast_clothes`", FOR_CLOTHES),
    "clothes-wide": clothes(
        "width 32, 12 epochs, shifted and erased", LONG_FOR_CLOTHES.replace(
            augmentation=Augmentation(translation=1, erasing=0.4)), filters=LARGE, dropout=0.5
    ),
    "clothes-wide-plain": clothes("... no variation", LONG_FOR_CLOTHES, filters=LARGE, dropout=0.6),
    "clothes-fine": clothes(
        "... shifted and erased, two of 3x3", LONG_FOR_CLOTHES.replace(
            augmentation=Augmentation(translation=1, erasing=0.4)), **FINE_FOR_CLOTHES
    ),
    "clothes-fine-plain": clothes(
        "... no variation, two of 3x3", LONG_FOR_CLOTHES, **FINE_FOR_CLOTHES | {"dropout": 0.6}
    ),
    "clothes-best": clothes(
        "... erased only, two of 3x3: `best_clothes`",
        LONG_FOR_CLOTHES.replace(augmentation=Augmentation(erasing=0.3)), **FINE_FOR_CLOTHES
    ),
}  # fmt: skip


def main() -> None:
    parser = arguments(__doc__, "choices")
    parser.add_argument("choices", nargs="+", choices=CHOICES, metavar="CHOICE",
                        help=", ".join(CHOICES))  # fmt: skip
    parser.add_argument("--seeds", type=at_least(1), default=2, help="how many")
    chosen = parser.parse_args()
    datasets = {CHOICES[name].dataset for name in chosen.choices}
    if len(datasets) > 1:
        parser.error(f"Choose for one data set at a time, not for {' and '.join(sorted(datasets))}")
    [dataset] = datasets
    train, validation = parts(dataset)
    mnistkit.quiet_tensorflow()
    report = Report("choices", {"seeds": chosen.seeds, "spread": "standard deviation of one run"})
    rows, results = [], {}
    for name in chosen.choices:
        choice = CHOICES[name]
        runs = [train_once(choice, train, validation, seed) for seed in range(chosen.seeds)]
        accuracy, loss, seconds = (
            spread([run[key] for run in runs]) for key in ("accuracy", "loss", "fit_seconds")
        )
        say(f"{name}: {accuracy.show_mean()}")
        rows.append([choice.title, str(len(runs)), accuracy.show_mean(), loss.show_mean(".4f"),
                     seconds.show(".0f")])  # fmt: skip
        results[name] = runs
    report.add(
        f"{dataset}: {len(train):,} images to train on, {len(validation):,} others to measure",
        ("", "seeds", "accuracy, %", "NLL", "fit, s"),
        rows,
        results,
    )
    report.finish(chosen.out)


def parts(dataset: str) -> tuple[mnistkit.Split, mnistkit.Split]:
    """Images to train on and to measure; of digits by other writers."""
    train = mnistkit.load_dataset(dataset).train
    if dataset == "mnist":
        return train.holdout(1 / 6, by="writer", seed=0)
    return train.holdout(1 / 6, seed=0)


def train_once(
    choice: Choice, train: mnistkit.Split, validation: mnistkit.Split, seed: int
) -> dict[str, Any]:
    import keras

    keras.utils.set_random_seed(seed)
    trainer = mnistkit.Trainer(network(choice), recipe=choice.recipe, seed=seed)
    begin = time.perf_counter()
    trainer.fit(train, verbose=0)
    seconds = time.perf_counter() - begin
    result = trainer.evaluate(validation)
    return {"accuracy": 100 * result.accuracy, "loss": result.loss, "fit_seconds": seconds}


def network(choice: Choice) -> keras.Model:
    """`cnn`, with more left to choose."""
    import keras
    from keras import layers

    inputs = keras.Input((28, 28))
    x = layers.Reshape((28, 28, 1))(inputs)
    for number, filters in enumerate(choice.filters):
        strided = number == 0 and choice.first == "stride"
        side = choice.first_side if number == 0 else 3
        x = layers.Conv2D(
            filters, side, strides=2 if strided else 1, use_bias=False,
            padding="same" if number in choice.padded else "valid",
        )(x)  # fmt: skip
        if number in choice.pooled and not strided:
            x = layers.MaxPooling2D()(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    x = layers.Dropout(choice.dropout)(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


if __name__ == "__main__":
    main()
