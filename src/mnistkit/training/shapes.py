"""The shapes of images and of a model's inputs and outputs, held against each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from mnistkit.errors import ImageError, ModelError

if TYPE_CHECKING:
    import keras


def model_shapes(model: keras.Model) -> tuple[tuple[int | None, ...], int]:
    """The shape of one input image, with None where any size will do, and the number of outputs.

    Raises
    ------
    ModelError
        If the model does not take one batch of images and return one batch of probabilities.
    """
    try:
        inputs, outputs = model.input_shape, model.output_shape
    except AttributeError as error:
        raise ModelError(
            f"The model {model.name!r} does not say the shapes of its input and output. Make it a "
            "keras.Sequential or a functional keras.Model, for instance "
            "keras.Model(inputs, your_model(inputs)) with inputs = keras.Input((28, 28))."
        ) from error
    if not (_is_shape(inputs) and _is_shape(outputs)) or len(outputs) != 2 or outputs[1] is None:
        # Keras warns in every step of a list or dictionary, even if it is one of one.
        several = not _is_shape(outputs) or (not _is_shape(inputs) and len(inputs) == 1)
        raise ModelError(
            f"The model {model.name!r} takes inputs of shape {inputs} and returns outputs of shape "
            f"{outputs}; expected one batch of images, and one probability a class: (None, n)."
            + (
                " Take one of each: keras.Model(model.inputs[0], model.outputs[0])."
                if several
                else ""
            )
        )
    return tuple(inputs[1:]), outputs[1]


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
    expected, _ = model_shapes(model)
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
