"""Callbacks are looked at before training starts."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union

from mnistkit.errors import MissingPackageError, OptionError, RecipeError
from mnistkit.training.optimizers import has_schedule

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
    if wanted and importlib.util.find_spec("tensorboard") is None:
        raise MissingPackageError(
            "keras.callbacks.TensorBoard needs the package 'tensorboard', which is not installed. "
            "Install it with: pip install 'mnistkit[tensorboard]'."
        )


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
