"""Keras callbacks of the trainer's own. Imports Keras: import this module when training starts."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mnistkit.errors import DivergenceError
from mnistkit.training import checkpoints
from mnistkit.training.checkpoints import Checkpoint
from mnistkit.training.order import seed_layers

logger = logging.getLogger(__name__)


class SeedLayers(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no type hints
    """Make the random layers a function of seed and epoch."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Set the random layers' states."""
        seed_layers(self.model, self._seed, epoch)


class StopOnDivergence(keras.callbacks.Callback):  # type: ignore[misc]
    """Raise as soon as the loss is no number any more."""

    def __init__(self) -> None:
        super().__init__()
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Remember the epoch for the message."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the loss so far."""
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            raise DivergenceError(
                f"Training has diverged: the loss is {loss} at step {batch + 1} of epoch "
                f"{self._epoch + 1}. Try a lower learning rate, for instance a tenth of it; a run "
                "folder keeps the last good checkpoint."
            )


class ContinuedHistory(keras.callbacks.History):  # type: ignore[misc]
    """Keras' History, beginning with what an interrupted run had measured."""

    def __init__(self, earlier: dict[str, list[float]]) -> None:
        super().__init__()
        self._earlier = earlier
        self.history: dict[str, list[float]] = {}

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Begin with the earlier epochs."""
        self.history = {name: list(values) for name, values in self._earlier.items()}
        self.epoch = list(range(max(map(len, self.history.values()), default=0)))


class WriteCheckpoints(keras.callbacks.Callback):  # type: ignore[misc]
    """Write a checkpoint before the first and after every epoch; stands last in the list.

    Parameters
    ----------
    folder : pathlib.Path
    history : ContinuedHistory
    others : sequence of keras.callbacks.Callback
        Whose state is kept too.
    start : Checkpoint or None
        Where the run goes on.
    """

    def __init__(
        self,
        folder: Path,
        history: ContinuedHistory,
        others: Sequence[keras.callbacks.Callback],
        start: Checkpoint | None,
    ) -> None:
        super().__init__()
        self._folder = folder
        self._history = history
        self._others = others
        self._start = start

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Give the other callbacks the state that they had, or write the first checkpoint."""
        if self._start is None:
            self._write(0)
            return
        for callback, state in zip(self._others, self._start.callbacks, strict=False):
            _set_state(callback, state)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Write a checkpoint."""
        self._write(epoch + 1)

    def _write(self, epoch: int) -> None:
        history = {name: list(map(float, v)) for name, v in self._history.history.items()}
        states = [_state(callback) for callback in self._others]
        try:
            checkpoints.write(self._folder, checkpoints.capture(self.model, epoch, history, states))
        except OSError as error:
            logger.warning(
                "The checkpoint of epoch %d could not be written (%s). The one before it is kept, "
                "and training goes on.",
                epoch,
                error,
            )


def _state(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """What a callback has noted: its attributes that are plain values, such as counters."""
    return {
        name: plain
        for name, value in vars(callback).items()
        if name not in ("params", "_params") and (plain := _plain(value)) is not _NOT_PLAIN
    }


def _set_state(callback: keras.callbacks.Callback, state: dict[str, Any]) -> None:
    for name, value in state.items():
        if name in vars(callback):
            setattr(callback, name, _from_plain(value))


_NOT_PLAIN = object()
_ARRAYS = "__arrays__"
_OPERATION = "__keras_operation__"


def _plain(value: Any) -> Any:
    """A value as JSON can hold it; `_NOT_PLAIN` if it cannot."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list) and value and all(isinstance(v, np.ndarray) for v in value):
        # Weights that a callback has put aside, as EarlyStopping does.
        return {_ARRAYS: [[str(v.dtype), list(v.shape), v.tobytes().hex()] for v in value]}
    name = getattr(value, "__name__", "")
    if callable(value) and value is getattr(keras.ops, name, None):
        # How EarlyStopping compares. It is chosen late, and other attributes are changed with it.
        return {_OPERATION: name}
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return _NOT_PLAIN
    return value


def _from_plain(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {_ARRAYS}:
        return [
            np.frombuffer(bytes.fromhex(content), dtype=dtype).reshape(shape).copy()
            for dtype, shape, content in value[_ARRAYS]
        ]
    if isinstance(value, dict) and set(value) == {_OPERATION}:
        return getattr(keras.ops, value[_OPERATION])
    return value
