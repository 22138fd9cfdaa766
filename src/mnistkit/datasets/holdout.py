"""Which images to set aside: the arithmetic of `Split.holdout`, `kfold` and `take`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets.given import share
from mnistkit.errors import SplitError


def by_class(labels: NDArray[np.integer], wanted: int, seed: int) -> NDArray[np.bool_]:
    """Mark so many images, the same share of every class to within one image.

    Each class gets its share rounded down; the images still missing go to the classes that lost
    most by rounding (the method of largest remainders), equal ones by lot.
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(labels))
    classes, sizes = np.unique(labels, return_counts=True)
    shares = sizes * (wanted / len(labels))
    counts = np.floor(shares).astype(np.int64)
    by_loss = np.lexsort((generator.random(len(classes)), counts - shares))
    counts[by_loss[: wanted - counts.sum()]] += 1
    marked = np.zeros(len(labels), dtype=bool)
    for label, count in zip(classes, counts, strict=True):
        marked[order[labels[order] == label][:count]] = True
    return marked


def by_writer(writers: NDArray[np.int64], wanted: int, seed: int) -> NDArray[np.bool_]:
    """Mark all images of some writers, drawn at random until as near to so many as it gets."""
    ids, counts = np.unique(writers, return_counts=True)
    if len(ids) < 2:
        raise SplitError(
            f"All {len(writers):,} images are by one writer; a split by writer needs at least two. "
            "Use by='class'."
        )
    order = np.random.default_rng(seed).permutation(len(ids))
    totals = np.cumsum(counts[order])[:-1]  # at least one writer stays on the other side
    chosen = order[: int(np.argmin(np.abs(totals - wanted))) + 1]
    return np.isin(writers, ids[chosen])


def folds_by_class(labels: NDArray[np.integer], k: int, seed: int) -> NDArray[np.int64]:
    """The part, 0 to k - 1, of each image: parts of one size, with their share of every class."""
    _refuse_fewer(len(labels), "images", k)
    order = np.random.default_rng(seed).permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    folds[by_class] = np.arange(len(labels)) % k  # dealt out like cards, class after class
    return folds


def folds_by_writer(writers: NDArray[np.int64], k: int, seed: int) -> NDArray[np.int64]:
    """The part, 0 to k - 1, of each image: all of a writer's images are in one part.

    Who wrote most comes first, equal ones by lot; each goes to the part that is smallest so far.
    """
    ids, position, counts = np.unique(writers, return_inverse=True, return_counts=True)
    _refuse_fewer(len(ids), "writers", k)
    fold_of_id = np.empty(len(ids), dtype=np.int64)
    sizes = np.zeros(k, dtype=np.int64)
    for one in np.lexsort((np.random.default_rng(seed).random(len(ids)), -counts)):
        fold_of_id[one] = smallest = sizes.argmin()
        sizes[smallest] += counts[one]
    return fold_of_id[position]


def _refuse_fewer(count: int, what: str, k: int) -> None:
    if count < k:
        raise SplitError(f"{count:,} {what} cannot be divided into k={k:,} parts; use a smaller k.")


def count(fraction: float, total: int) -> int:
    """How many images a fraction of them is; else a SplitError."""
    wanted = round(share(fraction, "fraction") * total)
    if not 0 < wanted < total:
        raise SplitError(
            f"A fraction of {float(fraction)!r} of {total:,} images leaves one part empty; "
            "take more images or another fraction."
        )
    return wanted
