"""Keras callbacks of the trainer's own. Imports Keras: import this module when training starts."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from mnistkit.errors import DivergenceError
from mnistkit.training import checkpoints
from mnistkit.training.callback_state import changes_since, restore
from mnistkit.training.checkpoints import Checkpoint
from mnistkit.training.description import plain
from mnistkit.training.divergence import refuse_diverged
from mnistkit.training.final_weights import FinalWeights
from mnistkit.training.fit import Fit
from mnistkit.training.seeding import seed_epoch

logger = logging.getLogger(__name__)


class SeedLayers(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no type hints
    """Make what is random in a step a function of seed and epoch."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Set the states of random layers and of the process's generators."""
        seed_epoch(self.model, self._seed, epoch)


class PutFinalWeightsIn(keras.callbacks.Callback):  # type: ignore[misc]
    """Show what training would end with now; stands first, so that all others see it.

    Validation comes before the end of an epoch, but not every fit has any.

    Parameters
    ----------
    final : FinalWeights
    """

    def __init__(self, final: FinalWeights) -> None:
        super().__init__()
        self._final = final

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Put them in."""
        self._final.put_in()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Put them in, if there was no validation."""
        self._final.put_in()

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Leave them in. What a callback restores after this is the last word."""
        self._final.finish()


class TakeFinalWeightsOut(keras.callbacks.Callback):  # type: ignore[misc]
    """Go on with the weights that are trained; stands after the callers' callbacks.

    Parameters
    ----------
    final : FinalWeights
    """

    def __init__(self, final: FinalWeights) -> None:
        super().__init__()
        self._final = final

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Take the final weights out."""
        self._final.take_out()


class StopOnDivergence(keras.callbacks.Callback):  # type: ignore[misc]
    """Raise as soon as a loss is NaN or infinite, and before weights that are count as good."""

    def __init__(self) -> None:
        super().__init__()
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Remember the epoch for the message."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the loss so far."""
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(float(loss)):
            raise DivergenceError(
                f"Training has diverged: the loss is {loss} at step {batch + 1} of epoch "
                f"{self._epoch + 1}. Try a lower learning rate, for instance a tenth of it. If "
                "there is a run folder, it keeps the last good checkpoint."
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at the losses of the epoch, and at what the last step has made of the weights."""
        for name in ("loss", "val_loss"):
            loss = (logs or {}).get(name, 0.0)
            if not math.isfinite(float(loss)):
                raise DivergenceError(
                    f"Training has diverged: {name} is {loss} after epoch {epoch + 1}. Try a lower "
                    "learning rate, for instance a tenth of it. If there is a run folder, it keeps "
                    "the last good checkpoint."
                )
        refuse_diverged(self.model)


class ContinuedHistory(keras.callbacks.History):  # type: ignore[misc]
    """Keras' History, beginning with what an interrupted run had measured."""

    def __init__(self, earlier: dict[str, list[float]], first_epoch: int) -> None:
        super().__init__()
        self._earlier = earlier
        self._first_epoch = first_epoch
        self.history: dict[str, list[float]] = {}

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Begin with the earlier epochs."""
        self.history = {name: list(values) for name, values in self._earlier.items()}
        count = max(map(len, self.history.values()), default=0)
        self.epoch = list(range(self._first_epoch, self._first_epoch + count))


class WriteCheckpoints(keras.callbacks.Callback):  # type: ignore[misc]
    """Write a checkpoint before the first and after every epoch; stands last in the list.

    Parameters
    ----------
    folder : pathlib.Path
    history : ContinuedHistory
    fit : Fit
        Whose callbacks' state is kept too.
    start : Checkpoint or None
        Where the run goes on.
    note : function
        Called when a checkpoint is written.
    """

    def __init__(
        self,
        folder: Path,
        history: ContinuedHistory,
        fit: Fit,
        start: Checkpoint | None,
        note: Callable[[], None],
    ) -> None:
        super().__init__()
        self._folder = folder
        self._history = history
        self._fit = fit
        self._start = start
        self._note = note

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Give the other callbacks the state that they had, or write the first checkpoint."""
        if self._start is None:
            self._write(self._fit.first_epoch)
            return
        for callback, state in zip(self._fit.callbacks, self._start.callbacks, strict=False):
            restore(callback, state)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Write a checkpoint."""
        self._write(epoch + 1)

    def _write(self, epoch: int) -> None:
        history = {name: list(map(plain, v)) for name, v in self._history.history.items()}
        states = [
            changes_since(callback, settings)
            for callback, settings in zip(
                self._fit.callbacks, self._fit.callback_settings, strict=True
            )
        ]
        try:
            checkpoints.write(self._folder, checkpoints.capture(self.model, epoch, history, states))
            self._note()
        except OSError as error:
            logger.warning(
                "The checkpoint of epoch %d could not be written (%s). The one before it is kept, "
                "and training goes on.",
                epoch,
                error,
            )
