"""One `fit`: the run's folder, the trainer's own callbacks, and the engine."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mnistkit.training import checkpoints
from mnistkit.training.data import Examples, Sources
from mnistkit.training.description import Description, describe
from mnistkit.training.programs import Engine, Program
from mnistkit.training.run_folder import RunFolder

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

    def describe(self) -> Description:
        """What a run's folder says of it."""
        compiled = self.model.get_compile_config() or {}
        weights = self.sources.train.weights if isinstance(self.sources.train, Examples) else None
        return describe(
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
    folder: RunFolder | None,
    resume: bool | Literal["anyway"],
    overwrite: bool,
    verbose: int,
) -> keras.callbacks.History:
    """Train; see `Trainer.fit`."""
    if folder is None:
        return _train(fit, program, None, verbose)
    description = fit.describe()
    # Before the lock: what is finished needs no writing, so its folder may be read-only.
    if resume and not overwrite and folder.status == "finished":
        return _finished_history(fit, folder, description)
    with folder.locked():
        run = _Run(folder, fit, description)
        if run.is_finished(resume=resume, overwrite=overwrite):
            return _finished_history(fit, folder, description)
        run.open(resume=bool(resume), overwrite=overwrite)
        history = _train(fit, program, run, verbose)
        run.close(history.history)
    return history


def _finished_history(
    fit: Fit, folder: RunFolder, description: Description
) -> keras.callbacks.History:
    """Give the model its weights, and return what was measured; nothing is trained."""
    from mnistkit.training.callbacks import ContinuedHistory

    folder.refuse_differences(description)
    logger.info("The run in %s is finished; it is not trained again.", folder.path)
    history = ContinuedHistory(folder.load_result(fit.model))
    history.on_train_begin()
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
        every.append(WriteCheckpoints(run.folder.working, history, fit, start))
    first_epoch = 0 if start is None else fit.recipe.epochs if start.stopped else start.epoch
    if program is None:
        fit_with_keras(fit, first_epoch=first_epoch, callbacks=every, verbose=verbose)
    else:
        fit_compiled(fit, program, first_epoch=first_epoch, callbacks=every, verbose=verbose)
    return history


class _Run:
    """One run from its beginning or its continuation to its end."""

    def __init__(self, folder: RunFolder, fit: Fit, description: Description) -> None:
        self.folder = folder
        self.start: checkpoints.Checkpoint | None = None
        self._fit = fit
        self._description = description

    def is_finished(self, *, resume: bool | str, overwrite: bool) -> bool:
        """Whether the run was finished before; refuses what is not to be resumed."""
        if overwrite:
            return False
        status = self.folder.status
        if status is not None and not resume:
            self.folder.refuse_existing()
        if status == "training" and resume != "anyway":
            self.folder.refuse_differences(self._description)
        return status == "finished"

    def open(self, *, resume: bool, overwrite: bool) -> None:
        """Begin, or give the model the state of the last checkpoint."""
        model = self._fit.model
        if not model.optimizer.built:
            with model.distribute_strategy.scope():
                model.optimizer.build(model.trainable_variables)
        if resume and not overwrite and self.folder.status is not None:
            self.start = checkpoints.read_last(self.folder.working)
        if self.start is None:
            self.folder.begin(self._description)
            return
        self.start.restore(model)
        logger.info("The run in %s goes on after epoch %d.", self.folder.path, self.start.epoch)

    def close(self, history: dict[str, list[Any]]) -> None:
        """Write the result, which replaces the checkpoints."""
        self.folder.finish(self._fit.model, self._description, history)
        self.folder.remove_checkpoints()


def _without_names(settings: Any) -> Any:
    """A Keras configuration without the names that Keras counts up from object to object."""
    if isinstance(settings, dict):
        return {key: _without_names(value) for key, value in settings.items() if key != "name"}
    if isinstance(settings, list | tuple):
        return [_without_names(value) for value in settings]
    return settings
