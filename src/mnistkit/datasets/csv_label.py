"""Whether the label of a table without a header is its first column or its last."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import CsvError

_LARGEST_LABEL = 61  # EMNIST's 62 classes; a number above it is taken for a pixel
_LARGEST_SHARE = 0.75  # of the lines that one label may have
_MOST_DIFFERENT = 10  # lines that may have a label each that no other has
_MOST_SHOWN = 6


def label_end(file: str, first: NDArray[Any], last: NDArray[Any]) -> Literal[0, -1]:
    """Which of two columns is the label: 0 for the first, -1 for the last.

    Parameters
    ----------
    file : str
        The name, for the message.
    first, last : numpy.ndarray
        The values of the two columns.

    Raises
    ------
    CsvError
        If it is not certain.

    Notes
    -----
    A column *is like a label* if it holds whole numbers up to 61, at least two of them, none of
    them in more than three quarters of the lines; and, if there are more than ten lines, one of
    them twice, unlike numbers of rows. It *cannot be the label* if it is constant (as
    the pixels in the corners of most pictures are), holds a larger number, or a fraction. Only
    if one of the two is like a label and the other cannot be, it is taken. A table of
    pictures of one class needs a header, or ``label=``: its label never varies.
    """
    if _is_like_a_label(first) and _cannot_be_a_label(last):
        return 0
    if _is_like_a_label(last) and _cannot_be_a_label(first):
        return -1
    raise CsvError(
        f"{file!r} has no header, and it is not certain whether the label is the first column "
        f'({_shown(first)}) or the last ({_shown(last)}). Pass label="first" or '
        'label="last", or add a header: label, pixel0, pixel1, ...'
    )


def _is_like_a_label(column: NDArray[Any]) -> bool:
    if _cannot_be_a_label(column):
        return False
    _, counts = np.unique(column, return_counts=True)
    is_repeated = len(column) <= _MOST_DIFFERENT or counts.max() > 1
    return bool(is_repeated and counts.max() <= _LARGEST_SHARE * len(column))


def _cannot_be_a_label(column: NDArray[Any]) -> bool:
    is_constant = bool((column == column[0]).all())
    return is_constant or bool(((column > _LARGEST_LABEL) | (column != np.rint(column))).any())


def _shown(column: NDArray[Any]) -> str:
    values = np.unique(column)
    if len(values) == 1:
        return f"always {values[0]:g}"
    listed = ", ".join(f"{value:g}" for value in values[:_MOST_SHOWN])
    return listed + (", ..." if len(values) > _MOST_SHOWN else "")
