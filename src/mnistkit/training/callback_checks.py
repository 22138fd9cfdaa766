"""Callbacks are looked at before training starts."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union

from mnistkit.errors import OptionError, RecipeError
from mnistkit.packages import require
from mnistkit.training.optimizers import has_schedule, keeps_averages

if TYPE_CHECKING:
    import keras

    from mnistkit.models import Recipe

Callbacks = Union[Sequence["keras.callbacks.Callback"], "keras.callbacks.Callback"]


def refuse_missing_tensorboard(callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Say what to install before training starts; TensorBoard does not come with TensorFlow.

    Raises
    ------
    MissingPackageError
        If a callback needs TensorBoard, and it is not installed.
    """
    import keras

    wanted = any(isinstance(callback, keras.callbacks.TensorBoard) for callback in callbacks)
    if wanted:
        require("tensorboard", to="use keras.callbacks.TensorBoard")


def checked_callbacks(callbacks: Any) -> tuple[keras.callbacks.Callback, ...]:
    """Some callbacks or a single one, as a tuple.

    Raises
    ------
    OptionError
        If anything is no callback.
    """
    import keras

    single = isinstance(callbacks, keras.callbacks.Callback) or not isinstance(callbacks, Iterable)
    every = () if callbacks is None else (callbacks,) if single else tuple(callbacks)
    for callback in every:
        if not isinstance(callback, keras.callbacks.Callback):
            is_class = isinstance(callback, type)
            found = callback.__name__ if is_class else repr(callback)
            raise OptionError(
                f"callbacks={found}: expected keras.callbacks.Callback objects, such as "
                f"callbacks=[{found if is_class else 'keras.callbacks.EarlyStopping'}(...)]."
            )
    return every


def refuse_second_schedule(
    callbacks: Sequence[keras.callbacks.Callback],
    recipe: Recipe,
    recipes: Mapping[str, Recipe],
    own_optimizer: keras.Optimizer | None,
) -> None:
    """Refuse callbacks that set the learning rate where a schedule sets it already.

    Parameters
    ----------
    callbacks : sequence of keras.callbacks.Callback
    recipe : Recipe
        How the model is to be trained.
    recipes : mapping of str to Recipe
        Those that the model carries: one of them may have a constant rate.
    own_optimizer : keras.Optimizer or None
        What the caller has compiled the model with in place of the recipe's.

    Raises
    ------
    RecipeError
        If there is a schedule, and such a callback.
    """
    import keras

    kinds = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    names = [type(callback).__name__ for callback in callbacks if isinstance(callback, kinds)]
    if not names:
        return
    if own_optimizer is not None:
        has_one = has_schedule(own_optimizer)
        remedy = "compile the model with a number for the learning rate"
    else:
        has_one = recipe.schedule != "constant"
        constant = (repr(name) for name, one in recipes.items() if one.schedule == "constant")
        chosen = next(constant, "trainer.recipe.replace(schedule='constant')")
        remedy = f"use a constant rate: Trainer(..., recipe={chosen})"
    if has_one:
        raise RecipeError(
            f"{' and '.join(names)} cannot set the learning rate, which follows a schedule already."
            f" Leave the callback out, or {remedy}."
        )


def without_swaps(
    callbacks: Sequence[keras.callbacks.Callback], optimizer: keras.Optimizer
) -> list[keras.callbacks.Callback]:
    """All but Keras' `SwapEMAWeights`, whose work the trainer does anyway, and for all callbacks.

    Done twice, it would put the averages in the place of the weights that are trained. Without
    averages it stays in, and Keras says that there are none.
    """
    import keras

    swaps = keras.callbacks.SwapEMAWeights
    return [one for one in callbacks if not (type(one) is swaps and keeps_averages(optimizer))]


_BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)


def need_every_batch(callbacks: Sequence[keras.callbacks.Callback]) -> list[str]:
    """The classes of the callbacks that do something at single batches, by name.

    They override a hook for batches, and are not set to work by epochs.
    """
    return [
        type(one).__name__ for one in callbacks if any(_uses(one, hook) for hook in _BATCH_HOOKS)
    ]


def _uses(callback: keras.callbacks.Callback, hook: str) -> bool:
    import keras

    if hook in vars(callback):  # a function that was set on the object, as LambdaCallback does
        return True
    owner = next(kind for kind in type(callback).__mro__ if hook in vars(kind))
    return owner is not keras.callbacks.Callback and not _works_by_epochs(callback, owner)


def _works_by_epochs(callback: keras.callbacks.Callback, owner: type) -> bool:
    """Whether the class that a hook is of takes a frequency, such as `save_freq`, set to "epoch".

    So it is with Keras' `ModelCheckpoint`, `BackupAndRestore` and `TensorBoard`, and with others'
    callbacks that follow them.
    """
    settings = inspect.signature(owner).parameters if "__init__" in vars(owner) else ()
    values = (getattr(callback, name, None) for name in settings if name.endswith("_freq"))
    profiles = getattr(callback, "_should_trace", False)  # TensorBoard's profile_batch
    return not profiles and {value for value in values if isinstance(value, str)} == {"epoch"}
