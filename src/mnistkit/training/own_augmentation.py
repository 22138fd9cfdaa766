"""Varying training images by a function of the caller's own, which the seed fixes as all else."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mnistkit.errors import RecipeError
from mnistkit.messages import shown
from mnistkit.models import Augmentation
from mnistkit.models.code_digest import code_digest

if TYPE_CHECKING:
    import tensorflow as tf

# TensorFlow's operations that draw from a state, not from a seed that they are given.
_DRAWING = (
    "Multinomial", "ParameterizedTruncatedNormal", "Random", "RngReadAndSkip", "StatefulRandom",
    "StatefulStandardNormal", "StatefulTruncatedNormal", "StatefulUniform", "TruncatedNormal",
)  # fmt: skip
_EXPECTED = (
    "A function of a batch of images, a tensor of float32 (n, height, width), or of that and a "
    "seed, which returns as many images of the same shape"
)


class OwnAugmentation:
    """A function of images, or of images and a seed, as the engines call it.

    Parameters
    ----------
    function : callable
        Called with a tensor of float32, shape (n, *input_shape); if it takes a second argument,
        also with a seed, int32 of shape (2,), for ``tf.random.stateless_uniform`` and the like. The
        seed is a function of the trainer's seed, the epoch and the step.

    Raises
    ------
    RecipeError
        If it cannot be called so.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)
        self._takes_seed = _number_of_arguments(function) > 1

    def __call__(self, images: tf.Tensor, key: tf.Tensor | int, step: tf.Tensor | int) -> tf.Tensor:
        """Vary a batch of images."""
        import tensorflow as tf

        seed = tf.stack([tf.cast(key, tf.int32), tf.cast(step, tf.int32)])
        varied = self._called(images, seed)
        return tf.ensure_shape(tf.cast(varied, images.dtype), images.shape)

    def _called(self, images: tf.Tensor, seed: tf.Tensor) -> Any:
        return self.function(images, seed) if self._takes_seed else self.function(images)

    def record(self) -> dict[str, Any]:
        """What to note of it in a run's folder."""
        function = self.function
        named = function if hasattr(function, "__qualname__") else type(function)
        return {
            "function": f"{named.__module__}:{named.__qualname__}",
            "code": code_digest(function),
        }

    def refuse_unusable(self, input_shape: tuple[int | None, ...]) -> None:
        """Raise a RecipeError if it does not give back such images, or draws as it likes."""
        import tensorflow as tf

        images = tf.TensorSpec((None, *input_shape), tf.float32)
        seed = tf.TensorSpec((2,), tf.int32)
        traced = tf.function(self._called, autograph=False)
        try:
            graph = traced.get_concrete_function(images, seed)
        # A function of somebody's own raises anything.
        except Exception as error:
            reason = (str(error).strip() or "no reason given").splitlines()[0][:200]
            raise RecipeError(
                f"The augmentation {self.name!r} cannot vary a tensor of shape "
                f"{('n', *input_shape)}; it raises {type(error).__name__}: {reason}. It becomes "
                "part of a TensorFlow graph: use TensorFlow's operations, or tf.numpy_function."
            ) from error
        self._refuse_other_outputs(graph.structured_outputs, images)
        self._refuse_drawing(graph.graph)

    def _refuse_other_outputs(self, outputs: Any, images: tf.TensorSpec) -> None:
        import tensorflow as tf

        if (
            isinstance(outputs, tf.Tensor | tf.TensorSpec)
            and outputs.dtype.is_floating
            and outputs.shape.is_compatible_with(images.shape)
        ):
            return
        found = (
            f"{outputs.dtype.name} of shape {outputs.shape}"
            if isinstance(outputs, tf.Tensor | tf.TensorSpec)
            else shown(outputs)
        )
        raise RecipeError(
            f"The augmentation {self.name!r} returns {found}; expected floats of the shape that it "
            f"is given, {images.shape}."
        )

    def _refuse_drawing(self, graph: Any) -> None:
        definition = graph.as_graph_def()
        nested = (node for function in definition.library.function for node in function.node_def)
        drawing = sorted(
            {node.op for node in (*definition.node, *nested) if node.op.startswith(_DRAWING)}
            | {v.name for v in graph.variables if "seed_generator" in v.name}
        )
        if drawing:
            raise RecipeError(
                f"The augmentation {self.name!r} draws random numbers that no seed fixes ("
                f"{', '.join(drawing)}). Let it take a second argument, def {self.name}(images, "
                "seed), and give that to tf.random.stateless_uniform or the like."
            )


def own_function(given: Any, input_shape: tuple[int | None, ...]) -> OwnAugmentation | None:
    """The function that varies images, after a look at it; None if settings were given, or nothing.

    Raises
    ------
    RecipeError
        If it cannot vary images of that shape.
    """
    if isinstance(given, Augmentation | None):
        return None
    own = OwnAugmentation(given)
    own.refuse_unusable(input_shape)
    return own


def _number_of_arguments(function: Any) -> int:
    """How many arguments it takes by position, at least one; else a RecipeError."""
    import keras

    if not callable(function) or isinstance(function, type):
        raise RecipeError(
            f"augmentation={shown(function)}: expected a mnistkit.Augmentation, or a function. "
            f"{_EXPECTED}."
        )
    if isinstance(function, keras.layers.Layer):
        raise RecipeError(
            f"The augmentation {function.name!r} is a layer of Keras. Put it at the beginning of "
            "the model, where it is seeded, and rests outside training; or give a function."
        )
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # of one written in C
        return 1
    by_position = [
        one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    needed = [one for one in by_position if one.default is one.empty]
    if len(needed) > 2 or not by_position:
        raise RecipeError(
            f"augmentation={shown(function)} takes other arguments. {_EXPECTED}, is expected."
        )
    has_seed = len(by_position) > 1 and (len(needed) > 1 or by_position[1].name == "seed")
    return 2 if has_seed else 1
