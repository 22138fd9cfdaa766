"""What `fetch` does with sources that work, and with every kind that does not."""

from __future__ import annotations

import base64
import gzip
import hashlib
import logging
import os
import random
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mnistkit.datasets.download import fetch
from mnistkit.datasets.remote_file import RemoteFile, verify
from mnistkit.errors import (
    CacheError,
    DownloadError,
    MnistKitError,
    OfflineError,
    SettingError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.datasets.conftest import LyingServer, Request

CONTENT = gzip.compress(random.Random(0).randbytes(100_000), mtime=0)
OTHER = CONTENT[:50_000] + bytes(len(CONTENT) - 50_000)  # the right length, the wrong bytes
PAGE = b"\n<!DOCTYPE html>\n<html><body>Please log in to use this network.</body></html>\n"
NAME = "train.gz"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


pytestmark = pytest.mark.usefixtures("home")


def a_file(*urls: str, content: bytes = CONTENT, **changes: object) -> RemoteFile:
    known: dict[str, object] = {
        "dataset": "mnist",
        "name": NAME,
        "size": len(content),
        "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "urls": urls,
    }
    return RemoteFile(**{**known, **changes})  # type: ignore[arg-type]


def refusal(*variants: list[RemoteFile]) -> str:
    """Fail to fetch, look at what is left, and return the message."""
    with pytest.raises(DownloadError) as caught:
        fetch(*variants)
    assert isinstance(caught.value, MnistKitError)
    assert isinstance(caught.value, OSError)
    for files in variants:
        for file in files:
            assert leftovers(file) <= {f".{file.name}.lock"}
    return str(caught.value)


def leftovers(file: RemoteFile) -> set[str]:
    folder = file.path.parent
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def unused_url() -> str:
    """A URL on this machine at which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/{NAME}"


# --- what works ------------------------------------------------------------------------------


def test_a_file_is_downloaded_once_and_kept(server: LyingServer, home: Path) -> None:
    file = a_file(server.put("/train", server.whole(CONTENT)))
    assert verify(file, file.path) == f"{str(file.path)!r} is missing."
    for _ in range(2):
        assert fetch([file]) == (home / "mnist" / NAME,)
    assert file.path.read_bytes() == CONTENT
    assert server.asked == {"/train": 1}
    assert leftovers(file) == {NAME, f".{NAME}.lock"}


@pytest.mark.parametrize("kind", ["chunked", "without_length", "labelled as gzip"])
def test_every_way_to_send_a_file_is_understood(server: LyingServer, kind: str) -> None:
    answer = {
        "chunked": server.chunked(CONTENT),
        "without_length": server.without_length(CONTENT),
        # Some servers call the compression of a .gz file an encoding of the transfer.
        "labelled as gzip": server.whole(CONTENT, Content_Encoding="gzip"),
    }[kind]
    (path,) = fetch([a_file(server.put("/train", answer))])
    assert path.read_bytes() == CONTENT


def test_size_may_be_unknown_and_the_digest_may_be_md5(server: LyingServer) -> None:
    md5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
    file = a_file(server.put("/train", server.whole(CONTENT)), size=None, digest=md5)
    (path,) = fetch([file])
    assert path.read_bytes() == CONTENT
    path.write_bytes(OTHER)
    problem = verify(file, path)
    assert problem is not None
    assert f"has the md5 {hashlib.md5(OTHER).hexdigest()}, expected {md5[4:]}" in problem
    fetch([file])
    assert path.read_bytes() == CONTENT


def test_an_empty_file_is_a_file(server: LyingServer) -> None:
    (path,) = fetch([a_file(server.put("/train", server.whole(b"")), content=b"")])
    assert path.read_bytes() == b""


def test_redirects_are_followed(server: LyingServer) -> None:
    server.put("/here", server.whole(CONTENT))
    (path,) = fetch([a_file(server.put("/there", server.redirect("/here")))])
    assert path.read_bytes() == CONTENT


def test_files_come_in_the_order_of_the_variant(server: LyingServer) -> None:
    contents = [b"one", b"two", b"three"]
    files = [
        a_file(server.put(f"/{i}", server.whole(content)), content=content, name=f"{3 - i}.bin")
        for i, content in enumerate(contents)
    ]
    assert [path.read_bytes() for path in fetch(files)] == contents


# --- sources that fail -----------------------------------------------------------------------


def test_what_may_pass_is_tried_again(server: LyingServer) -> None:
    url = server.put(
        "/train", server.status(503), server.cut(CONTENT, after=999), server.whole(CONTENT)
    )
    (path,) = fetch([a_file(url)])
    assert path.read_bytes() == CONTENT
    assert server.asked == {"/train": 3}


SIZE = f"{len(CONTENT):,}"
A_PAGE = "got an HTML page, as a login page or a proxy sends"
WRONG = f"sha256 {hashlib.sha256(OTHER).hexdigest()}, expected {SHA256}"


@pytest.mark.parametrize(
    ("said", "how", "details"),
    [
        ("HTTP 403 Forbidden", "status", (403,)),
        ("HTTP 404 Not Found", "status", (404,)),
        ("HTTP 204 No Content", "status", (204,)),
        (f"sent a file that has 20,000 bytes, expected {SIZE}", "whole", (CONTENT[:20_000],)),
        (f"sent more than {SIZE} bytes, which is too much", "whole", (CONTENT + b"0",)),
        (f"sent a file that has the {WRONG}", "whole", (OTHER,)),
        (A_PAGE, "whole", (PAGE,)),
        (A_PAGE, "whole", (PAGE.ljust(len(CONTENT)),)),
        (A_PAGE, "whole", (PAGE.ljust(2 * len(CONTENT)),)),
        (A_PAGE, "without_length", (PAGE,)),
        (A_PAGE, "cut", (PAGE, 40)),
        (A_PAGE, "labelled", (b"<!-- hi --><p>Log in",)),
        (
            "no usable answer: the URL, or that of a redirect, is not an http",
            "redirect",
            ("ftp://host/file",),
        ),
        ("no usable answer: ", "redirect", ("http://[host",)),
    ],
)
def test_a_flaw_that_will_stay_is_named_and_not_tried_again(
    server: LyingServer, said: str, how: str, details: tuple[object, ...]
) -> None:
    url = server.put("/bad", getattr(server, how)(*details))
    message = refusal([a_file(url)])
    assert f"\nWhat was tried:\n  {url}: {said}" in message
    assert " tries)" not in message
    assert server.asked == {"/bad": 1}


def test_a_loop_of_redirects_ends(server: LyingServer) -> None:
    server.put("/here", server.redirect("/there"))
    url = server.put("/there", server.redirect("/here"))
    assert f"  {url}: redirected more than 10 times, as in a loop\n" in refusal([a_file(url)])
    assert server.asked == {"/there": 6, "/here": 5}


def outcomes(server: LyingServer, flaws: dict[str, tuple[object, ...]]) -> dict[str, str]:
    """Meet all flaws at once, since each takes a while; what is said about each."""

    def meet(name: str) -> str:
        how, *details = flaws[name]
        url = server.put(f"/{name}", getattr(server, str(how))(*details))
        message = refusal([a_file(url, dataset=name)])
        return message.split(f"  {url}: ")[1].splitlines()[0]

    with ThreadPoolExecutor(len(flaws)) as pool:
        said = dict(zip(flaws, pool.map(meet, flaws), strict=True))
    assert server.asked == {f"/{name}": 3 for name in flaws}
    return said


def test_a_flaw_that_may_pass_is_named_and_tried_three_times(server: LyingServer) -> None:
    cut = f"the connection was cut after 20,000 of {SIZE} bytes (3 tries)"
    said = outcomes(
        server,
        {
            "busy": ("status", 503),
            "too-busy": ("status", 429),
            "cut": ("cut", CONTENT, 20_000),
            "reset": ("reset", CONTENT, 20_000),
            "cut-chunked": ("chunked", CONTENT[:20_000], False),
            "cut-without-length": ("without_length", CONTENT[:20_000]),
            "hung-up": ("hang_up",),
        },
    )
    reset = said.pop("reset")  # how much was read before it is the system's affair
    assert reset.startswith("the connection was cut after ")
    assert said == {
        "busy": "HTTP 503 Service Unavailable (3 tries)",
        "too-busy": "HTTP 429 Too Many Requests (3 tries)",
        "cut": cut,
        "cut-chunked": cut,
        "cut-without-length": cut,
        "hung-up": "the connection was cut before an answer came (3 tries)",
    }


def test_a_source_that_stalls_is_given_up(
    server: LyingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNISTKIT_TIMEOUT", "1")
    said = outcomes(
        server,
        {
            "silent": ("silent",),
            "stalled": ("stall", CONTENT, 20_000),
            "dripping": ("drip", CONTENT, 0.05),
        },
    )
    assert said["silent"] == "stalled: no answer within 1 s (3 tries)"
    assert said["stalled"] == "stalled: sent only 0 bytes in 1 s, 20,000 in all (3 tries)"
    assert re.match(r"stalled: sent only \d+ bytes in 1 s, \d+ in all", said["dripping"])


def test_what_cannot_be_reached_is_named() -> None:
    nobody = unused_url()
    unresolvable = f"http://no-such-host.invalid/{NAME}"
    message = refusal([a_file(nobody, unresolvable, f"gopher://host/{NAME}")])
    assert f"  {nobody}: no connection: [Errno " in message
    assert f"  {unresolvable}: no connection: " in message
    assert f"  gopher://host/{NAME}: gopher:// cannot be read; expected http, https" in message
    assert "tries)" not in message


def test_an_error_that_is_being_handled_is_not_taken_for_the_cause() -> None:
    try:
        Path("/nowhere/at/all").stat()
    except FileNotFoundError:
        message = refusal([a_file(unused_url())])
    assert ": no connection: [Errno " in message
    assert "[Errno 2]" not in message


def test_a_secure_connection_is_not_replaced_by_another(server: LyingServer) -> None:
    url = server.put("/train", server.whole(CONTENT)).replace("http:", "https:")
    assert f"  {url}: no secure connection: " in refusal([a_file(url)])
    assert not server.asked


def test_a_proxy_that_answers_itself(server: LyingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://data.invalid/{NAME}"
    server.put(url, server.whole(PAGE))  # a proxy is asked with the whole URL
    monkeypatch.setenv("http_proxy", server.url(""))
    assert f"  {url}: {A_PAGE}\n" in refusal([a_file(url)])
    assert server.asked == {url: 1}
    monkeypatch.setenv("http_proxy", unused_url().removesuffix(f"/{NAME}"))
    assert f"  {url}: no connection through the proxy: [Errno " in refusal([a_file(url)])


def test_a_login_page_elsewhere_is_named(server: LyingServer) -> None:
    server.put("/login", server.whole(PAGE))
    login = server.url("/login?secret=1").replace("127.0.0.1", "localhost")
    server.put("/login?secret=1", server.whole(PAGE))
    message = refusal([a_file(server.put("/train", server.redirect(login)))])
    assert "got an HTML page from localhost, where it redirected to, as a login page" in message
    assert "secret" not in message


# --- mirrors, and several sources ------------------------------------------------------------


def test_sources_are_tried_in_their_order(
    server: LyingServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="mnistkit")
    monkeypatch.setenv("MNISTKIT_MIRROR", server.url("/mirror/"))
    mirror = server.put(f"/mirror/mnist/{NAME}", server.whole(OTHER))
    urls = [
        server.put("/1", server.status(403)),
        server.put("/2", server.whole(PAGE)),
        server.put("/3", server.whole(CONTENT)),
        server.put("/4", server.whole(CONTENT)),
    ]
    (path,) = fetch([a_file(*urls)])
    assert path.read_bytes() == CONTENT
    assert list(server.asked) == [f"/mirror/mnist/{NAME}", "/1", "/2", "/3"]
    begun = [text for text in caplog.messages if text.startswith("Downloading")]
    assert begun == [f"Downloading mnist/{NAME} from {url}" for url in (mirror, *urls[:3])]


@pytest.mark.parametrize("form", ["folder", "~", "URL", "localhost"])
def test_a_mirror_on_disk_needs_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    folder = tmp_path / "user" / "a folder"
    (folder / "mnist").mkdir(parents=True)
    (folder / "mnist" / NAME).write_bytes(CONTENT)
    mirror = {
        "folder": str(folder),
        "~": "~/a folder/",
        "URL": folder.as_uri(),
        "localhost": folder.as_uri().replace("file://", "file://localhost"),
    }[form]
    monkeypatch.setenv("MNISTKIT_MIRROR", mirror)
    monkeypatch.setenv("MNISTKIT_OFFLINE", "1")
    file = a_file(unused_url())
    assert fetch([file]) == (file.path,)
    assert file.path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("mirror", "said"),
    [
        ("empty", f"  empty/mnist/{NAME}: No such file or directory\n"),
        ("file://host/data", "names another machine; a file URL has three slashes"),
        ("s3://bucket", "s3:// cannot be read; expected http, https, file, or a folder\n"),
    ],
)
def test_a_mirror_without_the_file_is_passed_over(
    server: LyingServer, monkeypatch: pytest.MonkeyPatch, mirror: str, said: str
) -> None:
    monkeypatch.setenv("MNISTKIT_MIRROR", mirror)
    file = a_file(server.url("/missing"))
    assert said in refusal([file])
    server.put("/missing", server.whole(CONTENT))
    assert fetch([file]) == (file.path,)


def test_a_damaged_mirror_on_disk_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNISTKIT_MIRROR", str(tmp_path / "mirror"))
    copy = tmp_path / "mirror" / "mnist" / NAME
    copy.parent.mkdir(parents=True)
    copy.write_bytes(OTHER)
    assert f"  {copy}: sent a file that has the sha256 " in refusal([a_file()])
    assert copy.read_bytes() == OTHER


def test_a_password_is_used_but_not_shown(
    server: LyingServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="mnistkit")
    received = []

    def answer(request: Request) -> None:
        received.append(request.headers["Authorization"])
        server.status(401)(request)

    server.put(f"/mnist/{NAME}", answer)
    mirror = server.url("").replace("http://", "http://me:secret@")
    monkeypatch.setenv("MNISTKIT_MIRROR", mirror)
    message = refusal([a_file()])
    assert received == ["Basic " + base64.b64encode(b"me:secret").decode()]
    assert f"  http://***@127.0.0.1:{server.server_port}/mnist/{NAME}: HTTP 401" in message
    assert "secret" not in message + caplog.text


# --- several variants ------------------------------------------------------------------------


def four_and_one(server: LyingServer) -> tuple[list[RemoteFile], list[RemoteFile]]:
    """Two files that nobody has, or one archive."""
    parts = [a_file(server.url(f"/{i}"), name=f"part-{i}.gz") for i in range(2)]
    return parts, [a_file(server.url("/archive"), name="archive.npz")]


def test_the_first_variant_that_can_be_completed_is_used(server: LyingServer) -> None:
    parts, archive = four_and_one(server)
    server.put("/0", server.whole(CONTENT))
    server.put("/archive", server.whole(CONTENT))
    assert fetch(parts, archive) == (archive[0].path,)
    assert server.asked == {"/0": 1, "/1": 1, "/archive": 1}
    server.put("/1", server.whole(CONTENT))
    assert fetch(parts) == (parts[0].path, parts[1].path)
    assert server.asked == {"/0": 1, "/1": 2, "/archive": 1}


def test_a_whole_variant_at_home_goes_before_any_download(server: LyingServer) -> None:
    parts, archive = four_and_one(server)
    server.put("/archive", server.whole(CONTENT))
    fetch(archive)
    assert fetch(parts, archive) == (archive[0].path,)
    assert server.asked == {"/archive": 1}


def test_what_is_missing_of_every_variant_is_listed(server: LyingServer) -> None:
    parts, archive = four_and_one(server)
    server.put("/0", server.whole(CONTENT))
    with pytest.raises(DownloadError) as caught:
        fetch(parts, archive)
    place = f"into {parts[0].path.parent} yourself and call again."
    assert str(caught.value).splitlines() == [
        "'part-1.gz' of the data set 'mnist' could not be downloaded.",
        "What was tried:",
        f"  {server.url('/1')}: HTTP 404 Not Found",
        f"  {server.url('/archive')}: HTTP 404 Not Found",
        "To do it by hand:",
        f"  Put `part-1.gz` ({SIZE} bytes, sha256 {SHA256}) {place}",
        "Instead of that:",
        f"  Put `archive.npz` ({SIZE} bytes, sha256 {SHA256}) {place}",
        "Or set $MNISTKIT_MIRROR to a folder or URL that has mnist/part-1.gz.",
    ]


def test_doing_what_the_message_says_helps() -> None:
    file = a_file(unused_url(), size=None)
    message = refusal([file])
    assert f"  Put `{NAME}` (size not known, sha256 {SHA256}) into {file.path.parent} " in message
    file.path.write_bytes(CONTENT)
    assert fetch([file]) == (file.path,)


def test_no_variant_or_an_empty_one_is_refused() -> None:
    with pytest.raises(TypeError, match="at least one sequence of files"):
        fetch()
    with pytest.raises(TypeError, match="none that is empty"):
        fetch([])


# --- what is on this machine already ---------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "folder"),
    [
        ("keras:mnist/x.gz", "keras/datasets"),
        ("torchvision:MNIST/raw/x.gz", "work/data"),
        ("torchvision:MNIST/raw/x.gz", "data"),
        ("torchvision:MNIST/raw/x.gz", "user/data"),
        ("torchvision:MNIST/raw/x.gz", "torch"),
        ("torchvision:MNIST/raw/x.gz", "torch/datasets"),
    ],
)
def test_a_copy_of_another_library_is_used_where_it_is(
    server: LyingServer, tmp_path: Path, home: Path, place: str, folder: str
) -> None:
    file = a_file(server.put("/train", server.whole(CONTENT)), also_at=(place,))
    copy = tmp_path / folder / place.partition(":")[2]
    copy.parent.mkdir(parents=True)
    copy.write_bytes(OTHER)
    assert fetch([file]) == (file.path,)  # a damaged copy is not used, and not touched
    assert copy.read_bytes() == OTHER
    file.path.unlink()
    copy.write_bytes(CONTENT)
    (path,) = fetch([file])
    assert path.is_absolute()
    assert path.samefile(copy)
    assert not file.path.exists()
    assert server.asked == {"/train": 1}


def test_borrowed_files_complete_what_is_at_home(server: LyingServer, tmp_path: Path) -> None:
    server.put("/0", server.whole(CONTENT))
    parts = [
        a_file(server.url(f"/{i}"), name=f"{i}.gz", also_at=(f"keras:{i}.gz",)) for i in range(2)
    ]
    fetch(parts[:1])
    copy = tmp_path / "keras" / "datasets" / "1.gz"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(CONTENT)
    assert fetch(parts) == (parts[0].path, copy)
    assert server.asked == {"/0": 1}


@pytest.mark.parametrize("damage", [OTHER, CONTENT[:-1], b"", CONTENT + b"0"])
def test_a_damaged_file_at_home_is_noticed_and_replaced(
    server: LyingServer, caplog: pytest.LogCaptureFixture, damage: bytes
) -> None:
    file = a_file(server.put("/train", server.whole(CONTENT)))
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(damage)
    problem = verify(file, file.path)
    assert fetch([file]) == (file.path,)
    assert file.path.read_bytes() == CONTENT
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [warning.getMessage() for warning in warnings] == [
        f"Not used, because it is damaged: {problem}"
    ]


def test_a_damaged_file_stays_until_there_is_a_better_one(server: LyingServer) -> None:
    file = a_file(server.put("/train", server.whole(PAGE)))
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(OTHER)
    with pytest.raises(DownloadError, match="HTML page"):
        fetch([file])
    assert file.path.read_bytes() == OTHER
    assert leftovers(file) == {NAME, f".{NAME}.lock"}


def test_leftovers_of_a_killed_process_are_swept(server: LyingServer) -> None:
    file = a_file(server.put("/train", server.whole(CONTENT)))
    file.path.parent.mkdir(parents=True)
    for pid in (1, os.getpid()):
        file.path.with_name(f".unfinished.{pid:016}.{NAME}").write_bytes(CONTENT[:99])
    file.path.with_name(f".{NAME}.lock").touch()
    fetch([file])
    assert leftovers(file) == {NAME, f".{NAME}.lock"}


def test_nothing_is_written_where_everything_is_there(home: Path) -> None:
    file = a_file()
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(CONTENT)
    file.path.parent.chmod(0o555)
    try:
        assert fetch([file]) == (file.path,)
        assert leftovers(file) == {NAME}
    finally:
        file.path.parent.chmod(0o755)


# --- a folder that cannot be used ------------------------------------------------------------


def test_a_home_that_cannot_be_made_is_named(
    server: LyingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MNISTKIT_HOME", str(tmp_path / "file" / "home"))
    file = a_file(server.put("/train", server.whole(CONTENT)))
    with pytest.raises(CacheError) as caught:
        fetch([file])
    assert str(caught.value) == (
        f"mnistkit cannot keep data in {str(file.path.parent)!r}: Not a directory. "
        "Make the folder writable, or set $MNISTKIT_HOME to another folder. "
        "Nothing half-written was left behind."
    )
    assert not server.asked


def test_a_folder_in_the_place_of_the_file_is_left_alone(server: LyingServer) -> None:
    file = a_file(server.put("/train", server.whole(CONTENT)))
    file.path.mkdir(parents=True)
    with pytest.raises(CacheError, match="cannot keep data in"):
        fetch([file])
    assert file.path.is_dir()
    assert leftovers(file) == {NAME, f".{NAME}.lock"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of a file")
def test_nothing_half_written_stays_when_writing_fails(server: LyingServer) -> None:
    file = a_file(server.put("/train", server.whole(CONTENT)))
    script = f"""
import resource
from mnistkit.datasets.download import fetch
from mnistkit.datasets.remote_file import RemoteFile
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
fetch([{file!r}])
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert f"CacheError: mnistkit cannot keep data in {str(file.path.parent)!r}: " in ended.stderr
    assert leftovers(file) == {f".{NAME}.lock"}


# --- the network is forbidden ----------------------------------------------------------------


def test_offline_means_not_one_request(
    server: LyingServer, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("MNISTKIT_OFFLINE", "true")
    monkeypatch.setenv("MNISTKIT_MIRROR", server.url(""))
    server.put(f"/mnist/{NAME}", server.whole(CONTENT))
    folder = home / "mnist"
    with pytest.raises(OfflineError) as caught:
        fetch([a_file(server.put("/train", server.whole(CONTENT)))])
    assert str(caught.value).splitlines() == [
        f"'{NAME}' of the data set 'mnist' is not on this machine.",
        "$MNISTKIT_OFFLINE forbids the network; unset it to allow the download.",
        "To do it by hand:",
        f"  Put `{NAME}` ({SIZE} bytes, sha256 {SHA256}) into {folder} yourself and call again.",
        f"Or set $MNISTKIT_MIRROR to a folder or URL that has mnist/{NAME}.",
    ]
    assert not server.asked
    assert not home.exists()


def test_offline_is_no_obstacle_for_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTKIT_OFFLINE", "1")
    file = a_file(unused_url())
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(CONTENT)
    assert fetch([file]) == (file.path,)


@pytest.mark.parametrize("name", ["MNISTKIT_OFFLINE", "MNISTKIT_TIMEOUT"])
def test_a_setting_that_makes_no_sense_is_named_when_it_matters(
    server: LyingServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "soon")
    file = a_file(server.put("/train", server.whole(CONTENT)))
    with pytest.raises(SettingError, match=rf"\${name} is 'soon'; expected "):
        fetch([file])
    assert not server.asked
    file.path.parent.mkdir(exist_ok=True, parents=True)
    file.path.write_bytes(CONTENT)
    assert fetch([file]) == (file.path,)


# --- progress --------------------------------------------------------------------------------

FETCH = """
from mnistkit.datasets.download import fetch
from mnistkit.datasets.remote_file import RemoteFile
fetch([{file!r}])
"""


def test_progress_is_shown_on_a_terminal_only(
    server: LyingServer, run_with_errors_on_terminal: Callable[[str], tuple[bytes, str]]
) -> None:
    file = a_file(server.put("/train", server.slow(CONTENT, pieces=4, pause=0.1)))
    code = FETCH.format(file=file)
    in_a_pipe = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (in_a_pipe.stdout, in_a_pipe.stderr) == (b"", b"")
    file.path.unlink()
    printed, shown = run_with_errors_on_terminal(code)
    assert printed == b""
    assert f"mnist/{NAME}" in shown


# --- catalogue rows --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dataset": "../elsewhere"}, "'../elsewhere' cannot be the name of a folder or file"),
        ({"name": "raw/x.gz"}, "'raw/x.gz' cannot be the name of a folder or file"),
        ({"name": ".hidden"}, "and a letter, a digit or '_' first"),
        ({"size": -1}, "The size of 'train.gz' is -1; expected None or bytes."),
        ({"digest": "sha256:abc"}, "expected 'sha256:' and 64, or 'md5:' and 32 hexadecimal"),
        ({"digest": "MD5:" + "0" * 32}, "The digest of 'train.gz' is 'MD5:000"),
        ({"also_at": ("pip:x",)}, "expected 'keras:<path>' or 'torchvision:<path>'"),
        ({"also_at": ("keras:../../x",)}, "'keras:../../x' does not say where 'train.gz' is"),
    ],
)
def test_a_malformed_row_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        a_file(**changes)  # type: ignore[arg-type]


def test_a_copy_that_is_no_file_is_refused(tmp_path: Path) -> None:
    assert verify(a_file(), tmp_path) == f"{str(tmp_path)!r} is not a file."


# --- copies that somebody unpacked -----------------------------------------------------------

PLAIN = gzip.decompress(CONTENT)


def an_unpackable_file(*urls: str, **changes: object) -> RemoteFile:
    return a_file(*urls, unpacked_digest=f"sha256:{hashlib.sha256(PLAIN).hexdigest()}", **changes)


@pytest.mark.parametrize("name", [NAME, "train"])
def test_an_unpacked_file_in_the_cache_is_used(home: Path, name: str) -> None:
    file = an_unpackable_file(unused_url())
    (home / "mnist").mkdir(parents=True)
    (home / "mnist" / name).write_bytes(PLAIN)
    assert fetch([file]) == (home / "mnist" / name,)


@pytest.mark.parametrize("name", [NAME, "train"])
@pytest.mark.parametrize("form", ["folder", "URL"])
def test_an_unpacked_file_in_a_mirror_folder_is_used(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, form: str
) -> None:
    folder = tmp_path / "mirror"
    (folder / "mnist").mkdir(parents=True)
    (folder / "mnist" / name).write_bytes(PLAIN)
    monkeypatch.setenv("MNISTKIT_MIRROR", str(folder) if form == "folder" else folder.as_uri())
    monkeypatch.setenv("MNISTKIT_OFFLINE", "1")
    for _ in range(2):
        (path,) = fetch([an_unpackable_file()])
        assert path == home / "mnist" / name
        assert path.read_bytes() == PLAIN


def test_an_unpacked_file_of_another_library_is_used(tmp_path: Path) -> None:
    copy = tmp_path / "torch" / "MNIST" / "raw" / "train"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(PLAIN)
    file = an_unpackable_file(also_at=(f"torchvision:MNIST/raw/{NAME}",))
    assert fetch([file]) == (copy,)


@pytest.mark.parametrize("name", [NAME, "train"])
@pytest.mark.parametrize("content", [PLAIN[:-1], PLAIN[:-1] + b"?", b""])
def test_an_unpacked_file_with_other_content_is_not_used(
    server: LyingServer, home: Path, name: str, content: bytes
) -> None:
    file = an_unpackable_file(server.url("/missing"))
    (home / "mnist").mkdir(parents=True)
    (home / "mnist" / name).write_bytes(content)
    with pytest.raises(DownloadError) as caught:
        fetch([file])
    assert "What is here, but is not the file as it was published:\n" in str(caught.value)
    assert f"  {str(home / 'mnist' / name)!r} has {len(content):,} bytes, expected {SIZE}." in str(
        caught.value
    )
    server.put("/missing", server.whole(CONTENT))
    assert fetch([file]) == (file.path,)
    assert file.path.read_bytes() == CONTENT


def test_an_unpacked_file_that_cannot_be_verified_is_named(home: Path) -> None:
    (home / "mnist").mkdir(parents=True)
    (home / "mnist" / "train").write_bytes(PLAIN)
    with pytest.raises(DownloadError) as caught:
        fetch([a_file(unused_url())])
    seen = f"  {str(home / 'mnist' / 'train')!r} has {len(PLAIN):,} bytes, expected {SIZE}."
    assert f"{seen} It is not packed; put the '.gz' file here.\n" in str(caught.value)


def test_a_server_that_unpacks_is_not_an_excuse_for_a_larger_file(server: LyingServer) -> None:
    file = an_unpackable_file(server.put("/train", server.whole(PLAIN + bytes(len(PLAIN)))))
    assert f"sent more than {SIZE} bytes" in refusal([file])


@pytest.mark.parametrize(
    "changes",
    [
        {"unpacked_digest": "sha256:abc"},
        {"unpacked_digest": f"md5:{'0' * 32}"},
        {"unpacked_digest": f"sha256:{'0' * 64}", "name": "train"},
    ],
)
def test_a_malformed_unpacked_digest_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="The unpacked digest of 'train"):
        a_file(**changes)  # type: ignore[arg-type]
