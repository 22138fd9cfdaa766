"""Many processes, and processes that are killed: one download, and never a bad file."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from mnistkit.datasets.remote_file import RemoteFile, verify

if TYPE_CHECKING:
    from pathlib import Path

    from tests.datasets.conftest import LyingServer

pytestmark = pytest.mark.usefixtures("home")

CONTENT = random.Random(0).randbytes(300_000)
NAME = "train.bin"
SCRIPT = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may start us with it ignored
from mnistkit.datasets.download import fetch
from mnistkit.datasets.remote_file import RemoteFile
(path,) = fetch([{file!r}])
print(path.resolve(), end="")
"""


def a_file(url: str) -> RemoteFile:
    digest = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
    return RemoteFile("mnist", NAME, len(CONTENT), digest, urls=(url,))


def start(file: RemoteFile) -> subprocess.Popen[str]:
    """Begin to fetch a file in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(file=file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def succeed_together(file: RemoteFile, processes: int) -> None:
    """Fetch a file in many processes at once; each gets it, and nothing else is left."""
    running = [start(file) for _ in range(processes)]
    for process in running:
        assert process.communicate() == (str(file.path.resolve()), "")
        assert process.returncode == 0
    assert file.path.read_bytes() == CONTENT
    assert names_in(file.path.parent) == [f".{NAME}.lock", NAME]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_eight_processes_share_one_download(server: LyingServer) -> None:
    file = a_file(server.put("/train", server.slow(CONTENT, pieces=10, pause=0.1)))
    succeed_together(file, processes=8)
    assert server.asked == {"/train": 1}
    assert server.sent == len(CONTENT)


@pytest.mark.parametrize("kills", [8, pytest.param(30, marks=pytest.mark.slow)])
def test_killed_processes_leave_nothing_that_matters(server: LyingServer, kills: int) -> None:
    file = a_file(server.put("/train", server.slow(CONTENT, pieces=30, pause=0.02)))
    chance = random.Random(kills)
    killed = half_written = 0
    while killed < kills:
        pair = [start(file), start(file)]  # the second one waits for the first
        for process in pair:
            if killed % 2:
                time.sleep(chance.uniform(0, 1.5))
            else:
                wait_for_bytes(server, chance.randrange(len(CONTENT)), process)
            killed += process.poll() is None
            process.kill()
            process.communicate()
        parts = [name for name in names_in(file.path.parent) if name.startswith(".unfinished.")]
        assert len(parts) <= 1
        half_written += len(parts)
        if file.path.exists():
            assert verify(file, file.path) is None
            file.path.unlink()
    assert half_written > 0  # else the drill has drilled nothing
    asked = server.asked["/train"]
    succeed_together(file, processes=4)
    assert server.asked["/train"] == asked + 1


def wait_for_bytes(server: LyingServer, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until the server has sent that many bytes more, or the process has ended."""
    goal = server.sent + count
    while server.sent < goal and process.poll() is None:
        time.sleep(0.001)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signal to one process")
def test_an_interrupt_by_the_user_leaves_nothing(server: LyingServer) -> None:
    file = a_file(server.put("/train", server.stall(CONTENT, after=100_000)))
    process = start(file)
    while not any(name.startswith(".unfinished.") for name in names_in(file.path.parent)):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate()[1]
    assert names_in(file.path.parent) == [f".{NAME}.lock"]
    server.put("/train", server.whole(CONTENT))
    succeed_together(file, processes=1)
