"""Read what a URL leads to, from a server or a proxy that may do anything.

requests reads the environment here: proxies, certificates, ``.netrc``, and how a URL is written.
It does not do the asking, since nothing in it limits how long a server may take for a line of its
answer, or how many lines there are. Every byte comes through a socket that knows a deadline and
how much may still come.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import re
import ssl
from collections.abc import Generator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin, urlsplit

from mnistkit.datasets.guard import Guard, guarded
from mnistkit.datasets.source import SourceError

if TYPE_CHECKING:
    import requests

_PIECE = 1 << 16
_MOST_REDIRECTS = 10
_REDIRECTS = (301, 302, 303, 307, 308)
_TRANSIENT_STATUS = (408, 425, 429)  # and every 5xx
_HTML = re.compile(rb"(\xef\xbb\xbf)?\s*(<!doctype\s+html|<html|<head|<body)", re.IGNORECASE)
_HEAD = 1 << 9


def read_web(url: str, size: int | None, patience: float) -> Generator[bytes]:
    """Yield the content that a URL leads to, as it arrives.

    Parameters
    ----------
    url : str
        http or https.
    size : int or None
        How many bytes are expected, if that is known.
    patience : float
        For how many seconds to wait, see `Guard`.

    Raises
    ------
    SourceError
        If it does not come; never another exception, and never with a part of the URL that could
        be a secret.
    """
    guard = Guard(patience)
    with contextlib.ExitStack() as stack:
        response, elsewhere = _follow(url, guard, stack)
        if response.status != http.client.OK:
            phrase = http.client.responses.get(response.status, "")
            raise SourceError(
                f"HTTP {response.status} {phrase}".rstrip(),
                is_transient=response.status in _TRANSIENT_STATUS or response.status >= 500,
            )
        content = _content(response, size, guard)
        head = b""
        try:
            while len(head) < _HEAD and (piece := next(content, b"")):
                head += piece
        except SourceError:
            _refuse_html(head, response, elsewhere)  # a page says more than that it was cut
            raise
        _refuse_html(head, response, elsewhere)
        yield head
        yield from content


def _follow(
    url: str, guard: Guard, stack: contextlib.ExitStack
) -> tuple[http.client.HTTPResponse, str]:
    """Ask, and ask where the answer points to; return the last answer, and its host if another."""
    import requests

    with requests.Session() as session:
        # A server that packs a file which is packed already would change its bytes.
        wanted = {"User-Agent": "mnistkit", "Accept-Encoding": "identity", "Connection": "close"}
        session.headers.clear()
        session.headers.update(wanted)
        request = first = _request(session, url)
        for _ in range(_MOST_REDIRECTS + 1):
            response = _ask(session, request, guard, stack)
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or location is None:
                host = urlsplit(str(request.url)).hostname
                return response, "" if host == urlsplit(str(first.url)).hostname else str(host)
            stack.close()  # unread: what a redirect says beside that can be endless
            there = _request(session, location, str(request.url))
            is_elsewhere: Any = session.should_strip_auth  # it has no types
            if not is_elsewhere(request.url, there.url) and "Authorization" in request.headers:
                there.headers["Authorization"] = request.headers["Authorization"]
            request = there
    raise SourceError(f"redirected more than {_MOST_REDIRECTS} times, as in a loop")


def _request(session: requests.Session, url: str, base: str = "") -> requests.PreparedRequest:
    """A URL as it is sent, with what the environment or the URL say about who asks."""
    import requests

    try:
        if base:  # http.client took every byte of a header for a letter
            url = urljoin(base, url.encode("latin-1").decode())
        request = session.prepare_request(requests.Request("GET", url))
        parts = urlsplit(str(request.url))
        if parts.scheme in {"http", "https"} and parts.hostname:
            return request
    except (requests.RequestException, ValueError, TypeError):
        pass  # what they say has the URL in it
    raise SourceError("no usable answer: the URL, or that of a redirect, is no http or https URL")


def _ask(
    session: requests.Session,
    request: requests.PreparedRequest,
    guard: Guard,
    stack: contextlib.ExitStack,
) -> http.client.HTTPResponse:
    """Send one request, through the proxy that the environment names, and read the headers."""
    import requests

    url = str(request.url)
    settings: Any = session.merge_environment_settings(url, {}, False, None, None)
    proxy = requests.utils.select_proxy(url, settings["proxies"])
    headers: dict[str, Any] = dict(request.headers)
    target = request.path_url
    with _in_few_words(guard, " through the proxy" if proxy else ""):
        to = urlsplit(url)
        place, extra = _proxy(proxy) if proxy else (to, {})
        connection = _connection(place, to, settings["verify"], guard)
        if proxy and to.scheme == "https":
            connection.set_tunnel(str(to.hostname), to.port or 443, headers=extra)
        elif proxy:
            target = requests.utils.urldefragauth(url)
            headers |= extra
        stack.callback(connection.close)
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
    stack.callback(response.close)
    return response


def _proxy(url: str) -> tuple[SplitResult, dict[str, str]]:
    """Where a proxy is, and how to tell it who asks."""
    import requests

    try:
        completed: Any = requests.utils.prepend_scheme_if_needed  # it has no types
        url = completed(url, "http")
        place = urlsplit(url)
        if place.scheme in {"http", "https"} and place.hostname and (place.port or 1) > 0:
            name, password = requests.utils.get_auth_from_url(url)
            token = base64.b64encode(f"{name}:{password}".encode()).decode()
            return place, {"Proxy-Authorization": f"Basic {token}"} if name else {}
    except (ValueError, TypeError):
        pass  # what they say has the URL in it
    raise SourceError("no connection through the proxy: its URL is no http URL with a host")


def _connection(
    place: SplitResult, to: SplitResult, verify: bool | str, guard: Guard
) -> http.client.HTTPConnection:
    """A connection, not yet made, to a place: where the URL leads to, or a proxy on the way."""
    host = str(place.hostname)
    port = place.port or {"http": 80, "https": 443}[place.scheme]
    if "https" not in {place.scheme, to.scheme}:
        connection = http.client.HTTPConnection(host, port)
        # http.client has no public way to say how to connect.
        vars(connection)["_create_connection"] = guard.connect
        return connection
    context = _context(verify, guard)
    connection = http.client.HTTPSConnection(host, port, context=context)
    vars(connection)["_create_connection"] = guard.connect
    if place is not to and place.scheme == to.scheme:  # one secure connection inside another
        from urllib3.util.ssltransport import SSLTransport

        vars(connection)["_create_connection"] = lambda *address: context.wrap_socket(
            guard.connect(*address), server_hostname=host
        )
        vars(connection)["_context"] = SimpleNamespace(
            wrap_socket=lambda outer, server_hostname: SSLTransport(outer, context, server_hostname)
        )
    return connection


def _context(verify: bool | str, guard: Guard) -> ssl.SSLContext:
    """Whom to trust: the file or folder that the environment names, else the system and certifi."""
    import requests

    try:
        if isinstance(verify, str):
            is_folder = Path(verify).is_dir()
            context = ssl.create_default_context(
                cafile=None if is_folder else verify, capath=verify if is_folder else None
            )
        else:
            context = ssl.create_default_context()  # $SSL_CERT_FILE too
            context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
    except OSError as error:
        raise SourceError(
            f"no secure connection: the certificates at $REQUESTS_CA_BUNDLE or $CURL_CA_BUNDLE "
            f"cannot be read ({error.strerror})"
        ) from None
    context.sslsocket_class = guarded(ssl.SSLSocket, guard)
    return context


@contextlib.contextmanager
def _in_few_words(guard: Guard, via: str) -> Iterator[None]:
    """Say why there was no answer; what others say about it can hold the whole URL."""
    try:
        yield
    except TimeoutError:
        raise guard.stalled() from None
    except ssl.SSLError as error:
        raise SourceError(f"no secure connection: {error}") from None
    except (ConnectionResetError, ConnectionAbortedError, BrokenPipeError):
        reason = "the connection was cut before an answer came"
        raise SourceError(reason, is_transient=True) from None
    except OSError as error:
        refused = re.match(r"Tunnel connection failed: (\d+)", str(error))
        reason = f"HTTP {refused[1]}" if refused else f"[Errno {error.errno}] {error.strerror}"
        raise SourceError(f"no connection{via}: {reason}") from None
    except (http.client.HTTPException, ValueError):
        raise SourceError("no usable answer: it is not HTTP") from None


def _content(response: http.client.HTTPResponse, size: int | None, guard: Guard) -> Iterator[bytes]:
    """Yield the bytes of an answer as they arrive, for as long as they do arrive."""
    promised = response.length
    received = 0
    guard.begin_content()
    try:
        # read1 returns what is there; read would wait, drop by drop, until a piece is full.
        while piece := response.read1(_PIECE):
            yield piece
            received += len(piece)
            guard.count_content(len(piece), size)
    except TimeoutError:
        raise guard.stalled() from None
    except (http.client.HTTPException, OSError, ValueError):
        raise guard.cut(size) from None
    # Without a promise, the end of the connection is the only end there is.
    expected = None if response.chunked else size if promised is None else promised
    if expected is not None and received < expected:
        raise guard.cut(size)


def _refuse_html(head: bytes, response: http.client.HTTPResponse, elsewhere: str) -> None:
    origin = f" from {elsewhere}, where it redirected to" if elsewhere else ""
    is_labelled = (response.headers.get("Content-Type") or "").startswith("text/html")
    if _HTML.match(head) or (is_labelled and head.lstrip().startswith(b"<")):
        raise SourceError(f"got an HTML page{origin}, as a login page or a proxy sends")
