"""What tests of several rooms share."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw


@pytest.fixture(scope="session")
def forge() -> Callable[..., None]:
    """Change what a run's folder says, as somebody does who also puts the digests right.

    Call it with the folder and a function that changes the description (and, for files, writes
    them first).
    """

    def forge_run(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
        path = folder / "run.json"
        run = json.loads(path.read_text(encoding="utf-8"))
        run.pop("sha256", None)
        if "files" in run:
            digest = lambda name: hashlib.sha256((folder / name).read_bytes()).hexdigest()  # noqa: E731
            run["files"] = {name: digest(name) for name in run["files"]}
        change(run)
        run["sha256"] = hashlib.sha256(json.dumps(run).encode()).hexdigest()
        path.write_text(json.dumps(run, indent=2), encoding="utf-8")

    return forge_run


@pytest.fixture(scope="session")
def run_with_errors_on_terminal() -> Callable[[str], tuple[bytes, str]]:
    """Run Python code whose standard error is a terminal; what it printed, and what is seen there.

    It fails if the process fails.
    """
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")

    def run(code: str) -> tuple[bytes, str]:
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        ) as running:
            os.close(theirs)
            shown = b""
            with contextlib.suppress(OSError):  # how Linux says that the other end is closed
                while piece := os.read(ours, 4096):
                    shown += piece
            assert running.stdout is not None
            printed = running.stdout.read()
        os.close(ours)
        assert running.returncode == 0
        return printed, shown.decode()

    return run


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Put a distribution with entry points, and perhaps its module, on sys.path.

    Call it with a name and the entry points: pairs, or text that may go on with other groups. The
    folder that it is installed to is returned.
    """

    def install_distribution(
        name: str,
        points: Sequence[tuple[str, str]] | str,
        *,
        version: str = "1.0",
        module: str | None = None,
        source: str = "",
        group: str = "mnistkit.models",
    ) -> Path:
        site = tmp_path / f"site-{name}"
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = points if isinstance(points, str) else "\n".join(f"{k} = {v}" for k, v in points)
        (info / "entry_points.txt").write_text(f"[{group}]\n{lines}\n")
        if module:
            (site / f"{module}.py").write_text(textwrap.dedent(source))
            monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.syspath_prepend(site)
        return site

    return install_distribution


@pytest.fixture
def seven() -> Image.Image:
    """A seven as somebody draws it, blue on white."""
    image = Image.new("RGB", (300, 400), "white")
    ImageDraw.Draw(image).line([(80, 100), (220, 100), (130, 300)], fill="navy", width=9)
    return image
