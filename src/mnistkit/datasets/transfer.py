"""Bring one file from one source, once: whole and verified, or not at all."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mnistkit.datasets.source import SourceError, is_web, scheme_of
from mnistkit.datasets.web import read_web
from mnistkit.files.atomic import write_atomically
from mnistkit.files.reading import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from mnistkit.datasets.remote_file import RemoteFile

_PIECE = 1 << 16
# Where the size of a file is not known, a source must not be able to fill the disk.
_LARGEST_FILE_OF_UNKNOWN_SIZE = 1 << 31


def transfer(source: str, file: RemoteFile, target: Path, patience: float) -> None:
    """Bring a file from one source to `target`, which is replaced in one step or left alone.

    Parameters
    ----------
    source : str
        A URL (http, https, file) or a path.
    file : RemoteFile
        Which size and digest to insist on.
    target : pathlib.Path
        Where to put it; the folder must exist.
    patience : float
        After how many seconds without data to give up, see `storage.timeout`.

    Raises
    ------
    SourceError
        If the source does not deliver this very file.
    OSError
        If it cannot be written.
    """
    with (
        contextlib.closing(_pieces(source, file.size, patience)) as pieces,
        _progress(file) as advance,
    ):
        write_atomically(target, lambda out: _write(pieces, file, out, advance))


def _write(
    pieces: Iterator[bytes], file: RemoteFile, out: BinaryIO, advance: Callable[[int], None]
) -> None:
    """Write and hash what arrives; stop as soon as it is clear that it is not the file."""
    most = _LARGEST_FILE_OF_UNKNOWN_SIZE if file.size is None else file.size
    digest = file.new_hash()
    received = 0
    for piece in pieces:
        received += len(piece)
        if received > most:
            raise SourceError(f"sent more than {most:,} bytes, which is too much")
        digest.update(piece)
        out.write(piece)
        advance(len(piece))
    if file.size is not None and received != file.size:
        raise SourceError(f"sent a file of {received:,} bytes, expected {file.size:,}")
    if digest.hexdigest() != file.checksum:
        raise SourceError(
            f"sent wrong bytes ({file.algorithm} {digest.hexdigest()}, expected {file.checksum})"
        )


def _pieces(source: str, size: int | None, patience: float) -> Generator[bytes]:
    scheme = scheme_of(source)
    if is_web(source):
        return read_web(source, size, patience)
    if scheme not in {"", "file"}:
        raise SourceError(f"{scheme}:// cannot be read; expected http, https, file, or a folder")
    return _from_disk(source)


def _from_disk(source: str) -> Generator[bytes]:
    try:
        with open_regular(_path_of(source).expanduser()) as stream:
            while piece := stream.read(_PIECE):
                yield piece
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no path of a regular file"
        raise SourceError(reason) from None


def _path_of(source: str) -> Path:
    if scheme_of(source) != "file":
        return Path(source)
    url = urlsplit(source)
    if url.netloc not in {"", "localhost"}:
        raise SourceError("names another machine; a file URL has three slashes: file:///path")
    return Path(url2pathname(url.path))


@contextlib.contextmanager
def _progress(file: RemoteFile) -> Iterator[Callable[[int], None]]:
    """Show a progress bar if a person is looking, else nothing."""
    # There is no stderr at all in a Windows program without a console.
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich import progress
    from rich.console import Console

    columns: tuple[Any, ...] = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"{file.dataset}/{file.name}", total=file.size)
        yield lambda count: bar.advance(task, count)
