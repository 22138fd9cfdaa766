"""Bring one file from one source, once: whole and verified, or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import requests

    from mnistkit.datasets.remote_file import RemoteFile

_PIECE = 1 << 16
_MOST_REDIRECTS = 10
# A source that sends less than this within the timeout counts as stalled, though not silent.
_FEWEST_BYTES_PER_TIMEOUT = 1 << 10
# Where the size of a file is not known, a source must not be able to fill the disk.
_LARGEST_FILE_OF_UNKNOWN_SIZE = 1 << 31
_TRANSIENT_STATUS = (408, 425, 429)  # and every 5xx
_HTML = re.compile(rb"(\xef\xbb\xbf)?\s*(<!doctype\s+html|<html|<head|<body)", re.IGNORECASE)
_HEAD = 1 << 9


class SourceError(Exception):
    """A source did not deliver; inside this room only, users see a `DownloadError`.

    Parameters
    ----------
    reason : str
        What the source did.
    is_transient : bool, default False
        Whether the same source may do better in a moment.
    """

    def __init__(self, reason: str, *, is_transient: bool = False) -> None:
        super().__init__(reason)
        self.is_transient = is_transient


def scheme_of(source: str) -> str:
    """Return ``"https"`` and the like; ``""`` for a path, also for one with a drive letter."""
    match = re.match(r"([a-z][a-z0-9+.-]+):/", source, re.IGNORECASE)
    return match[1].lower() if match else ""


def is_web(source: str) -> bool:
    """Tell whether a source needs the network."""
    return scheme_of(source) in {"http", "https"}


def without_password(source: str) -> str:
    """Return a source as it may be shown: a URL can carry a user's name and password."""
    return re.sub(r"(?<=://)[^/?#]*@", "***@", source)


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
    part = target.with_name(f"{leftover_prefix(target)}{os.getpid()}.part")
    try:
        with (
            contextlib.closing(_pieces(source, file.size, patience)) as pieces,
            _progress(file) as advance,
        ):
            _write(pieces, file, part, advance)
        part.replace(target)
    except BaseException:  # an interrupt by the user too must leave nothing behind
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def leftover_prefix(target: Path) -> str:
    """Return how the names of unfinished files begin; they end in ``.part``."""
    return f".{target.name}."


def _write(
    pieces: Iterator[bytes], file: RemoteFile, part: Path, advance: Callable[[int], None]
) -> None:
    """Write and hash what arrives; stop as soon as it is clear that it is not the file."""
    most = _LARGEST_FILE_OF_UNKNOWN_SIZE if file.size is None else file.size
    digest = file.new_hash()
    received = 0
    with part.open("wb") as out:
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
                f"sent wrong bytes ({file.algorithm} {digest.hexdigest()}, "
                f"expected {file.checksum})"
            )
        out.flush()
        os.fsync(out.fileno())


def _pieces(source: str, size: int | None, patience: float) -> Generator[bytes]:
    scheme = scheme_of(source)
    if is_web(source):
        return _from_web(source, size, patience)
    if scheme not in {"", "file"}:
        raise SourceError(f"{scheme}:// cannot be read; expected http, https, file, or a folder")
    return _from_disk(source)


def _from_disk(source: str) -> Generator[bytes]:
    path = Path(source)
    if scheme_of(source) == "file":
        url = urlsplit(source)
        if url.netloc not in {"", "localhost"}:
            raise SourceError(
                f"names the machine {url.hostname!r}; a file URL has three slashes: file:///path"
            )
        path = Path(url2pathname(url.path))
    try:
        with path.expanduser().open("rb") as stream:
            while piece := stream.read(_PIECE):
                yield piece
    except (OSError, RuntimeError) as error:
        raise SourceError(getattr(error, "strerror", None) or str(error)) from error


def _from_web(url: str, size: int | None, patience: float) -> Generator[bytes]:
    # requests and not pooch: pooch looks at a file once it is there. Here a body that is too
    # long, a source that drips and a login page are recognised while the bytes arrive.
    import requests
    import urllib3

    with requests.Session() as session:
        session.max_redirects = _MOST_REDIRECTS
        # A server that packs a file which is packed already would change its bytes.
        session.headers.update({"User-Agent": "mnistkit", "Accept-Encoding": "identity"})
        try:
            response = session.get(url, stream=True, timeout=patience)
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            raise _no_answer(error, patience) from error
        with response:
            code = response.status_code
            if code != requests.codes.ok:
                raise SourceError(
                    f"HTTP {code} {response.reason or ''}".rstrip(),
                    is_transient=code in _TRANSIENT_STATUS or code >= 500,
                )
            body = _body(response, size, patience)
            head = b""
            try:
                while len(head) < _HEAD and (piece := next(body, b"")):
                    head += piece
            except SourceError:
                _refuse_html(head, response, url)  # a page says more than that it was cut
                raise
            _refuse_html(head, response, url)
            yield head
            yield from body


def _refuse_html(head: bytes, response: requests.Response, url: str) -> None:
    is_labelled = response.headers.get("Content-Type", "").startswith("text/html")
    if _HTML.match(head) or (is_labelled and head.lstrip().startswith(b"<")):
        host = urlsplit(response.url).hostname
        origin = "" if host == urlsplit(url).hostname else f" from {host}, where it redirected to"
        raise SourceError(f"got an HTML page{origin}, as a login page or a proxy sends")


def _body(response: requests.Response, size: int | None, patience: float) -> Iterator[bytes]:
    """Yield the bytes of an answer as they arrive, for as long as they do arrive."""
    import urllib3

    received = in_window = 0
    window = time.monotonic()
    has_end = "Content-Length" in response.headers or "Transfer-Encoding" in response.headers
    try:
        # read1 returns what is there; read would wait, drop by drop, until a piece is full.
        # Not decoded: a server that labels a .gz file as "encoded" must not get it unpacked.
        while piece := response.raw.read1(_PIECE, decode_content=False):
            yield piece
            received += len(piece)
            in_window += len(piece)
            if time.monotonic() - window > patience and received != size:
                if in_window < _FEWEST_BYTES_PER_TIMEOUT:
                    raise SourceError(
                        f"stalled: sent only {in_window:,} bytes in {patience:g} s, "
                        f"{received:,} in all",
                        is_transient=True,
                    )
                window, in_window = time.monotonic(), 0
    except urllib3.exceptions.ReadTimeoutError as error:
        raise SourceError(
            f"stalled: sent nothing for {patience:g} s after {received:,} bytes", is_transient=True
        ) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _cut(received, size) from error
    if not has_end and size is not None and received < size:
        raise _cut(received, size)  # the end of the connection was the only end there was


def _cut(received: int, size: int | None) -> SourceError:
    of = "" if size is None else f" of {size:,}"
    return SourceError(f"the connection was cut after {received:,}{of} bytes", is_transient=True)


def _no_answer(error: Exception, patience: float) -> SourceError:
    """Find out why there was no answer, in a few words."""
    import requests
    import urllib3

    causes: list[BaseException] = [error]
    while cause := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(cause)
    if isinstance(error, requests.TooManyRedirects):
        return SourceError(f"redirected more than {_MOST_REDIRECTS} times, as in a loop")
    if isinstance(error, requests.ConnectTimeout):
        return SourceError(f"no connection within {patience:g} s")
    if isinstance(error, requests.exceptions.SSLError):
        return SourceError(f"no secure connection: {causes[-1]}")
    if isinstance(error, requests.exceptions.ProxyError):
        return SourceError(f"no connection through the proxy: {causes[-1]}")
    if any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in causes):
        return SourceError(f"no connection: {causes[-1]}")
    if isinstance(error, requests.ReadTimeout):
        return SourceError(f"stalled: no answer within {patience:g} s", is_transient=True)
    if isinstance(error, requests.ConnectionError):
        return SourceError("the connection was cut before an answer came", is_transient=True)
    # A malformed URL or redirect, for instance.
    return SourceError(f"no usable answer: {without_password(str(error))}")


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
