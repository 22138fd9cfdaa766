"""Sockets that know when all must have come, and how much may still come.

A timeout alone is that of a single wait: a server that sends a byte now and then never meets it.
"""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

from mnistkit.datasets.source import SourceError

# A source that sends less than this within the timeout counts as stalled, though not silent.
_FEWEST_BYTES_PER_TIMEOUT = 1 << 10
# All answers' lines together, of redirects and proxies too, and what surrounds the content.
_MOST_BESIDE_CONTENT = 1 << 18
_MOST_AROUND_A_BYTE = 16  # a chunk can consist of one byte


class Guard:
    """How long a source may still take, and how many bytes; content prolongs it, nothing else.

    Parameters
    ----------
    patience : float
        Connections, redirects and headers together may take that many seconds, as may every
        kilobyte of the content, and what follows it.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._deadline = time.monotonic() + patience
        self._allowed = _MOST_BESIDE_CONTENT
        self._received = self._since = 0  # bytes of content: all, and since the deadline was set
        self._has_begun = False

    def seconds(self) -> float:
        """For how long to wait at most."""
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise self.stalled()
        return seconds

    def count(self, received: int) -> None:
        """Note bytes that arrived, of whatever kind."""
        self._allowed -= received
        if self._allowed < 0:
            raise SourceError(
                f"sent more than {_MOST_BESIDE_CONTENT:,} bytes of headers or the like"
            )

    def begin_content(self) -> None:
        """Say that all headers have come."""
        self._has_begun = True
        self._deadline = time.monotonic() + self._patience

    def count_content(self, received: int, size: int | None) -> None:
        """Note bytes of the content, which were counted as bytes already."""
        self._allowed += received * _MOST_AROUND_A_BYTE
        self._received += received
        self._since += received
        if self._since >= _FEWEST_BYTES_PER_TIMEOUT or self._received == size:
            self._since = 0
            self._deadline = time.monotonic() + self._patience

    def stalled(self) -> SourceError:
        """The exception for a deadline that has passed."""
        reason = f"no answer within {self._patience:g} s"
        if self._since:
            reason = f"sent only {self._since:,} bytes in {self._patience:g} s"
            reason += f", {self._received:,} in all"
        elif self._has_begun:
            reason = f"sent nothing for {self._patience:g} s after {self._received:,} bytes"
        return SourceError(f"stalled: {reason}", is_transient=True)

    def cut(self, size: int | None) -> SourceError:
        """The exception for a connection that ended within the content."""
        of = "" if size is None else f" of {size:,}"
        return SourceError(
            f"the connection was cut after {self._received:,}{of} bytes", is_transient=True
        )

    def connect(self, address: tuple[str, int], *_: object) -> socket.socket:
        """Do what `socket.create_connection` does, with one deadline for all of a host's addresses.

        Each gets its share, so that one which does not answer leaves time for the others.
        """
        reason: OSError = OSError(errno.EADDRNOTAVAIL, "the host has no address")
        found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
        for number, (family, kind, protocol, _name, place) in enumerate(found):
            connection: socket.socket = guarded(socket.socket, self)(family, kind, protocol)
            try:
                connection.settimeout(self.seconds() / (len(found) - number))
                connection.connect(place)
                connection.settimeout(self.seconds())
            except BaseException as error:
                connection.close()
                if not isinstance(error, OSError):
                    raise
                reason = error
            else:
                return connection
        if isinstance(reason, TimeoutError):
            raise SourceError(f"no connection within {self._patience:g} s")
        raise reason


def guarded(kind: type[socket.socket], guard: Guard) -> Any:
    """A class of sockets, plain or secure, that asks a guard before and after it receives.

    The socket's timeout alone would be that of each single wait. Python's own handshake of a
    secure connection, and its reading of one record, do keep to it as a whole.
    """

    class Guarded(kind):  # type: ignore[misc, valid-type]
        def recv_into(self, *args: Any) -> int:
            self.settimeout(guard.seconds())
            received: int = super().recv_into(*args)
            guard.count(received)
            return received

        def recv(self, *args: Any) -> bytes:
            self.settimeout(guard.seconds())
            received: bytes = super().recv(*args)
            guard.count(len(received))
            return received

    return Guarded
