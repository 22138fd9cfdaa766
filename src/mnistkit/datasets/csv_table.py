"""Tables of pixels in Kaggle's layout: a label and one column a pixel."""

from __future__ import annotations

import gzip
import io
import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import CsvError
from mnistkit.files.reading import open_regular

_PIXEL = re.compile(r"pixel([0-9]+)")
_NUMBER = re.compile(r"[-+]?([0-9.]+(e[-+]?[0-9]+)?|nan|inf)", re.IGNORECASE)
_LARGEST = 255  # a pixel, or a label
_MOST_PIXELS = 1 << 20  # of a picture of 1024x1024
_MOST_LINE = 16_000_000  # characters
_BATCH = 4_000_000  # characters that are parsed at once
# Tables of digits shrink to a tenth. Beyond both of these, a file is there to fill the memory.
_LARGEST_COMPRESSION = 200
_ALWAYS_FINE = 1_000_000_000

_Line = tuple[int, str]  # its number in the file, and its text


def read_csv(path: str | os.PathLike[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read images and labels from a table.

    Parameters
    ----------
    path : str or path-like
        Comma-separated UTF-8, gzipped if the name ends in ``.gz``. With a header the columns are
        ``label`` and ``pixel0``, ``pixel1``, ... in any order, and others are left out; without
        one the label comes first. Empty lines and those that begin with ``#`` are left out.

    Returns
    -------
    images : numpy.ndarray of uint8, shape (n, side, side)
    labels : numpy.ndarray of int64, shape (n,)

    Raises
    ------
    CsvError
        If it is no regular file of text, a column is missing or there twice, the pixels do not
        form a square, a line has too few or too many cells, or a cell is no whole number in 0-255.
    FileNotFoundError
        If there is no such file.
    """
    path = Path(path)
    with _opened(path) as (text, packed_bytes):
        lines = _lines(text, path.name, packed_bytes)
        first = next(lines, None)
        if first is None:
            raise CsvError(f"{path.name!r} is empty; expected a header or a line of numbers.")
        columns, has_header = _columns(path.name, first[1])
        if not has_header:
            lines = _again(first, lines)
        tables = [_table(path.name, columns, batch) for batch in _batches(lines)]
    if not tables:
        raise CsvError(f"{path.name!r} has no lines of pixels after its header.")
    table = np.concatenate(tables)
    return table[:, 1:].reshape(-1, columns.side, columns.side), table[:, 0].astype(np.int64)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[TextIO, int | None]]:
    """The text of a file, and how large it is packed; whatever is wrong with it is a CsvError."""
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size if path.suffix == ".gz" else None
            unpacked = file if size is None else gzip.GzipFile(fileobj=file)
            with io.TextIOWrapper(unpacked, encoding="utf-8-sig") as text:
                yield text, size
    except (FileNotFoundError, CsvError):
        raise
    except UnicodeDecodeError as error:
        raise CsvError(
            f"{path.name!r} is not a table of text ({error.reason}). Expected comma-separated "
            "numbers; save it as UTF-8, and if it is gzipped let its name end in '.gz'."
        ) from error
    except gzip.BadGzipFile as error:
        raise CsvError(
            f"{path.name!r} is damaged, or not a gzip file as its name says ({error}). Fetch or "
            "copy it again; if it is plain text, take the '.gz' off its name."
        ) from error
    # A cut or damaged gzip file raises EOFError or zlib.error, a folder or a FIFO an OSError.
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise CsvError(
            f"{path.name!r} cannot be read ({reason[:200]}). Expected a file of comma-separated "
            "numbers; fetch or copy it again."
        ) from error


def _lines(text: TextIO, name: str, packed_bytes: int | None) -> Iterator[_Line]:
    """The lines that say something, with their numbers; no more than a real table would have."""
    number, characters = 0, 0
    while line := text.readline(_MOST_LINE + 1):
        number, characters = number + 1, characters + len(line)
        if len(line) > _MOST_LINE:
            raise CsvError(
                f"Line {number} of {name!r} has more than {_MOST_LINE:,} characters; expected "
                "one line a picture. It is not such a table, or its line breaks are lost."
            )
        is_bomb = packed_bytes is not None and (
            characters > max(_ALWAYS_FINE, packed_bytes * _LARGEST_COMPRESSION)
        )
        if is_bomb:
            raise CsvError(
                f"{name!r} has {packed_bytes:,} bytes and unpacks to more than {characters:,}, so "
                "it is not read on. If that is right, unpack it first."
            )
        if line.strip() and not line.startswith("#"):
            yield number, line


def _again(first: _Line, others: Iterator[_Line]) -> Iterator[_Line]:
    yield first
    yield from others


def _batches(lines: Iterator[_Line]) -> Iterator[list[_Line]]:
    batch: list[_Line] = []
    characters = 0
    for line in lines:
        batch.append(line)
        characters += len(line[1])
        if characters > _BATCH:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


@dataclass(frozen=True)
class _Columns:
    """Where the label and the pixels are, in their order, and how many columns there are at all."""

    names: list[str] | None
    count: int
    used: list[int]
    side: int


def _columns(file: str, line: str) -> tuple[_Columns, bool]:
    """What a first line says of the columns, and whether it is a header."""
    count = line.count(",") + 1
    if count > 2 * _MOST_PIXELS:
        raise CsvError(
            f"{file!r} has {count:,} columns; expected 785 for 28x28, and at most "
            f"{_MOST_PIXELS + 1:,}."
        )
    other = next((mark for mark in ";\t|" if count == 1 and mark in line), None)
    if other is not None:
        raise CsvError(
            f"{file!r} has no commas; its cells seem to be separated by {other!r}. Save it "
            "separated by commas."
        )
    cells = [cell.strip().strip('"') for cell in line.strip().split(",")]
    numbers = sum(_NUMBER.fullmatch(cell) is not None for cell in cells)
    has_header = "label" in cells or 2 * numbers <= count
    used = _named(file, cells) if has_header else list(range(count))
    pixels = len(used) - 1
    side = math.isqrt(pixels)
    if side == 0 or side * side != pixels or pixels > _MOST_PIXELS:
        raise CsvError(
            f"{file!r} has {pixels:,} pixel columns, which form no square picture; "
            f"expected 784 for 28x28, and at most {_MOST_PIXELS:,}."
        )
    return _Columns(cells if has_header else None, count, used, side), has_header


def _named(file: str, header: list[str]) -> list[int]:
    """The positions of the label, and of the pixels in their order."""
    if "label" not in header:
        raise CsvError(
            f"{file!r} has no column 'label'; its columns are {_shortened(header)}. "
            "Expected 'label', 'pixel0', 'pixel1', ..., as in Kaggle's train.csv "
            "(its test.csv has no labels)."
        )
    numbered: dict[int, int] = {}
    twice = ["label"] if header.count("label") > 1 else []
    for position, name in enumerate(header):
        if match := _PIXEL.fullmatch(name):
            # So many digits are beyond any picture, and would take for ever to become a number.
            number = int(match[1]) if len(match[1]) < 10 else 10**9
            if number in numbered:
                twice.append(name)
            numbered[number] = position
    if twice:
        raise CsvError(
            f"{file!r} has the columns {_shortened(twice)} more than once, so it is not clear "
            "which to take. Rename or remove one."
        )
    count = max(numbered, default=0) + 1
    if len(numbered) < count:
        # Not more than a few of what may be billions.
        gaps = (number for number in range(count) if number not in numbered)
        some = [f"pixel{number}" for number, _ in zip(gaps, range(_MOST_LISTED), strict=False)]
        raise CsvError(
            f"{file!r} lacks the columns {_shortened(some, count - len(numbered))}; expected "
            "'label', 'pixel0', 'pixel1', ... without a gap."
        )
    return [header.index("label"), *(numbered[number] for number in range(count))]


def _table(file: str, columns: _Columns, batch: list[_Line]) -> NDArray[np.uint8]:
    """Some lines as numbers, the label first."""
    for number, line in batch:
        cells = line.count(",") + 1
        if cells != columns.count:
            raise CsvError(
                f"Line {number} of {file!r} has {cells:,} cells, too few or too many: expected "
                f"{columns.count:,}, as in the first line. It is damaged, or cut short."
            )
    is_in_order = columns.used == list(range(columns.count))
    try:
        # As floating numbers, since NumPy cuts fractions off, and wraps what is too large.
        table: NDArray[np.float64] = np.loadtxt(
            [line for _, line in batch],
            delimiter=",", usecols=None if is_in_order else columns.used, ndmin=2, comments=None,
        )  # fmt: skip
    except ValueError as error:
        raise _wrong_cell(file, columns, batch) from error
    if not ((table >= 0) & (table <= _LARGEST) & (table == np.rint(table))).all():
        raise _wrong_cell(file, columns, batch)
    return table.astype(np.uint8)


def _wrong_cell(file: str, columns: _Columns, batch: list[_Line]) -> CsvError:
    """The error that names the first cell that is no pixel, or no label."""
    for number, line in batch:
        cells = line.strip().split(",")
        for position in columns.used:
            if not _is_byte(cells[position]):
                column = columns.names[position] if columns.names else f"column {position + 1}"
                return CsvError(
                    f"Line {number} of {file!r} has {_quoted(cells[position].strip())} in "
                    f"{_quoted(column)}, which is no whole number from 0 to {_LARGEST}. Correct "
                    "or remove the line."
                )
    return CsvError(
        f"Lines {batch[0][0]} to {batch[-1][0]} of {file!r} have a cell that is no whole number "
        f"from 0 to {_LARGEST}. Correct or remove the line."
    )


def _is_byte(cell: str) -> bool:
    try:
        value = float(cell)
    except ValueError:
        return False
    return 0 <= value <= _LARGEST and value.is_integer()


_MOST_LISTED = 5
_MOST_SHOWN = 40  # characters of a cell


def _shortened(names: list[str], count: int | None = None) -> str:
    """A few of the names, and how many there are in all."""
    count = len(names) if count is None else count
    listed = ", ".join(map(_quoted, names[:_MOST_LISTED]))
    return listed + (f", ... ({count:,} in all)" if count > _MOST_LISTED else "")


def _quoted(cell: str) -> str:
    text = repr(cell[:_MOST_SHOWN])
    return f"{text[:_MOST_SHOWN]}..." if len(cell) > _MOST_SHOWN or len(text) > 60 else text
