"""Training by Keras' own `fit`, with data whose order is a function of seed and epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import keras
import numpy as np
from numpy.typing import NDArray

from mnistkit.models import Augmentation
from mnistkit.training.augmentation import augment
from mnistkit.training.chunks import Chunks
from mnistkit.training.fit import Fit
from mnistkit.training.graph_memory import forgotten
from mnistkit.training.labelled import Examples
from mnistkit.training.own_augmentation import OwnAugmentation
from mnistkit.training.seeding import epoch_key, epoch_permutation
from mnistkit.training.stream_claims import own_errors
from mnistkit.training.streams import Stream
from mnistkit.training.targets import packed

if TYPE_CHECKING:
    import tensorflow as tf

_VALIDATION_BATCH = 1000


class CurrentEpoch(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no type hints
    """Knows which epoch it is, for the data's order."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Note the epoch."""
        self.epoch = epoch


class KerasEngine:
    """Trains with Keras' own `fit`: the yardstick, and for whatever a loop does not suit."""

    @property
    def name(self) -> Literal["keras"]:
        """``"keras"``."""
        return "keras"

    def prepare(self, fit: Fit) -> None:
        """Nothing to do: Keras compiles when it trains."""

    def train(
        self,
        fit: Fit,
        *,
        first_epoch: int,
        callbacks: Sequence[keras.callbacks.Callback],
        verbose: int,
    ) -> None:
        """Train; see `mnistkit.training.engine.Engine`."""
        current = CurrentEpoch()
        generators: list[Callable[..., Any]] = []
        train, validation = (
            one.batches if isinstance(one, Stream) else one
            for one in (fit.data.train, fit.data.validation)
        )
        if isinstance(train, Examples):
            count = len(train)
            train = _batches(
                train,
                fit.recipe.batch_size,
                lambda: epoch_permutation(fit.seed, current.epoch, count),
                generators,
            )
        if fit.augmentation:
            key = lambda: epoch_key(fit.seed, current.epoch)  # noqa: E731
            train = _augmented(train, fit.augmentation, key, generators)
        if isinstance(validation, Examples):
            validation = _batches(validation, _VALIDATION_BATCH, lambda: None, generators)
        with forgotten(generators), own_errors():
            fit.model.fit(
                train,
                initial_epoch=first_epoch,
                epochs=fit.end_epoch,
                validation_data=validation,
                shuffle=False,
                callbacks=[current, *callbacks],
                verbose=verbose,
            )


def _batches(
    examples: Examples,
    batch_size: int,
    permutation: Callable[[], NDArray[np.int32] | None],
    generators: list[Callable[..., Any]],
) -> tf.data.Dataset:
    """One pass over the examples; every new iterator asks for the permutation anew.

    A chunk at a time is read, so that examples in a memory-mapped file may be larger than memory.
    The generator that reads them is noted in a list.
    """
    import tensorflow as tf

    chunks = Chunks(examples, batch_size)

    def columns() -> Iterator[tuple[NDArray[Any], ...]]:
        for chunk in chunks.in_order(permutation()):
            yield tuple(column[: chunk.num_steps * batch_size] for column in chunk.columns)

    generators.append(columns)

    def to_floats(images: tf.Tensor, *rest: tf.Tensor) -> tuple[Any, ...]:
        columns = list(rest)
        labels = packed(examples.labels, columns)
        return (tf.cast(images, tf.float32) / examples.divisor, labels, *columns)

    signature = tuple(
        tf.TensorSpec((None, *column.shape[1:]), column.dtype) for column in examples.columns
    )
    return (
        tf.data.Dataset.from_generator(columns, output_signature=signature)
        .flat_map(lambda *chunk: tf.data.Dataset.from_tensor_slices(chunk).batch(batch_size))
        .map(to_floats)
        .apply(tf.data.experimental.assert_cardinality(examples.num_batches(batch_size)))
        .prefetch(tf.data.AUTOTUNE)
    )


def _augmented(
    batches: tf.data.Dataset,
    augmentation: Augmentation | OwnAugmentation,
    current_key: Callable[[], int],
    generators: list[Callable[..., Any]],
) -> tf.data.Dataset:
    """The same batches, varied; every new iterator asks for the epoch's key anew."""
    import tensorflow as tf

    def keys() -> Iterator[np.int32]:
        yield np.int32(current_key())

    generators.append(keys)

    def vary(
        key: tf.Tensor, step: tf.Tensor, images: tf.Tensor, *rest: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        if isinstance(augmentation, OwnAugmentation):
            return (augmentation(images, key, step), *rest)
        return (augment(images, augmentation, key, step), *rest)

    key = tf.data.Dataset.from_generator(keys, output_signature=tf.TensorSpec((), tf.int32))
    varied = key.flat_map(
        lambda key: batches.enumerate().map(
            lambda step, batch: vary(key, step, *batch), num_parallel_calls=tf.data.AUTOTUNE
        )
    )
    # The length is lost in flat_map; Keras' progress bar and schedules want to know it.
    length = tf.data.experimental.assert_cardinality(batches.cardinality())
    return varied.apply(length).prefetch(tf.data.AUTOTUNE)
