from __future__ import annotations

import os
import subprocess
import sys

import pytest

COUNT = """
from mnistkit.progress import progress
with progress("Counting", {total}, in_bytes={in_bytes}) as advance:
    for _ in range(3):
        advance(1000, "now [this]")
        print("done")
"""
PRINTED = b"done\n" * 3


def test_nothing_is_shown_in_a_pipe() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNT.format(total=3000, in_bytes=False)],
        capture_output=True, check=True,
    )  # fmt: skip
    assert (done.stdout.replace(b"\r\n", b"\n"), done.stderr) == (PRINTED, b"")


def test_a_program_without_standard_error_works(monkeypatch: pytest.MonkeyPatch) -> None:
    from mnistkit.progress import progress

    monkeypatch.setattr(sys, "stderr", None)
    with progress("Counting", 3) as advance:
        advance(1)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize(
    ("total", "in_bytes", "expected"),
    [(3000, False, "100%"), (3000, True, "3.0/3.0 kB"), (None, True, "3.0/? kB")],
)
def test_a_terminal_shows_a_bar_and_leaves_what_is_printed_alone(
    total: int | None, in_bytes: bool, expected: str
) -> None:
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", COUNT.format(total=total, in_bytes=in_bytes)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    ) as running:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # Linux says in this way that the other end was closed
            pass
        assert running.stdout is not None
        assert running.stdout.read() == PRINTED
    os.close(ours)
    assert b"Counting now [this]" in shown
    assert expected in shown.decode()
