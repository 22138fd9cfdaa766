"""One training run: the run's folder, the trainer's own callbacks, and the engine."""

from __future__ import annotations

import datetime as dt
import logging
import time
from typing import TYPE_CHECKING, Any, Literal

from mnistkit.errors import RunFolderError
from mnistkit.models.weights_file import weights_digest
from mnistkit.training.callback_checks import without_swaps
from mnistkit.training.checkpoints import Checkpoint
from mnistkit.training.description import FINISHED, INTERRUPTED, TRAINING, Description, fits_of
from mnistkit.training.engine import Engine
from mnistkit.training.fit import Fit
from mnistkit.training.graph_memory import leave_gradients_as_they_are
from mnistkit.training.history_file import History, joined
from mnistkit.training.past_fits import note_past_fits
from mnistkit.training.run_folder import RunFolder

if TYPE_CHECKING:
    import keras

    from mnistkit.training.callbacks import ContinuedHistory

logger = logging.getLogger(__name__)

# What a run that goes on keeps from when it was begun.
_OF_THE_BEGINNING = (
    *("started", "duration", "first_epoch", "initial_weights", "parent", "earlier_fits"),
)


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


class Run:
    """One run as it happens: whatever ends it, what is told of it is true.

    Parameters
    ----------
    fit : Fit
    engine : Engine
    folder : RunFolder or None

    Attributes
    ----------
    description : dict or None
        What happened so far, as the run's folder says it; None before training begins.
    """

    def __init__(self, fit: Fit, engine: Engine, folder: RunFolder | None) -> None:
        self._fit = fit
        self._engine = engine
        self._folder = folder
        self._before: History = fit.beginning.history
        self._measured: ContinuedHistory | None = None
        self._kept: History = {}  # what was measured up to the last checkpoint
        self._clock = 0.0
        self.description: Description | None = None

    @property
    def history(self) -> History:
        """What was measured in all epochs so far, those of the trainer's earlier fits first."""
        return joined(self._before, {} if self._measured is None else self._measured.history)

    def train(
        self, *, resume: bool | Literal["anyway"], overwrite: bool, verbose: int
    ) -> keras.callbacks.History:
        """Train; see `Trainer.fit`.

        Returns
        -------
        keras.callbacks.History
            Of this run alone.
        """
        folder, description = self._folder, self._fit.describe(self._engine.name)
        if self._fit.model.distribute_strategy.num_replicas_in_sync == 1:
            leave_gradients_as_they_are(self._fit.model.optimizer)
        if folder is None:
            self._engine.prepare(self._fit)
            self._begin(description, None)
            return self._train(None, verbose)
        # Before the lock: what is finished needs no writing, so its folder may be read-only.
        if resume and not overwrite and folder.status == FINISHED:
            return self._take_result(description, folder)
        with folder.locked():
            status = None if overwrite else folder.status
            if status is not None and not resume:
                folder.refuse_existing()
            if status == FINISHED:
                return self._take_result(description, folder)
            if status is not None and resume != "anyway":
                folder.refuse_differences(description)
            start = None if status is None else folder.last_checkpoint()
            self._engine.prepare(self._fit)
            self._begin(description, start)
            history = self._train(start, verbose)
            folder.finish(self._fit.model, self._told, self.history)
        return history

    @property
    def _told(self) -> Description:
        assert self.description is not None  # training has begun
        return self.description

    def _take_result(self, description: Description, folder: RunFolder) -> keras.callbacks.History:
        """Take over a finished run: its weights, and what was measured; nothing is trained."""
        from mnistkit.training.callbacks import ContinuedHistory

        folder.refuse_differences(description)
        logger.info("The run in %s is finished; it is not trained again.", folder.path)
        self.description, measured = folder.load_result(self._fit.model)
        own = self._told["epochs_done"] - self._told["first_epoch"]
        self._before = {name: values[: len(values) - own] for name, values in measured.items()}
        of_run = {name: values[len(values) - own :] for name, values in measured.items()}
        self._measured = ContinuedHistory(of_run, self._told["first_epoch"])
        self._measured.on_train_begin()
        self._note_past()
        return self._measured

    def _begin(self, description: Description, start: Checkpoint | None) -> None:
        """Begin the run, or give the model the state of the last checkpoint."""
        from mnistkit.training.callbacks import ContinuedHistory

        model, folder = self._fit.model, self._folder
        if folder is not None and not model.optimizer.built:
            with model.distribute_strategy.scope():
                model.optimizer.build(model.trainable_variables)
        now = dt.datetime.now(dt.UTC).isoformat()
        description = {**description, "engine": self._engine.name, "started": now, "duration": 0.0}
        if folder is not None and start is not None:
            begun = folder.description
            description |= {name: begun[name] for name in _OF_THE_BEGINNING if name in begun}
            start.restore(model)
            logger.info("The run in %s goes on after epoch %d.", folder.path, start.epoch)
        elif folder is not None:
            folder.begin(description)
        measured = {} if start is None else start.history
        self._measured = ContinuedHistory(measured, description["first_epoch"])
        self._measured.on_train_begin()
        self.description = description
        self._clock = time.monotonic() - description["duration"]

    def _train(self, start: Checkpoint | None, verbose: int) -> keras.callbacks.History:
        from mnistkit.training.callbacks import (
            PutFinalWeightsIn,
            SeedLayers,
            StopOnDivergence,
            TakeFinalWeightsOut,
            WriteCheckpoints,
        )
        from mnistkit.training.final_weights import FinalWeights

        fit, history = self._fit, self._measured
        assert history is not None  # training has begun
        final = FinalWeights(fit)
        every: list[Any] = [
            PutFinalWeightsIn(final),
            SeedLayers(fit.seed),
            *without_swaps(fit.callbacks, fit.model.optimizer),
            history,  # after the callers' callbacks, which may add to the logs, as in Keras
            TakeFinalWeightsOut(final),
            StopOnDivergence(),
        ]
        if self._folder is not None:
            folder = self._folder.working
            every.append(WriteCheckpoints(folder, history, fit, start, self._note_progress))
        first = fit.first_epoch
        if start is not None:
            first = fit.end_epoch if start.stopped else start.epoch
        try:
            self._engine.train(fit, first_epoch=first, callbacks=every, verbose=verbose)
        except BaseException as error:
            self._note(INTERRUPTED, interrupted_by=type(error).__name__)
            self._note_past()
            if self._folder is not None:
                self._folder.note_interruption(self._told, self._kept)
            raise
        self._note(FINISHED)
        self._note_past()
        return history

    def _note_progress(self) -> None:
        """Tell the folder what is done so far."""
        self._note(TRAINING)
        self._kept = self.history
        if self._folder is not None:
            self._folder.note(self._told)

    def _note(self, status: str, **more: Any) -> None:
        assert self._measured is not None  # training has begun
        done = self._measured.epoch
        first = self._told["first_epoch"]
        ended = status != TRAINING
        self.description = {
            **self._told,
            "status": status,
            "epochs_done": done[-1] + 1 if done else first,
            "duration": round(time.monotonic() - self._clock, 3),
            "final_weights": weights_digest(self._fit.model) if ended else None,
            "changed_after_fit": False,
            **more,
        }

    def _note_past(self) -> None:
        """Note beside the model what it has been through."""
        note_past_fits(self._fit.model, fits_of(self._told))
