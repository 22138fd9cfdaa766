"""Copy one file from one source, once: whole and verified, or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mnistkit.datasets.remote_file import RemoteFile
from mnistkit.datasets.source import SourceError, is_web, scheme_of
from mnistkit.files.atomic import write_atomically
from mnistkit.files.reading import open_regular
from mnistkit.packages import require
from mnistkit.progress import progress

_PIECE = 1 << 16


def transfer(source: str, file: RemoteFile, target: Path, timeout: float) -> None:
    """Copy a file from one source to `target`, which is replaced in one step or left alone.

    Parameters
    ----------
    source : str
        A URL (http, https, file) or a path.
    file : RemoteFile
        Which size and digest to insist on.
    target : pathlib.Path
        Where to put it; the folder must exist.
    timeout : float
        See `storage.timeout`.

    Raises
    ------
    SourceError
        If the source does not deliver this very file.
    OSError
        If it cannot be written.
    """
    if is_web(source):
        require("requests", to="download a data set")
        from mnistkit.datasets.web import read_web

        pieces = read_web(source, file.size, timeout)
    else:
        pieces = _from_disk(source)
    bar = progress(f"{file.dataset}/{file.name}", file.size, in_bytes=True)
    with contextlib.closing(pieces), bar as advance:
        write_atomically(target, lambda out: _write(pieces, file, out, advance))


def _write(
    pieces: Iterator[bytes], file: RemoteFile, out: BinaryIO, advance: Callable[[int], None]
) -> None:
    """Write and hash what arrives, and insist that it is the file."""
    digest, received = file.new_hash(), 0
    for piece in pieces:
        received += len(piece)
        digest.update(piece)
        out.write(piece)
        advance(len(piece))
    if problem := file.problem(received, digest.hexdigest()):
        raise SourceError(f"sent a file that has {problem}")


def _from_disk(source: str) -> Generator[bytes]:
    try:
        with open_regular(_path_of(source).expanduser()) as stream:
            while piece := stream.read(_PIECE):
                yield piece
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not the path of a regular file"
        raise SourceError(reason) from None


def _path_of(source: str) -> Path:
    scheme = scheme_of(source)
    if not scheme:
        return Path(source)
    if scheme != "file":
        raise SourceError(f"{scheme}:// cannot be read; expected http, https, file, or a folder")
    url = urlsplit(source)
    if url.netloc not in {"", "localhost"}:
        raise SourceError("names another machine; a file URL has three slashes: file:///path")
    return Path(url2pathname(url.path))
