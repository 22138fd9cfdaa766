"""Lines of a table as numbers: whole ones as fast as NumPy can, others with care."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets.csv_columns import Columns, cells_of, quoted
from mnistkit.errors import CsvError

Line = tuple[int, str]  # its number in the file, and its text
_LARGEST = 255  # a pixel, or a label
_PLAIN = b"0123456789 \r\n"  # what whole numbers consist of, beside the separator


@dataclass(frozen=True)
class Cells:
    """Some lines of a table, the columns in the order of `Columns.used`.

    Attributes
    ----------
    file : str
    columns : Columns
    numbers : list of int
        Of the lines in the file.
    values : numpy.ndarray
        uint8 if all are whole, otherwise float64; those that are not whole lie in 0-1.
    """

    file: str
    columns: Columns
    numbers: list[int]
    values: NDArray[Any]

    @property
    def is_whole(self) -> bool:
        """Whether all numbers are whole."""
        return self.values.dtype == np.uint8

    def refusal(self, row: int, column: int) -> CsvError:
        """The error that says that a value, which is a fraction, cannot be."""
        text = f"{self.values[row, column]:g}"
        return _refusal(self.file, self.columns, self.numbers[row], column, text)


def parse(file: str, columns: Columns, batch: list[Line]) -> Cells:
    """Lines as numbers.

    Raises
    ------
    CsvError
        If a line has too few or too many cells, or a cell is neither a whole number in 0-255 nor
        a fraction of 1.
    """
    _check_counts(file, columns, batch)
    lines = [line for _, line in batch]
    values = _whole(columns, lines)
    if values is None:
        values = _any(columns, lines)
    if values is None:
        raise _wrong_cell(file, columns, batch)
    return Cells(file, columns, [number for number, _ in batch], _sorted(columns, values))


def _check_counts(file: str, columns: Columns, batch: list[Line]) -> None:
    for number, line in batch:
        cells = line.count(columns.mark) + 1
        if cells != columns.count:
            raise CsvError(
                f"Line {number} of {file!r} has {cells:,} cells, too few or too many: expected "
                f"{columns.count:,}, as in the first line. It is damaged, or cut short."
            )
        if columns.is_closed and not line.rstrip(" \r\n").endswith(columns.mark):
            raise CsvError(
                f"Line {number} of {file!r} ends with {quoted(line.rstrip()[-20:])}, but the first "
                f"line ends with {columns.mark!r}. Correct or remove the line."
            )


def _whole(columns: Columns, lines: list[str]) -> NDArray[np.uint8] | None:
    """The numbers if all are whole and written as such, or None."""
    # NumPy would cut the fraction off "1.5", so only digits come to it.
    try:
        strange = "".join(lines).encode("ascii").translate(None, _PLAIN + columns.mark.encode())
        if strange:
            return None
        values = _loaded(columns, lines, np.int64)
    except ValueError:
        return None
    return values.astype(np.uint8) if values.max() <= _LARGEST else None


def _any(columns: Columns, lines: list[str]) -> NDArray[Any] | None:
    """The numbers however they are written, or None if one of them cannot be."""
    mark = columns.mark
    plain = [mark.join(cells_of(line, mark)) if '"' in line else line for line in lines]
    try:
        values = _loaded(columns, plain, np.float64)
    except ValueError:
        return None
    # NaN is neither.
    whole = values == np.rint(values)
    if not (((values >= 0) & (values <= 1)) | ((values > 1) & (values <= _LARGEST) & whole)).all():
        return None
    return values.astype(np.uint8) if whole.all() else values


def _loaded(columns: Columns, lines: list[str], dtype: type) -> NDArray[Any]:
    # Columns that are only in another order are sorted later, as bytes: NumPy takes long for it.
    return np.loadtxt(
        lines, dtype, delimiter=columns.mark, ndmin=2, comments=None,
        usecols=None if _is_all(columns) else columns.used,
    )  # fmt: skip


def _is_all(columns: Columns) -> bool:
    return len(columns.used) == columns.count


def _sorted(columns: Columns, values: NDArray[Any]) -> NDArray[Any]:
    """The columns in the order of `Columns.used`."""
    if not _is_all(columns) or columns.used == list(range(columns.count)):
        return values
    return values[:, columns.used]


def _wrong_cell(file: str, columns: Columns, batch: list[Line]) -> CsvError:
    """The error that names the first cell that is no pixel, or no label."""
    for number, line in batch:
        cells = cells_of(line, columns.mark)
        for column, position in enumerate(columns.used):
            if not _is_possible(cells[position]):
                return _refusal(file, columns, number, column, cells[position])
    return CsvError(
        f"Lines {batch[0][0]} to {batch[-1][0]} of {file!r} have a cell that is not a whole number "
        f"from 0 to {_LARGEST}. Correct or remove the line."
    )


def _refusal(file: str, columns: Columns, number: int, column: int, text: str) -> CsvError:
    return CsvError(
        f"Line {number} of {file!r} has {quoted(text)} in "
        f"{quoted(columns.name(columns.used[column]))}, which is not a whole number from 0 to "
        f"{_LARGEST}. Correct or remove the line."
    )


def _is_possible(cell: str) -> bool:
    try:
        # Python takes "1_0" and the digits of other scripts for numbers; NumPy does not.
        value = float(cell) if cell.isascii() and "_" not in cell else -1.0
    except ValueError:
        return False
    return 0 <= value <= 1 or (1 < value <= _LARGEST and value.is_integer())
