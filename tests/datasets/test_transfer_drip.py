"""Servers and proxies that never come to an end, slowly or fast, wherever HTTP lets them."""

from __future__ import annotations

import gzip
import hashlib
import random
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mnistkit.datasets.download import fetch
from mnistkit.datasets.remote_file import RemoteFile
from mnistkit.errors import DownloadError

if TYPE_CHECKING:
    from tests.datasets.conftest import LyingServer

pytestmark = pytest.mark.usefixtures("home", "short_patience")

CONTENT = gzip.compress(random.Random(0).randbytes(100_000), mtime=0)
NAME = "train.gz"
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ONE_CHUNK = b"%x\r\n%s\r\n" % (len(CONTENT), CONTENT)
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: /again\r\n"

DRIPS = {
    "status line": b"HTTP/1.1 200 O",
    "name of a header": OK + b"X",
    "value of a header": OK + b"X-Header: ",
    "nothing at all": b"",
    "size of a chunk": CHUNKED + b"0",
    "extension of a chunk": CHUNKED + b"5;x=",
    "extension after content": CHUNKED + ONE_CHUNK + b"0;x=",
    "name of a trailer": CHUNKED + ONE_CHUNK + b"0\r\nX",
    "headers of a redirect": REDIRECT + b"X: ",
    "headers of a refusal": b"HTTP/1.1 503 Busy\r\nX: ",
    "body without length": OK + b"\r\n",
}
FLOODS = {
    "status line": (b"HTTP/1.1 200 ", b"O" * 9_999),
    "header": (OK + b"X: ", b"x" * 9_999),
    "headers": (OK, b"X: y\r\n" * 999),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 400),
    "continue with headers": (b"", b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 400),
    "size of a chunk": (CHUNKED, b"0" * 9_999),
    "extension of a chunk": (CHUNKED + b"5;", b"x" * 9_999),
    "chunks of one byte with extensions": (CHUNKED, b"1;%s\r\nx\r\n" % (b"x" * 9_999)),
    "trailer": (CHUNKED + ONE_CHUNK + b"0\r\nX: ", b"x" * 9_999),
    "trailers": (CHUNKED + ONE_CHUNK + b"0\r\n", b"X: y\r\n" * 999),
    "redirect with a header": (REDIRECT + b"X: ", b"x" * 9_999),
    "redirect with a body": (REDIRECT + b"Content-Length: 9999999999\r\n\r\n", b"x" * 99_999),
    "redirect with chunks": (
        REDIRECT + b"Transfer-Encoding: chunked\r\n\r\n",
        b"ffff\r\n%s\r\n" % (b"x" * 0xFFFF),
    ),
    "refusal with a body": (b"HTTP/1.1 404 Not Found\r\n\r\n", b"x" * 99_999),
    "content": (OK + b"\r\n", b"x" * 99_999),
}


class RawServer:
    """Says the same to everybody who connects, and counts the bytes that went out."""

    def __init__(self, pieces: Callable[[], Iterator[bytes]], pause: float = 0) -> None:
        self._pieces, self._pause = pieces, pause
        self._is_over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.sent = self.asked = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/{NAME}"

    def close(self) -> None:
        self._is_over.set()
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.asked += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        with connection:
            try:
                connection.recv(65_536)
                for piece in self._pieces():
                    connection.sendall(piece)
                    self.sent += len(piece)
                    if self._is_over.wait(self._pause):
                        return
            except OSError:
                pass


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second, and one try; how often one tries is tested elsewhere."""
    monkeypatch.setenv("MNISTKIT_TIMEOUT", "1")
    monkeypatch.setattr("mnistkit.datasets.download._PAUSES", ())
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


def a_file(*urls: str) -> RemoteFile:
    digest = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
    return RemoteFile("mnist", NAME, len(CONTENT), digest, urls=urls)


def outcome(url: str, number: int = 0) -> str:
    """Fail to fetch in a few seconds, with an exception of our own; return what was said."""
    file = RemoteFile("mnist", f"{number}-{NAME}", len(CONTENT), a_file().digest, urls=(url,))
    began = time.monotonic()
    with pytest.raises(DownloadError) as caught:
        fetch([file])
    assert time.monotonic() - began < 8
    return str(caught.value).split("What was tried:\n")[1].splitlines()[0].partition(f"{NAME}: ")[2]


def outcomes(servers: dict[str, RawServer], scheme: str = "http") -> dict[str, str]:
    urls = [server.url(scheme) for server in servers.values()]
    with ThreadPoolExecutor(len(urls)) as pool:
        said = list(pool.map(outcome, urls, range(len(urls))))
    for server in servers.values():
        server.close()
    return dict(zip(servers, said, strict=True))


def dripping(start: bytes, drop: bytes = b"x") -> RawServer:
    return RawServer(lambda: chain([start], repeat(drop)), pause=0.2)


def test_what_drips_is_given_up_in_time() -> None:
    servers = {name: dripping(start) for name, start in DRIPS.items()}
    servers["headers"] = dripping(OK, b"X: y\r\n")
    servers["continue"] = dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n")
    servers["digits of a chunk"] = dripping(CHUNKED, b"0")
    servers["trailers"] = dripping(CHUNKED + ONE_CHUNK + b"0\r\n", b"X: y\r\n")
    servers["body of a redirect, which leads back"] = dripping(REDIRECT + b"\r\n")
    for name, said in outcomes(servers).items():
        if name.startswith("body of a redirect"):
            assert "redirected more than 10 times" in said  # nothing of the bodies was waited for
        else:
            assert said.startswith("stalled: "), (name, said)


def test_slow_redirects_share_one_deadline() -> None:
    server = RawServer(lambda: iter((b"", REDIRECT + b"\r\n")), pause=0.3)
    assert outcomes({"slow": server})["slow"] == "stalled: no answer within 1 s"
    assert server.asked <= 4


def test_what_floods_is_cut_off() -> None:
    servers = {
        name: RawServer(lambda start=start, more=more: chain([start], repeat(more)))
        for name, (start, more) in FLOODS.items()
    }
    said = outcomes(servers)
    expected = {
        "redirect with a body": "redirected more than 10 times, as in a loop",
        "redirect with chunks": "redirected more than 10 times, as in a loop",
        "refusal with a body": "HTTP 404 Not Found",
        "content": f"sent more than {len(CONTENT):,} bytes, which is too much",
    }
    limits = ("sent more than 262,144 bytes of headers", "no usable answer: ", "the connection was")
    for name, server in servers.items():
        # What the system had taken from the server, but nobody read, counts here as well.
        assert server.sent < 64_000_000, name
        assert said[name].startswith(expected.get(name, limits)), (name, said[name])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's own peak")
@pytest.mark.parametrize("flood", ["redirect with a body", "headers", "trailers", "content"])
def test_a_flood_fills_no_memory(flood: str) -> None:
    start, more = FLOODS[flood]
    server = RawServer(lambda: chain([start], repeat(more)))
    script = f"""
import re
from pathlib import Path
from mnistkit.datasets.download import fetch
from mnistkit.datasets.remote_file import RemoteFile
try:
    fetch([{a_file(server.url())!r}])
except OSError:
    print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    server.close()
    assert int(done.stdout) < 300_000  # KiB, most of it NumPy and the like


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("drop", [b"x", b""])
def test_a_proxy_that_drips(monkeypatch: pytest.MonkeyPatch, scheme: str, drop: bytes) -> None:
    proxy = dripping(b"HTTP/1.1 200 OK\r\nX:", drop)
    monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{proxy.port}")
    assert outcome(f"{scheme}://data.invalid/{NAME}").startswith("stalled: no answer within 1 s")
    proxy.close()


def test_a_proxy_that_floods(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = RawServer(lambda: chain([OK], repeat(b"X: y\r\n" * 999)))
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
    said = outcome(f"https://data.invalid/{NAME}")
    # Python 3.12 counts a proxy's headers itself.
    assert said.startswith(("sent more than 262,144 bytes", "no usable answer: it is not HTTP"))
    proxy.close()


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", b""),
        (b"\x16\x03\x03\x40\x00", b"\x02"),  # a record of 16 KiB, which comes byte by byte
    ],
)
def test_a_handshake_that_never_ends(start: bytes, drop: bytes) -> None:
    server = dripping(start, drop)
    assert outcome(server.url("https")).startswith("stalled: no answer within 1 s")
    server.close()


def test_a_host_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:  # fill the queue, so that nobody else gets in
            one.setblocking(False)
            one.connect_ex(address)
        said = outcome(f"http://127.0.0.1:{address[1]}/{NAME}")
        for one in waiting:
            one.close()
    assert said.startswith(("no connection within 1 s", "stalled: no answer within 1 s"))


# --- what must go on working -----------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    key, chain_file = folder / "key.pem", folder / "certificate.pem"
    command = (
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {key} -out {chain_file} "
        "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
    )
    try:
        subprocess.run(command.split(), check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs openssl to make a certificate")
    return chain_file, key


@pytest.fixture
def secure_server(server: LyingServer, certificate: tuple[Path, Path]) -> LyingServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_of_the_environment(
    secure_server: LyingServer,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    url = secure_server.put(f"/{NAME}", secure_server.whole(CONTENT)).replace("http:", "https:")
    assert "no secure connection: [SSL: CERTIFICATE_VERIFY_FAILED]" in outcome(url)
    monkeypatch.setenv(variable, str(certificate[0]))
    (path,) = fetch([a_file(url)])
    assert path.read_bytes() == CONTENT
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    assert "$REQUESTS_CA_BUNDLE or $CURL_CA_BUNDLE cannot be read" in outcome(url)


def test_what_drips_over_a_secure_connection(
    secure_server: LyingServer, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    url = secure_server.put(f"/{NAME}", secure_server.drip(CONTENT, 0.1))
    assert outcome(url.replace("http:", "https:")).startswith("stalled: sent only ")


@pytest.mark.parametrize("to_proxy", ["http", "https"])
def test_a_tunnel_through_a_proxy(
    secure_server: LyingServer,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    to_proxy: str,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    url = secure_server.put(f"/{NAME}", secure_server.whole(CONTENT)).replace("http:", "https:")
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        arguments = (listening, secure_server.server_port, received)
        if to_proxy == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            arguments = (context.wrap_socket(listening, server_side=True), *arguments[1:])
        proxy = threading.Thread(target=tunnel, args=arguments)
        proxy.start()
        port = arguments[0].getsockname()[1]
        monkeypatch.setenv("https_proxy", f"{to_proxy}://me:secret@127.0.0.1:{port}")
        (path,) = fetch([a_file(url)])
        proxy.join()
        arguments[0].close()
    assert path.read_bytes() == CONTENT
    assert b"".join(received).startswith(b"CONNECT 127.0.0.1:")
    assert b"Proxy-Authorization: Basic bWU6c2VjcmV0" in b"".join(received)


def tunnel(listening: socket.socket, port: int, received: list[bytes]) -> None:
    """Be a proxy that connects one client to a port of this machine."""
    client, _ = listening.accept()
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        while b"\r\n\r\n" not in b"".join(received):
            received.append(client.recv(1))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=copy, args=(server, client))
        back.start()
        copy(client, server)
        back.join()


def copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65_536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_a_name_and_password_stay_with_their_host(
    server: LyingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: dict[str, str | None] = {}

    def note(place: str, to: str | None) -> Callable[..., None]:
        def answer(request) -> None:  # type: ignore[no-untyped-def]
            received[place] = request.headers["Authorization"]
            (server.redirect(to) if to else server.whole(CONTENT))(request)

        return answer

    elsewhere = server.url("/there").replace("127.0.0.1", "localhost")
    server.put("/first", note("first", "/second"))
    server.put("/second", note("second", elsewhere))
    server.put("/there", note("there", None))
    fetch([a_file(server.url("/first").replace("http://", "http://me:secret@"))])
    assert received == {
        "first": "Basic bWU6c2VjcmV0",
        "second": "Basic bWU6c2VjcmV0",
        "there": None,
    }
