"""One `fit`: the run's folder, the trainer's own callbacks, and the engine."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mnistkit.training import checkpoints, run_folder
from mnistkit.training.data import Examples, Sources
from mnistkit.training.programs import Engine

if TYPE_CHECKING:
    import keras

    from mnistkit.models import Recipe

logger = logging.getLogger(__name__)


def fit(
    model: keras.Model,
    sources: Sources,
    *,
    recipe: Recipe,
    seed: int,
    engine: Engine,
    callbacks: Sequence[keras.callbacks.Callback],
    run_dir: Path | None,
    resume: bool | Literal["anyway"],
    verbose: int,
) -> keras.callbacks.History:
    """Train a compiled model; see `Trainer.fit`."""
    from mnistkit.training.callbacks import (
        ContinuedHistory,
        SeedLayers,
        StopOnDivergence,
        WriteCheckpoints,
    )

    run = None
    if run_dir is not None:
        run = _Run(run_dir, describe(model, sources, recipe, seed, engine))
        if run.is_finished(resume):
            return run.finished_history(model)
        run.open(model, resume)
    start = run.start if run else None
    history = ContinuedHistory(start.history if start else {})
    # Keras, too, has its History after the callers' callbacks, which may add to the logs.
    every: list[Any] = [SeedLayers(seed), *callbacks, history, StopOnDivergence()]
    if run is not None:
        every.append(WriteCheckpoints(run.folder, history, list(callbacks), start))
    settings: dict[str, Any] = {
        "first_epoch": 0 if start is None else recipe.epochs if start.stopped else start.epoch,
        "epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
        "seed": seed,
        "callbacks": every,
        "verbose": verbose,
    }
    _run_engine(model, sources, engine, settings)
    if run is not None:
        run.close(model, history.history)
    return history


def describe(
    model: keras.Model, sources: Sources, recipe: Recipe, seed: int, engine: Engine
) -> run_folder.Description:
    """Everything that this `fit` depends on."""
    validation = sources.validation_record
    weights = sources.train.weights if isinstance(sources.train, Examples) else None
    compiled = model.get_compile_config() or {}
    return run_folder.describe(
        model,
        recipe,
        seed,
        sources.record,
        validation=asdict(validation) if validation else None,
        example_weights=None if weights is None else hashlib.sha256(weights.data).hexdigest(),
        optimizer=_without_names(compiled.get("optimizer")),
        loss=_without_names(compiled.get("loss")),
        engine=engine,
    )


def _without_names(settings: Any) -> Any:
    """A Keras configuration without the names that Keras counts up from object to object."""
    if isinstance(settings, dict):
        return {key: _without_names(value) for key, value in settings.items() if key != "name"}
    return settings


class _Run:
    """The folder of one run, from its beginning or its continuation to its end."""

    def __init__(self, folder: Path, description: run_folder.Description) -> None:
        self.folder = folder
        self.start: checkpoints.Checkpoint | None = None
        self._description = description

    def is_finished(self, resume: bool | str) -> bool:
        """Whether the run was finished before; refuses what is not to be resumed."""
        status = run_folder.status(self.folder)
        if status is None:
            return False
        if not resume:
            run_folder.refuse_existing(self.folder)
        if resume != "anyway":
            run_folder.refuse_differences(self.folder, self._description)
        return status == "finished"

    def finished_history(self, model: keras.Model) -> keras.callbacks.History:
        """Give the model its weights, and return what was measured; nothing is trained."""
        from mnistkit.training.callbacks import ContinuedHistory

        logger.info("The run in %s is finished; it is not trained again.", self.folder)
        history = ContinuedHistory(run_folder.load_result(self.folder, model))
        history.on_train_begin()
        return history

    def open(self, model: keras.Model, resume: bool | str) -> None:
        """Begin, or give the model the state of the last checkpoint."""
        with model.distribute_strategy.scope():
            model.optimizer.build(model.trainable_variables)
        if resume:
            self.start = checkpoints.read_last(self.folder)
        if self.start is None:
            run_folder.begin(self.folder, self._description)
            return
        self.start.restore(model)
        logger.info("The run in %s goes on after epoch %d.", self.folder, self.start.epoch)

    def close(self, model: keras.Model, history: dict[str, list[float]]) -> None:
        """Write the result, which replaces the checkpoints."""
        run_folder.finish(self.folder, model, self._description, history)
        checkpoints.remove_all(self.folder)


def _run_engine(
    model: keras.Model, sources: Sources, engine: Engine, settings: dict[str, Any]
) -> None:
    if engine == "keras":
        from mnistkit.training.keras_engine import fit_with_keras

        fit_with_keras(model, sources, **settings)
        return
    from mnistkit.training.compiled_engine import fit_compiled

    fit_compiled(model, sources, engine=engine, **settings)
