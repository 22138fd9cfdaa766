"""What the tests of the command line share: real processes, real terminals, one trained run."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

MNISTKIT = [sys.executable, "-m", "mnistkit"]
STYLES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
DENIAL = """
import sys
from importlib.machinery import ModuleSpec


class Denial:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"tensorflow", "keras", "matplotlib"}:
            return ModuleSpec(name, self)  # it is there, and may be looked for

    def create_module(self, spec):
        raise AssertionError(f"{spec.name} must not be imported here")

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, Denial())
"""


@pytest.fixture(scope="session")
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``python -m mnistkit`` in a process of its own, in a pipe."""

    def run_in_pipe(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MNISTKIT, *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            env={**os.environ, **variables},
        )

    return run_in_pipe


@pytest.fixture(scope="session")
def run_light(run, tmp_path_factory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The same where importing TensorFlow, Keras or matplotlib ends the process."""
    folder = tmp_path_factory.mktemp("denial")
    (folder / "sitecustomize.py").write_text(DENIAL, encoding="utf-8")

    def run_denied(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        inherited = os.environ.get("PYTHONPATH", "")
        return run(*arguments, PYTHONPATH=os.pathsep.join(filter(None, [str(folder), inherited])))

    return run_denied


@pytest.fixture(scope="session")
def run_on_terminal() -> Callable[..., tuple[int, str]]:
    """Run it on a pseudo-terminal of some width; the exit status, and what a person would see."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    import termios

    def run_on_pseudo_terminal(*arguments: str | Path, columns: int = 80) -> tuple[int, str]:
        terminal, end = pty.openpty()
        termios.tcsetwinsize(end, (40, columns))
        variables = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        process = subprocess.Popen(
            [*MNISTKIT, *map(str, arguments)],
            stdin=end,
            stdout=end,
            stderr=end,
            env={**variables, "TERM": "xterm-256color"},
        )
        os.close(end)
        shown = b""
        with contextlib.suppress(OSError):  # how Linux says that the other end is closed
            while piece := os.read(terminal, 65536):
                shown += piece
        os.close(terminal)
        return process.wait(), STYLES.sub("", shown.decode("utf-8")).replace("\r\n", "\n")

    return run_on_pseudo_terminal


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty folder for downloaded data."""
    folder = tmp_path / "home"
    monkeypatch.setenv("MNISTKIT_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def trained(run, tmp_path_factory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """One real training: the finished process, and the folder that it saved to."""
    folder = tmp_path_factory.mktemp("runs") / "of digits" / "first"
    done = run(
        "train", "dense128", "--dataset", "digits", "--epochs", "1", "--validation", "0.1",
        "--out", folder,
    )  # fmt: skip
    return done, folder
