"""Training by compiled programs: Keras' `fit`, callbacks and all, without Python between steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from mnistkit.training.augmenting import epoch_key
from mnistkit.training.data import Examples
from mnistkit.training.fitting import Fit
from mnistkit.training.order import epoch_order
from mnistkit.training.programs import (
    Chunks,
    Program,
    measuring_chunks,
    measuring_program,
)

Logs = dict[str, Any]


def fit_compiled(
    fit: Fit,
    program: Program,
    *,
    first_epoch: int,
    callbacks: Sequence[keras.callbacks.Callback],
    verbose: int,
) -> None:
    """Train a compiled model; see `Trainer.fit`. Callbacks are called in Keras' own order."""
    model, train, batch_size = fit.model, fit.sources.train, fit.recipe.batch_size
    assert isinstance(train, Examples)  # the trainer gives streams to Keras
    chunks = Chunks(train, batch_size)
    measure = _measurement(model, fit.sources.validation)
    hooks = keras.callbacks.CallbackList(
        list(callbacks),
        add_history=True,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=fit.recipe.epochs,
        steps=train.num_batches(batch_size),
    )
    model.stop_training = False
    hooks.on_train_begin()
    logs: Logs = {}
    # Keras' BackupAndRestore asks by this attribute for another first epoch.
    for epoch in range(getattr(model, "_initial_epoch", None) or first_epoch, fit.recipe.epochs):
        model.reset_metrics()
        hooks.on_epoch_begin(epoch)
        order = epoch_order(fit.seed, epoch, len(train))
        for chunk in chunks.in_order(order):
            hooks.on_train_batch_begin(chunk.first_step)
            program.run(chunk, epoch_key(fit.seed, epoch))
            last_step = chunk.first_step + chunk.num_steps - 1
            hooks.on_train_batch_end(last_step, model.get_metrics_result())
            if model.stop_training:
                break
        logs = model.get_metrics_result()
        if measure is not None:
            logs = {**logs, **measure(hooks)}
        hooks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    model.optimizer.finalize_variable_values(model.trainable_weights)
    hooks.on_train_end(logs)


def _measurement(model: keras.Model, validation: Any) -> Any:
    """A function that measures the model on the validation images; None if there are none."""
    if validation is None:
        return None
    program, chunks = measuring_program(model), measuring_chunks(validation)

    def measure(hooks: Any) -> Logs:
        model.reset_metrics()
        hooks.on_test_begin()
        for chunk in chunks.in_order(None):
            hooks.on_test_batch_begin(chunk.first_step)
            program.run(chunk)
            last_step = chunk.first_step + chunk.num_steps - 1
            hooks.on_test_batch_end(last_step, model.get_metrics_result())
        logs = model.get_metrics_result()
        hooks.on_test_end(logs)
        return {f"val_{name}": value for name, value in logs.items()}

    return measure
