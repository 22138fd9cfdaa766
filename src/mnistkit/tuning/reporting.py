"""The callback that tells the study how a trial goes. Imports Keras: import it when one begins."""

from __future__ import annotations

from typing import Any

import keras
import optuna

from mnistkit.tuning.storage import storage_is_needed


class ReportEpochs(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no type hints
    """Report the accuracy after each epoch, and end the training if it is hopeless.

    Parameters
    ----------
    trial : optuna.Trial
    """

    def __init__(self, trial: optuna.Trial) -> None:
        super().__init__()
        self._trial = trial

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Report, and ask."""
        with storage_is_needed():
            every = self._trial.study.get_trials(deepcopy=False)
            (known,) = (one for one in every if one.number == self._trial.number)
            if epoch not in known.intermediate_values:  # by an attempt before this one
                self._trial.report(float((logs or {})["val_accuracy"]), epoch)
            if self._trial.should_prune():
                self.model.stop_training = True
