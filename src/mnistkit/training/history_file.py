"""The history of a run as a table: a line an epoch, a column a measurement."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mnistkit.files.json_file import parse_json
from mnistkit.training.description import plain

_NOT_MEASURED = math.nan
History = dict[str, list[Any]]


def history_as_bytes(history: Mapping[str, list[Any]]) -> bytes:
    """The content of ``history.csv``; what was not measured in an epoch, or is NaN, is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["epoch", *history])
    rows = itertools.zip_longest(*history.values(), fillvalue=_NOT_MEASURED)
    for epoch, row in enumerate(rows, start=1):
        writer.writerow([epoch, *("" if _is_nan(one) else json.dumps(plain(one)) for one in row)])
    return text.getvalue().encode()


def joined(before: Mapping[str, list[Any]], after: Mapping[str, list[Any]]) -> History:
    """One history of two, every value at its epoch: NaN where something was not measured."""
    lengths = [max(map(len, one.values()), default=0) for one in (before, after)]
    return {
        name: [
            value
            for one, length in zip((before, after), lengths, strict=True)
            for value in _of_length(one.get(name, []), length)
        ]
        for name in dict.fromkeys((*before, *after))
    }


def _of_length(values: list[Any], length: int) -> list[Any]:
    return [*map(plain, values), *[_NOT_MEASURED] * (length - len(values))]


def _is_nan(value: Any) -> bool:
    return isinstance(value, float | np.floating) and math.isnan(value)


def history_from_bytes(content: bytes) -> History:
    """Read what `history_as_bytes` wrote.

    Raises
    ------
    ValueError
        If it is no such table.
    """
    try:
        header, *rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
        return {
            name: [parse_json(row[column]) if row[column] else _NOT_MEASURED for row in rows]
            for column, name in enumerate(header)
            if name != "epoch"
        }
    except (csv.Error, IndexError) as error:
        raise ValueError(str(error)) from error
