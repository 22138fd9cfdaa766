"""One `fit`: the run's folder, the trainer's own callbacks, and the engine."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from mnistkit.errors import RunFolderError
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


MakeProgram = Callable[[], tuple[Engine, Program | None]]


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
    make_program: MakeProgram,
    *,
    folder: RunFolder | None,
    resume: bool | Literal["anyway"],
    overwrite: bool,
    verbose: int,
) -> tuple[Fit, keras.callbacks.History]:
    """Train; see `Trainer.fit`.

    Parameters
    ----------
    fit : Fit
        With the engine that is likely.
    make_program : function
        Compiles, which takes seconds, and says which engine it has become; not called before it is
        certain that there is something to train and a place to keep it.

    Returns
    -------
    fit : Fit
        With the engine that it was.
    history : keras.callbacks.History
    """
    late = _Late(fit, make_program)
    if folder is None:
        late.make()
        return late.fit, _train(late.fit, late.program, None, verbose)
    # Before the lock: what is finished needs no writing, so its folder may be read-only.
    if resume and not overwrite and folder.status == "finished":
        return late.fit, _finished_history(late, folder)
    with folder.locked():
        run = _Run(folder, late)
        if run.is_finished(resume=resume, overwrite=overwrite):
            return late.fit, _finished_history(late, folder)
        late.make()
        run.open(resume=bool(resume), overwrite=overwrite)
        history = _train(late.fit, late.program, run, verbose)
        run.close(history.history)
    return late.fit, history


class _Late:
    """A fit whose program is made when it is needed, which may change the engine."""

    def __init__(self, fit: Fit, make_program: MakeProgram) -> None:
        self.fit = fit
        self.program: Program | None = None
        self._make_program = make_program
        self._is_made = False

    def make(self) -> None:
        """Compile, unless that is done."""
        if not self._is_made:
            engine, self.program = self._make_program()
            self.fit = replace(self.fit, engine=engine)
            self._is_made = True

    def refuse_differences(self, folder: RunFolder) -> None:
        """Refuse another run; what XLA could not compile then is tried before that is said."""
        try:
            folder.refuse_differences(self.fit.describe())
        except RunFolderError as error:
            if self._is_made or self.fit.engine != "xla":
                raise
            as_graph = replace(self.fit, engine="graph")
            try:
                folder.refuse_differences(as_graph.describe())
            except RunFolderError:
                raise error from None  # there is more to it than the engine
            self.make()
            if self.fit.engine == "xla":
                raise


def _finished_history(late: _Late, folder: RunFolder) -> keras.callbacks.History:
    """Give the model its weights, and return what was measured; nothing is trained."""
    from mnistkit.training.callbacks import ContinuedHistory

    late.refuse_differences(folder)
    logger.info("The run in %s is finished; it is not trained again.", folder.path)
    history = ContinuedHistory(folder.load_result(late.fit.model))
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

    def __init__(self, folder: RunFolder, late: _Late) -> None:
        self.folder = folder
        self.start: checkpoints.Checkpoint | None = None
        self._late = late

    def is_finished(self, *, resume: bool | str, overwrite: bool) -> bool:
        """Whether the run was finished before; refuses what is not to be resumed."""
        if overwrite:
            return False
        status = self.folder.status
        if status is not None and not resume:
            self.folder.refuse_existing()
        if status == "training" and resume != "anyway":
            self._late.refuse_differences(self.folder)
        return status == "finished"

    def open(self, *, resume: bool, overwrite: bool) -> None:
        """Begin, or give the model the state of the last checkpoint."""
        model = self._late.fit.model
        self._description = self._late.fit.describe()
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
        self.folder.finish(self._late.fit.model, self._description, history)
        self.folder.remove_checkpoints()


def _without_names(settings: Any) -> Any:
    """A Keras configuration without the names that Keras counts up from object to object."""
    if isinstance(settings, dict):
        return {key: _without_names(value) for key, value in settings.items() if key != "name"}
    if isinstance(settings, list | tuple):
        return [_without_names(value) for value in settings]
    return settings
