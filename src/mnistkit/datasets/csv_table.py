"""Tables of pixels in Kaggle's layout: a label and one column a pixel."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import CsvError

_PIXEL = re.compile(r"pixel(\d+)")


def read_csv(path: str | os.PathLike[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read images and labels from a table.

    Parameters
    ----------
    path : str or path-like
        Comma-separated, gzipped if the name ends in ``.gz``. With a header the columns are
        ``label`` and ``pixel0``, ``pixel1``, ... in any order; without one the label comes first.

    Returns
    -------
    images : numpy.ndarray of uint8, shape (n, side, side)
    labels : numpy.ndarray of int64, shape (n,)

    Raises
    ------
    CsvError
        If a column is missing, the pixels do not form a square, or a cell is no whole number in
        0-255.
    """
    path = Path(path)
    header, second = _first_lines(path)
    has_header = not all(re.fullmatch(r"\s*-?\d+\s*", cell) for cell in header)
    label, pixels = _columns(path, header) if has_header else (0, list(range(1, len(header))))
    side = math.isqrt(len(pixels))
    if side == 0 or side * side != len(pixels):
        raise CsvError(
            f"{path.name!r} has {len(pixels)} pixel columns, which form no square picture; "
            "expected 784 for 28x28."
        )
    if has_header and not second.strip():
        raise CsvError(f"{path.name!r} has no lines of pixels after its header.")
    try:
        table = np.loadtxt(
            path, delimiter=",", skiprows=int(has_header), dtype=np.int64, ndmin=2,
        )  # fmt: skip
    except ValueError as error:
        raise CsvError(
            f"{path.name!r} has a cell that is no whole number, or a line with too few or too many "
            f"cells: {error}."
        ) from error
    values = table[:, pixels]
    if values.min() < 0 or values.max() > 255:
        raise CsvError(
            f"{path.name!r} has pixels from {values.min()} to {values.max()}; expected 0 to 255."
        )
    return values.astype(np.uint8).reshape(-1, side, side), table[:, label]


def _first_lines(path: Path) -> tuple[list[str], str]:
    """The cells of the first line, and the second line as it is."""
    import gzip

    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            line, second = lines.readline(), lines.readline()
    except (UnicodeDecodeError, gzip.BadGzipFile) as error:
        raise CsvError(f"{path.name!r} is not a table of text ({error}).") from error
    if not line.strip():
        raise CsvError(f"{path.name!r} is empty; expected a header or a line of numbers.")
    return [cell.strip().strip('"') for cell in line.strip().split(",")], second


def _columns(path: Path, header: list[str]) -> tuple[int, list[int]]:
    """The position of the label, and of the pixels in their order."""
    if "label" not in header:
        raise CsvError(
            f"{path.name!r} has no column 'label'; its columns are {_shortened(header)}. "
            "Expected 'label', 'pixel0', 'pixel1', ..., as in Kaggle's train.csv "
            "(its test.csv has no labels)."
        )
    numbered = {
        int(match[1]): position
        for position, name in enumerate(header)
        if (match := _PIXEL.fullmatch(name))
    }
    count = max(numbered, default=-1) + 1
    missing = [f"pixel{number}" for number in range(count) if number not in numbered]
    if missing or not numbered:
        raise CsvError(
            f"{path.name!r} lacks the columns {_shortened(missing or ['pixel0'])}; expected "
            "'label', 'pixel0', 'pixel1', ... without a gap."
        )
    return header.index("label"), [numbered[number] for number in range(count)]


def _shortened(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:5]))
    return shown + (f", ... ({len(names)} in all)" if len(names) > 5 else "")
