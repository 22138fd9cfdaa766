"""Dataset: a training split, a test split, and what is known about them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from mnistkit.datasets.given import is_number, share
from mnistkit.datasets.info import DatasetInfo
from mnistkit.datasets.split import Split
from mnistkit.datasets.split_checks import MOST_CLASSES
from mnistkit.errors import LabelError, SplitError
from mnistkit.images.arrays import as_array
from mnistkit.messages import shown

AnyPath = str | os.PathLike[str]
_DEFAULT_TEST = 0.2


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Training and test images of one source. It does not change.

    Parameters
    ----------
    train, test : Split
        The two parts, with the same classes and the same size of image.
    info : DatasetInfo
        Where it comes from.

    Raises
    ------
    SplitError
        If the two parts have different classes or sizes of image.

    Examples
    --------
    >>> import mnistkit
    >>> mnistkit.load_dataset("digits")
    <Dataset digits: 1,437 + 360 images of 28x28, 10 classes>
    """

    train: Split
    test: Split
    info: DatasetInfo

    def __post_init__(self) -> None:
        train, test = self.train, self.test
        if train.classes != test.classes:
            raise SplitError(
                f"The training part has the classes {train.classes}, the test part "
                f"{test.classes}; they must be the same. Give the classes when you make them."
            )
        if train.images.shape[1:] != test.images.shape[1:]:
            raise SplitError(
                f"The training images are of shape {train.images.shape[1:]}, the test images "
                f"{test.images.shape[1:]}; they must be the same."
            )

    @property
    def classes(self) -> tuple[str, ...]:
        """What the classes are called, in the order of their numbers."""
        return self.train.classes

    def __repr__(self) -> str:
        size = "x".join(map(str, self.train.images.shape[1:]))
        return (
            f"<Dataset {self.info.name}: {len(self.train):,} + {len(self.test):,} images "
            f"of {size}, {len(self.classes)} classes>"
        )

    @classmethod
    def from_splits(cls, train: Split, test: Split | float, info: DatasetInfo) -> Dataset:
        """A data set from one or two splits.

        Parameters
        ----------
        train : Split
            The training part, or everything if `test` is a fraction.
        test : Split or float
            The test part, or the share of every class to set aside for it (with seed 0).
        info : DatasetInfo
        """
        if not isinstance(test, Split):
            train, test = train.holdout(test, by="class", seed=0)
        train = train.replace(dataset=info.name, part="train")
        return cls(train, test.replace(dataset=info.name, part="test"), info)

    @classmethod
    def from_arrays(
        cls,
        train: tuple[ArrayLike, ArrayLike],
        test: tuple[ArrayLike, ArrayLike] | float = _DEFAULT_TEST,
        *,
        classes: Sequence[str] | None = None,
        name: str = "arrays",
    ) -> Dataset:
        """A data set from arrays.

        Parameters
        ----------
        train : (images, labels)
            Images (n, height, width), integers 0-255 or floats in [0, 1], white ink on black;
            labels (n,), class numbers from 0.
        test : (images, labels) or float, default 0.2
            The test part, or the share of every class to set aside for it.
        classes : sequence of str, optional
            What the classes are called; by default their numbers.
        name : str, default "arrays"

        Raises
        ------
        ImageError, LabelError, SplitError
            If the arrays do not fit the description.

        Examples
        --------
        >>> import numpy as np
        >>> images = np.random.default_rng(0).integers(0, 256, (10, 28, 28), dtype=np.uint8)
        >>> Dataset.from_arrays((images, [0, 1] * 5), classes=["no", "yes"])
        <Dataset arrays: 8 + 2 images of 28x28, 2 classes>
        """
        parts = [_pair(train, "train")]
        if not is_number(test):
            parts.append(_pair(test, "test", or_else=" or a share of the images, such as 0.2"))
        if classes is None:
            classes = _numbered(max(_largest(labels) for _, labels in parts) + 1)
        first = Split(*parts[0], classes=classes)
        info = DatasetInfo(name, title="own arrays", classes=first.classes)
        if len(parts) == 1:
            return cls.from_splits(first, share(test, "test"), info)
        return cls.from_splits(first, Split(*parts[1], classes=first.classes), info)

    @classmethod
    def from_idx(
        cls,
        train_images: AnyPath,
        train_labels: AnyPath,
        test_images: AnyPath | None = None,
        test_labels: AnyPath | None = None,
        *,
        classes: Sequence[str] | None = None,
    ) -> Dataset:
        """A data set from IDX files, plain or gzipped, as MNIST is published.

        Parameters
        ----------
        train_images, train_labels : str or path-like
        test_images, test_labels : str or path-like, optional
            Without them a fifth of every class is set aside as the test part.
        classes : sequence of str, optional

        Raises
        ------
        IdxError
            If a file is damaged or no IDX file.
        ImageError, LabelError
            If the arrays in the files do not fit together.
        """
        from mnistkit.datasets.idx import read_idx

        train = (read_idx(train_images), read_idx(train_labels))
        if test_images is None or test_labels is None:
            if test_images is not test_labels:
                raise SplitError("Give both test_images and test_labels, or neither.")
            return cls.from_arrays(train, classes=classes, name=_stem(train_images))
        test = (read_idx(test_images), read_idx(test_labels))
        return cls.from_arrays(train, test, classes=classes, name=_stem(train_images))

    @classmethod
    def from_npz(cls, path: AnyPath, *, classes: Sequence[str] | None = None) -> Dataset:
        """A data set from a NumPy archive with Keras' names.

        Parameters
        ----------
        path : str or path-like
            Holds ``x_train`` and ``y_train``, and ``x_test`` and ``y_test`` unless a fifth of
            every class is to be set aside. Pickled objects are refused.
        classes : sequence of str, optional

        Raises
        ------
        NpzError
            If an array is missing or pickled, or the archive is damaged.
        """
        from mnistkit.files.archives import read_archive

        arrays = read_archive(path, required=("x_train", "y_train"), optional=("x_test", "y_test"))
        train = (arrays["x_train"], arrays["y_train"])
        test = (arrays["x_test"], arrays["y_test"]) if "x_test" in arrays else _DEFAULT_TEST
        return cls.from_arrays(train, test, classes=classes, name=_stem(path))

    @classmethod
    def from_csv(
        cls,
        train: AnyPath,
        test: AnyPath | None = None,
        *,
        classes: Sequence[str] | None = None,
        label: str = "auto",
    ) -> Dataset:
        """A data set from tables: one line per image, with a label and one column per pixel.

        Parameters
        ----------
        train : str or path-like
            Separated by commas, semicolons or tabs, plain or gzipped; pixels 0-255 row by row.
            With a header such as ``label``, ``pixel0``, ``pixel1``, ... as Kaggle's, or without.
        test : str or path-like, optional
            A file of the same form; otherwise a fifth of every class is set aside.
        classes : sequence of str, optional
        label : {"auto", "first", "last"} or str, default "auto"
            Which column is the label; or its name in the header. ``"auto"`` goes by the names in
            the header. Without one it looks at the values of the first and the last column, and
            refuses the table if they leave a doubt.

        Raises
        ------
        CsvError
            If a column is missing or unknown, a cell is no pixel, or it is not certain which
            column is the label.

        Notes
        -----
        The label is the column ``label``, ``class``, ``target``, ``digit`` or ``y``; the others
        are numbered from 0 or 1 (``pixel0``, ``x1``, ``0``), or by row and column (``1x1``).
        Numbers of rows (``id``, ``index``, no name) are left out.

        Pixels that are fractions of 1, or all 0 or 1, are multiplied by 255; pictures of 8x8 in
        0-16, as UCI's, by 255/16. Either is logged.
        """
        from mnistkit.datasets.csv_table import read_csvs

        parts = read_csvs([train] if test is None else [train, test], label=label)
        return cls.from_arrays(*parts, classes=classes, name=_stem(train))

    @classmethod
    def from_folder(
        cls,
        path: AnyPath,
        *,
        test: float = _DEFAULT_TEST,
        ink: Literal["auto", "dark", "light"] = "auto",
        prepare: Callable[[Path], ArrayLike] | None = None,
    ) -> Dataset:
        """A data set from a folder with one sub-folder of pictures a class.

        Parameters
        ----------
        path : str or path-like
            ``path/<class>/<picture>``; or ``path/train/<class>/<picture>`` and
            ``path/test/<class>/<picture>``. Pictures in deeper folders belong to the class folder
            that they are in.
        test : float, default 0.2
            The share of every class to set aside, if there is no ``test`` folder, nor a ``val``,
            ``valid``, ``validation`` or ``dev`` folder to take its place.
        ink : {"auto", "dark", "light"}, default "auto"
            Whether the ink is darker or lighter than the paper; ``"auto"`` takes the border of
            each picture for paper.
        prepare : function, optional
            What brings a file to a picture of 28x28, light ink on black. For photos
            `mnistkit.prepare_digit` does, the way `mnistkit.recognize` does.

        Notes
        -----
        If the names of all class folders are decimal numbers, they are the class numbers: the
        classes go from 0 to the largest number, at least to 9, and those without a folder have no
        pictures. So the labels are the digits, even if there is only a folder ``7``. (Numbers
        above 255 are names.) Otherwise the classes are the names of the folders with pictures, in
        the order of the alphabet.

        What operating systems leave in folders is passed over. A warning, logged, says what else
        was not used, such as empty folders or files that are no pictures, and which pictures show
        no ink; these stay in the data as blank images.

        Without `prepare`, pictures are read as `mnistkit.recognize` reads them. One of 28x28
        pixels is only inverted where needed; any other is brought to 28x28 the way MNIST's own
        pictures were made (see `mnistkit.images.geometry`).

        Raises
        ------
        ImageFolderError
            If there are no classes or no pictures, or a folder or picture cannot be read.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> from PIL import Image
        >>> folder = pathlib.Path(tempfile.mkdtemp(), "sevens")
        >>> (folder / "7").mkdir(parents=True)
        >>> for number in range(5):
        ...     Image.linear_gradient("L").save(folder / "7" / f"{number}.png")
        >>> data = Dataset.from_folder(folder)
        >>> data, data.test.labels
        (<Dataset sevens: 4 + 1 images of 28x28, 10 classes>, array([7], dtype=uint8))
        """
        from mnistkit.datasets.folder import read_folder

        parts, classes = read_folder(path, ink=ink, prepare=prepare)
        info = DatasetInfo(
            _stem(path), title="own pictures", classes=classes, conversion="MNIST's own recipe"
        )
        splits = {name: Split(*arrays, classes=classes) for name, arrays in parts.items()}
        return cls.from_splits(splits["train"], splits.get("test", test), info)


def _pair(given: Any, name: str, or_else: str = "") -> tuple[ArrayLike, ArrayLike]:
    """Images and labels, as a tuple, a list, or a Split with both."""
    if isinstance(given, Split):
        return given.images, given.labels
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise SplitError(
            f"{name}={shown(given)} is not what is expected: a pair (images, labels){or_else}."
        )
    return given[0], given[1]


def _largest(labels: ArrayLike) -> int:
    array = as_array(labels, "labels", LabelError)
    usable = array.size and np.issubdtype(array.dtype, np.integer)
    largest = int(array.max()) if usable else 0
    return largest if 0 <= largest < MOST_CLASSES else 0  # Split says what is wrong with others


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


def _stem(path: AnyPath) -> str:
    return Path(path).resolve().name.partition(".")[0]
