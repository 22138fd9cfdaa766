"""The engines: each is one object that trains a model, and all give the same numbers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from mnistkit.training.fit import Fit
from mnistkit.training.own_code import is_usual, refuse_compiled_engine
from mnistkit.training.reuse import SEEDED_WHEN_COMPILED, found_once
from mnistkit.training.shapes import input_shape_of

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

EngineName = Literal["xla", "graph", "keras"]
ENGINES = ("auto", *get_args(EngineName))

# XLA's versions of these are several times slower on a CPU than TensorFlow's own (oneDNN).
_SLOW_IN_XLA_ON_CPU = ("Conv", "DepthwiseConv", "MaxPool", "AvgPool", "CudnnRNN", "While", "FFT")


class Engine(Protocol):
    """One way to train a model."""

    @property
    def name(self) -> EngineName:
        """What it is called in ``Trainer.engine`` and in ``run.json``."""

    def prepare(self, fit: Fit) -> None:
        """Do what takes seconds, such as compiling; afterwards the name does not change.

        Raises
        ------
        ModelError
            If the model cannot be trained this way.
        """

    def train(
        self,
        fit: Fit,
        *,
        first_epoch: int,
        callbacks: Sequence[keras.callbacks.Callback],
        verbose: int,
    ) -> None:
        """Train the prepared model; the callbacks are called in Keras' own order."""


def make_engine(wanted: str, fit: Fit, begun_with: str | None = None) -> Engine:
    """The engine that was asked for; for ``"auto"`` the one that suits the model and the data.

    Parameters
    ----------
    wanted : {"auto", "xla", "graph", "keras"}
        ``"auto"`` is ``"keras"`` for streams, for a model with a ``train_step`` or loss of its own
        or with outputs that are no classes, and for one that runs eagerly; ``"xla"`` where there
        is a GPU, or no operation that XLA is slow at on a CPU; else ``"graph"``.
    fit : Fit
    begun_with : str, optional
        The engine of the run that is resumed, which suits it still.
    """
    from mnistkit.training.graph_engine import GraphEngine
    from mnistkit.training.keras_engine import KerasEngine

    if fit.data.has_stream:
        if wanted in ("xla", "graph"):
            logger.warning(
                "Data that comes in batches is trained on by Keras' own fit, not by engine=%r.",
                wanted,
            )
        return KerasEngine()
    name = wanted
    if wanted == "auto":
        resumable = begun_with in get_args(EngineName)
        name = str(begun_with) if resumable else _suitable(fit)
    if name == "keras":
        return KerasEngine()
    refuse_compiled_engine(fit.model, name)
    if name == "xla" and _operations(fit.model, SEEDED_WHEN_COMPILED):
        logger.warning(
            "The model %r draws from tf.random, which has no seed under XLA: the same seed of the "
            "trainer will give other weights. Let the layer draw from keras.random with a "
            "keras.random.SeedGenerator of its own, or use engine='graph'.",
            fit.model.name,
        )
    return GraphEngine(jit_compile=name == "xla", may_change=wanted == "auto")


def _suitable(fit: Fit) -> EngineName:
    import tensorflow as tf

    if not is_usual(fit.model) or fit.model.run_eagerly:
        return "keras"
    has_gpu = bool(tf.config.list_logical_devices("GPU"))
    for_graph = SEEDED_WHEN_COMPILED + (() if has_gpu else _SLOW_IN_XLA_ON_CPU)
    return "graph" if _operations(fit.model, for_graph) else "xla"


def _operations(model: keras.Model, kinds: tuple[str, ...]) -> set[str]:
    """The operations of some kinds in a model's forward pass.

    A kind is how the name begins that TensorFlow has for an operation.
    """
    every = found_once(model, "operations", lambda: _every_operation(model))
    return {operation for operation in every if operation.startswith(kinds)}


def _every_operation(model: keras.Model) -> set[str]:
    """What TensorFlow calls the operations of the forward pass, nested functions included."""
    import tensorflow as tf

    images = tf.TensorSpec((2, *input_shape_of(model)[0]), tf.float32)
    graph = tf.function(lambda x: model(x, training=True), autograph=False)
    definition = graph.get_concrete_function(images).graph.as_graph_def()
    nested = (node for function in definition.library.function for node in function.node_def)
    return {node.op for node in (*definition.node, *nested)}
