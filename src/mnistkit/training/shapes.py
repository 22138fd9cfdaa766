"""The shapes of images and of a model's input, held against each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import ImageError, ModelError

if TYPE_CHECKING:
    import keras

Shape = tuple[int | None, ...]

_ANY_SIZE = 28  # for a side that may be of any size


def input_shape_of(model: keras.Model) -> tuple[Shape, int | None]:
    """The shape of one input image, with None where any size will do, and the size of a batch.

    The size of a batch is None if it may be any, as it almost always may.

    Raises
    ------
    ModelError
        If the model does not take one batch of images.
    """
    shape = getattr(model, "input_shape", None) or _built_for(model)
    if shape is None:
        raise ModelError(
            f"The model {model.name!r} does not say for which images it was built. Call it once on "
            "some: model(images)."
        )
    if not _is_shape(shape):
        alone = len(shape) == 1  # Keras warns in every step of a list or dictionary of one
        remedy = " Take one of each: keras.Model(model.inputs[0], model.outputs[0])."
        raise ModelError(
            f"The model {model.name!r} takes inputs of shape {shape}; expected one batch of images."
            + (remedy if alone else "")
        )
    batch_size = shape[0] if isinstance(getattr(model, "input_shape", None), tuple) else None
    return tuple(shape[1:]), batch_size


def _built_for(model: keras.Model) -> Any:
    """What a model of a class of one's own was called on when it was built."""
    config = model.get_build_config() or {}
    shapes = config.get("shapes_dict") or {}
    # The first argument of its call; the others, such as a mask, have none.
    shape = config.get("input_shape") or next(iter(shapes.values()), None)
    return tuple(shape) if isinstance(shape, list) else shape  # a list after loading


def few_images(input_shape: Shape, batch_size: int | None) -> NDArray[np.float32]:
    """Paper, ink and noise; as many as a model takes, if it takes no other number."""
    sides = tuple(_ANY_SIZE if side is None else side for side in input_shape)
    images = np.random.default_rng(0).random((batch_size or 4, *sides), dtype=np.float32)
    images[:1], images[1:2] = 0, 1
    return images


def _is_shape(value: Any) -> bool:
    """Whether it is the shape of one tensor, not a list or dictionary of several."""
    return isinstance(value, tuple) and all(side is None or isinstance(side, int) for side in value)


def fit_to_model(images: NDArray[Any], model: keras.Model) -> NDArray[Any]:
    """Give images the shape of the model's input.

    A missing channel axis is added, and pictures for a model of rows of pixels become rows.

    Raises
    ------
    ImageError
        If the images are of another shape.
    """
    expected, _ = input_shape_of(model)
    found = images.shape[1:]
    if shapes_agree(found, expected):
        return images
    if shapes_agree((*found, 1), expected):
        return images[..., None]
    if found[-1:] == (1,) and shapes_agree(found[:-1], expected):
        return images[..., 0]
    if len(found) > 1 and expected == (math.prod(found),):
        return images.reshape(len(images), -1)
    advice = "Resize them, or build the model for images of their size."
    if shapes_agree(images.shape, expected) or shapes_agree((*images.shape, 1), expected):
        advice = "For a single picture add the first axis: images[None]."
    elif flat := advice_for_flat(images.shape, expected):
        advice = flat
    elif len(expected) == 1:
        advice = f"Begin the model with keras.Input({found}) and keras.layers.Flatten()."
    raise ImageError(
        f"The images are of shape {images.shape}, but the model {model.name!r} takes "
        f"{('n', *expected)}. {advice}"
    )


def shapes_agree(found: tuple[int | None, ...], expected: tuple[int | None, ...]) -> bool:
    """Whether images of a shape are what is expected, where None is any size."""
    return len(found) == len(expected) and all(
        wanted in (None, size) for size, wanted in zip(found, expected, strict=True)
    )


def advice_for_flat(found: tuple[int, ...], expected: tuple[int | None, ...]) -> str | None:
    """What to write if every picture is one row of pixels, as in a table."""
    sides = [side for side in expected if side is not None]
    if len(found) == 2 and len(sides) == len(expected) > 1 and found[1] == math.prod(sides):
        return f"Every picture is a row of pixels; write images.reshape{(-1, *sides)}."
    return None
