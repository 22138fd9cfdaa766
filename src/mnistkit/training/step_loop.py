"""The compiled loop over a model's steps, many a call.

On a small network Keras' `fit` spends most of its time in Python, between the steps. Here Python
is entered once every few hundred steps, unless a callback wants to see each: a chunk of images,
already in the order in which they are to be seen, is handed to one compiled function that loops
over its batches. Each step is the model's own ``train_step``, so optimizer, loss and metrics are
Keras' own, and so are the numbers.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from mnistkit.training.augmentation import draw, vary
from mnistkit.training.chunks import Chunk
from mnistkit.training.own_augmentation import OwnAugmentation
from mnistkit.training.recipe_numbers import read_from_variables
from mnistkit.training.reuse import SharedSteps

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from mnistkit.models import Augmentation


class StepLoop:
    """A compiled loop that takes a model's step for every batch of a chunk.

    Parameters
    ----------
    model : keras.Model
        Compiled.
    step : {"train_step", "test_step"}
        Which of its methods.
    batch_size : int
    jit_compile : bool
        Whether full batches go through XLA. The last, smaller batch never does: compiling a second
        loop would cost more than it saves.
    augmentation : Augmentation or OwnAugmentation, optional
        How every batch is varied before the step.
    divisor : float
        What images are divided by before all that.
    """

    def __init__(
        self,
        model: keras.Model,
        step: Literal["train_step", "test_step"],
        batch_size: int,
        *,
        jit_compile: bool,
        augmentation: Augmentation | OwnAugmentation | None = None,
        divisor: float,
    ) -> None:
        self._batch_size = batch_size
        self._divisor = divisor
        self._model = model
        self._step = getattr(model, step)
        self._augmentation = augmentation
        is_own = isinstance(augmentation, OwnAugmentation)
        settings = None if is_own else (step, batch_size, divisor, augmentation)
        # Without the partials TensorFlow would take all loops for one function, and warn that it is
        # traced too often.
        self._many = SharedSteps(model, partial(self._loop), settings, jit_compile=jit_compile)
        self._one = SharedSteps(model, partial(self._single), settings)

    def trace(self, chunk: Chunk) -> None:
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

        images = tf.cast(images, tf.float32) / self._divisor
        if isinstance(self._augmentation, OwnAugmentation):
            images = self._augmentation(images, key, step)
        elif self._augmentation:
            drawn = draw(images, self._augmentation, key, step)
            images = _program_to_vary(self._augmentation)(images, drawn)
        with read_from_variables(self._model):
            self._step((images, *rest))


@functools.lru_cache(maxsize=32)
def _program_to_vary(settings: Augmentation) -> Any:
    """The resampling of images as a program of its own, one for all trainings.

    XLA is right for this, whatever it is for the model: three to six times faster. It keeps what it
    has compiled until the process ends.
    """
    import tensorflow as tf

    return tf.function(partial(vary, settings=settings), autograph=False, jit_compile=True)
