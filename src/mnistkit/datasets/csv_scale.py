"""In which range the pixels of a table are, and how they come to 0-255."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets.csv_cells import Cells

logger = logging.getLogger(__name__)

_OPTDIGITS_SIDE, _OPTDIGITS_LARGEST = 8, 16


def scaled(parts: list[Cells]) -> list[NDArray[np.uint8]]:
    """Tables whose pixels are in 0-255, the label where it was.

    Parameters
    ----------
    parts : list of Cells
        All that belongs to one data set, so that all is scaled alike. Where the label is must be
        known.

    Raises
    ------
    CsvError
        If a label is a fraction, or some pixels are fractions and others go beyond 1.

    Notes
    -----
    What is not 0-255 already, is logged: fractions of 1 are multiplied by 255; pixels that are
    all 0 or 1 are taken for black and white, and multiplied by 255 as well, with a warning;
    pictures of 8x8 that do not go beyond 16 are UCI's, and multiplied by 255/16. The results are
    rounded.
    """
    largest = max((_largest(part) for part in parts), default=0)
    _check_fractions(parts, largest)
    factor = _factor(parts, largest)
    return [_times(part, factor) for part in parts]


def _largest(part: Cells) -> float:
    return float(_pixels(part).max())


def _pixels(part: Cells) -> NDArray[np.uint8] | NDArray[np.float64]:
    return part.values[:, 1:] if part.columns.label_at == 0 else part.values[:, :-1]


def _check_fractions(parts: list[Cells], largest: float) -> None:
    for part in parts:
        if part.is_whole:
            continue
        is_fraction = part.values != np.rint(part.values)
        label = 0 if part.columns.label_at == 0 else part.values.shape[1] - 1
        if largest <= 1:
            is_fraction[:, [at for at in range(is_fraction.shape[1]) if at != label]] = False
        if is_fraction.any():
            row, column = (int(place[0]) for place in is_fraction.nonzero())
            raise part.refusal(row, column)


def _factor(parts: list[Cells], largest: float) -> float:
    file, side = parts[0].file, parts[0].columns.side
    if not all(part.is_whole for part in parts):
        logger.info("The pixels of %r are fractions of 1; multiplied by 255.", file)
        return 255
    if largest == 1:
        logger.warning(
            "The pixels of %r are all 0 or 1; taken for black and white, and multiplied by 255. "
            "If they are levels of grey of 0-255, use Dataset.from_arrays.",
            file,
        )
        return 255
    if side == _OPTDIGITS_SIDE and 1 < largest <= _OPTDIGITS_LARGEST:
        logger.info("The pixels of %r are 8x8 in 0-16, as UCI's; multiplied by 255/16.", file)
        return 255 / _OPTDIGITS_LARGEST
    return 1


def _times(part: Cells, factor: float) -> NDArray[np.uint8]:
    if factor == 1:
        return part.values.astype(np.uint8, copy=False)
    table = part.values.astype(np.float64)
    _, width = table.shape
    pixels = slice(1, width) if part.columns.label_at == 0 else slice(0, width - 1)
    table[:, pixels] = np.rint(table[:, pixels] * factor)
    return table.astype(np.uint8)
