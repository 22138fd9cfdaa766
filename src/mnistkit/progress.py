"""Progress of long work: a bar if a person is looking, nothing in a pipe."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Protocol


class Advance(Protocol):
    """Tells a bar what has happened."""

    def __call__(self, count: int, doing: str = "") -> None:
        """So much more is done; and, if it is said, what is done now."""


@contextlib.contextmanager
def progress(title: str, total: int | None, *, in_bytes: bool = False) -> Iterator[Advance]:
    """Show a bar on standard error, if that is a terminal.

    Parameters
    ----------
    title : str
        What to write before the bar.
    total : int or None
        How much there is to do; None if that is not known.
    in_bytes : bool, default False
        Whether it is bytes, so that they are shown as megabytes.

    Yields
    ------
    function
        To be called with how much more is done, and perhaps with what is done now, as a text.

    Examples
    --------
    >>> with progress("Counting", 3) as advance:
    ...     for _ in range(3):
    ...         advance(1)
    """
    # There is no stderr at all in a Windows program without a console.
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda count, doing="": None  # noqa: ARG005
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import DownloadColumn, Progress

    columns = (*Progress.get_default_columns(), *([DownloadColumn()] if in_bytes else []))
    # By default the bar would put itself in the place of sys.stdout, which may be a file.
    bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
    with bar:
        task = bar.add_task(title, total=total)

        def advance(count: int, doing: str = "") -> None:
            if doing:
                bar.update(task, description=f"{title} {escape(doing)}")
            bar.advance(task, count)

        yield advance
