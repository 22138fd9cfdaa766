"""Whether the process that works on a trial still lives, as other processes can tell."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.errors import TuningError
from mnistkit.files.locking import LockedError, locked
from mnistkit.messages import said_by
from mnistkit.tuning.slots import BEAT, FOLDER, PROCESS
from mnistkit.tuning.storage import storage_is_needed

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

logger = logging.getLogger(__name__)

_LOCKS = ".alive"
BEAT_SECONDS = 15.0
SILENT_SECONDS = 90.0  # after which a process counts as dead


@contextlib.contextmanager
def alive(trial: optuna.Trial, folder: Path, folder_id: str) -> Iterator[None]:
    """Show others that this process works on a trial.

    Who shares the folder sees it by a lock, which the system frees when the process ends, however
    it does. Who shares the storage alone sees a number that is counted up.
    """
    path = _lock_of(trial.number, folder)
    stop = threading.Event()
    thread = threading.Thread(target=_beat, args=(trial, stop), daemon=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = contextlib.ExitStack()
        held.enter_context(locked(path, wait=True))  # perhaps somebody just looks whether it is
    except OSError as error:
        raise TuningError(
            f"Nothing can be written in {str(folder)!r}: {said_by(error)}. Take another folder."
        ) from error
    with held:
        with storage_is_needed():
            trial.set_user_attr(PROCESS, f"{platform.node()}, {os.getpid()}")
            trial.set_user_attr(FOLDER, folder_id)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
    with contextlib.suppress(OSError):  # no number is used twice
        path.unlink()


def _lock_of(number: int, folder: Path) -> Path:
    return folder / _LOCKS / f"{number:04d}"


def _beat(trial: optuna.Trial, stop: threading.Event) -> None:
    count = 0
    while not stop.is_set():
        count += 1
        try:
            trial.set_user_attr(BEAT, count)
        # A storage that is away for a moment is no reason to end; the training notices the rest.
        except Exception as error:  # noqa: BLE001
            logger.warning("The storage did not take a sign of life: %s", said_by(error))
        stop.wait(BEAT_SECONDS)


class Watch:
    """Looks at the trials of others, and says which of them nobody works on any more.

    Parameters
    ----------
    folder : pathlib.Path
    folder_id : str
        What tells the folder from those of other machines.
    """

    def __init__(self, folder: Path, folder_id: str) -> None:
        self._folder = folder
        self._id = folder_id
        self._seen: dict[int, tuple[int | None, float]] = {}  # the last sign of life, and when

    def is_dead(self, attempt: FrozenTrial) -> bool:
        """Whether the process of a running attempt has died.

        Parameters
        ----------
        attempt : optuna.trial.FrozenTrial
        """
        if attempt.user_attrs.get(FOLDER) == self._id:
            return self._is_free(attempt.number)
        # The clocks of two machines differ, so only what is seen here counts.
        now = time.monotonic()
        beat = attempt.user_attrs.get(BEAT)
        seen, since = self._seen.get(attempt.number, (None, now))
        if attempt.number not in self._seen or seen != beat:
            self._seen[attempt.number] = (beat, now)
            return False
        return now - since > SILENT_SECONDS

    def _is_free(self, number: int) -> bool:
        try:
            with locked(_lock_of(number, self._folder), wait=False):
                return True
        except LockedError:
            return False
