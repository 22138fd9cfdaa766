"""Whether the label of a table without a header is its first column or its last."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import CsvError

_LARGEST_LABEL = 61  # EMNIST's 62 classes; a number above it is taken for a pixel
_LARGEST_SHARE = 0.75  # of the lines that one label may have
_MOST_DIFFERENT = 10  # lines that may have a label each that no other has
_PAPER = (0, 255)
_MOST_SHOWN = 6


def label_end(file: str, ends: NDArray[Any]) -> Literal[0, -1]:
    """Which end of the lines is the label: 0 for the first column, -1 for the last.

    Parameters
    ----------
    file : str
        The name, for the message.
    ends : numpy.ndarray, shape (lines, 4)
        The first two columns and the last two.

    Raises
    ------
    CsvError
        If it is not certain.

    Notes
    -----
    A column *is like a label* if it holds whole numbers up to 61, at least two of them, none of
    them in more than three quarters of the lines; and, if there are more than ten lines, one of
    them twice, unlike numbers of rows. It *cannot be the label* if it is always 0 or always 255 (as
    the pixels in the corners of most pictures are), or holds a larger number, or a fraction. Only
    if one end is like a label and the other cannot be, it is taken; and only if its neighbour,
    which is a pixel for certain, is unlike it: mostly of one value, or mostly above 61. Otherwise
    the label may be the other end, with numbers above 61 or of one class only, and this end a
    pixel of dark, noisy paper. A table of one class needs a header, or ``label=``.
    """
    first, second, last_but_one, last = ends.T
    if _is_like_a_label(first, second) and _cannot_be_a_label(last):
        return 0
    if _is_like_a_label(last, last_but_one) and _cannot_be_a_label(first):
        return -1
    raise CsvError(
        f"{file!r} has no header, and it is not certain whether the label is the first column "
        f'({_shown(first)}) or the last ({_shown(last)}). Pass label="first" or '
        'label="last", or add a header: label, pixel0, pixel1, ...'
    )


def _is_like_a_label(column: NDArray[Any], neighbour: NDArray[Any]) -> bool:
    if _largest_share(column) > _LARGEST_SHARE or _holds_no_labels(column):
        return False
    if len(column) > _MOST_DIFFERENT and len(np.unique(column)) == len(column):
        return False  # numbers of rows
    return _largest_share(neighbour) > _LARGEST_SHARE or np.median(neighbour) > _LARGEST_LABEL


def _cannot_be_a_label(column: NDArray[Any]) -> bool:
    is_corner = bool((column == column[0]).all()) and column[0] in _PAPER
    return is_corner or _holds_no_labels(column)


def _largest_share(column: NDArray[Any]) -> float:
    """In which share of the lines the most frequent value is."""
    return float(np.unique(column, return_counts=True)[1].max()) / len(column)


def _holds_no_labels(column: NDArray[Any]) -> bool:
    return bool(((column > _LARGEST_LABEL) | (column != np.rint(column))).any())


def _shown(column: NDArray[Any]) -> str:
    values = np.unique(column)
    if len(values) == 1:
        return f"always {values[0]:g}"
    listed = ", ".join(f"{value:g}" for value in values[:_MOST_SHOWN])
    return listed + (", ..." if len(values) > _MOST_SHOWN else "")
