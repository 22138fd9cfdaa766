"""Training data cut into chunks, of many batches or of one, for a compiled loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.training.labelled import Examples

_CHUNK_BYTES = 8_000_000  # some 10,000 MNIST images: long enough for Python not to matter


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
    single_steps : bool, default False
        Whether every batch is a chunk of its own.
    """

    def __init__(self, examples: Examples, batch_size: int, *, single_steps: bool = False) -> None:
        self._columns = examples.columns
        self._count = len(examples)
        self._batch_size = batch_size
        self._full_steps = self._count // batch_size
        image_bytes = max(examples.images[:1].nbytes, 1)
        fitting = 1 if single_steps else max(_CHUNK_BYTES // (image_bytes * batch_size), 1)
        self._chunk_steps = max(min(fitting, self._full_steps), 1)

    def in_order(self, permutation: NDArray[np.int32] | None) -> Iterator[Chunk]:
        """All examples, once; None is the stored order.

        A last chunk that is not full is padded with images that are not used, so that it has the
        size that the program was compiled for.
        """
        for first in range(0, self._full_steps, self._chunk_steps):
            steps = min(self._chunk_steps, self._full_steps - first)
            start = first * self._batch_size
            columns = self._take(permutation, start, start + steps * self._batch_size)
            missing = (self._chunk_steps - steps) * self._batch_size
            yield Chunk(tuple(_padded(column, missing) for column in columns), first, steps)
        rest = self._full_steps * self._batch_size
        if rest < self._count:
            yield Chunk(self._take(permutation, rest, self._count), self._full_steps, 1)

    def _take(
        self, permutation: NDArray[np.int32] | None, start: int, stop: int
    ) -> tuple[NDArray[Any], ...]:
        where = slice(start, stop) if permutation is None else permutation[start:stop]
        return tuple(column[where] for column in self._columns)


def _padded(column: NDArray[Any], missing: int) -> NDArray[Any]:
    if not missing:
        return column
    return np.concatenate([column, np.zeros((missing, *column.shape[1:]), column.dtype)])
