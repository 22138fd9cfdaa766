"""The result in a run's folder, read: the model with its weights, the history, what happened."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.errors import RecipeError, RunFolderError, WeightsError
from mnistkit.models import Recipe, note_temperature
from mnistkit.models.keras_file import MODEL_FILE
from mnistkit.models.run_weights import RUN_FILE, WEIGHTS_FILE
from mnistkit.models.weights_file import set_weights
from mnistkit.training.description import Description, temperature_in
from mnistkit.training.history_file import History, history_from_bytes
from mnistkit.training.replacement import Replacement
from mnistkit.training.run_files import HISTORY_FILE, exists, read_description, verified
from mnistkit.training.saved_model import (
    Builder,
    build_again,
    keras_model,
    warn_of_changed_model,
)

if TYPE_CHECKING:
    import keras

_TRIES, _PAUSE = 5, 0.02  # to read what is being replaced; seconds


@dataclass(frozen=True)
class SavedRun:
    """What is read from the folder of a run that has a result."""

    model: keras.Model
    recipe: Recipe
    seed: int
    history: History
    description: Description


class RunResult:
    """The result of a run, in a folder where another process may replace it at any time.

    Parameters
    ----------
    path : pathlib.Path
        The run's folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._replacement = Replacement(path)

    def load(
        self,
        builder: Builder | str | None = None,
        custom_objects: Mapping[str, Any] | None = None,
    ) -> SavedRun:
        """Read a run that has a result; see `Trainer.load`."""
        description, files = self.read()
        try:
            recipe = Recipe.from_dict(description["recipe"])
        except RecipeError as error:
            raise RunFolderError(
                f"{str(self._path / RUN_FILE)!r} has a recipe that makes no sense: {error}"
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

    def load_into(self, model: keras.Model) -> tuple[Description, History]:
        """Give a model the weights of the finished run; return what is known of the run."""
        description, files = self.read()
        if "name" in description["model"]:
            self._set_weights(model, files)
        else:
            model.set_weights(keras_model(files[MODEL_FILE], self._path / MODEL_FILE).get_weights())
        note_temperature(model, temperature_in(description))
        return description, self._history(files)

    def description(self) -> Description:
        """What is known of the run."""
        return read_description(self._result_folder(RUN_FILE))

    def history(self) -> History:
        """What was measured in each epoch; nothing of the model is built."""
        return self._history(self.read()[1])

    def _result_folder(self, name: str) -> Path:
        """Where a file of the result is: half-way through a replacement it is one or the other."""
        moving = self._replacement.is_whole and self._replacement.has(name)
        return self._replacement.path if moving else self._path

    def read(self) -> tuple[Description, dict[str, bytes]]:
        """The description of a run and the content of its result's files, verified.

        Another process may put a new result in its place meanwhile: then it is read again.
        """
        for _ in range(_TRIES - 1):
            before = self._trace()
            try:
                return self._read_finished()
            except RunFolderError:
                if before == self._trace() and not exists(self._replacement.path):
                    raise
                time.sleep(_PAUSE)
        return self._read_finished()

    def _trace(self) -> tuple[int, int] | None:
        """What is another one once a new result is in its place."""
        try:
            status = (self._path / RUN_FILE).lstat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def _read_finished(self) -> tuple[Description, dict[str, bytes]]:
        description = self.description()
        if "files" not in description:
            raise RunFolderError(
                f"The run in {str(self._path)!r} is not finished. Continue it with fit(..., "
                "resume=True) or 'mnistkit train ... --resume'."
            )
        wanted = (WEIGHTS_FILE if "name" in description["model"] else MODEL_FILE, HISTORY_FILE)
        digests = description["files"] if isinstance(description["files"], dict) else {}
        return description, {
            name: verified(self._result_folder(name) / name, digests.get(name)) for name in wanted
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
                    f"The run in {str(self._path)!r} has a model without a name, which Keras has "
                    "saved whole. Load it without builder=..."
                )
            return keras_model(files[MODEL_FILE], self._path / MODEL_FILE, custom_objects)
        built = build_again(description["model"], builder, self._path)
        self._set_weights(built, files)
        warn_of_changed_model(built, description, builder)
        return built

    def _set_weights(self, model: keras.Model, files: Mapping[str, bytes]) -> None:
        try:
            set_weights(model, files[WEIGHTS_FILE], source=repr(str(self._path / WEIGHTS_FILE)))
        except WeightsError as error:
            raise RunFolderError(str(error)) from error

    def _history(self, files: Mapping[str, bytes]) -> History:
        try:
            return history_from_bytes(files[HISTORY_FILE])
        except ValueError as error:
            path = str(self._path / HISTORY_FILE)
            raise RunFolderError(f"{path!r} is damaged: {error}.") from error
