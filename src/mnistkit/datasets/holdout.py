"""Which images to set aside: the arithmetic of `Split.holdout`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets.given import share
from mnistkit.errors import SplitError


def by_class(labels: NDArray[np.integer], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Mark the same share of every class, to within one image, and the right share of the whole.

    Each class gets its share rounded down; the images still missing go to the classes that lost
    most by rounding (the method of largest remainders), equal ones by lot.
    """
    wanted = _count(fraction, len(labels))
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


def by_writer(writers: NDArray[np.int64], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Mark all images of some writers, drawn at random until the share is as near as it gets."""
    wanted = _count(fraction, len(writers))
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


def _count(fraction: float, total: int) -> int:
    count = round(share(fraction, "fraction") * total)
    if not 0 < count < total:
        raise SplitError(
            f"A fraction of {float(fraction)!r} of {total:,} images leaves one part empty; "
            "take more images or another fraction."
        )
    return count
