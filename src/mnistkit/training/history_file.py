"""The history of a run as a table: a line an epoch, a column a measurement."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Mapping
from typing import Any

from mnistkit.files.json_file import parse_json
from mnistkit.training.description import plain

_NOTHING = object()


def history_as_bytes(history: Mapping[str, list[Any]]) -> bytes:
    """The content of ``history.csv``."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["epoch", *history])
    # A quantity that was not measured in every epoch has a shorter list.
    rows = itertools.zip_longest(*history.values(), fillvalue=_NOTHING)
    for epoch, row in enumerate(rows, start=1):
        cells = ("" if value is _NOTHING else json.dumps(plain(value)) for value in row)
        writer.writerow([epoch, *cells])
    return text.getvalue().encode()


def history_from_bytes(content: bytes) -> dict[str, list[Any]]:
    """Read what `history_as_bytes` wrote.

    Raises
    ------
    ValueError
        If it is no such table.
    """
    try:
        header, *rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
        return {
            name: [parse_json(row[column]) for row in rows if row[column]]
            for column, name in enumerate(header)
            if name != "epoch"
        }
    except (csv.Error, IndexError) as error:
        raise ValueError(str(error)) from error
