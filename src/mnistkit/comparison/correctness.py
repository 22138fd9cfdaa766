"""Which images each training of a contender got right, and what the statistics need of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.errors import ComparisonError
from mnistkit.messages import shown


@dataclass(frozen=True, eq=False)
class Units:
    """What was drawn by chance among the test images: writers where they are known, else images.

    Attributes
    ----------
    of_image : numpy.ndarray of int64, shape (images,)
        The number of each image's unit, from 0.
    sizes : numpy.ndarray of int64, shape (units,)
        How many images each unit has.
    are_writers : bool
    """

    of_image: NDArray[np.int64]
    sizes: NDArray[np.int64]
    are_writers: bool

    @property
    def num_images(self) -> int:
        """How many images there are."""
        return len(self.of_image)

    def sums(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Add up the images of each unit: (seeds, images) to (seeds, units)."""
        if not self.are_writers:
            return values.astype(np.float64)
        return np.array(
            [np.bincount(self.of_image, weights=row, minlength=len(self.sizes)) for row in values]
        )


def units_of(writers: ArrayLike | None, num_images: int) -> Units:
    """The units of so many images; a ComparisonError if the writers do not suit them."""
    if writers is None:
        return _checked(Units(np.arange(num_images), np.ones(num_images, np.int64), False))
    given = np.asarray(writers)
    if given.shape != (num_images,) or given.dtype == object:
        raise ComparisonError(
            f"The writers have the shape {given.shape} and the type {given.dtype}; expected "
            f"({num_images},), a number or a name for each image. Give split.writers, or None if "
            "the writers are not known."
        )
    _, of_image, sizes = np.unique(given, return_inverse=True, return_counts=True)
    return _checked(Units(of_image, sizes, True))


def _checked(units: Units) -> Units:
    if len(units.sizes) < 2:
        raise ComparisonError(
            "All images are by one writer; how much another writer would change needs two at "
            "least. With writers=None every image counts as independent of the others."
            if units.are_writers
            else "There is one image; how much chance is in the choice of the "
            "images needs two at least."
        )
    return units


def checked_correct(correct: ArrayLike, name: str) -> NDArray[np.bool_]:
    """Right or wrong for each seed and image, bool (seeds, images); else a ComparisonError."""
    try:
        given = np.asarray(correct)
    except ValueError:  # rows of different lengths
        given = np.empty(0, dtype=object)
    if given.dtype != bool or given.ndim != 2 or given.size == 0:
        raise ComparisonError(
            f"What {shown(name)} got right has the shape {given.shape} and the type {given.dtype}; "
            "expected booleans (seeds, images), a row for each training, all of the same images: "
            "numpy.stack([result.correct for result in evaluations])."
        )
    return given


def checked_contenders(correct: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.bool_]]:
    """All contenders, measured on the same number of images; else a ComparisonError."""
    if (
        not isinstance(correct, Mapping)
        or not correct
        or not all(isinstance(name, str) for name in correct)
    ):
        raise ComparisonError(
            f"The contenders are {shown(correct)}; expected a dictionary of at least one: "
            "{name: booleans (seeds, images)}."
        )
    checked = {name: checked_correct(given, name) for name, given in correct.items()}
    counts = {name: given.shape[1] for name, given in checked.items()}
    if len(set(counts.values())) > 1:
        raise ComparisonError(
            "The contenders were measured on different numbers of images, "
            f"{', '.join(f'{shown(name)} on {count:,}' for name, count in counts.items())}; "
            "expected the same images in the same order. Evaluate all of them on one split."
        )
    return checked
