"""Varying training images inside the compiled program, as an `Augmentation` says.

All that is drawn is a function of a key: seed, epoch and step. So a run that was interrupted sees
the very images that it would have seen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import RecipeError
from mnistkit.models import Augmentation

if TYPE_CHECKING:
    import tensorflow as tf

_PICTURE_AXES = (2, 3)  # height, width, perhaps channels
_ELASTIC_CELLS = 5  # the displacement varies over a fifth of the side: whole strokes, not pixels
_SCALARS = ("rotation", "scale_y", "scale_x", "shear", "y", "x", "stroke_width",
            "top", "left", "height", "width")  # fmt: skip


def refuse_augmentation(
    settings: Augmentation, inputs: str, input_shape: tuple[int | None, ...]
) -> None:
    """Raise a RecipeError if images that a model takes cannot be varied so."""
    if not settings:
        return
    if inputs != "images":
        raise RecipeError(
            f"An Augmentation knows paper as 0 and ink as 1, which inputs={inputs!r} are not. Vary "
            "them by a function of your own: fit(..., augmentation=function)."
        )
    if len(input_shape) not in _PICTURE_AXES:
        raise RecipeError(
            f"An Augmentation needs pictures of height and width, and the model takes {input_shape}"
            ". Begin the model with keras.Input((28, 28)) and keras.layers.Flatten()."
        )


def augment(
    images: tf.Tensor, settings: Augmentation, key: tf.Tensor | int, step: tf.Tensor | int
) -> tf.Tensor:
    """Vary a batch of images.

    Parameters
    ----------
    images : tensor of float32, shape (n, height, width) or (n, height, width, channels)
        0 is paper.
    settings : Augmentation
    key : int32
        From `mnistkit.training.seeding.epoch_key`.
    step : int32
        The number of the batch in its epoch.

    Returns
    -------
    tensor of float32
        Of the same shape.
    """
    return vary(images, draw(images, settings, key, step), settings)


def draw(
    images: tf.Tensor, settings: Augmentation, key: tf.Tensor | int, step: tf.Tensor | int
) -> tf.Tensor:
    """What is left to chance: numbers from -1 to 1, shape (n, count).

    XLA draws others than TensorFlow itself. So this stands apart from `vary`, which XLA may compile
    without any change in its results.
    """
    import tensorflow as tf

    count = len(_SCALARS)
    if settings.elastic:
        count += 2 * (_ELASTIC_CELLS + 3) ** 2
    return tf.random.stateless_uniform(
        (tf.shape(images)[0], count),
        seed=tf.stack([tf.cast(key, tf.int32), tf.cast(step, tf.int32)]),
        minval=-1.0,
        maxval=1.0,
        alg="philox",  # what TensorFlow would choose differs from one device to another
    )


def vary(images: tf.Tensor, drawn: tf.Tensor, settings: Augmentation) -> tf.Tensor:
    """Vary a batch of images by what was drawn."""
    import tensorflow as tf

    shape = tf.shape(images)
    height, width = images.shape[1:3]
    pictures = tf.reshape(images, (shape[0], height, width, -1))
    amounts = {name: drawn[:, number, None, None] for number, name in enumerate(_SCALARS)}
    if settings.stroke_width:
        pictures = _with_stroke_width(pictures, settings.stroke_width * amounts["stroke_width"])
    if settings.moves_pixels:
        rows, columns = _affine_sources(settings, amounts, height, width)
        if settings.elastic:
            bends = settings.elastic * _elastic_displacement(
                drawn[:, len(_SCALARS) :], _elastic_basis(height), _elastic_basis(width)
            )
            rows, columns = rows + bends[:, 0], columns + bends[:, 1]
        pictures = _resample(pictures, rows, columns)
    if settings.erasing:
        pictures = pictures * _unerased(settings.erasing, amounts, height, width)
    return tf.reshape(pictures, shape)


def _affine_sources(
    settings: Augmentation, amounts: dict[str, tf.Tensor], height: int, width: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """From where each pixel is taken: rows and columns, counted from the middle of the image."""
    import tensorflow as tf

    down, right = _grid(height, width)
    angle = math.radians(settings.rotation) * amounts["rotation"]
    down = down * (1.0 + settings.scale * amounts["scale_y"])
    right = right * (1.0 + settings.scale * amounts["scale_x"])
    right = right + settings.shear * amounts["shear"] * down
    rows = tf.cos(angle) * down - tf.sin(angle) * right
    columns = tf.sin(angle) * down + tf.cos(angle) * right
    shift = settings.translation
    return rows + shift * amounts["y"], columns + shift * amounts["x"]


def _grid(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rows and columns of all pixels, counted from the middle of the image."""
    down = np.arange(height, dtype=np.float32) - (height - 1) / 2
    right = np.arange(width, dtype=np.float32) - (width - 1) / 2
    rows, columns = np.meshgrid(down, right, indexing="ij")
    return rows[None].astype(np.float32), columns[None].astype(np.float32)


def _elastic_basis(side: int) -> NDArray[np.float32]:
    """Cubic B-splines over a side, scaled so that evenly drawn numbers make displacements of 1."""
    knots = np.arange(-1, _ELASTIC_CELLS + 2)
    where = (np.arange(side) + 0.5) / side * _ELASTIC_CELLS
    distance = np.abs(where[:, None] - knots[None, :])
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = np.clip(2 - distance, 0, None) ** 3 / 6
    basis = np.where(distance < 1, near, far)
    # Numbers drawn evenly from -1 to 1 have a variance of 1/3, shared by the two directions.
    spread = np.sqrt(np.mean((basis**2).sum(axis=1))) * 3**-0.25
    return np.asarray(basis / spread, np.float32)


def _elastic_displacement(
    drawn: tf.Tensor, vertical: NDArray[np.float32], horizontal: NDArray[np.float32]
) -> tf.Tensor:
    """Smooth displacements down and right, shape (n, 2, height, width)."""
    import tensorflow as tf

    knots = tf.reshape(drawn, (-1, 2, vertical.shape[1], horizontal.shape[1]))
    return tf.matmul(tf.matmul(vertical, knots), horizontal, transpose_b=True)


def _resample(pictures: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """The pictures at the given places, by bilinear interpolation; outside is paper."""
    import tensorflow as tf

    height, width, channels = pictures.shape[1], pictures.shape[2], tf.shape(pictures)[3]
    count = tf.shape(pictures)[0]
    padded = tf.pad(pictures, ((0, 0), (1, 1), (1, 1), (0, 0)))
    pixels = tf.reshape(padded, (-1, channels))
    rows = tf.clip_by_value(rows + (height + 1) / 2, 0.0, height + 0.999)
    columns = tf.clip_by_value(columns + (width + 1) / 2, 0.0, width + 0.999)
    top, left = tf.floor(rows), tf.floor(columns)
    below, beside = (rows - top)[..., None], (columns - left)[..., None]
    first = tf.range(count)[:, None, None] * ((height + 2) * (width + 2))
    where = first + tf.cast(top, tf.int32) * (width + 2) + tf.cast(left, tf.int32)

    def row(start: tf.Tensor) -> tf.Tensor:
        here, next_one = tf.gather(pixels, start), tf.gather(pixels, start + 1)
        return here + (next_one - here) * beside

    upper, lower = row(where), row(where + (width + 2))
    return upper + (lower - upper) * below


def _with_stroke_width(pictures: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Strokes broader (amounts above 0) or thinner (below) by up to a pixel on each side."""
    import tensorflow as tf

    height, width = pictures.shape[1:3]
    padded = tf.pad(pictures, ((0, 0), (1, 1), (1, 1), (0, 0)))
    neighbours = [
        padded[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width]
        for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1))
    ]
    broad, thin = pictures, pictures
    for neighbour in neighbours:
        broad, thin = tf.maximum(broad, neighbour), tf.minimum(thin, neighbour)
    amounts = amounts[..., None]
    change = tf.where(amounts > 0, broad - pictures, pictures - thin)
    return pictures + amounts * change


def _unerased(longest: float, amounts: dict[str, tf.Tensor], height: int, width: int) -> tf.Tensor:
    """1 where a picture stays, 0 in a rectangle of its own."""
    import tensorflow as tf

    down, right = _grid(height, width)
    # Half of a rectangle's side, from 0 to half of the longest.
    half_height = longest * height * (1 + amounts["height"]) / 4
    half_width = longest * width * (1 + amounts["width"]) / 4
    inside = (tf.abs(down - amounts["top"] * height / 2) < half_height) & (
        tf.abs(right - amounts["left"] * width / 2) < half_width
    )
    return tf.where(inside, 0.0, 1.0)[..., None]
