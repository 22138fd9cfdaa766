"""Read what a URL leads to, from a server or a proxy that may do anything.

requests does the asking: redirects, proxies, certificates, ``.netrc``. But neither it, nor pooch
on top of it, limits how long a server may take for a line of its answer, or how many lines there
are: their timeout is that of a single wait. So each connection is a `guarded` socket, and the
errors, which can hold the whole URL, are put into words of our own.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import logging
import os
import re
import ssl
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from mnistkit.datasets.guard import Guard, guarded
from mnistkit.datasets.source import SourceError

_PIECE = 1 << 16
_MOST_REDIRECTS = 10
_TRANSIENT_STATUS = (408, 425, 429)  # and every 5xx
_HTML = re.compile(rb"(\xef\xbb\xbf)?\s*(<!doctype\s+html|<html|<head|<body)", re.IGNORECASE)
_HEAD = 1 << 9
# A server that packs a file which is packed already would change its bytes.
_HEADERS = {"User-Agent": "mnistkit", "Accept-Encoding": "identity", "Connection": "close"}


def read_web(url: str, size: int | None, timeout: float) -> Generator[bytes]:
    """Yield the content that an http or https URL leads to, as it arrives.

    Parameters
    ----------
    url : str
    size : int or None
        How many bytes are expected, if that is known.
    timeout : float
        How many seconds to wait, see `Guard`.

    Raises
    ------
    SourceError
        If it does not arrive; never another exception, and never with a part of the URL that could
        be a secret.
    """
    guard = Guard(timeout, size)
    with _quiet_logs(), requests.Session() as session, _get(session, url, guard) as response:
        if response.status_code != http.client.OK:
            phrase = http.client.responses.get(response.status_code, "")
            raise SourceError(
                f"HTTP {response.status_code} {phrase}".rstrip(),
                is_transient=response.status_code in _TRANSIENT_STATUS
                or response.status_code >= 500,
            )
        content = _content(response, guard)
        head = b""
        try:
            while len(head) < _HEAD and (piece := next(content, b"")):
                head += piece
        except SourceError:
            _refuse_html(head, response, url)  # a page says more than that it was cut
            raise
        _refuse_html(head, response, url)
        yield head
        yield from content


class _Adapter(HTTPAdapter):
    """Has requests connect through guarded sockets."""

    def __init__(self, guard: Guard) -> None:
        self._guard, self._context = guard, _context(guard)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        contexts = {"ssl_context": self._context, "proxy_ssl_context": self._context}
        return super().proxy_manager_for(proxy, **contexts, **kwargs)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)

        class Connection(pool.ConnectionCls):  # type: ignore[misc]
            def _new_conn(self) -> Any:
                return self_guard.connect(self.host, self.port)

        self_guard = self._guard
        pool.ConnectionCls = Connection
        return pool


def _context(guard: Guard) -> ssl.SSLContext:
    """Whom to trust: the file or folder that the environment names, else the system and certifi."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None
    is_folder = bundle is not None and Path(bundle).is_dir()
    try:
        context = ssl.create_default_context(  # $SSL_CERT_FILE too
            cafile=None if is_folder else bundle, capath=bundle if is_folder else None
        )
    except OSError as error:
        raise SourceError(
            f"no secure connection: the certificates at $REQUESTS_CA_BUNDLE or $CURL_CA_BUNDLE "
            f"cannot be read ({error.strerror})"
        ) from None
    context.sslsocket_class = guarded(ssl.SSLSocket, guard)
    return context


def _get(session: requests.Session, url: str, guard: Guard) -> requests.Response:
    """Ask, and ask where the answers point to, until one has content."""
    session.headers.clear()
    session.headers.update(_HEADERS)
    session.max_redirects = _MOST_REDIRECTS
    session.mount("http://", _Adapter(guard))
    session.mount("https://", session.get_adapter("http://"))
    outer = sys.exception()
    try:
        return session.get(url, stream=True, hooks={"response": _drop_body_of_redirect})
    except Exception as error:  # noqa: BLE001  (of requests, urllib3, http.client, ssl, idna)
        raise _in_our_words(error, outer, guard, url) from None


def _drop_body_of_redirect(response: requests.Response, **_: Any) -> None:
    """Leave unread what a redirect says beside the address: requests would read it to its end."""
    if response.is_redirect:
        response.raw.close()
        response.raw = io.BytesIO()


def _in_our_words(
    error: BaseException, outer: BaseException | None, guard: Guard, url: str
) -> SourceError:
    """Say why there was no answer, without the URL; the first error of a chain knows it best."""
    if isinstance(error, requests.TooManyRedirects):
        return SourceError(f"redirected more than {_MOST_REDIRECTS} times, as in a loop")
    request = getattr(error, "request", None)
    while error.__context__ is not None and error.__context__ is not outer:
        error = error.__context__
    if isinstance(error, SourceError):
        return error
    if isinstance(error, TimeoutError):
        return guard.stalled()
    if isinstance(error, ssl.SSLError):
        return SourceError(f"no secure connection: {error}")
    if isinstance(error, ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
        reason = "the connection was cut before an answer came"
        return SourceError(reason, is_transient=True)
    if isinstance(error, http.client.HTTPException):
        return SourceError("no usable answer: it is not HTTP")
    url = getattr(request, "url", None) or url
    proxy = None
    with contextlib.suppress(ValueError):  # it is not a URL
        proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    no_connection = f"no connection{' through the proxy' if proxy else ''}"
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        refused = re.match(r"Tunnel connection failed: (\d+)", str(error))
        reason = f"HTTP {refused[1]}" if refused else f"[Errno {error.errno}] {error.strerror}"
        return SourceError(f"{no_connection}: {reason}")
    if proxy:
        return SourceError(f"{no_connection}: its URL, or that of a redirect, is not an http URL")
    return SourceError(
        "no usable answer: the URL, or that of a redirect, is not an http or https URL"
    )


def _content(response: requests.Response, guard: Guard) -> Iterator[bytes]:
    """Yield the bytes of an answer as they arrive, for as long as they do arrive."""
    raw: urllib3.HTTPResponse = response.raw
    guard.count_content(0)
    try:
        # read1 returns what is there; read would wait, drop by drop, until a piece is full.
        while piece := raw.read1(_PIECE, decode_content=False):
            yield piece  # before it is counted: a page is to be seen as one, however long it is
            guard.count_content(len(piece))
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError):
        raise guard.cut() from None
    # Without a promise, the end of the connection is the only end there is.
    if raw.length_remaining is None and not raw.chunked and not guard.is_complete():
        raise guard.cut()


def _refuse_html(head: bytes, response: requests.Response, url: str) -> None:
    host = urlsplit(response.url).hostname
    place = "" if host == urlsplit(url).hostname else f" from {host}, where it redirected to"
    is_labelled = response.headers.get("Content-Type", "").startswith("text/html")
    if _HTML.match(head) or (is_labelled and head.lstrip().startswith(b"<")):
        raise SourceError(f"got an HTML page{place}, as a login page or a proxy sends")


@contextlib.contextmanager
def _quiet_logs() -> Iterator[None]:
    """Keep urllib3 from logging, in this thread, URLs with whatever secrets are in them."""
    thread = threading.get_ident()
    loggers = [logging.getLogger(f"urllib3.{name}") for name in ("connection", "connectionpool")]

    def is_of_another_thread(record: logging.LogRecord) -> bool:
        return record.thread != thread

    for logger in loggers:
        logger.addFilter(is_of_another_thread)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_of_another_thread)
