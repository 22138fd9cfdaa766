"""Training by compiled loops: Keras' `fit`, callbacks and all, without Python between steps."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import keras
import tensorflow as tf

from mnistkit.errors import ModelError
from mnistkit.training.callback_checks import need_every_batch
from mnistkit.training.chunks import Chunks
from mnistkit.training.fit import Fit
from mnistkit.training.labelled import Examples
from mnistkit.training.seeding import epoch_key, epoch_permutation
from mnistkit.training.step_loop import StepLoop

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

Logs = dict[str, Any]

_VALIDATION_BATCH = 1000


class GraphEngine:
    """Trains with one TensorFlow graph that loops over the batches of a chunk.

    Parameters
    ----------
    jit_compile : bool
        Whether XLA compiles it.
    may_change : bool
        Whether a model that XLA cannot compile is trained without it, with a warning.
    """

    def __init__(self, *, jit_compile: bool, may_change: bool) -> None:
        self._jit_compile = jit_compile
        self._may_change = may_change

    @property
    def name(self) -> Literal["xla", "graph"]:
        """``"xla"`` or ``"graph"``."""
        return "xla" if self._jit_compile else "graph"

    def prepare(self, fit: Fit) -> None:
        """Compile the loop.

        Raises
        ------
        ModelError
            If XLA cannot compile the model, and the engine may not change.
        """
        train = _examples(fit)
        self._single_steps = _takes_single_steps(fit)
        self._chunks = Chunks(train, fit.recipe.batch_size, single_steps=self._single_steps)
        _create_variables(fit.model, train)
        self._loop = self._make_loop(fit)
        if not self._jit_compile or len(train) < fit.recipe.batch_size:
            return
        try:
            self._loop.trace(next(self._chunks.in_order(None)))
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
            reason = str(error).strip().splitlines()[0]
            if not self._may_change:
                raise ModelError(
                    f"XLA cannot compile the model {fit.model.name!r}: {reason}. Use engine='auto' "
                    "or 'graph'."
                ) from error
            logger.warning(
                "XLA cannot compile the model %r (%s); it is trained as a graph.",
                fit.model.name, reason,
            )  # fmt: skip
            self._jit_compile = False
            self._loop = self._make_loop(fit)

    def train(
        self,
        fit: Fit,
        *,
        first_epoch: int,
        callbacks: Sequence[keras.callbacks.Callback],
        verbose: int,
    ) -> None:
        """Train the prepared model; see `mnistkit.training.engine.Engine`."""
        model, train = fit.model, _examples(fit)
        measure = _measurement(model, fit.data.validation, single_steps=self._single_steps)
        hooks = keras.callbacks.CallbackList(
            list(callbacks),
            add_history=True,
            add_progbar=verbose != 0,
            model=model,
            verbose=verbose,
            epochs=fit.end_epoch,
            steps=train.num_batches(fit.recipe.batch_size),
        )
        model.stop_training = False
        hooks.on_train_begin()
        logs: Logs = {}
        # Keras' BackupAndRestore asks by this attribute for another first epoch.
        first_epoch = getattr(model, "_initial_epoch", None) or first_epoch
        for epoch in range(first_epoch, fit.end_epoch):
            model.reset_metrics()
            hooks.on_epoch_begin(epoch)
            for chunk in self._chunks.in_order(epoch_permutation(fit.seed, epoch, len(train))):
                hooks.on_train_batch_begin(chunk.first_step)
                self._loop.run(chunk, epoch_key(fit.seed, epoch))
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

    def _make_loop(self, fit: Fit) -> StepLoop:
        return StepLoop(
            fit.model,
            "train_step",
            fit.recipe.batch_size,
            jit_compile=self._jit_compile,
            augmentation=fit.augmentation,
            divisor=_examples(fit).divisor,
        )


def _examples(fit: Fit) -> Examples:
    assert isinstance(fit.data.train, Examples)  # streams are given to Keras' own engine
    return fit.data.train


def _takes_single_steps(fit: Fit) -> bool:
    """Whether a callback wants every batch, one call of the program each; then say so."""
    names = need_every_batch(fit.callbacks)
    if names:
        logger.warning(
            "%s: called at every batch, so the program takes one step at a time, which is slower.",
            ", ".join(dict.fromkeys(names)),
        )
    return bool(names)


def _create_variables(model: keras.Model, train: Examples) -> None:
    """Create those of optimizer, loss and metrics, which a compiled loop cannot do."""
    images = tf.zeros((1, *train.images.shape[1:]))
    labels = tf.convert_to_tensor(train.labels[:1])
    weights = None if train.weights is None else tf.ones(1)
    outputs = model(images, training=False)
    model.compute_loss(images, labels, outputs, weights, training=False)
    model.compute_metrics(images, labels, outputs, weights)
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    model.reset_metrics()


def _measurement(
    model: keras.Model, validation: Any, *, single_steps: bool
) -> Callable[[Any], Logs] | None:
    """A function that measures the model on the validation images; None if there are none."""
    if validation is None:
        return None
    # It is short, so XLA would not pay.
    loop = StepLoop(
        model, "test_step", _VALIDATION_BATCH, jit_compile=False, divisor=validation.divisor
    )
    chunks = Chunks(validation, _VALIDATION_BATCH, single_steps=single_steps)

    def measure(hooks: Any) -> Logs:
        model.reset_metrics()
        hooks.on_test_begin()
        for chunk in chunks.in_order(None):
            hooks.on_test_batch_begin(chunk.first_step)
            loop.run(chunk)
            last_step = chunk.first_step + chunk.num_steps - 1
            hooks.on_test_batch_end(last_step, model.get_metrics_result())
        logs = model.get_metrics_result()
        hooks.on_test_end(logs)
        return {f"val_{name}": value for name, value in logs.items()}

    return measure
