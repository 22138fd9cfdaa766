"""One `fit`: the run's folder, the trainer's own callbacks, and the engine."""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mnistkit.errors import RunFolderError
from mnistkit.training import checkpoints, run_folder
from mnistkit.training.data import Examples, Sources
from mnistkit.training.programs import Engine, Program

if TYPE_CHECKING:
    import keras

    from mnistkit.models import Recipe

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fit:
    """Everything that one `fit` depends on.

    Attributes
    ----------
    model : keras.Model
        Compiled.
    sources : Sources
    recipe : Recipe
    seed : int
    engine : Engine
    callbacks : tuple of keras.callbacks.Callback
    callback_settings : tuple of dict
        What each callback is set to before training; afterwards its counters have moved.
    """

    model: keras.Model
    sources: Sources
    recipe: Recipe
    seed: int
    engine: Engine
    callbacks: tuple[keras.callbacks.Callback, ...]
    callback_settings: tuple[dict[str, Any], ...]

    def describe(self) -> run_folder.Description:
        """What a run's folder says of it."""
        compiled = self.model.get_compile_config() or {}
        weights = self.sources.train.weights if isinstance(self.sources.train, Examples) else None
        return run_folder.describe(
            self.model,
            self.recipe,
            self.seed,
            self.sources.train_record(),
            validation=self.sources.validation_record(),
            example_weights=None if weights is None else hashlib.sha256(weights.data).hexdigest(),
            compiled={
                part: _without_names(compiled.get(part))
                for part in ("optimizer", "loss", "metrics", "weighted_metrics")
            },
            callbacks=self.callback_settings,
            engine=self.engine,
        )


def run_fit(
    fit: Fit,
    program: Program | None,
    *,
    run_dir: Path | None,
    resume: bool | Literal["anyway"],
    overwrite: bool,
    verbose: int,
) -> keras.callbacks.History:
    """Train; see `Trainer.fit`."""
    if run_dir is None:
        return _train(fit, program, None, verbose)
    with _locked(run_dir):
        run = _Run(run_dir, fit)
        if run.is_finished(resume=resume, overwrite=overwrite):
            return run.finished_history()
        run.open(resume=bool(resume), overwrite=overwrite)
        history = _train(fit, program, run, verbose)
        run.close(history.history)
    return history


def _train(
    fit: Fit, program: Program | None, run: _Run | None, verbose: int
) -> keras.callbacks.History:
    from mnistkit.training.callbacks import (
        ContinuedHistory,
        MeasureAverages,
        SeedLayers,
        StopOnDivergence,
        WriteCheckpoints,
    )
    from mnistkit.training.compiled_engine import fit_compiled
    from mnistkit.training.keras_engine import fit_with_keras

    start = run.start if run else None
    history = ContinuedHistory(start.history if start else {})
    # Keras, too, has its History after the callers' callbacks, which may add to the logs.
    every: list[Any] = [SeedLayers(fit.seed), *fit.callbacks, history, StopOnDivergence()]
    if fit.recipe.weight_averaging:
        every.insert(0, MeasureAverages())
    if run is not None:
        every.append(WriteCheckpoints(run.folder, history, fit, start))
    first_epoch = 0 if start is None else fit.recipe.epochs if start.stopped else start.epoch
    if program is None:
        fit_with_keras(fit, first_epoch=first_epoch, callbacks=every, verbose=verbose)
    else:
        fit_compiled(fit, program, first_epoch=first_epoch, callbacks=every, verbose=verbose)
    return history


class _Run:
    """The folder of one run, from its beginning or its continuation to its end."""

    def __init__(self, folder: Path, fit: Fit) -> None:
        self.folder = folder
        self.start: checkpoints.Checkpoint | None = None
        self._fit = fit
        self._description = fit.describe()

    def is_finished(self, *, resume: bool | str, overwrite: bool) -> bool:
        """Whether the run was finished before; refuses what is not to be resumed."""
        status = run_folder.status(self.folder)
        if status is None or overwrite:
            return False
        if not resume:
            run_folder.refuse_existing(self.folder)
        if resume != "anyway" or status == "finished":
            run_folder.refuse_differences(self.folder, self._description)
        return status == "finished"

    def finished_history(self) -> keras.callbacks.History:
        """Give the model its weights, and return what was measured; nothing is trained."""
        from mnistkit.training.callbacks import ContinuedHistory

        logger.info("The run in %s is finished; it is not trained again.", self.folder)
        history = ContinuedHistory(run_folder.load_result(self.folder, self._fit.model))
        history.on_train_begin()
        return history

    def open(self, *, resume: bool, overwrite: bool) -> None:
        """Begin, or give the model the state of the last checkpoint."""
        model = self._fit.model
        if not model.optimizer.built:
            with model.distribute_strategy.scope():
                model.optimizer.build(model.trainable_variables)
        if resume and run_folder.status(self.folder) is not None:
            self.start = checkpoints.read_last(self.folder)
        if self.start is None:
            if overwrite:
                run_folder.remove(self.folder)
            checkpoints.remove_all(self.folder)  # another run's, or damaged ones
            run_folder.begin(self.folder, self._description)
            return
        self.start.restore(model)
        logger.info("The run in %s goes on after epoch %d.", self.folder, self.start.epoch)

    def close(self, history: dict[str, list[Any]]) -> None:
        """Write the result, which replaces the checkpoints."""
        run_folder.finish(self.folder, self._fit.model, self._description, history)
        checkpoints.remove_all(self.folder)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from training in the same folder; a killed process keeps no lock."""
    from filelock import FileLock, Timeout

    run_folder.make(folder)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunFolderError(
            f"Another process is training in {str(folder)!r}. Wait for it, stop it, or take "
            "another folder."
        ) from error
    try:
        yield
    finally:
        lock.release()
        with contextlib.suppress(OSError):
            (folder / ".lock").unlink(missing_ok=True)


def _without_names(settings: Any) -> Any:
    """A Keras configuration without the names that Keras counts up from object to object."""
    if isinstance(settings, dict):
        return {key: _without_names(value) for key, value in settings.items() if key != "name"}
    if isinstance(settings, list | tuple):
        return [_without_names(value) for value in settings]
    return settings
