"""What tests of several rooms share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


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
