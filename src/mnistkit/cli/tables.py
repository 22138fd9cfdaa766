"""Tables on the terminal and in pipes."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence

import click

_ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r"})


def print_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, folding: Collection[str]
) -> None:
    """Print aligned columns; in a pipe, for other programs, tabs and no header.

    A tab or a line's end within a cell, as in a strange file name, is escaped there.

    Where the terminal is narrower than the table, the columns named in `folding` go over several
    lines, but never the titles.
    """
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(cell.translate(_ESCAPES) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
    for title in header:
        table.add_column(title, no_wrap=title not in folding, overflow="fold", min_width=len(title))
    for row in rows:
        table.add_row(*map(Text, row))  # as text, since a name in square brackets is no style
    Console().print(table)
