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
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.errors import RecipeError, RunFolderError, WeightsError
from mnistkit.files.atomic import Write, flush_folder, write_atomically, write_together
from mnistkit.files.locking import LockedError, locked
from mnistkit.files.reading import read_bytes
from mnistkit.models import Recipe, note_temperature
from mnistkit.models.run_weights import RUN_FILE, WEIGHTS_FILE
from mnistkit.models.weights_file import set_weights, weights_as_bytes
from mnistkit.training import checkpoints
from mnistkit.training.checkpoints import Checkpoint
from mnistkit.training.description import (
    FINISHED,
    INTERRUPTED,
    MODEL_FILE,
    TRAINING,
    Description,
    differences,
    from_bytes,
    machine_differences,
    temperature_in,
    to_bytes,
)
from mnistkit.training.divergence import refuse_diverged
from mnistkit.training.history_file import History, history_as_bytes, history_from_bytes
from mnistkit.training.saved_model import (
    Builder,
    build_again,
    keras_file,
    keras_model,
    warn_of_changed_model,
)

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

_HISTORY = "history.csv"
_REPLACEMENT, _LOCK = ".replacement", ".lock"
_TRIES, _PAUSE = 5, 0.02  # to read what is being replaced; seconds
# Far more than any run has; a larger file is refused before it is read.
_MOST_BYTES = {RUN_FILE: 16 << 20, _HISTORY: 64 << 20, WEIGHTS_FILE: 4 << 30, MODEL_FILE: 4 << 30}

_GO_ON = (
    "Continue it with the settings, data and versions that it was started with; resume='anyway' "
    "continues it all the same, to weights that differ."
)
_TRAIN_ON = (
    "To train its model on, load it with Trainer.load(folder, run_dir=another) and fit; to have it "
    "replaced, overwrite=True."
)


@dataclass(frozen=True)
class SavedRun:
    """What is read from the folder of a run that has a result."""

    model: keras.Model
    recipe: Recipe
    seed: int
    history: History
    description: Description


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
        self._replacement = self.path / _REPLACEMENT

    # What there is --------------------------------------------------------------------------

    @property
    def status(self) -> str | None:
        """``"finished"``, ``"training"`` for a run that is not, or None if there is no run.

        What has ended one that is not finished stands in its `description`. If a finished run was
        to be replaced by another one, it is the status of that one.
        """
        if not _exists(self.working / RUN_FILE):
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
        return _read_description(self.working)

    @property
    def working(self) -> Path:
        """Where the run that is trained, or was trained last, has its checkpoints."""
        return self._replacement if _exists(self._replacement / RUN_FILE) else self.path

    @property
    def data_name(self) -> str:
        """The name by which the data of the run was loaded; empty if it had none."""
        name = (self._of_result()["data"] or {}).get("loaded_as")
        return name if isinstance(name, str) else ""

    @property
    def engine(self) -> str | None:
        """The engine that the unfinished or finished run was begun with; None if there is none."""
        engine = self.description.get("engine") if _exists(self.working / RUN_FILE) else None
        return engine if isinstance(engine, str) else None

    def refuse_existing(self) -> None:
        """Raise a RunFolderError if there is a run already."""
        if _exists(self.path / RUN_FILE):
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
            raise _unwritable(self.path, error) from error
        with held:
            self._complete_replacement()
            yield

    def begin(self, description: Description) -> None:
        """Note that a run begins, beside the finished one that it replaces, if there is one.

        Raises
        ------
        RunFolderError
            If the folder cannot be written to.
        """
        try:
            self._remove_replacement()
            folder = self._replacement if self._has_result() else self.path
            folder.mkdir(exist_ok=True)
            checkpoints.remove_all(folder)  # another run's, or damaged ones
            write_atomically(folder / RUN_FILE, _writer(to_bytes(description)))
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def note(self, description: Description) -> None:
        """Note what has happened to the run that is trained.

        Raises
        ------
        OSError
            If the folder cannot be written to.
        """
        write_atomically(self.working / RUN_FILE, _writer(to_bytes(description)))

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
                write_atomically(self.working / _HISTORY, _writer(history_as_bytes(history)))
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
            else keras_file(model),
            _HISTORY: history_as_bytes(history),
        }
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        # Last, so that nothing counts as finished before all of it is there.
        files[RUN_FILE] = to_bytes({**description, "files": digests})
        writes = {name: _writer(content) for name, content in files.items()}
        may_go_on = description["status"] == INTERRUPTED and self.has_begun(description)
        try:
            if self._has_result():
                self._make_replacement()
                write_together(self._replacement, writes)
                self._complete_replacement()
            else:
                write_together(self.path, writes)
        except OSError as error:
            with contextlib.suppress(
                OSError
            ):  # only if nothing else, such as checkpoints, is there
                self._replacement.rmdir()
            raise _unwritable(self.path, error) from error
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
        if not _exists(self.path / RUN_FILE):
            return False
        try:
            return "files" in _read_description(self.path)
        except RunFolderError:
            return True

    def _make_replacement(self) -> None:
        if self._replacement.is_symlink():  # whoever laid it there must not choose where we write
            self._replacement.unlink()
        self._replacement.mkdir(exist_ok=True)

    def _complete_replacement(self) -> None:
        """Move a whole new result to its place, also one whose process was killed in the middle."""
        if not self._replacement_is_whole():
            return
        kept = checkpoints.names(self._replacement)  # of a run that was saved before its end
        for name in (*kept, WEIGHTS_FILE, MODEL_FILE, _HISTORY, RUN_FILE):
            with contextlib.suppress(FileNotFoundError):
                (self._replacement / name).replace(self.path / name)
        flush_folder(self.path)
        self._remove_replacement()

    def _replacement_is_whole(self) -> bool:
        if self._replacement.is_symlink() or not _exists(self._replacement / RUN_FILE):
            return False
        try:
            return "files" in _read_description(self._replacement)
        except RunFolderError:
            return False

    def _remove_replacement(self) -> None:
        if self._replacement.is_symlink():
            self._replacement.unlink()
        elif self._replacement.is_dir():
            shutil.rmtree(self._replacement)

    # Reading --------------------------------------------------------------------------------

    def load(
        self,
        builder: Builder | str | None = None,
        custom_objects: Mapping[str, Any] | None = None,
    ) -> SavedRun:
        """Read a run that has a result; see `Trainer.load`."""
        description, files = self._finished()
        try:
            recipe = Recipe.from_dict(description["recipe"])
        except RecipeError as error:
            raise RunFolderError(
                f"{str(self.path / RUN_FILE)!r} has a recipe that makes no sense: {error}"
            ) from error
        model = self._model(description, files, builder, custom_objects)
        note_temperature(model, temperature_in(description))
        return SavedRun(
            model=model,
            recipe=recipe,
            seed=description["seed"],
            history=self._history(files),
            description=description,
        )

    def load_result(self, model: keras.Model) -> tuple[Description, History]:
        """Give a model the weights of the finished run; return what is known of the run."""
        description, files = self._finished()
        if "name" in description["model"]:
            self._set_weights(model, files)
        else:
            model.set_weights(keras_model(files[MODEL_FILE], self.path / MODEL_FILE).get_weights())
        note_temperature(model, temperature_in(description))
        return description, self._history(files)

    def _of_result(self) -> Description:
        return _read_description(self._result_folder(RUN_FILE))

    def _result_folder(self, name: str) -> Path:
        """Where a file of the result is: half-way through a replacement it is one or the other."""
        moving = self._replacement_is_whole() and _exists(self._replacement / name)
        return self._replacement if moving else self.path

    def _finished(self) -> tuple[Description, dict[str, bytes]]:
        """The description of a run and the content of its result's files, verified.

        Another process may put a new result in its place meanwhile: then it is read again.
        """
        for _ in range(_TRIES - 1):
            before = self._trace()
            try:
                return self._read_finished()
            except RunFolderError:
                if before == self._trace() and not _exists(self._replacement):
                    raise
                time.sleep(_PAUSE)
        return self._read_finished()

    def _trace(self) -> tuple[int, int] | None:
        """What is another one once a new result is in its place."""
        try:
            status = (self.path / RUN_FILE).lstat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def _read_finished(self) -> tuple[Description, dict[str, bytes]]:
        description = self._of_result()
        if "files" not in description:
            raise RunFolderError(
                f"The run in {str(self.path)!r} is not finished. Continue it with fit(..., "
                "resume=True) or 'mnistkit train ... --resume'."
            )
        wanted = (WEIGHTS_FILE if "name" in description["model"] else MODEL_FILE, _HISTORY)
        digests = description["files"] if isinstance(description["files"], dict) else {}
        return description, {
            name: _verified(self._result_folder(name) / name, digests.get(name)) for name in wanted
        }

    def _model(
        self,
        description: Description,
        files: Mapping[str, bytes],
        builder: Builder | str | None,
        custom_objects: Mapping[str, Any] | None,
    ) -> keras.Model:
        if "name" not in description["model"]:
            if builder is not None:
                raise RunFolderError(
                    f"The run in {str(self.path)!r} has a model without a name, which Keras has "
                    "saved whole. Load it without builder=..."
                )
            return keras_model(files[MODEL_FILE], self.path / MODEL_FILE, custom_objects)
        built = build_again(description["model"], builder, self.path)
        self._set_weights(built, files)
        warn_of_changed_model(built, description, builder)
        return built

    def _set_weights(self, model: keras.Model, files: Mapping[str, bytes]) -> None:
        try:
            set_weights(model, files[WEIGHTS_FILE], source=repr(str(self.path / WEIGHTS_FILE)))
        except WeightsError as error:
            raise RunFolderError(str(error)) from error

    def _history(self, files: Mapping[str, bytes]) -> History:
        try:
            return history_from_bytes(files[_HISTORY])
        except ValueError as error:
            path = str(self.path / _HISTORY)
            raise RunFolderError(f"{path!r} is damaged: {error}.") from error


def _exists(path: Path) -> bool:
    """Whether anything is there, a broken link too."""
    return os.path.lexists(path)


def _writer(content: bytes) -> Write:
    return lambda file: file.write(content)


def _unwritable(path: Path, error: OSError) -> RunFolderError:
    return RunFolderError(
        f"The run could not be saved to {str(path)!r}: {error}. "
        "Choose a folder that can be written to."
    )


def _read_description(folder: Path) -> Description:
    path = folder / RUN_FILE
    if not _exists(path):
        raise RunFolderError(
            f"{str(folder)!r} holds no saved run: there is no {RUN_FILE!r} in it. "
            "Give the folder that Trainer.save or 'mnistkit train --out' wrote."
        )
    try:
        return from_bytes(read_bytes(path, most_bytes=_MOST_BYTES[RUN_FILE]))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{str(path)!r} is damaged: {error}.") from error


def _verified(path: Path, digest: Any) -> bytes:
    """The content of a file, if it is the one that the description has the digest of."""
    try:
        content = read_bytes(path, most_bytes=_MOST_BYTES[path.name])
    except OSError as error:
        raise RunFolderError(
            f"{str(path)!r} cannot be read: {error}. Restore it from a copy, or train again."
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise RunFolderError(
            f"{str(path)!r} is not the file that was saved: its sha256 is {found[:12]}..., "
            f"expected {str(digest)[:12]}.... Restore it from a copy, or train again."
        )
    return content
