"""Split: some images, their labels, and, where they are known, their writers."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Sequence, Sized
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any, Literal, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets import holdout
from mnistkit.datasets.given import square_side, whole
from mnistkit.errors import ImageError, LabelError, SplitError
from mnistkit.images.arrays import as_array
from mnistkit.images.normalize import to_uint8, to_unit_floats
from mnistkit.messages import shown

Writers = NDArray[np.int64]
_MOST_CLASSES = 256


class Split:
    """Images with their labels: a part of a data set, such as the training part.

    A split behaves like a sequence: it has a length, and ``split[:5000]``, ``split[mask]`` and
    ``split[indices]`` are splits too. Its images, labels and writers are read-only.

    Parameters
    ----------
    images : array_like, shape (n, height, width) or (n, height, width, channels)
        Integers in 0-255 or floats in [0, 1]; kept as uint8. 0 is paper, 255 is ink.
    labels : array_like of int, shape (n,) or (n, 1)
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
        given = as_array(labels, "labels", LabelError)
        self._images = _checked_images(images, given)
        names = None if classes is None else _checked_classes(classes)
        self._labels = _checked_labels(given, len(self._images), names)
        if names is None:
            names = tuple(map(str, range(int(self._labels.max()) + 1)))
        self.classes: tuple[str, ...] = names
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
        self._writers = _read_only(_checked_writers(self._writers, len(self)))
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
        return self[: whole(count, "count", at_least=1)]

    def shuffle(self, seed: int = 0) -> Split:
        """The same images in another order, a function of the seed."""
        generator = np.random.default_rng(whole(seed, "seed", at_least=0))
        return self[generator.permutation(len(self))]

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
            If the fraction is no share or leaves a part empty, the seed is no whole number of at
            least 0, or the writers are not known.

        Examples
        --------
        >>> import mnistkit
        >>> train, validation = mnistkit.load_dataset("digits").train.holdout(0.1, seed=0)
        >>> len(train), len(validation)
        (1293, 144)
        """
        seed = whole(seed, "seed", at_least=0)
        if not isinstance(by, str) or by not in ("class", "writer"):
            raise SplitError(f"by={shown(by)} is not a way to split; use 'class' or 'writer'.")
        if by == "class":
            held_out = holdout.by_class(self._labels, fraction, seed)
        else:
            if self.writers is None:
                raise SplitError(
                    f"The writers of {self.name or 'this split'!r} are not known, so it cannot be "
                    "split by writer. Use by='class', or give Split(..., writers=...)."
                )
            held_out = holdout.by_writer(self.writers, fraction, seed)
        rest, part = self[~held_out], self[held_out]
        if part.part == "train":
            part.part = "validation"
        return rest, part

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, key: slice | ArrayLike) -> Split:
        index = key if isinstance(key, slice) else _index(key)
        if isinstance(index, np.ndarray) and index.ndim != 1:
            raise IndexError(
                "A split is indexed by a slice, a mask or a list of positions, not by "
                f"{shown(key)}. For one image use split.images[i] and split.labels[i]."
            )
        if isinstance(index, np.ndarray) and index.size == 0:
            index = index.astype(np.intp)
        selected = object.__new__(Split)  # the parts of a checked split need no second check
        selected._images = self._images[index]
        selected._labels = self._labels[index]
        if len(selected) == 0:
            raise SplitError(f"{shown(key)} selects none of the {len(self):,} images of {self!r}.")
        selected.classes = self.classes
        selected.dataset, selected.part = self.dataset, self.part
        selected.loaded_as = self.loaded_as
        selected._writers = self._writers_of(index)
        return selected

    def _writers_of(self, index: slice | NDArray[Any]) -> NDArray[Any] | _Later | None:
        if self._writers is None:
            return None
        if isinstance(self._writers, _Later):
            return self._writers.part(index)
        if not callable(self._writers):
            known = self.writers
            assert known is not None
            return known[index]
        if not isinstance(self._writers, _Source):
            self._writers = _Source(self._writers, len(self))
        return _Later(self._writers, np.arange(len(self))[index])

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_writers": _to_send(self._writers)}

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


class _Source:
    """The writers of a whole part: known, or asked for once, for all that was cut out of it."""

    def __init__(self, writers: Callable[[], ArrayLike], count: int) -> None:
        self.writers: Callable[[], ArrayLike] | Writers = writers
        self._count = count

    def __call__(self) -> Writers:
        if callable(self.writers):
            self.writers = _checked_writers(self.writers(), self._count)
        return self.writers


class _Later:
    """The writers of some images of a whole, taken from it only when asked for.

    It does not hold the whole's images, so that ten images can be sent to another process at the
    cost of ten.
    """

    def __init__(self, source: Callable[[], ArrayLike], positions: NDArray[np.int64]) -> None:
        self._source = source
        self._positions = positions

    def __call__(self) -> ArrayLike:
        writers: NDArray[Any] = np.asarray(self._source())[self._positions]
        return writers

    def part(self, index: slice | NDArray[Any]) -> _Later:
        """Of these images, some."""
        return _Later(self._source, self._positions[index])


def _to_send(writers: ArrayLike | Callable[[], ArrayLike] | None) -> Any:
    """Writers as another process can have them: still to be asked for there, if it can ask."""
    if not callable(writers):
        return writers
    ask = writers._source if isinstance(writers, _Later) else writers  # noqa: SLF001  (this file)
    function = ask.writers if isinstance(ask, _Source) else ask
    try:
        if not callable(function):
            return writers()
        pickle.dumps(function)
    except Exception:  # noqa: BLE001  (a function of a script, say, that only this process knows)
        return writers()
    if isinstance(writers, _Later):
        return _Later(function, writers._positions)  # noqa: SLF001
    return function


def _checked_images(images: ArrayLike, labels: NDArray[Any]) -> NDArray[np.uint8]:
    array = as_array(images, "images", ImageError)
    if array.size and array.dtype.kind in "biuf" and array.ndim not in (3, 4):
        raise ImageError(
            f"Images of shape {array.shape} are not a list of pictures; expected "
            "(n, height, width) or (n, height, width, channels)."
            + _advice_on_shape(array.shape, labels)
        )
    return to_uint8(array)


def _advice_on_shape(shape: tuple[int, ...], labels: NDArray[Any]) -> str:
    """What makes pictures of an array of another shape, if that is certain."""
    side = square_side(shape[-1]) if shape else None
    if len(shape) == 1 and side:
        return (
            f" A single picture whose pixels are a row becomes images.reshape(1, {side}, {side})."
        )
    if len(shape) != 2:
        return ""
    rows, columns = shape
    # (16, 16) is one picture, unless there are labels for 16 of 4x4.
    if side and (rows != columns or labels.size == rows):
        return f" Pictures whose pixels are a row each become images.reshape(-1, {side}, {side})."
    if min(rows, columns) < 2:
        return ""
    return " For a single picture add the first axis: images[None]."


def _checked_classes(classes: Sequence[str]) -> tuple[str, ...]:
    try:
        if isinstance(classes, AbstractSet):
            raise TypeError("a set has no order")  # noqa: TRY301  (as anything without one)
        names = tuple(map(str, islice(classes, _MOST_CLASSES + 1)))
        count = len(classes) if isinstance(classes, Sized) else len(names)
    except Exception as error:
        raise LabelError(
            f"classes={shown(classes)} are not the names of the classes; expected a list of them, "
            "in the order of their numbers, such as ['zero', 'one']."
        ) from error
    if not 1 <= count <= _MOST_CLASSES:
        raise LabelError(f"There are {count} classes; labels are uint8, for 1 to 256.")
    return names


def _checked_labels(
    given: NDArray[Any], num_images: int, classes: Sequence[str] | None
) -> NDArray[np.uint8]:
    array = _column(given)
    if array.shape != (num_images,):
        raise LabelError(
            f"There are {num_images:,} images, but the labels have the shape {array.shape}; "
            f"expected ({num_images},), one class number an image."
            + _advice_on_labels(array, num_images)
        )
    if not np.issubdtype(array.dtype, np.integer):
        raise LabelError(
            "Labels are class numbers, integers from 0; these are of type "
            f"{str(array.dtype)[:60]}.{_advice_on_type(array)}"
        )
    limit = _MOST_CLASSES if classes is None else len(classes)
    smallest, largest = int(array.min()), int(array.max())
    if smallest < 0 or largest >= limit:
        raise LabelError(
            f"The labels go from {smallest} to {largest}; expected 0 to {limit - 1}"
            + (f" for the {len(classes)} classes." if classes is not None else ".")
        )
    return array.astype(np.uint8, copy=False)


def _column(array: NDArray[Any]) -> NDArray[Any]:
    """An array of shape (n, 1) as one of shape (n,): the same values, in the same order."""
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _advice_on_labels(array: NDArray[Any], num_images: int) -> str:
    """What makes class numbers of labels of another shape, if that is certain."""
    if array.ndim == 2 and len(array) == num_images and _is_one_hot(array):
        return " One-hot labels become class numbers with labels.argmax(axis=1)."
    if array.ndim > 1 and array.size == num_images:
        return " They become one row with labels.ravel()."
    return ""


def _is_one_hot(array: NDArray[Any]) -> bool:
    if array.dtype.kind not in "biuf":
        return False
    is_zero, is_one = array == 0, array == 1
    return bool((is_zero | is_one).all() and (is_one.sum(axis=1) == 1).all())


def _advice_on_type(array: NDArray[Any]) -> str:
    """What makes class numbers of labels of another type, if they are some."""
    try:
        with np.errstate(invalid="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of complex numbers
            whole_numbers = array.astype(np.int64)
        is_whole = array.dtype.kind in "US" or bool((whole_numbers == array).all())
    except Exception:  # noqa: BLE001  (texts, or objects that compare as they like)
        is_whole = False
    if is_whole and whole_numbers.min() >= 0 and whole_numbers.max() < _MOST_CLASSES:
        return " They become integers with labels.astype(int)."
    if array.dtype.kind in "USO":
        return (
            " Names become numbers with numpy.unique(labels, return_inverse=True), which returns "
            "the classes and the labels."
        )
    return " Some are no class numbers at all."


def _checked_writers(given: ArrayLike, num_images: int) -> Writers:
    array = _column(as_array(given, "writers", LabelError))
    if array.shape != (num_images,):
        raise LabelError(
            f"There are {num_images:,} images, but the writers have the shape {array.shape}; "
            "expected one writer an image."
        )
    is_integer = np.issubdtype(array.dtype, np.integer)
    if not is_integer or int(array.max()) > np.iinfo(np.int64).max:
        raise LabelError(
            f"Writers are integers of at most 64 bits; these are of type {str(array.dtype)[:60]}. "
            "Names become numbers with numpy.unique(writers, return_inverse=True)[1]."
        )
    return array.astype(np.int64, copy=False)


def _index(key: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(key)
    except Exception as error:  # of NumPy, or of whatever object it was asked to convert
        raise IndexError(f"{shown(key)} is no list of positions: {error}.") from error


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
