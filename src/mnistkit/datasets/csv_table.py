"""Tables of pixels: a label and one column a pixel, in the dialects that are in use."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets.csv_cells import Cells, Line, parse
from mnistkit.datasets.csv_columns import columns_of
from mnistkit.datasets.csv_label import label_end
from mnistkit.datasets.csv_scale import scaled
from mnistkit.errors import CsvError
from mnistkit.files.reading import open_regular
from mnistkit.messages import shown

ImagesAndLabels = tuple[NDArray[np.uint8], NDArray[np.int64]]

_MOST_LINE = 16_000_000  # characters
_BATCH = 4_000_000  # characters that are parsed at once
# Tables of digits shrink to a tenth. Beyond both of these, a file is there to fill the memory.
_LARGEST_COMPRESSION = 200
_ALWAYS_FINE = 1_000_000_000


def read_csv(path: str | os.PathLike[str], *, label: str = "auto") -> ImagesAndLabels:
    """Read images and labels from a table.

    Parameters
    ----------
    path : str or path-like
        UTF-8, gzipped if the name ends in ``.gz``. Cells are separated by commas, semicolons,
        tabs or ``|``, whichever is in the first line, and may be in quotation marks. Empty lines
        and those that begin with ``#`` are left out, and so is a separator at the end of every
        line.
    label : str, default "auto"
        Which column is the label: ``"first"``, ``"last"``, or a name in the header.

    Returns
    -------
    images : numpy.ndarray of uint8, shape (n, side, side)
    labels : numpy.ndarray of int64, shape (n,)

    Raises
    ------
    CsvError
        If it is not a regular file of text, a column is missing, unknown or there twice, it is not
        certain which is the label, the pixels do not form a square, a line has too few or too
        many cells, or a cell is not a whole number in 0-255.
    FileNotFoundError
        If there is no such file.

    Notes
    -----
    With a header, in any order: the label is the one column ``label``, ``class``, ``target``,
    ``digit`` or ``y``, in capitals or not. The pixels are all others, and numbered without a gap:
    ``pixel0``, ``pixel1``, ... or any other beginning, or none, from 0 or 1; or by row and column,
    ``1x1`` to ``28x28``. Numbers of rows (a column without a name, ``Unnamed: 0``, ``index`` or
    ``id``) are left out, which is logged. Any other column is an error.

    Without a header, the label is the first or the last column. One that holds whole numbers
    up to 61, at least two, none in more than three quarters of the lines, is taken for the label
    if the other is always 0 or 255 or holds other numbers, and if the pixel beside it is
    unlike it; in more than ten lines, no column of different numbers is, since it may count
    the rows. Otherwise it is an error, so a table of one class needs a header or `label`. A first
    line that counts 0, 1, 2, ... in 17 columns or more is not a picture but a header without a
    label, and an error, unless `label` is ``"first"`` or ``"last"`` and it goes beyond 255.

    Pixels are 0-255. Fractions of 1 are multiplied by 255, and so are pixels that are all 0 or
    1; pictures of 8x8 that do not go beyond 16, as UCI's, by 255/16, rounded. That is logged.
    """
    return read_csvs([path], label=label)[0]


def read_csvs(paths: list[str | os.PathLike[str]], *, label: str = "auto") -> list[ImagesAndLabels]:
    """Read several tables of one data set, as `read_csv` reads one.

    What the values have to tell, where the label is and how the pixels are scaled, is decided
    for all of them together.
    """
    if not isinstance(label, str):
        raise CsvError(
            f'label={shown(label)} must be "auto", "first", "last", or the name of a column.'
        )
    tables = _with_labels([_read(Path(path), label) for path in paths])
    pieces = iter(scaled([part for parts in tables for part in parts]))
    return [_pictures(parts, [next(pieces) for _ in parts]) for parts in tables]


def _read(path: Path, label: str) -> list[Cells]:
    with _opened(path) as (text, packed_bytes):
        lines = _lines(text, path.name, packed_bytes)
        first = next(lines, None)
        if first is None:
            raise CsvError(f"{path.name!r} is empty; expected a header or a line of numbers.")
        columns = columns_of(path.name, first[1], label)
        if columns.names is None:
            lines = _again(first, lines)
        parts = [parse(path.name, columns, batch) for batch in _batches(lines)]
    if not parts:
        raise CsvError(f"{path.name!r} has no lines of pixels after its header.")
    return parts


def _with_labels(tables: list[list[Cells]]) -> list[list[Cells]]:
    """The same, where the label is being known for all."""
    unknown = [part for parts in tables for part in parts if part.columns.label_at is None]
    if not unknown:
        return tables
    ends = np.concatenate([part.values[:, [0, 1, -2, -1]] for part in unknown])
    end = label_end(unknown[0].file, ends)
    return [
        [
            replace(part, columns=replace(part.columns, label_at=end))
            if part.columns.label_at is None
            else part
            for part in parts
        ]
        for parts in tables
    ]


def _pictures(parts: list[Cells], pieces: list[NDArray[np.uint8]]) -> ImagesAndLabels:
    table = np.concatenate(pieces)
    columns = parts[0].columns
    pixels = table[:, 1:] if columns.label_at == 0 else table[:, :-1]
    labels = table[:, 0 if columns.label_at == 0 else -1].astype(np.int64)
    return pixels.reshape(-1, columns.side, columns.side), labels


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


def _lines(text: TextIO, name: str, packed_bytes: int | None) -> Iterator[Line]:
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


def _again(first: Line, others: Iterator[Line]) -> Iterator[Line]:
    yield first
    yield from others


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    characters = 0
    for line in lines:
        batch.append(line)
        characters += len(line[1])
        if characters > _BATCH:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
