"""What the numbers that a model returns mean, and how probabilities are made of them."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import ModelError
from mnistkit.training.last_operation import last_operation
from mnistkit.training.shapes import few_images, input_shape_of

if TYPE_CHECKING:
    import keras

# Rounding alone moves the sum of half-precision probabilities by this much.
_TOLERANCE = {"float16": 1e-2, "bfloat16": 3e-2}
# What ends in one of these has no bounds, however close to 0 it is before training.
_UNBOUNDED = (
    "Add", "AddV2", "BiasAdd", "BatchMatMulV2", "Conv2D", "Einsum", "LogSoftmax", "MatMul", "Sub",
)  # fmt: skip
# Raw scores would be cut off, or squeezed, by these.
SQUASHING = ("Elu", "LeakyRelu", "Relu", "Relu6", "Selu", "Softplus", "Softsign", "Tanh")


class Outputs(Enum):
    """What the numbers that a model returns for one image mean."""

    PROBABILITIES = "one probability a class, as from a softmax"
    LOGITS = "one logit a class"
    SIGMOID = "the probability of the second of two classes, as from a sigmoid"
    LOGIT = "the logit of the second of two classes"
    OTHER = "no classes"

    @property
    def are_logits(self) -> bool:
        """Whether a loss has to be told ``from_logits=True``."""
        return self in (Outputs.LOGITS, Outputs.LOGIT)

    @property
    def are_single(self) -> bool:
        """Whether one number stands for two classes."""
        return self in (Outputs.SIGMOID, Outputs.LOGIT)


@dataclass(frozen=True)
class OutputDescription:
    """What a model returns.

    Attributes
    ----------
    outputs : Outputs
    num_classes : int or None
        None if it returns no classes.
    found : str
        What was found, for messages.
    width : int
        How many numbers there are for an image; 0 if they are no vector.
    last_operation : str
        What TensorFlow calls the last operation; empty if it was not looked for.
    """

    outputs: Outputs
    num_classes: int | None
    found: str
    width: int = 0
    last_operation: str = ""


_known: weakref.WeakKeyDictionary[keras.Model, tuple[Any, OutputDescription]] = (
    weakref.WeakKeyDictionary()
)


def describe_outputs(model: keras.Model) -> OutputDescription:
    """What a built model returns; found out once, by running it on a few images.

    Raises
    ------
    ModelError
        If it cannot be run on images.
    """
    # A Sequential gets other outputs when a layer is added.
    state = [id(tensor) for tensor in getattr(model, "outputs", None) or ()]
    if model in _known and _known[model][0] == state:
        return _known[model][1]
    description = _look_at(model)
    _known[model] = (state, description)
    return description


def outputs_of(model: keras.Model) -> Outputs:
    """What the numbers mean that a built model returns."""
    return describe_outputs(model).outputs


def num_classes_of(model: keras.Model) -> int | None:
    """How many classes a built model tells apart; None if it returns something else."""
    return describe_outputs(model).num_classes


def refuse_no_classes(model: keras.Model, instead: str) -> None:
    """Refuse to make probabilities of what are none.

    Raises
    ------
    ModelError
        If the model returns no classes.
    """
    description = describe_outputs(model)
    if description.outputs is Outputs.OTHER:
        raise ModelError(
            f"The model {model.name!r} returns {description.found}, so there are no probabilities "
            f"of classes. Use {instead}, with images in [0, 1]."
        )


def to_probabilities(found: NDArray[Any], outputs: Outputs) -> NDArray[np.float32]:
    """Probabilities (n, num_classes) from what a model returned.

    Examples
    --------
    >>> to_probabilities(np.array([[0.0, 0.0]]), Outputs.LOGITS)
    array([[0.5, 0.5]], dtype=float32)
    >>> to_probabilities(np.array([[0.25]]), Outputs.SIGMOID)
    array([[0.75, 0.25]], dtype=float32)
    """
    if outputs is Outputs.SIGMOID:
        second = found.astype(np.float32)
        return np.concatenate([1 - second, second], axis=1)
    if outputs is Outputs.LOGIT:
        found = np.concatenate([np.zeros_like(found), found], axis=1)
    if outputs.are_logits:
        logits = found.astype(np.float64)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        found = powers / powers.sum(axis=1, keepdims=True)
    return found.astype(np.float32, copy=False)


def _look_at(model: keras.Model) -> OutputDescription:
    input_shape, batch_size = input_shape_of(model)
    images = few_images(input_shape, batch_size)
    try:
        found = model(images, training=False)
    # A layer of one's own raises anything.
    except Exception as error:
        if None in input_shape and isinstance(getattr(model, "output_shape", None), tuple):
            return _by_operation(model, None)  # there may be a smallest size
        raise ModelError(
            f"The model {model.name!r} cannot be run on images of shape {images.shape}: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not hasattr(found, "shape"):
        return OutputDescription(Outputs.OTHER, None, _about_several(found))
    if len(found.shape) != 2:
        shape = ("n", *found.shape[1:])
        return OutputDescription(Outputs.OTHER, None, f"outputs of shape {_readable(shape)}")
    if _are_probabilities(found):
        count = int(found.shape[1])
        return OutputDescription(Outputs.PROBABILITIES, count, Outputs.PROBABILITIES.value, count)
    return _by_operation(model, found)


def _are_probabilities(found: Any) -> bool:
    """Whether the rows are several numbers of at least 0 that add up to 1."""
    import keras

    kind = keras.backend.standardize_dtype(found.dtype)
    outputs = np.asarray(keras.ops.cast(found, "float32"), dtype=np.float64)
    sums = outputs.sum(axis=1)
    tolerance = _TOLERANCE.get(kind, 1e-3)
    # Neither holds for NaN.
    return bool(
        outputs.shape[1] > 1
        and (outputs >= 0).all()
        and np.allclose(sums, 1, rtol=0, atol=tolerance)
    )


def _by_operation(model: keras.Model, found: Any) -> OutputDescription:
    """Tell logits, sigmoids and other numbers apart, before training too, when all are near 0.

    What a model ends in says it; of an operation that does not, numbers far from 0 do.
    """
    input_shape, batch_size = input_shape_of(model)
    count = int(model.output_shape[-1] if found is None else found.shape[1])
    operation = last_operation(model, input_shape, batch_size)
    if operation == "Softmax":
        outputs = Outputs.PROBABILITIES if count > 1 else Outputs.OTHER
    else:
        is_bounded = operation == "Sigmoid" or (
            operation not in (*_UNBOUNDED, *SQUASHING)
            and _stay_between_0_and_1(model, few_images(input_shape, batch_size))
        )
        single = Outputs.SIGMOID if is_bounded else Outputs.LOGIT
        several = Outputs.OTHER if is_bounded else Outputs.LOGITS
        outputs = single if count == 1 else several
    if outputs is Outputs.OTHER:
        says = (
            "one output with a softmax, which is always 1"
            if count == 1
            else f"{count} numbers from 0 to 1 that do not add up to 1, as from a sigmoid"
        )
        return OutputDescription(outputs, None, says, count, operation)
    return OutputDescription(outputs, max(count, 2), outputs.value, count, operation)


def _stay_between_0_and_1(model: keras.Model, images: NDArray[np.float32]) -> bool:
    import keras

    for scale in (1, 100):
        found = model(scale * images - scale / 2, training=False)
        numbers = np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(found, "float32")))
        if not ((numbers >= 0) & (numbers <= 1)).all():
            return False
    return True


def _about_several(found: Any) -> str:
    """What a list or dictionary of outputs holds."""
    if isinstance(found, dict):
        return f"a dictionary of outputs, {', '.join(map(repr, map(str, found)))}"
    return f"a {type(found).__name__} of outputs"


def _readable(shape: tuple[Any, ...]) -> str:
    return f"({', '.join(map(str, shape))})"
