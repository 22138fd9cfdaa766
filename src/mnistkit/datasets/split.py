"""Split: some images, their labels, and, where they are known, their writers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Literal, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets import holdout
from mnistkit.datasets.normalize import to_uint8, to_unit_floats
from mnistkit.errors import ImageError, LabelError, SplitError

Writers = NDArray[np.int64]
_MOST_CLASSES = 256


class Split:
    """Images with their labels: a part of a data set, such as the training part.

    A split behaves like a sequence: it has a length, and ``split[:5000]``, ``split[mask]`` and
    ``split[indices]`` are splits too. It does not change: the arrays are read-only views.

    Parameters
    ----------
    images : array_like, shape (n, height, width) or (n, height, width, channels)
        Integers in 0-255 or floats in [0, 1]; kept as uint8. 0 is paper, 255 is ink.
    labels : array_like of int, shape (n,)
        Class numbers from 0 to ``len(classes) - 1``.
    classes : sequence of str, optional
        What the classes are called. By default as many as the largest label needs, named by
        number.
    writers : array_like of int, shape (n,), or a function that returns one, optional
        Who wrote each image. A function is called the first time that somebody asks.
    dataset, part : str, default ""
        Which part of which data set this is, for instance ``"mnist"`` and ``"test"``.

    Raises
    ------
    ImageError
        If the images are empty, wrongly shaped or out of range.
    LabelError
        If the labels are of the wrong length or type, or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> split = Split(np.zeros((4, 28, 28), dtype=np.uint8), [0, 1, 0, 1])
    >>> len(split), split.labels
    (4, array([0, 1, 0, 1], dtype=uint8))
    >>> split[:3]
    <Split: 3 images of 28x28, 2 classes>
    """

    def __init__(
        self,
        images: ArrayLike,
        labels: ArrayLike,
        *,
        classes: Sequence[str] | None = None,
        writers: ArrayLike | Callable[[], ArrayLike] | None = None,
        dataset: str = "",
        part: str = "",
    ) -> None:
        self._images = _checked_images(images)
        self._labels = _checked_labels(labels, len(self._images), classes)
        names = range(int(self._labels.max()) + 1) if classes is None else classes
        self.classes: tuple[str, ...] = tuple(map(str, names))
        self.dataset = dataset
        self.part = part
        self.loaded_as = ""  # the name given to load_dataset, if it came from there
        self._writers = writers

    @property
    def images(self) -> NDArray[np.uint8]:
        """The images, uint8 (n, height, width), 0 = paper, 255 = ink; read-only."""
        return _read_only(self._images)

    @property
    def labels(self) -> NDArray[np.uint8]:
        """The class numbers, uint8 (n,); read-only."""
        return _read_only(self._labels)

    @property
    def writers(self) -> Writers | None:
        """Who wrote each image, int64 (n,), or None where that is not known.

        Some data sets keep the writers in a file of its own, which is fetched when they are first
        asked for.
        """
        if callable(self._writers):
            self._writers = self._writers()
        if self._writers is None:
            return None
        writers = np.asarray(self._writers, dtype=np.int64)
        if writers.shape != (len(self),):
            raise LabelError(
                f"There are {len(self):,} images, but the writers have the shape {writers.shape}; "
                "expected one writer an image."
            )
        self._writers = _read_only(writers)
        return self._writers

    @property
    def name(self) -> str:
        """What to call this split in results and pictures, for instance ``"mnist test"``."""
        return f"{self.dataset} {self.part}".strip()

    def arrays(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The split as Keras wants it.

        Returns
        -------
        images : numpy.ndarray of float32, shape (n, height, width)
            Divided by 255, in [0, 1].
        labels : numpy.ndarray of int64, shape (n,)
        """
        return to_unit_floats(self._images), self._labels.astype(np.int64)

    def take(self, count: int) -> Split:
        """The first `count` images; all of them if there are fewer."""
        return self[: _natural(count, "count")]

    def shuffle(self, seed: int = 0) -> Split:
        """The same images in another order, a function of the seed."""
        return self[np.random.default_rng(seed).permutation(len(self))]

    def holdout(
        self, fraction: float, by: Literal["class", "writer"] = "class", seed: int = 0
    ) -> tuple[Split, Split]:
        """Set a part aside, for validation.

        Parameters
        ----------
        fraction : float
            How much to set aside, above 0 and below 1.
        by : {"class", "writer"}, default "class"
            ``"class"`` takes the same share of every class, to within one image.
            ``"writer"`` keeps each writer's images together on one side, so that the part set
            aside is written by strangers, as the digits of a real user are. A random part
            shares its writers with the rest and over-states the accuracy.
        seed : int, default 0
            The parts are a function of the split and the seed.

        Returns
        -------
        rest, held_out : Split
            Disjoint, complete, each in the original order.

        Raises
        ------
        SplitError
            If the fraction leaves a part empty, or the writers are not known.

        Examples
        --------
        >>> import mnistkit
        >>> train, validation = mnistkit.load_dataset("digits").train.holdout(0.1, seed=0)
        >>> len(train), len(validation)
        (1293, 144)
        """
        if by == "class":
            held_out = holdout.by_class(self._labels, fraction, seed)
        elif by == "writer":
            if self.writers is None:
                raise SplitError(
                    f"The writers of {self.name or 'this split'!r} are not known, so it cannot be "
                    "split by writer. Use by='class', or give Split(..., writers=...)."
                )
            held_out = holdout.by_writer(self.writers, fraction, seed)
        else:
            raise SplitError(f"by={by!r} is not a way to split; use 'class' or 'writer'.")
        rest, part = self[~held_out], self[held_out]
        if part.part == "train":
            part.part = "validation"
        return rest, part

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, key: slice | ArrayLike) -> Split:
        index = key if isinstance(key, slice) else np.asarray(key)
        if isinstance(index, np.ndarray) and index.ndim != 1:
            raise IndexError(
                f"A split is indexed by a slice, a mask or a list of positions, not by {key!r}. "
                "For one image use split.images[i] and split.labels[i]."
            )
        if isinstance(index, np.ndarray) and index.size == 0:
            index = index.astype(np.intp)
        selected = object.__new__(Split)  # the parts of a checked split need no second check
        selected._images = self._images[index]
        selected._labels = self._labels[index]
        if len(selected) == 0:
            raise SplitError(f"{key!r} selects none of the {len(self):,} images of {self!r}.")
        selected.classes = self.classes
        selected.dataset, selected.part = self.dataset, self.part
        selected.loaded_as = self.loaded_as
        selected._writers = None if self._writers is None else _Later(self, index)
        return selected

    def __iter__(self) -> NoReturn:
        # Without it Python would try split[0], split[1], ..., and find the split empty.
        raise TypeError(
            "A split is not iterated over. For pairs write zip(split.images, split.labels), for "
            "Keras' arrays split.arrays()."
        )

    def __repr__(self) -> str:
        name = f" {self.name}" if self.name else ""
        size = "x".join(map(str, self._images.shape[1:]))
        return f"<Split{name}: {len(self):,} images of {size}, {len(self.classes)} classes>"


def writable_arrays(split: Split) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The arrays behind a split that nobody else uses, writable and without a copy."""
    return split._images, split._labels  # noqa: SLF001  (the same file)


class _Later:
    """The writers of a part, taken from the whole's only when asked for."""

    def __init__(self, whole: Split, index: slice | NDArray[Any]) -> None:
        self._whole = whole
        self._index = index

    def __call__(self) -> ArrayLike:
        writers = self._whole.writers
        assert writers is not None
        return writers[self._index]


def _checked_images(images: ArrayLike) -> NDArray[np.uint8]:
    array = to_uint8(images)
    if array.ndim not in (3, 4):
        raise ImageError(
            f"Images of shape {array.shape} are not a list of pictures; expected "
            "(n, height, width) or (n, height, width, channels). "
            "For a single picture add the first axis: images[None]."
        )
    return array


def _checked_labels(
    labels: ArrayLike, num_images: int, classes: Sequence[str] | None
) -> NDArray[np.uint8]:
    array = np.asarray(labels)
    if array.shape != (num_images,):
        raise LabelError(
            f"There are {num_images:,} images, but the labels have the shape {array.shape}; "
            f"expected ({num_images},), one class number an image. "
            "One-hot labels become class numbers with labels.argmax(axis=1)."
        )
    if not np.issubdtype(array.dtype, np.integer):
        raise LabelError(
            f"Labels are class numbers, integers from 0; these are of type {array.dtype}. Whole "
            "numbers stored otherwise become integers with labels.astype(int)."
        )
    if classes is not None and len(classes) > _MOST_CLASSES:
        raise LabelError(f"There are {len(classes)} classes; labels are uint8, for at most 256.")
    limit = _MOST_CLASSES if classes is None else len(classes)
    smallest, largest = int(array.min()), int(array.max())
    if smallest < 0 or largest >= limit:
        raise LabelError(
            f"The labels go from {smallest} to {largest}; expected 0 to {limit - 1}"
            + (f" for the {len(classes)} classes." if classes is not None else ".")
        )
    return array.astype(np.uint8, copy=False)


def _natural(value: int, name: str) -> int:
    number = operator.index(value)
    if number < 1:
        raise SplitError(f"{name}={value!r} must be 1 or more.")
    return number


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
