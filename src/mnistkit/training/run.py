"""One training run: the run's folder, the trainer's own callbacks, and the engine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

from mnistkit.errors import RunFolderError
from mnistkit.training import checkpoints
from mnistkit.training.checkpoints import Checkpoint
from mnistkit.training.description import Description
from mnistkit.training.engine import Engine
from mnistkit.training.fit import Fit
from mnistkit.training.run_folder import RunFolder

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)


def refuse_run_in_the_way(folder: RunFolder | None, *, resume: bool | str, overwrite: bool) -> None:
    """Refuse a folder that holds a run already, before anything else is done.

    Raises
    ------
    RunFolderError
        If the run is neither to be resumed nor replaced, or there is no folder to resume from.
    """
    if folder is None:
        if resume or overwrite:
            raise RunFolderError("There is nothing to resume without Trainer(..., run_dir=...).")
    elif not (resume or overwrite) and folder.status is not None:
        folder.refuse_existing()


def run_fit(
    fit: Fit,
    engine: Engine,
    folder: RunFolder | None,
    *,
    resume: bool | Literal["anyway"],
    overwrite: bool,
    verbose: int,
) -> tuple[Description, keras.callbacks.History]:
    """Train; see `Trainer.fit`.

    Returns
    -------
    description : dict
        What the run's folder says of it.
    history : keras.callbacks.History
    """
    description = fit.describe(engine.name)
    if folder is None:
        engine.prepare(fit)
        return {**description, "engine": engine.name}, _train(fit, engine, None, None, verbose)
    # Before the lock: what is finished needs no writing, so its folder may be read-only.
    if resume and not overwrite and folder.status == "finished":
        return description, _finished_history(fit, description, folder)
    with folder.locked():
        status = None if overwrite else folder.status
        if status is not None and not resume:
            folder.refuse_existing()
        if status == "finished":
            return description, _finished_history(fit, description, folder)
        if status is not None and resume != "anyway":
            folder.refuse_differences(description)
        engine.prepare(fit)
        description = {**description, "engine": engine.name}
        start = None if status is None else checkpoints.read_last(folder.working)
        _begin(fit.model, description, folder, start)
        history = _train(fit, engine, folder, start, verbose)
        folder.finish(fit.model, description, history.history)
        folder.remove_checkpoints()
    return description, history


def _finished_history(
    fit: Fit, description: Description, folder: RunFolder
) -> keras.callbacks.History:
    """Give the model its weights, and return what was measured; nothing is trained."""
    from mnistkit.training.callbacks import ContinuedHistory

    folder.refuse_differences(description)
    logger.info("The run in %s is finished; it is not trained again.", folder.path)
    history = ContinuedHistory(folder.load_result(fit.model))
    history.on_train_begin()
    return history


def _begin(
    model: keras.Model, description: Description, folder: RunFolder, start: Checkpoint | None
) -> None:
    """Begin the run in its folder, or give the model the state of the last checkpoint."""
    if not model.optimizer.built:
        with model.distribute_strategy.scope():
            model.optimizer.build(model.trainable_variables)
    if start is None:
        folder.begin(description)
        return
    start.restore(model)
    logger.info("The run in %s goes on after epoch %d.", folder.path, start.epoch)


def _train(
    fit: Fit, engine: Engine, folder: RunFolder | None, start: Checkpoint | None, verbose: int
) -> keras.callbacks.History:
    from mnistkit.training.callbacks import (
        ContinuedHistory,
        MeasureAverages,
        SeedLayers,
        StopOnDivergence,
        WriteCheckpoints,
    )

    history = ContinuedHistory(start.history if start else {})
    # Keras, too, has its History after the callers' callbacks, which may add to the logs.
    every: list[Any] = [SeedLayers(fit.seed), *fit.callbacks, history, StopOnDivergence()]
    if fit.recipe.weight_averaging:
        every.insert(0, MeasureAverages())
    if folder is not None:
        every.append(WriteCheckpoints(folder.working, history, fit, start))
    first_epoch = 0 if start is None else fit.recipe.epochs if start.stopped else start.epoch
    engine.train(fit, first_epoch=first_epoch, callbacks=every, verbose=verbose)
    return history
