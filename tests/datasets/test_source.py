"""Odd places to get files from: what is a secret stays one, and only our own errors come."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mnistkit.datasets.download import fetch
from mnistkit.datasets.remote_file import RemoteFile, verify
from mnistkit.datasets.source import shown
from mnistkit.errors import CacheError, DownloadError

if TYPE_CHECKING:
    from tests.datasets.conftest import LyingServer, Request

SECRET = "S3cr3t"
NAME = "train.gz"
HOST = "127.0.0.1:9"  # nobody listens there

LEAKY = [
    f"http://me:{SECRET}@{HOST}/data",
    f"http://{SECRET}@{HOST}/data",
    f"http://{SECRET}:x@{HOST}/data",
    f"http://me:a/{SECRET}@{HOST}/data",
    f"http://me:{SECRET}/b@{HOST}/data",
    f"http://me:1/{SECRET}@{HOST}/data",
    f"http://me:a?{SECRET}@{HOST}/data",
    f"http://me:{SECRET}?b@{HOST}/data",
    f"http://me:a#{SECRET}@{HOST}/data",
    f"http://me:{SECRET}#b@{HOST}/data",
    f"http://me:a\\{SECRET}@{HOST}/data",
    f"http://me:{SECRET}\\b@{HOST}/data",
    f"http://me:a@{SECRET}@{HOST}/data",
    f"http://me:{SECRET}@b@{HOST}/data",
    f"http://me:a@/?#\\{SECRET}@{HOST}/data",
    f"http://me:a b{SECRET}@{HOST}/data",
    f"http://me:%zz{SECRET}@{HOST}/data",
    f"http://me:{SECRET}/data",
    f"http://me:{SECRET}",
    f"http://me:{SECRET}@",
    f"http://me:{SECRET}@[::1/data",
    f"http://me:{SECRET}@{HOST}0000000/data",
    f"http://me:{SECRET}@hö st/data",
    f"HTTP://me:{SECRET}@{HOST}/data",
    f"http://{HOST}/data?token={SECRET}",
    f"http://{HOST}/data?mail=a@{SECRET}",
    f"http://{HOST}/data#{SECRET}",
    f"http://{HOST}?{SECRET}",
    f"http://me:{SECRET}@{HOST}/data?token={SECRET}#{SECRET}",
    f"http://\u2100{SECRET}@{HOST}/data",
    f"htps://me:{SECRET}@{HOST}/data",
    f"htps:me:{SECRET}@{HOST}/data",
    f"http:/me:{SECRET}@{HOST}/data",
    f"http:me:{SECRET}@{HOST}/data",
    f"http//me:{SECRET}@{HOST}/data",
    f"http:\\\\me:{SECRET}@{HOST}\\data",
    f"://me:{SECRET}@{HOST}/data",
    f"//me:{SECRET}@{HOST}/data",
    f"me:{SECRET}@{HOST}/data",
    f"ftp://me:{SECRET}@{HOST}/data",
    f"s3://bucket/data?signature={SECRET}",
    f"file://me:{SECRET}@host/data",
    f"file:///data?token={SECRET}",
    f"file:///data#{SECRET}",
]


@pytest.fixture(autouse=True)
def one_quick_try(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTKIT_TIMEOUT", "2")
    monkeypatch.setattr("mnistkit.datasets.download._PAUSES", ())


def a_file(*urls: str) -> RemoteFile:
    return RemoteFile("mnist", NAME, 3, f"md5:{'0' * 32}", urls=urls)


def refusal(*urls: str) -> str:
    """Fail to fetch, and return all that a user or a log could get to see of it."""
    with pytest.raises(DownloadError) as caught:
        fetch([a_file(*urls)])
    assert "What was tried:\n" in str(caught.value)
    return "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", LEAKY)
def test_a_secret_in_a_source_is_not_told(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="mnistkit")
    monkeypatch.setenv("MNISTKIT_MIRROR", url)
    told = refusal(url)
    told += "".join(f"{one.getMessage()} {one.args}" for one in caplog.records)
    assert SECRET not in told


@pytest.mark.parametrize("url", LEAKY)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_secret_in_a_proxy_is_not_told(
    url: str, scheme: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="mnistkit")
    monkeypatch.setenv(f"{scheme}_proxy", url)
    told = refusal(f"{scheme}://data.invalid/{NAME}") + caplog.text
    assert "no connection through the proxy" in told
    assert SECRET not in told


@pytest.mark.parametrize("url", LEAKY)
def test_a_secret_in_a_redirect_is_not_told(
    url: str, server: LyingServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="mnistkit")
    told = refusal(server.put("/here", server.redirect(url.encode().decode("latin-1"))))
    assert SECRET not in told + caplog.text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("/data/me@work/a:b", "/data/me@work/a:b"),
        ("data/me@work?#", "data/me@work?#"),
        ("C:\\Users\\me@work", "C:\\Users\\me@work"),
        ("\\\\server\\share", "\\\\server\\share"),
        ("https://host:80/a/b", "https://host:80/a/b"),
        ("https://[::1]:80/a", "https://[::1]:80/a"),
        ("https://me:x@host/a?b#c", "https://***@host/a"),
        ("file:///C:/data/x", "file:///C:/data/x"),
        ("//server/share", "//server/share"),
        ("http://host/\n\x1b[31m", "http://host/??[31m"),
        ("http://host/" + "x" * 5000, "http://host/" + "x" * 288 + "..."),
    ],
)
def test_what_is_shown(source: str, expected: str) -> None:
    assert shown(source) == expected


ODD = [
    "file://host/x",
    "file:relative",
    "file:",
    "file:///",
    "file:///a%00b",
    "file:///%ff",
    "file://[bad",
    "file://localhost:99999999/x",
    "file:///dev/zero",
    "file:///~nobody-of-that-name/x",
    "~nobody-of-that-name/x",
    "x" * 5000,
    "/" + "x/" * 2500,
    "http://" + "x" * 5000,
    "http://" + "x." * 2500 + "com",
    "http://[::1",
    "http://]",
    "http://:80",
    "http://",
    "http:",
    "http:///x",
    "http://host.invalid:99999",
    "http://host.invalid:-1/",
    "http://host.invalid:x/",
    "http://127.0.0.1:0/",
    "http://a b/",
    "http://host.invalid/a b\tc",
    "http://host.invalid\r\nX: y/",
    "http://\x01/",
    "http://*.invalid",
    "http://hö.invalid/ä",
    "http://" + "ö" * 64 + ".invalid",
    "http://xn--\u2603.invalid",
    "http://.invalid",
    "http://a..invalid",
    "http://%00.invalid",
    "http://\u2100.invalid",
    "http://\udc80.invalid/\udc80",
    "C:\\data",
    "C:/data",
    "\\\\server\\share",
    "//server/share",
    "\udc80",
    "-",
    ".",
    "*",
]


@pytest.mark.parametrize("place", ODD)
def test_an_odd_mirror_is_one_that_does_not_have_the_file(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNISTKIT_MIRROR", place)
    assert "mnistkit.errors" in refusal(f"{place}/{NAME}")


@pytest.mark.parametrize("place", ["/a\0b", "file:///a\0b", "http://host.invalid\0/", "a\0b", ""])
def test_an_odd_url_is_one_that_does_not_have_the_file(place: str) -> None:
    refusal(place)


def lay(kind: str, path: Path) -> None:
    """Put something there that is no regular file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("kind", ["folder", "FIFO", "device"])
@pytest.mark.parametrize("form", ["path", "URL"])
def test_a_mirrors_file_that_is_none(
    kind: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(kind, tmp_path / "mirror" / "mnist" / NAME)
    folder = tmp_path / "mirror"
    monkeypatch.setenv("MNISTKIT_MIRROR", str(folder) if form == "path" else folder.as_uri())
    assert f"mnist/{NAME}: it is not the path of a regular file\n" in refusal()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("kind", ["folder", "FIFO", "device"])
@pytest.mark.parametrize("size", [3, None, 0])
def test_a_kept_or_borrowed_file_that_is_none(
    kind: str, size: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = ("keras:x", "torchvision:x")
    file = RemoteFile("mnist", NAME, size, f"md5:{'0' * 32}", urls=(), also_at=places)
    for path in (file.path, tmp_path / "keras" / "datasets" / "x", tmp_path / "torch" / "x"):
        lay(kind, path)
        assert verify(file, path) == f"{str(path)!r} is not a file."
    with pytest.raises(DownloadError):
        fetch([file])


@pytest.mark.skipif(sys.platform == "win32", reason="only an administrator makes links there")
def test_nothing_is_written_through_a_link(server: LyingServer, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    digest = "md5:900150983cd24fb0d6963f7d28e17f72"
    url = server.put("/abc", server.whole(b"abc"))
    file = RemoteFile("mnist", NAME, 3, digest, urls=(url,))
    file.path.parent.mkdir(parents=True)
    file.path.symlink_to(mine)
    file.path.with_name(f".{NAME}.{os.getpid()}.part").symlink_to(mine)
    fetch([file])
    assert not file.path.is_symlink()
    file.path.unlink()
    file.path.with_name(f".{NAME}.lock").unlink()
    file.path.with_name(f".{NAME}.lock").symlink_to(mine)
    with pytest.raises(CacheError, match="is a symbolic link; remove it"):
        fetch([file])
    assert mine.read_text() == "mine"


def test_a_secret_is_not_told_by_the_libraries_that_ask(
    server: LyingServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def answer(request: Request) -> None:
        request.wfile.write(b"HTTP/1.1 404 Not Found\r\nno header\r\n\r\n")
        request.close_connection = True

    server.put(f"/data?token={SECRET}", answer)
    url = server.url(f"/data?token={SECRET}").replace("http://", f"http://me:{SECRET}@")
    assert "HTTP 404" in refusal(url)
    assert server.asked
    assert "Downloading" in caplog.text
    assert SECRET not in caplog.text
    logging.getLogger("urllib3.connectionpool").debug("Others are still heard.")
    assert "Others are still heard." in caplog.text
