"""From a recipe to a compiled Keras model."""

from __future__ import annotations

import inspect
import weakref
from typing import TYPE_CHECKING, Any

from mnistkit.errors import RecipeError

if TYPE_CHECKING:
    import keras

    from mnistkit.models import Recipe


_made_here: weakref.WeakSet[keras.Optimizer] = weakref.WeakSet()


def compile_from_recipe(model: keras.Model, recipe: Recipe, total_steps: int) -> None:
    """Compile a model as its recipe says, with a schedule that ends after `total_steps` steps."""
    optimizer = make_optimizer(recipe, total_steps)
    _made_here.add(optimizer)
    model.compile(optimizer=optimizer, loss=recipe.loss, metrics=list(recipe.metrics))


def is_compiled_by_caller(model: keras.Model) -> bool:
    """Whether a model has an optimizer that does not come from a recipe.

    A recipe's optimizer is not used again: its schedule has come to its end.
    """
    return bool(model.compiled) and model.optimizer not in _made_here


def make_optimizer(recipe: Recipe, total_steps: int) -> keras.Optimizer:
    """The optimizer of a recipe.

    Raises
    ------
    RecipeError
        If Keras has no optimizer of that name, or it does not take the options.
    """
    import keras

    try:
        kind = type(keras.optimizers.get(recipe.optimizer))
    except ValueError as error:
        raise RecipeError(
            f"optimizer={recipe.optimizer!r}: expected a name in keras.optimizers, "
            "such as 'adam' or 'sgd'."
        ) from error
    unknown = set(recipe.optimizer_options) - set(inspect.signature(kind).parameters)
    if unknown:
        raise RecipeError(
            f"optimizer_options={dict(recipe.optimizer_options)!r}: {kind.__name__} does not take "
            f"{', '.join(sorted(map(repr, unknown)))}."
        )
    return kind(learning_rate=make_schedule(recipe, total_steps), **recipe.optimizer_options)


def make_schedule(recipe: Recipe, total_steps: int) -> Any:
    """The learning rate of a recipe: a number, or one of Keras' schedules."""
    import keras

    if recipe.schedule == "constant":
        return recipe.learning_rate
    warmup_steps = round(recipe.warmup * total_steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup_steps else recipe.learning_rate,
        decay_steps=max(total_steps - warmup_steps, 1),
        alpha=recipe.final_learning_rate / recipe.learning_rate,
        warmup_target=recipe.learning_rate if warmup_steps else None,
        warmup_steps=warmup_steps,
    )
