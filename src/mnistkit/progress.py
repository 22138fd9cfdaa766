"""Progress of long work: a bar if a person is looking, nothing in a pipe."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress(
    title: str, total: int | None, *, in_bytes: bool = False
) -> Iterator[Callable[[int], None]]:
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
        To be called with how much more is done.

    Examples
    --------
    >>> with progress("Counting", 3) as advance:
    ...     for _ in range(3):
    ...         advance(1)
    """
    # There is no stderr at all in a Windows program without a console.
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress

    columns = (*Progress.get_default_columns(), *([DownloadColumn()] if in_bytes else []))
    # By default the bar would put itself in the place of sys.stdout, which may be a file.
    bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
    with bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)
