"""A model as a TensorFlow function: from what a camera gives to probabilities or logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistkit.exporting.source import Source
from mnistkit.models.network_metadata import UINT8, NetworkMetadata
from mnistkit.training.last_operation import PASSING
from mnistkit.training.outputs import Outputs, outputs_of

if TYPE_CHECKING:
    import tensorflow as tf

INPUT = "images"
"""The name of the input, in every format."""
_SMALLEST_PROBABILITY = 1e-37  # of single precision, before numbers get imprecise


@dataclass(frozen=True)
class Program:
    """A model as a function of images, with what its file says of it.

    Attributes
    ----------
    source : Source
    metadata : NetworkMetadata
    """

    source: Source
    metadata: NetworkMetadata

    def signature(self, *, floats: bool = False) -> tf.TensorSpec:
        """What it takes: any number of images.

        Parameters
        ----------
        floats : bool, default False
            Whether it takes floats in [0, 1] even if its file is to take 0 to 255.
        """
        import tensorflow as tf

        scaled = self.metadata.input == UINT8 and not floats
        kind = tf.uint8 if scaled else tf.float32
        return tf.TensorSpec((None, *self.source.shape), kind, name=INPUT)

    def function(self, *, floats: bool = False) -> tf.types.experimental.PolymorphicFunction:
        """The function; it returns a dictionary of the one output."""
        import tensorflow as tf

        def classify(images: tf.Tensor) -> dict[str, tf.Tensor]:
            pixels = tf.cast(images, tf.float32)
            if images.dtype == tf.uint8:
                pixels /= 255
            found = self.source.model(pixels, training=False)
            return {self.metadata.output: tf.identity(self._output(found), self.metadata.output)}

        signature = [self.signature(floats=floats)]
        return tf.function(classify, input_signature=signature, autograph=False)

    def module(self, function: Any) -> tf.Module:
        """What TensorFlow saves: the function, and the numbers that it needs."""
        import tensorflow as tf

        module = tf.Module()
        module.classify = function
        module.numbers = [variable.value for variable in self.source.model.variables]
        return module

    def _output(self, found: tf.Tensor) -> tf.Tensor:
        import tensorflow as tf

        temperature = self.metadata.temperature
        if self.metadata.output == "logits":
            return _logits(found, outputs_of(self.source.model))
        if temperature == 1 and outputs_of(self.source.model) is Outputs.PROBABILITIES:
            return tf.cast(found, tf.float32)
        logits = _logits(found, outputs_of(self.source.model))
        return tf.nn.softmax(logits if temperature == 1 else logits / temperature)


def _logits(found: tf.Tensor, outputs: Outputs) -> tf.Tensor:
    """One number a class, of which a softmax makes probabilities, of what a model returned."""
    import tensorflow as tf

    if outputs is Outputs.LOGIT:
        found = tf.concat([tf.zeros_like(found), found], axis=1)
    if outputs.are_logits:
        return tf.cast(found, tf.float32)
    if outputs is Outputs.SIGMOID:
        found = tf.concat([1 - found, found], axis=1)
    else:
        before = _before_softmax(found)
        if before is not None:
            return tf.cast(before, tf.float32)
    return tf.math.log(tf.maximum(tf.cast(found, tf.float32), _SMALLEST_PROBABILITY))


def _before_softmax(found: tf.Tensor) -> tf.Tensor | None:
    """What the softmax was given that a tensor comes from; None if it comes from none."""
    operation = found.op
    while operation.type in PASSING and operation.inputs:
        operation = operation.inputs[0].op
    return operation.inputs[0] if operation.type == "Softmax" else None
