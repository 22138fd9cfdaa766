from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

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


@pytest.mark.parametrize(
    ("total", "in_bytes", "expected"),
    [(3000, False, "100%"), (3000, True, "3.0/3.0 kB"), (None, True, "3.0/? kB")],
)
def test_a_terminal_shows_a_bar_and_leaves_what_is_printed_alone(
    run_with_errors_on_terminal: Callable[[str], tuple[bytes, str]],
    total: int | None,
    in_bytes: bool,
    expected: str,
) -> None:
    printed, shown = run_with_errors_on_terminal(COUNT.format(total=total, in_bytes=in_bytes))
    assert printed == PRINTED
    assert "Counting now [this]" in shown
    assert expected in shown
