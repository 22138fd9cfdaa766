"""A run's folder: what was trained, how, on what, and the weights.

- ``run.json``: how the model is built and what it computes, recipe, seed, engine, data with its
  hash, versions, machine; what happened: the status, when it was begun, how long it took, how many
  epochs are done, and what the model had been through before; the digests of the other files and
  of itself. A result is there if it has digests of other files;
- ``history.csv``: a line an epoch;
- ``weights.npz``: the weights, plain numbers in the order of ``model.weights``; or ``model.keras``
  for a model that did not come from `create_model` and so cannot be built again by name;
- ``checkpoint-*.npz`` while training goes on, see `mnistkit.training.checkpoints`;
- ``.replacement/``: the same for a run that is to replace a finished one. It takes the place of the
  finished run when all of it is on the disk, and not before;
- ``.lock``: held by the process that trains or saves.

Nothing in it is code, and nothing that it says is done unless the digests are right.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.errors import RunFolderError
from mnistkit.files.atomic import write_atomically, write_together
from mnistkit.files.locking import LockedError, locked
from mnistkit.models.keras_file import MODEL_FILE, write_keras_model
from mnistkit.models.run_weights import RUN_FILE, WEIGHTS_FILE
from mnistkit.models.weights_file import weights_as_bytes
from mnistkit.training import checkpoints
from mnistkit.training.checkpoints import Checkpoint
from mnistkit.training.description import (
    FINISHED,
    INTERRUPTED,
    TRAINING,
    Description,
    differences,
    machine_differences,
    to_bytes,
)
from mnistkit.training.divergence import refuse_diverged
from mnistkit.training.history_file import History, history_as_bytes
from mnistkit.training.replacement import Replacement
from mnistkit.training.run_files import (
    HISTORY_FILE,
    exists,
    read_description,
    unwritable,
    writer,
)
from mnistkit.training.run_result import RunResult, SavedRun
from mnistkit.training.saved_model import Builder

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

_LOCK = ".lock"
_GO_ON = (
    "Continue it with the settings, data and versions that it was started with; resume='anyway' "
    "continues it all the same, to weights that differ."
)
_TRAIN_ON = (
    "To train its model on, load it with Trainer.load(folder, run_dir=another) and fit; to have it "
    "replaced, overwrite=True."
)


class RunFolder:
    """The folder of one run, from its beginning to its result.

    Parameters
    ----------
    path : str or path-like
        Made absolute at once: a process may go to another folder while it trains.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        try:
            self.path = Path(path).expanduser().absolute()
        except RuntimeError as error:
            raise RunFolderError(
                f"The folder {str(path)!r} begins with '~', and it is not known whose folder that "
                f"is ({error}). Give an absolute path."
            ) from error
        self._replacement = Replacement(self.path)

    # What there is --------------------------------------------------------------------------

    @property
    def status(self) -> str | None:
        """``"finished"``, ``"training"`` for a run that is not, or None if there is no run.

        What has ended one that is not finished stands in its `description`. If a finished run was
        to be replaced by another one, it is the status of that one.
        """
        if not exists(self.working / RUN_FILE):
            return None
        return FINISHED if self.description["status"] == FINISHED else TRAINING

    @property
    def description(self) -> Description:
        """What is known of the run that is trained, or was trained last.

        Raises
        ------
        RunFolderError
            If there is none, or it is damaged.
        """
        return read_description(self.working)

    @property
    def working(self) -> Path:
        """Where the run that is trained, or was trained last, has its checkpoints."""
        return self._replacement.path if self._replacement.has(RUN_FILE) else self.path

    @property
    def data_name(self) -> str:
        """The name by which the data of the run was loaded; empty if it had none."""
        name = (RunResult(self.path).description()["data"] or {}).get("loaded_as")
        return name if isinstance(name, str) else ""

    @property
    def history(self) -> History:
        """What was measured in each epoch of the result.

        Raises
        ------
        RunFolderError
            If there is none, or it is damaged.
        """
        return RunResult(self.path).history()

    @property
    def engine(self) -> str | None:
        """The engine that the unfinished or finished run was begun with; None if there is none."""
        engine = self.description.get("engine") if exists(self.working / RUN_FILE) else None
        return engine if isinstance(engine, str) else None

    def refuse_existing(self) -> None:
        """Raise a RunFolderError if there is a run already."""
        if exists(self.path / RUN_FILE):
            raise RunFolderError(
                f"{str(self.path)!r} holds a run already. Choose another folder, or continue the "
                "run (resume=True, --resume), or have it replaced (overwrite=True, --overwrite)."
            )

    def refuse_differences(self, description: Description) -> None:
        """Raise if the run is not the one that is described; warn of another machine.

        Raises
        ------
        RunFolderError
            The message lists every difference.
        """
        earlier = self.description
        different = differences(earlier, description)
        if different:
            is_finished = earlier["status"] == FINISHED
            advice = f"It is finished. {_TRAIN_ON}" if is_finished else _GO_ON
            raise RunFolderError(
                "\n".join([f"The run in {str(self.path)!r} is another one:", *different, advice])
            )
        for difference in machine_differences(earlier, description):
            logger.warning(
                "The run goes on on another machine, so the last bits may differ:%s", difference
            )

    def last_checkpoint(self) -> Checkpoint | None:
        """Where the unfinished run goes on; None if it has to begin again.

        Raises
        ------
        RunFolderError
            If the folder has a result, which would be lost, and no checkpoint.
        """
        start = checkpoints.read_last(self.working)
        if start is None and "files" in self.description:
            raise RunFolderError(
                f"The model in {str(self.path)!r} was saved without a checkpoint (its status is "
                f"{self.description['status']!r}), so it cannot be continued exactly. {_TRAIN_ON}"
            )
        return start

    # Writing --------------------------------------------------------------------------------

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from training or saving in the same folder.

        Raises
        ------
        RunFolderError
            If one does, or the folder cannot be made or written to.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            held = contextlib.ExitStack()
            held.enter_context(locked(self.path / _LOCK, wait=False))
        except LockedError as error:
            raise RunFolderError(
                f"Another process is training in {str(self.path)!r}. Wait for it, stop it, or "
                "take another folder."
            ) from error
        except OSError as error:
            raise unwritable(self.path, error) from error
        with held:
            self._replacement.complete()
            yield

    def begin(self, description: Description) -> None:
        """Note that a run begins, beside the finished one that it replaces, if there is one.

        Raises
        ------
        RunFolderError
            If the folder cannot be written to.
        """
        try:
            self._replacement.remove()
            folder = self._replacement.path if self._has_result() else self.path
            folder.mkdir(exist_ok=True)
            checkpoints.remove_all(folder)  # another run's, or damaged ones
            write_atomically(folder / RUN_FILE, writer(to_bytes(description)))
        except OSError as error:
            raise unwritable(self.path, error) from error

    def note(self, description: Description) -> None:
        """Note what has happened to the run that is trained.

        Raises
        ------
        OSError
            If the folder cannot be written to.
        """
        write_atomically(self.working / RUN_FILE, writer(to_bytes(description)))

    def note_interruption(self, description: Description, history: History) -> None:
        """Note how far a run has come that does not go on.

        Parameters
        ----------
        description : dict
        history : mapping of str to list
            Up to the last checkpoint; nothing is written if there is nothing in it.
        """
        try:
            self.note(description)
            if history:
                write_atomically(self.working / HISTORY_FILE, writer(history_as_bytes(history)))
        except OSError as error:
            logger.warning("The interruption could not be noted in %s (%s).", self.path, error)

    def finish(self, model: keras.Model, description: Description, history: History) -> None:
        """Write the result; an earlier one is there until the new one is whole.

        The checkpoints go, unless it is the result so far of the interrupted run that they are of.

        Raises
        ------
        DivergenceError
            If a weight is NaN or infinite.
        RunFolderError
            If the folder cannot be written to.
        """
        refuse_diverged(model)
        is_named = "name" in description["model"]
        files = {
            WEIGHTS_FILE if is_named else MODEL_FILE: weights_as_bytes(model)
            if is_named
            else write_keras_model(model),
            HISTORY_FILE: history_as_bytes(history),
        }
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        # Last, so that nothing counts as finished before all of it is there.
        files[RUN_FILE] = to_bytes({**description, "files": digests})
        writes = {name: writer(content) for name, content in files.items()}
        may_go_on = description["status"] == INTERRUPTED and self.has_begun(description)
        try:
            if self._has_result():
                self._replacement.make()
                write_together(self._replacement.path, writes)
                self._replacement.complete()
            else:
                write_together(self.path, writes)
        except OSError as error:
            with contextlib.suppress(
                OSError
            ):  # only if nothing else, such as checkpoints, is there
                self._replacement.path.rmdir()
            raise unwritable(self.path, error) from error
        for name in {
            WEIGHTS_FILE,
            MODEL_FILE,
        } - files.keys():  # of another model that was here before
            with contextlib.suppress(OSError):
                (self.path / name).unlink(missing_ok=True)
        if not may_go_on:
            checkpoints.remove_all(self.path)

    def has_begun(self, description: Description | None) -> bool:
        """Whether the run that is described is the one in the folder."""
        if description is None or "started" not in description:
            return False
        try:
            return bool(self.description.get("started") == description["started"])
        except RunFolderError:
            return False

    def _has_result(self) -> bool:
        """Whether there is something that must not be lost: a result, even a damaged one."""
        if not exists(self.path / RUN_FILE):
            return False
        try:
            return "files" in read_description(self.path)
        except RunFolderError:
            return True

    # Reading --------------------------------------------------------------------------------

    def load(
        self,
        builder: Builder | str | None = None,
        custom_objects: Mapping[str, Any] | None = None,
    ) -> SavedRun:
        """Read a run that has a result; see `Trainer.load`."""
        return RunResult(self.path).load(builder, custom_objects)

    def load_result(self, model: keras.Model) -> tuple[Description, History]:
        """Give a model the weights of the finished run; return what is known of the run."""
        return RunResult(self.path).load_into(model)
