"""The compiled programs that train and measure a model, many steps a call.

On a small network Keras' `fit` spends most of its time in Python, between the steps. Here Python
is entered once every few hundred steps: a chunk of images, already in the order in which they are
to be seen, is handed to one program that loops over its batches. Each step is the model's own
``train_step``, so optimizer, loss and metrics are Keras' own, and so are the numbers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import ModelError
from mnistkit.training.augmenting import draw, vary
from mnistkit.training.data import Examples, model_shapes

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from mnistkit.models import Augmentation, Recipe

logger = logging.getLogger(__name__)

Engine = Literal["xla", "graph", "keras"]
ENGINES = ("auto", "xla", "graph", "keras")

_CHUNK_BYTES = 8_000_000  # some 10,000 MNIST images: long enough for Python not to matter
_MEASURE_BATCH = 1000

# XLA's versions of these are several times slower on a CPU than TensorFlow's own (oneDNN).
_SLOW_IN_XLA_ON_CPU = ("Conv", "DepthwiseConv", "MaxPool", "AvgPool", "CudnnRNN", "While", "FFT")


def choose_engine(model: keras.Model, wanted: str) -> Engine:
    """Which way of training suits a model.

    Parameters
    ----------
    model : keras.Model
        Compiled.
    wanted : {"auto", "xla", "graph", "keras"}
        What is not ``"auto"`` is returned as it is.

    Returns
    -------
    {"xla", "graph", "keras"}
        ``"keras"`` for a model with a ``train_step`` or ``test_step`` of its own, and for one that
        runs eagerly; ``"xla"`` where there is a GPU, or no operation that XLA is slow at on a CPU;
        else ``"graph"``.
    """
    if wanted != "auto":
        return wanted  # type: ignore[return-value]  # checked by the trainer
    import keras
    import tensorflow as tf

    own_step = any(
        getattr(type(model), name) is not getattr(keras.Model, name)
        for name in ("train_step", "test_step")
    )
    if own_step or model.run_eagerly:
        return "keras"
    if tf.config.list_logical_devices("GPU"):
        return "xla"
    slow = any(name.startswith(_SLOW_IN_XLA_ON_CPU) for name in _operations(model))
    return "graph" if slow else "xla"


def _operations(model: keras.Model) -> set[str]:
    """The kinds of operations in a model's forward pass, nested functions included."""
    import tensorflow as tf

    images = tf.TensorSpec((2, *model_shapes(model)[0]), tf.float32)
    graph = tf.function(lambda x: model(x, training=True), autograph=False)
    definition = graph.get_concrete_function(images).graph.as_graph_def()
    nested = (node for function in definition.library.function for node in function.node_def)
    return {node.op for node in (*definition.node, *nested)}


def prepare(model: keras.Model, train: Examples) -> None:
    """Create the variables of optimizer, loss and metrics, which a compiled program cannot do."""
    import tensorflow as tf

    images = tf.zeros((1, *train.images.shape[1:]))
    labels = tf.convert_to_tensor(train.labels[:1])
    weights = None if train.weights is None else tf.ones(1)
    outputs = model(images, training=False)
    model.compute_loss(images, labels, outputs, weights, training=False)
    model.compute_metrics(images, labels, outputs, weights)
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    model.reset_metrics()


@dataclass(frozen=True)
class Chunk:
    """Some whole batches, or one smaller last one.

    Attributes
    ----------
    columns : tuple of numpy.ndarray
        Images, labels, and perhaps weights.
    first_step : int
        The number of its first batch in the epoch.
    num_steps : int
        How many batches it holds.
    """

    columns: tuple[NDArray[Any], ...]
    first_step: int
    num_steps: int


class Chunks:
    """Cuts examples into chunks, in a given order; every full one has the same size.

    Parameters
    ----------
    examples : Examples
    batch_size : int
    """

    def __init__(self, examples: Examples, batch_size: int) -> None:
        self._columns = examples.columns
        self._count = len(examples)
        self._batch_size = batch_size
        self._full_steps = self._count // batch_size
        image_bytes = max(int(np.prod(examples.images.shape[1:])), 1)
        fitting = max(_CHUNK_BYTES // (image_bytes * batch_size), 1)
        self._chunk_steps = max(min(fitting, self._full_steps), 1)

    def in_order(self, order: NDArray[np.int32] | None) -> Iterator[Chunk]:
        """All examples, once; None is the stored order.

        A last chunk that is not full is padded with images that are not used, so that it has the
        size that the program was compiled for.
        """
        for first in range(0, self._full_steps, self._chunk_steps):
            steps = min(self._chunk_steps, self._full_steps - first)
            start = first * self._batch_size
            columns = self._take(order, start, start + steps * self._batch_size)
            missing = (self._chunk_steps - steps) * self._batch_size
            yield Chunk(tuple(_padded(column, missing) for column in columns), first, steps)
        rest = self._full_steps * self._batch_size
        if rest < self._count:
            yield Chunk(self._take(order, rest, self._count), self._full_steps, 1)

    def _take(
        self, order: NDArray[np.int32] | None, start: int, stop: int
    ) -> tuple[NDArray[Any], ...]:
        where = slice(start, stop) if order is None else order[start:stop]
        return tuple(column[where] for column in self._columns)


def _padded(column: NDArray[Any], missing: int) -> NDArray[Any]:
    if not missing:
        return column
    return np.concatenate([column, np.zeros((missing, *column.shape[1:]), column.dtype)])


class Program:
    """Runs a model's step over the batches of chunks.

    Parameters
    ----------
    step : function
        The model's ``train_step`` or ``test_step``.
    batch_size : int
    jit_compile : bool
        Whether full batches go through XLA. The last, smaller batch never does: compiling a second
        program would cost more than it brings.
    augmentation : Augmentation, optional
        How every batch is varied before the step.
    """

    def __init__(
        self,
        step: Any,
        batch_size: int,
        *,
        jit_compile: bool,
        augmentation: Augmentation | None = None,
    ) -> None:
        import tensorflow as tf

        self._batch_size = batch_size
        self._step = step
        self._augmentation = augmentation
        # XLA is right for this, whatever it is for the model: three to six times faster.
        self._vary = tf.function(partial(vary), autograph=False, jit_compile=True)
        # Without the partials TensorFlow would take all programs for one function, and warn that it
        # is traced too often.
        self._many = tf.function(partial(self._loop), autograph=False, jit_compile=jit_compile)
        self._one = tf.function(partial(self._single), autograph=False)

    def compile(self, chunk: Chunk) -> None:
        """Compile for chunks of this size, without taking a step."""
        self.run(replace(chunk, num_steps=0))

    def run(self, chunk: Chunk, key: int = 0) -> None:
        """Take all steps of a chunk; what augmentation draws depends on key and step."""
        import tensorflow as tf

        columns = [tf.convert_to_tensor(column) for column in chunk.columns]
        place = (tf.constant(key, tf.int32), tf.constant(chunk.first_step))
        if len(columns[0]) < self._batch_size:
            self._one(*place, *columns)
        else:
            self._many(tf.constant(chunk.num_steps), *place, *columns)

    def _loop(
        self, num_steps: tf.Tensor, key: tf.Tensor, first_step: tf.Tensor, *columns: tf.Tensor
    ) -> None:
        import tensorflow as tf

        size = self._batch_size

        def body(number: tf.Tensor) -> tuple[tf.Tensor]:
            # Not column[start:stop], whose size XLA could not know beforehand.
            batch = [
                tf.slice(
                    column,
                    [number * size] + [0] * (len(column.shape) - 1),
                    [size, *column.shape[1:]],
                )
                for column in columns
            ]
            self._single(key, first_step + number, *batch)
            return (number + 1,)

        tf.while_loop(lambda number: number < num_steps, body, (0,), parallel_iterations=1)

    def _single(self, key: tf.Tensor, step: tf.Tensor, images: tf.Tensor, *rest: tf.Tensor) -> None:
        import tensorflow as tf

        images = tf.cast(images, tf.float32) / 255.0
        if self._augmentation:
            drawn = draw(images, self._augmentation, key, step)
            images = self._vary(images, drawn, self._augmentation)
        self._step((images, *rest))


def training_program(
    model: keras.Model, train: Examples, recipe: Recipe, engine: Engine, *, may_change: bool
) -> tuple[Engine, Program]:
    """The program that trains, compiled.

    Not everything that TensorFlow computes can be compiled by XLA. If `may_change`, a model for
    which that is so gets a graph instead, and a warning; the engine that it got is returned, too.

    Raises
    ------
    ModelError
        If XLA cannot compile the model, and the engine may not change.
    """
    import tensorflow as tf

    prepare(model, train)
    make = partial(Program, model.train_step, recipe.batch_size, augmentation=recipe.augmentation)
    program = make(jit_compile=engine == "xla")
    if engine != "xla" or len(train) < recipe.batch_size:
        return engine, program
    try:
        program.compile(next(Chunks(train, recipe.batch_size).in_order(None)))
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
        reason = str(error).strip().splitlines()[0]
        if not may_change:
            raise ModelError(
                f"XLA cannot compile the model {model.name!r}: {reason}. Use engine='auto' or "
                "'graph'."
            ) from error
        logger.warning(
            "XLA cannot compile the model %r (%s); it is trained as a graph.", model.name, reason
        )
        return "graph", make(jit_compile=False)
    return engine, program


def measuring_program(model: keras.Model) -> Program:
    """The program that measures on validation images; it is short, so XLA would not pay."""
    return Program(model.test_step, _MEASURE_BATCH, jit_compile=False)


def measuring_chunks(validation: Examples) -> Chunks:
    """The chunks for `measuring_program`."""
    return Chunks(validation, _MEASURE_BATCH)
