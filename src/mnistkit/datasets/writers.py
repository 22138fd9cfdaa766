"""Who wrote each image: known, or asked for when they are first needed."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets.split_checks import column
from mnistkit.errors import LabelError
from mnistkit.images.arrays import as_array

Index = slice | NDArray[Any]


class Writers:
    """The writers of the images of a whole, or of a part of it.

    A whole's writers are asked for once, for all that was cut out of it too. A part knows its
    positions in the whole, not the whole's images, so that ten images can be sent to another
    process at the cost of ten.

    Parameters
    ----------
    given : array_like of int, shape (n,) or (n, 1), or a function that returns one
    count : int
        How many images there are.

    Raises
    ------
    LabelError
        If an array is not one writer per image.
    """

    def __init__(self, given: ArrayLike | Callable[[], ArrayLike], count: int) -> None:
        self._whole = _Whole(given, count)
        self._positions: NDArray[np.intp] | None = None

    def __call__(self) -> NDArray[np.int64]:
        """One writer per image, int64 (n,)."""
        whole = self._whole.values()
        return whole if self._positions is None else whole[self._positions]

    @property
    def count(self) -> int:
        """How many images there are."""
        return self._whole.count if self._positions is None else len(self._positions)

    def part(self, index: Index) -> Writers:
        """The writers of some of the images."""
        if self._whole.is_known:
            known = self()[index]
            return Writers(known, len(known))
        part = object.__new__(Writers)
        part._whole = self._whole
        before = np.arange(self._whole.count) if self._positions is None else self._positions
        part._positions = before[index]
        return part

    def __reduce__(self) -> Any:
        """What another process gets: still to be asked for there, if it can ask."""
        if not self._whole.is_known and _can_be_sent(self._whole.given):
            return _sent, (self._whole.given, self._whole.count, self._positions)
        values = self()
        return Writers, (values, len(values))


def writers_of(given: ArrayLike | Callable[[], ArrayLike], count: int) -> Writers:
    """Writers of so many images; those of another split stay as they are."""
    if isinstance(given, Writers) and given.count == count:
        return given
    return Writers(given, count)


def joined(parts: Sequence[Writers | None], datasets: Sequence[str]) -> Writers | None:
    """The writers of several parts together; None if some are not known.

    Numbers that mean different people, since they are of different data sets, are given anew.
    """
    known = tuple(part for part in parts if part is not None)
    if len(known) < len(parts):
        return None
    count = sum(part.count for part in known)
    return Writers(partial(_join, known, tuple(datasets)), count)


def _join(parts: Sequence[Writers], datasets: Sequence[str]) -> NDArray[np.int64]:
    ids = [part() for part in parts]
    together = np.concatenate(ids)
    if len(set(datasets)) == 1:
        return together
    origin = np.repeat([datasets.index(one) for one in datasets], [len(one) for one in ids])
    people = np.stack([origin, together], axis=1)
    numbers = np.unique(people, axis=0, return_inverse=True)[1]
    return numbers.reshape(-1).astype(np.int64)


class _Whole:
    """The writers of all images of a whole: known, or a function to ask, once."""

    def __init__(self, given: ArrayLike | Callable[[], ArrayLike], count: int) -> None:
        self.count = count
        self.is_known = not callable(given)
        self.given = given if callable(given) else _checked(given, count)

    def values(self) -> NDArray[np.int64]:
        if callable(self.given):
            self.given = _checked(self.given(), self.count)
            self.is_known = True
        return self.given


def _sent(
    given: Callable[[], ArrayLike], count: int, positions: NDArray[np.intp] | None
) -> Writers:
    writers = Writers(given, count)
    writers._positions = positions  # noqa: SLF001  (the same file)
    return writers


def _can_be_sent(function: Any) -> bool:
    try:
        pickle.dumps(function)
    except Exception:  # noqa: BLE001  (a function of a script, say, that only this process knows)
        return False
    return True


def _checked(given: ArrayLike, count: int) -> NDArray[np.int64]:
    array = column(as_array(given, "writers", LabelError))
    if array.shape != (count,):
        raise LabelError(
            f"There are {count:,} images, but the writers have the shape {array.shape}; expected "
            "one writer per image."
        )
    is_integer = np.issubdtype(array.dtype, np.integer)
    if not is_integer or int(array.max()) > np.iinfo(np.int64).max:
        raise LabelError(
            f"Writers are integers of at most 64 bits; these are of type {str(array.dtype)[:60]}. "
            "Names become numbers with numpy.unique(writers, return_inverse=True)[1]."
        )
    return array.astype(np.int64, copy=False)
