"""Split: some images, their labels, and, where they are known, their writers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets import holdout
from mnistkit.datasets.given import whole
from mnistkit.datasets.split_checks import (
    Labels,
    checked_classes,
    checked_images,
    checked_labels,
)
from mnistkit.datasets.writers import Writers, joined, writers_of
from mnistkit.errors import LabelError, SplitError
from mnistkit.images.arrays import as_array
from mnistkit.images.normalize import to_unit_floats
from mnistkit.messages import shown


class Split:
    """Images with their labels: a part of a data set, such as the training part.

    A split behaves like a sequence: it has a length, and ``split[:5000]``, ``split[mask]`` and
    ``split[indices]`` are splits too.

    It does not change: its attributes cannot be set, and its images, labels and writers are
    read-only views. Arrays that have the right type already (uint8; int64 for writers) are not
    copied, so whoever writes to the array that was given changes the split too; give a copy where
    that may happen.

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
    loaded_as : str, default ""
        The name that `load_dataset` was given, if it came from there.

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

    classes: tuple[str, ...]
    dataset: str
    part: str
    loaded_as: str
    _images: NDArray[np.uint8]
    _labels: Labels
    _writers: Writers | None

    def __init__(
        self,
        images: ArrayLike,
        labels: ArrayLike,
        *,
        classes: Sequence[str] | None = None,
        writers: ArrayLike | Callable[[], ArrayLike] | None = None,
        dataset: str = "",
        part: str = "",
        loaded_as: str = "",
    ) -> None:
        given = as_array(labels, "labels", LabelError)
        checked = checked_images(images, given)
        names = None if classes is None else checked_classes(classes)
        numbers = checked_labels(given, len(checked), names)
        vars(self).update(
            classes=names or tuple(map(str, range(int(numbers.max()) + 1))),
            dataset=dataset,
            part=part,
            loaded_as=loaded_as,
            _images=checked,
            _labels=numbers,
            _writers=None if writers is None else writers_of(writers, len(checked)),
        )

    @property
    def images(self) -> NDArray[np.uint8]:
        """The images, uint8 (n, height, width), 0 = paper, 255 = ink; read-only."""
        return _read_only(self._images)

    @property
    def labels(self) -> Labels:
        """The class numbers, uint8 (n,), or uint16 for more than 256 classes; read-only."""
        return _read_only(self._labels)

    @property
    def writers(self) -> NDArray[np.int64] | None:
        """Who wrote each image, int64 (n,), or None where that is not known.

        Some data sets keep the writers in a file of its own, which is fetched when they are first
        asked for.
        """
        return None if self._writers is None else _read_only(self._writers())

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

    @classmethod
    def concatenate(cls, splits: Sequence[Split]) -> Split:
        """Several splits one after the other, such as the training parts of two data sets.

        Writers are known if they are known for all; the same number is the same person only in
        splits of one data set. The data set and the part keep their names where all have the same.

        Parameters
        ----------
        splits : sequence of Split
            Of the same classes, with images of the same shape.

        Raises
        ------
        SplitError
            If there are none, or if their classes or the shapes of their images differ.

        Examples
        --------
        >>> import mnistkit
        >>> digits = mnistkit.load_dataset("digits")
        >>> Split.concatenate([digits.train, digits.test])
        <Split digits: 1,797 images of 28x28, 10 classes>
        """
        splits = _checked_splits(splits)
        first = splits[0]
        same = {
            name: getattr(first, name) if len({getattr(one, name) for one in splits}) == 1 else ""
            for name in ("dataset", "part", "loaded_as")
        }
        writers = [one._writers for one in splits]  # noqa: SLF001  (the same class)
        return cls(
            np.concatenate([one.images for one in splits]),
            np.concatenate([one.labels for one in splits]),
            classes=first.classes,
            writers=joined(writers, [one.dataset for one in splits]),
            **same,
        )

    def replace(
        self,
        *,
        images: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        classes: Sequence[str] | None = None,
        writers: ArrayLike | Callable[[], ArrayLike] | None = None,
        dataset: str | None = None,
        part: str | None = None,
        loaded_as: str | None = None,
    ) -> Split:
        """The same with some parts replaced, each as the class takes it.

        With other images or labels it is no longer what `load_dataset` returned, so `loaded_as`
        becomes empty.

        Raises
        ------
        ImageError, LabelError
            As the class does.

        Examples
        --------
        >>> import numpy as np
        >>> split = Split(np.zeros((3, 28, 28), dtype=np.uint8), [0, 1, 2])
        >>> split.replace(labels=split.labels % 2, classes=["even", "odd"]).labels
        array([0, 1, 0], dtype=uint8)
        """
        if images is not None or labels is not None:
            loaded_as = loaded_as or ""
        names = {"dataset": dataset, "part": part, "loaded_as": loaded_as}
        kept = {name: getattr(self, name) if new is None else new for name, new in names.items()}
        if images is labels is classes is writers is None:
            return self._with(**kept)
        return Split(
            self._images if images is None else images,
            self._labels if labels is None else labels,
            classes=self.classes if classes is None else classes,
            writers=self._writers if writers is None else writers,
            **kept,
        )

    def take(
        self, count: int, *, by: Literal["class"] | None = None, seed: int | None = None
    ) -> Split:
        """Some of the images, in the order that they have here; all of them if there are fewer.

        Parameters
        ----------
        count : int
            How many, 1 or more.
        by : {"class"}, optional
            None: the first images. ``"class"``: images drawn at random, of each class its share,
            to within one image.
        seed : int, optional
            The same seed draws the same images; 0 by default. Only with ``by="class"``.

        Raises
        ------
        SplitError
            If a setting is wrong.

        Examples
        --------
        >>> import mnistkit
        >>> train = mnistkit.load_dataset("digits").train
        >>> train.take(100, by="class", seed=0)
        <Split digits train: 100 images of 28x28, 10 classes>
        """
        count = whole(count, "count", at_least=1)
        if by is None:
            if seed is not None:
                raise SplitError(
                    f"seed={shown(seed)} has no effect on which images come first; use "
                    "split.take(count, by='class', seed=...), or leave the seed out."
                )
            return self[:count]
        if not isinstance(by, str) or by != "class":
            raise SplitError(
                f"by={shown(by)} is not a way to take images; use 'class', or None for the first."
            )
        seed = whole(0 if seed is None else seed, "seed", at_least=0)
        return self if count >= len(self) else self[holdout.by_class(self._labels, count, seed)]

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
        writers = self._writers_for(by)
        if writers is None:
            held_out = holdout.by_class(self._labels, holdout.count(fraction, len(self)), seed)
        else:
            held_out = holdout.by_writer(writers, holdout.count(fraction, len(self)), seed)
        return self._parted(held_out)

    def kfold(
        self, k: int, *, by: Literal["class", "writer"] = "class", seed: int = 0
    ) -> Iterator[tuple[Split, Split]]:
        """Divide the images into `k` parts and hold out each of them once, for cross-validation.

        Parameters
        ----------
        k : int
            How many parts, 2 or more.
        by : {"class", "writer"}, default "class"
            ``"class"``: each part has its share of every class, to within one image, and the parts
            are of one size, to within one image. ``"writer"``: nobody has written in two parts;
            the parts are about as large as each other.
        seed : int, default 0
            The same seed divides in the same way.

        Returns
        -------
        iterator of tuple of (Split, Split)
            Of each of the `k` turns the rest and the part held out, in the order that the images
            have here. A held out part of the training part is called ``"validation"``.

        Raises
        ------
        SplitError
            If there are fewer images or writers than parts, or the writers are not known, or a
            setting is wrong.

        References
        ----------
        M. Stone, "Cross-validatory choice and assessment of statistical predictions", Journal of
        the Royal Statistical Society B 36 (1974), 111-147.

        Examples
        --------
        >>> import mnistkit
        >>> train = mnistkit.load_dataset("digits").train
        >>> [len(validation) for _, validation in train.kfold(5)]
        [288, 288, 287, 287, 287]
        """
        k, seed = whole(k, "k", at_least=2), whole(seed, "seed", at_least=0)
        writers = self._writers_for(by)
        if writers is None:
            part_of = holdout.folds_by_class(self._labels, k, seed)
        else:
            part_of = holdout.folds_by_writer(writers, k, seed)
        return (self._parted(part_of == number) for number in range(k))

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
        images = self._images[index]
        if len(images) == 0:
            raise SplitError(f"{shown(key)} selects none of the {len(self):,} images of {self!r}.")
        writers = None if self._writers is None else self._writers.part(index)
        return self._with(_images=images, _labels=self._labels[index], _writers=writers)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(
            f"A split does not change, so its {name!r} cannot be set. Make another one, for "
            "instance with split.replace(labels=...)."
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"A split does not change, so its {name!r} cannot be deleted.")

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

    def _with(self, **state: Any) -> Split:
        """The same with some attributes changed; they are checked already."""
        other = object.__new__(Split)
        vars(other).update(vars(self) | state)
        return other

    def _parted(self, held_out: NDArray[np.bool_]) -> tuple[Split, Split]:
        """The rest, and the part that is held out: of the training part, the validation part."""
        rest, part = self[~held_out], self[held_out]
        return rest, part.replace(part="validation") if part.part == "train" else part

    def _writers_for(self, by: Any) -> NDArray[np.int64] | None:
        """The writers, if the images are to be divided by them."""
        if not isinstance(by, str) or by not in ("class", "writer"):
            raise SplitError(f"by={shown(by)} is not a way to split; use 'class' or 'writer'.")
        if by == "class":
            return None
        if self.writers is None:
            raise SplitError(
                f"The writers of {self.name or 'this split'!r} are not known, so it cannot be "
                "split by writer. Use by='class', or give Split(..., writers=...)."
            )
        return self.writers


def writable_arrays(split: Split) -> tuple[NDArray[np.uint8], Labels]:
    """The arrays behind a split that nobody else uses, writable and without a copy."""
    return split._images, split._labels  # noqa: SLF001  (the same file)


def _checked_splits(splits: Sequence[Split]) -> list[Split]:
    """Splits that fit together, at least one; else a SplitError."""
    if isinstance(splits, Split) or not isinstance(splits, Iterable):
        raise SplitError(f"{shown(splits)} is not a list of splits; use Split.concatenate([a, b]).")
    given = list(splits)
    for one in given:
        if not isinstance(one, Split):
            raise SplitError(f"{shown(one)} is not a split; expected a list of mnistkit.Split.")
        if one.classes != given[0].classes:
            raise SplitError(
                f"One split has the classes {given[0].classes}, another {one.classes}; they must "
                "be the same. Use split.replace(labels=..., classes=...)."
            )
        if one.images.shape[1:] != given[0].images.shape[1:]:
            raise SplitError(
                f"One split has images of shape {given[0].images.shape[1:]}, another "
                f"{one.images.shape[1:]}; they must be the same."
            )
    if not given:
        raise SplitError("There are no splits to concatenate; give at least one.")
    return given


def _index(key: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(key)
    except Exception as error:  # of NumPy, or of whatever object it was asked to convert
        raise IndexError(f"{shown(key)} is no list of positions: {error}.") from error


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
