"""A machine with nothing on it, and a real web server that misbehaves as it is told to."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

Answer = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request; an `Answer` uses the methods below to reply to it."""

    server: LyingServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.answer_for(self.path)(self)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""

    def start(self, status: int, **headers: object) -> None:
        """Send the status line and the headers; an underscore in a name stands for a hyphen."""
        self.send_response(status)
        self.send_header("Connection", "close")  # sending it also does it
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def send(self, content: bytes) -> bool:
        """Send bytes; False if the client has gone, as one that was killed has."""
        try:
            self.wfile.write(content)
        except OSError:
            return False
        self.server.sent += len(content)
        return True

    def wait(self, seconds: float | None = None) -> bool:
        """Wait that long, without a number until the test is over; False if it is over."""
        return not self.server.is_over.wait(seconds)


class LyingServer(ThreadingHTTPServer):
    """Gives each path the answers that a test laid down for it, and counts who asked.

    Attributes
    ----------
    asked : collections.Counter
        How often each path was asked for.
    sent : int
        How many bytes of content went out in all.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.asked: Counter[str] = Counter()
        self.sent = 0
        self.is_over = threading.Event()
        self._answers: dict[str, tuple[Answer, ...]] = {}
        self._counting = threading.Lock()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def put(self, path: str, *answers: Answer) -> str:
        """Lay down the answers for a path, one a request; the last one stays. Return its URL."""
        self._answers[path] = answers
        return self.url(path)

    def answer_for(self, path: str) -> Answer:
        with self._counting:
            self.asked[path] += 1
            answers = self._answers.get(path, (self.status(404),))
            return answers[min(self.asked[path], len(answers)) - 1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet about clients that hang up."""

    # How to answer --------------------------------------------------------------------------

    @staticmethod
    def status(code: int) -> Answer:
        def answer(request: Request) -> None:
            request.start(code, Content_Length=0)

        return answer

    @staticmethod
    def whole(content: bytes, **headers: object) -> Answer:
        def answer(request: Request) -> None:
            request.start(200, Content_Length=len(content), **headers)
            request.send(content)

        return answer

    @classmethod
    def labelled(cls, content: bytes) -> Answer:
        """Say that it is a page."""
        return cls.whole(content, Content_Type="text/html; charset=utf-8")

    @staticmethod
    def without_length(content: bytes) -> Answer:
        """Only the end of the connection says where the content ends."""

        def answer(request: Request) -> None:
            request.start(200)
            request.send(content)

        return answer

    @staticmethod
    def chunked(content: bytes, is_ended: bool = True) -> Answer:
        def answer(request: Request) -> None:
            request.start(200, Transfer_Encoding="chunked")
            for start in range(0, len(content), 10_000):
                piece = content[start : start + 10_000]
                request.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            if is_ended:
                request.send(b"0\r\n\r\n")

        return answer

    @staticmethod
    def cut(content: bytes, after: int) -> Answer:
        """Promise the whole content, and hang up in the middle of it."""

        def answer(request: Request) -> None:
            request.start(200, Content_Length=len(content))
            request.send(content[:after])

        return answer

    @staticmethod
    def reset(content: bytes, after: int) -> Answer:
        """As `cut`, but the connection ends with an error, as when a machine goes down."""

        def answer(request: Request) -> None:
            request.start(200, Content_Length=len(content))
            request.send(content[:after])
            request.wait(0.1)  # an error overtakes what the client has not read yet
            at_once = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)

        return answer

    @staticmethod
    def hang_up() -> Answer:
        def answer(request: Request) -> None:
            request.close_connection = True

        return answer

    @staticmethod
    def silent() -> Answer:
        def answer(request: Request) -> None:
            request.close_connection = True
            request.wait()

        return answer

    @staticmethod
    def stall(content: bytes, after: int) -> Answer:
        def answer(request: Request) -> None:
            request.start(200, Content_Length=len(content))
            request.send(content[:after])
            request.wait()

        return answer

    @staticmethod
    def drip(content: bytes, pause: float) -> Answer:
        """Send one byte at a time, so that no single read ever waits long."""

        def answer(request: Request) -> None:
            request.start(200, Content_Length=len(content))
            for byte in content:
                if not (request.send(bytes([byte])) and request.wait(pause)):
                    return

        return answer

    @staticmethod
    def slow(content: bytes, pieces: int, pause: float) -> Answer:
        """Send everything, in that many pieces with a pause after each."""

        def answer(request: Request) -> None:
            request.start(200, Content_Length=len(content))
            step = -(-len(content) // pieces)
            for start in range(0, len(content), step):
                if not (request.send(content[start : start + step]) and request.wait(pause)):
                    return

        return answer

    @staticmethod
    def redirect(to: str) -> Answer:
        def answer(request: Request) -> None:
            request.start(302, Location=to, Content_Length=0)

        return answer


@pytest.fixture
def server() -> Iterator[LyingServer]:
    """A `LyingServer` on this machine, for one test."""
    with LyingServer() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.is_over.set()
        running.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a test a machine of its own, with the network allowed and nothing on it."""
    monkeypatch.setenv("MNISTKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MNISTKIT_OFFLINE", "0")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "user"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "home"
