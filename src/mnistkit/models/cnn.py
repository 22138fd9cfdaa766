"""cnn: a convolutional network made for a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mnistkit.errors import ModelError, OptionError
from mnistkit.models.augmentation import Augmentation
from mnistkit.models.building import whole_option
from mnistkit.models.recipe import Recipe, with_recipes
from mnistkit.models.search_space import log_uniform, uniform, with_search_space
from mnistkit.models.settings import share

if TYPE_CHECKING:
    import keras

_SMALLEST_SIDE = 24

_FAST = Recipe(
    epochs=5,
    min_steps=400,
    batch_size=250,
    learning_rate=0.01,
    schedule="cosine",
    warmup=0.2,
    augmentation=Augmentation(rotation=10, scale=0.1, shear=0.1, translation=2, elastic=0.5),
)
_BEST = _FAST.replace(epochs=16, weight_decay=0.02, weight_averaging=0.998)


# The width is not in it: a wider network is better, and what it costs is for you to say.
@with_search_space(
    learning_rate=log_uniform(2e-3, 5e-2),
    weight_decay=uniform(0, 0.05),
    dropout=uniform(0, 0.5),
    rotation=uniform(0, 15),
    scale=uniform(0, 0.2),
    translation=uniform(0, 3),
    elastic=uniform(0, 1),
)
@with_recipes(
    fast=_FAST,
    # There is no time for varied images in one epoch; uncertain labels do more.
    quick=Recipe(
        epochs=1,
        min_steps=200,
        batch_size=100,
        learning_rate=0.012,
        schedule="cosine",
        warmup=0.2,
        label_smoothing=0.2,
    ),
    best=_BEST,
    # Clothes are photographed upright, each filling its picture: no variation suits them well.
    fast_clothes=_FAST.replace(epochs=8, augmentation=None),
    # Photos, scans and drawings of digits vary more in their strokes, less in their size.
    handwriting=_BEST.replace(
        epochs=8,
        augmentation=Augmentation(
            rotation=8, scale=0.1, shear=0.15, translation=1.5, elastic=0.5, stroke_width=0.3
        ),
    ),
    best_clothes=_BEST.replace(
        epochs=12, label_smoothing=0.1, augmentation=Augmentation(erasing=0.3)
    ),
)
def cnn(
    *,
    num_classes: int = 10,
    input_shape: tuple[int, ...] = (28, 28),
    width: int = 16,
    depth: Literal[4, 5] = 4,
    padding: bool = False,
    dropout: float = 0.3,
) -> keras.Model:
    """Four convolutions or five, then one dense layer.

    Each convolution is followed by batch normalisation and ReLU. Two poolings come before the
    normalisation, where there is four times less of it to do. Numbers of filters that are multiples
    of 16 suit the vector units of today's processors.

    Parameters
    ----------
    num_classes : int, default 10
    input_shape : tuple of int, default (28, 28)
        (height, width) or (height, width, channels), at least 24x24.
    width : int, default 16
        The number of filters in the first convolution; the next have 2, 4 and 4 times as many.
        The cost grows with its square.
    depth : {4, 5}, default 4
        What comes before the first pooling: one convolution of 5x5, or two of 3x3, which see finer
        detail and cost two to three times as much in all.
    padding : bool, default False
        Whether these pad their input, so that nothing is lost at the border. A digit has paper
        there; clothes have not.
    dropout : float, default 0.3
        The share of the last features that is left out in each training step.

    Returns
    -------
    keras.Model
        Float32 ``(n, *input_shape)`` in [0, 1] to probabilities (n, num_classes).

    Raises
    ------
    ModelError
        If the images are too small, or the depth is another one.
    OptionError
        If the width is no whole number of at least 1, or the dropout no share.

    Examples
    --------
    >>> cnn().count_params(), cnn(width=40).count_params()
    (63578, 383570)
    >>> cnn(width=32, depth=5, padding=True).count_params()
    262186
    """
    import keras
    from keras import layers

    height, width_in_pixels, *channels = input_shape
    if min(height, width_in_pixels) < _SMALLEST_SIDE:
        raise ModelError(
            f"input_shape={input_shape}: the model 'cnn' takes images of at least "
            f"{_SMALLEST_SIDE}x{_SMALLEST_SIDE} pixels. Enlarge them, as "
            "mnistkit.Dataset.from_folder does, or take 'dense128'."
        )
    width = whole_option(width, "width", least=1)
    if share(dropout) is None:
        raise OptionError(f"dropout={dropout!r}: expected a share, at least 0, below 1.")
    if depth not in (4, 5):
        raise ModelError(f"depth={depth!r}: the model 'cnn' has 4 convolutions, or 5.")
    inputs = keras.Input(input_shape)
    x = layers.Reshape((height, width_in_pixels, *(channels or [1])))(inputs)
    if depth == 4:
        x = _block(x, width, 5, pool=True, padding=padding)  # 28x28 -> 12x12, padded 14x14
    else:
        x = _block(x, width, 3, padding=padding)
        x = _block(x, width, 3, pool=True, padding=padding)
    x = _block(x, 2 * width, 3)  # -> 10x10, 12x12
    x = _block(x, 4 * width, 3, pool=True)  # -> 4x4, 5x5
    x = _block(x, 4 * width, 3)  # -> 2x2, 3x3
    x = layers.Flatten()(x)
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(num_classes, activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="cnn")


def _block(x: Any, filters: int, side: int, *, pool: bool = False, padding: bool = False) -> Any:
    from keras import layers

    x = layers.Conv2D(filters, side, padding="same" if padding else "valid", use_bias=False)(x)
    if pool:
        x = layers.MaxPooling2D()(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)
