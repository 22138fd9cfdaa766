"""The folder that keeps a comparison's or a search's runs, or one for the time being."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mnistkit.errors import RunFolderError


@contextlib.contextmanager
def folder_or_temporary(run_dir: str | os.PathLike[str] | None) -> Iterator[Path]:
    """The folder that was given, or one that is gone afterwards.

    Parameters
    ----------
    run_dir : str, path-like or None

    Raises
    ------
    RunFolderError
        If it begins with a home that is not known.
    """
    if run_dir is not None:
        try:
            folder = Path(run_dir).expanduser().absolute()
        except RuntimeError as error:
            raise RunFolderError(f"run_dir={os.fspath(run_dir)!r}: {error}") from error
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="mnistkit-runs-") as temporary:
        yield Path(temporary)
