"""A run that is to replace a finished one: it takes its place when all of it is on the disk."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from mnistkit.errors import RunFolderError
from mnistkit.files.atomic import flush_folder
from mnistkit.models.keras_file import MODEL_FILE
from mnistkit.models.run_weights import RUN_FILE, WEIGHTS_FILE
from mnistkit.training import checkpoints
from mnistkit.training.run_files import HISTORY_FILE, exists, read_description

_NAME = ".replacement"


class Replacement:
    """The folder of a new run within that of a finished one.

    Parameters
    ----------
    run : pathlib.Path
        The folder of the finished run.

    Attributes
    ----------
    path : pathlib.Path
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self.path = run / _NAME

    def has(self, name: str) -> bool:
        """Whether a file is in it."""
        return exists(self.path / name)

    def make(self) -> None:
        """Make its folder."""
        if self.path.is_symlink():  # whoever laid it there must not choose where we write
            self.path.unlink()
        self.path.mkdir(exist_ok=True)

    def complete(self) -> None:
        """Move a whole new result to its place, also one whose process was killed in the middle."""
        if not self.is_whole:
            return
        kept = checkpoints.names(self.path)  # of a run that was saved before its end
        for name in (*kept, WEIGHTS_FILE, MODEL_FILE, HISTORY_FILE, RUN_FILE):
            with contextlib.suppress(FileNotFoundError):
                (self.path / name).replace(self._run / name)
        flush_folder(self._run)
        self.remove()

    @property
    def is_whole(self) -> bool:
        """Whether all of a new result is in it."""
        if self.path.is_symlink() or not exists(self.path / RUN_FILE):
            return False
        try:
            return "files" in read_description(self.path)
        except RunFolderError:
            return False

    def remove(self) -> None:
        """Remove it, and what is in it."""
        if self.path.is_symlink():
            self.path.unlink()
        elif self.path.is_dir():
            shutil.rmtree(self.path)
