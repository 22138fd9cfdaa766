"""Sockets that know when everything must have arrived, and how much may still arrive.

A timeout alone is that of a single wait: a server that sends a byte now and then never meets it.
"""

from __future__ import annotations

import socket
import time
from typing import Any

from mnistkit.datasets.source import SourceError

# A source that sends less than this within the timeout counts as stalled, though not silent.
_FEWEST_BYTES_PER_TIMEOUT = 1 << 10
# All lines of all answers together, those of redirects and proxies too, and what surrounds content.
_MOST_BESIDE_CONTENT = 1 << 18
_MOST_AROUND_A_BYTE = 16  # a chunk can consist of one byte
# Where the size of a file is not known, a source must not be able to fill the disk.
_MOST_CONTENT_OF_UNKNOWN_SIZE = 1 << 31


class Guard:
    """How long a source may still take, and how many bytes; only content prolongs it.

    Parameters
    ----------
    timeout : float
        Connections, redirects and headers together may take that many seconds, as may every
        kilobyte of the content, and what follows it.
    size : int or None
        How many bytes of content are expected, if that is known.
    """

    def __init__(self, timeout: float, size: int | None) -> None:
        self._timeout, self._size = timeout, size
        self._deadline = time.monotonic() + timeout
        self._allowed = _MOST_BESIDE_CONTENT
        self._content: int | None = None  # bytes of it so far; None before the headers are complete
        self._since_deadline = 0  # bytes of it since the deadline was set

    def seconds(self) -> float:
        """How long to wait at most."""
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise self.stalled()
        return seconds

    def count(self, received: int) -> None:
        """Note bytes of any kind that arrived."""
        self._allowed -= received
        if self._allowed < 0:
            raise SourceError(
                f"sent more than {_MOST_BESIDE_CONTENT:,} bytes of headers or the like"
            )

    def count_content(self, received: int) -> None:
        """Note bytes of the content, counted already as bytes; 0 when the headers are complete."""
        is_first = self._content is None
        self._content = (self._content or 0) + received
        most = _MOST_CONTENT_OF_UNKNOWN_SIZE if self._size is None else self._size
        if self._content > most:
            raise SourceError(f"sent more than {most:,} bytes, which is too much")
        self._allowed += received * _MOST_AROUND_A_BYTE
        self._since_deadline += received
        is_enough = self._since_deadline >= _FEWEST_BYTES_PER_TIMEOUT
        if is_first or is_enough or self._content == self._size:
            self._since_deadline = 0
            self._deadline = time.monotonic() + self._timeout

    def is_complete(self) -> bool:
        """Whether as much content arrived as is expected, or it is not known how much that is."""
        return self._size is None or (self._content or 0) >= self._size

    def stalled(self) -> SourceError:
        """The exception for a deadline that has passed."""
        reason = f"no answer within {self._timeout:g} s"
        if self._content is not None:
            reason = f"sent only {self._since_deadline:,} bytes in {self._timeout:g} s"
            reason += f", {self._content:,} in all"
        return SourceError(f"stalled: {reason}", is_transient=True)

    def cut(self) -> SourceError:
        """The exception for a connection that ended within the content."""
        of = "" if self._size is None else f" of {self._size:,}"
        reason = f"the connection was cut after {self._content or 0:,}{of} bytes"
        return SourceError(reason, is_transient=True)

    def connect(self, host: str, port: int) -> socket.socket:
        """Connect to a host; each of its addresses gets its share of the time."""
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        plain = socket.create_connection((host, port), self.seconds() / len(addresses))
        connection: socket.socket = guarded(socket.socket, self)(fileno=plain.detach())
        connection.settimeout(self.seconds())
        return connection


def guarded(kind: type[socket.socket], guard: Guard) -> Any:
    """A class of sockets, plain or secure, that ask a guard before and after they receive.

    Python's own handshake of a secure connection, and its reading of one record, keep to the
    socket's timeout as a whole.
    """

    class Guarded(kind):  # type: ignore[misc, valid-type]
        def recv_into(self, *args: Any) -> int:
            received: int = self._ask_guard(super().recv_into, *args)
            guard.count(received)
            return received

        def recv(self, *args: Any) -> bytes:
            received: bytes = self._ask_guard(super().recv, *args)
            guard.count(len(received))
            return received

        def _ask_guard(self, receive: Any, *args: Any) -> Any:
            self.settimeout(guard.seconds())
            try:
                return receive(*args)
            except TimeoutError:
                raise guard.stalled() from None

    return Guarded
